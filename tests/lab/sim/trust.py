# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""TLS of gateways: certificates, trust bundles by trust domain, TLS contexts."""

from __future__ import annotations

import functools
import logging
import os
import ssl
import tempfile
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from lab.sim import ca

LOG = logging.getLogger("lab.sim.trust")


@functools.lru_cache(maxsize=1024)
def parsed(pem: str) -> tuple[x509.Certificate, ...]:
    """Return the certificates of a bundle, parsed once."""
    return tuple(ca.roots(pem))


@dataclass
class Credentials:
    """Identity, certificate and trust bundles of a gateway pod, as Envoy's SPIFFE validator uses them."""

    identity: str
    certificate: bytes
    bundles: dict[str, str] = field(default_factory=dict)
    _contexts: dict[bool, ssl.SSLContext] = field(default_factory=dict)

    def set_bundles(self, bundles: dict[str, str]) -> None:
        """Set the trusted roots (PEM, by trust domain).

        If a bundle contains no certificate, the whole update is rejected: the old roots stay in use, and a pod that
        has none yet cannot verify any peer.
        """
        if bundles == self.bundles:
            return
        if any(not parsed(pem) for pem in bundles.values()):
            LOG.warning("%s: update rejected: a trust bundle contains no certificate", self.identity)
            return
        self.bundles = dict(bundles)
        self._contexts.clear()

    def context(self, server: bool) -> ssl.SSLContext:
        """Return the TLS context, built at first use after a change."""
        if server not in self._contexts:
            self._contexts[server] = self._build(server)
        return self._contexts[server]

    def _build(self, server: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.set_alpn_protocols(["h2"])
        if server:
            context.num_tickets = 0
        # Python's ssl loads keys only from files; a memory file keeps the key off the disk
        handle = os.memfd_create("gateway") if hasattr(os, "memfd_create") else tempfile.mkstemp()[0]
        try:
            os.write(handle, self.certificate + ca.WORKLOAD_KEY_PEM)
            context.load_cert_chain(f"/proc/self/fd/{handle}")
        finally:
            os.close(handle)
        roots = "".join(self.bundles.values())
        if roots:
            context.load_verify_locations(cadata=_certificates_only(roots))
        return context

    def accepts(self, certificate: bytes) -> str:
        """Return the identity of a peer certificate if a root of *its own* trust domain signed it, else an empty string."""
        identity = ca.identity_of(certificate) if certificate else ""
        bundle = self.bundles.get(identity.split("/", 1)[0])
        if not identity or bundle is None or not ca.signed_by(certificate, list(parsed(bundle))):
            return ""
        return identity


def _certificates_only(pem: str) -> str:
    """Return each root once: OpenSSL rejects a bundle with duplicates."""
    unique = {certificate.public_bytes(serialization.Encoding.PEM) for certificate in parsed(pem)}
    return b"".join(sorted(unique)).decode()
