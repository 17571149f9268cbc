# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: Differences between live objects and those that the plan asks for. Pure."""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DISCOVERY_PORT,
    EGRESS,
    NOT_OURS,
    OURS,
    SERVICE_PORT,
    VIEW,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import differences, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import made_by, place
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.desired import (
    _acting,
    _both,
    _own_objects,
    _told,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.gateways import egress_faults, sees
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import PENDING, READY, Plan, Side


def drift(made: Plan, host: str, facts: Json) -> List[Problem]:
    """Objects of others that are not as we would write them (code ``foreign``), and fields that others set in a
    ServiceMeshPeer of ours (code ``drift``): used as they are, and reported."""
    found: List[Problem] = []
    for side in _acting(made, host, (READY, PENDING)):
        found += _gateway_drift(side, dig(facts, "control_plane"))
        for definition, live in _own_objects(made, side, facts):
            if live is None:
                continue
            where = f"{definition['kind']} {side['namespace']}/{definition['metadata']['name']}"
            fields = differences(_with_ports(_told(definition)), _with_ports(live))
            if is_ours(live):
                sent = differences(_told(definition), live)
                unsent = [path for path in fields if path not in sent]
                found += _drifted(side, where, live.get("managers") or [], unsent)
            else:
                found += _foreign(side, where, live.get("managers") or [], fields)
    return found


def _with_ports(obj: Json) -> Json:
    """The same object with the ports that istiod takes where a peer names none, so that they can be compared."""
    if dig(obj, "spec", "remote") is None:
        return obj
    remote = {"discoveryPort": DISCOVERY_PORT, "servicePort": SERVICE_PORT, **obj["spec"]["remote"]}
    return {**obj, "spec": {**obj["spec"], "remote": remote}}


def _gateway_drift(side: Side, control_plane: Optional[Json]) -> List[Problem]:
    found: List[Problem] = []
    for kind, name, wanted, whose in _both(side):
        live = dig(control_plane, "object", "spec", "gateways", kind, name)
        if whose not in NOT_OURS or live is None or control_plane is None:
            continue
        where, by = place(side["namespace"], kind, name), made_by(control_plane, kind, name)
        faults = egress_faults(live, side["namespace"], side["peer_name"], control_plane) if kind == EGRESS else []
        if faults:
            message = f"it is managed by {by}, and requests to {side['peer']} fail through it: {faults[0].message}"
            code = "unmanaged" if faults[0].fatal else "network-view"
            found.append(problem(code, side["mesh"], where, message, faults[0].remedy, peer=side["peer"]))
            continue
        # A view with more networks, or with none and so with all, shows the peer's endpoints as well.
        needed = {key: value for key, value in wanted.items() if key != VIEW or not sees(live, side["peer_name"])}
        found += _foreign(side, where, [by], differences(_matter(needed), _matter(live)))
    return found


def _matter(gateway: Json) -> Json:
    """What of a gateway federation depends on: that it is enabled, its network view, its ports by number; and the
    runtime settings that somebody asked us for."""
    told: Json = {"enabled": gateway.get("enabled")}
    if "runtime" in gateway:
        told["runtime"] = gateway["runtime"]
    if VIEW in gateway:
        told[VIEW] = gateway[VIEW]
    ports = dig(gateway, "service", "ports") or []
    told["service"] = {
        "ports": {
            str(port.get("port")): port.get("name")
            for port in ports
            if port.get("port") in (DISCOVERY_PORT, SERVICE_PORT)
        }
    }
    return told


def _drifted(side: Side, where: str, managers: List[str], fields: List[str]) -> List[Problem]:
    """Fields of an object of ours that we do not send, and that somebody has set to what we would not have there."""
    if not fields:
        return []
    by = ", ".join(one for one in managers if not one.startswith(OURS)) or "somebody"
    return [
        problem(
            "drift",
            side["mesh"],
            where,
            f"{by} has set {', '.join(fields)}, which should be as it is by default; it is left as it is",
            f"Take {'it' if len(fields) == 1 else 'them'} out of the object",
            peer=side["peer"],
            severity="warning",
        )
    ]


def _foreign(side: Side, where: str, managers: List[str], fields: List[str]) -> List[Problem]:
    if not fields:
        return []
    by = ", ".join(managers) or "somebody else"
    return [
        problem(
            "unmanaged",
            side["mesh"],
            where,
            f"it is managed by {by}, and differs from what would be written in "
            f"{', '.join(fields)}; it is used as it is",
            "Correct it there, or delete it and run federate.yml again",
            peer=side["peer"],
            severity="warning",
        )
    ]
