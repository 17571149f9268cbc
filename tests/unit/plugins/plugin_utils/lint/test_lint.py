# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lint finds: in the product's own test vectors, in each kind of mistake, and in correct rules."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from unit.builders import federations as fed, shared
from unit.builders.rejected import REJECTED
from unit.lab.test_rules import EXPORTS, IMPORTS

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem_line
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import in_order, lint
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.services import lint_services, services_to_read
from ansible_collections.ossm.federation.plugins.plugin_utils._model.declare import declare
from ansible_collections.ossm.federation.plugins.plugin_utils._model.rules import check_rules
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.services import check_services, with_services

Json = dict[str, Any]
DOCUMENT = Path(__file__).parents[5] / "docs" / "lint.md"
ALL = [{"type": "NameSelector", "nameSelector": {"namespace": "*", "name": "*"}}]
WEST, EAST, NORTH = "west-mesh", "east-mesh", "north-mesh"


def named(namespace: str, name: str, alias: tuple[str, str] | None = None, **more: Any) -> Json:
    """A NameSelector in the product's words; the alias is namespace and name, empty to keep one."""
    selector: Json = {"namespace": namespace, "name": name}
    if alias:
        selector["alias"] = {key: part for key, part in zip(("namespace", "name"), alias) if part}
    return {"type": "NameSelector", **more, "nameSelector": selector}


def local(namespace: str, name: str, alias: tuple[str, str], **more: Any) -> Json:
    """An import rule with importAsLocal."""
    return named(namespace, name, alias, importAsLocal=True, **more)


def labelled(namespace: str, *aliases: Json, label: str = "a") -> Json:
    """A LabelSelector of one label."""
    body: Json = {"namespace": namespace, "selector": {"matchLabels": {label: "true"}}}
    return {"type": "LabelSelector", "labelSelector": {**body, "aliases": list(aliases)} if aliases else body}


def findings(**variables: Json) -> list[Problem]:
    """All findings about a federation of the given meshes (``west`` is west-mesh); only what is about rules."""
    hostvars = {f"{name}-mesh": {"mesh_context": "x", **said} for name, said in variables.items()}
    groups = {"federation": list(hostvars)}
    declaration = declare(hostvars, groups, {}, group="federation", play_hosts=list(hostvars))
    return in_order(declaration["problems"] + lint(declaration))


def summary(found: list[Problem]) -> list[str]:
    """Severity, code, mesh and place of findings."""
    return [f"{problem['severity']} {problem['code']} {problem['mesh']} {problem['where']}" for problem in found]


# The product's test vectors

EXPORTED = f"{WEST} mesh_exports"
EXPORT_FINDINGS: dict[str, list[str]] = {
    "E5b": [f"error export-one-name {EXPORTED}[0]"],
    "E7": [f"warning rule-shadowed {EXPORTED}[1]"],
    # Unless a service named stars has the label too.
    "E8": [f"info export-one-name {EXPORTED}[0]"],
    "E9": [f"error rule-selector {EXPORTED}[0].labelSelector"],
    "E11": [f"error rule-wildcard {EXPORTED}[0].nameSelector.name"],
    "E12": [
        f"error rule-type {EXPORTED}[0].type",
        f"error rule-body {EXPORTED}[1]",
        f"error rule-body {EXPORTED}[2]",
    ],
    "E13": [f"warning export-control-plane {EXPORTED}[0]"],
    "E14": [f"warning import-unoffered {EAST} mesh_imports[0]"],
    "E17": [f"info export-one-name {EXPORTED}[0]"],
    "E18": [f"error export-one-name {EXPORTED}[0]"],
    "an operator that does not exist": [
        f"error rule-shape {EXPORTED}[0].labelSelector.selector.matchExpressions[0].operator"
    ],
}


@pytest.mark.parametrize("vector", EXPORTS)
def test_export_vectors(vector: str) -> None:
    """West exports to east, which imports all there is."""
    problems = findings(west={"mesh_exports": EXPORTS[vector][0]}, east={"mesh_imports": ALL})
    assert summary(problems) == EXPORT_FINDINGS.get(vector, [])


def test_every_collision_of_the_export_vectors_is_an_error() -> None:
    """Where the product gives one exported name twice, lint rejects; E17's two names show that it is not that strict."""
    twice = {vector for vector, (dummy, names) in EXPORTS.items() if len(set(names)) < len(names)}
    assert twice == {vector for vector, said in EXPORT_FINDINGS.items() if "error export-one-name" in said[0]}


