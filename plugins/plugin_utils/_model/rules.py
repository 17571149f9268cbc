# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: export and import rules, in the product's own shape or in the short form.

The API server accepts rules that istiod skips, and drops keys that it does not know, without a word
(maistra/istio pkg/servicemesh/federation/common/exports.go, imports.go and namemapping.go). So they are refused here.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LABEL_MAX, LOCAL_SUFFIX
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import ANY, BODIES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.repair import (
    LABEL_SELECTOR,
    MAPPING,
    OPERATORS,
    PARTS,
    TYPOGRAPHIC,
    in_order,
    is_name,
    repaired_locality,
    repaired_rule,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import unknown_keys

_EXPORT = ("type", "nameSelector", "labelSelector")
_IMPORT = ("type", "importAsLocal", "domainSuffix", "nameSelector")
_LOCALITY = ("region", "zone", "subzone")


class _Report:
    """Collects problems of one mesh; ``at`` is the place inside the variable."""

    def __init__(self, mesh: str) -> None:
        self.mesh = mesh
        self.problems: List[Problem] = []

    def add(self, code: str, at: str, message: str, remedy: str) -> None:
        self.problems.append(problem(code, self.mesh, at, message, remedy))

    def keys(self, value: Dict[str, Any], allowed: Sequence[str], at: str) -> None:
        self.problems += unknown_keys(value, allowed, self.mesh, at)

    def dictionary(self, value: Any, allowed: Sequence[str], at: str) -> bool:
        if not isinstance(value, dict):
            self.add("rule-shape", at, "it is not a dictionary", f"Write it with the keys {', '.join(allowed)}")
            return False
        self.keys(value, allowed, at)
        return True


def check_rules(value: Any, mesh: str, where: str, *, imports: bool) -> Tuple[List[Rule], List[Problem]]:
    """Bring a list of rules into the product's shape and find what istiod would skip or the API server drop.

    A rule that is refused as a whole is an empty dictionary in the result, so that places stay what they are.
    """
    if not isinstance(value, list):
        message, remedy = "it is not a list of rules", "Write a list, even for one rule"
        repaired = repaired_rule(value, imports=imports)
        return [], [
            problem("rule-shape", mesh, where, message, remedy, repaired=None if repaired is None else [repaired])
        ]
    rules, problems = [], []
    for index, written in enumerate(value):
        report = _Report(mesh)
        rules.append(_rule(written, report, f"{where}[{index}]", imports))
        repaired = repaired_rule(written, imports=imports) if report.problems else None
        for found in report.problems:
            if repaired is not None:
                found["repaired"] = repaired
        problems += report.problems
    return rules, problems


def _rule(rule: Any, report: _Report, at: str, imports: bool) -> Rule:
    if isinstance(rule, str):
        return _short(rule, report, at)
    allowed = _IMPORT if imports else _EXPORT
    if not report.dictionary(rule, allowed, at):
        return {}
    kind = rule.get("type")
    types = ("NameSelector",) if imports else tuple(BODIES)
    if kind not in types:
        report.add(
            "rule-type", f"{at}.type", f"istiod skips a rule of type {kind!r}", f"Set it to {' or '.join(types)}"
        )
        return {}
    body = BODIES[kind]
    if not isinstance(rule.get(body), dict):
        report.add("rule-body", at, f"istiod skips a {kind} without {body}", f"Add {body}")
        return {}
    for other in sorted(set(BODIES.values()) - {body}):
        if other in rule and other in allowed:
            report.add(
                "rule-body",
                f"{at}.{other}",
                f"istiod ignores {other} in a {kind}",
                "Take it out, or make a rule of it",
            )
    check: Callable[[Dict[str, Any], _Report, str], None] = _mapping if kind == "NameSelector" else _label_selector
    check(rule[body], report, f"{at}.{body}")
    if imports:
        _import_options(rule, report, at)
    return dict(in_order(rule))


def _short(rule: str, report: _Report, at: str) -> Rule:
    namespace, slash, name = rule.partition("/")
    if not slash or not namespace or not name or "/" in name:
        report.add(
            "rule-short",
            at,
            f"{rule!r} is not of the form namespace/name",
            "Write for example bookinfo/ratings, or */ratings",
        )
        return {}
    selector = {"namespace": namespace, "name": name}
    _parts(selector, report, at)
    return {"type": "NameSelector", "nameSelector": selector}


def _parts(value: Dict[str, Any], report: _Report, at: str) -> None:
    for key in PARTS:
        part = value.get(key)
        if part is None:
            continue
        if not isinstance(part, str):
            report.add("rule-shape", f"{at}.{key}", "it is not a text", "Put it into quotes")
        elif "*" in part and part != "*":
            report.add(
                "rule-wildcard",
                f"{at}.{key}",
                f"{part!r} matches nothing: there are no partial wildcards",
                'Write the whole name, or "*" for all',
            )
        elif part not in ANY and not is_name(part):
            report.add(
                "rule-name",
                f"{at}.{key}",
                f"{part!r} can be no name in a cluster: those have up to {LABEL_MAX} lower case letters, digits and inner hyphens",
                "Take the quotes out: in YAML only straight ones are quotes"
                if set(part) & set(TYPOGRAPHIC)
                else "Write it as the cluster has it",
            )


def _mapping(value: Dict[str, Any], report: _Report, at: str) -> None:
    report.keys(value, MAPPING, at)
    _parts(value, report, at)
    alias = value.get("alias")
    if alias is not None and report.dictionary(alias, PARTS, f"{at}.alias"):
        _parts(alias, report, f"{at}.alias")


def _label_selector(value: Dict[str, Any], report: _Report, at: str) -> None:
    report.keys(value, LABEL_SELECTOR, at)
    _parts({"namespace": value.get("namespace")}, report, at)
    selector = value.get("selector")
    if not selector:
        report.add(
            "rule-selector",
            at,
            "a LabelSelector without selector exports every service of the namespace",
            'Add selector.matchLabels, or use a NameSelector with the name "*"',
        )
    elif report.dictionary(selector, ("matchLabels", "matchExpressions"), f"{at}.selector"):
        _match(selector, report, f"{at}.selector")
    aliases = value.get("aliases", [])
    if not isinstance(aliases, list):
        report.add("rule-shape", f"{at}.aliases", "it is not a list", "Write a list of mappings, even for one")
        return
    for index, alias in enumerate(aliases):
        if report.dictionary(alias, MAPPING, f"{at}.aliases[{index}]"):
            _mapping({key: alias[key] for key in MAPPING if key in alias}, report, f"{at}.aliases[{index}]")


def _match(selector: Dict[str, Any], report: _Report, at: str) -> None:
    labels = selector.get("matchLabels") or {}
    if not isinstance(labels, dict) or not all(isinstance(part, str) for pair in labels.items() for part in pair):
        report.add(
            "rule-shape", f"{at}.matchLabels", "it is not a dictionary of texts", "Quote true, false and numbers"
        )
    expressions = selector.get("matchExpressions") or []
    if not isinstance(expressions, list):
        report.add(
            "rule-shape", f"{at}.matchExpressions", "it is not a list", "Write a list, even for one expression"
        )
        return
    for index, expression in enumerate(expressions):
        place = f"{at}.matchExpressions[{index}]"
        if (
            report.dictionary(expression, ("key", "operator", "values"), place)
            and expression.get("operator") not in OPERATORS
        ):
            report.add(
                "rule-shape",
                f"{place}.operator",
                "istiod skips a rule with an unknown operator",
                f"Use one of {', '.join(OPERATORS)}",
            )


def _import_options(rule: Dict[str, Any], report: _Report, at: str) -> None:
    local = rule.get("importAsLocal", False)
    if not isinstance(local, bool):
        report.add(
            "rule-shape", f"{at}.importAsLocal", "it is not true or false", "Write it without quotes of any kind"
        )
        return
    suffix = rule.get("domainSuffix", "")
    if not isinstance(suffix, str):
        report.add("rule-shape", f"{at}.domainSuffix", "it is not a text", "Put it into quotes")
    alias = rule["nameSelector"].get("alias") or {}
    namespace = alias.get("namespace") if isinstance(alias, dict) else None
    if local and namespace in ANY:
        report.add(
            "rule-local",
            at,
            "istiod skips importAsLocal without a fixed namespace",
            "Set nameSelector.alias.namespace",
        )
    if not local and suffix == LOCAL_SUFFIX:
        report.add(
            "rule-local",
            f"{at}.domainSuffix",
            "istiod skips a rule with the cluster's own suffix",
            "Use importAsLocal: true, or another suffix",
        )


def check_locality(value: Dict[str, Any], mesh: str) -> Tuple[Dict[str, str], List[Problem]]:
    """Check ``mesh_locality``; istiod drops one with a zone but no region, or a subzone but no zone."""
    report = _Report(mesh)
    report.keys(value, _LOCALITY, "mesh_locality")
    for key in _LOCALITY:
        if key in value and not isinstance(value[key], str):
            report.add("locality-value", f"mesh_locality.{key}", "it is not a text", "Put it into quotes")
    for key, needs in (("zone", "region"), ("subzone", "zone")):
        if value.get(key) and not value.get(needs):
            report.add(
                "locality-value", f"mesh_locality.{key}", f"istiod drops a {key} without {needs}", f"Add {needs}"
            )
    for found in report.problems:
        found["repaired"] = repaired_locality(value)
    return {key: value[key] for key in _LOCALITY if isinstance(value.get(key), str)}, report.problems
