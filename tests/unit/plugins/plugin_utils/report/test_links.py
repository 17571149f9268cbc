# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One judgement per link, and the matrix."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.plugin_utils._report import (
    links as link_report,
    matrix as matrix_report,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import WIDTH
from ansible_collections.ossm.federation.plugins.plugin_utils._run import expectations

Json = dict[str, Any]
RULE = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}}


def _plan(names: list[str], **sides: Any) -> Json:
    plan: Json = {
        "options": {},
        "meshes": {
            name: {
                "mesh": name,
                "readable": True,
                "in_play": True,
                "problems": [],
                "by_file": False,
                "version": None,
                "root_error": "",
            }
            for name in names
        },
        "sides": {name: {} for name in names},
    }
    for host, peer in permutations(names, 2):
        plan["sides"][host][peer] = {
            "mesh": host,
            "host": host,
            "peer": peer,
            "peer_host": peer,
            "peer_name": peer,
            "state": "ready",
            "message": "",
            "problems": [],
            "imports": [RULE],
            "exports": None,
            "peer_object": "ours",
            "config_map": None,
            "root_applied": None,
            "identity_file": None,
            "contact": "none",
            **sides,
        }
    return plan


def _status(peer: str, **more: Any) -> Json:
    return {
        "peer": peer,
        "peer_name": peer,
        "connected": True,
        "synced": True,
        "imported": [],
        "missing": [],
        "exported": [],
        "text": "",
        "code": "connected",
        "message": "connected",
        "remedy": "",
        "accepted": True,
        "suspect": None,
        **more,
    }


def _waits(names: list[str]) -> Json:
    return {host: {"links": [_status(peer) for peer in names if peer != host], "problems": []} for host in names}


def _one(found: list[Json], from_: str, to: str) -> Json:
    return next(link for link in found if (link["from"], link["to"]) == (from_, to))


def test_all_healthy() -> None:
    names = ["red", "green", "blue"]
    links = link_report.links(_plan(names), _waits(names))
    assert len(links) == 6 and all(link["healthy"] and not link["failed"] for link in links)
    assert matrix_report.matrix(links)[2:] == [
        "       blue  green  red",
        "blue   -     ok     ok",
        "green  ok    -      ok",
        "red    ok    ok     -",
    ]


def test_a_mesh_that_could_not_be_read_has_unknown_links() -> None:
    plan, waits = _plan(["red", "green"]), _waits(["red", "green"])
    unreadable = _status("green", exists=None, connected=None, synced=None, state="unknown", code="unreadable")
    waits["red"] = {
        "links": [unreadable],
        "problems": [{"message": "https://red refuses the connection", "remedy": "Start it"}],
    }
    link = _one(link_report.links(plan, waits), "red", "green")
    assert (link["state"], link["message"], link["remedy"]) == (
        "unknown",
        "https://red refuses the connection",
        "Start it",
    )


def test_what_is_offered_and_matched_by_a_rule_must_be_imported() -> None:
    plan, waits = _plan(["red", "green"]), _waits(["red", "green"])
    offered = [
        {"exportedName": f"{name}.bookinfo.svc.red-exports.local", "hostname": "x"} for name in ("ratings", "reviews")
    ]
    waits["green"]["links"][0]["exported"] = offered
    link = _one(link_report.links(plan, waits), "red", "green")
    assert link["state"] == "incomplete" and link["missing"] == ["ratings.bookinfo.svc.red-exports.local"]
    asked = expectations.wait_links(plan, "red", waits)
    assert asked[0]["imports_expected"] == ["ratings.bookinfo.svc.red-exports.local"]
    waits["red"]["links"][0]["imported"] = [offered[0]]
    assert _one(link_report.links(plan, waits), "red", "green")["healthy"]


@pytest.mark.parametrize(
    ("version", "seconds", "remedy"),
    [
        ("v2.5", 300, "Wait: a rule added on a live link needs up to two minutes"),
        (
            "v2.4",
            300,
            "Run again with federation_wait_timeout: 450: with v2.4 a rule added on a live link needs up to seven minutes",
        ),
        ("v2.3", 450, "Wait: with v2.3 a rule added on a live link needs up to seven minutes"),
        (None, 300, "Wait: a rule added on a live link needs up to two minutes (seven minutes before 2.5)"),
    ],
)
def test_the_remedy_of_a_slow_sync_depends_on_the_version(version: str | None, seconds: int, remedy: str) -> None:
    plan, waits = _plan(["red", "green"]), _waits(["red", "green"])
    plan["meshes"]["red"]["version"], plan["options"] = version, {"federation_wait_timeout": seconds}
    waits["red"]["links"][0]["missing"] = ["ratings.bookinfo.svc.red-exports.local"]
    link = _one(link_report.links(plan, waits), "red", "green")
    assert (link["state"], link["remedy"]) == ("incomplete", remedy)
    waits["red"]["links"][0]["synced"] = False
    link = _one(link_report.links(plan, waits), "red", "green")
    assert link["state"] == "syncing" and ("five minutes" in link["remedy"]) is (version != "v2.5")