IMPORTED = f"{EAST} mesh_imports"
UNIMPORTED = [f"warning export-unimported {EXPORTED}[{index}]" for index in range(3)]
REVIEWS, STARS, RATINGS = UNIMPORTED
IMPORT_FINDINGS: dict[str, list[str]] = {
    "I1": UNIMPORTED,
    "I2": [RATINGS],
    "I3": [RATINGS],
    "I4": [],
    "I5": [STARS, RATINGS],
    "I6": [f"error rule-local {IMPORTED}[0]"],
    "I7": [f"error rule-local {IMPORTED}[0]", f"error rule-local {IMPORTED}[1]"],
    "I8": [f"error rule-local {IMPORTED}[0].domainSuffix"],
    "I8b": [f"error rule-local {IMPORTED}[0].domainSuffix"],
    "I9": [f"warning rule-suffix {IMPORTED}[0].domainSuffix", REVIEWS, STARS],
    "I10": [f"warning import-unoffered {IMPORTED}[0]", *UNIMPORTED],
    "I11": [],
    "I12": [f"error key-unknown {IMPORTED}[0].labelSelector", f"error rule-type {IMPORTED}[0].type"],
    "I13": [f"error import-one-name {IMPORTED}[0]", RATINGS],
}


@pytest.mark.parametrize("vector", IMPORTS)
def test_import_vectors(vector: str) -> None:
    """East imports from west, which exports the three services of the vectors by their names.

    The inventory has no suffix of a whole set: where a vector has one, the rules without their own get it.
    """
    spec = copy.deepcopy(IMPORTS[vector][0])
    for rule in spec.get("importRules", []):
        if "domainSuffix" in spec and not rule.get("importAsLocal"):
            rule.setdefault("domainSuffix", spec["domainSuffix"])
    offers = ["bookinfo/reviews", "bookinfo/stars", "prod/ratings"]
    problems = findings(west={"mesh_exports": offers}, east={"mesh_imports": spec.get("importRules", [])})
    assert summary(problems) == IMPORT_FINDINGS[vector]


# Each kind of mistake: the variables by mesh, the findings, and the repaired rule


class Case:
    """``said`` is severity, code, mesh and place of every finding; ``repaired`` and ``part`` (of the words) belong to the first."""

    def __init__(self, said: list[str], repaired: Any = None, part: str = "", **variables: Json) -> None:
        self.said, self.repaired, self.part, self.variables = said, repaired, part, variables
        self.left_out = ""

    def without(self, code: str) -> Case:
        """The same, but for a code that another case is about."""
        self.left_out = code
        return self


def share(exports: list[Any], imports: list[Any], **more: Json) -> Json:
    """West exports to east."""
    return {"west": {"mesh_exports": {EAST: exports}}, "east": {"mesh_imports": {WEST: imports}}, **more}


