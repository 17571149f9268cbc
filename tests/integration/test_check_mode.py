# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``--check --diff`` reports the changes that the next run makes, and writes nothing."""

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
    """Four meshes in two clusters, so that there are gateways inside of a cluster too."""
    return start({"clusters": CLUSTERS, "meshes": MESHES})


@pytest.fixture(scope="module")
def federation(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """An inventory with three of the four meshes."""
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"))
    federation.hosts.pop(SPARE)
    return federation


def _run_check(federation: Federation) -> Run:
    """Run with --check --diff, and check at the API servers that it wrote nothing."""
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


def _run_as_checked(federation: Federation, check_run: Run) -> set[Change]:
    """Run without --check; return its changes, which equal those of the check run and the requests to API servers."""
    mark = federation.lab.mark()
    run = federation.succeed()
    assert check_run.changes == run.changes, f"{check_run.report}\n{run.report}"
    reported = {
        (federation.location(mesh)[0], f"{kind.lower()}s", name) for mesh, kind, name, dummy, dummy in run.changes
    }
    written = {
        (cluster, request.resource, f"{request.namespace}/{request.name}")
        for cluster, requests in federation.writes(mark).items()
        for request in requests
    }
    assert reported == written
    return run.changes


def test_a_new_federation(federation: Federation) -> None:
    check_run = _run_check(federation)
    assert "known once ingress-red-mesh of blue-mesh has an address" in check_run.flat
    assert any("would create" in line for line in check_run.report)
    changes = _run_as_checked(federation, check_run)
    kinds = {kind for dummy, kind, dummy, dummy, dummy in changes}
    assert kinds == {
        "ServiceMeshControlPlane",
        "ExportedServiceSet",
        "ImportedServiceSet",
        "ConfigMap",
        "ServiceMeshPeer",
    }
    assert len(changes) >= 6 * 2 + 2
    assert not federation.succeed("--check").changes


def test_an_added_rule(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_exports"]["green-mesh"].append("red-mesh-bookinfo/reviews")
    federation.hosts["green-mesh"]["mesh_imports"]["red-mesh"].append("red-mesh-bookinfo/reviews")
    check_run = _run_check(federation)
    changes = _run_as_checked(federation, check_run)
    assert {(mesh, kind, verb) for mesh, kind, dummy, verb, dummy in changes} == {
        ("red-mesh", "ExportedServiceSet", "change"),
        ("green-mesh", "ImportedServiceSet", "change"),
        # The other spelling of its address, so that istiod reads the new rule at once.
        ("green-mesh", "ServiceMeshPeer", "change"),
    }
    assert "+" in check_run.text and "reviews" in check_run.text
    assert EXPORTED.replace("ratings", "reviews") in str(
        federation.get("green-mesh", "importedservicesets", "red-mesh")["status"]
    )


def test_a_changed_annotation(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_ingress"] = {"annotations": {"lab.example/owner": "team-a"}}
    changes = _run_as_checked(federation, _run_check(federation))
    assert changes and {(mesh, kind, verb) for mesh, kind, dummy, verb, dummy in changes} == {
        ("red-mesh", "ServiceMeshControlPlane", "change")
    }
    assert all("lab.example/owner" in "".join(fields) for dummy, dummy, dummy, dummy, fields in changes)


def test_a_managed_field_that_was_edited(federation: Federation) -> None:
    live = federation.get("red-mesh", "servicemeshpeers", "blue-mesh")
    metadata = {key: live["metadata"][key] for key in ("name", "namespace", "labels", "annotations")}
    live["spec"]["remote"]["discoveryPort"] += 1
    body = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata, "spec": live["spec"]}
    federation.lab.apply("red", [body], manager="ossm.federation/blue-mesh")
    changes = _run_as_checked(federation, _run_check(federation))
    assert changes == {
        ("red-mesh", "ServiceMeshPeer", "red-mesh-system/blue-mesh", "change", ("spec.remote.discoveryPort",))
    }


def test_an_added_mesh(federation: Federation) -> None:
    cluster = federation.lab.clusters[MESHES[SPARE]["cluster"]]
    federation.hosts[SPARE] = {"mesh_kubeconfig": cluster.kubeconfig}
    changes = _run_as_checked(federation, _run_check(federation))
    assert {
        (mesh, name.rpartition("/")[2]) for mesh, kind, name, dummy, dummy in changes if kind == "ServiceMeshPeer"
    } == {
        (mesh, peer) for mesh in federation.hosts for peer in federation.hosts if mesh != peer and SPARE in (mesh, peer)
    }
    assert "ossm.federation" not in str([change for change in changes if change[3] == "delete"])


def test_no_changes(federation: Federation) -> None:
    check_run = _run_check(federation)
    assert not check_run.changes
    assert any("othing" in line for line in check_run.report)


def test_missing_kinds_are_reported(federation: Federation) -> None:
    with federation.lab.fault("crds-missing", cluster="red", kinds=["ExportedServiceSet", "ImportedServiceSet"]):
        run = federation.run("--check", "--diff")
    assert run.code != 0
    assert "ExportedServiceSet" in run.flat and "kind-missing" in run.flat
    assert "404" not in run.flat.replace("16404", ""), run.report
    assert run.cells


def test_a_missing_namespace_is_reported(federation: Federation) -> None:
    federation.hosts["red-mesh"]["mesh_namespace"] = "nowhere"
    run = federation.run("--check", "--diff")
    federation.hosts["red-mesh"].pop("mesh_namespace")
    assert run.code != 0
    assert "nowhere" in run.flat and "namespace" in run.flat
    assert "404" not in run.matrix and "Traceback" not in run.output
    assert run.cells
