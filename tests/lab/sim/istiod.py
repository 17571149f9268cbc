# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An istiod pod: reconciles peers and sets of its namespace and runs the registries of its peers.

Source: maistra/istio maistra-2.5, pkg/servicemesh/federation/discovery/controller.go. One queue and one worker, as in
the product: while the worker waits, all peers of the mesh wait.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from lab.sim.ca import Authority
from lab.sim.cluster import API_ERRORS
from lab.sim.manifests import dig
from lab.sim.peer import Peer, remote_of
from lab.sim.store import Object, version
from lab.sim.wire import Incoming

if TYPE_CHECKING:
    from lab.sim.mesh import Mesh

LOG = logging.getLogger("lab.sim.istiod")
ROOT_KEY = "root-cert.pem"
MAX_RETRIES = 5
#: informers of different kinds are not synchronized; a client cannot observe less than this lag
INFORMER_LAG_SECONDS = 0.05
#: longest wait for a watch to report what the API server already has
CATCH_UP_SECONDS = 2.0


class NotReconcilable(Exception):
    """A peer cannot be reconciled; the message is istiod's log message."""


class IstiodPod:
    """State of an istiod pod, lost when the pod ends."""

    def __init__(self, mesh: "Mesh", name: str, ip: str, authority: Authority) -> None:
        self.mesh, self.world = mesh, mesh.world
        self.name, self.ip, self.authority = name, ip, authority
        self.bundles: dict[str, str] = {}
        self.peers: dict[str, Peer] = {}
        #: first client ID and ingress gateway of each peer name: service traffic keeps them until the pod ends
        self.first_identities: dict[str, tuple[str, str]] = {}
        self.deadlocked = False
        #: locked from reading a peer's status until it is written
        self.writing = asyncio.Lock()
        #: every peer has been reconciled once
        self.settled = False
        self._queue: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._failures: dict[str, int] = {}
        self._tasks: list[asyncio.Task[Any]] = []

    @property
    def trust_domain(self) -> str:
        """The mesh's trust domain: istiod follows the mesh's config while it runs (2.5)."""
        return self.mesh.trust_domains()[0]

    # ---- life ----

    def start(self) -> None:
        """Start to work and reconcile all peers."""
        label = f"{self.mesh.name}/{self.name}"
        self._tasks = [
            self.world.jobs.start(self._work(), f"peers of {label}"),
            self.world.jobs.start(self._ticks(), f"reconcile ticks of {label}"),
        ]
        self.enqueue_all()

    def stop(self) -> None:
        """Stop all tasks and peers of the pod."""
        for task in self._tasks:
            task.cancel()
        for peer in self.peers.values():
            peer.stop()

    def enqueue_all(self) -> None:
        """Enqueue every peer (the resync of the informers)."""
        for body in self.mesh.cluster.store.all("ServiceMeshPeer", self.mesh.namespace):
            self.enqueue(body["metadata"]["name"])
        for name in self.peers:
            self.enqueue(name)

    def peer_recreated(self, body: Object) -> None:
        """Note a recreated peer: it is ignored if the full sync of the old peer of that name is failing (seen on 2.5)."""
        known = self.peers.get(body["metadata"]["name"])
        if known is not None and known.uid != body["metadata"]["uid"] and known.sync_fails():
            LOG.info("%s/%s: recreated while a full sync fails: ignored from now on", self.mesh.name, known.name)
            known.ignored = True

    def enqueue(self, name: str) -> None:
        """Enqueue a peer, at most once."""
        self._queue.setdefault(name)
        self._wake.set()

    async def _ticks(self) -> None:
        while True:
            await self.world.clocks.sleep("reconcile")
            self._failures.clear()
            self.enqueue_all()

    async def _work(self) -> None:
        await asyncio.sleep(INFORMER_LAG_SECONDS)
        while True:
            while self._queue:
                name = next(iter(self._queue))
                if name not in self.peers:
                    with self.world.jobs.busy(f"new peer {self.mesh.name}/{name}"):
                        await asyncio.sleep(INFORMER_LAG_SECONDS)
                        del self._queue[name]
                        await self._process(name)
                else:
                    del self._queue[name]
                    await self._process(name)
            self._wake.clear()
            self._settle()
            await self._wake.wait()

    def _settle(self) -> None:
        if not self.settled:
            self.settled = True
            self.mesh.push()

    async def _process(self, name: str) -> None:
        try:
            await self._reconcile(name)
            self._failures.pop(name, None)
        except NotReconcilable as reason:
            LOG.info("%s/%s: %s", self.mesh.name, name, reason)
            self._failures[name] = self._failures.get(name, 0) + 1
            if self._failures[name] <= MAX_RETRIES:
                self.enqueue(name)
        except API_ERRORS as error:
            LOG.warning("%s/%s: %s", self.mesh.name, name, str(error)[:300])
            await asyncio.sleep(INFORMER_LAG_SECONDS)
            self.enqueue(name)

    # ---- reconciliation ----

    async def _reconcile(self, name: str) -> None:
        body = self.mesh.cluster.store.get("ServiceMeshPeer", self.mesh.namespace, name)
        known = self.peers.get(name)
        if known is not None:
            await self._block_if_ignored(known)
        if body is None:
            if known is not None:
                await self._delete(known)
            return
        if name == self.mesh.cluster_name():
            raise NotReconcilable(f"cannot create Federation registry {name}: it belongs to another provider")
        spec = body.get("spec") or {}
        if known is None:
            await self._catch_up(name, spec)
        self._read_root(name, spec, known)
        client = dig(spec, "security", "clientID") or ""
        ingress = dig(spec, "gateways", "ingress", "name") or ""
        self.first_identities.setdefault(name, (client, ingress))
        if known is None:
            known = self.peers[name] = Peer(self, body)
            self.update_exports(known)
            known.update_imports(self._import_set_at(body))
            self._configure(known, spec)
            known.start()
        else:
            async with known.lock:
                await self._block_if_ignored(known)
                known.update(body)
                known.update_imports(self._set("ImportedServiceSet", name))
            self._configure(known, known.spec)
        known.flush()

    async def _block_if_ignored(self, peer: Peer) -> None:
        """Block the worker forever on a peer that was recreated while its full sync failed."""
        if peer.ignored:
            await asyncio.Event().wait()

    async def _catch_up(self, name: str, spec: Object) -> None:
        """Read what may have been written before the peer, because watches of different kinds are not synchronized."""
        reference = dig(spec, "security", "certificateChain", "name") or f"{name}-ca-root-cert"
        for kind, object_name in (("ImportedServiceSet", name), ("ExportedServiceSet", name), ("ConfigMap", reference)):
            if self._set(kind, object_name) is None:
                await self.mesh.cluster.read(kind, self.mesh.namespace, object_name)

    def _import_set_at(self, peer: Object) -> Object | None:
        """Return the import set if it was written before the peer: a later one takes effect at the next reconciliation."""
        body = self._set("ImportedServiceSet", peer["metadata"]["name"])
        if body is not None and self.settled and version(body) > version(peer):
            return None
        return body

    async def _had_exports_when_deleted(self, peer: Peer) -> bool:
        """Return whether the peer still exported a service when it was deleted; the export set may be deleted before it."""
        key = ("ExportedServiceSet", self.mesh.namespace, peer.name)
        deleted_at = self.mesh.cluster.store.deleted_at
        end = time.monotonic() + CATCH_UP_SECONDS
        while peer.exports and time.monotonic() < end:
            if await self.mesh.cluster.read(*key) is not None:
                break
            await asyncio.sleep(INFORMER_LAG_SECONDS)  # the API server has deleted it, the watch will report that
        if peer.exports:
            return True
        peer_deleted_at = deleted_at.get(("ServiceMeshPeer", self.mesh.namespace, peer.name), 0)
        return peer.had_exports and deleted_at.get(key, 0) > peer_deleted_at

    def _configure(self, peer: Peer, spec: Object) -> None:
        self.mesh.discovery[peer.name] = {
            "client": dig(spec, "security", "clientID") or "",
            "ingress": dig(spec, "gateways", "ingress", "name") or "",
            "egress": dig(spec, "gateways", "egress", "name") or "",
            "remote": remote_of(peer.name, spec),
        }
        self.mesh.push()

    def _set(self, kind: str, name: str) -> Object | None:
        return self.mesh.cluster.store.get(kind, self.mesh.namespace, name)

    def _read_root(self, name: str, spec: Object, known: Peer | None) -> None:
        """Read the config map of the peer's root into the bundle of its trust domain; bundles are never removed.

        Without a trust domain, or with the mesh's own, the config map is not read.
        """
        domain = dig(spec, "security", "trustDomain") or ""
        if not domain or domain == self.trust_domain:
            return
        pem = self._root_of(name, spec)
        if self.bundles.get(domain) == pem:
            return
        if known is not None and known.was_connected and not known.watch["connected"] and domain in self.bundles:
            # seen on 2.5: while a formerly connected link is down, a changed root is not read before a restart
            LOG.info("%s/%s: changed root ignored while the link is down", self.mesh.name, name)
            return
        self.bundles[domain] = pem
        self.mesh.push_trust(domain, pem)

    def _root_of(self, name: str, spec: Object) -> str:
        reference = dig(spec, "security", "certificateChain") or {}
        if reference.get("kind", "") not in ("", "ConfigMap"):
            raise NotReconcilable("unknown Kind for CertificateChain object reference")
        source = self._set("ConfigMap", reference.get("name") or f"{name}-ca-root-cert")
        pem = (dig(source, "data") or {}).get(ROOT_KEY)
        if not pem:
            raise NotReconcilable(f"could not get root cert for mesh {name}")
        return str(pem)

    async def _delete(self, peer: Peer) -> None:
        """Delete a peer: its export server is removed first, and deadlocks if it still exports a service."""
        peer.had_exports = bool(peer.exports)
        if await self._had_exports_when_deleted(peer):
            peer.served = False
            LOG.info("%s/%s: deleted while it exports: this istiod deadlocks", self.mesh.name, self.name)
            self.deadlocked = True
            self.mesh.drain(peer.ingress)
            await asyncio.Event().wait()
        peer.served = False
        peer.close_watchers()
        async with peer.lock:
            await self._block_if_ignored(peer)
            peer.stop()
        del self.peers[peer.name]
        self.mesh.remove_peer(peer.name)

    # ---- exports ----

    def update_exports(self, peer: Peer) -> None:
        """Apply the export set and the services of the mesh immediately (by events, not by the queue)."""
        if self.deadlocked and not peer.served:
            return
        body = self._set("ExportedServiceSet", peer.name)
        peer.update_exports(dig(body, "spec", "exportRules") or [], self.mesh.services())

    # ---- requests of remote meshes ----

    def serve(self, peer_name: str, request: Incoming) -> None:
        """Serve a request that the ingress gateway admitted."""
        peer = self.peers.get(peer_name)
        if peer is None or not peer.served:
            request.respond(400)
            return
        peer.serve(request)
