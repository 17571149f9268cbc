# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make confusion``: run every fault and every pair of faults, and write docs/confusion-matrix.md.

``build/confusion.jsonl`` has the verdicts: an interrupted run continues behind them, and ``--again`` forgets them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path

from harness import Federation
from lab import state
from lab.api import Lab

from confusion import document, replay, results
from confusion.batches import Case, assigned, pairs, singles, switch_all
from confusion.doctor import diagnose, healthy
from confusion.faults import FAULTS
from confusion.judge import Verdict, judge
from confusion.slots import SPEED, Object, Slot, Slots, topology, variables

RESULTS = state.ROOT / "build" / "confusion.jsonl"
HEALTHY = state.ROOT / "build" / "confusion-healthy.txt"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m confusion", description=__doc__)
    parser.add_argument("cases", nargs="*", help="only these: fault, or fault+fault (default: all)")
    parser.add_argument("--slots", type=int, default=12, help="pairs of meshes in the lab")
    parser.add_argument("--minutes", type=float, default=0, help="begin no batch after this time (default: no limit)")
    parser.add_argument("--again", action="store_true", help="forget earlier verdicts")
    parser.add_argument("--document", action="store_true", help="only write the document from the verdicts")
    return parser.parse_args()


def _cases(names: list[str], known: dict[Case, Verdict]) -> list[Case]:
    """Return the cases to run: those that are named, or all that are not known, pairs in an order that mixes the faults."""
    if names:
        return [tuple(name.split("+")) for name in names]
    mixed = sorted(pairs(), key=lambda case: hashlib.sha256("+".join(case).encode()).digest())
    return [case for case in [*singles(), *mixed] if case not in known]


class Recording:
    """Records every single fault beside the federation without any, for replay.py; nothing is written when pairs are run."""

    def __init__(self, slots: Slots, folder: Path) -> None:
        self._slots, self._file = slots, folder / "record.json"
        diagnose(slots, self._file)
        self._healthy = json.loads(self._file.read_text(encoding="utf-8"))
        self._cases: dict[str, tuple[int, Object]] = {}

    def diagnose(self, batch: list[tuple[Case, Slot]]) -> Object:
        """Run the doctor, and record the single faults of a batch."""
        singles_of_batch = [(case[0], slot.number) for case, slot in batch if len(case) == 1]
        if not singles_of_batch:
            return diagnose(self._slots)
        diagnosis = diagnose(self._slots, self._file)
        recorded = json.loads(self._file.read_text(encoding="utf-8"))
        self._cases.update({name: (number, recorded) for name, number in singles_of_batch})
        if {*self._cases} == {*FAULTS}:
            replay.write(self._healthy, self._cases)
        return diagnosis


def _run(slots: Slots, cases: list[Case], deadline: float, folder: Path) -> None:
    recording = Recording(slots, folder)
    HEALTHY.write_text(healthy(slots), encoding="utf-8")
    start, done = time.monotonic(), 0
    for batch in assigned(cases, slots):
        if time.monotonic() > deadline:
            return
        slots.restore()
        seen = switch_all(slots, batch)
        diagnosis = recording.diagnose(batch)
        verdicts = [judge(case, slot, diagnosis) for case, slot in batch]
        results.add(RESULTS, verdicts)
        done += len(batch)
        for verdict, one in zip(verdicts, seen):
            hidden = sorted({*verdict.case} - one.effects)
            note = f" (not seen: {', '.join(hidden)})" if hidden else ""
            text = json.dumps(verdict.given, ensure_ascii=False)
            print(f"{verdict.result:8} {' + '.join(verdict.case)}: {text}{note} {verdict.unknown or ''}", flush=True)
        print(f"-- {done} of {len(cases)} cases after {time.monotonic() - start:.0f} s", flush=True)


def main() -> int:
    """Run what is asked for; return 1 if the doctor gave a wrong code or missed a fault."""
    arguments = _arguments()
    if arguments.again:
        RESULTS.unlink(missing_ok=True)
    if not arguments.document:
        cases = _cases(arguments.cases, results.read(RESULTS))
        deadline = time.monotonic() + (arguments.minutes * 60 or 1e9)
        with tempfile.TemporaryDirectory(prefix="ossm-") as folder:
            (inventory := Path(folder) / "f").mkdir()
            with Lab.start(topology(arguments.slots), Path(folder) / "l", speed=SPEED, json_storage=True) as lab:
                slots = Slots(Federation.for_lab(lab, inventory, variables(arguments.slots)), arguments.slots)
                slots.federate()
                _run(slots, cases, deadline, inventory)
    verdicts, composed = results.read(RESULTS), replay.compose()
    text = document.render(verdicts, composed, HEALTHY.read_text(encoding="utf-8"))
    document.DOCUMENT.write_text(text, encoding="utf-8")
    failed = document.failures([*verdicts.values(), *composed.values()])
    print("\n".join([f"{document.DOCUMENT} is written.", *failed]))
    return 1 if failed else 0


sys.exit(main())
