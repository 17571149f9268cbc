# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed at every request that writes: the next run completes them, and the one after changes nothing."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from authorities import install_authority
from harness import IMPORTED, ROOT, Federation, Run, request_lines, two_meshes
from lab import state
from lab.front_proxy import RUN_REQUESTS
from lab.processes import RUN_MARK
from lab.sim.ca import Authority
from states import mark_unmanaged, written_state

RED, GREEN = "red-mesh", "green-mesh"
PEERS = {RED: GREEN, GREEN: RED}
HOUR = 3600.0
UNLINK = ("unlink", f"federation_unlink={RED},{GREEN}", f"federation_confirm={RED},{GREEN}")
REMOVE_MESH = ("remove_mesh", f"federation_remove_mesh={GREEN}", f"federation_confirm={GREEN}")
#: Of each mesh: its control plane, a set, the root of its peer, and the ServiceMeshPeer; a removal empties the export set first.
FEDERATING_WRITES, REMOVAL_WRITES = 8, 9
#: Both roots and the new one alone, each with the peer, and between them istiod and two gateways of the rotated mesh.
ROTATION_WRITES = 7


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """Two meshes that are not federated, with an object of a user in each, behind a front proxy that runs all the time.

    Between two runs of a sweep is less time than istiod's failing full sync holds its lock after a killed one, and istiod ignores what is
    created again meanwhile until it is restarted. That is what test_recovery is about; here no full sync counts as failing.
    """
    lab = start(two_meshes(), clocks={"stuck_sync": HOUR})
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"))
    mark_unmanaged(federation, PEERS)
    with federation.lab.fault("front-proxy"):
        yield federation


class Sweep:
    """A playbook that is killed before its first write, before its second, and so on, until a run has no more; then after its last.

    What the API servers have after a write is what they have before the next one, so all states between two writes are reached.
    Each ``step`` is one such run, the next run, and the one after, unless that was seen to change nothing in the very same state.
    Where all are done, a step is a run that is not killed.
    """

    def __init__(self, federation: Federation, playbook: str, *arguments: str) -> None:
        self.federation, self.playbook = federation, ROOT / "playbooks" / f"{playbook}.yml"
        self.arguments = [part for argument in arguments for part in ("-e", argument)]
        self.peers = {mesh: PEERS[mesh] for mesh in federation.lab.meshes}
        self.settled: list[dict[str, Any]] = []
        #: Called when a run was killed, before the next one begins.
        self.inspect: Callable[[], None] = lambda: None
        self.writes, self.when, self.done = 0, "before", False

    def step(self) -> tuple[Run, Run | None]:
        """Return the run that completed the step, and the one after it (None: there was none)."""
        if self.done:
            return self._play(), None
        run = self._kill(self.writes + (self.when == "before"))
        if run.code == 0:
            assert self.when == "before", run.output
            self.when = "after"
            return run, None
        assert run.code == -signal.SIGKILL, run.output
        self.writes += self.when == "before"
        self.done = self.when == "after"
        self.inspect()
        run, reached = self._play(), written_state(self.federation, self.peers)
        if reached in self.settled:
            return run, None
        self.settled.append(reached)
        return run, self._play()

    def _play(self) -> Run:
        run = self.federation.play(self.playbook, *self.arguments)
        assert run.code == 0, f"{self._describe()}\n{run.output}"
        return run

    def _kill(self, number: int) -> Run:
        name, mark = uuid.uuid4().hex, self.federation.lab.mark()
        with self.federation.lab.fault("run-killed", run=name, n=number, when=self.when):
            run = self.federation.play(self.playbook, *self.arguments, environment={RUN_MARK: name})
        if run.code == -signal.SIGKILL:
            stored = number - (self.when == "before")
            # A request of the other mesh may have been on its way when the run was killed.
            self.federation.eventually(lambda: len(request_lines(self.federation.writes(mark))) in (stored, stored + 1))
        return run

    def _describe(self) -> str:
        requests = state.read_json(self.federation.lab.directory / RUN_REQUESTS, {"requests": []})["requests"]
        return f"{self.playbook.stem}, killed {self.when} write {self.writes} of {requests}"


def _check_federated(federation: Federation, run: Run, after: Run | None) -> None:
    assert run.cells == {(RED, GREEN): "ok", (GREEN, RED): "ok, 1 imported"}, run.output
    assert federation.connected() == [(GREEN, RED), (RED, GREEN)] and federation.imported(GREEN, RED) == [IMPORTED]
    assert after is None or after.unchanged, after.output


def _check_removed(federation: Federation, run: Run, after: Run | None) -> None:
    assert run.data["verdict"] in ("REMOVED", "NOTHING TO REMOVE"), run.output
    assert federation.left(RED, GREEN) == [f"configmaps/{GREEN}-notes"]
    assert federation.left(GREEN, RED) == [f"configmaps/{RED}-notes"]
    if after is not None:
        assert after.data["verdict"] == "NOTHING TO REMOVE" and after.data["changes"] == [], after.output


