# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a federation will be made of, before anything is written. Pure.

What was read of a mesh is used. A mesh of which nothing, or not everything, is known is taken to follow the conventions, and
that is said.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import types as product_types
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import CLUSTER_IP, LOAD_BALANCER
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import WRITING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import would_change
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.types import DesiredObject
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.services import check_services
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import DIRECTIONS, Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._report import ports as port_matrix_report
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight
from ansible_collections.ossm.federation.plugins.plugin_utils._run.assumed import assumed_facts

_STATES = {"absent": "new", "ours": "lives", "unmanaged": "of others, used as it is",
           "adopted": "of others, adopted as it is"}


def overview(declaration: Declaration, facts: Mapping[str, Json]) -> Json:
    """What the declared federation will be made of.

    ``facts`` are MeshFacts by host, as far as meshes were read. Returns ``meshes``, ``gateways``, ``load_balancers``,
    ``objects``, ``waiting``, ``ports`` (see ``_ports.port_matrix``), ``ports_csv``, ``collisions``, ``problems`` (those of
    severity ``error`` keep federate.yml from writing) and ``lines``, which say all of it to people.
    """
    unread = {host for host in declaration["hosts"] if not _read(facts.get(host))}
    known = {
        host: assumed_facts(declaration["meshes"][host], facts.get(host)) if host in unread else facts[host]
        for host in declaration["hosts"]
    }
    made = planning.build_plan(declaration, known)
    undecided = _undecided(declaration, made, unread, known)
    shown: Json = {
        "group": made["group"],
        "meshes": [_mesh(declaration["meshes"][host], made, facts.get(host), unread) for host in made["meshes"]],
        "gateways": _gateways(made, unread, undecided),
        "load_balancers": _load_balancers(made, undecided),
        "objects": _all_objects(made, known, unread),
        "pending": _waiting(made),
        "ports": port_matrix_report.port_matrix(made, known, undecided),
        "collisions": made["collisions"],
        "problems": declaration["problems"] + made["problems"] + made["warnings"]
        + check_services(made, declaration, known) + preflight.preview(made, known) + _problems(declaration, made, facts),
    }
    shown["ports_csv"] = port_matrix_report.as_csv(shown["ports"])
    shown["lines"] = _lines(shown)
    return shown


def _read(facts: Optional[Json]) -> bool:
    return bool(facts and facts.get("readable") and facts.get("control_plane"))


def _undecided(
    declaration: Declaration, made: Plan, unread: Set[str], known: Mapping[str, Json]
) -> Set[Tuple[str, str]]:
    """The sides whose exposure the platform decides, where the platform is not known."""
    found = set()
    for host in unread:
        mesh = declaration["meshes"][host]
        if mesh["platform"] or dig(known[host], "platform", "type"):
            continue
        for peer, side in made["sides"][host].items():
            told = "exposure" in mesh["ingress_by_peer"].get(peer, mesh["ingress"])
            if not told and side["exposure"]["type"] != CLUSTER_IP:
                found.add((host, peer))
    return found




def _mesh(declared: DeclaredMesh, made: Plan, facts: Optional[Json], unread: Set[str]) -> Json:
    host = declared["host"]
    mesh = made["meshes"][host]
    known = host not in unread or declared["platform"] or dig(facts, "platform", "type")
    why = next((one["message"] for one in (facts or {}).get("problems") or [] if one["severity"] == "error"), "")
    message = mesh["platform_message"]
    if host in unread:
        message = f"not read{': ' + why if why else ''}; planned from conventions"
    if mesh["by_file"]:
        message = "known by its identity file"
    return {
        "mesh": mesh["mesh"],
        "host": host,
        "namespace": mesh["namespace"],
        "control_plane": mesh["control_plane"],
        "trust_domain": mesh["trust_domain"],
        "platform": mesh["platform"] if known else None,
        "read": host not in unread,
        "in_play": mesh["in_play"],
        "message": message,
    }


def _sides(made: Plan) -> List[Side]:
    """The sides that this run would make, by mesh and peer."""
    return [
        side
        for host in sorted(made["sides"])
        if made["meshes"][host]["in_play"]
        for _peer, side in sorted(made["sides"][host].items())
        if side["state"] != "skipped"
    ]


