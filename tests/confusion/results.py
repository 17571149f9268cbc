# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts in a file, a line each, so that an interrupted run can be continued."""

from __future__ import annotations

import json
from pathlib import Path

from confusion.batches import Case
from confusion.judge import Verdict, verdict_of


def read(path: Path) -> dict[Case, Verdict]:
    """Return the newest verdict of each case."""
    if not path.exists():
        return {}
    verdicts = [verdict_of(json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
    return {verdict.case: verdict for verdict in verdicts}


def add(path: Path, verdicts: list[Verdict]) -> None:
    """Add verdicts to the file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(verdict.data()) + "\n" for verdict in verdicts)
