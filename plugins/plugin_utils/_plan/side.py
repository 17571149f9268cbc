# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: one mesh's half of a link: what it uses, and whether it can be done. Pure."""

from __future__ import annotations

from typing import List, NamedTuple, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprints_in
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import NOT_OURS, owner
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import are_gateways_disabled
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import (
    gateway_location,
    gateway_owner,
    is_created_by_user,
    other_managers,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import read_peer
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, IdentityFile, Ingress
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.address import (
    CONFIRMATION,
    Change,
    LiveGateway,
    read_live_gateway,
    settle_exposure,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.gateways import egress_faults, ingress_faults
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.mesh import are_in_one_cluster, is_known
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.peer_names import PeerNames
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.rotation_mark import read_mark
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import (
    DIRECTIONS,
    GATEWAY_KINDS,
    PENDING,
    READY,
    SKIPPED,
    Contact,
    Direction,
    Exposure,
    GatewayOwners,
    PlannedMesh,
    Side,
    SideGateways,
    SideIdentity,
    SideNames,
    SideProgress,
    SideRules,
)


class Pair(NamedTuple):
    """A mesh and one of its peers, before their side is planned; ``facts`` are the MeshFacts of the mesh, ``names`` its names."""

    declaration: Declaration
    own: PlannedMesh
    other: PlannedMesh
    facts: Json
    names: PeerNames

    @property
    def control_plane(self) -> Optional[Json]:
        """The facts of the mesh's control plane."""
        found: Optional[Json] = self.facts.get("control_plane")
        return found

    @property
    def ingress(self) -> Ingress:
        """What is declared for the ingress gateway."""
        declared = self.declaration["meshes"][self.own["host"]]
        return declared["ingress_by_peer"].get(self.other["host"], declared["ingress"])

    @property
    def identity_file(self) -> Optional[IdentityFile]:
        """The file with the peer's identity for the mesh."""
        return self.declaration["meshes"][self.other["host"]]["identity_files"].get(self.own["host"])


def plan_side(pair: Pair) -> Tuple[Side, List[Change]]:
    """Plan one side, with the changes of its live gateway that would change its address."""
    own, other, names = pair.own, pair.other, pair.names
    owners = _gateway_owners(pair)
    live = read_live_gateway(pair.facts, names.peer_name, names.ingress, owners["ingress"])
    exposure, changes = _settle(pair, live)
    progress = _progress(pair, names.problems + _unmanaged_faults(pair, owners, live.type))
    side_names: SideNames = {
        "mesh": own["mesh"],
        "host": own["host"],
        "namespace": own["namespace"],
        "version": own["version"],
        "peer": other["mesh"],
        "peer_host": other["host"],
        "peer_name": names.peer_name,
        "ingress": names.ingress,
        "egress": names.egress,
    }
    side: Side = {
        **side_names,
        **_gateways(pair, exposure, owners),
        **_rules(pair),
        **progress,
        **_identity(pair),
        "peer_object": owner(names.live),
        "contact": _contact(names.live) if pair.identity_file else "none",
    }
    return side, changes


def missing_file(identity_file: Optional[IdentityFile]) -> str:
    """The message that an identity file does not exist yet."""
    return f"{identity_file['path'] if identity_file else 'its identity file'} does not exist yet"


def is_confirmed(declaration: Declaration, mesh: PlannedMesh) -> bool:
    """Whether a changed address of a mesh is confirmed."""
    return bool({mesh["mesh"], mesh["host"]} & set(declaration["options"].get(CONFIRMATION) or []))


def skip_rival_roots(side: Side, other: PlannedMesh, facts: Json, claimed: Set[str]) -> None:
    """Skip a side whose mesh has another ServiceMeshPeer with the same trust domain and different roots.

    ``claimed`` are the names of the mesh's planned peers. istiod keeps one bundle per trust domain, so the two would
    overwrite each other (its discovery/controller.go).
    """
    if not side["config_map"] or not other["trust_domain"]:
        return
    config_maps = by_name(facts.get("config_maps"))
    for peer in sorted(facts.get("peers") or [], key=lambda peer: str(dig(peer, "metadata", "name"))):
        name, security = dig(peer, "metadata", "name"), dig(peer, "spec", "security")
        if name in claimed or dig(security, "trustDomain") != other["trust_domain"]:
            continue
        bundle = config_maps.get(dig(security, "certificateChain", "name") or conventions.config_map_name(name))
        if fingerprints_in(str(dig(bundle, "data", conventions.ROOT_KEY) or "")) == set(other["fingerprints"]):
            continue
        rival = problem(
            "trust-domain-taken",
            side["mesh"],
            f"ServiceMeshPeer {side['namespace']}/{name}",
            f"it has the trust domain of {side['peer']}, {other['trust_domain']}, and other roots; istiod keeps one "
            "bundle per trust domain, so the two would overwrite each other",
            "Delete that ServiceMeshPeer, after its exports, or give one of the meshes a trust domain of its own",
            peer=side["peer"],
        )
        side["problems"].append(rival)
        side["state"], side["message"] = SKIPPED, rival["message"]


def unmanaged_gateway_lines(side: Side, names: PeerNames, control_plane: Optional[Json]) -> List[str]:
    """One line for each unmanaged gateway that a side uses, with the reason."""
    return [
        f"{side['mesh']}: {side[direction]} is the {direction} gateway for {side['peer']}: "
        f"{names.reasons.get(direction, 'it has the name that this collection would use')}; "
        f"managed by {other_managers(control_plane, kind, side[direction])}"
        + (", adopted" if side["owners"][direction] == "adopted" else "")
        for direction, kind in GATEWAY_KINDS
        if side["owners"][direction] in NOT_OURS
    ]


def _gateway_owners(pair: Pair) -> GatewayOwners:
    owners: GatewayOwners = {
        "ingress": gateway_owner(pair.control_plane, conventions.INGRESS, pair.names.ingress),
        "egress": gateway_owner(pair.control_plane, conventions.EGRESS, pair.names.egress),
    }
    for direction in DIRECTIONS:
        service = dig(pair.facts, "gateway_services", pair.names.gateway(direction))
        if owners[direction] == "absent" and is_created_by_user(service):
            owners[direction] = "unmanaged"
    return owners


def _settle(pair: Pair, live: LiveGateway) -> Tuple[Exposure, List[Change]]:
    return settle_exposure(
        pair.own["platform"],
        pair.ingress,
        live,
        same_cluster=are_in_one_cluster(pair.own, pair.other),
        platform_is_declared=pair.declaration["meshes"][pair.own["host"]]["platform"] is not None,
        confirmed=is_confirmed(pair.declaration, pair.own),
    )


def _gateways(pair: Pair, exposure: Exposure, owners: GatewayOwners) -> SideGateways:
    declared = pair.declaration["meshes"][pair.own["host"]]
    egress = declared["egress_by_peer"].get(pair.other["host"], declared["egress"])
    return {
        "exposure": exposure,
        "owners": owners,
        "runtime": {"ingress": dict(pair.ingress.get("runtime", {})), "egress": dict(egress.get("runtime", {}))},
    }


def _rules(pair: Pair) -> SideRules:
    declared = pair.declaration["meshes"][pair.own["host"]]
    return {
        "exports": declared["exports"].get(pair.other["host"], _undeclared_rules(pair)),
        "export_places": declared["export_places"].get(pair.other["host"], []),
        "imports": declared["imports"].get(pair.other["host"], _undeclared_rules(pair)),
        "locality": declared["localities"].get(pair.other["host"])
        or pair.declaration["meshes"][pair.other["host"]]["locality"],
        "traffic": declared["traffic"].get(pair.other["host"], []),
    }


def _undeclared_rules(pair: Pair) -> Optional[List[Rule]]:
    """The rules where none are declared: a set of ours is emptied where undeclared objects are removed, else it stays. An
    import set that is deleted and created again may be ignored (observed on 2.3 and 2.5), so it is never deleted alone."""
    return [] if pair.declaration["options"].get("federation_prune") else None


def _identity(pair: Pair) -> SideIdentity:
    """The identity of the peer as far as it is known before the other side is planned."""
    own, other, names = pair.own, pair.other, pair.names
    share_domain = is_known(own) and is_known(other) and own["trust_domain"] == other["trust_domain"]
    config_maps = by_name(pair.facts.get("config_maps"))
    manager = conventions.field_manager(names.peer_name)
    return {
        "config_map": None if share_domain else names.config_map,
        "root_applied": dig(config_maps.get(names.config_map), "applied", manager, "time"),
        "rotation": read_mark(config_maps.get(names.config_map)),
        "remote": None,
        "client_id": None,
        "remote_trust_domain": None,
        "identity_file": pair.identity_file,
    }


def _progress(pair: Pair, problems: List[Problem]) -> SideProgress:
    """Whether a side can be done, and why not. A mesh that is known by files does what its own file for us says."""
    own = pair.own
    progress: SideProgress = {"state": SKIPPED, "message": "", "pending_on": None, "problems": problems}
    if own["by_file"]:
        file = pair.declaration["meshes"][own["host"]]["identity_files"].get(pair.other["host"])
        has_identity = file is not None and file["identity"] is not None
        progress["state"] = READY if has_identity else PENDING
        progress["message"] = "" if has_identity else missing_file(file)
    elif not own["readable"]:
        progress["message"] = f"{own['mesh']} could not be read"
    elif own["root_error"]:
        progress["message"] = own["root_error"]
    elif are_gateways_disabled(pair.control_plane or {}):
        progress["message"] = f"all gateways of {own['mesh']} are disabled"
    elif problems:
        progress["message"] = problems[0]["message"]
    else:
        progress["state"] = READY
    return progress


def _unmanaged_faults(pair: Pair, owners: GatewayOwners, live_type: Optional[str]) -> List[Problem]:
    """What prevents unmanaged gateways from serving a pair; ours are always as they have to be."""
    found: List[Problem] = []
    for direction, kind in GATEWAY_KINDS:
        entry = dig(pair.control_plane, "object", "spec", "gateways", kind, pair.names.gateway(direction))
        if owners[direction] in NOT_OURS and entry is not None:
            found += _gateway_problems(pair, direction, kind, entry, live_type)
    return found


def _gateway_problems(
    pair: Pair, direction: Direction, kind: str, entry: Json, live_type: Optional[str]
) -> List[Problem]:
    own, other, name = pair.own, pair.other, pair.names.gateway(direction)
    if direction == "ingress":
        reachable = are_in_one_cluster(own, other) or bool(pair.ingress.get("addresses"))
        faults = ingress_faults(entry, own["namespace"], live_type, reachable)
    else:
        faults = egress_faults(entry, own["namespace"], pair.names.peer_name, pair.control_plane or {})
    manager = other_managers(pair.control_plane, kind, name)
    return [
        problem(
            "unmanaged",
            own["mesh"],
            gateway_location(own["namespace"], kind, name),
            f"it is managed by {manager} and cannot serve {other['mesh']}: {fault.message}",
            fault.remedy,
            peer=other["mesh"],
        )
        for fault in faults
        if fault.fatal
    ]


def _contact(live: Optional[Json]) -> Contact:
    """Whether a live ServiceMeshPeer shows that the meshes ever reached each other."""
    status = read_peer(live)
    if status["connected"] or status["inbound"]:
        return "now"
    return "past" if status["last_full_sync"] or status["inbound"] is not None else "none"
