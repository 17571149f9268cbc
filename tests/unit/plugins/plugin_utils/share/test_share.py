# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that shares services writes and waits for, and what it reports."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.module_utils._product import permissions
from ansible_collections.ossm.federation.plugins.module_utils._product.types import problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model import types as model_types
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.desired import set_objects
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report import share as report
from ansible_collections.ossm.federation.plugins.plugin_utils._share import tasks
from ansible_collections.ossm.federation.plugins.plugin_utils._share.plan import plan_sharing
from ansible_collections.ossm.federation.plugins.plugin_utils._share.types import SharePlan

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
RATINGS, REVIEWS = "bookinfo/ratings", "bookinfo/reviews"
OTHER = "reviews.bookinfo.svc.green-mesh-exports.local"
HOST = "reviews.bookinfo.svc.red-mesh-imports.local"
#: Inventories with names, aliases and localities that are chosen across meshes.
INVENTORIES: dict[str, Json] = {
    "plain": settled.RULES,
    "locality": {**settled.RULES, "red_mesh": {**settled.RULES["red_mesh"], "mesh_locality": {"region": "west"}}},
    "names": {**settled.RULES, "green_mesh": {**settled.RULES["green_mesh"], "mesh_peer_names": {RED: "west"}}},
    "collision": {
        "red_mesh": {"mesh_exports": {GREEN: [RATINGS]}},
        "blue_mesh": {"mesh_exports": {GREEN: [RATINGS]}},
        "green_mesh": {"mesh_imports": [RATINGS]},
    },
    "wild": {"red_mesh": {"mesh_exports": ["bookinfo/*"]}, "green_mesh": {"mesh_imports": {RED: ["*/*"]}}},
    "emptied": {"red_mesh": {"mesh_exports": {GREEN: []}}, "green_mesh": {"mesh_imports": {RED: []}}},
}


def _rights(*playbooks: str) -> list[Json]:
    return [rule for playbook in playbooks for role in permissions.roles(playbook).values() for rule in role["rules"]]


def _as_application_team(read: dict[str, Json], *, peers: bool) -> dict[str, Json]:
    """Keep what an account reads that may share services, and with ``peers`` write peers too."""
    kept = ("host", "mesh", "namespace", "readable", "problems", "exports", "imports", *(("peers",) if peers else ()))
    rights = _rights("share", *(("share-peers",) if peers else ()))
    return {
        host: {**{key: facts[key] for key in kept}, "peers": facts["peers"] if peers else [], "rights": rights}
        for host, facts in copy.deepcopy(read).items()
    }


def _plan(declaration: model_types.Declaration, read: dict[str, Json]) -> SharePlan:
    return plan_sharing(declaration, read, fed.NOW)


def _written(share: SharePlan, host: str) -> list[Json]:
    keys = ("definition", "field_manager", "peer")
    found = [one for task in (tasks.IMPORTS, tasks.EXPORTS) for one in tasks.written(share, task, host)]
    return [{key: {**one}[key] for key in keys} for one in found]


@pytest.mark.parametrize("peers", [False, True], ids=["sets", "peers"])
@pytest.mark.parametrize("name", INVENTORIES)
def test_the_sets_are_those_of_federate(name: str, peers: bool) -> None:
    """Before and after a complete run, with the rights on sets alone or on peers too."""
    declaration = fed.declare(fed.inventory(**INVENTORIES[name]))
    read = {host: fed.facts(host) for host in fed.COLOURS}
    for moment in ("before", "after"):
        plan = planning.build_plan(declaration, read, fed.NOW)
        share = _plan(declaration, _as_application_team(read, peers=peers))
        assert not share["problems"]
        # Before there are peers only an account that sees that there are none may choose other names for them.
        for host in fed.COLOURS if (name, moment, peers) != ("collision", "before", False) else ():
            desired = [
                {key: {**one}[key] for key in ("definition", "field_manager", "peer")}
                for one in set_objects(plan, host, read[host])
            ]
            assert _written(share, host) == desired, (moment, host)
        if moment == "before":
            fed.federate(declaration, read)


