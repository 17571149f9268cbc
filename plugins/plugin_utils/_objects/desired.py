# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from a plan to Kubernetes objects, pure and sorted.

A key is there only if it is meant: what is not sent is not owned, and stays with whoever set it. The shapes are the
product documentation's, corrected where its code says otherwise (``enabled`` is not true by itself, the network of a
peer is ``network-<peer>``, a Route cannot carry the traffic and is switched off).
"""

from __future__ import annotations

import copy
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions, versions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    ADOPTED,
    ADOPTED_GATEWAYS,
    DISCOVERY_NAME,
    DISCOVERY_PORT,
    EGRESS,
    FEDERATION_API,
    INGRESS,
    MANAGED_BY,
    NODE_PORT,
    NOT_OURS,
    OURS,
    PEER_LABEL,
    ROOT_ANNOTATION,
    ROOT_KEY,
    SERVICE_NAME,
    SERVICE_PORT,
    VIEW,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.identity_note import KEPT, kept_mark
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.types import DesiredObject
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import (
    PENDING,
    READY,
    SKIPPED,
    Direction,
    Plan,
    PlannedMesh,
    Side,
)

_FOR = "federation.maistra.io/"


def build_objects(made: Plan, step: str, host: str, facts: Json) -> List[DesiredObject]:
    """The desired objects of one step for one mesh."""
    return BUILDERS[step](made, host, facts)


def gateway_objects(made: Plan, host: str, facts: Json) -> List[DesiredObject]:
    """The trust domain, where we set it, and each pair's two gateways: all are applies to the one control plane."""
    mesh = made["meshes"][host]
    if not mesh["readable"] or not mesh["in_play"]:
        return []
    live = dig(facts, "control_plane", "object")
    wishes = []
    if mesh["set_trust_domain"] and not held_back(made, host):
        spec = {"security": {"trust": {"domain": mesh["trust_domain"]}}}
        wishes.append(_wish(_control_plane(mesh, spec), None, None, live))
    for side in _sides(made, host, (READY, PENDING)):
        gateways, adopted = _gateways(side, made, dig(facts, "control_plane"))
        if gateways:
            definition = _control_plane(mesh, {"gateways": gateways})
            if adopted:
                definition["metadata"]["annotations"] = {ADOPTED_GATEWAYS + side["peer"]: ",".join(adopted)}
            wishes.append(_wish(definition, side, side["peer_host"], live))
    return wishes


def set_objects(made: Plan, host: str, facts: Json) -> List[DesiredObject]:
    """Import sets, then export sets. Both are inert until the peer exists, and then found by its first full sync."""
    wishes = []
    for key, kind, field, room in (
        ("imports", "ImportedServiceSet", "importRules", "imports"),
        ("exports", "ExportedServiceSet", "exportRules", "exports"),
    ):
        for side in _acting(made, host, (READY, PENDING)):
            live = _live(facts, room, side["peer_name"])
            rules = side["imports"] if key == "imports" else side["exports"]
            if rules is None or (not rules and (live is None or not is_ours(live))):
                continue
            spec: Json = {field: rules}
            if key == "imports" and side["locality"] and rules:
                spec["locality"] = side["locality"]
            definition = _object(side, FEDERATION_API, kind, side["peer_name"])
            definition["spec"] = spec
            wishes += _allowed(made, side, definition, live)
    return wishes


def peer_objects(made: Plan, host: str, facts: Json) -> List[DesiredObject]:
    """For each peer the ConfigMap with its root, then the ServiceMeshPeer, only when all of it is known or, in check
    mode, will be known."""
    wishes = []
    for side in _acting(made, host, (READY,)):
        other = made["meshes"][side["peer_host"]]
        if side["config_map"]:
            definition = _object(side, "v1", "ConfigMap", side["config_map"])
            definition["data"] = {ROOT_KEY: other["root"]}
            wishes += _allowed(made, side, definition, _live(facts, "config_maps", side["config_map"]))
        live = _live(facts, "peers", side["peer_name"])
        peer = _peer(side, other)
        kept = kept_mark(side, live, facts.get("istiod"))
        if kept is not None:
            peer["metadata"]["annotations"][KEPT] = kept
        wishes += _allowed(made, side, peer, live, _unknown(side, made))
    return wishes


#: The builder of each step of ``module_utils._product.steps`` that writes.
BUILDERS: Dict[str, Callable[[Plan, str, Json], List[DesiredObject]]] = {
    "gateways": gateway_objects,
    "sets": set_objects,
    "peers": peer_objects,
}


def held_back(made: Plan, host: str) -> bool:
    """Whether nothing is done for any peer of a mesh, so that the mesh itself is left alone too."""
    sides = made["sides"][host].values()
    return bool(sides) and all(side["state"] == SKIPPED for side in sides)


