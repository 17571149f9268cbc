# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what the removal of a service does in each mesh, from the declaration and what was read. Pure.

A service is removed from its consumers before its exporter: a consumer that still imports it, and whose rule this run must not remove,
keeps the export, unless the removal is forced. What is wrong at the exporter does not keep a consumer from losing its import.
"""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import permissions
from ansible_collections.ossm.federation.plugins.module_utils._product.codes import Severity
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    PEER_LABEL,
    SERVICE_ANNOTATION,
    field_manager,
    is_adopted,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.links import Imported
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names, exported_parts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    Rule,
    problem,
    with_changes,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import terminated_pods
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_exports, read_imports
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.traffic import live_traffic, named
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.plan import FORCE, removed_mesh
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.references import find_uses
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_inventory import (
    consumers_declared,
    host_of,
    inventory_lines,
    is_consumer,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_request import read_service_request
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_rules import (
    Narrowed,
    declared_exports,
    declared_imports,
    local_names,
    rule_text,
    without_export,
    without_import,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.survivors import survivors
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import Cut, ServicePlan, ServiceRequest

#: What the accounts are used for: a file of docs/rbac.
PURPOSE = "remove-service"
KINDS = {"imports": "ImportedServiceSet", "exports": "ExportedServiceSet"}
RULES = {"imports": "importRules", "exports": "exportRules"}


class LiveSet(NamedTuple):
    """A set of a mesh, of one kind (``imports`` or ``exports``) and for one peer (the name of the mesh)."""

    kind: str
    peer: str
    live: Json

    @property
    def name(self) -> str:
        """The name of the set and of its ServiceMeshPeer."""
        return str(self.live["metadata"]["name"])

    @property
    def rules(self) -> List[Rule]:
        """The rules of the set."""
        rules: List[Rule] = dig(self.live, "spec", RULES[self.kind]) or []
        return rules

    @property
    def rows(self) -> Sequence[Imported]:
        """The services that its status lists as imported or exported."""
        return read_imports(self.live)["imported"] if self.kind == "imports" else read_exports(self.live)

    def listed(self, service: Names) -> List[str]:
        """The exported names in its status that are the service's."""
        return [row["exportedName"] for row in self.rows if exported_parts(row["exportedName"]) == service]

    def without(self, service: Names) -> Narrowed:
        """Its rules without the service."""
        if self.kind == "imports":
            return without_import(self.rules, service)
        local = {local_names(row["hostname"]) for row in self.rows if exported_parts(row["exportedName"]) == service}
        return without_export(self.rules, service, local)


def requested(request: ServiceRequest) -> Names:
    """The service of a request, as it is exported."""
    return Names(request["namespace"], request["name"])


def plan_service_removal(declaration: Declaration, facts: Mapping[str, Json]) -> ServicePlan:
    """Find the sets that have the service, and what forbids to change them; ``facts`` are MeshFacts by host."""
    request, problems = read_service_request(declaration)
    plan: ServicePlan = {
        "group": declaration["group"],
        "options": declaration["options"],
        "request": request,
        "meshes": {},
        "cuts": {},
        "terminated_pods": {},
        "traffic": {},
        "survivors": {},
        "lines": [],
        "problems": problems,
        "warnings": [],
        "elsewhere": [],
    }
    if problems:
        return plan
    plan["lines"] = inventory_lines(declaration, request, requested(request))
    for host in declaration["hosts"]:
        _add_mesh(plan, declaration, facts.get(host) or {}, host)
    plan["problems"] += _unknown_meshes(plan, declaration, facts)
    if not plan["options"].get(FORCE):
        plan["problems"] += consumers_declared(declaration, request, requested(request))
    _judge_uses(plan, facts)
    return plan


def live_sets(declared: DeclaredMesh, names: Mapping[str, str], facts: Json, request: ServiceRequest) -> List[LiveSet]:
    """The sets of a mesh that a request is about, also unmanaged ones; ``names`` has the mesh of each host."""
    by_peer_name = {peer_name: names[host] for host, peer_name in declared["peer_names"].items() if host in names}
    by_peer_name.update(_labelled_names(facts))
    kind = "exports" if declared["mesh"] == request["exporter"] else "imports"
    found = []
    for live in facts.get(kind) or []:
        name = str(live["metadata"]["name"])
        peer = by_peer_name.get(name, name)
        pair = (peer, declared["mesh"]) if kind == "exports" else (declared["mesh"], peer)
        if pair[1] == request["exporter"] and is_consumer(request, pair[0]):
            found.append(LiveSet(kind, peer, live))
    return found


def _labelled_names(facts: Json) -> Dict[str, str]:
    """The mesh of each name of a peer, by the labels of our objects."""
    return {
        str(live["metadata"]["name"]): str(live["metadata"]["labels"][PEER_LABEL])
        for collection in ("exports", "imports", "peers")
        for live in facts.get(collection) or []
        if is_ours(live) and dig(live, "metadata", "labels", PEER_LABEL)
    }


