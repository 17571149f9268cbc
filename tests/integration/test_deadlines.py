# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""All meshes share one deadline: with few forks, a later mesh gets the remaining time and at least one read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, two_meshes


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, not federated yet, in clouds whose load balancers stay pending."""
    lab = start(two_meshes())
    for mesh in lab.meshes:
        lab.fault("lb-pending", mesh=mesh)
    return Federation.for_lab(lab, tmp_path_factory.mktemp("f"))


def test_the_last_mesh_does_not_wait_again(federation: Federation) -> None:
    federation.options["federation_gateway_timeout"] = 8
    run = federation.run("--forks", "1")
    assert run.code != 0, run.output
    first, last = sorted(line for line in run.report if "[no-address]" in line)
    assert re.search("no address after [1-8] s", first), run.output
    assert "no address at the deadline" in last, run.output