def _sweep(federation: Federation, there: Sweep, back: Sweep) -> None:
    """From nothing to federated and back, until both have been killed at every write; no write is about anything else."""
    unmanaged, mark = written_state(federation, PEERS, managed=False), federation.lab.mark()
    while not (there.done and back.done):
        _check_federated(federation, *there.step())
        assert written_state(federation, PEERS, managed=False) == unmanaged
        _check_removed(federation, *back.step())
        assert written_state(federation, PEERS, managed=False) == unmanaged
    written = {(sent.resource, sent.name) for requests in federation.writes(mark).values() for sent in requests}
    roots = {(resource, name) for resource, name in written if resource == "configmaps"}
    assert roots == {("configmaps", f"{mesh}-ca-root-cert") for mesh in PEERS}
    assert {name for resource, name in written - roots} == set(PEERS)


def test_federating_and_unlinking_complete_a_run_that_was_killed_at_any_write(federation: Federation) -> None:
    there, back = Sweep(federation, "federate"), Sweep(federation, *UNLINK)
    _sweep(federation, there, back)
    assert (there.writes, back.writes) == (FEDERATING_WRITES, REMOVAL_WRITES)


def test_removing_a_mesh_completes_a_run_that_was_killed_at_any_write(federation: Federation) -> None:
    there, back = Sweep(federation, "federate"), Sweep(federation, *REMOVE_MESH)
    there.done = True
    _sweep(federation, there, back)
    assert back.writes == REMOVAL_WRITES


def test_rotating_a_root_completes_a_run_that_was_killed_at_any_write(federation: Federation) -> None:
    """The authority goes back and forth between two, so that a state that was completed before is recognised."""
    federation.succeed()
    file = federation.folder / "coming.pem"
    rotate = Sweep(
        federation,
        "rotate_trust",
        f"federation_rotate_mesh={RED}",
        f"federation_rotate_root={file}",
        '{"federation_rotate_restart": true}',
    )
    authorities = [Authority.create("red-mesh.local") for dummy in range(2)]
    unmanaged = written_state(federation, PEERS, managed=False)
    while not rotate.done:
        authorities.reverse()
        install_authority(federation, RED, authorities[0], file)
        run, after = rotate.step()
        assert run.data["verdict"] in ("ROTATED", "NOTHING TO ROTATE"), run.output
        trusted = federation.get(GREEN, "configmaps", f"{RED}-ca-root-cert")
        assert trusted["data"] == {"root-cert.pem": authorities[0].cert_pem.decode()}
        assert federation.connected() == [(GREEN, RED), (RED, GREEN)] and federation.imported(GREEN, RED) == [IMPORTED]
        assert after is None or (after.data["verdict"], after.data["changes"]) == ("NOTHING TO ROTATE", [])
        published = f"{RED}: ConfigMap istio-ca-root-cert"
        changed = {
            path
            for path, value in written_state(federation, PEERS, managed=False).items()
            if unmanaged.get(path) != value
        }
        assert all(path.startswith(published) for path in changed), changed
    assert rotate.writes == ROTATION_WRITES


# -- trust_domain.yml ------------------------------------------------------------------------------------------------------

DOMAINS = ("there.local", "back.local")
#: The control plane three times, and the restart of a workload.
TRUST_WRITES = 4


@pytest.fixture(scope="module", name="running")
def _running(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """A mesh with a workload that runs."""
    workloads = {"red-mesh-bookinfo": {"ratings": "Deployment"}}
    mesh = {"cluster": "red", "trust_domain": None, "workloads": workloads}
    lab = start({"clusters": {"red": {"platform": "AWS"}}, "meshes": {RED: mesh}})
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("t"), {})
    federation.eventually(lambda: _calls(federation) == 200)
    with lab.fault("front-proxy"):
        yield federation


def _calls(federation: Federation) -> int:
    """Return the status of requests between all pods of red's workload; 0 while it has none."""
    name = f"{RED}-bookinfo/ratings"
    try:
        return int(federation.lab.call(RED, name, name)["status"])
    except state.LabError:
        return 0


def test_changing_a_trust_domain_completes_a_run_that_was_killed_at_any_write(running: Federation) -> None:
    """To and fro, until it has been killed at every write; in every state all pods of the mesh accept each other."""
    sweep = Sweep(running, "trust_domain")

    def accepted() -> None:
        assert _calls(running) == 200

    sweep.inspect = accepted
    plane, finished = (RED, "servicemeshcontrolplanes", RED), 0
    while not sweep.done:
        domain = DOMAINS[finished % 2]
        sweep.arguments = ["-e", f"mesh_trust_domain={domain}", "-e", "federation_restart_workloads=true"]
        run, after = sweep.step()
        assert run.data["verdict"] in ("CHANGED", "NOTHING TO CHANGE"), run.output
        assert running.get(*plane)["spec"]["security"]["trust"] == {"domain": domain} and _calls(running) == 200
        if after is not None:
            assert after.data["verdict"] == "NOTHING TO CHANGE" and after.data["changes"] == [], after.output
        finished += 1
    assert sweep.writes == TRUST_WRITES
