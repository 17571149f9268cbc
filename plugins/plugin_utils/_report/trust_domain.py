# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the report of a change of trust domains, as data and text, with the proof of each stage. Pure."""

from __future__ import annotations

from typing import Dict, List, Literal, Mapping, Optional, Sequence, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import WorkloadFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._report import changes as change_report
from ansible_collections.ossm.federation.plugins.plugin_utils._report.causes import causes
from ansible_collections.ossm.federation.plugins.plugin_utils._report.runs import (
    Results,
    distinct,
    failures,
    has_errors,
    paragraphs,
    task_problems,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import INDENT, count, listed, wrapped
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Cause, Change
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain import tasks
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.plan import RESTART
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.types import (
    STAGES,
    ChangedMesh,
    Stage,
    TrustDomainPlan,
)

TrustVerdict = Literal["CHANGED", "IN PROGRESS", "PLANNED", "NOTHING TO CHANGE", "INCOMPLETE", "FAILED"]
_TITLES: Dict[Stage, str] = {
    "accept": "1 of 4, both trust domains are accepted",
    "switch": "2 of 4, the new one is the mesh's own",
    "workloads": "3 of 4, workloads get the new identity",
    "complete": "4 of 4, the former one goes",
}
_MOST = 10


class MeshChange(TypedDict):
    """The change of one mesh: ``next`` is the stage that is left (None: complete), ``workloads`` those with a former identity, ``proof`` has by
    stage what was read after it."""

    mesh: str
    former: List[str]
    trust_domain: str
    next: Optional[Stage]
    proof: Dict[str, str]
    pods: Optional[int]
    former_pods: Optional[int]
    workloads: List[WorkloadFacts]


class TrustDomainReport(TypedDict):
    """All facts of a run. ``failures`` are messages by host."""

    verdict: TrustVerdict
    headline: str
    check_mode: bool
    meshes: List[MeshChange]
    unchanged: Dict[str, str]
    causes: List[Cause]
    problems: List[Problem]
    changes: List[Change]
    failures: Dict[str, str]
    lines: List[str]
    details: List[str]


def announcement(plan: TrustDomainPlan) -> List[str]:
    """Which domains change, and where each mesh is, before the first write."""
    return [
        line
        for dummy, mesh in sorted(plan["meshes"].items())
        for line in wrapped(f"{mesh['mesh']}: {_path(mesh)}; next is stage {_TITLES[mesh['stage']]}")
    ]


def report(plan: TrustDomainPlan, results: Results, check_mode: bool = False) -> TrustDomainReport:
    """Judge a run by what its tasks have registered, by subject and host."""
    meshes = {host: _mesh_change(plan, host, results, check_mode) for host in sorted(plan["meshes"])}
    problems = _problems(plan, results, meshes)
    changes = _changes(plan, results)
    grouped = causes(problems, [], [plan["hosts"][host] for host in plan["unread"]])
    verdict = _verdict(list(meshes.values()), changes, has_errors(problems), check_mode)
    sentence = change_report.count_sentence(change_report.count_objects(changes), check_mode)
    headline = f"{_headline(plan, list(meshes.values()), verdict)} {sentence}"
    blocks = [_mesh_lines(plan, host, change, check_mode) for host, change in meshes.items()]
    return {
        "verdict": verdict,
        "headline": headline,
        "check_mode": check_mode,
        "meshes": list(meshes.values()),
        "unchanged": plan["unchanged"],
        "causes": grouped,
        "problems": problems,
        "changes": changes,
        "failures": failures(plan["hosts"], problems),
        "lines": [*wrapped(f"{verdict}  {headline}"), *paragraphs(grouped, blocks)],
        "details": change_report.object_details(changes, check_mode),
    }


def stats(summary: TrustDomainReport) -> Json:
    """What a workflow gets, by name."""
    whole: Json = {**summary}
    keys = ("verdict", "headline", "meshes", "unchanged", "causes", "problems", "changes")
    return {"federation_trust_domain": {key: whole[key] for key in keys}}


def _path(mesh: ChangedMesh) -> str:
    state = mesh["state"]
    return f"{' and '.join(state['former']) or state['domain']} to {state['target']}"


def _mesh_change(plan: TrustDomainPlan, host: str, results: Results, check_mode: bool) -> MeshChange:
    """What became of one mesh."""
    mesh = plan["meshes"][host]
    identities = results.get(tasks.WORKLOADS, {}).get(host) or {}
    return {
        "mesh": mesh["mesh"],
        "former": mesh["state"]["former"],
        "trust_domain": mesh["state"]["target"],
        "next": mesh["stage"] if check_mode else tasks.next_stage(mesh, host, results),
        "proof": _proof(mesh, host, results, check_mode),
        "pods": identities.get("pods"),
        "former_pods": identities.get("former"),
        "workloads": identities.get("workloads") or [],
    }


def _proof(mesh: ChangedMesh, host: str, results: Results, check_mode: bool) -> Dict[str, str]:
    """What was read after each stage that is complete."""
    proof: Dict[str, str] = {}
    config = f"ConfigMap istio-{mesh['control_plane']}"
    for stage, task in (("accept", tasks.ACCEPTED), ("switch", tasks.SWITCHED), ("complete", tasks.COMPLETED)):
        read = results.get(task, {}).get(host) or {}
        if not read.get("complete"):
            continue
        aliases = f"the aliases {', '.join(read['aliases'])}" if read["aliases"] else "no alias"
        proof[stage] = f"{config} has the trust domain {read['trust_domain']} and {aliases}"
        if stage == "switch":
            pods = count(len(read["gateways"]), "gateway pod")
            gateways = f"; {pods} with the new identity, none with a former one" if read["gateways"] else ""
            proof[stage] += f" since {read['changed_at']}{gateways}"
    read = results.get(tasks.WORKLOADS, {}).get(host) or {}
    if read.get("complete") and (not check_mode or mesh["stage"] == "workloads"):
        proof["workloads"] = f"{count(read['pods'], 'pod')} with a proxy, none with a former identity"
    return {stage: proof[stage] for stage in STAGES if stage in proof}


def _changes(plan: TrustDomainPlan, results: Results) -> List[Change]:
    """What was changed; the control plane once, with all fields of all stages."""
    written = [
        results.get(task, {}).get(host) or {}
        for host in sorted(plan["meshes"])
        for task in (tasks.ACCEPT, tasks.SWITCH, tasks.WORKLOADS, tasks.COMPLETE)
    ]
    merged: Dict[tuple[str, str, str], Change] = {}
    for change in change_report.read_changes(written, {}):
        key = (change["mesh"], change["kind"], f"{change['namespace']}/{change['name']}")
        known = merged.setdefault(key, change)
        known["fields"] = sorted({*known["fields"], *change["fields"]})
    return list(merged.values())


def _problems(plan: TrustDomainPlan, results: Results, meshes: Mapping[str, MeshChange]) -> List[Problem]:
    """Every problem once: of the plan, of the tasks, and what other field managers have to do."""
    problems = list(plan["warnings"])
    for host in sorted(plan["meshes"]):
        problems += task_problems(results, tasks.ORDER, host)
        owners = tasks.foreign_owners(plan, host, results)
        if owners and meshes[host]["next"] == "complete":
            problems.append(_owned_aliases(plan["meshes"][host], owners))
    return distinct(problems)


def _owned_aliases(mesh: ChangedMesh, owners: Sequence[str]) -> Problem:
    """The former domain is an alias that another field manager owns."""
    former, names = ", ".join(mesh["state"]["former"]), ", ".join(owners)
    where = f"ServiceMeshControlPlane {mesh['namespace']}/{mesh['control_plane']}"
    return problem(
        "conflict",
        mesh["mesh"],
        where,
        f"no pod has the identity of {former} any more, and the field manager {names} owns spec.security.trust.additionalDomains",
        f"Remove {former} from it where {names} has it from, or set federation_force_conflicts",
    )


def _verdict(
    meshes: Sequence[MeshChange], changes: Sequence[Change], is_failed: bool, check_mode: bool
) -> TrustVerdict:
    if is_failed:
        return "INCOMPLETE" if changes else "FAILED"
    if not meshes:
        return "NOTHING TO CHANGE"
    if check_mode:
        return "PLANNED"
    return "IN PROGRESS" if any(mesh["next"] for mesh in meshes) else "CHANGED"


def _headline(plan: TrustDomainPlan, meshes: Sequence[MeshChange], verdict: TrustVerdict) -> str:
    if not meshes:
        kept = [f"{name} has {domain}" for name, domain in sorted(plan["unchanged"].items())]
        return f"{listed(kept) or 'No mesh was read'}."
    done = sum(mesh["next"] is None for mesh in meshes)
    names = "; ".join(f"{mesh['mesh']} to {mesh['trust_domain']}" for mesh in meshes[:3])
    more = f" and {len(meshes) - 3} more" if len(meshes) > 3 else ""
    numbers = "" if verdict in ("PLANNED", "CHANGED") else f"{done} of "
    return f"{numbers}{count(len(meshes), 'trust domain')}: {names}{more}."


def _mesh_lines(plan: TrustDomainPlan, host: str, change: MeshChange, check_mode: bool) -> List[str]:
    """One mesh: the proof of each stage, what has a former identity, and what is next."""
    mesh = plan["meshes"][host]
    lines = wrapped(f"{change['mesh']}: {_path(mesh)}")
    for stage, text in change["proof"].items():
        lines += wrapped(f"Stage {_TITLES[stage]}: {text}.", INDENT) if stage in _TITLES else []
    lines += _workload_lines(change)
    if check_mode:
        lines += wrapped(f"Next: stage {_TITLES[mesh['stage']]}.", INDENT)
    elif change["next"]:
        lines += wrapped(f"Next: stage {_TITLES[change['next']]}. {_advice(plan, host, change)}", INDENT)
    return lines


def _workload_lines(change: MeshChange) -> List[str]:
    """The workloads that have pods with a former identity, by namespace."""
    by_namespace: Dict[str, List[WorkloadFacts]] = {}
    for workload in change["workloads"]:
        by_namespace.setdefault(workload["namespace"], []).append(workload)
    lines: List[str] = []
    for namespace, workloads in sorted(by_namespace.items()):
        former, pods = sum(len(one["former"]) for one in workloads), sum(one["pods"] for one in workloads)
        names = [
            f"{one['kind']} {one['name']}" + (f" ({one['message']})" if one["message"] else "") for one in workloads
        ]
        lines += wrapped(
            f"Namespace {namespace}: {former} of {count(pods, 'pod')} with a former identity: {listed(names, most=_MOST)}",
            INDENT,
        )
    return lines


def _advice(plan: TrustDomainPlan, host: str, change: MeshChange) -> str:
    """What a person does so that the next stage is done."""
    if change["next"] == "workloads" and change["workloads"]:
        own = [one for one in change["workloads"] if not one["message"]]
        if not own:
            return "Replace these pods, then run again."
        if plan["meshes"][host]["restart"]:
            return f"Restart these workloads, or add their namespaces to {RESTART}, then run again."
        return f"Run again with {RESTART} (true, or a list of namespaces), or restart these workloads and run again."
    if STAGES.index(plan["last"]) < STAGES.index(change["next"] or "complete"):
        return f"This run ends after stage {plan['last']} (federation_trust_domain_stage)."
    return "Run again when the cause above is corrected."
