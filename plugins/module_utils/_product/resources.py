# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what RBAC calls the kinds that the collection reads or writes, and what it asks for besides. Pure."""

from __future__ import annotations

from typing import Dict, NamedTuple

from ansible_collections.ossm.federation.plugins.module_utils._product.kinds import KINDS


class Resource(NamedTuple):
    """What RBAC calls a kind: its API group (empty for the core), its plural, and whether it is namespaced."""

    group: str
    plural: str
    namespaced: bool = True

    def __str__(self) -> str:
        """As ``kubectl auth can-i`` takes it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


#: The resource of each kind. Every account may ask for reviews of itself.
RESOURCES: Dict[str, Resource] = {
    kind: Resource(row.api_version.rpartition("/")[0], row.plural, row.namespaced)
    for kind, row in KINDS.items()
    if not kind.startswith("SelfSubject")
}
#: The kinds whose objects can be read.
READABLE = tuple(RESOURCES)
#: Parts of pods that are asked for by themselves.
RESOURCES.update({name: Resource("", name) for name in ("pods/log", "pods/portforward")})
#: Kinds that only ``oc adm inspect`` reads.
RESOURCES.update(
    {
        "Endpoints": Resource("", "endpoints"),
        "ReplicaSet": Resource("apps", "replicasets"),
        "HorizontalPodAutoscaler": Resource("autoscaling", "horizontalpodautoscalers"),
        "NetworkPolicy": Resource("networking.k8s.io", "networkpolicies"),
        "PodDisruptionBudget": Resource("policy", "poddisruptionbudgets"),
        "Route": Resource("route.openshift.io", "routes"),
    }
)
#: What ``oc adm inspect`` is asked for: no Secrets and no ConfigMaps.
INSPECTED = (
    *("Pod", "Service", "Event", "EndpointSlice", "Deployment", "StatefulSet", "DaemonSet"),
    *("Endpoints", "ReplicaSet", "HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "Route"),
)
