# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``federation_services``: what is rejected, and which rules of which meshes an entry yields."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st
from unit.builders import federations as fed, shared
from unit.builders.shared import BLUE, GREEN, RED, declared, entry, findings, selecting

from ansible_collections.ossm.federation.plugins.module_utils._product import matching
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names
from ansible_collections.ossm.federation.plugins.module_utils._product.types import problem_line
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report.overview import overview

Json = dict[str, Any]
AT = "federation_services[0]"


def named(text: str, alias: Json | None = None, **more: Any) -> Json:
    """A NameSelector."""
    namespace, _slash, name = text.partition("/")
    selector: Json = {"namespace": namespace, "name": name, **({"alias": alias} if alias else {})}
    return {"type": "NameSelector", **more, "nameSelector": selector}


@pytest.mark.parametrize(
    ("entries", "where", "code", "text"),
    [case[1:] for case in shared.REJECTED_SERVICES],
    ids=[case[0] for case in shared.REJECTED_SERVICES],
)
def test_a_wrong_entry_is_rejected_at_its_place(entries: Any, where: str, code: str, text: str) -> None:
    declaration = declared(entries)
    errors = [found for found in declaration["problems"] if found["severity"] == "error"]
    assert [(found["mesh"], found["where"], found["code"]) for found in errors] == [("federation", where, code)]
    assert text in problem_line(errors[0])
    assert declaration["services"] == []
    assert all(mesh["exports"] == mesh["imports"] == {} for mesh in declaration["meshes"].values())


def _for(consumers: list[str] | None) -> Json:
    """An entry for consumers; None is one without the key."""
    return entry() if consumers is None else entry(consumers=consumers)


@pytest.mark.parametrize("key", ["consumers", "failover", "weights", "allow"])
def test_a_key_without_a_value_is_not_a_key_that_is_absent(key: str) -> None:
    """Nothing would mean everything: all linked meshes, or no limit for requests."""
    declaration = declared([entry(**{key: None})])
    [found] = declaration["problems"]
    assert (found["where"], found["code"], found["severity"]) == (f"{AT}.{key}", "service-entry", "error")
    assert found["remedy"] == "Remove the key, or write its value"
    assert declaration["services"] == []
    assert declared([entry(alias=None, as_local=None, locality=None)])["problems"] == []


#: An expression, the key at which it is rejected, a part of the text.
WRONG_EXPRESSIONS: list[tuple[Json, str, str]] = [
    ({"operator": "Exists"}, "key", "the name of a label"),
    ({"key": ["a"], "operator": "Exists"}, "key", "the name of a label"),
    ({"key": "", "operator": "Exists"}, "key", "the name of a label"),
    ({"key": "a", "operator": "In"}, "values", "a list of strings for In"),
    ({"key": "a", "operator": "NotIn"}, "values", "a list of strings for NotIn"),
    ({"key": "a", "operator": "NotIn", "values": []}, "values", "a list of strings for NotIn"),
    ({"key": "a", "operator": "In", "values": "public-internal"}, "values", "a list of strings"),
    ({"key": "a", "operator": "In", "values": [True]}, "values", "Quote true, false"),
    ({"key": "a", "operator": "Exists", "values": ["b"]}, "values", "absent for Exists"),
    ({"key": "a", "operator": "DoesNotExist", "values": "b"}, "values", "absent for DoesNotExist"),
]


