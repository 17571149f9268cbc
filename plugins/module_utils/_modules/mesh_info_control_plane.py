# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The facts about the control plane of a mesh and its members. Private to this collection."""

from __future__ import annotations

from typing import List, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules.live_object import field_owners, managers, trim
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_location import KIND, find_plane
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_reading import Reading
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    CANONICAL_NAME,
    ISTIOD_SELECTOR,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import read_control_plane
from ansible_collections.ossm.federation.plugins.module_utils._readers.members import read_members
from ansible_collections.ossm.federation.plugins.module_utils._readers.pods import gateway_pods, istiod_pods


def read_plane(reading: Reading, name: Optional[str]) -> bool:
    """The control plane of that name, or the only one; False and a problem that lists the existing ones where there is
    no such control plane. Without a namespace it is looked for, and its namespace becomes that of the mesh."""
    if not reading.namespace:
        found = find_plane(reading, name)
        if found is None:
            return False
        reading.locate(found["metadata"]["namespace"])
        _describe(reading, found)
        return True
    objects = reading.need(reading.cluster.list, KIND, reading.namespace, default=None)
    if objects is None:
        return False
    chosen = [obj for obj in objects if name in (None, obj["metadata"]["name"])]
    if len(chosen) != 1:
        _note_missing(reading, name, [obj["metadata"]["name"] for obj in objects])
        return False
    _describe(reading, chosen[0])
    return True


def _describe(reading: Reading, smcp: Json) -> None:
    """The facts of a control plane."""
    reading.facts["control_plane"] = {
        **read_control_plane(smcp),
        "owners": field_owners(smcp),
        "managers": managers(smcp),
        "object": trim(smcp, status=False),
    }


def _note_missing(reading: Reading, name: Optional[str], existing: Sequence[str]) -> None:
    """Note that the control plane does not exist, or which of several is not clear."""
    mesh, namespace = reading.mesh, reading.namespace
    where = f"{KIND} {namespace}/{name or ''}".rstrip("/")
    if existing and not name:
        message = f"the namespace has several control planes: {', '.join(sorted(existing))}"
        reading.note(
            problem(
                "control-plane-ambiguous", mesh, where, message, "Set mesh_control_plane (control_plane of the module)"
            )
        )
        return
    names = existing or _planes_elsewhere(reading)
    listed = f"Existing ones: {', '.join(sorted(names))}" if names else "The cluster has none: install one first"
    if not existing and _namespace_missing(reading):
        message = f"the namespace {namespace} does not exist"
        reading.note(
            problem(
                "namespace-missing", mesh, where, message, f"Set mesh_namespace (namespace of the module). {listed}"
            )
        )
        return
    plane = f"no control plane {name}" if name else "no control plane"
    reading.note(
        problem(
            "control-plane-missing",
            mesh,
            where,
            f"{plane} exists in {namespace}",
            f"Set mesh_control_plane or mesh_namespace (control_plane or namespace of the module). {listed}",
        )
    )


def _planes_elsewhere(reading: Reading) -> List[str]:
    """The control planes of all namespaces, as far as this user may list them."""
    try:
        objects = reading.cluster.list(KIND)
    except ClusterError:
        return []
    return [f"{obj['metadata']['namespace']}/{obj['metadata']['name']}" for obj in objects]


def _namespace_missing(reading: Reading) -> bool:
    """Whether the namespace is known not to exist."""
    try:
        reading.cluster.get("Namespace", reading.namespace)
    except ClusterError as error:
        return error.code == "missing"
    return False


def read_member_roll(reading: Reading) -> None:
    """The namespaces of the mesh: none without a member roll, None (unknown) where the roll cannot be read."""
    try:
        roll = reading.cluster.get("ServiceMeshMemberRoll", "default", reading.namespace)
    except ClusterError as error:
        if error.code in FATAL_CODES:
            raise
        if error.code != "missing":
            reading.degrade(error, f"ServiceMeshMemberRoll {reading.namespace}/default")
            reading.facts["members"] = None
        return
    reading.facts["members"] = read_members(roll)


def read_istiod(reading: Reading) -> None:
    """The istiod pods; None where they cannot be read. A running istiod does not accept every change."""
    pods = _pods(reading, ISTIOD_SELECTOR)
    plane = reading.facts["control_plane"]
    reading.facts["istiod"] = None if pods is None or plane is None else istiod_pods(pods, plane["name"])


def read_gateway_pods(reading: Reading) -> None:
    """The pods of gateways by gateway, found by the label by which istiod finds them; None where they cannot be read."""
    pods = _pods(reading, CANONICAL_NAME)
    reading.facts["gateway_pods"] = None if pods is None else gateway_pods(pods)


def _pods(reading: Reading, labels: str) -> Optional[List[Json]]:
    """The pods of the control plane's namespace with some labels; None where they cannot be read."""

    def listed(kind: str, namespace: str) -> List[Json]:
        return reading.cluster.list(kind, namespace, labels=labels)

    pods: Optional[List[Json]] = reading.want(listed, "Pod", reading.namespace, default=None)
    return pods