def _sides(made: Plan, host: str, states: Tuple[str, ...]) -> List[Side]:
    by_peer = made["sides"][host]
    return [by_peer[peer] for peer in sorted(by_peer) if by_peer[peer]["state"] in states]


def _acting(made: Plan, host: str, states: Tuple[str, ...]) -> List[Side]:
    """The sides of a mesh that this run writes."""
    return _sides(made, host, states) if made["meshes"][host]["in_play"] else []


def _own_objects(made: Plan, side: Side, facts: Json) -> List[Tuple[Json, Optional[Json]]]:
    """What we would write for a side, beside what lives."""
    other = made["meshes"][side["peer_host"]]
    both: List[Tuple[Json, Optional[Json]]] = []
    for rules, kind, field, room in (
        (side["imports"], "ImportedServiceSet", "importRules", "imports"),
        (side["exports"], "ExportedServiceSet", "exportRules", "exports"),
    ):
        if rules:
            both.append(
                (
                    {"kind": kind, "metadata": {"name": side["peer_name"]}, "spec": {field: rules}},
                    _live(facts, room, side["peer_name"]),
                )
            )
    if side["state"] == READY:
        if side["config_map"]:
            both.append(
                (
                    {
                        "kind": "ConfigMap",
                        "metadata": {"name": side["config_map"]},
                        "data": {ROOT_KEY: other["root"]},
                    },
                    _live(facts, "config_maps", side["config_map"]),
                )
            )
        both.append((_peer(side, other), _live(facts, "peers", side["peer_name"])))
    return both




def _control_plane(mesh: PlannedMesh, spec: Json) -> Json:
    """An apply to the control plane that was read: its uid makes sure that none is created by mistake."""
    return {
        "apiVersion": "maistra.io/v2",
        "kind": "ServiceMeshControlPlane",
        "metadata": {"name": mesh["control_plane"], "namespace": mesh["namespace"], "uid": mesh["uid"]},
        "spec": spec,
    }


def _object(side: Side, api_version: str, kind: str, name: str) -> Json:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": side["namespace"],
            "labels": {MANAGED_BY: OURS, PEER_LABEL: side["peer"]},
        },
    }


def _gateways(side: Side, made: Plan, control_plane: Optional[Json]) -> Tuple[Json, List[str]]:
    """A pair's gateways in the shape of ``spec.gateways``, and which of them are somebody else's, adopted.

    Those of others are left out unless they are adopted, and then sent as they live: nothing of the Service changes. Once
    adopted they stay so, since what only we hold would go from the control plane with the next apply.
    """
    adopt = bool(made["options"].get("federation_adopt"))
    gateways: Json = {}
    adopted: List[str] = []
    for kind, name, wanted, whose in _both(side):
        live = dig(control_plane, "object", "spec", "gateways", kind, name)
        if whose not in NOT_OURS:
            gateways[kind] = {name: wanted}
        elif live is not None and (adopt or whose == "adopted"):
            gateways[kind] = {name: _as_it_lives(wanted, live)}
            adopted.append(f"{kind}.{name}")
    return gateways, adopted


def _both(side: Side) -> Tuple[Tuple[str, str, Json, str], ...]:
    """A pair's two gateways: kind, name, what we would send, whose it is."""
    return (
        (INGRESS, side["ingress"], ingress_gateway(side), side["owners"]["ingress"]),
        (EGRESS, side["egress"], egress_gateway(side), side["owners"]["egress"]),
    )


def ingress_gateway(side: Side) -> Json:
    """The ingress gateway for one peer, as an entry of ``spec.gateways.additionalIngress``."""
    chosen = side["exposure"]
    metadata: Json = {"labels": {f"{_FOR}ingress-for": side["ingress"], **chosen["labels"]}}
    if chosen["annotations"]:
        metadata["annotations"] = chosen["annotations"]
    # A load balancer that checks one port only checks the first: discovery listens earlier than services do.
    ports = [
        _port(DISCOVERY_PORT, DISCOVERY_NAME, chosen["nodePorts"]),
        _port(SERVICE_PORT, SERVICE_NAME, chosen["nodePorts"]),
    ]
    return {
        "enabled": True,
        "routeConfig": {"enabled": False},
        "service": {"type": chosen["type"], "metadata": metadata, "ports": ports, **chosen["fields"]},
        **_router_mode(side),
        **_runtime(side, "ingress"),
    }


def egress_gateway(side: Side) -> Json:
    """The egress gateway for one peer, as an entry of ``spec.gateways.additionalEgress``."""
    return {
        "enabled": True,
        VIEW: [conventions.network_view(side["peer_name"])],
        "service": {
            "metadata": {"labels": {f"{_FOR}egress-for": side["egress"]}},
            "ports": [_port(SERVICE_PORT, SERVICE_NAME, {}), _port(DISCOVERY_PORT, "http-discovery", {})],
        },
        **_router_mode(side),
        **_runtime(side, "egress"),
    }


