# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What an account that may only share services reads of a mesh: its service sets, and its peers where it may. Private to this
collection.

Such an account may read no control plane. So the namespace is the given one, else that of the only control plane where these may be
listed, else the first one by convention in which service sets may be listed.
"""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules.live_object import trim
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_cluster import read_rights
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_federation import read_sets
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_location import find_plane
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_reading import Reading
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import conventional_namespaces
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, problem

#: The part of the facts that this is about.
SHARING = "sharing"
_PLANE, _PEER, _SET = "ServiceMeshControlPlane", "ServiceMeshPeer", "ImportedServiceSet"


def read_sharing(reading: Reading, rights_for: Optional[str]) -> bool:
    """Read the service sets of a mesh, and its peers as far as the account may; whether all that is needed was read."""
    if not reading.namespace and not _locate(reading):
        return False
    if rights_for:
        read_rights(reading, rights_for)
    reading.facts["peers"] = [trim(peer) for peer in _listed(reading, _PEER, reading.namespace) or []]
    read_sets(reading)
    return reading.complete


def _locate(reading: Reading) -> bool:
    """Find the namespace of a mesh that none was given for."""
    if _listed(reading, _PLANE) is not None:
        found = find_plane(reading, None)
        if found is not None:
            reading.locate(found["metadata"]["namespace"])
        return found is not None
    namespaces = conventional_namespaces(reading.mesh)
    for namespace in namespaces:
        if _listed(reading, _SET, namespace) is not None:
            reading.locate(namespace)
            return True
    reading.note(
        problem(
            "forbidden",
            reading.mesh,
            _SET,
            f"the account may list service sets in none of the namespaces {' and '.join(namespaces)}, and no control planes",
            "Set mesh_namespace (namespace of the module) to the namespace of the control plane",
        )
    )
    return False


def _listed(reading: Reading, kind: str, *namespace: str) -> Optional[List[Json]]:
    """The objects of a kind; None where the account may not list it, or the cluster does not have it. Another error is noted by the
    reading of the sets, which needs the same cluster."""
    try:
        return reading.cluster.list(kind, *namespace)
    except ClusterError as error:
        if error.code in FATAL_CODES:
            raise
        return None
