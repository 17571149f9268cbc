# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from what all steps of all meshes returned to what a run says at its end. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product import steps, types as product_types
from ansible_collections.ossm.federation.plugins.module_utils._product.links import LinkExpectation
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.drift import find_drift
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._report import links as link_report
from ansible_collections.ossm.federation.plugins.plugin_utils._run import expectations, restarts as istiod_restarts
from ansible_collections.ossm.federation.plugins.plugin_utils._run.changes import DONE, change_lines

Results = Mapping[str, Mapping[str, Json]]

#: The steps that write, in their order, by the variable that holds each host's result.
WRITING = steps.WRITING
#: The readings of links, the newest last.
READING = ("links", "imports", "links_again")
#: The restarts of istiod; their results say what was written as those of WRITING do.
RESTART = "restarts"
#: All of them.
RESULTS = (*WRITING, *READING, RESTART)



def tell(
    plan: Plan, results: Results, facts: Mapping[str, Json], check_mode: bool = False, judge_links: bool = True
) -> Json:
    """Judge a run. Without ``judge_links`` no host fails because of a link: the run was of other steps.

    ``results`` are what the steps registered, by variable and host; ``facts`` are MeshFacts by host. Returns ``links``
    (see ``_report.links``), ``changes`` (mesh, kind, namespace, name, verb, fields), ``problems``, ``roots`` (those of
    every mesh by host, see ``_product.certificates.Root``), ``connected`` (a number of links), ``pending`` (words), ``failures``
    (words by host) and ``lines``: the changes, the problems and, last, the matrix.
    """
    links = link_report.links(plan, _readings(plan, results))
    changes = _changes(plan, results)
    kept = _kept(plan, results, facts, check_mode)
    problems = _problems(plan, results, facts) + kept
    restarts_help = {(one["mesh"], one["peer"]): one["remedy"] for one in kept}
    for link in links:
        # What waiting would bring, or another look, is no advice for what only a restart does.
        link["remedy"] = link["remedy"] if link["healthy"] else restarts_help.get((link["from"], link["to"]), link["remedy"])
    patient = [link for link in links if not link["healthy"] and not link["failed"]]
    told = change_lines(changes, check_mode) + [product_types.problem_line(one) for one in problems]
    return {
        "links": links,
        "changes": changes,
        "problems": problems,
        "roots": {host: mesh["roots"] for host, mesh in sorted(plan["meshes"].items())},
        "connected": sum(1 for link in links if link["connected"]),
        "pending": [_link_words(link) for link in patient],
        "failures": _failures(plan, links, problems, check_mode or not judge_links),
        "lines": [*told, "", *link_report.matrix(links).splitlines()],
    }


def link_options(plan: Plan, host: str, results: Results, expect: bool) -> List[LinkExpectation]:
    """What peer_wait is to wait for; with ``expect`` also for what the other meshes were seen to offer."""
    written = [results.get(name, {}).get(host) for name in WRITING]
    readings = _readings(plan, results) if expect else None
    return expectations.wait_links(plan, host, readings, expectations.changed_at(written), expectations.roots_changed_at(written))


def restarts(plan: Plan, results: Results, facts: Mapping[str, Json]) -> List[str]:
    """The hosts whose istiod is to be restarted, after the links were waited for: where it helps and is asked for."""
    return istiod_restarts.to_restart(plan, _needs(plan, results, facts))


def _needs(plan: Plan, results: Results, facts: Mapping[str, Json]) -> List[product_types.Problem]:
    """What istiods do not take up, in the light of all that this run has written and read."""
    changed = {host: expectations.changed_at([results.get(name, {}).get(host) for name in WRITING])
               for host in plan["meshes"]}
    fresh = {host: [{"name": name} for name in one["pods"]] for host, one in results.get(RESTART, {}).items()
             if one.get("restarted")}
    return istiod_restarts.needs(plan, _readings(plan, results), facts, changed, fresh)


