# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an inventory knows of a cluster, in four requests, one more where no namespace but some may be listed, and one for the nodes
where the platform or the region shows there alone. Never writes. Private to this collection.
"""

from __future__ import annotations

from typing import List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ABSENT_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info import empty_facts
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_cluster import read_cluster_uid
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_reading import Reading
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.inventories import FoundCluster, ManagedCluster
from ansible_collections.ossm.federation.plugins.module_utils._product.platforms import detect
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.inventories import (
    read_found_plane,
    read_managed_cluster,
    region_of,
)

PLANE = "ServiceMeshControlPlane"


def find_cluster(cluster: Cluster, name: str, namespaces: Sequence[str], fallback: Sequence[str]) -> FoundCluster:
    """The cluster with its control planes in some namespaces, by default in all; ``fallback`` are the namespaces that are read
    where not all may be listed. Raises ClusterError where it is not known which control planes there are."""
    reading = Reading(cluster, empty_facts({"mesh": name}))
    planes = _planes(cluster, namespaces, fallback)
    found: FoundCluster = {
        "uid": "",
        "openshift_id": "",
        "openshift_version": "",
        "platform": "",
        "region": "",
        "planes": [read_found_plane(plane) for plane in planes],
        "notes": reading.facts["problems"],
    }
    if planes:
        _describe(reading, found)
    return found


def _planes(cluster: Cluster, namespaces: Sequence[str], fallback: Sequence[str]) -> List[Json]:
    """The control planes. A cluster without the kind, or without one of the namespaces, has none there."""
    if namespaces:
        return _planes_in(cluster, namespaces)
    try:
        return cluster.list(PLANE)
    except ClusterError as error:
        if error.code in ABSENT_CODES:
            return []
        if error.code != "forbidden" or not fallback:
            raise
        try:
            return _planes_in(cluster, fallback)
        except ClusterError as refusal:
            error.remedy = f"Let the account list them in all namespaces (docs/rbac/inventory.yaml), or set namespaces: {error.remedy}"
            raise error from refusal


def _planes_in(cluster: Cluster, namespaces: Sequence[str]) -> List[Json]:
    """The control planes of some namespaces; the account must be allowed to list those of one of them at least."""
    planes: List[Json] = []
    refusals: List[ClusterError] = []
    for namespace in namespaces:
        try:
            planes += cluster.list(PLANE, namespace)
        except ClusterError as error:
            if error.code == "forbidden":
                refusals.append(error)
            elif error.code not in ABSENT_CODES:
                raise
    if refusals and len(refusals) == len(namespaces):
        raise refusals[0]
    return planes


def _describe(reading: Reading, found: FoundCluster) -> None:
    """Fill in what the cluster says about itself."""
    read_cluster_uid(reading)
    found["uid"] = reading.facts["cluster_uid"] or ""
    infrastructure = reading.optional("Infrastructure", "cluster")
    version = reading.optional("ClusterVersion", "version")
    found["openshift_id"] = str(dig(version, "spec", "clusterID") or "")
    found["openshift_version"] = str(dig(version, "status", "desired", "version") or "")
    nodes: List[Json] = []
    if not (detect(infrastructure)["type"] and region_of(infrastructure)):
        nodes = reading.want(reading.cluster.list, "Node", default=[])
    found["platform"] = detect(infrastructure, nodes)["type"]
    found["region"] = region_of(infrastructure, nodes)


def list_managed_clusters(cluster: Cluster, labels: str = "") -> List[ManagedCluster]:
    """The ManagedClusters of a hub, all or those with some ``labels`` (a selector). Raises ClusterError."""
    return [read_managed_cluster(managed) for managed in cluster.list("ManagedCluster", labels=labels)]
