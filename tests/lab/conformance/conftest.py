# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab for all workers of the session: two clusters, and three meshes for each worker.

``OSSM_CONFORMANCE_SPEED`` changes how fast the simulator's clocks run. ``OSSM_CONFORMANCE_LAB`` names a lab that was
started before (with ``python -m lab.conformance.grounds DIR``) and is left running: for those who write cases.
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
from lab.conformance import grounds
from lab.conformance.kube import Api, Clock
from lab.conformance.mesh import Mesh, Pair, reset


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known by which a case names what it shows."""
    config.addinivalue_line("markers", "row(*names): observations (lab.conformance.rows) that the case shows")


@pytest.fixture(scope="session")
def worker(request: pytest.FixtureRequest) -> tuple[int, int]:
    """Return (this worker's number from 0, number of workers)."""
    details: dict[str, Any] = getattr(request.config, "workerinput", {"workerid": "gw0", "workercount": 1})
    return int(details["workerid"].removeprefix("gw")), int(details["workercount"])


@pytest.fixture(scope="session")
def lab(worker: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Return the session's lab: the first worker starts it, the last one ends it."""
    kept = os.environ.get("OSSM_CONFORMANCE_LAB")
    if kept:
        yield Lab(Path(kept))
        return
    base = tmp_path_factory.getbasetemp()
    shared = base if worker[1] == 1 else base.parent
    with grounds.shared(shared, worker[1]) as running:
        yield running


@dataclass
class Grounds:
    """What a case plays on: three meshes of its own; red is in another cluster than green and blue."""

    red: Mesh
    green: Mesh
    blue: Mesh
    lab: Lab
    clock: Clock

    @property
    def pair(self) -> Pair:
        """Return red and green; ``there`` is what red knows of green."""
        return Pair(self.red, self.green)

    @property
    def meshes(self) -> tuple[Mesh, Mesh, Mesh]:
        """Return all three."""
        return self.red, self.green, self.blue


@pytest.fixture(scope="session")
def playground(lab: Lab, worker: tuple[int, int], tmp_path_factory: pytest.TempPathFactory) -> Grounds:
    """Return the worker's meshes with the gateways for each other opened."""
    folder = tmp_path_factory.mktemp("discovery")
    clock = Clock(float(lab.content["speed"]))
    apis = {name: Api(cluster.kubeconfig, folder / name) for name, cluster in lab.clusters.items()}
    meshes = {}
    for colour in grounds.COLOURS:
        described = lab.meshes[grounds.mesh_name(colour, worker[0])]
        meshes[colour] = Mesh(colour, described, apis[described.cluster], lab, clock)
    found = Grounds(lab=lab, clock=clock, **meshes)
    for mesh in found.meshes:
        for other in found.meshes:
            if other is not mesh:
                mesh.open(other.colour)
    for mesh in found.meshes:
        mesh.until_ready()
        mesh.remember()
        mesh.used = True
    return found


@pytest.fixture()
def ground(playground: Grounds) -> Iterator[Grounds]:
    """Return the worker's meshes, brought back to their beginning."""
    reset(playground.meshes)
    for mesh in playground.meshes:
        mesh.forget()
    yield playground
    for mesh in playground.meshes:
        mesh.off()


@pytest.fixture()
def pair(ground: Grounds) -> Pair:
    """Return red and green at their beginning."""
    return ground.pair


@pytest.fixture()
def clock(ground: Grounds) -> Clock:
    """Return the clock of the product's seconds."""
    return ground.clock


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell with each failure what the meshes looked like."""
    report = yield
    playground = getattr(item, "funcargs", {}).get("ground")
    if call.when == "call" and report.failed and playground is not None:
        try:
            report.sections.append(("the meshes", "\n".join(mesh.story() for mesh in playground.meshes)))
        except Exception as error:
            print(f"The meshes could not be looked at: {error}", file=sys.stderr)
    return report
