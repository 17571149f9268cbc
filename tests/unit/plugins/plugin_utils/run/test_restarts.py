# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes that a running istiod does not apply: the note on the peer, and each case with similar ones that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.builders import federations as fed
from unit.builders.established import (
    BLUE,
    CHANGED,
    CREATED,
    DOWN,
    FIRST,
    GREEN,
    RED,
    Federation,
    change_client_id,
    seconds_after,
)

from ansible_collections.ossm.federation.plugins.module_utils._readers.link import judge_link
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import identity_note
from ansible_collections.ossm.federation.plugins.plugin_utils._report import result as run_result
from ansible_collections.ossm.federation.plugins.plugin_utils._run import restarts as recovery

Json = dict[str, Any]
NOW = {**FIRST, "clientID": "new.local/ns/green/sa/egress-service-account"}
SIDE = {"client_id": NOW["clientID"], "ingress": NOW["ingress"]}
OLD, NEW = [{"name": "istiod-old"}], [{"name": "istiod-new"}]


def _peer(values: Json, note: Json | str | None = None) -> Json:
    text = json.dumps(note) if isinstance(note, dict) else note
    return {
        "metadata": {"name": GREEN, "annotations": {identity_note.KEPT: text} if text is not None else {}},
        "spec": {
            "security": {"clientID": values["clientID"]},
            "gateways": {"ingress": {"name": values["ingress"]}},
        },
    }


def _note(values: Json, *pods: str) -> Json:
    return {**values, "pods": list(pods)}


CASES: dict[str, tuple[Json | None, list[Json] | None, Json | None, Json | None]] = {
    # live peer, pods that run, the note that is written, what istiod keeps
    "a new peer": (None, OLD, _note(NOW, "istiod-old"), None),
    "a new peer, pods unknown": (None, None, _note(NOW), None),
    "no note, no change": (_peer(NOW), OLD, None, None),
    "no note, changed": (_peer(FIRST), OLD, _note(FIRST, "istiod-old"), FIRST),
    "changed under the first istiod": (
        _peer(FIRST, _note(FIRST, "istiod-old")),
        OLD,
        _note(FIRST, "istiod-old"),
        FIRST,
    ),
    "changed in an earlier run": (_peer(NOW, _note(FIRST, "istiod-old")), OLD, _note(FIRST, "istiod-old"), FIRST),
    "one of two pods remains": (
        _peer(NOW, _note(FIRST, "istiod-old", "istiod-gone")),
        OLD,
        _note(FIRST, "istiod-old", "istiod-gone"),
        FIRST,
    ),
    "istiod was restarted": (_peer(NOW, _note(FIRST, "istiod-old")), NEW, _note(FIRST, "istiod-old"), None),
    "changed under the next istiod": (_peer(FIRST, _note(NOW, "istiod-old")), NEW, _note(FIRST, "istiod-new"), FIRST),
    "put back under the first istiod": (_peer(FIRST, _note(NOW, "istiod-old")), OLD, _note(NOW, "istiod-old"), None),
    "changed, pods unknown": (_peer(FIRST, _note(FIRST, "istiod-old")), None, _note(FIRST, "istiod-old"), FIRST),
    "a note of another client": (_peer(NOW, "mine"), OLD, "mine", None),
    "a note of another client, changed": (_peer(FIRST, "[1]"), OLD, _note(FIRST, "istiod-old"), FIRST),
    "a note with other names": (_peer(FIRST, {**NOW, "pods": [{}]}), OLD, _note(FIRST, "istiod-old"), FIRST),
    "half a note": (_peer(FIRST, {"pods": ["istiod-old"]}), OLD, _note(FIRST, "istiod-old"), FIRST),
}


@pytest.mark.parametrize("case", CASES)
def test_the_note_says_what_istiod_keeps(case: str) -> None:
    live, pods, note, kept = CASES[case]
    written = identity_note.kept_mark(SIDE, live, pods)
    assert (json.loads(written) if written and written != "mine" else written) == note
    assert identity_note.kept_identity(SIDE, live, pods) == kept
    if live is not None and written is not None:
        again = {**_peer(NOW, written)}
        assert identity_note.kept_mark(SIDE, again, pods) == written, "a second run writes nothing"


