# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``--check --diff`` prints is what the next run does, and nothing is written to find that out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from harness import EXPORTED, Change, Federation, Run, request_lines
from lab.api import Lab

SPARE = "gold-mesh"
CLUSTERS = {"red": {"platform": "AWS"}, "blue": {"platform": "BareMetal"}}
MESHES = {
    "red-mesh": {"cluster": "red"},
    "green-mesh": {"cluster": "red"},
    "blue-mesh": {"cluster": "blue"},
    SPARE: {"cluster": "blue"},
}


@pytest.fixture(scope="module")
def lab(start: Callable[..., Lab]) -> Lab:
    """Four meshes in two clusters, so that gateways inside a cluster are seen as well."""
    return start({"clusters": CLUSTERS, "meshes": MESHES})


@pytest.fixture(scope="module")
def federation(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """An inventory with three of the four meshes."""
    made = Federation.for_lab(lab, tmp_path_factory.mktemp("f"))
    made.hosts.pop(SPARE)
    return made


def _rehearse(federation: Federation) -> Run:
    """Run with --check --diff and prove at the servers that it was one."""
    mark, before = federation.lab.mark(), _specs(federation)
    run = federation.succeed("--check", "--diff")
    assert not federation.writes(mark), request_lines(federation.writes(mark))
    assert _specs(federation) == before
    return run


def _specs(federation: Federation) -> dict[str, int]:
    return {
        f"{mesh}: {name}": item["metadata"].get("generation", 0)
        for mesh in federation.lab.meshes
        for name, item in federation.writable_objects(mesh).items()
    }


def _same(federation: Federation, rehearsal: Run) -> set[Change]:
    """Run for real: what the rehearsal told, what the run tells and what the API servers were asked to write agree."""
    mark = federation.lab.mark()
    run = federation.succeed()
    assert rehearsal.changes == run.changes, f"{rehearsal.report}\n{run.report}"
    told = {(federation.location(mesh)[0], f"{kind.lower()}s", name) for mesh, kind, name, dummy, dummy in run.changes}
    written = {(cluster, one.resource, f"{one.namespace}/{one.name}")
               for cluster, made in federation.writes(mark).items() for one in made}
    assert told == written
    return run.changes


def test_on_a_fresh_lab(federation: Federation) -> None:
    rehearsal = _rehearse(federation)
    assert "known once ingress-red-mesh of blue-mesh has an address" in rehearsal.flat
    assert any("would create" in line for line in rehearsal.report)
    found = _same(federation, rehearsal)
    kinds = {kind for dummy, kind, dummy, dummy, dummy in found}
    assert kinds == {
        "ServiceMeshControlPlane",
        "ExportedServiceSet",
        "ImportedServiceSet",
        "ConfigMap",
        "ServiceMeshPeer",
    }
    assert len(found) >= 6 * 2 + 2
    assert not federation.succeed("--check").changes


def test_a_rule_added(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_exports"]["green-mesh"].append("red-mesh-bookinfo/reviews")
    federation.hosts["green-mesh"]["mesh_imports"]["red-mesh"].append("red-mesh-bookinfo/reviews")
    rehearsal = _rehearse(federation)
    found = _same(federation, rehearsal)
    assert {(mesh, kind, verb) for mesh, kind, dummy, verb, dummy in found} == {
        ("red-mesh", "ExportedServiceSet", "change"),
        ("green-mesh", "ImportedServiceSet", "change"),
    }
    assert "+" in rehearsal.text and "reviews" in rehearsal.text
    assert EXPORTED.replace("ratings", "reviews") in str(
        federation.get("green-mesh", "importedservicesets", "red-mesh")["status"]
    )


def test_an_annotation_changed(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_ingress"] = {"annotations": {"lab.example/owner": "somebody"}}
    found = _same(federation, _rehearse(federation))
    assert found and {(mesh, kind, verb) for mesh, kind, dummy, verb, dummy in found} == {
        ("red-mesh", "ServiceMeshControlPlane", "change")
    }
    assert all("lab.example/owner" in "".join(fields) for dummy, dummy, dummy, dummy, fields in found)


def test_our_field_edited_in_place(federation: Federation) -> None:
    live = federation.get("red-mesh", "servicemeshpeers", "blue-mesh")
    kept = {key: live["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
    live["spec"]["remote"]["discoveryPort"] += 1
    body = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": kept, "spec": live["spec"]}
    federation.lab.apply("red", [body], manager="ossm.federation/blue-mesh")
    found = _same(federation, _rehearse(federation))
    assert found == {
        ("red-mesh", "ServiceMeshPeer", "red-mesh-system/blue-mesh", "change", ("spec.remote.discoveryPort",))
    }


def test_a_mesh_added(federation: Federation) -> None:
    cluster = federation.lab.clusters[MESHES[SPARE]["cluster"]]
    federation.hosts[SPARE] = {"mesh_kubeconfig": cluster.kubeconfig}
    found = _same(federation, _rehearse(federation))
    assert {(mesh, name.rpartition("/")[2]) for mesh, kind, name, dummy, dummy in found if kind == "ServiceMeshPeer"} == {
        (mesh, peer) for mesh in federation.hosts for peer in federation.hosts if mesh != peer and SPARE in (mesh, peer)
    }
    assert "ossm.federation" not in str([line for line in found if line[3] == "delete"])


def test_nothing_to_do(federation: Federation) -> None:
    rehearsal = _rehearse(federation)
    assert not rehearsal.changes
    assert any("othing" in line for line in rehearsal.report)


def test_missing_kinds_are_named_as_such(federation: Federation) -> None:
    with federation.lab.fault("crds-missing", cluster="red", kinds=["ExportedServiceSet", "ImportedServiceSet"]):
        run = federation.run("--check", "--diff")
    assert run.code != 0
    assert "ExportedServiceSet" in run.flat and "kind-missing" in run.flat
    assert "404" not in run.flat.replace("16404", ""), run.report
    assert run.cells


def test_a_missing_namespace_is_named_as_such(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_namespace"] = "nowhere"
    run = federation.run("--check", "--diff")
    federation.hosts["red-mesh"].pop("mesh_namespace")
    assert run.code != 0
    assert "nowhere" in run.flat and "namespace" in run.flat
    assert "404" not in run.matrix and "Traceback" not in run.output
    assert run.cells
