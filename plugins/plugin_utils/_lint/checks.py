# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: how rules affect each other, within one list and between meshes, from the inventory alone. Pure.

Problems of a single rule are found where it is read (``_model.rules``) and are in the declaration already. The checks here
need several rules. Nothing is guessed: where the result of a wildcard or a label selector depends on the cluster, there is no
finding, or one of severity ``info`` that refers to the cluster. The codes are in ``_product.codes``.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import matching
from ansible_collections.ossm.federation.plugins.module_utils._product.codes import SEVERITIES
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    LOCAL_SUFFIX,
    conventional_namespaces,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._lint import rules
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.exporters import shared_names
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.findings import distinct
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.names import (
    export_collisions,
    import_collisions,
    local_name_collisions,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.policy import beyond_policy
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.rules import Place, PlacedImport, PlacedOffer
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.view import View, sound
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import is_shared
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh, RuleList
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import suggestion

_ERROR, _WARNING, _INFO = SEVERITIES
#: Messages list at most so many names.
_LISTED = 4


def lint(declaration: Declaration) -> List[Problem]:
    """Find problems between rules, beyond ``declaration["problems"]``; errors first, then by place."""
    view = View(declaration)
    problems: List[Problem] = []
    for host in declaration["hosts"]:
        mesh = declaration["meshes"][host]
        for written in sound(mesh["export_lists"]):
            places = rules.places_of(mesh, written)
            problems += _shadowed_rules(mesh, places) + _control_plane(mesh, places) + export_collisions(mesh, places)
        for written in sound(mesh["import_lists"]):
            places = rules.places_of(mesh, written)
            problems += _shadowed_rules(mesh, places) + _suffixes(mesh, places)
        problems += _unimported(view, mesh) + _unoffered(view, mesh) + beyond_policy(mesh)
        problems += import_collisions(view, mesh) + local_name_collisions(view, mesh) + _joins(view, mesh)
    return in_order(distinct(problems + shared_names(view), declaration["group"]))


def in_order(problems: Sequence[Problem]) -> List[Problem]:
    """The problems with errors first, then by mesh and place, with [2] before [10]."""
    return sorted(
        problems,
        key=lambda found: (
            SEVERITIES.index(found["severity"]),
            found["mesh"],
            _natural(found["where"]),
            found["code"],
        ),
    )


def _natural(where: str) -> List[Tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", where)]


def _shadowed_rules(mesh: DeclaredMesh, places: Sequence[Place]) -> List[Problem]:
    """Rules, and aliases of rules, that an earlier one shadows."""
    problems = []
    all_rules = [place.rule for place in places]
    for index, place in enumerate(places):
        earlier = matching.shadowing_rule(all_rules, index)
        if earlier is not None:
            shadowed = _shadowed_entry if is_shared(place.where) else _shadowed
            problems += shadowed(mesh, places[earlier], place)
        problems += _unused_aliases(mesh, place)
    return problems


def _shadowed_entry(mesh: DeclaredMesh, earlier: Place, place: Place) -> List[Problem]:
    """An entry of ``federation_services`` that an earlier rule contradicts; one that says the same changes nothing."""
    if _effects(earlier.rule, place.rule) == _effects(place.rule, place.rule):
        return []
    is_narrower = not matching.covers(matching.source(place.rule), matching.source(earlier.rule))
    remedy = f"Remove one of the two: {earlier.where} is used before it"
    if is_narrower and is_shared(earlier.where):
        remedy = f"Move it before {earlier.where}"
    message = f"contradicts {earlier.where}, which selects all these services first and gives them other names"
    return [problem("service-conflict", mesh["mesh"], place.where, message, remedy)]


def _shadowed(mesh: DeclaredMesh, earlier: Place, place: Place) -> List[Problem]:
    repaired = None
    if _effects(earlier.rule, place.rule) == _effects(place.rule, place.rule):
        remedy = "Remove the rule: it changes nothing"
    elif matching.covers(matching.source(place.rule), matching.source(earlier.rule)):
        remedy = "Keep one of the two rules: both select the same services"
    else:
        remedy, repaired = f"Move it before {earlier.where}", [place.rule, earlier.rule]
    return [
        problem(
            "rule-shadowed",
            mesh["mesh"],
            place.where,
            f"is shadowed by {earlier.where}, which selects all services that this rule could select; the first rule that "
            "matches wins",
            remedy,
            severity=_WARNING,
            repaired=repaired,
        )
    ]


def _effects(rule: Rule, about: Rule) -> Tuple[Any, ...]:
    """The names that a rule gives to the services which another one selects, and its options."""
    renamed = set()
    for selection in matching.selections(rule):
        seen = matching.intersect(selection.source, matching.source(about))
        if seen is not None:
            renamed.add((seen, selection.renamed(seen)))
    return renamed, bool(rule.get("importAsLocal")), rule.get("domainSuffix") or ""


def _unused_aliases(mesh: DeclaredMesh, place: Place) -> List[Problem]:
    """Aliases of a LabelSelector that an earlier one shadows, or that are outside the selector's own namespace."""
    body = place.rule.get("labelSelector") or {}
    aliases = body.get("aliases") or []
    outer = Names(matching.source(place.rule).namespace, None)
    problems = []
    for index, mapping in enumerate(aliases):
        inner = matching.intersect(outer, matching.names_of(mapping))
        earlier = next(
            (at for at in range(index) if inner and matching.covers(matching.names_of(aliases[at]), inner)), None
        )
        if inner is None:
            code, message = "alias-unused", f"is never used: the selector is limited to the namespace {outer.namespace}"
        elif earlier is not None:
            code, message = "rule-shadowed", f"is shadowed by aliases[{earlier}]"
        else:
            continue
        remedy = "Remove the alias, or move it to the front" if inner else "Remove the alias, or correct its namespace"
        where = f"{place.where}.labelSelector.aliases[{index}]"
        without = {**place.rule, "labelSelector": {**body, "aliases": aliases[:index] + aliases[index + 1 :]}}
        problems.append(problem(code, mesh["mesh"], where, message, remedy, severity=_WARNING, repaired=without))
    return problems


def _suffixes(mesh: DeclaredMesh, places: Sequence[Place]) -> List[Problem]:
    problems = []
    for place in places:
        suffix = place.rule.get("domainSuffix") or ""
        if suffix and place.rule.get("importAsLocal"):
            message, remedy = f"{suffix!r} has no effect beside importAsLocal", "Remove domainSuffix"
        elif suffix.endswith(f".{LOCAL_SUFFIX}"):
            message = (
                f"{suffix!r} ends with the cluster's own suffix, so the service is imported into the namespace "
                f"{_local_namespace(place)}"
            )
            remedy = "Set importAsLocal to true, or use a suffix of another domain"
        else:
            continue
        repaired = {key: value for key, value in place.rule.items() if key != "domainSuffix"}
        problems.append(
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
    return problems


def _local_namespace(place: Place) -> str:
    (selection,) = matching.selections(place.rule)
    return selection.target.namespace or "of its name"


def _control_plane(mesh: DeclaredMesh, places: Sequence[Place]) -> List[Problem]:
    """Rules that select all services of all namespaces, or of the control plane's own.

    istiod excludes the peer's own ingress gateway at most (maistra/istio pkg/servicemesh/federation/server/server.go).
    """
    problems = []
    own = (mesh["namespace"],) if mesh["namespace_set"] else conventional_namespaces(mesh["mesh"])
    wide = [Names(namespace, None) for namespace in (None, *own)]
    for place in places:
        selected = matching.source(place.rule)
        if place.rule["type"] != "NameSelector" or selected not in wide:
            continue
        selector = {**place.rule["nameSelector"], "namespace": "<namespace>"}
        problems.append(
            problem(
                "export-control-plane",
                mesh["mesh"],
                place.where,
                f"{selected.text} includes the control plane's own services and gateways",
                "Write one rule for each namespace to export",
                severity=_WARNING,
                repaired={**place.rule, "nameSelector": selector},
            )
        )
    return problems


def _used_rules(mesh: DeclaredMesh, lists: Sequence[RuleList]) -> List[Tuple[Place, List[str]]]:
    """The rules that no earlier one shadows, each once, with the peers for which that holds."""
    by_place: Dict[str, List[str]] = {}
    order: Dict[str, Place] = {}
    for written in sound(lists):
        places = rules.places_of(mesh, written)
        all_rules = [place.rule for place in places]
        for index, place in enumerate(places):
            if matching.shadowing_rule(all_rules, index) is None:
                order.setdefault(place.where, place)
                by_place.setdefault(place.where, []).extend(written["peers"])
    return [(place, by_place[where]) for where, place in order.items()]


def _unimported(view: View, mesh: DeclaredMesh) -> List[Problem]:
    """Export rules that no peer which gets them imports from."""
    problems = []
    for place, peers in _used_rules(mesh, mesh["export_lists"]):
        by_peer = [view.import_places(peer, mesh["host"]) for peer in peers]
        if None in by_peer:
            continue
        imported = [
            matching.source(import_place.rule) for import_places in by_peer for import_place in import_places or []
        ]
        offered = [offer.names for offer in rules.offers([place])]
        if any(matching.intersect(names, other) is not None for names in offered for other in imported):
            continue
        problems.append(
            problem(
                "export-unimported",
                mesh["mesh"],
                place.where,
                f"no import rule of {view.names(peers)} matches {_listed(offered)}",
                f"Import it there (mesh_imports, by peer {mesh['mesh']}), or remove this rule",
                severity=_WARNING,
                repaired=offered[0].text,
            )
        )
    return problems


def _unoffered(view: View, mesh: DeclaredMesh) -> List[Problem]:
    """Import rules for which no peer that they are for exports anything."""
    problems = []
    for place, peers in _used_rules(mesh, mesh["import_lists"]):
        by_peer = [view.offers(peer, mesh["host"]) for peer in peers]
        if None in by_peer:
            continue
        offered = [offer for offers in by_peer for offer in offers or []]
        selected = matching.source(place.rule)
        matched = [offer for offer in offered if matching.intersect(offer.names, selected) is not None]
        if not matched:
            problems.append(_not_offered(view, mesh, peers, place, offered))
        elif selected.is_single and not any(offer.is_named for offer in matched):
            problems.append(_uncertain(view, mesh, place, matched[0]))
    return problems


def _not_offered(
    view: View, mesh: DeclaredMesh, peers: Sequence[str], place: Place, offered: Sequence[PlacedOffer]
) -> Problem:
    selected, repaired = matching.source(place.rule), None
    verb = "exports" if len(peers) == 1 else "export"
    listed = _listed([offer.names for offer in offered]) or "nothing"
    message = f"no peer exports {selected.text}: {view.names(peers)} {verb} {listed} to {mesh['mesh']}"
    if not offered:
        message += ", as far as the inventory shows"
    remedy = f"Export it there (mesh_exports, by peer {mesh['mesh']}), or correct the name"
    renamed = next(
        (offer for offer in offered if offer.names.is_single and matching.covers(selected, offer.source)), None
    )
    if renamed is not None:
        message += f"; {renamed.source.text} is exported as {renamed.names.text}"
        remedy = "Import it by its exported name"
        repaired = _by_exported_name(place, renamed.names)
    else:
        by_text = {offer.names.text: offer.names for offer in offered if offer.names.is_single}
        close = suggestion(selected.text, by_text) if selected.is_single else None
        repaired = _by_exported_name(place, by_text[close]) if close else None
    return problem("import-unoffered", mesh["mesh"], place.where, message, remedy, severity=_WARNING, repaired=repaired)


def _by_exported_name(place: Place, names: Names) -> Any:
    if place.short:
        return names.text
    selector = {**place.rule["nameSelector"], "namespace": names.namespace, "name": names.name}
    return {**place.rule, "nameSelector": selector}


def _uncertain(view: View, mesh: DeclaredMesh, place: Place, offer: PlacedOffer) -> Problem:
    how = "by their labels" if offer.place.rule["type"] == "LabelSelector" else "by a wildcard"
    return problem(
        "import-uncertain",
        mesh["mesh"],
        place.where,
        f"{view.name(offer.place.mesh)} exports services of {offer.names.text} {how}: "
        f"only its cluster shows whether {matching.source(place.rule).text} is among them",
        "No action is needed if it is",
        severity=_INFO,
    )


def _listed(names: Sequence[Names]) -> str:
    texts = list(dict.fromkeys(entry.text for entry in names))
    return ", ".join(texts[:_LISTED]) + (f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else "")


def _joins(view: View, mesh: DeclaredMesh) -> List[Problem]:
    """Imports into the cluster's own domain, over a service that this mesh exports and so has."""
    own = {
        offer.source
        for peer in view.partners[mesh["host"]]
        for offer in view.offers(mesh["host"], peer) or []
        if offer.is_named
    }
    problems: Dict[str, Problem] = {}
    for peer in view.partners[mesh["host"]]:
        for imported in view.imports(mesh["host"], peer):
            if imported.suffix == LOCAL_SUFFIX and imported.names in own:
                problems.setdefault(imported.place.where, _joined(mesh, imported))
    return list(problems.values())


def _joined(mesh: DeclaredMesh, imported: PlacedImport) -> Problem:
    return problem(
        "import-joins",
        mesh["mesh"],
        imported.place.where,
        f"joins this mesh's own service {imported.names.text}: the ports of the own service apply, and the imported endpoints "
        "are used on ports of the same name",
        "No action is needed if this is intended",
        severity=_INFO,
    )
