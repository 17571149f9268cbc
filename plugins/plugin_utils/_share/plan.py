# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a run that shares services writes, link by link. Pure."""

from __future__ import annotations

import datetime
from typing import List, Mapping, NamedTuple, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product import permissions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import is_adopted, is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import offers
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, with_changes
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import terminated_pods
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_exports, read_imports
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.desired import set_objects
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.drift import find_unmanaged_sets
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import would_change
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.respelling import respelled_peer
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import list_sides
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.services import check_unread_services
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.share import build_sharing_plan, may
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import SKIPPED, Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._share.types import SharedLink, SharePlan

#: What the accounts are used for: files of docs/rbac. The second one is granted beside the first.
PURPOSE, PEERS_PURPOSE = "share", "share-peers"
#: The task that writes each kind of set.
TASKS = {"ImportedServiceSet": "share_imports", "ExportedServiceSet": "share_exports"}
_PEER_TASK = "share_peers"
_MANY = f"this account may not write ServiceMeshPeers (docs/rbac/{PEERS_PURPOSE}.yaml)"


class _Mesh(NamedTuple):
    """One mesh with what was read of it, and what this run writes there."""

    host: str
    facts: Json
    sets: List[DesiredObject]

    def planned(self, kind: str, name: str) -> Optional[DesiredObject]:
        """The set of a kind that this run manages."""
        for desired in self.sets:
            definition = desired["definition"]
            if definition["kind"] == kind and definition["metadata"]["name"] == name:
                return desired
        return None


def plan_sharing(declaration: Declaration, facts: Mapping[str, Json], now: datetime.datetime) -> SharePlan:
    """Find the sets to write, the peers whose rewriting makes istiod read them at once, and what forbids it."""
    plan = build_sharing_plan(declaration, facts, now)
    plan["problems"] += check_unread_services(plan, declaration, facts)
    share: SharePlan = {
        "plan": plan,
        "links": [],
        "objects": {task: {} for task in (*TASKS.values(), _PEER_TASK)},
        "problems": plan["problems"],
        "warnings": list(plan["warnings"]),
    }
    if share["problems"]:
        return share
    meshes = {host: _mesh(share, host, facts.get(host) or {}) for host in declaration["hosts"]}
    for side in list_sides(plan):
        share["warnings"] += side["problems"] if plan["meshes"][side["host"]]["in_play"] else []
        back = plan["sides"][side["peer_host"]][side["host"]]
        if side["exports"] or back["imports"] or _is_emptied(meshes, side, back):
            share["links"].append(_link(share, meshes, side, back))
    return share


def _is_emptied(meshes: Mapping[str, _Mesh], side: Side, back: Side) -> bool:
    """Whether rules are taken out of a set that no rule is left for."""
    return any(
        desired is not None and would_change(desired)
        for desired in (
            meshes[side["host"]].planned("ExportedServiceSet", side["peer_name"]),
            meshes[back["host"]].planned("ImportedServiceSet", back["peer_name"]),
        )
    )


def _mesh(share: SharePlan, host: str, facts: Json) -> _Mesh:
    """One mesh; its sets become the objects of the tasks, unless the account may not write them."""
    plan = share["plan"]
    mesh = plan["meshes"][host]
    read: List[Problem] = facts.get("problems") or []
    if not mesh["by_file"]:
        share["warnings"] += [with_changes(one, severity="warning") for one in read] if mesh["readable"] else read
    sets = set_objects(plan, host, facts)
    share["warnings"] += find_unmanaged_sets(plan, host, facts)
    changing = [desired for desired in sets if would_change(desired)]
    rights = facts.get("rights")
    lacking = (
        permissions.missing(rights, permissions.beyond_reading(PURPOSE)) if changing and rights is not None else []
    )
    share["warnings"] += permissions.missing_problems(mesh["mesh"], mesh["namespace"], lacking, PURPOSE)
    for kind, task in TASKS.items():
        written = [desired for desired in sets if desired["definition"]["kind"] == kind]
        share["objects"][task][host] = [] if lacking else written
    share["objects"][_PEER_TASK][host] = []
    return _Mesh(host, facts, [] if lacking else sets)


def _link(share: SharePlan, meshes: Mapping[str, _Mesh], side: Side, back: Side) -> SharedLink:
    """What the mesh of ``side`` shares with the mesh of ``back``."""
    exporter, consumer = meshes[side["host"]], meshes[back["host"]]
    export_set = by_name(exporter.facts.get("exports")).get(side["peer_name"])
    import_set = by_name(consumer.facts.get("imports")).get(back["peer_name"])
    plan = share["plan"]
    planned = consumer.planned("ImportedServiceSet", back["peer_name"])
    return {
        "exporter": side["mesh"],
        "exporter_host": side["host"],
        "consumer": back["mesh"],
        "consumer_host": back["host"],
        "export_set": side["peer_name"],
        "import_set": back["peer_name"],
        "exports": side["exports"],
        "imports": back["imports"],
        "expected": _expected(side),
        "offered": [service["exportedName"] for service in read_exports(export_set)] if _is_read(plan, side) else None,
        "imported": read_imports(import_set)["imported"] if _is_read(plan, back) else None,
        "writes_exports": exporter.planned("ExportedServiceSet", side["peer_name"]) is not None,
        "writes_imports": planned is not None,
        "unlinked": next((one["mesh"] for one in (side, back) if _is_unlinked(meshes[one["host"]], one)), ""),
        "slow": _slow(share, consumer, back, planned) if planned is not None else "",
    }


def _is_read(plan: Plan, side: Side) -> bool:
    return plan["meshes"][side["host"]]["readable"]


def _expected(side: Side) -> List[str]:
    """The exported names that rules name for certain: each is one service, exported if it exists."""
    suffix = f"svc.{side['peer_name']}-exports.local"
    return sorted(
        f"{offer.names.name}.{offer.names.namespace}.{suffix}"
        for offer in offers(side["exports"] or [])
        if offer.is_certain
    )


def _is_unlinked(mesh: _Mesh, side: Side) -> bool:
    """Whether a mesh is known to have no ServiceMeshPeer for the other one."""
    return (
        side["state"] != SKIPPED
        and may(mesh.facts, "list")
        and side["peer_name"] not in by_name(mesh.facts.get("peers"))
    )


def _slow(share: SharePlan, mesh: _Mesh, side: Side, planned: DesiredObject) -> str:
    """Why istiod reads changed import rules only in time; empty where this run makes it read them at once, or changes none.

    The peer is written where the account may and its link is up: a restart of the watch of another link helps nothing.
    """
    live = by_name(mesh.facts.get("peers")).get(side["peer_name"])
    is_writable = live is not None and is_ours(live) and not is_adopted(live)
    if live is not None and is_writable and may(mesh.facts, "patch"):
        respelled = respelled_peer(planned, live, terminated_pods(mesh.facts))
        if respelled is not None:
            share["objects"][_PEER_TASK][mesh.host].append(respelled)
            return ""
    if not would_change(planned):
        return ""
    if not may(mesh.facts, "patch"):
        return _MANY
    return "its link is not up" if is_writable else "its ServiceMeshPeer is managed by others"
