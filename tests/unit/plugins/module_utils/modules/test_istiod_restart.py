# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restart of istiod against a scripted cluster: one patch, followed to its end."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._cluster import session
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event
from ansible_collections.ossm.federation.plugins.module_utils._modules import istiod_restart
from ansible_collections.ossm.federation.plugins.module_utils._readers import rollouts

Json = dict[str, Any]
DONE = {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2}


def _deployment(generation: int = 3, **status: Any) -> Json:
    return {"metadata": {"generation": generation}, "spec": {"replicas": 2}, "status": {**DONE, **status}}


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (_deployment(), ""),
        (_deployment(generation=4, observedGeneration=4), ""),
        (_deployment(generation=2, observedGeneration=2), "not been observed"),
        (_deployment(observedGeneration=2), "not been observed"),
        (_deployment(updatedReplicas=1), "1 of 2 pods are new"),
        (_deployment(replicas=3), "1 old pods still run"),
        (_deployment(availableReplicas=1), "1 of 2 pods are available"),
        (_deployment(updatedReplicas=1, conditions=[{"reason": "ProgressDeadlineExceeded"}]), "no progress any more"),
        ({"metadata": {"generation": 3}}, "not been observed"),
    ],
)
def test_a_rollout_is_judged_as_kubectl_does(obj: Json, message: str) -> None:
    reported = rollouts.rollout_of("Deployment", obj, 3)
    assert message in reported and bool(message) == bool(reported)


class _Cluster:
    """Takes the patch, and tells a story about the Deployment."""

    def __init__(self, story: list[Event], error: ClusterError | None = None) -> None:
        self.story, self.error = story, error
        self.requests: list[Any] = []

    def merge_patch(self, kind: str, name: str, namespace: str, change: Json, manager: str, *, dry_run: bool) -> Json:
        self.requests.append(("patch", kind, name, namespace, manager, dry_run))
        (annotation,) = change["spec"]["template"]["metadata"]["annotations"]
        assert annotation == "kubectl.kubernetes.io/restartedAt"
        if self.error:
            raise self.error
        return {"metadata": {"generation": 3}}

    def watch_many(self, watches: Any, deadline: float) -> Any:
        self.requests += [("watch", *watch[:3]) for watch in watches]
        yield from self.story

    def list(self, kind: str, namespace: str, *, labels: str) -> list[Json]:
        self.requests.append(("list", kind, namespace, labels))
        return [{"metadata": {"name": "istiod-new"}}, {"metadata": {"name": "istiod-old", "deletionTimestamp": "x"}}]


def _run(monkeypatch: pytest.MonkeyPatch, cluster: _Cluster, check: bool = False) -> tuple[Json, list[str]]:
    monkeypatch.setattr(session, "Cluster", lambda auth, **options: cluster)
    lines: list[str] = []
    params = {
        "auth": {"host": "https://red.example", "api_key": "x"},
        "mesh": "red-mesh",
        "namespace": "ns",
        "control_plane": "red",
        "timeout": 9,
    }
    return istiod_restart.run(params, check, lines.append), lines


def _modified(**status: Any) -> Event:
    return Event("Deployment", "MODIFIED", _deployment(**status))


def test_a_restart_is_followed_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _Cluster(
        [_modified(observedGeneration=2), Event("", "TICK", {}), _modified(replicas=3), _modified(), _modified()]
    )
    result, lines = _run(monkeypatch, cluster)
    assert result["changed"] and result["restarted"] and result["pods"] == ["istiod-new"] and not result["problems"]
    assert [(change["kind"], change["name"], change["verb"]) for change in result["objects"]] == [
        ("Deployment", "istiod-red", "changed")
    ]
    assert cluster.requests == [
        ("patch", "Deployment", "istiod-red", "ns", "ossm.federation", False),
        ("watch", "Deployment", "ns", "istiod-red"),
        ("list", "Pod", "ns", "app=istiod"),
    ]
    assert len(lines) == 2 and "not been observed" in lines[1]


def test_check_mode_sends_a_dry_run_and_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _Cluster([])
    result, _lines = _run(monkeypatch, cluster, check=True)
    assert result["changed"] and not result["restarted"] and result["objects"]
    assert cluster.requests == [("patch", "Deployment", "istiod-red", "ns", "ossm.federation", True)]


def test_a_rollout_that_does_not_end_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    result, _lines = _run(monkeypatch, _Cluster([_modified(updatedReplicas=1)]))
    assert result["changed"] and not result["restarted"] and "1 of 2 pods are new" in result["message"]
    assert [(problem["code"], problem["where"]) for problem in result["problems"]] == [
        ("restart-late", "Deployment ns/istiod-red")
    ]


@pytest.mark.parametrize("when", ["patch", "watch"])
def test_a_refusal_is_a_result(monkeypatch: pytest.MonkeyPatch, when: str) -> None:
    error = ClusterError("forbidden", "may not patch deployments.apps", "Grant it")
    cluster = _Cluster([Event("Deployment", "FATAL", {}, error)], error if when == "patch" else None)
    result, _lines = _run(monkeypatch, cluster)
    assert [problem["code"] for problem in result["problems"]] == ["forbidden"] and result["message"] == error.message
    assert result["changed"] is (when == "watch") and not result["restarted"]
