# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the objects about requests for shared services: failover, weights, and who may ask. Pure.

They are in the namespace of the service, in the consumer's mesh, or (who may ask) in that of the exporter. An object that others manage
for the same host is never touched: what is declared for that host is not written, and that is a problem.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    LOCAL_SUFFIX,
    MANAGED_BY,
    MESH_LABEL,
    OURS,
    PEER_LABEL,
    SERVICE_ANNOTATION,
    client_id,
    field_manager,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import (
    Names,
    exported_as,
    import_suffix,
    imported_host,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import TRAFFIC
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Traffic
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import READY, SKIPPED, Plan, Side

#: The versions with which requests fail over only when the local Service has no endpoints (by code: the certificate of the egress
#: gateway is not among the names that istiod expects of the endpoints of the merged service).
_LIMITED = ("v2.4", "v2.5")
#: Kind, namespace and name.
Key = Tuple[str, str, str]


class _Live(NamedTuple):
    """What was read of one kind: objects by namespace and name, or why they could not be read. ``is_known``: they were read, or
    nothing is read in this run, which only previews."""

    objects: Dict[Tuple[str, str], Json]
    message: str
    is_known: bool


def traffic_objects(plan: Plan, host: str, facts: Json) -> List[DesiredObject]:
    """The objects that are declared for one mesh and that nothing forbids."""
    return [
        _desired(side, definition, live.objects.get((traffic["namespace"], definition["metadata"]["name"])))
        for side, traffic, definition, live in _planned(plan, host, facts)
        if live.is_known and not _rivals(side, traffic, definition, live)
    ]


def rendered_traffic(plan: Plan, host: str, facts: Json) -> List[Tuple[Side, Traffic, Json]]:
    """What is declared for one mesh, for files that others apply: the live objects are not read, and so rivals are not looked for.

    A split is not among them: it may only be applied when its host is imported, and a file cannot wait.
    """
    return [
        (side, traffic, definition)
        for side, traffic, definition, _live in _planned(plan, host, facts)
        if traffic["kind"] != "weights"
    ]


def unrendered_traffic(plan: Plan, host: str) -> List[Problem]:
    """What is declared for one mesh and left to federate.yml by files that others apply."""
    message = "not rendered: a split may only be applied when its host is imported, and a file cannot wait for that"
    return [
        problem(
            "traffic-not-rendered", side["mesh"], f"{traffic['where']}.{traffic['kind']}", message, peer=side["peer"]
        )
        for _peer, side in sorted(plan["sides"].get(host, {}).items())
        for traffic in side["traffic"]
        if traffic["kind"] == "weights"
    ]


def undeclared_traffic(plan: Plan, host: str, facts: Json) -> List[DesiredObject]:
    """The objects of ours, for pairs that are declared, that are not declared any more."""
    sides = {side["peer"]: side for side in plan["sides"].get(host, {}).values()}
    declared = {_key(_definition(plan, side, traffic, facts)) for side in sides.values() for traffic in side["traffic"]}
    return [
        _desired(sides[peer], named(obj), obj)
        for obj in live_traffic(facts)
        for peer in [str(dig(obj, "metadata", "labels", PEER_LABEL))]
        if peer in sides and _key(obj) not in declared
    ]


def withdrawn_traffic(plan: Plan, host: str, facts: Json) -> List[DesiredObject]:
    """Those of them that lose what they are for in this run: the import of their host, or the export of the service."""
    sides = plan["sides"].get(host, {})
    return [
        target
        for target in undeclared_traffic(plan, host, facts)
        if _is_withdrawn(sides[str(target["peer"])], target, facts)
    ]


def _is_withdrawn(side: Side, target: DesiredObject, facts: Json) -> bool:
    """Whether the rules that are written do not import the host of an object as it names it, or do not export the service. A set that
    is not written keeps its rules."""
    live, is_policy = target["live"] or {}, target["definition"]["kind"] == "AuthorizationPolicy"
    written = by_name(facts.get("exports" if is_policy else "imports")).get(side["peer_name"])
    rules = side["exports"] if is_policy else side["imports"]
    if side["state"] == SKIPPED or rules is None or (written is not None and not is_ours(written)):
        return False
    namespace, _slash, name = str(dig(live, "metadata", "annotations", SERVICE_ANNOTATION)).partition("/")
    if is_policy:
        return not exported_as(rules, Names(namespace, name))
    spec = live.get("spec") or {}
    used = split_host(spec) if live["kind"] == "VirtualService" else spec.get("host")
    return imported_host(rules, f"{name}.{namespace}", side["peer_name"]) != used


def split_host(spec: Json) -> Optional[str]:
    """The imported host of a split of ours; None where others have changed its routes."""
    routes = spec.get("http") or spec.get("tcp") or [{}]
    parts = routes[0].get("route") or []
    return dig(parts[1], "destination", "host") if len(parts) > 1 else None


def live_traffic(facts: Json) -> List[Json]:
    """The objects about requests that have our label and that of the mesh; other meshes of its cluster have their own."""
    return [
        obj
        for read in facts.get("additional_objects") or []
        for obj in read["objects"]
        if read["kind"] in TRAFFIC
        and _is_of(obj, facts["mesh"])
        and dig(obj, "metadata", "annotations", SERVICE_ANNOTATION)
    ]


def named(obj: Json) -> Json:
    """An object of which only its name is sent: to delete it."""
    meta = {key: obj["metadata"][key] for key in ("name", "namespace")}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta}


