# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and awaiting links, against a scripted cluster."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders.scripted import AUTH, RATINGS, Cluster, Json, live_imports, live_peer, use

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event
from ansible_collections.ossm.federation.plugins.module_utils._modules import peer_links


def _links(
    monkeypatch: pytest.MonkeyPatch, cluster: Cluster, core: Any = peer_links.wait, **more: Any
) -> tuple[Json, list[str]]:
    use(monkeypatch, cluster)
    lines: list[str] = []
    link = {"peer": "green-mesh", "peer_name": "green", "expect": more.pop("link", {})}
    params = {"auth": AUTH, "mesh": "red", "namespace": "ns", "links": [link], "timeout": 60, **more}
    return core(params, False, lines.append), lines


def test_links_are_awaited_until_imports_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(
        {"ExportedServiceSet": []},
        [
            Event("ServiceMeshPeer", "ADDED", live_peer(connected=False)),
            Event("", "QUIET", {}),
            Event("ServiceMeshPeer", "MODIFIED", live_peer()),
            Event("", "QUIET", {}),
            Event("ImportedServiceSet", "ADDED", live_imports(RATINGS)),
            Event("ServiceMeshPeer", "DELETED", live_peer()),
        ],
    )
    result, lines = _links(monkeypatch, cluster, link={"imports_expected": [RATINGS]})
    assert result["healthy"] and result["links"][0]["missing"] == []
    assert cluster.requests == ["watch ServiceMeshPeer", "watch ImportedServiceSet", "ExportedServiceSet"]
    assert len(lines) == 2 and "503 x" in lines[0] and "not imported yet" in lines[1]


@pytest.mark.parametrize(
    ("events", "imported"),
    [
        ([Event("ImportedServiceSet", "MODIFIED", live_imports(RATINGS))], 1),
        ([Event("", "QUIET", {}), Event("ImportedServiceSet", "MODIFIED", live_imports(RATINGS))], 0),
    ],
)
def test_a_rule_is_given_the_burst_to_take_something(
    monkeypatch: pytest.MonkeyPatch, events: list[Event], imported: int
) -> None:
    cluster = Cluster(
        events=[
            Event("ImportedServiceSet", "ADDED", {"metadata": {"name": "green"}}),
            Event("ServiceMeshPeer", "ADDED", live_peer()),
            *events,
            Event("ServiceMeshPeer", "DELETED", live_peer()),
        ]
    )
    rule = {"type": "NameSelector", "nameSelector": {"name": "ratings"}}
    result, _lines = _links(monkeypatch, cluster, link={"import_rules": [rule]})
    assert result["healthy"] and len(result["links"][0]["imported"]) == imported


def test_an_old_sync_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(events=[Event("ServiceMeshPeer", "ADDED", live_peer())])
    result, _lines = _links(monkeypatch, cluster, link={"since": "2026-11-22T10:00:06Z"})
    assert not result["healthy"] and not result["links"][0]["synced"]


def test_after_a_restart_only_the_new_pods_count(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = live_peer(pod="old"), live_peer(pod="new")
    result, _lines = _links(
        monkeypatch, Cluster(events=[Event("ServiceMeshPeer", "ADDED", old)]), expect={"pods": ["new"]}
    )
    assert not result["links"][0]["connected"] and not result["links"][0]["accepted"]
    result, _lines = _links(
        monkeypatch, Cluster(events=[Event("ServiceMeshPeer", "ADDED", new)]), expect={"pods": ["new"]}
    )
    assert result["links"][0]["connected"]


@pytest.mark.parametrize(
    ("seconds", "heartbeats"), [(peer_links.STUCK_SECONDS - 1, 2), (peer_links.STUCK_SECONDS + 1, 0)]
)
def test_what_only_a_restart_heals_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, seconds: int, heartbeats: int
) -> None:
    """The root changed while the link was down: after one look at every peer istiod is not asked any more."""
    down = live_peer(connected=False, sync="2026-11-22T10:00:00Z", creationTimestamp="2026-11-22T09:00:00Z")
    tick = Event("", "TICK", {})
    cluster = Cluster(events=[Event("ServiceMeshPeer", "ADDED", down), tick, tick])
    moments = iter([0.0, 0.0])
    monkeypatch.setattr(peer_links.time, "monotonic", lambda: next(moments, float(seconds)))
    result, lines = _links(monkeypatch, cluster, link={"root_since": "2026-11-22T10:00:05Z"})
    assert result["links"][0]["root_not_loaded"] and len(lines) == heartbeats


