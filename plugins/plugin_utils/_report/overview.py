# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a run of federate.yml will write, as data. Pure.

What was read of a mesh is used. A mesh that was not read, or not completely, is assumed to follow the conventions, and the
overview marks it.
"""

from __future__ import annotations

from typing import List, Mapping, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import CLUSTER_IP, LOAD_BALANCER
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import WRITING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem, with_changes
from ansible_collections.ossm.federation.plugins.plugin_utils._model.peer_names import partners_of
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import would_change
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.mesh import UNKNOWN_NAMESPACE
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.services import check_services
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.sharing import sharing as shared_services
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import DIRECTIONS, Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._report import ports as port_matrix_report
from ansible_collections.ossm.federation.plugins.plugin_utils._report.overview_text import (
    overview_details,
    overview_lines,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import count
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight
from ansible_collections.ossm.federation.plugins.plugin_utils._run.assumed import assumed_facts

#: What a gateway is before the run, by who manages it.
_STATES = {"absent": "new", "ours": "live", "unmanaged": "unmanaged", "adopted": "adopted"}
#: Sides (host, host of the peer) whose exposure the platform decides, where the platform is not known.
Undecided = Set[Tuple[str, str]]


def overview(declaration: Declaration, facts: Mapping[str, Json]) -> Json:
    """What a run of federate.yml will write. ``facts`` are MeshFacts by host, as far as meshes were read.

    Returns ``group``, ``links`` (a number), ``meshes``, ``gateways``, ``load_balancers``, ``objects``, ``pending``, ``sharing`` (see
    ``_plan.sharing``), ``ports`` (see ``_report.ports``), ``ports_csv``, ``collisions``, ``problems`` (those of
    severity ``error`` keep federate.yml from writing), and as text ``lines`` and ``details``.
    """
    unread = {host for host in declaration["hosts"] if not _is_read(facts.get(host))}
    known = {
        host: assumed_facts(declaration["meshes"][host], facts.get(host)) if host in unread else facts[host]
        for host in declaration["hosts"]
    }
    plan = planning.build_plan(declaration, known)
    undecided = _undecided(declaration, plan, unread, known)
    ports = port_matrix_report.port_matrix(plan, known, undecided)
    preview: Json = {
        "group": plan["group"],
        "links": sum(map(len, plan["sides"].values())),
        "meshes": [_mesh(declaration["meshes"][host], plan, facts.get(host), unread) for host in plan["meshes"]],
        "gateways": _gateways(plan, unread, undecided),
        "load_balancers": _load_balancers(plan, undecided),
        "objects": _all_objects(plan, known, unread),
        "pending": _pending(plan),
        "sharing": shared_services(plan, known),
        "ports": ports,
        "ports_csv": port_matrix_report.as_csv(ports),
        "collisions": plan["collisions"],
        "problems": declaration["problems"]
        + plan["problems"]
        + plan["warnings"]
        + check_services(plan, declaration, known, unread)
        + preflight.preview(plan, known)
        + _problems(declaration, plan, facts),
    }
    return {**preview, "lines": overview_lines(preview), "details": overview_details(preview)}


def _is_read(facts: Optional[Json]) -> bool:
    return bool(facts and facts.get("readable") and facts.get("control_plane"))


def _undecided(declaration: Declaration, plan: Plan, unread: Set[str], known: Mapping[str, Json]) -> Undecided:
    """The sides whose exposure the platform decides, where the platform is not known."""
    undecided = set()
    for host in unread:
        mesh = declaration["meshes"][host]
        if mesh["platform"] or dig(known[host], "platform", "type"):
            continue
        for peer, side in plan["sides"][host].items():
            is_declared = "exposure" in mesh["ingress_by_peer"].get(peer, mesh["ingress"])
            if not is_declared and side["exposure"]["type"] != CLUSTER_IP:
                undecided.add((host, peer))
    return undecided


def _mesh(declared: DeclaredMesh, plan: Plan, facts: Optional[Json], unread: Set[str]) -> Json:
    host = declared["host"]
    mesh = plan["meshes"][host]
    known = host not in unread or declared["platform"] or dig(facts, "platform", "type")
    reason = next(
        (error["message"] for error in (facts or {}).get("problems") or [] if error["severity"] == "error"), ""
    )
    message = mesh["platform_message"]
    if host in unread:
        later = "" if mesh["namespace_known"] else "; its namespace is known once it is read"
        message = f"not read{': ' + reason if reason else ''}; planned from conventions{later}"
    if mesh["by_file"]:
        message = "known by its identity file"
    return {
        "mesh": mesh["mesh"],
        "host": host,
        "namespace": _namespace(mesh["namespace"]),
        "control_plane": mesh["control_plane"] if mesh["namespace_known"] else declared["control_plane"],
        "trust_domain": mesh["trust_domain"],
        "platform": mesh["platform"] if known else None,
        "read": host not in unread,
        "in_play": mesh["in_play"],
        "message": message,
    }


def _namespace(name: str) -> Optional[str]:
    """A namespace, None where it is not known."""
    return None if name == UNKNOWN_NAMESPACE else name


def _sides(plan: Plan) -> List[Side]:
    """The sides that this run would make, by mesh and peer."""
    return [
        side
        for host in sorted(plan["sides"])
        if plan["meshes"][host]["in_play"]
        for _peer, side in sorted(plan["sides"][host].items())
        if side["state"] != "skipped"
    ]


def _gateways(plan: Plan, unread: Set[str], undecided: Undecided) -> List[Json]:
    """Every gateway after the run, ingress before egress; ``state`` is None where it is not known."""
    return [
        {
            "mesh": side["mesh"],
            "namespace": _namespace(side["namespace"]),
            "name": side[direction],
            "direction": direction,
            "peer": side["peer"],
            "state": None if side["host"] in unread else _STATES[side["owners"][direction]],
            **_reach(side, direction, (side["host"], side["peer_host"]) in undecided),
        }
        for side in _sides(plan)
        for direction in DIRECTIONS
    ]


def _reach(side: Side, direction: str, is_undecided: bool) -> Json:
    """How a gateway is reached, and why."""
    if direction != "ingress":
        return {"exposure": CLUSTER_IP, "scope": "inside the cluster", "message": "only its own mesh calls it"}
    if is_undecided:
        return {
            "exposure": None,
            "scope": None,
            "message": "the platform decides, which is not known; set mesh_platform or mesh_ingress.exposure",
        }
    exposure = side["exposure"]
    return {"exposure": exposure["type"], "scope": port_matrix_report.scope(exposure), "message": exposure["message"]}


def _load_balancers(plan: Plan, undecided: Undecided) -> Json:
    """How many this run would create, how many there will be, and how many more it may be."""
    total = sum(1 for side in _sides(plan) if side["exposure"]["type"] == LOAD_BALANCER)
    more = sum(1 for host, _peer in undecided if plan["meshes"][host]["in_play"])
    message = plan["load_balancers"]["message"]
    if more:
        message += f", and up to {more} more where the platform is not known"
    return {
        "total": total,
        "new": plan["load_balancers"]["new"],
        "public": plan["load_balancers"]["public"],
        "undecided": more,
        "message": message,
    }


def _all_objects(plan: Plan, known: Mapping[str, Json], unread: Set[str]) -> List[Json]:
    return [
        _object(plan, host, desired_object, host in unread)
        for host in sorted(plan["meshes"])
        for step in WRITING
        for desired_object in desired.build_objects(plan, step, host, known[host])
    ]


def _object(plan: Plan, host: str, desired_object: DesiredObject, is_unread: bool) -> Json:
    definition = desired_object["definition"]
    return {
        "mesh": plan["meshes"][host]["mesh"],
        "kind": definition["kind"],
        "namespace": _namespace(definition["metadata"]["namespace"]),
        "name": definition["metadata"]["name"],
        "verb": None if is_unread else _verb(desired_object),
        "message": _content(definition),
    }


def _verb(desired_object: DesiredObject) -> str:
    """What an apply of it would do: create, change, or nothing (unchanged)."""
    if desired_object["live"] is None:
        return "create"
    return "change" if would_change(desired_object) else "unchanged"


def _content(definition: Json) -> str:
    """The part of a control plane, or the number of rules of a set."""
    spec: Json = definition.get("spec") or {}
    domain = dig(spec, "security", "trust", "domain")
    if definition["kind"] == "ServiceMeshControlPlane":
        return (
            f"trust domain {domain}"
            if domain
            else ", ".join(sorted((name for gateways in spec["gateways"].values() for name in gateways), reverse=True))
        )
    rules = spec.get("importRules", spec.get("exportRules"))
    return "" if rules is None else count(len(rules), "rule")


def _pending(plan: Plan) -> List[Json]:
    """The sides that this run could not complete, and why."""
    return [
        {"mesh": side["mesh"], "peer": side["peer"], "message": side["message"]}
        for host in sorted(plan["sides"])
        for _peer, side in sorted(plan["sides"][host].items())
        if side["state"] != "ready" and plan["meshes"][host]["in_play"]
    ]


def _problems(declaration: Declaration, plan: Plan, facts: Mapping[str, Json]) -> List[Problem]:
    """What only concerns the overview: problems of meshes that were not read as warnings, problems of pairs, and hubs."""
    problems: List[Problem] = []
    for host in declaration["hosts"]:
        read: List[Problem] = (facts.get(host) or {}).get("problems") or []
        problems += [with_changes(unread, severity="warning") for unread in read]
        problems += [pair for _peer, side in sorted(plan["sides"][host].items()) for pair in side["problems"]]
    return problems + no_transit(declaration)


def no_transit(declaration: Declaration) -> List[Problem]:
    """Hubs, as warnings: a mesh never exports what it has imported (maistra/istio
    pkg/servicemesh/federation/common/exports.go), so the spokes of a hub do not see each other's services."""
    partners = {host: set(others) for host, others in partners_of(declaration).items()}
    problems = []
    for host in declaration["hosts"]:
        unlinked = [
            (first, second)
            for first in sorted(partners[host])
            for second in sorted(partners[host] - partners[first])
            if first < second
        ]
        if unlinked:
            problems.append(_hub(declaration["meshes"], host, unlinked))
    return problems


def _hub(meshes: Mapping[str, DeclaredMesh], host: str, unlinked: List[Tuple[str, str]]) -> Problem:
    hub = meshes[host]["mesh"]
    spokes = sorted({meshes[spoke]["mesh"] for pair in unlinked for spoke in pair})
    if len(unlinked) == len(spokes) * (len(spokes) - 1) // 2:
        names = f"{', '.join(spokes[:-1])} and {spokes[-1]}"
    else:
        names = "; ".join(f"{meshes[first]['mesh']} and {meshes[second]['mesh']}" for first, second in unlinked)
    return problem(
        "no-transit",
        hub,
        "mesh_peers",
        f"{names} are linked with {hub} and not with each other, and {hub} never exports what it has imported: "
        "they do not see each other's services",
        "Name them in each other's mesh_peers where they need each other's services",
        severity="warning",
    )
