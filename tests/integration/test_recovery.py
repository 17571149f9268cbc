# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running istiod does not take up: recognised, said with its consequence, and healed by a restart on request."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, two_meshes

BOTH = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
HOST = "ratings.red-mesh-bookinfo.svc.red-mesh-imports.local"
OTHER = "red-mesh.local/ns/red-mesh-system/sa/other"
SECOND = "second-ingress"
RESTART = ("-e", '{"federation_restart_control_plane": true}')


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, federated; red exports ratings to green, and every test leaves them good."""
    made = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    made.succeed()
    made.options["federation_wait_timeout"] = 12
    return made


def _istiod(federation: Federation, mesh: str) -> list[str]:
    return [name for name in federation.names(mesh, "pods") if name.startswith("istiod-")]


def _request(federation: Federation) -> int:
    """The status of a request of green for red's ratings."""
    return federation.lab.ask({"verb": "request", "from_mesh": "green-mesh", "host": HOST})["status"]


def _edit(federation: Federation, mesh: str, peer: str, change: Any) -> None:
    cluster, namespace = federation.location(mesh)
    federation.lab.kubectl(
        cluster, "patch", f"servicemeshpeer/{peer}", "-n", namespace, "--type=merge", "--field-manager=somebody-else",
        "-p", json.dumps({"spec": change}),
    )


def _restarted(federation: Federation, run: Any) -> set[str]:
    assert run.code == 0, run.output
    assert federation.connected() == BOTH
    assert federation.succeed(*RESTART).unchanged
    return {mesh for mesh, kind, dummy, dummy, dummy in run.changes if kind == "Deployment"}


def test_nothing_is_restarted_that_needs_no_restart(federation: Federation) -> None:
    pods = {mesh: _istiod(federation, mesh) for mesh in federation.lab.meshes}
    assert federation.succeed(*RESTART).unchanged
    assert pods == {mesh: _istiod(federation, mesh) for mesh in federation.lab.meshes}


def test_a_client_id_put_back_under_the_same_istiod_needs_no_restart(federation: Federation) -> None:
    """Service traffic has kept the first one, which is the right one."""
    _edit(federation, "red-mesh", "green-mesh", {"security": {"clientID": OTHER.replace("red", "green")}})
    run = federation.succeed("-e", '{"federation_force_conflicts": true}')
    assert "identity-kept" not in run.flat and _request(federation) == 200


def test_an_ingress_gateway_changed_under_a_running_istiod(federation: Federation) -> None:
    """Discovery goes to the new gateway, exports and the policy of requests stay at the first; a restart takes it all over."""
    pods = _istiod(federation, "red-mesh")
    _edit(federation, "red-mesh", "green-mesh", {"gateways": {"ingress": {"name": SECOND}}})
    run = federation.run("-e", '{"federation_wait_timeout": 60}')
    assert run.code != 0, run.output
    assert federation.connected() == BOTH and _request(federation) == 503
    assert "[identity-kept]" in run.flat and "federation_restart_control_plane: true" in run.flat
    said = f"the ingress gateway is now {SECOND}, but istiod keeps ingress-green-mesh for service traffic: the new one does not check"
    assert said in run.flat and "clientID is now" not in run.flat
    assert run.recap["red-mesh"]["failed"] == 1 and run.recap["green-mesh"]["failed"] == 0
    again = federation.run()
    assert again.code != 0 and "[identity-kept]" in again.flat and not again.changes
    assert _istiod(federation, "red-mesh") == pods
    run = federation.run(*RESTART)
    assert _restarted(federation, run) == {"red-mesh"} and "identity-kept" not in run.flat
    assert not set(_istiod(federation, "red-mesh")) & set(pods)
    federation.eventually(lambda: _request(federation) == 200)
    assert federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]["gateways"]["ingress"]["name"] == SECOND


