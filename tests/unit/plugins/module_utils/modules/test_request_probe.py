# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A probe against a scripted cluster: what it creates, waits for, reports and removes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._cluster import session
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event
from ansible_collections.ossm.federation.plugins.module_utils._modules import request_probe

Json = dict[str, Any]
SERVED, UNSERVED = [200, "a", 7, 0, 3, ""], [503, "e", 3, 0, 0, ""]
GATEWAY = {
    "metadata": {"name": "gw", "labels": {"maistra.io/gateway": "gw.ns"}},
    "spec": {"containers": [{"name": "istio-proxy", "image": "proxy"}]},
}
TARGET = {
    "host": "ratings.shop.svc.red-mesh-imports.local",
    "port": 9080,
    "protocol": "http",
    "service": "s",
    "peer": "red",
}


def _pod(job: str, name: str, rows: list[Any] | None, **state: Any) -> Json:
    ended = (
        {"terminated": {"exitCode": 0, "message": json.dumps(rows)}} if rows is not None else state or {"running": {}}
    )
    return {
        "metadata": {"name": name, "labels": {"job-name": job}},
        "spec": {"containers": [{"name": "probe"}, {"name": "istio-proxy"}]},
        "status": {"phase": "Running", "containerStatuses": [{"name": "probe", "state": ended}]},
    }


class Cluster:
    """Accepts Jobs, and reports for each what a test says: pods, or events."""

    def __init__(self, *pods: Any, rejected: str = "", left: bool = False, fails: tuple[str, ...] = ()) -> None:
        self.pods, self.rejected, self.left, self.fails = pods, rejected, left, fails
        self.requests: list[Any] = []
        self.jobs: list[Json] = []

    def _request(self, verb: str, *what: Any) -> None:
        self.requests.append((verb, *what))
        if verb in self.fails:
            raise ClusterError("forbidden", f"may not {verb}", "Grant it", status=403)

    def list(self, kind: str, namespace: str, *, fields: str = "", labels: str = "") -> list[Json]:
        self._request("list", kind, namespace)
        if labels == "maistra.io/gateway":
            return [GATEWAY]
        return []

    def apply(self, definition: Json, manager: str, *, dry_run: bool = False) -> Any:
        self._request("apply", definition["metadata"]["namespace"], dry_run)
        self.jobs.append(definition)
        return definition, True

    def delete(self, kind: str, name: str, namespace: str, *, with_dependents: bool) -> Json:
        self._request("delete", kind, name, with_dependents)
        return {}

    def _removal(self) -> Any:
        """The end of the pods; the Jobs are deleted while it is watched."""
        assert "delete" not in [request[0] for request in self.requests]
        names = [f"pod-{number}" for number in range(len(self.pods))]
        for name in names:
            yield Event("Pod", "ADDED", _pod("job", name, None))
        if "delete" not in self.fails:
            assert "delete" in [request[0] for request in self.requests]
        for name in [] if self.left else names:
            yield Event("Pod", "DELETED", _pod("job", name, None))

    def watch_many(self, watches: Any, deadline: float) -> Any:
        self._request("watch", *[watch.kind for watch in watches])
        if len(watches) == 1:
            yield from self._removal()
            return
        names = [job["metadata"]["name"] for job in self.jobs]
        if self.rejected:
            for name in ("another-job", *names):
                about = {
                    "involvedObject": {"name": name},
                    "reason": "FailedCreate",
                    "message": f"{self.rejected} {name}",
                }
                yield Event("Event", "ADDED", about)
        for number, pod in enumerate(self.pods):
            if callable(pod):
                yield Event("Pod", "ADDED", pod(names[number % len(names)], f"pod-{number}"))
        yield Event("", "QUIET", {})


def _rows(*rows: Any) -> Any:
    return lambda job, name: _pod(job, name, list(rows))


def _run(monkeypatch: pytest.MonkeyPatch, cluster: Cluster, check: bool = False, **options: Any) -> Json:
    monkeypatch.setattr(session, "Cluster", lambda auth, **options: cluster)
    defaults = {name: row["default"] for name, row in request_probe.ARGUMENT_SPEC.items() if "default" in row}
    params = {
        "auth": {"host": "https://red.example", "api_key": "x"},
        "mesh": "green-mesh",
        "namespace": "ns",
        "probe_namespace": "shop",
        "targets": [TARGET],
    }
    lines: list[str] = []
    result = request_probe.run({**defaults, **params, **options}, check, lines.append)
    return {**result, "lines": lines}


def test_a_service_that_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(_rows(SERVED))
    result = _run(monkeypatch, cluster)
    [name] = [job["metadata"]["name"] for job in cluster.jobs]
    assert result["passed"] and not result["problems"] and not result["changed"] and not result.get("failed")
    assert result["message"] == "1 of 1 requests answered by the services" and result["image"] == "proxy"
    assert [(one["pod"], one["status"], one["peer"]) for one in result["requests"]] == [("pod-0", 200, "red")]
    assert cluster.requests == [
        ("list", "Pod", "ns"),
        ("apply", "shop", False),
        ("watch", "Pod", "Event"),
        ("watch", "Pod"),
        ("delete", "Job", name, True),
    ]
    assert result["lines"][0] == f"green-mesh: Job shop/{name} requests 1 service"
    assert result["lines"][-1] == "green-mesh: pod pod-0: it has reported"


