# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that is busy, slow or breaks off does not spoil a run: what failed is sent again, a little later each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, two_meshes

LINKS = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes; each test starts with nothing federated."""
    return Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))


@pytest.fixture(autouse=True)
def _fresh(federation: Federation) -> None:
    if federation.runs:
        federation.lab.reset()
        for mesh, host in federation.hosts.items():
            host["mesh_kubeconfig"] = federation.lab.clusters[federation.location(mesh)[0]].kubeconfig


FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "too many requests": ("api-error", {"code": 429, "count": 6, "retry_after": 1}),
    "too many writes": ("api-error", {"code": 429, "count": 3, "verbs": ["patch"], "retry_after": 1}),
    "lost races": ("api-error", {"code": 409, "count": 2, "verbs": ["patch"]}),
    "internal errors": ("api-error", {"code": 500, "count": 6}),
    "connection resets": ("api-connection-reset", {"count": 3}),
    "slow": ("api-slow", {"seconds": 0.4}),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_run_from_nothing_succeeds_all_the_same(federation: Federation, case: str) -> None:
    name, parameters = FAULTS[case]
    with federation.lab.fault(name, cluster="red", **parameters):
        run = federation.succeed()
    assert federation.connected() == LINKS
    assert set(run.cells.values()) == {"ok", "ok, 1 imported"}
    assert not federation.succeed().changes
