# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roots that change: in the config map of the consumer, and in the CA of the mesh itself."""

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
from lab.conformance.mesh import SLACK, Link, Mesh, Pair, connected

DAY = datetime.timedelta(days=1)


def new_authority() -> tuple[str, str]:
    """Return (certificate, key) of a new root, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "rotated.local")])
    begin = datetime.datetime.now(datetime.UTC) - DAY
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), x509.random_serial_number(), begin, begin + 3650 * DAY
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


def give(mesh: Mesh, authority: tuple[str, str]) -> None:
    """Write a new CA into the mesh's Secret."""
    data = {
        name: base64.b64encode(text.encode()).decode()
        for name, text in zip(("ca-cert.pem", "ca-key.pem"), authority, strict=True)
    }
    mesh.change("Secret", "istio-ca-secret", {"data": data})


def drain(link: Link) -> None:
    """Have the mesh's ingress listener for a link change: the same client ID, written as a pattern."""
    spec = link.spec()
    link.peer(security={"clientID": spec["security"]["clientID"].removesuffix("account") + "*"})


@pytest.mark.row("rotation-wrong-live", "short-11")
def test_a_wrong_root_on_a_live_link(pair: Pair) -> None:
    """Still connected after 150 s; the right one back: nothing to see."""
    pair.join(sets=False)
    pair.here.trust(pair.here.mesh.root())
    pair.here.never_down(150)
    pair.here.trust()
    pair.here.never_down(70)
    assert connected(pair.there.now())


@pytest.mark.row("rotation-wrong-drained", "short-11")
def test_a_wrong_root_and_a_drained_listener(pair: Pair, clock: Clock) -> None:
    """Down with 503 and stays down; the right one back helped after 85 s on 2.3, on 2.5 a restart of istiod only."""
    pair.join(sets=False)
    pair.here.trust(pair.here.mesh.root())
    clock.sleep(65)
    drain(pair.there)
    pair.here.until_text("503", seconds=150)
    pair.here.never_connected(70)
    pair.here.trust()
    pair.here.never_connected(200)
    pair.here.mesh.restart("istiod")
    pair.until_connected(150, since=time.monotonic())


@pytest.mark.row("rotation-deleted-live", "short-11")
def test_a_root_deleted_on_a_live_link(pair: Pair) -> None:
    """It stays up without the config map; back: nothing to see."""
    pair.join(sets=False)
    pair.here.mesh.drop("ConfigMap", "red-ca-root-cert")
    pair.here.never_down(130)
    pair.here.trust()
    pair.here.never_down(65)


@pytest.mark.row("rotation-prepared", "short-11")
def test_a_rotation_with_both_roots_in_the_bundle(pair: Pair, clock: Clock) -> None:
    """Old and new root, 70 s, new CA, istiod, gateways, then the new root only: the consumer restarts nothing."""
    pair.join()
    red, green = pair.meshes
    authority = new_authority()
    pair.here.trust(red.root() + authority[0])
    clock.sleep(70)
    give(red, authority)
    red.restart("istiod")
    red.see("ConfigMap").until("istio-ca-root-cert", lambda body: body["data"]["root-cert.pem"] == authority[0], SLACK)
    pair.until_connected(150, since=time.monotonic())
    assert green.codes(pair.here.host()) == [200] * 4
    red.restart("green-ingress", "green-egress")
    pair.until_connected(150, since=time.monotonic())
    green.until_codes(pair.here.host(), 200, 60)
    pair.here.trust()
    for link in pair.links:
        link.never_down(70)
    assert green.codes(pair.here.host()) == [200] * 4


@pytest.mark.row("rotation-unprepared", "short-11")
def test_a_rotation_that_nobody_prepared(pair: Pair) -> None:
    """Both watches down, requests 503; the right config map does nothing in 240 s, the consumer's istiod does."""
    pair.join()
    red, green = pair.meshes
    give(red, new_authority())
    red.restart("istiod")
    red.restart("green-ingress", "green-egress")
    since = time.monotonic()
    for link in pair.links:
        link.until_text("503", seconds=150, since=since)
    assert green.codes(pair.here.host()) == [503] * 4
    pair.here.trust()
    pair.here.never_connected(240)
    assert green.codes(pair.here.host()) == [503] * 4
    green.restart("istiod")
    pair.until_connected(150, since=time.monotonic())
    green.until_codes(pair.here.host(), 200, 60)


@pytest.mark.row("rotation-egress-restart", "short-11", "short-14")
def test_neither_a_good_link_nor_a_restart_proves_a_root(pair: Pair, clock: Clock) -> None:
    """Wrong root and green's istiod restarted: connected for 100 s; green's egress gateway restarted: 503."""
    pair.join(sets=False)
    green = pair.here.mesh
    pair.here.trust(green.root())
    green.restart("istiod")
    begin = time.monotonic()
    pair.here.until_connected(100, since=begin)
    pair.here.never_down(100)
    green.restart("red-egress")
    pair.here.until_text("503", seconds=60)
    pair.here.never_connected(40)
