# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A peer in an istiod pod: the watch of the remote mesh, full syncs, imports and exports.

Sources: maistra/istio maistra-2.5, pilot/pkg/serviceregistry/federation/controller.go and
pkg/servicemesh/federation/server/server.go.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from typing import TYPE_CHECKING, Any

from kubernetes_asyncio.dynamic.exceptions import NotFoundError

from lab import backdating
from lab.sim import rules, status
from lab.sim.cluster import API_ERRORS
from lab.sim.conditions import now
from lab.sim.gateways import Remote, RequestFailed
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.store import Object
from lab.sim.wire import Incoming, Outgoing, StreamLost

if TYPE_CHECKING:
    from lab.sim.istiod import IstiodPod

LOG = logging.getLogger("lab.sim.peer")
REASONS = {200: "OK", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 503: "Service Unavailable"}
#: minimum time in which changes of a status are combined into a single write
MIN_BATCH_SECONDS = 0.02
DEFAULT_DISCOVERY, DEFAULT_SERVICE = 8188, 15443


def remote_of(name: str, spec: Object) -> Remote:
    """Return the route of a peer's spec.remote; a missing port or port 0 means the default."""
    remote = spec.get("remote") or {}
    return Remote(
        name,
        tuple(remote.get("addresses") or []),
        remote.get("discoveryPort") or DEFAULT_DISCOVERY,
        remote.get("servicePort") or DEFAULT_SERVICE,
    )


def remote_fields(spec: Object) -> tuple[list[str] | None, int, int]:
    """Return the fields of a peer's spec.remote as Go decodes them: a missing port is 0.

    istiod compares these (reflect.DeepEqual in UpdatePeerConfig), so that another spelling of the same route restarts the watch.
    """
    remote = spec.get("remote") or {}
    return remote.get("addresses"), remote.get("discoveryPort") or 0, remote.get("servicePort") or 0


def not_simulated(spec: Object) -> str:
    """Return a message about a setting that the product supports and this simulator does not; empty if there is none."""
    for address in dig(spec, "remote", "addresses") or []:
        try:
            if ipaddress.ip_address(str(address).strip("[]")).version == 6:
                return f"not simulated: IPv6 address {address}"
        except ValueError:
            continue  # a host name
    return ""