def test_a_restart_voids_the_note_at_once() -> None:
    assert identity_note.kept_identity(SIDE, _peer(FIRST), OLD) == FIRST
    assert identity_note.kept_identity(SIDE, _peer(FIRST), OLD, NEW) is None
    assert identity_note.kept_identity(SIDE, _peer(FIRST), OLD, OLD) == FIRST


# -- a federation ----------------------------------------------------------------------------------------------------


def test_a_healthy_federation_needs_no_restart() -> None:
    assert Federation().needs() == []


@pytest.mark.parametrize(
    ("changes", "severity"), [({}, "error"), ({"istiod": None}, "warning"), ({"exports": []}, "warning")]
)
def test_a_changed_client_id_is_an_error_where_requests_surely_fail(changes: Json, severity: str) -> None:
    federation = Federation()
    change_client_id(federation)
    if "istiod" in changes:
        federation.facts[RED]["istiod"] = None
    else:
        federation.plan["sides"][RED][GREEN].update(changes)
    (needs,) = recovery.needs(federation.plan, federation.links, federation.facts)
    assert (needs["code"], needs["severity"]) == ("identity-kept", severity)
    assert f"requests from {GREEN} are answered 503" in needs["message"] and FIRST["clientID"] in needs["message"]


def test_a_changed_ingress_gateway_is_reported_with_its_consequence() -> None:
    federation = Federation()
    federation.peer(RED, GREEN)["spec"]["gateways"]["ingress"]["name"] = "ingress-old"
    del federation.peer(RED, GREEN)["metadata"]["annotations"][identity_note.KEPT]
    (needs,) = recovery.needs(federation.plan, federation.links, federation.facts)
    assert "ingress-old" in needs["message"] and "does not check the client ID" in needs["message"]
    assert f"those from {GREEN} are answered 503" in needs["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "skipped"},
        {"state": "pending"},
        {"peer_object": "unmanaged"},
    ],
)
def test_sides_that_are_not_ours_to_write_need_nothing(changes: Json) -> None:
    federation = Federation()
    change_client_id(federation)
    federation.plan["sides"][RED][GREEN].update(changes)
    assert federation.needs() == []


def test_a_deadlock_and_a_kept_root_are_taken_from_the_reading() -> None:
    federation = Federation()
    federation.link(RED, GREEN, suspect="deadlock", connected=False)
    federation.link(BLUE, GREEN, **DOWN, root_not_loaded=True)
    assert federation.needs() == [("root-not-loaded", BLUE, GREEN), ("deadlock", RED, GREEN)]


@pytest.mark.parametrize(
    ("since", "changes", "kept"),
    [
        (CHANGED, {}, True),
        (None, {}, False),
        (CHANGED, {"connected": True}, False),
        (CHANGED, {"code": "identity-refused"}, False),
        (CHANGED, {"last_full_sync": None}, False),
        (CHANGED, {"last_full_sync": seconds_after(CHANGED, 1)}, False),
        (CREATED, {}, False),
        (CHANGED, {"created": CHANGED}, False),
    ],
)
def test_a_root_is_kept_when_it_changed_while_the_link_was_down(since: str | None, changes: Json, kept: bool) -> None:
    link = {**Federation.healthy_link(GREEN), **DOWN, **changes}
    assert judge_link({"peer": GREEN, "root_since": since}, link)["root_not_loaded"] is kept


