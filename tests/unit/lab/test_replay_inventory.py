# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a replay, and archives that are none."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab import replay
from lab.state import LabError

MANIFEST: dict[str, Any] = {"format": replay.FORMAT, "version": replay.VERSION, "group": "federation"}


def write(path: Path, files: dict[str, str]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return path


def test_each_mesh_is_reached_as_it_was(tmp_path: Path) -> None:
    """One mesh answers, one has an identity file, one had a kubeconfig that did not exist, and one no access at all."""

    def mesh(name: str, *codes: str, by_file: bool = False) -> dict[str, Any]:
        return {"mesh": name, "by_file": by_file, "answers": None, "problems": [{"code": code} for code in codes]}

    meshes = {
        "a": mesh("red"),
        "b": mesh("blue", by_file=True),
        "c": mesh("gold", "kubeconfig-missing"),
        "d": mesh("grey", "access-missing"),
    }
    hosts: dict[str, Any] = {host: {} for host in meshes}
    hosts["b"] = {"mesh_identity_file": "identities/blue.yml"}
    text = yaml.safe_dump({"all": {"children": {"federation": {"hosts": hosts}}}})
    (tmp_path / "inventory.yml").write_text(text)
    entries = {name: {"kubeconfig": f"/lab/{name}"} for name in ("red", "gold", "grey")}
    found = replay.inventory_of(tmp_path, {**MANIFEST, "meshes": meshes}, entries)
    variables = found["all"]["children"]["federation"]["hosts"]
    network = {"federation_doctor_network_file": str(tmp_path / "doctor" / "network.json")}
    assert variables == {
        "a": {**network, "mesh_kubeconfig": "/lab/red"},
        "b": {**network, "mesh_identity_file": str(tmp_path / "identities" / "blue.yml")},
        "c": {**network, "mesh_kubeconfig": str(tmp_path / "kubeconfig-missing")},
        "d": network,
    }


@pytest.mark.parametrize(
    "files",
    [
        {"x/other.txt": ""},
        {"x/manifest.json": json.dumps({**MANIFEST, "version": 2})},
        {"x/manifest.json": json.dumps(MANIFEST), "y/more.txt": ""},
        {"x/manifest.json": json.dumps(MANIFEST), "x/../../escape": ""},
    ],
)
def test_an_archive_of_something_else_is_rejected(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(LabError):
        replay.unpack(write(tmp_path / "a.tar.gz", files), tmp_path / "unpacked")
    assert not (tmp_path / "escape").exists()


def test_an_archive_is_unpacked_and_a_broken_file_is_named(tmp_path: Path) -> None:
    root = replay.unpack(write(tmp_path / "a.tar.gz", {"x/manifest.json": json.dumps(MANIFEST)}), tmp_path / "unpacked")
    assert root == tmp_path / "unpacked" / "x"
    (tmp_path / "b.tar.gz").write_text("no archive")
    with pytest.raises(LabError, match="cannot be unpacked"):
        replay.unpack(tmp_path / "b.tar.gz", tmp_path / "other")
