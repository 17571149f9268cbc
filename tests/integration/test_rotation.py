# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rotation of a mesh's root in stages: no link is lost, the old root goes only when nothing needs it, and each run continues."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from authorities import fingerprint, install_authority, restart_deployments
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from harness import IMPORTED, ROOT, Federation, Run, two_meshes
from lab.sim.ca import Authority

RED, GREEN = "red-mesh", "green-mesh"
ROTATE = ROOT / "playbooks" / "rotate_trust.yml"
KEY, MARK = "root-cert.pem", "ossm.federation/rotating"
RESTART = ("-e", '{"federation_rotate_restart": true}')


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two federated meshes; red has a workload, which its bookinfo exports to green."""
    topology = two_meshes(red={"workloads": {"red-mesh-bookinfo": {"ratings": "Deployment"}}})
    federation = Federation.for_lab(start(topology), tmp_path_factory.mktemp("f"))
    federation.succeed()
    return federation


def _rotate(federation: Federation, *arguments: str, mesh: str = RED) -> Run:
    return federation.play(ROTATE, "-e", f"federation_rotate_mesh={mesh}", *arguments)


def _published(federation: Federation) -> str:
    return federation.get(RED, "configmaps", "istio-ca-root-cert")["data"][KEY]


def _trusted(federation: Federation) -> tuple[set[str], bool]:
    """Return the fingerprints in green's ConfigMap with red's roots, and whether it has the mark of a rotation."""
    body = federation.get(GREEN, "configmaps", f"{RED}-ca-root-cert")
    certificates = x509.load_pem_x509_certificates(body["data"][KEY].encode())
    return {one.fingerprint(hashes.SHA256()).hex() for one in certificates}, MARK in body["metadata"].get(
        "annotations", {}
    )


class Coming:
    """A new authority for red, with its root in a file."""

    def __init__(self, federation: Federation) -> None:
        self.federation, self.authority = federation, Authority.create("red-mesh.local")
        self.old, self.new = fingerprint(_published(federation)), fingerprint(self.authority.cert_pem.decode())
        self.file = federation.folder / f"{self.new[:8]}.pem"
        self.file.write_bytes(self.authority.cert_pem)
        self.argument = ("-e", f"federation_rotate_root={self.file}")

    def install(self) -> None:
        """Replace the CA as red's administrator does."""
        install_authority(self.federation, RED, self.authority, self.file)


def _check_linked(federation: Federation) -> None:
    assert federation.connected() == [(GREEN, RED), (RED, GREEN)]
    answer = federation.lab.ask({"verb": "request", "from_mesh": GREEN, "host": IMPORTED})
    assert answer["status"] == 200, answer


def test_without_a_coming_root_there_is_nothing_to_rotate(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = _rotate(federation)
    assert run.code == 0 and run.data["verdict"] == "NOTHING TO ROTATE", run.output
    assert "federation_rotate_root" in run.flat and not federation.writes(mark)


def test_a_rotation_in_stages_with_restarts_by_the_administrator(federation: Federation) -> None:
    coming = Coming(federation)
    mark = federation.lab.mark()
    check = _rotate(federation, *coming.argument, "--check", "--diff")
    assert check.code == 0 and check.data["verdict"] == "PLANNED" and not federation.writes(mark), check.output
    run = _rotate(federation, *coming.argument)
    assert run.code == 0 and run.data["verdict"] == "WAITING" and run.data["stage"] == "rotate", run.output
    assert run.changes == check.changes and {change[:2] for change in run.changes} == {
        (GREEN, "ConfigMap"),
        (GREEN, "ServiceMeshPeer"),
    }
    assert _trusted(federation) == ({coming.old, coming.new}, True)
    again = _rotate(federation)
    assert again.code == 0 and again.data["stage"] == "rotate" and again.data["changes"] == [], again.output
    federated = federation.succeed()
    assert federated.unchanged and "[rotation-underway]" in federated.flat, federated.output
    assert f"rotate_trust.yml with federation_rotate_mesh: {RED}" in federated.flat
    coming.install()
    restart_deployments(federation, RED, "istiod-red-mesh")
    federation.eventually(lambda: fingerprint(_published(federation)) == coming.new)
    halfway = _rotate(federation)
    assert halfway.code == 0 and halfway.data["stage"] == "rotate" and halfway.data["changes"] == [], halfway.output
    assert f"egress-{GREEN}" in halfway.flat and f"ingress-{GREEN}" in halfway.flat
    assert "Deployment red-mesh-bookinfo/ratings" in halfway.flat, "a workload with a certificate of the old root"
    federation.succeed()
    assert _trusted(federation) == ({coming.old, coming.new}, True)
    restart_deployments(federation, RED, f"ingress-{GREEN}", f"egress-{GREEN}")
    done = _rotate(federation)
    assert done.code == 0 and done.data["verdict"] == "ROTATED", done.output
    assert all(proof["proven"] for proof in done.data["proofs"]) and len(done.data["proofs"]) == 2
    assert _trusted(federation) == ({coming.new}, False)
    last = _rotate(federation)
    assert last.data["verdict"] == "NOTHING TO ROTATE" and last.data["changes"] == [], last.output
    assert federation.succeed().unchanged
    _check_linked(federation)


def test_one_run_rotates_where_the_authority_was_replaced_before(federation: Federation) -> None:
    coming = Coming(federation)
    coming.install()
    run = _rotate(federation, *coming.argument, *RESTART)
    assert run.code == 0 and run.data["verdict"] == "ROTATED", run.output
    assert _trusted(federation) == ({coming.new}, False)
    assert {name for mesh, kind, name, *_rest in run.changes if kind == "Deployment" and mesh == RED} == {
        "red-mesh-bookinfo/ratings",
        *(f"red-mesh-system/{name}" for name in ("istiod-red-mesh", f"ingress-{GREEN}", f"egress-{GREEN}")),
    }
    _check_linked(federation)
    assert federation.succeed().unchanged


def test_the_old_root_stays_while_a_link_is_not_proven_or_a_peer_not_readable(federation: Federation) -> None:
    federation.options["federation_wait_timeout"] = 5
    coming = Coming(federation)
    coming.install()
    assert _rotate(federation, *coming.argument).data["stage"] == "rotate"
    restart_deployments(federation, RED, "istiod-red-mesh", f"ingress-{GREEN}", f"egress-{GREEN}")
    federation.eventually(lambda: len(federation.connected()) == 2)
    with federation.lab.fault("api-stopped", cluster=federation.location(GREEN)[0]):
        unread = _rotate(federation)
        assert unread.code != 0 and unread.data["changes"] == [], unread.output
    with federation.lab.fault("ingress-unreachable", mesh=RED):
        federation.eventually(lambda: not federation.watch(GREEN, RED).get("connected"))
        unproven = _rotate(federation)
        assert unproven.code != 0 and "[rotation-unproven]" in unproven.flat, unproven.output
    assert _trusted(federation) == ({coming.old, coming.new}, True)
    federation.options["federation_wait_timeout"] = 60
    done = _rotate(federation)
    assert done.code == 0 and done.data["verdict"] == "ROTATED", done.output
    _check_linked(federation)
