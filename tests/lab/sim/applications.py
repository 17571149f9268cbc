# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads of users and their pods, with a sidecar where the pod template asks for one; requests between them.

A sidecar has the trust domain of the moment in which it was injected, and keeps that identity as long as its pod exists (observed on
2.5: workloads keep the old identity until their pods are made again).
"""

from __future__ import annotations

import copy
import logging
import secrets
from typing import Any

from kubernetes_asyncio.dynamic.exceptions import ConflictError, NotFoundError

from lab.sim.cluster import Cluster
from lab.sim.conditions import now
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.mesh import Mesh, environment_value
from lab.sim.rules import CLUSTER_DOMAIN
from lab.sim.store import Key, Object, key_of
from lab.sim.workloads import is_ready, template_hash
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.applications")
KINDS = ("Deployment", "StatefulSet", "DaemonSet")
OWNER, INJECT, HASH = "maistra.io/owner", "sidecar.istio.io/inject", "pod-template-hash"
#: label in which the controllers of StatefulSets and DaemonSets note the revision of a pod
REVISION = "controller-revision-hash"
#: environment variable of a sidecar with the trust domain of its identity
DOMAIN = "TRUST_DOMAIN"
Result = dict[str, Any]


class NotInjectable(Exception):
    """The injector's webhook is not available, so the API server rejects the pod."""


def owner_of(pod: Object) -> tuple[str, str]:
    """Return (kind, name) of the workload of a pod; a ReplicaSet (which is not created here) stands for its Deployment."""
    owners = pod["metadata"].get("ownerReferences") or []
    if not owners:
        return "", ""
    if owners[0]["kind"] == "ReplicaSet":
        return "Deployment", str(owners[0]["name"]).rpartition("-")[0]
    return str(owners[0]["kind"]), str(owners[0]["name"])


def _is_active(pod: Object) -> bool:
    return not pod["metadata"].get("deletionTimestamp")


def _asks_for_sidecar(template: Object) -> bool:
    metadata = template.get("metadata") or {}
    values = [(metadata.get(part) or {}).get(INJECT) for part in ("labels", "annotations")]
    return "true" in values


def _revision(pod: Object) -> str:
    labels = pod["metadata"].get("labels") or {}
    return str(labels.get(HASH) or labels.get(REVISION) or "")


