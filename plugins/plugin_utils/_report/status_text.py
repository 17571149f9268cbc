# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the status document as text: verdict, causes, matrix, meshes, services, drift, what is unmanaged. Pure."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.plugin_utils._objects.comparison import Difference
from ansible_collections.ossm.federation.plugins.plugin_utils._report.matrix import explained, numbered
from ansible_collections.ossm.federation.plugins.plugin_utils._report.runs import paragraphs
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import (
    FederationStatus,
    StatusLink,
    StatusMesh,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import (
    INDENT,
    WIDTH,
    count,
    problem_lines,
    table,
    wrapped,
)

_HEADING = "Links (a row watches a column): state, imported of expected, age of the last full sync"
_SHORT = "Links (the mesh of a row watches the mesh of a column)"
#: More meshes are a table of the links that are not healthy; more rows of a list are shown with -v.
_MATRIX_MESHES, _ROWS = 24, 20
#: The units of an age, the largest first.
_UNITS = ((86400, "d"), (3600, "h"), (60, "m"))
#: A value of a field is shown with at most so many characters.
_VALUE = 160


def status_lines(status: FederationStatus) -> List[str]:
    """The text of a status."""
    blocks = [
        _links(status),
        _meshes(status["meshes"]),
        _few("Services (the host names that consumers use)", _services(status["links"])),
        _few("Drift (declared against live)", _drift(status["drift"])),
        _few("Unmanaged", _unmanaged(status)),
    ]
    return [*wrapped(f"{status['verdict']}  {status['headline']}"), *paragraphs(status["causes"], blocks)]


def status_details(status: FederationStatus) -> List[str]:
    """What the text leaves out: every link with its times, every service, every field, every problem."""
    rows = [["from", "to", "state", "last sync", "last attempt", "created"]]
    for link in status["links"]:
        times = link["times"]
        shown = (times[key] or "-" for key in ("last_sync", "last_attempt", "created"))
        rows.append([link["from"], link["to"], link["shown_state"], *shown])
    blocks = (
        ["Times of the links", *table(rows, INDENT)],
        ["Services", *_services(status["links"])],
        ["Drift", *_drift(status["drift"])],
        ["Problems", *problem_lines(status["problems"])],
    )
    return [line for block in blocks if len(block) > 1 for line in ("", *block)]


def age(seconds: Optional[int]) -> str:
    """An age in its largest whole unit.

    >>> age(59), age(60), age(7300), age(None)
    ('59s', '1m', '2h', '-')
    """
    if seconds is None:
        return "-"
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size), (1, "s"))
    return f"{seconds // size}{unit}"


def _few(heading: str, lines: Sequence[str]) -> List[str]:
    """A list below its heading; what is left out is shown with -v."""
    if not lines:
        return []
    rest = len(lines) - _ROWS
    return [heading, *lines[:_ROWS], *([f"{INDENT}and {count(rest, 'more line')} (with -v)"] if rest > 0 else [])]


# -- links and meshes --------------------------------------------------------------------------------------------------


def _links(status: FederationStatus) -> List[str]:
    """The matrix: with names where it is not too wide, else with numbers; of many meshes only what is not healthy."""
    links = {(link["from"], link["to"]): link for link in status["links"]}
    meshes = sorted({mesh for pair in links for mesh in pair})
    if not links:
        return ["There are no links."]
    if len(meshes) > _MATRIX_MESHES:
        return _unhealthy(status["links"])
    rows = [["", *meshes]]
    rows += [[row, *(_cell(links.get((row, column)), row == column) for column in meshes)] for row in meshes]
    lines = table(rows)
    if max(map(len, lines)) <= WIDTH:
        return [_HEADING, "", *lines, *explained(links.values())]
    return [_SHORT, "", *numbered(meshes, links), *_prefixed(_unhealthy(status["links"]))]


def _prefixed(lines: Sequence[str]) -> List[str]:
    return ["", *lines] if lines else []


