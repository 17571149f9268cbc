# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only shows after minutes that a running istiod does not take up: told apart from what is just slow, and healed.

The lab's clocks are twenty times as fast as the product's, so a run waits out in seconds what istiod needs minutes for. The
API servers write real time; so after each such wait what is stored is dated back by the minutes that it stood for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from conftest import SPEED
from harness import DEFAULT_LINKS, EXPORTED, Federation, Object, Run

HOST = "ratings.red-mesh-bookinfo.svc.red-mesh-imports.local"
TWO = (("green-mesh", "red-mesh"), ("red-mesh", "green-mesh"))
RESTART = ("-e", '{"federation_restart_control_plane": true}')
#: Longer than the product needs for anything that comes by itself: 420 s.
TIMEOUTS = 22
#: More than enough for all that comes after a restart.
GENEROUS = 120
#: For runs that come after such a wait.
SHORT = ("-e", '{"federation_wait_timeout": 3}')


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Red and green, federated, and blue, which is not yet; red exports ratings to green, every test leaves them good."""
    made = Federation.for_lab(start(json_storage=True), tmp_path_factory.mktemp("f"))
    del made.hosts["blue-mesh"]
    made.succeed()
    made.options["federation_wait_timeout"] = TIMEOUTS
    return made


def _request(federation: Federation) -> int:
    """The status of a request of green for red's ratings."""
    return federation.lab.ask({"verb": "request", "from_mesh": "green-mesh", "host": HOST})["status"]


def _in_istiod(federation: Federation) -> Object:
    """Green's link to red as istiod itself has it."""
    (found,) = federation.lab.ask({"verb": "status"})["meshes"]["green-mesh"]["peers"]["red-mesh"]
    return found


def _istiod(federation: Federation, mesh: str) -> list[str]:
    return [name for name in federation.names(mesh, "pods") if name.startswith("istiod-")]


def _later(federation: Federation, run: Run) -> Run:
    """Run once more as if the seconds that the run waited had been as long as they were for istiod."""
    assert run.seconds > TIMEOUTS
    federation.lab.backdate(TIMEOUTS * (SPEED - 1))
    return federation.run(*SHORT)


def _healed(federation: Federation, mesh: str, links: Sequence[tuple[str, str]] = TWO) -> None:
    """Foretell the restart, then make it: the only change of the run, of the only istiod that needs it."""
    before = {one: _istiod(federation, one) for one in federation.lab.meshes}
    would = federation.run("--check", *RESTART)
    assert f"{mesh}: istiod would be restarted" in would.flat, would.output
    assert _istiod(federation, mesh) == before[mesh]
    run = federation.run("-e", f'{{"federation_restart_control_plane": true, "federation_wait_timeout": {GENEROUS}}}')
    assert run.code == 0, run.output
    assert run.seconds < GENEROUS, "what only a restart brings is not waited for before it"
    (change,) = run.changes
    assert change[:2] == (mesh, "Deployment")
    assert {one for one, pods in before.items() if _istiod(federation, one) != pods} == {mesh}
    assert federation.connected() == sorted(links)
    assert federation.succeed(*RESTART).unchanged


def _told(run: Run, code: str, mesh: str, peer: str, *message: str, kind: str = "ServiceMeshPeer") -> None:
    """The run is red for this mesh, and says which object, why, what comes of it and what helps."""
    assert run.code != 0 and run.recap[mesh]["failed"] == 1, run.output
    where = f"{kind} {mesh}-system/{peer}"
    (found,) = [problem for problem in run.data["problems"] if (problem["mesh"], problem["where"], problem["code"]) == (mesh, where, code)]
    assert all(word in found["message"] for word in message), found
    assert "federation_restart_control_plane: true" in found["remedy"] and where in run.flat and code in run.flat
    assert "Fix: Wait" not in run.flat


def test_an_import_set_made_again_alone(federation: Federation) -> None:
    """istiod has forgotten the rules of the first, and takes the second of the same generation for it."""
    cluster, namespace = federation.location("green-mesh")
    federation.lab.kubectl(cluster, "delete", "importedserviceset/red-mesh", "-n", namespace)
    federation.eventually(lambda: _request(federation) == 503)
    slow = federation.run()
    assert slow.cells["green-mesh", "red-mesh"] == "incomplete", slow.output
    assert "imports-stale" not in slow.flat, "until now it may be slow"
    run = _later(federation, slow)
    _told(run, "imports-stale", "green-mesh", "red-mesh", f"{EXPORTED} is missing", kind="ImportedServiceSet")
    assert not run.changes and run.recap["red-mesh"]["failed"] == 0
    _healed(federation, "green-mesh")
    federation.eventually(lambda: _request(federation) == 200)


def test_a_deadlock_whose_traces_are_gone(federation: Federation) -> None:
    """The full syncs of a deadlocked istiod go on, and the new peer looks good. The other mesh is told that there is none,
    once its old connection has ended: here at once."""
    cluster, namespace = federation.location("red-mesh")
    federation.lab.set_clocks(drain=0)
    federation.lab.kubectl(cluster, "delete", "servicemeshpeer/green-mesh", "-n", namespace)
    young = federation.run(*SHORT)
    assert young.code != 0 and "peer-lost" not in young.flat, young.output
    slow = federation.run()
    assert slow.cells["red-mesh", "green-mesh"] == "ok" and slow.cells["green-mesh", "red-mesh"] == "refused", slow.output
    run = _later(federation, slow)
    _told(run, "peer-lost", "red-mesh", "green-mesh", "answers green-mesh that it knows no such peer (400)")
    assert "deadlocked" in run.flat and not run.changes
    federation.lab.set_clocks(drain=45 / SPEED)
    _healed(federation, "red-mesh")


def test_a_peer_made_again_while_a_full_sync_fails(federation: Federation) -> None:
    """istiod goes on with the former one for good, and takes up no other peer any more."""
    cluster, namespace = federation.location("green-mesh")
    peer = federation.get("green-mesh", "servicemeshpeers", "red-mesh")
    fault = federation.lab.fault("ingress-unreachable", mesh="red-mesh")
    federation.eventually(lambda: _in_istiod(federation)["sync_fails"])
    for key in ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"):
        del peer["metadata"][key]
    del peer["status"]
    federation.lab.kubectl(cluster, "replace", "--force", "-f", "-", "-n", namespace, stdin=json.dumps(peer))
    assert _in_istiod(federation)["deadlocked"]
    federation.hosts["blue-mesh"] = {"mesh_kubeconfig": federation.lab.clusters["blue"].kubeconfig}
    slow = federation.run()
    assert slow.cells["green-mesh", "blue-mesh"] == "not accepted", slow.output
    assert "sync-lock" not in slow.flat, "until now the full sync may have held up what comes later"
    message = ("holds the lock that the change needs, and a peer made again meanwhile is ignored for good",)
    run = _later(federation, slow)
    for other in ("red-mesh", "blue-mesh"):
        _told(run, "sync-lock", "green-mesh", other, "here of red-mesh,", *message)
    fault.off()
    federation.eventually(lambda: federation.watch("green-mesh", "red-mesh")["connected"])
    run = federation.run(*SHORT)
    assert run.cells["green-mesh", "red-mesh"] == "syncing", run.output
    for other in ("red-mesh", "blue-mesh"):
        _told(run, "sync-lock", "green-mesh", other, "here of red-mesh,", *message)
    _healed(federation, "green-mesh", DEFAULT_LINKS)
