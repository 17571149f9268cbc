# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud: addresses of load balancers, the lab's resolver, and where each address leads."""
from __future__ import annotations

import asyncio
import ipaddress
import logging

from lab.sim.cluster import API_ERRORS, Cluster, NotFoundError, Object, key_of
from lab.sim.events import Recorder
from lab.sim.jobs import AGAIN
from lab.sim.manifests import dig
from lab.sim.rules import CLUSTER_DOMAIN
from lab.sim.world import WITH_BALANCER, WITH_HOST_NAME, World

LOG = logging.getLogger("lab.sim.cloud")
INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
#: clouds that move a live load balancer to the other scope, by the annotation that asks for it; it gets another address
MOVES = {"Azure": "service.beta.kubernetes.io/azure-load-balancer-internal", "GCP": "cloud.google.com/load-balancer-type"}
#: what the fault lb-never lets a cloud say
REFUSAL = "the quota of load balancers of this account is used up"


class Cloud:
    """Load balancers of one cluster."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        self.world, self.cluster = world, cluster
        self.addresses = world.addresses[cluster.name]
        self._pending: set[str] = set()
        self._pool = bool(cluster.info.get("metallb"))
        self._recorder = Recorder(cluster, "metallb-controller" if self._pool else "service-controller")
        self._retry = asyncio.Event()
        cluster.store.listen("Service", self._changed)

    def _changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if old is not None and (new is None or new["metadata"]["uid"] != old["metadata"]["uid"]):
            self._release(old)
        if new is not None and new["spec"].get("type") == "LoadBalancer":
            self._want(new)
            if old is not None and self._moves(new, old):
                self.world.jobs.run(self._move_later(new), f"balancer of {key_of(new)[1]} moves")
        elif new is not None and old is not None and old["spec"].get("type") == "LoadBalancer":
            self._release(old)
            self.world.jobs.run(self._clear(new), f"balancer of {key_of(new)[1]} goes")

    def rescan(self) -> None:
        """A fault went: look at all Services again."""
        self._retry.set()
        self._retry = asyncio.Event()
        for service in self.cluster.store.all("Service"):
            if service["spec"].get("type") == "LoadBalancer":
                self._want(service)

    def _want(self, service: Object) -> None:
        uid = service["metadata"]["uid"]
        have = dig(service, "status", "loadBalancer", "ingress")
        if have:
            self._remember(service, have[0])
        elif uid not in self._pending and self._serves():
            self._pending.add(uid)
            if self._never(service):
                self.world.jobs.start(self._fail(service), f"balancer of {key_of(service)[1]} fails")
            else:
                self.world.jobs.run(self._provide(service), f"balancer of {key_of(service)[1]} comes")

    def _moves(self, new: Object, old: Object) -> bool:
        key = MOVES.get(str(self.cluster.info.get("platform")), "")
        both = [(one["metadata"].get("annotations") or {}).get(key) for one in (new, old)]
        return not self._pool and both[0] != both[1] and bool(dig(old, "status", "loadBalancer", "ingress"))

    async def _move_later(self, service: Object) -> None:
        await self.world.clocks.sleep("lb_delay")
        await self.move(service)

    def _remember(self, service: Object, entry: Object) -> None:
        """Addresses that were given before this simulator began."""
        uid = service["metadata"]["uid"]
        if self.addresses.owned("balancer", uid) is None:
            wanted = entry.get("ip") or self._address_in(entry.get("hostname", ""))
            try:
                address = self.addresses.claim("balancer", uid, wanted)
            except LookupError:
                return
            if entry.get("hostname"):
                self.world.names[entry["hostname"]] = address

    def _serves(self) -> bool:
        """Whether anybody here makes load balancers."""
        return self._pool or self.cluster.info.get("platform") in WITH_BALANCER

    def _never(self, service: Object) -> bool:
        namespace = service["metadata"]["namespace"]
        mesh = self.world.mesh_name(self.cluster.name, namespace)
        return self.world.fault("lb-never", self.cluster.name, namespace, mesh) is not None

    def _still_wanted(self, service: Object) -> Object | None:
        now = self.cluster.store.get("Service", *key_of(service))
        same = now is not None and now["metadata"]["uid"] == service["metadata"]["uid"]
        return now if same and now is not None and now["spec"].get("type") == "LoadBalancer" else None

    async def _begin(self, service: Object) -> None:
        if not self._pool:
            await self._recorder.tell(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")

    async def _fail(self, service: Object) -> None:
        """Fail again and again, each time after a longer pause, and say so, until the fault or the Service goes."""
        pause, namespace, name = self.world.clocks.get("lb_retry"), *key_of(service)
        reason, message = "SyncLoadBalancerFailed", f"Error syncing load balancer: failed to ensure load balancer: {REFUSAL}"
        if self._pool:
            reason, message = "AllocationFailed", f'Failed to allocate IP for "{namespace}/{name}": no available IPs'
        try:
            while self._never(service) and self._still_wanted(service) is not None:
                await self._begin(service)
                await self._recorder.tell(service, "Warning", reason, message)
                try:
                    await asyncio.wait_for(self._retry.wait(), pause)
                except asyncio.TimeoutError:
                    pause = min(pause * 2, 60 * self.world.clocks.get("lb_retry"))
        finally:
            self._pending.discard(service["metadata"]["uid"])
        now = self._still_wanted(service)
        if now is not None:
            self._want(now)

    async def _provide(self, service: Object) -> None:
        uid, again = service["metadata"]["uid"], False
        try:
            await self._begin(service)
            slow = self.world.fault("lb-slow", self.cluster.name,
                                    self.world.mesh_name(self.cluster.name, service["metadata"]["namespace"]))
            if slow is not None:
                for turn in range(int(slow.get("times", 10))):
                    LOG.debug("slow balancer, turn %d", turn)
                    await self.world.clocks.sleep("lb_delay")
            await self.world.clocks.sleep("lb_delay")
            now = self._still_wanted(service)
            again = now is not None and self._never(now)
            if now is not None and not again:
                await self.publish(now)
                if not self._pool:
                    await self._recorder.tell(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")
        except NotFoundError:
            LOG.debug("service %s went before it had an address", key_of(service))
        except LookupError as error:
            LOG.warning("no address for %s: %s", key_of(service), error)
        except API_ERRORS as error:
            LOG.warning("no address for %s yet: %s", key_of(service), str(error)[:300])
            again = True
            await asyncio.sleep(AGAIN)
        finally:
            self._pending.discard(uid)
        if again:
            self.rescan()

    async def publish(self, service: Object) -> None:
        """Give the Service an address and write it into its status (and, for a name, beside it for a restart)."""
        uid = service["metadata"]["uid"]
        address = self.addresses.claim("balancer", uid, service["spec"].get("loadBalancerIP"))
        entry: Object = {"ip": address}
        if self.cluster.info.get("platform") in WITH_HOST_NAME and not self.cluster.info.get("metallb"):
            entry = {"hostname": self._host_name(service, address)}
            self.world.names[entry["hostname"]] = address
        await self.cluster.patch_status("Service", *key_of(service), {"loadBalancer": {"ingress": [entry]}})

    def _host_name(self, service: Object, address: str) -> str:
        digest = service["metadata"]["uid"].replace("-", "") + format(int(address.rsplit(".", 1)[1]), "02x")
        notes = service["metadata"].get("annotations") or {}
        internal = notes.get(INTERNAL) == "true" or notes.get(SCHEME) == "internal"
        region = self.cluster.info.get("region") or "us-east-1"
        if self.cluster.info.get("platform") != "AWS":
            return f"{digest[-10:]}-{region}.lb.appdomain.cloud"
        network = "nlb" in str(notes.get("service.beta.kubernetes.io/aws-load-balancer-type"))
        zone = f"elb.{region}.amazonaws.com" if network else f"{region}.elb.amazonaws.com"
        return f"{'internal-' if internal else ''}a{digest[:31]}-{digest[-10:]}.{zone}"

    def _address_in(self, host: str) -> str | None:
        """The address that a host name of ours stands for: its last number is written into the name."""
        label = host.split(".")[0]
        digits = label.split("-")[0][-2:] if host.endswith("appdomain.cloud") else label[-2:]
        try:
            return f"{str(self.cluster.info['addresses']).rsplit('.', 1)[0]}.{int(digits, 16)}"
        except ValueError:
            return None

    def _release(self, service: Object) -> None:
        self.addresses.release("balancer", service["metadata"]["uid"])
        self.addresses.release("inside", service["metadata"]["uid"])
        for entry in dig(service, "status", "loadBalancer", "ingress") or []:
            self.world.names.pop(entry.get("hostname", ""), None)

    async def _clear(self, service: Object) -> None:
        try:
            await self.cluster.patch_status("Service", *key_of(service), {"loadBalancer": {"ingress": None}})
        except NotFoundError:
            LOG.debug("service %s went", key_of(service))

    async def move(self, service: Object) -> None:
        """Another address for a Service (fault address-changed)."""
        self._release(service)
        await self.publish(service)


def resolve(world: World, cluster: Cluster, host: str) -> list[str]:
    """Addresses of a host as seen from inside a cluster; an empty list for a name that nobody knows."""
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        address = ""
    if not address:
        if host.endswith(f".svc.{CLUSTER_DOMAIN}"):
            name, dot, rest = host.removesuffix(f".svc.{CLUSTER_DOMAIN}").partition(".")
            service = cluster.store.get("Service", rest, name) if dot else None
            return [inside(world, cluster, service)] if service is not None else []
        return [world.names[host]] if host in world.names else []
    for service in cluster.store.all("Service"):
        if service["spec"].get("clusterIP") == address:
            return [inside(world, cluster, service)]
    return [address]


def inside(world: World, cluster: Cluster, service: Object) -> str:
    """Loopback address that stands for a Service's cluster IP (those are not routable here)."""
    return world.addresses[cluster.name].claim("inside", service["metadata"]["uid"])


def reachable(world: World, cluster: Cluster, address: str) -> bool:
    """Whether packets to the address arrive anywhere: at a balancer, a node, or inside of the same cluster."""
    for name, addresses in world.addresses.items():
        if addresses.has("balancer", address):
            return True
        if addresses.has("inside", address):
            return name == cluster.name
    return any(node["address"] == address for one in world.clusters.values() for node in one.info.get("nodes") or [])