def traffic_problems(plan: Plan, host: str, facts: Json) -> List[Problem]:
    """What is not written, and why; what stays although it is not declared; and what a version cannot do."""
    found: List[Problem] = []
    unread: Set[str] = set()
    for side, traffic, definition, live in _planned(plan, host, facts):
        if live.message and definition["kind"] not in unread:
            unread.add(definition["kind"])
            found.append(problem("traffic-unread", side["mesh"], definition["kind"], live.message, peer=side["peer"]))
        for rival in _rivals(side, traffic, definition, live):
            found.append(_unmanaged(side, traffic, definition, rival))
        if traffic["kind"] == "failover" and str(side["version"] or "").startswith(_LIMITED):
            message = f"{side['version']} fails over to {side['peer']} only when the Service {_name(traffic)} has no endpoints"
            found.append(problem("failover-limited", side["mesh"], traffic["where"], message, peer=side["peer"]))
    if plan["options"].get("federation_prune"):
        return found
    withdrawn = withdrawn_traffic(plan, host, facts)
    return found + [
        problem(
            "traffic-undeclared",
            plan["meshes"][host]["mesh"],
            described(obj["definition"]),
            "it is not declared any more",
        )
        for obj in undeclared_traffic(plan, host, facts)
        if obj not in withdrawn
    ]


def traffic_elsewhere(plan: Plan, host: str) -> List[Problem]:
    """What is declared for a mesh outside the limit of the run; that of a mesh with an identity file is a problem of the inventory."""
    if plan["meshes"][host]["in_play"] or plan["meshes"][host]["by_file"]:
        return []
    message = "not compared and not written: the mesh is outside the limit of this run"
    return [
        problem("traffic-elsewhere", side["mesh"], f"{traffic['where']}.{traffic['kind']}", message, peer=side["peer"])
        for _peer, side in sorted(plan["sides"].get(host, {}).items())
        for traffic in side["traffic"]
    ]


def imported_traffic_host(side: Side, traffic: Traffic) -> str:
    """The host name that a split sends its remote part to."""
    return f"{traffic['name']}.{traffic['namespace']}.{import_suffix({}, side['peer_name'])}"


def _planned(plan: Plan, host: str, facts: Json) -> Iterator[Tuple[Side, Traffic, Json, _Live]]:
    """What is declared for one mesh, with the objects that were read of its kind."""
    if not plan["meshes"][host]["in_play"]:
        return
    for _peer, side in sorted(plan["sides"][host].items()):
        for traffic in side["traffic"] if side["state"] == READY else ():
            definition = _definition(plan, side, traffic, facts)
            yield side, traffic, definition, _read(facts, definition["kind"])


def _read(facts: Json, kind: str) -> _Live:
    """What was read of a kind. A run that does not write it does not ask for it."""
    for read in facts.get("additional_objects") or []:
        if read["kind"] == kind:
            objects = {(obj["metadata"]["namespace"], obj["metadata"]["name"]): obj for obj in read["objects"]}
            lost = read["problem"]
            message = str(lost["message"]) if lost else "" if read["served"] else "the cluster does not have this kind"
            return _Live(objects, message, not message)
    return _Live({}, "", not facts.get("readable"))


def _key(obj: Json) -> Key:
    return obj["kind"], obj["metadata"]["namespace"], obj["metadata"]["name"]


def described(obj: Json) -> str:
    """Kind, namespace and name of an object, as a problem names it."""
    return "{} {}/{}".format(*_key(obj))


def _name(traffic: Traffic) -> str:
    return f"{traffic['namespace']}/{traffic['name']}"


def _local_host(traffic: Traffic) -> str:
    return f"{traffic['name']}.{traffic['namespace']}.{LOCAL_SUFFIX}"


def _is_of(obj: Json, mesh: str) -> bool:
    """Whether an object is ours, for one mesh."""
    return is_ours(obj) and dig(obj, "metadata", "labels", MESH_LABEL) == mesh


