# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide of sizes: a file of the plugins has at most 400 lines, a function at most 40; exceptions have a reason.

The list of exceptions must be exact: a file or function that fits the guide again is removed from it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PLUGINS = Path(__file__).parents[3] / "plugins"
EXTENSIONS = PLUGINS.parent / "extensions"
FILE_LINES = 400
FUNCTION_LINES = 40

#: The reason by file, or by file and function ("module_utils/_x/y.py::function").
EXCEPTIONS = {
    "module_utils/_product/codes.py": "one table with a row for each code, which documentation and reports share",
    "plugin_utils/_model/variables.py": "one table with a row for each public variable",
    "modules/mesh_info.py": "almost only documentation, which Ansible requires in the file of the module",
}
#: Files that are larger for a reason still have a limit: what they may grow to before they are split.
LIMITS = {
    "module_utils/_product/codes.py": 1400,
    "plugin_utils/_model/variables.py": 800,
    "modules/mesh_info.py": 660,
}


def sizes(path: Path, name: str) -> Iterator[tuple[str, int, int]]:
    """The lines and the guide of a file and of each of its functions, those of classes too; a function includes its inner ones."""
    source = path.read_text(encoding="utf-8")
    yield name, len(source.splitlines()), FILE_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            yield f"{name}::{node.name}", (node.end_lineno or first) - first + 1, FUNCTION_LINES


def oversized(root: Path) -> dict[str, int]:
    """The lines of every file and function that is larger than the guide."""
    return {
        name: lines
        for path in sorted(root.rglob("*.py"))
        for name, lines, guide in sizes(path, path.relative_to(root).as_posix())
        if lines > guide
    }


def test_only_listed_exceptions_exceed_the_guide() -> None:
    assert sorted(oversized(PLUGINS)) == sorted(EXCEPTIONS) and oversized(EXTENSIONS) == {}


def test_exceptions_have_a_reason_and_a_limit() -> None:
    lines = oversized(PLUGINS)
    assert all(EXCEPTIONS.values()) and set(LIMITS) == set(EXCEPTIONS)
    assert {name: lines[name] for name, limit in LIMITS.items() if lines[name] > limit} == {}


def test_sizes_are_measured(tmp_path: Path) -> None:
    """A file at the guide fits and one line more does not; decorators and methods count."""
    (tmp_path / "at.py").write_text("x = 1\n" * 400)
    (tmp_path / "over.py").write_text("x = 1\n" * 401)
    body = "        pass\n"
    (tmp_path / "methods.py").write_text(
        "class A:\n"
        + ("    @property\n    def at(self):\n" + body * 38)
        + ("    @property\n    def over(self):\n" + body * 39)
        + ("    async def later(self):\n" + body * 40)
    )
    assert oversized(tmp_path) == {"over.py": 401, "methods.py::over": 41, "methods.py::later": 41}
