# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says before its first write: versions and their faults, members, networks, and clusters that are no OpenShift."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from harness import Federation, Run, two_meshes
from lab.api import Lab

OLD, WIDE = "red-mesh", "green-mesh"
SOMEBODY = "somebody"


@pytest.fixture(scope="module")
def lab(start: Callable[..., Lab]) -> Lab:
    """A mesh of an old version, which the simulator does not bring up, and one with multi-network on and an egress gateway
    that somebody made."""
    made = start(two_meshes(red={"install": False}))
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
    made.apply("red", [old, roll], manager=SOMEBODY)
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
                        "service": {"ports": [{"port": 15443, "name": "tls"}, {"port": 8188, "name": "http-discovery"}]},
                    }
                }
            },
        },
    }
    made.apply("green", [plane], manager=SOMEBODY)
    return made


@pytest.fixture(scope="module")
def rehearsal(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A check run: nothing is waited for, and the version of one mesh is not simulated."""
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"))
    federation.hosts[OLD]["mesh_exports"] = {WIDE: ["nowhere/ratings", "red-mesh-bookinfo/ratings"]}
    return federation.run("--check")


def _said(run: Run, code: str) -> list[str]:
    """The warnings with this code, as they are said before the first write."""
    return [paragraph for paragraph in run.paragraphs("Announce the changes") if f"[{code}]" in paragraph]


def test_what_runs_where_is_said(rehearsal: Run) -> None:
    assert "red-mesh v2.3 4.16.20" in rehearsal.flat
    assert "green-mesh 2.5.1 4.16.20" in rehearsal.flat


def test_known_faults_of_the_version_once_each_with_the_fixed_version(rehearsal: Run) -> None:
    said = _said(rehearsal, "version-fault")
    assert len(said) == 3 and all(line.startswith("WARNING red-mesh: ServiceMeshControlPlane red-mesh-system/red-mesh: ") for line in said)
    [endpoints] = [line for line in said if "OSSM-3644, OSSM-3599" in line]
    assert "v2.3 has, before 2.3.3, the fault" in endpoints and "Update to 2.3.3 or later" in endpoints
    assert [line for line in said if "OSSM-6079" in line and "Update to 2.5.0 or later" in line]


def test_an_exported_namespace_that_is_no_member(rehearsal: Run) -> None:
    [said] = _said(rehearsal, "namespace-not-member")
    assert said.startswith("WARNING red-mesh: mesh_exports: nowhere is not among the members")


def test_a_network_view_of_somebody_else_that_shuts_the_peer_out(rehearsal: Run) -> None:
    assert len(_said(rehearsal, "multi-network")) == 1
    [said] = _said(rehearsal, "network-view")
    assert "Set it to [network-red-mesh]" in said and "egress-red-mesh.requestedNetworkView" in said


def test_at_the_end_it_is_said_once(rehearsal: Run) -> None:
    """By then requests fail through it, which is no warning any more."""
    [told] = [line for line in rehearsal.report if "requestedNetworkView" in line and "egress-red-mesh" in line]
    assert "requests to red-mesh fail through it" in told and told.endswith("[network-view]")


def test_a_cluster_that_is_no_openshift(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"))
    mark = lab.mark()
    with lab.fault("crds-missing", cluster="red", kinds=["Infrastructure", "ClusterVersion"]):
        run = federation.run("--check")
    assert "red-mesh v2.3 none" in run.flat
    assert "red-mesh: AWS, from the provider IDs of its nodes. LoadBalancer, public" in run.flat
    assert "green-mesh: Azure, from the Infrastructure object. LoadBalancer, public" in run.flat
    assert "clusterversions" not in {one.resource for one in lab.audit("red", mark)}, "its group is not there"
    assert "clusterversions" in {one.resource for one in lab.audit("green", mark)}
