# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the names that meshes give their peers, and names that several meshes export to one. Pure.

An exported host name is made of the service's name and of the exporter's name for the consumer
(``<name>.<namespace>.svc.<peer>-exports.local``, maistra/istio pkg/servicemesh/federation/server/server.go). Where two
exporters make the same one, the consumer merges their endpoints under one identity, and requests fail although every status
is healthy. Only another peer name or another export alias at the exporter keeps them apart; import aliases do not.
"""

from __future__ import annotations

from itertools import combinations
from typing import Dict, Iterable, List, Mapping, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import (
    Names,
    Offer,
    first_import,
    intersect,
    offers,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Rule
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import (
    Collision,
    Declaration,
    DeclaredMesh,
    Exporter,
)

#: Peer names: host -> host of the peer -> name of its ServiceMeshPeer.
PeerNamesByHost = Dict[str, Dict[str, str]]


def peer_names(declaration: Declaration, live: Optional[Mapping[str, Mapping[str, str]]] = None) -> PeerNamesByHost:
    """Choose the names that every mesh gives its peers.

    ``live`` are the existing names, by host and by host of the peer; they win. Without it every pair is new. A host that is
    not in it could not be read: its pairs get the default names. After the existing names come ``mesh_peer_names``, then
    the peer's own name; where that would collide, ``<consumer>-of-<exporter>``.
    """
    chosen: PeerNamesByHost = {host: {} for host in declaration["hosts"]}
    fixed: Dict[str, Set[str]] = {host: set() for host in declaration["hosts"]}
    for host, peer in _directions(declaration):
        mesh = declaration["meshes"][host]
        existing = live.get(host) if live is not None else {}
        name = (existing or {}).get(peer) or mesh["peer_names"].get(peer)
        chosen[host][peer] = name or declaration["meshes"][peer]["mesh"]
        if name or existing is None:
            fixed[host].add(peer)
    for consumer, partners in partners_of(declaration).items():
        _separate(declaration, consumer, partners, chosen, fixed)
    return chosen


def partners_of(declaration: Declaration) -> Dict[str, List[str]]:
    """The hosts with which each host is paired, sorted."""
    partners: Dict[str, List[str]] = {host: [] for host in declaration["hosts"]}
    for host, partner in _directions(declaration):
        partners[host].append(partner)
    return partners


def offered_twice(declaration: Declaration) -> List[Collision]:
    """Names that several meshes offer, or may offer, to one mesh, whatever its peer name is; sorted, nothing is solved.

    They collide where the exporters give the consumer the same peer name.
    """
    return [
        collision
        for consumer, partners in partners_of(declaration).items()
        for collision in _offered_twice(declaration, consumer, partners)
    ]


def _directions(declaration: Declaration) -> List[Tuple[str, str]]:
    return sorted(
        direction for first, second in declaration["pairs"] for direction in ((first, second), (second, first))
    )


def _offered_twice(declaration: Declaration, consumer: str, partners: List[str]) -> List[Collision]:
    """The names that several meshes offer to one mesh: exact names first; a wildcard is compared with everything."""
    meshes = declaration["meshes"]
    by_host = {host: offers(meshes[host]["exports"].get(consumer) or []) for host in partners}
    exporters: Dict[Tuple[Names, bool], Dict[str, int]] = {}
    for host in partners:
        for offer in by_host[host]:
            if offer.is_certain:
                exporters.setdefault((offer.names, True), {}).setdefault(host, offer.index)
    # Two meshes whose offers are all certain share exact names only.
    has_wildcard = {host for host in partners if not all(offer.is_certain for offer in by_host[host])}
    for first, second in combinations(partners, 2) if has_wildcard else ():
        for shared, rules in _shared_by(by_host[first], by_host[second]):
            exporters.setdefault((shared, False), {}).update(dict(zip((first, second), rules)))
    return [
        _collision(meshes, consumer, shared, rules, is_certain)
        for (shared, is_certain), rules in sorted(
            exporters.items(), key=lambda entry: (entry[0][0].text.split("/"), entry[0][1])
        )
        if len(rules) > 1
    ]


def _shared_by(first: Iterable[Offer], second: List[Offer]) -> List[Tuple[Names, Tuple[int, int]]]:
    """The names that the offers of two meshes may share, with their rules, where at least one offer is not certain."""
    uncertain = [offer for offer in second if not offer.is_certain]
    shared = []
    for own in first:
        for other in uncertain if own.is_certain else second:
            names = intersect(own.names, other.names)
            if names is not None:
                shared.append((names, (own.index, other.index)))
    return shared


def _collision(
    meshes: Mapping[str, DeclaredMesh], consumer: str, shared: Names, rules: Mapping[str, int], is_certain: bool
) -> Collision:
    exporters = [_exporter(meshes[host], consumer, index, shared) for host, index in sorted(rules.items())]
    for exporter in exporters:
        imports = meshes[consumer]["imports"].get(exporter["host"]) or []
        exporter["imported"] = first_import(imports, shared) is not None
    return {
        "consumer": meshes[consumer]["mesh"],
        "consumer_host": consumer,
        "name": shared.text,
        "certain": is_certain,
        "exporters": exporters,
        "solution": "",
        "message": "",
    }


def _exporter(mesh: DeclaredMesh, consumer: str, index: int, shared: Names) -> Exporter:
    rule = mesh["exports"][consumer][index]
    return {
        "host": mesh["host"],
        "mesh": mesh["mesh"],
        "peer_name": "",
        "exported_name": shared.text,
        "rule": index,
        "is_short": _is_short(rule, mesh["short_exports"].get(consumer, [])),
        "imported": False,
    }


def _is_short(rule: Rule, short: Iterable[str]) -> bool:
    """Whether a rule was written as ``namespace/name``."""
    selector = rule.get("nameSelector") or {}
    return set(selector) == {"namespace", "name"} and f"{selector['namespace']}/{selector['name']}" in short


def _separate(
    declaration: Declaration,
    consumer: str,
    partners: List[str],
    chosen: PeerNamesByHost,
    fixed: Mapping[str, Set[str]],
) -> None:
    """Give new pairs distinct names where the default ones would collide.

    A fixed name stays, and so does that of an exporter whose colliding rules are in the product's shape.
    """
    meshes = declaration["meshes"]
    rivals: Dict[str, Set[str]] = {}
    bound: Set[str] = set()
    for collision in _offered_twice(declaration, consumer, partners):
        for exporter in collision["exporters"]:
            rivals.setdefault(exporter["host"], set()).update(other["host"] for other in collision["exporters"])
            if consumer in fixed[exporter["host"]] or not exporter["is_short"]:
                bound.add(exporter["host"])
    settled: Set[str] = set()
    for host in [*sorted(bound), *sorted(set(rivals) - bound)]:
        used = {chosen[rival][consumer] for rival in rivals[host] & settled}
        if host not in bound and chosen[host][consumer] in used:
            name = conventions.distinct(meshes[consumer]["mesh"], f"of-{meshes[host]['mesh']}", conventions.PEER_MAX)
            if name not in chosen[host].values():
                chosen[host][consumer] = name
        settled.add(host)
