# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A busy, slow or interrupted API server does not fail a run: failed requests are sent again with increasing delays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, two_meshes
from pool import Pool

LINKS = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes; each test starts before they are federated."""
    return Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))


@pytest.fixture(autouse=True)
def _fresh(federation: Federation, pool: Pool) -> None:
    if federation.runs:
        pool.renew()


FAULTS: dict[str, tuple[str, dict[str, Any]]] = {
    "too many requests": ("api-error", {"code": 429, "count": 6, "retry_after": 1}),
    "too many writes": ("api-error", {"code": 429, "count": 3, "verbs": ["patch"], "retry_after": 1}),
    "conflicting writes": ("api-error", {"code": 409, "count": 2, "verbs": ["patch"]}),
    "internal errors": ("api-error", {"code": 500, "count": 6}),
    "connection resets": ("api-connection-reset", {"count": 3}),
    "slow": ("api-slow", {"seconds": 0.4}),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_first_run_succeeds_despite_the_fault(federation: Federation, case: str) -> None:
    name, parameters = FAULTS[case]
    with federation.lab.fault(name, cluster="red", **parameters):
        run = federation.succeed()
    assert federation.connected() == LINKS
    assert set(run.cells.values()) == {"ok", "ok, 1 imported"}
    assert not federation.succeed().changes
