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
    entries = {name: {"kubeconfig": f"/lab/{name}/kubeconfig"} for name in ("red", "gold", "grey")}
    found = replay.inventory_of(tmp_path, {**MANIFEST, "meshes": meshes}, entries)
    variables = found["all"]["children"]["federation"]["hosts"]
    network = {"federation_doctor_network_file": str(tmp_path / "doctor" / "network.json")}
    assert variables == {
        "a": {**network, "mesh_kubeconfig": "/lab/red/kubeconfig"},
        "b": {**network, "mesh_identity_file": str(tmp_path / "identities" / "blue.yml")},
        "c": {**network, "mesh_kubeconfig": "/lab/gold/kubeconfig-missing"},
        "d": network,
    }


def inventory_of(root: Path, variables: dict[str, Any], groups: Any = None) -> dict[str, Any]:
    """Return the inventory of an archive with one mesh."""
    one = {"mesh": "red", "by_file": False, "answers": None, "problems": []}
    children = {**(groups or {}), "federation": {"hosts": {"a": variables}, "vars": {"ansible_connection": "ssh"}}}
    (root / "inventory.yml").write_text(yaml.safe_dump({"all": {"children": children}}))
    entries = {"red": {"kubeconfig": "/lab/red/kubeconfig"}}
    return replay.inventory_of(root, {**MANIFEST, "meshes": {"a": one}}, entries)


def test_only_what_is_declared_comes_from_an_archive(tmp_path: Path) -> None:
    given = {
        "mesh_exports": {"green": ["a/b"]},
        "mesh_namespace": "red",
        "mesh_kubeconfig": "/evil",
        "mesh_host": "https://evil",
        "federation_status_dir": "/etc",
        "ansible_python_interpreter": "/bin/evil",
        "ansible_connection": "ssh",
        "other": 1,
    }
    found = inventory_of(tmp_path, given, {"east": {"hosts": {"a": {"ansible_host": "evil"}}, "vars": {"x": 1}}})
    assert found == {
        "all": {
            "children": {
                "east": {"hosts": {"a": {}}},
                "federation": {
                    "hosts": {
                        "a": {
                            "mesh_exports": {"green": ["a/b"]},
                            "mesh_namespace": "red",
                            "mesh_kubeconfig": "/lab/red/kubeconfig",
                            "federation_doctor_network_file": str(tmp_path / "doctor" / "network.json"),
                        }
                    }
                },
            }
        }
    }


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"mesh_name": "{{ lookup('pipe', 'id') }}"}, "template"),
        ({"mesh_exports": {"green": ["{% set x = 1 %}"]}}, "template"),
        ({"mesh_exports": {"{{ x }}": []}}, "template"),
        ({"mesh_identity_file": "../../secret"}, "outside"),
        ({"federation_identity_dir": "/etc"}, "outside"),
    ],
)
def test_an_archive_with_a_template_or_a_path_of_elsewhere_is_rejected(
    tmp_path: Path, variables: dict[str, Any], message: str
) -> None:
    with pytest.raises(LabError, match=message):
        inventory_of(tmp_path, variables)


@pytest.mark.parametrize("path", ["../answers.json", "/etc/passwd", "link/answers.json"])
def test_answers_are_read_from_the_archive_only(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "answers.json").write_text('[{"status": 200}]')
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(LabError, match="outside"):
        replay._has_answered(root, {"answers": path})
    (root / "answers.json").write_text('[{"status": 200}]')
    assert replay._has_answered(root, {"answers": "answers.json"})


@pytest.mark.parametrize(
    "files",
    [
        {"x/other.txt": ""},
        {"x/manifest.json": json.dumps({**MANIFEST, "version": 2})},
        {"x/manifest.json": json.dumps(MANIFEST), "y/more.txt": ""},
        {"x/manifest.json": json.dumps({**MANIFEST, "meshes": {"a": {"mesh": "../x"}}})},
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