def test_a_client_id_changed_under_a_running_istiod(federation: Federation) -> None:
    """Somebody's wrong client ID is there when istiod starts; put right, requests fail with a good status."""
    _edit(federation, "red-mesh", "green-mesh", {"security": {"clientID": OTHER.replace("red", "green")}})
    before = _istiod(federation, "red-mesh")
    federation.lab.fault("istiod-restart", mesh="red-mesh")
    federation.eventually(lambda: (now := _istiod(federation, "red-mesh")) and not set(now) & set(before))
    federation.eventually(lambda: "403" in federation.watch("green-mesh", "red-mesh").get("lastDisconnectStatus", ""))
    run = federation.run("-e", '{"federation_force_conflicts": true, "federation_wait_timeout": 60}')
    assert run.code != 0, run.output
    assert federation.connected() == BOTH and _request(federation) == 503
    assert "[identity-kept]" in run.flat and "federation_restart_control_plane: true" in run.flat
    assert "requests from green-mesh are answered 503 although the link is connected" in run.flat
    assert run.cells["green-mesh", "red-mesh"] == "requests fail", run.matrix
    assert run.recap["red-mesh"]["failed"] == 1 and run.recap["green-mesh"]["failed"] == 0
    again = federation.run()
    assert again.code != 0 and "[identity-kept]" in again.flat and not again.changes
    pods = _istiod(federation, "red-mesh")
    check = federation.run("--check", *RESTART)
    assert "red-mesh: istiod would be restarted" in check.flat, check.output
    assert _istiod(federation, "red-mesh") == pods
    other = federation.run("-e", '{"federation_restart_control_plane": ["green-mesh"]}')
    assert other.code != 0 and not other.changes
    run = federation.run("-e", '{"federation_restart_control_plane": ["red-mesh"]}')
    assert _restarted(federation, run) == {"red-mesh"}
    assert not set(_istiod(federation, "red-mesh")) & set(pods)
    federation.eventually(lambda: _request(federation) == 200)


def test_a_rotation_that_nobody_prepared(federation: Federation) -> None:
    federation.lab.fault("root-rotated", mesh="red-mesh")
    federation.eventually(lambda: not federation.connected())
    run = federation.run()
    assert run.code != 0, run.output
    assert "[root-not-loaded]" in run.flat and "federation_restart_control_plane: true" in run.flat
    assert run.cells["green-mesh", "red-mesh"] == "unreachable"
    run = federation.run(*RESTART)
    assert _restarted(federation, run) == {"green-mesh"}
    assert "root-not-loaded" not in run.flat and "not verified" not in run.flat
    federation.eventually(lambda: _request(federation) == 200)


def test_a_rotation_that_nobody_prepared_healed_in_one_run(federation: Federation) -> None:
    federation.lab.fault("root-rotated", mesh="green-mesh")
    federation.eventually(lambda: not federation.connected())
    run = federation.run(*RESTART)
    assert _restarted(federation, run) == {"red-mesh"}


def test_a_deadlock_is_recognised_and_healed(federation: Federation) -> None:
    """Somebody deletes the peer while it exports. The next full sync is far away: it hides the traces."""
    cluster, namespace = federation.location("red-mesh")
    federation.lab.set_clocks(resync=3600, drain=3600)
    federation.lab.kubectl(cluster, "delete", "servicemeshpeer/green-mesh", "-n", namespace)
    run = federation.run("-e", '{"federation_wait_timeout": 1}')
    assert run.code != 0, run.output
    assert run.cells["red-mesh", "green-mesh"] == "not accepted"
    # Green's old connection breaks: what istiod then writes of the former peer is the trace.
    federation.lab.set_clocks(drain=0)
    federation.eventually(lambda: federation.watch("red-mesh", "green-mesh"))
    run = federation.run()
    assert run.code != 0, run.output
    assert run.cells["red-mesh", "green-mesh"] == "deadlock"
    assert "[deadlock]" in run.flat and "federation_restart_control_plane: true" in run.flat
    run = federation.run(*RESTART)
    federation.lab.set_clocks(resync=3)
    assert _restarted(federation, run) == {"red-mesh"}
