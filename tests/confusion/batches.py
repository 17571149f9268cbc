# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run cases in batches: each slot gets a case, one run of the doctor judges all slots, then all slots are restored."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from confusion.faults import FAULTS, Fault, can_be_combined
from confusion.slots import SETTLED, SPEED, Slot, Slots, eventually

#: Names of the faults of a slot: one, or two.
Case = tuple[str, ...]
#: What shows that something has changed for good may take this much longer on a busy machine.
SLACK = 25


@dataclass
class Seen:
    """A case on a slot: the names of its faults whose effect was seen, and the seconds that this took."""

    case: Case
    slot: Slot
    effects: set[str] = field(default_factory=set)
    seconds: float = 0.0


def singles() -> list[Case]:
    """Return every fault alone."""
    return [(name,) for name in FAULTS]


def pairs() -> list[Case]:
    """Return all pairs of faults that can be on one link, without pairs that change nothing of the federation."""
    faults = list(FAULTS.values())
    return [
        (first.name, second.name)
        for position, first in enumerate(faults)
        for second in faults[position + 1 :]
        if can_be_combined(first, second)
    ]


def sample() -> list[Case]:
    """Return a fixed sample of pairs that has every fault once; a fault that is left over is alone."""
    cases: list[Case] = []
    waiting = list(FAULTS.values())
    while waiting:
        first = waiting.pop(0)
        second = next((fault for fault in reversed(waiting) if can_be_combined(first, fault)), None)
        if second is not None:
            waiting.remove(second)
        cases.append((first.name, second.name) if second else (first.name,))
    return cases


def faults_of(case: Case) -> list[Fault]:
    """Return the faults of a case in the order in which they are switched on: first those that need a healthy link."""
    return sorted((FAULTS[name] for name in case), key=lambda fault: not fault.early)


def needs_third(case: Case) -> bool:
    """Return whether the case needs a slot with a third mesh."""
    return any(FAULTS[name].needs_third for name in case)


def assigned(cases: Iterable[Case], slots: Slots) -> Iterator[list[tuple[Case, Slot]]]:
    """Yield batches of cases with their slots; cases that need a third mesh get the slots that have one."""
    waiting = sorted(cases, key=needs_third, reverse=True)
    while waiting:
        batch: list[tuple[Case, Slot]] = []
        for slot in slots.slots:
            case = next((case for case in waiting if slot.third or not needs_third(case)), None)
            if case is not None:
                waiting.remove(case)
                batch.append((case, slot))
        yield batch


def switch(case: Case, slot: Slot) -> Seen:
    """Switch the faults of a case on, and wait until their effects are seen.

    Two faults may hide each other's effect: after the time in which everything in the lab has settled, what is not seen is hidden.
    """
    start, seen = time.monotonic(), Seen(case, slot)
    faults = faults_of(case)
    for fault in faults:
        fault.switch(slot)
    limit = SETTLED / SPEED + (SLACK if len(faults) == 1 else 0)
    eventually(lambda: _note(seen, faults) and len(seen.effects) == len(faults), limit)
    seen.seconds = time.monotonic() - start
    return seen


def _note(seen: Seen, faults: list[Fault]) -> bool:
    seen.effects = {fault.name for fault in faults if fault.seen(seen.slot)}
    return True


def switch_all(slots: Slots, batch: list[tuple[Case, Slot]]) -> list[Seen]:
    """Bring all slots of a batch into their cases at the same time."""
    return slots.each(lambda item: switch(*item), batch)
