# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A mesh: its control plane, its istiod pods, its gateways and their configuration."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import random
from typing import Any

import yaml
from kubernetes_asyncio.dynamic.exceptions import ConflictError, NotFoundError

from lab.sim import rules, status
from lab.sim.ca import Authority
from lab.sim.cluster import API_ERRORS, Cluster
from lab.sim.gateways import DISCOVERY, Gateway, IngressConfig, Remote, RequestFailed, sockets_of
from lab.sim.istiod import ROOT_KEY, IstiodPod
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.operator import ControlPlane
from lab.sim.store import Object, key_of
from lab.sim.trust import Credentials
from lab.sim.wire import Incoming
from lab.sim.workloads import is_ready
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.mesh")
#: name suffix of the pods of the fault stale-pods
STALE_POD_SUFFIX = "0000000000-stale"
#: time for which istiod collects changes before a push; fixed, because speed must not turn a burst into many pushes
DEBOUNCE_SECONDS = 0.05
CA_SECRET, ROOT_CONFIG_MAP = "istio-ca-secret", "istio-ca-root-cert"


def environment_value(pod: Object, name: str) -> str:
    """Return the value of an environment variable of a pod, empty if it is not set."""
    for container in dig(pod, "spec", "containers") or []:
        for variable in container.get("env") or []:
            if variable["name"] == name:
                return str(variable.get("value", ""))
    return ""


def _is_terminated(pod: Object | None) -> bool:
    return pod is None or bool(pod["metadata"].get("deletionTimestamp"))


