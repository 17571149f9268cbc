# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Service Mesh operator: reconciliation of control planes.

Sources: maistra/istio-operator maistra-2.5, pkg/controller/servicemesh; order and timings as observed on a running operator.
"""

from __future__ import annotations

import asyncio
import copy
import logging
from typing import Any

from kubernetes_asyncio.dynamic.exceptions import ConflictError, NotFoundError

from lab import seed
from lab.sim import manifests
from lab.sim.cluster import Cluster
from lab.sim.conditions import NOT_SIMULATED, Condition, merged_conditions
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.store import Object, key_of
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.operator")
FINALIZER = "maistra.io/istio-operator"
#: Secret with a custom CA, which istiod then signs with
CUSTOM_CA_SECRET = "cacerts"


def covers(current: Any, desired: Any) -> bool:
    """Return whether the current object contains all desired values."""
    if isinstance(desired, dict):
        return isinstance(current, dict) and all(
            key in current and covers(current[key], value) for key, value in desired.items()
        )
    if isinstance(desired, list):
        return isinstance(current, list) and len(current) == len(desired) and all(map(covers, current, desired))
    return bool(current == desired)


def merge_patch(old: Any, new: Any) -> Any:
    """Return the merge patch from the object applied before to the new one; it keeps fields of other writers."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    patch = {key: merge_patch(old.get(key), value) for key, value in new.items()}
    return patch | {key: None for key in old if key not in new}


