# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two meshes that export one name to a third: found in the declaration, solved by name or alias, or rejected."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.plugin_utils._model import peer_names
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import (
    collisions as collision_rules,
    plan as planning,
)

Json = dict[str, Any]
RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"
RATINGS = "bookinfo/ratings"
OWN_NAME = f"{BLUE}-of-{RED}"


def by_name(where: str, what: str, /, **alias: str) -> Json:
    selector: Json = {"namespace": where, "name": what}
    return {"type": "NameSelector", "nameSelector": {**selector, "alias": alias} if alias else selector}


def by_label(namespace: str, *aliases: Json) -> Json:
    selector: Json = {"namespace": namespace, "selector": {"matchLabels": {"export": "true"}}}
    return {"type": "LabelSelector", "labelSelector": {**selector, "aliases": list(aliases)} if aliases else selector}


def exporting(by_red: list[Any], by_green: list[Any], imports: Any = None, /, **more: Json) -> dict[str, Json]:
    """Red and green export to blue, which imports from both what ``imports`` says (the ratings by default)."""
    return fed.inventory(
        red_mesh={"mesh_exports": {BLUE: by_red}, **more.get("red", {})},
        green_mesh={"mesh_exports": {BLUE: by_green}, **more.get("green", {})},
        blue_mesh={"mesh_imports": [RATINGS] if imports is None else imports},
    )


# what red and green export to blue; what blue is then offered twice (namespace/name), and whether for certain
OFFERS: list[tuple[str, list[Any], list[Any], list[tuple[str, bool]]]] = [
    ("one name", [RATINGS], [RATINGS], [(RATINGS, True)]),
    ("short form and the product's words", [RATINGS], [by_name("bookinfo", "ratings")], [(RATINGS, True)]),
    ("other names", [RATINGS], ["bookinfo/reviews"], []),
    ("other namespaces", [RATINGS], ["shop/ratings"], []),
    ("nothing exported", [RATINGS], [], []),
    ("an alias apart", [RATINGS], [by_name("bookinfo", "ratings", namespace="green")], []),
    ("an alias together", [by_name("x", "y", namespace="shop", name="cart")], ["shop/cart"], [("shop/cart", True)]),
    ("a star keeps the name", [by_name("bookinfo", "ratings", namespace="*", name="*")], [RATINGS], [(RATINGS, True)]),
    ("a wildcard", ["bookinfo/*"], [RATINGS], [(RATINGS, False)]),
    ("two wildcards", ["bookinfo/*"], ["*/ratings"], [(RATINGS, False)]),
    ("wildcards apart", ["bookinfo/*"], ["shop/*"], []),
    ("everything", ["*/*"], ["*/*"], [("*/*", False)]),
    ("a wildcard to one alias", [by_name("*", "a", namespace="n", name="r")], ["n/r"], [("n/r", False)]),
    ("by label", [by_label("bookinfo")], [RATINGS], [(RATINGS, False)]),
    ("by label elsewhere", [by_label("shop")], [RATINGS], []),
    (
        "by label with an alias for all",
        [by_label("bookinfo", {"namespace": "*", "name": "*", "alias": {"namespace": "red"}})],
        [RATINGS, "red/ratings"],
        [("red/ratings", False)],
    ),
    (
        "by label with an alias for one",
        [by_label("bookinfo", {"namespace": "bookinfo", "name": "ratings", "alias": {"name": "stars"}})],
        ["bookinfo/stars"],
        [("bookinfo/stars", False)],
    ),
    (
        "by label with an alias that fits nothing",
        [by_label("bookinfo", {"namespace": "shop", "name": "*", "alias": {"namespace": "red"}})],
        ["red/x"],
        [],
    ),
    ("the first rule wins", [by_name("bookinfo", "ratings", namespace="red"), RATINGS], [RATINGS], []),
    ("a wildcard before it", [by_name("bookinfo", "*", namespace="red"), RATINGS], [RATINGS], []),
    ("labels before it", [by_label("bookinfo"), RATINGS], [RATINGS], [(RATINGS, False)]),
    ("labels elsewhere before it", [by_label("shop"), RATINGS], [RATINGS], [(RATINGS, True)]),
]


