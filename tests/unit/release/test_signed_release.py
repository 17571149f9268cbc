# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release that is signed with a throwaway key: ansible-galaxy verifies it, and refuses each change of a byte.

The commands are those of docs/contributing/release.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from release import __main__ as release, artifact, signing
from unit.release.conftest import EPOCH

PROGRAM = str(Path(sys.executable).with_name("ansible-galaxy"))


@pytest.fixture(scope="module", name="key")
def _key() -> Iterator[str]:
    """The fingerprint of a new key in a gpg of its own, whose folder has a short name: gpg puts a socket there."""
    with tempfile.TemporaryDirectory(prefix="gpg", dir="/tmp") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", home)
        make = [
            "--batch",
            "--passphrase",
            "",
            "--quick-generate-key",
            "Throwaway <release@example.com>",
            "ed25519",
            "sign",
        ]
        _gpg(*make)
        listed = _gpg("--batch", "--with-colons", "--list-secret-keys")
        (fingerprint,) = (line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr"))
        yield fingerprint
        subprocess.run(["gpgconf", "--kill", "all"], check=False)


def _gpg(*arguments: str) -> str:
    return subprocess.run(["gpg", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module", name="published")
def _published(built: Path, key: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The artifact in a folder with all that is published beside it, and the public key."""
    folder = tmp_path_factory.mktemp("published")
    copy = Path(shutil.copy(built, folder))
    release.write_companions(copy, EPOCH, key)
    _gpg("--batch", "--output", str(folder / "keyring.gpg"), "--export", key)
    return copy


def _galaxy(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ansible-galaxy in a folder without a configuration."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    command = [PROGRAM, "collection", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def _install(artifact_path: Path, place: Path) -> tuple[int, str]:
    done = _galaxy(place, "install", "--offline", "--no-deps", "--force", "-p", str(place), str(artifact_path))
    return done.returncode, done.stdout + done.stderr


def _verify(published: Path, place: Path) -> tuple[int, str]:
    """Check what is installed with the signature and the public key of a release."""
    signature = published.with_name(published.name.replace(".tar.gz", "-MANIFEST.json.asc"))
    checked = ["--keyring", str(published.parent / "keyring.gpg"), "--signature", f"file://{signature}"]
    options = ["--offline", "--required-valid-signature-count", "+all", *checked]
    done = _galaxy(place, "verify", *options, "-p", str(place), "ossm.federation")
    return done.returncode, done.stdout + done.stderr


@contextlib.contextmanager
def _appended(path: Path, text: bytes) -> Iterator[None]:
    content = path.read_bytes()
    path.write_bytes(content + text)
    yield
    path.write_bytes(content)


def test_a_signed_release_is_verified_and_each_change_refused(published: Path, tmp_path: Path) -> None:
    code, output = _install(published, tmp_path)
    assert code == 0 and "installed successfully" in output, output
    code, output = _verify(published, tmp_path)
    assert code == 0 and "Successfully verified" in output, output
    installed = tmp_path / "ansible_collections" / "ossm" / "federation"
    for name, reason in {
        "playbooks/federate.yml": "playbooks/federate.yml",
        artifact.FILES: artifact.FILES,
        artifact.MANIFEST: "Signature verification failed",
    }.items():
        with _appended(installed / name, b"\n"):
            code, output = _verify(published, tmp_path)
        assert code != 0 and reason in output, output


def test_an_artifact_with_a_changed_byte_is_not_installed(published: Path, tmp_path: Path) -> None:
    name = "playbooks/federate.yml"
    content = artifact.members(published.read_bytes())
    changed = tmp_path / published.name
    with tarfile.open(changed, mode="w:gz") as tar:
        for path, data in content.items():
            member = tarfile.TarInfo(path)
            text = (data or b"") + (b"#" if path == name else b"")
            member.size, member.mode = len(text), 0o755 if data is None else 0o644
            member.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            tar.addfile(member, io.BytesIO(text))
    code, output = _install(changed, tmp_path)
    assert code != 0 and "Checksum mismatch" in output, output
    assert not (tmp_path / "ansible_collections" / "ossm" / "federation" / name).exists()


def test_checksums_cover_what_is_published_and_are_signed(published: Path) -> None:
    folder = published.parent
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {name: checksum for checksum, name in (line.split("  ") for line in lines)}
    files = {path.name for path in folder.iterdir()} - {"SHA256SUMS", "keyring.gpg"}
    assert set(sums) == {name for name in files if not name.endswith(".asc")} and len(sums) == 3
    for name, checksum in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum
    _gpg("--batch", "--verify", str(folder / "SHA256SUMS.asc"), str(folder / "SHA256SUMS"))
    subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def test_without_a_key_nothing_is_signed(key: str) -> None:
    assert "SIGNING_KEY is not set" in signing.problem("") and "UNSIGNED=1" in signing.problem("")
    assert "no secret key 'nobody@example.com'" in signing.problem("nobody@example.com")
    assert signing.problem(key) == ""
