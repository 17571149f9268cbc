# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is every observation shown by a case?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from lab.conformance.rows import NOT_SHOWN, ROWS


def marks() -> Iterator[tuple[str, str]]:
    """Yield (row, test) of all cases, read from their sources."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.row":
                        yield from ((ast.literal_eval(one), f"{path.name}::{node.name}") for one in mark.args)


def test_every_row_is_shown() -> None:
    """Each row has a case, and each case names rows that there are."""
    shown = {row for row, dummy in marks()}
    assert not set(ROWS) - shown, "rows that no case shows"
    assert not shown - set(ROWS), "cases that name no row"
    assert not set(ROWS) & set(NOT_SHOWN)
