# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: differences between live objects and those that the plan asks for. Pure."""

from __future__ import annotations

from typing import List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DISCOVERY_PORT,
    EGRESS,
    NOT_OURS,
    OURS,
    SERVICE_PORT,
    VIEW,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, differences, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import gateway_location, other_managers
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.definitions import (
    export_set_definition,
    import_set_definition,
    peer_definition,
    root_definition,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.desired import written_sides
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.gateways import desired_gateways
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.remote_section import plain_section
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.gateways import egress_faults, sees_peer
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import PENDING, READY, Plan, Side


def find_drift(plan: Plan, host: str, facts: Json) -> List[Problem]:
    """Differences of live objects that this run does not correct.

    Code ``unmanaged``: unmanaged objects that differ from the desired ones; they are used as they are. Code ``drift``: fields
    that another manager has set in a ServiceMeshPeer of ours. ``facts`` are the MeshFacts of the mesh.
    """
    found: List[Problem] = []
    for side in written_sides(plan, host, (READY, PENDING)):
        found += _gateway_drift(side, dig(facts, "control_plane"))
        for definition, live in definitions_with_live(plan, side, facts):
            if live is None:
                continue
            where = f"{definition['kind']} {side['namespace']}/{definition['metadata']['name']}"
            fields = differences(plain_object(body_of(definition)), plain_object(live))
            if is_ours(live):
                sent = differences(body_of(definition), live)
                unsent = [path for path in fields if path not in sent]
                found += _drift_problem(side, where, live.get("managers") or [], unsent)
            else:
                found += _unmanaged_problem(side, where, live.get("managers") or [], fields)
    return found


def find_unmanaged_sets(plan: Plan, host: str, facts: Json) -> List[Problem]:
    """The unmanaged service sets of a mesh that differ from the desired ones; they are used as they are."""
    found: List[Problem] = []
    for side in written_sides(plan, host, (READY, PENDING)):
        for collection, definition in _set_definitions(side):
            live = by_name(facts.get(collection)).get(side["peer_name"])
            if definition is not None and live is not None and not is_ours(live):
                where = f"{definition['kind']} {side['namespace']}/{side['peer_name']}"
                fields = differences(body_of(definition), live)
                found += _unmanaged_problem(side, where, live.get("managers") or [], fields)
    return found


def _set_definitions(side: Side) -> List[Tuple[str, Optional[Json]]]:
    """The sets that a side declares, by collection of the facts."""
    definitions: List[Tuple[str, Optional[Json]]] = []
    if side["imports"]:
        definitions.append(("imports", import_set_definition(side)))
    if side["exports"]:
        definitions.append(("exports", export_set_definition(side)))
    return definitions


def definitions_with_live(plan: Plan, side: Side, facts: Json) -> List[Tuple[Json, Optional[Json]]]:
    """The definitions of a side, each with the live object of its name."""
    peer = plan["meshes"][side["peer_host"]]
    definitions = _set_definitions(side)
    if side["state"] == READY:
        definitions += [("config_maps", root_definition(side, peer)), ("peers", peer_definition(side, peer))]
    return [
        (definition, by_name(facts.get(collection)).get(definition["metadata"]["name"]))
        for collection, definition in definitions
        if definition is not None
    ]


def body_of(definition: Json) -> Json:
    """What a definition asks for besides its metadata."""
    return {key: value for key, value in definition.items() if key in ("spec", "data")}


def plain_object(obj: Json) -> Json:
    """The same object with the plain spelling of ``spec.remote`` where a peer has it, so that two can be compared. The order of addresses
    has no meaning (maistra/istio pkg/servicemesh/federation/common/util.go, RemoteChecksum)."""
    if dig(obj, "spec", "remote") is None:
        return obj
    remote = plain_section(obj["spec"]["remote"])
    if remote.get("addresses"):
        remote = {**remote, "addresses": sorted(remote["addresses"])}
    return {**obj, "spec": {**obj["spec"], "remote": remote}}


def _gateway_drift(side: Side, control_plane: Optional[Json]) -> List[Problem]:
    found: List[Problem] = []
    for gateway in desired_gateways(side):
        live = dig(control_plane, "object", "spec", "gateways", gateway.kind, gateway.name)
        if gateway.owner not in NOT_OURS or live is None or control_plane is None:
            continue
        where = gateway_location(side["namespace"], gateway.kind, gateway.name)
        manager = other_managers(control_plane, gateway.kind, gateway.name)
        is_egress = gateway.kind == EGRESS
        faults = egress_faults(live, side["namespace"], side["peer_name"], control_plane) if is_egress else []
        if faults:
            message = f"it is managed by {manager}, and requests to {side['peer']} fail through it: {faults[0].message}"
            code = "unmanaged" if faults[0].fatal else "network-view"
            found.append(problem(code, side["mesh"], where, message, faults[0].remedy, peer=side["peer"]))
            continue
        # A view with more networks, or an empty one with all networks, has the peer's endpoints as well.
        ignored = (VIEW,) if sees_peer(live, side["peer_name"]) else ()
        needed = {key: value for key, value in gateway.entry.items() if key not in ignored}
        found += _unmanaged_problem(side, where, [manager], differences(needed_parts(needed), needed_parts(live)))
    return found


def needed_parts(gateway: Json) -> Json:
    """The parts of a gateway that federation needs: whether it is enabled, its network view, its ports by number, and the
    declared runtime settings."""
    relevant: Json = {"enabled": gateway.get("enabled")}
    if "runtime" in gateway:
        relevant["runtime"] = gateway["runtime"]
    if VIEW in gateway:
        relevant[VIEW] = gateway[VIEW]
    ports = dig(gateway, "service", "ports") or []
    relevant["service"] = {
        "ports": {
            str(port.get("port")): port.get("name")
            for port in ports
            if port.get("port") in (DISCOVERY_PORT, SERVICE_PORT)
        }
    }
    return relevant


def _drift_problem(side: Side, where: str, managers: List[str], fields: List[str]) -> List[Problem]:
    """Fields of an object of ours that this collection does not send and another manager has set."""
    if not fields:
        return []
    others = ", ".join(manager for manager in managers if not manager.startswith(OURS)) or "another manager"
    return [
        problem(
            "drift",
            side["mesh"],
            where,
            f"{others} has set {', '.join(fields)} to other values than the defaults; this is not changed",
            f"Remove {'it' if len(fields) == 1 else 'them'} from the object",
            peer=side["peer"],
            severity="warning",
        )
    ]


def _unmanaged_problem(side: Side, where: str, managers: List[str], fields: List[str]) -> List[Problem]:
    if not fields:
        return []
    manager = ", ".join(managers) or "an unknown manager"
    return [
        problem(
            "unmanaged",
            side["mesh"],
            where,
            f"it is managed by {manager}, and differs from the desired object in {', '.join(fields)}; it is used as it is",
            "Correct it there, or delete it and run federate.yml again",
            peer=side["peer"],
            severity="warning",
        )
    ]
