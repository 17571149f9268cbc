# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""doctor.yml names what is wrong by its content, and has no finding where nothing is."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from authorities import fingerprint
from harness import ROOT, Federation, Run, two_meshes
from lab.sim.ca import WORKLOAD_KEY_PEM, Authority

RED, GREEN = "red-mesh", "green-mesh"
DOCTOR = ROOT / "playbooks" / "doctor.yml"
FORCE = ("-e", '{"federation_force_conflicts": true}')
Json = dict[str, Any]


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two federated meshes; green imports a service of red."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    federation.succeed()
    return federation


def _diagnose(federation: Federation, *arguments: str) -> tuple[Run, Json]:
    """Run the doctor, which must not write, and return its run and its file."""
    file, mark = federation.folder / "doctor.json", federation.lab.mark()
    run = federation.play(DOCTOR, "-e", f"federation_doctor_file={file}", *arguments)
    assert not federation.writes(mark)
    return run, json.loads(file.read_text())


def _patch(federation: Federation, mesh: str, kind: str, name: str, body: Json) -> None:
    """Change an object as a person does with kubectl."""
    cluster, namespace = federation.location(mesh)
    federation.lab.kubectl(cluster, "patch", kind, name, "-n", namespace, "--type=merge", "-p", json.dumps(body))


def _await_down(federation: Federation, *links: tuple[str, str]) -> None:
    for mesh, peer in links:
        federation.eventually(lambda mesh=mesh, peer=peer: not federation.watch(mesh, peer).get("connected"))


def _repair(federation: Federation) -> None:
    federation.succeed(*FORCE)
    federation.eventually(lambda: federation.connected() == [(GREEN, RED), (RED, GREEN)])


def _cause(found: Json, code: str) -> Json:
    """Return the only cause, which has this code."""
    [cause] = found["causes"]
    assert cause["codes"] == [code], cause
    return dict(cause)


def _rung(found: Json, mesh: str, name: str) -> Json:
    [ladder] = [ladder for ladder in found["ladders"] if ladder["from"] == mesh]
    return dict(next(rung for rung in ladder["rungs"] if rung["rung"] == name))


def test_a_healthy_federation_has_no_finding(federation: Federation) -> None:
    run, found = _diagnose(federation, "-v")
    assert run.code == 0 and found["verdict"] == "HEALTHY" and found["causes"] == [], run.output
    states = {(rung["rung"], rung["state"]) for ladder in found["ladders"] for rung in ladder["rungs"]}
    assert {state for _name, state in states} <= {"passed", "unknown", "skipped"}
    assert {name for name, state in states if state == "unknown"} <= {"name-resolves", "tcp-open", "tls", "serving"}
    # green's cloud publishes an IP address, red's a name that only the lab resolves.
    assert _rung(found, RED, "tls")["state"] == "passed", run.output
    assert "No request was sent" in run.flat and "client-id" not in run.flat
    check, same = _diagnose(federation, "--check")
    assert check.code == 0 and same == found


def test_a_wrong_client_id_is_named_with_the_right_one(federation: Federation) -> None:
    right = federation.get(RED, "servicemeshpeers", GREEN)["spec"]["security"]["clientID"]
    _patch(federation, RED, "servicemeshpeers", GREEN, {"spec": {"security": {"clientID": f"x{right}"}}})
    _await_down(federation, (GREEN, RED))
    run, found = _diagnose(federation)
    assert run.code == 2 and found["verdict"] == "BROKEN", run.output
    cause = _cause(found, "client-id-differs")
    assert (cause["mesh"], cause["value"], cause["expected"]) == (RED, f"x{right}", right)
    assert [(link["from"], link["to"]) for link in cause["links"]] == [(GREEN, RED)]
    assert "federation_force_conflicts: true, as kubectl-patch has changed it" in cause["remedy"]
    assert _rung(found, GREEN, "identity-expected")["state"] == "failed"
    assert _rung(found, GREEN, "watching")["state"] == "skipped"
    assert run.flat.count("ServiceMeshPeer red-mesh-system/green-mesh spec.security.clientID") == 1
    assert "docs/codes.md#client-id-differs" in run.flat
    assert run.recap[RED]["failed"] == 1 and run.recap[GREEN]["failed"] == 0
    _repair(federation)


def test_a_wrong_root_breaks_both_links_and_is_one_cause(federation: Federation) -> None:
    published = fingerprint(federation.get(RED, "configmaps", "istio-ca-root-cert")["data"]["root-cert.pem"])
    other = Authority.create("red-mesh.local").cert_pem.decode()
    _patch(federation, GREEN, "configmaps", f"{RED}-ca-root-cert", {"data": {"root-cert.pem": other}})
    with federation.lab.fault("egress-restart", mesh=GREEN), federation.lab.fault("istiod-restart", mesh=GREEN):
        _await_down(federation, (GREEN, RED))
    run, found = _diagnose(federation)
    assert run.code == 2, run.output
    cause = _cause(found, "root-differs")
    assert cause["mesh"] == GREEN and len(cause["links"]) == 2
    shown = [text.replace(":", "").lower() for text in (*cause["value"], *cause["expected"])]
    assert shown == [fingerprint(other), published]
    federation.lab.fault("istiod-restart", mesh=GREEN)
    _repair(federation)


@contextlib.contextmanager
def _something_else(folder: Path) -> Iterator[int]:
    """Serve TLS with a certificate of an unrelated server, and return the port."""
    file = folder / "other.pem"
    authority = Authority.create("something-else.example")
    file.write_bytes(authority.issue("something-else.example/ns/web/sa/web") + WORKLOAD_KEY_PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def test_something_else_at_the_address_is_recognised(federation: Federation) -> None:
    with _something_else(federation.folder) as port:
        remote = {"addresses": ["127.0.0.1"], "discoveryPort": port, "servicePort": 15443}
        federation.hosts[RED]["mesh_ingress"] = {"addresses": ["127.0.0.1"], "discoveryPort": port}
        _patch(federation, GREEN, "servicemeshpeers", RED, {"spec": {"remote": remote}})
        _await_down(federation, (GREEN, RED))
        run, found = _diagnose(federation)
        assert run.code == 2, run.output
        cause = _cause(found, "tls-other")
        assert cause["value"] == "something-else.example/ns/web/sa/web"
        assert cause["expected"] == f"red-mesh.local/ns/red-mesh-system/sa/ingress-{GREEN}-service-account"
        assert _rung(found, GREEN, "tls")["seen_from"] == "controller"
        unseen, without = _diagnose(federation, "-e", '{"federation_doctor_network": false}')
        assert _cause(without, "peer-unreachable")["mesh"] == GREEN, unseen.output
    del federation.hosts[RED]["mesh_ingress"]