def _gateways(made: Plan, unread: Set[str], undecided: Set[Tuple[str, str]]) -> List[Json]:
    """Every gateway that there will be, ingress before egress; ``state`` is None where it is not known."""
    found = []
    for side in _sides(made):
        open_end = (side["host"], side["peer_host"]) in undecided
        for direction in DIRECTIONS:
            row: Json = {
                "mesh": side["mesh"],
                "namespace": side["namespace"],
                "name": side[direction],
                "direction": direction,
                "peer": side["peer"],
                "state": None if side["host"] in unread else _STATES[side["owners"][direction]],
                "exposure": CLUSTER_IP,
                "scope": "inside the cluster",
                "message": "only its own mesh calls it",
            }
            if direction == "ingress":
                row.update(
                    exposure=None if open_end else side["exposure"]["type"],
                    scope=None if open_end else port_matrix_report.scope(side["exposure"]),
                    message="by platform, which is not known; mesh_platform or mesh_ingress.exposure decides it"
                    if open_end
                    else side["exposure"]["message"],
                )
            found.append(row)
    return found


def _load_balancers(made: Plan, undecided: Set[Tuple[str, str]]) -> Json:
    """How many this run would create, how many there will be, and how many more it may be."""
    there = [side["exposure"] for side in _sides(made) if side["exposure"]["type"] == LOAD_BALANCER]
    more = sum(1 for host, _peer in undecided if made["meshes"][host]["in_play"])
    message = made["load_balancers"]["message"]
    if more:
        message += f", and up to {more} more where the platform is not known"
    return {
        "total": len(there),
        "new": made["load_balancers"]["new"],
        "public": made["load_balancers"]["public"],
        "undecided": more,
        "message": message,
    }


def _all_objects(made: Plan, known: Mapping[str, Json], unread: Set[str]) -> List[Json]:
    return [
        _object(made, host, wish, host in unread)
        for host in sorted(made["meshes"])
        for room in WRITING
        for wish in desired.build_objects(made, room, host, known[host])
    ]


def _object(made: Plan, host: str, wish: DesiredObject, unread: bool) -> Json:
    definition = wish["definition"]
    return {
        "mesh": made["meshes"][host]["mesh"],
        "kind": definition["kind"],
        "namespace": definition["metadata"]["namespace"],
        "name": definition["metadata"]["name"],
        "verb": None if unread else _verb(wish),
        "message": _inside(definition),
    }


def _verb(wish: DesiredObject) -> str:
    """What an apply of it would do: create, change, or nothing (unchanged)."""
    if wish["live"] is None:
        return "create"
    return "change" if would_change(wish) else "unchanged"


def _inside(definition: Json) -> str:
    """What of a control plane, or how much of a set, is meant."""
    spec: Json = definition.get("spec") or {}
    domain = dig(spec, "security", "trust", "domain")
    if definition["kind"] == "ServiceMeshControlPlane":
        return f"trust domain {domain}" if domain else ", ".join(
            sorted((name for gateways in spec["gateways"].values() for name in gateways), reverse=True)
        )
    rules = spec.get("importRules", spec.get("exportRules"))
    return "" if rules is None else f"{len(rules)} rule{'' if len(rules) == 1 else 's'}"


def _waiting(made: Plan) -> List[Json]:
    """The sides that this run could not complete, and why."""
    return [
        {"mesh": side["mesh"], "peer": side["peer"], "message": side["message"]}
        for host in sorted(made["sides"])
        for _peer, side in sorted(made["sides"][host].items())
        if side["state"] != "ready" and made["meshes"][host]["in_play"]
    ]




def _problems(declaration: Declaration, made: Plan, facts: Mapping[str, Json]) -> List[Problem]:
    """What only concerns the plan: meshes that were not read as warnings, problems of pairs, and hubs."""
    found: List[Problem] = []
    for host in declaration["hosts"]:
        for one in (facts.get(host) or {}).get("problems") or []:
            found.append(product_types.with_changes(one, severity="warning"))
        found += [one for _peer, side in sorted(made["sides"][host].items()) for one in side["problems"]]
    return found + no_transit(declaration)