def test_a_service_that_does_not_answer_is_one_problem_for_all_pods(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run(monkeypatch, Cluster(_rows(UNSERVED), _rows(UNSERVED)), count=2)
    assert not result["passed"] and result["failed"] and len(result["requests"]) == 2
    [found] = result["problems"]
    assert (found["code"], found["peer"], found["where"]) == ("requests-fail", "red", f"{TARGET['host']}:9080")


def test_all_pods_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run(monkeypatch, Cluster(_rows(SERVED), lambda job, name: _pod(job, name, None)), count=2)
    [found] = result["problems"]
    assert found["code"] == "probe-late" and "pod pod-1 is running" in found["message"] and not result["passed"]
    assert len(result["requests"]) == 1, "what one pod has seen is not lost"
    [missing] = _run(monkeypatch, Cluster(_rows(SERVED)), count=2)["problems"]
    assert missing["code"] == "probe-late"
    [none] = _run(monkeypatch, Cluster())["problems"]
    assert none["code"] == "probe-late" and "the Job has no pod" in none["message"]


def test_a_pod_that_cannot_start_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(
        lambda job, name: _pod(job, name, None, waiting={"reason": "ImagePullBackOff", "message": "no such image"})
    )
    result = _run(monkeypatch, cluster, image="mine", count=3)
    [found] = result["problems"]
    assert found["code"] == "probe-image" and "no such image" in found["message"] and result["image"] == "mine"
    assert ("list", "Pod", "ns") not in cluster.requests and cluster.requests[-1][0] == "delete"


def test_a_rejected_pod_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run(monkeypatch, Cluster(rejected="Error creating: exceeded quota"))
    [found] = result["problems"]
    assert found["code"] == "probe-rejected" and "quota" in found["remedy"] and "another-job" not in found["message"]


def test_a_report_that_was_cut_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    [found] = _run(monkeypatch, Cluster(_rows(SERVED, SERVED)))["problems"]
    assert found["code"] == "probe-failed" and "1 rows" in found["message"]


def test_many_services_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = [{**TARGET, "port": 8000 + number} for number in range(25)]
    cluster = Cluster(_rows(*[SERVED] * 20), _rows(*[SERVED] * 5))
    result = _run(monkeypatch, cluster, targets=targets)
    assert result["passed"] and [one["port"] for one in result["requests"]] == [target["port"] for target in targets]
    assert len([request for request in cluster.requests if request[0] == "delete"]) == 2


@pytest.mark.parametrize("fails", ["apply", "watch"])
def test_what_fails_leaves_no_job(fails: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(_rows(SERVED), fails=(fails,))
    result = _run(monkeypatch, cluster)
    assert [one["code"] for one in result["problems"]] == ["forbidden"] and result["failed"]
    assert [request[0] for request in cluster.requests].count("delete") == 1, "its answer may have been lost"


def test_a_job_that_cannot_be_removed_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    for cluster, words in (
        (Cluster(_rows(SERVED), fails=("delete",)), "not deleted"),
        (Cluster(_rows(SERVED), left=True), "are left"),
    ):
        result = _run(monkeypatch, cluster)
        [found] = result["problems"]
        assert (found["code"], found["severity"]) == ("probe-left", "warning") and words in found["message"]
        assert "removes itself within 180 s" in found["message"] and result["changed"] and not result.get("failed")
        assert result["left"] and result["requests"][0]["ok"] and not result["passed"]


def test_check_mode_is_a_dry_run(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(_rows(SERVED))
    result = _run(monkeypatch, cluster, check=True)
    assert cluster.requests == [("list", "Pod", "ns"), ("apply", "shop", True)]
    assert not result["passed"] and not result["problems"] and result["message"] == "1 service would be requested"


def test_without_services_no_request_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster()
    result = _run(monkeypatch, cluster, targets=[])
    assert cluster.requests == [] and not result["passed"] and not result["problems"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"count": 0}, "count must be 1 to 20"),
        ({"requests": 0}, "requests must be 1 to 100"),
        ({"request_timeout": 61}, "request_timeout must be"),
        ({"path": "health"}, "path must begin with a slash"),
        ({"path": "/a b"}, "path must begin with a slash"),
        ({"header": "a b"}, "name of an HTTP header"),
        ({"targets": [{**TARGET, "host": "a b"}]}, "a target must have a host name"),
        ({"targets": [{**TARGET, "port": 0}]}, "a target must have a host name"),
        ({"timeout": -1}, "timeout must be"),
        ({"probe_namespace": ""}, "probe_namespace is an empty string"),
    ],
)
def test_invalid_options_are_rejected_before_a_request(
    options: Json, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = Cluster()
    result = _run(monkeypatch, cluster, **options)
    assert result["failed"] and words in result["msg"] and cluster.requests == []
