# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The digests of a plan: what keeps the next job of a workflow from writing, and what does not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._run import plan_digests, saved_plan

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS


def passed(facts: dict[str, Json]) -> Json:
    """What plan.yml passes, as a controller stores it."""
    declared = fed.declare(fed.inventory(**settled.RULES))
    saved = saved_plan.save_plan(planning.build_plan(declared, facts, fed.NOW), facts, declared)
    digests: Json = json.loads(json.dumps(plan_digests.plan_digests(saved)))
    return digests


def problems(digests: Json, facts: dict[str, Json], rules: Json | None = None) -> list[Problem]:
    declared = fed.declare(fed.inventory(**(rules or settled.RULES)))
    plan = planning.build_plan(declared, facts, fed.NOW)
    return plan_digests.compare_digests(digests, plan, facts, declared)


def named(found: list[Problem]) -> list[tuple[str, str, str]]:
    return [(one["code"], one["mesh"], one["where"]) for one in found]


@pytest.fixture
def facts() -> dict[str, Json]:
    _declared, read = settled.federated()
    return copy.deepcopy(read)


def test_the_same_plan_is_accepted_whatever_changes_by_itself(facts: dict[str, Json]) -> None:
    digests = passed(facts)
    for read in facts.values():
        for obj in [read["control_plane"]["object"], *read["peers"], *read["imports"], *read["exports"]]:
            obj["metadata"].update(resourceVersion="999", generation=99)
            obj["status"] = {"conditions": []}
        read["istiod"] = [{"name": "istiod-other"}]
    assert problems(digests, facts) == []


def _live(facts: dict[str, Json]) -> None:
    facts[RED]["exports"][0]["spec"]["exportRules"] = []


def _unread(facts: dict[str, Json]) -> None:
    del facts[RED]


def _control_plane(facts: dict[str, Json]) -> None:
    facts[RED]["control_plane"]["object"]["metadata"]["uid"] = "another"
    facts[RED]["control_plane"]["uid"] = "another"


CHANGES: dict[str, tuple[Callable[[dict[str, Json]], None], str]] = {
    "a live object": (_live, "objects"),
    "a mesh that is not read": (_unread, "mesh"),
    "a control plane that is created again": (_control_plane, "mesh"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_cluster_is_named(name: str, facts: dict[str, Json]) -> None:
    change, where = CHANGES[name]
    digests = passed(facts)
    change(facts)
    assert ("plan-outdated", RED, where) in named(problems(digests, facts))


def test_changed_variables_are_named_by_mesh(facts: dict[str, Json]) -> None:
    rules = {**settled.RULES, "red_mesh": {**settled.RULES["red_mesh"], "mesh_locality": {"region": "elsewhere"}}}
    found = named(problems(passed(facts), facts, rules))
    assert ("plan-outdated", RED, "inventory") in found
    assert {mesh for _code, mesh, where in found if where == "inventory"} == {RED}


def test_changed_options_are_named(facts: dict[str, Json]) -> None:
    names = [host.replace("-", "_") for host in fed.COLOURS]
    rules = {name: {**settled.RULES.get(name, {}), "federation_prune": True} for name in names}
    found = named(problems(passed(facts), facts, rules))
    assert ("plan-outdated", "federation", "federation_plan_digests") in found


def test_a_mesh_that_came_or_went_is_named(facts: dict[str, Json]) -> None:
    digests = passed(facts)
    digests["meshes"]["gold-mesh"] = digests["meshes"].pop(RED)
    assert named(problems(digests, facts)) == [
        ("plan-outdated", "gold-mesh", "inventory"),
        ("plan-outdated", RED, "inventory"),
    ]


@pytest.mark.parametrize("digests", [{"a": 1}, {"format": "ossm.federation/plan/v1"}, {"format": 1, "meshes": {}}])
def test_anything_else_is_rejected(digests: Json, facts: dict[str, Json]) -> None:
    assert named(problems(digests, facts)) == [("plan-file", "federation", "federation_plan_digests")]


def test_the_digests_are_small(facts: dict[str, Json]) -> None:
    """A controller stores and shows them with each job that follows."""
    digests = passed(facts)
    assert set(digests["meshes"]) == set(fed.COLOURS)
    assert len(json.dumps(digests)) < 200 + 300 * len(facts)
