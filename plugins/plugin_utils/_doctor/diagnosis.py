# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from what was read to a ladder per link, and the causes of what is broken. Pure."""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES, PAGE
from ansible_collections.ossm.federation.plugins.module_utils._product.rungs import RUNGS, Rung
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import collisions
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor import (
    addresses,
    effects,
    network,
    objects,
    services,
    trust,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.causes import find_causes
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.healing import with_healing
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.outcomes import Outcome
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.requests import is_unproven, requests_of
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.types import (
    DiagnosedCause,
    Diagnosis,
    Ladder,
    RungResult,
    Verdict,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.view import Link, end_of
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.drift import find_drift
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import list_sides
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import count
from ansible_collections.ossm.federation.plugins.plugin_utils._run import restarts

#: The judge of each rung, in the order of the table.
JUDGES: Dict[str, Callable[[Link], List[Outcome]]] = {
    "declared": objects.declared,
    "applied": objects.applied,
    "control-plane-ready": objects.control_plane_ready,
    "gateway-pods-ready": objects.gateway_pods_ready,
    "address-published": addresses.address_published,
    "address-equals": addresses.address_equals,
    "name-resolves": network.name_resolves,
    "tcp-open": network.tcp_open,
    "tls": network.tls,
    "root-equals": trust.root_equals,
    "identity-expected": trust.identity_expected,
    "allowed": trust.allowed,
    "watching": effects.watching,
    "synced": effects.synced,
    "exported": services.exported,
    "imported": services.imported,
    "serving": services.serving,
}
#: The states of a rung, the one that counts first.
_STATES = ("failed", "unknown", "skipped", "passed")
#: Version of the document.
VERSION = 1

Outcomes = Dict[str, List[Outcome]]


def diagnose(
    plan: Plan,
    facts: Mapping[str, Json],
    readings: Mapping[str, Json],
    network_results: Mapping[str, Json],
    probes: Mapping[str, Json],
) -> Diagnosis:
    """Judge every rung of every link.

    ``facts`` are MeshFacts by host, ``readings`` results of peer_info by host (see ``readings.read_links``), ``network_results`` those of
    network_check, ``probes`` those of request_probe, both by host; a host without a result was not looked at.
    """
    links = _links(plan, facts, readings, network_results, probes)
    judged = [(link, _outcomes(link)) for link in links]
    ladders = [_ladder(link, outcomes) for link, outcomes in judged]
    causes = with_healing(plan, facts, find_causes(plan, judged, probes))
    errors = [cause for cause in causes if cause["severity"] == "error"]
    broken = sum(ladder["broken"] for ladder in ladders)
    return {
        "version": VERSION,
        "verdict": _verdict(ladders, errors),
        "headline": _headline(ladders, broken, errors),
        "links": len(ladders),
        "broken": broken,
        "ladders": ladders,
        "causes": causes,
        "failures": _failures(plan, errors, ladders),
    }


def _links(
    plan: Plan,
    facts: Mapping[str, Json],
    readings: Mapping[str, Json],
    network_results: Mapping[str, Json],
    probes: Mapping[str, Json],
) -> List[Link]:
    kept = restarts.needs(_complete(plan), readings, facts)
    findings = _findings(plan, facts)
    shared = {
        host: collisions({link["peer"]: link["imported"] for link in (readings.get(host) or {}).get("links") or []})
        for host in plan["sides"]
    }
    ends = {(side["host"], side["peer_host"]): end_of(plan, side, facts, readings) for side in list_sides(plan)}
    links = []
    for side in list_sides(plan):
        watching, watched = ends[side["host"], side["peer_host"]], ends[side["peer_host"], side["host"]]
        pair = {side["mesh"], side["peer"]}
        links.append(
            Link(
                watching,
                watched,
                [problem for problem in kept if {problem["mesh"], problem.get("peer")} == pair],
                [problem for problem in findings if _is_about(problem, pair)],
                _rows(network_results.get(side["host"]), "checks", side["peer"]),
                requests_of(probes.get(side["host"]), side["peer"]),
                shared[side["host"]],
            )
        )
    return links


def _complete(plan: Plan) -> Plan:
    """The plan as if every side could be written: what istiod keeps does not depend on that."""
    sides: Dict[str, Dict[str, Side]] = {
        host: {peer: {**side, "state": "ready"} for peer, side in by_peer.items()}
        for host, by_peer in plan["sides"].items()
    }
    return {**plan, "sides": sides}


def _findings(plan: Plan, facts: Mapping[str, Json]) -> List[Problem]:
    """The problems of plan, pairs and objects; what keeps a whole mesh from being read is a cause of its own."""
    found = [*plan["problems"], *plan["warnings"]]
    for side in list_sides(plan):
        found += side["problems"]
    for host, mesh in plan["meshes"].items():
        if mesh["readable"] and not mesh["by_file"]:
            found += [problem for problem in mesh["problems"] if problem["severity"] == "error"]
            found += find_drift(plan, host, facts.get(host) or {})
    return found


def _is_about(problem: Problem, pair: set[str]) -> bool:
    """Whether a problem concerns a pair: one of a whole mesh concerns all of its pairs."""
    peer = problem.get("peer")
    return problem["mesh"] in pair and (peer is None or peer in pair)


def _rows(result: Optional[Json], key: str, peer: str) -> Optional[List[Json]]:
    """What a module has seen of one peer; None where it did not look."""
    return None if result is None else [row for row in result.get(key) or [] if row["peer"] == peer]


def _outcomes(link: Link) -> Outcomes:
    """What each judge says; a symptom below something that is known to be wrong is no failure of its own."""
    outcomes = {name: judge(link) for name, judge in JUDGES.items()}
    is_explained = any(one.state == "failed" and not one.is_symptom for found in outcomes.values() for one in found)
    first = True
    for name, found in outcomes.items():
        kept = []
        for one in found:
            if one.state == "failed" and one.is_symptom and (is_explained or not first):
                one = one._replace(state="skipped", message=f"explained by another rung: {one.message}")
            first = first and not (one.state == "failed" and one.is_symptom)
            kept.append(one)
        outcomes[name] = kept
    return outcomes


def _ladder(link: Link, outcomes: Outcomes) -> Ladder:
    failed = False
    rungs: List[RungResult] = []
    for name, found in outcomes.items():
        one = min(found, key=lambda outcome: _STATES.index(outcome.state))
        if failed and RUNGS[name].is_effect and one.state == "unknown":
            one = one._replace(state="skipped")
        rungs.append(_rung(link, RUNGS[name], one))
        failed = failed or one.state == "failed"
    side = link.watching.side
    return {
        "from": side["mesh"],
        "to": side["peer"],
        "from_host": side["host"],
        "to_host": side["peer_host"],
        "broken": failed,
        "rungs": rungs,
    }


def _rung(link: Link, rung: Rung, outcome: Outcome) -> RungResult:
    own, other = link.watching.name, link.watched.name
    credentials = {"from": [own], "to": [other], "both": [own, other], "none": []}[rung.credentials]
    is_failed = outcome.state == "failed"
    code = outcome.code if outcome.state in ("failed", "unknown") else ""
    return {
        "rung": rung.name,
        "state": outcome.state,
        "code": code,
        "mesh": outcome.mesh if is_failed else "",
        "object": outcome.place if is_failed else "",
        "field": outcome.field if is_failed else "",
        "value": outcome.value if is_failed else None,
        "expected": outcome.expected if is_failed else None,
        "message": outcome.message,
        "needs": (outcome.needs or rung.needs) if outcome.state == "unknown" else "",
        "credentials": credentials,
        "seen_from": rung.place,
        "remedy": (outcome.remedy or CODES[outcome.code].fix) if is_failed else "",
        "docs": f"{PAGE}#{code}" if code else rung.anchor,
    }


def _verdict(ladders: Sequence[Ladder], causes: Sequence[DiagnosedCause]) -> Verdict:
    if any(ladder["broken"] for ladder in ladders):
        return "BROKEN"
    is_known = all(
        rung["state"] in ("passed", "skipped")
        for ladder in ladders
        for rung in ladder["rungs"]
        if rung["rung"] in ("applied", "watching")
    )
    is_proven = not any(is_unproven(rung) for ladder in ladders for rung in ladder["rungs"])
    return "HEALTHY" if is_known and is_proven and not causes else "UNKNOWN"


def _headline(ladders: Sequence[Ladder], broken: int, causes: Sequence[DiagnosedCause]) -> str:
    links = count(len(ladders), "link")
    summaries = list(dict.fromkeys(cause["summary"] for cause in causes))
    more = f" and {len(summaries) - 2} more" if len(summaries) > 2 else ""
    reason = f": {'; '.join(summaries[:2])}{more}" if summaries else ""
    if not broken:
        return f"No rung of {links} is known to be broken{reason}."
    return f"{broken} of {links} broken, {count(len(causes), 'cause')}{reason}."


def _failures(plan: Plan, causes: Sequence[DiagnosedCause], ladders: Sequence[Ladder]) -> Dict[str, str]:
    """Why each mesh of this run fails, by host: the codes of the causes that its administrator corrects, and of the requests that were
    wanted and could not be sent."""
    found = {
        host: [f"{count(len(codes), 'cause')} [{_listed(codes)}]"]
        for host, codes in _codes_of_causes(plan, causes).items()
    }
    unproven: Dict[str, List[str]] = {}
    for ladder in ladders:
        codes = [rung["code"] for rung in ladder["rungs"] if is_unproven(rung)]
        if codes:
            unproven.setdefault(ladder["from_host"], []).extend(codes)
    for host, codes in unproven.items():
        found.setdefault(host, []).append(f"requests not proven [{_listed(codes)}]")
    return {host: f"{', '.join(reasons)}. See the report above." for host, reasons in sorted(found.items())}


def _codes_of_causes(plan: Plan, causes: Sequence[DiagnosedCause]) -> Dict[str, List[str]]:
    """By host of this run, the codes of the causes that its administrator corrects."""
    codes: Dict[str, List[str]] = {}
    hosts = {mesh["mesh"]: host for host, mesh in plan["meshes"].items() if mesh["in_play"]}
    for cause in causes:
        meshes = cause["mesh"].split(", ")
        others = [link[end] for link in cause["links"] for end in ("from", "to")]
        responsible = [hosts[mesh] for mesh in meshes if mesh in hosts] or [
            hosts[mesh] for mesh in others if mesh in hosts
        ][:1]
        for host in responsible:
            codes.setdefault(host, []).extend(cause["codes"])
    return codes


def _listed(codes: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(codes))
