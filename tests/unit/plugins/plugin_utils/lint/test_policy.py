# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``mesh_may_export`` and ``federation_max_exports``: which export rules are rejected, by patterns and by live Services."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders import federations as fed
from unit.builders.shared import GREEN, RED, declared, entry, findings, selecting, service

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem_line
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.policy import too_many_exports
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.services import lint_services
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.services import check_services, with_services
from ansible_collections.ossm.federation.plugins.plugin_utils._report.overview import overview
from ansible_collections.ossm.federation.plugins.plugin_utils._share.plan import plan_sharing

Json = dict[str, Any]
AT = "federation_services[0]"
LABELS = {"matchLabels": {"export": "true"}}
WRONG_POLICIES: list[tuple[Any, str, str, str]] = [
    ("bookinfo", "mesh_may_export", "variable-type", "must be a list of namespaces and selectors"),
    (["bookinfo/ratings"], "mesh_may_export[0]", "rule-shape", "Write the namespace alone"),
    (["Bookinfo"], "mesh_may_export[0].namespace", "rule-name", "lower case"),
    (["book*"], "mesh_may_export[0].namespace", "rule-wildcard", "no partial wildcards"),
    ([7], "mesh_may_export[0]", "rule-shape", "a dictionary with the keys namespace, labels"),
    ([{}], "mesh_may_export[0]", "rule-shape", "must have namespace or labels"),
    ([{"namespace": "a", "label": {}}], "mesh_may_export[0].label", "key-unknown", "Did you mean labels"),
    ([{"namespace": None}], "mesh_may_export[0].namespace", "rule-shape", "Write its value"),
    ([{"namespace": None, "labels": LABELS}], "mesh_may_export[0].namespace", "rule-shape", "Write its value"),
    ([{"namespace": "a", "labels": None}], "mesh_may_export[0].labels", "rule-shape", "matchLabels"),
    ([{"labels": {}}], "mesh_may_export[0].labels", "rule-selector", "selects every service"),
    (
        [{"labels": {"matchLabels": {"a": True}}}],
        "mesh_may_export[0].labels.matchLabels",
        "rule-shape",
        "a dictionary of strings",
    ),
]


@pytest.mark.parametrize(("value", "where", "code", "text"), WRONG_POLICIES)
def test_a_wrong_policy_is_rejected_at_its_place(value: Any, where: str, code: str, text: str) -> None:
    [found] = declared([], red_mesh={"mesh_may_export": value})["problems"]
    assert (found["mesh"], found["where"], found["code"]) == (RED, where, code)
    assert text in problem_line(found)


@pytest.mark.parametrize(
    "wrong", [{"namespace": None}, {"labels": {"matchExpressions": [{"key": "a", "operator": "NotIn"}]}}]
)
def test_a_wrong_permission_lets_nothing_leave(wrong: Json) -> None:
    codes = [found["code"] for found in findings([entry()], red_mesh={"mesh_may_export": [wrong]})]
    assert "rule-shape" in codes and "export-policy" in codes


def by_labels(namespace: str, **selector: Any) -> Json:
    return {"type": "LabelSelector", "labelSelector": {"namespace": namespace, "selector": selector}}