def _router_mode(side: Side) -> Json:
    """The router mode that gateways of 2.1 need; later versions do not read it."""
    return {"routerMode": "sni-dnat"} if versions.needs_router_mode(side["version"]) else {}


def _runtime(side: Side, direction: Direction) -> Json:
    """Replicas, resources, autoscaling, placement: in the product's own shape, and only what is asked for."""
    return {"runtime": copy.deepcopy(side["runtime"][direction])} if side["runtime"][direction] else {}


def _port(number: int, name: str, node_ports: Mapping[str, int]) -> Json:
    port: Json = {"port": number, "name": name}
    if name in node_ports:
        port["nodePort"] = node_ports[name]
    return port


def _peer(side: Side, other: PlannedMesh) -> Json:
    definition = _object(side, FEDERATION_API, "ServiceMeshPeer", side["peer_name"])
    definition["metadata"]["annotations"] = {ROOT_ANNOTATION: ",".join(other["fingerprints"])}
    security: Json = {"trustDomain": side["remote_trust_domain"], "clientID": side["client_id"]}
    if side["config_map"]:
        security["certificateChain"] = {"kind": "ConfigMap", "name": side["config_map"]}
    definition["spec"] = {
        "gateways": {"ingress": {"name": side["ingress"]}, "egress": {"name": side["egress"]}},
        "security": security,
    }
    if side["remote"]:
        definition["spec"]["remote"] = _remote(side)
    return definition


def _remote(side: Side) -> Json:
    """Addresses, and ports only where they are not the ones that istiod takes by itself."""
    found = side["remote"] or {"addresses": [], "discoveryPort": DISCOVERY_PORT, "servicePort": SERVICE_PORT}
    remote: Json = {"addresses": found["addresses"]}
    if found["discoveryPort"] != DISCOVERY_PORT:
        remote["discoveryPort"] = found["discoveryPort"]
    if found["servicePort"] != SERVICE_PORT:
        remote["servicePort"] = found["servicePort"]
    return remote


def _unknown(side: Side, made: Plan) -> Dict[str, str]:
    """What of a ServiceMeshPeer is known later, and when."""
    if side["remote"]:
        return {}
    back = made["sides"][side["peer_host"]][side["host"]]
    when = f"known once {back['ingress']} of {side['peer']} has an address"
    paths = ["spec.remote.addresses"]
    if back["exposure"]["type"] == NODE_PORT:
        paths += ["spec.remote.discoveryPort", "spec.remote.servicePort"]
    return dict.fromkeys(paths, when)




def _wish(
    definition: Json,
    side: Optional[Side],
    peer: Optional[str],
    live: Optional[Json],
    unknown: Optional[Dict[str, str]] = None,
) -> DesiredObject:
    manager = conventions.field_manager(side["peer_name"] if side else None)
    return {
        "definition": definition,
        "field_manager": manager,
        "peer": peer,
        "live": live,
        "unknown": unknown or {},
    }


def _live(facts: Json, room: str, name: str) -> Optional[Json]:
    return next((one for one in facts.get(room) or [] if dig(one, "metadata", "name") == name), None)


def _allowed(
    made: Plan, side: Side, definition: Json, live: Optional[Json], unknown: Optional[Dict[str, str]] = None
) -> List[DesiredObject]:
    """A wish for what is absent or ours; for what is somebody else's only when it is adopted, and then as it lives."""
    if live is not None:
        adopted = dig(live, "metadata", "annotations", ADOPTED) is not None
        if not is_ours(live) and not made["options"].get("federation_adopt"):
            return []
        if adopted or not is_ours(live):
            definition = _adopted(definition, live)
            unknown = None
    return [_wish(definition, side, side["peer_host"], live, unknown)]


def _adopted(definition: Json, live: Json) -> Json:
    kept: Json = {key: definition[key] for key in ("apiVersion", "kind", "metadata")}
    kept["metadata"] = {**kept["metadata"], "annotations": {ADOPTED: "true"}}
    for body in ("spec", "data"):
        if body in definition:
            kept[body] = _as_it_lives(definition[body], live.get(body) or {})
    return kept


def _as_it_lives(wanted: Any, live: Any) -> Any:
    """The fields that we would send, with the values that live; fields that do not live are left out."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        return {key: _as_it_lives(wanted[key], live[key]) for key in wanted if key in live}
    return copy.deepcopy(live)




def _told(definition: Json) -> Json:
    return {key: value for key, value in definition.items() if key in ("spec", "data")}