def _add_mesh(plan: ServicePlan, declaration: Declaration, facts: Json, host: str) -> None:
    """Add one mesh with the sets of it that change and its links that stay."""
    request, mesh = plan["request"], removed_mesh(declaration, facts, host)
    plan["meshes"][host] = mesh
    plan["cuts"][host], plan["traffic"][host], plan["survivors"][host] = [], [], survivors(facts, set())
    if mesh["mesh"] != request["exporter"] and not is_consumer(request, mesh["mesh"]):
        return
    if not mesh["by_file"]:
        found = facts.get("problems") or []
        plan["warnings"] += [with_changes(one, severity="warning") for one in found] if facts.get("readable") else found
    if not mesh["writable"]:
        plan["elsewhere"] += _elsewhere(request, mesh["mesh"], mesh["message"])
        return
    plan["traffic"][host] = _traffic(request, facts, mesh["mesh"])
    names = {other: one["mesh"] for other, one in declaration["meshes"].items()}
    declared = declaration["meshes"][host]
    for live_set in live_sets(declared, names, facts, request):
        cut, found = _cut(plan, live_set, _declared_rules(declaration, declared, live_set), mesh["mesh"])
        plan["warnings"] += found
        if cut is not None:
            peer = by_name(facts.get("peers")).get(live_set.name)
            cut["peer_object"] = peer if peer is not None and is_ours(peer) and not is_adopted(peer) else None
            plan["cuts"][host].append(cut)
    changing = {cut["peer_name"] for cut in plan["cuts"][host] if cut["kind"] == "imports"}
    plan["survivors"][host] = survivors(facts, changing)
    plan["terminated_pods"][host] = terminated_pods(facts)
    plan["problems"] += _missing_rights(plan, facts, host)


def _traffic(request: ServiceRequest, facts: Json, mesh: str) -> List[DesiredObject]:
    """The objects of ours about requests for the service, in a mesh that takes part in its removal."""
    found: List[DesiredObject] = []
    for live in live_traffic(facts):
        peer = str(dig(live, "metadata", "labels", PEER_LABEL))
        is_of_pair = is_consumer(request, peer) if mesh == request["exporter"] else peer == request["exporter"]
        if is_of_pair and dig(live, "metadata", "annotations", SERVICE_ANNOTATION) == requested(request).text:
            manager = field_manager(peer)
            found.append(
                {"definition": named(live), "field_manager": manager, "peer": peer, "live": live, "unknown": {}}
            )
    return found


def _declared_rules(declaration: Declaration, declared: DeclaredMesh, live_set: LiveSet) -> Optional[List[Rule]]:
    peer = host_of(declaration, live_set.peer)
    by_peer = declared["imports"] if live_set.kind == "imports" else declared["exports"]
    return by_peer.get(peer) if peer is not None else None


def _cut(
    plan: ServicePlan, live_set: LiveSet, declared: Optional[List[Rule]], mesh: str
) -> Tuple[Optional[Cut], List[Problem]]:
    """What becomes of one set, and why a rule of it stays."""
    service, live = requested(plan["request"]), live_set.live
    narrowed, listed = live_set.without(service), live_set.listed(service)
    if not narrowed.removed and not listed:
        return None, []
    if not is_ours(live) or is_adopted(live):
        return None, [_unmanaged(plan, live_set, narrowed, mesh)]
    rules = narrowed.rules
    covering = narrowed.covering + narrowed.possible
    if covering and (listed or live_set.kind == "exports"):
        instead = _narrow(live_set, declared, service)
        if instead is None and (narrowed.covering or not plan["options"].get(FORCE)):
            return None, [_covered(plan, live_set, covering, mesh)]
        rules = narrowed.rules if instead is None else instead
    cut: Cut = {
        "kind": live_set.kind,
        "peer": live_set.peer,
        "peer_name": live_set.name,
        "field_manager": field_manager(live_set.name),
        "live": live,
        "peer_object": None,
        "rules": rules,
        "removed": [rule for rule in live_set.rules if rule not in rules],
        "listed": listed,
    }
    return cut, []


def _narrow(live_set: LiveSet, declared: Optional[List[Rule]], service: Names) -> Optional[List[Rule]]:
    """The rules of the inventory, where they differ from the live ones in this service only."""
    if live_set.kind == "exports":
        return declared_exports(live_set.rules, declared, service, live_set.rows)
    offered = read_imports(live_set.live)["offered"]
    return declared_imports(live_set.rules, declared, service, offered, live_set.name)


