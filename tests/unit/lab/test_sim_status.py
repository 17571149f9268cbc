# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The product's search for a pod's entry, with its mistakes."""
from __future__ import annotations

import pytest
from lab.sim import status


@pytest.mark.parametrize(("pods", "missed"), [(1, set()), (2, {0}), (3, {0}), (4, {0, 1}), (5, {0, 1, 3})])
def test_which_entries_are_missed(pods: int, missed: set[int]) -> None:
    """With so many entries, the search misses those at these places."""
    entries = [{"pod": f"p{number}"} for number in range(pods)]
    assert {number for number in range(pods) if status.search(entries, f"p{number}") is None} == missed


def test_a_missed_entry_is_written_twice() -> None:
    """The first of two pods writes a duplicate, which the API server then refuses."""
    both = {"active": [{"pod": "a"}, {"pod": "b"}]}
    assert [one["pod"] for one in status.put(both, {"pod": "a", "new": 1}, True)["active"]] == ["a", "a", "b"]
    assert status.put(both, {"pod": "b", "new": 1}, True)["active"][1] == {"pod": "b", "new": 1}


def test_a_disconnected_pod_moves() -> None:
    """An entry is inactive exactly while its own watch is not connected; empty lists are left out."""
    assert status.put({"active": [{"pod": "a"}]}, {"pod": "a"}, False) == {"inactive": [{"pod": "a"}]}
