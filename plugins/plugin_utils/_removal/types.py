# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes of a removal. A plan is JSON, as Ansible carries it from task to task."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, Rule

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
    ``export_set`` and ``peer_object`` are None where there is none of ours. ``traffic`` are the objects about requests.
    ``gateways`` are names of Services. ``shared_fields`` has by JSON
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
    traffic: List[Json]
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


class AnyRemoval(TypedDict):
    """What all removals have, by host. ``survivors`` are the links that stay.

    ``problems`` stop the run before the first write, ``warnings`` do not: a mesh that cannot be read is an error, and the
    others go on. ``elsewhere`` has by mesh what other administrators do.
    """

    group: str
    options: Json
    meshes: Dict[str, RemovedMesh]
    survivors: Dict[str, List[Survivor]]
    problems: List[Problem]
    warnings: List[Problem]
    elsewhere: List[str]


class RemovalPlan(AnyRemoval):
    """What a removal of pairs does, by host. ``pairs`` are removed. ``control_planes`` are those with gateways that go, as they were read.

    ``identity_files`` are the paths of files of ours for administrators of meshes that are removed. ``still_declared`` are
    pairs that the next federate.yml would connect again.
    """

    request: Request
    control_planes: Dict[str, Json]
    pairs: Dict[str, List[LivePair]]
    identity_files: List[str]
    still_declared: List[List[str]]


class ServiceRequest(TypedDict):
    """The service that a user wants to remove: ``namespace`` and ``name`` as it is exported, the mesh that exports it, and the only mesh
    from which it is removed (None: from all)."""

    namespace: str
    name: str
    exporter: str
    consumer: Optional[str]
    confirmed: bool


class Cut(TypedDict):
    """A set of ours that has the service. ``kind`` is ``imports`` or ``exports``, ``live`` the set and ``peer_object`` the
    ServiceMeshPeer of ours as they were read.

    ``rules`` are those that the set gets, ``removed`` those that go. ``listed`` are the exported names in its status that must go; where an
    interrupted run has written the rules already, that is all.
    """

    kind: str
    peer: str
    peer_name: str
    field_manager: str
    live: Json
    peer_object: Optional[Json]
    rules: List[Rule]
    removed: List[Rule]
    listed: List[str]


class InventoryLine(TypedDict):
    """An entry of a list of rules in the inventory that has the service; ``others`` are meshes that get it from the same entry,
    ``is_wide``: it selects other services too."""

    mesh: str
    where: str
    written: Any
    others: List[str]
    is_wide: bool


class ServicePlan(AnyRemoval):
    """What the removal of a service does, by host. ``cuts`` are the sets that change; ``terminated_pods`` are istiod pods that no
    longer run. ``traffic`` are the objects about requests that go with the service. ``lines`` of the inventory would bring the service back."""

    request: ServiceRequest
    cuts: Dict[str, List[Cut]]
    terminated_pods: Dict[str, List[str]]
    traffic: Dict[str, List[DesiredObject]]
    lines: List[InventoryLine]
