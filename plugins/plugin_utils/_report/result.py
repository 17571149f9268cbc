# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from the results of all steps of all meshes to the report of a run. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import steps
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    problem_line,
    with_changes,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.drift import find_drift
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.identity_note import is_live
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.traffic import (
    traffic_elsewhere,
    traffic_problems,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._report import (
    changes as change_report,
    links as link_report,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.causes import causes
from ansible_collections.ossm.federation.plugins.plugin_utils._report.matrix import matrix
from ansible_collections.ossm.federation.plugins.plugin_utils._report.runs import paragraphs, task_problems
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import (
    WIDTH,
    arrows,
    count,
    listed,
    problem_lines,
    wrapped,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import (
    Cause,
    Change,
    Counts,
    Link,
    Report,
    Verdict,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._run import expectations, restarts as istiod_restarts
from ansible_collections.ossm.federation.plugins.plugin_utils._run.traffic import TASKS, held_problems
from ansible_collections.ossm.federation.plugins.plugin_utils._run.waiting import READING, Results, newest_readings

#: The steps that write, in their order; their results have the objects that were written.
LINKING = steps.LINKING
#: The restarts of istiod; their results have the objects that were written as those of LINKING have.
RESTART = "restarts"
#: The step about requests: what it wrote and removed.
TRAFFIC_TASKS = tuple(TASKS)
#: All of them.
RESULTS = (*LINKING, *READING, RESTART, *TRAFFIC_TASKS)

#: The message of a link that a check run would create.
_REHEARSED = "its ServiceMeshPeer would be created"
#: Causes that the first line names.
_NAMED_CAUSES = 2


def report(
    plan: Plan, results: Results, facts: Mapping[str, Json], check_mode: bool = False, judge_links: bool = True
) -> Report:
    """Judge a run. ``results`` are what the steps registered, by what they are about (see ``_product.steps``) and host;
    ``facts`` are MeshFacts by host. Without ``judge_links`` no host fails because of a link: the run was of other steps."""
    links, problems = judge(plan, results, facts, check_mode)
    changes = _changes(plan, results)
    links = [_rehearsed(link, changes) for link in links] if check_mode else links
    objects = change_report.count_objects(changes)
    counts = count_links(links, objects)
    sentence = change_report.count_sentence(objects, check_mode)
    unreadable = {mesh["mesh"] for mesh in plan["meshes"].values() if not mesh["readable"]}
    to_explain = [link for link in links if link["message"] != _REHEARSED]
    grouped = causes(problems, to_explain, unreadable)
    verdict = find_verdict(plan, links, problems, (check_mode and bool(changes)) or not judge_links)
    numbers = headline(counts, to_explain, grouped)
    return {
        "verdict": verdict,
        "headline": f"{numbers} {sentence}",
        "check_mode": check_mode,
        "counts": counts,
        "causes": grouped,
        "problems": problems,
        "links": links,
        "changes": changes,
        "roots": {host: mesh["roots"] for host, mesh in sorted(plan["meshes"].items())},
        "connected": sum(1 for link in links if link["connected"]),
        "pending": [_link_text(link) for link in links if not link["healthy"] and not link["failed"]],
        "failures": _failures(plan, links, problems, check_mode or not judge_links),
        "lines": [*_first_lines(f"{verdict}  {numbers}", sentence), *_lines(grouped, links, changes, check_mode)],
        "details": _details(changes, problems, check_mode),
    }


def stats(summary: Report) -> Dict[str, Any]:
    """What a workflow gets of a report, by name; the names are ``STATS`` of ``_product.steps``."""
    parts = ("verdict", "headline", "counts", "causes", "problems", "links", "changes")
    return {
        "federation_connected": summary["connected"],
        "federation_pending": summary["pending"],
        "federation_report": {part: dict(summary)[part] for part in parts},
    }


def judge(
    plan: Plan, results: Results, facts: Mapping[str, Json], check_mode: bool = False, *, as_they_are: bool = False
) -> Tuple[List[Link], List[Problem]]:
    """The links and the problems of a run; ``as_they_are``: no run, the links as they were read (see ``_report.links``)."""
    kept = _kept(plan, results, facts, check_mode)
    if as_they_are:
        kept = [found for found in kept if found["code"] != "identity-kept" or _is_live(plan, facts, found)]
    problems = _problems(plan, results, facts, check_mode) + kept
    judged = link_report.links(plan, newest_readings(plan, results), as_they_are=as_they_are)
    links = link_report.with_failing_requests(judged, problems)
    return [_with_restart(link, kept) for link in links], problems


def _is_live(plan: Plan, facts: Mapping[str, Json], found: Problem) -> bool:
    """Whether the live ServiceMeshPeer of a problem has the desired identity; where it has another one, that is drift."""
    for host, mesh in plan["meshes"].items():
        for side in plan["sides"].get(host, {}).values():
            if (mesh["mesh"], side["peer"]) == (found["mesh"], found.get("peer")):
                return is_live(side, by_name(dig(facts, host, "peers")).get(side["peer_name"]))
    return False


def _with_restart(link: Link, kept: Sequence[Problem]) -> Link:
    """A link that only a restart of istiod corrects, with that remedy: waiting does not help it."""
    remedy = next(
        (problem["remedy"] for problem in kept if (problem["mesh"], problem.get("peer")) == (link["from"], link["to"])),
        None,
    )
    if remedy is None or link["healthy"]:
        return link
    corrected = link.copy()
    corrected["remedy"] = remedy
    return corrected


def _rehearsed(link: Link, changes: Sequence[Change]) -> Link:
    """A link whose ServiceMeshPeer this run would create is no failure of a check run."""
    is_created = any(
        change["kind"] == "ServiceMeshPeer"
        and change["verb"] == "created"
        and (change["mesh"], change["peer"]) == (link["from"], link["to"])
        for change in changes
    )
    if link["healthy"] or not is_created:
        return link
    rehearsed = link.copy()
    rehearsed.update({"state": "pending", "failed": False, "remedy": "Run without check mode", "message": _REHEARSED})
    return rehearsed


def count_links(links: Sequence[Link], objects: Mapping[str, int]) -> Counts:
    """The numbers of links, by state where they are not healthy, with those of objects by verb."""
    states: Dict[str, int] = {}
    for link in links:
        if not link["healthy"]:
            states[link["state"]] = states.get(link["state"], 0) + 1
    return {
        "links": len(links),
        "healthy": sum(1 for link in links if link["healthy"]),
        "unverified": sum(1 for link in links if link["unverified"]),
        "states": states,
        "created": objects["created"],
        "changed": objects["changed"],
        "deleted": objects["deleted"],
    }


def find_verdict(plan: Plan, links: Sequence[Link], problems: Sequence[Problem], will_change: bool = False) -> Verdict:
    """One word for the run. Links that a check run finds down before its changes are made are pending."""
    in_play = {mesh["mesh"] for mesh in plan["meshes"].values() if mesh["in_play"]}
    has_errors = any(
        problem["severity"] == "error" and problem["mesh"] in {*in_play, plan["group"]} for problem in problems
    )
    has_failed = any(link["failed"] for link in links) and not will_change
    if has_errors or has_failed:
        return "DEGRADED" if any(link["healthy"] for link in links) else "FAILED"
    return "HEALTHY" if all(link["healthy"] or link["state"] == "excluded" for link in links) else "PENDING"


def headline(counts: Counts, links: Sequence[Link], grouped: Sequence[Cause]) -> str:
    """The numbers of the links and the causes, for the first line."""
    numbers = [f"{counts['healthy']} of {count(counts['links'], 'link')} healthy"]
    if counts["unverified"]:
        numbers[0] += f" ({counts['unverified']} not verified)"
    numbers += [
        f"{number} {'with failing requests' if state == 'requests fail' else state}"
        for state, number in counts["states"].items()
    ]
    summaries = list(dict.fromkeys(cause["summary"] for cause in grouped if cause["severity"] == "error"))
    waits_for = sorted({link["to"] for link in links if link["state"] == "pending" and not link["failed"]})
    if waits_for:
        summaries.append(f"waiting for {listed(waits_for)}")
    more = f" and {len(summaries) - _NAMED_CAUSES} more" if len(summaries) > _NAMED_CAUSES else ""
    reason = f": {'; '.join(summaries[:_NAMED_CAUSES])}{more}" if summaries else ""
    return f"{', '.join(numbers)}{reason}."


def _first_lines(headline: str, sentence: str) -> List[str]:
    """Verdict, numbers and causes, and what was changed; in one line if it fits."""
    whole = f"{headline} {sentence}"
    return [whole] if len(whole) <= WIDTH else [*wrapped(headline), sentence]


def _lines(grouped: Sequence[Cause], links: Sequence[Link], changes: Sequence[Change], check_mode: bool) -> List[str]:
    """The report as text after its first lines: causes, links, changes."""
    return paragraphs(grouped, [matrix(links), change_report.summary_lines(changes, check_mode)])


def _details(changes: Sequence[Change], problems: Sequence[Problem], check_mode: bool) -> List[str]:
    """Every object with its fields and every single problem."""
    lines = change_report.object_details(changes, check_mode)
    return [*lines, "", "Problems", *problem_lines(problems)] if problems else lines


def restarts(plan: Plan, results: Results, facts: Mapping[str, Json]) -> List[str]:
    """The hosts whose istiod is restarted after the wait for the links: where it helps and is requested."""
    return istiod_restarts.to_restart(plan, _needs(plan, results, facts))


def _needs(plan: Plan, results: Results, facts: Mapping[str, Json]) -> List[Problem]:
    """What istiods have not accepted and will not, by all that this run has written and read."""
    changed = {
        host: expectations.changed_at([results.get(name, {}).get(host) for name in LINKING]) for host in plan["meshes"]
    }
    fresh = {
        host: [{"name": name} for name in one["pods"]]
        for host, one in results.get(RESTART, {}).items()
        if one.get("restarted")
    }
    return istiod_restarts.needs(plan, newest_readings(plan, results), facts, changed, fresh)


def _kept(plan: Plan, results: Results, facts: Mapping[str, Json], check_mode: bool) -> List[Problem]:
    """What only a restart of istiod corrects, as problems; in a check run nothing has failed yet, so they are warnings."""
    needs = _needs(plan, results, facts)
    return [_as_warning(plan, problem) for problem in needs] if check_mode else needs


def _as_warning(plan: Plan, problem: Problem) -> Problem:
    is_restarted = bool(istiod_restarts.to_restart(plan, [problem]))
    return with_changes(
        problem, severity="warning", remedy="Run without check mode, which restarts it" if is_restarted else None
    )


def _changes(plan: Plan, results: Results) -> List[Change]:
    written = [
        results.get(name, {}).get(host) or {}
        for name in (*LINKING, RESTART, *TRAFFIC_TASKS)
        for host in sorted(plan["meshes"])
    ]
    return change_report.read_changes(written, {host: mesh["mesh"] for host, mesh in plan["meshes"].items()})


def _problems(plan: Plan, results: Results, facts: Mapping[str, Json], check_mode: bool) -> List[Problem]:
    """Every problem once: of the plan, of meshes, of pairs, of the readings, and unmanaged objects that differ."""
    problems: List[Any] = list(plan["warnings"])
    for host, mesh in sorted(plan["meshes"].items()):
        problems += mesh["problems"]
        for _peer, side in sorted(plan["sides"].get(host, {}).items()):
            problems += side["problems"]
        problems += traffic_elsewhere(plan, host)
        if mesh["in_play"]:
            read = facts.get(host) or {}
            problems += find_drift(plan, host, read) + traffic_problems(plan, host, read)
            problems += [] if check_mode else held_problems(plan, host, read, results)
        problems += task_problems(results, (*READING, RESTART, *TRAFFIC_TASKS), host)
    # A wrong network view is a warning until something is written; requests fail then, and the error replaces the warning.
    failing = {(problem["mesh"], problem.get("peer")) for problem in problems if _is_view(problem, "error")}
    return list(
        {
            problem_line(problem): problem
            for problem in problems
            if not _is_view(problem, "warning") or (problem["mesh"], problem.get("peer")) not in failing
        }.values()
    )


def _is_view(problem: Problem, severity: str) -> bool:
    return problem["code"] == "network-view" and problem["severity"] == severity


def _failures(plan: Plan, links: Sequence[Link], problems: Sequence[Problem], check_mode: bool) -> Dict[str, str]:
    """Why each mesh of this run failed, by host; the report has the details. A check run judges no link: nothing was
    written. Requests that fail at a peer are an error of that peer."""
    errors: Dict[str, List[str]] = {}
    down: Dict[str, List[Link]] = {}
    hosts = {mesh["mesh"]: host for host, mesh in plan["meshes"].items() if mesh["in_play"]}
    for problem in problems:
        if problem["severity"] == "error" and problem["mesh"] in hosts:
            errors.setdefault(hosts[problem["mesh"]], []).append(problem["code"])
    for link in links:
        host = link["to_host"] if link["seen_from"] else link["from_host"]
        fails = link["failed"] or bool(plan["options"].get("federation_fail_on_pending") and not link["healthy"])
        if fails and host in hosts.values() and not check_mode and link["state"] != "requests fail":
            down.setdefault(host, []).append(link)
    return {host: _failure(errors.get(host, []), down.get(host, [])) for host in sorted({*errors, *down})}


def _failure(codes: Sequence[str], down: Sequence[Link]) -> str:
    """One line for the task that fails."""
    parts = [f"{count(len(codes), 'error')} [{', '.join(dict.fromkeys(codes))}]"] if codes else []
    by_state: Dict[str, List[Link]] = {}
    for link in down:
        by_state.setdefault(link["state"], []).append(link)
    parts += [f"{arrows([(link['from'], link['to']) for link in group])} {state}" for state, group in by_state.items()]
    return f"{'; '.join(parts)}. See the report above."


def _link_text(link: Link) -> str:
    fix = f". Fix: {link['remedy'].rstrip('.')}." if link["remedy"] else ""
    return f"{link['from']} -> {link['to']}: {link['state']}: {link['message']}{fix}"