class Applications:
    """Deployments, StatefulSets and DaemonSets of users, and their pods."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        self.world, self.cluster = world, cluster
        self._workers: dict[tuple[str, Key], Worker] = {}
        self._starting: set[Key] = set()
        self._last_ip = 0
        for kind in KINDS:
            cluster.store.listen(kind, self._workload_changed)
        cluster.store.listen("Pod", self._pod_changed)
        cluster.store.listen("ConfigMap", self._config_changed)
        cluster.store.listen("ServiceMeshMemberRoll", self._members_changed)
        world.injector_listeners.append(self._injector_changed)

    # ---- events ----

    def _workload_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if body is None or OWNER in (body["metadata"].get("labels") or {}):
            return
        if new is None or old is None or new["metadata"]["generation"] != old["metadata"]["generation"]:
            self._worker(kind, key_of(body)).trigger()

    def _pod_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if body is None:
            return
        labels = body["metadata"].get("labels") or {}
        if OWNER in labels:
            return
        if new is not None and not _is_active(new) and (old is None or _is_active(old)):
            self.world.jobs.run(self._terminate(new), f"pod {key_of(new)[1]} terminates")
        owner, name = owner_of(body)
        if owner in KINDS:
            self._worker(owner, (key_of(body)[0], name)).trigger()

    def _config_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if (new or old or {})["metadata"]["name"].startswith("istio-sidecar-injector-"):
            self._injector_changed()

    def _members_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if dig(new, "status", "configuredMembers") != dig(old, "status", "configuredMembers"):
            self._injector_changed()

    def _injector_changed(self) -> None:
        """Try the pods again that could not be injected."""
        for worker in self._workers.values():
            worker.trigger()

    def _worker(self, kind: str, key: Key) -> Worker:
        if (kind, key) not in self._workers:

            async def reconcile() -> None:
                try:
                    await self._reconcile(kind, key)
                except (NotFoundError, ConflictError, NotInjectable) as error:
                    LOG.debug("%s %s: %s", kind, key, error)

            self._workers[kind, key] = Worker(
                self.world.jobs, f"{kind} {self.cluster.name}/{key[0]}/{key[1]}", reconcile
            )
        return self._workers[kind, key]

    # ---- reconciliation ----

    def _pods(self, kind: str, key: Key) -> list[Object]:
        return [pod for pod in self.cluster.store.all("Pod", key[0]) if owner_of(pod) == (kind, key[1])]

    async def _reconcile(self, kind: str, key: Key) -> None:
        workload, pods = self.cluster.store.get(kind, *key), self._pods(kind, key)
        if workload is None or not _is_active(workload):
            for pod in filter(_is_active, pods):
                await self.cluster.delete("Pod", *key_of(pod))
            return
        for pod in pods:
            if _is_active(pod) and not dig(pod, "status", "podIP"):
                self._start(pod)
        if kind == "Deployment":
            await self._roll_deployment(workload, pods)
        else:
            await self._roll_slots(kind, workload, pods)
        await self._status(kind, workload, self._pods(kind, key))

    async def _roll_deployment(self, workload: Object, pods: list[Object]) -> None:
        """Create all new pods, and delete the old ones when the new ones are ready."""
        digest, replicas = template_hash(workload), workload["spec"].get("replicas", 1)
        active = [pod for pod in pods if _is_active(pod)]
        current = [pod for pod in active if _revision(pod) == digest]
        if workload["spec"].get("paused") and len(active) >= replicas:
            return
        for _number in range(len(current), replicas):
            await self._create(
                workload, "Deployment", f"{key_of(workload)[1]}-{digest}-{secrets.token_hex(3)[:5]}", digest
            )
        for pod in current[replicas:]:
            await self.cluster.delete("Pod", *key_of(pod))
        if sum(map(is_ready, current[:replicas])) >= replicas:
            for pod in active:
                if pod not in current:
                    await self.cluster.delete("Pod", *key_of(pod))

    async def _roll_slots(self, kind: str, workload: Object, pods: list[Object]) -> None:
        """Replace the pods one by one, each when its predecessor is gone and all others are ready."""
        digest, name = template_hash(workload), key_of(workload)[1]
        slots = self._slots(kind, workload)
        by_slot = {(dig(pod, "spec", "nodeName") if kind == "DaemonSet" else key_of(pod)[1]): pod for pod in pods}
        for pod in pods:
            if _is_active(pod) and pod not in [by_slot.get(slot) for slot in slots]:
                await self.cluster.delete("Pod", *key_of(pod))
        for slot in slots:
            if slot not in by_slot:
                pod_name = f"{name}-{secrets.token_hex(3)[:5]}" if kind == "DaemonSet" else slot
                await self._create(workload, kind, pod_name, digest, slot if kind == "DaemonSet" else "")
                if kind == "StatefulSet":
                    return
        if dig(workload, "spec", "updateStrategy", "type") == "OnDelete":
            return
        outdated = [slot for slot in reversed(slots) if slot in by_slot and _revision(by_slot[slot]) != digest]
        if outdated and all(is_ready(by_slot[slot]) for slot in slots if slot in by_slot):
            await self.cluster.delete("Pod", *key_of(by_slot[outdated[0]]))

    def _slots(self, kind: str, workload: Object) -> list[str]:
        """Return the names of a StatefulSet's pods, or the nodes of a DaemonSet's."""
        if kind == "DaemonSet":
            return [node["name"] for node in self.cluster.info.get("nodes") or []]
        return [f"{key_of(workload)[1]}-{number}" for number in range(workload["spec"].get("replicas", 1))]

    # ---- pods ----

    async def _create(self, workload: Object, kind: str, name: str, digest: str, node: str = "") -> None:
        template = copy.deepcopy(workload["spec"]["template"])
        metadata, spec = template.get("metadata") or {}, template["spec"]
        namespace, owner = key_of(workload)
        nodes = [node] if node else [entry["name"] for entry in self.cluster.info.get("nodes") or []][:1]
        is_deployment = kind == "Deployment"
        metadata |= {
            "name": name,
            "namespace": namespace,
            "labels": (metadata.get("labels") or {}) | {HASH if is_deployment else REVISION: digest},
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet" if is_deployment else kind,
                    "name": f"{owner}-{digest}" if is_deployment else owner,
                    "uid": workload["metadata"]["uid"],
                    "controller": True,
                }
            ],
        }
        self.inject(namespace, metadata, spec)
        body = {"metadata": metadata, "spec": spec | ({"nodeName": nodes[0]} if nodes else {})}
        self._start(await self.cluster.create("Pod", body))

    def inject(self, namespace: str, metadata: Object, spec: Object) -> None:
        """Add a sidecar with the current trust domain, in a namespace that is to be a member of a mesh.

        Raises:
            NotInjectable: the injector's webhook does not answer.
        """
        mesh = self.mesh_of(namespace)
        if mesh is None or not _asks_for_sidecar({"metadata": metadata}):
            return
        domain = mesh.injected_domain()
        if domain is None or namespace not in mesh.members():
            raise NotInjectable(f"the injector of {mesh.name} does not answer for {namespace}")
        metadata["annotations"] = (metadata.get("annotations") or {}) | {"sidecar.istio.io/status": "{}"}
        sidecar = {
            "name": "istio-proxy",
            "image": "proxyv2-rhel8",
            "env": [{"name": DOMAIN, "value": domain}],
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL", "KILL", "MKNOD", "SETGID", "SETUID"]},
                "privileged": False,
                "readOnlyRootFilesystem": True,
                "runAsNonRoot": True,
            },
        }
        spec["containers"] = [*spec["containers"], sidecar]

    def mesh_of(self, namespace: str) -> Mesh | None:
        """Return the mesh of which a namespace is to be a member."""
        for mesh in self.world.meshes.values():
            roll = self.cluster.store.get("ServiceMeshMemberRoll", mesh.namespace, "default")
            if mesh.cluster is self.cluster and namespace in (dig(roll, "spec", "members") or []):
                return mesh
        return None

    def _start(self, pod: Object) -> None:
        key = key_of(pod)
        if key not in self._starting:
            self._starting.add(key)
            task = self.world.jobs.run(self._run(key), f"pod {key[1]} starts")
            task.add_done_callback(lambda task: self._starting.discard(key))

    async def _run(self, key: Key) -> None:
        await self.world.clocks.sleep("application_start")
        pod = self.cluster.store.get("Pod", *key)
        if pod is None:
            return
        address = self.new_address()
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": now()}
            for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ]
        status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "conditions": conditions}
        try:
            await self.cluster.patch_status("Pod", *key, status)
        except NotFoundError:
            LOG.debug("pod %s was deleted before it was ready", key)

    def new_address(self) -> str:
        """Return an address for a user's pod."""
        self._last_ip += 1
        return f"10.{28 + self.cluster.info.get('index', 0) % 100}.{self._last_ip // 250}.{self._last_ip % 250 + 1}"

    async def _terminate(self, pod: Object) -> None:
        await self.world.clocks.sleep("pod_stop")
        # a StatefulSet makes the next pod with the same name
        await self.cluster.delete("Pod", *key_of(pod), now=True, uid=pod["metadata"]["uid"])

    # ---- status ----

    async def _status(self, kind: str, workload: Object, pods: list[Object]) -> None:
        active = [pod for pod in pods if _is_active(pod)]
        updated = [pod for pod in active if _revision(pod) == template_hash(workload)]
        ready = sum(map(is_ready, active))
        status: Object = {"observedGeneration": workload["metadata"]["generation"]}
        if kind == "DaemonSet":
            wanted = len(self._slots(kind, workload))
            status |= {"desiredNumberScheduled": wanted, "currentNumberScheduled": len(active), "numberMisscheduled": 0}
            status |= {"updatedNumberScheduled": len(updated), "numberReady": ready, "numberAvailable": ready}
        else:
            status |= {"replicas": len(active), "updatedReplicas": len(updated)}
            status |= {"readyReplicas": ready, "availableReplicas": ready}
        if kind == "StatefulSet":
            status["updateRevision"] = f"{key_of(workload)[1]}-{template_hash(workload)}"
        current = workload.get("status") or {}
        if any(current.get(key) != value for key, value in status.items()):
            await self.cluster.patch_status(kind, *key_of(workload), status)


