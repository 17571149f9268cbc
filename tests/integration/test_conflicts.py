# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of another field manager to managed objects: reported with manager and field, overwritten only on request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from conftest import SPEED
from harness import Federation, Object, two_meshes

OTHER_MANAGER = "another-controller"
REMEDY = f"See that {OTHER_MANAGER} does not write"
BOTH = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
PEER = ("servicemeshpeer", "red-mesh")
DRAIN, HOUR = 45 / SPEED, 3600
#: Changes of the other manager to green's objects about red: kind, name, change, and the field that is reported.
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
#: Changes that end a running watch at once. Others end it when a gateway's listener changes (seen on 2.3 and 2.5).
DISCONNECTING = ("address",)


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, federated."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"), {})
    federation.succeed()
    federation.options["federation_wait_timeout"] = 5
    return federation


def _patch(federation: Federation, kind: str, name: str, change: Object) -> None:
    cluster, namespace = federation.location("green-mesh")
    federation.lab.kubectl(
        cluster,
        "patch",
        f"{kind}/{name}",
        "-n",
        namespace,
        "--type=merge",
        f"--field-manager={OTHER_MANAGER}",
        "-p",
        json.dumps(change),
    )


@pytest.mark.parametrize("edit", EDITS)
def test_a_conflict_on_a_live_link_is_reported_with_manager_and_field(federation: Federation, edit: str) -> None:
    kind, name, change, field = EDITS[edit]
    # An established link lives on for the drain time, which a busy machine may need to look at it.
    federation.lab.set_clocks(drain=DRAIN if edit in DISCONNECTING else HOUR)
    _patch(federation, kind, name, change)
    if edit in DISCONNECTING:
        federation.eventually(lambda: ("green-mesh", "red-mesh") not in federation.connected())
    else:
        assert federation.connected() == BOTH
    run = federation.run()
    assert run.code != 0, run.output
    assert ("up, not verified" in run.matrix) is (edit not in DISCONNECTING)
    assert "[conflict]" in run.flat and OTHER_MANAGER in run.flat and field in run.flat
    assert f"green-mesh-system/{name}" in run.flat
    assert REMEDY in run.flat and "federation_force_conflicts: true" in run.flat
    assert set(run.cells) == set(BOTH)
    assert not run.changes
    forced = federation.run("-e", '{"federation_force_conflicts": true, "federation_wait_timeout": 60}')
    assert forced.code == 0, forced.output
    assert {(mesh, verb) for mesh, dummy, dummy, verb, dummy in forced.changes} == {("green-mesh", "change")}
    assert federation.connected() == BOTH
    federation.lab.set_clocks(drain=DRAIN)


def test_a_field_that_is_not_sent_is_kept_and_reported_as_drift(federation: Federation) -> None:
    """The port is the product's default, so the collection does not send it, and no other value conflicts with it."""
    _patch(federation, *PEER, {"spec": {"remote": {"discoveryPort": 8199}}})
    federation.eventually(lambda: not federation.watch("green-mesh", "red-mesh").get("connected"))
    run = federation.run()
    assert run.code != 0
    assert run.cells["green-mesh", "red-mesh"] == "unreachable", run.matrix
    assert "discoveryPort" in run.flat and OTHER_MANAGER in run.flat
    _patch(federation, *PEER, {"spec": {"remote": {"discoveryPort": None}}})
    federation.options["federation_wait_timeout"] = 60
    federation.succeed()


def test_a_changed_gateway_conflicts_only_for_its_link(federation: Federation) -> None:
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
        f"--field-manager={OTHER_MANAGER}",
        "-p",
        json.dumps(change),
    )
    run = federation.run()
    assert run.code != 0
    assert "[conflict]" in run.flat and "requestedNetworkView" in run.flat and OTHER_MANAGER in run.flat
    assert federation.run("-e", '{"federation_force_conflicts": true}').code == 0
