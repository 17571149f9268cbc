# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the artifact. The same commit gives the same bytes, at any time, in any folder, with any order of a folder's files.

ansible-galaxy writes the time of the build into the archive and lists files in the order of the file system; the archive is
written again here, sorted, with the time of the commit.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

MANIFEST, FILES = "MANIFEST.json", "FILES.json"
#: What an installed collection uses or shows; with these, and no others, the first parts of the names of its files.
TOP_LEVEL = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSES",
    "README.md",
    "REUSE.toml",
    "SECURITY.md",
    "changelogs",
    "docs",
    "execution-environment.yml",
    "extensions",
    "inventory",
    "meta",
    "playbooks",
    "plugins",
    "roles",
}
REQUIRED = {"CHANGELOG.md", "README.md", "meta/runtime.yml", "meta/execution-environment.yml", "playbooks/federate.yml"}
#: ansible-test reads it, also where it judges an artifact.
SANITY = "tests/config.yml"
UNWANTED = ("inventory/lab/", "docs/site/")


def build(source: Path, folder: Path, epoch: int) -> Path:
    """Build the artifact from a copy of the checkout's files, and return its path in ``folder``."""
    program = str(Path(sys.executable).with_name("ansible-galaxy"))
    with TemporaryDirectory() as scratch:
        subprocess.run(
            [program, "collection", "build", "--output-path", scratch, str(source)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (built,) = Path(scratch).glob("*.tar.gz")
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / built.name
        target.write_bytes(normal(built.read_bytes(), epoch))
    return target


def members(archive: bytes) -> dict[str, bytes | None]:
    """Return the content of each file of an artifact by name; of a folder None."""
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        files = {member.name: tar.extractfile(member) for member in tar.getmembers()}
        return {name: None if file is None else file.read() for name, file in files.items()}


def normal(archive: bytes, epoch: int) -> bytes:
    """Return an artifact with sorted members and this time, and with checksums that fit."""
    content = members(archive)
    files, manifest = json.loads(content.pop(FILES) or b""), json.loads(content.pop(MANIFEST) or b"")
    files["files"].sort(key=lambda entry: str(entry["name"]))
    listed = _json(files)
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(listed).hexdigest()
    ordered: list[tuple[str, bytes | None]] = [(MANIFEST, _json(manifest)), (FILES, listed), *sorted(content.items())]
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in ordered:
            tar.addfile(_member(name, data, epoch), io.BytesIO(data or b""))
    packed = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=packed, mode="wb", mtime=epoch, compresslevel=9) as stream:
        stream.write(raw.getvalue())
    return packed.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode()


def _member(name: str, data: bytes | None, epoch: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.mtime, member.mode, member.size = epoch, 0o644, len(data or b"")
    if data is None:
        member.type, member.mode = tarfile.DIRTYPE, 0o755
    return member


def findings(archive: bytes) -> list[str]:
    """Return what is wrong with the content of an artifact, a line each."""
    names = {name for name, data in members(archive).items() if data is not None} - {MANIFEST, FILES, SANITY}
    extra = {name for name in names if name.partition("/")[0] not in TOP_LEVEL or name.startswith(UNWANTED)}
    hidden = {name for name in names if any(part.startswith((".", "__pycache__")) for part in name.split("/"))}
    return [f"{name} must not ship: add it to build_ignore in galaxy.yml" for name in sorted(extra | hidden)] + [
        f"{name} is missing" for name in sorted(REQUIRED - names)
    ]
