# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The doctor names no fault by a wrong code: every fault once, two on one link, against the committed matrix.

``make confusion`` runs every fault alone and all pairs, and writes the matrix; that takes hours. Here each fault is switched on once, in a
fixed sample of pairs, in two or three runs of the doctor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from confusion import doctor, document
from confusion.batches import assigned, sample, switch_all
from confusion.judge import Verdict, judge
from confusion.slots import Slots, topology, variables
from harness import Federation

SLOTS = 12


@pytest.fixture(scope="module", name="slots")
def _slots(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Slots:
    """25 federated meshes: twelve pairs, and a third mesh for some of them."""
    lab = start(topology(SLOTS), json_storage=True)
    slots = Slots(Federation.for_lab(lab, tmp_path_factory.mktemp("f"), variables(SLOTS)), SLOTS)
    slots.federate()
    return slots


@pytest.fixture(scope="module", name="verdicts")
def _verdicts(slots: Slots) -> list[Verdict]:
    """The verdicts of the sample."""
    verdicts: list[Verdict] = []
    for batch in assigned(sample(), slots):
        slots.restore()
        switch_all(slots, batch)
        diagnosis = doctor.diagnose(slots)
        verdicts += [judge(case, slot, diagnosis) for case, slot in batch]
    return verdicts


def test_a_healthy_federation_with_several_istiod_pods_has_no_finding(slots: Slots) -> None:
    assert doctor.healthy(slots) in document.DOCUMENT.read_text(encoding="utf-8")


def test_no_fault_gets_a_wrong_code_and_none_is_missed(verdicts: list[Verdict]) -> None:
    assert document.failures(verdicts) == []


def test_the_committed_matrix_agrees(verdicts: list[Verdict]) -> None:
    """Where a pair was run for the matrix too, both have found something, or both have found nothing."""
    cells = document.cells(document.DOCUMENT.read_text(encoding="utf-8"))
    pairs = {verdict.case: document.symbol(verdict) for verdict in verdicts if len(verdict.case) == 2}
    differing = {
        case: symbol for case, symbol in pairs.items() if cells[case] != " " and (cells[case] == ".") != (symbol == ".")
    }
    assert differing == {}