@pytest.mark.parametrize(("red", "green", "twice"), [case[1:] for case in OFFERS], ids=[case[0] for case in OFFERS])
def test_names_that_are_offered_twice(red: list[Any], green: list[Any], twice: list[tuple[str, bool]]) -> None:
    declaration = fed.declare(exporting(red, green))
    assert not fed.codes(declaration["problems"])
    found = peer_names.offered_twice(declaration)
    assert [(collision["name"], collision["certain"]) for collision in found] == twice
    assert {collision["consumer_host"] for collision in found} <= {BLUE}
    assert all([who["host"] for who in one["exporters"]] == [GREEN, RED] for one in found)


def live(peer: str, host: str, **changes: Any) -> Json:
    """What is read of a mesh that has a link of ours with a peer."""
    return fed.facts(host, peers=[fed.live_peer(peer, namespace=f"{host}-system", ours=BLUE)], **changes)


def opened(host: str, view: str, manager: str = "ossm.federation/x") -> Json:
    """What is read of a mesh that has a gateway to blue, and no peer yet."""
    read = fed.facts(host)
    read["control_plane"]["owners"][f"spec.gateways.additionalEgress.egress-{BLUE}"] = manager
    read["control_plane"]["object"]["spec"]["gateways"] = {
        "additionalEgress": {f"egress-{BLUE}": {"requestedNetworkView": [view]}}
    }
    return read


NEW = {host: fed.facts(host) for host in fed.COLOURS}
LIVE = {**NEW, RED: live(BLUE, RED), GREEN: live(BLUE, GREEN)}
SHORT, WORDS = [RATINGS], [by_name("bookinfo", "ratings")]
OWN = {"mesh_peer_names": {BLUE: "azure"}}

# what is exported, what else the inventory says, what is read; what red and green then call blue, the solution (None: they
# do not collide), and codes of errors and warnings
SOLUTIONS: list[tuple[str, dict[str, Json], dict[str, Json], tuple[str, str], str | None, set[str]]] = [
    ("both new", exporting(SHORT, SHORT), NEW, (OWN_NAME, BLUE), "peer-names", set()),
    ("both live", exporting(SHORT, SHORT), LIVE, (BLUE, BLUE), "alias", set()),
    ("red lives", exporting(SHORT, SHORT), {**NEW, RED: LIVE[RED]}, (BLUE, f"{BLUE}-of-{GREEN}"), "peer-names", set()),
    ("live, apart", exporting(SHORT, SHORT), {**LIVE, RED: live("azure", RED)}, ("azure", BLUE), "peer-names", set()),
    ("red is open", exporting(SHORT, SHORT), {**NEW, RED: opened(RED, "network-b")}, ("b", BLUE), "peer-names", set()),
    (
        "red is open by others",
        exporting(SHORT, SHORT),
        {**NEW, RED: opened(RED, "network-b", "kubectl")},
        (OWN_NAME, BLUE),
        "peer-names",
        set(),
    ),
    (
        "green cannot be read",
        exporting(SHORT, SHORT),
        {**NEW, GREEN: {**NEW[GREEN], "readable": False}},
        (OWN_NAME, BLUE),
        "peer-names",
        set(),
    ),
    (
        "red cannot be read",
        exporting(SHORT, SHORT),
        {**NEW, RED: {**NEW[RED], "readable": False}},
        (BLUE, f"{BLUE}-of-{GREEN}"),
        "peer-names",
        set(),
    ),
    ("the product's words", exporting(WORDS, WORDS), NEW, (BLUE, BLUE), "", {"export-collision"}),
    ("words in red", exporting(WORDS, SHORT), NEW, (BLUE, f"{BLUE}-of-{GREEN}"), "peer-names", set()),
    ("words in red, live", exporting(WORDS, SHORT), LIVE, (BLUE, BLUE), "alias", set()),
    ("words in both, live", exporting(WORDS, WORDS), LIVE, (BLUE, BLUE), "", {"export-collision"}),
    ("chosen by hand", exporting(WORDS, WORDS, red=OWN), NEW, ("azure", BLUE), "peer-names", set()),
    ("one choice for both", exporting(SHORT, SHORT, red=OWN, green=OWN), NEW, ("azure", "azure"), "alias", set()),
    ("chosen too late", exporting([], [], red=OWN), LIVE, (BLUE, BLUE), None, {"peer-name-in-use"}),
    ("imported from one", exporting(WORDS, WORDS, {RED: SHORT}), NEW, (BLUE, BLUE), "", {"export-collision-possible"}),
    ("wildcards, new", exporting(["bookinfo/*"], SHORT), NEW, (OWN_NAME, BLUE), "peer-names", set()),
    ("wildcards, live", exporting(["bookinfo/*"], SHORT), LIVE, (BLUE, BLUE), "", {"export-collision-possible"}),
    ("labels", exporting([by_label("bookinfo")], WORDS), NEW, (BLUE, BLUE), "", {"export-collision-possible"}),
    ("nothing twice", exporting(SHORT, ["bookinfo/reviews"]), NEW, (BLUE, BLUE), None, set()),
]


