# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes of a change of trust domains. A plan is JSON, as Ansible carries it from task to task."""

from __future__ import annotations

from typing import Dict, List, Literal, Optional, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem

#: The stages of a change, in their order: both domains are accepted; the new one is the mesh's own, and the former one an alias; no
#: pod has a former identity; the former domain is gone.
Stage = Literal["accept", "switch", "workloads", "complete"]
STAGES: Tuple[Stage, ...] = ("accept", "switch", "workloads", "complete")


class TrustState(TypedDict):
    """Trust domains of one control plane and of the change in it. ``former`` are the domains that pods may still have, ``others`` the
    aliases that are no part of the change. ``noted``: the control plane has the annotation of a change."""

    domain: str
    target: str
    former: List[str]
    others: List[str]
    aliases: List[str]
    noted: bool


class ChangedMesh(TypedDict):
    """One mesh whose trust domain changes. ``stage`` is the first that is left to do. ``namespaces`` are those whose pods are read
    (``*``: all), ``restart`` those whose workloads may be restarted."""

    mesh: str
    namespace: str
    control_plane: str
    uid: str
    state: TrustState
    stage: Stage
    owns_domain: bool
    owners: List[str]
    peers: List[str]
    namespaces: List[str]
    restart: List[str]


class TrustDomainPlan(TypedDict):
    """What a run does, by host of the meshes that it changes. ``problems`` stop the run before its first write, ``warnings`` do not.
    ``unchanged`` has by name the domain of each mesh that keeps its own, ``unread`` are hosts that could not be read. ``last`` is the
    last stage that the run does, ``named`` has by host the objects that name a former domain."""

    group: str
    options: Json
    last: Stage
    hosts: Dict[str, str]
    meshes: Dict[str, ChangedMesh]
    live: Dict[str, Optional[Json]]
    unchanged: Dict[str, str]
    unread: List[str]
    named: Dict[str, List[str]]
    problems: List[Problem]
    warnings: List[Problem]
