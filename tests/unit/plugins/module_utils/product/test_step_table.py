# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of steps agrees with roles, playbooks, permissions, builders, variables and the plan."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product import kinds, permissions, steps
from ansible_collections.ossm.federation.plugins.module_utils._readers.identities import RESTARTABLE
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import REGISTERED, VARIABLES
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import advance as plan_steps, plan as planning

Json = dict[str, Any]
ROOT = pathlib.Path(__file__).parents[5]
#: One entry for each kind that a step writes.
_SHARED: Json = {"mesh": "red-mesh", "consumers": ["green-mesh"]}
SERVICES: list[Json] = [
    {**_SHARED, "service": "shop/cart", "as_local": True, "failover": {}, "allow": {"labels": {"app": "cart"}}},
    {**_SHARED, "service": "shop/ratings", "weights": {"local": 50, "remote": 50}},
]
FEDERATE: list[Json] = yaml.safe_load((ROOT / "playbooks" / "federate.yml").read_text())


def _tasks(role: str) -> Iterator[Json]:
    for path in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")):
        yield from yaml.safe_load(path.read_text())


def _imports(play: Json) -> list[tuple[str, list[str]]]:
    return [
        (task["ansible.builtin.import_role"]["name"].rpartition(".")[2], task["tags"])
        for task in play["tasks"]
        if "ansible.builtin.import_role" in task
    ]


@pytest.mark.parametrize("name", steps.STEPS)
def test_a_role_registers_what_the_table_says(name: str) -> None:
    step = steps.STEPS[name]
    registered = {task["register"] for task in _tasks(step.role) if "register" in task}
    facts = {key for task in _tasks(step.role) for key in task.get("ansible.builtin.set_fact", {})}
    assert registered <= set(step.registers.values()) <= registered | facts


def test_no_variable_of_a_role_is_private_to_a_playbook() -> None:
    """Roles and playbooks share variables by public names only; a name with underscores stays inside of its role."""
    for path in (ROOT / "playbooks").glob("*.yml"):
        assert "__" not in path.read_text(), path
    for path in (ROOT / "roles").rglob("*.yml"):
        role = path.relative_to(ROOT / "roles").parts[0]
        names = re.findall(r"\b__([a-z_]+)", path.read_text())
        assert all(name.startswith(f"{role}_") for name in names), path


def test_federate_runs_the_steps_in_the_order_of_the_table() -> None:
    roles = list(
        dict.fromkeys(
            role for play in FEDERATE for role, _tags in _imports(play) if role not in ("identity", "removal")
        )
    )
    assert roles == [step.role for step in steps.STEPS.values() if step.run == "federate"]


@pytest.mark.parametrize("name", [name for name, step in steps.STEPS.items() if step.run == "federate"])
def test_every_step_has_its_tag(name: str) -> None:
    tags = [tags for play in FEDERATE for role, tags in _imports(play) if role == steps.STEPS[name].role]
    assert tags and all(name in some for some in tags)


@pytest.mark.parametrize("name", steps.OPTIONAL)
def test_a_step_is_skipped_where_no_mesh_has_work(name: str) -> None:
    play = next(play for play in FEDERATE if steps.STEPS[name].role in [role for role, _tags in _imports(play)])
    assert play["tasks"][0] == {
        "name": "Skip this step where no mesh has work in it",
        "ansible.builtin.meta": "end_play",
        "when": f"'{name}' not in mesh_plan.pending_steps",
        "tags": ["always"],
    }


@pytest.mark.parametrize("name", steps.STEPS)
def test_what_a_step_writes_is_what_its_account_may_write(name: str) -> None:
    step = steps.STEPS[name]
    granted = {
        right.kind
        for rights in permissions.PLAYBOOKS.values()
        for right in rights
        if right.step == name and {"patch", "delete"} & set(right.verbs) and right.kind not in RESTARTABLE
    }
    assert granted == {write.kind for write in step.writes}
    assert granted <= set(kinds.KINDS)


def test_every_step_that_writes_has_a_builder_and_builds_its_kinds_only() -> None:
    assert tuple(desired.BUILDERS) == steps.WRITING
    declaration = fed.declare(
        fed.inventory(
            **{
                f"{colour}_mesh": {"mesh_locality": {"region": colour}, "federation_services": SERVICES}
                for colour in ("red", "green", "blue")
            }
        )
    )
    nothing: Json = {"namespace": None, "name": None, "served": True, "objects": [], "problem": None}
    read = [{**nothing, "kind": kind} for kind in steps.TRAFFIC]
    facts = {host: fed.facts(host, additional_objects=read) for host in fed.COLOURS}
    planned = planning.build_plan(declaration, facts, fed.NOW)
    planned = plan_steps.advance(planned, "addresses", fed.opened(planned))
    for name in steps.WRITING:
        built = {
            target["definition"]["kind"]
            for host in fed.COLOURS
            for target in desired.build_objects(planned, name, host, facts[host])
        }
        assert built == {write.kind for write in steps.STEPS[name].writes}, name


def test_the_plan_records_the_results_of_each_step_that_writes() -> None:
    assert plan_steps.STEPS == ("preflight", "gateways", "addresses", "sets", "peers")


def test_peers_are_removed_after_their_sets_and_before_their_roots() -> None:
    assert steps.removal_order() == (
        "ImportedServiceSet",
        "ExportedServiceSet",
        "ServiceMeshPeer",
        "ConfigMap",
        "ServiceMeshControlPlane",
    )


def test_variables_of_roles_are_known_to_the_model() -> None:
    """A name with one of our prefixes is an input, or a result of a role that no user sets."""
    names = {
        name
        for path in (*(ROOT / "roles").rglob("tasks/*.yml"), *(ROOT / "playbooks").glob("*.yml"))
        for name in re.findall(r"(?<![.\w'])(?:mesh|federation)_[a-z_]+(?!\w*\()", path.read_text())
    }
    assert names <= {*VARIABLES, *REGISTERED, "mesh_auth", "mesh_info", "mesh_objects", "mesh_results"}


def test_timeouts_are_variables() -> None:
    assert {step.timeout for step in steps.STEPS.values() if step.timeout} <= set(VARIABLES)


def test_a_removal_reads_the_kinds_of_the_table_in_all_namespaces() -> None:
    [task] = yaml.safe_load((ROOT / "roles" / "mesh" / "tasks" / "removal.yml").read_text())
    assert task["vars"]["__mesh_additional_objects"] == [{"kind": kind} for kind in steps.REFERRING]
