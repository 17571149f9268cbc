# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Pods with a proxy to the trust domain of their identity, and to the workloads that make them. Pure. Private to this
collection.

A proxy has its trust domain in its environment, as the injector or the operator wrote it when the pod was created, and its identity
keeps it until the pod is created again (observed on 2.5). So a pod is former when its proxy names another domain, or when the
pod is older than the change of the domain, both by the clock of the API server.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import WorkloadFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: The container of a sidecar and of a gateway, and the variable with the trust domain of its identity.
PROXY, DOMAIN = "istio-proxy", "TRUST_DOMAIN"
#: The label of pods of gateways in the control plane, which the operator replaces itself.
GATEWAY = "maistra.io/gateway"
#: The kinds that replace their pods when their template changes.
RESTARTABLE = ("Deployment", "StatefulSet", "DaemonSet")
_HASH = "pod-template-hash"
_ENDED = ("Succeeded", "Failed")


def proxy_pods(pods: Iterable[Json]) -> List[Json]:
    """The pods that have a proxy and run, or begin or end to; a pod that is being deleted serves until it is gone."""
    return [pod for pod in pods if _proxy(pod) is not None and dig(pod, "status", "phase") not in _ENDED]


def is_gateway(pod: Json) -> bool:
    """Whether a pod is of a gateway of the control plane."""
    return GATEWAY in (pod["metadata"].get("labels") or {})


def is_former(pod: Json, trust_domain: str, changed_at: Optional[str]) -> bool:
    """Whether a pod with a proxy may have the identity of another trust domain than ``trust_domain``, which the mesh has
    since ``changed_at`` (RFC 3339; None: unknown)."""
    named, created = pod_domain(pod), str(pod["metadata"].get("creationTimestamp") or "")
    if named is None:
        return changed_at is None or created <= changed_at
    # Times have whole seconds: a pod of the second of the change is new if its proxy says so.
    return named != trust_domain or (changed_at is not None and created < changed_at)


def pod_domain(pod: Json) -> Optional[str]:
    """The trust domain that the proxy of a pod was started with; None where it names none."""
    variables = (_proxy(pod) or {}).get("env") or []
    return next((str(one.get("value") or "") for one in variables if one.get("name") == DOMAIN), None)


def workload_of(pod: Json) -> Tuple[str, str]:
    """Kind and name of what makes a pod. A ReplicaSet is called like its Deployment and the hash of the template."""
    meta = pod["metadata"]
    owners = [owner for owner in meta.get("ownerReferences") or [] if owner.get("controller")]
    if not owners:
        return "Pod", str(meta["name"])
    kind, name = str(owners[0]["kind"]), str(owners[0]["name"])
    suffix = f"-{(meta.get('labels') or {}).get(_HASH)}"
    if kind == "ReplicaSet" and name.endswith(suffix):
        return "Deployment", name[: -len(suffix)]
    return kind, name


def former_workloads(pods: Iterable[Json], trust_domain: str, changed_at: Optional[str]) -> List[WorkloadFacts]:
    """The workloads that have pods with a former identity, sorted; their other pods are counted too."""
    by_workload: Dict[Tuple[str, str, str], List[Json]] = {}
    for pod in proxy_pods(pods):
        by_workload.setdefault((str(pod["metadata"]["namespace"]), *workload_of(pod)), []).append(pod)
    found: List[WorkloadFacts] = []
    for (namespace, kind, name), own in sorted(by_workload.items()):
        former = [pod for pod in own if is_former(pod, trust_domain, changed_at)]
        if former:
            found.append(
                {
                    "namespace": namespace,
                    "kind": kind,
                    "name": name,
                    "pods": len(own),
                    "former": sorted(str(pod["metadata"]["name"]) for pod in former),
                    "domains": sorted({pod_domain(pod) or "" for pod in former} - {""}),
                    "message": _not_restartable(kind, former),
                }
            )
    return found


def _not_restartable(kind: str, pods: List[Json]) -> str:
    """Why a restart is left to others; empty where it is not."""
    if any(map(is_gateway, pods)):
        return "the operator replaces its pods"
    if kind == "Pod":
        return "no workload makes it again: delete it and create it again"
    return "" if kind in RESTARTABLE else f"a {kind} is not restarted by this collection"


def _proxy(pod: Json) -> Optional[Json]:
    """The container of the proxy; as an init container where the cluster keeps it running beside the others."""
    spec = pod.get("spec") or {}
    containers = [*(spec.get("containers") or []), *(spec.get("initContainers") or [])]
    return next((container for container in containers if container.get("name") == PROXY), None)
