# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""federate.yml with the oldest ansible-core that the collection supports."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from harness import DEFAULT_LINKS, IMPORTED, Federation, program

CORE = "2.16"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """The default lab, not yet federated."""
    return Federation.for_lab(start(), tmp_path_factory.mktemp("f"))


def test_ansible_core_has_that_version() -> None:
    output = subprocess.run(
        [str(program("ansible-playbook", CORE)), "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert f"[core {CORE}." in output


def test_check_run_first_run_and_second_run(federation: Federation) -> None:
    check = federation.succeed("--check", "--diff", core=CORE)
    run = federation.succeed(core=CORE)
    assert check.changes == run.changes and run.changes
    assert federation.connected() == sorted(DEFAULT_LINKS)
    assert federation.imported("green-mesh", "red-mesh") == [IMPORTED]
    assert set(run.cells) == set(DEFAULT_LINKS)
    second = federation.succeed(core=CORE)
    assert second.unchanged
    assert {counts["changed"] for counts in second.recap.values()} == {0}


def test_both_versions_write_the_same_objects(federation: Federation) -> None:
    assert federation.succeed().unchanged


def test_invalid_declarations_are_rejected_with_the_same_messages(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_exprots"] = []
    federation.hosts["green-mesh"]["mesh_kubeconfig"] = "{{ undefined_variable }}"
    run = federation.run(core=CORE)
    assert run.code != 0 and "Traceback" not in run.output
    assert "Did you mean mesh_exports" in run.flat and "[variable-misspelled]" in run.flat
    assert "green-mesh" in run.flat and "undefined_variable" in run.flat
