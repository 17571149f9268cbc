# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: how the results of a step change the plan. Pure."""

from __future__ import annotations

import copy
from typing import List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.gateways import GatewayFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import list_sides, opposite_side
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.remote import (
    declared_address,
    set_pending,
    to_remote,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import (
    READY,
    SKIPPED,
    STEPS,
    AwaitedGateway,
    Plan,
    PlannedMesh,
    Side,
)


def advance(plan: Plan, step: str, results: Mapping[str, Json], check_mode: bool = False) -> Plan:
    """Apply the results of a step, by host, and return a new plan.

    Results are those of ``mesh_objects`` for the steps gateways, sets and peers, those of ``gateway_wait`` for addresses, and
    ``problems`` for preflight. A failed side is skipped from here on, and the opposite side goes on. In check mode the address
    of a gateway that this run would create stays unknown, and the side stays ready.
    """
    if step not in STEPS:
        raise ValueError(f"there is no step {step!r}; the steps are {', '.join(STEPS)}")
    after = copy.deepcopy(plan)
    for host in sorted(set(results) & set(after["sides"])):
        for found in results[host].get("problems") or []:
            _add_problem(after, host, found)
    if step == "addresses":
        for side in list_sides(after):
            if side["peer_host"] in results and not after["meshes"][side["peer_host"]]["by_file"]:
                _set_address(after, side, results[side["peer_host"]], check_mode)
    _wait_for_skipped(after)
    update_awaited_gateways(after)
    return after


def gateways_to_wait_for(plan: Plan, host: str, written: Json) -> List[AwaitedGateway]:
    """The ingress gateways of a mesh whose pairs are still planned after the gateways were ``written`` (result of mesh_objects)."""
    failed = {found.get("peer") for found in written.get("problems") or [] if found["severity"] == "error"}
    sides = plan["sides"][host]
    return [
        gateway
        for gateway in plan["meshes"][host]["gateways"]
        if not failed & {None, gateway["peer"], sides[gateway["peer"]]["peer"]}
    ]


def update_awaited_gateways(plan: Plan) -> None:
    """Set for each mesh the ingress gateways whose addresses are needed and not declared."""
    for host, mesh in plan["meshes"].items():
        mesh["gateways"] = [
            {
                "name": side["ingress"],
                "exposure": side["exposure"]["type"],
                "internal": side["exposure"]["internal"],
                "peer": peer,
            }
            for peer, side in sorted(plan["sides"][host].items())
            if side["state"] != SKIPPED and not _is_declared(side)
        ]


def _add_problem(plan: Plan, host: str, found: Problem) -> None:
    """Add a problem of a step; an error skips one side, or all sides of the mesh."""
    if found["severity"] != "error":
        plan["warnings"].append(found)
        return
    peer = found.get("peer")
    if peer is None:
        plan["meshes"][host]["problems"].append(found)
    for side in plan["sides"][host].values():
        if peer in (None, side["peer"], side["peer_host"]):
            if peer is not None:
                side["problems"].append(found)
            side["state"], side["message"], side["pending_on"] = SKIPPED, found["message"], None


def _set_address(plan: Plan, side: Side, result: Json, check_mode: bool) -> None:
    """Set the address of the peer's gateway from the peer's ``gateway_wait``.

    The identity file for a mesh without access needs our address whether or not that mesh's own file exists.
    """
    if side["state"] != READY and not plan["meshes"][side["host"]]["by_file"]:
        return
    opposite = opposite_side(plan, side)
    read: Optional[GatewayFacts] = (result.get("gateways") or {}).get(opposite["ingress"])
    address: GatewayFacts = read or {}
    side["remote"] = declared_address(opposite) or to_remote(address, opposite)
    is_known_later = check_mode and opposite["state"] != SKIPPED
    if side["state"] == READY and side["remote"] is None and not is_known_later:
        reason = address.get("pending") or result.get("message") or "its state is unknown"
        set_pending(side, f"{opposite['ingress']} of {side['peer']} is not reachable yet: {reason}")


def _wait_for_skipped(plan: Plan) -> None:
    """Make sides wait whose peer could not do its part before its address, or its trust domain, was known."""
    for side in list_sides(plan):
        opposite = opposite_side(plan, side)
        is_incomplete = side["remote"] is None or _lacks_trust_domain(plan["meshes"][side["peer_host"]])
        if side["state"] == READY and opposite["state"] == SKIPPED and is_incomplete:
            set_pending(side, f"{side['peer']} could not do its side: {opposite['message']}")


def _lacks_trust_domain(mesh: PlannedMesh) -> bool:
    """Whether a mesh should have got another trust domain and failed as a whole."""
    return mesh["set_trust_domain"] and any("peer" not in found for found in mesh["problems"])


def _is_declared(side: Side) -> bool:
    """Whether addresses and ports of a gateway are declared, so that its Service is not needed."""
    return bool(side["exposure"]["addresses"]) and declared_address(side) is not None
