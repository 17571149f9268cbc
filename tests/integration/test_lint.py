# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory is linted without any cluster, and by federate.yml before anything is asked for or written."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import RATINGS, ROOT, Federation, Run, request_lines, run_playbook, two_meshes

LINT = ROOT / "playbooks" / "lint.yml"
EXAMPLE = Path(__file__).resolve().parent / "inventories" / "lint.yml"
WORDS = (
    "[export-one-name]",
    "[key-unknown]",
    "[rule-name]",
    "[rule-shadowed]",
    "[import-unoffered]",
    "[locality-value]",
)
NAMED = {
    "type": "NameSelector",
    "nameSelector": {"namespace": "red-mesh-bookinfo", "name": "*", "alias": {"name": "one"}},
}


def _told(run: Run) -> Any:
    return run.printed("Report the findings")


def _inventory(folder: Path, **hosts: dict[str, Any]) -> Path:
    """An inventory with meshes that nobody can reach, and whose access is not to be looked at."""
    access = {"mesh_kubeconfig": "{{ nobody_defined_this }}", "mesh_api_key": "/nowhere"}
    meshes = {f"{name}-mesh": {**access, **variables} for name, variables in hosts.items()}
    path = folder / "hosts.yml"
    path.write_text(yaml.safe_dump({"all": {"children": {"federation": {"hosts": meshes}}}}), encoding="utf-8")
    return path


@pytest.mark.parametrize("core", ["", "2.16"])
def test_text(folder: Path, core: str) -> None:
    run = run_playbook(LINT, EXAMPLE, folder, core=core)
    lines = _told(run)
    assert run.code == 2, run.output
    assert all(any(word in line for line in lines) for word in WORDS)
    assert lines[0] == "REJECTED  7 errors, 4 warnings, 1 note."
    start = next(index for index, line in enumerate(lines) if "labelSelector.alias:" in line)
    written = lines.index("    Write:", start) + 1
    (rule,) = yaml.safe_load("\n".join(lines[written : lines.index("", written)]))
    assert rule["labelSelector"]["selector"] == {"matchLabels": {"export-service": "true"}}
    assert rule["labelSelector"]["aliases"] == [{"namespace": "*", "name": "*", "alias": {"namespace": "bookinfo"}}]
    assert "Traceback" not in run.output


def test_json(folder: Path) -> None:
    wishes = ("-e", "federation_lint_file=findings.json", "-e", "federation_lint_format=json")
    run = run_playbook(LINT, EXAMPLE, folder, *wishes, "--check")
    found = json.loads((folder / "findings.json").read_text())
    assert run.code == 2 and json.loads("\n".join(_told(run))) == found
    assert [one["severity"] for one in found] == ["error"] * 7 + ["warning"] * 4 + ["info"]
    assert {"code", "severity", "mesh", "where", "message", "remedy", "repaired"} == set(found[0])
    assert {one["where"] for one in found if one["code"] == "export-one-name"} == {"mesh_exports.blue-mesh[1]"}


def test_an_unknown_format(folder: Path) -> None:
    run = run_playbook(LINT, _inventory(folder, red={}, green={}), folder, "-e", "federation_lint_format=xml")
    assert run.code == 2 and "[variable-value]" in run.flat and "text, json" in run.flat


def test_access_is_not_its_business(folder: Path) -> None:
    environment = {"K8S_AUTH_HOST": "https://127.0.0.1:1"}
    run = run_playbook(LINT, _inventory(folder, red={}, green={}), folder, environment=environment)
    assert run.code == 0, run.output
    assert _told(run) == ["VALID  0 errors, 0 warnings, 0 notes."]


def test_other_faults_of_the_inventory_are_told_too(folder: Path) -> None:
    run = run_playbook(
        LINT,
        _inventory(folder, red={"mesh_exprots": [], "mesh_exports": "{{ gone }}"}, green={"mesh_name": "X"}),
        folder,
    )
    assert run.code == 2
    assert all(word in run.flat for word in ("[variable-misspelled]", "[variable-undefined]", "[name-invalid]"))


@pytest.mark.parametrize("name", ["lab", "example"])
def test_the_inventories_of_this_repository_are_in_order(folder: Path, name: str) -> None:
    run = run_playbook(LINT, ROOT / "inventory" / name / "hosts.yml", folder, "-e", "federation_lint_strict=true")
    assert run.code == 0, run.output


def test_warnings_alone_fail_only_when_asked_to(folder: Path) -> None:
    inventory = _inventory(folder, red={"mesh_exports": ["a/x"]}, green={})
    assert run_playbook(LINT, inventory, folder).code == 0
    assert run_playbook(LINT, inventory, folder, "-e", "federation_lint_strict=true").code == 2


# federate.yml


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, of which red exports and green imports what the default lab does."""
    return Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))


@pytest.fixture(autouse=True)
def _same_wishes(request: pytest.FixtureRequest) -> Any:
    """Put the wishes back after a test that has changed them; tests without a lab start none."""
    if "federation" not in request.fixturenames:
        yield
        return
    found = request.getfixturevalue("federation")
    found.hosts["red-mesh"]["mesh_exports"] = {"green-mesh": [RATINGS]}
    before = copy.deepcopy((found.hosts, found.options))
    yield
    found.hosts, found.options = before


def _refused(federation: Federation, *message: str) -> None:
    """Run, and prove that it was refused before a cluster was asked for anything."""
    mark = federation.lab.mark()
    run = federation.run()
    assert run.code != 0, run.output
    assert not request_lines(federation.requests(mark))
    assert all(word in run.flat for word in message), run.output
    assert not run.report


def test_errors_refuse_before_anything_is_written(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_exports"]["green-mesh"].append(NAMED)
    federation.hosts["green-mesh"]["mesh_peers"] = ["nobody"]
    repaired = '{"type": "NameSelector", "nameSelector": {"namespace": "red-mesh-bookinfo", "name": "*"}}'
    _refused(federation, "[export-one-name]", "[peer-unknown]", repaired)


def test_strict_refuses_warnings(federation: Federation) -> None:
    federation.hosts["green-mesh"]["mesh_imports"]["red-mesh"].append("red-mesh-bookinfo/nothing")
    federation.options["federation_lint_strict"] = True
    _refused(federation, "[import-unoffered]")


def test_warnings_are_told_first_and_stop_nothing(federation: Federation) -> None:
    federation.hosts["green-mesh"]["mesh_imports"]["red-mesh"].append("red-mesh-bookinfo/nothing")
    run = federation.succeed()
    said = run.paragraphs("Announce the changes")
    assert any("[import-unoffered]" in line and "red-mesh-bookinfo/nothing" in line for line in said)
    assert any("[import-unoffered]" in line for line in run.report)
    assert set(run.cells.values()) == {"ok", "ok, 1 imported"}
    mark = federation.lab.mark()
    assert federation.succeed().unchanged
    assert not federation.writes(mark)
