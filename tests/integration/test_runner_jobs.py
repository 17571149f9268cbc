# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs that a controller splits: between itself and a node, into slices; and two jobs at the same time."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from harness import DEFAULT_LINKS, IMPORTED, Federation
from jobs import Controller, Job, sliced
from lab.api import Lab
from pool import Pool
from states import unnamed_problems

RED, GREEN = "red-mesh", "green-mesh"
REVIEWS = f"{RED}-bookinfo/reviews"
SLICES = 2


@pytest.fixture(scope="module", name="controller")
def _controller(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Controller:
    """Three meshes that are not federated."""
    federation = Federation.for_lab(start(), tmp_path_factory.mktemp("f"))
    return Controller.of(federation, tmp_path_factory.mktemp("jobs"))


def _together(controller: Controller, *inventories: dict[str, dict[str, object]]) -> list[Job]:
    """Run federate.yml as one job for each inventory, all at the same time."""
    folders = [
        controller.prepare("federate", answers={"federation_report_file": "report.json"}, hosts=hosts)
        for hosts in inventories
    ]
    with ThreadPoolExecutor(len(folders)) as pool:
        return list(pool.map(lambda folder: controller.start(folder, "federate"), folders))


def test_a_job_runs_on_a_node_that_shares_no_folder_with_the_controller(controller: Controller) -> None:
    job = controller.run_split("federate")
    assert job.code == 0, job.text[-6000:]
    assert controller.federation.connected() == sorted(DEFAULT_LINKS)
    assert job.stats["federation_report"]["verdict"] == "HEALTHY"
    assert any("6 of 6 links healthy" in event["stdout"] for event in job.events)


def test_two_jobs_at_the_same_time_federate_once(controller: Controller) -> None:
    """Each may fail with named problems only; the next job finds nothing to do but what one of them could not do."""
    controller.hosts[RED]["mesh_exports"] = {GREEN: [REVIEWS]}
    controller.hosts[GREEN]["mesh_imports"] = {RED: [REVIEWS]}
    jobs = _together(controller, controller.hosts, controller.hosts)
    for job in jobs:
        report = json.loads((job.folder / "project" / "report.json").read_text(encoding="utf-8"))
        assert not unnamed_problems(report) and "Traceback" not in job.output, job.text[-6000:]
    healed = controller.run("federate")
    assert healed.code == 0 and "HEALTHY 6 of 6 links healthy" in healed.flat, healed.text[-6000:]
    assert controller.federation.imported(GREEN, RED) == [IMPORTED.replace("ratings", "reviews")]


def test_slices_federate_where_each_knows_all_meshes(controller: Controller, pool: Pool) -> None:
    """The first launch makes all gateways, the second writes all peers: no slice waits for another."""
    pool.renew()
    federation = controller.federation
    controller.kubeconfig = Controller.of(federation, controller.folder).kubeconfig
    controller.variables |= {"federation_meshes": controller.hosts, "federation_expected_meshes": len(controller.hosts)}
    slices = [sliced(controller.hosts, number, SLICES) for number in range(1, SLICES + 1)]
    for _launch in range(2):
        for hosts, job in zip(slices, _together(controller, *slices)):
            assert job.code == 0, job.text[-6000:]
            changes = job.stats["federation_report"]["changes"]
            assert changes and {change["mesh"] for change in changes} == set(hosts), job.text[-6000:]
    federation.eventually(lambda: federation.connected() == sorted(DEFAULT_LINKS), 60)
    federation.eventually(lambda: federation.imported(GREEN, RED), 60)
    status = controller.run("status")
    assert status.code == 0 and "HEALTHY 6 of 6 links healthy" in status.flat, status.text[-6000:]


def test_a_slice_that_knows_no_other_mesh_is_rejected(controller: Controller) -> None:
    """Its peers have vanished from all groups: the number of meshes that is expected tells it from a whole inventory."""
    del controller.variables["federation_meshes"]
    mark = controller.federation.lab.mark()
    job = controller.run("federate", hosts=sliced(controller.hosts, 1, SLICES))
    assert job.code != 0 and "[mesh-count]" in job.flat and "federation_meshes" in job.flat, job.text[-6000:]
    assert not controller.federation.writes(mark)
