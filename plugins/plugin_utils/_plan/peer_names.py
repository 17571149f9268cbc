# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the names of one mesh's sides, chosen from what lives first and from convention second."""

from __future__ import annotations

from collections import Counter
from typing import Callable, Dict, Iterable, List, Mapping, NamedTuple, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    EGRESS,
    INGRESS,
    PEER_LABEL,
    is_ours,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import gateway_owner, place
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.gateways import Match, Seeker, claim_gateways
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Direction, PlannedMesh


class PeerNames(NamedTuple):
    """The names of one side; ``live`` is the ServiceMeshPeer they come from, ``problems`` are why it is skipped.

    ``why`` says for each of ``ingress`` and ``egress`` why that gateway is used, where it was not simply to be made.
    """

    peer_name: str
    ingress: str
    egress: str
    config_map: str
    live: Optional[Json]
    problems: List[Problem]
    why: Dict[str, str]

    def gateway(self, direction: Direction) -> str:
        """The name of the gateway of one direction."""
        return self.ingress if direction == "ingress" else self.egress


class LivePeers(NamedTuple):
    """What of one mesh's sides lives already, by host of the peer.

    ``live`` are the ServiceMeshPeers, ``problems`` why none could be told, ``names`` what the peers are called.
    """

    live: Dict[str, Json]
    problems: Dict[str, List[Problem]]
    names: Dict[str, str]


def find_live_peers(
    own: PlannedMesh,
    peers: Mapping[str, PlannedMesh],
    wished: Mapping[str, str],
    live: List[Json],
    control_plane: Optional[Json],
) -> LivePeers:
    """Find what lives of all sides of one mesh.

    ``peers`` are the partners by host, ``wished`` the names that they shall have, ``live`` the ServiceMeshPeers that were
    read, ``control_plane`` its facts. A name is held by the ServiceMeshPeer; before there is one, by the network view of
    the egress gateway that we have opened for it.
    """
    claims, problems = _claim(own, peers, wished, live)
    held = {host: _name(one) for host, one in claims.items()}
    for host in sorted(set(peers) - set(held)):
        name = _opened_for(peers[host]["mesh"], control_plane)
        # A gateway that another peer uses has that one's network view.
        if name is not None and name not in held.values():
            held[host] = name
    return LivePeers(claims, problems, held)


def _opened_for(mesh: str, control_plane: Optional[Json]) -> Optional[str]:
    """What a peer is called in the egress gateway that we have opened for it, or None."""
    gateway = conventions.egress_name(mesh)
    if gateway_owner(control_plane, "additionalEgress", gateway) != "ours":
        return None
    views = dig(control_plane, "object", "spec", "gateways", "additionalEgress", gateway, "requestedNetworkView")
    return conventions.peer_of_view(str(views[0])) if views else None


def choose_names(
    own: PlannedMesh,
    peers: Mapping[str, PlannedMesh],
    called: Mapping[str, str],
    held: LivePeers,
    live: List[Json],
    control_plane: Optional[Json],
) -> Dict[str, PeerNames]:
    """Choose the names of all sides of one mesh; ``called`` is what it calls its peers, the other parameters as ``find_live_peers``."""
    chosen = {
        host: _names(peer["mesh"], called[host], held.live.get(host), held.problems.get(host, []))
        for host, peer in peers.items()
    }
    for kind in (INGRESS, EGRESS):
        _use_what_lives(own, peers, chosen, kind, live, control_plane)
    _check_names(own, peers, chosen, live, control_plane)
    return chosen


def _name(live: Json) -> str:
    return str(dig(live, "metadata", "name"))


def _identity(live: Json) -> Optional[Tuple[str, str]]:
    """Trust domain and namespace of the mesh that a live peer lets in, out of its clientID."""
    parts = str(dig(live, "spec", "security", "clientID") or "").split("/")
    domain = dig(live, "spec", "security", "trustDomain")
    if len(parts) < 3 or parts[1] != "ns" or parts[0] != domain:
        return None
    return parts[0], parts[2]


