# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fenced blocks of all pages, with the marks that stand before them.

A mark is a comment on the line before a block, so that no reader sees it:

- ``<!-- test: run -->``: the commands are run on the lab, by ``tests/integration/test_documentation.py``.
- ``<!-- test: file NAME -->``: the reader writes the block to a file; so does that test. It is checked by its language as well.
- ``<!-- test: output -->``: what the last run before it printed, compared with the run.
- ``<!-- test: tests/… -->``: another test runs or compares the block; that file exists and names the page.
- ``<!-- test: part of NAME -->``: the block is a part of the last entry of the list NAME in the block before it.

A block without a mark is checked by its language. A comment ``<!-- assert: … -->`` after a block is checked after its run.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN, OUTPUT, FILE, PART = "run", "output", "file ", "part of "
_FENCE = re.compile(r"^ *```(\w*)\s*$")
_MARK = re.compile(r"^ *<!-- test: (.+) -->$")
_ASSERTION = re.compile(r"^ *<!-- assert: (.+) -->$")
#: Blocks that tests/reference.py writes from the unit tests of the reports; a unit test compares them.
_GENERATED = re.compile(r"^<!-- report: .+ -->$")


@dataclass
class Block:
    """A fenced block: its place, its language, its text without the indentation of the page, and its mark."""

    page: Path
    line: int
    language: str
    text: str
    mark: str = ""
    assertions: list[str] = field(default_factory=list)
    #: The block before it on its page.
    before: Block | None = None

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages() -> list[Path]:
    """Return all pages that people read."""
    folders = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("roles/*/README.md"), *ROOT.glob("extensions/**/*.md")]
    return [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(folders)


def blocks(page: Path) -> list[Block]:
    """Return the blocks of a page in their order."""
    found: list[Block] = []
    mark = ""
    lines = iter(enumerate(page.read_text(encoding="utf-8").split("\n"), 1))
    for number, line in lines:
        if fence := _FENCE.match(line):
            text = textwrap.dedent("\n".join(_content(lines)) + "\n")
            found.append(Block(page, number, fence[1], text, mark, before=found[-1] if found else None))
        elif (assertion := _ASSERTION.match(line)) and found:
            found[-1].assertions.append(assertion[1])
        marked = _MARK.match(line)
        mark = marked[1] if marked else "generated" if _GENERATED.match(line) else ""
    return found


def _content(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    for _number, line in lines:
        if line.strip() == "```":
            return
        yield line


def all_blocks() -> list[Block]:
    """Return the blocks of all pages."""
    return [block for page in pages() for block in blocks(page)]
