# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The control plane of a mesh whose namespace is not given: one list over all namespaces, else a list of each namespace that a
convention names. Private to this collection."""

from __future__ import annotations

from typing import List, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_reading import Reading
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import conventional_namespaces
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, problem

KIND = "ServiceMeshControlPlane"
#: Where a user names the namespace.
_SET = "Set mesh_namespace (namespace of the module)"


def find_plane(reading: Reading, name: Optional[str]) -> Optional[Json]:
    """The only control plane (of that ``name``) of the cluster, of several the one called like the mesh; None and a problem
    where it is not clear which one it is."""
    try:
        objects = reading.cluster.list(KIND)
    except ClusterError as error:
        if error.code != "forbidden":
            _note_error(reading, error)
            return None
        return _find_by_convention(reading, name, error)
    planes = _named(objects, name)
    if not planes:
        _note_missing(reading, name, "the cluster", objects)
    return planes[0] if len(planes) == 1 else _called_like(reading, planes)


def _called_like(reading: Reading, planes: Sequence[Json]) -> Optional[Json]:
    """Of several control planes the one that has the mesh's name, or its namespace by convention; else a problem."""
    own = conventional_namespaces(reading.mesh)[0]
    signs = [(plane["metadata"]["name"] == reading.mesh, plane["metadata"]["namespace"] == own) for plane in planes]
    for chosen in ([plane for plane, sign in zip(planes, signs) if test(sign)] for test in (all, any)):
        if len(chosen) == 1:
            return chosen[0]
    if planes:
        _note_ambiguous(reading, planes)
    return None


def _find_by_convention(reading: Reading, name: Optional[str], refusal: ClusterError) -> Optional[Json]:
    """The control plane in the first namespace by convention that has one; the account may not list all namespaces."""
    namespaces = conventional_namespaces(reading.mesh)
    found: List[Json] = []
    refused = 0
    for namespace in namespaces:
        try:
            objects = reading.cluster.list(KIND, namespace)
        except ClusterError as error:
            if error.code != "forbidden":
                _note_error(reading, error)
                return None
            refused += 1
            continue
        found += objects
        planes = _named(objects, name)
        if len(planes) == 1:
            return planes[0]
        if planes:
            _note_ambiguous(reading, planes)
            return None
    if refused == len(namespaces):
        # The rights that are missing besides are asked for where the mesh would be installed.
        reading.namespace = namespaces[0]
        reading.note(
            problem(
                "forbidden",
                reading.mesh,
                KIND,
                f"{refusal.message}; nor in the namespaces {' and '.join(namespaces)}",
                f"{_SET}, or let the account list them: docs/rbac",
            )
        )
        return None
    _note_missing(reading, name, f"{' or '.join(namespaces)}, and the account may not list all namespaces", found)
    return None


def _named(objects: Sequence[Json], name: Optional[str]) -> List[Json]:
    return [obj for obj in objects if name in (None, obj["metadata"]["name"])]


def _note_error(reading: Reading, error: ClusterError) -> None:
    """Note an error, after which this mesh is unreadable."""
    if error.code in FATAL_CODES:
        raise error
    reading.note(error.problem(reading.mesh, KIND))


def _note_ambiguous(reading: Reading, planes: Sequence[Json]) -> None:
    namespaces = {plane["metadata"]["namespace"] for plane in planes}
    remedy = f"{_SET} of each mesh in this cluster; it is one of {', '.join(sorted(namespaces))}"
    if len(namespaces) < len(planes):
        remedy += ", and mesh_control_plane (control_plane of the module)"
    reading.note(
        problem(
            "control-plane-ambiguous",
            reading.mesh,
            KIND,
            f"there are several control planes, and it is not clear which one is {reading.mesh}: {_listed(planes)}",
            remedy,
        )
    )


def _note_missing(reading: Reading, name: Optional[str], where: str, existing: Sequence[Json]) -> None:
    plane = f"no control plane {name}" if name else "no control plane"
    listed = f"Existing ones: {_listed(existing)}" if existing else "Install one first, if there is none"
    remedy = f"Set mesh_control_plane or mesh_namespace (control_plane or namespace of the module). {listed}"
    reading.note(problem("control-plane-missing", reading.mesh, KIND, f"{plane} exists in {where}", remedy))


def _listed(planes: Sequence[Json]) -> str:
    return ", ".join(sorted(f"{plane['metadata']['namespace']}/{plane['metadata']['name']}" for plane in planes))
