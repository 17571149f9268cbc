# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: root certificates (PEM bundles, fingerprints, dates) and SPIFFE identities.

A fingerprint is the SHA-256 of the DER form, in lower case hexadecimal.
"""

from __future__ import annotations

import datetime
import re
import traceback
from typing import Collection, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import Root
from ansible_collections.ossm.federation.plugins.module_utils._product.network import Leaf
from ansible_collections.ossm.federation.plugins.module_utils._product.times import format_time

CRYPTOGRAPHY_ERROR: Optional[str] = None
try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
except ImportError:
    CRYPTOGRAPHY_ERROR = traceback.format_exc()

_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_SPIFFE = "spiffe://"
_IDENTITY = re.compile(r"(?:spiffe://)?([^/]+)/ns/([^/]+)/sa/([^/]+)\Z")


class Identity(NamedTuple):
    """The parts of a workload's SPIFFE identity."""

    trust_domain: str
    namespace: str
    service_account: str


def _certificates(pem: str) -> List[x509.Certificate]:
    """The certificates of a bundle in their order. ValueError when there is none, or one that cannot be read."""
    if CRYPTOGRAPHY_ERROR:
        raise RuntimeError("the Python package cryptography is missing")
    blocks = _BLOCK.findall(pem)
    if not blocks:
        raise ValueError("it contains no certificate")
    certificates = []
    for number, block in enumerate(blocks, start=1):
        try:
            certificates.append(x509.load_pem_x509_certificate(block.encode()))
        except ValueError as error:
            raise ValueError(f"certificate {number} of {len(blocks)} cannot be read") from error
    return certificates


def read_roots(pem: str) -> List[Root]:
    """Describe every certificate of a bundle, without duplicates. ValueError when there is none, or one is invalid."""
    bundle = list({_sha256(certificate): certificate for certificate in _certificates(pem)}.values())
    return [_describe(certificate, bundle) for certificate in bundle]


def read_leaf(der: bytes) -> Leaf:
    """Describe the certificate that a server shows. ValueError when it cannot be read."""
    certificate = x509.load_der_x509_certificate(der)
    uris, names = _alternative_names(certificate)
    spiffe = [uri[len(_SPIFFE) :] for uri in uris if uri.startswith(_SPIFFE)]
    return {
        "identity": spiffe[0] if spiffe else "",
        "names": names,
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "sha256": _sha256(certificate),
        "not_after": format_time(_utc(certificate, "not_valid_after")),
    }


def _alternative_names(certificate: x509.Certificate) -> Tuple[List[str], List[str]]:
    """The URIs and the DNS names of a certificate."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return [], []
    return (
        names.get_values_for_type(x509.UniformResourceIdentifier),
        names.get_values_for_type(x509.DNSName),
    )


def _sha256(certificate: x509.Certificate) -> str:
    return certificate.fingerprint(hashes.SHA256()).hex()


def _describe(certificate: x509.Certificate, bundle: Sequence[x509.Certificate]) -> Root:
    return {
        "sha256": _sha256(certificate),
        "subject": certificate.subject.rfc4514_string(),
        "not_before": format_time(_utc(certificate, "not_valid_before")),
        "not_after": format_time(_utc(certificate, "not_valid_after")),
        "is_ca": _is_ca(certificate),
        "signed_by": next((_sha256(issuer) for issuer in bundle if _signs(issuer, certificate)), None),
    }


def _signs(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether names and signature say that one certificate was issued by another (or by itself)."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _utc(certificate: x509.Certificate, name: str) -> datetime.datetime:
    """A date of a certificate with its zone; cryptography before 42 has only the naive one."""
    aware: Optional[datetime.datetime] = getattr(certificate, f"{name}_utc", None)
    if aware is not None:
        return aware
    naive: datetime.datetime = getattr(certificate, name)
    return naive.replace(tzinfo=datetime.timezone.utc)


def _is_ca(certificate: x509.Certificate) -> bool:
    """Whether it may sign; a certificate of version 1 has no constraints, and is a root when it signed itself."""
    try:
        return bool(certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return certificate.version is x509.Version.v1 and certificate.issuer == certificate.subject


def normalise_bundle(pem: str) -> str:
    """A bundle in its normal form: each certificate once, sorted by fingerprint, no text between, one final newline.

    Two bundles of the same roots are then equal, whatever comments and white space they had.
    ValueError as ``read_roots``.
    """
    unique = {certificate.fingerprint(hashes.SHA256()): certificate for certificate in _certificates(pem)}
    return "".join(unique[key].public_bytes(serialization.Encoding.PEM).decode() for key in sorted(unique))


def select_roots(pem: str, fingerprints: Collection[str]) -> str:
    """The certificates with these fingerprints in the normal form of a bundle; empty where there is none, or one is invalid."""
    try:
        certificates = {_sha256(certificate): certificate for certificate in _certificates(pem)}
    except ValueError:
        return ""
    chosen = sorted(set(certificates) & set(fingerprints))
    return "".join(certificates[key].public_bytes(serialization.Encoding.PEM).decode() for key in chosen)


def identity(text: str) -> Optional[Identity]:
    """The parts of a SPIFFE identity, with or without ``spiffe://``; None for any other text."""
    match = _IDENTITY.match(text)
    return Identity(*match.groups()) if match else None
