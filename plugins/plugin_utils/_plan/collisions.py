# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: two meshes that offer one name to a third, found in the declaration and solved.

An exported host name is made of the service's name and of what the exporter calls the consumer
(``<name>.<namespace>.svc.<peer>-exports.local``, maistra/istio pkg/servicemesh/federation/server/server.go). Where two
exporters make the same one, the consumer merges their endpoints under one identity, and requests fail while every status
is good. Only another peer name or another export alias at the exporter tells them apart; import aliases do not.

So a pair that is new gets a peer name of its own. Names of pairs that live never change; there the export gets an alias,
and the import rule of the consumer takes it back. This is done for exports in short form. Those in the product's own
words are never changed: they are refused, with the repaired rules.
"""

from __future__ import annotations

import json
from itertools import combinations
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import (
    Names,
    counts,
    covers,
    meet,
    names_of,
    open_ways,
    source,
    ways,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Collision, Exporter

#: What peers are called: host -> host of the peer -> name of its ServiceMeshPeer.
Called = Dict[str, Dict[str, str]]
#: Export rules as they live: host -> host of the peer -> rules.
Exported = Mapping[str, Mapping[str, List[Rule]]]
#: Words for people list at most so many meshes.
_LISTED = 5


class Offer(NamedTuple):
    """What an export rule offers. ``certain``: exactly this name, if the service exists."""

    names: Names
    certain: bool
    rule: int


def peer_names(declaration: Declaration, held: Optional[Mapping[str, Mapping[str, str]]] = None) -> Called:
    """Choose what every mesh calls its peers.

    ``held`` are the names that live already, by host and by host of the peer; they win. Without it every pair is new. A
    host that is not in it could not be read: it is taken to have the usual names, and nothing new is chosen for it.
    After these come ``mesh_peer_names``, then the peer's own name; where that would collide, ``<consumer>-of-<exporter>``.
    """
    called: Called = {host: {} for host in declaration["hosts"]}
    fixed: Dict[str, Set[str]] = {host: set() for host in declaration["hosts"]}
    for host, peer in _directions(declaration):
        mesh = declaration["meshes"][host]
        lives = held.get(host) if held is not None else {}
        found = (lives or {}).get(peer) or mesh["peer_names"].get(peer)
        called[host][peer] = found or declaration["meshes"][peer]["mesh"]
        if found or lives is None:
            fixed[host].add(peer)
    for consumer in declaration["hosts"]:
        _tell_apart(declaration, consumer, called, fixed)
    return called


def offered_twice(declaration: Declaration) -> List[Collision]:
    """Names that several meshes offer, or may offer, to one mesh, whatever they call it; sorted, nothing is solved.

    They collide where the exporters call the consumer by one name: see ``collisions``.
    """
    return [one for consumer in declaration["hosts"] for one in _offered_twice(declaration, consumer)]


def collisions(declaration: Declaration, called: Optional[Called] = None) -> List[Collision]:
    """Names that several meshes offer, or may offer, to one mesh which they call by one name.

    ``called`` is what ``peer_names`` returned; without it every pair is taken for new.
    """
    names_of = peer_names(declaration) if called is None else called
    return [
        group for found in offered_twice(declaration) for group in _by_name(found, names_of) if len(group["exporters"]) > 1
    ]


def solve(
    declaration: Declaration, called: Called, exported: Exported
) -> Tuple[Dict[str, DeclaredMesh], List[Collision], List[Problem]]:
    """Give aliases where one name is exported twice under one peer name, as far as rules in short form allow.

    Who exports it already by its own name, as ``exported`` says, goes on with that. Returns the meshes with the rules that
    are to be written, everything that is offered twice with its ``solution``, and problems: an error for what would break
    requests, a warning for what only may.
    """
    meshes = dict(declaration["meshes"])
    told: List[Collision] = []
    problems: List[Problem] = []
    for found in offered_twice(declaration):
        groups = [group for group in _by_name(found, called) if len(group["exporters"]) > 1]
        if not groups:
            told.append({**_named(found, called), "solution": "peer-names", "message": _names_words(found, called)})
        for group in groups:
            solved, faults = _solve(meshes, group, exported)
            told.append(solved)
            problems += faults
    return meshes, told, problems




def offers(rules: Sequence[Rule]) -> List[Offer]:
    """What export rules offer, as far as they say it themselves; the first rule that takes a service wins."""
    found: List[Offer] = []
    for index in range(len(rules)):
        for way in open_ways(rules, index):
            # By their labels, an earlier rule may take it and call it otherwise.
            open_end = any(counts(earlier) and covers(source(earlier), way.source) for earlier in rules[:index])
            found.append(Offer(way.target, way.source.one and not way.labels and not open_end, index))
    return found




def _directions(declaration: Declaration) -> List[Tuple[str, str]]:
    return sorted(way for one, two in declaration["pairs"] for way in ((one, two), (two, one)))


def _offered_twice(declaration: Declaration, consumer: str) -> List[Collision]:
    """What several meshes offer to one mesh, by exact name first; a wildcard is compared with everything."""
    meshes = declaration["meshes"]
    partners = sorted(other for pair in declaration["pairs"] if consumer in pair for other in pair if other != consumer)
    by_mesh = {host: offers(meshes[host]["exports"].get(consumer) or []) for host in partners}
    users: Dict[Tuple[Names, bool], Dict[str, int]] = {}
    for host in partners:
        for offer in by_mesh[host]:
            if offer.certain:
                users.setdefault((offer.names, True), {}).setdefault(host, offer.rule)
    for one, two in combinations(partners, 2):
        for a in by_mesh[one]:
            for b in by_mesh[two] if not a.certain else [offer for offer in by_mesh[two] if not offer.certain]:
                both = meet(a.names, b.names)
                if both is not None:
                    users.setdefault((both, False), {}).update({one: a.rule, two: b.rule})
    return [
        _collision(meshes, consumer, shared, hosts, certain)
        for (shared, certain), hosts in sorted(users.items(), key=lambda one: (one[0][0].text.split("/"), one[0][1]))
        if len(hosts) > 1
    ]


def _collision(
    meshes: Mapping[str, DeclaredMesh], consumer: str, shared: Names, hosts: Mapping[str, int], certain: bool
) -> Collision:
    exporters = [_exporter(meshes[host], consumer, index, shared) for host, index in sorted(hosts.items())]
    for one in exporters:
        rules = meshes[consumer]["imports"].get(one["host"]) or []
        one["imported"] = taking(rules, shared) is not None
    return {
        "consumer": meshes[consumer]["mesh"],
        "consumer_host": consumer,
        "name": shared.text,
        "certain": certain,
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


def taking(rules: Iterable[Rule], offered: Names) -> Optional[int]:
    """The first import rule that takes what is exported under these names, or some of it; None when there is none."""
    for index, rule in enumerate(rules):
        if any(meet(way.source, offered) is not None for way in ways(rule)):
            return index
    return None




def _tell_apart(declaration: Declaration, consumer: str, called: Called, fixed: Mapping[str, Set[str]]) -> None:
    """Give new pairs names of their own where the usual ones would collide.

    A name that is fixed stays, and so does that of an exporter whose colliding rules are in the product's own words.
    """
    meshes = declaration["meshes"]
    rivals: Dict[str, Set[str]] = {}
    bound: Set[str] = set()
    for found in _offered_twice(declaration, consumer):
        for one in found["exporters"]:
            rivals.setdefault(one["host"], set()).update(other["host"] for other in found["exporters"])
            if consumer in fixed[one["host"]] or not one["is_short"]:
                bound.add(one["host"])
    settled: Set[str] = set()
    for host in [*sorted(bound), *sorted(set(rivals) - bound)]:
        taken = {called[rival][consumer] for rival in rivals[host] & settled}
        if host not in bound and called[host][consumer] in taken:
            name = conventions.distinct(meshes[consumer]["mesh"], f"of-{meshes[host]['mesh']}", conventions.PEER_MAX)
            if name not in called[host].values():
                called[host][consumer] = name
        settled.add(host)


def _named(found: Collision, called: Called) -> Collision:
    """The same with what each exporter calls the consumer."""
    consumer = found["consumer_host"]
    return {**found, "exporters": [{**one, "peer_name": called[one["host"]][consumer]} for one in found["exporters"]]}


def _by_name(found: Collision, called: Called) -> List[Collision]:
    """The same, split by what the exporters call the consumer."""
    named = _named(found, called)
    peers = sorted({one["peer_name"] for one in named["exporters"]})
    return [{**named, "exporters": [one for one in named["exporters"] if one["peer_name"] == peer]} for peer in peers]


def _all(exporters: Iterable[Exporter]) -> str:
    meshes = [one["mesh"] for one in exporters]
    if len(meshes) > _LISTED:
        meshes[_LISTED - 1 :] = [f"{len(meshes) - _LISTED + 1} others"]
    return f"{', '.join(meshes[:-1])} and {meshes[-1]}"


def _names_words(found: Collision, called: Called) -> str:
    own = [one for one in _named(found, called)["exporters"] if one["peer_name"] != found["consumer"]]
    told = ", ".join(f"{one['mesh']} calls it {one['peer_name']}" for one in own[: _LISTED - 1])
    if len(own) >= _LISTED:
        told += f", and so on for {len(own) - _LISTED + 1} others"
    return f"{_what(found)}; told apart by what they call it: {told}"


def _what(found: Collision) -> str:
    verb = "export" if found["certain"] else "may export"
    return f"{_all(found['exporters'])} {verb} {found['name']} to {found['consumer']}"




def _solve(
    meshes: Dict[str, DeclaredMesh], found: Collision, exported: Exported
) -> Tuple[Collision, List[Problem]]:
    """Solve one collision by aliases in ``meshes``: for all exporters but one.

    That one is who has used the product's own words, else who exports the name already, else the first.
    """
    what = f"{_what(found)} and call it by one name, {found['exporters'][0]['peer_name']}"
    if not found["certain"] or sum(one["imported"] for one in found["exporters"]) < 2:
        return {**found, "message": what}, [_may(found, what)]
    consumer = found["consumer_host"]
    exporters = sorted(
        found["exporters"], key=lambda one: (one["is_short"], not _lives(one, consumer, exported), one["host"])
    )
    if not exporters[1]["is_short"]:
        return {**found, "message": what}, [_refused(meshes, found, one, what) for one in exporters[1:]]
    for one in exporters[1:]:
        _aliased(meshes, consumer, one)
    aliases = ", ".join(f"{one['mesh']} exports it as {_alias_of(one)[0]}/{_alias_of(one)[1]}" for one in exporters[1:])
    message = f"{what}; told apart by an alias: {aliases}, and {found['consumer']} imports it under its own name"
    return {**found, "solution": "alias", "message": message}, []


def _lives(one: Exporter, consumer: str, exported: Exported) -> bool:
    """Whether an exporter offers the name already."""
    rules = exported.get(one["host"], {}).get(consumer, [])
    return any(offer.certain and offer.names.text == one["exported_name"] for offer in offers(rules))


def _exports(one: Exporter) -> Names:
    namespace, dummy, name = one["exported_name"].partition("/")
    return names_of({"namespace": namespace, "name": name})


def _alias_of(one: Exporter) -> Tuple[str, str]:
    namespace, dummy, name = one["exported_name"].partition("/")
    return conventions.distinct(namespace, one["mesh"], conventions.LABEL_MAX), name


def _aliased(meshes: Dict[str, DeclaredMesh], consumer: str, one: Exporter) -> None:
    """Put the alias into the exporter's rule, and take it back in the consumer's."""
    host = one["host"]
    exports, imports = meshes[host]["exports"], meshes[consumer]["imports"]
    rules = list(exports[consumer])
    rules[one["rule"]] = repaired_export(rules[one["rule"]], one)
    meshes[host] = {**meshes[host], "exports": {**exports, consumer: rules}}
    taken = taking(imports.get(host) or [], _exports(one))
    if taken is not None:
        rules = list(imports[host])
        # A wildcard stays behind, for all that it takes besides.
        wide = not source(rules[taken]).one
        rules[taken : taken + (0 if wide else 1)] = [repaired_import(rules[taken], one)]
        meshes[consumer] = {**meshes[consumer], "imports": {**imports, host: rules}}


def repaired_export(rule: Rule, one: Exporter) -> Rule:
    """An export rule that offers its service under a name that no other mesh uses."""
    namespace, name = _alias_of(one)
    return {**rule, "nameSelector": {**rule["nameSelector"], "alias": {"namespace": namespace, "name": name}}}


def repaired_import(rule: Rule, one: Exporter) -> Rule:
    """An import rule that takes the repaired export to where the rule would have taken it before."""
    namespace, name = _alias_of(one)
    (way,) = ways(rule)
    local = way.of(_exports(one))
    alias = {"namespace": local.namespace, "name": local.name}
    return {**rule, "nameSelector": {"namespace": namespace, "name": name, "alias": alias}}




def _may(found: Collision, what: str) -> Problem:
    one = found["exporters"][-1]
    first = (
        f"as soon as {found['consumer']} imports it from more than one of them, requests fail"
        if found["certain"]
        else "a service that more than one of them exports under one name, and that is imported from them, cannot be used"
    )
    return problem(
        "export-collision-possible",
        one["mesh"],
        "mesh_exports",
        f"{what}: {first}",
        f"Give {found['consumer']} another name in mesh_peer_names of {one['mesh']} before their link is made, "
        "or export with an alias that no other mesh uses",
        peer=found["consumer"],
        severity="warning",
    )


def _refused(meshes: Mapping[str, DeclaredMesh], found: Collision, one: Exporter, what: str) -> Problem:
    """The error of one exporter, with the rules as they should be."""
    consumer = meshes[found["consumer_host"]]
    export = repaired_export(meshes[one["host"]]["exports"][found["consumer_host"]][one["rule"]], one)
    rules = consumer["imports"].get(one["host"]) or []
    taken = taking(rules, _exports(one))
    remedy = f"In mesh_exports of {one['mesh']} for {found['consumer']} write {json.dumps(export)}"
    if taken is not None:
        remedy += (
            f", and in mesh_imports of {found['consumer']} for {one['mesh']} {json.dumps(repaired_import(rules[taken], one))}"
        )
    return problem(
        "export-collision",
        one["mesh"],
        "mesh_exports",
        f"{what}: the status would be good, and requests would fail",
        f"{remedy}; or, where their link is not made yet, give {found['consumer']} another name in mesh_peer_names "
        f"of {one['mesh']}",
        peer=found["consumer"],
    )
