# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: live objects to what an inventory knows of a cluster. Pure.

Regions: openshift/api config/v1/types_infrastructure.go. Claims of a ManagedCluster: stolostron/multicloud-operators-foundation
pkg/klusterlet/clusterclaim.
"""

from __future__ import annotations

from typing import Any, Dict, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.inventories import FoundPlane, ManagedCluster
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import read_control_plane

#: Where ``status.platformStatus`` of an Infrastructure object has the region.
_REGIONS = (
    ("aws", "region"),
    ("gcp", "region"),
    ("ibmcloud", "location"),
    ("powervs", "region"),
    ("alibabaCloud", "region"),
)
_NODE_REGIONS = ("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
#: The label of the ManagedCluster that is the hub itself.
_HUB = "local-cluster"


def read_found_plane(smcp: Json) -> FoundPlane:
    """A ServiceMeshControlPlane as an inventory knows it."""
    plane = read_control_plane(smcp)
    return {
        "namespace": str(smcp["metadata"]["namespace"]),
        "name": str(plane["name"]),
        "uid": str(plane["uid"] or ""),
        "version": str(plane["version"] or ""),
        "ready": plane["ready"],
        "labels": _texts(smcp["metadata"].get("labels")),
    }


def region_of(infrastructure: Optional[Json], nodes: Sequence[Json] = ()) -> str:
    """The region of a cluster: that of its Infrastructure object, else the one in which all its nodes are; else empty."""
    status = dig(infrastructure, "status", "platformStatus")
    for path in _REGIONS:
        region = dig(status, *path)
        if region:
            return str(region)
    regions = {region for node in nodes for region in [_node_region(node)] if region}
    return regions.pop() if len(regions) == 1 else ""


def _node_region(node: Json) -> str:
    labels = _texts(dig(node, "metadata", "labels"))
    return next((labels[key] for key in _NODE_REGIONS if labels.get(key)), "")


def read_managed_cluster(managed: Json) -> ManagedCluster:
    """A ManagedCluster of a hub."""
    labels = _texts(managed["metadata"].get("labels"))
    claims = dig(managed, "status", "clusterClaims") or []
    configs = dig(managed, "spec", "managedClusterClientConfigs") or []
    return {
        "name": str(managed["metadata"]["name"]),
        "labels": labels,
        "claims": {str(claim["name"]): str(claim.get("value") or "") for claim in claims if claim.get("name")},
        "servers": [str(config["url"]).rstrip("/") for config in configs if config.get("url")],
        "is_hub": labels.get(_HUB) == "true",
    }


def _texts(values: Any) -> Dict[str, str]:
    """A dictionary of texts; empty for anything else."""
    return {str(key): str(value) for key, value in values.items()} if isinstance(values, dict) else {}
