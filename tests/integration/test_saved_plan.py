# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A saved plan is applied as it is or not at all, and each run that writes leaves a change record. The tests build on each other."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import RATINGS, ROOT, Federation, Run, request_lines, two_meshes
from lab.api import Lab

PLAN, UNLINK = (ROOT / "playbooks" / f"{name}.yml" for name in ("plan", "unlink"))
PEER = "ServiceMeshPeer green-mesh-system/red-mesh"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes that are not federated; all runs record what they change."""
    rules = {
        "red-mesh": {"mesh_exports": {"green-mesh": [RATINGS]}},
        "green-mesh": {"mesh_imports": {"red-mesh": [RATINGS]}},
    }
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"), rules)
    federation.options["federation_record_dir"] = "records"
    return federation


def save(federation: Federation) -> dict[str, Any]:
    run = federation.play(PLAN, "-e", "federation_plan_file=plan.json")
    assert run.code == 0, run.output
    content: dict[str, Any] = json.loads((federation.folder / "plan.json").read_text())
    return content


def apply(federation: Federation, *arguments: str) -> Run:
    return federation.run("-e", "federation_apply_plan=plan.json", *arguments)


def rejected(federation: Federation) -> str:
    """Apply the saved plan, which must be rejected before anything is written; return the output."""
    mark, before = federation.lab.mark(), records(federation)
    run = apply(federation)
    assert run.code != 0 and "Nothing was written." in run.flat, run.output
    assert federation.writes(mark) == {}, request_lines(federation.writes(mark))
    assert records(federation) == before
    return run.flat


def records(federation: Federation) -> list[Path]:
    return sorted((federation.folder / "records").glob("*"))


def recorded(path: Path) -> set[tuple[str, str, str, str, tuple[str, ...]]]:
    """Return the changes of a record in the form of ``Run.changes``."""
    return {
        (one["mesh"], one["kind"], f"{one['namespace']}/{one['name']}", one["verb"][:-1], tuple(sorted(one["fields"])))
        for one in json.loads(path.read_text())["changes"]
    }


def annotate(federation: Federation, mesh: str, resource: str, name: str, value: str) -> None:
    cluster, namespace = federation.location(mesh)
    federation.lab.kubectl(cluster, "annotate", "-n", namespace, resource, name, value)


def test_a_saved_plan_has_the_objects_and_no_secret(federation: Federation) -> None:
    saved = save(federation)["saved"]
    path = federation.folder / "plan.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert saved["format"] == "ossm.federation/plan/v1" and saved["collection"]
    objects = {row["where"] for mesh in saved["meshes"].values() for row in mesh["objects"]}
    assert {
        PEER,
        "ExportedServiceSet red-mesh-system/green-mesh",
        "ConfigMap red-mesh-system/green-mesh-ca-root-cert",
    } <= objects
    user = yaml.safe_load(Path(federation.hosts["red-mesh"]["mesh_kubeconfig"]).read_text())["users"][0]["user"]
    assert not any(str(value) in path.read_text() for value in user.values())


def test_check_mode_applies_nothing_and_records_nothing(federation: Federation) -> None:
    run = apply(federation, "--check")
    assert run.code == 0 and run.changes, run.output
    assert records(federation) == []


def test_exactly_the_saved_plan_is_applied_and_recorded(federation: Federation) -> None:
    """What others write beside our fields, as a status or an annotation, changes nothing."""
    for mesh in federation.hosts:
        annotate(federation, mesh, "servicemeshcontrolplanes", mesh, "example.com/note=changed")
    saved = json.loads((federation.folder / "plan.json").read_text())
    run = apply(federation)
    assert run.code == 0 and run.report[0].startswith("HEALTHY"), run.output
    planned = {(row["mesh"], row["kind"], f"{row['namespace']}/{row['name']}", row["verb"]) for row in saved["objects"]}
    assert {change[:4] for change in run.changes} == planned
    (record,) = records(federation)
    assert recorded(record) == run.changes and stat.S_IMODE(record.stat().st_mode) == 0o600
    content = json.loads(record.read_text())
    assert content["playbook"] == "federate" and record.name.startswith(
        content["started"].translate({45: None, 58: None})[:15]
    )
    peer = next(one for one in content["changes"] if one["kind"] == "ServiceMeshPeer" and one["mesh"] == "green-mesh")
    assert (peer["before"], peer["peer"]) == (None, "red-mesh")
    assert peer["after"]["spec"]["security"]["trustDomain"] == "red-mesh.local"
    assert federation.succeed().unchanged and records(federation) == [record]


def test_an_applied_plan_cannot_be_applied_again(federation: Federation) -> None:
    output = rejected(federation)
    assert "[plan-outdated]" in output and PEER in output


def test_a_change_of_clusters_or_inventory_is_named(federation: Federation) -> None:
    host = federation.hosts["red-mesh"]
    host["mesh_exports"] = {"green-mesh": [RATINGS, "red-mesh-bookinfo/reviews"]}
    save(federation)
    declared = host["mesh_exports"]
    host["mesh_exports"] = {"green-mesh": [RATINGS]}
    output = rejected(federation)
    assert "red-mesh: mesh_exports: it is not declared as it was when the plan was saved" in output
    assert "ExportedServiceSet red-mesh-system/green-mesh: planned object spec.exportRules[1]: " in output
    host["mesh_exports"] = declared
    cluster, namespace = federation.location("green-mesh")
    port = '{"spec": {"remote": {"discoveryPort": %s}}}'
    federation.lab.kubectl(
        cluster, "patch", "-n", namespace, "servicemeshpeers", "red-mesh", "--type=merge", "-p", port % 8199
    )
    output = rejected(federation)
    assert f"{PEER}: live object spec.remote.discoveryPort: 8188 when the plan was saved, 8199 now" in output
    federation.lab.kubectl(
        cluster, "patch", "-n", namespace, "servicemeshpeers", "red-mesh", "--type=merge", "-p", port % "null"
    )
    run = apply(federation)
    assert run.code == 0 and {change[1:4] for change in run.changes} == {
        ("ExportedServiceSet", "red-mesh-system/green-mesh", "change")
    }
    change = json.loads(records(federation)[-1].read_text())["changes"][0]
    assert change["verb"] == "changed" and change["before"] != change["after"]


def test_a_file_that_is_no_saved_plan_is_rejected(federation: Federation) -> None:
    path = federation.folder / "plan.json"
    content = path.read_text()
    path.write_text(content.replace("ServiceMeshPeer green", "ServiceMeshPeer gold"))
    assert "[plan-file]" in rejected(federation)
    path.write_text(content)


def test_a_removal_and_a_run_that_fails_are_recorded(federation: Federation) -> None:
    before = records(federation)
    run = federation.play(
        UNLINK, "-e", "federation_unlink=red-mesh,green-mesh", "-e", "federation_confirm=red-mesh,green-mesh"
    )
    assert run.code == 0, run.output
    (record,) = set(records(federation)) - set(before)
    assert "-unlink-" in record.name
    changes = json.loads(record.read_text())["changes"]
    deleted = next(one for one in changes if one["kind"] == "ServiceMeshPeer" and one["mesh"] == "green-mesh")
    assert (
        deleted["verb"] == "deleted" and deleted["before"]["spec"]["remote"]["addresses"] and deleted["after"] is None
    )
    before = records(federation)
    with federation.lab.fault(
        "api-forbidden", cluster="green", verbs=["create", "patch"], resources=["servicemeshpeers"]
    ):
        run = federation.run()
    assert run.code != 0
    (record,) = set(records(federation)) - set(before)
    assert recorded(record) == run.changes