def _covered(plan: ServicePlan, live_set: LiveSet, covering: Sequence[int], mesh: str) -> Problem:
    """The problem about rules that have the service and others; it is a warning where the import may stay."""
    variable = "mesh_imports" if live_set.kind == "imports" else "mesh_exports"
    rules = "; ".join(f"rule {index} ({rule_text(live_set.rules[index])})" for index in covering)
    verb = "imports" if live_set.kind == "imports" else "exports"
    service = requested(plan["request"])
    others = sorted({exported_parts(row["exportedName"]).text for row in live_set.rows} - {service.text})
    together = f"; it lists besides {', '.join(others)}" if others else ""
    return problem(
        "service-by-wildcard",
        mesh,
        f"{KINDS[live_set.kind]} {live_set.live['metadata']['namespace']}/{live_set.name}",
        f"{rules} {verb} {service.text} together with all else that it selects, and stays{together}",
        f"In {variable} of {mesh} for {live_set.peer}, or in federation_services, name the services that stay instead of it, then run again",
        peer=live_set.peer,
        severity=_stay_severity(plan, live_set),
    )


def _unmanaged(plan: ServicePlan, live_set: LiveSet, narrowed: Narrowed, mesh: str) -> Problem:
    """The problem about an unmanaged or adopted set that has the service."""
    managers = ", ".join(live_set.live.get("managers") or []) or "another manager"
    rules = "; ".join(rule_text(rule) for rule in narrowed.removed)
    found = f"has the rule {rules}" if rules else "selects the service"
    return problem(
        "service-unmanaged",
        mesh,
        f"{KINDS[live_set.kind]} {live_set.live['metadata']['namespace']}/{live_set.name}",
        f"it is managed by {managers} and {found}",
        peer=live_set.peer,
        severity=_stay_severity(plan, live_set),
    )


def _stay_severity(plan: ServicePlan, live_set: LiveSet) -> Severity:
    """A rule that stays is an error, unless it is about an import that ends with the export, as a forced removal does it."""
    is_export_removed = live_set.kind == "imports" and plan["options"].get(FORCE)
    return "warning" if is_export_removed else "error"


def _elsewhere(request: ServiceRequest, mesh: str, message: str) -> List[str]:
    """What the administrator of a mesh does that this run does not write."""
    service = requested(request).text
    if mesh == request["exporter"]:
        where = f"mesh_exports for {request['consumer']}" if request["consumer"] else "its mesh_exports"
        return [f"{mesh}: {message}, so its rules stay. Its administrator removes {service} from {where}."]
    return [
        f"{mesh}: {message}, so its rules stay. Its administrator removes {service} from its mesh_imports of {request['exporter']}."
    ]


def _missing_rights(plan: ServicePlan, facts: Json, host: str) -> List[Problem]:
    """The rights that the account lacks, where the API server lists them."""
    mesh, rules = plan["meshes"][host], facts.get("rights")
    needed = permissions.beyond_reading(PURPOSE)
    lacking = permissions.missing(rules, needed) if rules is not None and plan["cuts"][host] else []
    return permissions.missing_problems(mesh["mesh"], mesh["namespace"], lacking, PURPOSE)


def _unknown_meshes(plan: ServicePlan, declaration: Declaration, facts: Mapping[str, Json]) -> List[Problem]:
    """A mesh that is neither in the inventory nor the peer of any is misspelled."""
    known = {mesh["mesh"] for mesh in declaration["meshes"].values()}
    known |= {peer for read in facts.values() for peer in _labelled_names(read).values()}
    request = plan["request"]
    return [
        problem(
            "removal-nothing",
            declaration["group"],
            variable,
            f"no mesh of the group has anything of {mesh}, and the inventory has no such mesh; its meshes are {', '.join(sorted(known))}",
        )
        for variable, mesh in (
            ("federation_remove_exporter", request["exporter"]),
            ("federation_remove_consumer", request["consumer"]),
        )
        if mesh is not None and mesh not in known
    ]


def _judge_uses(plan: ServicePlan, facts: Mapping[str, Json]) -> None:
    """Objects of users that name the imported host stop the removal, unless it is forced."""
    service = requested(plan["request"])
    for host, cut in _import_cuts(plan):
        hosts = {
            row["hostname"]
            for row in read_imports(cut["live"])["imported"]
            if exported_parts(row["exportedName"]) == service
        }
        for found in find_uses(plan["meshes"][host]["mesh"], cut["peer"], hosts, facts[host]):
            if plan["options"].get(FORCE):
                plan["warnings"].append(with_changes(found, severity="warning"))
            else:
                plan["problems"].append(found)


def _import_cuts(plan: ServicePlan) -> Iterator[Tuple[str, Cut]]:
    for host, cuts in sorted(plan["cuts"].items()):
        yield from ((host, cut) for cut in cuts if cut["kind"] == "imports")