class ControlPlane:
    """Reconciliation of an SMCP."""

    def __init__(self, world: World, cluster: Cluster, namespace: str, name: str) -> None:
        self.world, self.cluster, self.namespace, self.name = world, cluster, namespace, name
        self.installed = False
        self.was_ready = False
        self._applied: dict[tuple[str, str, str], Object] = {}
        self._done_generation = 0
        self._worker = Worker(world.jobs, f"operator {cluster.name}/{namespace}/{name}", self._reconcile)
        self._minor = Worker(world.jobs, f"minor objects {cluster.name}/{namespace}", self._apply_minor)
        self._ready_worker = Worker(world.jobs, f"readiness {cluster.name}/{namespace}", self._follow_readiness)
        self._reconciling = False
        self._deployments_changed = asyncio.Event()
        cluster.store.listen("Deployment", self._deployment_changed)
        cluster.store.listen("Service", self._owned_changed)
        cluster.store.listen("ConfigMap", self._owned_changed)
        cluster.store.listen("Secret", self._secret_changed)
        cluster.store.listen("ServiceMeshMemberRoll", self._roll_changed)

    # ---- events ----

    def changed(self, body: Object) -> None:
        """Handle a change of the SMCP."""
        if body["metadata"].get("deletionTimestamp") or body["metadata"]["generation"] != self._done_generation:
            self._worker.trigger()

    def trigger(self) -> None:
        """Reconcile again because a dependency of the control plane has changed (member roll, fault)."""
        self._done_generation = 0
        self._worker.trigger()

    def reset(self) -> None:
        """Reset the state after the SMCP was deleted."""
        self.installed = False
        self._done_generation = 0
        self._applied.clear()

    def _is_owned(self, body: Object | None) -> bool:
        labels = dig(body, "metadata", "labels") or {}
        return labels.get("maistra.io/owner") == self.namespace

    def _deployment_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if not self._is_owned(new or old):
            return
        self._deployments_changed.set()
        self._owned_changed(kind, new, old)
        if self.installed and not self._reconciling:
            self._ready_worker.trigger()

    def _owned_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        """Recreate an object of the operator that was deleted."""
        if new is not None or old is None or not self._is_owned(old):
            return
        key = (kind, *key_of(old))
        if self._applied.pop(key, None) is not None:
            self.trigger()

    def _secret_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        """Reconcile when the Secret of a custom CA is created or deleted."""
        if (new is None or old is None) and key_of(new or old or {}) == (self.namespace, CUSTOM_CA_SECRET):
            self.trigger()

    def _roll_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if (
            body is not None
            and body["metadata"]["namespace"] == self.namespace
            and manifests.roll_not_simulated(new) != manifests.roll_not_simulated(old)
        ):
            self.trigger()

    # ---- reconciliation ----

    def _body(self) -> Object | None:
        return self.cluster.store.get("ServiceMeshControlPlane", self.namespace, self.name)

    async def _reconcile(self) -> None:
        body = self._body()
        if body is None:
            return
        self._reconciling = True
        try:
            if body["metadata"].get("deletionTimestamp"):
                await self._delete(body)
            else:
                await self._update(copy.deepcopy(body))
        except NotFoundError:
            LOG.info("%s/%s was deleted while it was reconciled", self.cluster.name, self.namespace)
        finally:
            self._reconciling = False

    async def _update(self, body: Object) -> None:
        generation = body["metadata"]["generation"]
        if FINALIZER not in (body["metadata"].get("finalizers") or []):
            body = await self.cluster.patch(
                "ServiceMeshControlPlane",
                self.namespace,
                self.name,
                {"metadata": {"finalizers": [*(body["metadata"].get("finalizers") or []), FINALIZER]}},
            )
        await self._wait("operator_notice")
        first = not dig(body, "status", "observedGeneration") and not self.installed
        reason = "ResourceCreated" if first else "SpecUpdated"
        text = f"{'Installing' if first else 'Updating'} mesh generation {generation}"
        installing: list[Condition] = [("Installed", "False", reason, text)] if first else []
        await self._status([*installing, ("Reconciled", "False", reason, text), ("Ready", "False", reason, text)])
        await self._wait("operator_install" if first else "operator_update")
        error = self._error(body)
        if error:
            await self._status(
                [("Reconciled", "False", "ReconcileError", error), ("Ready", "False", "ReconcileError", error)]
            )
            self._done_generation = generation
            return
        unsupported = self._not_simulated(body)
        if unsupported:
            await self._report_not_simulated(unsupported)
            self._done_generation = generation
            return
        if not self.cluster.info.get("operator", True):
            await self.cluster.install_crds(seed.crds("federation"))
        desired = self._desired(body)
        await self._apply([(kind, obj) for kind, obj in desired if kind not in manifests.MINOR])
        await self._prune(desired)
        self._minor.trigger()
        await self._until_ready(first)
        latest = self._body()
        if latest is not None and latest["metadata"]["generation"] != generation:
            self._worker.trigger()
            return
        await self._finish(body, generation, first)

    async def _wait(self, clock: str) -> None:
        """Sleep for a clock, except for a control plane that existed before the simulator started."""
        if (self.cluster.name, self.namespace) not in self.world.booting:
            await self.world.clocks.sleep(clock)

    def _error(self, body: Object) -> str:
        members = self._members() | {self.namespace}
        for gateway in manifests.gateways(body):
            if gateway.namespace not in members:
                return (
                    f"namespace of manifest {gateway.namespace}/{gateway.name} not in mesh {self.namespace}/{self.name}"
                )
        return ""

    def _not_simulated(self, body: Object) -> list[str]:
        """List the settings of the control plane, its member roll and its Secrets that are not simulated."""
        messages = manifests.not_simulated(body) + manifests.roll_not_simulated(self._roll())
        if self.cluster.store.get("Secret", self.namespace, CUSTOM_CA_SECRET) is not None:
            messages.append(f"a custom CA in Secret {CUSTOM_CA_SECRET}")
        return messages

    async def _report_not_simulated(self, messages: list[str]) -> None:
        text = f"not simulated: {'; '.join(messages)}"
        LOG.error("%s/%s/%s: %s", self.cluster.name, self.namespace, self.name, text)
        self.world.booting.discard((self.cluster.name, self.namespace))
        await self._status(
            [
                (NOT_SIMULATED, "True", NOT_SIMULATED, text),
                ("Reconciled", "False", NOT_SIMULATED, text),
                ("Ready", "False", NOT_SIMULATED, text),
            ]
        )

    def _roll(self) -> Object | None:
        return self.cluster.store.get("ServiceMeshMemberRoll", self.namespace, "default")

    def _members(self) -> set[str]:
        roll = self._roll()
        return set(dig(roll, "status", "configuredMembers") or [])

    def _desired(self, body: Object) -> list[tuple[str, Object]]:
        desired = manifests.istiod_objects(body)
        for gateway in manifests.gateways(body):
            desired += manifests.gateway_objects(body, gateway)
        return desired

    async def _apply(self, desired: list[tuple[str, Object]]) -> None:
        order = {"Service": 0, "Deployment": 1}
        changed = [(kind, body) for kind, body in desired if self._applied.get((kind, *key_of(body))) != body]
        await asyncio.gather(
            *(self._apply_object(kind, body) for kind, body in sorted(changed, key=lambda item: order.get(item[0], 2)))
        )

    async def _apply_object(self, kind: str, body: Object) -> None:
        key = (kind, *key_of(body))
        before = self._applied.get(key)
        try:
            if before is None:
                await self._create(kind, body)
            else:
                await self._patch(kind, before, body)
        except NotFoundError:
            if kind != "Route":
                raise
            LOG.info("%s has no kind Route: %s not created", self.cluster.name, key)
        self._applied[key] = body

    async def _create(self, kind: str, body: Object) -> None:
        """Create an object; patch an object from before the start of the simulator only if it differs."""
        existing = self.cluster.store.get(kind, *key_of(body))
        if existing is not None:
            if not covers(existing, body):
                await self.cluster.patch(kind, *key_of(body), body)
            return
        try:
            await self.cluster.create(kind, body)
        except ConflictError:
            if kind not in manifests.MINOR:
                await self.cluster.patch(kind, *key_of(body), body)

    async def _patch(self, kind: str, before: Object, body: Object) -> None:
        """Patch an object; recreate a Deployment whose immutable selector changed, as the operator does."""
        namespace, name = key_of(body)
        if kind == "Deployment" and dig(before, "spec", "selector") != dig(body, "spec", "selector"):
            await self.cluster.delete(kind, namespace, name, now=True)
            await self.cluster.ensure(kind, body)
            return
        try:
            await self.cluster.patch(kind, namespace, name, merge_patch(before, body))
        except NotFoundError:
            await self.cluster.ensure(kind, body)

    async def _apply_minor(self) -> None:
        await self.world.clocks.sleep("minor_objects")
        body = self._body()
        if body is not None and not body["metadata"].get("deletionTimestamp"):
            await self._apply([(kind, obj) for kind, obj in self._desired(body) if kind in manifests.MINOR])

    async def _prune(self, desired: list[tuple[str, Object]]) -> None:
        desired_keys = {(kind, *key_of(body)) for kind, body in desired}
        for kind in ("Service", "Deployment", "ConfigMap"):
            for body in self.cluster.store.all(kind):
                if self._is_owned(body):
                    self._applied.setdefault((kind, *key_of(body)), {})
        removed = [key for key in self._applied if key not in desired_keys]
        for key in removed:
            del self._applied[key]
        await asyncio.gather(
            *(self.cluster.delete(kind, namespace, name, now=True) for kind, namespace, name in removed)
        )

    # ---- readiness ----

    def _unready(self) -> list[str]:
        unready = []
        for body in self.cluster.store.all("Deployment"):
            if not self._is_owned(body):
                continue
            replicas, status = body["spec"].get("replicas", 1), body.get("status") or {}
            observed = status.get("observedGeneration", 0) >= body["metadata"]["generation"]
            if not observed or status.get("readyReplicas", 0) < replicas or status.get("updatedReplicas", 0) < replicas:
                unready.append(body["metadata"]["name"])
        return sorted(unready)

    async def _until_ready(self, first: bool) -> None:
        reason = "PausingInstall" if first else "PausingUpdate"
        reported = ""
        while True:
            self._deployments_changed.clear()
            unready = self._unready()
            is_blocked = self.world.fault("operator-never-ready", self.cluster.name, self._mesh_name()) is not None
            if not unready and not is_blocked:
                return
            text = f"Paused until the following components become ready: {unready or ['istio-ingress']}"
            if text != reported:
                await self._status([("Reconciled", "False", reason, text), ("Ready", "False", reason, text)])
                reported = text
            latest = self._body()
            if latest is None or latest["metadata"].get("deletionTimestamp"):
                return
            await self._deployments_changed.wait()

    def check_faults(self) -> None:
        """Check the faults again after one was switched."""
        self._deployments_changed.set()

    def _mesh_name(self) -> str:
        return self.world.mesh_name(self.cluster.name, self.namespace)

    def _component_status(self, control_plane: Object) -> Object:
        unready = self._unready()
        deployments = [body for body in self.cluster.store.all("Deployment") if self._is_owned(body)]
        names = sorted(body["metadata"]["name"] for body in deployments)
        chart = manifests.CHART_VERSIONS.get(manifests.version(control_plane), "2.5.1")
        return {
            "annotations": {"readyComponentCount": f"{len(names) - len(unready)}/{len(names)}"},
            "readiness": {
                "components": {
                    "ready": [name for name in names if name not in unready],
                    "unready": unready,
                    "pending": [],
                }
            },
            "chartVersion": chart,
            "operatorVersion": manifests.OPERATOR_VERSION,
        }

    async def _finish(self, body: Object, generation: int, first: bool) -> None:
        done = "InstallSuccessful" if first else "UpdateSuccessful"
        text = f"Successfully {'installed' if first else 'updated'} from generation {generation}"
        await self._status(
            [
                ("Installed", "True", "InstallSuccessful", "Successfully installed all mesh components"),
                ("Reconciled", "True", done, text),
                ("Ready", "True", "ComponentsReady", "All component deployments are Available"),
            ],
            self._component_status(body) | {"observedGeneration": generation},
        )
        self.installed = self.was_ready = True
        self.world.booting.discard((self.cluster.name, self.namespace))
        self._done_generation = generation

    async def _follow_readiness(self) -> None:
        body = self._body()
        if body is None or self._reconciling:
            return
        unready = self._unready()
        conditions = dig(body, "status", "conditions") or []
        ready: Object = next((condition for condition in conditions if condition["type"] == "Ready"), {})
        if (ready.get("status") == "True") == (not unready) or ready.get("reason") in ("ReconcileError", NOT_SIMULATED):
            return
        change: Condition = ("Ready", "True", "ComponentsReady", "All component deployments are Available")
        if unready:
            change = ("Ready", "False", "ComponentsNotReady", f"The following components are not ready: {unready}")
        await self._status([change], self._component_status(body))

    async def _status(self, changes: list[Condition], more: Object | None = None) -> None:
        body = self._body()
        conditions = dig(body, "status", "conditions") or []
        old = [condition for condition in conditions if condition["type"] != NOT_SIMULATED]
        conditions = merged_conditions(old, changes)
        await self.cluster.patch_status(
            "ServiceMeshControlPlane", self.namespace, self.name, {"conditions": conditions} | (more or {})
        )

    # ---- deletion ----

    async def _delete(self, body: Object) -> None:
        if FINALIZER not in (body["metadata"].get("finalizers") or []):
            return
        await self._status(
            [("Reconciled", "False", "Deleting", "Deleting mesh"), ("Ready", "False", "Deleting", "Deleting mesh")]
        )
        await self.world.clocks.sleep("operator_delete")
        await self._prune([])
        self._applied.clear()
        self.installed = False
        self._done_generation = 0
        remaining = [finalizer for finalizer in body["metadata"]["finalizers"] if finalizer != FINALIZER]
        await self.cluster.patch(
            "ServiceMeshControlPlane", self.namespace, self.name, {"metadata": {"finalizers": remaining or None}}
        )
