# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Probes: a request from inside the mesh is the only thing that tells whether traffic passes, and nothing of it stays."""

from __future__ import annotations

import json
import signal
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import EXPORTED, IMPORTED, ROOT, Federation, Run, request_lines, two_meshes
from lab.processes import RUN_MARK
from module_calls import Call

RED, GREEN = "red-mesh", "green-mesh"
LINKS = [(GREEN, RED), (RED, GREEN)]
MEMBER = "green-mesh-bookinfo"
DOCTOR, RBAC = ROOT / "playbooks" / "doctor.yml", ROOT / "docs" / "rbac"
PROBE = ("-e", '{"federation_probe": true}')
ACCOUNT = "ossm-federation"
Json = dict[str, Any]


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two federated meshes; green imports a service of red, and only pods of the level restricted may run beside its applications."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    federation.succeed()
    federation.lab.kubectl("green", "label", "namespace", MEMBER, "pod-security.kubernetes.io/enforce=restricted")
    return federation


def _diagnose(federation: Federation, *arguments: str, **options: Any) -> tuple[Run, Json]:
    """Run the doctor, and return its run and its file."""
    file = federation.folder / "doctor.json"
    file.unlink(missing_ok=True)
    run = federation.play(DOCTOR, "-e", f"federation_doctor_file={file}", *arguments, **options)
    return run, json.loads(file.read_text()) if file.exists() else {}


def _serving(found: Json) -> Json:
    """Return what the doctor says of the requests of green."""
    [ladder] = [ladder for ladder in found["ladders"] if ladder["from"] == GREEN]
    return dict(next(rung for rung in ladder["rungs"] if rung["rung"] == "serving"))


def _left(federation: Federation) -> list[str]:
    """Return the Jobs and pods of probes."""
    return [
        f"{kind}/{item['metadata']['name']}"
        for kind in ("jobs", "pods")
        for item in federation.lab.get("green", kind, namespace=MEMBER)
        if item["metadata"]["name"].startswith("federation-probe-")
    ]


def _grant(federation: Federation, *playbooks: str) -> None:
    """Use an account in each mesh that has exactly the rights of some files of docs/rbac."""
    for mesh in federation.lab.meshes:
        cluster, namespace = federation.location(mesh)
        for playbook in playbooks:
            text = (RBAC / f"{playbook}.yaml").read_text(encoding="utf-8").replace(RED, mesh)
            federation.lab.apply(cluster, list(yaml.safe_load(text)["items"]), force=True)
        federation.hosts[mesh]["mesh_impersonate_user"] = f"system:serviceaccount:{namespace}:{ACCOUNT}"


def test_a_request_proves_traffic_with_its_own_rights_and_leaves_nothing(federation: Federation) -> None:
    _grant(federation, "doctor", "probe")
    mark = federation.lab.mark()
    run, found = _diagnose(
        federation, *PROBE, "-e", "federation_probe_count=2", "-e", "federation_probe_header=x-lab-mesh", "-v"
    )
    assert run.code == 0 and found["verdict"] == "HEALTHY" and found["causes"] == [], run.output
    rung = _serving(found)
    assert rung["state"] == "passed" and "1 service answered, the slowest in" in rung["message"], run.output
    assert rung["seen_from"] == "probe" and "Requests are answered: green-mesh -> red-mesh." in run.flat
    accounts = {mesh: federation.hosts[mesh].pop("mesh_impersonate_user") for mesh in federation.lab.meshes}
    sent = [
        one for mesh, user in accounts.items() for one in federation.lab.audit(federation.location(mesh)[0], mark, user)
    ]
    assert not [one for one in request_lines(sent) if one.endswith("403")]
    assert [(one.verb, one.resource) for one in sent if one.changes] == [("patch", "jobs"), ("delete", "jobs")]
    assert _left(federation) == []
    mark = federation.lab.mark()
    check, unsent = _diagnose(federation, *PROBE, "--check")
    assert check.code == 0 and not federation.writes(mark), check.output
    assert _serving(unsent)["state"] == "unknown" and "No request was sent" in check.flat


def _patch_client_id(federation: Federation, value: str) -> None:
    body = {"spec": {"security": {"clientID": value}}}
    federation.lab.kubectl(
        "red", "patch", "servicemeshpeer", GREEN, "-n", "red-mesh-system", "--type=merge", "-p", json.dumps(body)
    )


