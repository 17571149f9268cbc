# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""federate.yml step by step: each tag runs its step and everything that the step needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, two_meshes

MESHES = ("red-mesh", "green-mesh")


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes that share a service, not yet federated."""
    lab = start(two_meshes())
    variables = {"red-mesh": {"mesh_exports": ["red-mesh-bookinfo/ratings"]}, "green-mesh": {"mesh_imports": ["*/*"]}}
    return Federation.for_lab(lab, tmp_path_factory.mktemp("f"), variables)


def _written_resources(federation: Federation, *arguments: str) -> set[str]:
    """Return the resources that a run of federate.yml writes."""
    mark = federation.lab.mark()
    run = federation.succeed(*arguments)
    assert "Traceback" not in run.output
    return {request.resource for sent in federation.writes(mark).values() for request in sent}


def test_the_tag_discover_writes_nothing(federation: Federation) -> None:
    assert _written_resources(federation, "--tags", "discover") == set()


def test_each_tag_writes_what_its_step_writes(federation: Federation) -> None:
    assert _written_resources(federation, "--tags", "gateways") == {"servicemeshcontrolplanes"}
    assert _written_resources(federation, "--tags", "sets") == {"importedservicesets", "exportedservicesets"}
    assert _written_resources(federation, "--tags", "peers") == {"configmaps", "servicemeshpeers"}


def test_the_tag_report_waits_for_the_links(federation: Federation) -> None:
    assert _written_resources(federation, "--tags", "report") == set()
    assert sorted(federation.connected()) == sorted([MESHES, MESHES[::-1]])
    assert set(federation.runs[-1].cells.values()) == {"ok", "ok, 1 imported"}


def test_a_mesh_with_a_problem_fails_a_run_of_one_step(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_exports"] = ["red-mesh-bookinfo/*"]
    fault = {"verbs": ["patch", "create"], "resources": ["exportedservicesets"]}
    with federation.lab.fault("api-forbidden", cluster="red", **fault):
        run = federation.run("--tags", "sets")
    assert (run.recap["red-mesh"]["failed"], run.recap["green-mesh"]["failed"]) == (1, 0), run.output
    assert "[permission-missing]" in run.flat
