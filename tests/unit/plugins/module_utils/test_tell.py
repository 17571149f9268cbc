# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says at its end."""

from __future__ import annotations

import copy
from typing import Any

import federations as lab
import pytest

from ansible_collections.ossm.federation.plugins.module_utils._product import types as product_types
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report import result as run_result

Json = dict[str, Any]


def _plan(**options: Any) -> Json:
    made = planning.build_plan(lab.declare(lab.inventory(), **options), {host: lab.facts(host) for host in lab.COLOURS}, lab.NOW)
    return copy.deepcopy(dict(made))


def test_a_link_that_is_awaited_is_not_told_from_before() -> None:
    plan = {**_plan(), "readings": _readings()}
    assert run_result.tell({**plan, "pending_steps": []}, {}, {})["connected"] == 6
    assert run_result.tell({**plan, "pending_steps": ["report"]}, {}, {})["connected"] == 0
    plan["sides"]["red-mesh"]["green-mesh"].update(state="skipped", message="no right to write")
    told = run_result.tell({**plan, "pending_steps": ["report"]}, {}, {})
    assert told["connected"] == 2
    assert any("no right to write; the link itself is up" in line for line in told["lines"])


def _link(peer: str, connected: bool = True) -> Json:
    return {
        "peer": peer, "peer_name": peer, "connected": connected, "synced": connected, "imported": [], "missing": [],
        "exported": [], "accepted": True, "suspect": None, "remedy": "Look there", "text": "" if connected else "503 x",
        "code": "connected" if connected else "unreachable", "message": "connected" if connected else "no way",
    }


def _readings(*broken: tuple[str, str]) -> Json:
    return {
        host: {"links": [_link(peer, (host, peer) not in broken) for peer in lab.COLOURS if peer != host], "problems": []}
        for host in lab.COLOURS
    }


def _written(verb: str) -> Json:
    return {"red-mesh": {"objects": [{
        "mesh": "red-mesh", "kind": "ServiceMeshPeer", "namespace": "red-mesh-system", "name": "green-mesh", "verb": verb,
        "fields": ["spec.remote.addresses"], "peer": "green-mesh", "time": "2026-01-01T00:00:00Z"}], "problems": []}}


@pytest.mark.parametrize(("verb", "check_mode", "line"), [
    ("created", False, "red-mesh: created ServiceMeshPeer red-mesh-system/green-mesh (spec.remote.addresses)"),
    ("created", True, "red-mesh: would create ServiceMeshPeer red-mesh-system/green-mesh (spec.remote.addresses)"),
    ("changed", False, "red-mesh: changed ServiceMeshPeer red-mesh-system/green-mesh (spec.remote.addresses)"),
    ("changed", True, "red-mesh: would change ServiceMeshPeer red-mesh-system/green-mesh (spec.remote.addresses)"),
    ("unchanged", False, "Nothing was changed."),
    ("unchanged", True, "Nothing would be changed."),
])
def test_changes_come_first_and_the_matrix_last(verb: str, check_mode: bool, line: str) -> None:
    told = run_result.tell(_plan(), {"peers": _written(verb), "links": _readings()}, {}, check_mode)
    assert told["lines"][0] == line
    assert told["lines"][-1].startswith("red-mesh")
    assert told["connected"] == 6 and not told["pending"] and not told["failures"]


def test_a_link_that_is_not_good_fails_its_own_mesh_alone_and_only_in_earnest() -> None:
    results = {"links": _readings(("red-mesh", "green-mesh"))}
    failures = run_result.tell(_plan(), results, {})["failures"]
    assert list(failures) == ["red-mesh"] and "red-mesh -> green-mesh: unreachable: 503 x: no way" in failures["red-mesh"]
    assert not run_result.tell(_plan(), results, {}, check_mode=True)["failures"]


def test_the_newest_reading_counts() -> None:
    results = {"links": _readings(("red-mesh", "green-mesh")), "imports": _readings()}
    assert run_result.tell(_plan(), results, {})["connected"] == 6


@pytest.mark.parametrize("require_all", [False, True])
def test_a_mesh_outside_the_run_is_waited_for_patiently_unless_all_are_required(require_all: bool) -> None:
    plan = _plan(play_hosts=["red-mesh"])
    plan["options"]["federation_fail_on_pending"] = require_all
    for side in plan["sides"]["red-mesh"].values():
        side.update(state="pending", message=f"{side['peer']} has no gateway for red-mesh yet")
    told = run_result.tell(plan, {"links": {"red-mesh": {"links": [], "problems": []}}}, {})
    assert any("green-mesh has no gateway" in message for message in told["pending"])
    assert list(told["failures"]) == (["red-mesh"] if require_all else [])


def test_a_problem_is_said_once_and_fails_its_host() -> None:
    plan = _plan()
    found = product_types.problem("conflict", "red-mesh", "ServiceMeshPeer red-mesh-system/green-mesh", "owned by others", "Agree")
    plan["meshes"]["red-mesh"]["problems"] = [found]
    plan["sides"]["red-mesh"]["green-mesh"]["problems"] = [found]
    told = run_result.tell(plan, {"links": _readings()}, {})
    assert told["problems"] == [found] and told["lines"].count(product_types.problem_line(found)) == 1
    assert told["failures"] == {"red-mesh": product_types.problem_line(found)}


