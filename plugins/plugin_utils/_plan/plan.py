# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from a declaration and what was read to a plan. Pure."""

from __future__ import annotations

import datetime
from typing import Collection, Dict, List, Mapping, NamedTuple, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.peer_names import peer_names as choose_peer_names
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Collision, Declaration, DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.address import (
    Change,
    address_problems,
    internal_problems,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.advance import update_awaited_gateways
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.collisions import solve_collisions
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.exposure import exposure_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.load_balancers import (
    check_limit,
    count_load_balancers,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.mesh import find_conflicts, plan_mesh
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import list_sides
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.peer_names import (
    LiveMesh,
    LivePeers,
    PeerNames,
    choose_names,
    find_live_peers,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.remote import connect_side
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.side import (
    Pair,
    is_confirmed,
    plan_side,
    skip_rival_roots,
    unmanaged_gateway_lines,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import SKIPPED, Plan, PlannedMesh, Side

#: The parts of a plan, and of a mesh in it, that roles read.
_SHOWN = ("group", "options", "pending_steps", "problems", "recorded_at", "restarts", "undeclared")
_SHOWN_OF_MESH = ("mesh", "namespace", "control_plane", "readable")

Meshes = Dict[str, PlannedMesh]
#: The names of all sides, by host and by host of the peer.
Names = Dict[str, Dict[str, PeerNames]]


class Findings(NamedTuple):
    """Problems of the whole plan, sorted by whether they stop the run."""

    problems: List[Problem]
    warnings: List[Problem]

    def add(self, found: List[Problem]) -> None:
        for finding in found:
            (self.problems if finding["severity"] == "error" else self.warnings).append(finding)


def build_plan(declaration: Declaration, facts: Mapping[str, Json], now: Optional[datetime.datetime] = None) -> Plan:
    """Choose names, exposures and trust domains, and find what only shows across meshes.

    ``facts`` are MeshFacts by host. A host without facts, or with ``readable`` false, is unknown: its own sides are skipped, the
    opposite sides wait, all other pairs go on. The same holds for a mesh whose root is invalid at ``now`` (with time zone;
    default: the current time). A mesh that is known by identity files has no facts; its files are in the declaration.
    """
    moment = now or datetime.datetime.now(datetime.timezone.utc)
    findings = Findings([], [found for found in declaration["problems"] if found["severity"] == "warning"])
    meshes: Meshes = {}
    for host in declaration["hosts"]:
        meshes[host], found = plan_mesh(declaration["meshes"][host], facts.get(host), declaration, moment)
        findings.add(found)
    findings.add(find_conflicts(meshes, declaration["options"]))
    names = choose_all_names(declaration, meshes, facts, findings)
    peer_names = {host: {peer: one.peer_name for peer, one in by_peer.items()} for host, by_peer in names.items()}
    solved, collisions, found = solve_collisions(declaration, peer_names, live_exports(peer_names, facts))
    findings.add(found)
    plan: Plan = {
        "group": declaration["group"],
        "options": declaration["options"],
        "meshes": meshes,
        "sides": _plan_sides({**declaration, "meshes": solved}, meshes, facts, names, findings),
        "problems": findings.problems,
        "warnings": findings.warnings,
        "load_balancers": {"new": 0, "public": 0, "message": ""},
        "collisions": collisions,
        "notices": [],
        "exposure_lines": [],
        "unmanaged_gateways": [],
    }
    _complete(plan, facts, names)
    return plan


def public_plan(plan: Plan) -> Json:
    """The part of a plan that roles read, and no more: before ansible-core 2.19 each expression of each host visits all of it.

    ``by_file`` are the hosts of meshes that are known by identity files, ``awaits_gateways`` tells whether a mesh waits for any.
    """
    meshes = {
        host: {
            **{key: value for key, value in mesh.items() if key in _SHOWN_OF_MESH},
            "awaits_gateways": bool(mesh["gateways"]),
        }
        for host, mesh in plan["meshes"].items()
    }
    by_file = [host for host, mesh in sorted(plan["meshes"].items()) if mesh["by_file"]]
    return {**{key: value for key, value in plan.items() if key in _SHOWN}, "meshes": meshes, "by_file": by_file}


def choose_all_names(
    declaration: Declaration,
    meshes: Meshes,
    facts: Mapping[str, Json],
    findings: Findings,
    blind: Collection[str] = (),
) -> Names:
    """Choose the names of all sides; a declared name that comes too late is a problem.

    ``blind`` are readable hosts whose peers may exist unseen: a peer has the declared or the default name there.
    """
    live = {host: _live_mesh(declaration, meshes, facts, host) for host in declaration["hosts"]}
    live_peers = {
        host: find_live_peers(live[host], declaration["meshes"][host]["peer_names"]) for host in declaration["hosts"]
    }
    current = {host: live_peers[host].names for host in declaration["hosts"] if meshes[host]["readable"]}
    for host in current:
        if host in blind:
            current[host] = {**_usual_names(declaration, live[host]), **current[host]}
    peer_names = choose_peer_names(declaration, current)
    for host in declaration["hosts"]:
        findings.add(_late_names(declaration["meshes"][host], meshes, live_peers[host]))
    return {host: choose_names(live[host], peer_names[host], live_peers[host]) for host in declaration["hosts"]}


def _usual_names(declaration: Declaration, live: LiveMesh) -> Dict[str, str]:
    """The declared or the default names of all peers of a mesh, by host."""
    declared = declaration["meshes"][live.own["host"]]["peer_names"]
    return {host: declared.get(host) or partner["mesh"] for host, partner in live.partners.items()}


def _live_mesh(declaration: Declaration, meshes: Meshes, facts: Mapping[str, Json], host: str) -> LiveMesh:
    partners = [other for pair in declaration["pairs"] if host in pair for other in pair if other != host]
    known = facts.get(host) or {}
    return LiveMesh(
        meshes[host],
        {partner: meshes[partner] for partner in partners},
        known.get("peers") or [],
        known.get("control_plane"),
    )


def _late_names(declared: DeclaredMesh, meshes: Meshes, live_peers: LivePeers) -> List[Problem]:
    """Declared names of peers that have another name already.

    A name in use never changes: host names, network view and sets depend on it, and istiod would see another peer.
    """
    return [
        problem(
            "peer-name-in-use",
            declared["mesh"],
            f"mesh_peer_names.{meshes[peer]['mesh']}",
            f"{declared['mesh']} already uses the name {live_peers.names[peer]!r} for {meshes[peer]['mesh']}, and a name "
            "in use never changes",
            f"Write {live_peers.names[peer]}, or remove the entry; for another name remove the link first",
            peer=meshes[peer]["mesh"],
        )
        for peer, name in sorted(declared["peer_names"].items())
        if live_peers.names.get(peer, name) != name
    ]


def live_exports(
    peer_names: Mapping[str, Mapping[str, str]], facts: Mapping[str, Json]
) -> Dict[str, Dict[str, List[Rule]]]:
    """The live export rules, by host and by host of the peer."""
    rules: Dict[str, Dict[str, List[Rule]]] = {}
    for host, by_peer in peer_names.items():
        sets = by_name((facts.get(host) or {}).get("exports"))
        rules[host] = {peer: dig(sets.get(name), "spec", "exportRules") or [] for peer, name in by_peer.items()}
    return rules


def _plan_sides(
    declaration: Declaration, meshes: Meshes, facts: Mapping[str, Json], names: Names, findings: Findings
) -> Dict[str, Dict[str, Side]]:
    """Plan all sides of all meshes, by host and by host of the peer."""
    sides: Dict[str, Dict[str, Side]] = {host: {} for host in declaration["hosts"]}
    for host, by_peer in names.items():
        known = facts.get(host) or {}
        changes: Dict[str, List[Change]] = {}
        claimed = {chosen.peer_name for chosen in by_peer.values()}
        for peer, chosen in sorted(by_peer.items()):
            side, changes[peer] = plan_side(Pair(declaration, meshes[host], meshes[peer], known, chosen))
            findings.add(_registry_conflict(meshes[host], meshes[peer], chosen, known))
            skip_rival_roots(side, meshes[peer], known, claimed)
            sides[host][peer] = side
        findings.add(_exposure_problems(declaration, meshes[host], sides[host], changes))
    return sides


def _registry_conflict(own: PlannedMesh, peer: PlannedMesh, names: PeerNames, facts: Json) -> List[Problem]:
    """A peer with the name of the local cluster's registry is rejected by istiod (its discovery/controller.go)."""
    cluster = dig(facts, "control_plane", "cluster_name") or conventions.DEFAULT_CLUSTER_NAME
    if names.peer_name.lower() != cluster.lower():
        return []
    return [
        problem(
            "peer-name-registry",
            own["mesh"],
            f"ServiceMeshPeer {own['namespace']}/{names.peer_name}",
            f"the peer has the name of the registry of {own['mesh']}'s own cluster, {cluster}",
            f"Give {peer['mesh']} another name in mesh_peer_names of {own['mesh']}",
            peer=peer["mesh"],
            severity="warning" if names.live else "error",
        )
    ]


def _exposure_problems(
    declaration: Declaration, own: PlannedMesh, sides: Mapping[str, Side], changes: Mapping[str, List[Change]]
) -> List[Problem]:
    """Problems of the exposure of one mesh's gateways, as far as this run writes them."""
    if not own["in_play"] or not own["readable"]:
        return []
    written = {peer: side for peer, side in sides.items() if side["state"] != SKIPPED}
    declared = declaration["meshes"][own["host"]]["ingress_by_peer"]
    ingress_by_peer = {peer: declared.get(peer, {}) for peer in written}
    return [
        *internal_problems(own, ingress_by_peer, written),
        *address_problems(own, changes, written, is_confirmed(declaration, own)),
    ]


def _complete(plan: Plan, facts: Mapping[str, Json], names: Names) -> None:
    """Add what needs both sides of each pair, and the lines for people."""
    for side in list_sides(plan):
        connect_side(plan, side, facts.get(side["peer_host"]))
    update_awaited_gateways(plan)
    plan["load_balancers"] = count_load_balancers(plan, facts)
    plan["notices"] = [found["message"] for found in plan["collisions"] if _is_notable(plan, found)]
    plan["exposure_lines"] = exposure_lines(plan)
    for side in list_sides(plan):
        control_plane = (facts.get(side["host"]) or {}).get("control_plane")
        chosen = names[side["host"]][side["peer_host"]]
        plan["unmanaged_gateways"] += unmanaged_gateway_lines(side, chosen, control_plane)
    plan["problems"] += check_limit(plan)


def _is_notable(plan: Plan, collision: Collision) -> bool:
    """Whether this run decides something about a collision that is not declared."""
    sides = [plan["sides"][exporter["host"]][collision["consumer_host"]] for exporter in collision["exporters"]]
    return collision["solution"] == "alias" or any(
        side["peer_object"] == "absent" and side["peer_name"] != side["peer"] for side in sides
    )
