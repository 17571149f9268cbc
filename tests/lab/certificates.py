# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of a lab cluster: its CA, its API server, its users, and the CA of the front proxy."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.state import write_atomically

LIFETIME = datetime.timedelta(days=3650)
CLOCK_SKEW = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Authority:
    """A certificate authority: its certificate and its signing key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, name: str) -> Authority:
        """Create a self-signed authority with the common name ``name``."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        builder = _builder(subject, subject, key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(_usage(sign_certificates=True), critical=True)
        return cls(builder.sign(key, hashes.SHA256()), key)

    def pem(self) -> str:
        """Return the certificate as PEM."""
        return _pem(self.certificate)

    def issue(
        self,
        name: str,
        groups: Sequence[str] = (),
        hosts: Sequence[str] = (),
        age: datetime.timedelta = datetime.timedelta(),
    ) -> tuple[str, str]:
        """Return certificate and key (PEM) for a user (``groups``) or for a server at ``hosts``.

        ``age`` moves the start of its validity into the past; beyond its lifetime it has expired.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(name, groups), self.certificate.subject, key.public_key(), age)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(sign_certificates=False), critical=True)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False
            )
        return _pem(builder.sign(self.key, hashes.SHA256())), _key_pem(key)


def write_all(folder: Path, addresses: Sequence[str], service_address: str) -> None:
    """Write all certificates and keys of a cluster into ``folder``, unless they exist.

    ``addresses`` are those of API server and front proxy, ``service_address`` is the first address of the Service range.
    """
    if (folder / "complete").exists():
        return
    authority, front_proxy, unknown = (
        Authority.create(name) for name in ("lab-ca", "lab-front-proxy-ca", "unknown-ca")
    )
    names = [
        "localhost",
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
        "127.0.0.1",
        service_address,
        *addresses,
    ]
    texts = {"ca.crt": authority.pem(), "front-proxy-ca.crt": front_proxy.pem()}
    _pair(texts, "server", authority.issue("kube-apiserver", hosts=names))
    _pair(texts, "unknown-ca-server", unknown.issue("kube-apiserver", hosts=names))
    _pair(texts, "front-proxy-client", front_proxy.issue("lab:front-proxy"))
    _pair(texts, "admin", authority.issue("lab:admin", ["lab:admins"]))
    _pair(texts, "expired", authority.issue("lab:admin", ["lab:admins"], age=LIFETIME + CLOCK_SKEW))
    _pair(texts, "simulator", authority.issue("lab:simulator", ["lab:simulators"]))
    _pair(texts, "launcher", authority.issue("lab:launcher", ["system:masters"]))
    account = ec.generate_private_key(ec.SECP256R1())
    texts["service-account.key"] = _key_pem(account)
    texts["service-account.pub"] = (
        account.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    for name, text in texts.items():
        write_atomically(folder / name, text)
    write_atomically(folder / "complete", "")


def _pair(texts: dict[str, str], name: str, pair: tuple[str, str]) -> None:
    texts[f"{name}.crt"], texts[f"{name}.key"] = pair


def _name(name: str, groups: Sequence[str] = ()) -> x509.Name:
    organisations = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
    return x509.Name([*organisations, x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    age: datetime.timedelta = datetime.timedelta(),
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc) - age
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    )


def _usage(sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not sign_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