def test_a_foreign_peer_that_differs_is_reported_as_drift() -> None:
    facts = lab.facts("red-mesh")
    facts["peers"] = [{
        "apiVersion": "federation.maistra.io/v1", "kind": "ServiceMeshPeer", "managers": ["kubectl-create"],
        "metadata": {"name": "green-mesh", "namespace": "red-mesh-system", "uid": "u"},
        "spec": {"security": {"trustDomain": "wrong.local"}},
    }]
    read = {host: lab.facts(host) for host in lab.COLOURS} | {"red-mesh": facts}
    plan = copy.deepcopy(dict(planning.build_plan(lab.declare(lab.inventory()), read, lab.NOW)))
    told = run_result.tell(plan, {"links": _readings()}, {"red-mesh": facts})
    drift = [one for one in told["problems"] if one["code"] == "unmanaged"]
    assert drift and any("ServiceMeshPeer red-mesh-system/green-mesh" in one["where"] for one in drift)


def test_the_second_wait_expects_what_the_others_offer() -> None:
    plan = _plan()
    rule = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}}
    plan["sides"]["red-mesh"]["green-mesh"]["imports"] = [rule]
    readings = _readings()
    offer = "ratings.bookinfo.svc.red-mesh-exports.local"
    next(one for one in readings["green-mesh"]["links"] if one["peer"] == "red-mesh")["exported"] = [
        {"exportedName": offer, "hostname": "x"}]
    results = {"links": readings, "peers": _written("changed")}
    first = {one["peer"]: one for one in run_result.link_options(plan, "red-mesh", results, expect=False)}
    second = {one["peer"]: one for one in run_result.link_options(plan, "red-mesh", results, expect=True)}
    assert first["green-mesh"]["imports_expected"] == [] and second["green-mesh"]["imports_expected"] == [offer]
    assert first["green-mesh"]["since"] == "2026-01-01T00:00:00Z" and "since" not in first["blue-mesh"]


def _restarted(pods: list[str]) -> Json:
    change = {"mesh": "red-mesh", "kind": "Deployment", "namespace": "red-mesh-system", "name": "istiod-red-mesh", "verb": "changed",
              "fields": ["restartedAt"], "peer": None, "time": None}
    return {"red-mesh": {"objects": [change], "problems": [], "pods": pods, "restarted": bool(pods)}}


def _deadlocked() -> Json:
    readings = _readings()
    readings["red-mesh"]["links"][0].update(suspect="deadlock", connected=False, code="deadlock")
    return {"links": readings}


def test_what_an_istiod_does_not_take_up_fails_its_host_and_is_foretold_by_a_check_run() -> None:
    told = run_result.tell(_plan(), _deadlocked(), {})
    assert [one["code"] for one in told["problems"]] == ["deadlock"] and "[deadlock]" in told["failures"]["red-mesh"]
    foretold = run_result.tell(_plan(), _deadlocked(), {}, check_mode=True)
    assert [one["severity"] for one in foretold["problems"]] == ["warning"] and not foretold["failures"]
    assert "run again with federation_restart_control_plane: true" in foretold["problems"][0]["remedy"]
    plan = _plan()
    plan["options"]["federation_restart_control_plane"] = ["red-mesh"]
    foretold = run_result.tell(plan, _deadlocked(), {}, check_mode=True)
    assert foretold["problems"][0]["remedy"] == "Run without check mode: it is restarted then"


@pytest.mark.parametrize(("asked", "hosts"), [([], []), (["red-mesh"], ["red-mesh"]), (["blue-mesh"], [])])
def test_what_is_to_be_restarted(asked: list[str], hosts: list[str]) -> None:
    plan = _plan()
    plan["options"]["federation_restart_control_plane"] = asked
    assert run_result.restarts(plan, _deadlocked(), {}) == hosts


def test_a_restart_is_told_as_a_change_and_the_links_after_it_count() -> None:
    results = {**_deadlocked(), "restarts": _restarted(["istiod-2"]), "links_again": _readings()}
    told = run_result.tell(_plan(), results, {})
    assert told["lines"][0] == "red-mesh: changed Deployment red-mesh-system/istiod-red-mesh (restartedAt)"
    assert told["connected"] == 6 and not told["problems"] and not told["failures"]


def test_a_restart_that_failed_fails_its_host() -> None:
    broken = _restarted([])
    broken["red-mesh"]["problems"] = [product_types.problem("restart-late", "red-mesh", "Deployment a/b", "1 of 2", "Look")]
    told = run_result.tell(_plan(), {"links": _readings(), "restarts": broken}, {})
    assert "[restart-late]" in told["failures"]["red-mesh"]


def test_the_roots_are_in_the_report() -> None:
    told = run_result.tell(_plan(), {"links": _readings()}, {})
    assert [root["subject"] for root in told["roots"]["red-mesh"]] == ["O=red-mesh"]


def test_a_run_of_other_steps_judges_no_link() -> None:
    plan = _plan()
    assert set(run_result.tell(plan, {}, {})["failures"])
    assert run_result.tell(plan, {}, {}, judge_links=False)["failures"] == {}
