# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the causes of broken links: each once, however many links it affects. Pure."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES, PAGE
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.outcomes import Outcome
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.requests import LEFT
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.types import DiagnosedCause
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.view import Link
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan

#: Codes of a value that all peers of a mesh have of it.
_OF_ONE_MESH = ("root-differs", "trust-domain-differs")

Judged = Sequence[Tuple[Link, Mapping[str, List[Outcome]]]]


def find_causes(plan: Plan, judged: Judged, probes: Mapping[str, Json]) -> List[DiagnosedCause]:
    """The causes in the order of the rungs that they break, then meshes that could not be read, then as warnings what probes have left."""
    found: Dict[str, DiagnosedCause] = {}
    order: Dict[str, Tuple[int, str]] = {}
    for link, outcomes in judged:
        for index, failed in enumerate(outcomes.values()):
            for outcome in failed:
                if outcome.state == "failed":
                    key = _key(outcome)
                    cause = found.setdefault(key, _cause(outcome))
                    _extend(cause, outcome)
                    order[key] = min(order.get(key, (index, outcome.mesh)), (index, outcome.mesh))
                    _affect(cause, link)
    causes = [found[key] for key in sorted(found, key=lambda key: order[key])]
    return [*causes, *_unread(plan, judged), *_left(plan, probes)]


def _key(outcome: Outcome) -> str:
    """What outcomes of one cause have in common: the wrong value, or what reports it, and the fix. What a mesh has changed of itself is
    one cause, however many peers have its former value."""
    symptom = outcome.message if outcome.is_symptom else ""
    place = [outcome.expected, outcome.remedy] if outcome.code in _OF_ONE_MESH else [outcome.mesh, outcome.place]
    return json.dumps([outcome.code, *place, outcome.field, outcome.value, symptom], default=str)


def _cause(outcome: Outcome) -> DiagnosedCause:
    meaning = CODES[outcome.code].meaning
    return {
        "severity": "error",
        "mesh": outcome.mesh,
        "codes": [outcome.code],
        "summary": f"{outcome.mesh}: {meaning[0].lower()}{meaning[1:]}",
        "findings": [{"where": [f"{outcome.place} {outcome.field}".strip()], "message": outcome.message}],
        "remedy": outcome.remedy or CODES[outcome.code].fix,
        "links": [],
        "object": outcome.place,
        "field": outcome.field,
        "value": outcome.value,
        "expected": outcome.expected,
        "docs": f"{PAGE}#{outcome.code}",
        "healing": {"safe": False, "by": "", "hosts": [], "reason": ""},
    }


def _extend(cause: DiagnosedCause, outcome: Outcome) -> None:
    """Add another object with the same wrong value."""
    where, places = f"{outcome.place} {outcome.field}".strip(), cause["findings"][0]["where"]
    if where not in places:
        places.append(where)
        cause["mesh"] = ", ".join(dict.fromkeys([*cause["mesh"].split(", "), outcome.mesh]))


def _affect(cause: DiagnosedCause, link: Link) -> None:
    affected = {(row["from"], row["to"]) for row in cause["links"]}
    ends = (link.watching.name, link.watched.name)
    if ends not in affected:
        cause["links"].append(
            {"from": ends[0], "to": ends[1], "state": "connected" if link.watching.is_connected else "down"}
        )


def _unread(plan: Plan, judged: Judged) -> List[DiagnosedCause]:
    """The meshes that could not be read, with the reason: their links are not known."""
    causes: List[DiagnosedCause] = []
    for mesh in plan["meshes"].values():
        if mesh["readable"] or mesh["by_file"]:
            continue
        for problem in mesh["problems"]:
            if problem["severity"] != "error":
                continue
            outcome = Outcome(
                "failed", problem["message"], problem["code"], mesh["mesh"], problem["where"], remedy=problem["remedy"]
            )
            cause = _cause(outcome)
            cause["summary"] = f"{mesh['mesh']} cannot be read"
            for link, _outcomes in judged:
                if mesh["mesh"] in (link.watching.name, link.watched.name):
                    _affect(cause, link)
            causes.append(cause)
    return causes


def _left(plan: Plan, probes: Mapping[str, Json]) -> List[DiagnosedCause]:
    """The Jobs that probes could not remove. They break no link, so they are warnings."""
    causes: List[DiagnosedCause] = []
    for host, result in sorted(probes.items()):
        mesh = plan["meshes"][host]["mesh"]
        for problem in result.get("problems") or []:
            if problem["code"] == LEFT:
                left = Outcome("failed", problem["message"], LEFT, mesh, problem["where"], remedy=problem["remedy"])
                causes.append({**_cause(left), "severity": "warning"})
    return causes


def shown(value: Any) -> str:
    """A value as a report shows it."""
    if value is None:
        return "none"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
