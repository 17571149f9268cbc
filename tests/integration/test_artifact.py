# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact as a user installs it: in an empty place, outside the checkout, with ansible-core alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ansible_collections
import pytest
import tree
from harness import IMPORTED, Federation, program, two_meshes
from release import artifact

#: An environment with ansible-core and no bundle of collections.
CORE = "2.16"
RED, GREEN = "red-mesh", "green-mesh"


@pytest.fixture(scope="module", name="place")
def _place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of collections with what the artifact contains, and kubernetes.core."""
    folder = tmp_path_factory.mktemp("user")
    source, place = folder / "source", folder / "collections"
    tree.copy(source)
    built = artifact.build(source, folder / "dist", 0)
    _run(
        folder, place, "ansible-galaxy", "collection", "install", "--offline", "--no-deps", "-p", str(place), str(built)
    )
    neighbour = place / "ansible_collections" / "kubernetes" / "core"
    neighbour.parent.mkdir()
    neighbour.symlink_to(Path(next(iter(ansible_collections.__path__))) / "kubernetes" / "core")
    return place


def _run(folder: Path, place: Path, name: str, *arguments: str) -> str:
    """Run a program of Ansible from a folder with no other collections, and return its output."""
    cleared = {
        key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHONPATH", "KUBE"))
    }
    environment = cleared | {"ANSIBLE_COLLECTIONS_PATH": str(place), "ANSIBLE_NOCOLOR": "1", "HOME": str(folder)}
    command = [str(program(name, CORE)), *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_documentation_of_what_is_installed(place: Path) -> None:
    listed = _run(place.parent, place, "ansible-galaxy", "collection", "list")
    assert str(place / "ansible_collections") in listed and "ossm.federation" in listed
    assert "ossm.federation.mesh_info" in _run(place.parent, place, "ansible-doc", "--list", "ossm.federation").lower()
    assert "federation_group" in _run(place.parent, place, "ansible-doc", "-t", "role", "ossm.federation.mesh")


def test_federate_and_status_by_their_full_names(start: Callable[..., Any], place: Path) -> None:
    federation = Federation.for_lab(start(two_meshes()), place.parent)
    only = {"ANSIBLE_COLLECTIONS_PATH": str(place), "HOME": str(place.parent), "PYTHONPATH": ""}
    options: dict[str, Any] = {"core": CORE, "environment": only}
    run = federation.play(Path("ossm.federation.federate"), **options)
    assert run.code == 0 and run.changes, run.output
    assert federation.connected() == sorted([(RED, GREEN), (GREEN, RED)])
    assert federation.imported(GREEN, RED) == [IMPORTED]
    status = place.parent / "status"
    run = federation.play(Path("ossm.federation.status"), "-e", f"federation_status_dir={status}", **options)
    assert run.code == 0 and "HEALTHY" in run.flat, run.output
