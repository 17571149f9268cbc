# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules match services as the simulator's istiod matches them."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, strategies as st
from lab.sim import rules as istiod
from lab.sim.rules import Service
from unit.builders import federations as fed
from unit.builders.rules import EXPORTS, IMPORTS, RULE, by_label, by_name, some, worlds

from ansible_collections.ossm.federation.plugins.module_utils._product import matching as match
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import lint
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import collisions as collision_rules

Json = dict[str, Any]
#: What istiod skips, and the API server takes.
SKIPPED = st.sampled_from(
    [{}, {"type": "NameSelector"}, {"type": "LabelSelector", "nameSelector": {}}, {"type": "X", "nameSelector": {}}]
)
#: One rule by labels, wherever it stands among others by name: two with one selector shadow each other.
ONE_BY_LABEL = st.tuples(st.lists(by_name(), max_size=2), by_label(), st.lists(by_name(), max_size=2)).map(
    lambda parts: [*parts[0], parts[1], *parts[2]]
)


def with_own_names(rules: list[Json]) -> list[Json]:
    """The rules with an alias of its own for each selector and each alias, so that a name shows its mapping."""
    plan: list[Json] = copy.deepcopy(rules)
    bodies = [body for rule in plan for key in ("nameSelector", "labelSelector") if (body := rule.get(key))]
    mappings = [mapping for body in bodies for mapping in (body.get("aliases", []) if "selector" in body else [body])]
    for number, mapping in enumerate(mappings):
        mapping["alias"] = {**mapping.get("alias", {}), "name": f"n{number}"}
    return plan


def names(rules: list[Json], service: Service) -> Names | None:
    """What the simulator's istiod exports a service as."""
    exported = istiod.exported_name(rules, service)
    return None if exported is None else Names(exported.namespace, exported.name)


@given(EXPORTS)
@some
def test_what_is_exported_is_offered_and_what_is_certain_is_exported(rules: list[Json]) -> None:
    offers = match.offers(rules)
    for world in worlds():
        exported = {names(rules, service) for service in world} - {None}
        assert all(any(match.covers(offer.names, one) for offer in offers) for one in exported if one)
    for offer in offers:
        if offer.is_certain:
            selector = rules[offer.index]["nameSelector"]
            for labels in ({}, {"l": "true"}):
                service = Service(istiod.Name(selector["name"], selector["namespace"]), labels)
                assert names(rules, service) == offer.names


@given(ONE_BY_LABEL.map(with_own_names))
@some
def test_what_is_offered_can_be_exported(rules: list[Json]) -> None:
    """Aliases that an earlier alias or rule leaves nothing to offer nothing."""
    exported = [names(rules, service) for world in worlds() for service in world]
    for offer in match.offers(rules):
        assert any(match.covers(offer.names, one) for one in exported if one), offer


@given(EXPORTS, st.lists(st.tuples(st.integers(0, 3), SKIPPED), max_size=2))
@some
def test_a_rule_that_istiod_skips_changes_nothing(rules: list[Json], skipped: list[tuple[int, Json]]) -> None:
    together = list(rules)
    for place, rule in skipped:
        together.insert(place, rule)
    for world in worlds():
        assert [names(together, one) for one in world] == [names(rules, one) for one in world]
    offered = [[(one.names, one.is_certain) for one in match.offers(listed)] for listed in (together, rules)]
    assert offered[0] == offered[1]


@given(RULE)
@some
def test_any_value_gets_problems_and_no_traceback(rule: Json) -> None:
    """Names are chosen, and rules compared, also where a rule is rejected: all problems are reported at once."""
    green = {"mesh_exports": ["a/x"], "mesh_imports": [rule]}
    declaration = fed.declare(fed.inventory(red_mesh={"mesh_exports": [rule, "a/x"]}, green_mesh=green))
    assert all(one["message"] for one in lint(declaration)) and all(
        one["name"] for one in collision_rules.find_collisions(declaration)
    )


@given(IMPORTS, st.sampled_from(["a", "b", "c"]), st.sampled_from(["x", "y", "z"]))
@some
def test_the_rule_that_takes_an_exported_name(rules: list[Json], namespace: str, name: str) -> None:
    taken = match.first_import(rules, Names(namespace, name))
    alone = [istiod.imported_name({"importRules": [rule]}, "w", istiod.Name(name, namespace)) for rule in rules]
    assert taken == next((index for index, one in enumerate(alone) if one is not None), None)
