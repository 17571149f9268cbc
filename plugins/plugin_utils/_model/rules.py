# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: export and import rules, in the product's own shape or in the short form.

The API server silently accepts rules that istiod skips, and drops keys that it does not know
(maistra/istio pkg/servicemesh/federation/common/exports.go, imports.go and namemapping.go). So they are rejected here.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LABEL, LABEL_MAX, LOCAL_SUFFIX
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import ANY, BODIES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import rejection, shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.keys import LOCALITY
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
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import dictionary_faults, unknown_keys

_EXPORT = ("type", "nameSelector", "labelSelector")
_IMPORT = ("type", "importAsLocal", "domainSuffix", "nameSelector")
_LABELS = ("matchLabels", "matchExpressions")
_LIST = 'a list of rules in the product\'s shape or as "namespace/name", or a dictionary of such lists by peer'


class Report:
    """Collects the problems of one mesh; ``at`` is a place in a variable."""

    def __init__(self, mesh: str) -> None:
        self.mesh = mesh
        self.problems: List[Problem] = []

    def add(self, code: str, at: str, message: str, remedy: str) -> None:
        self.problems.append(problem(code, self.mesh, at, message, remedy))

    def reject(self, at: str, accepted: str, value: Any, remedy: str = "", code: str = "rule-shape") -> None:
        self.problems.append(rejection(code, self.mesh, at, accepted, value, remedy))

    def keys(self, value: Dict[str, Any], allowed: Sequence[str], at: str) -> None:
        self.problems += unknown_keys(value, allowed, self.mesh, at)

    def dictionary(self, value: Any, allowed: Sequence[str], at: str, code: str = "rule-shape") -> bool:
        faults = dictionary_faults(value, self.mesh, at, code, allowed)
        self.problems += faults
        if not faults:
            self.keys(value, allowed, at)
        return not faults


def check_rules(value: Any, mesh: str, where: str, *, imports: bool) -> Tuple[List[Rule], List[Problem]]:
    """Convert a list of rules into the product's shape and find what istiod would skip or the API server drop.

    A rule that is rejected as a whole is an empty dictionary in the result, so that indexes stay valid.
    """
    if not isinstance(value, list):
        found = rejection("rule-shape", mesh, where, _LIST, value, "Write a list, even for one rule")
        repaired = repaired_rule(value, imports=imports)
        if repaired is not None:
            found["repaired"] = [repaired]
        return [], [found]
    rules, problems = [], []
    for index, written in enumerate(value):
        report = Report(mesh)
        rules.append(_rule(written, report, f"{where}[{index}]", imports))
        repaired = repaired_rule(written, imports=imports) if report.problems else None
        for found in report.problems:
            if repaired is not None:
                found["repaired"] = repaired
        problems += report.problems
    return rules, problems


def _rule(rule: Any, report: Report, at: str, imports: bool) -> Rule:
    if isinstance(rule, str):
        return read_short(rule, report, at)
    allowed = _IMPORT if imports else _EXPORT
    if not report.dictionary(rule, allowed, at):
        return {}
    kind = rule.get("type")
    types = ("NameSelector",) if imports else tuple(BODIES)
    if kind not in types:
        accepted = f"{' or '.join(types)} (istiod skips any other type)"
        report.reject(f"{at}.type", accepted, kind, code="rule-type")
        return {}
    body = BODIES[kind]
    if not isinstance(rule.get(body), dict):
        accepted = f"a dictionary: istiod skips a {kind} without {body}"
        report.add("rule-body", at, f"{body} must be {accepted}, not {shown(rule.get(body))}", "")
        return {}
    for other in sorted(set(BODIES.values()) - {body}):
        if other in rule and other in allowed:
            message = f"istiod ignores {other} {shown(rule[other])} in a {kind}: only {body} is accepted"
            report.add("rule-body", f"{at}.{other}", message, "Remove it, or move it to a rule of its own")
    check: Callable[[Dict[str, Any], Report, str], None] = _mapping if kind == "NameSelector" else _label_selector
    check(rule[body], report, f"{at}.{body}")
    if imports:
        _import_options(rule, report, at)
    return dict(in_order(rule))


