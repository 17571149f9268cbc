# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that a running istiod ignores, detectable only after minutes: distinguished from slow ones, and fixed.

The lab's clocks are twenty times as fast as the product's, so a run waits seconds where istiod needs minutes. The API servers
write real time; so after each such wait the stored times are moved back by the minutes that the wait represents.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from conftest import SPEED
from harness import DEFAULT_LINKS, EXPORTED, Federation, Object, Run

HOST = "ratings.red-mesh-bookinfo.svc.red-mesh-imports.local"
LINKS = (("green-mesh", "red-mesh"), ("red-mesh", "green-mesh"))
RESTART = ("-e", '{"federation_restart_control_plane": true}')
#: Longer than the product needs for any change that it applies without a restart: 420 s.
WAIT_TIMEOUT = 22
#: More than enough for every change after a restart.
RESTART_TIMEOUT = 120
#: For runs after such a wait.
SHORT = ("-e", '{"federation_wait_timeout": 3}')


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Red and green are federated, blue is not yet; red exports ratings to green, and every test leaves the links healthy."""
    federation = Federation.for_lab(start(json_storage=True), tmp_path_factory.mktemp("f"))
    del federation.hosts["blue-mesh"]
    federation.succeed()
    federation.options["federation_wait_timeout"] = WAIT_TIMEOUT
    return federation


def _request_status(federation: Federation) -> int:
    """Return the status of a request from green for red's ratings."""
    return federation.lab.ask({"verb": "request", "from_mesh": "green-mesh", "host": HOST})["status"]


def _in_istiod(federation: Federation) -> Object:
    """Return green's link to red from the internal state of istiod."""
    (peer,) = federation.lab.ask({"verb": "status"})["meshes"]["green-mesh"]["peers"]["red-mesh"]
    return peer


def _istiod_pods(federation: Federation, mesh: str) -> list[str]:
    return [name for name in federation.names(mesh, "pods") if name.startswith("istiod-")]


def _later(federation: Federation, run: Run) -> Run:
    """Run again after moving stored times back, as if the first run had waited as long as istiod's clock shows."""
    assert run.seconds > WAIT_TIMEOUT
    federation.lab.backdate(WAIT_TIMEOUT * (SPEED - 1))
    return federation.run(*SHORT)


def _fix_by_restart(federation: Federation, mesh: str, links: Sequence[tuple[str, str]] = LINKS) -> None:
    """Check mode announces the restart; the run then restarts only the istiod that needs it and changes nothing else."""
    before = {name: _istiod_pods(federation, name) for name in federation.lab.meshes}
    check = federation.run("--check", *RESTART)
    assert f"{mesh}: istiod would be restarted" in check.flat, check.output
    assert _istiod_pods(federation, mesh) == before[mesh]
    run = federation.run(
        "-e", f'{{"federation_restart_control_plane": true, "federation_wait_timeout": {RESTART_TIMEOUT}}}'
    )
    assert run.code == 0, run.output
    assert run.seconds < RESTART_TIMEOUT, "the run waits for changes that need a restart only after the restart"
    (change,) = run.changes
    assert change[:2] == (mesh, "Deployment")
    assert {name for name, pods in before.items() if _istiod_pods(federation, name) != pods} == {mesh}
    assert federation.connected() == sorted(links)
    assert federation.succeed(*RESTART).unchanged


def _check_problem(run: Run, code: str, mesh: str, peer: str, *message: str, kind: str = "ServiceMeshPeer") -> None:
    """Check that the run fails for this mesh and reports object, cause, effect and fix."""
    assert run.code != 0 and run.recap[mesh]["failed"] == 1, run.output
    where = f"{kind} {mesh}-system/{peer}"
    (problem,) = [
        entry for entry in run.data["problems"] if (entry["mesh"], entry["where"], entry["code"]) == (mesh, where, code)
    ]
    assert all(part in problem["message"] for part in message), problem
    assert "federation_restart_control_plane: true" in problem["remedy"] and where in run.flat and code in run.flat
    assert "Fix: Wait" not in run.flat


def test_an_import_set_recreated_alone_needs_a_restart(federation: Federation) -> None:
    """istiod has dropped the rules of the first set, and treats the second, which has the same generation, as the first."""
    cluster, namespace = federation.location("green-mesh")
    federation.lab.kubectl(cluster, "delete", "importedserviceset/red-mesh", "-n", namespace)
    federation.eventually(lambda: _request_status(federation) == 503)
    slow = federation.run()
    assert slow.cells["green-mesh", "red-mesh"] == "incomplete", slow.output
    assert "imports-stale" not in slow.flat, "so far istiod may just be slow"
    run = _later(federation, slow)
    _check_problem(run, "imports-stale", "green-mesh", "red-mesh", f"{EXPORTED} is missing", kind="ImportedServiceSet")
    assert not run.changes and run.recap["red-mesh"]["failed"] == 0
    _fix_by_restart(federation, "green-mesh")
    federation.eventually(lambda: _request_status(federation) == 200)


def test_a_deadlock_without_traces_needs_a_restart(federation: Federation) -> None:
    """A deadlocked istiod continues its full syncs, so the new peer looks healthy. It rejects the other mesh as unknown once the
    old connection of that mesh has ended: here at once.
    """
    cluster, namespace = federation.location("red-mesh")
    federation.lab.set_clocks(drain=0)
    federation.lab.kubectl(cluster, "delete", "servicemeshpeer/green-mesh", "-n", namespace)
    early = federation.run(*SHORT)
    assert early.code != 0 and "peer-lost" not in early.flat, early.output
    slow = federation.run()
    assert slow.cells["red-mesh", "green-mesh"] == "ok" and slow.cells["green-mesh", "red-mesh"] == "refused", (
        slow.output
    )
    run = _later(federation, slow)
    _check_problem(run, "peer-lost", "red-mesh", "green-mesh", "answers green-mesh that it knows no such peer (400)")
    assert "deadlocked" in run.flat and not run.changes
    federation.lab.set_clocks(drain=45 / SPEED)
    _fix_by_restart(federation, "red-mesh")


def test_a_peer_recreated_while_a_full_sync_fails_needs_a_restart(federation: Federation) -> None:
    """istiod keeps the former peer until its restart, and accepts no other peer."""
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
    assert "sync-lock" not in slow.flat, "so far the failing full sync may just delay the change"
    message = (
        "holds the lock that the change needs, and a peer that is created again meanwhile is ignored permanently",
    )
    run = _later(federation, slow)
    for other in ("red-mesh", "blue-mesh"):
        _check_problem(run, "sync-lock", "green-mesh", other, "here of red-mesh,", *message)
    fault.off()
    federation.eventually(lambda: federation.watch("green-mesh", "red-mesh")["connected"])
    run = federation.run(*SHORT)
    assert run.cells["green-mesh", "red-mesh"] == "syncing", run.output
    for other in ("red-mesh", "blue-mesh"):
        _check_problem(run, "sync-lock", "green-mesh", other, "here of red-mesh,", *message)
    _fix_by_restart(federation, "green-mesh", DEFAULT_LINKS)
