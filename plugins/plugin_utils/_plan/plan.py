# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from a declaration and what was read to a plan, and the plan's way through the steps."""

from __future__ import annotations

import copy
import datetime
from itertools import combinations
from typing import Any, Dict, List, Mapping, Optional, Set, Tuple, cast

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprints_in
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import NOT_OURS, owner
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.platforms import platform_of
from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Owner,
    Problem,
    Remote,
    Rule,
    problem,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers import (
    control_plane as control_plane_reader,
    gateway as gateway_reader,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import read_gateway
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import read_peer
from ansible_collections.ossm.federation.plugins.plugin_utils._model.peer_names import peer_names
from ansible_collections.ossm.federation.plugins.plugin_utils._model.trust import judge_roots, root_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import (
    Collision,
    Declaration,
    DeclaredMesh,
    Identity,
    IdentityFile,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import address as addresses, exposure, gateways
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.collisions import solve
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.peer_names import (
    LivePeers,
    PeerNames,
    choose_names,
    find_live_peers,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import (
    DIRECTIONS,
    PENDING,
    READY,
    SKIPPED,
    STEPS,
    AwaitedGateway,
    Contact,
    Direction,
    GatewayOwners,
    LoadBalancers,
    Plan,
    PlannedMesh,
    Side,
    SideState,
)

KINDS: Tuple[Tuple[Direction, str], ...] = (("ingress", conventions.INGRESS), ("egress", conventions.EGRESS))
_HIDDEN = ("sides", "readings", "terminated_pods", "collisions")


def build_plan(
    declaration: Declaration, facts: Mapping[str, Json], now: Optional[datetime.datetime] = None
) -> Plan:
    """Choose names, exposures and trust domains, and find what only shows across meshes.

    ``facts`` are MeshFacts by host; a host without facts, or with ``readable`` false, is unknown: its own sides are
    skipped, the sides of others about it wait, all other pairs go on. So it is with a mesh whose root is refused at the
    moment ``now`` (with its zone; the present when it is not given, the only thing here that is not in the arguments).
    A mesh that is known by identity files has no facts; what its files say is in the declaration.
    """
    moment = now or datetime.datetime.now(datetime.timezone.utc)
    problems: List[Problem] = []
    warnings = [one for one in declaration["problems"] if one["severity"] == "warning"]
    meshes: Dict[str, PlannedMesh] = {}
    for host in declaration["hosts"]:
        meshes[host], found = _planned(declaration["meshes"][host], facts.get(host), declaration, moment)
        _sort(found, problems, warnings)
    _sort(_twice(meshes) + _trust_domains(meshes, declaration["options"]), problems, warnings)
    chosen, found = _chosen(declaration, meshes, facts)
    _sort(found, problems, warnings)
    called = {host: {peer: one.peer_name for peer, one in by_peer.items()} for host, by_peer in chosen.items()}
    solved, collisions, found = solve(declaration, called, _exported(called, facts))
    _sort(found, problems, warnings)
    declaration = {**declaration, "meshes": solved}
    sides: Dict[str, Dict[str, Side]] = {host: {} for host in declaration["hosts"]}
    differing: Dict[str, Dict[str, List[addresses.Change]]] = {host: {} for host in declaration["hosts"]}
    for host, by_peer in chosen.items():
        for peer, found_names in sorted(by_peer.items()):
            sides[host][peer], differing[host][peer] = _side(declaration, meshes, facts, (host, peer), found_names)
            _sort(_registry(meshes[host], meshes[peer], found_names, facts.get(host)), problems, warnings)
            claimed = {one.peer_name for one in by_peer.values()}
            _rival_roots(sides[host][peer], meshes[peer], _facts(facts, host), claimed)
        _sort(_openings(declaration, meshes[host], sides[host], differing[host]), problems, warnings)
    made: Plan = {
        "group": declaration["group"],
        "options": declaration["options"],
        "meshes": meshes,
        "sides": sides,
        "problems": problems,
        "warnings": warnings,
        "load_balancers": {"new": 0, "public": 0, "message": ""},
        "collisions": collisions,
        "notices": [],
        "exposure_lines": [],
        "unmanaged_gateways": [
            message
            for host in sorted(sides)
            for peer in sorted(sides[host])
            for message in _uses(sides[host][peer], chosen[host][peer], _facts(facts, host).get("control_plane"))
        ],
    }
    for host, peer in _directions(made):
        _meet(made, host, peer, facts.get(peer))
    _finish(made)
    made["load_balancers"] = load_balancers(made, facts)
    made["notices"] = [one["message"] for one in collisions if _is_news(made, one)]
    made["exposure_lines"] = addresses.reached(made)
    problems += _too_many(made)
    return made


def advance(made: Plan, step: str, results: Mapping[str, Json], check_mode: bool = False) -> Plan:
    """Take in what a step returned, by host: ``mesh_objects`` results of the steps gateways, sets and peers,
    ``gateway_wait`` results of the step addresses, ``problems`` of the step preflight. Returns a new plan.

    A failed pair is skipped from here on, on the failing side only. In check mode the address of a gateway that this
    run would make stays unknown, and the side stays ready.
    """
    if step not in STEPS:
        raise ValueError(f"there is no step {step!r}; there are {', '.join(STEPS)}")
    after = copy.deepcopy(made)
    for host in sorted(set(results) & set(after["sides"])):
        for found in results[host].get("problems") or []:
            _take(after, host, found)
    if step == "addresses":
        for host, peer in _directions(after):
            if peer in results and not after["meshes"][peer]["by_file"]:
                _address(after["sides"][host][peer], after, results[peer], check_mode)
    _wait_for_skipped(after)
    _finish(after)
    return after


def gateways_to_wait_for(made: Plan, host: str, written: Json) -> List[AwaitedGateway]:
    """The ingress gateways of a mesh whose pairs are still in the plan after the gateways were written."""
    lost = {found.get("peer") for found in written.get("problems") or [] if found["severity"] == "error"}
    sides = made["sides"][host]
    return [
        gateway
        for gateway in made["meshes"][host]["gateways"]
        if not lost & {None, gateway["peer"], sides[gateway["peer"]]["peer"]}
    ]


def public_plan(made: Plan) -> Json:
    """The part of a plan that roles and people look at: all but the sides, the readings, the pods that are gone, the
    collisions and the roots themselves; ``by_file`` are the hosts of meshes that are known by identity files."""
    meshes = {
        host: {key: value for key, value in mesh.items() if key not in ("root", "roots")}
        for host, mesh in made["meshes"].items()
    }
    by_file = [host for host, mesh in sorted(made["meshes"].items()) if mesh["by_file"]]
    return {**{key: value for key, value in made.items() if key not in _HIDDEN}, "meshes": meshes, "by_file": by_file}


def _sort(found: List[Problem], problems: List[Problem], warnings: List[Problem]) -> None:
    for one in found:
        (problems if one["severity"] == "error" else warnings).append(one)


def _facts(facts: Mapping[str, Json], host: str) -> Json:
    return facts.get(host) or {}


def _is_news(made: Plan, found: Collision) -> bool:
    """Whether this run does something that nobody asked for about a name that is offered twice."""
    sides = [made["sides"][one["host"]][found["consumer_host"]] for one in found["exporters"]]
    return found["solution"] == "alias" or any(
        side["peer_object"] == "absent" and side["peer_name"] != side["peer"] for side in sides
    )


def _partners(declaration: Declaration, host: str) -> List[str]:
    return [other for pair in declaration["pairs"] if host in pair for other in pair if other != host]


def _directions(made: Plan) -> List[Tuple[str, str]]:
    return [(host, peer) for host in sorted(made["sides"]) for peer in sorted(made["sides"][host])]




def _chosen(
    declaration: Declaration, meshes: Mapping[str, PlannedMesh], facts: Mapping[str, Json]
) -> Tuple[Dict[str, Dict[str, PeerNames]], List[Problem]]:
    """The names of all sides by host and by host of the peer, and names that were wished for too late."""
    peers = {host: {peer: meshes[peer] for peer in _partners(declaration, host)} for host in declaration["hosts"]}
    lives = {host: (_facts(facts, host).get("peers") or [], _facts(facts, host).get("control_plane")) for host in peers}
    held = {
        host: find_live_peers(meshes[host], peers[host], declaration["meshes"][host]["peer_names"], *lives[host]) for host in peers
    }
    called = peer_names(declaration, {host: held[host].names for host in peers if meshes[host]["readable"]})
    problems = [one for host in peers for one in _renamed(declaration["meshes"][host], meshes, held[host])]
    return {
        host: choose_names(meshes[host], peers[host], called[host], held[host], *lives[host]) for host in peers
    }, problems


def _exported(called: Mapping[str, Mapping[str, str]], facts: Mapping[str, Json]) -> Dict[str, Dict[str, List[Rule]]]:
    """The export rules that live, by host and by host of the peer."""
    found: Dict[str, Dict[str, List[Rule]]] = {}
    for host, by_peer in called.items():
        live = {dig(one, "metadata", "name"): one for one in _facts(facts, host).get("exports") or []}
        found[host] = {peer: dig(live.get(name), "spec", "exportRules") or [] for peer, name in by_peer.items()}
    return found


def _renamed(mesh: DeclaredMesh, meshes: Mapping[str, PlannedMesh], held: LivePeers) -> List[Problem]:
    """A name in force never changes: host names, network view and sets hang on it, and istiod takes it for another peer."""
    return [
        problem(
            "peer-name-lives",
            mesh["mesh"],
            f"mesh_peer_names.{meshes[peer]['mesh']}",
            f"{mesh['mesh']} already calls {meshes[peer]['mesh']} {held.names[peer]!r}, and a name that is in use never changes",
            f"Write {held.names[peer]}, or take the entry out; for another name take the link apart first",
            peer=meshes[peer]["mesh"],
        )
        for peer, wish in sorted(mesh["peer_names"].items())
        if held.names.get(peer, wish) != wish
    ]


def _planned(
    mesh: DeclaredMesh, facts: Optional[Json], declaration: Declaration, now: datetime.datetime
) -> Tuple[PlannedMesh, List[Problem]]:
    known = _facts_of_files(mesh) if mesh["by_file"] else facts or {}
    control_plane = known.get("control_plane") or {}
    readable = bool(known.get("readable")) and bool(control_plane)
    in_play = mesh["host"] not in declaration["outside"] and not mesh["by_file"]
    trust_domain, changes, why, problems = trust_domain_of(mesh, known, declaration["options"], in_play)
    if changes and conventions.INSTALL_MANAGER in (dig(control_plane, "owners", "spec.security.trust.domain") or []):
        problems = [_installed_domain(mesh, str(trust_domain))]
    platform, platform_message = _platform(mesh, dig(known, "platform") or {})
    usual = exposure.exposure(platform, mesh["ingress"])
    roots = known.get("roots") or []
    namespace = known.get("namespace") or mesh["namespace"]
    judged = judge_roots(
        mesh["mesh"],
        namespace,
        roots,
        now,
        warning_days=declaration["options"]["federation_root_expiry_warning_days"],
        pins=mesh["pins"],
    )
    refused = [found for found in judged if found["severity"] == "error"]
    return {
        "host": mesh["host"],
        "mesh": mesh["mesh"],
        "namespace": namespace,
        "control_plane": control_plane.get("name") or mesh["control_plane"],
        "uid": control_plane.get("uid"),
        "cluster_uid": known.get("cluster_uid"),
        "version": control_plane.get("version"),
        "platform": platform,
        "platform_message": platform_message,
        "trust_domain": trust_domain,
        "set_trust_domain": changes and not refused,
        "trust_domain_message": why,
        "exposure": usual["type"],
        "exposure_message": usual["message"],
        "fingerprints": sorted(known.get("fingerprints") or []),
        # What is there and cannot be described is never written; None stands for roots that nobody has read yet.
        "root": (known.get("root") or "") if (roots or known.get("roots") is None) and not refused else "",
        "roots": roots,
        "root_lines": root_lines(mesh["mesh"], roots),
        "root_error": refused[0]["message"] if refused else "",
        "node_addresses": sorted(
            {address for node in known.get("nodes") or [] for address in node.get("addresses") or []}
        ),
        "readable": readable,
        "in_play": in_play,
        "by_file": mesh["by_file"],
        "gateways": [],
        "problems": [*(known.get("problems") or []), *refused, *_closed(mesh, control_plane, in_play)],
    }, problems + [found for found in judged if found not in refused]


def _platform(mesh: DeclaredMesh, found: Json) -> Tuple[str, str]:
    """The platform that counts for a mesh, and how it is known: mesh_platform comes before what was found."""
    message = found.get("message") or "unknown"
    if mesh["platform"] is None:
        return platform_of(found.get("type"))[0], message
    return mesh["platform"], f"{mesh['platform']}, as mesh_platform says (found: {message})"


def _installed_domain(mesh: DeclaredMesh, wish: str) -> Problem:
    return problem(
        "trust-domain-installed",
        mesh["mesh"],
        "mesh_trust_domain",
        f"install.yml has made the control plane and holds its trust domain, which is not {wish}",
        "Run install.yml, then this playbook again",
    )


def _closed(mesh: DeclaredMesh, control_plane: Json, in_play: bool) -> List[Problem]:
    """A control plane whose owner has switched all gateways off: ours would not be made either."""
    if not in_play or not control_plane_reader.closed(control_plane):
        return []
    return [
        problem(
            "gateways-disabled",
            mesh["mesh"],
            f"ServiceMeshControlPlane {control_plane['name']}",
            "spec.gateways.enabled is false, so the operator makes no gateway at all",
            "Set it to true, or take it out",
        )
    ]


def _identities(mesh: DeclaredMesh) -> List[Identity]:
    return [identity_file["identity"] for dummy, identity_file in sorted(mesh["identity_files"].items()) if identity_file["identity"]]


def _facts_of_files(mesh: DeclaredMesh) -> Json:
    """What identity files say of a mesh, with the keys of MeshFacts. The files of one mesh agree with each other, or the
    declaration is refused."""
    told = _identities(mesh)
    if not told:
        return {}
    return {key: told[0][key] for key in ("namespace", "root", "fingerprints")}


def trust_domain_of(
    mesh: DeclaredMesh, facts: Json, options: Json, in_play: bool
) -> Tuple[Optional[str], bool, str, List[Problem]]:
    """The trust domain that the mesh has after this run, whether we set it, why, and what forbids it."""
    told = _identities(mesh)
    if mesh["by_file"]:
        return told[0]["trust_domain"] if told else None, False, "as its identity file says", []
    control_plane = facts.get("control_plane")
    if not control_plane:
        return mesh["trust_domain"], False, "the mesh could not be read", []
    in_force = control_plane.get("trust_domain") or conventions.DEFAULT_TRUST_DOMAIN
    is_set = bool(control_plane.get("trust_domain_set"))
    # Members that could not be read may well be there.
    members = facts.get("members") is None or bool(facts["members"])
    wish = mesh["trust_domain"]
    if wish is None and (is_set or members):
        return in_force, False, "in force" if is_set else "in force by default, with workloads in the mesh", []
    wish = wish or f"{mesh['mesh']}.local"
    if wish == in_force:
        return wish, False, "in force", []
    if not members:
        return wish, True, f"instead of {in_force}; nothing runs in the mesh yet", []
    if {mesh["mesh"], mesh["host"]} & set(options.get("federation_confirm_trust_domain") or []):
        why = f"instead of {in_force}, as confirmed"
        return (
            wish,
            True,
            why,
            [
                problem(
                    "trust-domain-changes",
                    mesh["mesh"],
                    "mesh_trust_domain",
                    f"the trust domain changes from {in_force} to {wish} under "
                    "running workloads: links go down, and certificates keep the old one until their pods restart",
                    "Restart the workloads of the mesh and the control planes of its peers",
                    severity="warning",
                )
            ],
        )
    if not in_play:
        return in_force, False, f"in force; {wish} is wished for", []
    return (
        in_force,
        False,
        "in force",
        [
            problem(
                "trust-domain-change",
                mesh["mesh"],
                "mesh_trust_domain",
                f"the trust domain is {in_force}, and workloads run with it; "
                f"changing it to {wish} breaks them until they restart",
                f"Set mesh_trust_domain to {in_force}, or name the mesh in federation_confirm_trust_domain",
            )
        ],
    )




def _twice(meshes: Mapping[str, PlannedMesh]) -> List[Problem]:
    """Two hosts that are one mesh: recognised by the cluster's own UID, not by its URL."""
    found = []
    for one, two in combinations(sorted(meshes), 2):
        a, b = meshes[one], meshes[two]
        if a["uid"] and a["uid"] == b["uid"]:
            found.append(
                problem(
                    "mesh-two-names",
                    b["mesh"],
                    "mesh_name",
                    f"{a['mesh']} and {b['mesh']} are two names for one control plane",
                    "Take one of the hosts out of the inventory",
                    peer=a["mesh"],
                )
            )
        elif a["cluster_uid"] and (a["cluster_uid"], a["namespace"]) == (b["cluster_uid"], b["namespace"]):
            found.append(
                problem(
                    "namespace-twice",
                    b["mesh"],
                    "mesh_namespace",
                    f"{a['mesh']} and {b['mesh']} are in one cluster and one namespace, {a['namespace']}",
                    "Correct mesh_namespace, or the access to the cluster, of one of them",
                    peer=a["mesh"],
                )
            )
    return found


def _trust_domains(meshes: Mapping[str, PlannedMesh], options: Json) -> List[Problem]:
    """Equal trust domains: istiod then reads no root at all, so they need a common root, and somebody who wants it."""
    found = []
    for one, two in combinations(sorted(host for host in meshes if _known(meshes[host])), 2):
        a, b = meshes[one], meshes[two]
        if not a["trust_domain"] or a["trust_domain"] != b["trust_domain"] or (a["uid"] and a["uid"] == b["uid"]):
            continue
        both = f"{a['mesh']} and {b['mesh']} have one trust domain, {a['trust_domain']},"
        if a["fingerprints"] != b["fingerprints"]:
            found.append(
                problem(
                    "trust-domain-shared",
                    b["mesh"],
                    "mesh_trust_domain",
                    f"{both} and different root certificates",
                    "Give each mesh a trust domain of its own",
                    peer=a["mesh"],
                )
            )
        elif not options.get("federation_allow_shared_root"):
            found.append(
                problem(
                    "trust-domain-common",
                    b["mesh"],
                    "mesh_trust_domain",
                    f"{both} and one common root certificate",
                    "Give each mesh a trust domain of its own, or set federation_allow_shared_root: true",
                    peer=a["mesh"],
                )
            )
        else:
            found.append(
                problem(
                    "trust-domain-common",
                    b["mesh"],
                    "federation_allow_shared_root",
                    f"{both} and one common root certificate: policies cannot tell the meshes apart",
                    "Give each mesh a trust domain of its own when that matters",
                    peer=a["mesh"],
                    severity="warning",
                )
            )
    return found


def _registry(own: PlannedMesh, peer: PlannedMesh, chosen: PeerNames, facts: Optional[Json]) -> List[Problem]:
    """A peer named like the local cluster's registry is refused by istiod (its discovery/controller.go)."""
    cluster = dig(facts, "control_plane", "cluster_name") or conventions.DEFAULT_CLUSTER_NAME
    if chosen.peer_name.lower() != cluster.lower():
        return []
    return [
        problem(
            "name-registry",
            own["mesh"],
            f"ServiceMeshPeer {own['namespace']}/{chosen.peer_name}",
            f"the peer is called like the registry of {own['mesh']}'s own cluster, {cluster}",
            f"Give {peer['mesh']} another name in mesh_peer_names of {own['mesh']}",
            peer=peer["mesh"],
            severity="warning" if chosen.live else "error",
        )
    ]


def _known(mesh: PlannedMesh) -> bool:
    """Whether what a mesh is comes from its cluster or from an identity file."""
    return mesh["readable"] or (mesh["by_file"] and bool(mesh["root"]))




def _side(
    declaration: Declaration,
    meshes: Mapping[str, PlannedMesh],
    facts: Mapping[str, Json],
    pair: Tuple[str, str],
    chosen: PeerNames,
) -> Tuple[Side, List[addresses.Change]]:
    """One side, and what of its gateway differs from what lives and decides the address."""
    host, peer = pair
    own, other, mesh = meshes[host], meshes[peer], declaration["meshes"][host]
    control_plane = _facts(facts, host).get("control_plane")
    owners: GatewayOwners = {
        "ingress": gateway_reader.gateway_owner(control_plane, conventions.INGRESS, chosen.ingress),
        "egress": gateway_reader.gateway_owner(control_plane, conventions.EGRESS, chosen.egress),
    }
    for direction in DIRECTIONS:
        service = dig(_facts(facts, host), "services", chosen.gateway(direction))
        if owners[direction] == "absent" and gateway_reader.stands_alone(service):
            owners[direction] = "unmanaged"
    wish = mesh["ingress_by_peer"].get(peer, mesh["ingress"])
    live = addresses.found(_facts(facts, host), (chosen.peer_name, chosen.ingress), owners["ingress"])
    opened, differing = addresses.settle(
        own["platform"],
        wish,
        live,
        same_cluster=_same_cluster(own, other),
        platform_said=mesh["platform"] is not None,
        confirmed=_confirmed(declaration["options"], own),
    )
    common = _known(own) and _known(other) and own["trust_domain"] == other["trust_domain"]
    reachable = _same_cluster(own, other) or bool(wish.get("addresses"))
    cannot = chosen.problems + _faults(own, other, chosen, owners, control_plane, live.type, reachable)
    shut = own["readable"] and control_plane_reader.closed(control_plane)
    state, why = _state(declaration, own, other, cannot, shut)
    identity_file = declaration["meshes"][peer]["identity_files"].get(host)
    side: Side = {
        "mesh": own["mesh"],
        "host": host,
        "namespace": own["namespace"],
        "version": own["version"],
        "peer": other["mesh"],
        "peer_host": peer,
        "peer_name": chosen.peer_name,
        "ingress": chosen.ingress,
        "egress": chosen.egress,
        "config_map": None if common else chosen.config_map,
        "root_applied": _root_applied(_facts(facts, host), chosen),
        "exposure": opened,
        "owners": owners,
        "gateways": _together(owners),
        "peer_object": owner(chosen.live),
        "exports": mesh["exports"].get(peer),
        "imports": mesh["imports"].get(peer),
        "locality": declaration["meshes"][peer]["locality"],
        "runtime": {
            "ingress": dict(wish.get("runtime", {})),
            "egress": dict(mesh["egress_by_peer"].get(peer, mesh["egress"]).get("runtime", {})),
        },
        "state": state,
        "message": why,
        "pending_on": None,
        "problems": cannot,
        "remote": None,
        "client_id": None,
        "remote_trust_domain": None,
        "identity_file": identity_file,
        "contact": _contact(chosen.live) if identity_file else "none",
    }
    return side, differing


def _confirmed(options: Json, own: PlannedMesh) -> bool:
    return bool({own["mesh"], own["host"]} & set(options.get(addresses.CONFIRM) or []))


def _openings(
    declaration: Declaration,
    own: PlannedMesh,
    sides: Mapping[str, Side],
    differing: Mapping[str, List[addresses.Change]],
) -> List[Problem]:
    """What is wrong with how the gateways of one mesh are to be opened; of a mesh that is not written nothing is."""
    if not own["in_play"] or not own["readable"]:
        return []
    written = {peer: side for peer, side in sides.items() if side["state"] != SKIPPED}
    wishes = {peer: declaration["meshes"][own["host"]]["ingress_by_peer"].get(peer, {}) for peer in written}
    return addresses.internal_problems(own, wishes, written) + addresses.address_problems(
        own, differing, written, _confirmed(declaration["options"], own)
    )


def _contact(live: Optional[Json]) -> Contact:
    """Whether a live ServiceMeshPeer shows that the other mesh has ever been reached, or has reached us."""
    found = read_peer(live)
    if found["connected"] or found["inbound"]:
        return "now"
    return "past" if found["last_full_sync"] or found["inbound"] is not None else "none"


def _together(owners: GatewayOwners) -> Owner:
    return owners["ingress"] if owners["ingress"] == owners["egress"] else "ours"


def _same_cluster(own: PlannedMesh, other: PlannedMesh) -> bool:
    return own["cluster_uid"] is not None and own["cluster_uid"] == other["cluster_uid"]


def _state(
    declaration: Declaration, own: PlannedMesh, other: PlannedMesh, problems: List[Problem], shut: bool
) -> Tuple[SideState, str]:
    """Whether a side can be done, and why not. What a mesh that is known by files does about us, its file tells."""
    if own["by_file"]:
        identity_file = declaration["meshes"][own["host"]]["identity_files"].get(other["host"])
        return (READY, "") if identity_file and identity_file["identity"] else (PENDING, _no_file(identity_file))
    if not own["readable"]:
        return SKIPPED, f"{own['mesh']} could not be read"
    if own["root_error"]:
        return SKIPPED, own["root_error"]
    if shut:
        return SKIPPED, f"all gateways of {own['mesh']} are switched off"
    return (SKIPPED, problems[0]["message"]) if problems else (READY, "")


def _no_file(identity_file: Optional[IdentityFile]) -> str:
    return f"{identity_file['path'] if identity_file else 'its identity file'} is not there yet"


def _faults(
    own: PlannedMesh,
    other: PlannedMesh,
    chosen: PeerNames,
    owners: GatewayOwners,
    control_plane: Optional[Json],
    live_type: Optional[str],
    reachable: bool,
) -> List[Problem]:
    """What keeps gateways that somebody else made from serving this pair; ours are as they have to be."""
    found: List[Problem] = []
    for direction, kind in KINDS:
        name = chosen.gateway(direction)
        entry = dig(control_plane, "object", "spec", "gateways", kind, name)
        if owners[direction] not in NOT_OURS or control_plane is None or entry is None:
            continue
        if kind == conventions.INGRESS:
            faults = gateways.ingress_faults(entry, own["namespace"], live_type, reachable)
        else:
            faults = gateways.egress_faults(entry, own["namespace"], chosen.peer_name, control_plane)
        by = gateway_reader.made_by(control_plane, kind, name)
        found += [
            problem(
                "unmanaged",
                own["mesh"],
                gateway_reader.place(own["namespace"], kind, name),
                f"it is managed by {by} and cannot serve {other['mesh']}: {fault.message}",
                fault.remedy,
                peer=other["mesh"],
            )
            for fault in faults
            if fault.fatal
        ]
    return found


def _uses(side: Side, chosen: PeerNames, control_plane: Optional[Json]) -> List[str]:
    """One line for each gateway of others that is used, and why it is that one."""
    return [
        f"{side['mesh']}: {side[direction]} is the {direction} gateway for {side['peer']}: "
        f"{chosen.why.get(direction, 'it has the name that ours would have')}; made by {gateway_reader.made_by(control_plane, kind, side[direction])}"
        + (", adopted" if side["owners"][direction] == "adopted" else "")
        for direction, kind in KINDS
        if side["owners"][direction] in NOT_OURS
    ]


def _root_applied(facts: Json, chosen: PeerNames) -> Optional[str]:
    """When we last changed the config map with the peer's root."""
    maps = {dig(one, "metadata", "name"): one for one in facts.get("config_maps") or []}
    live = maps.get(chosen.config_map)
    return cast(Optional[str], dig(live, "applied", conventions.field_manager(chosen.peer_name), "time"))


def _rival_roots(side: Side, other: PlannedMesh, facts: Json, claimed: Set[str]) -> None:
    """Skip a side whose mesh has a ServiceMeshPeer, none of the ``claimed``, with the same trust domain and other
    roots: istiod keeps one bundle per trust domain, and the two would overwrite each other (its
    discovery/controller.go)."""
    if not side["config_map"] or not other["trust_domain"]:
        return
    maps = {dig(one, "metadata", "name"): one for one in facts.get("config_maps") or []}
    for live in sorted(facts.get("peers") or [], key=lambda one: str(dig(one, "metadata", "name"))):
        name, security = dig(live, "metadata", "name"), dig(live, "spec", "security")
        if name in claimed or dig(security, "trustDomain") != other["trust_domain"]:
            continue
        source = maps.get(dig(security, "certificateChain", "name") or conventions.config_map_name(name))
        if fingerprints_in(str(dig(source, "data", "root-cert.pem") or "")) == set(other["fingerprints"]):
            continue
        found = problem(
            "trust-domain-taken",
            side["mesh"],
            f"ServiceMeshPeer {side['namespace']}/{name}",
            f"it has the trust domain of {side['peer']}, {other['trust_domain']}, and other roots; istiod keeps one "
            "bundle per trust domain, so the two would overwrite each other",
            "Delete that ServiceMeshPeer, after its exports, or give one of the meshes a trust domain of its own",
            peer=side["peer"],
        )
        side["problems"].append(found)
        side["state"], side["message"] = SKIPPED, found["message"]


def _meet(made: Plan, host: str, peer: str, facts: Optional[Json]) -> None:
    """Fill in what a side takes from the other mesh: identity, trust domain, and the address if it is there already."""
    side, back, other = made["sides"][host][peer], made["sides"][peer][host], made["meshes"][peer]
    if other["by_file"]:
        _take_identity(side)
        return
    if other["trust_domain"]:
        side["remote_trust_domain"] = other["trust_domain"]
        side["client_id"] = conventions.client_id(other["trust_domain"], other["namespace"], back["egress"])
    # A skipped side may name a gateway that is another pair's.
    if SKIPPED not in (side["state"], back["state"]):
        side["remote"] = exposure.given_remote(back["exposure"], back["ingress"], back["namespace"]) or _published(
            back, facts
        )
    if side["state"] == READY:
        _wait(side, _missing(side, back, other))


def _take_identity(side: Side) -> None:
    """Fill in what a side takes from the other mesh's identity file, or wait for that file."""
    told = side["identity_file"]["identity"] if side["identity_file"] else None
    if told is not None:
        side["remote"], side["client_id"] = told["remote"], told["client_id"]
        side["remote_trust_domain"] = told["trust_domain"]
    elif side["state"] == READY:
        _wait(side, _no_file(side["identity_file"]))


def _published(back: Side, facts: Optional[Json]) -> Optional[Remote]:
    """The address that the other mesh's gateway has already, as read."""
    service = dig(facts, "services", back["ingress"])
    nodes = dig(facts, "nodes") or []
    return _as_remote(read_gateway(service, nodes, back["exposure"]["type"], back["exposure"]["internal"]), back)


def _as_remote(found: Optional[Mapping[str, Any]], back: Side) -> Optional[Remote]:
    if not found or not found.get("addresses"):
        return None
    return exposure.with_given(
        {
            "addresses": found["addresses"],
            "discoveryPort": found.get("discoveryPort") or conventions.DISCOVERY_PORT,
            "servicePort": found.get("servicePort") or conventions.SERVICE_PORT,
        },
        back["exposure"],
    )


def _missing(side: Side, back: Side, other: PlannedMesh) -> Optional[str]:
    """What the other side still has to bring before our ServiceMeshPeer can be written, or None."""
    name = other["mesh"]
    if not other["readable"]:
        return f"{name} could not be read"
    if back["state"] == SKIPPED:
        return f"{name} cannot do its side: {back['message']}"
    if side["config_map"] and not other["root"]:
        return f"{name} has no root certificate yet (ConfigMap istio-ca-root-cert in {other['namespace']})"
    if other["in_play"]:
        return None
    if other["set_trust_domain"]:
        return f"{name} has yet to get its trust domain {other['trust_domain']}; run federate.yml for {name}"
    if side["remote"] is None or "absent" in back["owners"].values():
        return f"the gateways of {name} for {side['mesh']} are not open yet; run federate.yml for {name}"
    return None


def _wait(side: Side, why: Optional[str]) -> None:
    if why is not None:
        side["state"], side["message"], side["pending_on"] = PENDING, why, side["peer_host"]




def _take(made: Plan, host: str, found: Problem) -> None:
    """One problem of a step: of a pair, or of the whole mesh."""
    if found["severity"] != "error":
        made["warnings"].append(found)
        return
    peer = found.get("peer")
    meant = [side for side in made["sides"][host].values() if peer in (None, side["peer"], side["peer_host"])]
    if peer is None:
        made["meshes"][host]["problems"].append(found)
    for side in meant:
        if peer is not None:
            side["problems"].append(found)
        side["state"], side["message"], side["pending_on"] = SKIPPED, found["message"], None


def _address(side: Side, made: Plan, result: Json, check_mode: bool) -> None:
    """Take the address of the other mesh's gateway for us from its ``gateway_wait``.

    A mesh that is known by a file is to be told ours whether or not its own file is there.
    """
    if side["state"] != READY and not made["meshes"][side["host"]]["by_file"]:
        return
    back = made["sides"][side["peer_host"]][side["host"]]
    found = (result.get("gateways") or {}).get(back["ingress"]) or {}
    given = exposure.given_remote(back["exposure"], back["ingress"], back["namespace"])
    side["remote"] = given or _as_remote(found, back)
    later = check_mode and back["state"] != SKIPPED
    if side["state"] == READY and side["remote"] is None and not later:
        _wait(
            side,
            f"{back['ingress']} of {side['peer']} cannot be reached yet: "
            f"{found.get('pending') or result.get('message') or 'nothing is known of it'}",
        )


def _wait_for_skipped(made: Plan) -> None:
    for host, peer in _directions(made):
        side, back = made["sides"][host][peer], made["sides"][peer][host]
        untold = side["remote"] is None or _not_in_force(made["meshes"][peer])
        if side["state"] == READY and back["state"] == SKIPPED and untold:
            _wait(side, f"{side['peer']} could not do its side: {back['message']}")


def _not_in_force(mesh: PlannedMesh) -> bool:
    return mesh["set_trust_domain"] and any("peer" not in found for found in mesh["problems"])


def _finish(made: Plan) -> None:
    """Say for each mesh which ingress gateways are worth waiting for."""
    for host, mesh in made["meshes"].items():
        mesh["gateways"] = [
            {
                "name": side["ingress"],
                "exposure": side["exposure"]["type"],
                "internal": side["exposure"]["internal"],
                "peer": peer,
            }
            for peer, side in sorted(made["sides"][host].items())
            if side["state"] != SKIPPED and not _by_hand(side)
        ]


def _by_hand(side: Side) -> bool:
    """Whether addresses and ports are given by hand, so that the Service has nothing to tell."""
    told = exposure.given_remote(side["exposure"], side["ingress"], side["namespace"])
    return bool(side["exposure"]["addresses"]) and told is not None




def load_balancers(made: Plan, facts: Mapping[str, Json]) -> LoadBalancers:
    """Count what this run will create."""
    new = [
        side
        for host, peer in _directions(made)
        for side in [made["sides"][host][peer]]
        if _is_new(side, made["meshes"][host], _facts(facts, host))
    ]
    public = sum(side["exposure"]["public"] for side in new)
    balancers = "load balancer" if len(new) == 1 else "load balancers"
    return {
        "new": len(new),
        "public": public,
        "message": f"{len(new) or 'No'} new {balancers} will be created" + (f", {public} of them public" if new else ""),
    }


def _is_new(side: Side, mesh: PlannedMesh, facts: Json) -> bool:
    if not mesh["in_play"] or side["state"] == SKIPPED or side["exposure"]["type"] != conventions.LOAD_BALANCER:
        return False
    absent = side["owners"]["ingress"] == "absent"
    return absent or (
        side["owners"]["ingress"] == "ours" and addresses.live_type(facts, side["ingress"]) != conventions.LOAD_BALANCER
    )


def _too_many(made: Plan) -> List[Problem]:
    most, new = made["options"].get("federation_max_new_load_balancers"), made["load_balancers"]["new"]
    if most is None or new <= most:
        return []
    return [
        problem(
            "load-balancers-too-many",
            made["group"],
            "federation_max_new_load_balancers",
            f"{new} new load balancers would be created, {most} are allowed",
            "Raise it, or set mesh_ingress.exposure of some meshes to NodePort",
        )
    ]