def check_parts(value: Dict[str, Any], report: Report, at: str) -> None:
    """Check the namespace and the name of a selector, as far as it has them."""
    for key in PARTS:
        part = value.get(key)
        if part is not None:
            _part(key, part, report, f"{at}.{key}")


def read_short(rule: str, report: Report, at: str) -> Rule:
    """The rule that is written as ``namespace/name``, as far as it is one."""
    namespace, slash, name = rule.partition("/")
    if not slash or not namespace or not name or "/" in name:
        remedy = "Write for example bookinfo/ratings, or */ratings"
        report.reject(at, "of the form namespace/name", rule, remedy, "rule-short")
        return {}
    selector = {"namespace": namespace, "name": name}
    check_parts(selector, report, at)
    return {"type": "NameSelector", "nameSelector": selector}


def _part(key: str, part: Any, report: Report, at: str) -> None:
    """Check a namespace or a name; an empty one is no wildcard, as templates and ansible-core make it of nothing."""
    longest = f"at most {LABEL_MAX} lower case letters, digits and inner hyphens"
    accepted = (
        f'a namespace with {longest}, or "*"' if key == "namespace" else f'a name whose parts have {longest}, or "*"'
    )
    if not isinstance(part, str):
        report.reject(at, f"a string: {accepted}", part, "Quote the value")
    elif part == "":
        report.reject(at, accepted, part, code="rule-name")
    elif "*" in part and part != "*":
        accepted += "; there are no partial wildcards"
        report.reject(at, accepted, part, code="rule-wildcard")
    elif part != "*" and not (is_name(part) and (key == "name" or LABEL.match(part))):
        quoted = set(part) & set(TYPOGRAPHIC)
        remedy = "Remove the quotes: YAML accepts only straight ones" if quoted else "Write the name as in the cluster"
        report.reject(at, accepted, part, remedy, "rule-name")


def _mapping(value: Dict[str, Any], report: Report, at: str) -> None:
    report.keys(value, MAPPING, at)
    check_parts(value, report, at)
    alias = value.get("alias")
    if alias is not None and report.dictionary(alias, PARTS, f"{at}.alias"):
        check_parts(alias, report, f"{at}.alias")


def _label_selector(value: Dict[str, Any], report: Report, at: str) -> None:
    report.keys(value, LABEL_SELECTOR, at)
    check_parts({"namespace": value.get("namespace")}, report, at)
    selector = value.get("selector")
    if not selector:
        report.add(
            "rule-selector",
            at,
            f"selector must be a dictionary with labels, not {shown(selector)}: without labels a LabelSelector exports every "
            "service of the namespace",
            'Add selector.matchLabels, or use a NameSelector with the name "*"',
        )
    elif report.dictionary(selector, _LABELS, f"{at}.selector"):
        _match(selector, report, f"{at}.selector")
    aliases = value.get("aliases", [])
    if not isinstance(aliases, list):
        report.reject(f"{at}.aliases", "a list of mappings", aliases, "Write a list, even for one mapping")
        return
    for index, alias in enumerate(aliases):
        if report.dictionary(alias, MAPPING, f"{at}.aliases[{index}]"):
            _mapping({key: alias[key] for key in MAPPING if key in alias}, report, f"{at}.aliases[{index}]")


def check_selector(selector: Any, report: Report, at: str) -> Dict[str, Any]:
    """Check a label selector in the product's shape, which selects by at least one label."""
    if not report.dictionary(selector, _LABELS, at):
        return {}
    _match(selector, report, at)
    if not any(selector.values()):
        message = "must have matchLabels or matchExpressions: without them it selects every service"
        report.add("rule-selector", at, message, "Add labels, or write the namespace alone")
    return dict(selector)


