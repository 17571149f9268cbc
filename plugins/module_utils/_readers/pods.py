# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Pods of istiod and of gateways. Pure. Private to this collection."""

from __future__ import annotations

from typing import Dict, List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import CANONICAL_NAME
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import IstiodPod
from ansible_collections.ossm.federation.plugins.module_utils._product.gateways import GatewayPod
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def istiod_pods(pods: Sequence[Json], control_plane: str) -> List[IstiodPod]:
    """The istiod pods of a control plane that are not being deleted, by name."""
    live: List[IstiodPod] = [
        {"name": pod["metadata"]["name"], "started": (pod.get("status") or {}).get("startTime")}
        for pod in pods
        if not pod["metadata"].get("deletionTimestamp")
        and (pod["metadata"].get("labels") or {}).get("istio.io/rev", control_plane) == control_plane
    ]
    return sorted(live, key=lambda pod: pod["name"])


def gateway_pods(pods: Sequence[Json]) -> Dict[str, List[GatewayPod]]:
    """The pods that are not being deleted, by the gateway that their canonical name says, each gateway's by name."""
    found: Dict[str, List[GatewayPod]] = {}
    for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["name"])):
        gateway = (pod["metadata"].get("labels") or {}).get(CANONICAL_NAME)
        if gateway and not pod["metadata"].get("deletionTimestamp"):
            ready = _condition(pod, "Ready").get("status") == "True"
            row: GatewayPod = {
                "name": pod["metadata"]["name"],
                "ready": ready,
                "message": "" if ready else _reason(pod),
            }
            found.setdefault(gateway, []).append(row)
    return found


def _condition(pod: Json, kind: str) -> Json:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return next((condition for condition in conditions if condition.get("type") == kind), {})


def _reason(pod: Json) -> str:
    """Why a pod is not ready: what a container waits for, else why it is not scheduled, else its phase."""
    status = pod.get("status") or {}
    states = [container.get("state") or {} for container in status.get("containerStatuses") or []]
    waiting = [state["waiting"] for state in states if state.get("waiting")]
    scheduled = _condition(pod, "PodScheduled")
    unscheduled = [scheduled] if scheduled.get("status") == "False" else []
    for row in (*waiting, *unscheduled):
        return ": ".join(str(part) for part in (row.get("reason"), row.get("message")) if part)
    return f"its phase is {status.get('phase') or 'unknown'}"
