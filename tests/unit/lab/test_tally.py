# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary at the end of ``make test``."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import tally


@pytest.fixture(autouse=True)
def results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty directory of results."""
    monkeypatch.chdir(tmp_path)
    return tmp_path / tally.RESULTS


def _last_line(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out.splitlines()[-1]


def test_gate_counts_as_a_single_test(capsys: pytest.CaptureFixture[str]) -> None:
    assert tally.main(["run", "good", sys.executable, "-c", "print('fine')"]) == 0
    assert tally.main(["run", "bad", sys.executable, "-c", "raise SystemExit('\\x1b[31mwrong')"]) == 1
    assert tally.main(["sum", "good", "bad"]) == 1
    assert _last_line(capsys) == "1 passed, 1 failed"


def test_part_without_report_has_failed(capsys: pytest.CaptureFixture[str]) -> None:
    tally.main(["run", "good", "true"])
    assert tally.main(["sum", "good", "never-ran"]) == 1
    assert _last_line(capsys) == "1 passed, 1 failed"


def test_pytest_counts_its_tests(capsys: pytest.CaptureFixture[str]) -> None:
    Path("test_it.py").write_text(
        "import pytest\n\ndef test_a(): pass\n\ndef test_b(): assert 0\n\n"
        "def test_c(): pytest.skip()\n\ndef test_d(): pass\n",
        encoding="utf-8",
    )
    assert tally.main(["pytest", "unit", sys.executable, "-m", "pytest", "-q", "test_it.py"]) == 1
    assert tally.main(["sum", "unit"]) == 1
    assert _last_line(capsys) == "2 passed, 1 failed"


def test_failing_pytest_start_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    tally.main(["pytest", "unit", sys.executable, "-m", "pytest", "-q", "nowhere.py"])
    assert tally.main(["sum", "unit"]) == 1
    assert _last_line(capsys) == "0 passed, 1 failed"


def test_all_parts_passed(capsys: pytest.CaptureFixture[str]) -> None:
    tally.main(["run", "good", "true"])
    assert tally.main(["sum", "good"]) == 0
    assert _last_line(capsys) == "1 passed, 0 failed"
