# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the address of a live gateway, what of our apply would change it, and how that is told. Pure.

A gateway's address is in firewalls, DNS and other people's peers. So what decides it is changed only when the inventory
says it and the mesh is confirmed; what nobody says stays as it lives.
"""

from __future__ import annotations

import json
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple, cast

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
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import node_addresses, read_gateway
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Ingress
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.exposure import exposure, internal_refused, row_of
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Exposure, Plan, PlannedMesh, Side

CONFIRM = "federation_confirm_address_change"
_FIXED_IP = "loadBalancerIP"
_NODES = f"annotations.{NODES_INTERNAL[0]}"
#: What of mesh_ingress concerns the way to a gateway, not the gateway.
_PLACE = ("addresses", "discoveryPort", "servicePort", "nodePorts")


class Change(NamedTuple):
    """One part of a gateway that decides its address: what lives, what is wished for, and whether the inventory says it."""

    path: str
    lives: Optional[str]
    wanted: Optional[str]
    said: bool

    @property
    def message(self) -> str:
        """The change for people."""
        room, dummy, key = self.path.partition(".")
        what = f"{room[:-1]} {key}" if key else room
        return f"{what} from {self.lives or 'none'} to {self.wanted or 'none'}"


class Live(NamedTuple):
    """A gateway as it was found: ``owner`` (absent, ours, foreign or adopted), its ``type``, what of it is ``ours`` and decides an
    address that it has, and, where others own it, the ``scope`` that it has (by path; None for what is not there).
    ``one_network``: the nodes are reached at the same addresses from inside and outside."""

    owner: str
    type: Optional[str]
    ours: Dict[str, str]
    scope: Dict[str, Optional[str]]
    one_network: bool = False


def found(facts: Json, side_names: Tuple[str, str], owner: str) -> Live:
    """What is known of one ingress gateway; ``side_names`` are the names of the peer and of the gateway."""
    dummy, gateway = side_names
    if owner == "ours":
        nodes = facts.get("nodes") or []
        one_network = node_addresses(nodes) == node_addresses(nodes, internal=True)
        return Live(owner, live_type(facts, gateway), _ours(facts, side_names), {}, one_network)
    if owner in NOT_OURS:
        notes = dig(facts, "services", gateway, "metadata", "annotations") or {}
        return Live(owner, live_type(facts, gateway), {}, {f"annotations.{key}": notes.get(key) for key in INTERNAL})
    return Live(owner, None, {}, {})


def live_type(facts: Json, gateway: str) -> Optional[str]:
    """The type of a gateway's Service, as the control plane wants it, else as it is."""
    spec = dig(facts, "control_plane", "object", "spec", "gateways", "additionalIngress", gateway, "service", "type")
    return cast(Optional[str], spec or dig(facts, "services", gateway, "spec", "type"))


def _ours(facts: Json, side_names: Tuple[str, str]) -> Dict[str, str]:
    """What of a live gateway is ours and decides its address, by path; empty where there is no address to lose.

    Paths are ``type``, ``loadBalancerIP``, ``annotations.<key>`` and ``labels.<key>``. What another field manager has set
    is not ours to keep.
    """
    peer_name, gateway = side_names
    service = dig(facts, "services", gateway)
    if "pending" in read_gateway(service, facts.get("nodes") or []):
        return {}
    control_plane = dig(facts, "control_plane", "object")
    spec = dig(control_plane, "spec", "gateways", "additionalIngress", gateway, "service") or {}
    fields = _owned(control_plane, peer_name, gateway)
    parts = {key: str(spec[key]) for key in ("type", _FIXED_IP) if key in spec and f"f:{key}" in fields}
    for room in ("annotations", "labels"):
        owned = dig(fields, "f:metadata", f"f:{room}") or {}
        for key, value in (dig(spec, "metadata", room) or {}).items():
            if f"f:{key}" in owned:
                parts[f"{room}.{key}"] = str(value)
    return _deciding(parts)


