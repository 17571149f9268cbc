# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulated requests from a workload of a mesh: what the data plane does, which no status reports.

The last hop, from the egress gateway to the remote ingress gateway's port 15443, is a real request.
"""

from __future__ import annotations

from typing import Any

from lab.sim import cloud
from lab.sim.gateways import SERVICES
from lab.sim.manifests import dig
from lab.sim.mesh import Mesh, environment_value
from lab.sim.peer import Peer, remote_of
from lab.sim.rules import CLUSTER_DOMAIN
from lab.sim.wire import StreamLost

Result = dict[str, Any]
NO_HOST = "no such host"


def _failed(reason: str, **more: Any) -> Result:
    return {"status": 503, "reason": reason} | more


def _is_local(mesh: Mesh, host: str) -> bool:
    name, namespace = (host.removesuffix(f".svc.{CLUSTER_DOMAIN}").split(".", 1) + [""])[:2]
    return host.endswith(f".svc.{CLUSTER_DOMAIN}") and any(
        (service.key.name, service.key.namespace) == (name, namespace) for service in mesh.services()
    )


def _importers(mesh: Mesh, host: str) -> list[tuple[Peer, str]]:
    """Return (peer, exported host) of all registries that import a service under the host."""
    leader = mesh.leader()
    if leader is None:
        return []
    return [
        (peer, exported)
        for peer in leader.peers.values()
        for exported, imported in sorted(peer.imports.items())
        if imported is not None and imported.hostname == host
    ]


async def request(mesh: Mesh, host: str, port: int | None = None) -> Result:
    """Send a request to a host from a workload of the mesh: {"status": 200 or 503, "reason": text, "via": peer}."""
    importers = _importers(mesh, host)
    if not importers:
        if _is_local(mesh, host):
            return {"status": 200, "reason": "local service of this mesh"}
        return {"status": 503, "reason": NO_HOST}
    peer, exported = importers[0]  # several imports with the same name do not fail over: the first gets all requests
    leader = mesh.leader()
    exporters = [other.name for other in (leader.peers.values() if leader else []) if exported in other.imports]
    if len(exporters) > 1:
        return _failed(f"SAN_match: {exported} is exported by {', '.join(sorted(exporters))}", via=peer.name)
    offer = next(offer for offer in peer.offers if offer["hostname"] == exported)
    if len(offer["ports"]) != 1:
        return _failed("the service has several ports, but the gateways' routes have no port", via=peer.name)
    if port is not None and port != offer["ports"][0]["port"]:
        return _failed(f"the service has no port {port}", via=peer.name)
    return {"via": peer.name} | await _send_through_gateways(mesh, peer, exported)


def _is_hidden_by_view(mesh: Mesh, peer: Peer, pod: Any) -> bool:
    """Return whether the requested network view filters the peer's endpoints: only with multi-network (2.3 to 2.5)."""
    networks = dig(mesh.control_plane(), "spec", "cluster", "multiCluster", "meshNetworks")
    view = environment_value(pod, "ISTIO_META_REQUESTED_NETWORK_VIEW")
    return bool(networks) and bool(view) and f"network-{peer.name}" not in view.split(",")


async def _send_through_gateways(mesh: Mesh, peer: Peer, exported: str) -> Result:
    name = dig(peer.spec, "gateways", "egress", "name") or ""
    service, gateway = mesh.cluster.store.get("Service", mesh.namespace, name), mesh.gateways.get(name)
    if service is None or gateway is None:
        return _failed("the egress gateway does not run")
    if not any((port.get("targetPort") or port["port"]) == SERVICES for port in service["spec"].get("ports") or []):
        return _failed("the egress gateway's Service has no port with targetPort 15443")
    pod = mesh.cluster.store.get("Pod", mesh.namespace, gateway.pod)
    if _is_hidden_by_view(mesh, peer, pod):
        return _failed("no endpoint is in the requested network view")
    remote = remote_of(peer.name, peer.spec)
    for address in [address for host in remote.addresses for address in cloud.resolve(mesh.world, mesh.cluster, host)]:
        wire = await gateway.dial(address, remote.service_port)
        if wire is None:
            continue
        try:
            status = await wire.request(exported, "/", {}).status
        except StreamLost:
            return _failed("the ingress gateway refused the handshake")
        finally:
            wire.close()
        if status == 200:
            return {"status": 200, "reason": "answered by the remote mesh"}
        return _failed("rejected by the ingress gateway's policy or routes")
    return _failed("no TLS handshake with the ingress gateway on its service port")
