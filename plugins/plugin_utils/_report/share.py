# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the report of a run that shares services: the host names that consumers use, as data and text. Pure."""

from __future__ import annotations

from typing import Dict, List, Literal, Sequence, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.matching import exported_parts, imported_host
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, with_changes
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
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import (
    INDENT,
    arrows,
    count,
    listed,
    table,
    wrapped,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Cause, Change
from ansible_collections.ossm.federation.plugins.plugin_utils._share.tasks import (
    EXPORTS,
    IMPORTED,
    IMPORTS,
    PEERS,
    TASKS,
    find_set,
    offered,
    slow_reasons,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._share.types import SharedLink, SharePlan

ShareVerdict = Literal["SHARED", "PLANNED", "PENDING", "NOTHING TO SHARE", "INCOMPLETE", "FAILED"]
_TIMES = "within about 2 minutes (2.5) or 7 minutes (2.4 and earlier)"


class SharedService(TypedDict):
    """One service that a mesh imports, or in check mode would import: its exported name, and the host name that its consumers use."""

    exporter: str
    consumer: str
    exported: str
    host: str


class ShareReport(TypedDict):
    """All facts of a run that shares services. ``pending`` are lines about what others do. ``failures`` are messages by host."""

    verdict: ShareVerdict
    headline: str
    check_mode: bool
    services: List[SharedService]
    pending: List[str]
    causes: List[Cause]
    problems: List[Problem]
    changes: List[Change]
    failures: Dict[str, str]
    lines: List[str]
    details: List[str]


def announcement(share: SharePlan) -> List[str]:
    """Why the wait may be long, before it begins."""
    lines: List[str] = []
    for reason, links in sorted(slow_reasons(share).items()):
        lines += wrapped(f"{arrows(links)}: istiod reads changed import rules {_TIMES}, not at once: {reason}.")
    return lines


def report(share: SharePlan, results: Results, check_mode: bool = False) -> ShareReport:
    """Judge a run by what its tasks have registered, by subject and host."""
    meshes = {host: mesh["mesh"] for host, mesh in share["plan"]["meshes"].items()}
    written = [results.get(task, {}).get(host) or {} for task in (IMPORTS, EXPORTS, PEERS) for host in sorted(meshes)]
    changes = change_report.read_changes(written, meshes)
    problems = _problems(share, results)
    services = [service for link in share["links"] for service in _services(link, results, check_mode)]
    pending = [line for link in share["links"] for line in _pending(share, link, results)]
    verdict = _verdict(share, changes, problems, check_mode)
    sentence = change_report.count_sentence(change_report.count_objects(changes), check_mode)
    headline = f"{_headline(share, services, verdict, check_mode)} {sentence}"
    grouped = causes(problems, [])
    notes = [line for text in pending for line in wrapped(text)]
    hosts = paragraphs([], [_host_lines(link, services, check_mode) for link in share["links"]])
    blocks = (notes, change_report.summary_lines(changes, check_mode))
    return {
        "verdict": verdict,
        "headline": headline,
        "check_mode": check_mode,
        "services": services,
        "pending": pending,
        "causes": grouped,
        "problems": problems,
        "changes": changes,
        "failures": failures(meshes, problems),
        "lines": [*wrapped(f"{verdict}  {headline}"), *hosts, *paragraphs(grouped, blocks)],
        "details": change_report.object_details(changes, check_mode),
    }


def stats(report_of_run: ShareReport) -> Json:
    """What a workflow gets, by name."""
    whole: Json = {**report_of_run}
    keys = ("verdict", "headline", "services", "pending", "causes", "problems", "changes")
    return {"federation_share": {key: whole[key] for key in keys}}


def _problems(share: SharePlan, results: Results) -> List[Problem]:
    """The problems of the plan and of the tasks; a wait that was too short for istiod says so."""
    problems = list(share["warnings"])
    slow = {(link["consumer"], link["exporter"]) for link in share["links"] if link["slow"]}
    for host in sorted(share["plan"]["meshes"]):
        for found in task_problems(results, TASKS, host):
            is_slow = found["code"] == "not-imported" and (found["mesh"], found.get("peer")) in slow
            problems.append(with_changes(found, remedy=_slow_remedy()) if is_slow else found)
    return distinct(problems)


def _slow_remedy() -> str:
    return f"Run share.yml again: istiod reads changed import rules {_TIMES}. With docs/rbac/share-peers.yaml at once"


def _services(link: SharedLink, results: Results, check_mode: bool) -> List[SharedService]:
    """The services of a link with the host names of consumers: as the consumer's status shows them, or as the rules import them."""
    found = None if check_mode else find_set(results, IMPORTED, link["consumer_host"], "imports", link["import_set"])
    if found is not None or (not check_mode and link["imported"] is not None):
        rows = found["imported"] if found is not None else link["imported"] or []
        hosts = {row["exportedName"]: row["hostname"] for row in rows}
    else:
        names = sorted({*(offered(link, results) or []), *link["expected"]})
        hosts = {name: imported_host(link["imports"] or [], name, link["import_set"]) for name in names}
    return [
        {
            "exporter": link["exporter"],
            "consumer": link["consumer"],
            "exported": exported_parts(name).text,
            "host": host,
        }
        for name, host in sorted(hosts.items())
        if host
    ]


def _pending(share: SharePlan, link: SharedLink, results: Results) -> List[str]:
    """What others have to do before a link has an effect, and what no rule imports."""
    arrow = f"{link['exporter']} -> {link['consumer']}"
    if link["unlinked"]:
        return [f"{arrow}: no effect yet, as {link['unlinked']} has no ServiceMeshPeer for it. Next: run federate.yml."]
    plan = share["plan"]
    sides = (
        plan["sides"][link["exporter_host"]].get(link["consumer_host"]),
        plan["sides"][link["consumer_host"]].get(link["exporter_host"]),
    )
    kinds = sorted({one["kind"] for side in sides if side for one in side["traffic"]})
    lines = [f"{arrow}: {listed(kinds)} of federation_services is written by federate.yml only."] if kinds else []
    for host, mesh, rules, variable in (
        (link["exporter_host"], link["exporter"], link["imports"], "mesh_exports"),
        (link["consumer_host"], link["consumer"], link["exports"], "mesh_imports"),
    ):
        if rules and not share["plan"]["meshes"][host]["in_play"]:
            lines.append(f"{arrow}: {mesh} is not written by this run. Its administrator declares {variable} there.")
    left = [
        name
        for name in offered(link, results) or []
        if not imported_host(link["imports"] or [], name, link["import_set"])
    ]
    if left and link["imports"] is not None:
        names = [exported_parts(name).text for name in left]
        lines.append(f"{arrow}: offered, and imported by no rule of {link['consumer']}: {listed(names)}.")
    return lines


def _verdict(
    share: SharePlan, changes: Sequence[Change], problems: Sequence[Problem], check_mode: bool
) -> ShareVerdict:
    if has_errors(problems):
        return "INCOMPLETE" if changes else "FAILED"
    if not share["links"]:
        return "NOTHING TO SHARE"
    if check_mode:
        return "PLANNED"
    return "PENDING" if any(link["unlinked"] for link in share["links"]) else "SHARED"


def _headline(share: SharePlan, services: Sequence[SharedService], verdict: ShareVerdict, check_mode: bool) -> str:
    if verdict == "NOTHING TO SHARE":
        return "No mesh declares exports or imports."
    consumers = {service["consumer"] for service in services}
    verb = "would be imported" if check_mode else "imported"
    number = count(len(services), "service")
    if not services:
        return f"{number} {verb}."
    return f"{number} {verb} by {listed(sorted(consumers), most=6)}."


def _host_lines(link: SharedLink, services: Sequence[SharedService], check_mode: bool) -> List[str]:
    """The host names that consumers of a mesh use for the services of another one."""
    rows = [
        (service["host"], service["exported"])
        for service in services
        if (service["exporter"], service["consumer"]) == (link["exporter"], link["consumer"])
    ]
    verb = "would import" if check_mode else "imports"
    heading = f"{link['consumer']} {verb} from {link['exporter']} (host name, exported as)"
    return [heading, *table(rows, INDENT)] if rows else []