def test_offers_that_a_rule_takes_are_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = live_imports(RATINGS)
    offered["status"]["importedServices"][0]["localService"] = {"hostname": ""}
    cluster = Cluster({"ServiceMeshPeer": [live_peer()], "ImportedServiceSet": [offered]})
    rule = {"type": "NameSelector", "nameSelector": {"name": "ratings"}}
    result, _lines = _links(monkeypatch, cluster, core=peer_links.info, link={"import_rules": [rule]})
    assert result["links"][0]["missing"] == [RATINGS] and not result["healthy"]
    assert cluster.requests == ["ServiceMeshPeer", "ImportedServiceSet", "ExportedServiceSet"]


def test_links_known_to_be_good_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = {"ServiceMeshPeer": [live_peer()], "ImportedServiceSet": [live_imports(RATINGS)]}
    again = Cluster()
    known = _links(monkeypatch, Cluster(objects), core=peer_links.info)[0]["links"]
    result, _lines = _links(monkeypatch, again, expect={"known": known}, link={"imports_expected": [RATINGS]})
    assert result["healthy"] and not again.requests


def test_of_links_known_to_be_up_only_imports_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    known = _links(monkeypatch, Cluster({"ServiceMeshPeer": [live_peer()]}), core=peer_links.info)[0]["links"]
    cluster = Cluster(events=[Event("ImportedServiceSet", "ADDED", live_imports(RATINGS))])
    result, _lines = _links(monkeypatch, cluster, expect={"known": known}, link={"imports_expected": [RATINGS]})
    assert result["healthy"] and cluster.requests == ["watch ImportedServiceSet"]
    assert [link["exportedName"] for link in result["links"][0]["imported"]] == [RATINGS]


def test_of_links_known_to_be_down_everything_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    known = _links(monkeypatch, Cluster({"ServiceMeshPeer": [live_peer(connected=False)]}), core=peer_links.info)[0][
        "links"
    ]
    cluster = Cluster(events=[Event("ServiceMeshPeer", "ADDED", live_peer())])
    result, _lines = _links(monkeypatch, cluster, expect={"known": known})
    assert result["healthy"] and cluster.requests[:2] == ["watch ServiceMeshPeer", "watch ImportedServiceSet"]


DOWN = ClusterError("unreachable", "https://red refuses the connection", "Start the API server")
REFUSED = Event("ServiceMeshPeer", "FATAL", {}, ClusterError("forbidden", "may not watch it", "Grant it"))
UNREAD: list[tuple[Any, Json, Cluster, str]] = [
    (peer_links.info, {}, Cluster(), "access-missing"),
    (peer_links.wait, {}, Cluster(), "access-missing"),
    (peer_links.info, AUTH, Cluster({"ServiceMeshPeer": DOWN}), "unreachable"),
    (peer_links.wait, AUTH, Cluster(events=[REFUSED]), "forbidden"),
    (peer_links.wait, AUTH, Cluster({"ServiceMeshPeer": DOWN}), "unreachable"),
]


@pytest.mark.parametrize(("core", "auth", "cluster", "code"), UNREAD)
def test_of_a_mesh_that_cannot_be_read_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, core: Any, auth: Json, cluster: Cluster, code: str
) -> None:
    result, _lines = _links(monkeypatch, cluster, core=core, auth=auth)
    (link,) = result["links"]
    assert (link["exists"], link["state"], link["code"], link["healthy"]) == (None, "unknown", "unreadable", False)
    assert [link[key] for key in ("accepted", "connected", "synced")] == [None] * 3
    (problem,) = result["problems"]
    assert problem["code"] == code and link["remedy"] == problem["remedy"]
    assert link["message"] == f"red could not be read: {problem['message']}"
    assert not result["healthy"] and result["message"] == f"green-mesh: {link['message']}"


def test_a_peer_that_the_api_server_does_not_have_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    for core in (peer_links.info, peer_links.wait):
        (link,) = _links(monkeypatch, Cluster(), core=core)[0]["links"]
        assert (link["exists"], link["state"], link["code"]) == (False, "degraded", "absent")


def test_a_failing_last_request_keeps_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(
        {"ExportedServiceSet": ClusterError("busy", "no")}, [Event("ServiceMeshPeer", "ADDED", live_peer())]
    )
    result, _lines = _links(monkeypatch, cluster)
    assert result["links"][0]["connected"] and [problem["code"] for problem in result["problems"]] == ["busy"]