def _claim(
    own: PlannedMesh, peers: Mapping[str, PlannedMesh], wished: Mapping[str, str], live: List[Json]
) -> Tuple[Dict[str, Json], Dict[str, List[Problem]]]:
    """Find the live ServiceMeshPeer of each partner: by our label, else its name, else the identity it lets in."""
    identities = Counter((peer["trust_domain"], peer["namespace"]) for peer in peers.values())
    rounds: Tuple[Callable[[Json, PlannedMesh], bool], ...] = (
        lambda found, peer: is_ours(found) and dig(found, "metadata", "labels", PEER_LABEL) == peer["mesh"],
        lambda found, peer: _name(found) == wished.get(peer["host"]) and not _other_label(found, peer, peers),
        lambda found, peer: _name(found) == peer["mesh"] and not _other_label(found, peer, peers),
        lambda found, peer: (
            identities[_identity(found) or (None, "")] == 1
            and _identity(found) == (peer["trust_domain"], peer["namespace"])
        ),
    )
    claims: Dict[str, Json] = {}
    problems: Dict[str, List[Problem]] = {}
    free = sorted(live, key=_name)
    for matches in rounds:
        for host in sorted(set(peers) - set(claims) - set(problems)):
            found = [one for one in free if matches(one, peers[host])]
            if len(found) > 1:
                problems[host] = [_ambiguous(own, peers[host], found)]
            elif found:
                claims[host] = found[0]
            free = [one for one in free if one not in found]
    return claims, problems


def _other_label(found: Json, peer: PlannedMesh, peers: Mapping[str, PlannedMesh]) -> bool:
    label = dig(found, "metadata", "labels", PEER_LABEL) if is_ours(found) else None
    return label is not None and label != peer["mesh"] and label in {other["mesh"] for other in peers.values()}


def _ambiguous(own: PlannedMesh, peer: PlannedMesh, found: List[Json]) -> Problem:
    many = ", ".join(_name(one) for one in found)
    return problem(
        "peer-ambiguous",
        own["mesh"],
        f"ServiceMeshPeer {own['namespace']}/{_name(found[0])}",
        f"several ServiceMeshPeers are for {peer['mesh']}: {many}",
        "Delete all but one, after its exports",
        peer=peer["mesh"],
    )


def _names(mesh: str, called: str, live: Optional[Json], problems: List[Problem]) -> PeerNames:
    peer_name = _name(live) if live else called
    gateways = dig(live, "spec", "gateways")
    chain = dig(live, "spec", "security", "certificateChain")
    named = dig(chain, "name") if dig(chain, "kind") in ("", "ConfigMap") else None
    told = [room for room in ("ingress", "egress") if dig(gateways, room, "name")]
    return PeerNames(
        peer_name,
        dig(gateways, "ingress", "name") or conventions.ingress_name(mesh),
        dig(gateways, "egress", "name") or conventions.egress_name(mesh),
        named or conventions.config_map_name(peer_name),
        live,
        list(problems),
        {room: f"the ServiceMeshPeer {peer_name} names it" for room in told},
    )


def _use_what_lives(
    own: PlannedMesh,
    peers: Mapping[str, PlannedMesh],
    chosen: Dict[str, PeerNames],
    kind: str,
    live: List[Json],
    control_plane: Optional[Json],
) -> None:
    """Where no ServiceMeshPeer names a gateway, take the one that is there for the pair, so that none is doubled."""
    room = "ingress" if kind == INGRESS else "egress"
    peer_names = {_name(one) for one in live}
    seekers = {
        host: Seeker(peers[host]["mesh"], side.peer_name)
        for host, side in chosen.items()
        # A side that is skipped anyway looks for none: its name may be that of another pair, and so its field manager.
        if room not in side.why and not side.problems and (side.live or side.peer_name not in peer_names)
    }
    taken = {name for one in live for name in _declared(one)}
    for host, match in claim_gateways(kind, seekers, control_plane, taken).items():
        side = chosen[host]
        side.why[room] = match.why
        if not match.sure:
            side.problems.append(_gateway_ambiguous(own, peers[host], kind, match))
        elif kind == INGRESS:
            chosen[host] = side._replace(ingress=match.names[0])
        else:
            chosen[host] = side._replace(egress=match.names[0])


