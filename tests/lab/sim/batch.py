# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster's controllers for Jobs and the kubelets of their pods: pods, deadlines, time to live, and the deletion of what a Job owns."""

from __future__ import annotations

import asyncio
import copy
import datetime
import logging
import secrets
from typing import Any

from kubernetes_asyncio.dynamic.exceptions import ConflictError, DynamicApiError, NotFoundError

from lab.sim import programs
from lab.sim.applications import Applications, NotInjectable, has_sidecar
from lab.sim.cluster import Cluster
from lab.sim.conditions import now
from lab.sim.events import Recorder
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.store import Key, Object, key_of
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.batch")
ENDED = ("Succeeded", "Failed")
ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
#: pause after a pod that was rejected
RETRY_SECONDS = 1.0
#: images that exist beside those of the control planes begin with this
IMAGES = "lab/"


def _job_of(pod: Object) -> str:
    owners = pod["metadata"].get("ownerReferences") or []
    return str(owners[0]["uid"]) if owners and owners[0]["kind"] == "Job" else ""


def _is_finished(job: Object) -> bool:
    conditions = dig(job, "status", "conditions") or []
    return any(one["type"] in ("Complete", "Failed") and one["status"] == "True" for one in conditions)


def _condition(kind: str, reason: str, message: str) -> Object:
    condition = {"type": kind, "status": "True", "lastTransitionTime": now(), "lastProbeTime": now()}
    return condition | ({"reason": reason, "message": message} if reason else {})


