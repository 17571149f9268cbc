# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The table of codes: complete, in use, and written as people read it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES, SEVERITIES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import problem

PLUGINS = Path(__file__).resolve().parents[5] / "plugins"
TABLE = PLUGINS / "module_utils" / "_product" / "codes.py"
#: Calls whose first argument is a code.
REPORTING = ("problem", "ClusterError")


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PLUGINS.rglob("*.py")):
        if path != TABLE:
            yield path, ast.parse(path.read_text())


def _reported() -> dict[str, list[str]]:
    """Each literal code of a reporting call, with its places."""
    places: dict[str, list[str]] = {}
    for path, tree in _trees():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            if name in REPORTING and isinstance(first, ast.Constant) and isinstance(first.value, str):
                places.setdefault(first.value, []).append(f"{path.name}:{node.lineno}")
    return places


def test_every_reported_code_is_in_the_table() -> None:
    reported = _reported()
    assert len(reported) > 80
    assert {code: places for code, places in reported.items() if code not in CODES} == {}


def test_every_code_of_the_table_is_in_use() -> None:
    constants = {
        node.value
        for dummy, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert sorted(set(CODES) - constants) == []


def test_an_unknown_code_cannot_be_reported() -> None:
    with pytest.raises(KeyError):
        problem("no-such-code", "red", "mesh_host", "it is wrong")


def test_severity_and_fix_come_from_the_table() -> None:
    reported = problem("peer-self", "red", "mesh_peers", "a mesh cannot be its own peer")
    assert (reported["severity"], reported["remedy"]) == ("error", CODES["peer-self"].fix)
    other = problem("peer-self", "red", "mesh_peers", "a mesh cannot be its own peer", "Remove red", severity="warning")
    assert (other["severity"], other["remedy"]) == ("warning", "Remove red")


@pytest.mark.parametrize("code", CODES)
def test_rows_are_sentences_of_one_line(code: str) -> None:
    row = CODES[code]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
    assert row.severities and set(row.severities) <= set(SEVERITIES)
    for text in (row.meaning, row.fix):
        assert text and text[0] in "`" or text[0].isupper() or text[0].islower()
        assert not text.endswith(".") and "\n" not in text
    assert row.fix[0].isupper()
