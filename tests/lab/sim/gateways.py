# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Federation gateways: listeners of ingress gateways and connections of egress gateways, with real TLS on loopback."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import random
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lab.sim import cloud, rules
from lab.sim.manifests import dig
from lab.sim.store import Object
from lab.sim.trust import Credentials
from lab.sim.wire import Incoming, Outgoing, StreamLost, Wire

if TYPE_CHECKING:
    from lab.sim.mesh import Mesh

LOG = logging.getLogger("lab.sim.gateways")
DISCOVERY, SERVICES = 8188, 15443
TLS_ERRORS = (ssl.SSLError, OSError, ConnectionError, asyncio.TimeoutError, StreamLost)


@dataclass(frozen=True)
class IngressConfig:
    """Configuration of an ingress gateway by istiod."""

    #: (peer, client ID): the policies of discovery requests
    discovery: tuple[tuple[str, str], ...] = ()
    #: (peer, its first client ID): the policies of service traffic
    policies: tuple[tuple[str, str], ...] = ()
    #: exported host names
    exports: tuple[str, ...] = ()

    def ports(self) -> set[int]:
        """Return the ports on which the gateway listens; none while it has nothing to serve."""
        return ({DISCOVERY} if self.discovery else set()) | ({SERVICES} if self.exports else set())


@dataclass(frozen=True)
class Remote:
    """A route of an egress gateway to a peer's ingress gateway."""

    peer: str
    addresses: tuple[str, ...]
    port: int
    service_port: int

    @property
    def checksum(self) -> str:
        """Return a key of this spec.remote (addresses are a set)."""
        return f"{'|'.join(sorted(self.addresses))}#{self.port}#{self.service_port}"


class RequestFailed(Exception):
    """A request of istiod failed before a response; the message is that of Go's HTTP client."""


