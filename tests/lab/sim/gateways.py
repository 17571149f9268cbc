# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Federation gateways: listeners of ingress gateways, connections of egress gateways, all real TLS on loopback."""
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
from lab.sim.cluster import Object
from lab.sim.manifests import dig
from lab.sim.trust import Credentials
from lab.sim.wire import Incoming, Lost, Outgoing, Wire

if TYPE_CHECKING:
    from lab.sim.mesh import Mesh

LOG = logging.getLogger("lab.sim.gateways")
DISCOVERY, SERVICES = 8188, 15443
TLS_ERRORS = (ssl.SSLError, OSError, ConnectionError, asyncio.TimeoutError, Lost)


@dataclass(frozen=True)
class IngressConfig:
    """What istiod told an ingress gateway: who may ask (peer, client ID), and which exports it serves."""

    discovery: tuple[tuple[str, str], ...] = ()
    #: (peer, client ID that was first set for it): the policies of service traffic
    policies: tuple[tuple[str, str], ...] = ()
    #: exported host names
    exports: tuple[str, ...] = ()

    def ports(self) -> set[int]:
        """Ports on which the gateway listens: none before there is something to serve."""
        return ({DISCOVERY} if self.discovery else set()) | ({SERVICES} if self.exports else set())


@dataclass(frozen=True)
class Remote:
    """A route of an egress gateway: where a peer's ingress gateway is."""

    peer: str
    addresses: tuple[str, ...]
    port: int
    service_port: int

    @property
    def checksum(self) -> str:
        """Name of this state of spec.remote (addresses count as a set)."""
        return f"{'|'.join(sorted(self.addresses))}#{self.port}#{self.service_port}"


class Refused(Exception):
    """istiod's own request did not get anywhere: the text is what Go's HTTP client says."""


class Gateway:
    """One gateway pod's Envoy."""

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
        """Take what istiod decided, and the sockets (address, port, target port) that lead here.

        A changed discovery configuration replaces the listener: connections of the old one live until they are
        drained, with the rules that they began with.
        """
        if self.stopped:
            return
        if config.discovery != self.config.discovery:
            self._drain()
        self.config = config
        async with self._binding:
            await self._bind({(address, port): target for address, port, target in sockets if target in config.ports()})

    async def _bind(self, wanted: dict[tuple[str, int], int]) -> None:
        for where in [one for one, entry in self._servers.items() if wanted.get(one) != entry[0]]:
            self._servers.pop(where)[1].close()
        loop = asyncio.get_running_loop()
        for (address, port), target in wanted.items():
            if (address, port) in self._servers:
                continue
            try:
                server = await loop.create_server(self._door(target), address, port, reuse_address=True)
            except OSError as error:
                LOG.warning("%s %s cannot listen on %s:%s: %s", self.mesh.name, self.name, address, port, error)
                continue
            self._servers[address, port] = (target, server)

    def _door(self, target: int) -> Callable[[], asyncio.Protocol]:
        handler = self._discovery if target == DISCOVERY else self._service
        return lambda: _Door(self, handler)

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
        """A listener changed for another reason."""
        self._drain()

    def _discovery(self, wire: Wire, identity: str) -> None:
        wire.tag = {"identity": identity, "config": self.config}
        self._connections.add(wire)

    def _service(self, wire: Wire, identity: str) -> None:
        wire.tag = {"identity": identity, "config": self.config, "service": True}
        self._connections.add(wire)

    def incoming(self, request: Incoming) -> None:
        """A request over a connection of ours: policies first, then the route."""
        tag = request.wire.tag
        config: IngressConfig = tag["config"]
        if tag.get("service"):
            self._serve(request, config, tag["identity"])
            return
        if not all(rules.principal_matches(client, tag["identity"]) for peer, client in config.discovery):
            request.answer(403)
            return
        self.mesh.serve(config.discovery[0][0], request)

    @staticmethod
    def _serve(request: Incoming, config: IngressConfig, identity: str) -> None:
        host = request.headers.get(":authority", "")
        allowed = all(rules.principal_matches(client, identity) for peer, client in config.policies)
        request.answer(200 if allowed and host in config.exports else 503)

    def lost(self, wire: Wire) -> None:
        """A connection ended."""
        self._connections.discard(wire)

    def cut(self) -> None:
        """Drop every connection at once, both ways."""
        for wire in [*self._connections, *self._pool.values()]:
            wire.close()
        self._pool.clear()

    def cut_incoming(self) -> None:
        """Drop what came in."""
        for wire in list(self._connections):
            wire.close()

    async def stop(self) -> None:
        """The pod is gone."""
        self.stopped = True
        async with self._binding:
            await self._bind({})
        self.cut()

    # ---- egress ----

    async def fetch(self, remote: Remote, path: str, headers: dict[str, str]) -> tuple[int, Outgoing | None]:
        """Ask the remote mesh over mutual TLS: (HTTP status, the answer if it came from the other side)."""
        if self.routes.get(remote.peer) != remote:
            return 404, None
        address = f"discovery.{self.mesh.namespace}.svc.{remote.peer}.local"
        for attempt in (1, 2):  # a pooled connection may have died just now
            wire = await self._wire(remote)
            if wire is None:
                return 503, None
            try:
                answer = wire.request(address, path, headers)
                return await answer.status, answer
            except Lost:
                LOG.debug("%s %s: connection lost, attempt %d", self.mesh.name, self.name, attempt)
        return 503, None

    async def _wire(self, remote: Remote) -> Wire | None:
        hosts = list(remote.addresses)
        random.shuffle(hosts)
        resolved = [one for host in hosts for one in cloud.resolve(self.mesh.world, self.mesh.cluster, host)]
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
        """A new connection with a handshake in which both sides prove themselves; None when that fails."""
        if not await self._there(address):
            return None
        loop = asyncio.get_running_loop()
        try:
            wire = (await loop.create_connection(
                lambda: Wire(client=True, on_lost=self._forget), address, port, ssl=self.credentials.context(False),
                server_hostname="outbound.federation", ssl_handshake_timeout=10))[1]
        except TLS_ERRORS as error:
            LOG.debug("%s %s: %s:%s: %s", self.mesh.name, self.name, address, port, error)
            return None
        wire.tag = {"identity": self.credentials.accepts(wire.peer_certificate())}
        if not wire.tag["identity"]:
            wire.close()
            return None
        return wire

    async def _there(self, address: str) -> bool:
        """An address that nobody has swallows packets: a connection to it times out."""
        network = ipaddress.ip_address(address)
        lab = any(network in ipaddress.ip_network(one.info["addresses"]) for one in self.mesh.world.clusters.values())
        blocked = self.mesh.world.unreachable(address)
        if network.is_loopback and not lab:
            return True
        if lab and not blocked and cloud.reachable(self.mesh.world, self.mesh.cluster, address):
            return True
        await self.mesh.world.clocks.sleep("connect_timeout")
        return False

    def _forget(self, wire: Wire) -> None:
        for key in [key for key, one in self._pool.items() if one is wire]:
            del self._pool[key]

    def route(self, routes: dict[str, Remote]) -> None:
        """Routes as istiod decided; connections of routes that changed are closed."""
        if self.stopped:
            return
        kept = {remote.checksum for remote in routes.values()}
        self.routes = routes
        for key in [key for key in self._pool if key[0] not in kept]:
            self._pool.pop(key).close()


