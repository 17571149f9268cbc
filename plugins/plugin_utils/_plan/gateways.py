# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the additional gateways of a control plane. Whose they are, which pair they are for when no
ServiceMeshPeer says so, and whether those that somebody made by hand can serve. Pure.
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




class Seeker(NamedTuple):
    """A partner for whom a gateway is looked for: its mesh, and the name of our ServiceMeshPeer for it."""

    mesh: str
    peer_name: str


class Match(NamedTuple):
    """What was found for one partner: the gateway's name, or several, and why; ``sure``: it is this one and no other's."""

    names: List[str]
    why: str
    sure: bool


#: Tells why a gateway (name, entry of the spec) is for a partner, or None.
_Sign = Callable[[str, Json, Seeker], Optional[str]]


def claim_gateways(
    kind: str, seekers: Mapping[str, Seeker], control_plane: Optional[Json], taken: Collection[str]
) -> Dict[str, Match]:
    """Find the gateways of one kind that are there already for partners, by host; a host without one is left out.

    ``taken`` are gateways that a ServiceMeshPeer names. The strongest sign wins: our own field manager, then the label,
    then the network view of an egress gateway, then the name. No code of the product reads the labels (they are there to
    tell gateways apart), but all samples and documents set them; their value is the peer's or the gateway's name.
    """
    there = dig(control_plane, "object", "spec", "gateways", kind) or {}
    free = {name: entry or {} for name, entry in sorted(there.items()) if name not in taken}
    found: Dict[str, Match] = {}
    for sign in _signs(kind, control_plane):
        seen: Dict[str, List[Tuple[str, str]]] = {}
        for host in sorted(set(seekers) - set(found)):
            told = ((name, sign(name, entry, seekers[host])) for name, entry in free.items())
            seen[host] = [(name, why) for name, why in told if why]
        _settle(seen, found)
        free = {name: entry for name, entry in free.items() if not any(name in one.names for one in found.values())}
    return found


def _settle(seen: Mapping[str, List[Tuple[str, str]]], found: Dict[str, Match]) -> None:
    """Take what one sign shows: one gateway for one partner is a find, anything else cannot be decided."""
    for host, rows in seen.items():
        if not rows:
            continue
        gateways = [name for name, dummy in rows]
        others = {name for other in seen if other != host for name, dummy in seen[other]}
        found[host] = Match(gateways, rows[0][1], len(gateways) == 1 and not others & set(gateways))


def _signs(kind: str, control_plane: Optional[Json]) -> List[_Sign]:
    def held(name: str, entry: Json, seeker: Seeker) -> Optional[str]:
        mine = conventions.field_manager(seeker.peer_name) in gateway_managers(control_plane, kind, name)
        return "it is ours" if mine else None

    def labelled(name: str, entry: Json, seeker: Seeker) -> Optional[str]:
        value = (dig(entry, "service", "metadata", "labels") or {}).get(_LABELS[kind])
        fits = value in (seeker.mesh, seeker.peer_name, *_conventional(kind, seeker))
        return f"its label {_LABELS[kind]} is {value}" if fits else None

    def viewed(name: str, entry: Json, seeker: Seeker) -> Optional[str]:
        view = conventions.network_view(seeker.peer_name)
        return f"its {VIEW} has {view}" if view in (entry.get(VIEW) or []) else None

    def named(name: str, entry: Json, seeker: Seeker) -> Optional[str]:
        other = (dig(entry, "service", "metadata", "labels") or {}).get(_LABELS[kind], name)
        return f"it is called {name}" if name in _conventional(kind, seeker) and other == name else None

    return [held, labelled, viewed, named] if kind == EGRESS else [held, labelled, named]


def _conventional(kind: str, seeker: Seeker) -> List[str]:
    """The names that documents and this collection give to the gateway for a peer."""
    word = "ingress" if kind == INGRESS else "egress"
    return [name for peer in (seeker.mesh, seeker.peer_name) for name in (f"{word}-{peer}", f"{peer}-{word}")]




class Fault(NamedTuple):
    """Why a gateway cannot serve, and what to do; ``fatal``: the pair cannot even be linked."""

    message: str
    remedy: str
    fatal: bool = True


def ingress_faults(gateway: Json, namespace: str, service_type: Optional[str], reachable: bool) -> List[Fault]:
    """What keeps an ingress gateway that somebody else made from serving.

    ``service_type`` is the type of its Service, None where it is unknown; ``reachable`` says that a name inside the
    cluster, or an address given by hand, leads the other mesh there.
    """
    found = _common_faults(gateway, namespace)
    if service_type is not None and service_type not in EXPOSURES:
        found.append(Fault(f"its Service is of type {service_type}", f"Set service.type to one of {', '.join(EXPOSURES)}"))
    elif service_type == CLUSTER_IP and not reachable:
        found.append(
            Fault(
                f"its Service is of type {CLUSTER_IP}, which the other cluster cannot reach",
                "Set its service.type to LoadBalancer or NodePort, or the address that leads to it in mesh_ingress.addresses",
            )
        )
    return found


def egress_faults(gateway: Json, namespace: str, peer_name: str, control_plane: Json) -> List[Fault]:
    """What keeps an egress gateway that somebody else made from serving."""
    found = _common_faults(gateway, namespace)
    for port in _ports(gateway):
        # istiod takes the addresses of the Service's endpoints that have port 15443 (its federation/controller.go).
        if port.get("port") == SERVICE_PORT and port.get("targetPort") not in (None, 0, "0", SERVICE_PORT, str(SERVICE_PORT)):
            message = f"its port {SERVICE_PORT} leads to {port['targetPort']}, and istiod looks for endpoints with {SERVICE_PORT}"
            found.append(Fault(message, f"Set targetPort of that port to {SERVICE_PORT}, or leave it out"))
    if not sees(gateway, peer_name) and network_filter(control_plane):
        message = f"its {VIEW} is {', '.join(gateway[VIEW])}, so that it sees no endpoint of the peer: requests get 503"
        found.append(Fault(message, f"Set {VIEW} to [{conventions.network_view(peer_name)}]", fatal=False))
    return found


def sees(gateway: Json, peer_name: str) -> bool:
    """Whether an egress gateway sees the endpoints of a peer: its view has their network, or is empty and has all."""
    view = gateway.get(VIEW) or []
    return not view or conventions.network_view(peer_name) in view


def _common_faults(gateway: Json, namespace: str) -> List[Fault]:
    found = []
    if gateway.get("enabled") is not True:
        found.append(Fault("it is not enabled, so the operator makes nothing of it", "Set enabled: true"))
    if gateway.get("namespace") not in (None, "", namespace):
        message = f"it is in the namespace {gateway['namespace']}, and istiod looks in its own only"
        found.append(Fault(message, "Take its namespace out"))
    numbers = {port.get("port") for port in _ports(gateway)}
    missing = [str(port) for port in (DISCOVERY_PORT, SERVICE_PORT) if port not in numbers]
    if missing:
        message = f"it has no port {' and no port '.join(missing)}"
        found.append(Fault(message, f"Add {' and '.join(missing)} to service.ports; istiod asks for these very numbers"))
    return found


def _ports(gateway: Json) -> List[Json]:
    return [port for port in dig(gateway, "service", "ports") or [] if isinstance(port, dict)]
