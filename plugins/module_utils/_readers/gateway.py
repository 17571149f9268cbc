# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: Gateways of a control plane and their Services to facts: owner, address, events. Pure."""

from __future__ import annotations

from typing import Any, Iterable, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    ADOPTED_GATEWAYS,
    DISCOVERY_PORT,
    OURS,
    SERVICE_PORT,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.gateways import GatewayFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Owner

#: The longest part of an event's message that is shown.
EVENT_LENGTH = 300


# -- owners of gateways --------------------------------------------------------------------------------------------------


def gateway_owner(control_plane: Optional[Mapping[str, Any]], kind: str, name: str) -> Owner:
    """The owner of an additional gateway (kind: additionalIngress or additionalEgress) of a control plane: ``absent``,
    ``ours``, ``unmanaged``, or ``adopted`` (created by others, and managed by us as it is).

    A gateway has no labels of its own, so its field managers decide, and an annotation of the control plane.
    """
    if name in conventions.RESERVED_GATEWAYS:
        return "unmanaged"
    if dig(control_plane, "object", "spec", "gateways", kind, name) is None:
        return "absent"
    if not any(_is_our_manager(manager) for manager in gateway_managers(control_plane, kind, name)):
        return "unmanaged"
    return "adopted" if f"{kind}.{name}" in _adopted(control_plane) else "ours"


def gateway_managers(control_plane: Optional[Mapping[str, Any]], kind: str, name: str) -> List[str]:
    """The field managers of an additional gateway."""
    managers = dig(control_plane, "owners", f"spec.gateways.{kind}.{name}") or []
    return [manager.strip() for manager in (managers.split(",") if isinstance(managers, str) else managers)]


def is_created_by_user(service: Optional[Json]) -> bool:
    """Whether a gateway's Service was not created by the operator, but by a user beside the control plane.

    The operator labels all that it creates with its owner (maistra/istio-operator pkg/controller/common/metadata.go).
    """
    return service is not None and "maistra.io/owner" not in (dig(service, "metadata", "labels") or {})


def other_managers(control_plane: Optional[Mapping[str, Any]], kind: str, name: str) -> str:
    """The field managers of a gateway other than ours, for messages."""
    managers = gateway_managers(control_plane, kind, name)
    return ", ".join(manager for manager in managers if not _is_our_manager(manager)) or "an unknown manager"


def _is_our_manager(manager: str) -> bool:
    return manager.partition("/")[0] == OURS


def gateway_location(namespace: str, kind: str, name: str = "") -> str:
    """The object and field of a gateway, for problems; without a name those of all gateways of its kind."""
    return f"ServiceMeshControlPlane {namespace} spec.gateways.{kind}" + (f".{name}" if name else "")


def _adopted(control_plane: Optional[Mapping[str, Any]]) -> List[str]:
    """The adopted gateways of a control plane, as ``<kind>.<name>``."""
    annotations = dig(control_plane, "object", "metadata", "annotations") or {}
    return [name for key, value in annotations.items() if key.startswith(ADOPTED_GATEWAYS) for name in value.split(",")]


# -- addresses -----------------------------------------------------------------------------------------------------------


def read_gateway(
    service: Optional[Json],
    nodes: Sequence[Mapping[str, Any]] = (),
    exposure: Optional[str] = None,
    internal: bool = False,
) -> GatewayFacts:
    """Where an ingress gateway is reached, by its Service.

    ``exposure`` is the Service type that is wanted; a Service that has another type is not reconciled yet. The address
    of a load balancer is its IP, else its host name; a node port is reached at the nodes (with ``internal`` at their
    internal addresses); a ClusterIP by its name inside the cluster.
    """
    if service is None:
        return {"pending": "the operator has not created its Service yet"}
    type_ = dig(service, "spec", "type") or "ClusterIP"
    if exposure and type_ != exposure:
        return {"pending": f"its Service is still of type {type_}, not {exposure}"}
    discovery, traffic = _port(service, DISCOVERY_PORT, ("https-discovery",)), _port(service, SERVICE_PORT, ("tls",))
    if discovery is None or traffic is None:
        return {"pending": f"its Service has no ports {DISCOVERY_PORT} and {SERVICE_PORT} yet"}
    key = "nodePort" if type_ == "NodePort" else "port"
    if not discovery.get(key) or not traffic.get(key):
        return {"pending": "its Service has no node ports yet"}
    addresses, reason = _addresses(service, type_, node_addresses(nodes, internal))
    if not addresses:
        return {"pending": reason}
    return {"addresses": addresses, "discoveryPort": discovery[key], "servicePort": traffic[key]}


def _port(service: Json, number: int, names: Sequence[str]) -> Optional[Json]:
    """The port of a Service with this number, or with one of these names."""
    ports: List[Json] = dig(service, "spec", "ports") or []
    numbered = next((port for port in ports if port.get("port") == number), None)
    return numbered or next((port for port in ports if port.get("name") in names), None)


def _addresses(service: Json, type_: str, nodes: List[str]) -> Tuple[List[str], str]:
    """Addresses of a Service by its type, and the reason where there are none."""
    if type_ == "LoadBalancer":
        rows = dig(service, "status", "loadBalancer", "ingress") or []
        addresses = [row.get("ip") or row.get("hostname") for row in rows]
        return list(dict.fromkeys(address for address in addresses if address)), "its load balancer has no address yet"
    if type_ == "NodePort":
        return nodes, "no node has an address"
    meta = service["metadata"]
    return [f"{meta['name']}.{meta['namespace']}.svc.cluster.local"], ""


def node_addresses(nodes: Sequence[Mapping[str, Any]], internal: bool = False) -> List[str]:
    """The addresses of nodes as mesh_info returns them ([{addresses: [...], internal: [...]}]), without duplicates."""
    rows = (node.get("internal" if internal else "addresses") or [] for node in nodes)
    return list(dict.fromkeys(address for row in rows for address in row))


# -- events --------------------------------------------------------------------------------------------------------------


def read_events(events: Iterable[Json], service: Json) -> str:
    """Why a Service has no load balancer yet, by its events: the newest warning, else the newest event, as
    ``reason: message``; empty when there is none.

    ``events`` are core/v1 Events. The service controller (kubernetes/cloud-provider, controllers/service) writes
    ``EnsuringLoadBalancer`` when it begins, and ``SyncLoadBalancerFailed`` with the cloud's reason each time it fails.
    Events of a deleted Service of the same name do not count.
    """
    meta = service["metadata"]
    own_events = [event for event in events if _is_about(event.get("involvedObject") or {}, meta)]
    relevant = [event for event in own_events if event.get("type") == "Warning"] or own_events
    if not relevant:
        return ""
    newest = max(relevant, key=_event_time)
    message = " ".join(str(newest.get("message") or "").split())
    if len(message) > EVENT_LENGTH:
        message = f"{message[:EVENT_LENGTH]}..."
    return ": ".join(part for part in (str(newest.get("reason") or ""), message) if part)


def _is_about(involved: Json, meta: Json) -> bool:
    """Whether an event is about the Service with this metadata."""
    return (
        involved.get("kind") == "Service"
        and involved.get("name") == meta["name"]
        and involved.get("uid") in (None, "", meta.get("uid"))
    )


def _event_time(event: Json) -> str:
    """When an event was last seen; the field depends on who wrote it (RFC 3339, whole seconds count)."""
    series = event.get("series") or {}
    times = (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        (event.get("metadata") or {}).get("creationTimestamp"),
    )
    return str(next((time for time in times if time), ""))[:19]
