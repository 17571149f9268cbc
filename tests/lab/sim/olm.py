# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Operator Lifecycle Manager for the package of the Service Mesh operator: from a Subscription to a running operator.

Source: operator-framework/api pkg/operators/v1alpha1 (phases, states and conditions). The federation CRDs are not part
of the operator's bundle: the operator installs them with its first control plane (``operator.ControlPlane``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from kubernetes_asyncio.dynamic.exceptions import ConflictError

from lab import seed
from lab.sim.cluster import Cluster
from lab.sim.conditions import NOT_SIMULATED, now
from lab.sim.jobs import Worker
from lab.sim.manifests import OPERATOR_VERSION, dig
from lab.sim.store import Object
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.olm")
PACKAGE = "servicemeshoperator"
CSV = f"{PACKAGE}.v{OPERATOR_VERSION}"
CATALOG = ("redhat-operators", "openshift-marketplace")
CHANNELS = ("", "stable")
POLL_SECONDS = 0.05


class Olm:
    """Subscriptions of a cluster; ``on_running`` is called when the operator runs, to register its webhooks."""

    def __init__(self, world: World, cluster: Cluster, on_running: Callable[[Cluster], Awaitable[None]]) -> None:
        self.world, self.cluster, self._on_running = world, cluster, on_running
        self._worker = Worker(world.jobs, f"subscriptions of {cluster.name}", self._reconcile_all)
        self._fault_changed = asyncio.Event()
        for kind in ("Subscription", "OperatorGroup"):
            cluster.store.listen(kind, self._changed)

    def is_operator_running(self) -> bool:
        """Return whether the operator runs in this cluster."""
        versions = self.cluster.store.all("ClusterServiceVersion")
        return bool(self.cluster.info.get("operator", True)) or any(
            dig(body, "status", "phase") == "Succeeded" for body in versions
        )

    def check_faults(self) -> None:
        """Check the faults again after one was switched."""
        self._fault_changed.set()

    def _changed(self, kind: str, new: Object | None, old: Object | None) -> None:
        if new is not None and (old is None or new["metadata"]["generation"] != old["metadata"]["generation"]):
            self._worker.trigger()

    async def _reconcile_all(self) -> None:
        for body in self.cluster.store.all("Subscription"):
            if not dig(body, "status", "installedCSV"):
                await self._reconcile(body)

    async def _reconcile(self, body: Object) -> None:
        namespace, spec = body["metadata"]["namespace"], body["spec"]
        groups = self.cluster.store.all("OperatorGroup", namespace)
        if not groups:
            LOG.info("%s: no operator group in %s: its Subscriptions are not resolved", self.cluster.name, namespace)
            return
        if len(groups) > 1:
            await self._condition(
                body, NOT_SIMULATED, NOT_SIMULATED, "not simulated: several operator groups in one namespace"
            )
            return
        await self.world.clocks.sleep("olm_resolve")
        error = resolution_error(body)
        if error:
            await self._condition(body, "ResolutionFailed", "ConstraintsNotSatisfiable", error)
            return
        if spec.get("installPlanApproval") == "Manual":
            await self._status(
                body, {"currentCSV": CSV, "state": "UpgradePending", "installPlanRef": {"name": "install-lab"}}
            )
            return
        await self._install(body)

    async def _install(self, body: Object) -> None:
        namespace = body["metadata"]["namespace"]
        await self._status(body, {"currentCSV": CSV, "state": "UpgradePending", "conditions": []})
        try:
            await self.cluster.create(
                "ClusterServiceVersion",
                {
                    "metadata": {"name": CSV, "namespace": namespace},
                    "spec": {"displayName": "Red Hat OpenShift Service Mesh", "version": OPERATOR_VERSION},
                },
            )
        except ConflictError:
            LOG.info("%s: %s exists", self.cluster.name, CSV)
        await self._phase(namespace, "Installing", "installing: waiting for deployment istio-operator to become ready")
        await self.cluster.install_crds(seed.crds("mesh"))
        await self.world.clocks.sleep("olm_install")
        while self.world.fault("operator-never-ready", self.cluster.name) is not None:
            self._fault_changed.clear()
            await self._fault_changed.wait()
        await self._on_running(self.cluster)
        await self._phase(namespace, "Succeeded", "install strategy completed with no errors")
        await self._status(body, {"installedCSV": CSV, "currentCSV": CSV, "state": "AtLatestKnown"})

    async def _phase(self, namespace: str, phase: str, message: str) -> None:
        await self.cluster.patch_status(
            "ClusterServiceVersion", namespace, CSV, {"phase": phase, "message": message, "lastTransitionTime": now()}
        )

    async def _condition(self, body: Object, kind: str, reason: str, message: str) -> None:
        LOG.error("%s: Subscription %s: %s", self.cluster.name, body["metadata"]["name"], message)
        await self._status(
            body, {"conditions": [{"type": kind, "status": "True", "reason": reason, "message": message}]}
        )

    async def _status(self, body: Object, status: Object) -> None:
        meta = body["metadata"]
        await self.cluster.patch_status(
            "Subscription", meta["namespace"], meta["name"], status | {"lastUpdated": now()}
        )


def resolution_error(body: Object) -> str:
    """Return OLM's message about a Subscription that cannot be resolved; empty when it can."""
    spec, name = body["spec"], body["metadata"]["name"]
    prefix = "constraints not satisfiable: "
    if (spec["source"], spec["sourceNamespace"]) != CATALOG:
        return (
            f"{prefix}no operators found from catalog {spec['source']} in namespace {spec['sourceNamespace']} "
            f"referenced by subscription {name}, subscription {name} exists"
        )
    if spec["name"] != PACKAGE:
        return (
            f"{prefix}no operators found in package {spec['name']} in the catalog referenced by subscription {name}, "
            f"subscription {name} exists"
        )
    if spec.get("channel", "") not in CHANNELS:
        return (
            f"{prefix}no operators found in channel {spec['channel']} of package {PACKAGE} in the catalog referenced by "
            f"subscription {name}, subscription {name} exists"
        )
    return ""
