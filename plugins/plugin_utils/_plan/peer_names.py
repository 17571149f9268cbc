# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the names of a mesh's peers and gateways, from live objects first and conventions second."""

from __future__ import annotations

from collections import Counter
from typing import Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import PEER_LABEL, is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import gateway_location, gateway_owner
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.gateways import Match, Partner, match_gateways
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import (
    DIRECTIONS,
    GATEWAY_KINDS,
    Direction,
    PlannedMesh,
)


class PeerNames(NamedTuple):
    """The names of one side. ``live`` is the ServiceMeshPeer that they come from, ``problems`` are why the side is skipped.

    ``reasons`` has for each direction the reason why a live gateway is used.
    """

    peer_name: str
    ingress: str
    egress: str
    config_map: str
    live: Optional[Json]
    problems: List[Problem]
    reasons: Dict[Direction, str]

    def gateway(self, direction: Direction) -> str:
        """The name of the gateway of one direction."""
        return self.ingress if direction == "ingress" else self.egress


class LiveMesh(NamedTuple):
    """One mesh with its partners by host, its live ServiceMeshPeers, and the facts of its control plane."""

    own: PlannedMesh
    partners: Mapping[str, PlannedMesh]
    peers: List[Json]
    control_plane: Optional[Json]


class LivePeers(NamedTuple):
    """What exists of one mesh's sides, by host of the peer.

    ``peers`` are the ServiceMeshPeers, ``problems`` why none could be chosen, ``names`` the names that the peers have.
    """

    peers: Dict[str, Json]
    problems: Dict[str, List[Problem]]
    names: Dict[str, str]


def find_live_peers(live: LiveMesh, declared_names: Mapping[str, str]) -> LivePeers:
    """Find what exists of all sides of one mesh.

    ``declared_names`` are those of ``mesh_peer_names`` by host. A name comes from the ServiceMeshPeer; before there is one,
    from the network view of the egress gateway that we have created for it.
    """
    claims, problems = _match_peers(live, declared_names)
    names = {host: _name(peer) for host, peer in claims.items()}
    for host in sorted(set(live.partners) - set(names)):
        name = _name_in_egress(live.partners[host]["mesh"], live.control_plane)
        # A gateway that another peer uses has the network view of that peer.
        if name is not None and name not in names.values():
            names[host] = name
    return LivePeers(claims, problems, names)


def choose_names(live: LiveMesh, peer_names: Mapping[str, str], live_peers: LivePeers) -> Dict[str, PeerNames]:
    """Choose the names of all sides of one mesh, by host of the peer; ``peer_names`` are the chosen names of its peers."""
    chosen = {
        host: _side_names(
            partner["mesh"], peer_names[host], live_peers.peers.get(host), live_peers.problems.get(host, [])
        )
        for host, partner in live.partners.items()
    }
    for direction, kind in GATEWAY_KINDS:
        _use_live_gateways(live, chosen, direction, kind)
    _check_names(live, chosen)
    return chosen


def _name(peer: Json) -> str:
    return str(dig(peer, "metadata", "name"))


def _name_in_egress(mesh: str, control_plane: Optional[Json]) -> Optional[str]:
    """The name of a peer in the network view of the egress gateway that we have created for it, or None."""
    gateway = conventions.egress_name(mesh)
    if gateway_owner(control_plane, conventions.EGRESS, gateway) != "ours":
        return None
    views = dig(control_plane, "object", "spec", "gateways", conventions.EGRESS, gateway, conventions.VIEW)
    return conventions.peer_of_view(str(views[0])) if views else None


def _identity(peer: Json) -> Optional[Tuple[str, str]]:
    """Trust domain and namespace of the mesh that a live peer accepts, from its clientID."""
    parts = str(dig(peer, "spec", "security", "clientID") or "").split("/")
    domain = dig(peer, "spec", "security", "trustDomain")
    if len(parts) < 3 or parts[1] != "ns" or parts[0] != domain:
        return None
    return parts[0], parts[2]


