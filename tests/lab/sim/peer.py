# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One peer as one istiod pod handles it: the watch of the remote mesh, full syncs, imports, and what it exports.

Sources: maistra/istio maistra-2.5, pilot/pkg/serviceregistry/federation/controller.go and
pkg/servicemesh/federation/server/server.go.
"""
from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from typing import TYPE_CHECKING, Any

from lab import ages
from lab.sim import rules, status
from lab.sim.cluster import API_ERRORS, NotFoundError, Object
from lab.sim.gateways import Refused, Remote
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.operator import now
from lab.sim.wire import Incoming, Lost, Outgoing

if TYPE_CHECKING:
    from lab.sim.istiod import IstiodPod

LOG = logging.getLogger("lab.sim.peer")
REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 503: "Service Unavailable"}
#: changes of a status within this time are one write even when the clock says none
BATCH = 0.02
DEFAULT_DISCOVERY, DEFAULT_SERVICE = 8188, 15443


def remote_of(name: str, spec: Object) -> Remote:
    """The route that a peer's spec.remote asks for; port 0 or none means the default."""
    remote = spec.get("remote") or {}
    return Remote(name, tuple(remote.get("addresses") or []), remote.get("discoveryPort") or DEFAULT_DISCOVERY,
                  remote.get("servicePort") or DEFAULT_SERVICE)


def not_simulated(spec: Object) -> str:
    """What a peer asks for that the product does and this simulator does not, in words."""
    for address in dig(spec, "remote", "addresses") or []:
        try:
            if ipaddress.ip_address(str(address).strip("[]")).version == 6:
                return f"not simulated: IPv6 address {address}"
        except ValueError:
            continue  # a host name
    return ""


