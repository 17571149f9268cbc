# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs and the requests of their pods: what Kubernetes, the injector and the data plane do with them.

No observation of the product stands behind these cases: the rules are those of Kubernetes' controllers and of the injection template, and
the requests are those of the other cases.
"""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from lab.conformance.conftest import Meshes
from lab.conformance.kube import Object
from lab.conformance.links import Pair
from lab.conformance.mesh import Mesh
from lab.conformance.objects import SLACK, rule

QUIT = "curl -X POST http://127.0.0.1:15020/quitquitquit"
HOLD = json.dumps({"holdApplicationUntilProxyStarts": True})
DENY_ESCALATION: Object = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def job(mesh: Mesh, name: str, targets: str = "", **changes: Any) -> Object:
    """Return a Job whose pod requests targets; ``changes`` are of its spec, its ``annotations``, its ``pod`` and its ``command``."""
    annotations = {"sidecar.istio.io/inject": "true", "proxy.istio.io/config": HOLD}
    environment = {"PROBE_TARGETS": targets, "PROBE_REQUESTS": "2", "PROBE_PATH": "/", "PROBE_HEADER": ""}
    container: Object = {
        "name": "probe",
        "image": "lab/probe",
        "command": ["bash", "-c", changes.pop("command", QUIT)],
        "env": [{"name": key, "value": value} for key, value in environment.items()] if targets else [],
        "securityContext": DENY_ESCALATION,
    }
    metadata = {"annotations": annotations | changes.pop("annotations", {})}
    pod = {"restartPolicy": "Never", "containers": [container]} | changes.pop("pod", {})
    spec = {"backoffLimit": 0, "template": {"metadata": metadata, "spec": pod}} | changes
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": mesh.app},
        "spec": spec,
    }


def pods(mesh: Mesh, name: str) -> list[Object]:
    """Return the pods of a Job."""
    return [pod for pod in mesh.api.list("Pod", mesh.app) if pod["metadata"]["name"].startswith(f"{name}-")]


def until(read: Any, expected: str) -> Any:
    """Return the first true value."""
    deadline = time.monotonic() + SLACK
    while not (value := read()):
        assert time.monotonic() < deadline, expected
        time.sleep(0.05)
    return value


def report(mesh: Mesh, body: Object) -> tuple[Any, str]:
    """Run a Job, return what its pod reports and the phase of the pod; the Job is deleted with its pods."""
    name = body["metadata"]["name"]
    mesh.api.apply(body)

    def ended() -> Any:
        for pod in pods(mesh, name):
            for status in pod.get("status", {}).get("containerStatuses", []):
                if status["name"] == "probe" and status["state"].get("terminated"):
                    return pod, status["state"]["terminated"].get("message", "")
        return None

    pod, message = until(ended, f"the pod of {name} has not ended")
    remove(mesh, name)
    return json.loads(message), pod["status"]["phase"]


def remove(mesh: Mesh, name: str) -> None:
    """Delete a Job with its pods, and wait for their end."""
    mesh.api.resource("Job").delete(name=name, namespace=mesh.app, body={"propagationPolicy": "Background"})
    until(lambda: not pods(mesh, name), f"pods of {name} are left")


def test_requests_of_a_pod_are_those_of_the_data_plane(meshes: Meshes) -> None:
    """An imported name answers; a name that two meshes export does not, with a healthy status; an unknown one does not resolve."""
    pair, other = Pair(meshes.blue, meshes.red), Pair(meshes.blue, meshes.green)
    for one, alias in ((pair, "red-only"), (other, "green-only")):
        one.trust()
        app = one.second.mesh.app
        one.second.exports(rule(app, "ratings", (alias, "ratings")), rule(app, "reviews", ("both", "reviews")))
        one.first.imports(rule("*", "*"))
    for one in (pair, other):
        one.peers()
    for one in (pair, other):
        one.until_connected()
        one.first.until_imported(f"reviews.both.svc.{one.first.name}-imports.local")
    targets = "\n".join(
        (
            "http ratings.red-only.svc.red-imports.local 9080",
            "tcp ratings.red-only.svc.red-imports.local 9080",
            "http reviews.both.svc.red-imports.local 9080",
            "tcp reviews.both.svc.red-imports.local 9080",
            "http nothing.red-only.svc.red-imports.local 9080",
            "http ratings.red-only.svc.red-imports.local 9081",
        )
    )
    rows, phase = report(meshes.blue, job(meshes.blue, "requests", targets))
    assert phase == "Succeeded"
    assert [(row[0], row[1], row[3], row[4]) for row in rows] == [
        (200, "a", 0, 2),
        (0, "a", 0, 1),
        (503, "e", 0, 0),
        (0, "", 52, 0),
        (0, "", 6, 0),
        (503, "e", 0, 0),
    ]


def test_a_pod_without_its_proxy_reaches_nothing(pair: Pair) -> None:
    """Without a sidecar no imported name resolves; without the hold the requests come before the proxy."""
    red, target = pair.first.mesh, "http ratings.any.svc.green-imports.local 9080"
    rows, phase = report(red, job(red, "bare", target, annotations={"sidecar.istio.io/inject": "false"}))
    assert (rows, phase) == ([[0, "", 0, 6, 0, ""]], "Succeeded")
    rows, _phase = report(red, job(red, "early", target, annotations={"proxy.istio.io/config": "{}"}))
    assert rows == [[0, "", 0, 7, 0, ""]]


def test_a_sidecar_that_is_not_told_to_quit_runs_until_the_deadline(pair: Pair) -> None:
    red = pair.first.mesh
    red.api.apply(job(red, "endless", command="true", activeDeadlineSeconds=2, ttlSecondsAfterFinished=5))
    until(lambda: [pod for pod in pods(red, "endless") if pod["status"].get("phase") == "Running"], "it does not run")
    failed = until(lambda: red.api.get("Job", "endless", red.app).get("status", {}).get("conditions"), "no end")
    assert {one["type"]: one["reason"] for one in failed}["Failed"] == "DeadlineExceeded"
    until(lambda: not red.api.list("Job", red.app) and not pods(red, "endless"), "the Job outlives its time to live")


def test_pods_of_a_job_that_is_deleted_alone_stay(pair: Pair) -> None:
    """The API server's default for Jobs is to orphan their pods."""
    red = pair.first.mesh
    red.api.apply(job(red, "orphan"))
    until(lambda: [pod for pod in pods(red, "orphan") if pod["status"].get("phase") == "Succeeded"], "it has not ended")
    red.api.resource("Job").delete(name="orphan", namespace=red.app)
    until(lambda: not red.api.list("Job", red.app), "the Job is left")
    [pod] = pods(red, "orphan")
    assert not pod["metadata"].get("ownerReferences")
    red.api.delete("Pod", pod["metadata"]["name"], red.app)


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        ({"securityContext": {"runAsUser": 0}}, "unable to validate against any security context constraint"),
        ({"hostNetwork": True}, "unable to validate against any security context constraint"),
    ],
)
def test_a_pod_that_is_not_admitted_is_an_event_of_the_job(pod: Object, message: str, pair: Pair) -> None:
    red = pair.first.mesh
    red.api.apply(job(red, "denied", pod=pod))

    def denied() -> list[str]:
        events = red.api.list("Event", red.app)
        return [
            one["message"]
            for one in events
            if one["reason"] == "FailedCreate" and one["involvedObject"]["name"] == "denied"
        ]

    assert message in until(denied, "no event")[0]
    assert not pods(red, "denied")
    remove(red, "denied")