BOTH = {"export": "true", "tier": "front"}
IN = {"key": "export", "operator": "In", "values": ["true", "yes"]}
NOT_IN = {"key": "export", "operator": "NotIn", "values": ["no"]}
#: mesh_may_export, a rule, whether it is within
BY_PATTERN: list[tuple[list[Any], Any, bool]] = [
    (["bookinfo"], "bookinfo/ratings", True),
    (["bookinfo"], "bookinfo/*", True),
    (["bookinfo"], "shop/cart", False),
    (["bookinfo"], "*/ratings", False),
    (["bookinfo", "shop"], "*/*", False),
    (["*"], "*/*", True),
    ([], "bookinfo/ratings", False),
    (["bookinfo"], by_labels("bookinfo", matchLabels=BOTH), True),
    (["bookinfo"], by_labels("*", matchLabels=BOTH), False),
    ([{"labels": LABELS}], by_labels("*", matchLabels=BOTH), True),
    ([{"labels": LABELS}], by_labels("*", matchLabels={"tier": "front"}), False),
    ([{"labels": LABELS}], by_labels("*", matchLabels={"export": "false"}), False),
    ([{"labels": LABELS}], "bookinfo/*", False),
    ([{"labels": LABELS}], "bookinfo/ratings", True),  # its labels are those of the live Service
    ([{"namespace": "shop", "labels": LABELS}], by_labels("bookinfo", matchLabels=BOTH), False),
    ([{"namespace": "shop", "labels": LABELS}], "bookinfo/ratings", False),
    ([{"namespace": "shop", "labels": LABELS}, "bookinfo"], "bookinfo/ratings", True),
    ([{"labels": {"matchExpressions": [IN]}}], by_labels("*", matchLabels=BOTH), True),
    ([{"labels": {"matchExpressions": [IN]}}], by_labels("*", matchExpressions=[IN]), True),
    ([{"labels": {"matchExpressions": [NOT_IN]}}], by_labels("*", matchExpressions=[NOT_IN]), True),
    ([{"labels": {"matchExpressions": [NOT_IN]}}], by_labels("*", matchLabels=BOTH), False),
    ([{"labels": {"matchExpressions": [IN]}}], by_labels("*", matchLabels={"export": "no"}), False),
]


@pytest.mark.parametrize(("policy", "rule", "is_within"), BY_PATTERN)
def test_a_rule_is_judged_by_its_pattern(policy: list[Any], rule: Any, is_within: bool) -> None:
    exports = {"mesh_may_export": policy, "mesh_exports": {GREEN: [rule]}}
    found = [one for one in findings([], red_mesh=exports) if one["severity"] == "error"]
    assert [(one["mesh"], one["where"], one["code"]) for one in found] == (
        [] if is_within else [(RED, f"mesh_exports.{GREEN}[0]", "export-policy")]
    )


def test_an_entry_is_judged_once_for_all_consumers() -> None:
    [found] = [
        one
        for one in findings([entry("shop/cart")], red_mesh={"mesh_may_export": ["bookinfo"]})
        if one["severity"] == "error"
    ]
    assert problem_line(found) == (
        f"ERROR {RED}: {AT}: exports shop/cart of {RED}, and only bookinfo may leave it. Fix: Export only what mesh_may_export of "
        f"{RED} has, or extend it. [export-policy]"
    )


def live(entries: list[Json], services: list[Json], options: Json | None = None, **variables: Json) -> list[Problem]:
    """What the live Services of red show."""
    return lint_services(declared(entries, options, **variables), {RED: services})


def test_a_named_service_is_judged_by_its_labels() -> None:
    policy = {"mesh_may_export": [{"labels": LABELS}]}
    for services, expected, text in (
        ([service("bookinfo", "ratings", export="true")], [], ""),
        ([service("bookinfo", "ratings", export="false")], ["export-policy"], "the Service has export=false"),
        ([service("bookinfo", "ratings")], ["export-policy"], "the Service has no label"),
        ([service("bookinfo", "reviews", export="true")], ["export-policy-open"], "no such Service was read"),
    ):
        found = live([entry()], services, red_mesh=policy)
        assert [(one["code"], one["where"]) for one in found] == [(code, AT) for code in expected]
        assert all(text in one["message"] for one in found)
    assert lint_services(declared([entry()], red_mesh=policy), {}) == []


MANY = [service("bookinfo", f"x{number:02}", export="true") for number in range(25)]


@pytest.mark.parametrize(
    ("shared", "most", "confirmed", "count"),
    [
        (entry("bookinfo/*"), 24, None, 25),
        (entry("bookinfo/*"), 25, None, 0),
        (entry("bookinfo/*"), None, None, 0),
        (entry("bookinfo/*"), 24, RED, 0),
        (entry("bookinfo/*"), 24, f"{GREEN}, {RED}", 0),
        (entry("bookinfo/*"), 24, GREEN, 25),
        (selecting(), 0, None, 25),
        (selecting(label="other"), 0, None, 0),
        (entry("bookinfo/x01"), 0, None, 0),
        (entry("*/x01"), 0, None, 1),
    ],
)
def test_wide_rules_need_a_confirmation(shared: Json, most: Any, confirmed: Any, count: int) -> None:
    options = {"federation_max_exports": most, "federation_confirm": confirmed}
    found = live([shared], MANY, options)
    assert [(one["mesh"], one["where"], one["code"]) for one in found] == [(RED, AT, "exports-unconfirmed")] * bool(
        count
    )
    for one in found:
        assert f"exports {count} service" in one["message"] and "bookinfo/x01" in one["message"]
        assert one["remedy"] == f"Run again with -e federation_confirm={RED} to export them all"
        assert ("and 5 more" in one["message"]) == (count == 25)


