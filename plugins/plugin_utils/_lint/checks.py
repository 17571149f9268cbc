# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what rules do to each other, within one list and between meshes, told from the inventory. Pure.

What is wrong with a single rule is found where it is read (``_model.rules``) and is in the declaration already. Here is what
only shows in several of them. Nothing is guessed: where a wildcard or a label selector leaves it to the cluster, nothing is
said, or it is said as ``info`` that only the cluster can tell. The codes are in ``_lint.codes``.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import matching as match
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LOCAL_SUFFIX
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._lint import rules
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.codes import SEVERITIES
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.names import (
    export_collisions,
    import_collisions,
    one_name,
    shared_names,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.rules import Offer, Place
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.view import View, sound
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh, RuleList
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import suggestion

_ERROR, _WARNING, _INFO = SEVERITIES


def lint(declaration: Declaration) -> List[Problem]:
    """What is wrong with rules beside each other, beyond ``declaration["problems"]``; errors first, then by place."""
    view = View(declaration)
    found: List[Problem] = []
    for host in declaration["hosts"]:
        mesh = declaration["meshes"][host]
        for written in sound(mesh["export_lists"]):
            places = rules.places_of(mesh, written)
            found += _within(mesh, places) + _control_plane(mesh, places) + export_collisions(mesh, places)
            found += _unimported(view, mesh, written, places)
        for written in sound(mesh["import_lists"]):
            places = rules.places_of(mesh, written)
            found += _within(mesh, places) + _suffixes(mesh, places) + _unoffered(view, mesh, written, places)
        found += import_collisions(view, mesh) + one_name(view, mesh) + _joins(view, mesh)
    return in_order(found + shared_names(view))


def in_order(found: Sequence[Problem]) -> List[Problem]:
    """Problems for people: errors first, then by mesh and place, with [2] before [10]."""
    return sorted(
        found, key=lambda one: (SEVERITIES.index(one["severity"]), one["mesh"], _natural(one["where"]), one["code"])
    )


def _natural(where: str) -> List[Tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", where)]




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
    elif match.covers(match.source(place.rule), match.source(earlier.rule)):
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
    for way in match.ways(rule):
        seen = match.meet(way.source, match.source(about))
        if seen is not None:
            made.add((seen, way.of(seen)))
    return made, bool(rule.get("importAsLocal")), rule.get("domainSuffix") or ""


def _idle_aliases(mesh: DeclaredMesh, place: Place) -> List[Problem]:
    """Aliases of a LabelSelector that an earlier one, or the selector's own namespace, leaves nothing to."""
    body = place.rule.get("labelSelector") or {}
    aliases = body.get("aliases") or []
    outer = Names(match.source(place.rule).namespace, None)
    found = []
    for index, mapping in enumerate(aliases):
        where = f"{place.where}.labelSelector.aliases[{index}]"
        inner = match.meet(outer, match.names_of(mapping))
        without = {**place.rule, "labelSelector": {**body, "aliases": aliases[:index] + aliases[index + 1 :]}}
        earlier = next((at for at in range(index) if inner and match.covers(match.names_of(aliases[at]), inner)), None)
        if inner is None:
            message, code = (
                f"it never counts: the selector looks at the namespace {outer.namespace} alone",
                "alias-unused",
            )
        elif earlier is not None:
            message, code = f"it never counts: aliases[{earlier}] takes all that it could take", "rule-shadowed"
        else:
            continue
        remedy = "Take it out, or write it first" if inner else "Take it out, or correct its namespace"
        found.append(problem(code, mesh["mesh"], where, message, remedy, severity=_WARNING, repaired=without))
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
    (way,) = match.ways(place.rule)
    return way.target.namespace or "of its name"


def _control_plane(mesh: DeclaredMesh, places: Sequence[Place]) -> List[Problem]:
    """Rules that take all services of all namespaces, or of the control plane's own.

    istiod leaves out the peer's own ingress gateway at most (maistra/istio pkg/servicemesh/federation/server/server.go).
    """
    found = []
    for place in places:
        seen = match.source(place.rule)
        if place.rule["type"] != "NameSelector" or seen not in (Names(None, None), Names(mesh["namespace"], None)):
            continue
        selector = {**place.rule["nameSelector"], "namespace": "<namespace>"}
        found.append(
            problem(
                "export-control-plane",
                mesh["mesh"],
                place.where,
                f"{seen.text} has the control plane's own services and gateways in it",
                "Write one rule for each namespace that is meant",
                severity=_WARNING,
                repaired={**place.rule, "nameSelector": selector},
            )
        )
    return found




def _unimported(view: View, mesh: DeclaredMesh, written: RuleList, places: Sequence[Place]) -> List[Problem]:
    """Export rules of which no peer that gets them imports anything."""
    importing = [view.importing(peer, mesh["host"]) for peer in written["peers"]]
    if None in importing:
        return []
    wanted = [match.source(place.rule) for places_there in importing for place in places_there or []]
    all_rules = [place.rule for place in places]
    found = []
    for index, place in enumerate(places):
        offered = [offer.names for offer in rules.offers([place])]
        met = any(match.meet(name, other) is not None for name in offered for other in wanted)
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


def _unoffered(view: View, mesh: DeclaredMesh, written: RuleList, places: Sequence[Place]) -> List[Problem]:
    """Import rules for which no peer that they are for exports anything."""
    by_peer = [view.offers(peer, mesh["host"]) for peer in written["peers"]]
    if None in by_peer:
        return []
    offered = [offer for found in by_peer for offer in found or []]
    all_rules = [place.rule for place in places]
    found = []
    for index, place in enumerate(places):
        wanted = match.source(place.rule)
        met = [offer for offer in offered if match.meet(offer.names, wanted) is not None]
        if rules.shadowing(all_rules, index) is not None:
            continue
        if not met:
            found.append(_nobody_offers(view, mesh, written["peers"], place, offered))
        elif wanted.one and not any(offer.certain for offer in met):
            found.append(_untold(view, mesh, place, met))
    return found


def _nobody_offers(
    view: View, mesh: DeclaredMesh, peers: Sequence[str], place: Place, offered: Sequence[Offer]
) -> Problem:
    wanted, repaired = match.source(place.rule), None
    export = "exports" if len(peers) == 1 else "export"
    listed = _listed([offer.names for offer in offered]) or "nothing"
    message = f"nobody offers {wanted.text}: {view.names(peers)} {export} {listed} to {mesh['mesh']}"
    if not offered:
        message += ", as far as the inventory tells"
    remedy = f"Export it there (mesh_exports, by peer {mesh['mesh']}), or correct the name"
    renamed = next((offer for offer in offered if offer.names.one and match.covers(wanted, offer.source)), None)
    if renamed is not None:
        message += f", and {renamed.source.text} is called {renamed.names.text} there"
        remedy = "Import it by the name that it is exported under"
        repaired = _by_exported_name(place, renamed.names)
    else:
        by_text = {offer.names.text: offer.names for offer in offered if offer.names.one}
        close = suggestion(wanted.text, by_text) if wanted.one else None
        repaired = _by_exported_name(place, by_text[close]) if close else None
    return problem("import-unoffered", mesh["mesh"], place.where, message, remedy, severity=_WARNING, repaired=repaired)


def _by_exported_name(place: Place, names: Names) -> Any:
    if place.short:
        return names.text
    selector = {**place.rule["nameSelector"], "namespace": names.namespace, "name": names.name}
    return {**place.rule, "nameSelector": selector}


def _untold(view: View, mesh: DeclaredMesh, place: Place, met: Sequence[Offer]) -> Problem:
    offer = met[0]
    how = "by their labels" if offer.place.rule["type"] == "LabelSelector" else "by a wildcard"
    return problem(
        "import-untold",
        mesh["mesh"],
        place.where,
        f"{view.name(offer.place.mesh)} exports services of {offer.names.text} {how}: "
        f"whether {match.source(place.rule).text} is one of them, only its cluster can tell",
        "Nothing has to be done when it is",
        severity=_INFO,
    )


def _listed(names: Sequence[Names]) -> str:
    texts = list(dict.fromkeys(one.text for one in names))
    return ", ".join(texts[:4]) + (f" and {len(texts) - 4} more" if len(texts) > 4 else "")


def _joins(view: View, mesh: DeclaredMesh) -> List[Problem]:
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
