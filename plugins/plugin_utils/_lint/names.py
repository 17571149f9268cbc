# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: names that fall together, in the exporting mesh, in the importing one, and between exporters. Pure."""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import matching as match
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LABEL_MAX
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import ANY, Names, Way
from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    Rule,
    Severity,
    problem,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.codes import SEVERITIES
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.rules import Offer, Place, Taken
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.view import View
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import DeclaredMesh

_ERROR, _WARNING, _INFO = SEVERITIES
#: The code of what the plan finds too, and better: it knows what living peers are called.
COLLISION = "export-collision"
_ByHost = Dict[Tuple[str, Names], List[Offer]]


class _Rivalry(NamedTuple):
    """An offer, the mesh that imports it, and what others offer to that one under the same host name."""

    offer: Offer
    consumer: str
    rivals: List[Offer]


def export_collisions(mesh: DeclaredMesh, places: Sequence[Place]) -> List[Problem]:
    """Services that get one exported name: by one rule that takes several, by two that name them, or perhaps."""
    found = []
    named: Dict[Names, Offer] = {}
    open_ways: List[Tuple[Place, Way]] = []
    all_rules = [place.rule for place in places]
    for index, place in enumerate(places):
        ways = match.open_ways(all_rules, index)
        judged = [(severity, way) for way in ways for severity in [_falls_together(way)] if severity]
        if judged:
            severity, way = min(judged, key=lambda one: SEVERITIES.index(one[0]))
            found.append(_collision("export", mesh, place, way, severity))
        open_ways += [(place, way) for way in ways if way.labels or not way.source.one]
        for way in ways:
            if way.source.one and not way.labels:
                offer = Offer(way.source, way.target, True, place)
                first = named.setdefault(way.target, offer)
                if first.source != way.source:
                    found.append(_two_names(mesh, first, offer))
    fixed = [(offer.place, Way(offer.source, offer.names, False)) for offer in named.values()]
    return found + _perhaps(mesh, fixed, open_ways, places)


def _falls_together(way: Way) -> Optional[Severity]:
    """How bad it is that a rule gives one name to several services; None when it keeps them apart."""
    whole_name = way.source.name is None and way.alias.name is not None
    namespaces = way.source.namespace is None and way.alias.namespace is not None
    if whole_name or (namespaces and way.source.name is not None):
        return _WARNING if way.labels else _ERROR
    if namespaces:
        return _INFO if way.labels else _WARNING
    return None


def _collision(direction: str, mesh: DeclaredMesh, place: Place, way: Way, severity: Severity) -> Problem:
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
        f"{direction}-one-name",
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
        "export-one-name",
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
    """Names that fall together if the cluster has certain services, where a wildcard or a label selector takes part."""
    order = {place.where: index for index, place in enumerate(places)}
    found: Dict[Tuple[str, str], Problem] = {}
    for index, (place, way) in enumerate(open_ways):
        for other_place, other in [*fixed, *open_ways[:index]]:
            (first, former), (second, latter) = sorted(
                ((other_place.where, other), (place.where, way)), key=lambda one: order[one[0]]
            )
            target = _merged(former, latter)
            if target is None:
                continue
            merged = not way.labels and not other.labels and target.name is None
            also = "in two ways" if first == second else f"and so may {first}"
            found.setdefault(
                (first, second),
                problem(
                    "export-one-name",
                    mesh["mesh"],
                    second,
                    f"it may export a service as {target.text}, {also}: only the cluster can tell",
                    "Give them aliases of different namespaces, unless it has no two such services",
                    severity=_WARNING if merged else _INFO,
                ),
            )
    return list(found.values())


def _merged(former: Way, latter: Way) -> Optional[Names]:
    """The names that two ways may both give, to different services; the former takes what both could take."""
    target = match.meet(former.target, latter.target)
    if target is None:
        return None
    one, two = former.back(target), latter.back(target)
    taken = match.covers(former.source, two) and not former.labels
    return None if one == two or taken else target


def import_collisions(view: View, mesh: DeclaredMesh) -> List[Problem]:
    """Services of one peer that get one local name; each rule is told of once, of its worst."""
    worst: Dict[str, Problem] = {}
    for peer in view.partners[mesh["host"]]:
        named: Dict[Tuple[Names, str], Taken] = {}
        opened: List[Taken] = []
        for taken in view.taken(mesh["host"], peer):
            severity = _falls_together(Way(taken.seen, taken.way.alias, False))
            if severity is not None:
                less = _WARNING if severity == _ERROR else _INFO
                _keep_worse(worst, _collision("import", mesh, taken.place, taken.way, less))
            # Of imports that are one service each, only those of the same name can meet.
            first = named.setdefault((taken.names, taken.suffix), taken) if taken.seen.one else taken
            for other in [first, *opened] if taken.seen.one else [*named.values(), *opened]:
                if _one_local_name(other, taken):
                    _keep_worse(worst, _one_import(view, mesh, peer, other, taken))
            opened += [] if taken.seen.one else [taken]
    return list(worst.values())


