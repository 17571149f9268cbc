# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that a running istiod does not load: detected, reported with their effect, and fixed by a restart on request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from authorities import fingerprint
from harness import Federation, two_meshes

LINKS = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
HOST = "ratings.red-mesh-bookinfo.svc.red-mesh-imports.local"
WRONG_CLIENT_ID = "green-mesh.local/ns/green-mesh-system/sa/other"
SECOND_INGRESS = "second-ingress"
RESTART = ("-e", '{"federation_restart_control_plane": true}')


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two federated meshes; red exports ratings to green, and every test leaves the links healthy."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    federation.succeed()
    federation.options["federation_wait_timeout"] = 12
    return federation


def _istiod_pods(federation: Federation, mesh: str) -> list[str]:
    return [name for name in federation.names(mesh, "pods") if name.startswith("istiod-")]


def _root(federation: Federation, mesh: str) -> str:
    return fingerprint(federation.get(mesh, "configmaps", "istio-ca-root-cert")["data"]["root-cert.pem"])


def _request_status(federation: Federation) -> int:
    """Return the status of a request from green for red's ratings."""
    return federation.lab.ask({"verb": "request", "from_mesh": "green-mesh", "host": HOST})["status"]


def _patch_peer(federation: Federation, mesh: str, peer: str, spec: Any) -> None:
    cluster, namespace = federation.location(mesh)
    federation.lab.kubectl(
        cluster,
        "patch",
        f"servicemeshpeer/{peer}",
        "-n",
        namespace,
        "--type=merge",
        "--field-manager=other-manager",
        "-p",
        json.dumps({"spec": spec}),
    )


def _restarted_meshes(federation: Federation, run: Any) -> set[str]:
    assert run.code == 0, run.output
    assert federation.connected() == LINKS
    assert federation.succeed(*RESTART).unchanged
    return {mesh for mesh, kind, dummy, dummy, dummy in run.changes if kind == "Deployment"}


def test_no_istiod_is_restarted_without_need(federation: Federation) -> None:
    pods = {mesh: _istiod_pods(federation, mesh) for mesh in federation.lab.meshes}
    assert federation.succeed(*RESTART).unchanged
    assert pods == {mesh: _istiod_pods(federation, mesh) for mesh in federation.lab.meshes}


def test_a_client_id_restored_under_the_same_istiod_needs_no_restart(federation: Federation) -> None:
    """Service traffic still uses the first client ID, which is the correct one."""
    _patch_peer(federation, "red-mesh", "green-mesh", {"security": {"clientID": WRONG_CLIENT_ID}})
    run = federation.succeed("-e", '{"federation_force_conflicts": true}')
    assert "identity-kept" not in run.flat and _request_status(federation) == 200


def test_a_changed_ingress_gateway_needs_a_restart(federation: Federation) -> None:
    """Discovery uses the new gateway, exports and the policy for requests keep the first; a restart applies the change to all."""
    pods = _istiod_pods(federation, "red-mesh")
    _patch_peer(federation, "red-mesh", "green-mesh", {"gateways": {"ingress": {"name": SECOND_INGRESS}}})
    run = federation.run("-e", '{"federation_wait_timeout": 60}')
    assert run.code != 0, run.output
    assert federation.connected() == LINKS and _request_status(federation) == 503
    assert "[identity-kept]" in run.flat and "federation_restart_control_plane: true" in run.flat
    message = f"the ingress gateway is now {SECOND_INGRESS}, but istiod keeps ingress-green-mesh for service traffic: the new one does not check"
    assert message in run.flat and "clientID is now" not in run.flat
    assert run.recap["red-mesh"]["failed"] == 1 and run.recap["green-mesh"]["failed"] == 0
    repeated = federation.run()
    assert repeated.code != 0 and "[identity-kept]" in repeated.flat and not repeated.changes
    assert _istiod_pods(federation, "red-mesh") == pods
    run = federation.run(*RESTART)
    assert _restarted_meshes(federation, run) == {"red-mesh"} and "identity-kept" not in run.flat
    assert not set(_istiod_pods(federation, "red-mesh")) & set(pods)
    federation.eventually(lambda: _request_status(federation) == 200)
    assert (
        federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]["gateways"]["ingress"]["name"]
        == SECOND_INGRESS
    )


