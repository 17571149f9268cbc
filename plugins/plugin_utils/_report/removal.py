# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the report of a removal, as data and text, with the proof that nothing is left. Pure."""

from __future__ import annotations

from typing import Dict, List, Literal, Mapping, Optional, Sequence, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import istiod_name
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_exports, read_imports
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.objects import BUILDERS, ORDER
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.pairs import live_pairs, pair_names
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.plan import by_host
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import LivePair, RemovalPlan
from ansible_collections.ossm.federation.plugins.plugin_utils._report import changes as change_report
from ansible_collections.ossm.federation.plugins.plugin_utils._report.causes import causes
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
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import count, listed, wrapped
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Cause, Change

RESTART, PROOF = "removal_restarts", "facts_after"
#: What the tasks of a removal register, by what it is about.
RESULTS = (*ORDER, RESTART, PROOF)
RemovalVerdict = Literal["REMOVED", "PLANNED", "NOTHING TO REMOVE", "INCOMPLETE", "FAILED"]


class RemovalReport(TypedDict):
    """All facts of a removal. ``pairs`` are the names of meshes of each pair that goes, ``left`` what a second reading has found
    of them by mesh, ``undisturbed`` the number of links that stayed connected all the time. ``failures`` are messages by host."""

    verdict: RemovalVerdict
    headline: str
    check_mode: bool
    pairs: List[List[str]]
    causes: List[Cause]
    problems: List[Problem]
    changes: List[Change]
    left: Dict[str, List[str]]
    undisturbed: int
    elsewhere: List[str]
    failures: Dict[str, str]
    lines: List[str]
    details: List[str]


def announcement(plan: RemovalPlan) -> List[str]:
    """What goes, mesh by mesh, before the first write."""
    lines = [
        f"{plan['meshes'][host]['mesh']}, for {pair['peer']}: {listed(_parts(pair), most=10)}"
        for host, pairs in by_host(plan).items()
        for pair in pairs
    ]
    return [line for text in lines for line in wrapped(text)]


def unconfirmed(plan: RemovalPlan) -> List[str]:
    """The report of a run that was not confirmed."""
    request = plan["request"]
    pairs = _pairs(plan)
    if not pairs:
        return [f"NOTHING TO REMOVE  {_nothing(plan)}"]
    first = f"PLANNED  {count(len(pairs), 'pair')} would be removed. Nothing was changed."
    confirm = f"To remove, run again with -e federation_confirm={request['confirmation']}"
    notes = _note_lines(plan, list(by_host(plan)))
    return [first, "", *announcement(plan), *(["", *notes] if notes else []), "", confirm]


def report(plan: RemovalPlan, results: Results, check_mode: bool = False) -> RemovalReport:
    """Judge a removal by what its tasks have registered, by subject and host."""
    changes = _changes(plan, results)
    left = {} if check_mode else _left(plan, results)
    problems = _problems(plan, results, left, check_mode)
    pairs, grouped = _pairs(plan), causes(problems, [])
    verdict = _verdict(pairs, changes, has_errors(problems), check_mode)
    sentence = change_report.count_sentence(change_report.count_objects(changes), check_mode)
    headline = f"{_headline(plan, verdict, pairs)} {sentence}"
    undisturbed = 0 if check_mode else count_undisturbed(plan, results.get(PROOF, {}), _restarted(results))
    proof = [] if check_mode else _proof_lines(plan, results, left, undisturbed)
    summary = change_report.summary_lines(changes, check_mode, gateways="removed")
    blocks = (summary, [*proof, *_note_lines(plan, _restarted(results))])
    return {
        "verdict": verdict,
        "headline": headline,
        "check_mode": check_mode,
        "pairs": pairs,
        "causes": grouped,
        "problems": problems,
        "changes": changes,
        "left": left,
        "undisturbed": undisturbed,
        "elsewhere": plan["elsewhere"],
        "failures": failures(mesh_names(plan), problems),
        "lines": [*wrapped(f"{verdict}  {headline}"), *paragraphs(grouped, blocks)],
        "details": change_report.object_details(changes, check_mode),
    }


def stats(report: RemovalReport) -> Json:
    """What a workflow gets of a removal, by name."""
    whole: Json = {**report}
    keys = ("verdict", "headline", "pairs", "causes", "problems", "changes", "left", "undisturbed", "elsewhere")
    return {"federation_removal": {key: whole[key] for key in keys}}


def _parts(pair: LivePair) -> List[str]:
    """What a mesh has of a pair, in words."""
    imported = len(read_imports(pair["import_set"])["imported"])
    exported = len(read_exports(pair["export_set"]))
    parts = []
    if pair["import_set"] is not None:
        parts.append(f"ImportedServiceSet ({count(imported, 'service')} imported)")
    if pair["export_set"] is not None:
        parts.append(f"ExportedServiceSet ({count(exported, 'service')} exported)")
    if pair["peer_object"] is not None:
        parts.append("ServiceMeshPeer")
    parts += [f"ConfigMap {dig(obj, 'metadata', 'name')}" for obj in pair["config_maps"]]
    return parts + ([f"gateways {' and '.join(pair['gateways'])}"] if pair["gateways"] else [])


def _pairs(plan: RemovalPlan) -> List[List[str]]:
    """The pairs that go, each with the names of both meshes."""
    return pair_names(mesh_names(plan), by_host(plan))


