# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from a plan to the objects that each step applies. Pure and sorted."""

from __future__ import annotations

import copy
from typing import Any, Callable, Dict, List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    ADOPTED,
    ADOPTED_GATEWAYS,
    NODE_PORT,
    NOT_OURS,
    is_adopted,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Remote
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.definitions import (
    control_plane_definition,
    export_set_definition,
    import_set_definition,
    peer_definition,
    root_definition,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.gateways import desired_gateways
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.identity_note import KEPT, kept_mark
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.import_rules import is_reading_due
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.remote_section import kept_section, other_section
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.traffic import traffic_objects
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import opposite_side
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import (
    PENDING,
    READY,
    SKIPPED,
    Plan,
    Side,
    SideState,
)


def gateway_objects(plan: Plan, host: str, facts: Json) -> List[DesiredObject]:
    """The trust domain if this run sets it, and the two gateways of each pair: all are applied to one control plane."""
    mesh = plan["meshes"][host]
    if not mesh["readable"] or not mesh["in_play"]:
        return []
    live = dig(facts, "control_plane", "object")
    desired = []
    if mesh["set_trust_domain"] and not is_skipped(plan, host):
        spec = {"security": {"trust": {"domain": mesh["trust_domain"]}}}
        desired.append(_desired_object(control_plane_definition(mesh, spec), None, live))
    for side in written_sides(plan, host, (READY, PENDING)):
        gateways, adopted = _gateways_section(side, plan, dig(facts, "control_plane"))
        if gateways:
            definition = control_plane_definition(mesh, {"gateways": gateways})
            if adopted:
                definition["metadata"]["annotations"] = {ADOPTED_GATEWAYS + side["peer"]: ",".join(adopted)}
            desired.append(_desired_object(definition, side, live))
    return desired


def set_objects(plan: Plan, host: str, facts: Json) -> List[DesiredObject]:
    """Import sets, then export sets. Neither has an effect before the peer exists, and its first full sync reads both."""
    desired = []
    for collection, build in (("imports", import_set_definition), ("exports", export_set_definition)):
        for side in written_sides(plan, host, (READY, PENDING)):
            live = by_name(facts.get(collection)).get(side["peer_name"])
            definition = build(side)
            rules = side["imports"] if collection == "imports" else side["exports"]
            # Declared emptiness only changes a set of ours.
            if definition is not None and (rules or (live is not None and is_ours(live))):
                desired += _unless_unmanaged(plan, side, definition, live)
    return desired


def peer_objects(plan: Plan, host: str, facts: Json) -> List[DesiredObject]:
    """For each peer the ConfigMap with its root, then the ServiceMeshPeer, if all values are known or, in check mode, will be."""
    desired = []
    import_sets = {
        target["peer"]: target
        for target in set_objects(plan, host, facts)
        if target["definition"]["kind"] == "ImportedServiceSet"
    }
    for side in written_sides(plan, host, (READY,)):
        peer = plan["meshes"][side["peer_host"]]
        root = root_definition(side, peer)
        if root is not None:
            live_root = by_name(facts.get("config_maps")).get(root["metadata"]["name"])
            desired += _unless_unmanaged(plan, side, root, live_root)
        live = by_name(facts.get("peers")).get(side["peer_name"])
        definition = peer_definition(side, peer)
        kept = kept_mark(side, live, facts.get("istiod"))
        if kept is not None:
            definition["metadata"]["annotations"][KEPT] = kept
        if live is not None and side["remote"]:
            terminated = (plan.get("terminated_pods") or {}).get(host) or []
            definition["spec"]["remote"] = _remote(side["remote"], live, import_sets.get(side["peer_host"]), terminated)
        desired += _unless_unmanaged(plan, side, definition, live, _unknown_values(side, plan))
    return desired


#: The builder of each step of ``module_utils._product.steps`` that writes.
BUILDERS: Dict[str, Callable[[Plan, str, Json], List[DesiredObject]]] = {
    "gateways": gateway_objects,
    "sets": set_objects,
    "peers": peer_objects,
    "traffic": traffic_objects,
}


def build_objects(plan: Plan, step: str, host: str, facts: Json) -> List[DesiredObject]:
    """The objects that one step applies to one mesh, in the order of writing; ``facts`` are its MeshFacts."""
    return BUILDERS[step](plan, host, facts)


def with_live_once(objects: List[DesiredObject]) -> List[DesiredObject]:
    """The objects for mesh_objects, which needs ``live`` with the first item of each object only.

    All gateways of a mesh are written to one control plane, a large object. To send it once saves two thirds of that task.
    """
    sent = set()
    once: List[DesiredObject] = []
    for target in objects:
        definition = target["definition"]
        key = (definition["kind"], definition["metadata"].get("namespace"), definition["metadata"]["name"])
        once.append({**target, "live": None} if key in sent else target)
        sent.add(key)
    return once


def is_skipped(plan: Plan, host: str) -> bool:
    """Whether all sides of a mesh are skipped, so that the mesh itself is not changed either."""
    sides = plan["sides"][host].values()
    return bool(sides) and all(side["state"] == SKIPPED for side in sides)


def written_sides(plan: Plan, host: str, states: Tuple[SideState, ...]) -> List[Side]:
    """The sides of a mesh in certain states that this run writes, sorted by host of the peer."""
    if not plan["meshes"][host]["in_play"]:
        return []
    return [side for dummy, side in sorted(plan["sides"][host].items()) if side["state"] in states]


def _gateways_section(side: Side, plan: Plan, control_plane: Optional[Json]) -> Tuple[Json, List[str]]:
    """The section ``spec.gateways`` for a pair, and which unmanaged gateways in it are adopted.

    Unmanaged gateways are not included unless they are adopted; then they are sent with their live values, so nothing of the
    Service changes. They stay adopted, as the next apply without them would remove what only we own.
    """
    adopt = bool(plan["options"].get("federation_adopt"))
    gateways: Json = {}
    adopted: List[str] = []
    for gateway in desired_gateways(side):
        live = dig(control_plane, "object", "spec", "gateways", gateway.kind, gateway.name)
        if gateway.owner not in NOT_OURS:
            gateways[gateway.kind] = {gateway.name: gateway.entry}
        elif live is not None and (adopt or gateway.owner == "adopted"):
            gateways[gateway.kind] = {gateway.name: _with_live_values(gateway.entry, live)}
            adopted.append(f"{gateway.kind}.{gateway.name}")
    return gateways, adopted


def _remote(remote: Remote, live: Json, import_set: Optional[DesiredObject], terminated_pods: List[str]) -> Json:
    """``spec.remote`` of a live peer: in its live spelling, and in another one where istiod has to read the import rules."""
    manager = conventions.field_manager(live["metadata"]["name"])
    other = None
    if import_set is not None and is_reading_due(import_set, live, terminated_pods):
        other = other_section(remote, live, manager)
    return other or kept_section(remote, live, manager)


def _unknown_values(side: Side, plan: Plan) -> Dict[str, str]:
    """The values of a ServiceMeshPeer that are known later, by path, and when."""
    if side["remote"]:
        return {}
    opposite = opposite_side(plan, side)
    when = f"known once {opposite['ingress']} of {side['peer']} has an address"
    paths = ["spec.remote.addresses"]
    if opposite["exposure"]["type"] == NODE_PORT:
        paths += ["spec.remote.discoveryPort", "spec.remote.servicePort"]
    return dict.fromkeys(paths, when)


def _desired_object(
    definition: Json, side: Optional[Side], live: Optional[Json], unknown: Optional[Dict[str, str]] = None
) -> DesiredObject:
    return {
        "definition": definition,
        "field_manager": conventions.field_manager(side["peer_name"] if side else None),
        "peer": side["peer_host"] if side else None,
        "live": live,
        "unknown": unknown or {},
    }


def _unless_unmanaged(
    plan: Plan, side: Side, definition: Json, live: Optional[Json], unknown: Optional[Dict[str, str]] = None
) -> List[DesiredObject]:
    """The desired object if it is absent or ours; an unmanaged one only if it is adopted, and then with its live values."""
    if live is not None:
        if not is_ours(live) and not plan["options"].get("federation_adopt"):
            return []
        if is_adopted(live) or not is_ours(live):
            definition = _adopted_definition(definition, live)
            unknown = None
    return [_desired_object(definition, side, live, unknown)]


def _adopted_definition(definition: Json, live: Json) -> Json:
    adopted: Json = {key: definition[key] for key in ("apiVersion", "kind", "metadata")}
    adopted["metadata"] = {**adopted["metadata"], "annotations": {ADOPTED: "true"}}
    for body in ("spec", "data"):
        if body in definition:
            adopted[body] = _with_live_values(definition[body], live.get(body) or {})
    return adopted


def _with_live_values(desired: Any, live: Any) -> Any:
    """The desired fields with their live values; fields that are not live are dropped."""
    if isinstance(desired, dict) and isinstance(live, dict):
        return {key: _with_live_values(desired[key], live[key]) for key in desired if key in live}
    return copy.deepcopy(live)