class Mesh:
    """A mesh in the namespace of its control plane; the state of istiod is lost with its pods."""

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
        self._pruning: set[str] = set()
        self._services: list[rules.Service] | None = None
        self._domains = [rules.CLUSTER_DOMAIN]
        label = f"{cluster.name}/{namespace}"
        self._pusher = Worker(world.jobs, f"push of {label}", self._push)
        self._pod_worker = Worker(world.jobs, f"pods of {label}", self._follow_pods)
        self._exporter = Worker(world.jobs, f"exports of {label}", self._update_exports)
        self._roots = Worker(world.jobs, f"roots of {label}", self._publish_roots)
        for kind, listener in (
            ("Pod", self._pod_changed),
            ("Service", self._service_changed),
            ("ServiceMeshPeer", self._peer_changed),
            ("ExportedServiceSet", self._exports_changed),
            ("ServiceMeshMemberRoll", self._members_changed),
            ("ConfigMap", self._config_changed),
        ):
            cluster.store.listen(kind, listener)

    def start(self) -> None:
        """Process the existing pods and peers."""
        self._config_changed(
            "ConfigMap", self.cluster.store.get("ConfigMap", self.namespace, self._config_name()), None
        )
        self._pod_worker.trigger()
        self._prune_terminated()

    # ---- events ----

    def _own_object(self, new: Object | None, old: Object | None) -> Object | None:
        body = new or old
        return body if body is not None and body["metadata"].get("namespace") == self.namespace else None

    def _pod_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if self._own_object(new, old) is not None:
            self._pod_worker.trigger()
            if _is_terminated(new):
                self._prune_terminated()

    def _service_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if body is None or body["metadata"]["namespace"] not in {self.namespace, *self.members()}:
            return
        self._services = None
        self._exporter.trigger()
        if body["metadata"]["namespace"] == self.namespace:
            self.push()

    def _peer_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = self._own_object(new, old)
        if body is not None:
            if new is not None:
                self._prune_terminated(new)
            for pod in self.pods.values():
                if new is not None:
                    pod.peer_recreated(new)
                pod.enqueue(body["metadata"]["name"])

    def _exports_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = self._own_object(new, old)
        if body is None or (
            new
            and old
            and new["metadata"]["generation"] == old["metadata"]["generation"]
            and new["metadata"]["uid"] == old["metadata"]["uid"]
        ):
            return
        for pod in self.pods.values():
            peer = pod.peers.get(body["metadata"]["name"])
            if peer is not None:
                pod.update_exports(peer)

    def _members_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if self._own_object(new, old) is None:
            return
        if dig(new, "status", "configuredMembers") != dig(old, "status", "configuredMembers"):
            self._services = None
            self._exporter.trigger()
            self._roots.trigger()
            self.operator.trigger()

    def _config_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = self._own_object(new, old)
        if body is not None and body["metadata"]["name"] == self._config_name() and new is not None:
            config = yaml.safe_load(new["data"]["mesh"])
            self._domains = [config["trustDomain"], *config.get("trustDomainAliases", [])]
            self.push()

    # ---- facts ----

    def _config_name(self) -> str:
        return f"istio-{self.operator.name}"

    def trust_domains(self) -> list[str]:
        """Return the trust domain that istiod has for the mesh, and its aliases, from the mesh's config."""
        return self._domains

    def accepted_domains(self) -> set[str]:
        """Return the trust domains whose identities the proxies of the mesh accept.

        With one bundle of another mesh they only know the mesh's own domain and those of the bundles: aliases end with it, and a
        bundle stays until istiod restarts (by code).
        """
        bundles = {domain for pod in self.pods.values() for domain in pod.bundles}
        return {self._domains[0], *bundles} if bundles else set(self._domains)

    def injected_domain(self) -> str | None:
        """Return the trust domain that the sidecar injector gives to a new pod; None while it cannot inject."""
        body = self.cluster.store.get("ConfigMap", self.namespace, f"istio-sidecar-injector-{self.operator.name}")
        if body is None or not self.pods:
            return None
        return str(json.loads(body["data"]["values"])["global"]["trustDomain"])

    def members(self) -> list[str]:
        """Return the configured member namespaces."""
        roll = self.cluster.store.get("ServiceMeshMemberRoll", self.namespace, "default")
        return list(dig(roll, "status", "configuredMembers") or [])

    def control_plane(self) -> Object | None:
        """Return the SMCP, or None."""
        return self.cluster.store.get("ServiceMeshControlPlane", self.namespace, self.operator.name)

    def cluster_name(self) -> str:
        """Return the name of the mesh's own registry, which no peer can have."""
        return dig(self.control_plane(), "spec", "cluster", "name") or "Kubernetes"

    def services(self) -> list[rules.Service]:
        """Return the services that istiod sees: of the members and of its own namespace.

        Services of type ExternalName are external to the mesh and never exported (maistra/istio exports.go
        NameForService, MeshExternal).
        """
        if self._services is None:
            services = []
            for namespace in [self.namespace, *self.members()]:
                for body in self.cluster.store.all("Service", namespace):
                    if body["spec"].get("type") == "ExternalName":
                        continue
                    ports = tuple((port["port"], port.get("name", "")) for port in body["spec"].get("ports") or [])
                    services.append(
                        rules.Service(
                            rules.Name(body["metadata"]["name"], namespace),
                            dict(body["metadata"].get("labels") or {}),
                            ports,
                        )
                    )
            self._services = services
        return self._services

    def leader(self) -> IstiodPod | None:
        """Return the pod that writes the status of sets and prunes the entries of terminated pods."""
        return next(iter(self.pods.values()), None)

    # ---- pods ----

    async def _follow_pods(self) -> None:
        pods = {
            key_of(pod)[1]: pod
            for pod in self.cluster.store.all("Pod", self.namespace)
            if (pod["metadata"].get("labels") or {}).get("maistra.io/owner") == self.namespace
        }
        await self._follow_istiod(
            {
                name: pod
                for name, pod in pods.items()
                if pod["metadata"]["labels"].get("app") == "istiod" and is_ready(pod)
            }
        )
        await self._follow_gateways(
            {
                name: pod
                for name, pod in pods.items()
                if "maistra.io/gateway" in pod["metadata"]["labels"] and is_ready(pod)
            }
        )

    async def _follow_istiod(self, ready: dict[str, Object]) -> None:
        for name in [name for name in ready if name not in self.pods]:
            authority = await self._load_authority()
            if authority is None:
                return
            self.authority = authority
            self.pods[name] = IstiodPod(self, name, ready[name]["status"]["podIP"], authority)
            await self._publish_roots()
            self.pods[name].start()
            self._istiod_up.set()
            for listener in self.world.injector_listeners:
                listener()
        for name in [name for name in self.pods if name not in ready]:
            self.pods.pop(name).stop()
            self.push()

    async def wait_istiod(self) -> None:
        """Wait until an istiod pod is ready (a deleted one does not count)."""
        while not self.pods:
            self._istiod_up.clear()
            await self._istiod_up.wait()

    def restart_in_place(self) -> None:
        """Reset the state of every istiod pod, including deadlocks, without new pods (for `reset`)."""
        for name, pod in list(self.pods.items()):
            pod.stop()
            self.pods[name] = IstiodPod(self, name, pod.ip, pod.authority)
            self.pods[name].start()
        self.discovery, self.trust = {}, {}
        self.push()

    def _terminated_in(self, body: Object) -> set[str]:
        """Return the pods with an entry in a peer's status that do not exist or are terminating."""
        keeps_stale = self.world.fault("stale-pods", self.name, self.cluster.name) is not None
        return {
            pod
            for pod in status.pods(dig(body, "status", "discoveryStatus"))
            if _is_terminated(self.cluster.store.get("Pod", self.namespace, pod))
            and not (keeps_stale and pod.endswith(STALE_POD_SUFFIX))
        }

    def _prune_terminated(self, changed: Object | None = None) -> None:
        """Schedule the removal of the entries of terminated pods, also of entries that another write restored."""
        for body in [changed] if changed else self.cluster.store.all("ServiceMeshPeer", self.namespace):
            for pod in self._terminated_in(body) - self._pruning:
                self._pruning.add(pod)
                self.world.jobs.start(self._forget_terminated(pod), f"entries of the terminated pod {self.name}/{pod}")

    async def _forget_terminated(self, pod: str) -> None:
        """Remove the entries of a terminated pod from every status, with a delay and as soon as there is a leader."""
        await asyncio.sleep(DEBOUNCE_SECONDS)
        await self.world.clocks.sleep("dead_pods")
        await self.wait_istiod()
        self._pruning.discard(pod)
        for body in self.cluster.store.all("ServiceMeshPeer", self.namespace):
            if pod in self._terminated_in(body):
                await self._remove_entry(pod, key_of(body))
        self._prune_terminated()

    async def _remove_entry(self, pod: str, peer: tuple[str, str]) -> None:
        leader = self.leader()
        if leader is None:
            return
        async with leader.writing:  # so that no write of this pod restores the entry
            body = self.cluster.store.get("ServiceMeshPeer", *peer)
            kept = status.without(dig(body, "status", "discoveryStatus"), {pod})
            try:
                await self.cluster.patch_status("ServiceMeshPeer", *peer, status.patch(kept))
            except API_ERRORS as error:
                LOG.info("%s: the entry of %s was not removed: %s", self.name, pod, str(error)[:300])

    async def _follow_gateways(self, ready: dict[str, Object]) -> None:
        if self.authority is None:
            return
        running: dict[str, Object] = {}
        for name in sorted(ready, key=lambda pod: ready[pod]["metadata"]["creationTimestamp"]):
            running.setdefault(ready[name]["metadata"]["labels"]["service.istio.io/canonical-name"], ready[name])
        for name in [
            name for name, gateway in self.gateways.items() if gateway.pod not in ready or name not in running
        ]:
            await self.gateways.pop(name).stop()
        for name, pod in running.items():
            if name not in self.gateways:
                domain = environment_value(pod, "TRUST_DOMAIN") or rules.CLUSTER_DOMAIN
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
        """Write the CA's Secret. It has no owner, so it outlives the control plane."""
        data = {"ca-cert.pem": authority.cert_pem, "ca-key.pem": authority.key_pem}
        body = {
            "metadata": {"name": CA_SECRET, "namespace": self.namespace},
            "type": "istio.io/ca-root",
            "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
        }
        return await self.cluster.ensure("Secret", body)

    async def _publish_roots(self) -> None:
        if self.authority is None:
            return
        for namespace in [self.namespace, *self.members()]:
            body = {
                "metadata": {"name": ROOT_CONFIG_MAP, "namespace": namespace, "labels": {"istio.io/config": "true"}},
                "data": {ROOT_KEY: self.authority.cert_pem.decode()},
            }
            current = self.cluster.store.get("ConfigMap", namespace, ROOT_CONFIG_MAP)
            if current is None or current.get("data") != body["data"]:
                try:
                    await self.cluster.ensure("ConfigMap", body)
                except (NotFoundError, ConflictError) as error:
                    LOG.info("%s: root for namespace %s not written: %s", self.name, namespace, error)

    # ---- configuration of the gateways ----

    def push(self) -> None:
        """Push the configuration to the gateways, after their delay."""
        self._pusher.trigger()

    def push_trust(self, domain: str, pem: str) -> None:
        """Push a new or changed trust bundle."""
        LOG.debug("%s trusts %s (%d bytes)", self.name, domain, len(pem))
        self.push()

    async def _push(self) -> None:
        await asyncio.sleep(DEBOUNCE_SECONDS)
        await self.world.clocks.sleep("gateway_push")
        if not self.pods or self.authority is None:
            return
        if all(pod.settled for pod in self.pods.values()):
            self.discovery = {
                name: entry
                for name, entry in self.discovery.items()
                if any(name in pod.peers for pod in self.pods.values())
            }
        bundles: dict[str, str] = {}
        for pod in self.pods.values():
            bundles |= pod.bundles
        self.trust = bundles or self.trust  # the product never pushes an empty map
        own = {pod.trust_domain: pod.authority.cert_pem.decode() for pod in self.pods.values()}
        routes: dict[str, dict[str, Remote]] = {}
        for name, entry in self.discovery.items():
            routes.setdefault(entry["egress"], {})[name] = entry["remote"]
        for name, gateway in list(self.gateways.items()):
            gateway.credentials.set_bundles(self.trust | own)
            gateway.route(routes.get(name, {}))
            body = self.cluster.store.get("Pod", self.namespace, gateway.pod)
            if body is not None and body["metadata"]["labels"].get("istio") != "egressgateway":
                blocked = self.world.fault("ingress-unreachable", self.name, self.cluster.name) is not None
                await gateway.configure(self._ingress_config(name), set() if blocked else sockets_of(self, body))

    def _ingress_config(self, gateway: str) -> IngressConfig:
        discovery = tuple(
            sorted((name, entry["client"]) for name, entry in self.discovery.items() if entry["ingress"] == gateway)
        )
        policies, exports = set(), set()
        for pod in self.pods.values():
            policies |= {
                (name, client)
                for name, (client, ingress) in pod.first_identities.items()
                if ingress == gateway and client
            }
            for peer in pod.peers.values():
                if peer.ingress == gateway:
                    exports |= {peer.exported_host(name) for service, name in peer.exports.values()}
        return IngressConfig(discovery, tuple(sorted(policies)), tuple(sorted(exports)))

    def drain(self, ingress: str) -> None:
        """Drain the connections of a gateway whose listener has changed."""
        if ingress in self.gateways:
            self.gateways[ingress].drain()

    def remove_peer(self, name: str) -> None:
        """Remove the configuration of a deleted peer."""
        if not any(name in pod.peers for pod in self.pods.values()):
            self.discovery.pop(name, None)
        self.push()

    async def _update_exports(self) -> None:
        for pod in list(self.pods.values()):
            for peer in list(pod.peers.values()):
                pod.update_exports(peer)

    # ---- requests ----

    def egress(self, name: str, path: str) -> Gateway:
        """Return the egress gateway behind the Service of that name, as istiod's HTTP client resolves it.

        Raises:
            RequestFailed: with the message of Go's HTTP client.
        """
        host = f"{name}.{self.namespace}.svc.{rules.CLUSTER_DOMAIN}"
        get = f'Get "http://{host}:{DISCOVERY}{path}": dial tcp'
        service = self.cluster.store.get("Service", self.namespace, name)
        if service is None:
            raise RequestFailed(f"{get}: lookup {host} on 172.30.0.10:53: no such host")
        address = service["spec"].get("clusterIP")
        if not any(port["port"] == DISCOVERY for port in service["spec"].get("ports") or []):
            raise RequestFailed(f"{get} {address}:{DISCOVERY}: i/o timeout")
        gateway = self.gateways.get((service["spec"].get("selector") or {}).get("app", ""))
        if gateway is None:
            raise RequestFailed(f"{get} {address}:{DISCOVERY}: connect: connection refused")
        return gateway

    def serve(self, peer: str, request: Incoming) -> None:
        """Pass a request of a remote mesh, admitted by an ingress gateway, to one of the istiod pods."""
        if not self.pods:
            request.respond(503)
            return
        random.choice(list(self.pods.values())).serve(peer, request)
