# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Service Mesh operator: control planes and member rolls.

Sources: maistra/istio-operator maistra-2.5, pkg/controller/servicemesh; order and timings as seen on the running one.
"""
from __future__ import annotations

import asyncio
import copy
import datetime
import logging
from typing import Any

from lab import scenery
from lab.sim import manifests
from lab.sim.cluster import Cluster, ConflictError, NotFoundError, Object, key_of
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.operator")
FINALIZER = "maistra.io/istio-operator"
MEMBER = "maistra.io/member-of"
#: condition and reason for what the product takes and this simulator does not: never a success
NOT_SIMULATED = "NotSimulated"
#: with this Secret istiod signs with a CA that somebody brought
FOREIGN_CA = "cacerts"
Condition = tuple[str, str, str, str]


def now() -> str:
    """Time as the API writes it, whole seconds."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged_conditions(old: list[Object], changes: list[Condition]) -> list[Object]:
    """Conditions with changes (type, status, reason, message); a transition time moves only with the status."""
    by_type = {one["type"]: dict(one) for one in old}
    for kind, status, reason, message in changes:
        before = by_type.get(kind, {})
        moved = before.get("lastTransitionTime") if before.get("status") == status else None
        by_type[kind] = {"type": kind, "status": status, "reason": reason, "message": message,
                         "lastTransitionTime": moved or now()}
    return list(by_type.values())


