# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the address of a live gateway, and what of a run would change it. Pure.

A gateway's address is in firewalls, DNS and ServiceMeshPeers of other administrators. So the parts of a gateway that decide
its address change only if the inventory declares it and the mesh is confirmed; parts that are not declared stay as they are.
"""

from __future__ import annotations

import json
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    CLUSTER_IP,
    LOAD_BALANCER,
    NODE_PORT,
    NOT_OURS,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.platforms import (
    DECIDING,
    INTERNAL,
    NODES_INTERNAL,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Owner, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import node_addresses, read_gateway
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Ingress
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.exposure import (
    decide_exposure,
    platform_row,
    why_not_internal,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Exposure, PlannedMesh, Side

CONFIRMATION = "federation_confirm_address_change"
_FIXED_IP = "loadBalancerIP"
_NODES = f"annotations.{NODES_INTERNAL[0]}"


class Change(NamedTuple):
    """One part of a gateway that decides its address, with its live and desired value.

    ``declared``: the inventory asks for the desired value, not only the collection or the detected platform.
    """

    path: str
    live: Optional[str]
    desired: Optional[str]
    declared: bool

    @property
    def message(self) -> str:
        """The change for people."""
        section, dummy, key = self.path.partition(".")
        part = f"{section[:-1]} {key}" if key else section
        return f"{part} from {self.live or 'none'} to {self.desired or 'none'}"


class LiveGateway(NamedTuple):
    """A live ingress gateway. ``owned`` are the parts that we own and that decide an address which it has, by path.

    ``scope`` are the annotations for the scope of an unmanaged gateway, by path; None for one that does not exist.
    ``one_network``: the nodes have the same addresses inside and outside.
    """

    owner: Owner
    type: Optional[str]
    owned: Dict[str, str]
    scope: Dict[str, Optional[str]]
    one_network: bool = False


def read_live_gateway(facts: Json, peer_name: str, gateway: str, owner: Owner) -> LiveGateway:
    """Describe one ingress gateway by the MeshFacts of its mesh; ``peer_name`` is the name of the pair's ServiceMeshPeer."""
    if owner == "ours":
        nodes = facts.get("nodes") or []
        one_network = node_addresses(nodes) == node_addresses(nodes, internal=True)
        return LiveGateway(owner, live_type(facts, gateway), _owned_parts(facts, peer_name, gateway), {}, one_network)
    if owner in NOT_OURS:
        annotations = dig(facts, "gateway_services", gateway, "metadata", "annotations") or {}
        scope = {f"annotations.{key}": annotations.get(key) for key in INTERNAL}
        return LiveGateway(owner, live_type(facts, gateway), {}, scope)
    return LiveGateway(owner, None, {}, {})


def live_type(facts: Json, gateway: str) -> Optional[str]:
    """The type of a gateway's Service, by the control plane, else by the Service itself."""
    spec = dig(facts, "control_plane", "object", "spec", "gateways", "additionalIngress", gateway, "service", "type")
    found: Optional[str] = spec or dig(facts, "gateway_services", gateway, "spec", "type")
    return found


def changes_of_address(
    exposure: Exposure, live: Mapping[str, str], ingress: Ingress, platform_is_declared: bool
) -> List[Change]:
    """What would change the address of a live gateway with the owned parts ``live``; another type makes the rest irrelevant."""
    if not live:
        return []
    desired = _desired_parts(exposure)
    paths = sorted({*desired, *live})
    if live.get("type", exposure["type"]) != exposure["type"]:
        paths = ["type"]
    return [
        Change(path, live.get(path), desired.get(path), _is_declared(path, ingress, platform_is_declared))
        for path in paths
        if live.get(path) != desired.get(path)
    ]


