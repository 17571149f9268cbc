# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""federate.yml under the oldest ansible-core that the collection names."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from harness import DEFAULT_LINKS, IMPORTED, Federation, program

CORE = "2.16"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """The default lab with nothing federated."""
    return Federation.for_lab(start(), tmp_path_factory.mktemp("f"))


def test_it_is_that_version() -> None:
    said = subprocess.run(
        [str(program("ansible-playbook", CORE)), "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert f"[core {CORE}." in said


def test_check_first_and_second_run(federation: Federation) -> None:
    rehearsal = federation.succeed("--check", "--diff", core=CORE)
    run = federation.succeed(core=CORE)
    assert rehearsal.changes == run.changes and run.changes
    assert federation.connected() == sorted(DEFAULT_LINKS)
    assert federation.imported("green-mesh", "red-mesh") == [IMPORTED]
    assert set(run.cells) == set(DEFAULT_LINKS)
    second = federation.succeed(core=CORE)
    assert second.unchanged
    assert {counts["changed"] for counts in second.recap.values()} == {0}


def test_both_versions_write_the_same(federation: Federation) -> None:
    assert federation.succeed().unchanged


def test_refusals_read_the_same(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_exprots"] = []
    federation.hosts["green-mesh"]["mesh_kubeconfig"] = "{{ nobody_defined_this }}"
    run = federation.run(core=CORE)
    assert run.code != 0 and "Traceback" not in run.output
    assert "Did you mean mesh_exports" in run.flat and "[variable-misspelled]" in run.flat
    assert "green-mesh" in run.flat and "nobody_defined_this" in run.flat