# ---- requests ----


def _identities(mesh: Mesh, name: str) -> list[str]:
    """Return the trust domains of the running pods of a workload.

    Raises:
        LookupError: it has none, or one without a sidecar.
    """
    namespace, dummy, workload = name.partition("/")
    pods = [
        pod
        for pod in mesh.cluster.store.all("Pod", namespace)
        if owner_of(pod)[1] == workload and dig(pod, "status", "podIP")
    ]
    if not pods or not all(has_sidecar(pod) for pod in pods):
        raise LookupError(f"{name} has no running pods with a sidecar")
    return [environment_value(pod, DOMAIN) or CLUSTER_DOMAIN for pod in pods]


def has_sidecar(pod: Object) -> bool:
    """Return whether a pod has a sidecar."""
    return any(container["name"] == "istio-proxy" for container in pod["spec"]["containers"])


def call(mesh: Mesh, source: str, target: str) -> Result:
    """Send a request from every pod of a workload to every pod of another: both sides check the other's identity."""
    accepted = mesh.accepted_domains()
    for domain in (*_identities(mesh, source), *_identities(mesh, target)):
        if domain not in accepted:
            return {"status": 503, "reason": f"{domain} is not among the accepted trust domains {sorted(accepted)}"}
    return {"status": 200, "reason": "both identities are accepted"}
