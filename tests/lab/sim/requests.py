# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request from inside a mesh would get: the data plane's truth, which no status shows.

The last leg, from our egress gateway to the remote ingress gateway's 15443, is really made.
"""
from __future__ import annotations

from typing import Any

from lab.sim import cloud
from lab.sim.gateways import SERVICES
from lab.sim.manifests import dig
from lab.sim.mesh import Mesh, _environment
from lab.sim.peer import Peer, remote_of
from lab.sim.rules import CLUSTER_DOMAIN
from lab.sim.wire import Lost

Answer = dict[str, Any]


def _failed(why: str, **more: Any) -> Answer:
    return {"status": 503, "why": why} | more


def _local(mesh: Mesh, host: str) -> bool:
    name, namespace = (host.removesuffix(f".svc.{CLUSTER_DOMAIN}").split(".", 1) + [""])[:2]
    return host.endswith(f".svc.{CLUSTER_DOMAIN}") and any(
        (one.key.name, one.key.namespace) == (name, namespace) for one in mesh.services())


def _importers(mesh: Mesh, host: str) -> list[tuple[Peer, str]]:
    """Registries that import something under the host: (peer, exported host)."""
    leader = mesh.leader()
    if leader is None:
        return []
    return [(peer, exported) for peer in leader.peers.values() for exported, taken in sorted(peer.imports.items())
            if taken is not None and taken.hostname == host]


async def request(mesh: Mesh, host: str, port: int | None = None) -> Answer:
    """Ask for a host from a workload of the mesh: {"status": 200 or 503, "why": text, "via": peer}."""
    found = _importers(mesh, host)
    if not found:
        if _local(mesh, host):
            return {"status": 200, "why": "a service of this mesh"}
        return {"status": 503, "why": "no such host"}
    peer, exported = found[0]  # several under one name are no failover: one gets all
    leader = mesh.leader()
    both = [one.name for one in (leader.peers.values() if leader else []) if exported in one.imports]
    if len(both) > 1:
        return _failed(f"SAN_match: {exported} comes from {', '.join(sorted(both))}", via=peer.name)
    offer = next(one for one in peer.offers if one["hostname"] == exported)
    if len(offer["ports"]) != 1:
        return _failed("the service has several ports: the gateways' routes name none", via=peer.name)
    if port is not None and port != offer["ports"][0]["port"]:
        return _failed(f"the service has no port {port}", via=peer.name)
    return {"via": peer.name} | await _over_the_gateways(mesh, peer, exported)


def _view_hides(mesh: Mesh, peer: Peer, pod: Any) -> bool:
    """Endpoints are filtered by network only where multi-network is on (2.3 to 2.5)."""
    networks = dig(mesh.control_plane(), "spec", "cluster", "multiCluster", "meshNetworks")
    view = _environment(pod, "ISTIO_META_REQUESTED_NETWORK_VIEW")
    return bool(networks) and bool(view) and f"network-{peer.name}" not in view.split(",")


async def _over_the_gateways(mesh: Mesh, peer: Peer, exported: str) -> Answer:
    name = dig(peer.spec, "gateways", "egress", "name") or ""
    service, gateway = mesh.cluster.store.get("Service", mesh.namespace, name), mesh.gateways.get(name)
    if service is None or gateway is None:
        return _failed("the egress gateway does not run")
    if not any((port.get("targetPort") or port["port"]) == SERVICES for port in service["spec"].get("ports") or []):
        return _failed("the egress gateway's Service has no port with targetPort 15443")
    pod = mesh.cluster.store.get("Pod", mesh.namespace, gateway.pod)
    if _view_hides(mesh, peer, pod):
        return _failed("no endpoint is in the requested network view")
    remote = remote_of(peer.name, peer.spec)
    for address in [one for host in remote.addresses for one in cloud.resolve(mesh.world, mesh.cluster, host)]:
        wire = await gateway.dial(address, remote.service_port)
        if wire is None:
            continue
        try:
            status = await wire.request(exported, "/", {}).status
        except Lost:
            return _failed("the ingress gateway refused the handshake")
        finally:
            wire.close()
        if status == 200:
            return {"status": 200, "why": "answered by the remote mesh"}
        return _failed("the ingress gateway's policy or routes refuse it")
    return _failed("no handshake with the ingress gateway on its service port")
