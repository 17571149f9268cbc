# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One mesh: its control plane, its istiod pods, its gateways, and what istiod told the gateways."""
from __future__ import annotations

import asyncio
import base64
import logging
import random
from typing import Any

from lab.sim import rules, status
from lab.sim.ca import Authority
from lab.sim.cluster import API_ERRORS, Cluster, ConflictError, NotFoundError, Object, key_of
from lab.sim.gateways import DISCOVERY, Gateway, IngressConfig, Refused, Remote, sockets_of
from lab.sim.istiod import ROOT_KEY, IstiodPod
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.operator import ControlPlane
from lab.sim.trust import Credentials
from lab.sim.wire import Incoming
from lab.sim.workloads import is_ready
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.mesh")
#: how the fault stale-pods calls its pods
GHOST = "0000000000-ghost"
#: istiod waits this long for more changes before it pushes; not a clock, or a burst would be a storm
DEBOUNCE = 0.05
CA_SECRET, ROOT_CONFIG_MAP = "istio-ca-secret", "istio-ca-root-cert"


def _environment(pod: Object, name: str) -> str:
    for container in dig(pod, "spec", "containers") or []:
        for one in container.get("env") or []:
            if one["name"] == name:
                return str(one.get("value", ""))
    return ""


def _is_dead(pod: Object | None) -> bool:
    return pod is None or bool(pod["metadata"].get("deletionTimestamp"))


