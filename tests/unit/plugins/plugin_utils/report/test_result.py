# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a run: its data and its text."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from unit.builders import federations as lab

from ansible_collections.ossm.federation.plugins.module_utils._product import types as product_types
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report import result as run_result
from ansible_collections.ossm.federation.plugins.plugin_utils._run import waiting

Json = dict[str, Any]


def _plan(**options: Any) -> Json:
    plan = planning.build_plan(
        lab.declare(lab.inventory(), **options), {host: lab.facts(host) for host in lab.COLOURS}, lab.NOW
    )
    return copy.deepcopy(dict(plan))


def test_an_awaited_link_is_not_reported_from_the_first_reading() -> None:
    plan = {**_plan(), "readings": _readings()}
    assert run_result.report({**plan, "pending_steps": []}, {}, {})["connected"] == 6
    assert run_result.report({**plan, "pending_steps": ["report"]}, {}, {})["connected"] == 0
    plan["sides"]["red-mesh"]["green-mesh"].update(state="skipped", message="no right to write")
    report = run_result.report({**plan, "pending_steps": ["report"]}, {}, {})
    assert report["connected"] == 2
    (link,) = [link for link in report["links"] if (link["from"], link["to"]) == ("red-mesh", "green-mesh")]
    assert (link["state"], link["unverified"]) == ("healthy", "no right to write")


def _link(peer: str, connected: bool = True) -> Json:
    return {
        "peer": peer,
        "peer_name": peer,
        "connected": connected,
        "synced": connected,
        "imported": [],
        "missing": [],
        "exported": [],
        "accepted": True,
        "suspect": None,
        "remedy": "Look there",
        "text": "" if connected else "503 x",
        "code": "connected" if connected else "peer-unreachable",
        "message": "connected" if connected else "no way",
    }


def _readings(*broken: tuple[str, str]) -> Json:
    return {
        host: {
            "links": [_link(peer, (host, peer) not in broken) for peer in lab.COLOURS if peer != host],
            "problems": [],
        }
        for host in lab.COLOURS
    }


def _written(verb: str) -> Json:
    return {
        "red-mesh": {
            "objects": [
                {
                    "mesh": "red-mesh",
                    "kind": "ServiceMeshPeer",
                    "namespace": "red-mesh-system",
                    "name": "green-mesh",
                    "verb": verb,
                    "fields": ["spec.remote.addresses"],
                    "peer": "green-mesh",
                    "time": "2026-01-01T00:00:00Z",
                }
            ],
            "problems": [],
        }
    }


OBJECT = "ServiceMeshPeer red-mesh-system/green-mesh"


