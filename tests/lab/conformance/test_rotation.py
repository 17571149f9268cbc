# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes of root certificates: in the consumer's config map, and in the CA of the mesh."""

from __future__ import annotations

import base64
import datetime
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lab.conformance.kube import Clock
from lab.conformance.links import Link, Pair
from lab.conformance.mesh import Mesh
from lab.conformance.objects import SLACK, is_connected

DAY = datetime.timedelta(days=1)


def new_authority() -> tuple[str, str]:
    """Return (certificate, key) of a new root, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "rotated.local")])
    start = datetime.datetime.now(datetime.UTC) - DAY
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), start, start + 3650 * DAY
    )
    usage = x509.KeyUsage(
        key_cert_sign=True,
        crl_sign=True,
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = builder.add_extension(x509.BasicConstraints(True, None), True).add_extension(usage, True)
    cert = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return cert.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def replace_authority(mesh: Mesh, authority: tuple[str, str]) -> None:
    """Write a new CA into the mesh's Secret."""
    data = {
        name: base64.b64encode(disconnect_status.encode()).decode()
        for name, disconnect_status in zip(("ca-cert.pem", "ca-key.pem"), authority, strict=True)
    }
    mesh.patch("Secret", "istio-ca-secret", {"data": data})


def drain(link: Link) -> None:
    """Change the mesh's ingress listener for a link: write the same client ID as a pattern."""
    spec = link.spec()
    link.peer(security={"clientID": spec["security"]["clientID"].removesuffix("account") + "*"})


@pytest.mark.observation("rotation-wrong-live", "short-11")
def test_wrong_root_on_live_link(pair: Pair) -> None:
    """The link is still connected after 150 s, and stays connected with the right root."""
    pair.federate(sets=False)
    pair.second.trust(pair.second.mesh.root())
    pair.second.never_down(150)
    pair.second.trust()
    pair.second.never_down(70)
    assert is_connected(pair.first.read())


@pytest.mark.observation("rotation-wrong-drained", "short-11")
def test_wrong_root_and_drained_listener(pair: Pair, clock: Clock) -> None:
    """The link goes down with 503; the right root repaired it after 85 s on 2.3, on 2.5 only a restart of istiod does."""
    pair.federate(sets=False)
    pair.second.trust(pair.second.mesh.root())
    clock.sleep(65)
    drain(pair.first)
    pair.second.until_disconnect_status("503", seconds=150)
    pair.second.never_connected(70)
    pair.second.trust()
    pair.second.never_connected(200)
    pair.second.mesh.restart("istiod")
    pair.until_connected(150, since=time.monotonic())


@pytest.mark.observation("rotation-deleted-live", "short-11")
def test_root_deleted_on_live_link(pair: Pair) -> None:
    """The link stays connected without the config map, and when it is restored."""
    pair.federate(sets=False)
    pair.second.mesh.delete("ConfigMap", "red-ca-root-cert")
    pair.second.never_down(130)
    pair.second.trust()
    pair.second.never_down(65)


@pytest.mark.observation("rotation-prepared", "short-11")
def test_rotation_with_both_roots_in_bundle(pair: Pair, clock: Clock) -> None:
    """Old and new root, 70 s, new CA, new istiod and gateways, then only the new root: the consumer needs no restart."""
    pair.federate()
    red, green = pair.meshes
    authority = new_authority()
    pair.second.trust(red.root() + authority[0])
    clock.sleep(70)
    replace_authority(red, authority)
    red.restart("istiod")
    red.watch("ConfigMap").until(
        "istio-ca-root-cert", lambda body: body["data"]["root-cert.pem"] == authority[0], SLACK
    )
    pair.until_connected(150, since=time.monotonic())
    assert green.status_codes(pair.second.host()) == [200] * 4
    red.restart("green-ingress", "green-egress")
    pair.until_connected(150, since=time.monotonic())
    green.until_status_codes(pair.second.host(), 200, 60)
    pair.second.trust()
    for link in pair.links:
        link.never_down(70)
    assert green.status_codes(pair.second.host()) == [200] * 4


@pytest.mark.observation("rotation-unprepared", "short-11")
def test_unprepared_rotation(pair: Pair) -> None:
    """Both links are down, requests get 503; the right root has no effect in 240 s, a restart of the consumer's istiod has."""
    pair.federate()
    red, green = pair.meshes
    replace_authority(red, new_authority())
    red.restart("istiod")
    red.restart("green-ingress", "green-egress")
    since = time.monotonic()
    for link in pair.links:
        link.until_disconnect_status("503", seconds=150, since=since)
    assert green.status_codes(pair.second.host()) == [503] * 4
    pair.second.trust()
    pair.second.never_connected(240)
    assert green.status_codes(pair.second.host()) == [503] * 4
    green.restart("istiod")
    pair.until_connected(150, since=time.monotonic())
    green.until_status_codes(pair.second.host(), 200, 60)


@pytest.mark.observation("rotation-egress-restart", "short-11", "short-14")
def test_connected_link_and_restart_do_not_prove_the_root(pair: Pair, clock: Clock) -> None:
    """With a wrong root the link survives a restart of istiod for 100 s; a restart of the egress gateway gives 503."""
    pair.federate(sets=False)
    green = pair.second.mesh
    pair.second.trust(green.root())
    green.restart("istiod")
    begin = time.monotonic()
    pair.second.until_connected(100, since=begin)
    pair.second.never_down(100)
    green.restart("red-egress")
    pair.second.until_disconnect_status("503", seconds=60)
    pair.second.never_connected(40)
