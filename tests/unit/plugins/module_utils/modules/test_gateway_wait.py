# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for gateways, against a scripted cluster."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders.scripted import AUTH, Cluster, Json, live_plane, live_service, use

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event
from ansible_collections.ossm.federation.plugins.module_utils._modules import gateway_wait


def _gateways(timeout: float = 60, check: bool = False, **more: Any) -> tuple[Json, list[str]]:
    lines: list[str] = []
    params = {
        "auth": AUTH,
        "mesh": "red",
        "namespace": "ns",
        "control_plane": "red",
        "nodes": [],
        "known": {},
        "gateways": [{"name": "in", "exposure": "LoadBalancer", "peer": "green"}],
        "timeout": timeout,
        **more,
    }
    return gateway_wait.run(params, check, lines.append), lines


def test_addresses_are_awaited_first_and_then_the_control_plane(monkeypatch: pytest.MonkeyPatch) -> None:
    plane, service, quiet = "ServiceMeshControlPlane", "Service", Event("", "QUIET", {})
    cluster = use(
        monkeypatch,
        Cluster(
            {plane: live_plane(observed=1)},
            [
                Event(service, "ADDED", live_service(address=None)),
                quiet,
                quiet,
                Event("", "TICK", {}),
                Event(service, "MODIFIED", live_service()),
                Event(service, "DELETED", live_service()),
                Event(plane, "ADDED", live_plane(observed=1)),
                Event(plane, "MODIFIED", live_plane()),
                Event(plane, "DELETED", live_plane()),
            ],
        ),
    )
    result, lines = _gateways()
    assert result["ready"] and not result["problems"] and result["message"] == "ready"
    assert result["gateways"]["in"] == {"addresses": ["1.2.3.4"], "discoveryPort": 8188, "servicePort": 15443}
    assert cluster.requests == ["watch Service", plane, "Event", f"watch {plane}"]
    assert [line for line in lines if "no address" in line and "left" not in line] == [
        "red: in: its load balancer has no address yet"
    ]
    left = [line for line in lines if "s left" in line]
    assert (
        "control plane: the operator has not reconciled the latest change yet" in left[0] and "in: its load" in left[0]
    )


def test_what_is_not_there_in_time_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = use(monkeypatch, Cluster({"ServiceMeshControlPlane": live_plane()}))
    result, _lines = _gateways()
    assert cluster.requests == ["watch Service", "ServiceMeshControlPlane"]
    assert result["ready"] and "pending" in result["gateways"]["in"]
    assert [(problem["code"], problem["severity"], problem["peer"]) for problem in result["problems"]] == [
        ("no-address", "warning", "green")
    ]


def test_what_the_operator_has_not_done_is_not_corrected_at_the_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    fixes = {}
    for created in (False, True):
        story = [Event("Service", "ADDED", live_service(address=None))] if created else []
        use(monkeypatch, Cluster({"ServiceMeshControlPlane": live_plane(observed=1)}, story))
        plane, address = _gateways()[0]["problems"]
        fixes[created] = (plane["remedy"], address["remedy"])
    assert fixes[False][0] == fixes[False][1] and "operator" in fixes[False][0]
    assert fixes[True][0] == fixes[False][0] and "cloud" in fixes[True][1]


def _event(type_: str, reason: str, message: str, when: str, **about: Any) -> Json:
    involved = {"kind": "Service", "name": "in", "namespace": "ns", **about}
    return {
        "metadata": {"name": f"in.{when}"},
        "involvedObject": involved,
        "type": type_,
        "reason": reason,
        "message": message,
        "lastTimestamp": f"2026-11-22T10:00:{when}Z",
    }


QUOTA = "Error syncing load balancer: failed to ensure load balancer: quota of addresses is used up"
EVENTS = [
    _event("Warning", "SyncLoadBalancerFailed", "an older reason", "06"),
    _event("Warning", "SyncLoadBalancerFailed", f"{QUOTA}\n", "07"),
    _event("Warning", "SyncLoadBalancerFailed", "another gateway's", "09", name="other"),
    _event("Normal", "EnsuringLoadBalancer", "Ensuring load balancer", "08"),
]