def _rivals(side: Side, traffic: Traffic, definition: Json, live: _Live) -> List[Json]:
    """The unmanaged objects for the same host, and one of the same name that is not this mesh's."""
    own = (traffic["namespace"], definition["metadata"]["name"])
    return [
        obj
        for key, obj in sorted(live.objects.items())
        if (not _is_of(obj, side["mesh"]) if key == own else not is_ours(obj) and _local_host(traffic) in _hosts(obj))
    ]


def _hosts(obj: Json) -> List[str]:
    """The hosts that an object of users is for, in full; a VirtualService of gateways alone is for none of the mesh."""
    spec = obj.get("spec") or {}
    if obj["kind"] == "VirtualService":
        written = spec.get("hosts") or [] if "mesh" in (spec.get("gateways") or ["mesh"]) else []
    else:
        written = [spec["host"]] if spec.get("host") else []
    namespace = obj["metadata"]["namespace"]
    return [host if "." in host else f"{host}.{namespace}.{LOCAL_SUFFIX}" for host in map(str, written)]


def _unmanaged(side: Side, traffic: Traffic, definition: Json, rival: Json) -> Problem:
    managers = ", ".join(rival.get("managers") or []) or "another manager"
    return problem(
        "traffic-unmanaged",
        side["mesh"],
        described(rival),
        f"it is managed by {managers} and is for {_local_host(traffic)}, so {traffic['kind']} of {traffic['where']} is not written "
        f"({described(definition)})",
        peer=side["peer"],
    )


def _desired(side: Side, definition: Json, live: Optional[Json]) -> DesiredObject:
    return {
        "definition": definition,
        "field_manager": field_manager(side["peer_name"]),
        "peer": side["peer_host"],
        "live": live,
        "unknown": {},
    }


def _definition(plan: Plan, side: Side, traffic: Traffic, facts: Json) -> Json:
    """The object of one declaration."""
    kind, suffix, build = _BUILDERS[traffic["kind"]]
    return {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {
            "name": f"{traffic['name']}-{suffix}-{side['peer']}",
            "namespace": traffic["namespace"],
            "labels": {MANAGED_BY: OURS, MESH_LABEL: side["mesh"], PEER_LABEL: side["peer"]},
            "annotations": {SERVICE_ANNOTATION: traffic["service"]},
        },
        "spec": build(plan, side, traffic, facts),
    }


def _failover(plan: Plan, side: Side, traffic: Traffic, facts: Json) -> Json:
    """Requests go to the peer's region when the endpoints of the own one are ejected or gone."""
    settings = traffic["settings"]
    regions = {"from": settings["from"], "to": settings["to"]}
    return {
        "host": _local_host(traffic),
        "trafficPolicy": {
            "loadBalancer": {"localityLbSetting": {"enabled": True, "failover": [regions]}},
            "outlierDetection": settings["outlier"],
        },
    }


def _split(plan: Plan, side: Side, traffic: Traffic, facts: Json) -> Json:
    """Requests for the local host are split between it and the imported one."""
    settings = traffic["settings"]
    route = [
        {"destination": {"host": _local_host(traffic)}, "weight": settings["local"]},
        {"destination": {"host": imported_traffic_host(side, traffic)}, "weight": settings["remote"]},
    ]
    return {"hosts": [_local_host(traffic)], settings["protocol"]: [{"route": route}]}


def _allowed(plan: Plan, side: Side, traffic: Traffic, facts: Json) -> Json:
    """The consumer, whose requests have the identity of its ingress gateway, and the own mesh without the gateways of its peers,
    declared or only live.

    Policies are added up, so each pair has one of its own.
    """
    domain = plan["meshes"][side["host"]]["trust_domain"]
    gateways = {one["ingress"] for one in plan["sides"][side["host"]].values()}
    gateways |= {str(dig(peer, "spec", "gateways", "ingress", "name")) for peer in facts.get("peers") or []} - {"None"}
    others = sorted(client_id(str(domain), side["namespace"], gateway) for gateway in gateways)
    consumer = client_id(str(domain), side["namespace"], side["ingress"])
    own = {"principals": [f"{domain}/*"], "notPrincipals": others}
    return {
        "action": "ALLOW",
        "selector": {"matchLabels": traffic["settings"]["labels"]},
        "rules": [
            {"from": [{"source": {"principals": [consumer]}}]},
            {"from": [{"source": own}]},
        ],
    }


#: Kind, part of the name, and spec of each declaration.
_BUILDERS: Dict[str, Tuple[str, str, Callable[[Plan, Side, Traffic, Json], Json]]] = {
    "failover": ("DestinationRule", "failover", _failover),
    "weights": ("VirtualService", "split", _split),
    "allow": ("AuthorizationPolicy", "allow", _allowed),
}
