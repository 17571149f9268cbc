# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Member rolls: configured members, their label, and the Ready condition."""

from __future__ import annotations

from lab.sim import manifests
from lab.sim.cluster import Cluster
from lab.sim.conditions import NOT_SIMULATED, merged_conditions
from lab.sim.jobs import Worker
from lab.sim.manifests import dig
from lab.sim.store import Object
from lab.sim.world import World

MEMBER_LABEL = "maistra.io/member-of"


class MemberRolls:
    """Member rolls of a cluster: configured members, their label, and the Ready condition."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        self.world, self.cluster = world, cluster
        self._worker = Worker(world.jobs, f"member rolls {cluster.name}", self._reconcile_all)
        cluster.store.listen("ServiceMeshMemberRoll", self._changed)
        cluster.store.listen("Namespace", self._changed)

    def _changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if kind == "Namespace" and new is not None and old is not None:
            return
        if new is None or old is None or new["metadata"]["generation"] != old["metadata"]["generation"]:
            self._worker.trigger()

    def trigger(self) -> None:
        """Reconcile all member rolls."""
        self._worker.trigger()

    async def _reconcile_all(self) -> None:
        await self.world.clocks.sleep("members")
        for roll in self.cluster.store.all("ServiceMeshMemberRoll"):
            if roll["metadata"]["name"] == "default":
                await self._reconcile(roll)

    async def _reconcile(self, roll: Object) -> None:
        home = roll["metadata"]["namespace"]
        members = [member for member in dig(roll, "spec", "members") or [] if member != home]
        smcp = self.cluster.store.all("ServiceMeshControlPlane", home)
        configured = [
            member for member in members if smcp and self.cluster.store.get("Namespace", "", member) is not None
        ]
        for namespace in self.cluster.store.all("Namespace"):
            await self._label(namespace, home, namespace["metadata"]["name"] in configured)
        reason = ("True", "Configured", "All namespaces have been configured successfully")
        missing = [member for member in members if member not in configured]
        unsupported = manifests.roll_not_simulated(roll)
        if not smcp:
            reason = ("False", "SMCPMissing", f"No ServiceMeshControlPlane exists in the namespace {home}")
        elif unsupported:
            reason = ("False", NOT_SIMULATED, f"not simulated: {'; '.join(unsupported)}")
        elif missing:
            reason = ("True", "Configured", f"Namespaces not found: {missing}")
        status = {
            "members": members,
            "configuredMembers": configured,
            "pendingMembers": missing,
            "observedGeneration": roll["metadata"]["generation"],
        }
        conditions = merged_conditions(dig(roll, "status", "conditions") or [], [("Ready", *reason)])
        if any((roll.get("status") or {}).get(key) != value for key, value in status.items()):
            await self.cluster.patch_status(
                "ServiceMeshMemberRoll", home, "default", status | {"conditions": conditions}
            )

    async def _label(self, namespace: Object, home: str, is_member: bool) -> None:
        current = (namespace["metadata"].get("labels") or {}).get(MEMBER_LABEL)
        if is_member and current != home or not is_member and current == home:
            label = {MEMBER_LABEL: home if is_member else None}
            await self.cluster.patch("Namespace", "", namespace["metadata"]["name"], {"metadata": {"labels": label}})