def _keep_worse(worst: Dict[str, Problem], told: Problem) -> None:
    known = worst.setdefault(told["where"], told)
    worst[told["where"]] = min(known, told, key=lambda one: SEVERITIES.index(one["severity"]))


def _one_local_name(former: Taken, latter: Taken) -> bool:
    """Whether two imports may give one local name to different services; the former rule takes what both could take."""
    target = match.meet(former.names, latter.names)
    if target is None or former.suffix != latter.suffix:
        return False
    one, two = (Way(taken.seen, taken.way.alias, False).back(target) for taken in (former, latter))
    another_rule = former.place.where != latter.place.where
    return one != two and not (another_rule and match.covers(former.way.source, two))


def _one_import(view: View, mesh: DeclaredMesh, peer: str, first: Taken, second: Taken) -> Problem:
    """Two services of one peer, or two of its wildcards, under one local name."""
    certain, same = first.certain and second.certain, first.place.where == second.place.where
    repaired = None
    if same:
        repaired = _kept_apart(second.place.rule)
    elif certain:
        repaired = _renamed(second.place.rule, second.names, second.seen, first.seen)
    return problem(
        "import-one-name",
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


def one_name(view: View, mesh: DeclaredMesh) -> List[Problem]:
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
                "import-no-failover",
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


def shared_names(view: View) -> List[Problem]:
    """One name that several meshes export to one, which they call by the same name.

    The host name of an export is made of its name and of the exporter's peer name, so both services get one host name in
    the importing mesh, whatever it calls them (maistra/istio aggregate/controller.go mergeService). What is not imported from
    both does no harm, and is not told; nor are rules in the short form, which leave it to us how the names are told apart.
    """
    found: Dict[Tuple[str, str], List[_Rivalry]] = defaultdict(list)
    unsure: Dict[Tuple[str, str], Problem] = {}
    for consumer in view.hosts:
        named, opened = _by_exported_host(view, consumer)
        for offers in named.values():
            for offer in offers:
                rivals = [other for other in offers if other.place.mesh != offer.place.mesh]
                if rivals:
                    found[offer.place.mesh, offer.place.where].append(_Rivalry(offer, consumer, rivals))
        for one in _unsure_names(view, consumer, named, opened):
            unsure.setdefault((one["mesh"], one["where"]), one)
    return [_shared(view, found[key]) for key in sorted(found)] + list(unsure.values())


def _by_exported_host(view: View, consumer: str) -> Tuple[_ByHost, _ByHost]:
    """What one mesh imports by rules in the product's words, by the exporter's peer name and the exported name; first what is
    certain, then the rest."""
    named: _ByHost = defaultdict(list)
    opened: _ByHost = defaultdict(list)
    for exporter in view.partners[consumer]:
        called = view.peer_name(exporter, consumer)
        for offer in {id(taken.offer): taken.offer for taken in view.taken(consumer, exporter)}.values():
            if not offer.place.short:
                (named if offer.certain else opened)[called, offer.names].append(offer)
    return named, opened


def _shared(view: View, told: Sequence[_Rivalry]) -> Problem:
    """One export rule whose name other meshes use too, for all meshes where that is so."""
    offer = told[0].offer
    rivals = [rival for one in told for rival in one.rivals]
    mesh, to = view.name(offer.place.mesh), view.names([one.consumer for one in told])
    alias = Names(_with_mesh(offer.names.namespace or "", mesh), offer.names.name)
    return problem(
        COLLISION,
        mesh,
        offer.place.where,
        f"{offer.names.text} is exported to {to} by {view.names(list({rival.place.mesh for rival in rivals}))} too: there "
        "both become one service, the status is perfect and requests fail",
        f"Export it under an alias that only {mesh} has, and import {alias.text} in {to}; or say in mesh_peer_names of {mesh} "
        "by which other name it calls that peer",
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


def _unsure_names(view: View, consumer: str, named: _ByHost, opened: _ByHost) -> Iterator[Problem]:
    """Exports with wildcards or label selectors that may have a name that another mesh exports to the same one."""
    for (called, names), offers in opened.items():
        rivals = {
            other.place.mesh: shared
            for by_host in (named, opened)
            for (also_called, others), found in by_host.items()
            for shared in [match.meet(names, others) if called == also_called else None]
            for other in found
            if shared is not None
        }
        for offer in offers:
            exporters = sorted(set(rivals) - {offer.place.mesh})
            if not exporters:
                continue
            mesh = view.name(offer.place.mesh)
            yield problem(
                "export-collision-possible",
                mesh,
                offer.place.where,
                f"it may export {rivals[exporters[0]].text} to {view.name(consumer)}, and so may {view.names(exporters)}: "
                "only the clusters can tell, and if both do requests fail",
                f"Give it aliases that only {mesh} has, unless the services differ",
                severity=_INFO,
            )