def _kept(plan: Plan, results: Results, facts: Mapping[str, Json], check_mode: bool) -> List[Problem]:
    """What istiods do not take up, as problems; a check run foretells it, so nothing has failed yet."""
    found = _needs(plan, results, facts)
    if not check_mode:
        return found
    later = "Run without check mode: it is restarted then"
    return [product_types.with_changes(one, severity="warning", remedy=later if istiod_restarts.to_restart(plan, [one]) else None)
            for one in found]


def _readings(plan: Plan, results: Results) -> Dict[str, Json]:
    """The newest reading of each link; that of KNOW where nothing was waited for."""
    found: Dict[str, Json] = {host: _standing(plan, host, one) for host, one in (plan.get("readings") or {}).items()}
    for name in READING:
        for host, result in results.get(name, {}).items():
            found[host] = expectations.newest(found.get(host), result)
    return found


def _standing(plan: Plan, host: str, reading: Json) -> Json:
    """What KNOW has read of one mesh, without the links that this run waits for: they may have changed since."""
    if "report" not in plan["pending_steps"]:
        return reading
    awaited = {link["peer_name"] for link in expectations.wait_links(plan, host)}
    return {**reading, "links": [link for link in reading["links"] if link["peer_name"] not in awaited]}


def _changes(plan: Plan, results: Results) -> List[Json]:
    return [
        {key: one.get(key) for key in ("mesh", "kind", "namespace", "name", "verb", "fields")}
        for name in (*WRITING, RESTART)
        for host in sorted(plan["meshes"])
        for one in (results.get(name, {}).get(host) or {}).get("objects") or []
        if one["verb"] in DONE
    ]


def _problems(plan: Plan, results: Results, facts: Mapping[str, Json]) -> List[Problem]:
    """Every problem once: of the plan, of meshes, of pairs, of the readings, and objects of others that differ."""
    found = list(plan["warnings"])
    for host, mesh in sorted(plan["meshes"].items()):
        found += mesh["problems"]
        for _peer, side in sorted(plan["sides"][host].items()):
            found += side["problems"]
        if mesh["in_play"]:
            found += find_drift(plan, host, facts.get(host) or {})
        for name in (*READING, RESTART):
            found += (results.get(name, {}).get(host) or {}).get("problems") or []
    # A wrong network view is a warning as long as nothing is written; then requests fail, and that is said instead.
    failing = {(one["mesh"], one.get("peer")) for one in found if one["code"] == "network-view" and one["severity"] == "error"}
    return list({product_types.problem_line(one): one for one in found if one["severity"] == "error" or one["code"] != "network-view"
                 or (one["mesh"], one.get("peer")) not in failing}.values())


def _failures(plan: Plan, links: Sequence[Json], problems: Sequence[Problem], check_mode: bool) -> Dict[str, str]:
    """Words of all that is wrong with the meshes of this run, by host. A check run judges no link: nothing was written."""
    patience = not plan["options"].get("federation_fail_on_pending")
    told: Dict[str, List[str]] = {}
    hosts = {mesh["mesh"]: host for host, mesh in plan["meshes"].items() if mesh["in_play"]}
    for one in problems:
        if one["severity"] == "error" and one["mesh"] in hosts:
            told.setdefault(hosts[one["mesh"]], []).append(product_types.problem_line(one))
    for link in links:
        host = link["to_host"] if link["seen_from"] else link["from_host"]
        if host in hosts.values() and not check_mode and (link["failed"] or (not link["healthy"] and not patience)):
            told.setdefault(host, []).append(_link_words(link))
    return {host: "\n".join(message) for host, message in told.items()}


def _link_words(link: Json) -> str:
    remedy = f". {link['remedy'].rstrip('.')}." if link["remedy"] else ""
    return f"{link['from']} -> {link['to']}: {link['state']}: {link['message']}{remedy}"
