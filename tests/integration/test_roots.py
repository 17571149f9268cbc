# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roots are validated and pinned before a write, shown by fingerprint, and accepted as a bundle; no private key is read."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from harness import DEFAULT_LINKS, Federation, Run, request_lines
from lab.sim.ca import Authority

MESH = "red-mesh"
OTHERS = ("blue-mesh", "green-mesh")
OTHER_LINKS = [("blue-mesh", "green-mesh"), ("green-mesh", "blue-mesh")]
KEY = "root-cert.pem"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """The default lab, not yet federated; the last test leaves an expired root."""
    return Federation.for_lab(start(), tmp_path_factory.mktemp("f"))


def _root(federation: Federation) -> str:
    return federation.get(MESH, "configmaps", "istio-ca-root-cert")["data"][KEY]


def _fingerprint(pem: str) -> str:
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()


def _colons(sha256: str) -> str:
    return ":".join(sha256[index : index + 2] for index in range(0, 64, 2)).upper()


def _publish(federation: Federation, pem: str) -> None:
    cluster, namespace = federation.location(MESH)
    patch = json.dumps({"data": {KEY: pem}})
    federation.lab.kubectl(
        cluster, "patch", "configmap/istio-ca-root-cert", "-n", namespace, "--type=merge", "-p", patch
    )


def _check_root_rejected(run: Run, code: str) -> None:
    """Check that the run fails for the mesh and its links, and that the other meshes are federated."""
    assert run.code != 0, run.output
    assert f"[{code}]" in run.flat and MESH in run.flat
    assert {run.cells[link] for link in OTHER_LINKS} == {"ok"}, run.matrix
    assert not {run.cells[link] for link in DEFAULT_LINKS if link not in OTHER_LINKS} & {"ok", "ok, 1 imported"}, (
        run.matrix
    )
    assert run.recap[MESH]["failed"] == 1


def test_a_root_that_is_not_pinned_is_not_written(federation: Federation) -> None:
    federation.hosts[MESH]["mesh_trust_fingerprints"] = ["00" * 32]
    run = federation.run()
    _check_root_rejected(run, "root-not-pinned")
    assert "mesh_trust_fingerprints" in run.flat and _colons(_fingerprint(_root(federation))) in run.flat
    for mesh in OTHERS:
        assert f"{MESH}-ca-root-cert" not in federation.names(mesh, "configmaps")
        assert MESH not in federation.names(mesh, "servicemeshpeers")
    assert not federation.names(MESH, "servicemeshpeers")


def test_a_pinned_root_is_accepted_and_shown(federation: Federation) -> None:
    federation.hosts[MESH]["mesh_trust_fingerprints"] = ["00" * 32, _colons(_fingerprint(_root(federation)))]
    run = federation.succeed("-v")
    assert f"SHA-256 {_colons(_fingerprint(_root(federation)))}" in run.flat
    assert federation.connected() == sorted(DEFAULT_LINKS)
    assert "not verified" not in run.flat
    assert federation.succeed().unchanged


def test_a_root_that_expires_soon_is_reported(federation: Federation) -> None:
    run = federation.succeed("-e", "federation_root_expiry_warning_days=3660")
    assert run.flat.count("[root-expires]") >= 3 and "expires at" in run.flat
    assert run.unchanged


def test_an_unreadable_root_is_not_written(federation: Federation) -> None:
    before = federation.get("green-mesh", "configmaps", f"{MESH}-ca-root-cert")["data"]
    mark = federation.lab.mark()
    with federation.lab.fault("root-invalid", mesh=MESH):
        run = federation.run()
    _check_root_rejected(run, "root-unreadable")
    assert not federation.writes(mark), request_lines(federation.writes(mark))
    assert federation.get("green-mesh", "configmaps", f"{MESH}-ca-root-cert")["data"] == before


