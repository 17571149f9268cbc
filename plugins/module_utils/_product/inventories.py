# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what an inventory knows of a cluster: its control planes, platform, region, and its entry in a hub of
Advanced Cluster Management."""

from __future__ import annotations

from typing import Dict, List, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem


class FoundPlane(TypedDict):
    """A control plane of a cluster; ``version`` is empty where it is not known."""

    namespace: str
    name: str
    uid: str
    version: str
    ready: bool
    labels: Dict[str, str]


class FoundCluster(TypedDict):
    """A cluster with its control planes. Texts that are not known are empty.

    ``openshift_id`` is the ID of the cluster in its ClusterVersion. ``notes`` are about what could not be read and is not needed.
    """

    uid: str
    openshift_id: str
    openshift_version: str
    platform: str
    region: str
    planes: List[FoundPlane]
    notes: List[Problem]


class ManagedCluster(TypedDict):
    """A ManagedCluster of a hub. ``servers`` are the URLs of its API server; ``is_hub`` is whether it is the hub itself."""

    name: str
    labels: Dict[str, str]
    claims: Dict[str, str]
    servers: List[str]
    is_hub: bool