class Gateway:
    """Envoy of a gateway pod."""

    def __init__(self, mesh: "Mesh", name: str, pod: str, credentials: Credentials) -> None:
        self.mesh, self.name, self.pod, self.credentials = mesh, name, pod, credentials
        self.config = IngressConfig()
        self.routes: dict[str, Remote] = {}
        self._servers: dict[tuple[str, int], tuple[int, asyncio.AbstractServer]] = {}
        self._connections: set[Wire] = set()
        self._pool: dict[tuple[str, str, int], Wire] = {}
        self._dialing: dict[tuple[str, str, int], asyncio.Lock] = {}
        self._binding = asyncio.Lock()
        self.stopped = False

    # ---- ingress ----

    async def configure(self, config: IngressConfig, sockets: set[tuple[str, int, int]]) -> None:
        """Apply istiod's configuration and the sockets (address, port, target port) that lead to this gateway.

        A changed discovery configuration replaces the listener: its old connections stay open until they are drained,
        with the policies of their start.
        """
        if self.stopped:
            return
        if config.discovery != self.config.discovery:
            self._drain()
        self.config = config
        async with self._binding:
            await self._bind({(address, port): target for address, port, target in sockets if target in config.ports()})

    async def _bind(self, desired: dict[tuple[str, int], int]) -> None:
        for socket in [socket for socket, entry in self._servers.items() if desired.get(socket) != entry[0]]:
            self._servers.pop(socket)[1].close()
        loop = asyncio.get_running_loop()
        for (address, port), target in desired.items():
            if (address, port) in self._servers:
                continue
            try:
                server = await loop.create_server(self._acceptor(target), address, port, reuse_address=True)
            except OSError as error:
                LOG.warning("%s %s cannot listen on %s:%s: %s", self.mesh.name, self.name, address, port, error)
                continue
            self._servers[address, port] = (target, server)

    def _acceptor(self, target: int) -> Callable[[], asyncio.Protocol]:
        handler = self._discovery if target == DISCOVERY else self._service
        return lambda: _Acceptor(self, handler)

    def _drain(self) -> None:
        old = {wire for wire in self._connections if not wire.tag.get("draining")}
        for wire in old:
            wire.tag["draining"] = True
        if old:
            self.mesh.world.jobs.start(self._close_later(old), f"drain of {self.mesh.name} {self.name}")

    async def _close_later(self, wires: set[Wire]) -> None:
        await self.mesh.world.clocks.sleep("drain")
        for wire in wires:
            wire.close()

    def drain(self) -> None:
        """Drain the current connections because their listener has changed."""
        self._drain()

    def _discovery(self, wire: Wire, identity: str) -> None:
        wire.tag = {"identity": identity, "config": self.config}
        self._connections.add(wire)

    def _service(self, wire: Wire, identity: str) -> None:
        wire.tag = {"identity": identity, "config": self.config, "service": True}
        self._connections.add(wire)

    def incoming(self, request: Incoming) -> None:
        """Handle a request: check the policies, then route it."""
        tag = request.wire.tag
        config: IngressConfig = tag["config"]
        if tag.get("service"):
            self._serve(request, config, tag["identity"])
            return
        if not all(rules.principal_matches(client, tag["identity"]) for peer, client in config.discovery):
            request.respond(403)
            return
        self.mesh.serve(config.discovery[0][0], request)

    @staticmethod
    def _serve(request: Incoming, config: IngressConfig, identity: str) -> None:
        host = request.headers.get(":authority", "")
        allowed = all(rules.principal_matches(client, identity) for peer, client in config.policies)
        request.respond(200 if allowed and host in config.exports else 503)

    def lost(self, wire: Wire) -> None:
        """Forget a closed connection."""
        self._connections.discard(wire)

    def close_connections(self) -> None:
        """Close all incoming and outgoing connections."""
        for wire in [*self._connections, *self._pool.values()]:
            wire.close()
        self._pool.clear()

    def close_incoming(self) -> None:
        """Close all incoming connections."""
        for wire in list(self._connections):
            wire.close()

    async def stop(self) -> None:
        """Stop the gateway after the end of its pod."""
        self.stopped = True
        async with self._binding:
            await self._bind({})
        self.close_connections()

    # ---- egress ----

    async def fetch(self, remote: Remote, path: str, headers: dict[str, str]) -> tuple[int, Outgoing | None]:
        """Send a request over mutual TLS: return (HTTP status, the response if the remote mesh sent it)."""
        if self.routes.get(remote.peer) != remote:
            return 404, None
        address = f"discovery.{self.mesh.namespace}.svc.{remote.peer}.local"
        for attempt in (1, 2):  # a pooled connection may just have been closed
            wire = await self._wire(remote)
            if wire is None:
                return 503, None
            try:
                answer = wire.request(address, path, headers)
                return await answer.status, answer
            except StreamLost:
                LOG.debug("%s %s: connection lost, attempt %d", self.mesh.name, self.name, attempt)
        return 503, None

    async def _wire(self, remote: Remote) -> Wire | None:
        hosts = list(remote.addresses)
        random.shuffle(hosts)
        resolved = [address for host in hosts for address in cloud.resolve(self.mesh.world, self.mesh.cluster, host)]
        if hosts and not resolved:
            await self.mesh.world.clocks.sleep("dns_hang")
            return None
        for address in resolved[:3]:
            wire = await self._pooled(remote.checksum, address, remote.port)
            if wire is not None:
                return wire
        return None

    async def _pooled(self, checksum: str, address: str, port: int) -> Wire | None:
        key = (checksum, address, port)
        async with self._dialing.setdefault(key, asyncio.Lock()):
            wire = self._pool.get(key)
            if wire is None or not wire.open:
                wire = await self.dial(address, port)
                if wire is not None:
                    self._pool[key] = wire
        return wire

    async def dial(self, address: str, port: int) -> Wire | None:
        """Open a connection with a mutual TLS handshake; None when that fails."""
        if not await self._is_reachable(address):
            return None
        loop = asyncio.get_running_loop()
        try:
            wire = (
                await loop.create_connection(
                    lambda: Wire(client=True, on_lost=self._forget),
                    address,
                    port,
                    ssl=self.credentials.context(False),
                    server_hostname="outbound.federation",
                    ssl_handshake_timeout=10,
                )
            )[1]
        except TLS_ERRORS as error:
            LOG.debug("%s %s: %s:%s: %s", self.mesh.name, self.name, address, port, error)
            return None
        wire.tag = {"identity": self.credentials.accepts(wire.peer_certificate())}
        if not wire.tag["identity"] or self.stopped:  # the pod may have ended during the handshake
            wire.close()
            return None
        return wire

    async def _is_reachable(self, address: str) -> bool:
        """Return whether the address is in use; otherwise only after the connect timeout, because packets are dropped."""
        ip = ipaddress.ip_address(address)
        clusters = self.mesh.world.clusters.values()
        is_lab_address = any(ip in ipaddress.ip_network(cluster.info["addresses"]) for cluster in clusters)
        blocked = self.mesh.world.unreachable(address)
        if ip.is_loopback and not is_lab_address:
            return True
        if is_lab_address and not blocked and cloud.reachable(self.mesh.world, self.mesh.cluster, address):
            return True
        await self.mesh.world.clocks.sleep("connect_timeout")
        return False

    def _forget(self, wire: Wire) -> None:
        for key in [key for key, pooled in self._pool.items() if pooled is wire]:
            del self._pool[key]

    def route(self, routes: dict[str, Remote]) -> None:
        """Apply istiod's routes; close the connections of changed routes."""
        if self.stopped:
            return
        kept = {remote.checksum for remote in routes.values()}
        self.routes = routes
        for key in [key for key in self._pool if key[0] not in kept]:
            self._pool.pop(key).close()