def test_a_bundle_of_two_roots_is_accepted_when_both_are_pinned(federation: Federation) -> None:
    old, new = _root(federation), Authority.create("red-mesh.local").cert_pem.decode()
    _publish(federation, f"# both\n{new}\n{old}{new}")
    run = federation.run()
    _check_root_rejected(run, "root-not-pinned")
    assert _colons(_fingerprint(new)) in run.flat
    federation.hosts[MESH]["mesh_trust_fingerprints"] = [_fingerprint(old), _fingerprint(new)]
    run = federation.succeed()
    expected = "".join(sorted((old, new), key=_fingerprint))
    for mesh in OTHERS:
        assert federation.get(mesh, "configmaps", f"{MESH}-ca-root-cert")["data"] == {KEY: expected}
        assert run.cells[mesh, MESH] == "up, not verified", run.matrix
        fingerprints = federation.get(mesh, "servicemeshpeers", MESH)["metadata"]["annotations"][
            "ossm.federation/root-sha256"
        ]
        assert fingerprints == ",".join(sorted((_fingerprint(old), _fingerprint(new))))
    assert "6 of 6 links healthy (2 not verified)" in run.flat
    assert (
        f"INFO {', '.join(OTHERS)}: link to {MESH}: up, not verified: it has not reconnected since its root changed."
        in run.flat
    )
    repeated = federation.succeed()
    assert repeated.unchanged and repeated.cells == run.cells
    federation.lab.fault("egress-restart", mesh="green-mesh")
    federation.eventually(lambda: not federation.watch("green-mesh", MESH).get("connected"))
    federation.eventually(lambda: federation.watch("green-mesh", MESH).get("connected"))
    assert federation.succeed().cells["green-mesh", MESH] == "ok, 1 imported"
    _publish(federation, old)
    federation.succeed()


@pytest.fixture(name="unpinned")
def _unpinned(federation: Federation) -> Iterator[Federation]:
    """Red without pins; its pins and its published root are restored afterwards."""
    pins, root = federation.hosts[MESH].pop("mesh_trust_fingerprints", None), _root(federation)
    yield federation
    _publish(federation, root)
    if pins is not None:
        federation.hosts[MESH]["mesh_trust_fingerprints"] = pins


def _intermediate() -> str:
    """Return a valid authority that another one has signed, so only its chain is wrong."""
    subject, issuer = (
        x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)]) for name in ("intermediate", "root")
    )
    keys = [ec.generate_private_key(ec.SECP256R1()) for dummy in range(2)]
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder(issuer, subject, keys[0].public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=365)
    )
    signed = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return signed.sign(keys[1], hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _workload_certificate() -> str:
    """Return the certificate of a workload."""
    return Authority.create("red-mesh.local").issue("red-mesh.local/ns/red-mesh-system/sa/istiod").decode()


def _not_yet_valid() -> str:
    """Return a root whose only fault is that it is not yet valid."""
    return Authority.create("red-mesh.local", age_days=-1).cert_pem.decode()


#: Code -> function that creates such a certificate, and the expected part of the message.
UNUSABLE: dict[str, tuple[Callable[[], str], str]] = {
    "root-no-authority": (_workload_certificate, "is not a certificate authority"),
    "root-chain": (_intermediate, "is neither self-signed nor signed by another certificate of the bundle"),
    "root-not-yet-valid": (_not_yet_valid, "is not valid before"),
}


@pytest.mark.parametrize("code", UNUSABLE)
def test_an_unusable_root_is_not_written(unpinned: Federation, code: str) -> None:
    """Each fault is reported with its code alone and the fingerprint; nothing is written, and other links are healthy."""
    create, message = UNUSABLE[code]
    pem, before = create(), {mesh: unpinned.get(mesh, "configmaps", f"{MESH}-ca-root-cert")["data"] for mesh in OTHERS}
    _publish(unpinned, pem)
    mark = unpinned.lab.mark()
    run = unpinned.run()
    _check_root_rejected(run, code)
    assert message in run.flat and _colons(_fingerprint(pem)) in run.flat
    assert run.flat.count("[root-") == run.flat.count(f"[{code}]")
    assert not unpinned.writes(mark), request_lines(unpinned.writes(mark))
    assert {mesh: unpinned.get(mesh, "configmaps", f"{MESH}-ca-root-cert")["data"] for mesh in OTHERS} == before


def test_an_expired_root_is_not_written(federation: Federation) -> None:
    federation.hosts[MESH].pop("mesh_trust_fingerprints")
    before = federation.get("green-mesh", "configmaps", f"{MESH}-ca-root-cert")["data"]
    federation.lab.fault("root-expired", mesh=MESH)
    federation.eventually(lambda: _root(federation) != before[KEY])
    run = federation.run()
    _check_root_rejected(run, "root-expired")
    assert federation.get("green-mesh", "configmaps", f"{MESH}-ca-root-cert")["data"] == before


def test_no_run_read_a_secret(federation: Federation) -> None:
    """No run of this module and no kubectl request of its tests names a Secret."""
    for cluster in federation.lab.clusters:
        requests = federation.lab.audit(cluster)
        assert requests and not [request for request in requests if request.resource == "secrets"], request_lines(
            requests
        )
