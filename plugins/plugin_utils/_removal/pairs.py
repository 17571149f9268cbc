# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the pairs that exist in a mesh, by our labels and field managers alone. Pure.

The inventory is not asked: a removal also finds what an interrupted one has left, and pairs that are not declared any more.
"""

from __future__ import annotations

from typing import Collection, Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    INSTALL_MANAGER,
    PEER_LABEL,
    config_map_name,
    egress_name,
    field_manager,
    ingress_name,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.gateways import ControlPlaneFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.traffic import live_traffic
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import LivePair

#: The facts with objects that have the name of the pair's ServiceMeshPeer, and their kind.
_NAMED = {"imports": "ImportedServiceSet", "exports": "ExportedServiceSet", "peers": "ServiceMeshPeer"}
_GATEWAY_PATH = "spec.gateways."
_PREFIX = field_manager("x")[:-1]


def removable_pairs(facts: Json) -> List[LivePair]:
    """Every pair of which a mesh has something of ours, also where only Services of gateways are left, which the operator removes."""
    pairs = live_pairs(facts)
    by_mesh = {pair["peer"]: pair for pair in pairs}
    for name in facts.get("leftover_gateways") or []:
        for mesh in _meshes_of_names([name]):
            pair = by_mesh.get(mesh) or _pair(None, mesh, dict.fromkeys(_NAMED), [])
            pair["gateways"] = sorted({*pair["gateways"], name})
            by_mesh[mesh] = pair
    return [*pairs, *(pair for pair in by_mesh.values() if pair not in pairs)]


def live_pairs(facts: Json, without: Collection[str] = ()) -> List[LivePair]:
    """Every pair of which a mesh (its MeshFacts) has something of ours, sorted by name of the peer; those of the peers
    ``without`` are not looked at."""
    plane: Optional[ControlPlaneFacts] = facts.get("control_plane")
    objects = {collection: by_name(facts.get(collection)) for collection in _NAMED}
    roots = _roots_by_peer(facts)
    named = {name for by_peer in objects.values() for name, obj in by_peer.items() if is_ours(obj)}
    traffic = _traffic_by_peer(facts)
    names = named | set(roots) | set(traffic) | _names_of_managers(plane)
    return [
        {
            **_pair(plane, name, {key: objects[key].get(name) for key in _NAMED}, roots.get(name) or []),
            "traffic": traffic.get(name) or [],
        }
        for name in sorted(names - set(without))
    ]


def pair_names(meshes: Mapping[str, str], pairs: Mapping[str, Sequence[LivePair]]) -> List[List[str]]:
    """Pairs by host as the sorted names of their meshes, which ``meshes`` has by host: both sides are one pair."""
    names = {tuple(sorted((meshes[host], pair["peer"]))) for host, of_host in pairs.items() for pair in of_host}
    return [list(pair) for pair in sorted(names)]


def _traffic_by_peer(facts: Json) -> Dict[str, List[Json]]:
    """The objects of ours about requests, by name of the peer, which their field manager has."""
    traffic: Dict[str, List[Json]] = {}
    for obj in live_traffic(facts):
        label = dig(obj, "metadata", "labels", PEER_LABEL)
        names = [name[len(_PREFIX) :] for name in obj.get("applied") or {} if name.startswith(_PREFIX)]
        traffic.setdefault(next(iter(names), str(label)), []).append(obj)
    return traffic


def _roots_by_peer(facts: Json) -> Dict[str, List[Json]]:
    """The ConfigMaps of ours with roots, by name of the peer: the one that names them, else by their own name or label."""
    suffix = config_map_name("")
    named: Dict[str, str] = {}
    for peer in facts.get("peers") or []:
        chain = dig(peer, "spec", "security", "certificateChain", "name")
        named.setdefault(chain, str(dig(peer, "metadata", "name")))
    roots: Dict[str, List[Json]] = {}
    for obj in filter(is_ours, facts.get("config_maps") or []):
        name = str(dig(obj, "metadata", "name"))
        by_name_or_label = dig(obj, "metadata", "labels", PEER_LABEL) or name
        if name.endswith(suffix) and name != suffix:
            by_name_or_label = name[: -len(suffix)]
        roots.setdefault(named.get(name, by_name_or_label), []).append(obj)
    return roots


def _names_of_managers(plane: Optional[ControlPlaneFacts]) -> Set[str]:
    """Names of peers of which the control plane has gateways of ours."""
    managers: Iterable[str] = dig(plane, "object", "applied") or {}
    return {name[len(_PREFIX) :] for name in managers if name.startswith(_PREFIX) and name != INSTALL_MANAGER}


def _pair(
    plane: Optional[ControlPlaneFacts], peer_name: str, objects: Mapping[str, Optional[Json]], roots: List[Json]
) -> LivePair:
    """What a mesh has of one pair."""
    managed = [obj for obj in (*objects.values(), *roots) if obj is not None and is_ours(obj)]
    manager = field_manager(peer_name)
    gateways = _gateways(plane, manager)
    labels = (dig(obj, "metadata", "labels", PEER_LABEL) for obj in managed)
    return {
        "peer": next(filter(None, (*labels, *_meshes_of_gateways(gateways))), peer_name),
        "peer_name": peer_name,
        "field_manager": manager,
        "import_set": _ours(objects["imports"]),
        "export_set": _ours(objects["exports"]),
        "peer_object": _ours(objects["peers"]),
        "config_maps": roots,
        "traffic": [],
        "gateways": sorted({path.rpartition(".")[2] for path, _owners in gateways}),
        "shared_fields": _shared_fields(plane, gateways),
        "applied": manager in (dig(plane, "object", "applied") or {}),
        "unmanaged": [
            f"{_NAMED[collection]} {peer_name}"
            for collection, obj in objects.items()
            if obj is not None and not is_ours(obj)
        ],
    }


def _ours(obj: Optional[Json]) -> Optional[Json]:
    return obj if obj is not None and is_ours(obj) else None


def _gateways(plane: Optional[ControlPlaneFacts], manager: str) -> List[Tuple[str, List[str]]]:
    """Path and field managers of each gateway that a manager owns."""
    owners: Dict[str, List[str]] = plane["owners"] if plane else {}
    return [(path, names) for path, names in owners.items() if path.startswith(_GATEWAY_PATH) and manager in names]


def _meshes_of_gateways(gateways: List[Tuple[str, List[str]]]) -> List[str]:
    """The mesh after which gateways are called; an interrupted removal may have left no object with its name."""
    return _meshes_of_names([path.rpartition(".")[2] for path, _owners in gateways])


def _meshes_of_names(names: Sequence[str]) -> List[str]:
    """The meshes after which gateways are called by convention."""
    prefixes = (egress_name(""), ingress_name(""))
    return [name[len(prefix) :] for name in names for prefix in prefixes if name.startswith(prefix)]


def _shared_fields(plane: Optional[ControlPlaneFacts], gateways: List[Tuple[str, List[str]]]) -> Dict[str, Json]:
    """The gateways that other field managers own too, by JSON pointer: an apply without them would leave those parts."""
    pointers = {}
    for path, owners in gateways:
        if len(owners) > 1:
            keys = path.split(".")
            pointers["/" + "/".join(keys)] = dig(plane, "object", *keys)
    return {pointer: value for pointer, value in sorted(pointers.items()) if value is not None}
