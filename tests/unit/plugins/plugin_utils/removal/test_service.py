# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the removal of a service finds in the meshes, what its sets become, and what keeps a rule in force."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, strategies as st
from lab.sim import rules as product
from unit.builders import federations as fed, rules as some, settled, shared

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import (
    applied_definition,
    settled as is_settled,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names
from ansible_collections.ossm.federation.plugins.module_utils._product.types import problem
from ansible_collections.ossm.federation.plugins.plugin_utils._removal import service_objects
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_inventory import (
    consumers_declared,
    inventory_lines,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_plan import plan_service_removal
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_rules import (
    declared_exports,
    declared_imports,
    without_export,
    without_import,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import ServicePlan
from ansible_collections.ossm.federation.plugins.plugin_utils._report import service_removal as report

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
RATINGS = Names("bookinfo", "ratings")
REQUEST = {"remove_service": "bookinfo/ratings", "remove_exporter": RED}


def _rule(where: str, service: str, **alias: str) -> Json:
    selector: Json = {"namespace": where, "name": service, **({"alias": alias} if alias else {})}
    return {"type": "NameSelector", "nameSelector": selector}


EXACT, WIDE, OTHER = _rule("bookinfo", "ratings"), _rule("bookinfo", "*"), _rule("shop", "cart")
BY_LABELS = {
    "type": "LabelSelector",
    "labelSelector": {"namespace": "bookinfo", "selector": {"matchLabels": {"a": "b"}}},
}
RENAMED = _rule("prod", "stars", namespace="bookinfo", name="ratings")


# -- rules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "stay", "covering"),
    [
        ([EXACT], [], []),
        ([OTHER, EXACT, EXACT], [OTHER], []),
        ([WIDE, OTHER], [WIDE, OTHER], [0]),
        ([EXACT, WIDE], [WIDE], [1]),
        ([_rule("bookinfo", "ratings", name="stars")], [], []),
        # istiod skips it, so it imports nothing.
        ([{**WIDE, "importAsLocal": True}], [{**WIDE, "importAsLocal": True}], []),
        ([BY_LABELS], [BY_LABELS], []),
    ],
)
def test_import_rules_without_a_service(rules: list[Json], stay: list[Json], covering: list[int]) -> None:
    narrowed = without_import(rules, RATINGS)
    assert (narrowed.rules, narrowed.covering) == (stay, covering)


@pytest.mark.parametrize(
    ("rules", "local", "stay", "covering", "possible"),
    [
        ([EXACT, OTHER], [RATINGS], [OTHER], [], []),
        ([RENAMED], [Names("prod", "stars")], [], [], []),
        # It would be exported under its own name.
        ([RENAMED, _rule("prod", "*")], [Names("prod", "stars")], [_rule("prod", "*")], [1], []),
        ([WIDE], [RATINGS], [WIDE], [0], []),
        # No service has this name now.
        ([WIDE], [], [WIDE], [], []),
        ([EXACT, BY_LABELS], [RATINGS], [BY_LABELS], [], [1]),
        ([_rule("bookinfo", "ratings", name="stars")], [], [_rule("bookinfo", "ratings", name="stars")], [], []),
    ],
)
def test_export_rules_without_a_service(
    rules: list[Json], local: list[Names], stay: list[Json], covering: list[int], possible: list[int]
) -> None:
    narrowed = without_export(rules, RATINGS, local)
    assert (narrowed.rules, narrowed.covering, narrowed.possible) == (stay, covering, possible)


NAMES = st.builds(Names, st.sampled_from("ab"), st.sampled_from("xy"))


@given(st.lists(some.imports(), max_size=4), NAMES)
def test_no_other_service_loses_or_changes_its_import(rules: list[Json], service: Names) -> None:
    narrowed = without_import(rules, service)
    for one in some.WORLD:
        before, after = (
            product.imported_name({"importRules": some_rules}, RED, one.key) for some_rules in (rules, narrowed.rules)
        )
        if (one.key.namespace, one.key.name) != service:
            assert before == after
        elif not narrowed.covering:
            assert after is None


@given(st.lists(some.by_name() | some.by_label(), max_size=4), NAMES)
def test_no_other_service_loses_or_changes_its_export(rules: list[Json], service: Names) -> None:
    """Of services that are not called alike: here a name has one set of labels."""
    for world in some.worlds():
        exported = {one.key: product.exported_name(rules, one) for one in world}
        local = [Names(key.namespace, key.name) for key, name in exported.items() if _names(name) == service]
        narrowed = without_export(rules, service, local)
        for one in world:
            after = product.exported_name(narrowed.rules, one)
            if _names(exported[one.key]) != service and (one.key.namespace, one.key.name) not in _sources(
                narrowed.removed
            ):
                assert after == exported[one.key]
            elif not (narrowed.covering or narrowed.possible) and _names(exported[one.key]) == service:
                assert after is None


def _names(name: product.Name | None) -> Names | None:
    return Names(name.namespace, name.name) if name else None


def _sources(rules: list[Json]) -> set[tuple[str, str]]:
    return {(rule["nameSelector"]["namespace"], rule["nameSelector"]["name"]) for rule in rules}


OFFERED = [f"{name}.bookinfo.svc.green-mesh-exports.local" for name in ("ratings", "reviews")]
LISTED: list[Any] = [
    {"exportedName": f"{name}.bookinfo.svc.green-mesh-exports.local", "hostname": f"{name}.bookinfo.svc.cluster.local"}
    for name in ("ratings", "reviews")
]
REVIEWS = _rule("bookinfo", "reviews")


@pytest.mark.parametrize(
    ("declared", "is_exact"),
    [
        ([REVIEWS], True),
        ([REVIEWS, OTHER], True),
        ([WIDE], False),
        ([], False),
        ([_rule("bookinfo", "reviews", name="other")], False),
        (None, False),
    ],
)
def test_a_wide_rule_is_replaced_by_the_inventory_where_only_the_service_goes(
    declared: list[Json] | None, is_exact: bool
) -> None:
    expected = declared if is_exact else None
    assert declared_imports([WIDE], declared, RATINGS, OFFERED, RED) == expected
    assert declared_exports([WIDE], declared, RATINGS, LISTED) == expected


def test_labels_are_not_known_to_export_the_same() -> None:
    assert declared_exports([WIDE], [REVIEWS, BY_LABELS], RATINGS, LISTED) is None


# -- plan ------------------------------------------------------------------------------------------------------------


def _read() -> tuple[Any, dict[str, Json]]:
    return settled.federated()


def _plan(read: dict[str, Json], declared: bool = False, **options: Any) -> ServicePlan:
    hostvars = fed.inventory(**(settled.RULES if declared else {}))
    for host in hostvars:
        hostvars[host].update({f"federation_{name}": value for name, value in {**REQUEST, **options}.items()})
    return plan_service_removal(fed.declare(hostvars), read)


def _codes(plan: ServicePlan, key: str = "problems") -> list[tuple[str, str]]:
    found = plan["problems"] if key == "problems" else plan["warnings"]
    return [(one["code"], one["mesh"]) for one in found]


def _set(read: dict[str, Json], host: str, kind: str, peer: str) -> Json:
    return next(one for one in read[host][kind] if one["metadata"]["name"] == peer)


def _written(plan: ServicePlan, task: str, host: str, results: Json | None = None) -> list[Json]:
    return service_objects.build_objects(plan, task, host, results or {})


def test_the_consumer_comes_first_then_the_other_spelling_then_the_exporter() -> None:
    plan = _plan(_read()[1])
    assert not plan["problems"] and not plan["warnings"]
    [imports] = _written(plan, "service_imports", GREEN)
    assert imports["definition"]["spec"] == {"importRules": []}
    [peer] = _written(plan, "service_peers", GREEN)
    assert peer["definition"]["spec"]["remote"]["discoveryPort"] == 8188
    [awaited] = _written(plan, "service_imports_gone", GREEN)
    assert awaited == {"name": RED, "peer": RED, "exported_names": [settled.EXPORTED]}
    [exports] = _written(plan, "service_exports", RED)
    assert exports["definition"]["spec"] == {"exportRules": []}
    assert [one["exported_names"] for one in _written(plan, "service_exports_gone", RED)] == [[settled.EXPORTED]]
    assert not _written(plan, "service_imports", RED) and not _written(plan, "service_exports", GREEN)
    assert not any(plan["cuts"][BLUE])


def test_the_other_spelling_changes_nothing_else_of_the_peer() -> None:
    declaration, read = _read()
    live = copy.deepcopy(next(one for one in read[GREEN]["peers"] if one["metadata"]["name"] == RED))
    again = applied_definition(live, "ossm.federation/red-mesh")
    assert again is not None and is_settled(again, "ossm.federation/red-mesh", live)
    [peer] = _written(_plan(read), "service_peers", GREEN)
    changed = copy.deepcopy(peer["definition"])
    for port in ("discoveryPort", "servicePort"):
        del changed["spec"]["remote"][port]
    assert changed == again


def test_rules_that_an_interrupted_run_has_written_are_waited_for() -> None:
    read = _read()[1]
    for host, kind, peer, key in ((GREEN, "imports", RED, "importRules"), (RED, "exports", GREEN, "exportRules")):
        _set(read, host, kind, peer)["spec"][key] = []
    _set(read, GREEN, "imports", RED)["applied"]["ossm.federation/red-mesh"]["time"] = "2026-01-02T00:00:00Z"
    plan = _plan(read)
    assert not _written(plan, "service_imports", GREEN) and not _written(plan, "service_exports", RED)
    assert len(_written(plan, "service_peers", GREEN)) == 1
    assert _written(plan, "service_imports_gone", GREEN) and _written(plan, "service_exports_gone", RED)


def test_a_locality_goes_with_the_last_rule() -> None:
    """A run of federate.yml without the rule writes none either, so it changes nothing."""
    read = _read()[1]
    live = _set(read, GREEN, "imports", RED)
    live["spec"]["locality"] = {"region": "west"}
    definition = {**live, "metadata": {"labels": live["metadata"]["labels"]}}
    settled.own(
        live,
        {
            "definition": {key: definition[key] for key in ("apiVersion", "kind", "metadata", "spec")},
            "field_manager": "ossm.federation/red-mesh",
            "live": None,
            "unknown": {},
        },
    )
    [imports] = _written(_plan(read), "service_imports", GREEN)
    assert imports["definition"]["spec"] == {"importRules": []}
    live["spec"]["importRules"].append(OTHER)
    [imports] = _written(_plan(read), "service_imports", GREEN)
    assert imports["definition"]["spec"] == {"importRules": [OTHER], "locality": {"region": "west"}}


@pytest.mark.parametrize(("consumer", "concerned"), [(None, [GREEN, RED]), (GREEN, [GREEN, RED]), (BLUE, [])])
def test_one_consumer_or_all(consumer: str | None, concerned: list[str]) -> None:
    plan = _plan(_read()[1], remove_consumer=consumer)
    assert sorted(host for host, cuts in plan["cuts"].items() if cuts) == concerned
    assert bool(report.unconfirmed(plan)[0].startswith("NOTHING TO REMOVE")) is not concerned


def test_a_declared_consumer_stops_the_run_unless_it_is_forced() -> None:
    plan = _plan(_read()[1], declared=True)
    assert _codes(plan) == [("consumers-declared", GREEN)]
    assert [(line["mesh"], line["where"], line["written"]) for line in plan["lines"]] == [
        (GREEN, "mesh_imports.red-mesh[0]", "bookinfo/ratings"),
        (RED, "mesh_exports.green-mesh[0]", "bookinfo/ratings"),
    ]
    forced = _plan(_read()[1], declared=True, force_removal=True)
    assert not forced["problems"] and _written(forced, "service_exports", RED)


@pytest.mark.parametrize(
    ("entries", "variables", "consumer", "lines"),
    [
        ([shared.entry()], {}, None, [("federation", "federation_services[0]", [], False)]),
        ([shared.entry()], {}, GREEN, [("federation", "federation_services[0]", [BLUE], False)]),
        ([shared.entry("bookinfo/*")], {}, None, [("federation", "federation_services[0]", [], True)]),
        ([shared.selecting()], {}, GREEN, [("federation", "federation_services[0]", [BLUE], True)]),
        ([shared.entry("shop/cart")], {}, None, []),
        ([shared.entry(mesh=GREEN)], {}, None, []),
        ([shared.entry(consumers=[BLUE])], {}, GREEN, []),
        (
            [shared.entry("shop/cart", consumers=[GREEN])],
            {"red_mesh": {"mesh_exports": ["bookinfo/ratings"]}},
            GREEN,
            [(RED, "mesh_exports[0]", [BLUE], False)],
        ),
    ],
)
def test_an_entry_for_both_sides_is_one_line(
    entries: list[Json], variables: Json, consumer: str | None, lines: list[Any]
) -> None:
    declaration = shared.declared(entries, **variables)
    request: Any = {"exporter": RED, "consumer": consumer}
    found = inventory_lines(declaration, request, Names("bookinfo", "ratings"))
    assert [(line["mesh"], line["where"], line["others"], line["is_wide"]) for line in found] == lines
    assert all(line["written"] == entries[0] for line in found if line["mesh"] == "federation")
    declared = consumers_declared(declaration, request, Names("bookinfo", "ratings"))
    assert {one["where"] for one in declared} == {line[1] for line in lines if line[0] == "federation"}


@pytest.mark.parametrize("forced", [False, True])
def test_a_wide_import_keeps_the_export_unless_the_removal_is_forced(forced: bool) -> None:
    read = _read()[1]
    _set(read, GREEN, "imports", RED)["spec"]["importRules"] = [WIDE]
    plan = _plan(read, force_removal=forced)
    [found] = plan["warnings"]
    assert (found["code"], found["severity"]) == ("service-by-wildcard", "warning" if forced else "error")
    assert not _written(plan, "service_imports", GREEN) and bool(_written(plan, "service_exports", RED)) is forced


@pytest.mark.parametrize("forced", [False, True])
def test_a_wide_export_stays_and_the_import_goes(forced: bool) -> None:
    read = _read()[1]
    _set(read, RED, "exports", GREEN)["spec"]["exportRules"] = [WIDE]
    plan = _plan(read, force_removal=forced)
    [found] = plan["warnings"]
    assert (found["code"], found["mesh"], found["severity"]) == ("service-by-wildcard", RED, "error")
    assert _written(plan, "service_imports", GREEN) and not _written(plan, "service_exports", RED)


@pytest.mark.parametrize("kind", ["imports", "exports"])
@pytest.mark.parametrize("mark", ["unmanaged", "adopted"])
def test_a_set_of_others_stays_and_is_reported(kind: str, mark: str) -> None:
    read = _read()[1]
    host, peer = (GREEN, RED) if kind == "imports" else (RED, GREEN)
    meta = _set(read, host, kind, peer)["metadata"]
    meta.update({"labels": {}} if mark == "unmanaged" else {"annotations": {"ossm.federation/adopted": "true"}})
    plan = _plan(read)
    assert _codes(plan, "warnings") == [("service-unmanaged", host)]
    assert not _written(plan, f"service_{kind}", host)
    assert bool(_written(plan, "service_imports", GREEN)) is (kind == "exports")
    assert not _written(plan, "service_exports", RED)


def test_a_consumer_that_still_imports_keeps_the_export_unless_the_removal_is_forced() -> None:
    late = problem("still-importing", GREEN, "ImportedServiceSet green-mesh-system/red-mesh", "late", peer=RED)
    results = {"service_imports_gone": {GREEN: {"problems": [late]}}}
    assert not _written(_plan(_read()[1]), "service_exports", RED, results)
    assert _written(_plan(_read()[1], force_removal=True), "service_exports", RED, results)
    refused = {
        "service_imports": {GREEN: {"problems": [problem("conflict", GREEN, "ImportedServiceSet x", "x", peer=RED)]}}
    }
    assert not _written(_plan(_read()[1], force_removal=True), "service_peers", GREEN, refused)
    assert not _written(_plan(_read()[1], force_removal=True), "service_exports", RED, refused)


def test_an_unreadable_consumer_is_an_error_and_the_exporter_goes_on() -> None:
    read = _read()[1]
    refused = problem("unreachable", GREEN, "API server of green-mesh", "refused")
    read[GREEN] = {**fed.facts(GREEN), "readable": False, "problems": [refused], "control_plane": None}
    plan = _plan(read)
    assert _codes(plan, "warnings") == [("unreachable", GREEN)] and not plan["problems"]
    assert _written(plan, "service_exports", RED)
    assert "green-mesh: it could not be read, so its rules stay." in " ".join(plan["elsewhere"])


@pytest.mark.parametrize(
    ("options", "variable"),
    [
        ({"remove_service": None}, "federation_remove_service"),
        ({"remove_service": "ratings"}, "federation_remove_service"),
        ({"remove_service": "bookinfo/*"}, "federation_remove_service"),
        ({"remove_service": "a/b/c"}, "federation_remove_service"),
        ({"remove_exporter": None}, "federation_remove_exporter"),
        ({"remove_exporter": "purple"}, "federation_remove_exporter"),
        ({"remove_consumer": RED}, "federation_remove_consumer"),
        ({"remove_consumer": "purple"}, "federation_remove_consumer"),
        ({"confirm": "bookinfo/reviews"}, "federation_confirm"),
    ],
)
def test_an_unclear_request_is_rejected(options: Json, variable: str) -> None:
    assert [found["where"] for found in _plan(_read()[1], **options)["problems"]] == [variable]


@pytest.mark.parametrize(
    ("host", "named"),
    [
        (settled.IMPORTED, True),
        ("*.svc.red-mesh-imports.local", True),
        ("reviews.bookinfo.svc.red-mesh-imports.local", False),
        ("*.svc.blue-mesh-imports.local", False),
        ("*", False),
    ],
)
def test_objects_of_users_that_name_the_imported_host_stop_the_removal(host: str, named: bool) -> None:
    read = _read()[1]
    used = {"metadata": {"name": "mine", "namespace": "shop"}, "spec": {"host": host}}
    read[GREEN]["additional_objects"] = [
        {"kind": "DestinationRule", "namespace": None, "name": None, "served": True, "objects": [used], "problem": None}
    ]
    assert _codes(_plan(read)) == ([("hosts-in-use", GREEN)] if named else [])
    assert not _plan(read, force_removal=True)["problems"]


# -- report ----------------------------------------------------------------------------------------------------------


def _gone(read: dict[str, Json]) -> dict[str, Json]:
    after = copy.deepcopy(read)
    for host, kind, peer, key in ((GREEN, "imports", RED, "importRules"), (RED, "exports", GREEN, "exportRules")):
        live = _set(after, host, kind, peer)
        live["spec"][key], live["status"] = [], {}
    return after


def test_the_proof_is_a_second_reading() -> None:
    read = _read()[1]
    plan, after = _plan(read), _gone(read)
    good = report.report(plan, {"service_facts": after})
    assert good["verdict"] == "REMOVED" and good["left"] == {} and good["undisturbed"] == 5
    _set(after, RED, "exports", GREEN)["status"] = {"exportedServices": [{"exportedName": settled.EXPORTED}]}
    bad = report.report(plan, {"service_facts": after})
    assert bad["verdict"] == "FAILED" and list(bad["left"]) == [RED] and list(bad["failures"]) == [RED]
    assert [found["code"] for found in bad["problems"]] == ["removal-incomplete"]


def test_nothing_to_remove_is_no_failure() -> None:
    read = _read()[1]
    plan = _plan(_gone(read))
    assert report.report(plan, {})["verdict"] == "NOTHING TO REMOVE" and not report.report(plan, {})["failures"]
