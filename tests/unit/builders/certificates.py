# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates for tests."""

from __future__ import annotations

import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NOW = datetime.datetime(2026, 6, 1, tzinfo=datetime.timezone.utc)
YEAR = datetime.timedelta(days=365)


def certificate(
    name: str = "root",
    *,
    begin: datetime.datetime = NOW - YEAR,
    end: datetime.datetime = NOW + YEAR,
    ca: bool | None = True,
    key: ec.EllipticCurvePrivateKey | None = None,
    issuer: tuple[str, ec.EllipticCurvePrivateKey] | None = None,
) -> str:
    """A certificate as PEM, self-signed or by an ``issuer`` (name and key); ``ca`` None leaves the constraints out."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    by, signer = issuer or (name, key)
    subject, authority = (x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, one)]) for one in (name, by))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
    )
    if ca is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