def test_one_exported_name_from_two_meshes_is_a_collision() -> None:
    names = ["red", "green", "blue"]
    waits = _waits(names)
    for link in waits["red"]["links"]:
        link["imported"] = [{"exportedName": "ratings.bookinfo.svc.red-exports.local", "hostname": link["peer"]}]
    links = link_report.links(_plan(names), waits)
    assert {_one(links, "red", peer)["state"] for peer in ("green", "blue")} == {"collision"}


@pytest.mark.parametrize(
    ("status", "state", "word"),
    [
        (
            {"connected": False, "synced": False, "code": "identity-refused", "text": "403 x", "message": "no"},
            "refused",
            "403",
        ),
        (
            {"connected": False, "synced": False, "code": "peer-unreachable", "text": "503 x", "message": "no"},
            "unreachable",
            "503",
        ),
        (
            {"connected": False, "synced": False, "code": "no-route", "text": "404 x", "message": "no"},
            "connecting",
            "404",
        ),
        (
            {"connected": False, "synced": False, "code": "not-accepted", "accepted": False, "message": "no"},
            "not accepted",
            "no",
        ),
        ({"synced": False}, "syncing", "synced"),
    ],
)
def test_states(status: Json, state: str, word: str) -> None:
    plan, waits = _plan(["red", "green"]), _waits(["red", "green"])
    waits["red"]["links"][0].update(status)
    links = link_report.links(plan, waits)
    link = _one(links, "red", "green")
    assert link["state"] == state and word in link["message"] and link["failed"]
    assert matrix_report.matrix(links)[-1].split("  ", 1)[1].strip().startswith(state)


def test_a_limited_run_and_a_missing_partner_are_not_failures() -> None:
    plan, waits = _plan(["red", "green"]), _waits(["red"])
    plan["meshes"]["green"]["in_play"] = False
    plan["sides"]["red"]["green"].update(state="pending", message="green has not opened its gateway")
    links = link_report.links(plan, waits)
    assert [link["state"] for link in links] == ["excluded", "pending"]
    assert not any(link["failed"] or link["healthy"] for link in links)


def test_an_unreadable_mesh_is_unknown_with_its_reason() -> None:
    plan, waits = _plan(["red", "green"]), _waits(["green"])
    reason = {"message": "https://x refuses the connection", "remedy": "Start it"}
    plan["meshes"]["red"].update(readable=False, problems=[reason])
    plan["sides"]["red"]["green"].update(state="skipped")
    link = _one(link_report.links(plan, waits), "red", "green")
    assert link["state"] == "unknown" and link["message"] == reason["message"] and link["remedy"] == "Start it"


def test_every_mesh_broken_still_gives_a_matrix() -> None:
    names = [f"mesh-{number:02}" for number in range(1, 11)]
    plan = _plan(names, state="skipped")
    for mesh in plan["meshes"].values():
        mesh.update(readable=False, problems=[{"message": "gone", "remedy": "Repair it"}])
    links = link_report.links(plan, {})
    assert {(link["state"], link["remedy"]) for link in links} == {("unknown", "Repair it")} and len(links) == 90
    assert "\n".join(matrix_report.matrix(links)).count("unknown") == 90


@pytest.mark.parametrize("number", [2, 3, 10, 20, 40])
def test_the_matrix_stays_narrow(number: int) -> None:
    names = [f"mesh-{index:02}" for index in range(number)]
    waits = _waits(names)
    waits[names[0]]["links"][0].update(
        connected=False, synced=False, code="identity-refused", message="it refuses " * 30
    )
    lines = matrix_report.matrix(link_report.links(_plan(names), waits))
    assert max(map(len, lines)) <= WIDTH
    assert all(name in "\n".join(lines) for name in names)


def test_every_state_has_a_mark_of_its_own() -> None:
    marks = [mark for mark, _meaning in matrix_report.MARKS.values()]
    assert len(set(marks)) == len(marks) and max(map(len, marks)) <= 3


def test_times_of_the_last_change() -> None:
    objects = [
        {"kind": "ServiceMeshPeer", "name": "green", "time": "2"},
        {"kind": "ConfigMap", "name": "x", "time": "9"},
        {"kind": "ImportedServiceSet", "name": "green", "time": "1"},
        {"kind": "ServiceMeshPeer", "name": "blue", "time": None},
    ]
    assert expectations.changed_at([{"objects": objects}, None]) == {"green": "2"}