def no_transit(declaration: Declaration) -> List[Problem]:
    """Hubs, as warnings: what a mesh has imported it never exports (maistra/istio
    pkg/servicemesh/federation/common/exports.go), so the spokes of a hub do not see each other's services."""
    pairs = {frozenset(pair) for pair in declaration["pairs"]}
    found = []
    for host in declaration["hosts"]:
        partners = sorted(other for pair in pairs if host in pair for other in pair - {host})
        apart = [pair for pair in combinations(partners, 2) if frozenset(pair) not in pairs]
        if apart:
            found.append(_hub(declaration["meshes"], host, apart))
    return found


def _hub(meshes: Mapping[str, DeclaredMesh], host: str, apart: List[Tuple[str, str]]) -> Problem:
    hub = meshes[host]["mesh"]
    spokes = sorted({meshes[one]["mesh"] for pair in apart for one in pair})
    if len(apart) == len(spokes) * (len(spokes) - 1) // 2:
        told = f"{', '.join(spokes[:-1])} and {spokes[-1]}"
    else:
        told = "; ".join(f"{meshes[one]['mesh']} and {meshes[two]['mesh']}" for one, two in apart)
    return problem(
        "no-transit",
        hub,
        "mesh_peers",
        f"{told} are linked with {hub} and not with each other, and {hub} never passes on what it has imported: "
        "they do not see each other's services",
        "Name them in each other's mesh_peers where they shall share services",
        severity="warning",
    )




def _lines(shown: Json) -> List[str]:
    lines = ["Meshes"]
    for mesh in shown["meshes"]:
        place = '/'.join(filter(None, (mesh['namespace'], mesh['control_plane'])))
        lines.append(f"  {mesh['mesh']}: {place}, trust domain {mesh['trust_domain']}; {mesh['message']}")
    lines += ["", f"Gateways: {_gateway_count(shown)}"]
    lines += [f"  {_gateway_words(one)}" for one in shown["gateways"] if one["direction"] == "ingress"]
    lines += ["  One egress gateway for each of them, inside its cluster."] if shown["gateways"] else []
    lines += ["", f"Objects: {_count(shown['objects'])}"]
    lines += [f"  {_object_words(one)}" for one in shown["objects"]]
    lines += [f"  {one['mesh']} for {one['peer']}: {one['message']}" for one in shown["pending"]]
    lines += ["", "Ports: TCP on layer 4 from end to end; no proxy, TLS endpoint or PROXY protocol on the way"]
    lines += [f"  {line}".rstrip() for line in port_matrix_report.as_lines(shown["ports"])]
    if shown["collisions"]:
        lines += ["", "Names that are offered twice"]
        lines += [f"  {one['message']}" for one in shown["collisions"]]
    told = list(dict.fromkeys(map(product_types.problem_line, sorted(shown["problems"], key=lambda one: one["severity"] != "error"))))
    return [*lines, "", "Problems and warnings", *(f"  {one}" for one in told)] if told else lines


def _gateway_count(shown: Json) -> str:
    there = sum(1 for one in shown["gateways"] if one["direction"] == "ingress")
    balancers = shown["load_balancers"]
    return f"{there} for ingress, {balancers['total']} of them behind load balancers. {balancers['message']}"


def _gateway_words(one: Json) -> str:
    state = one["state"] or "not read"
    scope = f", {one['scope']}" if one["scope"] else ""
    return f"{one['mesh']}: {one['name']} ({state}{scope}): {one['message']}"


def _object_words(one: Json) -> str:
    verb = (one["verb"] or "write").ljust(len("unchanged"))
    message = f" ({one['message']})" if one["message"] else ""
    return f"{one['mesh']}: {verb} {one['kind']} {one['namespace']}/{one['name']}{message}"


def _count(objects: List[Json]) -> str:
    counts: Dict[Any, int] = {}
    for one in objects:
        counts[one["verb"]] = counts.get(one["verb"], 0) + 1
    told = [
        f"{counts[verb]} {message}"
        for verb, message in (
            ("create", "to create"),
            ("change", "to change"),
            ("unchanged", "as they are"),
            (None, "to write, if they are not there already"),
        )
        if verb in counts
    ]
    return ", ".join(told) or "none"
