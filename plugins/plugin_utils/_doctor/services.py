# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the rungs about what is exported, imported and answered. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    EGRESS,
    LOCAL_SUFFIX,
    VIEW,
    is_ours,
    istiod_name,
    network_view,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import differences, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import rule_imports
from ansible_collections.ossm.federation.plugins.module_utils._product.probes import DENIED, ENVOY, NO_HOST
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Rule
from ansible_collections.ossm.federation.plugins.module_utils._product.versions import network_filter
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import known_members
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.effects import NOT_UP, kept
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.fixes import FEDERATE, corrected_by, patch
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.outcomes import Outcome, passed, unknown
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.requests import judge_requests
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.view import End, Link, unreadable
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.gateways import sees_peer

_KINDS = {"exports": ("ExportedServiceSet", "exportRules"), "imports": ("ImportedServiceSet", "importRules")}


def exported(link: Link) -> List[Outcome]:
    """Whether the watched mesh exports what the inventory declares, and can."""
    watched = link.watched
    if not watched.is_readable:
        return [unknown(unreadable(link, watched))]
    # Rules that will be replaced say nothing more.
    return _rules(watched, "exports") or [*_not_members(watched), *_no_services(watched)] or [passed()]


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


def _no_services(end: End) -> List[Outcome]:
    """Rules that name one Service of a member, which does not exist."""
    read, members = end.facts.get("additional_services"), known_members(end.facts) if end.control_plane else None
    if not read or read["unread"] or members is None:
        return []
    existing = {(service["namespace"], service["name"]) for service in read["services"]}
    selectors = [
        rule["nameSelector"] for rule in dig(end.live("exports"), "spec", "exportRules") or [] if _is_single(rule)
    ]
    return [
        Outcome(
            "failed",
            f"{end.name} exports {one['namespace']}/{one['name']}, and there is no such Service",
            "service-missing",
            end.name,
            end.place("ExportedServiceSet"),
            "spec.exportRules",
            f"{one['namespace']}/{one['name']}",
            "the name of a Service",
            f"Create the Service {one['namespace']}/{one['name']} in {end.name}, or correct the name in mesh_exports",
        )
        for one in selectors
        if one["namespace"] in members and (one["namespace"], one["name"]) not in existing
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
    found = [*_network_view(end, link.watched), *_ports(link)]
    if found:
        return found
    return judge_requests(link.requests, end.name, lambda row: _request_fix(link, row))


def _network_view(end: End, watched: End) -> List[Outcome]:
    """An egress gateway without the network of the peer, where gateways get only the networks that they request."""
    name = end.right_gateway("egress") if end.is_readable else None
    entry = dig(end.control_plane, "object", "spec", "gateways", EGRESS, name or "")
    reason = network_filter(end.control_plane) if end.control_plane else ""
    if not reason or not entry or sees_peer(entry, end.side["peer_name"]):
        return []
    right = network_view(end.side["peer_name"])
    path = ("spec", "gateways", EGRESS, name or "", VIEW)
    namespace, plane = end.mesh["namespace"], end.mesh["control_plane"]
    live: Json = {"kind": "ServiceMeshControlPlane", "metadata": {"name": plane}}
    return [
        Outcome(
            "failed",
            f"{reason}, and this gateway does not request {right}: requests to {watched.name} get 503",
            "network-view",
            end.name,
            f"ServiceMeshControlPlane {namespace}/{plane}",
            ".".join(path),
            entry.get(VIEW),
            [right],
            patch(end, live, path, [right]),
        )
    ]


def _ports(link: Link) -> List[Outcome]:
    """Imported services that have not exactly one port: the gateways' routes name none."""
    read = link.watched.facts.get("additional_services")
    offered = {row["exportedName"]: row["hostname"] for row in (link.watched.status or {}).get("exported") or []}
    names = [row["exportedName"] for row in (link.watching.status or {}).get("imported") or []]
    hosts = {host for host in (offered.get(name) for name in names) if host}
    services = {f"{one['name']}.{one['namespace']}.{LOCAL_SUFFIX}": one for one in (read or {}).get("services") or []}
    return [
        Outcome(
            "failed",
            f"it has {len(services[host]['ports'])} ports, and the routes of gateways name no port: requests from other meshes fail",
            "export-ports",
            link.watched.name,
            f"Service {services[host]['namespace']}/{services[host]['name']}",
            "spec.ports",
            [port["port"] for port in services[host]["ports"]],
            "one port",
            "Create a Service with only the port to export, and export it under this name",
        )
        for host in sorted(hosts & set(services))
        if len(services[host]["ports"]) != 1
    ]


def _request_fix(link: Link, row: Json) -> str:
    """What to do about a request that fails where nothing is known to be wrong."""
    here, there = link.watching, link.watched
    if row["status"] == DENIED and row["answered_by"] != ENVOY:
        identity = (
            f"{there.trust_domain}/ns/{there.mesh['namespace']}/sa/{there.named_gateway('ingress')}-service-account"
        )
        return (
            f"Let the AuthorizationPolicy of the service in {there.name} allow {identity}, or set federation_probe_path"
        )
    if row["status"] and row["answered_by"] != ENVOY:
        return f"Look at the pods of the service in {there.name}: it was reached"
    if row["message"] == NO_HOST:
        return "See that no Sidecar of the probe's namespace hides the host (egress.hosts), and that its pods have the DNS proxy"
    istiod = istiod_name(there.mesh["control_plane"] or "")
    return (
        f"Restart istiod of {there.name}, which keeps the first client ID and ingress gateway of a peer: oc rollout restart -n "
        f"{there.mesh['namespace']} deploy/{istiod}. If that does not help: oc logs -n {here.mesh['namespace']} deploy/"
        f"{here.named_gateway('egress')}"
    )
