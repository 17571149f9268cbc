# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the rungs about what is exported, imported and answered. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import differences, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import rule_imports
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Rule
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import known_members
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.effects import NOT_UP, by_problem, kept
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.fixes import FEDERATE, corrected_by
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.outcomes import Outcome, passed, unknown
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.requests import judge_requests
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.view import End, Link, unreadable

_KINDS = {"exports": ("ExportedServiceSet", "exportRules"), "imports": ("ImportedServiceSet", "importRules")}


def exported(link: Link) -> List[Outcome]:
    """Whether the watched mesh exports what the inventory declares, and can."""
    watched = link.watched
    if not watched.is_readable:
        return [unknown(unreadable(link, watched))]
    return [*_rules(watched, "exports"), *_not_members(watched)] or [passed()]


def _rules(end: End, collection: str) -> List[Outcome]:
    """A set that is missing, or has other rules than the declared ones. What others manage stays as it is."""
    declared: Optional[List[Rule]] = end.side["exports"] if collection == "exports" else end.side["imports"]
    kind, key = _KINDS[collection]
    live = end.live(collection)
    if not declared or (live is not None and not is_ours(live)):
        return []
    if live is None:
        message = f"{end.name} declares {collection} for {end.side['peer']} and has no {kind} of the name of the peer"
        return [Outcome("failed", message, "set-missing", end.name, end.place(kind), remedy=FEDERATE)]
    if not differences({key: declared}, live.get("spec") or {}):
        return []
    path = ("spec", key)
    return [
        Outcome(
            "failed",
            f"the {collection} of {end.name} for {end.side['peer']} are not those that the inventory declares",
            "rules-differ",
            end.name,
            end.place(kind),
            ".".join(path),
            [described(rule) for rule in dig(live, *path) or []],
            [described(rule) for rule in declared],
            corrected_by(end, live, path, declared),
        )
    ]


def described(rule: Rule) -> str:
    """A rule in a few words: what it selects, and the name that it gives.

    >>> described({"type": "NameSelector", "nameSelector": {"namespace": "a", "name": "b"}})
    'a/b'
    """
    body: Json = rule.get("nameSelector") or rule.get("labelSelector") or {}
    if rule.get("type") == "LabelSelector":
        labels = dig(body, "selector", "matchLabels") or {}
        what = f"{body.get('namespace') or '*'}/{','.join(f'{key}={value}' for key, value in sorted(labels.items()))}"
        return what
    alias: Dict[str, Any] = body.get("alias") or {}
    what = f"{body.get('namespace') or '*'}/{body.get('name') or '*'}"
    as_alias = f" as {alias.get('namespace') or '*'}/{alias.get('name') or '*'}" if alias else ""
    return f"{what}{as_alias}{' (local)' if rule.get('importAsLocal') else ''}"


def _not_members(end: End) -> List[Outcome]:
    """Exported namespaces that istiod does not watch."""
    members = known_members(end.facts) if end.control_plane else None
    if members is None:
        return []
    rules = dig(end.live("exports"), "spec", "exportRules") or []
    bodies = [rule.get(key) or {} for rule in rules for key in ("nameSelector", "labelSelector")]
    named = {str(body["namespace"]) for body in bodies if body.get("namespace") not in (None, "", "*")}
    return [
        Outcome(
            "failed",
            f"{namespace} is not a member of the mesh, so none of its services is exported",
            "namespace-not-member",
            end.name,
            f"ServiceMeshMemberRoll {end.mesh['namespace']}/default",
            "status.memberStatuses",
            sorted(members),
            namespace,
            f"Add {namespace} to spec.members of ServiceMeshMemberRoll {end.mesh['namespace']}/default",
        )
        for namespace in sorted(named - {*members, end.mesh["namespace"]})
    ]


def imported(link: Link) -> List[Outcome]:
    """What is offered and matched, compared with what is imported."""
    end, status = link.watching, link.watching.status
    if not end.is_readable:
        return [unknown(unreadable(link, end))]
    found = [*kept(link, "imports-stale"), *_rules(end, "imports"), *_collisions(link)]
    if found:
        return found
    if status is None or not status["connected"]:
        return [unknown(NOT_UP)]
    place = end.place("ImportedServiceSet")
    if status["missing"]:
        missing = ", ".join(status["missing"])
        message = f"offered by {link.watched.name} and matched by a rule, and not imported: {missing}"
        remedy = "Wait two minutes (seven before 2.5); then compare the rules, and read the log of istiod"
        return [Outcome("failed", message, "not-imported", end.name, place, "status", remedy=remedy, is_symptom=True)]
    unoffered = _unoffered(link)
    return unoffered or [passed()]


def _collisions(link: Link) -> List[Outcome]:
    """Services that come from several peers under one exported name: their status is perfect, and requests fail."""
    names = {row["exportedName"] for row in (link.watching.status or {}).get("imported") or []}
    found = {name: peers for name, peers in link.collisions.items() if name in names}
    return [
        Outcome(
            "failed",
            f"{name} comes from {' and '.join(peers)}, and istiod keeps one service of a name: requests fail",
            "export-collision",
            link.watching.name,
            link.watching.place("ImportedServiceSet", " and ".join(peers)),
            "status.importedServices",
            name,
            None,
            "Give the exporters different export aliases (alias of the rule in mesh_exports), and run federate.yml",
        )
        for name, peers in sorted(found.items())
    ]


def _unoffered(link: Link) -> List[Outcome]:
    """Rules that name one service which the other mesh does not export."""
    offering = link.watched.status
    if offering is None or not link.watched.is_readable:
        return []
    offered = [row["exportedName"] for row in offering["exported"]]
    rules = dig(link.watching.live("imports"), "spec", "importRules") or []
    missing = [rule for rule in rules if _is_single(rule) and not any(rule_imports([rule], name) for name in offered)]
    if not missing:
        return []
    names = ", ".join(map(described, missing))
    end = link.watching
    return [
        Outcome(
            "failed",
            f"{end.name} imports {names}, which {link.watched.name} does not export",
            "import-unoffered",
            end.name,
            end.place("ImportedServiceSet"),
            "spec.importRules",
            list(map(described, missing)),
            offered or ["nothing"],
            f"Export it in mesh_exports of {link.watched.name}, or correct the name in mesh_imports of {end.name}",
            is_symptom=True,
        )
    ]


def _is_single(rule: Rule) -> bool:
    body = rule.get("nameSelector") or {}
    return all(body.get(key) not in (None, "", "*") for key in ("namespace", "name"))


def serving(link: Link) -> List[Outcome]:
    """Whether requests pass: what is known to break them, and what the probe has seen."""
    end = link.watching
    views = [one for one in link.findings if one["code"] == "network-view" and one["mesh"] == end.name]
    if views:
        return [by_problem(one) for one in views[:1]]
    logs = f"Look why: oc logs -n {end.mesh['namespace']} deploy/{end.named_gateway('egress')} --since=10m"
    return judge_requests(link.requests, end.name, logs)
