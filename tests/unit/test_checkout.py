# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A clone of the repository works as it is: its configuration finds the collections, git ignores what runs write."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import reference
import yaml

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = ("ANSIBLE_", "K8S_AUTH_", "KUBE", "PYTHONPATH", "GIT_")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git tracks or would add, as a repository of its own with the links that `make links` creates."""
    folder = tmp_path_factory.mktemp("clone")
    names = _run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], ROOT).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    _run(["git", "init", "--quiet"], folder)
    _run([sys.executable, "tests/tree.py", "link"], folder)
    return folder


def _start(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without any variable that configures Ansible, Python or git."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(VARIABLES)}
    environment |= {"HOME": str(folder / "build"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def _run(command: list[str], folder: Path) -> str:
    """Run such a command, which has to succeed; return what it prints."""
    done = _start(command, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("playbook", ["federate", "plan", "lint"])
def test_a_playbook_starts_in_a_clone_without_environment_variables(clone: Path, playbook: str) -> None:
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [program, "--syntax-check", "-i", "inventory/lab", f"playbooks/{playbook}.yml"]
    assert f"playbook: playbooks/{playbook}.yml" in _run(command, clone)
    path = _run([program.replace("-playbook", "-config"), "dump", "--only-changed", "--format", "json"], clone)
    assert str(clone / "build" / "collections") in path


@pytest.mark.parametrize("playbook", reference.playbooks())
def test_a_playbook_without_hosts_fails(clone: Path, playbook: str) -> None:
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [program, "-i", "inventory/example", "-e", "federation_group=fedration", f"playbooks/{playbook}.yml"]
    done = _start(command, clone)
    printed = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0 and "federation_group: must be a group with hosts, not 'fedration'" in printed, printed
    assert "PLAY" not in printed and "Traceback" not in printed, printed


def test_every_play_checks_its_group() -> None:
    for path in (ROOT / "playbooks" / f"{playbook}.yml" for playbook in reference.playbooks()):
        hosts = {play["hosts"] for play in yaml.safe_load(path.read_text(encoding="utf-8"))}
        assert hosts == {"{{ federation_group | default('federation') | ossm.federation.mesh_group(groups) }}"}, path


@pytest.mark.parametrize("name", ["identities/red-mesh-for-green-mesh.yml", "build/lab/lab.json", ".venv/complete"])
def test_git_ignores_what_runs_write(clone: Path, name: str) -> None:
    (clone / name).parent.mkdir(parents=True, exist_ok=True)
    (clone / name).write_text("---\n", encoding="utf-8")
    assert _run(["git", "status", "--porcelain", "--untracked-files=all", "--", name], clone) == ""


def test_clean_lists_what_it_keeps(clone: Path) -> None:
    (clone / "identities").mkdir(exist_ok=True)
    (clone / "identities" / "red-mesh-for-green-mesh.yml").write_text("---\n", encoding="utf-8")
    (clone / "build" / "lab" / "lab.json").unlink(missing_ok=True)
    printed = _run(["make", "--no-print-directory", "-s", "clean"], clone)
    assert (clone / "identities" / "red-mesh-for-green-mesh.yml").exists()
    assert "Kept:" in printed and "identities/" in printed


def test_clean_does_not_remove_a_running_lab(clone: Path) -> None:
    (clone / "build" / "lab").mkdir(parents=True, exist_ok=True)
    (clone / "build" / "lab" / "lab.json").touch()
    with pytest.raises(AssertionError, match="make lab-down"):
        _run(["make", "clean"], clone)
    assert (clone / "build" / "lab" / "lab.json").exists()