def _owned(control_plane: Optional[Json], peer_name: str, gateway: str) -> Json:
    """The fields of a gateway's service that our last apply owns, as the API server writes them (FieldsV1)."""
    text = dig(control_plane, "applied", conventions.field_manager(peer_name), "fields")
    tree = json.loads(text) if text else {}
    return dig(tree, "f:spec", "f:gateways", "f:additionalIngress", f"f:{gateway}", "f:service") or {}


def _deciding(parts: Mapping[str, str]) -> Dict[str, str]:
    """Those parts that decide the address, by the type: a name of the cluster stays what it is; to change a label makes the
    operator make objects anew (istio-operator, pkg/controller/common/helm); the rest is for the cloud."""
    kind = parts.get("type", LOAD_BALANCER)
    decisive = {key: value for key, value in parts.items() if key == "type"}
    for path, value in parts.items():
        room, dummy, key = path.partition(".")
        label = room == "labels" and not key.startswith("federation.maistra.io/")
        balancer = kind == LOAD_BALANCER and (path == _FIXED_IP or (room == "annotations" and key in DECIDING))
        nodes = kind == NODE_PORT and path == _NODES
        if kind != CLUSTER_IP and (label or balancer or nodes):
            decisive[path] = value
    return decisive


def _wanted(chosen: Exposure) -> Dict[str, str]:
    return _deciding(
        {
            "type": chosen["type"],
            **{key: str(value) for key, value in chosen["fields"].items()},
            **{f"annotations.{key}": value for key, value in chosen["annotations"].items()},
            **{f"labels.{key}": value for key, value in chosen["labels"].items()},
        }
    )


def changes(chosen: Exposure, live: Mapping[str, str], wish: Ingress, platform_said: bool) -> List[Change]:
    """What would change the address of a live gateway; with another type only the type is told."""
    if not live:
        return []
    wanted = _wanted(chosen)
    paths = sorted({*wanted, *live})
    if live.get("type", chosen["type"]) != chosen["type"]:
        paths = ["type"]
    return [
        Change(path, live.get(path), wanted.get(path), _said(path, wish, platform_said))
        for path in paths
        if live.get(path) != wanted.get(path)
    ]


def _said(path: str, wish: Ingress, platform_said: bool) -> bool:
    """Whether the inventory asks for a part by itself, not only the collection or what it has found."""
    room, dummy, key = path.partition(".")
    if room == "annotations":
        scope = (key in INTERNAL or path == _NODES) and "internal" in wish
        return scope or platform_said or key in wish.get("annotations", {})
    if room == "labels":
        return key in wish.get("labels", {})
    return {"type": "exposure"}.get(room, room) in wish


def settle(
    platform: str, wish: Ingress, live: Live, *, same_cluster: bool, platform_said: bool, confirmed: bool
) -> Tuple[Exposure, List[Change]]:
    """The exposure of one gateway, in which what lives and nobody wants otherwise is kept; and all that differs from what
    lives. A gateway of others is as it is, whatever is wished for; only where it is reached can be given by hand."""
    if live.owner in NOT_OURS:
        wish = cast(Ingress, {key: part for key, part in wish.items() if key in _PLACE})
        return exposure(platform, wish, same_cluster=same_cluster, live_type=live.type, kept=live.scope), []
    chosen = exposure(platform, wish, same_cluster=same_cluster, live_type=live.type)
    differing = [
        one for one in changes(chosen, live.ours, wish, platform_said) if not (live.one_network and one.path == _NODES)
    ]
    kept = {} if confirmed else {one.path: one.lives for one in differing if not one.said}
    if kept:
        chosen = exposure(platform, wish, same_cluster=same_cluster, live_type=live.type, kept=kept)
    return chosen, differing




