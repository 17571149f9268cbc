# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One istiod pod: reads peers and sets of its own namespace and keeps the registries of its peers.

Source: maistra/istio maistra-2.5, pkg/servicemesh/federation/discovery/controller.go. One queue, one worker, as there:
whatever the worker waits for, all peers of the mesh wait for.
"""
from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from lab.sim.ca import Authority
from lab.sim.cluster import API_ERRORS, Object, version
from lab.sim.manifests import dig
from lab.sim.peer import Peer, remote_of
from lab.sim.wire import Incoming

if TYPE_CHECKING:
    from lab.sim.mesh import Mesh

LOG = logging.getLogger("lab.sim.istiod")
ROOT_KEY = "root-cert.pem"
RETRIES = 5
#: informers of different kinds tell at different times; nobody can see less than this from outside
INFORMER_LAG = 0.05
#: longest wait for a watch to tell what the API server already knows
CATCH_UP = 2.0


class NotNow(Exception):
    """A peer cannot be reconciled; the reason is what istiod logs."""


class IstiodPod:
    """State of one pod, lost when it goes."""

    def __init__(self, mesh: "Mesh", name: str, ip: str, trust_domain: str, authority: Authority) -> None:
        self.mesh, self.world = mesh, mesh.world
        self.name, self.ip, self.trust_domain, self.authority = name, ip, trust_domain, authority
        self.bundles: dict[str, str] = {}
        self.peers: dict[str, Peer] = {}
        #: first client ID and ingress gateway of each peer name: service traffic keeps them until the pod goes
        self.memory: dict[str, tuple[str, str]] = {}
        self.deadlocked = False
        #: held from reading a peer's status to having written it
        self.writing = asyncio.Lock()
        #: every peer was looked at once
        self.settled = False
        self._queue: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._failures: dict[str, int] = {}
        self._tasks: list[asyncio.Task[Any]] = []

    # ---- life ----

    def start(self) -> None:
        """Take up work: all peers are looked at."""
        label = f"{self.mesh.name}/{self.name}"
        self._tasks = [self.world.jobs.start(self._work(), f"peers of {label}"),
                       self.world.jobs.start(self._ticks(), f"reconcile ticks of {label}")]
        self.enqueue_all()

    def stop(self) -> None:
        """The pod is gone, with everything that it knew."""
        for task in self._tasks:
            task.cancel()
        for peer in self.peers.values():
            peer.stop()

    def enqueue_all(self) -> None:
        """Look at every peer (the resync of the informers)."""
        for body in self.mesh.cluster.store.all("ServiceMeshPeer", self.mesh.namespace):
            self.enqueue(body["metadata"]["name"])
        for name in self.peers:
            self.enqueue(name)

    def made_again(self, body: Object) -> None:
        """A peer came; while the full sync of an old one of that name fails, the new one is never taken (seen on 2.5)."""
        known = self.peers.get(body["metadata"]["name"])
        if known is not None and known.uid != body["metadata"]["uid"] and known.sync_fails():
            LOG.info("%s/%s: made again while a full sync fails: ignored from now on", self.mesh.name, known.name)
            known.lost = True

    def enqueue(self, name: str) -> None:
        """Look at a peer; a name that waits already waits once."""
        self._queue.setdefault(name)
        self._wake.set()

    async def _ticks(self) -> None:
        while True:
            await self.world.clocks.sleep("reconcile")
            self._failures.clear()
            self.enqueue_all()

    async def _work(self) -> None:
        await asyncio.sleep(INFORMER_LAG)
        while True:
            while self._queue:
                name = next(iter(self._queue))
                if name not in self.peers:
                    with self.world.jobs.busy(f"new peer {self.mesh.name}/{name}"):
                        await asyncio.sleep(INFORMER_LAG)
                        del self._queue[name]
                        await self._one(name)
                else:
                    del self._queue[name]
                    await self._one(name)
            self._wake.clear()
            self._settle()
            await self._wake.wait()

    def _settle(self) -> None:
        if not self.settled:
            self.settled = True
            self.mesh.push()

    async def _one(self, name: str) -> None:
        try:
            await self._reconcile(name)
            self._failures.pop(name, None)
        except NotNow as reason:
            LOG.info("%s/%s: %s", self.mesh.name, name, reason)
            self._failures[name] = self._failures.get(name, 0) + 1
            if self._failures[name] <= RETRIES:
                self.enqueue(name)
        except API_ERRORS as error:
            LOG.warning("%s/%s: %s", self.mesh.name, name, str(error)[:300])
            await asyncio.sleep(INFORMER_LAG)
            self.enqueue(name)

    # ---- reconciliation ----

    async def _reconcile(self, name: str) -> None:
        body = self.mesh.cluster.store.get("ServiceMeshPeer", self.mesh.namespace, name)
        known = self.peers.get(name)
        if known is not None:
            await self._unless_lost(known)
        if body is None:
            if known is not None:
                await self._delete(known)
            return
        if name == self.mesh.cluster_name():
            raise NotNow(f"cannot create Federation registry {name}: it belongs to another provider")
        spec = body.get("spec") or {}
        if known is None:
            await self._catch_up(name, spec)
        self._read_root(name, spec, known)
        client = dig(spec, "security", "clientID") or ""
        ingress = dig(spec, "gateways", "ingress", "name") or ""
        self.memory.setdefault(name, (client, ingress))
        if known is None:
            known = self.peers[name] = Peer(self, body)
            self.update_exports(known)
            known.update_imports(self._import_set_at(body))
            self._configure(known, spec)
            known.start()
        else:
            async with known.lock:
                await self._unless_lost(known)
                known.update(body)
                known.update_imports(self._set("ImportedServiceSet", name))
            self._configure(known, known.spec)
        known.flush()

    async def _unless_lost(self, peer: Peer) -> None:
        """The worker never comes back from a peer that was made again while its full sync failed."""
        if peer.lost:
            await asyncio.Event().wait()

    async def _catch_up(self, name: str, spec: Object) -> None:
        """Watches of different kinds tell at different times: what was written before the peer must be known."""
        reference = dig(spec, "security", "certificateChain", "name") or f"{name}-ca-root-cert"
        for kind, wanted in (("ImportedServiceSet", name), ("ExportedServiceSet", name), ("ConfigMap", reference)):
            if self._set(kind, wanted) is None:
                await self.mesh.cluster.read(kind, self.mesh.namespace, wanted)

    def _import_set_at(self, peer: Object) -> Object | None:
        """The import set, if it was written before the peer: a later one waits for the next reconciliation."""
        body = self._set("ImportedServiceSet", peer["metadata"]["name"])
        if body is not None and self.settled and version(body) > version(peer):
            return None
        return body

    async def _exports_at(self, peer: Peer) -> bool:
        """Whether the peer still exported something when it was deleted (an export set deleted before it counts)."""
        key = ("ExportedServiceSet", self.mesh.namespace, peer.name)
        gone = self.mesh.cluster.store.gone_at
        end = time.monotonic() + CATCH_UP
        while peer.exports and time.monotonic() < end:
            if await self.mesh.cluster.read(*key) is not None:
                break
            await asyncio.sleep(INFORMER_LAG)  # its deletion is known to the API server, the watch will tell
        if peer.exports:
            return True
        peer_gone = gone.get(("ServiceMeshPeer", self.mesh.namespace, peer.name), 0)
        return peer.had_exports and gone.get(key, 0) > peer_gone

    def _configure(self, peer: Peer, spec: Object) -> None:
        self.mesh.discovery[peer.name] = {
            "client": dig(spec, "security", "clientID") or "",
            "ingress": dig(spec, "gateways", "ingress", "name") or "",
            "egress": dig(spec, "gateways", "egress", "name") or "", "remote": remote_of(peer.name, spec)}
        self.mesh.push()

    def _set(self, kind: str, name: str) -> Object | None:
        return self.mesh.cluster.store.get(kind, self.mesh.namespace, name)

    def _read_root(self, name: str, spec: Object, known: Peer | None) -> None:
        """Read the config map of the peer's root into the bundle of its trust domain; never forget one.

        Without a trust domain, or with our own, it is not read at all.
        """
        domain = dig(spec, "security", "trustDomain") or ""
        if not domain or domain == self.trust_domain:
            return
        pem = self._root_of(name, spec)
        if self.bundles.get(domain) == pem:
            return
        if known is not None and known.was_connected and not known.watch["connected"] and domain in self.bundles:
            # seen on 2.5: a root that changed while a link that once was up is down is not taken before a restart
            LOG.info("%s/%s: the changed root is not taken while the link is down", self.mesh.name, name)
            return
        self.bundles[domain] = pem
        self.mesh.push_trust(domain, pem)

    def _root_of(self, name: str, spec: Object) -> str:
        reference = dig(spec, "security", "certificateChain") or {}
        if reference.get("kind", "") not in ("", "ConfigMap"):
            raise NotNow("unknown Kind for CertificateChain object reference")
        source = self._set("ConfigMap", reference.get("name") or f"{name}-ca-root-cert")
        pem = (dig(source, "data") or {}).get(ROOT_KEY)
        if not pem:
            raise NotNow(f"could not get root cert for mesh {name}")
        return str(pem)

    async def _delete(self, peer: Peer) -> None:
        """A deleted peer: the export server goes first, and waits for ever for its own lock if it exports something."""
        peer.had_exports = bool(peer.exports)
        if await self._exports_at(peer):
            peer.served = False
            LOG.info("%s/%s: deleted while it exports: this istiod deadlocks", self.mesh.name, self.name)
            self.deadlocked = True
            self.mesh.drain(peer.ingress)
            await asyncio.Event().wait()
        peer.served = False
        peer.close_watchers()
        async with peer.lock:
            await self._unless_lost(peer)
            peer.stop()
        del self.peers[peer.name]
        self.mesh.peer_gone(peer.name)

    # ---- exports ----

    def update_exports(self, peer: Peer) -> None:
        """Apply the export set and the services of the mesh, at once (events, no queue)."""
        if self.deadlocked and not peer.served:
            return
        body = self._set("ExportedServiceSet", peer.name)
        peer.update_exports(dig(body, "spec", "exportRules") or [], self.mesh.services())

    # ---- requests of remote meshes ----

    def serve(self, peer_name: str, request: Incoming) -> None:
        """A request that our ingress gateway let in."""
        peer = self.peers.get(peer_name)
        if peer is None or not peer.served:
            request.answer(400)
            return
        peer.serve(request)
