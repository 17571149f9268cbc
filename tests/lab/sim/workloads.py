# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster's own controllers would do with the operator's Deployments: pods, rollouts, deletions."""
from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import secrets
from collections.abc import Callable
from typing import Any

from lab.sim.cluster import Cluster, ConflictError, Key, NotFoundError, Object, key_of
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.operator import now
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.workloads")
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def _suffix() -> str:
    return "".join(secrets.choice(_LETTERS) for place in range(5))


def template_hash(deployment: Object) -> str:
    """Stable short name of a pod template."""
    text = json.dumps(deployment["spec"]["template"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def is_ready(pod: Object) -> bool:
    """Whether a pod is ready and not on its way out."""
    if pod["metadata"].get("deletionTimestamp"):
        return False
    conditions = dig(pod, "status", "conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def deployment_of(pod: Object) -> str:
    """Name of the Deployment that a pod belongs to, by way of its ReplicaSet's name (those are not made here)."""
    owners = pod["metadata"].get("ownerReferences") or []
    return str(owners[0]["name"]).rpartition("-")[0] if owners and owners[0]["kind"] == "ReplicaSet" else ""


class Workloads:
    """Deployments of one cluster that the simulated operator owns, and their pods."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        self.world, self.cluster = world, cluster
        self._workers: dict[Key, Worker] = {}
        self._starting: set[Key] = set()
        self._ips = 10
        cluster.store.listen("Deployment", self._deployment_changed)
        cluster.store.listen("Pod", self._pod_changed)

    @staticmethod
    def _ours(body: Object) -> bool:
        return "maistra.io/owner" in (body["metadata"].get("labels") or {})

    def _deployment_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if body is None or not self._ours(body):
            return
        if new is None or old is None or new["metadata"]["generation"] != old["metadata"]["generation"]:
            self._worker(key_of(body)).poke()

    def _pod_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if body is None or not self._ours(body):
            return
        if new is not None and new["metadata"].get("deletionTimestamp") and not (
                old or {}).get("metadata", {}).get("deletionTimestamp"):
            self.world.jobs.run(self._finish_pod(new), f"pod {key_of(new)[1]} ends")
        owner = deployment_of(body)
        if owner:
            self._worker((key_of(body)[0], owner)).poke()

    def _worker(self, key: Key) -> Worker:
        if key not in self._workers:
            self._workers[key] = Worker(self.world.jobs, f"deployment {self.cluster.name}/{key[0]}/{key[1]}",
                                        self._round(key))
        return self._workers[key]

    def _round(self, key: Key) -> Callable[[], Any]:
        async def reconcile() -> None:
            try:
                await self._reconcile(key)
            except (NotFoundError, ConflictError):
                LOG.debug("deployment %s changed meanwhile", key)
        return reconcile

    def pods(self, key: Key) -> list[Object]:
        """Pods of a deployment, oldest first."""
        found = [pod for pod in self.cluster.store.all("Pod", key[0])
                 if deployment_of(pod) == key[1] and self._ours(pod)]
        return sorted(found, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))

    async def _reconcile(self, key: Key) -> None:
        deployment = self.cluster.store.get("Deployment", *key)
        live = [pod for pod in self.pods(key) if not pod["metadata"].get("deletionTimestamp")]
        if deployment is None:
            await asyncio.gather(*(self._kill(pod) for pod in live))
            return
        digest = template_hash(deployment)
        wanted = deployment["spec"].get("replicas", 1)
        current = [pod for pod in live if pod["metadata"]["labels"].get("pod-template-hash") == digest]
        old = [pod for pod in live if pod not in current]
        for number in range(len(current), wanted):
            LOG.debug("pod %d of %s", number + 1, key)
            self.cluster.store.take("Pod", await self._make(deployment, digest))
        for pod in current[wanted:]:
            await self._kill(pod)
        ready = [pod for pod in current[:wanted] if is_ready(pod)]
        for pod in current[:wanted]:
            if not dig(pod, "status", "podIP"):
                self._start(pod)
        if len(ready) >= wanted:
            for pod in old:
                await self._kill(pod)
            old = []
        await self._status(deployment, wanted, len(ready), len(old))

    async def _kill(self, pod: Object) -> None:
        await self.cluster.delete("Pod", *key_of(pod), now=True)

    async def _finish_pod(self, pod: Object) -> None:
        await self.world.clocks.sleep("pod_stop")
        await self._kill(pod)

    async def _make(self, deployment: Object, digest: str) -> Object:
        namespace, owner = key_of(deployment)
        template = deployment["spec"]["template"]
        name = f"{owner}-{digest}-{_suffix()}"
        nodes = self.cluster.info.get("nodes") or []
        body = {
            "metadata": {
                "name": name, "namespace": namespace,
                "labels": dict(template["metadata"].get("labels") or {}) | {"pod-template-hash": digest},
                "annotations": dict(template["metadata"].get("annotations") or {}),
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": f"{owner}-{digest}",
                                     "uid": deployment["metadata"]["uid"], "controller": True}]},
            "spec": dict(template["spec"]) | ({"nodeName": nodes[0]["name"]} if nodes else {})}
        made = await self.cluster.create("Pod", body)
        self._start(made)
        return made

    def _start(self, pod: Object) -> None:
        """Have a pod become ready, once (also one that a simulator before this one left half way)."""
        key = key_of(pod)
        if key in self._starting:
            return
        self._starting.add(key)
        component = "istiod_start" if pod["metadata"]["labels"].get("app") == "istiod" else "gateway_start"
        task = self.world.jobs.run(self._begin(key, component), f"pod {key[1]} starts")
        task.add_done_callback(lambda task: self._starting.discard(key))

    def _new_address(self) -> str:
        """An address that no pod of the cluster has or had."""
        used = {dig(pod, "status", "podIP") for pod in self.cluster.store.all("Pod")}
        while True:
            self._ips += 1
            network = 128 + self.cluster.info.get("index", 0) % 100
            address = f"10.{network}.{self._ips // 250}.{self._ips % 250 + 1}"
            if address not in used:
                return address

    async def _begin(self, key: Key, clock: str) -> None:
        if (self.cluster.name, key[0]) not in self.world.booting:
            await self.world.clocks.sleep(clock)
        pod = self.cluster.store.get("Pod", *key)
        if pod is None:
            return
        address, containers = self._new_address(), pod["spec"]["containers"]
        conditions = [{"type": kind, "status": "True", "lastTransitionTime": now()}
                      for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")]
        try:
            await self.cluster.patch_status("Pod", *key, {
                "phase": "Running", "podIP": address, "podIPs": [{"ip": address}], "startTime": now(),
                "conditions": conditions, "containerStatuses": [
                    {"name": one["name"], "image": one["image"], "imageID": "", "ready": True, "restartCount": 0,
                     "state": {"running": {"startedAt": now()}}} for one in containers]})
        except NotFoundError:
            LOG.debug("pod %s went before it was ready", key)

    async def _status(self, deployment: Object, wanted: int, ready: int, old: int) -> None:
        # a rollout keeps the old pods serving until the new ones are ready
        serving = min(wanted, ready + old)
        done = ready >= wanted
        status = {
            "observedGeneration": deployment["metadata"]["generation"], "replicas": wanted + old,
            "updatedReplicas": wanted, "readyReplicas": serving, "availableReplicas": serving,
            "unavailableReplicas": max(0, wanted - ready) or None}
        have = deployment.get("status") or {}
        if not have and not ready and wanted:
            return  # nothing to tell yet
        if all(have.get(key) == value for key, value in status.items()):
            return
        status["conditions"] = [
            {"type": "Available", "status": "True" if serving >= wanted else "False",
             "reason": "MinimumReplicasAvailable" if serving >= wanted else "MinimumReplicasUnavailable",
             "message": "", "lastTransitionTime": now(), "lastUpdateTime": now()},
            {"type": "Progressing", "status": "True",
             "reason": "NewReplicaSetAvailable" if done else "ReplicaSetUpdated", "message": "",
             "lastTransitionTime": now(), "lastUpdateTime": now()}]
        if not done:
            status["updatedReplicas"] = ready
        await self.cluster.patch_status("Deployment", *key_of(deployment), status)