def address_problems(
    own: PlannedMesh, differing: Mapping[str, List[Change]], sides: Mapping[str, Side], confirmed: bool
) -> List[Problem]:
    """What is to be said of changed addresses of one mesh, by peers' hosts; peers with one reason share a problem."""
    groups: Dict[Tuple[str, str], List[str]] = {}
    for peer in sorted(sides):
        changed = differing.get(peer, [])
        for state in ("said", "kept"):
            told = [one for one in changed if confirmed or one.said == (state == "said")]
            if told and (state == "said" or not confirmed):
                groups.setdefault((state, ", ".join(one.message for one in told)), []).append(peer)
    return [
        _address_problem(own, state, what, [sides[peer] for peer in peers], confirmed)
        for (state, what), peers in groups.items()
    ]


def _address_problem(own: PlannedMesh, state: str, what: str, sides: List[Side], confirmed: bool) -> Problem:
    gateways = ", ".join(side["ingress"] for side in sides)
    peer = sides[0]["peer"] if len(sides) == 1 else None
    if confirmed:
        return problem(
            "address-changes",
            own["mesh"],
            gateways,
            f"{what}: the address changes, as confirmed, and links of others to it are down until they have the new one",
            _after_change(own, sides, what),
            peer=peer,
            severity="warning",
        )
    if state == "said":
        return problem(
            "address-change",
            own["mesh"],
            "mesh_ingress",
            f"{what}: the address of what lives would change ({gateways})",
            f"Say in mesh_ingress what lives, or name the mesh in {CONFIRM}",
            peer=peer,
        )
    return problem(
        "address-kept",
        own["mesh"],
        gateways,
        f"the inventory does not ask for it, so what lives is kept: {what} would change its address",
        f"Say in mesh_ingress what lives, or name the mesh in {CONFIRM}",
        peer=peer,
        severity="warning",
    )


def _after_change(own: PlannedMesh, sides: List[Side], what: str) -> str:
    """What is left to do after a confirmed change: only some clouds move a live load balancer (cluster-ingress-operator)."""
    if what.startswith("type ") or sides[0]["exposure"]["type"] != LOAD_BALANCER:
        return "Open firewalls for the new address"
    if row_of(own["platform"], {})[1].in_place:
        return "Run federate.yml once more when the cloud has published the new address"
    services = ", ".join(side["ingress"] for side in sides)
    return (
        f"On {own['platform']} a live load balancer stays as it is: delete Service {services} in {own['namespace']}, so that "
        "the operator makes it anew, and run federate.yml again"
    )


def internal_problems(own: PlannedMesh, wishes: Mapping[str, Ingress], sides: Mapping[str, Side]) -> List[Problem]:
    """Internal load balancers that were asked for where no annotation makes them."""
    reasons: Dict[str, List[str]] = {}
    for peer, side in sorted(sides.items()):
        why = internal_refused(own["platform"], wishes[peer], side["exposure"])
        if why and side["owners"]["ingress"] not in NOT_OURS:
            reasons.setdefault(why, []).append(side["peer"])
    return [
        problem(
            "internal-impossible",
            own["mesh"],
            "mesh_ingress.internal",
            why,
            "Take internal out of mesh_ingress, or set its exposure to NodePort",
            peer=peers[0] if len(peers) == 1 else None,
        )
        for why, peers in reasons.items()
    ]


def reached(made: Plan) -> List[str]:
    """One line for each way in which meshes of this run are reached: which ones, on what platform, how, and why."""
    by_text: Dict[str, List[str]] = {}
    for host, mesh in sorted(made["meshes"].items()):
        if mesh["in_play"] and mesh["readable"] and made["sides"][host]:
            by_text.setdefault(_reached(mesh, made["sides"][host]), []).append(mesh["mesh"])
    return [f"{', '.join(meshes)}: {text}" for text, meshes in by_text.items()]


def _reached(mesh: PlannedMesh, sides: Mapping[str, Side]) -> str:
    by_words: Dict[str, List[str]] = {}
    for dummy, side in sorted(sides.items()):
        by_words.setdefault(side["exposure"]["message"], []).append(side["peer"])
    if len(by_words) == 1:
        return f"{mesh['platform_message']}. {next(iter(by_words))}"
    told = (f"For {', '.join(peers)}: {message}" for message, peers in by_words.items())
    return f"{mesh['platform_message']}. {'. '.join(told)}"
