# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the links as a table for people. Pure."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import WIDTH, table
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Link, State

HEADING = "Links (the mesh of a row watches the mesh of a column)"
UNVERIFIED = "up, not verified"

#: Every state with its short mark and its meaning, in the order of the legend.
MARKS: Dict[str, Tuple[str, str]] = {
    "healthy": ("ok", "connected, synced, everything expected is imported"),
    UNVERIFIED: ("ok?", "connected, but this run could not verify it"),
    "incomplete": ("inc", "connected, but not everything is imported"),
    "collision": ("col", "connected, but two meshes export one name: requests fail"),
    "requests fail": ("req", "connected, but requests are answered 503"),
    "syncing": ("syn", "connected, not synced since the last change"),
    "connecting": ("con", "not connected yet"),
    "refused": ("ref", "the other mesh refuses the connection"),
    "unreachable": ("unr", "the other mesh cannot be reached, or TLS fails"),
    "deadlock": ("dea", "istiod is deadlocked"),
    "not accepted": ("nac", "istiod has not accepted the ServiceMeshPeer"),
    "absent": ("abs", "there is no ServiceMeshPeer"),
    "skipped": ("skp", "could not be written"),
    "pending": ("pen", "waits for the other mesh"),
    "unknown": ("?", "could not be read"),
    "excluded": ("exc", "the watching mesh is not part of this run"),
}


class Shown(TypedDict):
    """The part of a link, of a run or of a status, that every matrix shows."""

    state: State
    unverified: str
    seen_from: Optional[str]


def shown_state(link: Shown) -> str:
    """The state of a link as the matrix shows it: a key of MARKS."""
    return UNVERIFIED if link["unverified"] else link["state"]


def matrix(links: Sequence[Link]) -> List[str]:
    """The links as a table: the rows watch the columns. Up to WIDTH columns wide; with many meshes the columns have numbers."""
    if not links:
        return ["There are no links."]
    meshes = sorted({mesh for link in links for mesh in (link["from"], link["to"])})
    by_ends = {(link["from"], link["to"]): link for link in links}
    return [HEADING, "", *(_wide(meshes, by_ends) or numbered(meshes, by_ends))]


def _wide(meshes: Sequence[str], links: Mapping[Tuple[str, str], Link]) -> List[str]:
    """A table with names and states, and what is worth explaining; empty when it would be too wide."""
    rows = [["", *meshes]]
    for row in meshes:
        rows.append([row, *(_cell(links.get((row, column)), row == column) for column in meshes)])
    lines = table(rows)
    return [*lines, *explained(links.values())] if max(map(len, lines)) <= WIDTH else []


def explained(links: Iterable[Shown]) -> List[str]:
    """What is worth explaining of a table with the names of states, with an empty line before it."""
    shown = {shown_state(link) for link in links}
    legend = [f"{state}: {MARKS[state][1]}" for state in (UNVERIFIED, "requests fail") if state in shown]
    return ["", *legend] if legend else []


def _cell(link: Optional[Link], is_same: bool) -> str:
    """One link in a wide table."""
    if is_same:
        return "-"
    if link is None:
        return "."
    state = shown_state(link)
    if state != "healthy":
        return state
    if link["seen_from"]:
        return f"ok (seen from {link['seen_from']})"
    return f"ok, {len(link['imported'])} imported" if link["imported"] else "ok"


def numbered(meshes: Sequence[str], links: Mapping[Tuple[str, str], Shown]) -> List[str]:
    """A table with numbered columns and short marks, and its legend; too many columns stand below each other."""
    width = max(map(len, meshes)) + 4
    in_one_row = max(1, (WIDTH - width) // 4)
    lines: List[str] = []
    for start in range(0, len(meshes), in_one_row):
        columns = range(start, min(start + in_one_row, len(meshes)))
        lines.append(" " * width + "".join(f"{column + 1:>4}" for column in columns))
        for number, row in enumerate(meshes):
            marks = [_mark(links.get((row, meshes[column])), number == column) for column in columns]
            lines.append(f"{number + 1:>3} {row}".ljust(width) + "".join(f"{mark:>4}" for mark in marks))
    shown = {shown_state(link) for link in links.values()}
    legend = [
        f"{mark} = {meaning if state == 'healthy' else f'{state}: {meaning}'}"
        for state, (mark, meaning) in MARKS.items()
        if state in shown
    ]
    if any(link["seen_from"] for link in links.values()):
        legend.append("* = as the mesh of the column sees it")
    return [*lines, "", *legend]


def _mark(link: Optional[Shown], is_same: bool) -> str:
    """One link in a numbered table."""
    if is_same:
        return "-"
    if link is None:
        return "."
    return MARKS[shown_state(link)][0] + ("*" if link["seen_from"] else "")
