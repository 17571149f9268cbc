# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pods of a probe: what they show, by their status, and the Job that makes them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._modules import probe_job
from ansible_collections.ossm.federation.plugins.module_utils._product.probes import (
    TARGETS_PER_POD,
    ProbeTarget,
    protocol_of,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers import probe

Json = dict[str, Any]
PROXY = {"name": "istio-proxy", "image": "registry/proxyv2"}
PARAMS = {
    "probe_namespace": "shop",
    "count": 2,
    "timeout": 90.5,
    "path": "/$(id)",
    "header": None,
    "requests": 3,
    "request_timeout": 5,
}


def _target(number: int = 0, protocol: Any = "http") -> ProbeTarget:
    host = f"ratings-{number:03}.{'n' * 63}.svc.red-mesh-imports.local"
    return {"peer": "red", "service": f"exported-{number}", "host": host, "port": 9080, "protocol": protocol}


def _pod(state: Json | None = None, *, sidecar: bool = True, phase: str = "Pending", **status: Any) -> Json:
    statuses = [{"name": "probe", "state": state}] if state else []
    return {
        "metadata": {"name": "p"},
        "spec": {"containers": [{"name": "probe", "image": "x"}, *([PROXY] if sidecar else [])]},
        "status": {"phase": phase, "containerStatuses": statuses, **status},
    }


def _ended(code: int = 0, message: str = "") -> Json:
    return {"terminated": {"exitCode": code, "message": message, "reason": "Error" if code else "Completed"}}


UNSCHEDULED = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]


@pytest.mark.parametrize(
    ("pod", "code", "words"),
    [
        (_pod(), "", "starting"),
        (_pod(phase="Running"), "", "running"),
        (_pod(sidecar=False), "probe-not-injected", "no sidecar"),
        (_pod(conditions=UNSCHEDULED), "", "not scheduled: 0/3 nodes"),
        (_pod({"waiting": {"reason": "ErrImagePull", "message": "denied"}}), "", "probe: ErrImagePull: denied"),
        (_pod({"waiting": {"reason": "ImagePullBackOff"}}), "probe-image", "ImagePullBackOff"),
        (_pod({"waiting": {"reason": "InvalidImageName"}}), "probe-image", "InvalidImageName"),
        (_pod({"waiting": {"reason": "CreateContainerConfigError", "message": "root"}}), "probe-failed", "root"),
        (_pod(_ended(4, "no curl")), "probe-image", "no curl"),
        (_pod(_ended(127)), "probe-image", "exit code 127"),
        (_pod(_ended(128)), "probe-image", "exit code 128"),
        (_pod(_ended(137)), "probe-failed", "exit code 137"),
        (_pod(_ended(0)), "probe-failed", "no report"),
        (_pod(phase="Failed", reason="Evicted", message="low on memory"), "probe-failed", "Evicted: low on memory"),
    ],
)
def test_a_pod_without_a_report_says_why(pod: Json, code: str, words: str) -> None:
    state = probe.read_pod(pod)
    assert state.report is None and state.code == code and words in state.message
    assert state.is_final is bool(code)


def test_a_sidecar_that_cannot_start_is_named_too() -> None:
    pod = _pod({"waiting": {"reason": "PodInitializing"}})
    pod["status"]["containerStatuses"].append(
        {"name": "istio-proxy", "state": {"waiting": {"reason": "ImagePullBackOff"}}}
    )
    assert probe.read_pod(pod) == probe.PodState("container istio-proxy: ImagePullBackOff", code="probe-image")
    native = _pod(_ended(0, "[]"), sidecar=False)
    native["spec"]["initContainers"] = [PROXY]
    assert probe.read_pod(native).report == "[]", "a sidecar may be an init container that runs on"


@pytest.mark.parametrize(
    ("protocol", "row", "ok", "by", "words"),
    [
        ("http", [200, "a", 12, 0, 3, ""], True, "application", "HTTP 200"),
        ("http", [404, "a", 12, 0, 3, ""], True, "application", "HTTP 404"),
        ("http", [200, "a", 12, 0, 3, "red"], True, "red", "HTTP 200"),
        ("http", [403, "a", 12, 0, 1, ""], False, "application", "AuthorizationPolicy"),
        ("http", [503, "a", 12, 0, 0, ""], False, "application", "the service, or its sidecar, failed"),
        ("http", [503, "e", 12, 0, 0, "red"], False, "envoy", "from Envoy in place of the service"),
        ("http", [503, "e", 12, 0, 2, ""], False, "envoy", "after 2 requests that were served"),
        ("http", [0, "", 0, 6, 0, ""], False, "", "does not resolve"),
        ("http", [0, "", 0, 99, 0, ""], False, "", "exit code 99"),
        ("tcp", [0, "a", 0, 0, 1, ""], True, "application", "stays open"),
        ("tcp", [0, "", 0, 52, 0, ""], False, "", "closed without an answer"),
        ("tcp", [0, "", 0, 1, 0, ""], False, "", "exit code 1"),
    ],
)
def test_rows_of_a_report(protocol: str, row: list[Any], ok: bool, by: str, words: str) -> None:
    [request] = probe.read_report(json.dumps([row]), [_target(protocol=protocol)], "pod-1")
    assert (request["ok"], request["answered_by"], request["pod"]) == (ok, by, "pod-1") and words in request["message"]
    assert request["latency_ms"] == (12 if protocol == "http" and row[1] else None)