def test_a_wait_that_lasts_says_why_by_the_newest_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    story = [
        Event("Service", "ADDED", live_service(address=None)),
        Event("", "QUIET", {}),
        Event("", "TICK", {}),
        Event("", "TICK", {}),
    ]
    cluster = use(monkeypatch, Cluster({"ServiceMeshControlPlane": live_plane(), "Event": EVENTS}, story))
    result, lines = _gateways()
    why = f"its load balancer has no address yet (SyncLoadBalancerFailed: {QUOTA})"
    assert result["gateways"]["in"] == {"pending": why}
    assert cluster.requests.count("Event") == 3, "at each heartbeat and at the deadline"
    assert [line for line in lines if "s left" in line and line.endswith(f"waiting for in: {why}")]
    assert why in result["problems"][0]["message"]
    assert QUOTA not in lines[0]


def test_a_wait_that_is_short_reads_no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    story = [
        Event("Service", "ADDED", live_service(address=None)),
        Event("Service", "MODIFIED", live_service()),
        Event("ServiceMeshControlPlane", "ADDED", live_plane()),
    ]
    cluster = use(monkeypatch, Cluster({"Event": EVENTS}, story))
    assert _gateways()[0]["ready"] and "Event" not in cluster.requests


def test_only_load_balancers_have_events_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    clusterip = {**live_service(address=None), "spec": {"type": "ClusterIP"}}
    cluster = use(
        monkeypatch, Cluster({"ServiceMeshControlPlane": live_plane()}, [Event("Service", "ADDED", clusterip)])
    )
    assert "still of type ClusterIP" in _gateways()[0]["gateways"]["in"]["pending"]
    assert "Event" not in cluster.requests


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([], "has no events: nothing here seems to serve Services of type LoadBalancer"),
        (ClusterError("forbidden", "may not list events: events is forbidden"), "cannot be read: may not list events)"),
    ],
)
def test_no_events_are_told_too(monkeypatch: pytest.MonkeyPatch, answer: Any, message: str) -> None:
    story = [Event("Service", "ADDED", live_service(address=None))]
    use(monkeypatch, Cluster({"ServiceMeshControlPlane": live_plane(), "Event": answer}, story))
    result, _lines = _gateways()
    assert message in result["gateways"]["in"]["pending"]
    assert [problem["code"] for problem in result["problems"]] == ["no-address"]


def test_node_ports_are_reached_at_internal_addresses_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [{"port": 8188, "nodePort": 30188}, {"port": 15443, "nodePort": 30443}]
    service = {**live_service(), "spec": {"type": "NodePort", "ports": ports}}
    addresses = [{"type": "ExternalIP", "address": "192.0.2.1"}, {"type": "InternalIP", "address": "10.0.0.1"}]
    node = {"metadata": {"name": "n"}, "status": {"addresses": addresses}}
    story = [Event("Service", "ADDED", service), Event("ServiceMeshControlPlane", "ADDED", live_plane())]
    use(monkeypatch, Cluster({"Node": [node]}, story))
    for internal, address in ((True, "10.0.0.1"), (False, "192.0.2.1")):
        gateway = {"name": "in", "exposure": "NodePort", "internal": internal}
        result, _lines = _gateways(gateways=[gateway])
        assert result["gateways"]["in"] == {"addresses": [address], "discoveryPort": 30188, "servicePort": 30443}


def test_what_is_known_to_be_good_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = use(monkeypatch, Cluster())
    known = {"control_plane": {"ready": True, "message": "ready"}, "gateway_services": {"in": live_service()}}
    assert _gateways(known=known)[0]["ready"] and not cluster.requests


def test_check_mode_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = use(monkeypatch, Cluster({"ServiceMeshControlPlane": live_plane(), "Service": []}))
    result, _lines = _gateways(check=True)
    assert cluster.requests == ["ServiceMeshControlPlane", "Service"]
    assert result["ready"] and "pending" in result["gateways"]["in"] and not result["problems"]


def test_a_watch_that_is_forbidden_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster(events=[Event("Service", "FATAL", {}, ClusterError("forbidden", "may not"))]))
    assert [problem["code"] for problem in _gateways()[0]["problems"]] == ["forbidden"]