def scc_denial(spec: Object) -> str:
    """Return why OpenShift's SCC restricted-v2, which every account may use, does not admit a pod; empty where it does."""
    reasons = [f"spec.{key}: not allowed" for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    reasons += ["spec.volumes: hostPath is not allowed" for volume in spec.get("volumes") or [] if "hostPath" in volume]
    for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
        context = (spec.get("securityContext") or {}) | (container.get("securityContext") or {})
        if context.get("privileged") or context.get("allowPrivilegeEscalation") is True:
            reasons.append(f"{container['name']}: privileged containers are not allowed")
        if context.get("runAsUser") is not None:
            reasons.append(f"{container['name']}: runAsUser must be in the range of the namespace")
        if set(dig(context, "capabilities", "add") or []) - {"NET_BIND_SERVICE"}:
            reasons.append(f"{container['name']}: capabilities may not be added")
    return f"unable to validate against any security context constraint: [{', '.join(reasons)}]" if reasons else ""


class Batch:
    """Jobs and their pods."""

    def __init__(self, world: World, cluster: Cluster, applications: Applications) -> None:
        self.world, self.cluster, self._applications = world, cluster, applications
        self._events = Recorder(cluster, "job-controller", "Job")
        self._workers: dict[Key, Worker] = {}
        self._timers: set[tuple[str, str]] = set()
        self._started: set[str] = set()
        cluster.store.listen("Job", self._job_changed)
        cluster.store.listen("Pod", self._pod_changed)

    # ---- events ----

    def _job_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if new is None and old is not None:
            self.world.jobs.run(self._collect(old), f"garbage of Job {key_of(old)[1]}")
        elif new is not None:
            self._worker(key_of(new)).trigger()

    def _pod_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if body is not None and _job_of(body):
            owners = body["metadata"]["ownerReferences"]
            self._worker((key_of(body)[0], owners[0]["name"])).trigger()

    def _worker(self, key: Key) -> Worker:
        if key not in self._workers:

            async def reconcile() -> None:
                try:
                    await self._reconcile(key)
                except (NotFoundError, ConflictError) as error:
                    LOG.debug("Job %s: %s", key, error)

            self._workers[key] = Worker(self.world.jobs, f"Job {self.cluster.name}/{key[0]}/{key[1]}", reconcile)
        return self._workers[key]

    # ---- garbage collection ----

    def _pods(self, job: Object) -> list[Object]:
        uid, namespace = job["metadata"]["uid"], key_of(job)[0]
        return [pod for pod in self.cluster.store.all("Pod", namespace) if _job_of(pod) == uid]

    async def _collect(self, job: Object) -> None:
        """Delete what a deleted Job owned."""
        for pod in self._pods(job):
            if not pod["metadata"].get("deletionTimestamp"):
                await self._delete_pod(pod)

    async def _delete_pod(self, pod: Object) -> None:
        """Delete a pod; one that has ended goes at once."""
        await self.cluster.delete("Pod", *key_of(pod), now=dig(pod, "status", "phase") in ENDED)

    async def _finalize(self, job: Object) -> None:
        """Let the pods of a deleted Job go on without it, or delete them before it, as the deletion asked for."""
        finalizers, pods = job["metadata"].get("finalizers") or [], self._pods(job)
        if ORPHAN in finalizers:
            for pod in pods:
                await self.cluster.patch("Pod", *key_of(pod), {"metadata": {"ownerReferences": None}})
        elif FOREGROUND in finalizers:
            await self._collect(job)
            if self._pods(job):
                return
        await self.cluster.patch("Job", *key_of(job), {"metadata": {"finalizers": None}})

    # ---- reconciliation ----

    async def _reconcile(self, key: Key) -> None:
        job = self.cluster.store.get("Job", *key)
        if job is None:
            return
        if job["metadata"].get("deletionTimestamp"):
            await self._finalize(job)
            return
        if _is_finished(job):
            self._time("ttl", job, self.world.clocks.scaled(job["spec"].get("ttlSecondsAfterFinished", 10**9)))
            return
        if not dig(job, "status", "startTime"):
            await self.cluster.patch_status("Job", *key, {"startTime": now()})
            return
        if "activeDeadlineSeconds" in job["spec"]:
            self._time("deadline", job, job["spec"]["activeDeadlineSeconds"])
        await self._advance(job)

    async def _advance(self, job: Object) -> None:
        """Create the pods that are missing, or note how the Job has ended."""
        spec, pods = job["spec"], self._pods(job)
        phases = [dig(pod, "status", "phase") for pod in pods]
        succeeded, failed = phases.count("Succeeded"), phases.count("Failed")
        active = [pod for pod, phase in zip(pods, phases) if phase not in ENDED]
        for pod in active:
            self._start(pod)
        if self._deadline(job) <= datetime.datetime.now(datetime.timezone.utc):
            await self._fail(job, active, failed, "DeadlineExceeded", "Job was active longer than specified deadline")
        elif failed > spec.get("backoffLimit", 6):
            message = "Job has reached the specified backoff limit"
            await self._fail(job, active, failed, "BackoffLimitExceeded", message)
        elif succeeded >= (spec.get("completions") or 1):
            ended = [
                _condition("SuccessCriteriaMet", "CompletionsReached", ""),
                _condition("Complete", "CompletionsReached", ""),
            ]
            times = {"completionTime": now()}
            await self._status(job, 0, succeeded, failed, ended, times)
        else:
            wanted = min(spec.get("parallelism") or 1, (spec.get("completions") or 1) - succeeded)
            for _number in range(len(active), wanted):
                if not await self._create(job):
                    break
            await self._status(job, len(self._pods(job)) - succeeded - failed, succeeded, failed)

    async def _fail(self, job: Object, active: list[Object], failed: int, reason: str, message: str) -> None:
        for pod in active:
            await self._delete_pod(pod)
        ended = [_condition(kind, reason, message) for kind in ("FailureTarget", "Failed")]
        await self._status(job, 0, 0, failed + len(active), ended)

    async def _status(
        self,
        job: Object,
        active: int,
        succeeded: int,
        failed: int,
        conditions: list[Object] | None = None,
        more: Object | None = None,
    ) -> None:
        status: Object = {"active": active, "succeeded": succeeded, "failed": failed, "ready": 0} | (more or {})
        if conditions:
            status["conditions"] = conditions
        current = job.get("status") or {}
        if any((current.get(name) or 0) != value for name, value in status.items()):
            await self.cluster.patch_status("Job", *key_of(job), status)

    # ---- time ----

    def _deadline(self, job: Object) -> datetime.datetime:
        """Return when the Job must have ended; it is in real seconds, since the deadline is a limit and not a duration."""
        begin = datetime.datetime.fromisoformat(job["status"]["startTime"].replace("Z", "+00:00"))
        return begin + datetime.timedelta(seconds=job["spec"].get("activeDeadlineSeconds", 10**6))

    def _time(self, name: str, job: Object, seconds: float) -> None:
        """Start a timer of a Job once."""
        timer = (name, job["metadata"]["uid"])
        if timer in self._timers or seconds > 10**6:
            return
        self._timers.add(timer)
        end = self._expire(job) if name == "ttl" else self._look_again(job)
        self.world.jobs.start(self._later(seconds, end), f"{name} of Job {key_of(job)[1]}")

    @staticmethod
    async def _later(seconds: float, work: Any) -> None:
        await asyncio.sleep(seconds)
        await work

    async def _expire(self, job: Object) -> None:
        """Delete a finished Job with its pods at the end of its time to live."""
        namespace, name = key_of(job)
        live = self.cluster.store.get("Job", namespace, name)
        if live is not None and live["metadata"]["uid"] == job["metadata"]["uid"]:
            await self._collect(job)
            await self.cluster.delete("Job", namespace, name, now=True, uid=job["metadata"]["uid"])

    async def _look_again(self, job: Object) -> None:
        self._worker(key_of(job)).trigger()

    # ---- pods ----

    async def _create(self, job: Object) -> bool:
        """Create a pod of a Job as its account; return whether the cluster accepts it."""
        template, (namespace, name) = copy.deepcopy(job["spec"]["template"]), key_of(job)
        metadata, spec = template.get("metadata") or {}, template["spec"]
        nodes = self.cluster.info.get("nodes") or []
        metadata |= {
            "name": f"{name}-{secrets.token_hex(3)[:5]}",
            "namespace": namespace,
            "ownerReferences": [
                {
                    "apiVersion": "batch/v1",
                    "kind": "Job",
                    "name": name,
                    "uid": job["metadata"]["uid"],
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
        }
        try:
            self._applications.inject(namespace, metadata, spec)
            denial = scc_denial(spec)
            if denial:
                raise NotInjectable(f'pods "{name}-" is forbidden: {denial}')
            body = {"metadata": metadata, "spec": spec | ({"nodeName": nodes[0]["name"]} if nodes else {})}
            pod = await self.cluster.create("Pod", body)
        except (NotInjectable, DynamicApiError) as error:
            await self._reject(job, error)
            return False
        self._start(pod)
        return True

    async def _reject(self, job: Object, error: Exception) -> None:
        """Note why no pod can be created, and try again later."""
        message = str(error)
        if isinstance(error, DynamicApiError):
            message = str(error.summary())
        elif "forbidden" not in message:
            message = f'Internal error occurred: failed calling webhook "sidecar-injector.istio.io": {message}'
        await self._events.record(job, "Warning", "FailedCreate", f"Error creating: {message}")
        self.world.jobs.start(self._later(RETRY_SECONDS, self._look_again(job)), f"retry of Job {key_of(job)[1]}")

    def _start(self, pod: Object) -> None:
        uid = pod["metadata"]["uid"]
        if uid not in self._started:
            self._started.add(uid)
            self.world.jobs.run(self._run(key_of(pod)), f"pod {key_of(pod)[1]} runs")

    async def _run(self, key: Key) -> None:
        try:
            await self._follow(key)
        except NotFoundError:
            LOG.debug("pod %s was deleted before its end", key)

    async def _follow(self, key: Key) -> None:
        """Run a pod as its kubelet does."""
        await self.world.clocks.sleep("application_start")
        pod = self.cluster.store.get("Pod", *key)
        if pod is None or pod["metadata"].get("deletionTimestamp"):
            return
        container, mesh = pod["spec"]["containers"][0], self._applications.mesh_of(key[0])
        if not self._has_image(container["image"]):
            await self._wait_for_image(key, pod, container)
            return
        if has_sidecar(pod) and mesh is not None and not programs.sidecar_starts(mesh, pod):
            await self._write(
                key, pod, "Pending", {"waiting": {"reason": "PodInitializing"}}, {"running": {"startedAt": now()}}
            )
            return
        running = {"running": {"startedAt": now()}}
        await self._write(key, pod, "Running", running, running)
        end = await programs.run(mesh, pod, container)
        ended = {"exitCode": end.code, "reason": "Error" if end.code else "Completed", "finishedAt": now()}
        quits = programs.quits_sidecar(container) or not has_sidecar(pod)
        phase = ("Failed" if end.code else "Succeeded") if quits else "Running"
        sidecar = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": now()}} if quits else running
        await self._write(key, pod, phase, {"terminated": ended | {"message": end.message}}, sidecar)

    def _has_image(self, image: str) -> bool:
        """Return whether the cluster can pull an image: it is the lab's, or one of a control plane."""
        pods = [
            pod for pod in self.cluster.store.all("Pod") if "maistra.io/owner" in (pod["metadata"].get("labels") or {})
        ]
        return image.startswith(IMAGES) or any(
            container["image"] == image for pod in pods for container in pod["spec"]["containers"]
        )

    async def _wait_for_image(self, key: Key, pod: Object, container: Object) -> None:
        for reason, message in (
            ("ErrImagePull", f"reading manifest of {container['image']}: manifest unknown"),
            ("ImagePullBackOff", f'Back-off pulling image "{container["image"]}"'),
        ):
            await self._write(
                key,
                pod,
                "Pending",
                {"waiting": {"reason": reason, "message": message}},
                {"running": {"startedAt": now()}},
            )
            await self.world.clocks.sleep("application_start")

    async def _write(self, key: Key, pod: Object, phase: str, state: Object, sidecar: Object) -> None:
        """Write the status of a pod: the state of its first container, and that of its sidecar."""
        ready = "True" if phase == "Running" else "False"
        statuses = [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": phase == "Running",
                "restartCount": 0,
                "state": {name: None for name in ("waiting", "running", "terminated")} | (sidecar if number else state),
            }
            for number, container in enumerate(pod["spec"]["containers"])
        ]
        address = dig(self.cluster.store.get("Pod", *key), "status", "podIP") or self._applications.new_address()
        status = {
            "phase": phase,
            "podIP": address,
            "podIPs": [{"ip": address}],
            "startTime": pod["metadata"]["creationTimestamp"],
            "conditions": [
                {"type": kind, "status": status, "lastTransitionTime": now()}
                for kind, status in (("PodScheduled", "True"), ("Initialized", "True"), ("Ready", ready))
            ],
            "containerStatuses": statuses,
        }
        await self.cluster.patch_status("Pod", *key, status)