def settle_exposure(
    platform: str,
    ingress: Ingress,
    live: LiveGateway,
    *,
    same_cluster: bool,
    platform_is_declared: bool,
    confirmed: bool,
) -> Tuple[Exposure, List[Change]]:
    """Decide the exposure of a gateway that may be live, and list what differs from the live one.

    Parts that decide the address stay unless another value is declared, or the change is confirmed. An unmanaged gateway
    stays as it is; only the way to it can be declared.
    """
    if live.owner in NOT_OURS:
        way = _without_service(ingress)
        return decide_exposure(platform, way, same_cluster=same_cluster, live_type=live.type, kept=live.scope), []
    exposure = decide_exposure(platform, ingress, same_cluster=same_cluster, live_type=live.type)
    changes = [
        change
        for change in changes_of_address(exposure, live.owned, ingress, platform_is_declared)
        if not (live.one_network and change.path == _NODES)
    ]
    kept = {} if confirmed else {change.path: change.live for change in changes if not change.declared}
    if kept:
        exposure = decide_exposure(platform, ingress, same_cluster=same_cluster, live_type=live.type, kept=kept)
    return exposure, changes


def address_problems(
    mesh: PlannedMesh, changes: Mapping[str, List[Change]], sides: Mapping[str, Side], confirmed: bool
) -> List[Problem]:
    """Problems of changed addresses of one mesh. ``changes`` and ``sides`` are by host of the peer; peers with the same change
    share a problem."""
    groups: Dict[Tuple[bool, str], List[Side]] = {}
    for peer in sorted(sides):
        for declared in (True, False):
            # A confirmed change is one group: whether it is declared makes no difference.
            chosen = [change for change in changes.get(peer, []) if confirmed or change.declared == declared]
            if chosen and (declared or not confirmed):
                text = ", ".join(change.message for change in chosen)
                groups.setdefault((declared, text), []).append(sides[peer])
    return [_address_problem(mesh, declared, text, group, confirmed) for (declared, text), group in groups.items()]


def internal_problems(
    mesh: PlannedMesh, ingress_by_peer: Mapping[str, Ingress], sides: Mapping[str, Side]
) -> List[Problem]:
    """Internal load balancers that are declared where no annotation makes them."""
    peers_by_reason: Dict[str, List[str]] = {}
    for peer, side in sorted(sides.items()):
        reason = why_not_internal(mesh["platform"], ingress_by_peer[peer], side["exposure"])
        if reason and side["owners"]["ingress"] not in NOT_OURS:
            peers_by_reason.setdefault(reason, []).append(side["peer"])
    return [
        problem(
            "internal-impossible",
            mesh["mesh"],
            "mesh_ingress.internal",
            reason,
            peer=peers[0] if len(peers) == 1 else None,
        )
        for reason, peers in peers_by_reason.items()
    ]


def _without_service(ingress: Ingress) -> Ingress:
    """What of ``mesh_ingress`` describes the way to a gateway, not its Service."""
    way: Ingress = {}
    if "addresses" in ingress:
        way["addresses"] = ingress["addresses"]
    if "discoveryPort" in ingress:
        way["discoveryPort"] = ingress["discoveryPort"]
    if "servicePort" in ingress:
        way["servicePort"] = ingress["servicePort"]
    if "nodePorts" in ingress:
        way["nodePorts"] = ingress["nodePorts"]
    return way


def _owned_parts(facts: Json, peer_name: str, gateway: str) -> Dict[str, str]:
    """The parts of a live gateway that we own and that decide its address, by path; empty if it has no address.

    Paths are ``type``, ``loadBalancerIP``, ``annotations.<key>`` and ``labels.<key>``. Parts that another field manager has
    set are not included.
    """
    service = dig(facts, "gateway_services", gateway)
    if "pending" in read_gateway(service, facts.get("nodes") or []):
        return {}
    control_plane = dig(facts, "control_plane", "object")
    spec = dig(control_plane, "spec", "gateways", "additionalIngress", gateway, "service") or {}
    fields = _owned_fields(control_plane, peer_name, gateway)
    parts = {key: str(spec[key]) for key in ("type", _FIXED_IP) if key in spec and f"f:{key}" in fields}
    for section in ("annotations", "labels"):
        owned = dig(fields, "f:metadata", f"f:{section}") or {}
        for key, value in (dig(spec, "metadata", section) or {}).items():
            if f"f:{key}" in owned:
                parts[f"{section}.{key}"] = str(value)
    return _deciding_parts(parts)


