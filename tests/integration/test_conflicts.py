# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody else's hand on our objects, the link up: told with name and field, taken back only when asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, Object, two_meshes

SOMEBODY = "somebody-else"
HAND_OVER = f"See that {SOMEBODY} does not write"
BOTH = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
PEER = ("servicemeshpeer", "red-mesh")
#: What somebody sets in green's objects about red: the kind, its name, the change, and the field that is told.
EDITS: dict[str, tuple[str, str, Object, str]] = {
    "clientID": (
        *PEER,
        {"spec": {"security": {"clientID": "red-mesh.local/ns/red-mesh-system/sa/other"}}},
        "spec.security.clientID",
    ),
    "trust domain": (*PEER, {"spec": {"security": {"trustDomain": "another.local"}}}, "spec.security.trustDomain"),
    "address": (*PEER, {"spec": {"remote": {"addresses": ["127.0.0.99"]}}}, "spec.remote.addresses"),
    "root": ("configmap", "red-mesh-ca-root-cert", {"data": {"root-cert.pem": "no certificate"}}, "root-cert.pem"),
}
#: What cuts a running watch at once; the rest lives on until a gateway's listener changes (seen on 2.3 and 2.5).
CUTS = ("address",)


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, federated."""
    made = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"), {})
    made.succeed()
    made.options["federation_wait_timeout"] = 5
    return made


def _patch(federation: Federation, kind: str, name: str, change: Object) -> None:
    cluster, namespace = federation.location("green-mesh")
    federation.lab.kubectl(
        cluster,
        "patch",
        f"{kind}/{name}",
        "-n",
        namespace,
        "--type=merge",
        f"--field-manager={SOMEBODY}",
        "-p",
        json.dumps(change),
    )


@pytest.mark.parametrize("edit", EDITS)
def test_a_conflict_on_a_live_link_names_manager_and_field(federation: Federation, edit: str) -> None:
    kind, name, change, field = EDITS[edit]
    _patch(federation, kind, name, change)
    if edit in CUTS:
        federation.eventually(lambda: ("green-mesh", "red-mesh") not in federation.connected())
    else:
        assert federation.connected() == BOTH
    run = federation.run()
    assert run.code != 0, run.output
    assert ("up, not verified" in run.matrix) is (edit not in CUTS)
    assert "[conflict]" in run.flat and SOMEBODY in run.flat and field in run.flat
    assert f"green-mesh-system/{name}" in run.flat
    assert HAND_OVER in run.flat and "federation_force_conflicts: true" in run.flat, "the way to hand over"
    assert set(run.cells) == set(BOTH)
    assert not run.changes
    taken = federation.run("-e", '{"federation_force_conflicts": true, "federation_wait_timeout": 60}')
    assert taken.code == 0, taken.output
    assert {(mesh, verb) for mesh, dummy, dummy, verb, dummy in taken.changes} == {("green-mesh", "change")}
    assert federation.connected() == BOTH


def test_a_field_that_we_do_not_send_is_kept_and_told_as_drift(federation: Federation) -> None:
    """The port is the product's default, so we send none, and nobody's value conflicts with it."""
    _patch(federation, *PEER, {"spec": {"remote": {"discoveryPort": 8199}}})
    federation.eventually(lambda: not federation.watch("green-mesh", "red-mesh").get("connected"))
    run = federation.run()
    assert run.code != 0
    assert run.cells["green-mesh", "red-mesh"] == "unreachable", run.matrix
    assert "discoveryPort" in run.flat and SOMEBODY in run.flat
    _patch(federation, *PEER, {"spec": {"remote": {"discoveryPort": None}}})
    federation.options["federation_wait_timeout"] = 60
    federation.succeed()


def test_a_gateway_changed_by_its_owner_conflicts_for_its_pair_alone(federation: Federation) -> None:
    cluster, namespace = federation.location("green-mesh")
    change = {
        "spec": {"gateways": {"additionalEgress": {"egress-red-mesh": {"requestedNetworkView": ["network-other"]}}}}
    }
    federation.lab.kubectl(
        cluster,
        "patch",
        "smcp/green-mesh",
        "-n",
        namespace,
        "--type=merge",
        f"--field-manager={SOMEBODY}",
        "-p",
        json.dumps(change),
    )
    run = federation.run()
    assert run.code != 0
    assert "[conflict]" in run.flat and "requestedNetworkView" in run.flat and SOMEBODY in run.flat
    assert federation.run("-e", '{"federation_force_conflicts": true}').code == 0