def test_an_account_that_sees_no_peers_writes_sets_for_the_usual_names() -> None:
    """The peers exist, and no set: a name that no peer has would share nothing. So the services get aliases, as federate gives them."""
    for west, variables in ((GREEN, {}), ("west", {"mesh_peer_names": {GREEN: "west"}})):
        rules = {**INVENTORIES["collision"], "red_mesh": {**INVENTORIES["collision"]["red_mesh"], **variables}}
        declaration = fed.declare(fed.inventory(**rules))
        read = {host: fed.facts(host) for host in fed.COLOURS}
        for host in fed.COLOURS:
            names = {peer: west if (host, peer) == (RED, GREEN) else peer for peer in fed.COLOURS if peer != host}
            read[host]["peers"] = [
                fed.live_peer(name, namespace=f"{host}-system", ours=peer) for peer, name in names.items()
            ]
        plan = planning.build_plan(declaration, read, fed.NOW)
        blind = _as_application_team(read, peers=False)
        for unknown in (False, True):
            if unknown:
                blind = {host: {**facts, "rights": None} for host, facts in blind.items()}
            share = _plan(declaration, blind)
            for host in fed.COLOURS:
                desired = [one["definition"] for one in set_objects(plan, host, read[host])]
                assert [one["definition"] for one in _written(share, host)] == desired, (west, host)
        [written] = _written(share, RED)
        assert written["definition"]["metadata"]["name"] == west


def _changed(peers: bool = False) -> tuple[SharePlan, dict[str, Json]]:
    """A healthy federation whose inventory shares one more service."""
    _declaration, read = settled.federated()
    rules = {
        "red_mesh": {"mesh_exports": {GREEN: [RATINGS, REVIEWS]}},
        "green_mesh": {"mesh_imports": {RED: [RATINGS, REVIEWS]}},
    }
    read = _as_application_team(read, peers=peers)
    return _plan(fed.declare(fed.inventory(**rules)), read), read


def test_without_the_right_to_write_peers_the_wait_is_announced() -> None:
    share, _read = _changed()
    assert not tasks.written(share, tasks.PEERS, GREEN)
    text = " ".join(report.announcement(share))
    assert text.startswith("red-mesh -> green-mesh: istiod reads changed import rules within about 2 minutes (2.5)")
    assert "docs/rbac/share-peers.yaml" in text
    # Nothing changes: nothing is awaited for long.
    declaration, read = settled.federated()
    assert report.announcement(_plan(declaration, _as_application_team(read, peers=False))) == []


def test_with_that_right_the_peer_gets_the_other_spelling_and_nothing_else() -> None:
    share, read = _changed(peers=True)
    (peer,) = tasks.written(share, tasks.PEERS, GREEN)
    live = next(one for one in read[GREEN]["peers"] if one["metadata"]["name"] == RED)
    spec, before = peer["definition"]["spec"], live["spec"]
    assert spec["remote"] != before["remote"] and {**spec, "remote": 0} == {**before, "remote": 0}
    assert peer["definition"]["kind"] == "ServiceMeshPeer" and report.announcement(share) == []
    failed = {tasks.IMPORTS: {GREEN: {"objects": [{"name": RED, "verb": "failed"}]}}}
    assert tasks.build_task(share, tasks.PEERS, GREEN, failed) == []
    assert tasks.build_task(share, tasks.IMPORTED, GREEN, failed) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda peer: peer.pop("status"), "its link is not up"),
        (lambda peer: peer["metadata"].pop("labels"), "its ServiceMeshPeer is managed by others"),
    ],
    ids=["down", "unmanaged"],
)
def test_a_peer_that_cannot_be_used_is_named(change: Any, reason: str) -> None:
    declaration = fed.declare(fed.inventory(green_mesh={"mesh_imports": {RED: [RATINGS, REVIEWS]}}))
    read = _as_application_team(settled.federated()[1], peers=True)
    change(next(one for one in read[GREEN]["peers"] if one["metadata"]["name"] == RED))
    assert list(tasks.slow_reasons(_plan(declaration, read))) == [reason]


def test_what_is_awaited() -> None:
    """The exporter must list what rules name for certain; the consumer imports what the exporter then lists."""
    share, _read = _changed()
    assert tasks.build_task(share, tasks.EXPORTED, RED, {}) == [
        {"name": GREEN, "peer": GREEN, "exported_names": [settled.EXPORTED, OTHER]}
    ]
    before = {"name": RED, "peer": RED, "offered": [settled.EXPORTED]}
    assert tasks.build_task(share, tasks.IMPORTED, GREEN, {}) == [before]
    rows = [{"exportedName": name, "hostname": ""} for name in (settled.EXPORTED, OTHER)]
    exported = {tasks.EXPORTED: {RED: {"exports": [{"name": GREEN, "exported": rows}]}}}
    after = tasks.build_task(share, tasks.IMPORTED, GREEN, exported)
    assert after == [{**before, "offered": [settled.EXPORTED, OTHER]}]
    assert tasks.build_task(share, tasks.EXPORTED, BLUE, {}) == tasks.build_task(share, tasks.IMPORTED, BLUE, {}) == []


