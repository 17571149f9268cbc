# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which steps of a run have anything to do, told from what KNOW has read. Pure.

What was read a moment ago still holds where nothing is written. So a step in which no mesh would write anything or wait
for anything is left out as a whole, and a second run costs hardly more than its reading. Whatever is not certain is done.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import read_gateway
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import judge_link, read_link
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import entry_pods
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import find_current_apply
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._report import links as link_report, recovery

#: The steps after KNOW and before TELL, in their order: the rooms of ``_objects``, then the wait for the links.
STEPS = (*desired.OBJECT_STEPS, "links")


def ahead(plan: Plan, facts: Mapping[str, Json]) -> Plan:
    """The plan with ``pending_steps``, ``readings``, ``restarts`` and ``terminated_pods``, told from the MeshFacts by host.

    ``pending_steps`` is the first step with anything to do and all after it. ``readings`` are the links of each host as KNOW has
    found them, in the shape of peer_wait's results: those of all ServiceMeshPeers that live. ``restarts`` are the hosts
    whose istiod is to be restarted as things stand: what no wait would bring need not be waited for before that.
    ``terminated_pods`` are the istiod pods of each host whose entries in a status count no more.
    """
    hosts = [host for host, mesh in sorted(plan["meshes"].items()) if mesh["in_play"] and mesh["readable"]]
    plan = {**plan, "terminated_pods": {host: _gone(facts[host]) for host in hosts}}
    done: Dict[str, List[Json]] = {host: [] for host in hosts}
    standing = {host: _standing(plan, host, facts[host]) for host in hosts}
    for room in desired.OBJECT_STEPS:
        if not all(_quiet(plan, room, host, facts[host], done[host]) for host in hosts):
            return {**plan, "pending_steps": list(STEPS[STEPS.index(room):]), "readings": standing, "restarts": []}
    first = {host: {"links": _awaited(plan, host, standing[host], done[host])} for host in hosts}
    # What a mesh exports shows in its own sets, so what another should import only shows over all.
    links = {host: _awaited(plan, host, standing[host], done[host], first) for host in hosts}
    good = all(link["healthy"] for host in hosts for link in links[host])
    readings = {host: link_report.newest(standing[host], {"links": links[host]}) for host in hosts}
    kept = recovery.needs(plan, readings, facts)
    restarts = recovery.to_restart(plan, kept)
    return {**plan, "pending_steps": [] if good and not restarts else [STEPS[-1]], "readings": readings, "restarts": restarts}


def _quiet(plan: Plan, room: str, host: str, facts: Json, done: List[Json]) -> bool:
    """Whether one mesh has nothing to write in a room and nothing to wait for after it; what is written already is put
    into ``done`` (kind, name, and time of our last apply)."""
    if room == "gateways" and not opened(plan, host, facts):
        return False
    for wish in desired.build_objects(plan, room, host, facts):
        definition = wish["definition"]
        last = find_current_apply(wish)
        if last is None:
            return False
        done.append({"kind": definition["kind"], "name": definition["metadata"]["name"], "time": last["time"]})
    return True


def opened(plan: Plan, host: str, facts: Json) -> bool:
    """Whether the control plane is ready and every gateway has its address, as far as there are gateways to wait for."""
    if not plan["meshes"][host]["gateways"]:
        return True
    services, nodes = facts.get("services") or {}, facts.get("nodes") or []
    found = (read_gateway(services.get(gateway["name"]), nodes, gateway["exposure"], gateway["internal"])
             for gateway in plan["meshes"][host]["gateways"])
    return bool((facts.get("control_plane") or {}).get("ready")) and not any("pending" in one for one in found)


def _gone(facts: Json) -> List[str]:
    """The istiod pods that stand in the status of peers and are no more. Pods are read after peers, so that one that came
    meanwhile is not among them; where none could be read, nothing is known."""
    living = {pod["name"] for pod in facts.get("istiod") or []}
    told = {pod for peer in facts.get("peers") or [] for pod in entry_pods(peer)}
    return sorted(told - living) if living else []


def _standing(plan: Plan, host: str, facts: Json) -> Json:
    """The links of all ServiceMeshPeers of one mesh that live, whatever this run can do about them."""
    rooms = [{one["metadata"]["name"]: one for one in facts.get(room) or []} for room in ("peers", "imports", "exports")]
    wanted = [{"peer": side["peer"], "peer_host": side["peer_host"], "peer_name": side["peer_name"],
               "terminated_pods": plan["terminated_pods"][host]}
              for _peer, side in sorted(plan["sides"][host].items()) if side["peer_name"] in rooms[0]]
    return {"links": [read_link(plan["meshes"][host]["mesh"], link, *(room.get(link["peer_name"]) for room in rooms))
                      for link in wanted]}


def _awaited(plan: Plan, host: str, standing: Json, done: Sequence[Json],
             readings: Optional[Mapping[str, Json]] = None) -> List[Json]:
    """The links of one mesh that can be up, judged; with the ``readings`` of all meshes in the light of what those export.

    Everything is written, so every peer that is waited for lives and stands in ``standing``.
    """
    written = [{"objects": done}]
    wanted = link_report.wait_links(plan, host, readings, link_report.changed_at(written),
                                link_report.roots_changed_at(written))
    read = {link["peer_name"]: link for link in standing["links"]}
    return [judge_link(one, dict(read[one["peer_name"]])) for one in wanted]
