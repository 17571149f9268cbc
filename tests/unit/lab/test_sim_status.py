# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The product's search for a pod's entry, including its defects."""

from __future__ import annotations

import pytest
from lab.sim import status


@pytest.mark.parametrize(("pods", "missed"), [(1, set()), (2, {0}), (3, {0}), (4, {0, 1}), (5, {0, 1, 3})])
def test_search_misses_entries(pods: int, missed: set[int]) -> None:
    """The search misses the entries at these positions."""
    entries = [{"pod": f"p{number}"} for number in range(pods)]
    assert {number for number in range(pods) if status.search(entries, f"p{number}") is None} == missed


def test_missed_entry_is_duplicated() -> None:
    """The first of two pods writes a duplicate, which the API server rejects."""
    status_of_two = {"active": [{"pod": "a"}, {"pod": "b"}]}
    assert [entry["pod"] for entry in status.put(status_of_two, {"pod": "a", "new": 1}, True)["active"]] == [
        "a",
        "a",
        "b",
    ]
    assert status.put(status_of_two, {"pod": "b", "new": 1}, True)["active"][1] == {"pod": "b", "new": 1}


def test_disconnected_entry_becomes_inactive() -> None:
    """An entry is inactive while its own watch is not connected; empty lists are omitted."""
    assert status.put({"active": [{"pod": "a"}]}, {"pod": "a"}, False) == {"inactive": [{"pod": "a"}]}
