# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is ours and not declared any more: reported by every run, removed only on request, and never because of what a run could not see."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.plan import plan_removal
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
CODES = ("pair-undeclared", "set-undeclared", "removal-limit")
RULES = {"red_mesh": {"mesh_exports": ["shop/cart"]}, "green_mesh": {"mesh_imports": ["shop/cart"]}}


def _facts() -> dict[str, Json]:
    """What is read of three meshes after they were federated; red exports to all, green imports."""
    read = {host: fed.facts(host) for host in fed.COLOURS}
    fed.federate(fed.declare(fed.inventory(**RULES)), read)
    return read


def _declared(*hosts: str, **variables: Any) -> Declaration:
    hostvars = fed.inventory(*hosts, **RULES)
    for host in hostvars:
        hostvars[host].update(variables)
    return fed.declare(hostvars)


def _plan(declaration: Declaration, read: dict[str, Json] | None = None) -> Plan:
    return preflight.checked_plan(declaration, _facts() if read is None else read, "federate", fed.NOW)


def _found(plan: Plan) -> set[tuple[str, str]]:
    return {(one["code"], one["mesh"]) for one in plan["problems"] + plan["warnings"] if one["code"] in CODES}


def test_a_mesh_that_left_the_inventory_is_reported_on_the_sides_that_are_read() -> None:
    plan = _plan(_declared(RED, GREEN))
    assert _found(plan) == {("pair-undeclared", RED), ("pair-undeclared", GREEN)} and plan["undeclared"] == [GREEN, RED]
    assert not plan["problems"]


def test_a_declared_federation_has_nothing_undeclared() -> None:
    plan = _plan(_declared())
    assert _found(plan) == set() and plan["undeclared"] == []


@pytest.mark.parametrize(
    "case", ["blue cannot be read", "blue is outside the limit", "the file of blue is missing", "red cannot be read"]
)
def test_what_a_run_cannot_see_is_still_declared(case: str) -> None:
    declaration, read = _declared(federation_prune=True, federation_max_removals=0), _facts()
    if case == "blue is outside the limit":
        hostvars = fed.inventory(**RULES)
        for host in hostvars:
            hostvars[host].update(federation_prune=True, federation_max_removals=0)
        declaration = fed.declare(hostvars, play_hosts=[RED, GREEN])
    elif case == "the file of blue is missing":
        hostvars = fed.inventory(RED, GREEN, **RULES)
        hostvars[BLUE] = {"mesh_identity_file": "from/blue-mesh-for-{peer}.yml"}
        for host in hostvars:
            hostvars[host].update(federation_prune=True, federation_max_removals=0)
        declaration = fed.declare(hostvars)
        del read[BLUE]
    else:
        host = BLUE if case.startswith("blue") else RED
        read[host] = {**fed.facts(host), "readable": False, "control_plane": None}
    plan = _plan(declaration, read)
    assert _found(plan) == set() and plan["undeclared"] == []
    assert not any(plan_removal(declaration, read, "prune")["pairs"].values())


def test_a_pair_without_declaration_between_two_meshes_goes_on_both_sides() -> None:
    hostvars = fed.inventory(**RULES)
    hostvars[RED]["mesh_peers"], hostvars[GREEN]["mesh_peers"], hostvars[BLUE]["mesh_peers"] = (
        [GREEN],
        [RED, BLUE],
        [GREEN],
    )
    for host in hostvars:
        hostvars[host]["federation_prune"] = True
    declaration, read = fed.declare(hostvars), _facts()
    assert _found(_plan(declaration, read)) == set(), "one pair, both sides of it"
    plan = plan_removal(declaration, read, "prune")
    assert {host: [pair["peer"] for pair in pairs] for host, pairs in plan["pairs"].items() if pairs} == {
        RED: [BLUE],
        BLUE: [RED],
    }
    assert plan["request"]["confirmed"] and not plan["problems"]


@pytest.mark.parametrize(("most", "rejected"), [(0, True), (1, True), (2, False)])
def test_more_pairs_than_the_limit_are_refused_before_any_write(most: int, rejected: bool) -> None:
    plan = _plan(_declared(GREEN, federation_prune=True, federation_max_removals=most))
    assert ("removal-limit" in {found["code"] for found in plan["problems"]}) is rejected


@pytest.mark.parametrize("prune", [False, True])
def test_rules_that_are_not_declared_are_reported_or_emptied_and_the_set_stays(prune: bool) -> None:
    declaration, read = (
        fed.declare(fed.inventory(**{host.replace("-", "_"): {"federation_prune": prune} for host in fed.COLOURS})),
        _facts(),
    )
    plan = _plan(declaration, read)
    reported = {("set-undeclared", RED), ("set-undeclared", GREEN)}
    assert _found(plan) == (set() if prune else reported)
    emptied = [
        target["definition"]["spec"]
        for host in fed.COLOURS
        for target in desired.build_objects(plan, "sets", host, read[host])
    ]
    assert emptied == ([{"exportRules": []}] * 2 + [{"importRules": []}] * 2 if prune else [])