@pytest.mark.parametrize(("expression", "key", "text"), WRONG_EXPRESSIONS)
def test_a_wrong_expression_is_rejected_wherever_labels_select(expression: Json, key: str, text: str) -> None:
    labels = {"matchExpressions": [expression]}
    rule = {"type": "LabelSelector", "labelSelector": {"namespace": "a", "selector": labels}}
    for entries, variables, place in (
        ([{"mesh": RED, "selector": {"labels": labels}}], {}, f"{AT}.selector.labels"),
        ([], {"mesh_may_export": [{"labels": labels}]}, "mesh_may_export[0].labels"),
        ([], {"mesh_exports": [rule]}, "mesh_exports[0].labelSelector.selector"),
        ([selecting()], {"mesh_may_export": [{"labels": labels}, "*"]}, "mesh_may_export[0].labels"),
    ):
        declaration = declared(entries, red_mesh=variables)
        [found] = [one for one in findings(entries, red_mesh=variables) if one["severity"] == "error"]
        assert (found["where"], found["code"]) == (f"{place}.matchExpressions[0].{key}", "rule-shape")
        assert text in problem_line(found)
        # What is previewed beside the rejection is no reason to fail.
        services = {"services": [shared.service("a", "b", a="true")], "unread": []}
        facts = {host: {**fed.facts(host), "additional_services": services} for host in fed.COLOURS}
        assert any(one["where"] == found["where"] for one in overview(declaration, facts)["problems"])


def test_sound_expressions_are_accepted() -> None:
    labels = [
        {"key": "a", "operator": "In", "values": ["b"]},
        {"key": "a", "operator": "NotIn", "values": ["c", "d"]},
        {"key": "a", "operator": "Exists"},
        {"key": "e", "operator": "DoesNotExist", "values": []},
    ]
    assert declared([{"mesh": RED, "selector": {"labels": {"matchExpressions": labels}}}])["problems"] == []


def test_meshes_that_are_not_linked() -> None:
    lonely = {"mesh_peers": [GREEN]}
    for consumers, place, text in (
        ([BLUE], ".consumers[0]", "must be linked with red-mesh, which 'blue-mesh' is not; linked are green-mesh"),
        (None, None, ""),
        (["spokes"], None, ""),
    ):
        declaration = declared(
            [_for(consumers)], red_mesh=lonely, green_mesh={"mesh_peers": []}, blue_mesh={"mesh_peers": []}
        )
        assert [found["where"] for found in declaration["problems"]] == ([AT + place] if place else [])
        assert [found["message"] for found in declaration["problems"]] == ([text] if place else [])
        assert declaration["meshes"][RED]["exports"] == ({} if place else {GREEN: [named("bookinfo/ratings")]})
    alone = {"mesh_peers": []}
    [found] = declared([entry()], red_mesh=alone, green_mesh=alone, blue_mesh=alone)["problems"]
    assert (found["where"], found["code"]) == (f"{AT}.consumers", "peer-not-paired")
    assert found["message"] == "must have meshes that import: red-mesh is linked with none"


EXPORT_IMPORT: list[tuple[str, Json, Json, Json]] = [
    ("name", entry(), named("bookinfo/ratings"), named("bookinfo/ratings")),
    (
        "alias",
        entry(alias="prod/stars"),
        named("bookinfo/ratings"),
        named("bookinfo/ratings", {"namespace": "prod", "name": "stars"}),
    ),
    ("part of alias", entry(alias="*/stars"), named("bookinfo/ratings"), named("bookinfo/ratings", {"name": "stars"})),
    ("wildcard", entry("bookinfo/*"), named("bookinfo/*"), named("bookinfo/*")),
    (
        "wildcard with alias",
        entry("bookinfo/*", alias="prod/*"),
        named("bookinfo/*"),
        named("bookinfo/*", {"namespace": "prod"}),
    ),
    ("any namespace", entry("*/ratings"), named("*/ratings"), named("*/ratings")),
    (
        "as local",
        entry(as_local=True),
        named("bookinfo/ratings"),
        named("bookinfo/ratings", {"namespace": "bookinfo"}, importAsLocal=True),
    ),
    (
        "as local with alias",
        entry("*/ratings", as_local=True, alias="prod/*"),
        named("*/ratings"),
        named("*/ratings", {"namespace": "prod"}, importAsLocal=True),
    ),
    (
        "labels",
        selecting(),
        {
            "type": "LabelSelector",
            "labelSelector": {"namespace": "bookinfo", "selector": {"matchLabels": {"export": "true"}}},
        },
        named("bookinfo/*"),
    ),
    (
        "labels with alias",
        selecting("*", alias="prod/*"),
        {"type": "LabelSelector", "labelSelector": {"namespace": "*", "selector": {"matchLabels": {"export": "true"}}}},
        named("*/*", {"namespace": "prod"}),
    ),
]


