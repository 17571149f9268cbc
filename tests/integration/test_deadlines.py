# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deadline is one for all meshes: whose turn comes late, because forks are few, gets the rest and at least one look."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, two_meshes


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, not federated yet, in clouds that give no load balancer."""
    lab = start(two_meshes())
    for mesh in lab.meshes:
        lab.fault("lb-pending", mesh=mesh)
    return Federation.for_lab(lab, tmp_path_factory.mktemp("f"))


def test_the_mesh_that_comes_last_waits_no_second_time(federation: Federation) -> None:
    federation.options["federation_gateway_timeout"] = 8
    run = federation.run("--forks", "1")
    assert run.code != 0, run.output
    first, last = sorted(one for one in run.report if "[no-address]" in one)
    assert re.search("no address after [1-8] s", first), run.output
    assert "no address at the deadline" in last, run.output
