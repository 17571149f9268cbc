# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: a diagnosis as text, for who is on call. Pure."""

from __future__ import annotations

from typing import List

from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.causes import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.requests import is_unproven
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.types import (
    DiagnosedCause,
    Diagnosis,
    Ladder,
    RungResult,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import (
    INDENT,
    arrows,
    count,
    listed,
    wrapped,
)

#: So many causes, and so many broken links, are shown without -v: nobody reads more at night.
MOST = 12
_MARKS = {"passed": "ok", "failed": "FAILED", "unknown": "unknown", "skipped": "skipped"}


def diagnosis_lines(diagnosis: Diagnosis) -> List[str]:
    """The verdict, one paragraph per cause, one short ladder per broken link, and the healthy links in one line."""
    shown_causes, broken = diagnosis["causes"][:MOST], [ladder for ladder in diagnosis["ladders"] if ladder["broken"]]
    parts = [wrapped(f"{diagnosis['verdict']}  {diagnosis['headline']}"), *map(cause_lines, shown_causes)]
    parts.append(_more(len(diagnosis["causes"]) - MOST, "cause", "federation_doctor_file has all"))
    parts.append([line for ladder in broken[:MOST] for line in short_ladder(ladder)])
    parts.append(_more(len(broken) - MOST, "broken link", "-v shows all"))
    whole = [(ladder["from"], ladder["to"]) for ladder in diagnosis["ladders"] if not ladder["broken"]]
    parts.append(wrapped(f"Not known to be broken: {arrows(whole)}.") if whole else [])
    parts.append(_requests(diagnosis))
    return [line for part in parts if part for line in ("", *part)][1:]


def _more(number: int, noun: str, where: str) -> List[str]:
    """How many are not shown."""
    return [f"And {count(number, f'more {noun}')}: {where}."] if number > 0 else []


def _requests(diagnosis: Diagnosis) -> List[str]:
    """What is known about requests: which links answer them, and what kept others from being sent."""
    rungs = [(ladder, rung) for ladder in diagnosis["ladders"] for rung in ladder["rungs"] if rung["rung"] == "serving"]
    answered = [(ladder["from"], ladder["to"]) for ladder, rung in rungs if rung["state"] == "passed"]
    lines = wrapped(f"Requests are answered: {arrows(answered)}.") if answered else []
    for ladder, rung in rungs:
        if is_unproven(rung):
            text = f"{rung['message'].rstrip('.')}. Fix: {rung['needs'].rstrip('.')}. See: {rung['docs']}"
            lines += wrapped(f"Requests from {ladder['from']} to {ladder['to']} are not proven: {text}")
    if lines or diagnosis["verdict"] == "BROKEN":
        return lines
    return wrapped("No request was sent, so nothing is known about requests.")


def cause_lines(cause: DiagnosedCause) -> List[str]:
    """One cause: what is wrong and where, the evidence, the fix, and where to read about it."""
    finding = cause["findings"][0]
    lines = wrapped(
        f"{cause['severity'].upper()} {cause['mesh']}: {listed(finding['where'], most=3)}: {finding['message'].rstrip('.')}."
    )
    if cause["expected"] is not None or cause["value"] is not None:
        lines += wrapped(f"Value: {shown(cause['value'])}", INDENT)
        lines += wrapped(f"Expected: {shown(cause['expected'])}", INDENT) if cause["expected"] is not None else []
    lines += wrapped(f"Fix: {cause['remedy'].rstrip('.')}.", INDENT)
    healing = cause["healing"]
    if healing["by"]:
        lines += wrapped(
            f"Self-healing: {'may correct it' if healing['safe'] else 'no, as ' + healing['reason']}.", INDENT
        )
    lines += wrapped(f"See: {cause['docs']}", INDENT)
    ends = [(link["from"], link["to"]) for link in cause["links"]]
    return lines + (wrapped(f"Links: {arrows(ends)}.", INDENT) if ends else [])


def short_ladder(ladder: Ladder) -> List[str]:
    """A broken link: the failed rungs, and the others by state."""
    lines = []
    for state in ("failed", "passed", "unknown", "skipped"):
        rungs = [
            f"{rung['rung']}{' [' + rung['code'] + ']' if rung['code'] else ''}"
            for rung in ladder["rungs"]
            if rung["state"] == state
        ]
        if rungs:
            lines += wrapped(f"{_MARKS[state]}: {', '.join(rungs)}", INDENT)
    return [f"{ladder['from']} -> {ladder['to']}", *lines]


def diagnosis_details(diagnosis: Diagnosis) -> List[str]:
    """All ladders, rung by rung: its state, from where and with whose credentials it was seen, and what was seen."""
    lines: List[str] = []
    for ladder in diagnosis["ladders"]:
        lines += ["", f"{ladder['from']} -> {ladder['to']}"]
        for rung in ladder["rungs"]:
            seen = ". ".join(
                part for part in (rung["message"], f"Needs {rung['needs']}" if rung["needs"] else "") if part
            )
            code = f" [{rung['code']}]" if rung["code"] else ""
            row = f"{rung['rung']:19} {_MARKS[rung['state']]:8} {_seen_from(rung)}{f': {seen}' if seen else ''}{code}"
            lines += wrapped(row, INDENT, " " * 29)
    return lines


def _seen_from(rung: RungResult) -> str:
    """From where a rung was seen, and with whose credentials."""
    meshes = " and ".join(rung["credentials"])
    if rung["seen_from"] == "controller":
        return f"controller{f' and {meshes}' if meshes else ''}"
    return f"probe in {meshes}" if rung["seen_from"] == "probe" else meshes
