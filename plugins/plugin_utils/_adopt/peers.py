# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which mesh each live ServiceMeshPeer is for, and the names of the meshes. Pure.

People name peers as they like, so a name alone is no proof. Evidence is weighed: whom the peer accepts, which roots it trusts, where it
connects to, and its name.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprints_in
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import PEER_LABEL, ROOT_KEY, is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import read_gateway
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import read_peer
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.types import Live, Matched, SideKey
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import TEXTS
from ansible_collections.ossm.federation.plugins.plugin_utils._model.mesh import is_registry
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.trust_domain import list_identities

#: What each sign weighs, and what all of them must weigh together.
_LABEL, _DOMAIN, _ROOTS, _OTHER_ROOTS, _SIGN, _ENOUGH = 8, 3, 4, -3, 2, 3


class Candidate:
    """A mesh as others see it: its names, identity, roots and the addresses of its gateways."""

    def __init__(self, host: str, declared: Declaration, facts: Optional[Json]) -> None:
        mesh = declared["meshes"][host]
        self.names = {host, mesh["mesh"]}
        self.mesh = mesh["mesh"]
        if facts is None:
            identity: Json = dict(next(iter(list_identities(mesh)), {}))
            self.domain, self.namespace = identity.get("trust_domain"), identity.get("namespace")
            self.roots = set(identity.get("fingerprints") or [])
            self.addresses: Set[str] = set(dig(identity, "remote", "addresses") or [])
            self.egress: Set[str] = set()
            return
        self.names.add(str(dig(facts, "control_plane", "name")))
        self.domain, self.namespace = dig(facts, "control_plane", "trust_domain"), facts["namespace"]
        self.roots = set(facts["fingerprints"])
        services = facts["gateway_services"].values()
        self.addresses = {
            address for one in services for address in read_gateway(one, facts.get("nodes") or []).get("addresses", [])
        } | {f"{dig(one, 'metadata', 'name')}.{self.namespace}.svc.cluster.local" for one in services}
        self.egress = set(dig(facts, "control_plane", "object", "spec", "gateways", conventions.EGRESS) or {})

    def weight(self, peer: Json, roots: Set[str]) -> int:
        """How much says that a ServiceMeshPeer is for this mesh; ``roots`` are the fingerprints that it trusts."""
        parts = str(dig(peer, "spec", "security", "clientID") or "").split("/")
        account = parts[4] if len(parts) == len(("", "ns", "", "sa", "")) else ""
        signs = (
            parts[2:3] == [self.namespace],
            account.endswith("-service-account") and account[: -len("-service-account")] in self.egress,
            bool(self.addresses & set(dig(peer, "spec", "remote", "addresses") or [])),
            dig(peer, "metadata", "name") in self.names,
        )
        weight = _SIGN * sum(signs)
        if is_ours(peer) and dig(peer, "metadata", "labels", PEER_LABEL) in self.names:
            weight += _LABEL
        if dig(peer, "spec", "security", "trustDomain") == self.domain:
            weight += _DOMAIN
        elif not roots & self.roots:
            # Namespace and names are the same in many meshes.
            return min(weight, _ENOUGH - 1) if weight < _LABEL else weight
        if roots and self.roots:
            weight += _ROOTS if roots & self.roots else _OTHER_ROOTS
        return weight


def match_peers(live: Live, declared: Declaration) -> Matched:
    """Find the mesh of each ServiceMeshPeer; ``declared`` is the declaration of this run, which names the meshes."""
    candidates = {host: Candidate(host, declared, live.facts.get(host)) for host in live.hosts}
    peers: Dict[SideKey, Json] = {}
    problems: List[Problem] = []
    for host, facts in sorted(live.facts.items()):
        others = {other: one for other, one in candidates.items() if other != host}
        chosen, found = _match(candidates[host].mesh, facts, others)
        peers.update({(host, other): peer for other, peer in chosen.items()})
        problems += found
    return Matched(peers, _mesh_names(live, candidates, peers), problems)


def _match(mesh: str, facts: Json, others: Mapping[str, Candidate]) -> Tuple[Dict[str, Json], List[Problem]]:
    """The ServiceMeshPeers of one mesh by the host of the other one, and those that are for none."""
    bundles = by_name(facts["config_maps"])
    rated: Dict[str, List[Tuple[int, bool, str, Json]]] = {}
    problems: List[Problem] = []
    for peer in facts["peers"]:
        name = str(dig(peer, "metadata", "name"))
        chain = dig(peer, "spec", "security", "certificateChain", "name") or conventions.config_map_name(name)
        roots = set(fingerprints_in(str(dig(bundles.get(chain), "data", ROOT_KEY) or "")))
        weights = {host: one.weight(peer, roots) for host, one in others.items()}
        best = max([*weights.values(), 0])
        hosts = [host for host, weight in sorted(weights.items()) if weight == best]
        if best < _ENOUGH or len(hosts) > 1:
            problems.append(_unknown(mesh, facts, name, [others[host].mesh for host in hosts if best >= _ENOUGH]))
        else:
            rated.setdefault(hosts[0], []).append((-best, not read_peer(peer)["connected"], name, peer))
    for host, rows in sorted(rated.items()):
        rows.sort(key=lambda row: row[:3])
        for row in rows[1:]:
            problems.append(_second(mesh, facts, row[2], others[host].mesh, rows[0][2]))
    return {host: rows[0][3] for host, rows in rated.items()}, problems


def _unknown(mesh: str, facts: Json, name: str, fitting: List[str]) -> Problem:
    reason = (
        f"it fits {' and '.join(fitting)} alike"
        if fitting
        else "no mesh of the inventory has its trust domain, its roots or its address"
    )
    return problem(
        "adopt-peer-unknown",
        mesh,
        f"ServiceMeshPeer {facts['namespace']}/{name}",
        f"{reason}, so the link is not described",
    )


def _second(mesh: str, facts: Json, name: str, peer: str, first: str) -> Problem:
    return problem(
        "adopt-peer-twice",
        mesh,
        f"ServiceMeshPeer {facts['namespace']}/{name}",
        f"it is for {peer}, as {first} is, which is described",
        peer=peer,
    )


def _mesh_names(live: Live, candidates: Mapping[str, Candidate], peers: Mapping[SideKey, Json]) -> Dict[str, str]:
    """The name of each mesh: the one that its inventory sets, else the one that all its peers use, else its host's."""
    used: Dict[str, Set[str]] = {}
    for (_host, other), peer in peers.items():
        used.setdefault(other, set()).add(str(dig(peer, "metadata", "name")))
    common_names = {host: next(iter(names)) for host, names in used.items() if len(names) == 1}
    names: Dict[str, str] = {}
    for host in live.hosts:
        common = common_names.get(host)
        is_free = [*common_names.values()].count(str(common)) == 1 and not {str(common)} & (
            {*live.hosts, *(candidates[other].mesh for other in live.hosts if other != host)} - {host}
        )
        is_name = common is not None and TEXTS["mesh name"].accepts(common) and not is_registry(common)
        keep = "mesh_name" in live.variables.get(host, {}) or not is_name or not is_free
        names[host] = candidates[host].mesh if keep or common is None else common
    return names
