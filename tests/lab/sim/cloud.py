# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud: load balancer addresses, the lab's resolver, and reachability of addresses."""

from __future__ import annotations

import asyncio
import ipaddress
import logging

from kubernetes_asyncio.dynamic.exceptions import NotFoundError

from lab.sim.cluster import API_ERRORS, Cluster
from lab.sim.events import Recorder
from lab.sim.jobs import RETRY_SECONDS
from lab.sim.manifests import dig
from lab.sim.rules import CLUSTER_DOMAIN
from lab.sim.store import Object, key_of
from lab.sim.world import WITH_BALANCER, WITH_HOST_NAME, World

LOG = logging.getLogger("lab.sim.cloud")
INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"
SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
#: annotation by which a cloud changes the scope of a live load balancer, which then gets another address
SCOPE_ANNOTATIONS = {
    "Azure": "service.beta.kubernetes.io/azure-load-balancer-internal",
    "GCP": "cloud.google.com/load-balancer-type",
}
#: error message of a cloud with the fault lb-pending
QUOTA_ERROR = "the quota of load balancers of this account is used up"


class Cloud:
    """Load balancers of a cluster."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        self.world, self.cluster = world, cluster
        self.addresses = world.addresses[cluster.name]
        self._pending: set[str] = set()
        self._is_metallb = bool(cluster.info.get("metallb"))
        self._recorder = Recorder(cluster, "metallb-controller" if self._is_metallb else "service-controller")
        self._retry = asyncio.Event()
        cluster.store.listen("Service", self._changed)

    def _changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if old is not None and (new is None or new["metadata"]["uid"] != old["metadata"]["uid"]):
            self._release(old)
        if new is not None and new["spec"].get("type") == "LoadBalancer":
            self._ensure(new)
            if old is not None and self._changes_scope(new, old):
                self.world.jobs.run(self._move_later(new), f"load balancer of {key_of(new)[1]} changes its scope")
        elif new is not None and old is not None and old["spec"].get("type") == "LoadBalancer":
            self._release(old)
            self.world.jobs.run(self._clear(new), f"load balancer of {key_of(new)[1]} is deleted")

    def rescan(self) -> None:
        """Reconcile all Services again after a fault was cleared."""
        self._retry.set()
        self._retry = asyncio.Event()
        for service in self.cluster.store.all("Service"):
            if service["spec"].get("type") == "LoadBalancer":
                self._ensure(service)

    def _ensure(self, service: Object) -> None:
        uid = service["metadata"]["uid"]
        entries = dig(service, "status", "loadBalancer", "ingress")
        if entries:
            self._adopt(service, entries[0])
        elif uid not in self._pending and self._has_load_balancers():
            self._pending.add(uid)
            if self._is_blocked(service):
                self.world.jobs.start(self._fail(service), f"load balancer of {key_of(service)[1]} fails")
            else:
                self.world.jobs.run(self._provide(service), f"load balancer of {key_of(service)[1]} is created")

    def _changes_scope(self, new: Object, old: Object) -> bool:
        key = SCOPE_ANNOTATIONS.get(str(self.cluster.info.get("platform")), "")
        scopes = [(service["metadata"].get("annotations") or {}).get(key) for service in (new, old)]
        return not self._is_metallb and scopes[0] != scopes[1] and bool(dig(old, "status", "loadBalancer", "ingress"))

    async def _move_later(self, service: Object) -> None:
        await self.world.clocks.sleep("lb_delay")
        await self.move(service)

    def _adopt(self, service: Object, entry: Object) -> None:
        """Claim an address that was assigned before the simulator started."""
        uid = service["metadata"]["uid"]
        if self.addresses.owned("balancer", uid) is None:
            assigned = entry.get("ip") or self._address_in(entry.get("hostname", ""))
            try:
                address = self.addresses.claim("balancer", uid, assigned)
            except LookupError:
                return
            if entry.get("hostname"):
                self.world.names[entry["hostname"]] = address

    def _has_load_balancers(self) -> bool:
        """Return whether the cluster provides load balancers."""
        return self._is_metallb or self.cluster.info.get("platform") in WITH_BALANCER

    def _is_blocked(self, service: Object) -> bool:
        namespace = service["metadata"]["namespace"]
        mesh = self.world.mesh_name(self.cluster.name, namespace)
        return self.world.fault("lb-pending", self.cluster.name, namespace, mesh) is not None

    def _current(self, service: Object) -> Object | None:
        """Return the current version of the Service while it still needs a load balancer."""
        current = self.cluster.store.get("Service", *key_of(service))
        if current is None or current["metadata"]["uid"] != service["metadata"]["uid"]:
            return None
        return current if current["spec"].get("type") == "LoadBalancer" else None

    async def _record_begin(self, service: Object) -> None:
        if not self._is_metallb:
            await self._recorder.record(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer")

    async def _fail(self, service: Object) -> None:
        """Fail with events and growing pauses until the fault is cleared or the Service is deleted."""
        pause, namespace, name = self.world.clocks.get("lb_retry"), *key_of(service)
        reason, message = (
            "SyncLoadBalancerFailed",
            f"Error syncing load balancer: failed to ensure load balancer: {QUOTA_ERROR}",
        )
        if self._is_metallb:
            reason, message = "AllocationFailed", f'Failed to allocate IP for "{namespace}/{name}": no available IPs'
        try:
            while self._is_blocked(service) and self._current(service) is not None:
                await self._record_begin(service)
                await self._recorder.record(service, "Warning", reason, message)
                try:
                    await asyncio.wait_for(self._retry.wait(), pause)
                except asyncio.TimeoutError:
                    pause = min(pause * 2, 60 * self.world.clocks.get("lb_retry"))
        finally:
            self._pending.discard(service["metadata"]["uid"])
        current = self._current(service)
        if current is not None:
            self._ensure(current)

    async def _provide(self, service: Object) -> None:
        uid, retry = service["metadata"]["uid"], False
        try:
            await self._record_begin(service)
            slow = self.world.fault(
                "lb-slow", self.cluster.name, self.world.mesh_name(self.cluster.name, service["metadata"]["namespace"])
            )
            if slow is not None:
                for delay in range(int(slow.get("times", 10))):
                    LOG.debug("slow load balancer, delay %d", delay)
                    await self.world.clocks.sleep("lb_delay")
            await self.world.clocks.sleep("lb_delay")
            current = self._current(service)
            retry = current is not None and self._is_blocked(current)
            if current is not None and not retry:
                await self.publish(current)
                if not self._is_metallb:
                    await self._recorder.record(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer")
        except NotFoundError:
            LOG.debug("service %s was deleted before it had an address", key_of(service))
        except LookupError as error:
            LOG.warning("no address for %s: %s", key_of(service), error)
        except API_ERRORS as error:
            LOG.warning("no address for %s, will retry: %s", key_of(service), str(error)[:300])
            retry = True
            await asyncio.sleep(RETRY_SECONDS)
        finally:
            self._pending.discard(uid)
        if retry:
            self.rescan()

    async def publish(self, service: Object) -> None:
        """Claim an address for the Service and write it, or a host name that contains it, into its status."""
        uid = service["metadata"]["uid"]
        address = self.addresses.claim("balancer", uid, service["spec"].get("loadBalancerIP"))
        entry: Object = {"ip": address}
        if self.cluster.info.get("platform") in WITH_HOST_NAME and not self.cluster.info.get("metallb"):
            entry = {"hostname": self._host_name(service, address)}
            self.world.names[entry["hostname"]] = address
        await self.cluster.patch_status("Service", *key_of(service), {"loadBalancer": {"ingress": [entry]}})

    def _host_name(self, service: Object, address: str) -> str:
        digest = service["metadata"]["uid"].replace("-", "") + format(int(address.rsplit(".", 1)[1]), "02x")
        annotations = service["metadata"].get("annotations") or {}
        internal = annotations.get(INTERNAL) == "true" or annotations.get(SCHEME) == "internal"
        region = self.cluster.info.get("region") or "us-east-1"
        if self.cluster.info.get("platform") != "AWS":
            return f"{digest[-10:]}-{region}.lb.appdomain.cloud"
        network = "nlb" in str(annotations.get("service.beta.kubernetes.io/aws-load-balancer-type"))
        zone = f"elb.{region}.amazonaws.com" if network else f"{region}.elb.amazonaws.com"
        return f"{'internal-' if internal else ''}a{digest[:31]}-{digest[-10:]}.{zone}"

    def _address_in(self, host: str) -> str | None:
        """Return the address of a load balancer host name, which contains its last octet."""
        label = host.split(".")[0]
        digits = label.split("-")[0][-2:] if host.endswith("appdomain.cloud") else label[-2:]
        try:
            return f"{str(self.cluster.info['addresses']).rsplit('.', 1)[0]}.{int(digits, 16)}"
        except ValueError:
            return None

    def _release(self, service: Object) -> None:
        self.addresses.release("balancer", service["metadata"]["uid"])
        self.addresses.release("internal", service["metadata"]["uid"])
        for entry in dig(service, "status", "loadBalancer", "ingress") or []:
            self.world.names.pop(entry.get("hostname", ""), None)

    async def _clear(self, service: Object) -> None:
        try:
            await self.cluster.patch_status("Service", *key_of(service), {"loadBalancer": {"ingress": None}})
        except NotFoundError:
            LOG.debug("service %s was deleted", key_of(service))

    async def move(self, service: Object) -> None:
        """Assign another address to a Service (fault address-changed)."""
        self._release(service)
        await self.publish(service)


def resolve(world: World, cluster: Cluster, host: str) -> list[str]:
    """Return the addresses of a host as resolved inside a cluster; empty for an unknown name."""
    try:
        address = str(ipaddress.ip_address(host))
    except ValueError:
        address = ""
    if not address:
        if host.endswith(f".svc.{CLUSTER_DOMAIN}"):
            name, dot, rest = host.removesuffix(f".svc.{CLUSTER_DOMAIN}").partition(".")
            service = cluster.store.get("Service", rest, name) if dot else None
            return [internal_address(world, cluster, service)] if service is not None else []
        return [world.names[host]] if host in world.names else []
    for service in cluster.store.all("Service"):
        if service["spec"].get("clusterIP") == address:
            return [internal_address(world, cluster, service)]
    return [address]


def internal_address(world: World, cluster: Cluster, service: Object) -> str:
    """Return the loopback address that replaces a Service's cluster IP, which is not routable here."""
    return world.addresses[cluster.name].claim("internal", service["metadata"]["uid"])


def reachable(world: World, cluster: Cluster, address: str) -> bool:
    """Return whether the address belongs to a load balancer, a node, or a cluster IP of the same cluster."""
    for name, addresses in world.addresses.items():
        if addresses.is_claimed("balancer", address):
            return True
        if addresses.is_claimed("internal", address):
            return name == cluster.name
    nodes = [node for other in world.clusters.values() for node in other.info.get("nodes") or []]
    return any(node["address"] == address for node in nodes)