def _match(selector: Dict[str, Any], report: Report, at: str) -> None:
    labels = selector.get("matchLabels") or {}
    if not isinstance(labels, dict) or not all(isinstance(part, str) for pair in labels.items() for part in pair):
        report.reject(f"{at}.matchLabels", "a dictionary of strings", labels, "Quote true, false and numbers")
    expressions = selector.get("matchExpressions") or []
    if not isinstance(expressions, list):
        remedy = "Write a list, even for one expression"
        report.reject(f"{at}.matchExpressions", "a list of expressions", expressions, remedy)
        return
    for index, expression in enumerate(expressions):
        where = f"{at}.matchExpressions[{index}]"
        if not report.dictionary(expression, ("key", "operator", "values"), where):
            continue
        operator = expression.get("operator")
        if operator not in OPERATORS:
            accepted = f"one of {', '.join(OPERATORS)} (istiod skips a rule with any other operator)"
            report.reject(f"{where}.operator", accepted, operator)
        _expression(expression, report, where)


def _expression(expression: Dict[str, Any], report: Report, at: str) -> None:
    """Check the key and the values of one expression: with wrong ones it would select other services than it seems to."""
    key, operator, values = expression.get("key"), expression.get("operator"), expression.get("values")
    if not isinstance(key, str) or not key:
        report.reject(f"{at}.key", "the name of a label", key, "Write it as a string")
    is_text = isinstance(values, list) and all(isinstance(value, str) for value in values)
    if operator in ("In", "NotIn") and not (values and is_text):
        report.reject(f"{at}.values", f"a list of strings for {operator}", values, "Quote true, false and numbers")
    elif operator in ("Exists", "DoesNotExist") and values not in (None, []):
        report.reject(f"{at}.values", f"absent for {operator}", values, "Remove it, or use In or NotIn")


def _import_options(rule: Dict[str, Any], report: Report, at: str) -> None:
    local = rule.get("importAsLocal", False)
    if not isinstance(local, bool):
        report.reject(f"{at}.importAsLocal", "a boolean (true or false)", local, "Write it without quotes")
        return
    suffix = rule.get("domainSuffix", "")
    if not isinstance(suffix, str):
        report.reject(f"{at}.domainSuffix", "a string", suffix, "Quote the value")
    alias = rule["nameSelector"].get("alias") or {}
    namespace = alias.get("namespace") if isinstance(alias, dict) else None
    if local and namespace in ANY:
        message = f"nameSelector.alias.namespace must be a fixed namespace for importAsLocal, not {shown(namespace)}"
        report.add("rule-local", at, f"{message}: istiod skips the rule", "")
    if not local and suffix == LOCAL_SUFFIX:
        accepted = "another suffix than the cluster's own (istiod skips the rule)"
        remedy = "Set importAsLocal to true, or use another suffix"
        report.reject(f"{at}.domainSuffix", accepted, suffix, remedy, "rule-local")


def check_locality(value: Dict[str, Any], mesh: str, where: str) -> Tuple[Dict[str, str], List[Problem]]:
    """Check a locality; istiod drops one with a zone but no region, or a subzone but no zone."""
    report = Report(mesh)
    report.keys(value, tuple(LOCALITY), where)
    for key in LOCALITY:
        if value.get(key) is not None and not LOCALITY[key].domain.accepts(value[key]):
            accepted = LOCALITY[key].domain.accepted
            report.reject(f"{where}.{key}", accepted, value[key], "Quote the value", "locality-value")
    for key, needed in (("zone", "region"), ("subzone", "zone")):
        if value.get(key) and not value.get(needed):
            message = f"must have {needed} beside it, not only {key} {shown(value[key])}: istiod drops the locality"
            report.add("locality-value", f"{where}.{key}", message, "")
    for found in report.problems:
        found["repaired"] = repaired_locality(value)
    return {key: value[key] for key in LOCALITY if isinstance(value.get(key), str)}, report.problems
