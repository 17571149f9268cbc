# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Test vectors of export and import rules, taken from the product's code."""

from __future__ import annotations

from typing import Any

import pytest
from lab.sim import rules
from lab.sim.rules import Name, Service

Rule = dict[str, Any]
SERVICES = [
    Service(Name("details", "bookinfo"), {"app": "details"}),
    Service(Name("mongodb", "bookinfo"), {"app": "mongodb"}),
    Service(Name("ratings", "bookinfo"), {"app": "ratings", "export": "true"}),
    Service(Name("reviews", "bookinfo"), {"app": "reviews", "export": "true"}),
    Service(Name("cart", "shop"), {"app": "cart", "tier": "front"}),
    Service(Name("ratings", "shop"), {"app": "ratings"}),
]
OFFERS = [Name("reviews", "bookinfo"), Name("stars", "bookinfo"), Name("ratings", "prod")]
BOOKINFO = ["details.bookinfo", "mongodb.bookinfo", "ratings.bookinfo", "reviews.bookinfo"]


def names(namespace: str | None = None, name: str | None = None, alias: Rule | None = None) -> Rule:
    """Return a NameSelector rule; None omits a field."""
    fields = {"namespace": namespace, "name": name, "alias": alias}
    return {"type": "NameSelector", "nameSelector": {key: value for key, value in fields.items() if value is not None}}


def labels(**selector: Any) -> Rule:
    """Return a LabelSelector rule."""
    return {"type": "LabelSelector", "labelSelector": selector}


def alias(namespace: str | None = None, name: str | None = None) -> Rule:
    """Return an alias; None omits a field."""
    return {key: value for key, value in (("namespace", namespace), ("name", name)) if value is not None}


EXPORTS: dict[str, tuple[list[Rule], list[str]]] = {
    "E1": ([names("bookinfo", "ratings")], ["ratings.bookinfo"]),
    "E2": ([names("bookinfo", "ratings", alias("prod", "stars"))], ["stars.prod"]),
    "E3a": ([names("bookinfo", "ratings", alias("prod"))], ["ratings.prod"]),
    "E3b": ([names("bookinfo", "ratings", alias("*", "stars"))], ["stars.bookinfo"]),
    "E4": ([names("bookinfo")], BOOKINFO),
    "E4 with a star": ([names("bookinfo", "*")], BOOKINFO),
    "E5": ([names("*", "ratings")], ["ratings.bookinfo", "ratings.shop"]),
    "E5b": ([names(None, "ratings", alias("common"))], ["ratings.common", "ratings.common"]),
    "E6": (
        [names("bookinfo", "ratings", alias("prod")), names("bookinfo", "*")],
        ["details.bookinfo", "mongodb.bookinfo", "ratings.prod", "reviews.bookinfo"],
    ),
    "E7": ([names("bookinfo", "*"), names("bookinfo", "ratings", alias("prod"))], BOOKINFO),
    "E8": (
        [
            labels(
                namespace="bookinfo",
                selector={"matchLabels": {"export": "true"}},
                aliases=[{"namespace": "bookinfo", "name": "ratings", "alias": alias(None, "stars")}],
            )
        ],
        ["stars.bookinfo", "reviews.bookinfo"],
    ),
    "E9": ([labels(namespace="bookinfo")], BOOKINFO),
    "E10": (
        [labels(selector={"matchExpressions": [{"key": "app", "operator": "In", "values": ["ratings"]}]})],
        ["ratings.bookinfo", "ratings.shop"],
    ),
    "E11": ([names("bookinfo", "rat*")], []),
    "E12": (
        [{"type": "ServiceSelector"}, {"type": "LabelSelector"}, {"type": "NameSelector"}, names("shop", "cart")],
        ["cart.shop"],
    ),
    "E13": ([names()], [*BOOKINFO, "cart.shop", "ratings.shop"]),
    "E14": ([], []),
    "E15": (
        [names("bookinfo", "*", alias("common"))],
        ["details.common", "mongodb.common", "ratings.common", "reviews.common"],
    ),
    "E16": ([names("bookinfo", "ratings", alias("*", "*"))], ["ratings.bookinfo"]),
    "E17": (
        [
            labels(
                namespace="*",
                selector={"matchLabels": {"app": "ratings"}},
                aliases=[
                    {"namespace": "bookinfo", "name": "ratings", "alias": alias("prod", "ratings")},
                    {"namespace": "*", "name": "*", "alias": alias("other")},
                ],
            )
        ],
        ["ratings.prod", "ratings.other"],
    ),
    "E18": ([names("bookinfo", "*", alias("prod", "one"))], ["one.prod"] * 4),
    "an operator that does not exist": (
        [labels(selector={"matchExpressions": [{"key": "app", "operator": "Like", "values": ["r"]}]})],
        [],
    ),
}
LOCAL = "svc.cluster.local"
OURS = "svc.west-mesh-imports.local"