def _match_peers(live: LiveMesh, declared_names: Mapping[str, str]) -> Tuple[Dict[str, Json], Dict[str, List[Problem]]]:
    """Find the live ServiceMeshPeer of each partner: by our label, else its name, else the identity that it accepts."""
    identities = Counter((partner["trust_domain"], partner["namespace"]) for partner in live.partners.values())
    rounds: Tuple[Callable[[Json, PlannedMesh], bool], ...] = (
        lambda peer, partner: is_ours(peer) and dig(peer, "metadata", "labels", PEER_LABEL) == partner["mesh"],
        lambda peer, partner: (
            _name(peer) == declared_names.get(partner["host"]) and not _is_for_another(peer, partner, live.partners)
        ),
        lambda peer, partner: _name(peer) == partner["mesh"] and not _is_for_another(peer, partner, live.partners),
        lambda peer, partner: (
            identities[_identity(peer) or (None, "")] == 1
            and _identity(peer) == (partner["trust_domain"], partner["namespace"])
        ),
    )
    claims: Dict[str, Json] = {}
    problems: Dict[str, List[Problem]] = {}
    free = sorted(live.peers, key=_name)
    for is_match in rounds:
        for host in sorted(set(live.partners) - set(claims) - set(problems)):
            matches = [peer for peer in free if is_match(peer, live.partners[host])]
            if len(matches) > 1:
                problems[host] = [_ambiguous_peers(live.own, live.partners[host], matches)]
            elif matches:
                claims[host] = matches[0]
            free = [peer for peer in free if peer not in matches]
    return claims, problems


def _is_for_another(peer: Json, partner: PlannedMesh, partners: Mapping[str, PlannedMesh]) -> bool:
    """Whether our label on a ServiceMeshPeer names another partner."""
    label = dig(peer, "metadata", "labels", PEER_LABEL) if is_ours(peer) else None
    return label is not None and label != partner["mesh"] and label in {other["mesh"] for other in partners.values()}


def _ambiguous_peers(own: PlannedMesh, partner: PlannedMesh, peers: List[Json]) -> Problem:
    return problem(
        "peer-ambiguous",
        own["mesh"],
        f"ServiceMeshPeer {own['namespace']}/{_name(peers[0])}",
        f"several ServiceMeshPeers are for {partner['mesh']}: {', '.join(map(_name, peers))}",
        peer=partner["mesh"],
    )


def _side_names(mesh: str, chosen_name: str, live: Optional[Json], problems: List[Problem]) -> PeerNames:
    peer_name = _name(live) if live else chosen_name
    gateways = dig(live, "spec", "gateways")
    chain = dig(live, "spec", "security", "certificateChain")
    config_map = dig(chain, "name") if dig(chain, "kind") in ("", "ConfigMap") else None
    return PeerNames(
        peer_name,
        dig(gateways, "ingress", "name") or conventions.ingress_name(mesh),
        dig(gateways, "egress", "name") or conventions.egress_name(mesh),
        config_map or conventions.config_map_name(peer_name),
        live,
        list(problems),
        {
            direction: f"the ServiceMeshPeer {peer_name} names it"
            for direction in DIRECTIONS
            if dig(gateways, direction, "name")
        },
    )


def _use_live_gateways(live: LiveMesh, chosen: Dict[str, PeerNames], direction: Direction, kind: str) -> None:
    """Use the live gateway of a pair that no ServiceMeshPeer names, so that no second one is created."""
    peer_names = {_name(peer) for peer in live.peers}
    partners = {
        host: Partner(live.partners[host]["mesh"], names.peer_name)
        for host, names in chosen.items()
        # A skipped side needs no gateway: its name may be that of another pair, and so its field manager.
        if direction not in names.reasons and not names.problems and (names.live or names.peer_name not in peer_names)
    }
    taken = {name for peer in live.peers for name in _named_gateways(peer)}
    for host, match in match_gateways(kind, partners, live.control_plane, taken).items():
        names = chosen[host]
        names.reasons[direction] = match.reason
        if not match.sure:
            names.problems.append(_ambiguous_gateways(live.own, live.partners[host], kind, match))
        elif direction == "ingress":
            chosen[host] = names._replace(ingress=match.names[0])
        else:
            chosen[host] = names._replace(egress=match.names[0])


