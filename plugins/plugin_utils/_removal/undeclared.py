# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what is ours in the meshes and not declared any more. Pure.

Only the inventory decides: a mesh that cannot be read, is outside the limit, or whose identity file is missing still has its pairs in
the plan.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.pairs import live_pairs, pair_names
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import LivePair

PRUNE, LIMIT = "federation_prune", "federation_max_removals"
#: The rules of a side, with the facts that have the live set, its kind, and the variable that declares them.
_SETS: Tuple[Tuple[str, str, str], ...] = (
    ("exports", "ExportedServiceSet", "mesh_exports"),
    ("imports", "ImportedServiceSet", "mesh_imports"),
)


def undeclared_pairs(plan: Plan, facts: Mapping[str, Json]) -> Dict[str, List[LivePair]]:
    """The pairs of ours that are not in the plan, by host, in meshes that this run reads and may write."""
    found = {}
    for host, mesh in sorted(plan["meshes"].items()):
        if mesh["in_play"] and mesh["readable"]:
            declared = {side["peer_name"] for side in plan["sides"].get(host, {}).values()}
            pairs = live_pairs(facts[host], without=declared)
            if pairs:
                found[host] = pairs
    return found


def undeclared_problems(
    plan: Plan, facts: Mapping[str, Json], undeclared: Mapping[str, List[LivePair]]
) -> List[Problem]:
    """Warnings for what is not declared any more, unless this run removes it; an error where it would remove too many pairs.
    ``undeclared`` is the result of ``undeclared_pairs``."""
    if not plan["options"].get(PRUNE):
        return [*_pair_warnings(plan, undeclared), *_set_warnings(plan, facts)]
    pairs = pair_names({host: mesh["mesh"] for host, mesh in plan["meshes"].items()}, undeclared)
    most = int(plan["options"][LIMIT])
    if len(pairs) <= most:
        return []
    listed = "; ".join(map(" - ".join, pairs))
    message = f"{len(pairs)} pairs are not declared any more and would be removed, {most} at most may be: {listed}"
    return [problem("removal-limit", plan["group"], LIMIT, message)]


def _pair_warnings(plan: Plan, undeclared: Mapping[str, List[LivePair]]) -> List[Problem]:
    return [
        problem(
            "pair-undeclared",
            plan["meshes"][host]["mesh"],
            f"namespace {plan['meshes'][host]['namespace']}",
            f"it still has its side of the pair with {pair['peer']}, which the inventory does not declare",
        )
        for host, pairs in undeclared.items()
        for pair in pairs
    ]


def _set_warnings(plan: Plan, facts: Mapping[str, Json]) -> List[Problem]:
    """Sets of ours with rules, in declared pairs, for which nothing is declared."""
    return [
        problem(
            "set-undeclared",
            side["mesh"],
            f"{kind} {side['namespace']}/{side['peer_name']}",
            f"it has rules, and neither {variable} nor federation_services declares any for {side['peer']}",
            f"Declare an empty list for {side['peer']} in {variable}, or its rules; or set {PRUNE}",
            peer=side["peer"],
        )
        for host, mesh in sorted(plan["meshes"].items())
        if mesh["in_play"] and mesh["readable"]
        for _peer, side in sorted(plan["sides"].get(host, {}).items())
        for collection, kind, variable in _SETS
        if has_undeclared_rules(side, facts[host], collection)
    ]


def has_undeclared_rules(side: Side, facts: Json, collection: str) -> bool:
    """Whether a set of ours has rules that are not declared; ``collection`` is ``exports`` or ``imports``."""
    rules = side["exports"] if collection == "exports" else side["imports"]
    live = by_name(facts.get(collection)).get(side["peer_name"])
    spec = "exportRules" if collection == "exports" else "importRules"
    return rules is None and live is not None and is_ours(live) and bool(dig(live, "spec", spec))