def _owned_fields(control_plane: Optional[Json], peer_name: str, gateway: str) -> Json:
    """The fields of a gateway's service that our last apply owns, in the API server's format FieldsV1."""
    text = dig(control_plane, "applied", conventions.field_manager(peer_name), "fields")
    tree = json.loads(text) if text else {}
    return dig(tree, "f:spec", "f:gateways", "f:additionalIngress", f"f:{gateway}", "f:service") or {}


def _deciding_parts(parts: Mapping[str, str]) -> Dict[str, str]:
    """The parts that decide the address, by type.

    A name of the cluster never changes. A changed label makes the operator create objects again (istio-operator,
    pkg/controller/common/helm); the rest is for the cloud.
    """
    kind = parts.get("type", LOAD_BALANCER)
    deciding = {key: value for key, value in parts.items() if key == "type"}
    for path, value in parts.items():
        section, dummy, key = path.partition(".")
        is_label = section == "labels" and not key.startswith("federation.maistra.io/")
        is_balancer_part = path == _FIXED_IP or (section == "annotations" and key in DECIDING)
        is_deciding = is_label or (kind == LOAD_BALANCER and is_balancer_part) or (kind == NODE_PORT and path == _NODES)
        if kind != CLUSTER_IP and is_deciding:
            deciding[path] = value
    return deciding


def _desired_parts(exposure: Exposure) -> Dict[str, str]:
    return _deciding_parts(
        {
            "type": exposure["type"],
            **{key: str(value) for key, value in exposure["fields"].items()},
            **{f"annotations.{key}": value for key, value in exposure["annotations"].items()},
            **{f"labels.{key}": value for key, value in exposure["labels"].items()},
        }
    )


def _is_declared(path: str, ingress: Ingress, platform_is_declared: bool) -> bool:
    """Whether the inventory itself asks for a part."""
    section, dummy, key = path.partition(".")
    if section == "annotations":
        is_scope = (key in INTERNAL or path == _NODES) and "internal" in ingress
        return is_scope or platform_is_declared or key in ingress.get("annotations", {})
    if section == "labels":
        return key in ingress.get("labels", {})
    return {"type": "exposure"}.get(section, section) in ingress


def _address_problem(mesh: PlannedMesh, declared: bool, text: str, sides: List[Side], confirmed: bool) -> Problem:
    gateways = ", ".join(side["ingress"] for side in sides)
    peer = sides[0]["peer"] if len(sides) == 1 else None
    remedy = f"Declare the live values in mesh_ingress, or list the mesh in {CONFIRMATION}"
    if confirmed:
        return problem(
            "address-changes",
            mesh["mesh"],
            gateways,
            f"{text}: the address changes, as confirmed; links to it are down until their meshes have the new one",
            _after_change(mesh, sides, text),
            peer=peer,
            severity="warning",
        )
    if declared:
        message = f"{text}: the address of the live gateways would change ({gateways})"
        return problem("address-change", mesh["mesh"], "mesh_ingress", message, remedy, peer=peer)
    message = f"the live values are kept, as the inventory declares no others: {text} would change the address"
    return problem("address-kept", mesh["mesh"], gateways, message, remedy, peer=peer, severity="warning")


def _after_change(mesh: PlannedMesh, sides: List[Side], text: str) -> str:
    """What is left to do after a confirmed change: only some clouds move a live load balancer (cluster-ingress-operator)."""
    if text.startswith("type ") or sides[0]["exposure"]["type"] != LOAD_BALANCER:
        return "Open firewalls for the new address"
    if platform_row(mesh["platform"], {})[1].in_place:
        return "Run federate.yml once more when the cloud has published the new address"
    services = ", ".join(side["ingress"] for side in sides)
    return (
        f"On {mesh['platform']} a live load balancer does not change: delete Service {services} in {mesh['namespace']}, so "
        "that the operator creates it again, and run federate.yml again"
    )
