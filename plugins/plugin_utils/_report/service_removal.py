# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the report of the removal of a service, as data and text, with the proof that it is gone. Pure."""

from __future__ import annotations

from typing import Dict, List, Literal, Mapping, Sequence, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import is_shared
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_objects import ORDER
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_plan import KINDS, LiveSet, requested
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_rules import rule_text
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import Cut, ServicePlan
from ansible_collections.ossm.federation.plugins.plugin_utils._report import changes as change_report
from ansible_collections.ossm.federation.plugins.plugin_utils._report.causes import causes
from ansible_collections.ossm.federation.plugins.plugin_utils._report.findings import rejection_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._report.removal_parts import (
    count_undisturbed,
    disturbed,
    mesh_names,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.runs import (
    Results,
    distinct,
    failures,
    has_errors,
    paragraphs,
    task_problems,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import (
    INDENT,
    as_yaml,
    count,
    listed,
    problem_lines,
    wrapped,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Cause, Change

PROOF = "service_facts"
#: What the tasks register, by what it is about.
RESULTS = (*ORDER, PROOF)
_WRITES = ("service_traffic", "service_imports", "service_peers", "service_exports")
Verdict = Literal["REMOVED", "PLANNED", "NOTHING TO REMOVE", "INCOMPLETE", "FAILED"]
_VERBS = {"imports": "imported", "exports": "exported"}


class ServiceReport(TypedDict):
    """All facts of the removal of a service. ``consumers`` are the meshes from which it is removed, ``left`` what a second reading has
    found of it by mesh, ``undisturbed`` the number of links that stayed connected all the time, ``inventory`` the entries that
    bring it back. ``failures`` are messages by host."""

    verdict: Verdict
    headline: str
    check_mode: bool
    service: str
    exporter: str
    consumers: List[str]
    causes: List[Cause]
    problems: List[Problem]
    changes: List[Change]
    left: Dict[str, List[str]]
    undisturbed: int
    elsewhere: List[str]
    inventory: List[Json]
    failures: Dict[str, str]
    lines: List[str]
    details: List[str]


def announcement(plan: ServicePlan) -> List[str]:
    """What changes, mesh by mesh, before the first write; consumers first."""
    cuts = [(plan["meshes"][host]["mesh"], cut) for host, cuts in sorted(plan["cuts"].items()) for cut in cuts]
    cuts.sort(key=lambda pair: (pair[1]["kind"] != "imports", pair[0]))
    return [line for mesh, cut in cuts for line in wrapped(f"{mesh}, for {cut['peer']}: {_described(cut)}")]


def unconfirmed(plan: ServicePlan) -> List[str]:
    """The report of a run that was not confirmed."""
    blocks = [problem_lines(plan["warnings"]), _note_lines(plan)]
    rest = [line for block in blocks if block for line in ("", *block)]
    if not any(plan["cuts"].values()):
        return [f"NOTHING TO REMOVE  {_nothing(plan)}", *rest]
    service = requested(plan["request"]).text
    first = wrapped(f"PLANNED  {_headline(plan)} Nothing was changed.")
    return [*first, "", *announcement(plan), *rest, "", f"To remove, run again with -e federation_confirm={service}"]


def rejected(plan: ServicePlan) -> List[str]:
    """What stops the removal before the first write, with the entries of the inventory that have the service."""
    notes = _inventory_lines(plan)
    return [*rejection_lines(plan["problems"]), *(["", *notes] if notes else [])]


def report(plan: ServicePlan, results: Results, check_mode: bool = False) -> ServiceReport:
    """Judge the removal by what its tasks have registered, by subject and host."""
    after = {} if check_mode else results.get(PROOF, {})
    written = [results.get(task, {}).get(host) or {} for task in _WRITES for host in sorted(plan["meshes"])]
    changes = change_report.read_changes(written, {mesh["mesh"]: mesh["mesh"] for mesh in plan["meshes"].values()})
    left = _left(plan, after)
    problems = _problems(plan, results, left)
    problems = distinct([*problems, *disturbed(plan, after, ())])
    grouped, undisturbed = causes(problems, []), count_undisturbed(plan, after, ())
    verdict = _verdict(plan, changes, problems, check_mode)
    sentence = change_report.count_sentence(change_report.count_objects(changes), check_mode)
    headline = f"{_nothing(plan) if verdict == 'NOTHING TO REMOVE' else _headline(plan)} {sentence}"
    proof = _proof_lines(plan, after, left, undisturbed)
    blocks = (change_report.summary_lines(changes, check_mode), [*proof, *_note_lines(plan)])
    return {
        "verdict": verdict,
        "headline": headline,
        "check_mode": check_mode,
        "service": requested(plan["request"]).text,
        "exporter": plan["request"]["exporter"],
        "consumers": _consumers(plan),
        "causes": grouped,
        "problems": problems,
        "changes": changes,
        "left": left,
        "undisturbed": undisturbed,
        "elsewhere": plan["elsewhere"],
        "inventory": [{**line} for line in plan["lines"]],
        "failures": failures(mesh_names(plan), problems),
        "lines": [*wrapped(f"{verdict}  {headline}"), *paragraphs(grouped, blocks)],
        "details": change_report.object_details(changes, check_mode),
    }


def stats(report_of_run: ServiceReport) -> Json:
    """What a workflow gets, by name."""
    whole: Json = {**report_of_run}
    without = ("check_mode", "failures", "lines", "details")
    return {"federation_removal": {key: value for key, value in whole.items() if key not in without}}


def _described(cut: Cut) -> str:
    """What becomes of a set, in words."""
    parts = [f"{KINDS[cut['kind']]} {cut['peer_name']}"]
    if cut["removed"]:
        parts.append(f"without the rule {listed([rule_text(rule) for rule in cut['removed']])}")
    parts.append(f"{_VERBS[cut['kind']]} now" if cut["listed"] else f"not {_VERBS[cut['kind']]} now")
    return ", ".join(parts)


def _consumers(plan: ServicePlan) -> List[str]:
    """The meshes that lose the service."""
    return sorted(
        {
            cut["peer"] if cut["kind"] == "exports" else plan["meshes"][host]["mesh"]
            for host, cuts in plan["cuts"].items()
            for cut in cuts
        }
    )


def _headline(plan: ServicePlan) -> str:
    service, exporter = requested(plan["request"]).text, plan["request"]["exporter"]
    return f"{service} of {exporter}, from {listed(_consumers(plan), most=10) or 'no mesh'}."


def _nothing(plan: ServicePlan) -> str:
    request = plan["request"]
    where = request["consumer"] or "any mesh"
    return f"No set has {requested(request).text} of {request['exporter']} for {where}."


def _left(plan: ServicePlan, after: Mapping[str, Json]) -> Dict[str, List[str]]:
    """What a second reading has found of the service, in the sets that were to lose it, by name of the mesh."""
    left: Dict[str, List[str]] = {}
    for host, cuts in plan["cuts"].items():
        facts: Json = after.get(host) or {}
        for cut in cuts:
            live = by_name(facts.get(cut["kind"])).get(cut["peer_name"])
            found = _traces(plan, LiveSet(cut["kind"], cut["peer"], live)) if live is not None else []
            if found:
                left.setdefault(plan["meshes"][host]["mesh"], []).extend(found)
    return left


def _traces(plan: ServicePlan, live_set: LiveSet) -> List[str]:
    service, name = requested(plan["request"]), f"{KINDS[live_set.kind]} {live_set.name}"
    traces = [f"the rule {rule_text(rule)} in {name}" for rule in live_set.without(service).removed]
    return traces + [f"{exported} in the status of {name}" for exported in live_set.listed(service)]


def _problems(plan: ServicePlan, results: Results, left: Mapping[str, List[str]]) -> List[Problem]:
    """The problems of the plan, of the tasks, and what is left although nothing says why."""
    problems = list(plan["warnings"])
    for host in sorted(plan["meshes"]):
        problems += task_problems(results, RESULTS, host)
    if has_errors(problems):
        return problems
    for mesh, traces in sorted(left.items()):
        where = f"service {requested(plan['request']).text}"
        problems.append(problem("removal-incomplete", mesh, where, f"it still has {listed(traces, most=6)}"))
    return problems


def _verdict(plan: ServicePlan, changes: Sequence[Change], problems: Sequence[Problem], check_mode: bool) -> Verdict:
    if has_errors(problems):
        return "INCOMPLETE" if changes else "FAILED"
    if not any(plan["cuts"].values()):
        return "NOTHING TO REMOVE"
    return "PLANNED" if check_mode else "REMOVED"


def _proof_lines(
    plan: ServicePlan, after: Mapping[str, Json], left: Mapping[str, List[str]], undisturbed: int
) -> List[str]:
    """What the second reading proves."""
    service = requested(plan["request"]).text
    read = [plan["meshes"][host]["mesh"] for host, cuts in plan["cuts"].items() if cuts and host in after]
    clean = sorted(mesh for mesh in read if mesh not in left)
    lines = []
    if clean:
        lines += wrapped(f"Read again: no rule and no status of {listed(clean, most=10)} has {service}.")
    if undisturbed:
        lines += wrapped(f"{count(undisturbed, 'link')} stayed connected all the time.")
    return lines


def _note_lines(plan: ServicePlan) -> List[str]:
    """What is left to people: other sides, and the inventory."""
    notes = [line for note in plan["elsewhere"] for line in wrapped(note)]
    inventory = _inventory_lines(plan)
    return [*notes, *([""] if notes and inventory else []), *inventory]


def _inventory_lines(plan: ServicePlan) -> List[str]:
    """The entries of the inventory that bring the service back."""
    if not plan["lines"]:
        return []
    lines = wrapped("The inventory still declares it: the next federate.yml brings it back. Remove:")
    for line in plan["lines"]:
        notes = ["it selects other services too: name those instead"] if line["is_wide"] else []
        remedy = "name those as its consumers" if is_shared(line["where"]) else "give those their own list"
        notes += [f"it is also for {listed(line['others'])}: {remedy}"] if line["others"] else []
        remark = f" ({'; '.join(notes)})" if notes else ""
        lines += wrapped(f"{line['mesh']}: {line['where']}{remark}", INDENT)
        lines += [f"{INDENT * 2}{text}" for text in as_yaml(line["written"]).splitlines()]
    return lines
