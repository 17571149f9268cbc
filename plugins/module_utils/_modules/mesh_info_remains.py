# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The namespace of a mesh whose control plane was deleted: what it had of a federation stays there. Private to this collection."""

from __future__ import annotations

from typing import Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_reading import Reading
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    conventional_namespaces,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import with_changes

_PLANE, _MISSING = "ServiceMeshControlPlane", "control-plane-missing"
_REMEDY = "Nothing, if it was deleted on purpose; else correct mesh_namespace (namespace of the module)"
_KINDS = ("ServiceMeshPeer", "ExportedServiceSet", "ImportedServiceSet", "ConfigMap")


def find_remains(reading: Reading) -> bool:
    """Whether the namespace of the mesh exists and has no control plane at all; then that it is missing is a warning.

    Without a namespace, of those that a convention names the one with objects of ours, else the first one that exists.
    """
    if not reading.complete or not any(found["code"] == _MISSING for found in reading.facts["problems"]):
        return False
    given = [reading.namespace] if reading.namespace else list(conventional_namespaces(reading.mesh))
    namespaces = [namespace for namespace in given if _is_without_plane(reading, namespace)]
    chosen = next((namespace for namespace in namespaces if _has_ours(reading, namespace, _KINDS)), None)
    if chosen is None and not namespaces:
        return False
    reading.locate(chosen or namespaces[0])
    reading.facts["problems"][:] = [
        with_changes(found, severity="warning", remedy=_REMEDY) if found["code"] == _MISSING else found
        for found in reading.facts["problems"]
    ]
    return True


def _is_without_plane(reading: Reading, namespace: str) -> bool:
    """Whether a namespace is known to exist without any control plane."""
    try:
        reading.cluster.get("Namespace", namespace)
    except ClusterError as error:
        if error.code in FATAL_CODES:
            raise
        # An account that may list there, but not get the namespace, does not learn whether it exists.
        if error.code != "forbidden":
            return False
    try:
        return not reading.cluster.list(_PLANE, namespace)
    except ClusterError as error:
        if error.code in FATAL_CODES:
            raise
        return False


def _has_ours(reading: Reading, namespace: str, kinds: Sequence[str]) -> bool:
    """Whether a namespace has an object with our label; a kind that cannot be listed counts as none."""
    for kind in kinds:
        try:
            if any(map(is_ours, reading.cluster.list(kind, namespace))):
                return True
        except ClusterError as error:
            if error.code in FATAL_CODES:
                raise
    return False