def test_a_rule_of_several_lists_asks_once_for_all_its_services() -> None:
    """Green gets one of the services by another entry."""
    entries = [entry("bookinfo/x01", consumers=[GREEN], alias="p/*"), entry("bookinfo/*")]
    [found] = live(entries, MANY[:3], {"federation_max_exports": 1})
    assert found["where"] == "federation_services[1]" and "exports 3 services" in found["message"]


def test_only_new_rules_ask() -> None:
    declaration = declared([entry("bookinfo/*", consumers=[GREEN])], {"federation_max_exports": 1})
    rule = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "*"}}
    for rules, count in (([], 1), ([rule], 0)):
        live_set = {"metadata": {"name": GREEN, "namespace": f"{RED}-system"}, "spec": {"exportRules": rules}}
        facts = {host: fed.facts(host) for host in fed.COLOURS}
        facts[RED].update(exports=[live_set], additional_services={"services": MANY, "unread": []})
        plan = planning.build_plan(declaration, facts, fed.NOW)
        assert [one["code"] for one in check_services(plan, declaration, facts)] == ["exports-unconfirmed"] * count


def _planned(
    entries: list[Json], services: Json | None, live_rules: list[Json] | None = None, **options: Any
) -> list[Problem]:
    """What a run of federate finds that read these Services of red; green has the rules already that are given."""
    policy = {"mesh_may_export": [{"namespace": "bookinfo", "labels": LABELS}, "shop"]}
    declaration = declared(entries, options, red_mesh=policy)
    facts = {host: fed.facts(host) for host in fed.COLOURS}
    if services is not None:
        facts[RED]["additional_services"] = services
    live_set = {"metadata": {"name": GREEN, "namespace": f"{RED}-system"}, "spec": {"exportRules": live_rules or []}}
    facts[RED]["exports"] = [live_set]
    plan = planning.build_plan(declaration, facts, fed.NOW)
    checked = with_services(plan, declaration, facts)
    codes = ("export-policy", "export-policy-open", "exports-unconfirmed")
    return [found for found in checked["problems"] + checked["warnings"] if found["code"] in codes]


def _unread(*namespaces: str | None, services: list[Json] | None = None) -> Json:
    """What is read where the Services of some namespaces may not be listed; None is all."""
    return {
        "services": services or [],
        "unread": [{"namespace": namespace, "message": "may not list services"} for namespace in namespaces],
    }


OPEN, UNCONFIRMED = ("export-policy-open", "error"), ("exports-unconfirmed", "error")


@pytest.mark.parametrize(
    ("text", "services", "expected"),
    [
        ("bookinfo/ratings", _unread("bookinfo"), [OPEN]),
        ("bookinfo/ratings", _unread(None), [OPEN]),
        ("bookinfo/ratings", _unread(), [OPEN]),
        ("bookinfo/ratings", None, [("export-policy", "error")]),
        ("bookinfo/ratings", _unread("shop", services=[service("bookinfo", "ratings", export="true")]), []),
        ("shop/*", _unread("shop"), [UNCONFIRMED]),
        ("shop/*", _unread(None), [UNCONFIRMED]),
        ("shop/*", None, [UNCONFIRMED]),
        ("shop/*", _unread("bookinfo"), []),
        ("shop/*", _unread(), []),
        ("shop/cart", _unread("shop"), []),
        ("shop/cart", None, []),
        ("shop/*", _unread("shop", services=[service("shop", f"x{number}") for number in range(6)]), [UNCONFIRMED]),
    ],
)
def test_new_rules_are_not_written_without_the_services_that_decide_about_them(
    text: str, services: Json | None, expected: list[tuple[str, str]]
) -> None:
    """An account without the right to list Services must not get round the limits."""
    shared = [entry(text, consumers=[GREEN])]
    found = _planned(shared, services, federation_max_exports=5)
    assert [(one["code"], one["severity"]) for one in found] == expected
    assert all(one["where"] == AT for one in found)
    namespace, _slash, name = text.partition("/")
    rule = {"type": "NameSelector", "nameSelector": {"namespace": namespace, "name": name}}
    in_force = _planned(shared, services, [rule], federation_max_exports=5)
    assert all(one["severity"] == "warning" for one in in_force)
    confirmed = _planned(shared, services, federation_max_exports=5, federation_confirm=RED)
    assert "exports-unconfirmed" not in [one["code"] for one in confirmed]