@pytest.mark.parametrize(
    ("in_play", "remedy"),
    [(True, "Correct the problems of green and run again"), (False, "Run federate.yml for green")],
)
def test_the_remedy_of_a_pending_link_depends_on_whether_the_mesh_is_part_of_the_run(
    in_play: bool, remedy: str
) -> None:
    plan = _plan(["red", "green"], state="pending")
    plan["meshes"]["green"]["in_play"] = in_play
    link = _one(link_report.links(plan, {}), "red", "green")
    assert (link["state"], link["remedy"], link["failed"]) == ("pending", remedy, in_play)


@pytest.mark.parametrize(
    ("proven", "cell"), [(True, "ok, 1 imported"), (None, "ok, 1 imported"), (False, "up, not verified")]
)
def test_a_link_that_did_not_reconnect_since_its_root_changed_is_healthy_and_not_verified(
    proven: bool | None, cell: str
) -> None:
    plan, waits = _plan(["red", "green"]), _waits(["red", "green"])
    waits["red"]["links"][0].update(root_proven=proven, imported=[{"exportedName": "x", "hostname": "y"}])
    links = link_report.links(plan, waits)
    link = _one(links, "red", "green")
    assert link["healthy"] and not link["failed"] and link["root_proven"] is proven
    assert bool(link["unverified"]) is (proven is False)
    text = "\n".join(matrix_report.matrix(links))
    assert cell in text and ("up, not verified: connected, but this run could not verify it" in text) is (
        proven is False
    )


@pytest.mark.parametrize("state", ["pending", "skipped"])
def test_a_link_that_is_up_although_this_run_could_not_finish_it_is_not_verified(state: str) -> None:
    plan, waits = _plan(["red", "green"]), _waits(["red", "green"])
    plan["sides"]["red"]["green"].update(state=state, message="green could not be read")
    link = _one(link_report.links(plan, waits), "red", "green")
    assert (link["state"], link["failed"], link["unverified"]) == ("healthy", False, "green could not be read")
    waits["red"]["links"][0]["synced"] = False
    link = _one(link_report.links(plan, waits), "red", "green")
    assert link["state"] == state and link["failed"]
    assert link["message"] == "green could not be read; the link itself is connected"


@pytest.mark.parametrize(
    ("code", "mesh", "peer"), [("identity-kept", "green", "red"), ("network-view", "red", "green")]
)
def test_a_connected_link_whose_requests_fail_is_not_healthy(code: str, mesh: str, peer: str) -> None:
    links = link_report.links(_plan(["red", "green"]), _waits(["red", "green"]))
    error = {
        "code": code,
        "severity": "error",
        "mesh": mesh,
        "peer": peer,
        "where": "x",
        "message": "it is wrong",
        "remedy": "Do it",
    }
    marked = link_report.with_failing_requests(links, [error])
    link = _one(marked, "red", "green")
    assert (link["state"], link["healthy"], link["remedy"]) == ("requests fail", False, "Do it")
    assert "503" in link["message"] and _one(marked, "green", "red")["healthy"]
    assert link_report.with_failing_requests(links, [{**error, "severity": "warning"}]) == links


def test_the_time_of_the_last_change_of_a_root() -> None:
    plan = _plan(["red", "green"], config_map="green-root", root_applied="2")
    assert [link["root_since"] for link in expectations.wait_links(plan, "red")] == ["2"]
    written = [
        {
            "objects": [
                {"kind": "ConfigMap", "name": "green-root", "time": "5"},
                {"kind": "ServiceMeshPeer", "name": "green-root", "time": "9"},
            ]
        }
    ]
    roots = expectations.roots_changed_at(written)
    assert [link["root_since"] for link in expectations.wait_links(plan, "red", roots=roots)] == ["5"]
    assert "root_since" not in expectations.wait_links(_plan(["red", "green"]), "red")[0]


def test_a_rejected_root_fails_a_limited_run() -> None:
    plan, waits = _plan(["red", "green"]), _waits(["red"])
    plan["meshes"]["green"].update(in_play=False, root_error="the root has expired")
    plan["sides"]["red"]["green"].update(state="pending", message="green cannot do its side")
    assert _one(link_report.links(plan, waits), "red", "green")["failed"]


def test_a_root_that_istiod_keeps_is_the_reason_and_its_restart_the_remedy() -> None:
    plan, waits = _plan(["red", "green"]), _waits(["red", "green"])
    waits["red"]["links"][0].update(connected=False, code="peer-unreachable", text="503 x", root_not_loaded=True)
    link = _one(link_report.links(plan, waits), "red", "green")
    assert link["state"] == "unreachable" and link["message"].startswith(
        "503 x: its root changed while the link was down"
    )
    assert link["remedy"] == "Restart the istiod of red (federation_restart_control_plane)"