@pytest.mark.parametrize(
    ("hostvars", "read", "called", "solution", "codes"),
    [case[1:] for case in SOLUTIONS],
    ids=[case[0] for case in SOLUTIONS],
)
def test_how_it_is_solved(
    hostvars: dict[str, Json], read: dict[str, Json], called: tuple[str, str], solution: str | None, codes: set[str]
) -> None:
    declaration = fed.declare(hostvars)
    assert not declaration["problems"]
    plan = planning.build_plan(declaration, read)
    assert tuple(plan["sides"][host][BLUE]["peer_name"] for host in (RED, GREEN)) == called
    assert [collision["solution"] for collision in plan["collisions"]] == ([] if solution is None else [solution])
    assert all(collision["message"] for collision in plan["collisions"])
    assert {problem["code"] for problem in plan["problems"] + plan["warnings"]} == codes
    assert {problem["code"] for problem in plan["problems"]} == codes - {"export-collision-possible"}


def test_an_alias_is_taken_back_by_the_consumer() -> None:
    plan = planning.build_plan(fed.declare(exporting(SHORT, SHORT)), LIVE)
    assert plan["sides"][GREEN][BLUE]["exports"] == WORDS
    assert plan["sides"][RED][BLUE]["exports"] == [
        by_name("bookinfo", "ratings", namespace="bookinfo-red-mesh", name="ratings")
    ]
    assert plan["sides"][BLUE][GREEN]["imports"] == WORDS
    assert plan["sides"][BLUE][RED]["imports"] == [
        by_name("bookinfo-red-mesh", "ratings", namespace="bookinfo", name="ratings")
    ]


LOCAL = {"type": "NameSelector", "importAsLocal": True}
TAKEN = {"namespace": "bookinfo-red-mesh", "name": "ratings"}
# what blue imports from red, and what is written for it
BACK: list[tuple[str, list[Any], list[Json]]] = [
    ("another", ["bookinfo/reviews"], [by_name("bookinfo", "reviews")]),
    (
        "a wildcard stays",
        ["bookinfo/*"],
        [by_name("bookinfo-red-mesh", "ratings", namespace="bookinfo", name="ratings"), by_name("bookinfo", "*")],
    ),
    (
        "options and alias stay",
        [{**LOCAL, "nameSelector": {"namespace": "bookinfo", "name": "ratings", "alias": {"namespace": "shop"}}}],
        [{**LOCAL, "nameSelector": {**TAKEN, "alias": {"namespace": "shop", "name": "ratings"}}}],
    ),
]


