# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A saved plan: what makes it differ from a later one, and what does not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import VERSION
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._run import saved_plan

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
PEER = "ServiceMeshPeer red-mesh-system/green-mesh"
EXPORTS = "ExportedServiceSet red-mesh-system/green-mesh"


def save(facts: dict[str, Json], rules: Json | None = None, **options: Any) -> Json:
    declared = fed.declare(fed.inventory(**(rules or settled.RULES)), **options)
    return json.loads(json.dumps(saved_plan.save_plan(planning.build_plan(declared, facts, fed.NOW), facts, declared)))


def differences(change: Callable[[dict[str, Json]], None]) -> list[tuple[str, str, str]]:
    """Mesh, object and field of each difference that a change of a federated mesh makes."""
    _declared, facts = settled.federated()
    before = save(facts)
    later = copy.deepcopy(facts)
    change(later)
    return [(one.mesh, one.where, one.field) for one in saved_plan.find_differences(before, save(later), "federation")]


def test_nothing_differs_where_nothing_changed() -> None:
    assert differences(lambda _facts: None) == []


def _bump(facts: dict[str, Json]) -> None:
    for read in facts.values():
        for obj in [read["control_plane"]["object"], *read["peers"], *read["imports"], *read["exports"]]:
            obj["metadata"].update(resourceVersion="999", generation=99)
            obj["status"] = {"conditions": [{"type": "Ready", "status": "False"}]}
        read["control_plane"].update(ready=False, message="rolling")
        read["istiod"] = [{"name": "istiod-other"}]


def _unrelated(facts: dict[str, Json]) -> None:
    plane = facts[RED]["control_plane"]["object"]
    plane["spec"]["addons"] = {"kiali": {"enabled": True}}
    plane["metadata"].setdefault("annotations", {})["example.com/note"] = "changed"
    facts[RED]["peers"][0]["metadata"].setdefault("annotations", {})["example.com/note"] = "changed"


def _spelling(facts: dict[str, Json]) -> None:
    for peer in facts[RED]["peers"]:
        peer["spec"]["remote"].update(discoveryPort=8188, servicePort=15443)


@pytest.mark.parametrize("change", [_bump, _unrelated, _spelling], ids=lambda change: change.__name__)
def test_what_changes_by_itself_does_not_differ(change: Callable[[dict[str, Json]], None]) -> None:
    assert differences(change) == []


def _set(*path: Any, value: Any) -> Callable[[dict[str, Json]], None]:
    def change(facts: dict[str, Json]) -> None:
        target: Any = facts
        for key in path[:-1]:
            target = target[key]
        target[path[-1]] = value

    return change


def _gateway(facts: dict[str, Json]) -> None:
    plane = facts[RED]["control_plane"]["object"]
    plane["spec"]["gateways"]["additionalIngress"]["ingress-green-mesh"]["service"]["type"] = "NodePort"