OUT, IN = f"{WEST} mesh_exports.{EAST}", f"{EAST} mesh_imports.{WEST}"
TWO = {"west": {"mesh_exports": {EAST: ["a/x"]}}, "north": {"mesh_exports": {EAST: ["a/x"]}}}
CASES: dict[str, Case] = {
    "everything is in order": Case([], **share(["a/x"], ["a/x"])),
    "a mesh that shares nothing": Case([], west={}, east={}),
    "same rule twice": Case(
        [f"warning rule-shadowed {OUT}[1]"], part="Remove the rule", **share(["a/x", "a/x"], ["a/x"])
    ),
    "a narrower rule behind a wider one": Case(
        [f"warning rule-shadowed {OUT}[1]"],
        [named("a", "x", ("b", "")), named("a", "*")],
        part="Move it before mesh_exports.east-mesh[0]",
        **share(["a/*", named("a", "x", ("b", ""))], ["a/*"]),
    ),
    "two rules about the same": Case(
        [f"warning rule-shadowed {OUT}[1]"], part="Keep one", **share(["a/x", named("a", "x", ("b", ""))], ["a/x"])
    ),
    "a label selector behind the same one": Case(
        [f"warning rule-shadowed {OUT}[1]"], **share([labelled("*"), labelled("a")], ["a/*"])
    ),
    "two label selectors that differ": Case([], **share([labelled("*"), labelled("a", label="b")], ["a/*"])),
    "a name behind a label selector": Case([], **share([labelled("a"), "a/x"], ["a/x"])),
    "an import behind a wider one": Case(
        [f"warning rule-shadowed {IN}[1]"],
        [local("a", "x", ("a", "")), named("*", "*")],
        **share(["a/x"], ["*/*", local("a", "x", ("a", ""))]),
    ),
    "an alias behind a wider one": Case(
        [f"warning rule-shadowed {OUT}[0].labelSelector.aliases[1]"],
        labelled("a", named("*", "*", ("b", ""))["nameSelector"]),
        **share(
            [labelled("a", *(named("*", name, (to, ""))["nameSelector"] for name, to in (("*", "b"), ("x", "c"))))],
            ["b/*"],
        ),
    ),
    "an alias for another namespace": Case(
        [f"warning alias-unused {OUT}[0].labelSelector.aliases[0]"],
        {"type": "LabelSelector", "labelSelector": {**labelled("a")["labelSelector"], "aliases": []}},
        **share([labelled("a", named("b", "*", ("c", ""))["nameSelector"])], ["a/*"]),
    ),
    "suffix beside importAsLocal": Case(
        [f"warning rule-suffix {IN}[0].domainSuffix"],
        local("a", "x", ("b", "")),
        **share(["a/x"], [local("a", "x", ("b", ""), domainSuffix="x.y")]),
    ),
    "suffix below the cluster's own": Case(
        [f"warning rule-suffix {IN}[0].domainSuffix"],
        named("a", "x"),
        part="imported into the namespace a",
        **share(["a/x"], [named("a", "x", domainSuffix="far.svc.cluster.local")]),
    ),
    "suffix of its own": Case([], **share(["a/x"], [named("a", "x", domainSuffix="far.example")])),
    "suffix below the cluster's own, any namespace": Case(
        [f"warning rule-suffix {IN}[0].domainSuffix"],
        part="the namespace of its name",
        **share(["a/x"], [named("*", "x", domainSuffix="far.svc.cluster.local")]),
    ),
    "everything exported": Case(
        [f"warning export-control-plane {OUT}[0]"], named("<namespace>", "*"), **share(["*/*"], ["a/*"])
    ),
    "the control plane's own namespace": Case(
        [f"warning export-control-plane {OUT}[0]"], **share(["west-mesh-system/*"], ["*/*"])
    ),
    "one service of the control plane": Case([], **share(["west-mesh-system/grafana"], ["*/*"])),
    "one name in all namespaces": Case([], **share(["*/x"], ["*/x"])),
    "one name for a namespace": Case(
        [f"error export-one-name {OUT}[0]"],
        named("a", "*", ("b", "")),
        **share([named("a", "*", ("b", "y"))], ["b/*"]),
    ),
    "one name for each namespace": Case(
        [f"error export-one-name {OUT}[0]", f"warning export-control-plane {OUT}[0]"],
        part="all services of a namespace",
        **share([named("*", "*", ("", "y"))], ["*/y"]),
    ),
    "namespaces merged": Case(
        [f"warning export-one-name {OUT}[0]", f"warning export-control-plane {OUT}[0]"],
        named("*", "*"),
        part="services of one name in several namespaces",
        **share([named("*", "*", ("b", ""))], ["b/*"]),
    ),
    "one name for what has a label": Case(
        [f"warning export-one-name {OUT}[0]"],
        labelled("a", named("*", "*", ("b", ""))["nameSelector"]),
        part="if there is more than one",
        **share([labelled("a", named("*", "*", ("b", "y"))["nameSelector"])], ["b/*"]),
    ),
    "two services under one name": Case(
        [f"error export-one-name {OUT}[1]"],
        named("b", "x", ("c", "x-b")),
        part="the name of a/x by mesh_exports.east-mesh[0]",
        **share([named("a", "x", ("c", "")), named("b", "x", ("c", ""))], ["c/x"]),
    ),
    "two names of a namespace under one": Case(
        [f"error export-one-name {OUT}[1]"],
        named("a", "y", ("a", "y")),
        **share([named("a", "x", ("", "z")), named("a", "y", ("", "z"))], ["a/z"]),
    ),
    "two namespaces under one": Case(
        [f"warning export-one-name {OUT}[1]"],
        **share([named("a", "*", ("c", "")), named("b", "*", ("c", ""))], ["c/*"]),
    ),
    "a name and a namespace under one": Case(
        [f"info export-one-name {OUT}[1]"], **share([named("a", "x", ("c", "")), "c/*"], ["c/*"])
    ),
    "a name, and then the rest of its namespace": Case([], **share(["a/x", "a/*"], ["a/*"])),
    "a name in all namespaces, behind one of them": Case([], **share(["a/*", named("*", "x", ("", "z"))], ["*/*"])),
    "a renamed name, and then the rest": Case([], **share([named("a", "x", ("b", "")), "a/*"], ["*/*"])),
    "exported to a mesh without imports": Case(
        [f"warning export-unimported {OUT}[0]"],
        "a/x",
        part="no import rule of east-mesh matches a/x",
        **share(["a/x"], []),
    ),
    "exported to all, imported by one": Case(
        [], west={"mesh_exports": ["a/x"]}, east={"mesh_imports": ["a/x"]}, north={}
    ),
    "imported from a mesh that exports nothing": Case(
        [f"warning import-unoffered {IN}[0]"], part="exports nothing to east-mesh", **share([], ["a/x"])
    ),
    "imported from all, exported by one": Case(
        [], west={"mesh_exports": ["a/x"]}, east={"mesh_imports": ["a/x"]}, north={"mesh_peers": []}
    ),
    "imported by the name before the alias": Case(
        [f"warning export-unimported {OUT}[0]", f"warning import-unoffered {IN}[0]"],
        "b/y",
        part="b/y",
        **share([named("a", "x", ("b", "y"))], ["a/x"]),
    ),
    "imported by a misspelled name": Case(
        [f"warning export-unimported {OUT}[0]", f"warning import-unoffered {IN}[0]"],
        **share(["bookinfo/ratings"], ["bookinfo/rating"]),
    ),
    "imported from another namespace than the wildcard's": Case(
        [f"warning export-unimported {OUT}[0]", f"warning import-unoffered {IN}[0]"], **share(["a/*"], ["b/x"])
    ),
    "only the cluster shows what a wildcard selects": Case(
        [f"info import-uncertain {IN}[0]"], part="a/* by a wildcard", **share(["a/*"], ["a/x"])
    ),
    "only the cluster shows what has a label": Case(
        [f"info import-uncertain {IN}[0]"], part="a/* by their labels", **share([labelled("a")], ["a/x"])
    ),
    "rejected rules give no findings about others": Case(
        [f"error rule-wildcard {OUT}[0].name"], named("a", "<name>"), **share(["a/x*"], ["b/x", "c/x"])
    ),
    "rejected imports give no findings about exports": Case(
        [f"error rule-wildcard {IN}[0].name"], **share(["a/x", "b/x"], ["c/x*"])
    ),
    "exports that cannot be read say nothing about imports": Case(
        ["error variable-type west-mesh mesh_exports"], west={"mesh_exports": ""}, east={"mesh_imports": ["a/x"]}
    ),
    "exports for a misspelled peer say nothing about imports": Case(
        ["error peer-unknown west-mesh mesh_exports"],
        west={"mesh_exports": {"est": ["a/x"]}},
        east={"mesh_imports": ["a/x"]},
    ),
    "two exporters of one name who call the importer by different names": Case(
        [],
        west={"mesh_exports": {EAST: [named("a", "x")]}, "mesh_peer_names": {EAST: "the-east"}},
        north={"mesh_exports": {EAST: [named("b", "x", ("a", ""))]}},
        east={"mesh_imports": ["a/x"]},
    ),
    "two services of a peer under one local name": Case(
        [f"error import-one-name {IN}[1]"],
        named("b", "x", ("c", "x-b")),
        part="x.c.svc.west-mesh-imports.local",
        **share(["a/x", "b/x"], [named("a", "x", ("c", "")), named("b", "x", ("c", ""))]),
    ),
    "a wildcard under one local name": Case(
        [f"warning import-one-name {IN}[0]"],
        local("a", "*", ("b", "")),
        part="if there is more than one",
        **share(["a/*"], [local("a", "*", ("b", "y"))]),
    ),
    "namespaces merged into a local one": Case(
        [f"info import-one-name {IN}[0]"],
        local("<namespace>", "*", ("b", "")),
        part="c/* of west-mesh may be imported as *.b.svc.cluster.local, and so may be a/*",
        **share(["a/*", "c/*"], [local("*", "*", ("b", ""))]),
    ),
    "a wildcard that takes one": Case([], **share(["a/x"], [local("a", "*", ("b", "y"))])),
    "one local name for two peers": Case(
        [f"warning import-no-failover {EAST} mesh_imports[0]"],
        local("a", "x", ("a", "x-west-mesh")),
        part="no failover",
        west={"mesh_exports": {EAST: [named("b", "x", ("a", ""))]}},
        north={"mesh_exports": {EAST: [named("a", "x")]}, "mesh_peers": [EAST]},
        east={"mesh_imports": [local("a", "x", ("a", ""))]},
    ).without("export-collision"),
    "perhaps one local name for two peers": Case(
        [f"info import-no-failover {EAST} mesh_imports[0]"],
        west={"mesh_exports": {EAST: ["a/*"]}},
        north={"mesh_exports": {EAST: ["b/*"]}},
        east={"mesh_imports": [local("*", "x", ("a", ""))]},
    ).without("import-one-name"),
    "an import over a service of one's own": Case(
        [f"info import-joins {IN}[0]"],
        west={"mesh_exports": {EAST: ["a/x"]}, "mesh_imports": {EAST: ["a/x"]}},
        east={"mesh_imports": {WEST: [local("a", "x", ("a", ""))]}, "mesh_exports": {WEST: ["a/x"]}},
    ),
    "two exporters of one name, in the product's words": Case(
        [f"error export-collision {mesh} mesh_exports.{EAST}[0]" for mesh in (NORTH, WEST)],
        named("b", "x", ("a-north-mesh", "x")),
        part="import a-north-mesh/x in east-mesh",
        west={"mesh_exports": {EAST: [named("a", "x")]}},
        north={"mesh_exports": {EAST: [named("b", "x", ("a", ""))]}},
        east={"mesh_imports": ["a/x"]},
    ),
    "two exporters of one name, with a peer name of its own": Case(
        [],
        west={"mesh_exports": {EAST: [named("a", "x")]}, "mesh_peer_names": {EAST: "east-of-west"}},
        north={"mesh_exports": {EAST: [named("a", "x")]}},
        east={"mesh_imports": ["a/x"]},
    ),
    "two exporters of one name, in the short form": Case(
        [],
        **TWO,
        east={"mesh_imports": ["a/x"]},
    ),
    "two exporters of one name, one of them in the short form": Case(
        [],
        **{**TWO, "west": {"mesh_exports": {EAST: [named("a", "x")]}}},
        east={"mesh_imports": ["a/x"]},
    ),
    "two exporters of one name, of which one is imported": Case(
        [f"warning export-unimported {NORTH} mesh_exports.{EAST}[0]"], **TWO, east={"mesh_imports": {WEST: ["a/x"]}}
    ),
    "two exporters of one name to different meshes": Case(
        [],
        west={"mesh_exports": {EAST: [named("a", "x")]}, "mesh_imports": {NORTH: ["a/x"]}},
        north={"mesh_exports": {WEST: [named("a", "x")]}},
        east={"mesh_imports": ["a/x"]},
    ),
    "perhaps two exporters of one name": Case(
        [f"info export-collision-possible {mesh} mesh_exports.{EAST}[0]" for mesh in (NORTH, WEST)],
        west={"mesh_exports": {EAST: [named("a", "*")]}},
        north={"mesh_exports": {EAST: [named("a", "*")]}},
        east={"mesh_imports": ["a/*"]},
    ),
    "perhaps two exporters of one name, one of them certain": Case(
        [f"info export-collision-possible {NORTH} mesh_exports.{EAST}[0]"],
        west={"mesh_exports": {EAST: [named("a", "x")]}},
        north={"mesh_exports": {EAST: [labelled("a")]}},
        east={"mesh_imports": ["a/*"]},
    ),
    "perhaps two exporters of one name, in the short form": Case(
        [],
        west={"mesh_exports": {EAST: ["a/*"]}},
        north={"mesh_exports": {EAST: ["a/*"]}},
        east={"mesh_imports": ["a/*"]},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_each_mistake(name: str) -> None:
    case = CASES[name]
    problems = [problem for problem in findings(**case.variables) if problem["code"] != case.left_out]
    assert sorted(summary(problems)) == sorted(case.said)
    assert all(problem["message"] and (problem["remedy"] or "must " in problem["message"]) for problem in problems)
    for one in problems:
        if summary([one]) == case.said[:1]:
            assert case.repaired is None or one["repaired"] == case.repaired
            assert case.part in problem_line(one)


def test_what_is_repaired_is_right() -> None:
    """Every repaired rule passes the checks, except for what only its author can know, and lint finds it right."""
    for case in CASES.values():
        for one in findings(**case.variables):
            repaired = one.get("repaired")
            listed = repaired if isinstance(repaired, list) else [repaired] if repaired is not None else []
            imports = "mesh_imports" in one["where"]
            assert _faults(listed, imports) == []


def _faults(rules: list[Any], imports: bool) -> list[str]:
    """What is still rejected in rules with all placeholders filled in."""
    filled = [yaml_free(rule) for rule in rules]
    return [problem_line(problem) for problem in check_rules(filled, "m", "w", imports=imports)[1]]


def yaml_free(value: Any) -> Any:
    """The same with a name, or a known word, for each placeholder."""
    if isinstance(value, dict):
        return {yaml_free(key): yaml_free(part) for key, part in value.items()}
    if isinstance(value, list):
        return [yaml_free(part) for part in value]
    return "In" if value == "<operator>" else re.sub(r"<(\w+)>", r"\1", value) if isinstance(value, str) else value


RULES = [case for case in REJECTED if case[2].startswith(("mesh_exports[", "mesh_imports["))]


@pytest.mark.parametrize("case", RULES, ids=[case[0] for case in RULES])
def test_every_rejected_rule_is_repaired(case: tuple[str, Json, str, str, str]) -> None:
    """A rule that cannot be guessed at all (no dictionary, no text) is the one exception."""
    (variable, written), imports = next(iter(case[1].items())), case[2].startswith("mesh_imports")
    problem, *dummy = check_rules(written, "m", variable, imports=imports)[1]
    if case[0] == "rule that is no dictionary":
        assert "repaired" not in problem
        return
    assert problem["repaired"] != written[0]
    assert _faults([problem["repaired"]], imports) == []


# What is written, and what was meant
REPAIRS: dict[str, tuple[Any, Json]] = {
    "capital Selector, alias for aliases": (
        {
            "type": "LabelSelector",
            "labelSelector": {
                "namespace": "a",
                "Selector": {"matchLabels": {"b": True}},
                "alias": {"namespace": "c", "name": "d"},
            },
        },
        labelled("a", named("*", "*", ("c", "d"))["nameSelector"], label="b"),
    ),
    "one alias that is no list": (
        {
            "type": "LabelSelector",
            "labelSelector": {**labelled("a")["labelSelector"], "aliases": named("a", "x", ("b", ""))["nameSelector"]},
        },
        labelled("a", named("a", "x", ("b", ""))["nameSelector"]),
    ),
    "another body than the type's": (
        {"type": "ServiceSelector", "labelSelector": labelled("a")["labelSelector"]},
        labelled("a"),
    ),
    "two bodies": ({**named("a", "x"), "labelSelector": {}}, named("a", "x")),
    "typographic quotes": (named("\u201ca\u201d", "\u2018x\u2019"), named("a", "x")),
    "more characters than fit": (named("a", "x" * 64, ("b", "y.z")), named("a", "<name>", ("b", "y.z"))),
    "capitals": (named("A", "X"), named("a", "x")),
    "an unknown operator": (
        {
            "type": "LabelSelector",
            "labelSelector": {"selector": {"matchExpressions": {"key": "a", "operator": "NotExists", "value": []}}},
        },
        {
            "type": "LabelSelector",
            "labelSelector": {"selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]}},
        },
    ),
    "a slash too few": ("x", named("<namespace>", "x")),
    "a rule in place of a list": (
        {"Type": "nameselector", "NameSelector": {"Namespace": "a", "name": "x"}},
        named("a", "x"),
    ),
}
IMPORT_REPAIRS: dict[str, tuple[Any, Json]] = {
    "importAsLocal inside nameSelector": (
        {"type": "NameSelector", "nameSelector": {"namespace": "a", "name": "x", "importAsLocal": True}},
        local("a", "x", ("a", "")),
    ),
    "true as a text": (named("a", "x", ("b", ""), importAsLocal="true"), local("a", "x", ("b", ""))),
    "true in typographic quotes": (named("a", "x", importAsLocal="\u201ctrue\u201d"), local("a", "x", ("a", ""))),
    "false as a text": (named("a", "x", importAsLocal="false"), named("a", "x", importAsLocal=False)),
    "no fixed namespace": (local("*", "x", ("", "y")), local("*", "x", ("<namespace>", "y"))),
    "the cluster's own suffix": (named("a", "x", domainSuffix="svc.cluster.local"), local("a", "x", ("a", ""))),
    "another suffix": (named("a", "x*", domainSuffix="b.c"), named("a", "<name>", domainSuffix="b.c")),
    "labels": ({"type": "LabelSelector", "labelSelector": {"namespace": "a", "selector": {}}}, named("a", "*")),
    "no body": ({"type": "NameSelector"}, named("<namespace>", "<name>")),
}


@pytest.mark.parametrize("name", [*REPAIRS, *IMPORT_REPAIRS])
def test_repaired_rules(name: str) -> None:
    imports = name in IMPORT_REPAIRS
    written, meant = {**REPAIRS, **IMPORT_REPAIRS}[name]
    problems = check_rules([written], "m", "w", imports=imports)[1]
    assert problems and all(problem["repaired"] == meant for problem in problems), [
        problem_line(problem) for problem in problems
    ]
    alone = check_rules(written, "m", "w", imports=imports)[1]
    assert alone[0]["repaired"] == [meant]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"zone": "z"}, {"region": "<region>", "zone": "z"}),
        ({"subzone": "s"}, {"region": "<region>", "zone": "<zone>", "subzone": "s"}),
        ({"region": "r", "Zone": "z"}, {"region": "r", "zone": "z"}),
        ({"region": 1}, {"region": "1"}),
    ],
)
def test_repaired_localities(written: Json, meant: Json) -> None:
    problems = fed.declare(fed.inventory(red_mesh={"mesh_locality": written}))["problems"]
    assert problems and all(one["repaired"] == meant for one in problems)