class _Acceptor(asyncio.Protocol):
    """Accepts a TCP connection and runs the TLS handshake with the gateway's current trust bundles."""

    def __init__(self, gateway: Gateway, on_accepted: Callable[[Wire, str], None]) -> None:
        self._gateway, self._on_accepted = gateway, on_accepted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Pause reading until TLS can read the client's first bytes."""
        if isinstance(transport, asyncio.Transport):
            transport.pause_reading()
            self._gateway.mesh.world.jobs.start(self._handshake(transport), "handshake")

    async def _handshake(self, transport: asyncio.Transport) -> None:
        gateway = self._gateway
        wire = Wire(client=False, on_request=gateway.incoming, on_lost=gateway.lost)
        loop = asyncio.get_running_loop()
        try:
            secure = await loop.start_tls(
                transport, wire, gateway.credentials.context(True), server_side=True, ssl_handshake_timeout=10
            )
        except TLS_ERRORS as error:
            LOG.debug("%s %s rejected a client: %s", gateway.mesh.name, gateway.name, error)
            transport.close()
            return
        if secure is None:
            return
        tls = secure.get_extra_info("ssl_object")
        identity = gateway.credentials.accepts(tls.getpeercert(True) or b"")
        if not identity or gateway.stopped:
            secure.close()
            return
        self._on_accepted(wire, identity)
        wire.connection_made(secure)


def pod_selected(service: Object, pod: Object) -> bool:
    """Return whether a Service's selector selects the pod."""
    selector = service["spec"].get("selector") or {}
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def sockets_of(mesh: "Mesh", pod: Object) -> set[tuple[str, int, int]]:
    """Return (address, port, target port) of all sockets of the pod: load balancers, nodes, cluster IPs."""
    world, cluster, sockets = mesh.world, mesh.cluster, set()
    for service in cluster.store.all("Service", mesh.namespace):
        if not pod_selected(service, pod):
            continue
        entries = dig(service, "status", "loadBalancer", "ingress") or []
        published = [entry.get("ip") or world.names.get(entry.get("hostname", "")) for entry in entries]
        addresses = [address for address in published if address] + [cloud.internal_address(world, cluster, service)]
        for port in service["spec"].get("ports") or []:
            target = port.get("targetPort") or port["port"]
            if target not in (DISCOVERY, SERVICES):
                continue
            sockets |= {(address, port["port"], target) for address in addresses}
            if port.get("nodePort"):
                sockets |= {(node["address"], port["nodePort"], target) for node in cluster.info.get("nodes") or []}
    return sockets
