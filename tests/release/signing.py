# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures with a key of the user's, which gpg has; no key is ever made here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def problem(key: str) -> str:
    """Return why nothing can be signed with this key; empty if it can."""
    if not key:
        return (
            "The release is not signed: SIGNING_KEY is not set. Name a secret key of your gpg "
            "(make release SIGNING_KEY=fingerprint), or rehearse without signatures (make release UNSIGNED=1)."
        )
    if not shutil.which("gpg"):
        return "The release is not signed: gpg is missing; install the package gnupg."
    known = subprocess.run(["gpg", "--batch", "--list-secret-keys", key], capture_output=True, text=True, check=False)
    return f"The release is not signed: gpg has no secret key '{key}'." if known.returncode else ""


def sign(path: Path, key: str) -> Path:
    """Write a detached signature beside a file, and check it."""
    signature = path.with_name(f"{path.name}.asc")
    signature.unlink(missing_ok=True)
    options = ["--batch", "--armor", "--local-user", key, "--output", str(signature)]
    subprocess.run(["gpg", *options, "--detach-sign", str(path)], check=True)
    subprocess.run(["gpg", "--batch", "--verify", str(signature), str(path)], check=True, capture_output=True)
    return signature
