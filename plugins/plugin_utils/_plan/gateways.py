# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the additional gateways of a control plane. Which pair they are for while no ServiceMeshPeer names
them, and whether unmanaged ones can serve. Pure.
"""

from __future__ import annotations

from typing import Callable, Collection, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    CLUSTER_IP,
    DISCOVERY_PORT,
    EGRESS,
    EXPOSURES,
    INGRESS,
    SERVICE_PORT,
    VIEW,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._product.versions import network_filter
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import gateway_managers

_LABELS = {INGRESS: "federation.maistra.io/ingress-for", EGRESS: "federation.maistra.io/egress-for"}


class Partner(NamedTuple):
    """A mesh for which a gateway is looked for, and the name of our ServiceMeshPeer for it."""

    mesh: str
    peer_name: str


class Match(NamedTuple):
    """The gateways that were found for one partner, and the reason; ``sure``: exactly one, and for no other partner."""

    names: List[str]
    reason: str
    sure: bool


#: Gives the reason why a gateway (name, entry of the spec) is for a partner, or None.
_Sign = Callable[[str, Json, Partner], Optional[str]]


def match_gateways(
    kind: str, partners: Mapping[str, Partner], control_plane: Optional[Json], taken: Collection[str]
) -> Dict[str, Match]:
    """Find the live gateways of one kind for partners, by host; a host without one is not in the result.

    ``taken`` are gateways that a ServiceMeshPeer names. The strongest sign wins: our own field manager, then the label,
    then the network view of an egress gateway, then the name. The product reads the labels nowhere (they only distinguish
    gateways), but all samples and documents set them; their value is the name of the peer or of the gateway.
    """
    live = dig(control_plane, "object", "spec", "gateways", kind) or {}
    free = {name: entry or {} for name, entry in sorted(live.items()) if name not in taken}
    matches: Dict[str, Match] = {}
    for sign in _signs(kind, control_plane):
        candidates: Dict[str, List[Tuple[str, str]]] = {}
        for host in sorted(set(partners) - set(matches)):
            reasons = ((name, sign(name, entry, partners[host])) for name, entry in free.items())
            candidates[host] = [(name, reason) for name, reason in reasons if reason]
        matches.update(_decide(candidates))
        matched = {name for match in matches.values() for name in match.names}
        free = {name: entry for name, entry in free.items() if name not in matched}
    return matches


def _decide(candidates: Mapping[str, List[Tuple[str, str]]]) -> Dict[str, Match]:
    """The matches by one sign: one gateway for one partner is sure, anything else is ambiguous."""
    matches = {}
    for host, rows in candidates.items():
        if rows:
            names = [name for name, dummy in rows]
            rivals = {name for other in candidates if other != host for name, dummy in candidates[other]}
            matches[host] = Match(names, rows[0][1], len(names) == 1 and not rivals & set(names))
    return matches


def _signs(kind: str, control_plane: Optional[Json]) -> List[_Sign]:
    def is_ours(name: str, entry: Json, partner: Partner) -> Optional[str]:
        ours = conventions.field_manager(partner.peer_name) in gateway_managers(control_plane, kind, name)
        return "it is ours" if ours else None

    def has_label(name: str, entry: Json, partner: Partner) -> Optional[str]:
        value = (dig(entry, "service", "metadata", "labels") or {}).get(_LABELS[kind])
        matches = value in (partner.mesh, partner.peer_name, *_usual_names(kind, partner))
        return f"its label {_LABELS[kind]} is {value}" if matches else None

    def has_view(name: str, entry: Json, partner: Partner) -> Optional[str]:
        view = conventions.network_view(partner.peer_name)
        return f"its {VIEW} has {view}" if view in (entry.get(VIEW) or []) else None

    def has_name(name: str, entry: Json, partner: Partner) -> Optional[str]:
        label = (dig(entry, "service", "metadata", "labels") or {}).get(_LABELS[kind], name)
        return f"its name is {name}" if name in _usual_names(kind, partner) and label == name else None

    return [is_ours, has_label, has_view, has_name] if kind == EGRESS else [is_ours, has_label, has_name]


def _usual_names(kind: str, partner: Partner) -> List[str]:
    """The names that documents and this collection give to the gateway for a peer."""
    word = "ingress" if kind == INGRESS else "egress"
    return [name for peer in (partner.mesh, partner.peer_name) for name in (f"{word}-{peer}", f"{peer}-{word}")]


class Fault(NamedTuple):
    """Why a gateway cannot serve, and the remedy; ``fatal``: the pair cannot even be linked."""

    message: str
    remedy: str
    fatal: bool = True


def ingress_faults(gateway: Json, namespace: str, service_type: Optional[str], reachable: bool) -> List[Fault]:
    """What prevents an unmanaged ingress gateway from serving.

    ``service_type`` is the type of its Service, None if it is unknown; ``reachable``: the other mesh reaches it by a name
    inside the cluster or at a declared address.
    """
    faults = _common_faults(gateway, namespace)
    if service_type is not None and service_type not in EXPOSURES:
        faults.append(
            Fault(f"its Service is of type {service_type}", f"Set service.type to one of {', '.join(EXPOSURES)}")
        )
    elif service_type == CLUSTER_IP and not reachable:
        faults.append(
            Fault(
                f"its Service is of type {CLUSTER_IP}, which the other cluster cannot reach",
                "Set its service.type to LoadBalancer or NodePort, or declare an address that leads to it in "
                "mesh_ingress.addresses",
            )
        )
    return faults


def egress_faults(gateway: Json, namespace: str, peer_name: str, control_plane: Json) -> List[Fault]:
    """What prevents an unmanaged egress gateway from serving; ``control_plane`` are the facts of its control plane."""
    faults = _common_faults(gateway, namespace)
    for port in _ports(gateway):
        # istiod uses the endpoints of the Service that have port 15443 (its federation/controller.go).
        if port.get("port") == SERVICE_PORT and port.get("targetPort") not in (
            None,
            0,
            "0",
            SERVICE_PORT,
            str(SERVICE_PORT),
        ):
            message = (
                f"its port {SERVICE_PORT} has the targetPort {port['targetPort']}, and istiod requires {SERVICE_PORT}"
            )
            faults.append(Fault(message, f"Set targetPort of that port to {SERVICE_PORT}, or remove it"))
    if not sees_peer(gateway, peer_name) and network_filter(control_plane):
        message = f"its {VIEW} is {', '.join(gateway[VIEW])}, so it gets no endpoint of the peer: requests get 503"
        faults.append(Fault(message, f"Set {VIEW} to [{conventions.network_view(peer_name)}]", fatal=False))
    return faults


def sees_peer(gateway: Json, peer_name: str) -> bool:
    """Whether the network view of an egress gateway has the network of a peer, or is empty and so has all networks."""
    view = gateway.get(VIEW) or []
    return not view or conventions.network_view(peer_name) in view


def _common_faults(gateway: Json, namespace: str) -> List[Fault]:
    faults = []
    if gateway.get("enabled") is not True:
        faults.append(Fault("it is not enabled, so the operator does not create it", "Set enabled: true"))
    if gateway.get("namespace") not in (None, "", namespace):
        message = f"it is in the namespace {gateway['namespace']}, and istiod uses gateways of its own namespace only"
        faults.append(Fault(message, "Remove its namespace"))
    numbers = {port.get("port") for port in _ports(gateway)}
    missing = [str(port) for port in (DISCOVERY_PORT, SERVICE_PORT) if port not in numbers]
    if missing:
        message = f"it has no port {' and no port '.join(missing)}"
        faults.append(Fault(message, f"Add {' and '.join(missing)} to service.ports; istiod requires these numbers"))
    return faults


def _ports(gateway: Json) -> List[Json]:
    return [port for port in dig(gateway, "service", "ports") or [] if isinstance(port, dict)]
