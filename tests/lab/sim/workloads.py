# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's controllers for the operator's Deployments: pods, rollouts, deletions."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import secrets
from collections.abc import Callable
from typing import Any

from kubernetes_asyncio.dynamic.exceptions import ConflictError, NotFoundError

from lab.sim.cluster import Cluster
from lab.sim.conditions import now
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.store import Key, Object, key_of
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.workloads")
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def _suffix() -> str:
    return "".join(secrets.choice(_LETTERS) for position in range(5))


def template_hash(deployment: Object) -> str:
    """Return a stable hash of a pod template."""
    text = json.dumps(deployment["spec"]["template"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def is_ready(pod: Object) -> bool:
    """Return whether a pod is ready and not terminating."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = dig(pod, "status", "conditions") or []
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def deployment_of(pod: Object) -> str:
    """Return the name of a pod's Deployment, from the name of its ReplicaSet (which is not created here)."""
    owners = pod["metadata"].get("ownerReferences") or []
    return str(owners[0]["name"]).rpartition("-")[0] if owners and owners[0]["kind"] == "ReplicaSet" else ""


def is_kept_unready(world: World, cluster: Cluster, pod: Object) -> bool:
    """Return whether a fault keeps the pod of istiod or of a gateway from becoming ready."""
    mesh = world.mesh_name(cluster.name, pod["metadata"]["namespace"])
    if pod["metadata"]["labels"].get("app") == "istiod":
        return world.fault("istiod-not-ready", mesh, cluster.name) is not None
    fault = world.fault("gateways-not-ready", mesh, cluster.name)
    return fault is not None and fault.get("gateway") in (None, deployment_of(pod))


def pod_conditions(ready: bool) -> list[Object]:
    """Return the conditions of a pod that runs."""
    status = {"ContainersReady": ready, "Ready": ready}
    return [
        {"type": kind, "status": str(status.get(kind, True)), "lastTransitionTime": now()}
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]


class Workloads:
    """Deployments of a cluster that the simulated operator owns, and their pods."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        self.world, self.cluster = world, cluster
        self._workers: dict[Key, Worker] = {}
        self._starting: set[Key] = set()
        self._last_ip = 10
        cluster.store.listen("Deployment", self._deployment_changed)
        cluster.store.listen("Pod", self._pod_changed)

    @staticmethod
    def _is_owned(body: Object) -> bool:
        return "maistra.io/owner" in (body["metadata"].get("labels") or {})

    def _deployment_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if body is None or not self._is_owned(body):
            return
        if new is None or old is None or new["metadata"]["generation"] != old["metadata"]["generation"]:
            self._worker(key_of(body)).trigger()

    def _pod_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if body is None or not self._is_owned(body):
            return
        if (
            new is not None
            and new["metadata"].get("deletionTimestamp")
            and not (old or {}).get("metadata", {}).get("deletionTimestamp")
        ):
            self.world.jobs.run(self._terminate_pod(new), f"pod {key_of(new)[1]} terminates")
        owner = deployment_of(body)
        if owner:
            self._worker((key_of(body)[0], owner)).trigger()

    def _worker(self, key: Key) -> Worker:
        if key not in self._workers:
            self._workers[key] = Worker(
                self.world.jobs, f"deployment {self.cluster.name}/{key[0]}/{key[1]}", self._reconciler(key)
            )
        return self._workers[key]

    def _reconciler(self, key: Key) -> Callable[[], Any]:
        async def reconcile() -> None:
            try:
                await self._reconcile(key)
            except (NotFoundError, ConflictError):
                LOG.debug("deployment %s changed during its reconciliation", key)

        return reconcile

    def pods(self, key: Key) -> list[Object]:
        """Return the pods of a deployment, oldest first."""
        pods = [
            pod for pod in self.cluster.store.all("Pod", key[0]) if deployment_of(pod) == key[1] and self._is_owned(pod)
        ]
        return sorted(pods, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))

    async def _reconcile(self, key: Key) -> None:
        deployment = self.cluster.store.get("Deployment", *key)
        active = [pod for pod in self.pods(key) if not pod["metadata"].get("deletionTimestamp")]
        if deployment is None:
            await asyncio.gather(*(self._delete_pod(pod) for pod in active))
            return
        digest = template_hash(deployment)
        replicas = deployment["spec"].get("replicas", 1)
        current = [pod for pod in active if pod["metadata"]["labels"].get("pod-template-hash") == digest]
        old = [pod for pod in active if pod not in current]
        for number in range(len(current), replicas):
            LOG.debug("pod %d of %s", number + 1, key)
            self.cluster.store.update("Pod", await self._create_pod(deployment, digest))
        for pod in current[replicas:]:
            await self._delete_pod(pod)
        ready = [pod for pod in current[:replicas] if is_ready(pod)]
        for pod in current[:replicas]:
            if not dig(pod, "status", "podIP"):
                self._start(pod)
        if len(ready) >= replicas:
            for pod in old:
                await self._delete_pod(pod)
            old = []
        await self._status(deployment, replicas, len(ready), len(old))

    async def _delete_pod(self, pod: Object) -> None:
        await self.cluster.delete("Pod", *key_of(pod), now=True)

    async def _terminate_pod(self, pod: Object) -> None:
        await self.world.clocks.sleep("pod_stop")
        await self._delete_pod(pod)

    async def _create_pod(self, deployment: Object, digest: str) -> Object:
        namespace, owner = key_of(deployment)
        template = deployment["spec"]["template"]
        name = f"{owner}-{digest}-{_suffix()}"
        nodes = self.cluster.info.get("nodes") or []
        body = {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "labels": dict(template["metadata"].get("labels") or {}) | {"pod-template-hash": digest},
                "annotations": dict(template["metadata"].get("annotations") or {}),
                "ownerReferences": [
                    {
                        "apiVersion": "apps/v1",
                        "kind": "ReplicaSet",
                        "name": f"{owner}-{digest}",
                        "uid": deployment["metadata"]["uid"],
                        "controller": True,
                    }
                ],
            },
            "spec": dict(template["spec"]) | ({"nodeName": nodes[0]["name"]} if nodes else {}),
        }
        pod = await self.cluster.create("Pod", body)
        self._start(pod)
        return pod

    def _start(self, pod: Object) -> None:
        """Make a pod ready after its start time, once; also a pod that a previous simulator left unready."""
        key = key_of(pod)
        if key in self._starting:
            return
        self._starting.add(key)
        component = "istiod_start" if pod["metadata"]["labels"].get("app") == "istiod" else "gateway_start"
        task = self.world.jobs.run(self._run_pod(key, component), f"pod {key[1]} starts")
        task.add_done_callback(lambda task: self._starting.discard(key))

    def _new_address(self) -> str:
        """Return an address that no pod of the cluster has used."""
        used = {dig(pod, "status", "podIP") for pod in self.cluster.store.all("Pod")}
        while True:
            self._last_ip += 1
            network = 128 + self.cluster.info.get("index", 0) % 100
            address = f"10.{network}.{self._last_ip // 250}.{self._last_ip % 250 + 1}"
            if address not in used:
                return address

    async def _run_pod(self, key: Key, clock: str) -> None:
        if (self.cluster.name, key[0]) not in self.world.booting:
            await self.world.clocks.sleep(clock)
        pod = self.cluster.store.get("Pod", *key)
        if pod is None:
            return
        address, containers = self._new_address(), pod["spec"]["containers"]
        ready = not is_kept_unready(self.world, self.cluster, pod)
        try:
            await self.cluster.patch_status(
                "Pod",
                *key,
                {
                    "phase": "Running",
                    "podIP": address,
                    "podIPs": [{"ip": address}],
                    "startTime": now(),
                    "conditions": pod_conditions(ready),
                    "containerStatuses": [
                        {
                            "name": container["name"],
                            "image": container["image"],
                            "imageID": "",
                            "ready": ready,
                            "restartCount": 0,
                            "state": {"running": {"startedAt": now()}},
                        }
                        for container in containers
                    ],
                },
            )
        except NotFoundError:
            LOG.debug("pod %s was deleted before it was ready", key)

    async def _status(self, deployment: Object, replicas: int, ready: int, old: int) -> None:
        # during a rollout the old pods serve until the new pods are ready
        serving = min(replicas, ready + old)
        done = ready >= replicas
        status = {
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": replicas + old,
            "updatedReplicas": replicas,
            "readyReplicas": serving,
            "availableReplicas": serving,
            "unavailableReplicas": max(0, replicas - ready) or None,
        }
        current = deployment.get("status") or {}
        if not current and not ready and replicas:
            return  # nothing to report yet
        if all(current.get(key) == value for key, value in status.items()):
            return
        status["conditions"] = [
            {
                "type": "Available",
                "status": "True" if serving >= replicas else "False",
                "reason": "MinimumReplicasAvailable" if serving >= replicas else "MinimumReplicasUnavailable",
                "message": "",
                "lastTransitionTime": now(),
                "lastUpdateTime": now(),
            },
            {
                "type": "Progressing",
                "status": "True",
                "reason": "NewReplicaSetAvailable" if done else "ReplicaSetUpdated",
                "message": "",
                "lastTransitionTime": now(),
                "lastUpdateTime": now(),
            },
        ]
        if not done:
            status["updatedReplicas"] = ready
        await self.cluster.patch_status("Deployment", *key_of(deployment), status)