def _restart_istiod(federation: Federation) -> None:
    def pods() -> set[str]:
        return {name for name in federation.names(RED, "pods") if name.startswith("istiod-")}

    before = pods()
    federation.lab.fault("istiod-restart", mesh=RED)
    federation.eventually(lambda: (new := pods()) and not new & before)


def _status(federation: Federation) -> int:
    return int(federation.lab.ask({"verb": "request", "from_mesh": GREEN, "host": IMPORTED})["status"])


def test_an_identity_that_istiod_keeps_fails_requests_though_the_status_is_perfect(federation: Federation) -> None:
    """The peer was made with a wrong client ID and corrected by hand: nothing on the API server shows what istiod keeps."""
    right = federation.get(RED, "servicemeshpeers", GREEN)["spec"]["security"]["clientID"]
    _patch_client_id(federation, f"x{right}")
    _restart_istiod(federation)
    federation.eventually(lambda: "403" in federation.watch(GREEN, RED).get("lastDisconnectStatus", ""))
    _patch_client_id(federation, right)
    federation.eventually(lambda: federation.connected() == LINKS)
    unproven, without = _diagnose(federation)
    assert without["verdict"] != "BROKEN" and _serving(without)["state"] == "unknown", unproven.output
    run, found = _diagnose(federation, *PROBE)
    assert run.code == 2 and found["verdict"] == "BROKEN", run.output
    [cause] = found["causes"]
    assert cause["codes"] == ["requests-fail"] and cause["mesh"] == GREEN, run.output
    rung = _serving(found)
    assert (rung["state"], rung["object"]) == ("failed", f"{IMPORTED}:9080") and rung["value"] == "HTTP 503"
    assert "HTTP 503 from Envoy in place of the service" in run.flat and "deploy/istiod-red-mesh" in run.flat
    assert _left(federation) == []
    _restart_istiod(federation)
    federation.eventually(lambda: federation.connected() == LINKS and _status(federation) == 200)


def test_a_pod_that_cannot_start_says_why(federation: Federation) -> None:
    """The inventory does not declare what red exports: the ports are read for the probe."""
    declared = federation.hosts[RED].pop("mesh_exports")
    run, found = _diagnose(federation, *PROBE, "-e", "federation_probe_image=registry.example.com/none:1")
    federation.hosts[RED]["mesh_exports"] = declared
    rung = _serving(found)
    assert run.code == 2 and rung["state"] == "unknown" and "ImagePullBackOff" in rung["message"], run.output
    assert run.recap[GREEN]["failed"] == 1 and run.recap[RED]["failed"] == 0, run.output
    assert "requests not proven [probe-image]" in run.flat
    assert found["verdict"] == "UNKNOWN" and "Requests from green-mesh to red-mesh are not proven" in run.flat
    assert "federation_probe_image" in rung["needs"] and _left(federation) == []


def test_the_module_alone_names_a_namespace_without_sidecars(federation: Federation, folder: Path) -> None:
    call = Call(federation, folder)
    options: Json = {
        "auth": {"kubeconfig": federation.hosts[GREEN]["mesh_kubeconfig"]},
        "mesh": GREEN,
        "namespace": "green-mesh-system",
        "targets": [{"host": IMPORTED, "port": 9080, "service": EXPORTED, "peer": RED}],
    }
    outside = call("in process", "request_probe", probe_namespace="default", **options)
    assert [one["code"] for one in outside["problems"]] == ["probe-not-injected"], call.output
    inside = call("as a module", "request_probe", probe_namespace=MEMBER, **options)
    [request] = inside["requests"]
    assert inside["passed"] and (request["status"], request["answered_by"]) == (200, "application"), call.output


def test_a_run_that_is_killed_leaves_nothing(federation: Federation) -> None:
    """The Job removes itself with its pods: no one is left who could."""
    name = uuid.uuid4().hex
    with federation.lab.fault("front-proxy"), federation.lab.fault("run-killed", run=name, n=1, when="after"):
        run, _none = _diagnose(federation, *PROBE, environment={RUN_MARK: name})
    assert run.code == -signal.SIGKILL, run.output
    assert any(left.startswith("jobs/") for left in _left(federation))
    federation.eventually(lambda: _left(federation) == [], 60)
