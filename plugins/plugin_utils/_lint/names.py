# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: name collisions in the exporting mesh and in the importing one. Pure.

Collisions between exporters are in ``_lint.exporters``.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import matching
from ansible_collections.ossm.federation.plugins.module_utils._product.codes import SEVERITIES, Severity
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import ANY, Names, Selection
from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    Rule,
    problem,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.rules import Place, PlacedImport, PlacedOffer
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.view import View
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import DeclaredMesh

_ERROR, _WARNING, _INFO = SEVERITIES


def export_collisions(mesh: DeclaredMesh, places: Sequence[Place]) -> List[Problem]:
    """Services that get one exported name: by one rule that selects several, by two that name them, or possibly."""
    problems = []
    named: Dict[Names, PlacedOffer] = {}
    open_selections: List[Tuple[Place, Selection]] = []
    all_rules = [place.rule for place in places]
    for index, place in enumerate(places):
        selections = matching.effective_selections(all_rules, index)
        merging = [(severity, selection) for selection in selections for severity in [_merging(selection)] if severity]
        if merging:
            severity, worst = min(merging, key=lambda entry: SEVERITIES.index(entry[0]))
            problems.append(_collision("export", mesh, place, worst, severity))
        for selection in selections:
            if selection.by_labels or not selection.source.is_single:
                open_selections.append((place, selection))
                continue
            offer = PlacedOffer(selection.source, selection.target, index, True, True, place)
            first = named.setdefault(selection.target, offer)
            if first.source != selection.source:
                problems.append(_two_names(mesh, first, offer))
    fixed = [(offer.place, Selection(offer.source, offer.names, False)) for offer in named.values()]
    return problems + _possible(mesh, fixed, open_selections, places)


def _merging(selection: Selection) -> Optional[Severity]:
    """The severity with which a selection gives one name to several services; None when it keeps them apart."""
    whole_name = selection.source.name is None and selection.alias.name is not None
    namespaces = selection.source.namespace is None and selection.alias.namespace is not None
    if whole_name or (namespaces and selection.source.name is not None):
        return _WARNING if selection.by_labels else _ERROR
    if namespaces:
        return _INFO if selection.by_labels else _WARNING
    return None


