# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate authorities of meshes and the certificates of their workloads (EC P-256, SPIFFE identities)."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _usage(*names: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in names for usage in _USAGES})


#: all workload certificates of a simulator share a key, because generating keys is expensive
_WORKLOAD_KEY = ec.generate_private_key(ec.SECP256R1())
WORKLOAD_KEY_PEM = _pem(_WORKLOAD_KEY)


@dataclass
class Authority:
    """A self-signed CA: certificate and key as PEM, as in Secret istio-ca-secret."""

    cert_pem: bytes
    key_pem: bytes

    def __post_init__(self) -> None:
        self.cert = x509.load_pem_x509_certificate(self.cert_pem)
        key = serialization.load_pem_private_key(self.key_pem, None)
        if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
            raise ValueError(f"a CA key must be EC or RSA, not {type(key).__name__}")
        self._key = key

    @classmethod
    def create(cls, organization: str, days: float = 3650, age_days: float = 0.01) -> "Authority":
        """Create a self-signed root, valid for ten years like istiod's own; negative days make an expired root."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization)])
        start = _now() - DAY * (age_days if days > 0 else age_days - 2 * days)
        cert = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(_now() + DAY * days)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage("key_cert_sign", "crl_sign"), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(cert.public_bytes(serialization.Encoding.PEM), _pem(key))

    def issue(self, identity: str) -> bytes:
        """Issue a workload certificate (PEM); identity without spiffe://, such as red.local/ns/red-mesh/sa/x."""
        start = _now() - DAY / 24
        cert = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.cert.subject)
            .public_key(_WORKLOAD_KEY.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + DAY)
            .add_extension(
                x509.SubjectAlternativeName([x509.UniformResourceIdentifier(f"spiffe://{identity}")]), critical=True
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage("digital_signature", "key_encipherment"), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return cert.public_bytes(serialization.Encoding.PEM)


def roots(pem: str) -> list[x509.Certificate]:
    """Parse the certificates of a bundle; empty if it cannot be parsed."""
    try:
        return x509.load_pem_x509_certificates(pem.encode())
    except ValueError:
        return []


def identity_of(der: bytes) -> str:
    """Return the SPIFFE identity of a certificate without spiffe://; empty if it has none."""
    try:
        san = x509.load_der_x509_certificate(der).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ""
    uris = san.value.get_values_for_type(x509.UniformResourceIdentifier)
    return uris[0].removeprefix("spiffe://") if uris else ""


def signed_by(der: bytes, candidates: list[x509.Certificate]) -> bool:
    """Return whether a currently valid root issued the certificate."""
    leaf = x509.load_der_x509_certificate(der)
    for root in candidates:
        if not root.not_valid_before_utc <= _now() <= root.not_valid_after_utc:
            continue
        try:
            leaf.verify_directly_issued_by(root)
        except (ValueError, TypeError, InvalidSignature):
            continue
        return True
    return False
