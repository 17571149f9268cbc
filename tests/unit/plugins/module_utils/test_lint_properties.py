# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lint finds in rules holds whatever the clusters have: compared with the simulator's istiod, over all small rules."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import federations as fed
from hypothesis import given, settings, strategies as st
from lab.sim import rules as istiod
from lab.sim.rules import Name, Service

from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import lint
from ansible_collections.ossm.federation.plugins.plugin_utils._model.rules import check_rules

Json = dict[str, Any]
WEST, EAST = "west-mesh", "east-mesh"
#: Rules speak of a and b, of x and y; clusters have more. Every service is there with the label and without it.
PARTS = st.sampled_from(["*", "a", "b"]), st.sampled_from(["*", "x", "y"])
WORLD = [
    Service(Name(f"{name}{mark}", namespace), {"l": "true"} if mark else {})
    for namespace in ("a", "b", "c", "d")
    for name in ("x", "y", "z")
    for mark in ("", "1")
] + [
    Service(Name(name, namespace), {"l": "true"}) for namespace in ("a", "b", "c", "d") for name in ("x", "y", "v", "w")
]


def mappings() -> st.SearchStrategy[Json]:
    alias = st.fixed_dictionaries(
        {}, optional={"namespace": st.sampled_from(["a", "c"]), "name": st.sampled_from(["x", "z"])}
    )
    return st.fixed_dictionaries({"namespace": PARTS[0], "name": PARTS[1]}, optional={"alias": alias})


def by_name() -> st.SearchStrategy[Json]:
    return mappings().map(lambda selector: {"type": "NameSelector", "nameSelector": selector})


def by_label() -> st.SearchStrategy[Json]:
    body = st.fixed_dictionaries(
        {"namespace": PARTS[0], "selector": st.just({"matchLabels": {"l": "true"}})},
        optional={"aliases": st.lists(mappings(), max_size=2)},
    )
    return body.map(lambda selector: {"type": "LabelSelector", "labelSelector": selector})


def imports() -> st.SearchStrategy[Json]:
    options = st.sampled_from([{}, {"domainSuffix": "far.example"}, {"importAsLocal": True}])

    def together(rule: Json, more: Json) -> Json:
        alias = rule["nameSelector"].get("alias") or {}
        return {**rule, **more} if "namespace" in alias or "importAsLocal" not in more else rule

    return st.builds(together, by_name(), options)


def codes(exports: list[Json], wanted: list[Json]) -> dict[tuple[str, str], set[str]]:
    """Codes and severities by variable and rule; west exports to east."""
    found: dict[tuple[str, str], set[str]] = {}
    declaration = fed.declare(
        {WEST: {"mesh_context": "x", "mesh_exports": exports}, EAST: {"mesh_context": "x", "mesh_imports": wanted}}
    )
    assert declaration["problems"] == []
    for one in lint(declaration):
        place = one["where"].partition("]")[0] if "aliases" not in one["where"] else one["where"]
        found.setdefault((one["code"], place), set()).add(one["severity"])
    return found


def worlds() -> list[list[Service]]:
    """All services, and each kind of service of one name once with the label and once without."""
    return [WORLD[:24], WORLD[24:]]


def exported(rules: list[Json], services: list[Service]) -> list[Name | None]:
    return [istiod.exported_name(rules, service) for service in services]


#: Anything that YAML can say in place of a rule, with keys and values that are almost right.
KEYS = st.sampled_from(
    "type Type nameSelector NameSelector labelSelector namespace name alias aliases selector Selector matchLabels "
    "matchExpressions key operator values importAsLocal importaslocal domainSuffix x".split()
)
LEAVES = st.sampled_from(
    [None, True, 7, 1.5, "", "*", "a", "A b", "rat*", "a/x", "true", "NameSelector", "LabelSelector", "In", "x" * 64]
)
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
)