@pytest.mark.parametrize(
    ("verb", "check_mode", "numbers", "summary", "detail"),
    [
        ("created", False, "1 object created.", "created 1 ServiceMeshPeer", f"created {OBJECT}"),
        ("created", True, "1 object would be created.", "would create 1 ServiceMeshPeer", f"would create {OBJECT}"),
        (
            "changed",
            False,
            "1 object changed.",
            "changed 1 ServiceMeshPeer",
            f"changed {OBJECT} (spec.remote.addresses)",
        ),
        (
            "changed",
            True,
            "1 object would be changed.",
            "would change 1 ServiceMeshPeer",
            f"would change {OBJECT} (spec.remote.addresses)",
        ),
        ("deleted", False, "1 object deleted.", "deleted 1 ServiceMeshPeer", f"deleted {OBJECT}"),
    ],
)
def test_the_verdict_comes_first_and_the_changes_last(
    verb: str, check_mode: bool, numbers: str, summary: str, detail: str
) -> None:
    report = run_result.report(_plan(), {"peers": _written(verb), "links": _readings()}, {}, check_mode)
    assert report["lines"][0] == f"HEALTHY  6 of 6 links healthy. {numbers}"
    assert report["lines"][-1] == f"red-mesh: {summary}"
    assert f"red-mesh: {detail}" in report["details"] and not any("spec." in line for line in report["lines"])
    assert report["connected"] == 6 and not report["pending"] and not report["failures"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_run_that_changes_nothing_says_so(check_mode: bool) -> None:
    results = {"peers": _written("unchanged"), "links": _readings()}
    report = run_result.report(_plan(), results, {}, check_mode)
    words = "Nothing would be changed." if check_mode else "Nothing was changed."
    assert report["lines"][0] == f"HEALTHY  6 of 6 links healthy. {words}"
    assert report["details"] == [] and report["changes"] == []


def _change(kind: str, name: str, verb: str, fields: list[str], peer: str | None = "green-mesh") -> Json:
    return {
        "mesh": "red-mesh",
        "kind": kind,
        "namespace": "red-mesh-system",
        "name": name,
        "verb": verb,
        "fields": fields,
        "peer": peer,
        "time": None,
    }


def test_changes_are_one_line_per_mesh() -> None:
    gateway = "spec.gateways.additionalIngress.ingress-{}.{}"
    objects = [
        _change("ServiceMeshControlPlane", "basic", "changed", ["spec.security.trust.domain"], None),
        _change("ServiceMeshControlPlane", "basic", "changed", [gateway.format("green", "enabled")]),
        _change("ServiceMeshControlPlane", "basic", "changed", [gateway.format("blue", "enabled")], "blue-mesh"),
        _change("ConfigMap", "a", "created", ["data"]),
        _change("ConfigMap", "b", "created", ["data"], "blue-mesh"),
        _change("ServiceMeshPeer", "a", "changed", ["spec.remote"]),
    ]
    results = {"peers": {"red-mesh": {"objects": objects, "problems": []}}, "links": _readings()}
    report = run_result.report(_plan(), results, {})
    assert report["lines"][-2:] == [
        "red-mesh: gateways for blue-mesh, green-mesh added; trust domain set; created 2 ConfigMaps; changed",
        "    1 ServiceMeshPeer",
    ]
    assert {key: report["counts"][key] for key in ("created", "changed", "deleted")} == {
        "created": 2,
        "changed": 2,
        "deleted": 0,
    }
    rehearsal = run_result.report(_plan(), results, {}, True)
    assert (
        "red-mesh: gateways for blue-mesh, green-mesh would be added; trust domain would be set; would"
        in rehearsal["lines"][-2]
    )


def test_an_unhealthy_link_fails_only_the_mesh_that_watches_and_not_a_check_run() -> None:
    results = {"links": _readings(("red-mesh", "green-mesh"))}
    failures = run_result.report(_plan(), results, {})["failures"]
    assert failures == {"red-mesh": "red-mesh -> green-mesh unreachable. See the report above."}
    assert not run_result.report(_plan(), results, {}, check_mode=True)["failures"]


def test_the_newest_reading_counts() -> None:
    results = {"links": _readings(("red-mesh", "green-mesh")), "imports": _readings()}
    assert run_result.report(_plan(), results, {})["connected"] == 6


@pytest.mark.parametrize("require_all", [False, True])
def test_links_to_a_mesh_outside_the_run_are_pending_and_fail_on_request(require_all: bool) -> None:
    plan = _plan(play_hosts=["red-mesh"])
    plan["options"]["federation_fail_on_pending"] = require_all
    for side in plan["sides"]["red-mesh"].values():
        side.update(state="pending", message=f"{side['peer']} has no gateway for red-mesh yet")
    report = run_result.report(plan, {"links": {"red-mesh": {"links": [], "problems": []}}}, {})
    assert any("green-mesh has no gateway" in message for message in report["pending"])
    assert list(report["failures"]) == (["red-mesh"] if require_all else [])


def test_a_problem_is_reported_once_and_fails_its_host() -> None:
    plan = _plan()
    found = product_types.problem(
        "conflict", "red-mesh", "ServiceMeshPeer red-mesh-system/green-mesh", "owned by others", "Agree"
    )
    plan["meshes"]["red-mesh"]["problems"] = [found]
    plan["sides"]["red-mesh"]["green-mesh"]["problems"] = [found]
    report = run_result.report(plan, {"links": _readings()}, {})
    assert report["problems"] == [found] and report["lines"].count(product_types.problem_line(found)) == 1
    assert report["lines"][:2] == [
        "DEGRADED  6 of 6 links healthy: red-mesh: another field manager owns a field that we would write.",
        "Nothing was changed.",
    ]
    assert report["failures"] == {"red-mesh": "1 error [conflict]. See the report above."}


def test_an_unmanaged_peer_that_differs_is_reported() -> None:
    facts = lab.facts("red-mesh")
    facts["peers"] = [
        {
            "apiVersion": "federation.maistra.io/v1",
            "kind": "ServiceMeshPeer",
            "managers": ["kubectl-create"],
            "metadata": {"name": "green-mesh", "namespace": "red-mesh-system", "uid": "u"},
            "spec": {"security": {"trustDomain": "wrong.local"}},
        }
    ]
    read = {host: lab.facts(host) for host in lab.COLOURS} | {"red-mesh": facts}
    plan = copy.deepcopy(dict(planning.build_plan(lab.declare(lab.inventory()), read, lab.NOW)))
    report = run_result.report(plan, {"links": _readings()}, {"red-mesh": facts})
    drift = [problem for problem in report["problems"] if problem["code"] == "unmanaged"]
    assert drift and any("ServiceMeshPeer red-mesh-system/green-mesh" in problem["where"] for problem in drift)


PAIR = ("red-mesh", "green-mesh")


def test_the_second_wait_expects_what_the_others_offer() -> None:
    plan = _plan()
    rule = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}}
    plan["sides"]["red-mesh"]["green-mesh"]["imports"] = [rule]
    readings = _readings()
    offer = "ratings.bookinfo.svc.red-mesh-exports.local"
    next(link for link in readings["green-mesh"]["links"] if link["peer"] == "red-mesh")["exported"] = [
        {"exportedName": offer, "hostname": "x"}
    ]
    results = {"links": readings, "peers": _written("changed")}
    first = {link["peer"]: link["expect"] for link in waiting.wait_options(plan, "links", "red-mesh", results)}
    second = {link["peer"]: link["expect"] for link in waiting.wait_options(plan, "imports", "red-mesh", results)}
    assert first["green-mesh"]["imports_expected"] == [] and second["green-mesh"]["imports_expected"] == [offer]
    assert first["green-mesh"]["since"] == "2026-01-01T00:00:00Z" and "since" not in first["blue-mesh"]


