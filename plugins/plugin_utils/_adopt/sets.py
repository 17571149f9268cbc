# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: live service sets as ``mesh_exports``, ``mesh_imports`` and ``mesh_locality``. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.types import Live, SideKey
from ansible_collections.ossm.federation.plugins.plugin_utils._model.rules import check_locality

#: The facts with the sets of each variable, their kind, and the field with the rules.
SETS: Dict[str, Tuple[str, str, str]] = {
    "mesh_exports": ("exports", "ExportedServiceSet", "exportRules"),
    "mesh_imports": ("imports", "ImportedServiceSet", "importRules"),
}


def live_set(facts: Json, variable: str, name: str) -> Optional[Json]:
    """The live set of a peer; None where there is none."""
    return by_name(facts[SETS[variable][0]]).get(name)


def set_rules(found: Json, variable: str) -> List[Any]:
    """The rules of a live set as an inventory has them: in short form where that says the same."""
    return [_shortest(rule) for rule in dig(found, "spec", SETS[variable][2]) or []]


def _shortest(rule: Rule) -> Any:
    """A rule as ``namespace/name`` where it has nothing else, else in the product's shape."""
    selector = rule.get("nameSelector")
    is_short = set(rule) == {"type", "nameSelector"} and rule["type"] == "NameSelector"
    if is_short and isinstance(selector, dict) and set(selector) == {"namespace", "name"}:
        return f"{selector['namespace']}/{selector['name']}"
    return rule


def localities(
    live: Live, meshes: Dict[str, str], peer_names: Dict[SideKey, str]
) -> Tuple[Dict[str, Dict[str, str]], List[Problem]]:
    """``mesh_locality`` of each mesh: what all that import from it set. ``peer_names`` are those of the pairs."""
    by_exporter: Dict[str, List[Tuple[str, Json]]] = {}
    for (host, other), name in sorted(peer_names.items()):
        found = live_set(live.facts[host], "mesh_imports", name)
        if found is not None and dig(found, "spec", "importRules"):
            by_exporter.setdefault(other, []).append((host, dig(found, "spec", "locality") or {}))
    chosen: Dict[str, Dict[str, str]] = {}
    problems: List[Problem] = []
    for other, rows in sorted(by_exporter.items()):
        locality = rows[0][1]
        if not any(one for _host, one in rows):
            continue
        accepted, faults = check_locality(locality, meshes[other], "mesh_locality")
        if all(one == locality for _host, one in rows) and not faults and accepted == locality:
            chosen[other] = accepted
            continue
        for host, one in rows:
            if one:
                problems.append(_locality_problem(live, meshes, (host, other), peer_names[(host, other)]))
    return chosen, problems


def _locality_problem(live: Live, meshes: Dict[str, str], side: SideKey, name: str) -> Problem:
    host, other = side
    return problem(
        "adopt-field",
        meshes[host],
        f"ImportedServiceSet {live.facts[host]['namespace']}/{name}",
        f"spec.locality stays as it is: mesh_locality is one for all that import from {meshes[other]}, and these differ",
        peer=meshes[other],
    )
