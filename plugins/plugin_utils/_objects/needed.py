# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the live objects that each direction of a pair needs, and those that no declared pair needs. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    EGRESS,
    INGRESS,
    is_adopted,
    owner,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Owner
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import gateway_managers, gateway_owner
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Side

#: The kind under which a gateway is listed: it is a part of the ServiceMeshControlPlane.
GATEWAY = "Gateway"
#: The facts with the objects of each kind that have the name of the ServiceMeshPeer.
_NAMED = {"peers": "ServiceMeshPeer", "imports": "ImportedServiceSet", "exports": "ExportedServiceSet"}

#: The live objects of a mesh by collection and name.
Live = Mapping[str, Mapping[str, Json]]


class NeededObject(TypedDict):
    """One object of a side, absent or live."""

    mesh: str
    kind: str
    namespace: str
    name: str
    owner: Owner
    exists: bool
    managers: List[str]


class SideObjects(TypedDict):
    """The objects of a side by what they are for: ``watching`` the peer and importing from it, or ``serving`` it and exporting to it."""

    watching: List[NeededObject]
    serving: List[NeededObject]


def live_objects(facts: Json) -> Live:
    """The live objects of a mesh, for ``side_objects`` of all its sides."""
    return {collection: by_name(facts.get(collection)) for collection in (*_NAMED, "config_maps")}


def side_objects(side: Side, facts: Json, live: Live) -> SideObjects:
    """The objects of one side. A set is only listed where it exists or has declared rules."""
    plane = dig(facts, "control_plane")
    peer = _named(side, "peers", live)
    roots = [_config_map(side, live)] if side["config_map"] else []
    imports = [_named(side, "imports", live)] if side["imports"] or _is_live(side, "imports", live) else []
    exports = [_named(side, "exports", live)] if side["exports"] or _is_live(side, "exports", live) else []
    return {
        "watching": [_gateway(side, plane, EGRESS, side["egress"]), *roots, peer, *imports],
        "serving": [_gateway(side, plane, INGRESS, side["ingress"]), *roots, peer, *exports],
    }


def undeclared_objects(mesh: str, namespace: str, names: List[str], live: Live) -> List[NeededObject]:
    """The live peers and sets of a mesh that are of no declared side; ``names`` are those of the declared ServiceMeshPeers."""
    return [
        _object(mesh, namespace, kind, name, live[collection][name])
        for collection, kind in _NAMED.items()
        for name in sorted(set(live[collection]) - set(names))
    ]


def _is_live(side: Side, collection: str, live: Live) -> bool:
    return side["peer_name"] in live[collection]


def _named(side: Side, collection: str, live: Live) -> NeededObject:
    name = side["peer_name"]
    return _object(side["mesh"], side["namespace"], _NAMED[collection], name, live[collection].get(name))


def _config_map(side: Side, live: Live) -> NeededObject:
    name = str(side["config_map"])
    return _object(side["mesh"], side["namespace"], "ConfigMap", name, live["config_maps"].get(name))


def _gateway(side: Side, plane: Optional[Json], kind: str, name: str) -> NeededObject:
    owned = gateway_owner(plane, kind, name)
    exists = dig(plane, "object", "spec", "gateways", kind, name) is not None
    return _listed((side["mesh"], GATEWAY, side["namespace"], name), owned, gateway_managers(plane, kind, name), exists)


def _object(mesh: str, namespace: str, kind: str, name: str, live: Optional[Json]) -> NeededObject:
    owned: Owner = "adopted" if live is not None and is_adopted(live) else owner(live)
    managers: List[str] = list((live or {}).get("managers") or [])
    return _listed((mesh, kind, namespace, name), owned, managers, live is not None)


def _listed(place: Tuple[str, str, str, str], owned: Owner, managers: List[str], exists: bool) -> NeededObject:
    mesh, kind, namespace, name = place
    return {
        "mesh": mesh,
        "kind": kind,
        "namespace": namespace,
        "name": name,
        "owner": owned,
        "exists": exists,
        "managers": managers if exists else [],
    }


def by_direction(sides: Mapping[str, Mapping[str, SideObjects]], host: str, peer: str) -> List[NeededObject]:
    """The objects of the link in which ``host`` watches ``peer``, of both meshes."""
    own: Dict[str, SideObjects] = dict(sides.get(host, {}))
    other: Dict[str, SideObjects] = dict(sides.get(peer, {}))
    watching = own[peer]["watching"] if peer in own else []
    return [*watching, *(other[host]["serving"] if host in other else [])]
