# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Root certificates and identities."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from unit.builders.certificates import NOW, YEAR, certificate

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import (
    colons,
    fingerprint,
    fingerprints_in,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers import roots as root_reader
from ansible_collections.ossm.federation.plugins.plugin_utils._model.trust import judge_roots


def test_a_root_is_described() -> None:
    pem = certificate("red")
    (root,) = root_reader.read_roots(pem)
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(serialization.Encoding.DER)
    assert root == {
        "sha256": hashlib.sha256(der).hexdigest(),
        "subject": "O=red",
        "not_before": "2025-06-01T00:00:00Z",
        "not_after": "2027-06-01T00:00:00Z",
        "is_ca": True,
        "signed_by": hashlib.sha256(der).hexdigest(),
    }


def test_a_bundle_has_one_spelling() -> None:
    one, two = certificate("one"), certificate("two")
    plain = root_reader.normalise_bundle(one + two)
    assert (
        root_reader.normalise_bundle(f"# a comment\n{two}\n\n{one.replace(chr(10), chr(13) + chr(10))}{two}") == plain
    )
    assert root_reader.normalise_bundle(plain) == plain
    assert plain.endswith("-----END CERTIFICATE-----\n")
    assert {root["subject"] for root in root_reader.read_roots(plain)} == {"O=one", "O=two"}


BROKEN = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("pem", "message"), [("", "no certificate"), ("garbage", "no certificate"), (BROKEN, "1 of 1")]
)
def test_garbage_is_refused(pem: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        root_reader.read_roots(pem)
    with pytest.raises(ValueError, match=message):
        root_reader.normalise_bundle(pem)


GOOD = certificate("healthy")
OLD = certificate("old", begin=NOW - 2 * YEAR, end=NOW - YEAR)
YOUNG = certificate("young", begin=NOW + YEAR, end=NOW + 2 * YEAR)
SOON = certificate("soon", end=NOW + datetime.timedelta(days=12, hours=1))
SERVER = certificate("server", ca=False)
BARE = certificate("bare", ca=None)
ROOT_KEY, OLD_KEY = (ec.generate_private_key(ec.SECP256R1()) for dummy in range(2))
ISSUER = certificate("issuer", key=ROOT_KEY)
BELOW = certificate("below", issuer=("issuer", ROOT_KEY))
FORGED = certificate("forged", issuer=("issuer", OLD_KEY))
OLD_ISSUER = certificate("old issuer", key=OLD_KEY, begin=NOW - 2 * YEAR, end=NOW - YEAR)
BELOW_OLD = certificate("below old", issuer=("old issuer", OLD_KEY))


def _judge(pem: str, **options: Any) -> list[tuple[str, str]]:
    found = judge_roots(
        "red-mesh", "red-mesh-system", root_reader.read_roots(pem), NOW, **{"warning_days": 30, **options}
    )
    return [(problem["code"], problem["severity"]) for problem in found]


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
        (ISSUER + BELOW, []),
        (BELOW, [("root-chain", "error")]),
        (ISSUER + FORGED, [("root-chain", "warning")]),
        (BELOW_OLD + OLD_ISSUER, [("root-chain", "error"), ("root-expired", "error")]),
        (SOON, [("root-expires", "warning")]),
        (GOOD + SOON, [("root-expires", "warning")]),
    ],
    ids=[
        "healthy",
        "expired",
        "too young",
        "server",
        "no constraints",
        "good and expired",
        "none usable",
        "chain",
        "no issuer",
        "another's signature",
        "expired issuer",
        "expires soon",
        "one expires soon",
    ],
)
def test_roots_are_judged(pem: str, expected: list[tuple[str, str]]) -> None:
    assert _judge(pem) == expected


@pytest.mark.parametrize(("days", "warns"), [(0, False), (12, False), (13, True), (400, True)])
def test_expiry_is_told_within_the_window(days: int, warns: bool) -> None:
    assert bool(_judge(SOON, warning_days=days)) is warns


def _prints(*pems: str) -> list[str]:
    return [root["sha256"] for pem in pems for root in root_reader.read_roots(pem)]


@pytest.mark.parametrize(
    ("pem", "pins", "refused"),
    [
        (GOOD, _prints(GOOD), 0),
        (GOOD, _prints(SOON, GOOD), 0),
        (GOOD, _prints(SOON), 1),
        (GOOD + ISSUER, _prints(GOOD), 1),
        (GOOD + ISSUER, _prints(GOOD, ISSUER), 0),
        (GOOD, [], 1),
    ],
    ids=["pinned", "one of two pins", "another", "one of a bundle is not", "a bundle", "none accepted"],
)
def test_every_root_must_be_pinned(pem: str, pins: list[str], refused: int) -> None:
    assert _judge(pem, pins=pins) == [("root-not-pinned", "error")] * refused


@pytest.mark.parametrize("pem", [GOOD, GOOD + ISSUER])
def test_fingerprints_are_told_without_reading_certificates(pem: str) -> None:
    assert fingerprints_in(f"# text\n{pem}") == set(_prints(pem))
    assert fingerprints_in("-----BEGIN CERTIFICATE-----\n?\n-----END CERTIFICATE-----") == frozenset()


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("0A" * 32, True),
        (":".join(["0a"] * 32), True),
        ("SHA256:" + "0A:" * 31 + "0a", True),
        ("sha-256=" + "0a" * 32, True),
        ("sha256 Fingerprint=" + ":".join(["0A"] * 32), True),
        (" 0a" * 32, True),
        ("0a" * 31, False),
        ("0g" * 32, False),
        ("", False),
        ("0a" * 33, False),
    ],
)
def test_a_fingerprint_in_any_spelling(text: str, good: bool) -> None:
    assert fingerprint(text) == ("0a" * 32 if good else None)


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
    assert root_reader.identity(text) == parts


def test_fingerprints_for_people() -> None:
    assert colons("0aff") == "0A:FF"
