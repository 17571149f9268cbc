# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plan.yml and ``federate.yml --diff`` show of shared services."""

from __future__ import annotations

from typing import Any

from unit.builders import federations as fed
from unit.builders.shared import BLUE, GREEN, RED, declared, entry, selecting, service

from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.sharing import describe_rule
from ansible_collections.ossm.federation.plugins.plugin_utils._report.announcement import announcement
from ansible_collections.ossm.federation.plugins.plugin_utils._report.overview import overview
from ansible_collections.ossm.federation.plugins.plugin_utils._run.preflight import checked_plan

Json = dict[str, Any]
HEADING = "Shared services: export rules in their order, and what each one selects now"
BOOKINFO = [service("bookinfo", name) for name in ("details", "productpage", "ratings", "reviews", "web")]


def read(services: dict[str, list[Json]], unread: tuple[str, ...] = ()) -> dict[str, Json]:
    """Facts of all meshes; those that have live ``services``, and those of which some are ``unread``."""
    facts = {host: fed.facts(host, members=["bookinfo", "shop"]) for host in fed.COLOURS}
    for host, live in services.items():
        failed = [{"namespace": "shop", "message": "forbidden"}] if host in unread else []
        facts[host]["additional_services"] = {"services": live, "unread": failed}
    return facts


def text(lines: list[str]) -> list[str]:
    """The paragraph about shared services without its heading."""
    start = lines.index(HEADING) + 1
    return lines[start : lines.index("", start)] if "" in lines[start:] else lines[start:]


def test_rules_in_their_order_with_the_services_of_each() -> None:
    entries = [entry("bookinfo/ratings", alias="prod/stars"), entry("bookinfo/*"), selecting("shop")]
    preview = overview(declared(entries, red_mesh={"mesh_exports": {GREEN: ["shop/cart"]}}), read({RED: BOOKINFO}))
    services = [
        "        federation_services[0]: bookinfo/ratings: 1 service",
        "            bookinfo/ratings  stars.prod.svc.red-mesh-imports.local",
        "        federation_services[1]: bookinfo/*: 4 services",
        "            bookinfo/details      details.bookinfo.svc.red-mesh-imports.local",
        "            bookinfo/productpage  productpage.bookinfo.svc.red-mesh-imports.local",
        "            bookinfo/reviews      reviews.bookinfo.svc.red-mesh-imports.local",
        "            bookinfo/web          web.bookinfo.svc.red-mesh-imports.local",
        "        federation_services[2]: shop/* with export=true: no service",
    ]
    assert text(preview["lines"]) == [
        f"    {RED} to {BLUE}",
        *services,
        f"    {RED} to {GREEN}",
        f"        mesh_exports.{GREEN}[0]: shop/cart: no service",
        *services,
    ]
    assert [(pair["exporter"], pair["consumer"]) for pair in preview["sharing"]] == [(RED, BLUE), (RED, GREEN)]


def test_consumers_with_the_same_rules_stand_together_and_long_lists_are_in_the_details() -> None:
    preview = overview(declared([entry("bookinfo/*")]), read({RED: BOOKINFO}))
    short, long = text(preview["lines"]), text(preview["details"])
    assert (
        short[:2]
        == long[:2]
        == [f"    {RED} to {BLUE}, {GREEN}", "        federation_services[0]: bookinfo/*: 5 services"]
    )
    assert short[-1] == "            and 1 more" and len(short) == 7
    assert long[-1].split() == ["bookinfo/web", "web.bookinfo.svc.red-mesh-imports.local"] and len(long) == 7
    assert HEADING not in overview(declared([entry("bookinfo/*")]), read({RED: BOOKINFO[:4]}))["details"]


def test_what_is_not_imported_not_offered_or_not_read() -> None:
    rules = {
        "red_mesh": {"mesh_exports": {GREEN: ["bookinfo/*"]}},
        "green_mesh": {"mesh_imports": ["bookinfo/a", "bookinfo/web"]},
    }
    for services, unread, expected in (
        (
            BOOKINFO[-2:],
            (),
            ["bookinfo/*: 2 services", "bookinfo/reviews  not imported", "import rule bookinfo/a: no service"],
        ),
        ([], (), [f"mesh_exports.{GREEN}[0]: bookinfo/*: no service"]),
        (BOOKINFO, (RED,), ["bookinfo/*: Services not read"]),
    ):
        lines = text(overview(declared([], **rules), read({RED: services}, unread))["lines"])
        assert all(any(part in line for line in lines) for part in expected), lines
        assert any("import rule" in line for line in lines) == (len(services) == 2)
    assert HEADING not in overview(declared([]), read({}))["lines"]


def test_an_alias_that_the_plan_adds_is_shown() -> None:
    """Live pairs keep their names, so one of two exporters of a name gets an alias; the consumer's name stays."""
    facts = read({RED: BOOKINFO, GREEN: BOOKINFO})
    for host in (RED, GREEN):
        facts[host]["peers"] = [fed.live_peer(BLUE, namespace=f"{host}-system", ours=BLUE)]
    lines = text(overview(declared([entry(consumers=[BLUE]), entry(mesh=GREEN, consumers=[BLUE])]), facts)["lines"])
    assert [line.split()[-1] for line in lines if "imports.local" in line] == [
        f"ratings.bookinfo.svc.{host}-imports.local" for host in (GREEN, RED)
    ]
    assert any(" as bookinfo-red-mesh/ratings: 1 service" in line for line in lines), lines


def test_a_run_shows_them_with_diff() -> None:
    declaration, facts = declared([entry()]), read({RED: BOOKINFO})
    announced = announcement(planning.build_plan(declaration, facts, fed.NOW), facts)
    assert HEADING in announced["details"] and HEADING not in announced["lines"]


def test_the_place_of_a_namespace_that_is_no_member() -> None:
    facts = read({RED: []})
    for read_mesh in facts.values():
        read_mesh["members"] = ["bookinfo"]
    planned = checked_plan(
        declared([entry(), entry("shop/cart"), selecting("shop")], red_mesh={"mesh_exports": ["store/x"]}),
        facts,
        now=fed.NOW,
    )
    found = {one["where"]: one["message"] for one in planned["warnings"] + planned["meshes"][RED]["problems"]}
    places = ("mesh_exports", "federation_services[1]", "federation_services[2]")
    assert set(places) == {where for where, message in found.items() if "not a member" in message}
    assert all(f"exported to {BLUE}, {GREEN}" in found[where] for where in places)


def test_texts_of_rules() -> None:
    for rule, expected in (
        ({"type": "NameSelector", "nameSelector": {}}, "*/*"),
        ({"type": "NameSelector", "nameSelector": {"name": "a", "alias": {"namespace": "p"}}}, "*/a as p/*"),
        ({"type": "Other"}, "*/*"),
        (
            {
                "type": "LabelSelector",
                "labelSelector": {
                    "namespace": "a",
                    "selector": {
                        "matchLabels": {"b": "c"},
                        "matchExpressions": [
                            {"key": "d", "operator": "In", "values": ["e", "f"]},
                            {"key": "g", "operator": "Exists"},
                        ],
                    },
                },
            },
            "a/* with b=c, d In (e, f), g Exists",
        ),
    ):
        assert describe_rule(rule) == expected