# With Services


def service(name: str, *ports: str, namespace: str = "a", **labels: str) -> Json:
    """A Service as MeshFacts have it."""
    numbers = enumerate(ports, start=80)
    return {
        "namespace": namespace,
        "name": name,
        "labels": labels,
        "ports": [{"name": port, "port": at} for at, port in numbers],
    }


def declared(**variables: Json) -> Any:
    """The declaration of the given meshes."""
    return fed.declare({f"{name}-mesh": {"mesh_context": "x", **said} for name, said in variables.items()})


def served(services: dict[str, list[Json]], **variables: Json) -> list[str]:
    """What lint finds when it knows the Services."""
    declaration = declared(**variables)
    assert lint(declaration) == lint(copy.deepcopy(declaration))
    return summary(lint_services(declaration, services))


EXPRESSIONS = [
    {"key": "b", "operator": "In", "values": ["c"]},
    {"key": "b", "operator": "NotIn", "values": ["d"]},
    {"key": "b", "operator": "Exists"},
    {"key": "d", "operator": "DoesNotExist"},
]


def test_services_with_several_ports() -> None:
    several = {WEST: [service("x", "http", "grpc"), service("y", "http"), service("z", a="true")]}
    assert served(several, **share(["a/x"], ["a/x"])) == [f"error export-ports {OUT}[0]"]
    assert served(several, **share(["a/y", "a/*"], ["a/*"])) == [f"warning export-ports {OUT}[1]"]
    assert served(several, **share([labelled("a")], ["a/*"])) == [f"warning export-ports {OUT}[0]"]
    assert served(several, **share(["a/x*"], ["a/*"])) == []
    assert served({}, **share(["a/x"], ["a/x"])) == []
    selecting = {"type": "LabelSelector", "labelSelector": {"selector": {"matchExpressions": EXPRESSIONS}}}
    labels = {"no": {}, "yes": {"b": "c"}, "other": {"b": "d"}, "both": {"b": "c", "d": "e"}}
    chosen = {WEST: [service(name, **one) for name, one in labels.items()]}
    assert served(chosen, **share([selecting], ["a/*"])) == [f"warning export-ports {OUT}[0]"]


