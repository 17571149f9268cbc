# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab's command line says of itself."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from lab import cli, faults
from lab.sim.faults import described
from lab.state import ROOT

FAULTS = {name: item.does for name, item in faults.FAULTS.items()} | described()


def _help(capsys: pytest.CaptureFixture[str], command: str) -> str:
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    assert end.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("command", ["up", "down", "status", "fault"])
def test_each_command_has_a_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    text = _help(capsys, command)
    assert text.startswith(f"usage: python -m lab {command} ")
    assert "--dir DIR" in text
    assert "--help" in text


@pytest.mark.parametrize("name", FAULTS)
def test_the_help_of_fault_tells_every_fault(capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert f"{name}:{FAULTS[name]}".replace(" ", "") in "".join(_help(capsys, "fault").split())


@pytest.mark.parametrize("name", FAULTS)
def test_the_documentation_tells_every_fault(name: str) -> None:
    assert f"| `{name}` | {FAULTS[name]} |" in (ROOT / "docs" / "lab.md").read_text(encoding="utf-8").splitlines()


def test_other_commands_do_not_wait_for_the_simulator_to_be_imported() -> None:
    code = "import sys, lab.cli; lab.cli._parser(); sys.exit('lab.sim.faults' in sys.modules or 'kopf' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONPATH": str(ROOT / "tests")})