def _ambiguous_gateways(own: PlannedMesh, partner: PlannedMesh, kind: str, match: Match) -> Problem:
    message = (
        f"several gateways are for {partner['mesh']}: {', '.join(match.names)}"
        if len(match.names) > 1
        else f"{match.names[0]} is for {partner['mesh']} and for another mesh: {match.reason}"
    )
    return problem(
        "gateway-ambiguous",
        own["mesh"],
        gateway_location(own["namespace"], kind),
        message,
        peer=partner["mesh"],
    )


def _check_names(live: LiveMesh, chosen: Mapping[str, PeerNames]) -> None:
    """Add problems of names that are taken, shared or invalid; a live side keeps its names, a new one is skipped."""
    users = _gateway_users(chosen.values(), live.peers)
    live_names = {_name(peer) for peer in live.peers}
    for host, names in chosen.items():
        partner = live.partners[host]["mesh"]
        if names.live is None and names.peer_name in live_names and not names.problems:
            names.problems.append(_name_taken(live.own, partner, names))
        for gateway in sorted({names.ingress, names.egress}):
            others = sorted(_rival_users(names, gateway, users))
            if others or names.ingress == names.egress:
                names.problems.append(_gateway_shared(live.own, partner, names, gateway, others))
        for direction, kind in GATEWAY_KINDS:
            if gateway_owner(live.control_plane, kind, names.gateway(direction)) == "absent":
                names.problems.extend(_invalid_name(live.own, partner, names, names.gateway(direction)))


def _where(own: PlannedMesh, names: PeerNames) -> str:
    return f"ServiceMeshPeer {own['namespace']}/{names.peer_name}"


def _name_taken(own: PlannedMesh, partner: str, names: PeerNames) -> Problem:
    return problem(
        "peer-name-taken",
        own["mesh"],
        _where(own, names),
        f"it is for another mesh than {partner}",
        f"Give {partner} another name in mesh_peer_names of {own['mesh']}",
        peer=partner,
    )


def _gateway_shared(own: PlannedMesh, partner: str, names: PeerNames, gateway: str, others: List[str]) -> Problem:
    use = f"for {', '.join(others)} too" if others else "for both directions"
    return problem(
        "gateway-shared",
        own["mesh"],
        _where(own, names),
        f"the gateway {gateway} is used {use}, and each peer shuts the others out",
        "Give each ServiceMeshPeer gateways of its own",
        peer=partner,
    )


def _invalid_name(own: PlannedMesh, partner: str, names: PeerNames, gateway: str) -> List[Problem]:
    where, remedy = _where(own, names), "Correct the ServiceMeshPeer"
    return [
        problem("name-invalid", own["mesh"], where, f"the gateway's name {fault}", remedy, peer=partner)
        for fault in conventions.label_faults(gateway)
    ]


def _named_gateways(peer: Json) -> Set[str]:
    """The gateways that a ServiceMeshPeer names."""
    names = (dig(peer, "spec", "gateways", direction, "name") for direction in DIRECTIONS)
    return {name for name in names if name}


def _gateway_users(chosen: Iterable[PeerNames], peers: List[Json]) -> Dict[str, Dict[str, bool]]:
    """Gateway -> name of the peer that uses it -> whether a live ServiceMeshPeer names it."""
    users: Dict[str, Dict[str, bool]] = {}
    for names in chosen:
        for gateway in (names.ingress, names.egress):
            users.setdefault(gateway, {})[names.peer_name] = False
    for peer in peers:
        for gateway in _named_gateways(peer):
            users.setdefault(gateway, {})[_name(peer)] = True
    return users


def _rival_users(names: PeerNames, gateway: str, users: Mapping[str, Mapping[str, bool]]) -> Set[str]:
    """The peers that have precedence over this side for a gateway."""
    by_peer = users[gateway]
    is_live = by_peer[names.peer_name] and names.live is not None
    return {name for name, live in by_peer.items() if name != names.peer_name and (live or not is_live)}
