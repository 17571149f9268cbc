# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Strategies of hypothesis for rules of sets, valid ones and others, and the services that they are compared on."""

from __future__ import annotations

from typing import Any

from hypothesis import settings, strategies as st
from lab.sim.rules import Name, Service

Json = dict[str, Any]
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


def worlds() -> list[list[Service]]:
    """All services, and each kind of service of one name once with the label and once without."""
    return [WORLD[:24], WORLD[24:]]


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
some = settings(max_examples=300, deadline=None)
EXPORTS = st.lists(st.one_of(by_name(), by_label()), min_size=1, max_size=3)
IMPORTS = st.lists(imports(), min_size=1, max_size=3)