def test_a_changed_client_id_needs_a_restart(federation: Federation) -> None:
    """istiod starts with a wrong client ID; after it is corrected, the status is healthy and requests fail."""
    _patch_peer(federation, "red-mesh", "green-mesh", {"security": {"clientID": WRONG_CLIENT_ID}})
    before = _istiod_pods(federation, "red-mesh")
    federation.lab.fault("istiod-restart", mesh="red-mesh")
    federation.eventually(lambda: (pods := _istiod_pods(federation, "red-mesh")) and not set(pods) & set(before))
    federation.eventually(lambda: "403" in federation.watch("green-mesh", "red-mesh").get("lastDisconnectStatus", ""))
    run = federation.run("-e", '{"federation_force_conflicts": true, "federation_wait_timeout": 60}')
    assert run.code != 0, run.output
    assert federation.connected() == LINKS and _request_status(federation) == 503
    assert "[identity-kept]" in run.flat and "federation_restart_control_plane: true" in run.flat
    assert "requests from green-mesh are answered 503 although the link is connected" in run.flat
    assert run.cells["green-mesh", "red-mesh"] == "requests fail", run.matrix
    assert run.recap["red-mesh"]["failed"] == 1 and run.recap["green-mesh"]["failed"] == 0
    repeated = federation.run()
    assert repeated.code != 0 and "[identity-kept]" in repeated.flat and not repeated.changes
    pods = _istiod_pods(federation, "red-mesh")
    check = federation.run("--check", *RESTART)
    assert "red-mesh: istiod would be restarted" in check.flat, check.output
    assert _istiod_pods(federation, "red-mesh") == pods
    other_mesh = federation.run("-e", '{"federation_restart_control_plane": ["green-mesh"]}')
    assert other_mesh.code != 0 and not other_mesh.changes
    run = federation.run("-e", '{"federation_restart_control_plane": ["red-mesh"]}')
    assert _restarted_meshes(federation, run) == {"red-mesh"}
    assert not set(_istiod_pods(federation, "red-mesh")) & set(pods)
    federation.eventually(lambda: _request_status(federation) == 200)


def test_an_unprepared_root_rotation_needs_a_restart(federation: Federation) -> None:
    federation.lab.fault("root-rotated", mesh="red-mesh")
    federation.eventually(lambda: not federation.connected())
    run = federation.run()
    assert run.code != 0, run.output
    assert "[root-not-loaded]" in run.flat and "federation_restart_control_plane: true" in run.flat
    assert run.cells["green-mesh", "red-mesh"] == "unreachable"
    run = federation.run(*RESTART)
    assert _restarted_meshes(federation, run) == {"green-mesh"}
    assert "root-not-loaded" not in run.flat and "not verified" not in run.flat
    federation.eventually(lambda: _request_status(federation) == 200)


def test_an_unprepared_root_rotation_is_fixed_in_one_run_if_the_pins_allow_it(federation: Federation) -> None:
    old = _root(federation, "green-mesh")
    federation.lab.fault("root-rotated", mesh="green-mesh")
    federation.eventually(lambda: not federation.connected())
    federation.hosts["green-mesh"]["mesh_trust_fingerprints"] = [old]
    run = federation.run(*RESTART)
    assert run.code != 0 and "[root-not-pinned]" in run.flat and not run.changes, run.output
    federation.hosts["green-mesh"]["mesh_trust_fingerprints"] = [old, _root(federation, "green-mesh")]
    run = federation.run(*RESTART)
    del federation.hosts["green-mesh"]["mesh_trust_fingerprints"]
    assert _restarted_meshes(federation, run) == {"red-mesh"}


def test_a_deadlock_is_detected_and_fixed(federation: Federation) -> None:
    """The peer is deleted while it exports. The next full sync, which would hide the traces, is far away."""
    cluster, namespace = federation.location("red-mesh")
    federation.lab.set_clocks(resync=3600, drain=3600)
    federation.lab.kubectl(cluster, "delete", "servicemeshpeer/green-mesh", "-n", namespace)
    run = federation.run("-e", '{"federation_wait_timeout": 1}')
    assert run.code != 0, run.output
    assert run.cells["red-mesh", "green-mesh"] == "not accepted"
    # Green's old connection breaks; istiod then writes the status of the former peer, which is the trace.
    federation.lab.set_clocks(drain=0)
    federation.eventually(lambda: federation.watch("red-mesh", "green-mesh"))
    run = federation.run()
    assert run.code != 0, run.output
    assert run.cells["red-mesh", "green-mesh"] == "deadlock"
    assert "[deadlock]" in run.flat and "federation_restart_control_plane: true" in run.flat
    run = federation.run(*RESTART)
    federation.lab.set_clocks(resync=3)
    assert _restarted_meshes(federation, run) == {"red-mesh"}


def test_a_changed_trust_domain_is_carried_out_in_one_run(federation: Federation) -> None:
    """Red's peer for green gets trust domain, client ID and root; as red exports to green, its istiod has to be restarted."""
    federation.hosts["green-mesh"]["mesh_trust_domain"] = "green.example"
    options = {"federation_confirm_trust_domain": ["green-mesh"], "federation_force_conflicts": True}
    run = federation.run(*RESTART, "-e", json.dumps({**options, "federation_wait_timeout": 60}))
    assert _restarted_meshes(federation, run) == {"red-mesh"}, run.output
    security = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]["security"]
    assert security["trustDomain"] == "green.example" and security["clientID"].startswith("green.example/ns/")
    federation.eventually(lambda: _request_status(federation) == 200)
