# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the additional gateways of a control plane. Whose they are, which pair they are for when no
ServiceMeshPeer says so, and whether those that somebody made by hand can serve. Pure.
"""

from __future__ import annotations

from typing import Any, Callable, Collection, Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils import _model_names as names
from ansible_collections.ossm.federation.plugins.module_utils._model_exposure import (
    CLUSTER_IP,
    DISCOVERY_PORT,
    EXPOSURES,
    SERVICE_PORT,
)
from ansible_collections.ossm.federation.plugins.module_utils._model_types import Json

OURS = "ossm.federation"
#: With a mesh's name behind it: the annotation of a control plane that names the adopted gateways of that pair.
ADOPTED_GATEWAYS = f"{OURS}/adopted-"
INGRESS, EGRESS = "additionalIngress", "additionalEgress"
VIEW = "requestedNetworkView"
#: Owners of gateways that stay as they live.
HELD = ("foreign", "adopted")
_LABELS = {INGRESS: "federation.maistra.io/ingress-for", EGRESS: "federation.maistra.io/egress-for"}


def dig(value: Any, *path: str) -> Any:
    """The value at a path of dictionaries, or None."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


# Whose


def gateway_owner(control_plane: Optional[Json], kind: str, name: str) -> str:
    """Whose an additional gateway (kind: additionalIngress or additionalEgress) of a control plane is: ``absent``,
    ``ours``, ``foreign``, or ``adopted``: somebody else's that we hold as it lives.

    The gateway has no labels of its own, so its field managers tell it, and an annotation of the control plane.
    """
    if name in names.RESERVED_GATEWAYS:
        return "foreign"
    if dig(control_plane, "object", "spec", "gateways", kind, name) is None:
        return "absent"
    if not any(manager.partition("/")[0] == OURS for manager in gateway_managers(control_plane, kind, name)):
        return "foreign"
    return "adopted" if f"{kind}.{name}" in _adopted(control_plane) else "ours"


def gateway_managers(control_plane: Optional[Json], kind: str, name: str) -> List[str]:
    """The field managers of an additional gateway."""
    told = dig(control_plane, "owners", f"spec.gateways.{kind}.{name}") or []
    return [manager.strip() for manager in (told.split(",") if isinstance(told, str) else told)]


def stands_alone(service: Optional[Json]) -> bool:
    """Whether a gateway's Service is none of the operator's: somebody runs a gateway of their own beside the control plane.

    Everything that the operator makes has its owner on a label (maistra/istio-operator pkg/controller/common/metadata.go).
    """
    return service is not None and "maistra.io/owner" not in (dig(service, "metadata", "labels") or {})


def made_by(control_plane: Optional[Json], kind: str, name: str) -> str:
    """Who else than we has made a gateway, in words."""
    managers = gateway_managers(control_plane, kind, name)
    return ", ".join(one for one in managers if one.partition("/")[0] != OURS) or "somebody else"


def place(namespace: str, kind: str, name: str = "") -> str:
    """Where a gateway is, for problems; without a name where all of its kind are."""
    return f"ServiceMeshControlPlane {namespace} spec.gateways.{kind}" + (f".{name}" if name else "")


def _adopted(control_plane: Optional[Json]) -> List[str]:
    annotations = dig(control_plane, "object", "metadata", "annotations") or {}
    return [
        name for key, value in annotations.items() if key.startswith(ADOPTED_GATEWAYS) for name in value.split(",")
    ]


# For whom


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
        mine = names.field_manager(seeker.peer_name) in gateway_managers(control_plane, kind, name)
        return "it is ours" if mine else None

    def labelled(name: str, entry: Json, seeker: Seeker) -> Optional[str]:
        value = (dig(entry, "service", "metadata", "labels") or {}).get(_LABELS[kind])
        fits = value in (seeker.mesh, seeker.peer_name, *_conventional(kind, seeker))
        return f"its label {_LABELS[kind]} is {value}" if fits else None

    def viewed(name: str, entry: Json, seeker: Seeker) -> Optional[str]:
        view = names.network_view(seeker.peer_name)
        return f"its {VIEW} has {view}" if view in (entry.get(VIEW) or []) else None

    def named(name: str, entry: Json, seeker: Seeker) -> Optional[str]:
        other = (dig(entry, "service", "metadata", "labels") or {}).get(_LABELS[kind], name)
        return f"it is called {name}" if name in _conventional(kind, seeker) and other == name else None

    return [held, labelled, viewed, named] if kind == EGRESS else [held, labelled, named]


def _conventional(kind: str, seeker: Seeker) -> List[str]:
    """The names that documents and this collection give to the gateway for a peer."""
    word = "ingress" if kind == INGRESS else "egress"
    return [name for peer in (seeker.mesh, seeker.peer_name) for name in (f"{word}-{peer}", f"{peer}-{word}")]


# Whether it can serve


class Fault(NamedTuple):
    """Why a gateway cannot serve, and what to do; ``fatal``: the pair cannot even be linked."""

    words: str
    remedy: str
    fatal: bool = True


def closed(control_plane: Optional[Json]) -> bool:
    """Whether all gateways of a control plane are switched off at once."""
    return dig(control_plane, "object", "spec", "gateways", "enabled") is False


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
            words = f"its port {SERVICE_PORT} leads to {port['targetPort']}, and istiod looks for endpoints with {SERVICE_PORT}"
            found.append(Fault(words, f"Set targetPort of that port to {SERVICE_PORT}, or leave it out"))
    if not sees(gateway, peer_name) and view_matters(control_plane):
        words = f"its {VIEW} is {', '.join(gateway[VIEW])}, so that it sees no endpoint of the peer: requests get 503"
        found.append(Fault(words, f"Set {VIEW} to [{names.network_view(peer_name)}]", fatal=False))
    return found


def sees(gateway: Json, peer_name: str) -> bool:
    """Whether an egress gateway sees the endpoints of a peer: its view has their network, or is empty and has all."""
    view = gateway.get(VIEW) or []
    return not view or names.network_view(peer_name) in view


def view_matters(control_plane: Json) -> bool:
    """Whether a wrong network view drops the endpoints: always in 2.1 and 2.6, with several networks in 2.3 to 2.5.

    From maistra/istio pilot/pkg/xds/ep_filters.go of each version, and istio 1.20's endpoint_builder.go.
    """
    version = str(control_plane.get("version") or "").lstrip("v")
    if version.startswith("2.2"):
        return False
    if version.startswith(("2.3", "2.4", "2.5")):
        cluster = dig(control_plane, "object", "spec", "cluster", "multiCluster") or {}
        return bool(cluster.get("enabled") or cluster.get("meshNetworks"))
    return True


def _common_faults(gateway: Json, namespace: str) -> List[Fault]:
    found = []
    if gateway.get("enabled") is not True:
        found.append(Fault("it is not enabled, so the operator makes nothing of it", "Set enabled: true"))
    if gateway.get("namespace") not in (None, "", namespace):
        words = f"it is in the namespace {gateway['namespace']}, and istiod looks in its own only"
        found.append(Fault(words, "Take its namespace out"))
    numbers = {port.get("port") for port in _ports(gateway)}
    missing = [str(port) for port in (DISCOVERY_PORT, SERVICE_PORT) if port not in numbers]
    if missing:
        words = f"it has no port {' and no port '.join(missing)}"
        found.append(Fault(words, f"Add {' and '.join(missing)} to service.ports; istiod asks for these very numbers"))
    return found


def _ports(gateway: Json) -> List[Json]:
    return [port for port in dig(gateway, "service", "ports") or [] if isinstance(port, dict)]
