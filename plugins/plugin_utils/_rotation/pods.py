# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the pods of a mesh that is rotated, and which of them are older than its root. Pure.

A pod gets its certificate when it starts. So a pod has one of the new root if it started when all istiod pods had loaded that: after
the mesh published it, and after the rollout of istiod was complete.
"""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import CANONICAL_NAME
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.times import newest
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.identities import (
    RESTARTABLE,
    proxy_pods,
    workload_of,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers.rollouts import rollout_of
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.types import Workload


class Pods(NamedTuple):
    """The proxies of a mesh. ``gateways`` has by gateway the start of its newest pod, ``old_gateways`` and ``old_workloads`` are the
    owners of pods that started before ``since``, ``unowned`` such pods without an owner that replaces them."""

    since: Optional[str]
    gateways: Dict[str, Optional[str]]
    old_gateways: List[Workload]
    old_workloads: List[Workload]
    unowned: List[str]


def root_in_use_since(facts: Json, deployments: Sequence[Json], istiod: str) -> Optional[str]:
    """The time from which on every new pod has a certificate of the root that the mesh publishes; None when unknown."""
    return newest((facts.get("root_changed"), _rolled_out_at(by_name(deployments).get(istiod))))


def is_rolled_out(deployment: Optional[Json]) -> bool:
    """Whether pods of the newest template serve, and no others; True where the Deployment is not known."""
    if deployment is None:
        return True
    generation = int(deployment["metadata"].get("generation") or 0)
    return bool(dig(deployment, "status", "availableReplicas")) and not rollout_of("Deployment", deployment, generation)


def _rolled_out_at(deployment: Optional[Json]) -> Optional[str]:
    """When the last rollout of a Deployment was complete (kubernetes/kubernetes pkg/controller/deployment/progress.go)."""
    conditions = {one.get("type"): one for one in dig(deployment, "status", "conditions") or []}
    progressing = conditions.get("Progressing") or {}
    time: Optional[str] = progressing.get("lastUpdateTime")
    return time if progressing.get("reason") == "NewReplicaSetAvailable" else None


def read_pods(pods: Sequence[Json], namespace: str, gateways: Sequence[str], since: Optional[str]) -> Pods:
    """Sort the proxies of a mesh by what replaces them; ``gateways`` are those of its pairs, in ``namespace``. Pods that are being
    deleted do not count."""
    live = [pod for pod in proxy_pods(pods) if not pod["metadata"].get("deletionTimestamp")]
    gateway_of = {_name(pod): _gateway(pod, namespace, gateways) for pod in live}
    started = {name: newest(_started(pod) for pod in live if gateway_of[_name(pod)] == name) for name in gateways}
    old = [pod for pod in live if since is not None and (_started(pod) or "") < since]
    owners = {_name(pod): _owner(pod) for pod in old}
    # The operator names the Deployment of a gateway like the gateway.
    of_gateways: List[Workload] = [
        {"kind": "Deployment", "namespace": namespace, "name": gateway}
        for gateway in (gateway_of[name] for name in owners)
        if gateway
    ]
    others = [owner for name, owner in owners.items() if owner and not gateway_of[name]]
    unowned = [name for name, owner in owners.items() if owner is None and not gateway_of[name]]
    return Pods(since, started, _sorted(of_gateways), _sorted(others), sorted(unowned))


def _name(pod: Json) -> str:
    return f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"


def _gateway(pod: Json, namespace: str, gateways: Sequence[str]) -> Optional[str]:
    """The gateway among ``gateways`` that a pod belongs to: istiod selects those of a federation by this label."""
    name = str(dig(pod, "metadata", "labels", CANONICAL_NAME) or "")
    return name if pod["metadata"]["namespace"] == namespace and name in gateways else None


def _started(pod: Json) -> Optional[str]:
    time: Optional[str] = dig(pod, "status", "startTime")
    return time


def _owner(pod: Json) -> Optional[Workload]:
    """What replaces a pod when it is restarted; None where nothing does."""
    kind, name = workload_of(pod)
    if kind not in RESTARTABLE:
        return None
    return {"kind": kind, "namespace": pod["metadata"]["namespace"], "name": name}


def _sorted(workloads: Sequence[Workload]) -> List[Workload]:
    """Each workload once."""
    keys: List[Tuple[str, str, str]] = sorted({(one["namespace"], one["kind"], one["name"]) for one in workloads})
    return [{"kind": kind, "namespace": namespace, "name": name} for namespace, kind, name in keys]