def test_a_service_without_importers_may_have_any_ports() -> None:
    several = {WEST: [service("x", "http", "grpc"), service("y", "http")]}
    assert served(several, **share(["a/x"], ["a/y"])) == []
    assert served(several, **share(["a/*"], ["a/y"])) == []
    assert served(several, **share([named("a", "x", ("b", ""))], ["b/x"])) == [f"error export-ports {OUT}[0]"]


def test_what_a_wildcard_takes_is_reported_in_one_line() -> None:
    services = [service(f"s{number}", *"pqr"[: number % 4]) for number in range(8)]
    [found] = lint_services(declared(**share(["a/*"], ["*/*"])), {WEST: services})
    assert found["message"].startswith(
        "exports services that other meshes import and that have not exactly 1 port: a/s0 with no port, "
        "a/s2 with 2 ports (p, q), a/s3 with 3 ports (p, q, r), a/s4 with no port and 2 more; "
    )
    assert "repaired" not in found


def test_the_control_planes_own_services_are_not_reported_one_by_one() -> None:
    """The rule that takes them has a warning of its own."""
    own = {WEST: [service("istiod", "grpc", "https", namespace=f"{WEST}-system")]}
    assert served(own, **share(["*/*"], ["*/*"])) == []
    assert served(own, **share([f"{WEST}-system/istiod"], ["*/*"])) == [f"error export-ports {OUT}[0]"]