class Peer:
    """Registry, export server and status handler of a peer in an istiod pod."""

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
        #: recreated while a full sync failed: its changes are ignored
        self.ignored = False
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
        #: the last disconnect of each source
        self._disconnects: dict[str, object] = {}
        self._attempted = False
        self._writer = Worker(self.world.jobs, f"status {self.mesh.name}/{self.name}", self._write)
        self._dirty_exports = True
        self._tasks: list[asyncio.Task[Any]] = []
        self._sync_since: float | None = None

    # ---- life ----

    def start(self) -> None:
        """Start to watch the remote mesh."""
        jobs = self.world.jobs
        self._tasks = [
            jobs.start(self._watch_loop(), f"watch {self.mesh.name}/{self.name}"),
            jobs.start(self._sync_loop(), f"sync {self.mesh.name}/{self.name}"),
            jobs.start(self._tick_loop(), f"ticks {self.mesh.name}/{self.name}"),
        ]

    def stop(self) -> None:
        """Stop all tasks immediately; the status stays as it is."""
        self.closed = True
        for task in self._tasks:
            task.cancel()
        if self._stream is not None:
            self._stream.cancel()
        self._writer.cancel()
        self.close_watchers()

    def close_watchers(self) -> None:
        """End the watches of remote meshes."""
        for stream in list(self._watchers):
            stream.end()
            stream.closed()
        self._watchers.clear()

    # ---- reconciliation ----

    def update(self, body: Object) -> None:
        """Apply a changed peer; an equal generation counts as unchanged, even of another object."""
        generation, spec = body["metadata"]["generation"], body.get("spec") or {}
        self.uid = body["metadata"]["uid"]
        if generation == self.generation:
            return
        before, egress = remote_fields(self.spec), dig(self.spec, "gateways", "egress", "name")
        self.generation, self.spec = generation, spec
        if remote_fields(spec) != before or dig(spec, "gateways", "egress", "name") != egress:
            self._restart.set()
            if self._stream is not None:
                self._stream.cancel()

    def update_imports(self, body: Object | None) -> None:
        """Apply the import set at the next full sync.

        Its generation is remembered forever, even after the set is deleted.
        """
        if body is None:
            self._import_spec = {}
            return
        if body["metadata"]["generation"] == self._import_generation:
            return
        self._import_generation = body["metadata"]["generation"]
        self._import_spec = body.get("spec") or {}

    def update_exports(self, export_rules: list[Object], services: list[rules.Service]) -> None:
        """Compute the exports and send the changes to the watchers immediately; the status is written at the next flush."""
        self.export_rules = export_rules
        named = ((service, rules.exported_name(export_rules, service)) for service in services)
        new = {f"{service.key.namespace}/{service.key.name}": (service, name) for service, name in named if name}
        old, self.exports = self.exports, new
        events = [("delete", old[key]) for key in old if key not in new]
        events += [("update" if key in old else "add", new[key]) for key in new if old.get(key) != new[key]]
        if not events:
            return
        self._dirty_exports = True
        for action, (service, name) in events:
            self._notify_watchers({"action": action, "service": self._offer(service, name)})
        self.mesh.push()

    def _notify_watchers(self, event: Object) -> None:
        for stream in self._watchers:
            stream.send(event)
            source = stream.headers.get("x-forwarded-for", "")
            if source in self.remotes:
                self.remotes[source]["lastEvent"] = now()

    def exported_host(self, name: rules.Name) -> str:
        """Return the host name under which a service is offered to the remote mesh."""
        return f"{name.name}.{name.namespace}.{rules.exports_suffix(self.name)}"

    def _offer(self, service: rules.Service, name: rules.Name) -> Object:
        return {
            "name": name.name,
            "namespace": name.namespace,
            "hostname": self.exported_host(name),
            "ports": [{"port": port, "name": label} for port, label in service.ports],
        }

    # ---- requests of the remote mesh ----

    def serve(self, request: Incoming) -> None:
        """Respond to a request of the remote mesh that the gateway has admitted."""
        source = request.headers.get("x-forwarded-for", "")
        if request.path == "/v1/services/":
            request.respond(200, {"services": [self._offer(service, name) for service, name in self.exports.values()]})
            if source in self.remotes:
                self.remotes[source]["lastFullSync"] = now()
        elif request.path == "/v1/watch":
            request.start_response(200)
            self._watchers.add(request)
            request.on_close = lambda: self._remote_disconnected(request, source)
            entry = self.remotes.setdefault(source, {"source": source})
            entry.update(connected=True, lastConnected=now())
            self.flush()
        else:
            request.respond(404)

    def _remote_disconnected(self, request: Incoming, source: str) -> None:
        self._watchers.discard(request)
        if source in self.remotes and not any(
            stream.headers.get("x-forwarded-for", "") == source for stream in self._watchers
        ):
            self.remotes[source].update(connected=False, lastDisconnect=now())
            self._disconnects[source] = disconnect = object()
            self.world.jobs.start(self._forget(source, disconnect), f"source of {self.mesh.name}/{self.name}")
        self.flush()

    async def _forget(self, source: str, disconnect: object) -> None:
        await self.world.clocks.sleep("remotes_pruning")
        entry = self.remotes.get(source)
        if entry is not None and not entry["connected"] and self._disconnects[source] is disconnect:
            del self.remotes[source]
            self.flush()

    # ---- requests to the remote mesh ----

    async def _request(self, path: str) -> tuple[int, Outgoing | None]:
        unsupported = not_simulated(self.spec)
        if unsupported:
            LOG.error("%s/%s: %s", self.mesh.name, self.name, unsupported)
            raise RequestFailed(unsupported)
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
                # the first attempt counts as in flight
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
        """Try to connect and follow the watch; return whether the connection was established."""
        self.watch.update(connected=False, lastConnected=now())
        attempt = asyncio.create_task(self._request("/v1/watch"))
        restart = asyncio.create_task(self._restart.wait())
        try:
            await asyncio.wait({attempt, restart}, return_when=asyncio.FIRST_COMPLETED)
            if not attempt.done():
                return False
            code, stream = attempt.result()
        except RequestFailed as error:
            self._failed(str(error))
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
                self._sync_wanted.set()  # as in the product, every event starts a full sync
        except (StreamLost, ValueError):
            LOG.debug("%s/%s: the watch was interrupted", self.mesh.name, self.name)
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
        """Run a full sync; retry it for `full_sync_retry` while holding the lock."""
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
        """Return whether a full sync has been running for so long that it must be failing."""
        since = self._sync_since
        return since is not None and time.monotonic() - since > self.world.clocks.get("stuck_sync")

    async def _poll(self) -> bool:
        if self.world.fault("sync-fails", self.mesh.name, self.mesh.cluster.name) is not None:
            return False
        try:
            code, stream = await self._request("/v1/services/")
            if code != 200 or stream is None:
                return False
            lists = [line async for line in stream.lines()]
        except (RequestFailed, StreamLost, ValueError):
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

    def backdate(self, seconds: float) -> None:
        """Move all timestamps of the status into the past (see ``lab.backdating``)."""
        for entry in (self.watch, *self.remotes.values()):
            entry.update(backdating.backdated(entry, seconds))
        self.flush()

    def flush(self) -> None:
        """Schedule a write of the status."""
        if not self.closed:
            self._writer.trigger()

    async def _write(self) -> None:
        await asyncio.sleep(MIN_BATCH_SECONDS)
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

    async def _write_set(self, kind: str, status_of_set: Object) -> None:
        body = self.mesh.cluster.store.get(kind, self.mesh.namespace, self.name)
        if body is not None and not self.closed and (body.get("status") or {}) != status_of_set:
            await self._patch(kind, status_of_set)

    async def _patch(self, kind: str, new_status: Object) -> None:
        try:
            await self.mesh.cluster.patch_status(kind, self.mesh.namespace, self.name, new_status)
        except NotFoundError:
            LOG.debug("%s %s was deleted before its status was written", kind, self.name)
        except API_ERRORS as error:
            # as in the product, only the next flush retries
            LOG.info("%s: status of %s %s was rejected: %s", self.mesh.name, kind, self.name, str(error)[:500])

    def _exported(self) -> list[Object]:
        """Return all exported services, whether or not a remote mesh is connected."""
        listed = [
            {
                "exportedName": self.exported_host(name),
                "localService": {
                    "hostname": f"{service.key.name}.{service.key.namespace}.svc.{rules.CLUSTER_DOMAIN}",
                    "name": service.key.name,
                    "namespace": service.key.namespace,
                },
            }
            for service, name in self.exports.values()
        ]
        return sorted(listed, key=lambda entry: (entry["exportedName"], entry["localService"]["hostname"]))

    def _imported(self) -> list[Object]:
        """Return all offers; an offer that no rule selects has an empty local service."""
        listed = []
        for host, imported in sorted(self.imports.items()):
            local = {"hostname": "", "name": "", "namespace": ""}
            if imported is not None:
                local = {
                    "hostname": imported.hostname,
                    "name": imported.local.name,
                    "namespace": imported.local.namespace,
                }
            listed.append({"exportedName": host, "localService": local})
        return listed
