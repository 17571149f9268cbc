# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the links of a mesh as its facts show them, in the shape of the results of peer_wait. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import last_apply
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import field_manager
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name
from ansible_collections.ossm.federation.plugins.module_utils._product.links import LinkExpectation, LinkStatus
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import judge_link, read_link
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import terminated_pods
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._run import expectations

#: The objects whose last apply of ours a link has to have read.
_APPLIED = {"peers": "ServiceMeshPeer", "imports": "ImportedServiceSet"}


def live_readings(plan: Plan, facts: Mapping[str, Json]) -> Plan:
    """The plan with ``readings`` and ``terminated_pods`` of every mesh that was read, judged by what is live: also where a step
    has work, and outside the limit."""
    hosts = [host for host, mesh in sorted(plan["meshes"].items()) if mesh["readable"] and facts.get(host)]
    plan = {**plan, "terminated_pods": {host: terminated_pods(facts[host]) for host in hosts}}
    current = {host: current_links(plan, host, facts[host], absent=True) for host in hosts}
    found: Dict[str, Json] = {}
    for host in hosts:
        expected = expected_links(plan, host, current[host], _applied(facts[host]), current)
        found[host] = expectations.newest(current[host], {"links": expected})
    return {**plan, "readings": found, "pending_steps": [], "restarts": []}


def _applied(facts: Json) -> List[Json]:
    """Our last applies to live peers and import sets, as mesh_objects lists what it wrote."""
    found: List[Json] = []
    for collection, kind in _APPLIED.items():
        for live in facts.get(collection) or []:
            name = live["metadata"]["name"]
            last = last_apply(live, field_manager(name))
            if last is not None:
                found.append({"kind": kind, "name": name, "time": last["time"]})
    return found


def current_links(plan: Plan, host: str, facts: Json, *, absent: bool = False) -> Json:
    """The links of all live ServiceMeshPeers of one mesh, also of those that this run does not write; with ``absent`` those of
    the sides without a ServiceMeshPeer as well."""
    peers, imports, exports = (by_name(facts.get(key)) for key in ("peers", "imports", "exports"))
    links: List[LinkExpectation] = [
        {"peer": side["peer"], "peer_name": side["peer_name"], "terminated_pods": plan["terminated_pods"][host]}
        for _peer, side in sorted(plan["sides"][host].items())
        if absent or side["peer_name"] in peers
    ]
    mesh = plan["meshes"][host]["mesh"]
    names = [link["peer_name"] for link in links]
    return {
        "links": [
            read_link(mesh, link, peers.get(name), imports.get(name), exports.get(name))
            for name, link in zip(names, links)
        ]
    }


def expected_links(
    plan: Plan, host: str, current: Json, applied: Sequence[Json], readings: Optional[Mapping[str, Json]] = None
) -> List[LinkStatus]:
    """The links of one mesh that can be up, judged; with the ``readings`` of all meshes also by what those export.

    A peer that does not exist is not in ``current``, and has no link here.
    """
    written = [{"objects": applied}]
    expected = expectations.wait_links(
        plan, host, readings, expectations.changed_at(written), expectations.roots_changed_at(written)
    )
    read: Dict[str, LinkStatus] = {link["peer_name"]: link for link in current["links"]}
    return [judge_link(link, read[link["peer_name"]]) for link in expected if link["peer_name"] in read]