def test_the_port_of_the_gateways_is_reached_among_others() -> None:
    both = service("x", "http", "other")
    both["ports"][1]["port"] = 15443
    [found] = lint_services(declared(**share(["a/x"], ["a/x"])), {WEST: [both]})
    assert found["severity"] == "warning" and found["message"].endswith(
        "requests from other meshes reach only port 15443"
    )


def test_the_repaired_rule_keeps_the_exported_name() -> None:
    for rule, name in (
        ("a/x", ("a", "x")),
        (named("a", "x", ("b", "y")), ("b", "y")),
        (named("a", "x", ("*", "y")), ("a", "y")),
    ):
        [found] = lint_services(declared(**share([rule], ["*/*"])), {WEST: [service("x")]})
        assert found["repaired"] == named("a", "<name>", name)
        assert check_rules([named("a", "x-http", name)], "m", "w", imports=False)[1] == []


def test_which_services_are_to_be_read() -> None:
    selecting = {"type": "LabelSelector", "labelSelector": {"selector": {"matchLabels": {"a": "b"}}}}
    for exports, patterns in (
        (["a/x", "a/y"], ["a/x", "a/y"]),
        (["a/x", "a/*", "b/x"], ["a/*", "b/x"]),
        (["*/x", "a/x", "a/y"], ["*/x", "a/y"]),
        ([labelled("a")], ["a/*"]),
        (["a/x", selecting], ["*/*"]),
        ([named("a", "x", ("b", "y"))], ["a/x"]),
        ([], []),
    ):
        assert services_to_read(declared(**share(exports, [])), WEST) == patterns
    imports = [local("b", "x", ("c", "")), local("b", "*", ("d", "")), local("b", "y", ("e", "z")), "b/z"]
    assert services_to_read(declared(**share([], imports)), EAST) == ["c/x", "d/*", "e/z"]
    assert services_to_read(declared(**share(["a/x"], imports)), WEST) == ["a/x"]