def _changes(plan: RemovalPlan, results: Results) -> List[Change]:
    """What was changed. That an export set was emptied is no news where it was deleted as well."""
    names = {pair["peer"]: pair["peer"] for pairs in plan["pairs"].values() for pair in pairs}
    written = [
        results.get(task, {}).get(host) or {} for task in (*BUILDERS, RESTART) for host in sorted(plan["meshes"])
    ]
    changes = change_report.read_changes(written, names)
    deleted = {(one["mesh"], one["kind"], one["name"]) for one in changes if one["verb"] == "deleted"}
    return [
        one for one in changes if one["verb"] == "deleted" or (one["mesh"], one["kind"], one["name"]) not in deleted
    ]


def _left(plan: RemovalPlan, results: Results) -> Dict[str, List[str]]:
    """What a second reading has found of the pairs that went, by name of the mesh."""
    left: Dict[str, List[str]] = {}
    for host, pairs in by_host(plan).items():
        facts = results.get(PROOF, {}).get(host)
        if facts is None:
            continue
        names = {pair["peer_name"] for pair in pairs}
        gateways = {name for pair in pairs for name in pair["gateways"]}
        found = [part for pair in live_pairs(facts) if pair["peer_name"] in names for part in _parts(pair)]
        for one in facts.get("additional_objects") or []:
            found += [
                f"{one['kind']} {name}"
                for name in sorted(gateways & {str(dig(obj, "metadata", "name")) for obj in one["objects"]})
            ]
        if found:
            left[plan["meshes"][host]["mesh"]] = found
    return left


def _problems(plan: RemovalPlan, results: Results, left: Mapping[str, List[str]], check_mode: bool) -> List[Problem]:
    """Every problem once: of the plan, of the tasks, and what is left although no task has failed."""
    problems = list(plan["warnings"])
    for host, mesh in sorted(plan["meshes"].items()):
        of_tasks = task_problems(results, RESULTS, host)
        problems += of_tasks
        if mesh["mesh"] in left and not has_errors(of_tasks):
            what, where = listed(left[mesh["mesh"]], most=6), f"namespace {mesh['namespace']}"
            problems.append(problem("removal-incomplete", mesh["mesh"], where, f"it still has {what}"))
    if not check_mode:
        problems += disturbed(plan, results.get(PROOF, {}), _restarted(results))
    return distinct(problems)


def _verdict(
    pairs: Sequence[List[str]], changes: Sequence[Change], is_failed: bool, check_mode: bool
) -> RemovalVerdict:
    if is_failed:
        return "INCOMPLETE" if changes else "FAILED"
    if not pairs:
        return "NOTHING TO REMOVE"
    return "PLANNED" if check_mode else "REMOVED"


def _headline(plan: RemovalPlan, verdict: RemovalVerdict, pairs: Sequence[List[str]]) -> str:
    if verdict == "NOTHING TO REMOVE":
        return _nothing(plan)
    names = "; ".join(" - ".join(pair) for pair in pairs[:3])
    more = f" and {len(pairs) - 3} more" if len(pairs) > 3 else ""
    return f"{count(len(pairs), 'pair')}: {names}{more}."


def _nothing(plan: RemovalPlan) -> str:
    """What there is nothing of."""
    names = plan["request"]["meshes"]
    return f"No mesh has anything of {' - '.join(names) if names else 'a federation'}."


def _proof_lines(plan: RemovalPlan, results: Results, left: Mapping[str, List[str]], undisturbed: int) -> List[str]:
    """What the second reading proves."""
    read = [
        plan["meshes"][host]["mesh"]
        for host, pairs in by_host(plan).items()
        if results.get(PROOF, {}).get(host) and plan["meshes"][host]["mesh"] not in left
    ]
    lines = []
    if read:
        lines += wrapped(
            f"Read again: no object, gateway, Service or Deployment of the removed pairs is left in {listed(read, most=10)}."
        )
    if undisturbed:
        lines += wrapped(f"{count(undisturbed, 'other link')} stayed connected all the time.")
    return lines


def _restarted(results: Results) -> List[str]:
    return [host for host, one in sorted(results.get(RESTART, {}).items()) if one.get("restarted")]


def _note_lines(plan: RemovalPlan, fresh: Sequence[str]) -> List[str]:
    """What is left to people: other sides, the inventory, what istiod keeps in memory; ``fresh`` are the hosts whose istiod does
    not keep it."""
    notes = list(plan["elsewhere"])
    if plan["identity_files"]:
        notes.append(
            f"Our identity for meshes that are removed is withdrawn: {', '.join(plan['identity_files'])}. Their administrators "
            "delete their copies."
        )
    if plan["still_declared"] and _pairs(plan):
        pairs = "; ".join(" - ".join(pair) for pair in plan["still_declared"][:3])
        notes.append(
            f"The inventory still declares {pairs}: the next federate.yml connects them again. Take the mesh out of the "
            "group, or set mesh_peers without it on both sides."
        )
    keeps = [
        plan["meshes"][host]
        for host, pairs in by_host(plan).items()
        if host not in fresh and plan["meshes"][host]["control_plane"] and any(pair["peer_object"] for pair in pairs)
    ]
    if keeps:
        commands = [
            f"oc rollout restart deployment/{istiod_name(one['control_plane'] or '')} -n {one['namespace']}"
            for one in keeps
        ]
        notes.append(
            f"istiod of {listed([one['mesh'] for one in keeps], most=10)} trusts the removed roots until it restarts. A removal with "
            f"federation_restart_control_plane restarts it; afterwards: {'; '.join(commands)}"
        )
    return [line for note in notes for line in wrapped(note)]


def restarts(plan: RemovalPlan) -> List[str]:
    """The hosts whose istiod is restarted at the end: a pair goes, and the variable allows it."""
    allowed: Optional[Sequence[str]] = plan["options"].get("federation_restart_control_plane")
    return [host for host in by_host(plan) if host in (allowed or []) and plan["meshes"][host]["control_plane"]]
