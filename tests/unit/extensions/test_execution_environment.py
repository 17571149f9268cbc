# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The execution environment: what ansible-builder reads from the collection, and that all floors of versions are the same ones."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
#: Where the floors of Python packages are stated for people, beside the requirements themselves.
STATED = ("README.md", "docs/modules.md", "docs/installation.md")


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


REQUIREMENTS = lines(ROOT / "meta" / "ee-requirements.txt")
FLOORS = dict(line.split(">=") for line in REQUIREMENTS)


def builder(*arguments: str) -> str:
    """Run ansible-builder; neither command uses a network or a container engine."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "KUBECONFIG")}
    run = subprocess.run(
        [sys.executable, "-m", "ansible_builder", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=environment,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_introspection_finds_exactly_what_the_collection_names(tmp_path: Path) -> None:
    folder = tmp_path / "ansible_collections" / "ossm"
    folder.mkdir(parents=True)
    (folder / "federation").symlink_to(ROOT)
    found = yaml.safe_load(builder("introspect", str(tmp_path)))
    assert [line.split(" ")[0] for line in found["python"]] == REQUIREMENTS
    assert found["system"] == lines(ROOT / "meta" / "ee-bindep.txt") == []


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a container engine builds the image from."""
    folder = tmp_path_factory.mktemp("context")
    builder(
        "create", "--file", "execution-environment.yml", "--context", str(folder), "--output-filename", "Containerfile"
    )
    return folder


def test_the_image_gets_what_the_collection_names(context: Path) -> None:
    build = context / "_build"
    assert lines(build / "requirements.txt") == REQUIREMENTS
    installed = yaml.safe_load((build / "requirements.yml").read_text())["collections"]
    galaxy = read("galaxy.yml")
    ours = {"name": f"{galaxy['namespace']}.{galaxy['name']}", "version": f">={galaxy['version']}"}
    theirs = [{"name": name, "version": version} for name, version in galaxy["dependencies"].items()]
    assert installed == [*theirs, ours]


def test_the_image_is_built_without_a_package_of_oc(context: Path) -> None:
    assert lines(context / "_build" / "bindep.txt") == []
    assert lines(context / "_build" / "exclude-bindep.txt") == ["openshift-clients", "kubernetes-client"]
    assert "openshift-clients" not in (context / "Containerfile").read_text()


def test_oc_can_be_added_as_docs_controller_md_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "controller.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```yaml\n(additional_build_files:.*?)^```", page, re.M | re.S)
    definition = {**read("execution-environment.yml"), **yaml.safe_load(block)}
    definition["dependencies"] = {**definition["dependencies"], "python": REQUIREMENTS, "system": []}
    (tmp_path / "execution-environment.yml").write_text(yaml.safe_dump(definition))
    (tmp_path / "oc").write_text("")
    builder("create", "--file", str(tmp_path / "execution-environment.yml"), "--context", str(tmp_path / "context"))
    (containerfile,) = (tmp_path / "context").glob("*file")
    assert (tmp_path / "context" / "_build" / "bin" / "oc").exists()
    final = containerfile.read_text().partition("FROM base AS final")[2]
    assert "COPY _build/bin/oc /usr/local/bin/oc" in final


def test_the_image_has_the_oldest_core_and_python_or_later(context: Path) -> None:
    core = read("meta/runtime.yml")["requires_ansible"].removeprefix(">=").removesuffix(".0")
    containerfile = (context / "Containerfile").read_text()
    assert f"ansible-core>={core} " in containerfile
    (python,) = set(re.findall(r"python3\.(\d+)", containerfile))
    oldest = re.search(r"Python on the controller \| 3\.(\d+) or later", (ROOT / "README.md").read_text())
    assert oldest and int(python) >= int(oldest[1])
    assert f"| ansible-core | {core} or later |" in (ROOT / "README.md").read_text()


def test_a_project_installs_the_collection_of_its_own_clone() -> None:
    dependencies = [{"name": name, "version": version} for name, version in read("galaxy.yml")["dependencies"].items()]
    assert read("collections/requirements.yml")["collections"] == [*dependencies, {"source": ".", "type": "dir"}]


@pytest.mark.parametrize("path", STATED)
def test_people_read_the_same_floors(path: str) -> None:
    text = " ".join((ROOT / path).read_text(encoding="utf-8").split())
    found = {name: re.search(rf"`{name}` ([\d.]+\d)", text) for name in FLOORS}
    assert {name: match and match[1] for name, match in found.items()} == FLOORS


def test_the_documentation_of_modules_has_the_same_floors() -> None:
    stated = {
        (match[1], match[2])
        for path in (ROOT / "plugins").rglob("*.py")
        for match in re.finditer(r"- (\w+) \(Python package\) ([\d.]+\d) or newer", path.read_text(encoding="utf-8"))
    }
    assert stated == set(FLOORS.items())
