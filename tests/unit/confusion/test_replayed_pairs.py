# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor on recorded faults: every fault alone, and every pair composed of two, gets a right code or none."""

from __future__ import annotations

from typing import Any

import pytest
from confusion import document, replay
from confusion.batches import Case, pairs, singles
from confusion.faults import FAULTS
from confusion.judge import Verdict

#: One of so many pairs is judged here, in so many tests.
SHARE, PARTS = 11, 4


@pytest.fixture(scope="module", name="recordings")
def _recordings() -> replay.Recordings:
    return replay.Recordings()


def _failures(recordings: replay.Recordings, cases: list[Case]) -> list[str]:
    verdicts: list[Verdict] = [verdict for case in cases for verdict in recordings.judge(case)]
    return document.failures(verdicts)


def test_every_fault_is_recorded(recordings: replay.Recordings) -> None:
    assert sorted(recordings.changes) == sorted(FAULTS)


def test_the_recorded_federation_is_healthy(recordings: replay.Recordings) -> None:
    diagnosis = replay.diagnosed(recordings.healthy)
    assert diagnosis["verdict"] == "HEALTHY" and diagnosis["causes"] == []


def test_single_faults(recordings: replay.Recordings) -> None:
    assert _failures(recordings, singles()) == []


@pytest.mark.parametrize("part", range(PARTS))
def test_pairs(recordings: replay.Recordings, part: int) -> None:
    """A fixed part of all pairs; ``make confusion`` judges all."""
    chosen = [case for case in pairs()[part :: SHARE * PARTS] if recordings.can_compose(case)]
    assert chosen and _failures(recordings, chosen) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}),
        ([{"name": "x", "value": 1}, {"name": "y"}], [{"name": "x", "value": 2}, {"name": "z"}]),
        ({"a": [1, 2]}, {"a": [2]}),
        ({"a": []}, {"a": [{"name": "x"}]}),
        ({"a": None}, {"a": {"b": None}}),
    ],
)
def test_a_difference_makes_one_value_of_the_other(before: Any, after: Any) -> None:
    change = replay.difference(before, after)
    assert change is not None and replay.applied(before, change) == after
    assert replay.difference(before, before) is None


def test_differences_of_two_faults_add_up() -> None:
    healthy = {"peer": {"port": 1, "address": "a"}, "sets": [{"name": "x", "rule": 1}]}
    first = replay.difference(healthy, {**healthy, "peer": {"port": 2, "address": "a"}})
    second = replay.difference(healthy, {"peer": {"port": 1, "address": "b"}, "sets": []})
    assert first is not None and second is not None
    both = replay.applied(replay.applied(healthy, first), second)
    assert both == {"peer": {"port": 2, "address": "b"}, "sets": []}


def test_a_record_of_a_slot_has_nothing_of_the_others() -> None:
    recorded = {
        "facts": {"west-02": {"peer": "east-02", "of": ["west-02", "west-20"]}, "west-03": {"peer": "east-03"}},
        "pairs": [["east-02", "west-02"], ["east-03", "west-03"]],
        "gateways": [{"name": "ingress-west-02"}, {"name": "ingress-west-03"}, {"metadata": {"name": "west-10"}}],
    }
    assert replay.of_slot(recorded, 2) == {
        "facts": {"west": {"peer": "east", "of": ["west"]}},
        "pairs": [["east", "west"]],
        "gateways": [{"name": "ingress-west"}],
    }
