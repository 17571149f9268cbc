# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restarts of workloads against a scripted cluster: one patch and one watch each, to their end."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._cluster import session
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event
from ansible_collections.ossm.federation.plugins.module_utils._modules import workload_restart

Json = dict[str, Any]
DEPLOYED = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}
STATEFUL = {"observedGeneration": 3, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2}


def _workload(kind: str, name: str, status: Json, **spec: Any) -> Event:
    meta = {"name": name, "namespace": "shop", "generation": 3}
    return Event(kind, "MODIFIED", {"metadata": meta, "spec": {"replicas": 2, **spec}, "status": status})


class _Cluster:
    """Accepts patches except those of some workloads, and reports a story."""

    def __init__(self, story: list[Event], refused: tuple[str, ...] = (), paused: tuple[str, ...] = ()) -> None:
        self.story, self.refused, self.paused = story, refused, paused
        self.requests: list[Any] = []

    def merge_patch(self, kind: str, name: str, namespace: str, change: Json, manager: str, *, dry_run: bool) -> Json:
        self.requests.append(("patch", kind, f"{namespace}/{name}", dry_run))
        assert [*change["spec"]["template"]["metadata"]["annotations"]] == ["kubectl.kubernetes.io/restartedAt"]
        if name in self.refused:
            raise ClusterError("forbidden", f"may not patch {name}", "Grant it")
        return {"metadata": {"generation": 3}, "spec": {"paused": name in self.paused}}

    def watch_many(self, watches: Any, deadline: float) -> Any:
        self.requests += [("watch", *watch[:3]) for watch in watches]
        yield from self.story


WORKLOADS = [
    {"kind": "Deployment", "namespace": "shop", "name": "cart"},
    {"kind": "StatefulSet", "namespace": "shop", "name": "db"},
    {"kind": "Deployment", "namespace": "shop", "name": "cart"},
]


def _run(monkeypatch: pytest.MonkeyPatch, cluster: _Cluster, check: bool = False, **options: Any) -> Json:
    monkeypatch.setattr(session, "Cluster", lambda auth, **options: cluster)
    params = {"auth": {"host": "https://red.example", "api_key": "x"}, "mesh": "red-mesh", "timeout": 9}
    return workload_restart.run({**params, "workloads": WORKLOADS, **options}, check, lambda line: None)


def test_all_workloads_are_restarted_once_and_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _Cluster([_workload("Deployment", "cart", DEPLOYED), _workload("StatefulSet", "db", STATEFUL)])
    result = _run(monkeypatch, cluster)
    assert result["restarted"] == ["Deployment shop/cart", "StatefulSet shop/db"] and result["changed"]
    assert not result["problems"] and [one["name"] for one in result["objects"]] == ["cart", "db"]
    assert cluster.requests == [
        ("patch", "Deployment", "shop/cart", False),
        ("patch", "StatefulSet", "shop/db", False),
        ("watch", "Deployment", "shop", "cart"),
        ("watch", "StatefulSet", "shop", "db"),
    ]


def test_check_mode_sends_dry_runs_and_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _Cluster([])
    result = _run(monkeypatch, cluster, check=True)
    assert result["changed"] and result["restarted"] == [] and "would be restarted" in result["message"]
    assert [request[-1] for request in cluster.requests] == [True, True]


def test_a_refused_workload_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run(monkeypatch, _Cluster([_workload("StatefulSet", "db", STATEFUL)], ("cart",)))
    assert result["restarted"] == ["StatefulSet shop/db"] and result["failed"]
    assert [(one["code"], one["where"]) for one in result["problems"]] == [("forbidden", "Deployment shop/cart")]


def test_a_rollout_that_does_not_end_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run(monkeypatch, _Cluster([_workload("Deployment", "cart", DEPLOYED)]))
    assert [(one["code"], one["where"]) for one in result["problems"]] == [("workload-late", "StatefulSet shop/db")]
    assert result["restarted"] == ["Deployment shop/cart"] and "not been observed" in result["message"]


def test_a_workload_whose_pods_are_not_replaced_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    story = [_workload("StatefulSet", "db", STATEFUL)]
    result = _run(monkeypatch, _Cluster(story, paused=("cart",)))
    (found,) = result["problems"]
    assert found["where"] == "Deployment shop/cart" and "paused" in found["message"]
    assert result["restarted"] == ["StatefulSet shop/db"]


def test_without_workloads_no_request_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _Cluster([])
    result = _run(monkeypatch, cluster, workloads=[])
    assert not result["changed"] and not result["problems"] and cluster.requests == []
