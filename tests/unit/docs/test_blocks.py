# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command and every YAML block of the documentation is tested: each block is run, or checked by what it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from documentation import commands, documents, outputs
from documentation.blocks import FILE, OUTPUT, PART, ROOT, RUN, Block, all_blocks, blocks, pages
from documentation.inventories import Hosts

BLOCKS = all_blocks()
#: The pages whose blocks with the mark `run` a test on the lab runs.
LAB_TEST = ROOT / "tests" / "integration" / "test_documentation.py"


def _hosts(block: Block) -> Hosts:
    """Return the hosts of the last inventory before a block on its page."""
    earlier = block.before
    while earlier:
        if earlier.language == "yaml" and "\nall:" in f"\n{earlier.text}":
            return documents.hosts_of(yaml.safe_load(earlier.text))
        earlier = earlier.before
    return {}


def _shell(block: Block) -> list[str]:
    return [fault for command in commands.commands(block.text) for fault in commands.faults(command, _hosts(block))]


#: How a block is checked, by its language. A language that is not here is a fault.
CHECKS: dict[str, Callable[[Block], list[str]]] = {
    "shell": _shell,
    "yaml": documents.faults,
    "text": lambda block: outputs.faults(block.text),
    "json": lambda block: outputs.json_faults(block.text),
}


def _faults(block: Block) -> list[str]:
    if block.mark.startswith("tests/"):
        test = ROOT / block.mark
        is_named = test.is_file() and block.page.stem in test.read_text(encoding="utf-8")
        return [] if is_named else [f"{block.mark} does not exist, or does not name {block.page.name}"]
    check = CHECKS.get(block.language)
    return check(block) if check else [f"no test knows the language {block.language or 'of a block without one'}"]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_the_page_is_right(page: Path) -> None:
    assert {str(block): found for block in blocks(page) if (found := _faults(block))} == {}


def test_every_mark_is_one_that_a_test_reads() -> None:
    marks = {str(block): block.mark for block in BLOCKS}
    known = ("", "generated", RUN, OUTPUT)
    assert {
        place: mark
        for place, mark in marks.items()
        if mark not in known and not mark.startswith((FILE, PART, "tests/"))
    } == {}


def test_blocks_that_are_run_are_on_pages_that_the_lab_test_reads() -> None:
    text = LAB_TEST.read_text(encoding="utf-8")
    run = {
        block.page.name
        for block in BLOCKS
        if block.mark in (RUN, OUTPUT) or block.mark.startswith(FILE) or block.assertions
    }
    assert {name for name in run if f'"{name}"' not in text} == set()
    assert run