@pytest.mark.parametrize(("rules", "written"), [case[1:] for case in BACK], ids=[case[0] for case in BACK])
def test_import_rules_for_an_alias(rules: list[Any], written: list[Json]) -> None:
    hostvars = exporting(SHORT, SHORT, {RED: [*rules, *SHORT], GREEN: SHORT})
    imports = planning.build_plan(fed.declare(hostvars), LIVE)["sides"][BLUE][RED]["imports"]
    assert imports is not None
    assert imports[: len(written)] == written


def test_a_refusal_has_the_rules_as_they_should_be() -> None:
    problems = planning.build_plan(fed.declare(exporting(WORDS, WORDS)), NEW)["problems"]
    assert [(problem["mesh"], problem["peer"], problem["where"]) for problem in problems] == [
        (RED, BLUE, "mesh_exports")
    ]
    assert "alias: {namespace: bookinfo-red-mesh, name: ratings}" in problems[0]["remedy"]
    assert f"in mesh_imports of {BLUE} for {RED}" in problems[0]["remedy"]
    assert "mesh_peer_names of red-mesh" in problems[0]["remedy"]


def test_three_exporters_have_three_names() -> None:
    hostvars = {name: {"mesh_kubeconfig": "k", "mesh_exports": {"hub": SHORT}, "mesh_peers": ["hub"]} for name in "abc"}
    hostvars["hub"] = {"mesh_kubeconfig": "k", "mesh_imports": SHORT, "mesh_peers": []}
    plan = planning.build_plan(fed.declare(hostvars), {host: fed.facts(host) for host in hostvars})
    assert {plan["sides"][name]["hub"]["peer_name"] for name in "abc"} == {"hub", "hub-of-b", "hub-of-c"}
    assert "solved by peer names: b calls it hub-of-b, c calls it hub-of-c" in plan["collisions"][0]["message"]


def test_messages_for_many_exporters_are_short() -> None:
    hostvars = {
        f"m{number}": {"mesh_kubeconfig": "k", "mesh_exports": SHORT, "mesh_peers": ["hub"]} for number in range(9)
    }
    hostvars["hub"] = {"mesh_kubeconfig": "k", "mesh_imports": SHORT, "mesh_peers": []}
    found = planning.build_plan(fed.declare(hostvars), {host: fed.facts(host) for host in hostvars})["collisions"]
    assert [one["message"] for one in found] == [
        "m0, m1, m2, m3 and 5 others export bookinfo/ratings to hub; solved by peer names: m1 calls it hub-of-m1, "
        "m2 calls it hub-of-m2, m3 calls it hub-of-m3, m4 calls it hub-of-m4, and so on for 4 others"
    ]
    assert len(found[0]["exporters"]) == 9


def test_a_name_that_another_peer_has_is_not_taken() -> None:
    hostvars = exporting(SHORT, SHORT)
    hostvars[OWN_NAME] = {"mesh_kubeconfig": "k"}
    plan = planning.build_plan(fed.declare(hostvars), {**NEW, OWN_NAME: fed.facts(OWN_NAME)})
    assert plan["sides"][RED][BLUE]["peer_name"] == BLUE
    assert [collision["solution"] for collision in plan["collisions"]] == ["alias"]


def test_without_a_cluster_every_pair_is_new() -> None:
    assert collision_rules.find_collisions(fed.declare(exporting(SHORT, SHORT))) == []
    collisions = collision_rules.find_collisions(fed.declare(exporting(WORDS, WORDS)))
    assert [(collision["consumer"], collision["name"], collision["certain"]) for collision in collisions] == [
        (BLUE, RATINGS, True)
    ]