@pytest.mark.parametrize(
    ("since", "created", "attempt", "connected", "proven"),
    [
        (CHANGED, CREATED, CREATED, True, False),
        (CHANGED, CREATED, CHANGED, True, False),
        (CHANGED, CREATED, seconds_after(CHANGED, 1), True, True),
        (CHANGED, CREATED, CREATED, False, None),
        (None, CREATED, CREATED, True, None),
        (CREATED, CREATED, CREATED, True, True),
        (CREATED, CHANGED, CHANGED, True, True),
    ],
)
def test_a_root_is_proven_by_a_connection_made_since(
    since: str | None, created: str, attempt: str, connected: bool, proven: bool | None
) -> None:
    link = {
        **Federation.healthy_link(GREEN),
        "created": created,
        "last_attempt": attempt,
        "connected": connected,
        "last_full_sync": attempt,
    }
    judged = judge_link({"peer": GREEN, "root_since": since}, link)
    assert judged["root_proven"] is proven and judged["healthy"] is connected


@pytest.mark.parametrize(
    ("changes", "elapsed", "other_fails", "locked"),
    [
        ({"accepted": False, "last_attempt": None, "last_full_sync": None}, 151, True, True),
        ({"accepted": False, "last_attempt": None, "last_full_sync": None}, 151, False, False),
        ({"accepted": False, "last_attempt": None, "last_full_sync": None}, 150, True, False),
        ({}, 151, True, True),
        ({}, 151, False, True),
        ({"last_attempt": seconds_after(CHANGED, 1)}, 151, True, False),
        ({"connected": True}, 151, True, False),
        ({"exists": False}, 151, True, False),
    ],
)
def test_a_change_that_a_failing_sync_holds_up(changes: Json, elapsed: int, other_fails: bool, locked: bool) -> None:
    """Red's peer for green was changed; blue's link shows how late it is."""
    federation = Federation()
    federation.link(RED, GREEN, **{**DOWN, **changes})
    federation.link(RED, BLUE, **(DOWN if other_fails else {}), last_attempt=seconds_after(CHANGED, elapsed))
    needs = federation.needs(changed={RED: {GREEN: CHANGED}})
    assert needs == ([("sync-lock", RED, GREEN)] if locked else [])


@pytest.mark.parametrize(
    ("changes", "elapsed", "locked"),
    [
        (DOWN, 151, True),
        (DOWN, 150, False),
        ({"connected": True, "synced": False}, 151, True),
        ({**DOWN, "last_full_sync": None}, 151, False),
        ({**DOWN, "last_full_sync": CHANGED}, 151, False),
    ],
)
def test_a_recreated_peer_that_shows_the_status_of_the_former_peer(changes: Json, elapsed: int, locked: bool) -> None:
    """Green's peer was recreated after its last full sync, and istiod still uses the former one."""
    federation = Federation()
    federation.peer(RED, GREEN)["applied"] = {f"ossm.federation/{GREEN}": {"time": None, "fields": "{}"}}
    federation.link(RED, GREEN, **{"created": CHANGED, "last_attempt": seconds_after(CHANGED, elapsed), **changes})
    assert federation.needs() == ([("sync-lock", RED, GREEN)] if locked else [])


def test_a_new_peer_and_a_recreated_peer_wait_for_the_same_sync() -> None:
    federation = Federation()
    federation.link(RED, GREEN, created=CHANGED, last_attempt=seconds_after(CHANGED, 151), synced=False)
    federation.link(RED, BLUE, **DOWN, accepted=False, last_attempt=None, last_full_sync=None, created=CHANGED)
    assert sorted(federation.needs()) == [("sync-lock", RED, BLUE), ("sync-lock", RED, GREEN)]


def test_a_change_of_an_earlier_run_is_known_from_its_apply() -> None:
    federation = Federation()
    federation.peer(RED, GREEN)["applied"] = {f"ossm.federation/{GREEN}": {"time": CHANGED, "fields": "{}"}}
    federation.link(RED, GREEN, **DOWN)
    federation.link(RED, BLUE, **DOWN, last_attempt=seconds_after(CHANGED, 200))
    (needs,) = recovery.needs(federation.plan, federation.links, federation.facts)
    assert needs["code"] == "sync-lock" and BLUE in needs["message"] and CHANGED in needs["message"]


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({}, True),
        ({"exists": False}, False),
        ({"created": CHANGED}, False),
    ],
)
def test_a_peer_that_the_other_mesh_has_and_its_istiod_does_not_know(changes: Json, lost: bool) -> None:
    federation = Federation()
    federation.link(GREEN, RED, connected=False, code="peer-unknown-there", last_attempt=seconds_after(CHANGED, 60))
    federation.link(RED, GREEN, **changes)
    assert federation.needs() == ([("peer-lost", RED, GREEN)] if lost else [])


