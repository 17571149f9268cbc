# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which rules each pair gets, and which live Services they select now. Pure."""

from __future__ import annotations

import json
from typing import Dict, List, Mapping, Optional, Sequence, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product import matching
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Rule
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side


class SharedName(TypedDict):
    """A live Service, the name that it is exported under (both ``namespace/name``), and the host name that the consumer uses;
    empty where it does not import it."""

    service: str
    exported: str
    host: str


class SharedRule(TypedDict):
    """An export rule with its place in the inventory; ``services`` is None where the Services were not read."""

    where: str
    rule: str
    services: Optional[List[SharedName]]


class Sharing(TypedDict):
    """What one mesh exports to another: ``exporter`` and ``consumer`` are mesh names, ``rules`` are in their order. ``imports`` are
    the import rules of the consumer that get nothing of what the others select; None where that is not known."""

    exporter: str
    consumer: str
    rules: List[SharedRule]
    imports: Optional[List[str]]


def sharing(plan: Plan, facts: Mapping[str, Json]) -> List[Sharing]:
    """The rules of every pair that has some, with the Services that were read; ``facts`` are MeshFacts by host."""
    shared: List[Sharing] = []
    for host, sides in sorted(plan["sides"].items()):
        services = _services(facts.get(host) or {})
        # Most consumers of a mesh have the same rules, and there may be hundreds of Services.
        known: Dict[str, Sharing] = {}
        for peer, side in sorted(sides.items()):
            back = plan["sides"].get(peer, {}).get(host)
            imports = (back["imports"], back["peer_name"]) if back is not None else None
            if side["exports"] or (imports and imports[0]):
                key = json.dumps([side["exports"], side["export_places"], imports])
                known[key] = known.get(key) or _shared(side, back, services)
                shared.append({**known[key], "consumer": side["peer"]})
    return shared


def describe_rule(rule: Rule) -> str:
    """A rule in a few words: the services that it selects, its labels, and its alias."""
    body: Json = rule.get(matching.BODIES.get(str(rule.get("type")), "")) or {}
    labels = f" with {_labels(body.get('selector') or {})}" if "selector" in body else ""
    alias = matching.names_of(body.get("alias"))
    names = f" as {alias.text}" if alias != Names(None, None) else ""
    return f"{matching.source(rule).text}{labels}{names}"


def _labels(selector: Json) -> str:
    """The labels that a selector asks for: ``a=b, c in (d, e)``."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or []:
        written = expression.get("values")
        values = ", ".join(map(str, written)) if isinstance(written, list) else ""
        parts.append(f"{expression.get('key')} {expression.get('operator')}{f' ({values})' if values else ''}")
    return ", ".join(parts)


def _services(facts: Json) -> Optional[Sequence[Json]]:
    """The Services of a mesh; None where not all were read."""
    read = facts.get("additional_services")
    return None if not read or read["unread"] else read["services"]


def _shared(side: Side, back: Optional[Side], services: Optional[Sequence[Json]]) -> Sharing:
    """``side`` is that of the exporter, ``back`` that of the consumer."""
    rules = side["exports"] or []
    selected = None if services is None else _selected(rules, services)
    named = [
        None if selected is None else [_named(service, exported, back) for service, exported in selected[index]]
        for index in range(len(rules))
    ]
    return {
        "exporter": side["mesh"],
        "consumer": side["peer"],
        "rules": [
            {"where": where, "rule": describe_rule(rule), "services": names}
            for where, rule, names in zip(side["export_places"], rules, named)
        ],
        "imports": None if selected is None or back is None else _idle(back["imports"] or [], rules, selected),
    }


def _selected(rules: Sequence[Rule], services: Sequence[Json]) -> List[List[Tuple[Names, Names]]]:
    """The Services that each rule exports, with their exported names, sorted."""
    selected: Dict[int, List[Tuple[Names, Names]]] = {index: [] for index in range(len(rules))}
    for service in services:
        names = Names(service["namespace"], service["name"])
        match = matching.first_export(rules, names, service.get("labels") or {})
        if match is not None:
            selected[match[0]].append((names, match[1].renamed(names)))
    return [sorted(names, key=lambda pair: pair[0].text) for names in selected.values()]


def _named(service: Names, exported: Names, back: Optional[Side]) -> SharedName:
    host = f"{exported.name}.{exported.namespace}.svc.exports"
    imported = matching.imported_host(back["imports"] or [], host, back["peer_name"]) if back else ""
    return {"service": service.text, "exported": exported.text, "host": imported}


def _idle(
    imports: Sequence[Rule], exports: Sequence[Rule], selected: Sequence[Sequence[Tuple[Names, Names]]]
) -> List[str]:
    """The import rules that get no Service, but for those of export rules that select none either."""
    used = {matching.first_import(imports, exported) for names in selected for _service, exported in names}
    waiting = [offer.names for offer in matching.offers(exports) if not selected[offer.index]]
    return [
        describe_rule(rule)
        for index, rule in enumerate(imports)
        if index not in used
        and matching.shadowing_rule(imports, index) is None
        and not any(matching.intersect(matching.source(rule), names) for names in waiting)
    ]
