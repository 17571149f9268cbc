# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: root certificates (PEM bundles, fingerprints, dates) and SPIFFE identities.

A fingerprint is the SHA-256 of the DER form: lower case hexadecimal in data, with colons in words.
"""

from __future__ import annotations

import datetime
import re
import traceback
from typing import List, NamedTuple, Optional, TypedDict

CRYPTOGRAPHY_ERROR: Optional[str] = None
try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
except ImportError:
    CRYPTOGRAPHY_ERROR = traceback.format_exc()

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_IDENTITY = re.compile(r"(?:spiffe://)?([^/]+)/ns/([^/]+)/sa/([^/]+)\Z")


class Root(TypedDict):
    """One root certificate; times are UTC as ``2026-01-31T00:00:00Z``."""

    sha256: str
    subject: str
    not_before: str
    not_after: str
    is_ca: bool


class Fault(TypedDict):
    """What is wrong with a bundle: the rest of a Problem (mesh and place) is the caller's."""

    code: str
    severity: str
    message: str
    remedy: str


class Identity(NamedTuple):
    """The parts of a workload's SPIFFE identity."""

    trust_domain: str
    namespace: str
    service_account: str


def colons(sha256: str) -> str:
    """A fingerprint as people compare it.

    >>> colons("00ff")
    '00:FF'
    """
    return ":".join(sha256[index : index + 2] for index in range(0, len(sha256), 2)).upper()


def _certificates(pem: str) -> List[x509.Certificate]:
    """The certificates of a bundle in their order. ValueError when there is none, or one that cannot be read."""
    if CRYPTOGRAPHY_ERROR:
        raise RuntimeError("the Python library cryptography is missing")
    blocks = _BLOCK.findall(pem)
    if not blocks:
        raise ValueError("there is no certificate in it")
    found = []
    for number, block in enumerate(blocks, start=1):
        try:
            found.append(x509.load_pem_x509_certificate(block.encode()))
        except ValueError as error:
            raise ValueError(f"certificate {number} of {len(blocks)} cannot be read") from error
    return found


def read_roots(pem: str) -> List[Root]:
    """Describe every certificate of a bundle, without doubles. ValueError when there is none, or one is garbage."""
    found = {root["sha256"]: root for root in map(_describe, _certificates(pem))}
    return list(found.values())


def _describe(certificate: x509.Certificate) -> Root:
    return {
        "sha256": certificate.fingerprint(hashes.SHA256()).hex(),
        "subject": certificate.subject.rfc4514_string(),
        "not_before": _stamp(_utc(certificate, "not_valid_before")),
        "not_after": _stamp(_utc(certificate, "not_valid_after")),
        "is_ca": _is_ca(certificate),
    }


def _utc(certificate: x509.Certificate, name: str) -> datetime.datetime:
    """A date of a certificate with its zone; cryptography before 42 has only the naive one."""
    aware: Optional[datetime.datetime] = getattr(certificate, f"{name}_utc", None)
    if aware is not None:
        return aware
    naive: datetime.datetime = getattr(certificate, name)
    return naive.replace(tzinfo=datetime.timezone.utc)


def _stamp(time: datetime.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _is_ca(certificate: x509.Certificate) -> bool:
    """Whether it may sign; a certificate of version 1 has no constraints, and is a root when it signed itself."""
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return certificate.version is x509.Version.v1 and certificate.issuer == certificate.subject


def check_roots(pem: str, now: datetime.datetime) -> List[Fault]:
    """Judge a bundle at a moment (with its zone): garbage, no authority, expired, not valid yet.

    One usable root is enough for istiod, and a bundle with none makes Envoy refuse it, for the whole mesh; so a root
    that cannot be used is an error when it is the only kind in the bundle, and a warning beside a good one.
    """
    try:
        certificates = _certificates(pem)
    except ValueError as error:
        return [
            {
                "code": "root-garbage",
                "severity": "error",
                "message": f"the root certificate cannot be read: {error}",
                "remedy": "Look at ConfigMap istio-ca-root-cert of the mesh, and at its certificate authority",
            }
        ]
    judged = [fault for fault in (_fault(certificate, now) for certificate in certificates) if fault is not None]
    if len(judged) < len(certificates):
        for fault in judged:
            fault["severity"] = "warning"
    return judged


def _fault(certificate: x509.Certificate, now: datetime.datetime) -> Optional[Fault]:
    begin, end = _utc(certificate, "not_valid_before"), _utc(certificate, "not_valid_after")
    name = f"{certificate.subject.rfc4514_string()} ({colons(certificate.fingerprint(hashes.SHA256()).hex())})"
    if not _is_ca(certificate):
        return {
            "code": "root-no-authority",
            "severity": "error",
            "message": f"{name} is not a certificate authority",
            "remedy": "Put the root certificate into the bundle, not the certificate of a server",
        }
    if now > end:
        return {
            "code": "root-expired",
            "severity": "error",
            "message": f"{name} expired at {_stamp(end)}",
            "remedy": "Renew the mesh's certificate authority",
        }
    if now < begin:
        return {
            "code": "root-not-yet-valid",
            "severity": "error",
            "message": f"{name} is not valid before {_stamp(begin)}",
            "remedy": "Compare the clocks",
        }
    return None


def normalise_bundle(pem: str) -> str:
    """A bundle with one spelling: each certificate once, sorted by fingerprint, no text between, one final newline.

    So two readings of the same roots are equal, whatever comments and white space they had.
    ValueError as ``read_roots``.
    """
    unique = {certificate.fingerprint(hashes.SHA256()): certificate for certificate in _certificates(pem)}
    return "".join(unique[key].public_bytes(serialization.Encoding.PEM).decode() for key in sorted(unique))


def identity(text: str) -> Optional[Identity]:
    """The parts of a SPIFFE identity, with or without ``spiffe://``; None when it is none."""
    found = _IDENTITY.match(text)
    return Identity(*found.groups()) if found else None