class Mesh:
    """A mesh lives in the namespace of its control plane; what istiod does outlives nothing but its pods."""

    def __init__(self, world: World, cluster: Cluster, namespace: str, control_plane: str) -> None:
        self.world, self.cluster, self.namespace = world, cluster, namespace
        self.name = world.mesh_name(cluster.name, namespace)
        self.operator = ControlPlane(world, cluster, namespace, control_plane)
        self.pods: dict[str, IstiodPod] = {}
        self.gateways: dict[str, Gateway] = {}
        self.discovery: dict[str, dict[str, Any]] = {}
        self.trust: dict[str, str] = {}
        self.authority: Authority | None = None
        self._istiod_up = asyncio.Event()
        self._mourned: set[str] = set()
        self._services: list[rules.Service] | None = None
        label = f"{cluster.name}/{namespace}"
        self._pusher = Worker(world.jobs, f"push of {label}", self._push)
        self._pod_worker = Worker(world.jobs, f"pods of {label}", self._follow_pods)
        self._exporter = Worker(world.jobs, f"exports of {label}", self._update_exports)
        self._roots = Worker(world.jobs, f"roots of {label}", self._publish_roots)
        for kind, listener in (("Pod", self._pod_changed), ("Service", self._service_changed),
                               ("ServiceMeshPeer", self._peer_changed), ("ExportedServiceSet", self._exports_changed),
                               ("ServiceMeshMemberRoll", self._members_changed)):
            cluster.store.listen(kind, listener)

    def begin(self) -> None:
        """Take up what is there already."""
        self._pod_worker.poke()
        self._notice_dead()

    # ---- what the watches tell ----

    def _here(self, new: Object | None, old: Object | None) -> Object | None:
        body = new or old
        return body if body is not None and body["metadata"].get("namespace") == self.namespace else None

    def _pod_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if self._here(new, old) is not None:
            self._pod_worker.poke()
            if _is_dead(new):
                self._notice_dead()

    def _service_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if body is None or body["metadata"]["namespace"] not in {self.namespace, *self.members()}:
            return
        self._services = None
        self._exporter.poke()
        if body["metadata"]["namespace"] == self.namespace:
            self.push()

    def _peer_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = self._here(new, old)
        if body is not None:
            if new is not None:
                self._notice_dead(new)
            for pod in self.pods.values():
                if new is not None:
                    pod.made_again(new)
                pod.enqueue(body["metadata"]["name"])

    def _exports_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = self._here(new, old)
        if body is None or (new and old and new["metadata"]["generation"] == old["metadata"]["generation"]
                            and new["metadata"]["uid"] == old["metadata"]["uid"]):
            return
        for pod in self.pods.values():
            peer = pod.peers.get(body["metadata"]["name"])
            if peer is not None:
                pod.update_exports(peer)

    def _members_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if self._here(new, old) is None:
            return
        if dig(new, "status", "configuredMembers") != dig(old, "status", "configuredMembers"):
            self._services = None
            self._exporter.poke()
            self._roots.poke()
            self.operator.poke()

    # ---- facts ----

    def members(self) -> list[str]:
        """Member namespaces in force."""
        roll = self.cluster.store.get("ServiceMeshMemberRoll", self.namespace, "default")
        return list(dig(roll, "status", "configuredMembers") or [])

    def control_plane(self) -> Object | None:
        """The SMCP."""
        return self.cluster.store.get("ServiceMeshControlPlane", self.namespace, self.operator.name)

    def cluster_name(self) -> str:
        """Name of the mesh's own registry: no peer can be called so."""
        return dig(self.control_plane(), "spec", "cluster", "name") or "Kubernetes"

    def services(self) -> list[rules.Service]:
        """Services that istiod sees: of the members and of its own namespace. One of type ExternalName lies outside of the
        mesh for it, and is never exported (maistra/istio exports.go NameForService, MeshExternal)."""
        if self._services is None:
            found = []
            for namespace in [self.namespace, *self.members()]:
                for body in self.cluster.store.all("Service", namespace):
                    if body["spec"].get("type") == "ExternalName":
                        continue
                    ports = tuple((port["port"], port.get("name", "")) for port in body["spec"].get("ports") or [])
                    found.append(rules.Service(rules.Name(body["metadata"]["name"], namespace),
                                               dict(body["metadata"].get("labels") or {}), ports))
            self._services = found
        return self._services

    def leader(self) -> IstiodPod | None:
        """The pod that writes the status of sets and tidies up after the dead."""
        return next(iter(self.pods.values()), None)

    # ---- pods ----

    async def _follow_pods(self) -> None:
        pods = {key_of(pod)[1]: pod for pod in self.cluster.store.all("Pod", self.namespace)
                if (pod["metadata"].get("labels") or {}).get("maistra.io/owner") == self.namespace}
        await self._follow_istiod({name: pod for name, pod in pods.items()
                                   if pod["metadata"]["labels"].get("app") == "istiod" and is_ready(pod)})
        await self._follow_gateways({name: pod for name, pod in pods.items() if "maistra.io/gateway"
                                     in pod["metadata"]["labels"] and is_ready(pod)})

    async def _follow_istiod(self, ready: dict[str, Object]) -> None:
        for name in [name for name in ready if name not in self.pods]:
            authority = await self._load_authority()
            if authority is None:
                return
            self.authority = authority
            domain = _environment(ready[name], "TRUST_DOMAIN") or rules.CLUSTER_DOMAIN
            self.pods[name] = IstiodPod(self, name, ready[name]["status"]["podIP"], domain, authority)
            await self._publish_roots()
            self.pods[name].start()
            self._istiod_up.set()
        for name in [name for name in self.pods if name not in ready]:
            self.pods.pop(name).stop()
            self.push()

    async def wait_istiod(self) -> None:
        """Return when an istiod pod works (one that starts now counts, one that was just deleted does not)."""
        while not self.pods:
            self._istiod_up.clear()
            await self._istiod_up.wait()

    def restart_in_place(self) -> None:
        """Every pod forgets what it knew, deadlocks included, without a new pod (for a lab that is made anew)."""
        for name, pod in list(self.pods.items()):
            pod.stop()
            self.pods[name] = IstiodPod(self, name, pod.ip, pod.trust_domain, pod.authority)
            self.pods[name].start()
        self.discovery, self.trust = {}, {}
        self.push()

    def _dead_in(self, body: Object) -> set[str]:
        """Pods of which a peer's status has an entry, and that are gone or on their way out."""
        ghosts = self.world.fault("stale-pods", self.name, self.cluster.name) is not None
        return {pod for pod in status.pods(dig(body, "status", "discoveryStatus"))
                if _is_dead(self.cluster.store.get("Pod", self.namespace, pod))
                and not (ghosts and pod.endswith(GHOST))}

    def _notice_dead(self, changed: Object | None = None) -> None:
        """Have the entries of dead pods go, each pod's in its own time; also when another write puts one back."""
        for body in [changed] if changed else self.cluster.store.all("ServiceMeshPeer", self.namespace):
            for pod in self._dead_in(body) - self._mourned:
                self._mourned.add(pod)
                self.world.jobs.start(self._forget_dead(pod), f"entries of the dead pod {self.name}/{pod}")

    async def _forget_dead(self, pod: str) -> None:
        """The leader, once there is one, takes a dead pod's entries out of every status, some seconds late."""
        await asyncio.sleep(DEBOUNCE)
        await self.world.clocks.sleep("dead_pods")
        await self.wait_istiod()
        self._mourned.discard(pod)
        for body in self.cluster.store.all("ServiceMeshPeer", self.namespace):
            if pod in self._dead_in(body):
                await self._take_out(pod, key_of(body))
        self._notice_dead()

    async def _take_out(self, pod: str, peer: tuple[str, str]) -> None:
        leader = self.leader()
        if leader is None:
            return
        async with leader.writing:  # one process: it does not put back what it takes out
            body = self.cluster.store.get("ServiceMeshPeer", *peer)
            kept = status.without(dig(body, "status", "discoveryStatus"), {pod})
            try:
                await self.cluster.patch_status("ServiceMeshPeer", *peer, status.patch(kept))
            except API_ERRORS as error:
                LOG.info("%s: the entry of %s stays for now: %s", self.name, pod, str(error)[:300])

    async def _follow_gateways(self, ready: dict[str, Object]) -> None:
        if self.authority is None:
            return
        running: dict[str, Object] = {}
        for name in sorted(ready, key=lambda one: ready[one]["metadata"]["creationTimestamp"]):
            running.setdefault(ready[name]["metadata"]["labels"]["service.istio.io/canonical-name"], ready[name])
        for name in [name for name, gateway in self.gateways.items()
                     if gateway.pod not in ready or name not in running]:
            await self.gateways.pop(name).stop()
        for name, pod in running.items():
            if name not in self.gateways:
                domain = _environment(pod, "TRUST_DOMAIN") or rules.CLUSTER_DOMAIN
                identity = f"{domain}/ns/{self.namespace}/sa/{pod['spec'].get('serviceAccountName')}"
                credentials = Credentials(identity, self.authority.issue(identity))
                self.gateways[name] = Gateway(self, name, pod["metadata"]["name"], credentials)
                self.push()

    # ---- the mesh's CA ----

    async def _load_authority(self) -> Authority | None:
        secret = self.cluster.store.get("Secret", self.namespace, CA_SECRET)
        if secret is None:
            domain = dig(self.control_plane(), "spec", "security", "trust", "domain") or rules.CLUSTER_DOMAIN
            secret = await self.write_authority(Authority.create(domain))
        data = {key: base64.b64decode(value) for key, value in (secret.get("data") or {}).items()}
        try:
            return Authority(data["ca-cert.pem"], data["ca-key.pem"])
        except (KeyError, ValueError) as error:
            LOG.error("%s: Secret %s cannot be used: %s", self.name, CA_SECRET, error)
            return None

    async def write_authority(self, authority: Authority) -> Object:
        """Write the CA's Secret. It has no owner: it outlives the control plane."""
        data = {"ca-cert.pem": authority.cert_pem, "ca-key.pem": authority.key_pem}
        body = {"metadata": {"name": CA_SECRET, "namespace": self.namespace}, "type": "istio.io/ca-root",
                "data": {key: base64.b64encode(value).decode() for key, value in data.items()}}
        return await self.cluster.ensure("Secret", body)

    async def _publish_roots(self) -> None:
        if self.authority is None:
            return
        for namespace in [self.namespace, *self.members()]:
            body = {"metadata": {"name": ROOT_CONFIG_MAP, "namespace": namespace,
                                 "labels": {"istio.io/config": "true"}},
                    "data": {ROOT_KEY: self.authority.cert_pem.decode()}}
            have = self.cluster.store.get("ConfigMap", namespace, ROOT_CONFIG_MAP)
            if have is None or have.get("data") != body["data"]:
                try:
                    await self.cluster.ensure("ConfigMap", body)
                except (NotFoundError, ConflictError) as error:
                    LOG.info("%s: no root for %s: %s", self.name, namespace, error)

    # ---- what istiod tells the gateways ----

    def push(self) -> None:
        """Something changed: gateways hear of it after their delay."""
        self._pusher.poke()

    def push_trust(self, domain: str, pem: str) -> None:
        """A trust bundle came or changed."""
        LOG.debug("%s trusts %s (%d bytes)", self.name, domain, len(pem))
        self.push()

    async def _push(self) -> None:
        await asyncio.sleep(DEBOUNCE)
        await self.world.clocks.sleep("gateway_push")
        if not self.pods or self.authority is None:
            return
        if all(pod.settled for pod in self.pods.values()):
            self.discovery = {name: one for name, one in self.discovery.items()
                              if any(name in pod.peers for pod in self.pods.values())}
        bundles: dict[str, str] = {}
        for pod in self.pods.values():
            bundles |= pod.bundles
        self.trust = bundles or self.trust  # an empty map is never pushed
        own = {pod.trust_domain: pod.authority.cert_pem.decode() for pod in self.pods.values()}
        routes: dict[str, dict[str, Remote]] = {}
        for name, one in self.discovery.items():
            routes.setdefault(one["egress"], {})[name] = one["remote"]
        for name, gateway in list(self.gateways.items()):
            gateway.credentials.set_bundles(self.trust | own)
            gateway.route(routes.get(name, {}))
            body = self.cluster.store.get("Pod", self.namespace, gateway.pod)
            if body is not None and body["metadata"]["labels"].get("istio") != "egressgateway":
                blocked = self.world.fault("ingress-unreachable", self.name, self.cluster.name) is not None
                await gateway.configure(self._ingress_config(name), set() if blocked else sockets_of(self, body))

    def _ingress_config(self, gateway: str) -> IngressConfig:
        asked = tuple(sorted((name, one["client"]) for name, one in self.discovery.items()
                             if one["ingress"] == gateway))
        policies, exports = set(), set()
        for pod in self.pods.values():
            policies |= {(name, client) for name, (client, ingress) in pod.memory.items()
                         if ingress == gateway and client}
            for peer in pod.peers.values():
                if peer.ingress == gateway:
                    exports |= {peer.exported_host(name) for service, name in peer.exports.values()}
        return IngressConfig(asked, tuple(sorted(policies)), tuple(sorted(exports)))

    def drain(self, ingress: str) -> None:
        """A listener of the gateway changed."""
        if ingress in self.gateways:
            self.gateways[ingress].drain()

    def peer_gone(self, name: str) -> None:
        """istiod took a peer's configuration away."""
        if not any(name in pod.peers for pod in self.pods.values()):
            self.discovery.pop(name, None)
        self.push()

    async def _update_exports(self) -> None:
        for pod in list(self.pods.values()):
            for peer in list(pod.peers.values()):
                pod.update_exports(peer)

    # ---- requests ----

    def egress(self, name: str, path: str) -> Gateway:
        """The egress gateway behind the Service of that name, as istiod's HTTP client finds it.

        Raises:
            Refused: with the text of Go's client.
        """
        host = f"{name}.{self.namespace}.svc.{rules.CLUSTER_DOMAIN}"
        get = f'Get "http://{host}:{DISCOVERY}{path}": dial tcp'
        service = self.cluster.store.get("Service", self.namespace, name)
        if service is None:
            raise Refused(f"{get}: lookup {host} on 172.30.0.10:53: no such host")
        address = service["spec"].get("clusterIP")
        if not any(port["port"] == DISCOVERY for port in service["spec"].get("ports") or []):
            raise Refused(f"{get} {address}:{DISCOVERY}: i/o timeout")
        gateway = self.gateways.get((service["spec"].get("selector") or {}).get("app", ""))
        if gateway is None:
            raise Refused(f"{get} {address}:{DISCOVERY}: connect: connection refused")
        return gateway

    def serve(self, peer: str, request: Incoming) -> None:
        """A request of a remote mesh, let in by an ingress gateway: one istiod pod answers it."""
        if not self.pods:
            request.answer(503)
            return
        random.choice(list(self.pods.values())).serve(peer, request)
