# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what rules do to each other, within one list and between meshes, told from the inventory. Pure.

What is wrong with a single rule is found where it is read (``_model_rules``) and is in the declaration already. Here is what
only shows in several of them. Nothing is guessed: where a wildcard or a label selector leaves it to the cluster, nothing is
said, or it is said as ``info`` that only the cluster can tell. The codes are in ``_lint_codes``.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils import _lint_rules as rules
from ansible_collections.ossm.federation.plugins.module_utils._lint_codes import SEVERITIES
from ansible_collections.ossm.federation.plugins.module_utils._lint_rules import Names, Offer, Place, Taken, Way
from ansible_collections.ossm.federation.plugins.module_utils._model_names import LABEL_MAX, LOCAL_SUFFIX
from ansible_collections.ossm.federation.plugins.module_utils._model_repair import ANY
from ansible_collections.ossm.federation.plugins.module_utils._model_types import (
    DeclaredMesh,
    Declaration,
    Json,
    Problem,
    Rule,
    RuleList,
    problem,
)
from ansible_collections.ossm.federation.plugins.module_utils._model_variables import suggestion

_ERROR, _WARNING, _INFO = SEVERITIES


def lint(declaration: Declaration) -> List[Problem]:
    """What is wrong with rules beside each other, beyond ``declaration["problems"]``; errors first, then by place."""
    view = _View(declaration)
    found: List[Problem] = []
    for host in declaration["hosts"]:
        mesh = declaration["meshes"][host]
        for written in _sound(mesh["export_lists"]):
            places = rules.places_of(mesh, written)
            found += _within(mesh, places) + _control_plane(mesh, places) + _export_collisions(mesh, places)
            found += _unimported(view, mesh, written, places)
        for written in _sound(mesh["import_lists"]):
            places = rules.places_of(mesh, written)
            found += _within(mesh, places) + _suffixes(mesh, places) + _unoffered(view, mesh, written, places)
        found += _import_collisions(view, mesh) + _one_name(view, mesh) + _joins(view, mesh)
    return in_order(found + _shared_names(view))


def in_order(found: Sequence[Problem]) -> List[Problem]:
    """Problems for people: errors first, then by mesh and place, with [2] before [10]."""
    return sorted(
        found, key=lambda one: (SEVERITIES.index(one["severity"]), one["mesh"], _natural(one["where"]), one["code"])
    )


