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
    OURS,
    PEER_LABEL,
    SERVICE_ANNOTATION,
    client_id,
    field_manager,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import TRAFFIC
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Traffic
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import READY, Plan, Side

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
        if live.is_known and not _rivals(traffic, definition, live)
    ]


def undeclared_traffic(plan: Plan, host: str, facts: Json) -> List[DesiredObject]:
    """The objects of ours, for pairs that are declared, that are not declared any more."""
    sides = {side["peer"]: side for side in plan["sides"].get(host, {}).values()}
    declared = {_key(_definition(plan, side, traffic)) for side in sides.values() for traffic in side["traffic"]}
    return [
        _desired(sides[peer], named(obj), obj)
        for obj in live_traffic(facts)
        for peer in [str(dig(obj, "metadata", "labels", PEER_LABEL))]
        if peer in sides and _key(obj) not in declared
    ]


def live_traffic(facts: Json) -> List[Json]:
    """The objects about requests that have our label."""
    return [
        obj
        for read in facts.get("additional_objects") or []
        for obj in read["objects"]
        if read["kind"] in TRAFFIC and is_ours(obj) and dig(obj, "metadata", "annotations", SERVICE_ANNOTATION)
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
        for rival in _rivals(traffic, definition, live):
            found.append(_unmanaged(side, traffic, definition, rival))
        if traffic["kind"] == "failover" and str(side["version"] or "").startswith(_LIMITED):
            message = f"{side['version']} fails over to {side['peer']} only when the Service {_name(traffic)} has no endpoints"
            found.append(problem("failover-limited", side["mesh"], traffic["where"], message, peer=side["peer"]))
    if plan["options"].get("federation_prune"):
        return found
    return found + [
        problem(
            "traffic-undeclared", plan["meshes"][host]["mesh"], _text(obj["definition"]), "it is not declared any more"
        )
        for obj in undeclared_traffic(plan, host, facts)
    ]


def imported_traffic_host(side: Side, traffic: Traffic) -> str:
    """The host name that a split sends its remote part to."""
    return f"{traffic['name']}.{traffic['namespace']}.svc.{side['peer_name']}-imports.local"


def _planned(plan: Plan, host: str, facts: Json) -> Iterator[Tuple[Side, Traffic, Json, _Live]]:
    """What is declared for one mesh, with the objects that were read of its kind."""
    if not plan["meshes"][host]["in_play"]:
        return
    for _peer, side in sorted(plan["sides"][host].items()):
        for traffic in side["traffic"] if side["state"] == READY else ():
            definition = _definition(plan, side, traffic)
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


def _text(obj: Json) -> str:
    return "{} {}/{}".format(*_key(obj))


def _name(traffic: Traffic) -> str:
    return f"{traffic['namespace']}/{traffic['name']}"


def _local_host(traffic: Traffic) -> str:
    return f"{traffic['name']}.{traffic['namespace']}.{LOCAL_SUFFIX}"


def _rivals(traffic: Traffic, definition: Json, live: _Live) -> List[Json]:
    """The unmanaged objects for the same host, or of the same name."""
    own = (traffic["namespace"], definition["metadata"]["name"])
    return [
        obj
        for key, obj in sorted(live.objects.items())
        if not is_ours(obj) and (key == own or _local_host(traffic) in _hosts(obj))
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
        _text(rival),
        f"it is managed by {managers} and is for {_local_host(traffic)}, so {traffic['kind']} of {traffic['where']} is not written "
        f"({_text(definition)})",
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


def _definition(plan: Plan, side: Side, traffic: Traffic) -> Json:
    """The object of one declaration."""
    kind, suffix, build = _BUILDERS[traffic["kind"]]
    return {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {
            "name": f"{traffic['name']}-{suffix}-{side['peer']}",
            "namespace": traffic["namespace"],
            "labels": {MANAGED_BY: OURS, PEER_LABEL: side["peer"]},
            "annotations": {SERVICE_ANNOTATION: traffic["service"]},
        },
        "spec": build(plan, side, traffic),
    }


def _failover(plan: Plan, side: Side, traffic: Traffic) -> Json:
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


def _split(plan: Plan, side: Side, traffic: Traffic) -> Json:
    """Requests for the local host are split between it and the imported one."""
    settings = traffic["settings"]
    route = [
        {"destination": {"host": _local_host(traffic)}, "weight": settings["local"]},
        {"destination": {"host": imported_traffic_host(side, traffic)}, "weight": settings["remote"]},
    ]
    return {"hosts": [_local_host(traffic)], settings["protocol"]: [{"route": route}]}


def _allowed(plan: Plan, side: Side, traffic: Traffic) -> Json:
    """The consumer, whose requests have the identity of its ingress gateway, and the own mesh without the gateways of its peers.

    Policies are added up, so each pair has one of its own.
    """
    mesh = plan["meshes"][side["host"]]
    identities = {
        one["peer"]: client_id(str(mesh["trust_domain"]), side["namespace"], one["ingress"])
        for one in plan["sides"][side["host"]].values()
    }
    own = {"principals": [f"{mesh['trust_domain']}/*"], "notPrincipals": sorted(identities.values())}
    return {
        "action": "ALLOW",
        "selector": {"matchLabels": traffic["settings"]["labels"]},
        "rules": [
            {"from": [{"source": {"principals": [identities[side["peer"]]]}}]},
            {"from": [{"source": own}]},
        ],
    }


#: Kind, part of the name, and spec of each declaration.
_BUILDERS: Dict[str, Tuple[str, str, Callable[[Plan, Side, Traffic], Json]]] = {
    "failover": ("DestinationRule", "failover", _failover),
    "weights": ("VirtualService", "split", _split),
    "allow": ("AuthorizationPolicy", "allow", _allowed),
}
