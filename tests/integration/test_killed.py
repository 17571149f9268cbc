# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs that are killed at every request that writes: the next run completes them, and the one after changes nothing."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from harness import IMPORTED, ROOT, Federation, Run, request_lines, two_meshes
from lab import state
from lab.front_proxy import RUN_REQUESTS
from lab.processes import RUN_MARK
from states import mark_unmanaged, written_state

RED, GREEN = "red-mesh", "green-mesh"
PEERS = {RED: GREEN, GREEN: RED}
UNLINK = ("unlink", f"federation_unlink={RED},{GREEN}", f"federation_confirm={RED},{GREEN}")
REMOVE_MESH = ("remove_mesh", f"federation_remove_mesh={GREEN}", f"federation_confirm={GREEN}")
#: Of each mesh: its control plane, a set, the root of its peer, and the ServiceMeshPeer; a removal empties the export set first.
FEDERATING_WRITES, REMOVAL_WRITES = 8, 9


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """Two meshes that are not federated, with an object of a user in each, behind a front proxy that runs all the time."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
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
        self.settled: list[dict[str, Any]] = []
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
        run, reached = self._play(), written_state(self.federation, PEERS)
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
