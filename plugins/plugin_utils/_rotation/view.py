# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what the clusters show of a rotation, from the facts of the meshes. Pure."""

from __future__ import annotations

from typing import Collection, Dict, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprints_in
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    ROOT_KEY,
    is_adopted,
    is_ours,
    istiod_name,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.links import LinkExpectation, LinkStatus
from ansible_collections.ossm.federation.plugins.module_utils._product.times import newest
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import has_reconciled, read_link
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import terminated_pods
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import opposite_side
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.rotation_mark import read_mark
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import (
    READY,
    Plan,
    PlannedMesh,
    RotationMark,
    Side,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.pods import (
    Pods,
    is_rolled_out,
    read_pods,
    root_in_use_since,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.types import (
    Access,
    LinkView,
    MeshView,
    PeerView,
    View,
)

_NO_PODS = Pods(None, {}, [], [], [])
Facts = Mapping[str, Json]


def peer_sides(plan: Plan, host: str, facts: Facts) -> List[Side]:
    """The sides of the peers of a mesh that have anything of the pair, or of which that is not known, sorted by host."""
    sides = [opposite_side(plan, side) for _peer, side in sorted(plan["sides"][host].items())]
    return [side for side in sides if _has_pair(plan, side, facts.get(side["host"]) or {})]


def _has_pair(plan: Plan, side: Side, facts: Json) -> bool:
    mesh = plan["meshes"][side["host"]]
    if mesh["by_file"] or not _is_read(mesh, facts):
        return True
    return side["peer_object"] != "absent" or _config_map(side, facts) is not None


def read_marks(plan: Plan, host: str, facts: Facts) -> List[RotationMark]:
    """The marks of a rotation of a mesh in the ConfigMaps of its peers."""
    marks = (read_mark(_config_map(side, facts.get(side["host"]) or {})) for side in peer_sides(plan, host, facts))
    return [mark for mark in marks if mark is not None]


def trusted_by_peers(plan: Plan, host: str, facts: Facts) -> Dict[str, Collection[str]]:
    """The fingerprints that each peer that could be read trusts, by host."""
    return {
        side["host"]: fingerprints_in(trusted_pem(side, facts[side["host"]]))
        for side in peer_sides(plan, host, facts)
        if side["config_map"] and _is_read(plan["meshes"][side["host"]], facts.get(side["host"]) or {})
    }


def trusted_pem(side: Side, facts: Json) -> str:
    """The roots in the live ConfigMap of a side."""
    return str(dig(_config_map(side, facts), "data", ROOT_KEY) or "")


def _is_read(mesh: PlannedMesh, facts: Json) -> bool:
    return mesh["readable"] and bool(facts.get("readable"))


def _config_map(side: Side, facts: Json) -> Optional[Json]:
    return by_name(facts.get("config_maps")).get(side["config_map"] or "")


def read_view(plan: Plan, host: str, facts: Facts) -> View:
    """What the clusters show of a rotation of the mesh of a host; ``facts`` are MeshFacts by host, the newest of each."""
    pods = _pods(plan, host, facts.get(host) or {})
    return {
        "mesh": _mesh_view(plan, host, facts.get(host) or {}, pods),
        "peers": [_peer_view(plan, side, facts, pods) for side in peer_sides(plan, host, facts)],
    }


def additional(facts: Json, kind: str) -> Optional[List[Json]]:
    """All additional objects of a kind; None where they were not read."""
    read = [one for one in facts.get("additional_objects") or [] if one["kind"] == kind and one["problem"] is None]
    return [obj for one in read for obj in one["objects"]] if read else None


def _istiod(plan: Plan, host: str, facts: Json) -> Optional[Json]:
    return by_name(additional(facts, "Deployment")).get(istiod_name(plan["meshes"][host]["control_plane"] or ""))


def _pods(plan: Plan, host: str, facts: Json) -> Optional[Pods]:
    """The proxies of the mesh; None where they are not known."""
    pods, mesh = additional(facts, "Pod"), plan["meshes"][host]
    if pods is None or mesh["by_file"]:
        return None
    since = root_in_use_since(facts, additional(facts, "Deployment") or [], istiod_name(mesh["control_plane"] or ""))
    gateways = [name for side in plan["sides"][host].values() for name in (side["ingress"], side["egress"])]
    return read_pods(pods, mesh["namespace"], gateways, since)


def _mesh_view(plan: Plan, host: str, facts: Json, pods: Optional[Pods]) -> MeshView:
    mesh, known = plan["meshes"][host], pods or _NO_PODS
    published = mesh["fingerprints"] if mesh["by_file"] else facts.get("fingerprints") or []
    message = "" if pods is not None else f"the pods of {mesh['mesh']} are not known"
    return {
        "published": sorted(published),
        "read": pods is not None,
        "message": message,
        "istiod_ready": is_rolled_out(_istiod(plan, host, facts)),
        "gateways": sorted(known.gateways),
        "old_gateways": known.old_gateways,
        "old_workloads": known.old_workloads,
        "unowned": known.unowned,
    }


def _peer_view(plan: Plan, side: Side, facts: Facts, pods: Optional[Pods]) -> PeerView:
    """The view of one peer, from its side."""
    back, known = opposite_side(plan, side), facts.get(side["host"]) or {}
    config_map, live = _config_map(side, known), by_name(known.get("peers")).get(side["peer_name"])
    access = _access(plan, side, known, config_map)
    watches = None if access in ("by file", "unreadable") else _read_link(side, known)
    watched = None if plan["meshes"][back["host"]]["by_file"] else _read_link(back, facts.get(back["host"]) or {})
    started, changed = (pods or _NO_PODS).gateways, _written_at(live, config_map)
    return {
        "host": side["host"],
        "mesh": side["mesh"],
        "access": access,
        "message": _message(plan, side, access, config_map),
        "config_map": f"ConfigMap {side['namespace']}/{side['config_map']}",
        "trusted": sorted(fingerprints_in(trusted_pem(side, known))),
        "marked": read_mark(config_map) is not None,
        "changed": changed,
        "reconciled": watches is not None and has_reconciled(watches, changed),
        "watches": _link_view(watches, f"{side['mesh']} could not be read"),
        "watched": _link_view(watched, f"{back['mesh']} could not be read"),
        "ingress_started": started.get(back["ingress"]) or _file_created(plan, side),
        "egress_started": started.get(back["egress"]),
    }


def _access(plan: Plan, side: Side, facts: Json, config_map: Optional[Json]) -> Access:
    mesh = plan["meshes"][side["host"]]
    if mesh["by_file"]:
        return "by file"
    if not _is_read(mesh, facts):
        return "unreadable"
    if not mesh["in_play"]:
        return "outside"
    if side["peer_object"] == "unmanaged" or (config_map and (not is_ours(config_map) or is_adopted(config_map))):
        return "unmanaged"
    return "ours" if side["state"] == READY else "skipped"


def _message(plan: Plan, side: Side, access: Access, config_map: Optional[Json]) -> str:
    """Why this run does not write the side of a peer; empty where it does."""
    if access == "unmanaged":
        managers = [name for name in (config_map or {}).get("managers") or [] if name]
        return f"it is managed by {', '.join(managers) or 'others'}, who add the new root, or adopt it"
    return {
        "ours": "",
        "by file": "another administrator manages it",
        "unreadable": f"{side['mesh']} could not be read",
        "outside": f"{side['mesh']} is outside the limit of this run",
        "skipped": side["message"],
    }[access]


def _written_at(live: Optional[Json], config_map: Optional[Json]) -> Optional[str]:
    """When we last changed the peer or the ConfigMap with its root."""
    applies = [apply for obj in (live, config_map) for apply in (dig(obj, "applied") or {}).values()]
    return newest(apply.get("time") for apply in applies)


def _read_link(side: Side, facts: Json) -> Optional[LinkStatus]:
    """The link of a side as its mesh shows it; None where the mesh was not read."""
    if not facts.get("readable"):
        return None
    expectation: LinkExpectation = {
        "peer": side["peer"],
        "peer_name": side["peer_name"],
        "terminated_pods": terminated_pods(facts),
        "root_since": side["root_applied"],
    }
    return read_link(side["mesh"], expectation, by_name(facts.get("peers")).get(side["peer_name"]), None, None)


def _link_view(link: Optional[LinkStatus], unread: str) -> LinkView:
    if link is None:
        return {"connected": None, "last_attempt": None, "message": unread, "root_not_loaded": False}
    text = f"{link['text']}: " if link["text"] and not link["connected"] else ""
    return {
        "connected": link["connected"],
        "last_attempt": link["last_attempt"],
        "message": f"{text}{link['message']}",
        "root_not_loaded": link["root_not_loaded"],
    }


def _file_created(plan: Plan, side: Side) -> Optional[str]:
    """When the administrator of a rotating mesh that is known by a file wrote the file: after the gateways were replaced."""
    identity = side["identity_file"]["identity"] if side["identity_file"] else None
    return identity["created"] if identity and plan["meshes"][side["peer_host"]]["by_file"] else None