def _collision(direction: str, mesh: DeclaredMesh, place: Place, selection: Selection, severity: Severity) -> Problem:
    """One rule with a wildcard, and an alias that replaces what the wildcard keeps apart."""
    source, target = selection.source, selection.target
    if target.is_single:
        message = f"all services that match {source.text} get one name, {target.text}"
        if severity != _ERROR:
            message += ", if there is more than one of them"
    elif target.name is not None:
        message = f"all services of a namespace that match {source.text} get one name, {target.text}"
    else:
        message = f"services of one name in several namespaces get one name in {target.namespace}"
    return problem(
        f"{direction}-one-name",
        mesh["mesh"],
        place.where,
        message,
        "Remove the fixed alias from the wildcard, or name each service in its own rule",
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


def _two_names(mesh: DeclaredMesh, first: PlacedOffer, second: PlacedOffer) -> Problem:
    return problem(
        "export-one-name",
        mesh["mesh"],
        second.place.where,
        f"exports {second.source.text} as {second.names.text}, which is the name of {first.source.text} by {first.place.where}",
        "Set different aliases",
        repaired=_renamed(second.place.rule, second.names, second.source, first.source),
    )


def _renamed(rule: Rule, target: Names, own: Names, other: Names) -> Rule:
    """The rule with an alias that is different from another service's: by its name, or else by its namespace too."""
    name = own.name if own.name not in (other.name, target.name) else f"{own.name}-{own.namespace}"
    return {**rule, "nameSelector": {**rule["nameSelector"], "alias": {"namespace": target.namespace, "name": name}}}


def _possible(
    mesh: DeclaredMesh,
    fixed: Sequence[Tuple[Place, Selection]],
    open_selections: Sequence[Tuple[Place, Selection]],
    places: Sequence[Place],
) -> List[Problem]:
    """Collisions if the cluster has certain services, where a wildcard or a label selector takes part."""
    order = {place.where: index for index, place in enumerate(places)}
    problems: Dict[Tuple[str, str], Problem] = {}
    for index, (place, selection) in enumerate(open_selections):
        for other_place, other in [*fixed, *open_selections[:index]]:
            (first, former), (second, latter) = sorted(
                ((other_place.where, other), (place.where, selection)), key=lambda entry: order[entry[0]]
            )
            target = _merged(former, latter)
            if target is None:
                continue
            is_likely = not selection.by_labels and not other.by_labels and target.name is None
            severity = _WARNING if is_likely else _INFO
            problems.setdefault((first, second), _possible_collision(mesh, first, second, target, severity))
    return list(problems.values())


def _possible_collision(mesh: DeclaredMesh, first: str, second: str, target: Names, severity: Severity) -> Problem:
    if first == second:
        message = f"may export two services as {target.text}: only the cluster shows whether both exist"
    else:
        message = f"may export a service as {target.text}, as may {first}: only the cluster shows whether both exist"
    remedy = "Set aliases of different namespaces, unless the cluster has no two such services"
    return problem("export-one-name", mesh["mesh"], second, message, remedy, severity=severity)


def _merged(former: Selection, latter: Selection) -> Optional[Names]:
    """The names that two selections may both give, to different services; the former gets what both could select."""
    target = matching.intersect(former.target, latter.target)
    if target is None:
        return None
    first, second = former.origin(target), latter.origin(target)
    is_shadowed = matching.covers(former.source, second) and not former.by_labels
    return None if first == second or is_shadowed else target


def import_collisions(view: View, mesh: DeclaredMesh) -> List[Problem]:
    """Services of one peer that get one local name; one problem for each rule, the worst."""
    worst: Dict[str, Problem] = {}
    for peer in view.partners[mesh["host"]]:
        named: Dict[Tuple[Names, str], PlacedImport] = {}
        wildcards: List[PlacedImport] = []
        for imported in view.imports(mesh["host"], peer):
            severity = _merging(Selection(imported.seen, imported.selection.alias, False))
            if severity is not None:
                lower = _WARNING if severity == _ERROR else _INFO
                _keep_worse(worst, _collision("import", mesh, imported.place, imported.selection, lower))
            # Of imports that are one service each, only those of the same name can collide.
            is_single = imported.seen.is_single
            first = named.setdefault((imported.names, imported.suffix), imported) if is_single else imported
            for other in [first, *wildcards] if is_single else [*named.values(), *wildcards]:
                if _collides(other, imported):
                    _keep_worse(worst, _one_import(view, mesh, peer, other, imported))
            wildcards += [] if is_single else [imported]
    return list(worst.values())


def _keep_worse(worst: Dict[str, Problem], found: Problem) -> None:
    known = worst.setdefault(found["where"], found)
    worst[found["where"]] = min(known, found, key=lambda entry: SEVERITIES.index(entry["severity"]))


def _collides(former: PlacedImport, latter: PlacedImport) -> bool:
    """Whether two imports may give one local name to different services; the former rule gets what both could select."""
    target = matching.intersect(former.names, latter.names)
    if target is None or former.suffix != latter.suffix:
        return False
    first, second = (
        Selection(imported.seen, imported.selection.alias, False).origin(target) for imported in (former, latter)
    )
    another_rule = former.place.where != latter.place.where
    return first != second and not (another_rule and matching.covers(former.selection.source, second))


def _one_import(view: View, mesh: DeclaredMesh, peer: str, first: PlacedImport, second: PlacedImport) -> Problem:
    """Two services of one peer, or two of its wildcards, under one local name."""
    is_certain, is_same_rule = first.certain and second.certain, first.place.where == second.place.where
    repaired = None
    if is_same_rule:
        repaired = _kept_apart(second.place.rule)
    elif is_certain:
        repaired = _renamed(second.place.rule, second.names, second.seen, first.seen)
    verb = "is" if is_certain else "may be"
    return problem(
        "import-one-name",
        mesh["mesh"],
        second.place.where,
        f"{second.seen.text} of {view.name(peer)} {verb} imported as {_host(second)}, and so {verb} {first.seen.text}"
        + ("" if is_same_rule else f" by {first.place.where}"),
        "Set different aliases",
        peer=view.name(peer),
        severity=_ERROR if is_certain else _INFO,
        repaired=repaired,
    )


def _host(imported: PlacedImport) -> str:
    return f"{imported.names.name or '*'}.{imported.names.namespace or '*'}.{imported.suffix}"


def local_name_collisions(view: View, mesh: DeclaredMesh) -> List[Problem]:
    """Services of several peers under one local name."""
    by_name: Dict[Tuple[Names, str], Dict[str, PlacedImport]] = defaultdict(dict)
    for peer in view.partners[mesh["host"]]:
        for imported in view.imports(mesh["host"], peer):
            by_name[imported.names, imported.suffix].setdefault(peer, imported)
    return [
        _no_failover(view, mesh, names, by_peer)
        for (names, dummy), by_peer in sorted(by_name.items(), key=str)
        if len(by_peer) > 1
    ]


def _no_failover(view: View, mesh: DeclaredMesh, names: Names, by_peer: Dict[str, PlacedImport]) -> Problem:
    places = list(dict.fromkeys(imported.place.where for imported in by_peer.values()))
    peers = list(by_peer)
    last = by_peer[peers[-1]]
    is_certain = names.is_single and all(imported.certain for imported in by_peer.values())
    effect = (
        "all requests go to one of them, which is no failover"
        if is_certain
        else "only the clusters show whether all exist"
    )
    return problem(
        "import-no-failover",
        mesh["mesh"],
        places[-1],
        f"{_host(last)} is the local name of services of {view.names(peers)}: {effect}",
        "Import each under a distinct name, and route between them with a VirtualService",
        severity=_WARNING if is_certain else _INFO,
        repaired=_with_peer(last, view.name(peers[-1])) if is_certain else None,
    )


def _with_peer(imported: PlacedImport, peer: str) -> Rule:
    """The import rule with the peer in the local name."""
    alias = {"namespace": imported.names.namespace, "name": f"{imported.names.name}-{peer}"}
    return {**imported.place.rule, "nameSelector": {**imported.place.rule["nameSelector"], "alias": alias}}