@pytest.mark.parametrize(
    ("written", "exported", "imported"), [case[1:] for case in EXPORT_IMPORT], ids=[case[0] for case in EXPORT_IMPORT]
)
def test_an_entry_is_a_rule_at_each_end(written: Json, exported: Json, imported: Json) -> None:
    declaration = declared([{**written, "consumers": [GREEN]}])
    assert declaration["problems"] == []
    assert declaration["meshes"][RED]["exports"] == {GREEN: [exported]}
    assert declaration["meshes"][GREEN]["imports"] == {RED: [imported]}
    assert declaration["meshes"][BLUE]["imports"] == declaration["meshes"][GREEN]["exports"] == {}
    side = planning.build_plan(declaration, {}, fed.NOW)["sides"]
    assert (side[RED][GREEN]["exports"], side[GREEN][RED]["imports"]) == ([exported], [imported])
    assert side[RED][BLUE]["exports"] is None


def test_all_linked_meshes_consume_by_default() -> None:
    for consumers in (None, ["spokes"], [GREEN, BLUE], ["federation"]):
        meshes = declared([_for(consumers)])["meshes"]
        assert sorted(meshes[RED]["exports"]) == [BLUE, GREEN]
        assert all(meshes[host]["imports"] == {RED: [named("bookinfo/ratings")]} for host in (GREEN, BLUE))
        assert [written["peers"] for written in meshes[RED]["export_lists"]] == [[BLUE, GREEN]]


def test_the_rules_of_a_mesh_stand_first() -> None:
    """By peer or for all, and in the product's shape or not; peers without an entry keep their list."""
    declaration = declared(
        [entry("a/x", consumers=[GREEN]), entry("a/y", consumers=[GREEN]), entry("a/z", GREEN, consumers=[RED])],
        red_mesh={"mesh_exports": ["b/x"], "mesh_imports": {GREEN: ["a/own"]}},
        green_mesh={"mesh_exports": {"spokes": ["c/x"], RED: []}},
    )
    red, green = declaration["meshes"][RED], declaration["meshes"][GREEN]
    assert red["exports"] == {BLUE: [named("b/x")], GREEN: [named("b/x"), named("a/x"), named("a/y")]}
    assert red["export_places"][GREEN] == ["mesh_exports[0]", AT, "federation_services[1]"]
    assert red["imports"] == {GREEN: [named("a/own"), named("a/z")]}
    assert green["exports"] == {BLUE: [named("c/x")], RED: [named("a/z")]}
    assert green["export_places"] == {BLUE: ["mesh_exports.spokes[0]"], RED: ["federation_services[2]"]}


LOCALITIES: list[tuple[str, list[Json], Json, str]] = [
    ("of the entry", [entry(locality={"region": "a"}), entry("b/y")], {}, ""),
    ("the same twice", [entry(locality={"region": "a"}), entry("b/y", locality={"region": "a"})], {"region": "a"}, ""),
    ("of two entries", [entry(locality={"region": "b"}), entry("b/y", locality={"region": "a"})], {}, "as in " + AT),
    ("of the mesh", [entry(), entry("b/y", locality={"region": "a"})], {"region": "b"}, "mesh_locality of red-mesh"),
    ("at another consumer", [entry(locality={"region": "a"}), entry("b/y", consumers=[BLUE])], {}, ""),
]


@pytest.mark.parametrize(
    ("entries", "own", "conflict"), [case[1:] for case in LOCALITIES], ids=[case[0] for case in LOCALITIES]
)
def test_a_consumer_has_one_locality_for_a_peer(entries: list[Json], own: Json, conflict: str) -> None:
    declaration = declared(entries, red_mesh={"mesh_locality": own} if own else {})
    found = declaration["problems"]
    assert [(one["where"], one["code"]) for one in found] == (
        [("federation_services[1].locality", "service-conflict")] if conflict else []
    )
    assert all(conflict in one["message"] for one in found)
    if not found:
        side = planning.build_plan(declaration, {}, fed.NOW)["sides"][GREEN][RED]
        assert side["locality"] == {"region": "a"}


