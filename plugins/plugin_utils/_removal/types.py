# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes of a removal. A plan is JSON, as Ansible carries it from task to task."""

from __future__ import annotations

from typing import Dict, List, Literal, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem

#: What is removed: one pair, all pairs of one mesh, all pairs of all meshes of the group, or the pairs that are not declared.
Verb = Literal["unlink", "remove_mesh", "leave", "prune"]


class Request(TypedDict):
    """What a user asks for. ``meshes`` are the names after the verb; ``confirmation`` is the value that confirms it."""

    verb: Verb
    meshes: List[str]
    confirmation: str
    confirmed: bool


class LivePair(TypedDict):
    """What one mesh has of one pair, as it was read.

    ``peer_name`` is the name of the ServiceMeshPeer and of the sets, ``peer`` the name of the mesh. The objects have our label;
    ``export_set`` and ``peer_object`` are None where there is none of ours. ``gateways`` are names of Services. ``shared_fields`` has by JSON
    pointer the gateways in the control plane that another field manager owns too, with their values. ``applied``: the
    control plane has fields of the pair's field manager. ``unmanaged`` are those of other managers that belong to the pair.
    """

    peer: str
    peer_name: str
    field_manager: str
    import_set: Optional[Json]
    export_set: Optional[Json]
    peer_object: Optional[Json]
    config_maps: List[Json]
    gateways: List[str]
    shared_fields: Dict[str, Json]
    applied: bool
    unmanaged: List[str]


class RemovedMesh(TypedDict):
    """One mesh of a removal. ``writable``: it was read, and this run may write to it."""

    mesh: str
    namespace: str
    control_plane: Optional[str]
    uid: Optional[str]
    writable: bool
    by_file: bool
    message: str


class Survivor(TypedDict):
    """A link that stays, as it was before the removal; times are RFC 3339."""

    peer_name: str
    connected: Optional[bool]
    last_attempt: Optional[str]


class RemovalPlan(TypedDict):
    """What a removal does, by host. ``pairs`` are removed, ``survivors`` stay. ``control_planes`` are those with gateways that go, as
    they were read.

    ``problems`` stop the run before the first write, ``warnings`` do not: a mesh that cannot be read is an error, and the
    others go on. ``elsewhere`` has by mesh what other administrators do.
    ``identity_files`` are the paths of files of ours for administrators of meshes that are removed. ``still_declared`` are
    pairs that the next federate.yml would connect again.
    """

    group: str
    options: Json
    request: Request
    meshes: Dict[str, RemovedMesh]
    control_planes: Dict[str, Json]
    pairs: Dict[str, List[LivePair]]
    survivors: Dict[str, List[Survivor]]
    problems: List[Problem]
    warnings: List[Problem]
    elsewhere: List[str]
    identity_files: List[str]
    still_declared: List[List[str]]
