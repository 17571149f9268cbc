# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/confusion-matrix.md: it has every fault and every pair, no wrong code, and no missed fault."""

from __future__ import annotations

import re

from confusion import document
from confusion.batches import pairs
from confusion.faults import FAULTS

TEXT = document.DOCUMENT.read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| \d+ \| ([\w-]+) \| (.*) \|$", TEXT, re.M))


def test_every_fault_has_a_row_with_an_answer() -> None:
    assert list(ROWS) == list(FAULTS)
    answers = {name: row.rpartition(" | ")[2].partition(" (")[0] for name, row in ROWS.items()}
    assert {
        name: answer for name, answer in answers.items() if answer not in ("right", "unknown", "nothing to find")
    } == {}


def test_the_codes_of_each_row_are_right_for_its_fault() -> None:
    right = {name: {code for codes in fault.codes.values() for code in codes} for name, fault in FAULTS.items()}
    given = {name: set(re.findall(r"codes\.md#([\w-]+)", row)) for name, row in ROWS.items()}
    assert {name: given[name] - right[name] for name in ROWS if given[name] - right[name]} == {}


def test_the_matrix_has_all_pairs_and_no_failure() -> None:
    cells, every = document.cells(TEXT), {*pairs()}
    assert {case: symbol for case, symbol in cells.items() if symbol not in "rcb?.- "} == {}
    assert {case for case, symbol in cells.items() if symbol not in "- "} <= every | {case[::-1] for case in every}
    assert {case for case in every if cells[case[::-1]] == " "} == set(), "not composed"
