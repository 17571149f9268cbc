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


def _constants(function: ast.FunctionDef, value: ast.expr) -> list[str]:
    """The strings that an argument of a call in a function can be: itself, or what is assigned to its name."""
    if isinstance(value, ast.Constant):
        return [value.value] if isinstance(value.value, str) else []
    if not isinstance(value, ast.Name):
        return []
    assigned = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and any(ast.dump(target) == _stored(value) for target in node.targets)
    ]
    return [text for part in assigned if isinstance(part, ast.Constant) for text in _constants(function, part)]


def _stored(name: ast.Name) -> str:
    return ast.dump(ast.Name(name.id, ast.Store()))


def _repeated_fixes(path: Path, tree: ast.Module) -> set[str]:
    """The codes of a file whose problem is given the fix that the table has, with the line."""
    return {
        f"{path.name}:{node.lineno} {node.args[0].value}"
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", getattr(node.func, "attr", "")) in ("problem", "_problem")
        if node.args and isinstance(node.args[0], ast.Constant) and node.args[0].value in CODES
        for argument in (*node.args[1:], *(keyword.value for keyword in node.keywords))
        if CODES[node.args[0].value].fix in _constants(function, argument)
    }


def test_a_fix_of_the_table_is_not_repeated_where_it_is_reported() -> None:
    assert {place for path, tree in _trees() for place in _repeated_fixes(path, tree)} == set()


def test_a_repeated_fix_is_found() -> None:
    fix = CODES["mesh-count"].fix
    direct = f'def a():\n    return problem("mesh-count", "m", "w", "x", "{fix}")\n'
    named = f'def a():\n    remedy = "{fix}"\n    return problem("mesh-count", "m", "w", "x", remedy)\n'
    other = 'def a():\n    return problem("mesh-count", "m", "w", "x", "Look")\n'
    assert [len(_repeated_fixes(TABLE, ast.parse(text))) for text in (direct, named, other)] == [1, 1, 0]


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
