# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""lint.yml checks the inventory without any cluster, and federate.yml checks it before its first request."""

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
CODES = (
    "[export-one-name]",
    "[key-unknown]",
    "[rule-name]",
    "[rule-shadowed]",
    "[import-unoffered]",
    "[locality-value]",
)
NAMED = {
    "type": "NameSelector",
    "nameSelector": {"namespace": "red-mesh-bookinfo", "name": "*", "alias": {"name": "alias"}},
}


def _findings(run: Run) -> Any:
    return run.printed("Report the findings")


def _inventory(folder: Path, **hosts: dict[str, Any]) -> Path:
    """Write an inventory with access variables that lint must not evaluate; return its path."""
    access = {"mesh_kubeconfig": "{{ undefined_variable }}", "mesh_api_key": "/nowhere"}
    meshes = {f"{name}-mesh": {**access, **variables} for name, variables in hosts.items()}
    path = folder / "hosts.yml"
    path.write_text(yaml.safe_dump({"all": {"children": {"federation": {"hosts": meshes}}}}), encoding="utf-8")
    return path


@pytest.mark.parametrize("core", ["", "2.16"])
def test_text(folder: Path, core: str) -> None:
    run = run_playbook(LINT, EXAMPLE, folder, core=core)
    lines = _findings(run)
    assert run.code == 2, run.output
    assert all(any(code in line for line in lines) for code in CODES)
    assert lines[0] == "REJECTED  7 errors, 4 warnings, 1 note."
    start = next(index for index, line in enumerate(lines) if "labelSelector.alias:" in line)
    first = lines.index("    Write:", start) + 1
    (rule,) = yaml.safe_load("\n".join(lines[first : lines.index("", first)]))
    assert rule["labelSelector"]["selector"] == {"matchLabels": {"export-service": "true"}}
    assert rule["labelSelector"]["aliases"] == [{"namespace": "*", "name": "*", "alias": {"namespace": "bookinfo"}}]
    assert "Traceback" not in run.output


def test_json(folder: Path) -> None:
    options = ("-e", "federation_lint_file=findings.json", "-e", "federation_lint_format=json")
    run = run_playbook(LINT, EXAMPLE, folder, *options, "--check")
    findings = json.loads((folder / "findings.json").read_text())
    assert run.code == 2 and json.loads("\n".join(_findings(run))) == findings
    assert [finding["severity"] for finding in findings] == ["error"] * 7 + ["warning"] * 4 + ["info"]
    assert {"code", "severity", "mesh", "where", "message", "remedy", "repaired"} == set(findings[0])
    assert {finding["where"] for finding in findings if finding["code"] == "export-one-name"} == {
        "mesh_exports.blue-mesh[1]"
    }


def test_an_unknown_format(folder: Path) -> None:
    run = run_playbook(LINT, _inventory(folder, red={}, green={}), folder, "-e", "federation_lint_format=xml")
    assert run.code == 2 and "[variable-value]" in run.flat and "text, json" in run.flat


def test_access_variables_are_not_evaluated(folder: Path) -> None:
    environment = {"K8S_AUTH_HOST": "https://127.0.0.1:1"}
    run = run_playbook(LINT, _inventory(folder, red={}, green={}), folder, environment=environment)
    assert run.code == 0, run.output
    assert _findings(run) == ["VALID  0 errors, 0 warnings, 0 notes."]


def test_other_errors_of_the_inventory_are_reported(folder: Path) -> None:
    run = run_playbook(
        LINT,
        _inventory(folder, red={"mesh_exprots": [], "mesh_exports": "{{ undefined }}"}, green={"mesh_name": "X"}),
        folder,
    )
    assert run.code == 2
    assert all(code in run.flat for code in ("[variable-misspelled]", "[variable-undefined]", "[name-invalid]"))


@pytest.mark.parametrize("name", ["lab", "example"])
def test_the_inventories_of_this_repository_are_valid(folder: Path, name: str) -> None:
    run = run_playbook(LINT, ROOT / "inventory" / name / "hosts.yml", folder, "-e", "federation_lint_strict=true")
    assert run.code == 0, run.output


def test_warnings_fail_only_with_lint_strict(folder: Path) -> None:
    inventory = _inventory(folder, red={"mesh_exports": ["a/x"]}, green={})
    assert run_playbook(LINT, inventory, folder).code == 0
    assert run_playbook(LINT, inventory, folder, "-e", "federation_lint_strict=true").code == 2


# federate.yml


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes; red exports and green imports as in the default lab."""
    return Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))


@pytest.fixture(autouse=True)
def _restore_variables(request: pytest.FixtureRequest) -> Any:
    """Restore the variables after each test that uses the federation; tests without it start no lab."""
    if "federation" not in request.fixturenames:
        yield
        return
    federation = request.getfixturevalue("federation")
    federation.hosts["red-mesh"]["mesh_exports"] = {"green-mesh": [RATINGS]}
    before = copy.deepcopy((federation.hosts, federation.options))
    yield
    federation.hosts, federation.options = before


def _check_rejected(federation: Federation, *message: str) -> None:
    """Check that a run is rejected before its first request, with these texts."""
    mark = federation.lab.mark()
    run = federation.run()
    assert run.code != 0, run.output
    assert not request_lines(federation.requests(mark))
    assert all(word in run.flat for word in message), run.output
    assert not run.report


def test_errors_reject_the_run_before_the_first_request(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_exports"]["green-mesh"].append(NAMED)
    federation.hosts["green-mesh"]["mesh_peers"] = ["unknown-mesh"]
    corrected = "[export-one-name] Write: - type: NameSelector nameSelector: namespace: red-mesh-bookinfo name: '*'"
    _check_rejected(federation, "[peer-unknown]", corrected)


def test_lint_strict_rejects_warnings(federation: Federation) -> None:
    federation.hosts["green-mesh"]["mesh_imports"]["red-mesh"].append("red-mesh-bookinfo/nothing")
    federation.options["federation_lint_strict"] = True
    _check_rejected(federation, "[import-unoffered]")


def test_warnings_are_announced_and_reported(federation: Federation) -> None:
    federation.hosts["green-mesh"]["mesh_imports"]["red-mesh"].append("red-mesh-bookinfo/nothing")
    run = federation.succeed()
    announced = run.paragraphs("Announce the changes")
    assert any("[import-unoffered]" in line and "red-mesh-bookinfo/nothing" in line for line in announced)
    assert any("[import-unoffered]" in line for line in run.report)
    assert set(run.cells.values()) == {"ok", "ok, 1 imported"}
    mark = federation.lab.mark()
    assert federation.succeed().unchanged
    assert not federation.writes(mark)
