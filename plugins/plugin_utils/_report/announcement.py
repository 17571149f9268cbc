# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a run is about to do, before its first write. Pure."""

from __future__ import annotations

from typing import List, Mapping, Optional, Sequence, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions, versions
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import colons
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.sharing import sharing
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Exposure, Plan, PlannedMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._report.sharing import sharing_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import problem_lines, table, wrapped

#: Hexadecimal digits of a fingerprint that a table shows.
_SHORT = 12


class MeshRow(TypedDict):
    """One mesh of the table; what could not be read is None."""

    mesh: str
    version: Optional[str]
    openshift: Optional[str]
    platform: Optional[str]
    exposure: str
    fingerprints: List[str]
    note: str


class Announcement(TypedDict):
    """``lines`` are the text; ``details`` are the shared services and the full fingerprints."""

    meshes: List[MeshRow]
    problems: List[Problem]
    lines: List[str]
    details: List[str]


def announcement(plan: Plan, facts: Mapping[str, Json]) -> Announcement:
    """What runs where, how it is reached and why, how many load balancers will be created, and every warning.

    ``facts`` are MeshFacts by host.
    """
    rows = [_row(plan, host, facts.get(host) or {}) for host in sorted(plan["meshes"])]
    problems = _problems(plan)
    lines = _table(rows)
    if plan["exposure_lines"]:
        lines += ["", *(line for reason in plan["exposure_lines"] for line in wrapped(reason))]
    lines += ["", *wrapped(f"{plan['load_balancers']['message']}.")]
    lines += [line for note in (*plan["notices"], *plan["unmanaged_gateways"]) for line in wrapped(note)]
    if problems:
        lines += ["", *problem_lines(problems)]
    roots = [line for mesh in plan["meshes"].values() for root in mesh["root_lines"] for line in wrapped(root)]
    shared = sharing_lines(sharing(plan, facts))
    details = [line for paragraph in (shared, roots) if paragraph for line in ("", *paragraph)]
    return {"meshes": rows, "problems": problems, "lines": lines, "details": details}


def _problems(plan: Plan) -> List[Problem]:
    """What keeps this run from writing a mesh or a pair, and the warnings."""
    problems = list(plan["warnings"])
    for host, mesh in sorted(plan["meshes"].items()):
        if mesh["in_play"]:
            problems += mesh["problems"]
            problems += [problem for _peer, side in sorted(plan["sides"][host].items()) for problem in side["problems"]]
    return problems


def _row(plan: Plan, host: str, facts: Json) -> MeshRow:
    mesh = plan["meshes"][host]
    version = versions.version_of(facts.get("control_plane") or {}) if facts.get("control_plane") else None
    return {
        "mesh": mesh["mesh"],
        "version": str(version) if version else None,
        "openshift": _openshift(facts),
        "platform": mesh["platform"] if mesh["readable"] and not mesh["by_file"] else None,
        "exposure": ", ".join(_exposures(plan, host)),
        "fingerprints": [root["sha256"] for root in mesh["roots"]],
        "note": _note(mesh),
    }


def _openshift(facts: Json) -> Optional[str]:
    """The version of OpenShift, ``none`` on plain Kubernetes, None where it is not known."""
    is_plain = str(dig(facts, "openshift", "message") or "").startswith("plain Kubernetes")
    version = dig(facts, "openshift", "version")
    return str(version) if version else "none" if is_plain else None


def _exposures(plan: Plan, host: str) -> List[str]:
    """How the gateways of a mesh are reached, each way once; nothing where the platform could not be read."""
    if not plan["meshes"][host]["readable"]:
        return []
    return list(dict.fromkeys(_exposure(side["exposure"]) for _peer, side in sorted(plan["sides"][host].items())))


def _exposure(exposure: Exposure) -> str:
    if exposure["type"] != conventions.LOAD_BALANCER:
        return exposure["type"]
    if exposure["internal"] or exposure["public"]:
        return f"{'internal' if exposure['internal'] else 'public'} LoadBalancer"
    return exposure["type"]


def _note(mesh: PlannedMesh) -> str:
    if mesh["by_file"]:
        return "known by its identity file"
    if not mesh["readable"]:
        return "could not be read"
    return "" if mesh["in_play"] else "not part of this run"


def _table(rows: Sequence[MeshRow]) -> List[str]:
    """The meshes as a table; the last column has no heading."""
    heading = ["mesh", "version", "OpenShift", "platform", "exposure", "root SHA-256", ""]
    cells = [
        [
            row["mesh"],
            row["version"] or "?",
            row["openshift"] or "?",
            row["platform"] or "?",
            row["exposure"] or "?",
            _short(row["fingerprints"]),
            row["note"],
        ]
        for row in rows
    ]
    return table([heading, *cells])


def _short(fingerprints: Sequence[str]) -> str:
    """The beginning of the first fingerprint, and how many more there are."""
    if not fingerprints:
        return "?"
    more = f" +{len(fingerprints) - 1}" if len(fingerprints) > 1 else ""
    return f"{colons(fingerprints[0][:_SHORT])}...{more}"
