# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root certificates and identities."""

from __future__ import annotations

import datetime
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ansible_collections.ossm.federation.plugins.module_utils import _trust

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)
YEAR = datetime.timedelta(days=365)


def certificate(
    name: str = "root",
    *,
    begin: datetime.datetime = NOW - YEAR,
    end: datetime.datetime = NOW + YEAR,
    ca: bool | None = True,
) -> str:
    """A self-signed certificate as PEM; ``ca`` None leaves the constraints out."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_root_is_described() -> None:
    pem = certificate("red")
    (root,) = _trust.read_roots(pem)
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)
    assert root == {
        "sha256": hashlib.sha256(der).hexdigest(),
        "subject": "O=red",
        "not_before": "2025-06-01T00:00:00Z",
        "not_after": "2027-06-01T00:00:00Z",
        "is_ca": True,
    }


def test_a_bundle_has_one_spelling() -> None:
    one, two = certificate("one"), certificate("two")
    plain = _trust.normalise_bundle(one + two)
    assert _trust.normalise_bundle(f"# a comment\n{two}\n\n{one.replace(chr(10), chr(13) + chr(10))}{two}") == plain
    assert _trust.normalise_bundle(plain) == plain
    assert plain.endswith("-----END CERTIFICATE-----\n")
    assert {root["subject"] for root in _trust.read_roots(plain)} == {"O=one", "O=two"}


BROKEN = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(("pem", "words"), [("", "no certificate"), ("garbage", "no certificate"), (BROKEN, "1 of 1")])
def test_garbage_is_refused(pem: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _trust.read_roots(pem)
    with pytest.raises(ValueError, match=words):
        _trust.normalise_bundle(pem)
    assert [(fault["code"], fault["severity"]) for fault in _trust.check_roots(pem, NOW)] == [("root-garbage", "error")]


GOOD = certificate("good")
OLD = certificate("old", begin=NOW - 2 * YEAR, end=NOW - YEAR)
YOUNG = certificate("young", begin=NOW + YEAR, end=NOW + 2 * YEAR)
SERVER = certificate("server", ca=False)
BARE = certificate("bare", ca=None)


@pytest.mark.parametrize(
    ("pem", "expected"),
    [
        (GOOD, []),
        (OLD, [("root-expired", "error")]),
        (YOUNG, [("root-not-yet-valid", "error")]),
        (SERVER, [("root-no-authority", "error")]),
        (BARE, [("root-no-authority", "error")]),
        (GOOD + OLD, [("root-expired", "warning")]),
        (OLD + SERVER, [("root-expired", "error"), ("root-no-authority", "error")]),
    ],
    ids=["good", "expired", "too young", "server", "no constraints", "good and expired", "none usable"],
)
def test_roots_are_judged(pem: str, expected: list[tuple[str, str]]) -> None:
    assert [(fault["code"], fault["severity"]) for fault in _trust.check_roots(pem, NOW)] == expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("red.local/ns/red/sa/egress-service-account", ("red.local", "red", "egress-service-account")),
        ("spiffe://red.local/ns/red/sa/x", ("red.local", "red", "x")),
        ("red.local", None),
        ("red.local/ns/red/sa/", None),
        ("red.local/ns/red/sa/x/y", None),
    ],
)
def test_identities(text: str, parts: tuple[str, str, str] | None) -> None:
    assert _trust.identity(text) == parts


def test_fingerprints_for_people() -> None:
    assert _trust.colons("0aff") == "0A:FF"