ALIASED = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings", "alias": {"name": "s"}}}
CONFLICTS: list[tuple[str, list[Json], Json, list[str]]] = [
    ("an entry twice", [entry(), entry()], {}, []),
    ("an entry for fewer", [entry(), entry(consumers=[GREEN])], {}, []),
    ("the mesh exports it too", [entry()], {"red_mesh": {"mesh_exports": ["bookinfo/ratings"]}}, []),
    ("another alias", [entry(alias="a/x"), entry(alias="a/y")], {}, ["federation federation_services[1]"]),
    (
        "another alias at one consumer",
        [entry(alias="a/x", consumers=[GREEN]), entry(alias="a/y")],
        {},
        [f"{GREEN} federation_services[1]"],
    ),
    ("behind a wildcard", [entry("bookinfo/*"), entry(alias="a/y")], {}, ["federation federation_services[1]"]),
    ("before a wildcard", [entry(alias="a/y"), entry("bookinfo/*")], {}, []),
    ("behind labels", [selecting(), entry(alias="a/y")], {}, ["federation federation_services[1]"]),
    (
        "as local or not",
        [entry(consumers=[GREEN]), entry(as_local=True, consumers=[GREEN])],
        {},
        [f"{GREEN} federation_services[1]"],
    ),
    (
        "the mesh exports it under another name",
        [entry(consumers=[GREEN])],
        {"red_mesh": {"mesh_exports": {GREEN: [ALIASED]}}},
        [f"{RED} {AT}"],
    ),
    (
        "the consumer imports it under another name",
        [entry(consumers=[GREEN])],
        {"green_mesh": {"mesh_imports": [ALIASED]}},
        [f"{GREEN} {AT}"],
    ),
]


@pytest.mark.parametrize(
    ("entries", "variables", "conflicts"), [case[1:] for case in CONFLICTS], ids=[case[0] for case in CONFLICTS]
)
def test_contradictions(entries: list[Json], variables: Json, conflicts: list[str]) -> None:
    found = findings(entries, **variables)
    errors = [one for one in found if one["severity"] == "error"]
    assert [f"{one['mesh']} {one['where']}" for one in errors] == conflicts
    assert {one["code"] for one in errors} <= {"service-conflict"}
    assert not any("repaired" in one for one in found if one["where"].startswith("federation_services"))


def test_a_rule_for_several_peers_is_judged_once() -> None:
    """A list that an entry splits still is one: it is imported somewhere, and each of its findings is reported once."""
    exports = {"mesh_exports": ["a/x", "a/y", "a/y"]}
    found = findings(
        [entry("b/x", consumers=[GREEN])], red_mesh=exports, blue_mesh={"mesh_imports": {RED: ["a/x", "a/q"]}}
    )
    assert [(one["code"], one["where"]) for one in found] == [
        ("import-unoffered", f"mesh_imports.{RED}[1]"),
        ("export-unimported", "mesh_exports[1]"),
        ("rule-shadowed", "mesh_exports[2]"),
    ]
    assert f"{BLUE}, {GREEN}" in found[1]["message"]


def test_services_of_one_name_are_kept_apart() -> None:
    """Two exporters and one consumer: as with rules by name, the plan gives one a peer name of its own."""
    declaration = declared([entry(consumers=[BLUE]), entry(mesh=GREEN, consumers=[BLUE], alias="prod/*")])
    plan = planning.build_plan(declaration, {host: fed.facts(host) for host in fed.COLOURS}, fed.NOW)
    assert plan["problems"] == []
    assert [(collision["name"], collision["solution"]) for collision in plan["collisions"]] == [
        ("bookinfo/ratings", "peer-names")
    ]