@pytest.mark.parametrize(
    ("set_created", "synced", "missing", "kept"),
    [
        (CHANGED, 421, ["a"], True),
        (CHANGED, 420, ["a"], False),
        (CHANGED, 421, [], False),
        (CREATED, 4000, ["a"], False),
    ],
)
def test_an_import_set_that_was_recreated_alone(set_created: str, synced: int, missing: list[str], kept: bool) -> None:
    federation = Federation()
    federation.facts[RED]["imports"] = [{"metadata": {"name": GREEN, "creationTimestamp": set_created}}]
    federation.link(RED, GREEN, missing=missing, last_full_sync=seconds_after(CHANGED, synced))
    assert federation.needs() == ([("imports-stale", RED, GREEN)] if kept else [])


@pytest.mark.parametrize(
    ("requested", "hosts"),
    [
        (None, []),
        (False, []),
        ("no", []),
        (True, [RED]),
        ("yes", [RED]),
        ([RED], [RED]),
        ([GREEN], []),
        ("red-mesh,blue-mesh", [RED]),
        (["federation"], [RED]),
    ],
)
def test_a_control_plane_is_restarted_only_when_needed_and_requested(requested: Any, hosts: list[str]) -> None:
    declared = fed.declare(
        {
            host: {**variables, "federation_restart_control_plane": requested}
            for host, variables in fed.inventory().items()
        }
    )
    assert declared["problems"] == []
    federation = Federation()
    federation.plan["options"] = declared["options"]
    change_client_id(federation)
    needs = recovery.needs(federation.plan, federation.links, federation.facts)
    assert recovery.to_restart(federation.plan, needs) == hosts


@pytest.mark.parametrize(
    ("requested", "code"), [(["unknown-mesh"], "peer-unknown"), ({"a": 1}, "variable-type"), ([1], "variable-type")]
)
def test_a_wrong_request_is_rejected(requested: Any, code: str) -> None:
    declared = fed.declare(
        {
            host: {**variables, "federation_restart_control_plane": requested}
            for host, variables in fed.inventory().items()
        }
    )
    assert [(problem["code"], problem["where"]) for problem in declared["problems"]] == [
        (code, "federation_restart_control_plane")
    ]


def test_a_restart_that_did_not_help_is_not_suggested_again() -> None:
    federation = Federation()
    federation.link(RED, GREEN, suspect="deadlock", connected=False)
    (before,) = recovery.needs(federation.plan, federation.links, federation.facts)
    assert "federation_restart_control_plane: true" in before["remedy"]
    (after,) = recovery.needs(federation.plan, federation.links, federation.facts, restarted={RED: NEW})
    assert "did not help" in after["remedy"]


def test_a_link_that_needs_a_restart_has_no_other_remedy() -> None:
    federation = Federation()
    federation.facts[RED]["imports"] = [{"metadata": {"name": GREEN, "creationTimestamp": CHANGED}}]
    federation.link(RED, GREEN, missing=["a"], last_full_sync=seconds_after(CHANGED, 421), text="", root_proven=None)
    plan = {**federation.plan, "pending_steps": ["report"]}
    report = run_result.report(plan, {"links": federation.links}, federation.facts)
    link = next(link for link in report["links"] if (link["from"], link["to"]) == (RED, GREEN))
    assert link["state"] == "incomplete" and "federation_restart_control_plane: true" in link["remedy"]
    assert not [line for line in report["lines"] if "Wait" in line]
