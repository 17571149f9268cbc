# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clusters of the lab: start, stop, crashes, two labs at the same time, and the faults of API servers."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness import Federation, two_meshes
from kubernetes.client.exceptions import ApiException
from lab import faults, launcher, processes, seed, state, topology
from lab.api import Lab

TOPOLOGY = {"clusters": {"red": {"platform": "AWS"}}, "meshes": {"red-mesh": {"cluster": "red"}}}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of one cluster without simulator."""
    with Lab.start(TOPOLOGY, tmp_path_factory.mktemp("l") / "lab", simulator=False) as running:
        yield running


def _restart(lab: Lab) -> None:
    launcher.up(lab.directory, launcher.LabOptions(simulator=False), topology.default, say=lambda _text: None)
    faults.restore(lab.directory)


def test_objects_of_the_topology_exist(lab: Lab) -> None:
    plane = lab.get("red", "servicemeshcontrolplanes", "red-mesh", "red-mesh-system")
    assert plane["spec"]["security"]["trust"]["domain"] == "red-mesh.local"
    assert {item["manager"] for item in plane["metadata"]["managedFields"]} == {"mesh-owner"}
    services = [item["metadata"]["name"] for item in lab.get("red", "services", namespace="red-mesh-bookinfo")]
    assert sorted(services) == ["details", "ratings", "reviews"]
    infrastructure = lab.get("red", "infrastructures", "cluster")
    assert infrastructure["status"]["platformStatus"]["type"] == "AWS"
    assert [node["status"]["addresses"][0]["address"].rpartition(".")[2] for node in lab.get("red", "nodes")] == [
        "10",
        "11",
        "12",
    ]


def test_unknown_fields_are_pruned_and_ports_are_keyed(lab: Lab) -> None:
    gateway = {"enabled": True, "unknown": 1, "service": {"ports": [{"port": 15443, "name": "tls"}]}}
    body = {
        "apiVersion": "maistra.io/v2",
        "kind": "ServiceMeshControlPlane",
        "metadata": {"name": "red-mesh", "namespace": "red-mesh-system"},
        "spec": {
            "gateways": {"additionalIngress": {"ingress-x": gateway}},
            "runtime": {"defaults": {"deployment": {"autoScaling": {"enabled": False}}}},
        },
    }
    with pytest.raises(ApiException, match="field not declared in schema"):
        lab.apply("red", [body], manager="test/manager")
    lab.kubectl(
        "red",
        "patch",
        "smcp/red-mesh",
        "-n",
        "red-mesh-system",
        "--type=merge",
        "--field-manager=test/manager",
        "--patch",
        json.dumps({"spec": body["spec"]}),
    )
    plane = lab.get("red", "servicemeshcontrolplanes", "red-mesh", "red-mesh-system")
    assert plane["spec"]["gateways"]["additionalIngress"]["ingress-x"] == {
        "enabled": True,
        "service": {"ports": [{"port": 15443, "name": "tls"}]},
    }
    assert plane["spec"]["runtime"]["defaults"]["deployment"] == {}
    entry = next(item for item in plane["metadata"]["managedFields"] if item["manager"] == "test/manager")
    ports = entry["fieldsV1"]["f:spec"]["f:gateways"]["f:additionalIngress"]["f:ingress-x"]["f:service"]["f:ports"]
    assert 'k:{"port":15443}' in ports


def test_a_rule_without_type_is_rejected(lab: Lab) -> None:
    body = {
        "apiVersion": "federation.maistra.io/v1",
        "kind": "ExportedServiceSet",
        "metadata": {"name": "green", "namespace": "red-mesh-system"},
        "spec": {"exportRules": [{}]},
    }
    with pytest.raises(ApiException, match="spec.exportRules\\[0\\].type: Required"):
        lab.apply("red", [body])


def test_audit_has_each_request_of_the_user(lab: Lab) -> None:
    mark = lab.mark()
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "audited", "namespace": "default"}}
    lab.kubectl("red", "apply", "--server-side", "--dry-run=server", "-f", "-", stdin=json.dumps(config_map))
    dry_run = lab.audit("red", since=mark)
    assert any(request.dry_run and request.verb == "patch" for request in dry_run)
    assert not [request for request in dry_run if request.changes]
    lab.apply("red", [config_map])
    written = [request for request in lab.audit("red", since=mark) if request.changes]
    assert [(request.verb, request.resource, request.name, request.code) for request in written] == [
        ("patch", "configmaps", "audited", 201)
    ]


@pytest.mark.parametrize("code", [409, 500])
def test_an_error_answers_the_matching_requests_that_often(lab: Lab, code: int) -> None:
    with lab.fault("api-error", cluster="red", code=code, verbs="get", resources=["configmaps"], count=2):
        client = seed.connect(lab.clusters["red"].kubeconfig, lab.directory / f"cache-{code}.json")
        resource = client.resources.get(api_version="v1", kind="ConfigMap")
        codes = []
        for _attempt in range(3):
            try:
                resource.get(name="missing", namespace="default")
            except ApiException as error:
                codes.append(error.status)
        resource.get(namespace="default")
    assert codes == [code, code, 404]


def test_too_many_requests_has_a_retry_time(lab: Lab) -> None:
    with lab.fault("api-error", cluster="red", code=429, verbs="get", resources="configmaps", count=2, retry_after=1):
        client = seed.connect(lab.clusters["red"].kubeconfig, lab.directory / "cache-429.json")
        began = time.monotonic()
        with pytest.raises(ApiException, match="404"):
            client.resources.get(api_version="v1", kind="ConfigMap").get(name="missing", namespace="default")
        assert time.monotonic() - began >= 2


def test_watches_stream_through_the_front_proxy(lab: Lab) -> None:
    seen = threading.Event()
    with lab.fault("api-slow", cluster="red", seconds=0.3, verbs=["list"]):
        client = seed.connect(lab.clusters["red"].kubeconfig, lab.directory / "cache-watch.json")
        resource = client.resources.get(api_version="v1", kind="ConfigMap")

        def watch() -> None:
            for event in resource.watch(namespace="default", timeout=20):
                if event["object"].metadata.name == "streamed":
                    seen.set()
                    return

        thread = threading.Thread(target=watch)
        thread.start()
        began = time.monotonic()
        resource.get(namespace="default")
        assert time.monotonic() - began >= 0.3
        lab.apply(
            "red", [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "streamed", "namespace": "default"}}]
        )
        assert seen.wait(10)
        thread.join()
    assert "front-proxy" not in " ".join(lab.clusters["red"].running())


def test_expired_credentials_are_unauthorized(lab: Lab) -> None:
    with lab.fault("api-unauthorized", cluster="red"):
        assert "Unauthorized" in _error(lab, "get", "configmaps") or "logged in" in _error(lab, "get", "configmaps")
    lab.kubectl("red", "get", "configmaps")


def test_a_wrong_certificate_is_seen_by_running_clients(lab: Lab) -> None:
    with lab.fault("front-proxy", cluster="red"):
        lab.kubectl("red", "get", "configmaps")
        with lab.fault("wrong-certificate", cluster="red"):
            assert "x509" in _error(lab, "get", "configmaps")
        lab.kubectl("red", "get", "configmaps")


def _error(lab: Lab, *arguments: str) -> str:
    completed = launcher.kubectl(lab.directory, "red", list(arguments), capture_output=True)
    assert completed.returncode
    return completed.stderr


def test_forbidden_requests_are_reviewed_as_forbidden(lab: Lab) -> None:
    with lab.fault("api-forbidden", cluster="red", verbs="patch,create", resources="servicemeshpeers"):
        answer = lab.kubectl("red", "auth", "can-i", "patch", "servicemeshpeers.federation.maistra.io", check=False)
        assert answer.strip() == "no"
        assert lab.kubectl("red", "auth", "can-i", "list", "servicemeshpeers.federation.maistra.io").strip() == "yes"
        assert lab.kubectl("red", "auth", "can-i", "patch", "configmaps").strip() == "yes"
    assert lab.kubectl("red", "auth", "can-i", "patch", "servicemeshpeers.federation.maistra.io").strip() == "yes"


def test_everything_forbidden(lab: Lab) -> None:
    with lab.fault("api-forbidden", cluster="red"):
        assert "cannot list resource" in _error(lab, "get", "namespaces")
    lab.kubectl("red", "get", "namespaces")


def test_a_stopped_server_refuses_connections_and_keeps_its_port(lab: Lab) -> None:
    before = lab.clusters["red"].entry["server"]
    with lab.fault("api-stopped", cluster="red"):
        assert "refused" in _error(lab, "get", "namespaces")
    lab.kubectl("red", "get", "namespaces")
    assert state.load(lab.directory)["clusters"]["red"]["server"] == before


def test_missing_crds(lab: Lab) -> None:
    with lab.fault("crds-missing", cluster="red", kinds="ServiceMeshPeer"):
        assert "servicemeshpeers" not in lab.kubectl("red", "get", "crds", "-o", "name")
    assert "servicemeshpeers" in lab.kubectl("red", "get", "crds", "-o", "name")


def test_up_restarts_a_killed_server(lab: Lab) -> None:
    victim = lab.clusters["red"].running()["kube-apiserver"]
    os.kill(victim.pid, signal.SIGKILL)
    processes.stop([victim])
    _restart(lab)
    assert lab.clusters["red"].running()["kube-apiserver"].pid != victim.pid
    lab.kubectl("red", "get", "namespaces")


def test_a_second_lab_is_independent_and_leaves_nothing(lab: Lab, tmp_path: Path) -> None:
    second = Lab.start(TOPOLOGY, tmp_path / "second", simulator=False)
    assert second.content["network"] != lab.content["network"]
    second.kubectl("red", "get", "namespaces")
    for process in processes.of_lab(second.directory):
        os.kill(process.pid, signal.SIGKILL)
    state.write_json(second.directory / "lab.json", {})
    second.stop()
    assert not processes.of_lab(second.directory)
    assert os.listdir(tmp_path) == []
    lab.kubectl("red", "get", "namespaces")


def test_stop_after_a_crash_leaves_nothing(start: Callable[..., Lab], tmp_path: Path) -> None:
    lab = start(two_meshes())
    Federation.for_lab(lab, tmp_path).succeed()
    gateways = {f"{lab.content['network']}.{index}" for index in (1, 2)}
    assert {address.rpartition(".")[0] for address in _listening(lab) if address.endswith(":8188")} == gateways
    victims = [
        process for process in processes.of_lab(lab.directory) if process.role in ("simulator", "red/kube-apiserver")
    ]
    for process in victims:
        os.kill(process.pid, signal.SIGKILL)
    assert len(victims) == 2
    assert _remains(lab)["processes"], "the other processes still run"
    lab.stop()
    assert _remains(lab) == {"processes": [], "listening": [], "files": [], "claims": []}


def _remains(lab: Lab) -> dict[str, list[str]]:
    claims = state.runtime_directory().glob("127.*")
    return {
        "processes": [process.role for process in processes.of_lab(lab.directory)],
        "listening": _listening(lab),
        "files": os.listdir(lab.directory.parent),
        "claims": [path.name for path in claims if state.read_json(path, {}).get("directory") == str(lab.directory)],
    }


def _listening(lab: Lab) -> list[str]:
    """Return the listening sockets of any process in the lab's network, as ``address:port``."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="utf-8").splitlines()[1:]]
    listening = [_address(row[1]) for row in rows if row[3] == "0A"]
    return [address for address in listening if address.startswith(f"{lab.content['network']}.")]


def _address(text: str) -> str:
    """Return an address of /proc/net/tcp as ``address:port``; the file has the number in the machine's byte order."""
    number, _separator, port = text.partition(":")
    return f"{socket.inet_ntoa(int(number, 16).to_bytes(4, sys.byteorder))}:{int(port, 16)}"


def test_reset_restores_the_initial_state(lab: Lab) -> None:
    lab.kubectl("red", "create", "namespace", "created-by-a-test")
    lab.reset()
    assert "created-by-a-test" not in lab.kubectl("red", "get", "namespaces", "-o", "name")
    assert "Lab" in lab.describe()