@pytest.mark.parametrize("text", ["", "[[200,", "[]", "[[200]]", '[{"a": 1}]', "{}", '[["x","a",1,0,3,""]]'])
def test_a_report_that_was_cut_is_no_report(text: str) -> None:
    with pytest.raises(ValueError):
        probe.read_report(text, [_target()], "pod")


def test_the_longest_report_of_a_pod_fits_into_a_termination_message() -> None:
    row = [503, "a", 60000, 124, 100, "x" * 40]
    assert len(json.dumps([row] * TARGETS_PER_POD, separators=(",", ":"))) <= 4096


def test_targets_are_split_in_their_order() -> None:
    targets = [_target(number) for number in range(2 * TARGETS_PER_POD + 1)]
    parts = probe_job.parts_of(targets)
    assert [len(part) for part in parts] == [TARGETS_PER_POD, TARGETS_PER_POD, 1]
    assert [target for part in parts for target in part] == targets and probe_job.parts_of([]) == []


def test_a_job_ends_and_goes_by_itself_and_its_pods_have_no_rights() -> None:
    job = probe_job.probe_job(PARAMS, "registry/proxyv2", "1f2e", 0, [_target(), _target(1, "tcp")])
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    assert (spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"], spec["backoffLimit"]) == (91, 60, 0)
    assert (spec["parallelism"], spec["completions"], pod["restartPolicy"]) == (2, 2, "Never")
    assert not pod["automountServiceAccountToken"] and "volumeMounts" not in pod["containers"][0]
    environment = {one["name"]: one["value"] for one in pod["containers"][0]["env"]}
    assert environment["PROBE_PATH"] == "/$$(id)", "Kubernetes expands $(id)"
    assert environment["PROBE_TARGETS"].split("\n")[1].split() == ["tcp", _target(1)["host"], "9080"]
    assert len(job["metadata"]["name"]) <= 63 - len("-x7k2p")


def test_the_pod_fits_the_restricted_level() -> None:
    """What Pod Security's level restricted asks of a pod (the lab's API server checks the same in an integration test)."""
    pod = probe_job.probe_job(PARAMS, "i", "1f2e", 0, [_target()])["spec"]["template"]["spec"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    context = pod["containers"][0]["securityContext"]
    assert not context["allowPrivilegeEscalation"] and context["capabilities"] == {"drop": ["ALL"]}
    assert "runAsUser" not in {**pod["securityContext"], **context}, "the SCC gives one of the namespace's range"


def test_the_image_of_the_proxies_is_that_of_a_gateway() -> None:
    gateway = {"metadata": {"name": "b", "labels": {"maistra.io/gateway": "b.ns"}}, "spec": {"containers": [PROXY]}}
    other = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "istio-proxy", "image": "other"}]}}
    assert probe.proxy_image([gateway, other]) == "registry/proxyv2"
    assert probe.proxy_image([other]) is None


@pytest.mark.parametrize(
    ("name", "protocol"),
    [
        ("http", "http"),
        ("HTTP-web", "http"),
        ("http2", "http"),
        ("grpc-api", "http"),
        ("https", "tcp"),
        ("tls-x", "tcp"),
        ("tcp", "tcp"),
        ("mysql-db", "tcp"),
        ("httpx", None),
        ("", None),
        ("web", None),
    ],
)
def test_the_name_of_a_port_tells_its_protocol(name: str, protocol: str | None) -> None:
    assert protocol_of(name) == protocol


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ('pods "x" is forbidden: exceeded quota: compute', "quota"),
        ("failed quota: compute: must specify limits.cpu", "quota"),
        ('failed calling webhook "sidecar-injector.istio.io"', "istiod"),
        ("unable to validate against any security context constraint", "restricted-v2"),
        ('violates PodSecurity "restricted:latest"', "restricted-v2"),
        ("something else", "Correct what the message names"),
    ],
)
def test_a_rejection_has_its_remedy(message: str, words: str) -> None:
    event = {"reason": "FailedCreate", "message": message}
    assert probe.rejection(event) == message and words in probe.rejection_fix(message)
    assert probe.rejection({"reason": "SuccessfulCreate", "message": message}) == ""
