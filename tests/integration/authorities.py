# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the administrator of a mesh does to rotate its root: a new authority in the Secret, and restarts."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from harness import Federation
from lab.sim.ca import Authority


def fingerprint(pem: str) -> str:
    """Return the SHA-256 of a certificate in hexadecimal digits."""
    return x509.load_pem_x509_certificate(pem.encode()).fingerprint(hashes.SHA256()).hex()


def install_authority(federation: Federation, mesh: str, authority: Authority, file: Path) -> None:
    """Replace the CA of a mesh, which its istiod loads when it starts, and write its root to a file."""
    file.write_bytes(authority.cert_pem)
    data = {"ca-cert.pem": authority.cert_pem, "ca-key.pem": authority.key_pem}
    patch = json.dumps({"data": {name: base64.b64encode(value).decode() for name, value in data.items()}})
    cluster, namespace = federation.location(mesh)
    federation.lab.kubectl(cluster, "patch", "secret/istio-ca-secret", "-n", namespace, "--type=merge", "-p", patch)


def restart_deployments(federation: Federation, mesh: str, *names: str) -> None:
    """Restart Deployments of a mesh, each after the one before is complete."""
    cluster, namespace = federation.location(mesh)
    for name in names:
        federation.lab.kubectl(cluster, "rollout", "restart", f"deployment/{name}", "-n", namespace)
        federation.lab.kubectl(cluster, "rollout", "status", f"deployment/{name}", "-n", namespace, "--timeout=60s")