def test_a_rule_for_every_namespace_is_counted_only_with_all_of_them() -> None:
    for namespace, count in (("shop", 1), (None, 1), (..., 0)):
        services = _unread(*([] if namespace is ... else [namespace]))
        options = {"federation_max_exports": 5}
        declaration = declared([entry("*/ratings", consumers=[GREEN])], options)
        facts = {host: fed.facts(host) for host in fed.COLOURS}
        facts[RED]["additional_services"] = services
        plan = planning.build_plan(declaration, facts, fed.NOW)
        found = [one for one in check_services(plan, declaration, facts) if one["severity"] == "error"]
        assert [one["code"] for one in found] == ["exports-unconfirmed"] * count
        for one in found:
            assert one["message"].endswith("and its Services cannot be read")
            assert one["remedy"] == (
                f"Grant the verb list on services there, or run again with -e federation_confirm={RED}"
            )


def test_a_preview_of_a_mesh_that_is_not_read_judges_nothing() -> None:
    policy = {"mesh_may_export": [{"labels": LABELS}]}
    declaration = declared([entry(consumers=[GREEN])], {"federation_max_exports": 0}, red_mesh=policy)
    nothing = {"readable": False, "additional_services": {"services": [], "unread": []}}
    for facts in ({}, {RED: nothing}):
        codes = {one["code"] for one in overview(declaration, facts)["problems"]}
        assert not codes & {"export-policy", "export-policy-open", "exports-unconfirmed"}


def test_a_run_that_reads_no_services_writes_no_rule_that_they_decide_about() -> None:
    """As share.yml does it: its accounts may not list Services."""
    entries = [entry("bookinfo/ratings"), selecting("shop"), entry("store/x")]
    policy = {"mesh_may_export": [{"namespace": "bookinfo", "labels": LABELS}, "shop", "store"]}
    for options, codes in (
        ({"federation_max_exports": 5}, ["export-policy", "exports-unconfirmed"]),
        ({"federation_max_exports": 5, "federation_confirm": RED}, ["export-policy"]),
        ({}, ["export-policy"]),
    ):
        declaration = declared(entries, options, red_mesh=policy)
        facts = {host: fed.facts(host) for host in fed.COLOURS}
        found = plan_sharing(declaration, facts, fed.NOW)["problems"]
        assert [one["code"] for one in found] == codes
        assert [one["where"] for one in found] == ["federation_services[0]", "federation_services[1]"][: len(codes)]
        rules = declaration["meshes"][RED]["exports"]
        for host, peer in ((RED, GREEN), (RED, "blue-mesh")):
            live_set = {"metadata": {"name": peer, "namespace": f"{host}-system"}, "spec": {"exportRules": rules[peer]}}
            facts[host]["exports"].append(live_set)
        assert plan_sharing(declaration, facts, fed.NOW)["problems"] == []


def test_earlier_rules_take_their_services_first() -> None:
    mesh = declared([entry("bookinfo/*")], red_mesh={"mesh_exports": [by_labels("bookinfo", matchLabels=BOTH)]})[
        "meshes"
    ][RED]
    services = [*MANY[:3], service("bookinfo", "y", **BOTH)]
    [found] = too_many_exports(mesh, services, {"federation_max_exports": 2}, lambda peer, index: index == 1)
    assert found["message"].startswith(f"exports 3 services of {RED}") and "bookinfo/y" not in found["message"]
