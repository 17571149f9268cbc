# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""render.yml: files that Argo CD can apply, and after which federate.yml has nothing to do. The tests build on each other."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from harness import RATINGS, ROOT, Federation, Run, request_lines, two_meshes
from lab.api import Lab

RENDER = ROOT / "playbooks" / "render.yml"
#: The field manager with which Argo CD applies (argo-cd common/common.go).
ARGO_CD = "argocd-controller"
MESHES = ("green-mesh", "red-mesh")


@pytest.fixture(scope="module")
def federation(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, one exposed by a load balancer and one by its nodes, that are not federated."""
    topology = two_meshes()
    topology["clusters"]["green"]["platform"] = "BareMetal"
    rules = {
        "red-mesh": {"mesh_exports": {"green-mesh": [RATINGS]}},
        "green-mesh": {"mesh_imports": {"red-mesh": [RATINGS]}},
    }
    return Federation.for_lab(start(topology), tmp_path_factory.mktemp("f"), rules)


def render(federation: Federation, *arguments: str, code: int = 0) -> Run:
    """Run render.yml, which must only read the clusters."""
    mark = federation.lab.mark()
    run = federation.play(RENDER, *arguments)
    assert run.code == code, run.output
    assert federation.writes(mark) == {}, request_lines(federation.writes(mark))
    return run


def contents(federation: Federation) -> dict[str, str]:
    folder = federation.folder / "rendered"
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def changed(run: Run) -> int:
    return sum(counts["changed"] for counts in run.recap.values())


def apply(federation: Federation, mesh: str) -> None:
    """Apply the folder of a mesh as Argo CD does: server-side, with its field manager."""
    folder = federation.folder / "rendered" / mesh
    federation.lab.kubectl(
        federation.location(mesh)[0], "apply", "--server-side", f"--field-manager={ARGO_CD}", "-k", str(folder)
    )


def test_check_mode_shows_the_files_and_writes_none(federation: Federation) -> None:
    run = render(federation, "--check", "--diff")
    assert contents(federation) == {} and changed(run) == 1
    assert {change["file"] for change in run.data["changes"]} >= {
        "red-mesh/0-control-plane.yaml",
        "red-mesh/1-exports-green-mesh.yaml",
        "green-mesh/1-imports-red-mesh.yaml",
        "green-mesh/2-root-red-mesh.yaml",
        "green-mesh/kustomization.yaml",
        "argocd-ignore-differences.yaml",
    }
    assert "+kind: ExportedServiceSet" in run.text


def test_what_has_no_address_yet_is_not_rendered(federation: Federation) -> None:
    planned = {change["file"] for change in federation.runs[-1].data["changes"]}
    run = render(federation)
    assert set(contents(federation)) == planned
    assert run.data["verdict"] == "INCOMPLETE"
    assert {(one["mesh"], one["object"]) for one in run.data["unrendered"]} == {
        (mesh, f"ServiceMeshPeer {mesh}-system/{peer}") for mesh, peer in (MESHES, MESHES[::-1])
    }


def test_a_second_run_changes_no_byte(federation: Federation) -> None:
    before = contents(federation)
    run = render(federation)
    assert contents(federation) == before and changed(run) == 0 and run.data["changes"] == []


def test_applied_files_leave_nothing_for_federate(federation: Federation) -> None:
    for mesh in MESHES:
        apply(federation, mesh)
    federation.eventually(lambda: render(federation).data["verdict"] == "RENDERED", 60)
    assert "green-mesh/3-peer-red-mesh.yaml" in contents(federation)
    for mesh in MESHES:
        apply(federation, mesh)
    before = contents(federation)
    federation.eventually(lambda: len(federation.connected()) == 2, 60)
    federation.eventually(lambda: federation.imported("green-mesh", "red-mesh"), 60)
    versions = federation.versions()
    mark = federation.lab.mark()
    run = federation.succeed()
    assert run.unchanged and changed(run) == 0, run.output
    assert run.report[0].startswith("HEALTHY"), run.report
    assert federation.writes(mark) == {}, request_lines(federation.writes(mark))
    assert spec_versions(federation) and set(versions) == set(federation.versions())
    assert render(federation).data["changes"] == [] and contents(federation) == before


def spec_versions(federation: Federation) -> dict[str, set[str]]:
    """Return the managers that have written each rendered object."""
    managers = {
        name: {entry["manager"] for entry in item["metadata"].get("managedFields", []) if not entry.get("subresource")}
        for mesh in MESHES
        for name, item in federation.writable_objects(mesh).items()
    }
    assert not any(manager.startswith("ossm.federation") for names in managers.values() for manager in names)
    return managers


def test_a_changed_rule_is_a_conflict_until_it_is_rendered(federation: Federation) -> None:
    host = federation.hosts["green-mesh"]
    host["mesh_imports"] = {"red-mesh": [RATINGS, "bookinfo/reviews"]}
    run = federation.run()
    assert run.code != 0 and "[conflict]" in run.flat and ARGO_CD in run.flat
    assert [change["file"] for change in render(federation).data["changes"]] == ["green-mesh/1-imports-red-mesh.yaml"]
    apply(federation, "green-mesh")
    assert federation.succeed().unchanged


def test_stale_files_go_and_files_of_others_stay(federation: Federation) -> None:
    folder = federation.folder / "rendered" / "red-mesh"
    before = contents(federation)
    rendered = (folder / "1-exports-green-mesh.yaml").read_text()
    (folder / "1-exports-gold-mesh.yaml").write_text(rendered.replace("green-mesh", "gold-mesh"))
    (folder / "patch.yaml").write_text("kind: Patch\n")
    run = render(federation)
    assert [(change["file"], change["verb"]) for change in run.data["changes"]] == [
        ("red-mesh/1-exports-gold-mesh.yaml", "removed")
    ]
    assert contents(federation) == {**before, "red-mesh/patch.yaml": "kind: Patch\n"}
    (folder / "kustomization.yaml").write_text("resources: []\n")
    run = render(federation, code=2)
    assert "[render-taken]" in run.flat and (folder / "kustomization.yaml").read_text() == "resources: []\n"
    (folder / "kustomization.yaml").unlink()
    (folder / "patch.yaml").unlink()
    render(federation)
    assert contents(federation) == before


def test_a_mesh_that_cannot_be_read_keeps_its_files(federation: Federation, tmp_path: Path) -> None:
    before, host = contents(federation), federation.hosts["green-mesh"]
    kubeconfig = host["mesh_kubeconfig"]
    unreachable = tmp_path / "kubeconfig"
    unreachable.write_text(re.sub(r"(server: https://[^:]+):[0-9]+", r"\1:1", Path(kubeconfig).read_text()))
    host["mesh_kubeconfig"] = str(unreachable)
    run = render(federation, code=2)
    host["mesh_kubeconfig"] = kubeconfig
    assert run.data["verdict"] == "FAILED" and "green-mesh" in run.data["failures"]
    assert contents(federation) == before, run.output


def test_policies_replace_the_files_of_the_other_format(federation: Federation) -> None:
    before = contents(federation)
    render(federation, "-e", "federation_render_format=policies")
    files = contents(federation)
    assert {name.partition("/")[2] for name in files if name.startswith("red-mesh/")} == {
        "kustomization.yaml",
        "placement-binding.yaml",
        "placement.yaml",
        "policy-control-plane.yaml",
        "policy-green-mesh.yaml",
    }
    policies = [yaml.safe_load(text) for name, text in files.items() if "/policy-" in name]
    wrapped = [
        one["objectDefinition"]
        for policy in policies
        for template in policy["spec"]["policy-templates"]
        if template["objectDefinition"]["spec"]["remediationAction"] == "enforce"
        for one in template["objectDefinition"]["spec"]["object-templates"]
    ]
    assert {(item["kind"], item["metadata"]["namespace"]) for item in wrapped} == {
        (item["kind"], item["metadata"]["namespace"])
        for name, text in before.items()
        if name[0] in "gr" and "kustomization" not in name
        for item in [yaml.safe_load(text)]
    }
    render(federation)
    assert contents(federation) == before
