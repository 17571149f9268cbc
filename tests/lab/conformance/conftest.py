# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the conformance cases: a lab for all workers of the session, with three meshes for each worker.

``OSSM_CONFORMANCE_SPEED`` sets the speed of the simulator's clocks. ``OSSM_CONFORMANCE_LAB`` is the directory of a
running lab (started with ``python -m lab.conformance.shared_lab DIR``), which saves the start while writing cases.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.api import Lab
from lab.conformance import shared_lab
from lab.conformance.kube import Api, Clock
from lab.conformance.links import Pair
from lab.conformance.mesh import Mesh, reset


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker with the observations that a case reproduces."""
    config.addinivalue_line(
        "markers", "observation(*names): observations (lab.conformance.observations) that the case reproduces"
    )


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Return (number of this worker from 0, number of workers)."""
    details: dict[str, Any] = getattr(request.config, "workerinput", {"workerid": "gw0", "workercount": 1})
    return int(details["workerid"].removeprefix("gw")), int(details["workercount"])


@pytest.fixture(scope="session")
def lab(worker: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return the session's lab: the first worker starts it, the last worker stops it."""
    running_lab = os.environ.get("OSSM_CONFORMANCE_LAB")
    if running_lab:
        yield Lab(Path(running_lab))
        return
    base = tmp_path_factory.getbasetemp()
    folder = base if worker[1] == 1 else base.parent
    with shared_lab.start_or_join(folder, worker[1]) as session_lab:
        yield session_lab


@dataclass
class Meshes:
    """The three meshes of a worker; red is in another cluster than green and blue."""

    red: Mesh
    green: Mesh
    blue: Mesh
    lab: Lab
    clock: Clock

    @property
    def pair(self) -> Pair:
        """Return red and green; ``first`` is red's link to green."""
        return Pair(self.red, self.green)

    @property
    def all(self) -> tuple[Mesh, Mesh, Mesh]:
        """Return all three meshes."""
        return self.red, self.green, self.blue


@pytest.fixture(scope="session")
def worker_meshes(lab: Lab, worker: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Meshes:
    """Return the worker's meshes, each with gateways for the others."""
    folder = tmp_path_factory.mktemp("discovery")
    clock = Clock(float(lab.content["speed"]))
    apis = {name: Api(cluster.kubeconfig, folder / name) for name, cluster in lab.clusters.items()}
    by_colour = {}
    for colour in shared_lab.COLOURS:
        entry = lab.meshes[shared_lab.mesh_name(colour, worker[0])]
        by_colour[colour] = Mesh(colour, entry, apis[entry.cluster], lab, clock)
    trio = Meshes(lab=lab, clock=clock, **by_colour)
    for mesh in trio.all:
        for other in trio.all:
            if other is not mesh:
                mesh.add_gateways(other.colour)
    for mesh in trio.all:
        mesh.until_ready()
        mesh.save_base()
        mesh.modified = True
    return trio


@pytest.fixture()
def meshes(worker_meshes: Meshes) -> Iterator[Meshes]:
    """Return the worker's meshes, reset to their base state."""
    reset(worker_meshes.all)
    for mesh in worker_meshes.all:
        mesh.forget_history()
    yield worker_meshes
    for mesh in worker_meshes.all:
        mesh.clear_faults()


@pytest.fixture()
def pair(meshes: Meshes) -> Pair:
    """Return red and green in their base state."""
    return meshes.pair


@pytest.fixture()
def clock(meshes: Meshes) -> Clock:
    """Return the clock that converts product seconds."""
    return meshes.clock


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the state of the meshes to the report of a failure."""
    report = yield
    failed_meshes = getattr(item, "funcargs", {}).get("meshes")
    if call.when == "call" and report.failed and failed_meshes is not None:
        try:
            report.sections.append(("the meshes", "\n".join(mesh.summary() for mesh in failed_meshes.all)))
        except Exception as error:
            print(f"The state of the meshes could not be read: {error}", file=sys.stderr)
    return report