def test_only_meshes_that_miss_an_import_wait_for_it() -> None:
    plan, readings = _plan(), _readings()
    offer = {"exportedName": "ratings.bookinfo.svc.red-mesh-exports.local", "hostname": "x"}
    rule = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}}
    link = {host: next(one for one in readings[host]["links"] if one["peer"] in PAIR) for host in PAIR}
    link["green-mesh"]["exported"] = [offer]
    assert waiting.missing_imports(plan, {"links": readings}) == []
    plan["sides"]["red-mesh"]["green-mesh"]["imports"] = [rule]
    assert waiting.missing_imports(plan, {"links": readings}) == ["red-mesh"]
    link["red-mesh"]["imported"] = [offer]
    assert waiting.missing_imports(plan, {"links": readings}) == []
    link["red-mesh"].update(imported=[], state="unknown")
    assert waiting.missing_imports(plan, {"links": readings}) == ["red-mesh"]
    plan["meshes"]["red-mesh"]["in_play"] = False
    assert waiting.missing_imports(plan, {"links": readings}) == []


def _restarted(pods: list[str]) -> Json:
    change = {
        "mesh": "red-mesh",
        "kind": "Deployment",
        "namespace": "red-mesh-system",
        "name": "istiod-red-mesh",
        "verb": "changed",
        "fields": ["restartedAt"],
        "peer": None,
        "time": None,
    }
    return {"red-mesh": {"objects": [change], "problems": [], "pods": pods, "restarted": bool(pods)}}


def _deadlocked() -> Json:
    readings = _readings()
    readings["red-mesh"]["links"][0].update(suspect="deadlock", connected=False, code="deadlock")
    return {"links": readings}


def test_what_only_a_restart_corrects_fails_its_host_and_is_a_warning_of_a_check_run() -> None:
    report = run_result.report(_plan(), _deadlocked(), {})
    assert [problem["code"] for problem in report["problems"]] == ["deadlock"] and "[deadlock]" in report["failures"][
        "red-mesh"
    ]
    report = run_result.report(_plan(), _deadlocked(), {}, check_mode=True)
    assert [problem["severity"] for problem in report["problems"]] == ["warning"] and not report["failures"]
    assert "run again with federation_restart_control_plane: true" in report["problems"][0]["remedy"]
    plan = _plan()
    plan["options"]["federation_restart_control_plane"] = ["red-mesh"]
    report = run_result.report(plan, _deadlocked(), {}, check_mode=True)
    assert report["problems"][0]["remedy"] == "Run without check mode, which restarts it"


@pytest.mark.parametrize(("asked", "hosts"), [([], []), (["red-mesh"], ["red-mesh"]), (["blue-mesh"], [])])
def test_what_is_to_be_restarted(asked: list[str], hosts: list[str]) -> None:
    plan = _plan()
    plan["options"]["federation_restart_control_plane"] = asked
    assert run_result.restarts(plan, _deadlocked(), {}) == hosts


def test_a_restart_is_a_change_and_the_links_after_it_count() -> None:
    results = {**_deadlocked(), "restarts": _restarted(["istiod-2"]), "links_again": _readings()}
    report = run_result.report(_plan(), results, {})
    assert report["lines"][-1] == "red-mesh: istiod restarted"
    assert report["connected"] == 6 and not report["problems"] and not report["failures"]


def test_a_restart_that_failed_fails_its_host() -> None:
    broken = _restarted([])
    broken["red-mesh"]["problems"] = [
        product_types.problem("restart-late", "red-mesh", "Deployment a/b", "1 of 2", "Look")
    ]
    report = run_result.report(_plan(), {"links": _readings(), "restarts": broken}, {})
    assert "[restart-late]" in report["failures"]["red-mesh"]


def test_the_roots_are_in_the_report() -> None:
    report = run_result.report(_plan(), {"links": _readings()}, {})
    assert [root["subject"] for root in report["roots"]["red-mesh"]] == ["O=red-mesh"]


def test_a_link_that_a_check_run_would_create_is_pending_and_needs_no_explanation() -> None:
    readings = _readings()
    absent = next(link for link in readings["red-mesh"]["links"] if link["peer"] == "green-mesh")
    absent.update(connected=False, synced=False, code="absent", message="there is no ServiceMeshPeer")
    results = {"peers": _written("created"), "links": readings}
    report = run_result.report(_plan(), results, {}, check_mode=True)
    assert report["lines"][0] == "PENDING  5 of 6 links healthy, 1 pending. 1 object would be created."
    assert report["causes"] == [] and report["verdict"] == "PENDING"
    assert run_result.report(_plan(), results, {})["verdict"] == "DEGRADED"


def test_a_run_of_other_steps_judges_no_link() -> None:
    plan = _plan()
    assert set(run_result.report(plan, {}, {})["failures"])
    report = run_result.report(plan, {}, {}, judge_links=False)
    assert report["failures"] == {} and report["verdict"] == "PENDING"