def test_the_second_run_writes_what_the_first_has_written() -> None:
    for read in (NEW, LIVE):
        declaration, cluster = fed.declare(exporting(SHORT, SHORT)), {host: fed.facts(host) for host in fed.COLOURS}
        if read is LIVE:
            fed.federate(fed.declare(exporting([], [])), cluster)
        first = fed.federate(declaration, cluster)[0]
        second, desired_objects = fed.federate(declaration, cluster)
        assert fed.changes(desired_objects) == []
        assert second["sides"][RED][BLUE]["peer_name"] == first["sides"][RED][BLUE]["peer_name"]
        assert second["sides"][RED][BLUE]["peer_name"] == (OWN_NAME if read is NEW else BLUE)
        assert [collision["solution"] for collision in second["collisions"]] == [
            "peer-names" if read is NEW else "alias"
        ]


def test_who_exports_a_name_already_goes_on_with_it() -> None:
    cluster = {host: fed.facts(host) for host in fed.COLOURS}
    fed.federate(fed.declare(exporting(SHORT, [])), cluster)
    for _run in range(2):
        plan = fed.federate(fed.declare(exporting(SHORT, SHORT)), cluster)[0]
        assert plan["sides"][RED][BLUE]["exports"] == WORDS
        assert plan["sides"][BLUE][GREEN]["imports"] == [
            by_name("bookinfo-green-mesh", "ratings", namespace="bookinfo", name="ratings")
        ]


def test_all_names_of_a_pair_follow_the_chosen_one() -> None:
    hostvars = exporting(SHORT, [], red={"mesh_peer_names": {BLUE: "azure"}})
    cluster = {host: fed.facts(host) for host in fed.COLOURS}
    desired_objects = fed.federate(fed.declare(hostvars), cluster)[1][RED]
    mine = [wanted for wanted in desired_objects if wanted["field_manager"] == "ossm.federation/azure"]
    assert [(wanted["definition"]["kind"], wanted["definition"]["metadata"]["name"]) for wanted in mine] == [
        ("ServiceMeshControlPlane", RED),
        ("ExportedServiceSet", "azure"),
        ("ConfigMap", "azure-ca-root-cert"),
        ("ServiceMeshPeer", "azure"),
    ]
    gateways = mine[0]["definition"]["spec"]["gateways"]
    assert gateways["additionalEgress"][f"egress-{BLUE}"]["requestedNetworkView"] == ["network-azure"]
    assert mine[3]["definition"]["spec"]["security"]["certificateChain"]["name"] == "azure-ca-root-cert"
    assert all(wanted["definition"]["metadata"]["labels"]["ossm.federation/peer"] == BLUE for wanted in mine[1:])


# mesh_peer_names of red, the place, and the code
NAMES: list[tuple[str, Any, str, str]] = [
    ("not a label", {BLUE: "Azure_"}, f"mesh_peer_names.{BLUE}", "name-invalid"),
    ("too long", {BLUE: "a" * 56}, f"mesh_peer_names.{BLUE}", "name-invalid"),
    ("a registry", {BLUE: "kubernetes"}, f"mesh_peer_names.{BLUE}", "peer-name-registry"),
    ("not a string", {BLUE: ["x"]}, f"mesh_peer_names.{BLUE}", "variable-type"),
    ("no dictionary", ["azure"], "mesh_peer_names", "variable-type"),
    ("an unknown peer", {"blu-mesh": "azure"}, "mesh_peer_names", "peer-unknown"),
    ("one name for two", {BLUE: "azure", GREEN: "azure"}, "mesh_peer_names", "peer-name-twice"),
    ("a group", {"some": "azure"}, "mesh_peer_names", "peer-name-twice"),
    ("another peer's name", {BLUE: GREEN}, "mesh_peer_names", "peer-name-twice"),
]


@pytest.mark.parametrize(("value", "where", "code"), [case[1:] for case in NAMES], ids=[case[0] for case in NAMES])
def test_peer_names_that_cannot_be(value: Any, where: str, code: str) -> None:
    hostvars = fed.inventory(red_mesh={"mesh_peer_names": value})
    problems = fed.declare(hostvars, groups={"some": [GREEN, BLUE]})["problems"]
    assert [(problem["mesh"], problem["where"], problem["code"]) for problem in problems] == [(RED, where, code)]