def local(rule: Rule, **more: Any) -> Rule:
    """Return a rule with importAsLocal."""
    return rule | {"importAsLocal": True} | more


IMPORTS: dict[str, tuple[Rule, list[str]]] = {
    "I1": ({}, []),
    "I2": ({"importRules": [names("bookinfo")]}, [f"reviews.bookinfo.{OURS}", f"stars.bookinfo.{OURS}"]),
    "I3": ({"importRules": [names("bookinfo", "*", alias("far"))]}, [f"reviews.far.{OURS}", f"stars.far.{OURS}"]),
    "I4": (
        {
            "domainSuffix": "svc.remote.example",
            "importRules": [names("bookinfo", "reviews"), names("*", "*") | {"domainSuffix": "far.away"}],
        },
        ["reviews.bookinfo.svc.remote.example", "stars.bookinfo.far.away", "ratings.prod.far.away"],
    ),
    "I5": ({"importRules": [local(names("bookinfo", "reviews", alias("bookinfo")))]}, [f"reviews.bookinfo.{LOCAL}"]),
    "I6": (
        {"importRules": [local(names("bookinfo", "reviews")), names("bookinfo", "reviews")]},
        [f"reviews.bookinfo.{OURS}"],
    ),
    "I7": (
        {
            "importRules": [
                local(names("bookinfo", "reviews", alias(None, "reviews2"))),
                local(names("bookinfo", "reviews", alias("*", "reviews2"))),
            ]
        },
        [],
    ),
    "I8": (
        {"importRules": [names("bookinfo", "reviews") | {"domainSuffix": LOCAL}, names("bookinfo", "stars")]},
        [f"stars.bookinfo.{OURS}"],
    ),
    "I8b": (
        {
            "domainSuffix": LOCAL,
            "importRules": [
                names("bookinfo", "reviews"),
                names("bookinfo", "stars") | {"domainSuffix": "x.y"},
                local(names("prod", None, alias("prod"))),
            ],
        },
        ["stars.bookinfo.x.y", f"ratings.prod.{LOCAL}"],
    ),
    "I9": (
        {
            "domainSuffix": "set.suffix",
            "importRules": [local(names("prod", "ratings", alias("bookinfo", "ratings")), domainSuffix="x.y")],
        },
        [f"ratings.bookinfo.{LOCAL}"],
    ),
    "I10": ({"importRules": [names("shop", "ratings")]}, []),
    "I11": (
        {"importRules": [local(names("bookinfo", "reviews", alias("bookinfo"))), names("*", "*")]},
        [f"reviews.bookinfo.{LOCAL}", f"stars.bookinfo.{OURS}", f"ratings.prod.{OURS}"],
    ),
    "I12": ({"importRules": [labels(namespace="prod"), names("prod")]}, [f"ratings.prod.{OURS}"]),
    "I13": (
        {"importRules": [local(names("bookinfo", None, alias("bookinfo-ha", "ratings")))]},
        [f"ratings.bookinfo-ha.{LOCAL}"] * 2,
    ),
}


@pytest.mark.parametrize("vector", EXPORTS)
def test_exports(vector: str) -> None:
    """Every export vector has the names of the product."""
    export_rules, expected = EXPORTS[vector]
    exported = [rules.exported_name(export_rules, service) for service in SERVICES]
    assert [f"{name.name}.{name.namespace}" for name in exported if name] == expected


@pytest.mark.parametrize("vector", IMPORTS)
def test_imports(vector: str) -> None:
    """Every import vector has the host names of the product."""
    spec, expected = IMPORTS[vector]
    imported = [rules.imported_name(spec, "west-mesh", offer) for offer in OFFERS]
    assert [service.hostname for service in imported if service] == expected


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        ("red.local/ns/red/sa/x", True),
        ("red.local/*", True),
        ("*/sa/x", True),
        ("*", True),
        ("", False),
        ("spiffe://red.local/ns/red/sa/x", False),
        ("red.local/*/x", False),
        ("red.local/ns/red/sa/y", False),
    ],
)
def test_principals(pattern: str, allowed: bool) -> None:
    """A client ID matches exactly, by prefix or by suffix; an empty client ID matches no identity."""
    assert rules.principal_matches(pattern, "red.local/ns/red/sa/x") is allowed