def _gateway_ambiguous(own: PlannedMesh, peer: PlannedMesh, kind: str, match: Match) -> Problem:
    message = (
        f"several gateways are there for {peer['mesh']}: {', '.join(match.names)}"
        if len(match.names) > 1
        else f"{match.names[0]} is there for {peer['mesh']} and for another mesh: {match.why}"
    )
    return problem(
        "gateway-ambiguous",
        own["mesh"],
        place(own["namespace"], kind),
        message,
        "Leave one for each peer, or write the ServiceMeshPeer that names the one to use",
        peer=peer["mesh"],
    )


def _check_names(
    own: PlannedMesh,
    peers: Mapping[str, PlannedMesh],
    chosen: Mapping[str, PeerNames],
    live: List[Json],
    control_plane: Optional[Json],
) -> None:
    """Find names that are taken, shared or impossible; what lives keeps its name, what is new is skipped."""
    users = _users(chosen.values(), live)
    for host, side in chosen.items():
        where = f"ServiceMeshPeer {own['namespace']}/{side.peer_name}"
        peer = peers[host]["mesh"]
        if side.live is None and side.peer_name in {_name(one) for one in live} and not side.problems:
            side.problems.append(
                problem(
                    "peer-name-taken",
                    own["mesh"],
                    where,
                    f"it is for another mesh than {peer}",
                    f"Give {peer} another name in mesh_peer_names of {own['mesh']}",
                    peer=peer,
                )
            )
        for gateway in sorted({side.ingress, side.egress}):
            others = sorted(_rivals(side, gateway, users))
            if others or side.ingress == side.egress:
                side.problems.append(
                    problem(
                        "gateway-shared",
                        own["mesh"],
                        where,
                        f"the gateway {gateway} is used for {', '.join(others) or 'both ways'} too, "
                        "and each peer shuts the others out",
                        "Give each ServiceMeshPeer gateways of its own",
                        peer=peer,
                    )
                )
        for kind, gateway in ((INGRESS, side.ingress), (EGRESS, side.egress)):
            if gateway_owner(control_plane, kind, gateway) == "absent":
                side.problems.extend(
                    problem(
                        "name-invalid",
                        own["mesh"],
                        where,
                        f"the gateway's name {fault}",
                        "Correct the ServiceMeshPeer",
                        peer=peer,
                    )
                    for fault in conventions.label_faults(gateway)
                )


def _declared(live: Json) -> Set[str]:
    found = (dig(live, "spec", "gateways", kind, "name") for kind in ("ingress", "egress"))
    return {name for name in found if name}


def _users(chosen: Iterable[PeerNames], live: List[Json]) -> Dict[str, Dict[str, bool]]:
    """Gateway -> name of the peer that uses it -> whether a live ServiceMeshPeer says so."""
    users: Dict[str, Dict[str, bool]] = {}
    for side in chosen:
        for gateway in (side.ingress, side.egress):
            users.setdefault(gateway, {})[side.peer_name] = False
    for one in live:
        for gateway in _declared(one):
            users.setdefault(gateway, {})[_name(one)] = True
    return users


def _rivals(side: PeerNames, gateway: str, users: Mapping[str, Mapping[str, bool]]) -> Set[str]:
    """The peers before which this side must step back from a gateway."""
    by_peer = users[gateway]
    says_so = by_peer[side.peer_name] and side.live is not None
    return {name for name, live in by_peer.items() if name != side.peer_name and (live or not says_so)}