def _unhealthy(links: Sequence[StatusLink]) -> List[str]:
    """The links that are not healthy, or not verified, as a table."""
    rows = [
        [link["from"], "->", link["to"], _cell(link, is_same=False)]
        for link in links
        if link["shown_state"] != "healthy"
    ]
    return _few("Links that are not healthy: state, imported of expected, age of the last sync", table(rows, INDENT))


def _cell(link: Optional[StatusLink], is_same: bool) -> str:
    """One link: its state, what is imported where anything should be, and the age of its last sync."""
    if is_same:
        return "-"
    if link is None:
        return "."
    state = "ok" if link["shown_state"] == "healthy" else link["shown_state"]
    parts = [f"{state} (seen from {link['seen_from']})" if link["seen_from"] else state]
    if link["imported"] or link["expected"]:
        parts.append(f"{len(link['imported'])}/{max(len(link['expected']), len(link['imported']))}")
    if link["sync_age_seconds"] is not None:
        parts.append(age(link["sync_age_seconds"]))
    return " ".join(parts)


def _meshes(meshes: Sequence[StatusMesh]) -> List[str]:
    """One row for each mesh."""
    rows = [["mesh", "control plane", "version", "trust domain", "root expires in"]]
    rows += [
        [
            mesh["mesh"],
            _control_plane(mesh),
            mesh["version"] or "-",
            mesh["trust_domain"] or "-",
            "-" if mesh["root_days"] is None else count(mesh["root_days"], "day"),
        ]
        for mesh in meshes
    ]
    return ["Meshes", *table(rows, INDENT)]


def _control_plane(mesh: StatusMesh) -> str:
    if mesh["by_file"]:
        return "known by an identity file"
    if not mesh["readable"]:
        return "unknown"
    return f"{mesh['namespace']}/{mesh['control_plane']}{'' if mesh['ready'] else ' (not ready)'}"


# -- services, drift, unmanaged objects --------------------------------------------------------------------------------


def _services(links: Sequence[StatusLink]) -> List[str]:
    """A row for each import, then for each export that its consumer does not import."""
    rows = [
        [service["host"] or service["name"], f"in {link['from']}", f"from {link['to']}{_fault(link)}"]
        for link in links
        for service in link["imported"]
    ]
    rows += [
        [service["name"], f"for {link['from']}", f"from {link['to']}, not imported{_reason(link, service['name'])}"]
        for link in links
        for service in link["exported"]
        if service["name"] not in {imported["name"] for imported in link["imported"]}
    ]
    return table(rows, INDENT)


def _fault(link: StatusLink) -> str:
    """The state of a link over which requests cannot be relied on."""
    return "" if link["healthy"] else f": {link['state']}"


def _reason(link: StatusLink, name: str) -> str:
    if name in link["expected"]:
        return ""
    return ": no import rule matches it" if link["connected"] is not None else f": {link['from']} is unknown"


def _drift(drift: Sequence[Difference]) -> List[str]:
    """Each object with its fields below it, the values side by side."""
    by_object: Dict[Tuple[str, str], List[Difference]] = {}
    for row in drift:
        note = "" if row["change"] else ", not changed by federate.yml"
        owner = f" ({row['owner']}{note})" if row["owner"] != "ours" or note else ""
        place = f"{row['kind']} {row['namespace']}/{row['name']}{owner}"
        by_object.setdefault((row["mesh"], place), []).append(row)
    lines: List[str] = []
    for (mesh, place), rows in by_object.items():
        lines += wrapped(f"{mesh}: {place}", INDENT)
        for row in rows:
            field = f"{row['field']}: " if row["field"] else ""
            lines += wrapped(f"{field}declared {_value(row['declared'])}, live {_value(row['live'])}", INDENT * 2, "  ")
    return lines


def _value(value: Any) -> str:
    """A value in one line, shortened."""
    if value is None:
        return "not set"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}..."


def _unmanaged(status: FederationStatus) -> List[str]:
    lines: List[str] = []
    for row in status["unmanaged"]:
        managers = f" (managed by {', '.join(row['managers'])})" if row["managers"] else ""
        text = f"{row['mesh']}: {row['kind']} {row['namespace']}/{row['name']}{managers}: {row['message']}"
        lines += wrapped(text, INDENT)
    return lines
