# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run reports before its first write: versions and their faults, members, networks, and clusters without OpenShift."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from harness import Federation, Run, two_meshes
from lab.api import Lab

OLD, WIDE = "red-mesh", "green-mesh"
OTHER_MANAGER = "other-manager"


@pytest.fixture(scope="module", name="lab")
def _lab(start: Callable[..., Lab]) -> Lab:
    """A mesh of an old version, which the simulator does not start, and a multi-network mesh with an unmanaged egress gateway."""
    lab = start(two_meshes(red={"install": False}))
    namespace = f"{OLD}-system"
    old = {
        "apiVersion": "maistra.io/v2",
        "kind": "ServiceMeshControlPlane",
        "metadata": {"name": OLD, "namespace": namespace},
        "spec": {"version": "v2.3", "security": {"trust": {"domain": f"{OLD}.local"}}},
    }
    roll = {
        "apiVersion": "maistra.io/v1",
        "kind": "ServiceMeshMemberRoll",
        "metadata": {"name": "default", "namespace": namespace},
        "spec": {"members": [f"{OLD}-bookinfo"]},
    }
    lab.apply("red", [old, roll], manager=OTHER_MANAGER)
    plane = {
        "apiVersion": "maistra.io/v2",
        "kind": "ServiceMeshControlPlane",
        "metadata": {"name": WIDE, "namespace": f"{WIDE}-system"},
        "spec": {
            "cluster": {"multiCluster": {"meshNetworks": {"elsewhere": {"endpoints": [{"fromRegistry": "other"}]}}}},
            "gateways": {
                "additionalEgress": {
                    f"egress-{OLD}": {
                        "enabled": True,
                        "requestedNetworkView": [f"{OLD}-network"],
                        "service": {
                            "ports": [{"port": 15443, "name": "tls"}, {"port": 8188, "name": "http-discovery"}]
                        },
                    }
                }
            },
        },
    }
    lab.apply("green", [plane], manager=OTHER_MANAGER)
    return lab


@pytest.fixture(scope="module", name="check")
def _check(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A check run: it waits for nothing, and the version of one mesh is not simulated."""
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"))
    federation.hosts[OLD]["mesh_exports"] = {WIDE: ["nowhere/ratings", "red-mesh-bookinfo/ratings"]}
    return federation.run("--check")


def _announced(run: Run, code: str) -> list[str]:
    """Return the warnings with this code that are printed before the first write."""
    return [paragraph for paragraph in run.paragraphs("Announce the changes") if f"[{code}]" in paragraph]


def test_versions_of_meshes_and_clusters_are_shown(check: Run) -> None:
    assert "red-mesh v2.3 4.16.20" in check.flat
    assert "green-mesh 2.5.1 4.16.20" in check.flat


def test_each_known_fault_of_a_version_is_a_warning_with_the_fixed_version(check: Run) -> None:
    warnings = _announced(check, "version-fault")
    assert len(warnings) == 3
    assert all(
        line.startswith("WARNING red-mesh: ServiceMeshControlPlane red-mesh-system/red-mesh: ") for line in warnings
    )
    [endpoints] = [line for line in warnings if "OSSM-3644, OSSM-3599" in line]
    assert "v2.3 has, before 2.3.3, the fault" in endpoints and "Update to 2.3.3 or later" in endpoints
    assert [line for line in warnings if "OSSM-6079" in line and "Update to 2.5.0 or later" in line]


def test_an_exported_namespace_that_is_not_a_member_is_a_warning(check: Run) -> None:
    [warning] = _announced(check, "namespace-not-member")
    assert warning.startswith(
        "WARNING red-mesh: mesh_exports: nowhere is not a member of the mesh, so none of its services is exported to green-mesh"
    )


def test_an_unmanaged_network_view_without_the_peer_is_a_warning(check: Run) -> None:
    assert len(_announced(check, "multi-network")) == 1
    [warning] = _announced(check, "network-view")
    assert "Set it to [network-red-mesh]" in warning and "egress-red-mesh.requestedNetworkView" in warning


def test_the_report_shows_the_network_view_once(check: Run) -> None:
    """At the end of the run requests fail because of it, so it is an error and no longer a warning."""
    [error] = [line for line in check.report if "requestedNetworkView" in line and "egress-red-mesh" in line]
    statement, dummy, dummy = error.partition(" Links: ")
    assert "requests to red-mesh fail through it" in statement and statement.endswith("[network-view]"), error


def test_platform_and_version_of_a_cluster_without_openshift(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"))
    mark = lab.mark()
    with lab.fault("crds-missing", cluster="red", kinds=["Infrastructure", "ClusterVersion"]):
        run = federation.run("--check")
    assert "red-mesh v2.3 none" in run.flat
    assert "red-mesh: AWS, from the provider IDs of its nodes. LoadBalancer, public" in run.flat
    assert "green-mesh: Azure, from the Infrastructure object. LoadBalancer, public" in run.flat
    assert "clusterversions" not in {request.resource for request in lab.audit("red", mark)}, (
        "the API group does not exist"
    )
    assert "clusterversions" in {request.resource for request in lab.audit("green", mark)}