class _Door(asyncio.Protocol):
    """Accepts a TCP connection, then TLS with the gateway's trust of this very moment."""

    def __init__(self, gateway: Gateway, welcome: Callable[[Wire, str], None]) -> None:
        self._gateway, self._welcome = gateway, welcome

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Hold the client's first bytes back until TLS can read them."""
        if isinstance(transport, asyncio.Transport):
            transport.pause_reading()
            self._gateway.mesh.world.jobs.start(self._handshake(transport), "handshake")

    async def _handshake(self, transport: asyncio.Transport) -> None:
        gateway = self._gateway
        wire = Wire(client=False, on_request=gateway.incoming, on_lost=gateway.lost)
        loop = asyncio.get_running_loop()
        try:
            secure = await loop.start_tls(transport, wire, gateway.credentials.context(True), server_side=True,
                                          ssl_handshake_timeout=10)
        except TLS_ERRORS as error:
            LOG.debug("%s %s refused a client: %s", gateway.mesh.name, gateway.name, error)
            transport.close()
            return
        if secure is None:
            return
        tls = secure.get_extra_info("ssl_object")
        identity = gateway.credentials.accepts(tls.getpeercert(True) or b"")
        if not identity or gateway.stopped:
            secure.close()
            return
        self._welcome(wire, identity)
        wire.connection_made(secure)


def pod_selected(service: Object, pod: Object) -> bool:
    """Whether a Service's selector selects the pod."""
    selector = service["spec"].get("selector") or {}
    labels = pod["metadata"].get("labels") or {}
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def sockets_of(mesh: "Mesh", pod: Object) -> set[tuple[str, int, int]]:
    """(address, port, target port) of everything that leads to the pod: balancers, nodes, cluster IPs."""
    world, cluster, found = mesh.world, mesh.cluster, set()
    for service in cluster.store.all("Service", mesh.namespace):
        if not pod_selected(service, pod):
            continue
        entries = dig(service, "status", "loadBalancer", "ingress") or []
        outside = [entry.get("ip") or world.names.get(entry.get("hostname", "")) for entry in entries]
        here = [one for one in outside if one] + [cloud.inside(world, cluster, service)]
        for port in service["spec"].get("ports") or []:
            target = port.get("targetPort") or port["port"]
            if target not in (DISCOVERY, SERVICES):
                continue
            found |= {(address, port["port"], target) for address in here}
            if port.get("nodePort"):
                found |= {(node["address"], port["nodePort"], target) for node in cluster.info.get("nodes") or []}
    return found
