# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact: what ships, and the same bytes from every build."""

from __future__ import annotations

import gzip
import io
import json
import random
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from release import artifact, sbom
from unit.release.conftest import EPOCH

ROOT = Path(__file__).resolve().parents[3]


def _packed(content: dict[str, bytes | None], time: int) -> bytes:
    """Return an archive of these members in this order."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as tar:
        for name, data in content.items():
            member = tarfile.TarInfo(name)
            member.mtime, member.size = time, len(data or b"")
            member.type = tarfile.DIRTYPE if data is None else tarfile.REGTYPE
            tar.addfile(member, io.BytesIO(data or b""))
    return raw.getvalue()


def _shuffled(archive: bytes, seed: int) -> bytes:
    """Return the artifact as another file system would have listed it, at another time."""
    content = artifact.members(archive)
    files = json.loads(content[artifact.FILES] or b"")
    random.Random(seed).shuffle(files["files"])
    content[artifact.FILES] = json.dumps(files).encode()
    names = list(content)
    random.Random(seed).shuffle(names)
    return _packed({name: content[name] for name in names}, 1000 + seed)


@pytest.mark.parametrize("seed", [1, 2])
def test_time_and_order_of_a_build_do_not_show(built: Path, seed: int) -> None:
    data = built.read_bytes()
    assert artifact.normal(_shuffled(data, seed), EPOCH) == data
    assert artifact.normal(data, EPOCH + 1) != data
    assert gzip.decompress(data) == gzip.decompress(artifact.normal(data, EPOCH))


def test_all_that_a_user_needs_ships_and_nothing_else(built: Path) -> None:
    data = built.read_bytes()
    assert artifact.findings(data) == []
    names = set(artifact.members(data))
    for folder in ("playbooks", "plugins", "roles", "meta", "extensions"):
        files = {path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file()}
        assert {name for name in files if "__pycache__" not in name} <= names


@pytest.mark.parametrize(
    "name",
    [".venv/bin/python", "tests/lab/api.py", "inventory/lab/hosts.yml", "docs/.hidden", "build/tree/x", "galaxy.yml"],
)
def test_a_file_that_must_not_ship_is_found(built: Path, name: str) -> None:
    content = artifact.members(built.read_bytes()) | {name: b""}
    assert artifact.findings(_packed(content, 0)) == [f"{name} must not ship: add it to build_ignore in galaxy.yml"]


def test_a_missing_file_is_found(built: Path) -> None:
    content = artifact.members(built.read_bytes())
    del content["meta/runtime.yml"]
    assert artifact.findings(_packed(content, 0)) == ["meta/runtime.yml is missing"]


def test_bill_of_materials_names_every_file_and_all_that_is_needed(built: Path) -> None:
    data = built.read_bytes()
    text = sbom.bill(data, EPOCH)
    assert sbom.bill(data, EPOCH) == text
    bill: dict[str, Any] = json.loads(text)
    files = {part["name"] for part in bill["metadata"]["component"]["components"]}
    assert files == {name for name, content in artifact.members(data).items() if content is not None}
    declared = {part["name"]: part["properties"][0]["value"] for part in bill["components"]}
    galaxy = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    assert galaxy["dependencies"].items() <= declared.items()
    assert {"ansible-core", "kubernetes", "jmespath", "cryptography"} < set(declared)
    assert bill["metadata"]["timestamp"].startswith("2026-01-02T03:04:05")
    assert bill["dependencies"] and bill["specVersion"] == "1.6"


def test_a_wrong_bill_of_materials_is_refused(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(sbom.JsonV1Dot6):
        """A writer whose text is no bill of materials."""

        def output_as_string(self, **dummy: Any) -> str:
            """Return the text with a wrong kind of component."""
            return super().output_as_string().replace('"library"', '"librarian"')

    monkeypatch.setattr(sbom, "JsonV1Dot6", Wrong)
    with pytest.raises(ValueError, match="not valid"):
        sbom.bill(built.read_bytes(), EPOCH)
