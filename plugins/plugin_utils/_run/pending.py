# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the steps of a run in which a mesh has work, from what was discovered. Pure.

What was discovered is still true where nothing is written. A step in which no mesh would write or wait for anything is skipped as a
whole, so that a second run takes hardly longer than its reading. A step is not skipped where anything is uncertain.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name
from ansible_collections.ossm.federation.plugins.module_utils._product.links import LinkExpectation, LinkStatus
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import OPTIONAL, WRITING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import read_gateway
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import judge_link, read_link
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import entry_pods
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import find_current_apply
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._run import expectations, restarts as istiod_restarts


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
    current = {host: _current_links(plan, host, facts[host]) for host in hosts}
    for step in WRITING:
        if not all(_is_done(plan, step, host, facts[host], applied[host]) for host in hosts):
            return {
                **plan,
                "pending_steps": list(OPTIONAL[OPTIONAL.index(step) :]),
                "readings": current,
                "restarts": [],
            }
    first = {host: {"links": _expected_links(plan, host, current[host], applied[host])} for host in hosts}
    # The exports of a mesh are in its own sets, so the imports that another mesh should have are known after all were read.
    links = {host: _expected_links(plan, host, current[host], applied[host], first) for host in hosts}
    healthy = all(link["healthy"] for host in hosts for link in links[host])
    readings = {host: expectations.newest(current[host], {"links": links[host]}) for host in hosts}
    restarts = istiod_restarts.to_restart(plan, istiod_restarts.needs(plan, readings, facts))
    return {
        **plan,
        "pending_steps": [] if healthy and not restarts else [OPTIONAL[-1]],
        "readings": readings,
        "restarts": restarts,
    }


def _is_done(plan: Plan, step: str, host: str, facts: Json, applied: List[Json]) -> bool:
    """Tell whether a mesh has nothing to write in a step, and nothing to wait for after it.

    Objects that are as desired are added to ``applied`` (kind, name, and time of our last apply).
    """
    if step == "gateways" and not is_open(plan, host, facts):
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


def terminated_pods(facts: Json) -> List[str]:
    """The istiod pods in the status of peers that no longer exist.

    Pods are read after peers, so that a new pod is not among them; without a list of pods nothing is known.
    """
    existing = {pod["name"] for pod in facts.get("istiod") or []}
    listed = {pod for peer in facts.get("peers") or [] for pod in entry_pods(peer)}
    return sorted(listed - existing) if existing else []


def _current_links(plan: Plan, host: str, facts: Json) -> Json:
    """The links of all live ServiceMeshPeers of one mesh, also of those that this run does not write."""
    peers, imports, exports = (by_name(facts.get(key)) for key in ("peers", "imports", "exports"))
    links: List[LinkExpectation] = [
        {"peer": side["peer"], "peer_name": side["peer_name"], "terminated_pods": plan["terminated_pods"][host]}
        for _peer, side in sorted(plan["sides"][host].items())
        if side["peer_name"] in peers
    ]
    mesh = plan["meshes"][host]["mesh"]
    names = [link["peer_name"] for link in links]
    return {
        "links": [
            read_link(mesh, link, peers.get(name), imports.get(name), exports.get(name))
            for name, link in zip(names, links)
        ]
    }


def _expected_links(
    plan: Plan, host: str, current: Json, applied: Sequence[Json], readings: Optional[Mapping[str, Json]] = None
) -> List[LinkStatus]:
    """The links of one mesh that can be up, judged; with the ``readings`` of all meshes also by what those export.

    Everything is written, so every peer with an expectation exists and is in ``current``.
    """
    written = [{"objects": applied}]
    expected = expectations.wait_links(
        plan, host, readings, expectations.changed_at(written), expectations.roots_changed_at(written)
    )
    read: Dict[str, LinkStatus] = {link["peer_name"]: link for link in current["links"]}
    return [judge_link(link, read[link["peer_name"]]) for link in expected]
