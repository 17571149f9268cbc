# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes as the product's documentation installs them: an inventory that says nothing but where the clusters are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import ROOT, Federation, request_lines
from lab.api import Mark
from lab.clusters import ADMIN_GROUP

#: Red is installed from the documentation's defaults; gold is a second mesh in green's cluster.
TOPOLOGY = {
    "clusters": {"red": {"platform": "AWS"}, "green": {"platform": "Azure"}},
    "meshes": {
        "red-mesh": {"cluster": "red", "namespace": "istio-system", "control_plane": "basic"},
        "green-mesh": {"cluster": "green"},
        "gold-mesh": {"cluster": "green", "namespace": "gold", "control_plane": "basic"},
    },
}
PLAN = ROOT / "playbooks" / "plan.yml"
RBAC = "rbac.authorization.k8s.io"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Red and green, without gold."""
    variables = {"red-mesh": {"mesh_exports": ["red-mesh-bookinfo/ratings"]}, "green-mesh": {"mesh_imports": ["*/*"]}}
    federation = Federation.for_lab(start(TOPOLOGY), tmp_path_factory.mktemp("f"), variables)
    del federation.hosts["gold-mesh"]
    return federation


def _plane_lists(federation: Federation, cluster: str, since: Mark) -> list[tuple[str, int]]:
    """Return namespace and status code of each list of control planes."""
    return [
        (request.namespace or "*", request.code)
        for request in federation.lab.audit(cluster, since)
        if (request.verb, request.resource) == ("list", "servicemeshcontrolplanes")
    ]


def test_a_preview_without_access_does_not_guess(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = federation.play(PLAN, "-e", '{"federation_offline": true}')
    assert run.code == 0 and not request_lines(federation.requests(mark)), run.output
    assert "its namespace is known once it is read" in run.flat and "red-mesh-system" not in run.output


def test_control_planes_are_found_in_their_clusters(federation: Federation) -> None:
    """The only one of red's cluster; of two in green's cluster the one called like the mesh."""
    mark = federation.lab.mark()
    run = federation.succeed()
    assert federation.connected() == [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
    assert run.cells[("green-mesh", "red-mesh")] == "ok, 1 imported"
    assert _plane_lists(federation, "red", mark) == [("*", 200)]
    peer = federation.get("green-mesh", "servicemeshpeers", "red-mesh")["spec"]
    assert peer["security"]["clientID"].startswith("red-mesh.local/ns/istio-system/sa/")
    assert federation.succeed().unchanged


def test_of_several_control_planes_none_is_guessed(federation: Federation) -> None:
    """Two hosts of one cluster, one called otherwise: the message lists the control planes, and what to write."""
    federation.hosts["west"] = dict(federation.hosts["green-mesh"], mesh_imports=[])
    federation.hosts["west"]["mesh_peers"] = ["red-mesh"]
    mark = federation.lab.mark()
    run = federation.run("--check")
    assert run.code != 0 and "[control-plane-ambiguous]" in run.flat, run.output
    assert "not clear which one is west: gold/basic, green-mesh-system/green-mesh" in run.flat
    assert "Set mesh_namespace (namespace of the module) of each mesh in this cluster" in run.flat
    assert run.recap["green-mesh"]["failed"] == 0
    federation.hosts["west"]["mesh_namespace"] = "gold"
    federation.succeed("--check")
    federation.hosts["west"]["mesh_namespace"] = "green-mesh-system"
    run = federation.run()
    assert run.code != 0 and "green-mesh and west are two names for one control plane" in run.flat, run.output
    assert not federation.writes(mark)
    del federation.hosts["west"]


def test_two_hosts_of_one_control_plane_are_rejected(federation: Federation) -> None:
    federation.hosts["east"] = dict(federation.hosts["red-mesh"], mesh_exports=[])
    mark = federation.lab.mark()
    run = federation.run()
    assert run.code != 0 and "[mesh-two-names]" in run.flat, run.output
    assert "are two names for one control plane" in run.flat and "istio-system/basic" in run.flat
    assert "Set mesh_namespace of both" in run.flat and not federation.writes(mark)
    del federation.hosts["east"]


def test_without_the_right_to_list_all_the_conventions_are_tried(federation: Federation) -> None:
    """The account may list control planes in the namespace of its own."""
    name = {"name": "list-control-planes", "namespace": "istio-system"}
    rules = [{"apiGroups": ["maistra.io"], "resources": ["servicemeshcontrolplanes"], "verbs": ["list"]}]
    role = {"apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": name, "rules": rules}
    binding = {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": name,
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": name["name"]},
        "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": ADMIN_GROUP}],
    }
    federation.lab.apply("red", [role, binding])
    with federation.lab.fault("api-forbidden", cluster="red", verbs=["list"], resources=["servicemeshcontrolplanes"]):
        mark = federation.lab.mark()
        assert federation.succeed().unchanged
    assert _plane_lists(federation, "red", mark) == [("*", 403), ("red-mesh-system", 403), ("istio-system", 200)]
