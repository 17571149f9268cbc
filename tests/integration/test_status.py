# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""status.yml on a lab: healthy, and with a fault, a field that has drifted, and a mesh without credentials. It only gets and lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from harness import IMPORTED, ROOT, Federation, Run, two_meshes
from lab.api import Lab

STATUS = ROOT / "playbooks" / "status.yml"
SCHEMA = json.loads((ROOT / "docs" / "federation-status.schema.json").read_text(encoding="utf-8"))
RED, GREEN = "red-mesh", "green-mesh"


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, federated; red exports ratings to green."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    federation.succeed()
    return federation


def _status(federation: Federation, *arguments: str) -> tuple[Run, dict[str, Any], Path]:
    """Run status.yml, check that it only reads, and return the run, its valid document, and the folder of its files."""
    folder, mark = federation.folder / "new" / "status", federation.lab.mark()
    run = federation.play(STATUS, "-e", f"federation_status_dir={folder}", *arguments)
    verbs = {request.verb for sent in federation.requests(mark).values() for request in sent}
    assert verbs == {"get", "list"}, run.output
    document: dict[str, Any] = json.loads((folder / "federation-status.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(document)
    assert " ".join(run.printed("Report the status")).startswith(f"{document['verdict']}  "), run.output
    return run, document, folder


def _failed_cases(folder: Path) -> set[str]:
    root = ElementTree.parse(folder / "federation-status.xml").getroot()
    return {
        f"{case.get('classname')} {case.get('name')}".partition(".")[2]
        for case in root.iter("testcase")
        if case.find("failure") is not None or case.find("error") is not None
    }


def test_a_healthy_federation(federation: Federation) -> None:
    run, document, folder = _status(federation)
    assert run.code == 0 and document["verdict"] == "HEALTHY", run.output
    assert document["failing"] == [] and document["drift"] == [] and document["unmanaged"] == []
    links = {(link["from"], link["to"]): link for link in document["links"]}
    assert [service["host"] for service in links[GREEN, RED]["imported"]] == [IMPORTED]
    assert all(link["last_sync"] and link["connected"] and not link["missing"] for link in links.values())
    assert all(obj["exists"] and obj["owner"] == "ours" for link in links.values() for obj in link["objects"])
    assert IMPORTED in run.flat and "ok 1/1" in run.flat
    assert _failed_cases(folder) == set()
    metrics = (folder / "federation-status.prom").read_text(encoding="utf-8")
    assert f'link_up{{group="federation",from="{GREEN}",to="{RED}"}} 1\n' in metrics


def test_a_fault_and_a_field_that_has_drifted(federation: Federation) -> None:
    patch = {"spec": {"exportRules": []}}
    cluster, namespace = federation.location(RED)
    federation.lab.kubectl(
        cluster, "patch", "exportedservicesets", GREEN, "-n", namespace, "--type=merge", "-p", json.dumps(patch)
    )
    with federation.lab.fault("ingress-unreachable", mesh=GREEN):
        federation.eventually(lambda: not federation.watch(RED, GREEN)["connected"])
        run, document, folder = _status(federation)
    assert run.code == 2 and document["verdict"] == "DEGRADED", run.output
    assert run.recap[RED]["failed"] == 1 and run.recap[GREEN]["failed"] == 0, run.output
    assert set(document["failing"]) == {"degraded", "drift"}
    states = {(link["from"], link["to"]): link["state"] for link in document["links"]}
    assert states[RED, GREEN] == "unreachable", run.output
    (row,) = document["drift"]
    assert (row["mesh"], row["kind"], row["field"], row["live"]) == (RED, "ExportedServiceSet", "spec.exportRules", [])
    assert row["declared"][0]["type"] == "NameSelector" and row["change"]
    assert _failed_cases(folder) == {
        f"links.{RED} -> {GREEN} connected",
        f"links.{GREEN} -> {RED} as declared",
    }
    federation.succeed("-e", "federation_force_conflicts=true")


def test_a_mesh_without_credentials_is_unknown_and_the_rest_is_shown(federation: Federation) -> None:
    green = federation.hosts[GREEN]
    federation.hosts[GREEN] = {key: value for key, value in green.items() if key != "mesh_kubeconfig"}
    run, document, folder = _status(federation)
    failed = _failed_cases(folder)
    quiet, dummy, dummy = _status(federation, "-e", '{"federation_fail_on": ["drift"]}')
    federation.hosts[GREEN] = green
    assert run.code == 2 and quiet.code == 0, run.output + quiet.output
    assert document["failing"] == ["unknown"] and document["drift"] == []
    links = {(link["from"], link["to"]): link for link in document["links"]}
    assert links[GREEN, RED]["state"] == "unknown" and links[GREEN, RED]["connected"] is None
    assert links[RED, GREEN]["shown_state"] == "up, not verified" and links[RED, GREEN]["connected"]
    assert len([cause for cause in document["causes"] if cause["severity"] == "error"]) == 1, run.output
    assert failed == {f"links.{GREEN} -> {RED} connected", f"meshes.{GREEN} readable"}
    assert _failed_cases(folder) == set()