CHANGES: dict[str, tuple[Callable[[dict[str, Json]], None], tuple[str, str, str]]] = {
    "value of a set": (
        _set(RED, "exports", 0, "spec", "exportRules", value=[]),
        (RED, EXPORTS, "live object spec.exportRules[0]"),
    ),
    "port that we do not send": (
        _set(RED, "peers", 1, "spec", "remote", "discoveryPort", value=1),
        (RED, PEER, "live object spec.remote.discoveryPort"),
    ),
    "label": (
        _set(RED, "exports", 0, "metadata", "labels", "ossm.federation/peer", value="gold"),
        (RED, EXPORTS, "live object metadata.labels.ossm.federation/peer"),
    ),
    "re-created object": (
        _set(RED, "exports", 0, "metadata", "uid", value="new"),
        (RED, EXPORTS, "live object metadata.uid"),
    ),
    "deleted object": (_set(RED, "exports", value=[]), (RED, EXPORTS, "live object")),
    "apply of another run": (
        _set(RED, "exports", 0, "applied", "ossm.federation/green-mesh", value={"time": "now", "fields": "{}"}),
        (RED, EXPORTS, "fields of our last apply (digest)"),
    ),
    "gateway": (
        _gateway,
        (
            RED,
            "ServiceMeshControlPlane red-mesh-system/red-mesh",
            "live object spec.gateways.additionalIngress.ingress-green-mesh.service.type",
        ),
    ),
    "root of the peer": (
        _set(GREEN, "fingerprints", value=["0" * 64]),
        (RED, PEER, "planned object metadata.annotations.ossm.federation/root-sha256"),
    ),
    "re-created control plane": (
        _set(RED, "control_plane", "uid", value="new"),
        (RED, "mesh", "the UID of its control plane"),
    ),
    "unreadable mesh": (_set(RED, "readable", value=False), (RED, "mesh", "whether it can be read")),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_a_cluster_is_named_with_object_and_field(name: str) -> None:
    change, expected = CHANGES[name]
    assert expected in differences(change)


INVENTORIES: dict[str, tuple[Json, tuple[str, str]]] = {
    "rule": ({**settled.RULES, "red_mesh": {"mesh_exports": {GREEN: ["a/b"]}}}, (RED, "mesh_exports")),
    "platform": (
        {**settled.RULES, "blue_mesh": {"mesh_platform": "AWS"}},
        (BLUE, "mesh_platform"),
    ),
    "option": (
        {
            host.replace("-", "_"): {**settled.RULES.get(host.replace("-", "_"), {}), "federation_adopt": True}
            for host in fed.COLOURS
        },
        ("federation", "federation_adopt"),
    ),
    "shared service": (
        {
            host.replace("-", "_"): {
                **settled.RULES.get(host.replace("-", "_"), {}),
                "federation_services": [{"service": "a/b", "mesh": RED}],
            }
            for host in fed.COLOURS
        },
        ("federation", "federation_services"),
    ),
}


@pytest.mark.parametrize("name", INVENTORIES)
def test_a_change_of_the_inventory_is_named_with_its_variable(name: str) -> None:
    rules, expected = INVENTORIES[name]
    _declared, facts = settled.federated()
    found = saved_plan.find_differences(save(facts), save(facts, rules), "federation")
    places = [(one.mesh, one.where) for one in found]
    assert expected in places
    variables = {where for _mesh, where in places if where.startswith(("mesh_", "federation_"))}
    assert variables == {expected[1]}


def test_how_a_run_waits_and_reports_is_no_difference() -> None:
    _declared, facts = settled.federated()
    run_only = {
        "federation_wait_timeout": 1,
        "federation_report_file": "report.json",
        "federation_apply_plan": "plan.json",
    }
    rules = {
        host.replace("-", "_"): {**settled.RULES.get(host.replace("-", "_"), {}), **run_only} for host in fed.COLOURS
    }
    assert saved_plan.find_differences(save(facts), save(facts, rules), "federation") == []


def test_a_limit_is_a_difference() -> None:
    _declared, facts = settled.federated()
    found = saved_plan.find_differences(save(facts), save(facts, play_hosts=[RED]), "federation")
    assert {(one.mesh, one.field) for one in found} == {
        (mesh, "whether the run may write to it") for mesh in (BLUE, GREEN)
    }


def compare(text: str | None) -> list[tuple[str, str]]:
    declared, facts = settled.federated()
    plan = planning.build_plan(declared, facts, fed.NOW)
    found = saved_plan.compare_plan(text, "plan.json", plan, facts, declared)
    return [(one["code"], one["message"]) for one in found]


FILES = {
    "none": (None, "there is no such file"),
    "text": ("no plan", "it is not JSON"),
    "list": ("[]", "it has no saved plan"),
    "report": ('{"saved": null, "objects": []}', "it has no saved plan"),
    "later format": ('{"saved": {"format": "ossm.federation/plan/v2"}}', "its format is ossm.federation/plan/v2"),
    "edited": ('{"saved": {"format": "ossm.federation/plan/v1", "digest": "0"}}', "it was changed after it was saved"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_saved_plan_is_rejected(name: str) -> None:
    text, message = FILES[name]
    ((code, shown),) = compare(text)
    assert code == "plan-file" and shown.startswith(message)


def test_an_unchanged_plan_is_accepted() -> None:
    _declared, facts = settled.federated()
    assert compare(json.dumps({"saved": save(facts)})) == []


def test_the_version_is_that_of_the_collection() -> None:
    galaxy = next(
        parent / "galaxy.yml" for parent in Path(__file__).resolve().parents if (parent / "galaxy.yml").exists()
    )
    assert yaml.safe_load(galaxy.read_text())["version"] == VERSION == save({})["collection"]