def _planned(facts: dict[str, Json], strict: bool = False, play_hosts: list[str] | None = None) -> Any:
    """The plan of meshes of which west exports a/x and a/y to east, with what their Services say."""
    hostvars = {f"{name}-mesh": {"mesh_context": "x", **said} for name, said in share(["a/x", "a/y"], ["a/*"]).items()}
    hostvars[WEST]["federation_lint_strict"] = hostvars[EAST]["federation_lint_strict"] = strict
    declaration = fed.declare(hostvars, play_hosts=play_hosts or list(hostvars))
    return with_services(planning.build_plan(declaration, facts, fed.NOW), declaration, facts)


def _facts(*exported: Json, unread: list[Json] | None = None) -> dict[str, Json]:
    """Facts of west with a Service of two ports, and with an export set; and of east."""
    west = fed.facts(WEST, additional_services={"services": [service("x", "http", "grpc")], "unread": unread or []})
    west["exports"] = [{"metadata": {"name": EAST}, "spec": {"exportRules": list(exported)}}]
    return {WEST: west, EAST: fed.facts(EAST)}


def test_only_what_a_run_would_write_anew_stops_it() -> None:
    """What is in force has never worked, and it is no reason to leave everything else undone."""
    for facts, options, severity in (
        (_facts(), {}, "error"),
        (_facts(named("a", "y")), {}, "error"),
        (_facts(named("a", "y"), named("a", "x")), {}, "warning"),
        (_facts(named("a", "x")), {"strict": True}, "error"),
        (_facts(), {"play_hosts": [EAST]}, "warning"),
    ):
        plan = _planned(facts, **options)
        problems = {"error": plan["problems"], "warning": plan["warnings"]}
        assert [problem["code"] for problem in problems.pop(severity)] == ["export-ports"]
        assert list(problems.values()) == [[]]