def _results(**problems: list[Json]) -> dict[str, Any]:
    rows = [
        {"exportedName": settled.EXPORTED, "hostname": settled.IMPORTED},
        {"exportedName": OTHER, "hostname": HOST},
    ]
    imported = {"imports": [{"name": RED, "imported": rows}], "problems": problems.get("imported", [])}
    return {tasks.IMPORTED: {GREEN: imported}}


def test_the_report_begins_with_the_verdict_and_then_lists_the_host_names() -> None:
    share, _read = _changed()
    summary = report.report(share, _results())
    assert summary["verdict"] == "SHARED" and not summary["failures"]
    assert summary["lines"][0] == "SHARED  2 services imported by green-mesh. Nothing was changed."
    assert summary["lines"][2] == "green-mesh imports from red-mesh (host name, exported as)"
    assert [line.split() for line in summary["lines"][3:5]] == [[settled.IMPORTED, RATINGS], [HOST, REVIEWS]]
    assert report.stats(summary)["federation_share"]["services"][1]["host"] == HOST


def test_a_check_run_lists_the_host_names_that_would_result() -> None:
    share, _read = _changed()
    summary = report.report(share, {}, check_mode=True)
    assert summary["verdict"] == "PLANNED"
    assert [one["host"] for one in summary["services"]] == [settled.IMPORTED, HOST]


def test_a_wait_that_was_too_short_says_so() -> None:
    found = problem("not-imported", GREEN, "ImportedServiceSet ns/red-mesh", "after 9 s: not imported yet: x", peer=RED)
    for peers, is_slow in ((False, True), (True, False)):
        share, _read = _changed(peers)
        summary = report.report(share, _results(imported=[{**found}]))
        assert summary["verdict"] == "FAILED" and set(summary["failures"]) == {GREEN}
        assert ("Run share.yml again" in " ".join(summary["lines"])) is is_slow


def test_sets_without_a_peer_are_pending() -> None:
    declaration = fed.declare(fed.inventory(**settled.RULES))
    read = {host: fed.facts(host) for host in fed.COLOURS}
    share = _plan(declaration, _as_application_team(read, peers=True))
    assert tasks.build_task(share, tasks.EXPORTED, RED, {}) == tasks.build_task(share, tasks.IMPORTED, GREEN, {}) == []
    summary = report.report(share, {})
    assert summary["verdict"] == "PENDING" and "run federate.yml" in summary["pending"][0]
    # An account that cannot see peers does not know, and waits.
    blind = _plan(declaration, _as_application_team(read, peers=False))
    assert tasks.build_task(blind, tasks.EXPORTED, RED, {}) != []


def test_a_mesh_without_rights_is_not_written_and_the_others_are() -> None:
    share, read = _changed()
    read[RED]["rights"] = []
    rules = {
        "red_mesh": {"mesh_exports": {GREEN: [RATINGS, REVIEWS]}},
        "green_mesh": {"mesh_imports": {RED: [RATINGS, REVIEWS]}},
    }
    share = _plan(fed.declare(fed.inventory(**rules)), read)
    assert _written(share, RED) == [] and len(_written(share, GREEN)) == 1
    summary = report.report(share, {})
    assert set(summary["failures"]) == {RED} and "[permission-missing]" in " ".join(summary["lines"])


def test_an_unreadable_mesh_is_a_problem_of_its_own() -> None:
    _share, read = _changed()
    read[RED].update(
        readable=False, exports=[], imports=[], problems=[problem("unreachable", RED, "API server", "no route")]
    )
    share = _plan(fed.declare(fed.inventory(**settled.RULES)), read)
    assert _written(share, RED) == [] and set(report.report(share, {})["failures"]) == {RED}


def test_an_unmanaged_set_is_used_as_it_is() -> None:
    _share, read = _changed()
    for live in read[GREEN]["imports"]:
        live["metadata"].pop("labels")
        live["spec"]["importRules"] = []
    share = _plan(fed.declare(fed.inventory(**settled.RULES)), read)
    assert _written(share, GREEN) == [] and {one["code"] for one in share["warnings"]} == {"unmanaged"}


def test_nothing_declared_is_nothing_to_share() -> None:
    read = _as_application_team({host: fed.facts(host) for host in fed.COLOURS}, peers=False)
    summary = report.report(_plan(fed.declare(fed.inventory()), read), {})
    assert summary["lines"][0] == "NOTHING TO SHARE  No mesh declares exports or imports. Nothing was changed."
