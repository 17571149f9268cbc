# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that the cases write, and predicates on the objects that they read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lab.conformance.kube import Clock, Object

PEER, EXPORTS, IMPORTS, CONTROL_PLANE = (
    "ServiceMeshPeer",
    "ExportedServiceSet",
    "ImportedServiceSet",
    "ServiceMeshControlPlane",
)
FEDERATION = (EXPORTS, IMPORTS, PEER)
LABELS = {"conformance": "yes"}
#: tolerance of every timeout for a loaded machine, in real seconds
SLACK = 20.0
#: limit of an immediate reaction, in real seconds: less than any period of the product takes here
IMMEDIATE_SECONDS = 3.5


def ingress_of(peer: str, kind: str = "LoadBalancer", **more: Any) -> Object:
    """Return an additional ingress gateway for a peer."""
    return {
        "enabled": True,
        "routeConfig": {"enabled": False},
        "service": {
            "type": kind,
            "metadata": {"labels": {"federation.maistra.io/ingress-for": peer}},
            "ports": [{"name": "tls", "port": 15443}, {"name": "https-discovery", "port": 8188}],
        },
    } | more


def egress_of(peer: str, view: list[str] | None = None) -> Object:
    """Return an additional egress gateway for a peer."""
    return {
        "enabled": True,
        "requestedNetworkView": [f"network-{peer}"] if view is None else view,
        "service": {
            "metadata": {"labels": {"federation.maistra.io/egress-for": peer}},
            "ports": [{"name": "tls", "port": 15443}, {"name": "http-discovery", "port": 8188}],
        },
    }


def rule(namespace: str = "*", name: str = "*", alias: tuple[str, str] | None = None, **more: Any) -> Object:
    """Return a rule that selects by name; ``alias`` is (namespace, name)."""
    selector: Object = {"namespace": namespace, "name": name}
    if alias:
        selector["alias"] = {"namespace": alias[0], "name": alias[1]}
    return {"type": "NameSelector", "nameSelector": selector} | more


def entries_in(peer: Object, state: str) -> list[Object]:
    """Return a peer's status entries under ``active`` or ``inactive``."""
    return ((peer.get("status") or {}).get("discoveryStatus") or {}).get(state) or []


def entries(peer: Object) -> list[Object]:
    """Return all of a peer's status entries."""
    return entries_in(peer, "active") + entries_in(peer, "inactive")


def is_connected(peer: Object) -> bool:
    """Return whether the watch of any istiod pod is connected."""
    return any(entry.get("watch", {}).get("connected") for entry in entries_in(peer, "active"))


def is_disconnected(peer: Object) -> bool:
    """Return whether there are status entries and none is connected."""
    return bool(entries(peer)) and not is_connected(peer)


def disconnect_status(peer: Object) -> str:
    """Return the lastDisconnectStatus of all watches."""
    return "; ".join(entry.get("watch", {}).get("lastDisconnectStatus", "") for entry in entries(peer))


def fails_with(*codes: str) -> Callable[[Object], bool]:
    """Return a predicate: not connected, with one of the codes in the disconnect status."""
    return lambda peer: is_disconnected(peer) and any(code in disconnect_status(peer) for code in codes)


def sync_times(peer: Object) -> set[str]:
    """Return the times of the last full sync of all entries."""
    return {entry.get("watch", {}).get("lastFullSync", "") for entry in entries(peer)}


def is_watched(peer: Object) -> bool:
    """Return whether the remote mesh has a connected watch."""
    return any(remote.get("connected") for entry in entries(peer) for remote in entry.get("remotes") or [])


def imported(body: Object) -> dict[str, str]:
    """Return the status of an import set: exported name to local host name (empty: only offered)."""
    listed = (body.get("status") or {}).get("importedServices") or []
    return {item["exportedName"]: item["localService"]["hostname"] for item in listed}


def exported(body: Object) -> dict[str, str]:
    """Return the status of an export set: exported name to local host name."""
    listed = (body.get("status") or {}).get("exportedServices") or []
    return {item["exportedName"]: item["localService"]["hostname"] for item in listed}


def lists_import(host: str) -> Callable[[Object], bool]:
    """Return a predicate: the import set lists this local host name."""
    return lambda body: host in imported(body).values()


def condition(control_plane: Object, kind: str) -> tuple[str, str]:
    """Return (status, reason) of a condition."""
    for entry in (control_plane.get("status") or {}).get("conditions") or []:
        if entry["type"] == kind:
            return entry["status"], entry["reason"]
    return "", ""


def is_ready(control_plane: Object) -> bool:
    """Return whether the control plane is Ready at its newest generation."""
    observed = (control_plane.get("status") or {}).get("observedGeneration")
    return condition(control_plane, "Ready")[0] == "True" and observed == control_plane["metadata"]["generation"]


def is_pod_ready(pod: Object) -> bool:
    """Return whether a pod is ready and not terminating."""
    if not pod or pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(entry["type"] == "Ready" and entry["status"] == "True" for entry in conditions)


def assert_duration(clock: Clock, begin: float, end: float, low: float, high: float) -> None:
    """Assert a duration in product seconds: at least ``low``, at most ``high`` plus the tolerance."""
    seconds = clock.product(end - begin)
    assert low <= seconds <= high + clock.product(SLACK), (
        f"took {seconds:.1f} product seconds, expected {low} to {high}"
    )


def assert_immediate(begin: float, end: float) -> None:
    """Assert an immediate reaction."""
    assert end - begin <= IMMEDIATE_SECONDS, f"took {end - begin:.2f} real seconds, expected an immediate reaction"


def has_address(service: Object) -> bool:
    """Return whether a gateway's Service has an address for other meshes."""
    if not service:
        return False
    return service["spec"]["type"] != "LoadBalancer" or bool(
        (service.get("status") or {}).get("loadBalancer", {}).get("ingress")
    )