def test_services_that_were_not_read_are_a_note() -> None:
    message = "may not list services: it is forbidden"
    for unread, place in (
        ([{"namespace": "a", "message": message}, {"namespace": "b", "message": "other"}], "Services in a and b"),
        ([{"namespace": None, "message": message}], "Services in all namespaces"),
    ):
        facts = _facts(unread=unread)
        facts[WEST]["additional_services"]["services"] = []
        plan = _planned(facts, strict=True)
        assert plan["problems"] == plan["warnings"] == []
        [note] = plan["notices"]
        assert note.startswith(f"INFO {WEST}: {place}: ") and message in note and note.endswith("[services-unread]")
    for absent in ({}, {"additional_services": None}):
        assert _planned({WEST: fed.facts(WEST, **absent), EAST: fed.facts(EAST)})["notices"] == []


def test_ports_of_an_import_that_joins_a_service() -> None:
    sharing = share([named("a", "x", ("b", ""))], [local("b", "x", ("a", ""))])
    for port, said in (("grpc", [f"warning import-port-names {IN}[0]"]), ("http", [])):
        assert served({WEST: [service("x", "http")], EAST: [service("x", port)]}, **sharing) == said
    assert served({WEST: [service("x", "http")], EAST: [service("y", "grpc")]}, **sharing) == []
    assert served({EAST: [service("x", "grpc")]}, **sharing) == []


# The table of codes


def _reported_codes() -> dict[str, set[str]]:
    """Every code about rules that the cases of this file, and of the rejections, give, with its severities."""
    problems = [one for case in CASES.values() for one in findings(**case.variables)]
    for dummy, variables, *dummies in REJECTED:
        problems += fed.declare(fed.inventory(red_mesh=variables))["problems"]
    problems += check_rules([named("A", "x")], "m", "w", imports=False)[1]
    declaration = fed.declare(
        {f"{name}-mesh": said for name, said in share(["a/x", "a/*"], [local("a", "x", ("a", "")), "a/y"]).items()}
    )
    problems += lint_services(declaration, {WEST: [service("x", "a", "b"), service("y")], EAST: [service("x", "c")]})
    unread = {
        WEST: fed.facts(WEST, additional_services={"services": [], "unread": [{"namespace": "a", "message": "m"}]})
    }
    problems += check_services(planning.build_plan(declaration, unread, fed.NOW), declaration, unread)
    problems += _of_services()
    reported: dict[str, set[str]] = {}
    for one in problems:
        reported.setdefault(one["code"], set()).add(one["severity"])
    return reported


def _of_services() -> list[Problem]:
    """The codes of entries of federation_services, of mesh_may_export and of federation_max_exports."""
    entries = [shared.entry(), shared.entry(alias="a/x"), shared.entry("shop/*")]
    policy = {"mesh_may_export": ["shop", {"labels": {"matchLabels": {"export": "true"}}}]}
    problems = shared.findings([shared.entry(xyz=1), {}])
    problems += shared.findings(entries, red_mesh={"mesh_may_export": []})
    declaration = shared.declared(entries, {"federation_max_exports": 0}, red_mesh=policy)
    for services in ([], [shared.service("bookinfo", "ratings"), shared.service("shop", "cart")]):
        problems += lint_services(declaration, {shared.RED: services})
    # Rules in force.
    problems += lint_services(declaration, {shared.RED: []}, lambda host, peer, index: False)
    return problems


#: The rows of the table that lint reports.
LINT_CODES = {
    code: set(row.severities)
    for code, row in CODES.items()
    if row.subject in ("Export and import rules", "Rules and services together") or code == "key-unknown"
}


def test_every_code_of_rules_is_reported_with_each_severity_of_the_table() -> None:
    reported = _reported_codes()
    assert LINT_CODES == {code: severities for code, severities in reported.items() if code in LINT_CODES}


def test_order_of_findings() -> None:
    problems = findings(
        west={"mesh_exports": {EAST: [f"a/x{number}" for number in range(12)]}}, east={"mesh_locality": {"zone": "z"}}
    )
    assert [problem["severity"] for problem in problems] == ["error"] + ["warning"] * 12
    assert [problem["where"] for problem in problems[1:]] == [f"mesh_exports.{EAST}[{number}]" for number in range(12)]
