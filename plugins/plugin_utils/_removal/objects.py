# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the objects that each task of a removal writes. Pure.

The order is that of the product: imports, exports until istiod has withdrawn them, peers, roots, gateways. A peer that is deleted
while it exports deadlocks istiod (2.3 and 2.5), so a pair whose exports remain keeps its peer and all after it.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Optional, Sequence, Set

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    MANAGED_BY,
    PEER_LABEL,
    is_adopted,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_exports
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.desired import with_live_once
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.plan import FORCE, by_host
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import LivePair, RemovalPlan

#: Results of the tasks of a removal, by what they are about (see ``_product.steps``) and host.
Results = Mapping[str, Mapping[str, Json]]


def traffic_objects(plan: RemovalPlan, host: str, pairs: Sequence[LivePair]) -> List[DesiredObject]:
    """The objects about requests, which are deleted: a split to a host that is not imported any more would lose requests."""
    return [_existing(pair, obj) for pair in pairs for obj in pair["traffic"]]


def import_objects(plan: RemovalPlan, host: str, pairs: Sequence[LivePair]) -> List[DesiredObject]:
    """The import sets, which are deleted, and the export sets that are not emptied first."""
    imports = [(pair, pair["import_set"]) for pair in pairs]
    exports = [(pair, pair["export_set"]) for pair in pairs if _is_deleted_at_once(plan, host, pair["export_set"])]
    return [_existing(pair, obj) for pair, obj in (*imports, *exports) if obj is not None]


def _is_deleted_at_once(plan: RemovalPlan, host: str, export_set: Optional[Json]) -> bool:
    """Whether an export set is not emptied first: the rules of an adopted one are those of another field manager, and where the control
    plane was deleted, no istiod withdraws anything."""
    return export_set is not None and (is_adopted(export_set) or plan["meshes"][host]["control_plane"] is None)


def export_objects(plan: RemovalPlan, host: str, pairs: Sequence[LivePair]) -> List[DesiredObject]:
    """The export sets, which are emptied: their status shows when istiod has withdrawn what they exported."""
    return [
        _desired(pair, _emptied(obj), obj)
        for pair in pairs
        for obj in [pair["export_set"]]
        if obj is not None and not _is_deleted_at_once(plan, host, obj) and dig(obj, "spec", "exportRules") != []
    ]


def peer_objects(plan: RemovalPlan, host: str, pairs: Sequence[LivePair]) -> List[DesiredObject]:
    """The export sets, peers and roots, which are deleted in this order."""
    return [
        _existing(pair, obj)
        for pair in pairs
        for obj in (pair["export_set"], pair["peer_object"], *pair["config_maps"])
        if obj is not None and not (obj["kind"] == "ExportedServiceSet" and _is_deleted_at_once(plan, host, obj))
    ]


def gateway_objects(plan: RemovalPlan, host: str, pairs: Sequence[LivePair]) -> List[DesiredObject]:
    """The control plane once for each pair: all that the pair's field manager has in it goes."""
    mesh = plan["meshes"][host]
    desired: List[DesiredObject] = []
    for pair in pairs:
        if not pair["applied"]:
            continue
        definition = {
            "apiVersion": "maistra.io/v2",
            "kind": "ServiceMeshControlPlane",
            "metadata": {"name": mesh["control_plane"], "namespace": mesh["namespace"], "uid": mesh["uid"]},
        }
        one = _desired(pair, definition, plan["control_planes"].get(host))
        if pair["shared_fields"]:
            one["remove_fields"] = pair["shared_fields"]
        desired.append(one)
    return desired


#: The builder of each task that writes, by what its result is about.
BUILDERS: Dict[str, Callable[[RemovalPlan, str, Sequence[LivePair]], List[DesiredObject]]] = {
    "removed_traffic": traffic_objects,
    "removed_imports": import_objects,
    "withdrawn_exports": export_objects,
    "removed_peers": peer_objects,
    "removed_gateways": gateway_objects,
}
#: The tasks in their order, with the waits between them.
ORDER = (
    "removed_traffic",
    "removed_imports",
    "withdrawn_exports",
    "exports_gone",
    "removed_peers",
    "removed_gateways",
    "gateways_gone",
)


def build_objects(plan: RemovalPlan, task: str, host: str, results: Results) -> List[DesiredObject]:
    """The objects that one task writes in one mesh, without those of pairs that an earlier task could not complete."""
    return with_live_once(BUILDERS[task](plan, host, remaining_pairs(plan, task, host, results)))


def remaining_pairs(plan: RemovalPlan, task: str, host: str, results: Results) -> List[LivePair]:
    """The pairs of a mesh that a task goes on with."""
    stopped: Set[Optional[str]] = set()
    for earlier in ORDER[: ORDER.index(task)]:
        for found in (results.get(earlier, {}).get(host) or {}).get("problems") or []:
            is_passed = found["code"] == "still-exporting" and plan["options"].get(FORCE)
            if found["severity"] == "error" and not is_passed:
                stopped.add(found.get("peer"))
    if None in stopped:
        return []
    return [pair for pair in by_host(plan).get(host, []) if pair["peer"] not in stopped]


def exports_to_wait_for(plan: RemovalPlan, host: str, results: Results) -> List[Json]:
    """The export sets whose status must be empty, for ``removal_wait``."""
    return [
        {"name": pair["peer_name"], "peer": pair["peer"]}
        for pair in remaining_pairs(plan, "exports_gone", host, results)
        if plan["meshes"][host]["control_plane"] and pair["export_set"] is not None and read_exports(pair["export_set"])
    ]


def gateways_to_wait_for(plan: RemovalPlan, host: str, results: Results) -> List[Json]:
    """The gateways whose Services must be gone, for ``removal_wait``."""
    return [
        {"name": name, "peer": pair["peer"]}
        for pair in remaining_pairs(plan, "gateways_gone", host, results)
        for name in pair["gateways"]
    ]


#: What each task that waits has to wait for, by what its result is about.
WAITS: Dict[str, Callable[[RemovalPlan, str, Results], List[Json]]] = {
    "exports_gone": exports_to_wait_for,
    "gateways_gone": gateways_to_wait_for,
}


def _emptied(obj: Json) -> Json:
    """An export set of ours without rules; the labels that say so stay."""
    meta = {key: obj["metadata"][key] for key in ("name", "namespace")}
    labels = dig(obj, "metadata", "labels") or {}
    meta["labels"] = {key: labels[key] for key in (MANAGED_BY, PEER_LABEL) if key in labels}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta, "spec": {"exportRules": []}}


def _existing(pair: LivePair, obj: Json) -> DesiredObject:
    """An object that is deleted, exactly as it was read."""
    meta = {key: obj["metadata"][key] for key in ("name", "namespace")}
    return _desired(pair, {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": meta}, obj)


def _desired(pair: LivePair, definition: Json, live: Optional[Json]) -> DesiredObject:
    return {
        "definition": definition,
        "field_manager": pair["field_manager"],
        "peer": pair["peer"],
        "live": live,
        "unknown": {},
    }
