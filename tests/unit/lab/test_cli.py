# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Help and documentation of the lab's command line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from lab import cli, faults
from lab.sim.faults import descriptions
from lab.state import ROOT

FAULTS = {name: fault.description for name, fault in faults.FAULTS.items()} | descriptions()


def _help(capsys: pytest.CaptureFixture[str], command: str) -> str:
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["up", "down", "status", "fault"])
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    text = _help(capsys, command)
    assert text.startswith(f"usage: python -m lab {command} ")
    assert "--dir DIR" in text
    assert "--help" in text


@pytest.mark.parametrize("name", FAULTS)
def test_fault_help_lists_every_fault(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert f"{name}:{FAULTS[name]}".replace(" ", "") in "".join(_help(capsys, "fault").split())


@pytest.mark.parametrize("name", FAULTS)
def test_documentation_lists_every_fault(name: str) -> None:
    assert (
        f"| `{name}` | {FAULTS[name]} |"
        in (ROOT / "docs" / "contributing" / "lab.md").read_text(encoding="utf-8").splitlines()
    )


def test_commands_start_without_importing_the_simulator() -> None:
    imported = "'lab.sim.faults' in sys.modules or 'kopf' in sys.modules"
    code = f"import sys, lab.cli; lab.cli.command_parser(); sys.exit({imported})"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": str(ROOT / "tests")})
