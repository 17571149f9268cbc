# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every observation has a conformance case."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from lab.conformance.observations import NOT_REPRODUCED, OBSERVATIONS


def marks() -> Iterator[tuple[str, str]]:
    """Yield (observation, test) of all cases, read from their sources."""
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.observation":
                        yield from ((ast.literal_eval(name), f"{path.name}::{node.name}") for name in mark.args)


def test_every_observation_has_a_case() -> None:
    """Each observation has a case, and each case names existing observations."""
    reproduced = {name for name, dummy in marks()}
    assert not set(OBSERVATIONS) - reproduced, "observations without a case"
    assert not reproduced - set(OBSERVATIONS), "cases with an unknown observation"
    assert not set(OBSERVATIONS) & set(NOT_REPRODUCED)