def test_the_place_of_a_collision_is_the_entry() -> None:
    """Two rules in the product's shape get no alias, so the plan rejects all but one; where wildcards may meet, it warns."""
    rule = named("bookinfo/ratings", {"namespace": "bookinfo", "name": "ratings"})
    hosts = (RED, GREEN, BLUE, "white-mesh")
    facts = {host: fed.facts(host) for host in hosts}
    for host in hosts:
        facts[host]["peers"] = [fed.live_peer(BLUE, namespace=f"{host}-system", ours=BLUE)] if host != BLUE else []
    product = {"mesh_exports": {BLUE: [rule]}}
    hostvars = fed.inventory(
        *hosts, red_mesh=product, green_mesh=product, blue_mesh={"mesh_imports": ["bookinfo/ratings"]}
    )
    entries = [
        entry(mesh="white-mesh", consumers=[BLUE]),
        *(entry("shop/*", host, consumers=[BLUE]) for host in (RED, GREEN)),
    ]
    for host in hosts:
        hostvars[host]["federation_services"] = entries
    plan = planning.build_plan(fed.declare(hostvars), facts, fed.NOW)
    rejected = {one["mesh"]: one for one in plan["problems"] if one["code"] == "export-collision"}
    assert {mesh: one["where"] for mesh, one in rejected.items()} == {
        RED: "mesh_exports",
        "white-mesh": "federation_services[0]",
    }
    assert rejected["white-mesh"]["remedy"].count(", instead of federation_services[0]; or") == 1
    assert "instead of" not in rejected[RED]["remedy"]
    [possible] = [one for one in plan["warnings"] if one["code"] == "export-collision-possible"]
    assert possible["where"] == "federation_services[1]" and possible["mesh"] == RED


def test_an_invalid_entry_hides_what_it_would_have_shared() -> None:
    """The rule that imports it is not reported too."""
    imports = {"mesh_imports": {RED: ["bookinfo/ratings"]}}
    found = findings([entry(consumer=[GREEN])], green_mesh=imports)
    assert [one["code"] for one in found] == ["key-unknown"]
    assert [one["code"] for one in findings([], green_mesh=imports)] == ["import-unoffered"]


_names = st.sampled_from(["a/x", "a/y", "b/x", "a/*", "*/x", "*/*"])


@given(
    written=st.lists(
        st.builds(
            lambda service, alias, consumers, local: {
                **entry(service, consumers=consumers),
                **({"alias": alias} if alias else {}),
                **({"as_local": True, "alias": "p/*"} if local else {}),
            },
            _names,
            st.sampled_from([None, "p/*"]),
            st.sampled_from([[GREEN], [BLUE], ["spokes"]]),
            st.booleans(),
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=150, deadline=None)
def test_consumers_see_a_service_as_the_first_entry_says(written: list[Json]) -> None:
    """Where nothing is contradictory, the rules of both ends together give each service the name of its first entry."""
    declaration = declared(written)
    assert declaration["problems"] == []
    for consumer in (GREEN, BLUE):
        exports = declaration["meshes"][RED]["exports"].get(consumer, [])
        imports = declaration["meshes"][consumer]["imports"].get(RED, [])
        for service in ("a/x", "a/y", "b/x", "c/x", "c/z"):
            names = Names(*service.split("/"))
            first = next(
                (
                    one
                    for one in written
                    if {consumer, "spokes"} & set(one["consumers"])
                    and all(part in ("*", own) for part, own in zip(one["service"].split("/"), names))
                ),
                None,
            )
            match = matching.first_export(exports, names, {})
            assert (match is None) == (first is None)
            if match is None or first is None:
                continue
            host = matching.imported_host(imports, f"{names.name}.{names.namespace}.svc.x-exports.local", RED)
            namespace = "p" if "alias" in first else names.namespace
            suffix = "svc.cluster.local" if first.get("as_local") else f"svc.{RED}-imports.local"
            assert host == f"{names.name}.{namespace}.{suffix}"