class Peer:
    """Registry, export server and status handler of one peer in one istiod pod."""

    def __init__(self, pod: "IstiodPod", body: Object) -> None:
        self.pod, self.world, self.mesh = pod, pod.world, pod.mesh
        self.name: str = body["metadata"]["name"]
        self.spec: Object = body.get("spec") or {}
        self.uid: str = body["metadata"]["uid"]
        self.generation: int = body["metadata"]["generation"]
        self.lock = asyncio.Lock()
        self.served = True
        self.had_exports = False
        self.closed = False
        self.was_connected = False
        #: made again while a full sync failed: nothing of it is taken any more
        self.lost = False
        # registry
        self.offers: list[Object] = []
        self.imports: dict[str, rules.Import | None] = {}
        self._import_spec: Object = {}
        self._import_generation: int | None = None
        self._sync_wanted = asyncio.Event()
        self._restart = asyncio.Event()
        self._stream: Outgoing | None = None
        # export server
        self.export_rules: list[Object] = []
        self.exports: dict[str, tuple[rules.Service, rules.Name]] = {}
        self.ingress: str = dig(self.spec, "gateways", "ingress", "name") or ""
        self._watchers: set[Incoming] = set()
        # status
        self.watch: Object = {"connected": False}
        self.remotes: dict[str, Object] = {}
        #: the last leaving of each source
        self._left: dict[str, object] = {}
        self._attempted = False
        self._writer = Worker(self.world.jobs, f"status {self.mesh.name}/{self.name}", self._write)
        self._dirty_exports = True
        self._tasks: list[asyncio.Task[Any]] = []
        self._sync_since: float | None = None

    # ---- life ----

    def start(self) -> None:
        """Begin to watch the remote mesh."""
        jobs = self.world.jobs
        self._tasks = [jobs.start(self._watch_loop(), f"watch {self.mesh.name}/{self.name}"),
                       jobs.start(self._sync_loop(), f"sync {self.mesh.name}/{self.name}"),
                       jobs.start(self._tick_loop(), f"ticks {self.mesh.name}/{self.name}")]

    def stop(self) -> None:
        """Stop everything at once; the status stays as it is."""
        self.closed = True
        for task in self._tasks:
            task.cancel()
        if self._stream is not None:
            self._stream.cancel()
        self._writer.cancel()
        self.close_watchers()

    def close_watchers(self) -> None:
        """End the watches that remote meshes have on us."""
        for stream in list(self._watchers):
            stream.end()
            stream.closed()
        self._watchers.clear()

    # ---- what the peer's reconciliation changes ----

    def update(self, body: Object) -> None:
        """Take a changed peer; the same generation counts as nothing new, whatever object it is."""
        generation, spec = body["metadata"]["generation"], body.get("spec") or {}
        self.uid = body["metadata"]["uid"]
        if generation == self.generation:
            return
        before, egress = remote_of(self.name, self.spec), dig(self.spec, "gateways", "egress", "name")
        self.generation, self.spec = generation, spec
        if remote_of(self.name, spec).checksum != before.checksum or dig(spec, "gateways", "egress", "name") != egress:
            self._restart.set()
            if self._stream is not None:
                self._stream.cancel()

    def update_imports(self, body: Object | None) -> None:
        """Take the import set; its generation is remembered for ever, also when the set goes. No effect before the
        next full sync."""
        if body is None:
            self._import_spec = {}
            return
        if body["metadata"]["generation"] == self._import_generation:
            return
        self._import_generation = body["metadata"]["generation"]
        self._import_spec = body.get("spec") or {}

    def update_exports(self, export_rules: list[Object], services: list[rules.Service]) -> None:
        """Compute the exports anew and tell the watchers what changed. At once, but the status waits for a flush."""
        self.export_rules = export_rules
        named = ((service, rules.exported_name(export_rules, service)) for service in services)
        fresh = {f"{service.key.namespace}/{service.key.name}": (service, name) for service, name in named if name}
        old, self.exports = self.exports, fresh
        events = [("delete", old[key]) for key in old if key not in fresh]
        events += [("update" if key in old else "add", fresh[key]) for key in fresh if old.get(key) != fresh[key]]
        if not events:
            return
        self._dirty_exports = True
        for action, (service, name) in events:
            self._tell_watchers({"action": action, "service": self._offer(service, name)})
        self.mesh.push()

    def _tell_watchers(self, event: Object) -> None:
        for stream in self._watchers:
            stream.send(event)
            source = stream.headers.get("x-forwarded-for", "")
            if source in self.remotes:
                self.remotes[source]["lastEvent"] = now()

    def exported_host(self, name: rules.Name) -> str:
        """Host name under which the remote mesh is offered a service."""
        return f"{name.name}.{name.namespace}.{rules.exports_suffix(self.name)}"

    def _offer(self, service: rules.Service, name: rules.Name) -> Object:
        return {"name": name.name, "namespace": name.namespace, "hostname": self.exported_host(name),
                "ports": [{"port": port, "name": label} for port, label in service.ports]}

    # ---- the remote mesh asks ----

    def serve(self, request: Incoming) -> None:
        """Answer a request of the remote mesh, already admitted by the gateway."""
        source = request.headers.get("x-forwarded-for", "")
        if request.path == "/v1/services/":
            request.answer(200, {"services": [self._offer(*one) for one in self.exports.values()]})
            if source in self.remotes:
                self.remotes[source]["lastFullSync"] = now()
        elif request.path == "/v1/watch":
            request.begin(200)
            self._watchers.add(request)
            request.on_close = lambda: self._remote_left(request, source)
            entry = self.remotes.setdefault(source, {"source": source})
            entry.update(connected=True, lastConnected=now())
            self.flush()
        else:
            request.answer(404)

    def _remote_left(self, request: Incoming, source: str) -> None:
        self._watchers.discard(request)
        if source in self.remotes and not any(
                one.headers.get("x-forwarded-for", "") == source for one in self._watchers):
            self.remotes[source].update(connected=False, lastDisconnect=now())
            self._left[source] = left = object()
            self.world.jobs.start(self._forget(source, left), f"source of {self.mesh.name}/{self.name}")
        self.flush()

    async def _forget(self, source: str, left: object) -> None:
        await self.world.clocks.sleep("remotes_pruning")
        entry = self.remotes.get(source)
        if entry is not None and not entry["connected"] and self._left[source] is left:
            del self.remotes[source]
            self.flush()

    # ---- we ask the remote mesh ----

    async def _ask(self, path: str) -> tuple[int, Outgoing | None]:
        strange = not_simulated(self.spec)
        if strange:
            LOG.error("%s/%s: %s", self.mesh.name, self.name, strange)
            raise Refused(strange)
        egress = dig(self.spec, "gateways", "egress", "name") or ""
        gateway = self.mesh.egress(egress, path)
        return await gateway.fetch(remote_of(self.name, self.spec), path, {"x-forwarded-for": self.pod.ip})

    async def _watch_loop(self) -> None:
        pauses = self.world.clocks.backoff()
        while True:
            self._restart.clear()
            if self._attempted:
                established = await self._watch_once()
            else:
                # the first try belongs to what is in flight: somebody who waits for idle waits for it
                with self.world.jobs.busy(f"first watch {self.mesh.name}/{self.name}"):
                    self._attempted = True
                    established = await self._watch_once()
            if established:
                pauses = self.world.clocks.backoff()
            if self._restart.is_set():
                continue
            try:
                await asyncio.wait_for(self._restart.wait(), next(pauses))
                pauses = self.world.clocks.backoff()
            except asyncio.TimeoutError:
                continue

    async def _watch_once(self) -> bool:
        """One attempt; True when the connection had been established."""
        self.watch.update(connected=False, lastConnected=now())
        attempt = asyncio.create_task(self._ask("/v1/watch"))
        restart = asyncio.create_task(self._restart.wait())
        try:
            await asyncio.wait({attempt, restart}, return_when=asyncio.FIRST_COMPLETED)
            if not attempt.done():
                return False
            code, stream = attempt.result()
        except Refused as refused:
            self._failed(str(refused))
            return False
        finally:
            attempt.cancel()
            restart.cancel()
        if code != 200 or stream is None:
            self._failed(f"{code} {REASONS.get(code, '')}")
            return False
        await self._follow(stream)
        return True

    def _failed(self, text: str) -> None:
        self.watch["lastDisconnectStatus"] = text
        self.flush()

    async def _follow(self, stream: Outgoing) -> None:
        self._stream = stream
        self.watch["connected"] = self.was_connected = True
        self.flush()
        self._sync_wanted.set()
        try:
            async for event in stream.lines():
                LOG.debug("%s/%s: %s", self.mesh.name, self.name, event)
                self._sync_wanted.set()  # the product never applies a single event: each one is a full sync
        except (Lost, ValueError):
            LOG.debug("%s/%s: the watch broke", self.mesh.name, self.name)
        finally:
            stream.cancel()
            self._stream = None
            self.watch.update(connected=False, lastDisconnect=now(), lastDisconnectStatus="200 OK")
            if not self.closed:
                self.flush()

    # ---- full syncs ----

    async def _tick_loop(self) -> None:
        while True:
            await self.world.clocks.sleep("resync")
            self._sync_wanted.set()

    async def _sync_loop(self) -> None:
        while True:
            await self._sync_wanted.wait()
            self._sync_wanted.clear()
            async with self.lock:
                await self._sync()

    async def _sync(self) -> None:
        """A full sync, tried again and again with the lock held, for two minutes."""
        self._sync_since = time.monotonic()
        end = self._sync_since + self.world.clocks.get("full_sync_retry")
        try:
            for pause in self.world.clocks.backoff():
                if await self._poll():
                    return
                if time.monotonic() + pause > end:
                    return
                await asyncio.sleep(pause)
        finally:
            self._sync_since = None

    def sync_fails(self) -> bool:
        """Whether a full sync goes on for too long to be a good one."""
        since = self._sync_since
        return since is not None and time.monotonic() - since > self.world.clocks.get("stuck_sync")

    async def _poll(self) -> bool:
        try:
            code, stream = await self._ask("/v1/services/")
            if code != 200 or stream is None:
                return False
            lists = [line async for line in stream.lines()]
        except (Refused, Lost, ValueError):
            return False
        if not lists:
            return False
        self.offers = lists[0]["services"]
        self.imports = {}
        for offer in self.offers:
            name = rules.Name(offer["name"], offer["namespace"])
            self.imports[offer["hostname"]] = rules.imported_name(self._import_spec, self.name, name)
        self.watch["lastFullSync"] = now()
        self.flush()
        return True

    # ---- status ----

    def date_back(self, seconds: float) -> None:
        """All that has happened so far happened that much earlier (see ``lab.ages``)."""
        for entry in (self.watch, *self.remotes.values()):
            entry.update(ages.dated_back(entry, seconds))
        self.flush()

    def flush(self) -> None:
        """Have the status written."""
        if not self.closed:
            self._writer.poke()

    async def _write(self) -> None:
        await asyncio.sleep(BATCH)
        await self.world.clocks.sleep("status_batch")
        async with self.pod.writing:
            await self._write_peer()
        if self.mesh.leader() is self.pod:
            await self._write_set("ExportedServiceSet", {"exportedServices": self._exported()})
            await self._write_set("ImportedServiceSet", {"importedServices": self._imported()})

    async def _write_peer(self) -> None:
        body = self.mesh.cluster.store.get("ServiceMeshPeer", self.mesh.namespace, self.name)
        if body is None or self.closed:
            return
        before = dig(body, "status", "discoveryStatus") or {}
        entry = status.entry_of(self.pod.name, self.watch, self.remotes)
        after = status.put(before, entry, bool(self.watch["connected"]))
        if after != before:
            await self._patch("ServiceMeshPeer", status.patch(after))

    async def _write_set(self, kind: str, wanted: Object) -> None:
        body = self.mesh.cluster.store.get(kind, self.mesh.namespace, self.name)
        if body is not None and not self.closed and (body.get("status") or {}) != wanted:
            await self._patch(kind, wanted)

    async def _patch(self, kind: str, wanted: Object) -> None:
        try:
            await self.mesh.cluster.patch_status(kind, self.mesh.namespace, self.name, wanted)
        except NotFoundError:
            LOG.debug("%s %s went before its status was written", kind, self.name)
        except API_ERRORS as error:
            # the product logs and forgets; the next flush tries again
            LOG.info("%s: status of %s %s was not taken: %s", self.mesh.name, kind, self.name, str(error)[:500])

    def _exported(self) -> list[Object]:
        """Everything that matches, whether or not anybody is connected."""
        listed = [{"exportedName": self.exported_host(name), "localService": {
            "hostname": f"{service.key.name}.{service.key.namespace}.svc.{rules.CLUSTER_DOMAIN}",
            "name": service.key.name, "namespace": service.key.namespace}} for service, name in self.exports.values()]
        return sorted(listed, key=lambda one: (one["exportedName"], one["localService"]["hostname"]))

    def _imported(self) -> list[Object]:
        """Every offer; one that no rule takes has an empty local service."""
        listed = []
        for host, taken in sorted(self.imports.items()):
            local = {"hostname": "", "name": "", "namespace": ""}
            if taken is not None:
                local = {"hostname": taken.hostname, "name": taken.local.name, "namespace": taken.local.namespace}
            listed.append({"exportedName": host, "localService": local})
        return listed