def covers(have: Any, wanted: Any) -> bool:
    """Whether an object already says everything that is wanted."""
    if isinstance(wanted, dict):
        return isinstance(have, dict) and all(key in have and covers(have[key], value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return isinstance(have, list) and len(have) == len(wanted) and all(map(covers, have, wanted))
    return bool(have == wanted)


def nulls_for_removed(old: Any, new: Any) -> Any:
    """A merge patch that turns what we applied before into the new wish and leaves what others added."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    patch = {key: nulls_for_removed(old.get(key), value) for key, value in new.items()}
    return patch | {key: None for key in old if key not in new}


class ControlPlane:
    """Reconciliation of one SMCP."""

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

    # ---- what wakes it ----

    def changed(self, body: Object) -> None:
        """The SMCP changed."""
        if body["metadata"].get("deletionTimestamp") or body["metadata"]["generation"] != self._done_generation:
            self._worker.poke()

    def poke(self) -> None:
        """Something that the control plane depends on changed (member roll, fault)."""
        self._done_generation = 0
        self._worker.poke()

    def forget(self) -> None:
        """The SMCP is gone: one of the same name would be a new one."""
        self.installed = False
        self._done_generation = 0
        self._applied.clear()

    def _mine(self, body: Object | None) -> bool:
        labels = dig(body, "metadata", "labels") or {}
        return labels.get("maistra.io/owner") == self.namespace

    def _deployment_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if not self._mine(new or old):
            return
        self._deployments_changed.set()
        self._owned_changed(kind, new, old)
        if self.installed and not self._reconciling:
            self._ready_worker.poke()

    def _owned_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        """Somebody deleted what the operator made: it makes it again."""
        if new is not None or old is None or not self._mine(old):
            return
        where = (kind, *key_of(old))
        if self._applied.pop(where, None) is not None:
            self.poke()

    def _secret_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        """A foreign CA came or went."""
        if (new is None or old is None) and key_of(new or old or {}) == (self.namespace, FOREIGN_CA):
            self.poke()

    def _roll_changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        body = new or old
        if body is not None and body["metadata"]["namespace"] == self.namespace \
                and manifests.roll_not_simulated(new) != manifests.roll_not_simulated(old):
            self.poke()

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
            LOG.info("%s/%s went away while it was reconciled", self.cluster.name, self.namespace)
        finally:
            self._reconciling = False

    async def _update(self, body: Object) -> None:
        generation = body["metadata"]["generation"]
        if FINALIZER not in (body["metadata"].get("finalizers") or []):
            body = await self.cluster.patch("ServiceMeshControlPlane", self.namespace, self.name, {
                "metadata": {"finalizers": [*(body["metadata"].get("finalizers") or []), FINALIZER]}})
        await self._wait("operator_notice")
        first = not dig(body, "status", "observedGeneration") and not self.installed
        reason = "ResourceCreated" if first else "SpecUpdated"
        text = f"{'Installing' if first else 'Updating'} mesh generation {generation}"
        fresh: list[Condition] = [("Installed", "False", reason, text)] if first else []
        await self._status([*fresh, ("Reconciled", "False", reason, text), ("Ready", "False", reason, text)])
        await self._wait("operator_install" if first else "operator_update")
        error = self._error(body)
        if error:
            await self._status([("Reconciled", "False", "ReconcileError", error),
                                ("Ready", "False", "ReconcileError", error)])
            self._done_generation = generation
            return
        strange = self._not_simulated(body)
        if strange:
            await self._refuse(strange)
            self._done_generation = generation
            return
        if not self.cluster.info.get("operator", True):
            await self.cluster.bring(scenery.crds("federation"))
        desired = self._desired(body)
        await self._apply([one for one in desired if one[0] not in manifests.MINOR])
        await self._prune(desired)
        self._minor.poke()
        await self._until_ready(first)
        latest = self._body()
        if latest is not None and latest["metadata"]["generation"] != generation:
            self._worker.poke()
            return
        await self._finish(body, generation, first)

    async def _wait(self, clock: str) -> None:
        """Sleep, but not over a control plane that was there before the simulator."""
        if (self.cluster.name, self.namespace) not in self.world.booting:
            await self.world.clocks.sleep(clock)

    def _error(self, body: Object) -> str:
        members = self._members() | {self.namespace}
        for gateway in manifests.gateways(body):
            if gateway.namespace not in members:
                return (f"namespace of manifest {gateway.namespace}/{gateway.name} not in mesh"
                        f" {self.namespace}/{self.name}")
        return ""

    def _not_simulated(self, body: Object) -> list[str]:
        """What of the control plane and of what stands beside it is beyond this simulator."""
        words = manifests.not_simulated(body) + manifests.roll_not_simulated(self._roll())
        if self.cluster.store.get("Secret", self.namespace, FOREIGN_CA) is not None:
            words.append(f"a CA of one's own in Secret {FOREIGN_CA}")
        return words

    async def _refuse(self, words: list[str]) -> None:
        text = f"not simulated: {'; '.join(words)}"
        LOG.error("%s/%s/%s: %s", self.cluster.name, self.namespace, self.name, text)
        self.world.booting.discard((self.cluster.name, self.namespace))
        await self._status([(NOT_SIMULATED, "True", NOT_SIMULATED, text), ("Reconciled", "False", NOT_SIMULATED, text),
                            ("Ready", "False", NOT_SIMULATED, text)])

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
        changed = [one for one in desired if self._applied.get((one[0], *key_of(one[1]))) != one[1]]
        await asyncio.gather(*(self._apply_one(kind, body)
                               for kind, body in sorted(changed, key=lambda one: order.get(one[0], 2))))

    async def _apply_one(self, kind: str, body: Object) -> None:
        where = (kind, *key_of(body))
        before = self._applied.get(where)
        try:
            if before is None:
                await self._make(kind, body)
            else:
                await self._change(kind, before, body)
        except NotFoundError:
            if kind != "Route":
                raise
            LOG.info("no Route kind in %s: %s gets none", self.cluster.name, where)
        self._applied[where] = body

    async def _make(self, kind: str, body: Object) -> None:
        """Create; what is there already (made before this simulator began) is written only if it differs."""
        known = self.cluster.store.get(kind, *key_of(body))
        if known is not None:
            if not covers(known, body):
                await self.cluster.patch(kind, *key_of(body), body)
            return
        try:
            await self.cluster.create(kind, body)
        except ConflictError:
            if kind not in manifests.MINOR:
                await self.cluster.patch(kind, *key_of(body), body)

    async def _change(self, kind: str, before: Object, body: Object) -> None:
        """Patch; what cannot be patched (an immutable selector) is deleted and made anew, as the operator does."""
        namespace, name = key_of(body)
        if kind == "Deployment" and dig(before, "spec", "selector") != dig(body, "spec", "selector"):
            await self.cluster.delete(kind, namespace, name, now=True)
            await self.cluster.ensure(kind, body)
            return
        try:
            await self.cluster.patch(kind, namespace, name, nulls_for_removed(before, body))
        except NotFoundError:
            await self.cluster.ensure(kind, body)

    async def _apply_minor(self) -> None:
        await self.world.clocks.sleep("minor_objects")
        body = self._body()
        if body is not None and not body["metadata"].get("deletionTimestamp"):
            await self._apply([one for one in self._desired(body) if one[0] in manifests.MINOR])

    async def _prune(self, desired: list[tuple[str, Object]]) -> None:
        wanted = {(kind, *key_of(body)) for kind, body in desired}
        for kind in ("Service", "Deployment", "ConfigMap"):
            for body in self.cluster.store.all(kind):
                if self._mine(body):
                    self._applied.setdefault((kind, *key_of(body)), {})
        gone = [where for where in self._applied if where not in wanted]
        for where in gone:
            del self._applied[where]
        await asyncio.gather(*(self.cluster.delete(kind, space, name, now=True) for kind, space, name in gone))

    # ---- readiness ----

    def _unready(self) -> list[str]:
        waiting = []
        for body in self.cluster.store.all("Deployment"):
            if not self._mine(body):
                continue
            wanted, status = body["spec"].get("replicas", 1), body.get("status") or {}
            seen = status.get("observedGeneration", 0) >= body["metadata"]["generation"]
            if not seen or status.get("readyReplicas", 0) < wanted or status.get("updatedReplicas", 0) < wanted:
                waiting.append(body["metadata"]["name"])
        return sorted(waiting)

    async def _until_ready(self, first: bool) -> None:
        reason = "PausingInstall" if first else "PausingUpdate"
        told = ""
        while True:
            self._deployments_changed.clear()
            waiting = self._unready()
            stuck = self.world.fault("operator-never-ready", self.cluster.name, self._mesh_name()) is not None
            if not waiting and not stuck:
                return
            text = f"Paused until the following components become ready: {waiting or ['istio-ingress']}"
            if text != told:
                await self._status([("Reconciled", "False", reason, text), ("Ready", "False", reason, text)])
                told = text
            latest = self._body()
            if latest is None or latest["metadata"].get("deletionTimestamp"):
                return
            await self._deployments_changed.wait()

    def wake(self) -> None:
        """A fault was switched: look again."""
        self._deployments_changed.set()

    def _mesh_name(self) -> str:
        return self.world.mesh_name(self.cluster.name, self.namespace)

    def _component_status(self, body: Object) -> Object:
        waiting = self._unready()
        names = sorted(one["metadata"]["name"] for one in self.cluster.store.all("Deployment") if self._mine(one))
        chart = manifests.CHART_VERSIONS.get(manifests.version(body), "2.5.1")
        return {
            "annotations": {"readyComponentCount": f"{len(names) - len(waiting)}/{len(names)}"},
            "readiness": {"components": {"ready": [one for one in names if one not in waiting], "unready": waiting,
                                         "pending": []}},
            "chartVersion": chart, "operatorVersion": manifests.OPERATOR_VERSION}

    async def _finish(self, body: Object, generation: int, first: bool) -> None:
        done = "InstallSuccessful" if first else "UpdateSuccessful"
        text = f"Successfully {'installed' if first else 'updated'} from generation {generation}"
        await self._status(
            [("Installed", "True", "InstallSuccessful", "Successfully installed all mesh components"),
             ("Reconciled", "True", done, text),
             ("Ready", "True", "ComponentsReady", "All component deployments are Available")],
            self._component_status(body) | {"observedGeneration": generation})
        self.installed = self.was_ready = True
        self.world.booting.discard((self.cluster.name, self.namespace))
        self._done_generation = generation

    async def _follow_readiness(self) -> None:
        body = self._body()
        if body is None or self._reconciling:
            return
        waiting = self._unready()
        ready: Object = next((one for one in dig(body, "status", "conditions") or [] if one["type"] == "Ready"), {})
        if (ready.get("status") == "True") == (not waiting) or ready.get("reason") in (
                "ReconcileError", NOT_SIMULATED):
            return
        change: Condition = ("Ready", "True", "ComponentsReady", "All component deployments are Available")
        if waiting:
            change = ("Ready", "False", "ComponentsNotReady", f"The following components are not ready: {waiting}")
        await self._status([change], self._component_status(body))

    async def _status(self, changes: list[Condition], more: Object | None = None) -> None:
        body = self._body()
        old = [one for one in dig(body, "status", "conditions") or [] if one["type"] != NOT_SIMULATED]
        conditions = merged_conditions(old, changes)
        await self.cluster.patch_status("ServiceMeshControlPlane", self.namespace, self.name,
                                        {"conditions": conditions} | (more or {}))

    # ---- deletion ----

    async def _delete(self, body: Object) -> None:
        if FINALIZER not in (body["metadata"].get("finalizers") or []):
            return
        await self._status([("Reconciled", "False", "Deleting", "Deleting mesh"),
                            ("Ready", "False", "Deleting", "Deleting mesh")])
        await self.world.clocks.sleep("operator_delete")
        await self._prune([])
        self._applied.clear()
        self.installed = False
        self._done_generation = 0
        rest = [one for one in body["metadata"]["finalizers"] if one != FINALIZER]
        await self.cluster.patch("ServiceMeshControlPlane", self.namespace, self.name,
                                 {"metadata": {"finalizers": rest or None}})


class MemberRolls:
    """Member rolls of one cluster: configured members, their label, and the Ready condition."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        self.world, self.cluster = world, cluster
        self._worker = Worker(world.jobs, f"member rolls {cluster.name}", self._reconcile_all)
        cluster.store.listen("ServiceMeshMemberRoll", self._changed)
        cluster.store.listen("Namespace", self._changed)

    def _changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if kind == "Namespace" and new is not None and old is not None:
            return
        if new is None or old is None or new["metadata"]["generation"] != old["metadata"]["generation"]:
            self._worker.poke()

    def poke(self) -> None:
        """Look at all rolls again."""
        self._worker.poke()

    async def _reconcile_all(self) -> None:
        await self.world.clocks.sleep("members")
        for roll in self.cluster.store.all("ServiceMeshMemberRoll"):
            if roll["metadata"]["name"] == "default":
                await self._reconcile(roll)

    async def _reconcile(self, roll: Object) -> None:
        home = roll["metadata"]["namespace"]
        wanted = [one for one in dig(roll, "spec", "members") or [] if one != home]
        there = [one for one in wanted if self.cluster.store.get("Namespace", "", one) is not None]
        smcp = self.cluster.store.all("ServiceMeshControlPlane", home)
        there = there if smcp else []
        for space in self.cluster.store.all("Namespace"):
            await self._label(space, home, space["metadata"]["name"] in there)
        reason = ("True", "Configured", "All namespaces have been configured successfully")
        missing = [one for one in wanted if one not in there]
        strange = manifests.roll_not_simulated(roll)
        if not smcp:
            reason = ("False", "SMCPMissing", f"No ServiceMeshControlPlane exists in the namespace {home}")
        elif strange:
            reason = ("False", NOT_SIMULATED, f"not simulated: {'; '.join(strange)}")
        elif missing:
            reason = ("True", "Configured", f"Namespaces not found: {missing}")
        status = {"members": wanted, "configuredMembers": there, "pendingMembers": missing,
                  "observedGeneration": roll["metadata"]["generation"]}
        conditions = merged_conditions(dig(roll, "status", "conditions") or [], [("Ready", *reason)])
        if any((roll.get("status") or {}).get(key) != value for key, value in status.items()):
            await self.cluster.patch_status("ServiceMeshMemberRoll", home, "default",
                                            status | {"conditions": conditions})

    async def _label(self, space: Object, home: str, member: bool) -> None:
        have = (space["metadata"].get("labels") or {}).get(MEMBER)
        if member and have != home or not member and have == home:
            label = {MEMBER: home if member else None}
            await self.cluster.patch("Namespace", "", space["metadata"]["name"], {"metadata": {"labels": label}})
