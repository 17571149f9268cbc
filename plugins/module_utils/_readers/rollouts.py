# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rollouts of Deployments, StatefulSets and DaemonSets, as ``kubectl rollout status`` judges them. Pure. Private to this
collection."""

from __future__ import annotations

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: What a rollout waits for first.
NOT_OBSERVED = "the change has not been observed yet"


def cannot_roll(kind: str, obj: Json) -> str:
    """Why a changed template does not replace the pods of a workload; empty where it does."""
    if kind == "Deployment":
        return "its rollout is paused" if dig(obj, "spec", "paused") else ""
    strategy = dig(obj, "spec", "updateStrategy") or {}
    if strategy.get("type") == "OnDelete":
        return "it has the update strategy OnDelete: delete its pods"
    partition = int(dig(strategy, "rollingUpdate", "partition") or 0) if kind == "StatefulSet" else 0
    return f"its rollingUpdate.partition keeps the first {partition} pods" if partition else ""


def rollout_of(kind: str, obj: Json, generation: int) -> str:
    """What a rollout of at least this generation still waits for; empty when it is complete."""
    status = obj.get("status") or {}
    if obj["metadata"]["generation"] < generation or int(status.get("observedGeneration") or 0) < generation:
        return NOT_OBSERVED
    if kind == "DaemonSet":
        return _numbers(status, "desiredNumberScheduled", "updatedNumberScheduled", "numberAvailable")
    return _deployment(obj) if kind == "Deployment" else _stateful_set(obj)


def _numbers(status: Json, wanted: str, updated: str, available: str) -> str:
    total, new, ready = (int(status.get(key) or 0) for key in (wanted, updated, available))
    if new < total:
        return f"{new} of {total} pods are new"
    return f"{ready} of {total} pods are available" if ready < total else ""


def _deployment(obj: Json) -> str:
    status, wanted = obj.get("status") or {}, int((obj.get("spec") or {}).get("replicas", 1))
    updated, all_pods = int(status.get("updatedReplicas") or 0), int(status.get("replicas") or 0)
    available = int(status.get("availableReplicas") or 0)
    if any(condition.get("reason") == "ProgressDeadlineExceeded" for condition in status.get("conditions") or []):
        return f"no progress any more: {updated} of {wanted} pods are new"
    if updated < wanted:
        return f"{updated} of {wanted} pods are new"
    if all_pods > updated:
        return f"{all_pods - updated} old pods still run"
    return f"{available} of {updated} pods are available" if available < updated else ""


def _stateful_set(obj: Json) -> str:
    status, wanted = obj.get("status") or {}, int((obj.get("spec") or {}).get("replicas", 1))
    return _numbers({**status, "wanted": wanted}, "wanted", "updatedReplicas", "readyReplicas")
