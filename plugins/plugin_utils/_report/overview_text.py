# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the text of an overview. Pure."""

from __future__ import annotations

from typing import Dict, List, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._report import ports as port_matrix_report
from ansible_collections.ossm.federation.plugins.plugin_utils._report.sharing import all_shared, sharing_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import (
    INDENT,
    WIDTH,
    count,
    listed,
    problem_lines,
    table,
    wrapped,
)

#: What an apply would do, by verb; None where the mesh was not read.
_VERBS = (("create", "create"), ("change", "change"), ("unchanged", "unchanged"), (None, "write unless present"))


def overview_lines(preview: Json) -> List[str]:
    """The overview: what will be written, problems, meshes, gateways, objects by kind, ports. Errors come first."""
    lines = wrapped(_headline(preview))
    if preview["problems"]:
        lines += ["", *problem_lines(preview["problems"])]
    lines += ["", *_meshes(preview), "", *_gateways(preview), "", *_objects(preview), ""]
    shared = sharing_lines(preview["sharing"])
    lines += [*shared, *([""] if shared else []), *_ports(preview)]
    if preview["collisions"]:
        lines += ["", "Names that several meshes export"]
        lines += [line for collision in preview["collisions"] for line in wrapped(collision["message"], INDENT)]
    return lines


def overview_details(preview: Json) -> List[str]:
    """Every object, and every shared service."""
    lines = ["", "Objects"] if preview["objects"] else []
    for row in preview["objects"]:
        content = f" ({row['message']})" if row["message"] else ""
        text = f"{row['mesh']}: {(row['verb'] or 'write').ljust(9)} {row['kind']} {row['namespace'] or '?'}/{row['name']}{content}"
        lines += [f"{INDENT}{text}"] if len(INDENT + text) <= WIDTH else wrapped(text, INDENT)
    return lines + all_shared(preview["sharing"])


def _headline(preview: Json) -> str:
    """Whether federate.yml would write, and how much."""
    errors = sum(1 for problem in preview["problems"] if problem["severity"] == "error")
    verdict = f"REJECTED  {count(errors, 'error')}: federate.yml would write nothing." if errors else "PLAN "
    numbers = f"{count(len(preview['meshes']), 'mesh').replace('meshs', 'meshes')}, {count(preview['links'], 'link')}."
    return f"{verdict} {numbers} Objects: {_object_counts(preview)}. {preview['load_balancers']['message']}."


def _object_counts(preview: Json) -> str:
    verbs = [row["verb"] for row in preview["objects"]]
    numbers = [
        f"{verbs.count(verb)} to {text}" if verb != "unchanged" else f"{verbs.count(verb)} unchanged"
        for verb, text in _VERBS
        if verb in verbs
    ]
    return ", ".join(numbers) or "none"


def _meshes(preview: Json) -> List[str]:
    rows = [["mesh", "control plane", "trust domain", "platform"]]
    for mesh in preview["meshes"]:
        place = "/".join(part for part in (mesh["namespace"] or "?", mesh["control_plane"]) if part)
        rows.append([mesh["mesh"], place, mesh["trust_domain"] or "?", mesh["platform"] or "?"])
    notes = [line for mesh in preview["meshes"] for line in wrapped(f"{mesh['mesh']}: {mesh['message']}")]
    return [*table(rows), "", *notes]


def _gateways(preview: Json) -> List[str]:
    """The ingress gateways, and once for each mesh why they are reached like this."""
    ingress = [gateway for gateway in preview["gateways"] if gateway["direction"] == "ingress"]
    if not ingress:
        return ["No gateways"]
    balancers = sum(1 for gateway in ingress if gateway["exposure"] == "LoadBalancer")
    rows = [
        [
            gateway["mesh"],
            gateway["name"],
            gateway["state"] or "not read",
            gateway["exposure"] or "?",
            gateway["scope"] or "",
        ]
        for gateway in ingress
    ]
    reasons: Dict[str, List[str]] = {}
    for gateway in ingress:
        reasons.setdefault(gateway["message"], []).append(gateway["mesh"])
    lines = [
        f"Gateways: {len(ingress)} for ingress, {balancers} of them behind load balancers; one egress gateway for each of them",
        *table(rows, INDENT),
    ]
    return lines + [
        line
        for reason, meshes in reasons.items()
        for line in wrapped(f"{listed(sorted(set(meshes)))}: {reason}", INDENT)
    ]


def _objects(preview: Json) -> List[str]:
    """One line per mesh: numbers of objects by what an apply would do and by kind."""
    by_mesh: Dict[str, List[Json]] = {}
    for row in preview["objects"]:
        by_mesh.setdefault(row["mesh"], []).append(row)
    lines = ["Objects (each with -v)"]
    for mesh, rows in by_mesh.items():
        lines += wrapped(f"{mesh}: {'; '.join(_kinds(rows))}", INDENT)
    for side in preview["pending"]:
        lines += wrapped(f"{side['mesh']} for {side['peer']}: {side['message']}", INDENT)
    return lines


def _kinds(rows: Sequence[Json]) -> List[str]:
    parts = []
    for verb, text in _VERBS:
        names: Dict[str, Set[Tuple[str, str]]] = {}
        for row in rows:
            if row["verb"] == verb:
                names.setdefault(row["kind"], set()).add((row["namespace"], row["name"]))
        if names:
            parts.append(f"{text} " + ", ".join(count(len(objects), kind) for kind, objects in sorted(names.items())))
    return parts


def _ports(preview: Json) -> List[str]:
    heading = "Ports: TCP on layer 4 from end to end; no proxy, TLS endpoint or PROXY protocol in between"
    return [heading, *port_matrix_report.as_lines(preview["ports"])]