def _natural(where: str) -> List[Tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", where)]


class _View:
    """The declaration from both ends of a pair; None is what the inventory does not tell."""

    def __init__(self, declaration: Declaration) -> None:
        self.meshes = declaration["meshes"]
        self.hosts = declaration["hosts"]
        self.partners = {
            host: sorted({other for pair in declaration["pairs"] if host in pair for other in pair} - {host})
            for host in self.hosts
        }
        self._offers: Dict[Tuple[str, str], Optional[List[Offer]]] = {}

    def name(self, host: str) -> str:
        return self.meshes[host]["mesh"]

    def names(self, hosts: Sequence[str]) -> str:
        return ", ".join(sorted(map(self.name, hosts)))

    def peer_name(self, host: str, peer: str) -> str:
        """What the ServiceMeshPeer of a mesh for another one is called, as far as the inventory tells."""
        return self.meshes[peer]["mesh"]

    def offers(self, host: str, peer: str) -> Optional[List[Offer]]:
        """What one mesh exports to another."""
        if (host, peer) not in self._offers:
            places = self._places(self.meshes[host], self.meshes[host]["export_lists"], peer)
            self._offers[host, peer] = None if places is None else rules.offers(places)
        return self._offers[host, peer]

    def importing(self, host: str, peer: str) -> Optional[List[Place]]:
        """The rules by which one mesh imports from another."""
        return self._places(self.meshes[host], self.meshes[host]["import_lists"], peer)

    def taken(self, host: str, peer: str) -> List[Taken]:
        """What one mesh imports from another, as far as it is told."""
        return rules.imports(
            self.importing(host, peer) or [], self.offers(peer, host) or [], self.peer_name(host, peer)
        )

    @staticmethod
    def _places(mesh: DeclaredMesh, lists: Sequence[RuleList], peer: str) -> Optional[List[Place]]:
        for written in lists:
            if peer in written["peers"]:
                return rules.places_of(mesh, written) if written["sound"] else None
        return []


def _sound(lists: Sequence[RuleList]) -> List[RuleList]:
    """Lists that somebody gets and in which nothing is refused: of a refused rule nobody knows what it will be."""
    return [written for written in lists if written["sound"] and written["peers"]]


# One list


def _within(mesh: DeclaredMesh, places: Sequence[Place]) -> List[Problem]:
    """Rules, and aliases of rules, that never count."""
    found = []
    all_rules = [place.rule for place in places]
    for index, place in enumerate(places):
        earlier = rules.shadowing(all_rules, index)
        if earlier is not None:
            found.append(_shadowed(mesh, places[earlier], place))
        found += _idle_aliases(mesh, place)
    return found


def _shadowed(mesh: DeclaredMesh, earlier: Place, place: Place) -> Problem:
    repaired = None
    if _effects(earlier.rule, place.rule) == _effects(place.rule, place.rule):
        remedy = "Take it out: it says nothing new"
    elif rules.covers(rules.source(place.rule), rules.source(earlier.rule)):
        remedy = "Keep one of the two: both are about the same services"
    else:
        remedy, repaired = f"Write it before {earlier.where}", [place.rule, earlier.rule]
    return problem(
        "rule-shadowed",
        mesh["mesh"],
        place.where,
        f"it never counts: {earlier.where} takes all that it could take, and the first rule that matches wins",
        remedy,
        severity=_WARNING,
        repaired=repaired,
    )


def _effects(rule: Rule, about: Rule) -> Tuple[Any, ...]:
    """What a rule makes of the services that another one is about."""
    made = set()
    for way in rules.ways(rule):
        seen = rules.meet(way.source, rules.source(about))
        if seen is not None:
            made.add((seen, way.of(seen)))
    return made, bool(rule.get("importAsLocal")), rule.get("domainSuffix") or ""


def _idle_aliases(mesh: DeclaredMesh, place: Place) -> List[Problem]:
    """Aliases of a LabelSelector that an earlier one, or the selector's own namespace, leaves nothing to."""
    body = place.rule.get("labelSelector") or {}
    aliases = body.get("aliases") or []
    outer = Names(rules.source(place.rule).namespace, None)
    found = []
    for index, mapping in enumerate(aliases):
        where = f"{place.where}.labelSelector.aliases[{index}]"
        inner = rules.meet(outer, rules.names_of(mapping))
        without = {**place.rule, "labelSelector": {**body, "aliases": aliases[:index] + aliases[index + 1 :]}}
        earlier = next((at for at in range(index) if inner and rules.covers(rules.names_of(aliases[at]), inner)), None)
        if inner is None:
            message, code = f"it never counts: the selector looks at the namespace {outer.namespace} alone", "alias-unused"
        elif earlier is not None:
            message, code = f"it never counts: aliases[{earlier}] takes all that it could take", "rule-shadowed"
        else:
            continue
        remedy = "Take it out, or write it first" if inner else "Take it out, or correct its namespace"
        found.append(
            problem(code, mesh["mesh"], where, message, remedy, severity=_WARNING, repaired=without)
        )
    return found


def _suffixes(mesh: DeclaredMesh, places: Sequence[Place]) -> List[Problem]:
    found = []
    for place in places:
        suffix = place.rule.get("domainSuffix") or ""
        if suffix and place.rule.get("importAsLocal"):
            message, remedy = "it has no effect beside importAsLocal", "Take it out"
        elif suffix.endswith(f".{LOCAL_SUFFIX}"):
            message = f"it ends with the cluster's own suffix, so the service is put into the namespace {_home(place)}"
            remedy = "Use importAsLocal: true, or a suffix of another domain"
        else:
            continue
        repaired = {key: value for key, value in place.rule.items() if key != "domainSuffix"}
        found.append(
            problem(
                "rule-suffix",
                mesh["mesh"],
                f"{place.where}.domainSuffix",
                message,
                remedy,
                severity=_WARNING,
                repaired=repaired,
            )
        )
    return found


def _home(place: Place) -> str:
    (way,) = rules.ways(place.rule)
    return way.target.namespace or "of its name"


def _control_plane(mesh: DeclaredMesh, places: Sequence[Place]) -> List[Problem]:
    """Rules that take all services of all namespaces, or of the control plane's own.

    istiod leaves out the peer's own ingress gateway at most (maistra/istio pkg/servicemesh/federation/server/server.go).
    """
    found = []
    for place in places:
        seen = rules.source(place.rule)
        by_name = place.rule["type"] == "NameSelector"
        if seen.namespace != mesh["namespace"] and not (by_name and seen == Names(None, None)):
            continue
        body = "nameSelector" if by_name else "labelSelector"
        found.append(
            problem(
                "export-control-plane",
                mesh["mesh"],
                place.where,
                f"{seen.text} has the control plane's own services and gateways in it",
                "Write one rule for each namespace that is meant",
                severity=_WARNING,
                repaired={**place.rule, body: {**place.rule[body], "namespace": "<namespace>"}},
            )
        )
    return found


# Names that fall together


def _export_collisions(mesh: DeclaredMesh, places: Sequence[Place]) -> List[Problem]:
    found = []
    for place in places:
        judged = [(severity, way) for way in rules.ways(place.rule) for severity in [_falls_together(way)] if severity]
        if judged:
            severity, way = min(judged, key=lambda one: SEVERITIES.index(one[0]))
            found.append(_collision("export", mesh, place, way, severity))
    named: Dict[Names, Offer] = {}
    open_ways: List[Tuple[Place, Way]] = []
    all_rules = [place.rule for place in places]
    for index, place in enumerate(places):
        for way in rules.ways(place.rule):
            if rules.taken_before(all_rules, index, way.source):
                continue
            if not way.source.one or way.labels:
                open_ways.append((place, way))
                continue
            offer = Offer(way.source, way.target, True, place)
            first = named.setdefault(way.target, offer)
            if first.source != way.source:
                found.append(_two_names(mesh, first, offer))
    fixed = [(offer.place, Way(offer.source, offer.names, False)) for offer in named.values()]
    return found + _perhaps(mesh, fixed, open_ways, places)


def _falls_together(way: Way) -> Optional[str]:
    """How bad it is that a rule gives one name to several services; None when it keeps them apart."""
    whole_name = way.source.name is None and way.alias.name is not None
    namespaces = way.source.namespace is None and way.alias.namespace is not None
    if whole_name or (namespaces and way.source.name is not None):
        return _WARNING if way.labels else _ERROR
    if namespaces:
        return _INFO if way.labels else _WARNING
    return None


def _collision(direction: str, mesh: DeclaredMesh, place: Place, way: Way, severity: str) -> Problem:
    """One rule with a wildcard and an alias that does away with what the wildcard keeps apart."""
    if way.target.one:
        message = f"all services that match {way.source.text} get one name, {way.target.text}"
        if severity != _ERROR:
            message += ", if there is more than one of them"
    elif way.target.name is not None:
        message = f"all services of a namespace that match {way.source.text} get one name, {way.target.text}"
    else:
        message = f"services of one name in several namespaces get one name in {way.target.namespace}"
    return problem(
        f"{direction}-collision",
        mesh["mesh"],
        place.where,
        message,
        "Give no fixed alias to what a wildcard takes, or name each service in a rule of its own",
        severity=severity,
        repaired=_kept_apart(place.rule),
    )


def _kept_apart(rule: Rule) -> Rule:
    """The rule without the aliases that give one name to several services."""
    repaired = copy.deepcopy(rule)
    if rule["type"] == "NameSelector":
        selector = repaired["nameSelector"]
        if rule.get("importAsLocal") and selector.get("namespace") in ANY:
            selector["namespace"] = "<namespace>"  # the alias needs its fixed namespace
        _without_merging(selector, selector.get("namespace"))
    else:
        body = repaired["labelSelector"]
        for mapping in body["aliases"]:
            outer = body.get("namespace")
            _without_merging(mapping, mapping.get("namespace") if outer in ANY else outer)
        body["aliases"] = [mapping for mapping in body["aliases"] if "alias" in mapping]
    return repaired


def _without_merging(mapping: Json, namespace: Any) -> None:
    alias = mapping.get("alias") or {}
    if mapping.get("name") in ANY:
        alias.pop("name", None)
    if namespace in ANY:
        alias.pop("namespace", None)
    if not alias:
        mapping.pop("alias", None)


def _two_names(mesh: DeclaredMesh, first: Offer, second: Offer) -> Problem:
    return problem(
        "export-collision",
        mesh["mesh"],
        second.place.where,
        f"{second.source.text} would be exported as {second.names.text}, as is {first.source.text} by {first.place.where}",
        "Give them different aliases",
        repaired=_renamed(second.place.rule, second.names, second.source, first.source),
    )


def _renamed(rule: Rule, target: Names, own: Names, other: Names) -> Rule:
    """The rule with an alias that tells a service from another one: by its name, or else by its namespace too."""
    name = own.name if own.name not in (other.name, target.name) else f"{own.name}-{own.namespace}"
    return {**rule, "nameSelector": {**rule["nameSelector"], "alias": {"namespace": target.namespace, "name": name}}}


def _perhaps(
    mesh: DeclaredMesh,
    fixed: Sequence[Tuple[Place, Way]],
    open_ways: Sequence[Tuple[Place, Way]],
    places: Sequence[Place],
) -> List[Problem]:
    """Rules of which at least one takes what the cluster has: whether two names fall together only shows there."""
    found = []
    order = {place.where: index for index, place in enumerate(places)}
    all_rules = [place.rule for place in places]
    told = set()
    for index, (place, way) in enumerate(open_ways):
        for other_place, other in [*fixed, *open_ways[:index]]:
            pair = sorted({place.where, other_place.where}, key=lambda where: order[where])
            target = rules.meet(way.target, other.target)
            if len(pair) < 2 or tuple(pair) in told or target is None:
                continue
            one, two = way.back(target), other.back(target)
            later = one if pair[1] == place.where else two
            if one == two or rules.taken_before(all_rules[: order[pair[0]] + 1], order[pair[0]] + 1, later):
                continue
            told.add(tuple(pair))
            merged = not way.labels and not other.labels and target.name is None
            found.append(
                problem(
                    "export-collision",
                    mesh["mesh"],
                    pair[1],
                    f"it may export a service as {target.text}, and so may {pair[0]}: only the cluster can tell",
                    "Give them aliases of different namespaces",
                    severity=_WARNING if merged else _INFO,
                )
            )
    return found


def _import_collisions(view: _View, mesh: DeclaredMesh) -> List[Problem]:
    """Services of one peer that get one local name; each rule is told of once, of its worst."""
    found: Dict[str, Problem] = {}
    for peer in view.partners[mesh["host"]]:
        first: Dict[Tuple[Names, str], Taken] = {}
        for taken in view.taken(mesh["host"], peer):
            other = first.setdefault((taken.names, taken.suffix), taken)
            severity = _falls_together(Way(taken.seen, taken.way.alias, False))
            if other.seen != taken.seen:
                told = _one_import(view, mesh, peer, other, taken)
            elif severity is not None:
                less = _WARNING if severity == _ERROR else _INFO
                told = _collision("import", mesh, taken.place, taken.way, less)
            else:
                continue
            known = found.setdefault(told["where"], told)
            found[told["where"]] = min(known, told, key=lambda one: SEVERITIES.index(one["severity"]))
    return list(found.values())


def _one_import(view: _View, mesh: DeclaredMesh, peer: str, first: Taken, second: Taken) -> Problem:
    """Two services of one peer, or two of its wildcards, under one local name."""
    certain, same = first.certain and second.certain, first.place.where == second.place.where
    repaired = None
    if same:
        repaired = _kept_apart(second.place.rule)
    elif certain:
        repaired = _renamed(second.place.rule, second.names, second.seen, first.seen)
    return problem(
        "import-collision",
        mesh["mesh"],
        second.place.where,
        f"{second.seen.text} of {view.name(peer)} {'would' if certain else 'may'} be {_host(second)}, as "
        f"{'would' if certain else 'may'} {first.seen.text}" + ("" if same else f" by {first.place.where}"),
        "Give them different aliases",
        peer=view.name(peer),
        severity=_ERROR if certain else _INFO,
        repaired=repaired,
    )


def _host(taken: Taken) -> str:
    return f"{taken.names.name or '*'}.{taken.names.namespace or '*'}.{taken.suffix}"


# Between meshes


def _unimported(view: _View, mesh: DeclaredMesh, written: RuleList, places: Sequence[Place]) -> List[Problem]:
    """Export rules of which no peer that gets them imports anything."""
    importing = [view.importing(peer, mesh["host"]) for peer in written["peers"]]
    if None in importing:
        return []
    wanted = [rules.source(place.rule) for places_there in importing for place in places_there or []]
    all_rules = [place.rule for place in places]
    found = []
    for index, place in enumerate(places):
        offered = [offer.names for offer in rules.offers([place])]
        met = any(rules.meet(name, other) is not None for name in offered for other in wanted)
        if met or rules.shadowing(all_rules, index) is not None:
            continue
        peers = view.names(written["peers"])
        found.append(
            problem(
                "export-unimported",
                mesh["mesh"],
                place.where,
                f"nobody imports {_listed(offered)}: no import rule of {peers} takes it",
                f"Import it there (mesh_imports, by peer {mesh['mesh']}), or take this rule out",
                severity=_WARNING,
                repaired=offered[0].text,
            )
        )
    return found


def _unoffered(view: _View, mesh: DeclaredMesh, written: RuleList, places: Sequence[Place]) -> List[Problem]:
    """Import rules for which no peer that they are for exports anything."""
    by_peer = [view.offers(peer, mesh["host"]) for peer in written["peers"]]
    if None in by_peer:
        return []
    offered = [offer for found in by_peer for offer in found or []]
    all_rules = [place.rule for place in places]
    found = []
    for index, place in enumerate(places):
        wanted = rules.source(place.rule)
        met = [offer for offer in offered if rules.meet(offer.names, wanted) is not None]
        if rules.shadowing(all_rules, index) is not None:
            continue
        if not met:
            found.append(_nobody_offers(view, mesh, written["peers"], place, offered))
        elif wanted.one and not any(offer.certain for offer in met):
            found.append(_untold(view, mesh, place, met))
    return found


def _nobody_offers(
    view: _View, mesh: DeclaredMesh, peers: Sequence[str], place: Place, offered: Sequence[Offer]
) -> Problem:
    wanted, repaired = rules.source(place.rule), None
    message = f"nobody offers {wanted.text}: {view.names(peers)} " + (
        f"exports {_listed([offer.names for offer in offered])} to {mesh['mesh']}"
        if offered
        else f"exports nothing to {mesh['mesh']}, as far as the inventory tells"
    )
    remedy = f"Export it there (mesh_exports, by peer {mesh['mesh']}), or correct the name"
    renamed = next((offer for offer in offered if offer.names.one and rules.covers(wanted, offer.source)), None)
    if renamed is not None:
        message += f", and {renamed.source.text} is called {renamed.names.text} there"
        remedy = "Import it by the name that it is exported under"
        repaired = _by_exported_name(place, renamed.names)
    else:
        by_text = {offer.names.text: offer.names for offer in offered if offer.names.one}
        close = suggestion(wanted.text, by_text) if wanted.one else None
        repaired = _by_exported_name(place, by_text[close]) if close else None
    return problem(
        "import-unoffered", mesh["mesh"], place.where, message, remedy, severity=_WARNING, repaired=repaired
    )


def _by_exported_name(place: Place, names: Names) -> Any:
    if place.short:
        return names.text
    selector = {**place.rule["nameSelector"], "namespace": names.namespace, "name": names.name}
    return {**place.rule, "nameSelector": selector}


def _untold(view: _View, mesh: DeclaredMesh, place: Place, met: Sequence[Offer]) -> Problem:
    offer = met[0]
    how = "by their labels" if offer.place.rule["type"] == "LabelSelector" else "by a wildcard"
    return problem(
        "import-untold",
        mesh["mesh"],
        place.where,
        f"{view.name(offer.place.mesh)} exports services of {offer.names.text} {how}: "
        f"whether {rules.source(place.rule).text} is one of them, only its cluster can tell",
        "Nothing has to be done when it is",
        severity=_INFO,
    )


def _listed(names: Sequence[Names]) -> str:
    texts = list(dict.fromkeys(one.text for one in names))
    return ", ".join(texts[:4]) + (f" and {len(texts) - 4} more" if len(texts) > 4 else "")


def _one_name(view: _View, mesh: DeclaredMesh) -> List[Problem]:
    """Services of several peers under one local name."""
    by_name: Dict[Tuple[Names, str], Dict[str, Taken]] = defaultdict(dict)
    for peer in view.partners[mesh["host"]]:
        for taken in view.taken(mesh["host"], peer):
            by_name[taken.names, taken.suffix].setdefault(peer, taken)
    found = []
    for (names, dummy), by_peer in sorted(by_name.items(), key=str):
        if len(by_peer) < 2:
            continue
        places = list(dict.fromkeys(taken.place.where for taken in by_peer.values()))
        last = list(by_peer.values())[-1]
        certain = names.one and all(taken.certain for taken in by_peer.values())
        told = "all requests would go to one of them; that is no failover" if certain else "only the clusters can tell"
        found.append(
            problem(
                "import-one-name",
                mesh["mesh"],
                places[-1],
                f"{_host(last)} is the local name of services of {view.names(list(by_peer))}: {told}",
                "Import each under a name of its own, and route between them with a VirtualService",
                severity=_WARNING if certain else _INFO,
                repaired=_own_name(last, view.name(list(by_peer)[-1])) if certain else None,
            )
        )
    return found


def _own_name(taken: Taken, peer: str) -> Rule:
    """The import rule with the peer in the local name."""
    alias = {"namespace": taken.names.namespace, "name": f"{taken.names.name}-{peer}"}
    return {**taken.place.rule, "nameSelector": {**taken.place.rule["nameSelector"], "alias": alias}}


def _joins(view: _View, mesh: DeclaredMesh) -> List[Problem]:
    """Imports into the cluster's own domain, over a service that this mesh exports and so has."""
    own = {
        offer.source
        for peer in view.partners[mesh["host"]]
        for offer in view.offers(mesh["host"], peer) or []
        if offer.certain
    }
    found: Dict[str, Problem] = {}
    for peer in view.partners[mesh["host"]]:
        for taken in view.taken(mesh["host"], peer):
            if taken.suffix == LOCAL_SUFFIX and taken.names in own:
                found.setdefault(
                    taken.place.where,
                    problem(
                        "import-joins",
                        mesh["mesh"],
                        taken.place.where,
                        f"the import joins this mesh's own {taken.names.text}: the ports of the own one count, and the "
                        "imported endpoints are used where a port has the same name",
                        "Nothing has to be done when that is meant",
                        severity=_INFO,
                    ),
                )
    return list(found.values())


def _shared_names(view: _View) -> List[Problem]:
    """One name that several meshes export to one, which they call by the same name.

    The host name of an export is made of its name and of the exporter's peer name, so both services get one host name in
    the importing mesh, whatever it calls them (maistra/istio aggregate/controller.go mergeService). What is not imported from
    both does no harm, and is not told.
    """
    found: Dict[Tuple[str, str], List[Tuple[str, List[Offer], Offer]]] = defaultdict(list)
    unsure: Dict[Tuple[str, str], Problem] = {}
    for consumer in view.hosts:
        named, opened = _by_exported_host(view, consumer)
        for offers in named.values():
            for offer in offers:
                rivals = [other for other in offers if other.place.mesh != offer.place.mesh]
                if rivals:
                    found[offer.place.mesh, offer.place.where].append((consumer, rivals, offer))
        for one in _unsure_names(view, consumer, named, opened):
            unsure.setdefault((one["mesh"], one["where"]), one)
    return [_shared(view, told) for dummy, told in sorted(found.items())] + list(unsure.values())


_ByHost = Dict[Tuple[str, Names], List[Offer]]


def _by_exported_host(view: _View, consumer: str) -> Tuple[_ByHost, _ByHost]:
    """What one mesh imports, by the exporter's peer name and the exported name; first what is certain, then the rest."""
    named: _ByHost = defaultdict(list)
    opened: _ByHost = defaultdict(list)
    for exporter in view.partners[consumer]:
        called = view.peer_name(exporter, consumer)
        for offer in {id(taken.offer): taken.offer for taken in view.taken(consumer, exporter)}.values():
            (named if offer.certain else opened)[called, offer.names].append(offer)
    return named, opened


def _shared(view: _View, told: Sequence[Tuple[str, List[Offer], Offer]]) -> Problem:
    """One export rule whose name other meshes use too, for all meshes where that is so."""
    offer = told[0][2]
    to = view.names([consumer for consumer, dummy, dummy in told])
    rivals = [rival for dummy, by, dummy in told for rival in by]
    mesh = view.name(offer.place.mesh)
    alias = Names(_with_mesh(offer.names.namespace or "", mesh), offer.names.name)
    fixed = not offer.place.short and any(not rival.place.short for rival in rivals)
    return problem(
        "export-shared-name",
        mesh,
        offer.place.where,
        f"{view.names(list({rival.place.mesh for rival in rivals}))} exports {offer.names.text} to {to} too: there both "
        "become one service, the status is perfect and requests fail",
        f"Export it under an alias that only {mesh} has, and import {alias.text} in {to}",
        severity=_ERROR if fixed else _WARNING,
        repaired=_aliased(offer, alias),
    )


def _with_mesh(namespace: str, mesh: str) -> str:
    together = f"{namespace}-{mesh}"
    return together if len(together) <= LABEL_MAX else mesh


def _aliased(offer: Offer, alias: Names) -> Rule:
    selector = {"namespace": offer.source.namespace, "name": offer.source.name}
    return {
        "type": "NameSelector",
        "nameSelector": {**selector, "alias": {"namespace": alias.namespace, "name": alias.name}},
    }


def _unsure_names(view: _View, consumer: str, named: _ByHost, opened: _ByHost) -> Iterator[Problem]:
    """Exports with wildcards or label selectors that may have a name that another mesh exports to the same one."""
    for (called, names), offers in opened.items():
        rivals = {
            other.place.mesh: shared
            for by_host in (named, opened)
            for (also_called, others), found in by_host.items()
            for shared in [rules.meet(names, others) if called == also_called else None]
            for other in found
            if shared is not None
        }
        for offer in offers:
            exporters = sorted(set(rivals) - {offer.place.mesh})
            if not exporters:
                continue
            mesh = view.name(offer.place.mesh)
            yield problem(
                "export-shared-name",
                mesh,
                offer.place.where,
                f"it may export {rivals[exporters[0]].text} to {view.name(consumer)}, and so may {view.names(exporters)}: "
                "only the clusters can tell, and if both do requests fail",
                f"Give it aliases that only {mesh} has, unless the services differ",
                severity=_INFO,
            )
