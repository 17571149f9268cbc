# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the plan of a run that writes service sets alone. Pure.

Its account may read nothing but these sets. So names come from the peers where they can be read, else from the labels of our sets, else
they are the declared or the default ones: a name that no peer has would share nothing. So two meshes that export one name get aliases, and
nothing is decided about gateways, addresses and trust. Names, aliases and rules are those that ``federate`` plans.
"""

from __future__ import annotations

import datetime
from typing import Dict, List, Mapping, Set

from ansible_collections.ossm.federation.plugins.module_utils._product import permissions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import PEER_LABEL, is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.resources import RESOURCES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.collisions import solve_collisions
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.mesh import plan_mesh
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.plan import (
    Findings,
    choose_all_names,
    live_exports,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.side import Pair, plan_side
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, PlannedMesh, Side

#: What such a run reads of a mesh.
_READ = ("namespace", "exports", "imports", "problems")


def build_sharing_plan(declaration: Declaration, facts: Mapping[str, Json], now: datetime.datetime) -> Plan:
    """Plan the service sets of all meshes; ``facts`` are MeshFacts by host, of which only sets and peers are used.

    A mesh whose sets could not be read is unknown, and its sides are skipped.
    """
    findings = Findings([], [found for found in declaration["problems"] if found["severity"] == "warning"])
    known = {host: _known(facts.get(host) or {}) for host in declaration["hosts"]}
    meshes: Dict[str, PlannedMesh] = {}
    for host in declaration["hosts"]:
        planned = plan_mesh(declaration["meshes"][host], known[host], declaration, now).mesh
        meshes[host] = {**planned, "readable": bool((facts.get(host) or {}).get("readable"))}
    blind = [host for host in declaration["hosts"] if not may(facts.get(host) or {}, "list")]
    names = choose_all_names(declaration, meshes, known, findings, blind)
    peer_names = {host: {peer: one.peer_name for peer, one in by_peer.items()} for host, by_peer in names.items()}
    solved, collisions, found = solve_collisions(declaration, peer_names, live_exports(peer_names, known))
    findings.add(found)
    resolved: Declaration = {**declaration, "meshes": solved}
    sides: Dict[str, Dict[str, Side]] = {
        host: {
            peer: plan_side(Pair(resolved, meshes[host], meshes[peer], known[host], chosen))[0]
            for peer, chosen in sorted(by_peer.items())
        }
        for host, by_peer in names.items()
    }
    return {
        "group": declaration["group"],
        "options": declaration["options"],
        "meshes": meshes,
        "sides": sides,
        "problems": findings.problems,
        "warnings": findings.warnings,
        "load_balancers": {"new": 0, "public": 0, "message": ""},
        "collisions": collisions,
        "notices": [],
        "exposure_lines": [],
        "unmanaged_gateways": [],
    }


def may(facts: Json, verb: str) -> bool:
    """Whether the account of a mesh is known to have a verb on ServiceMeshPeers."""
    need = permissions.Need(verb, RESOURCES["ServiceMeshPeer"])
    rights = facts.get("rights")
    return rights is not None and permissions.allowed(rights, need) is True


def _known(facts: Json) -> Json:
    """The part of the facts that the plan uses. A set of ours without a peer stands for that peer: it has its name and label."""
    peers: List[Json] = list(facts.get("peers") or [])
    names: Set[str] = {str(peer["metadata"]["name"]) for peer in peers}
    labels = {_label(peer) for peer in peers if is_ours(peer)}
    for live in [*(facts.get("imports") or []), *(facts.get("exports") or [])]:
        name = str(live["metadata"]["name"])
        if is_ours(live) and _label(live) and _label(live) not in labels and name not in names:
            peers.append({"metadata": {"name": name, "labels": live["metadata"]["labels"]}})
            names.add(name)
            labels.add(_label(live))
    return {**{key: facts[key] for key in _READ if key in facts}, "peers": peers}


def _label(live: Json) -> str:
    return str(dig(live, "metadata", "labels", PEER_LABEL) or "")