def nearly(**parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """A dictionary with some of these keys, each with a value of its own or, now and then, another one."""
    return st.fixed_dictionaries({}, optional={key: part | part | part | LEAVES for key, part in parts.items()})


MAPPING = nearly(namespace=LEAVES, name=LEAVES, alias=nearly(namespace=LEAVES, name=LEAVES), importAsLocal=LEAVES)
EXPRESSION = nearly(key=st.just("a"), operator=st.sampled_from(["In", "Exist", "x"]), values=st.just(["b"]))
SELECTOR = nearly(
    matchLabels=nearly(a=st.just("b")), matchlabels=nearly(a=LEAVES), matchExpressions=st.lists(EXPRESSION, max_size=2)
)
BODY = nearly(
    namespace=LEAVES, selector=SELECTOR, Selector=SELECTOR, aliases=st.lists(MAPPING, max_size=2), alias=MAPPING
)
SUFFIXES = st.sampled_from(["svc.cluster.local", "a.b", ""])
TYPES = st.sampled_from(["NameSelector", "LabelSelector"])
OPTIONS = {"importAsLocal": LEAVES, "domainSuffix": SUFFIXES}
RULE = st.fixed_dictionaries({"type": TYPES}, optional={"nameSelector": MAPPING, "labelSelector": BODY, **OPTIONS})
PLACEHOLDER = re.compile(r"<(\w+)>")

some = settings(max_examples=300, deadline=None)
EXPORTS = st.lists(st.one_of(by_name(), by_label()), min_size=1, max_size=3)
IMPORTS = st.lists(imports(), min_size=1, max_size=3)


@given(ANYTHING | RULE, st.booleans())
@settings(max_examples=1000, deadline=None)
def test_whatever_is_written_the_repaired_rule_is_right(written: Any, imports: bool) -> None:
    for one in check_rules([written], "m", "w", imports=imports)[1]:
        if "repaired" in one:
            filled = PLACEHOLDER.sub(
                lambda found: "In" if found[1] == "operator" else found[1], json.dumps(one["repaired"])
            )
            assert check_rules([json.loads(filled)], "m", "w", imports=imports)[1] == []


@given(EXPORTS)
@some
def test_a_shadowed_export_rule_can_go(rules: list[Json]) -> None:
    found = codes(rules, [])
    for index in range(len(rules)):
        if ("rule-shadowed", f"mesh_exports[{index}") in found:
            for world in worlds():
                assert exported(rules, world) == exported(rules[:index] + rules[index + 1 :], world)


@given(EXPORTS)
@some
def test_export_names_collide_where_lint_reports_it(rules: list[Json]) -> None:
    severities = {
        severity
        for (code, dummy), severities in codes(rules, []).items()
        if code == "export-one-name"
        for severity in severities
    }
    collides = any(
        count > 1 for world in worlds() for count in Counter(name for name in exported(rules, world) if name).values()
    )
    assert collides or "error" not in severities
    assert severities or not collides


@given(EXPORTS, IMPORTS)
@some
def test_services_without_offer_or_import_never_arrive(rules: list[Json], wanted: list[Json]) -> None:
    found = codes(rules, wanted)
    for world in worlds():
        for index in range(len(wanted)):
            if {("import-unoffered", f"mesh_imports[{index}"), ("rule-shadowed", f"mesh_imports[{index}")} & set(found):
                without = wanted[:index] + wanted[index + 1 :]
                assert arriving(rules, wanted, world) == arriving(rules, without, world)
        for index in range(len(rules)):
            if ("export-unimported", f"mesh_exports[{index}") in found:
                gone = [service for service in world if istiod.exported_name([rules[index]], service)]
                alone = arriving([rules[index]], wanted, gone)
                assert set(alone) <= {None}


def arriving(rules: list[Json], wanted: list[Json], services: list[Service]) -> list[str | None]:
    """The host names in east of west's services."""
    offers = [name for name in exported(rules, services) if name]
    taken = [istiod.imported_name({"importRules": wanted}, WEST, offer) for offer in offers]
    return [one.hostname if one else None for one in taken]


@given(EXPORTS, IMPORTS)
@some
def test_local_names_collide_where_lint_reports_it(rules: list[Json], wanted: list[Json]) -> None:
    found = {code for code, dummy in codes(rules, wanted)}
    if found & {"export-one-name", "import-one-name"}:
        return
    for world in worlds():
        assert all(count == 1 for host, count in Counter(arriving(rules, wanted, world)).items() if host)
