# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the steps of a run in which a mesh has work, from what was discovered. Pure.

What was discovered is still true where nothing is written. A step in which no mesh would write or wait for anything is skipped as a
whole, so that a second run takes hardly longer than its reading. A step is not skipped where anything is uncertain.
"""

from __future__ import annotations

from typing import Dict, List, Mapping

from ansible_collections.ossm.federation.plugins.module_utils._product.steps import OPTIONAL, WRITING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import read_gateway
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import terminated_pods
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import find_current_apply
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._run import (
    expectations,
    readings,
    restarts as istiod_restarts,
    traffic,
)


def with_pending_steps(plan: Plan, facts: Mapping[str, Json]) -> Plan:
    """The plan with ``pending_steps``, ``readings``, ``restarts`` and ``terminated_pods``, from the MeshFacts by host.

    ``pending_steps`` is the first step with work and all later ones. ``readings`` are the links of each host as they were
    discovered, in the shape of peer_wait's results: those of all live ServiceMeshPeers. ``restarts`` are the hosts whose istiod
    is to be restarted in the current state: no wait before that would end. ``terminated_pods`` are the istiod pods of each host
    whose entries in a status are ignored.
    """
    hosts = [host for host, mesh in sorted(plan["meshes"].items()) if mesh["in_play"] and mesh["readable"]]
    plan = {**plan, "terminated_pods": {host: terminated_pods(facts[host]) for host in hosts}}
    applied: Dict[str, List[Json]] = {host: [] for host in hosts}
    current = {host: readings.current_links(plan, host, facts[host]) for host in hosts}
    for step in WRITING:
        if not all(_is_done(plan, step, host, facts[host], applied[host]) for host in hosts):
            return {
                **plan,
                "pending_steps": list(OPTIONAL[OPTIONAL.index(step) :]),
                "readings": current,
                "restarts": [],
            }
    first = {host: {"links": readings.expected_links(plan, host, current[host], applied[host])} for host in hosts}
    # The exports of a mesh are in its own sets, so the imports that another mesh should have are known after all were read.
    links = {host: readings.expected_links(plan, host, current[host], applied[host], first) for host in hosts}
    healthy = all(link["healthy"] for host in hosts for link in links[host])
    newest = {host: expectations.newest(current[host], {"links": links[host]}) for host in hosts}
    restarts = istiod_restarts.to_restart(plan, istiod_restarts.needs(plan, newest, facts))
    return {
        **plan,
        "pending_steps": [] if healthy and not restarts else [OPTIONAL[-1]],
        "readings": newest,
        "restarts": restarts,
    }


def _is_done(plan: Plan, step: str, host: str, facts: Json, applied: List[Json]) -> bool:
    """Tell whether a mesh has nothing to write in a step, and nothing to wait for after it.

    Objects that are as desired are added to ``applied`` (kind, name, and time of our last apply).
    """
    if step == "gateways" and not is_open(plan, host, facts):
        return False
    if step == "sets" and traffic.routes_withdrawn(plan, host, facts, {}, False):
        return False
    if step == "traffic" and traffic.removed_traffic(plan, host, facts, {}, False):
        return False
    for target in desired.build_objects(plan, step, host, facts):
        definition = target["definition"]
        last = find_current_apply(target)
        if last is None:
            return False
        applied.append({"kind": definition["kind"], "name": definition["metadata"]["name"], "time": last["time"]})
    return True


def is_open(plan: Plan, host: str, facts: Json) -> bool:
    """Tell whether the control plane is ready and every gateway has its address, where there are gateways to wait for."""
    gateways = plan["meshes"][host]["gateways"]
    if not gateways:
        return True
    services, nodes = facts.get("gateway_services") or {}, facts.get("nodes") or []
    states = (
        read_gateway(services.get(gateway["name"]), nodes, gateway["exposure"], gateway["internal"])
        for gateway in gateways
    )
    return bool((facts.get("control_plane") or {}).get("ready")) and not any("pending" in state for state in states)
