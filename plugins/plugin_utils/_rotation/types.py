# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: shapes of a root rotation: what is asked for, what the clusters show, and the stage."""

from __future__ import annotations

from typing import Dict, List, Literal, Optional, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan

#: What is done next: the peers get both roots, the mesh gets the new one, its links connect with it, the peers drop the old one;
#: or nothing is left, or no rotation is known.
Stage = Literal["prepare", "rotate", "verify", "finish", "done", "none"]
#: The stages that a report counts.
STAGES: Tuple[Stage, ...] = ("prepare", "rotate", "verify", "finish")
#: How a peer is known: this run writes its ConfigMap (ours), others do (unmanaged), it is outside of the limit, it is known by an
#: identity file, it could not be read, or this run cannot write its side (skipped).
Access = Literal["ours", "unmanaged", "outside", "by file", "unreadable", "skipped"]


class Roots(TypedDict):
    """The roots of a rotation: fingerprints of ``old`` and ``new``, and all certificates as PEM."""

    old: List[str]
    new: List[str]
    pem: str


class Request(TypedDict):
    """What a user asks for. ``host`` is the inventory host of the mesh, empty where there is none; ``file`` the coming root as PEM.

    ``restart``: this run may restart what has to load the new root. ``confirmed``: the administrators of meshes that are known by
    files have loaded both roots.
    """

    mesh: str
    host: str
    file: str
    restart: bool
    confirmed: bool


class RotationPlan(TypedDict):
    """What is known before the first write. ``plan`` is that of a federation; ``roots`` is None where there is nothing to rotate.
    ``outside`` are the MeshFacts of the meshes outside of the limit, by host."""

    plan: Plan
    request: Request
    roots: Optional[Roots]
    outside: Dict[str, Json]
    problems: List[Problem]
    warnings: List[Problem]


class LinkView(TypedDict):
    """One direction of a link as its watching side shows it; all None where that could not be read."""

    connected: Optional[bool]
    last_attempt: Optional[str]
    message: str
    root_not_loaded: bool


class PeerView(TypedDict):
    """One peer of the rotating mesh.

    ``trusted`` are the fingerprints in its ConfigMap, ``marked``: that has the mark of a rotation. ``changed`` is the time of our last
    change of ConfigMap or peer, ``reconciled``: istiod has read the ConfigMap since. ``watches`` is the link from
    the peer to the mesh, ``watched`` the one back; ``ingress_started`` and ``egress_started`` are the start of the newest pods of the
    mesh's gateways for this peer.
    """

    host: str
    mesh: str
    access: Access
    message: str
    config_map: str
    trusted: List[str]
    marked: bool
    changed: Optional[str]
    reconciled: bool
    watches: LinkView
    watched: LinkView
    ingress_started: Optional[str]
    egress_started: Optional[str]


class Workload(TypedDict):
    """Something whose pods are replaced by a rolling restart."""

    kind: str
    namespace: str
    name: str


class MeshView(TypedDict):
    """The rotating mesh. ``published`` are the fingerprints of its roots; ``read``: its pods are known.

    ``old_gateways`` and ``old_workloads`` have pods that are older than the newest root or istiod; ``unowned`` are such pods that no
    workload replaces, as ``namespace/name``.
    """

    published: List[str]
    read: bool
    message: str
    istiod_ready: bool
    gateways: List[str]
    old_gateways: List[Workload]
    old_workloads: List[Workload]
    unowned: List[str]


class View(TypedDict):
    """What the clusters show of a rotation."""

    mesh: MeshView
    peers: List[PeerView]


#: Directed, by the names of the meshes.
LinkName = Tuple[str, str]


class Proof(TypedDict):
    """Whether a link, from ``from`` to ``to``, is proven, and why or why not."""

    source: str
    target: str
    proven: bool
    message: str


class Progress(TypedDict):
    """The stage, and what it lacks: by mesh the reason why a peer is not known to trust what it has to trust (``unprepared``), a
    proof per link, and the reasons why the mesh does not use the new root (``unrotated``)."""

    stage: Stage
    unprepared: Dict[str, str]
    unrotated: List[str]
    proofs: List[Proof]
