# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the status of a federation as one document, from its plan and what was read once. Pure.

The plan is that of a run that writes nothing: it says what is declared. The links are judged as they are.
"""

from __future__ import annotations

import datetime
from typing import Dict, List, Mapping, NamedTuple, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import VERSION as COLLECTION
from ansible_collections.ossm.federation.plugins.module_utils._product.times import format_time
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.comparison import find_differences
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._report import conditions, result, status_parts
from ansible_collections.ossm.federation.plugins.plugin_utils._report.causes import causes
from ansible_collections.ossm.federation.plugins.plugin_utils._report.changes import count_objects
from ansible_collections.ossm.federation.plugins.plugin_utils._report.runs import distinct
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import (
    VERSION,
    FederationStatus,
    StatusCounts,
    StatusLink,
    StatusVerdict,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import count
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Cause, Counts, Link
from ansible_collections.ossm.federation.plugins.plugin_utils._run.readings import live_readings


class Judged(NamedTuple):
    """The document, and the reasons of the hosts that fail, by host."""

    status: FederationStatus
    failures: Dict[str, str]


def judge_status(plan: Plan, facts: Mapping[str, Json], now: datetime.datetime) -> Judged:
    """Judge a planned federation as it is. ``facts`` are MeshFacts by host, ``now`` is the time of the controller, with its zone."""
    read = status_parts.collect(live_readings(plan, facts), facts, now)
    plan = read.plan
    links, problems = result.judge(plan, {}, facts, as_they_are=True)
    found = conditions.Findings(
        links,
        distinct([*plan["problems"], *problems]),
        [row for host in read.hosts for row in find_differences(plan, host, facts[host])],
        [row for host in read.hosts for row in status_parts.find_unmanaged(read, host)],
    )
    by_word = conditions.find_conditions(plan, found)
    fail_on: List[str] = list(plan["options"]["federation_fail_on"])
    failing = conditions.failing(by_word, fail_on)
    unread = {mesh["mesh"] for mesh in plan["meshes"].values() if not mesh["readable"]}
    grouped = causes(found.problems, links, unread)
    described = status_parts.describe_links(read, links, found.drift)
    status: FederationStatus = {
        "version": VERSION,
        "generated": format_time(now),
        "collection": COLLECTION,
        "group": plan["group"],
        "verdict": _verdict(plan, found),
        "headline": _headline(found, grouped),
        "conditions": {word: len(meshes) for word, meshes in by_word.items()},
        "fail_on": fail_on,
        "failing": failing,
        "counts": _counts(plan, found, described),
        "meshes": [
            status_parts.describe_mesh(read, host, _problems_of(found.problems, mesh["mesh"]))
            for host, mesh in sorted(plan["meshes"].items())
        ],
        "links": described,
        "drift": list(found.drift),
        "unmanaged": list(found.unmanaged),
        "causes": grouped,
        "problems": list(found.problems),
    }
    return Judged(status, conditions.failures(plan, by_word, failing))


def stats(status: FederationStatus) -> Json:
    """What a workflow gets of a status, by name; the files have the rest."""
    whole: Json = {**status}
    keys = ("version", "generated", "group", "verdict", "headline", "conditions", "failing", "counts", "causes")
    return {"federation_status": {key: whole[key] for key in keys}}


def _problems_of(problems: Sequence[Problem], mesh: str) -> List[Problem]:
    return [one for one in problems if one["mesh"] == mesh]


def _verdict(plan: Plan, found: conditions.Findings) -> StatusVerdict:
    """One word for the federation. A mesh outside of the run that cannot be read is no error of the run, but nothing is healthy by it."""
    verdict = result.find_verdict(plan, found.links, found.problems)
    if verdict != "FAILED" and conditions.find_unread(plan):
        return "DEGRADED" if any(link["healthy"] for link in found.links) else "FAILED"
    is_drifted = any(map(conditions.is_drift, found.drift))
    return "DRIFTED" if verdict == "HEALTHY" and is_drifted else verdict


def _headline(found: conditions.Findings, grouped: Sequence[Cause]) -> str:
    """The numbers of the links and the causes, and how much has drifted."""
    drifted = [row for row in found.drift if conditions.is_drift(row)]
    numbers = result.headline(_numbers(found.links), found.links, grouped)
    if not drifted:
        return numbers
    number = len({row["mesh"] for row in drifted})
    return f"{numbers} {count(len(drifted), 'field')} drifted in {number} {'mesh' if number == 1 else 'meshes'}."


def _numbers(links: Sequence[Link]) -> Counts:
    return result.count_links(links, count_objects([]))


def _counts(plan: Plan, found: conditions.Findings, described: Sequence[StatusLink]) -> StatusCounts:
    numbers = _numbers(found.links)
    return {
        "meshes": len(plan["meshes"]),
        "readable": sum(1 for mesh in plan["meshes"].values() if mesh["readable"]),
        "links": numbers["links"],
        "healthy": numbers["healthy"],
        "unverified": numbers["unverified"],
        "states": numbers["states"],
        "imported": sum(len(link["imported"]) for link in described),
        "missing": sum(len(link["missing"]) for link in described),
        "drift": sum(map(conditions.is_drift, found.drift)),
        "unmanaged": len(found.unmanaged),
        "errors": sum(1 for one in found.problems if one["severity"] == "error"),
        "warnings": sum(1 for one in found.problems if one["severity"] == "warning"),
    }
