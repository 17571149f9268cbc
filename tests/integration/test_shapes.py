# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of federations: hub and spokes with several meshes in a cluster, one-way sharing, names, and name collisions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import ROOT, Federation, request_lines
from lab.api import Lab

RATINGS = "bookinfo/ratings"
BOOKINFO = {"members": {"bookinfo": {"ratings": 9080}}}
SPOKES = ("shop-mesh", "stock-mesh", "post-mesh")


def exporters(cluster: str) -> dict[str, Any]:
    """Return a mesh with its own cluster; two meshes of one cluster cannot both have the namespace bookinfo."""
    return {"cluster": cluster, **BOOKINFO}


@pytest.fixture(scope="module", name="hub")
def _hub(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """A hub and two spokes in one cluster, a third spoke in another; spokes share with the hub alone, one of them both ways."""
    clusters = {"core": {"platform": "AWS"}, "edge": {"platform": "BareMetal"}}
    meshes = {name: {"cluster": "core"} for name in ("hub-mesh", *SPOKES[:2])} | {SPOKES[2]: {"cluster": "edge"}}
    rule = {"type": "NameSelector", "nameSelector": {"namespace": "*", "name": "ratings"}}
    variables: dict[str, dict[str, Any]] = {
        name: {"mesh_peers": ["hub-mesh"], "mesh_exports": [f"{name}-bookinfo/ratings"]} for name in SPOKES
    }
    variables["shop-mesh"]["mesh_imports"] = ["hub-mesh-bookinfo/reviews"]
    variables["hub-mesh"] = {
        "mesh_peers": [],
        "mesh_imports": [rule],
        "mesh_exports": {"shop-mesh": ["hub-mesh-bookinfo/reviews"]},
        "mesh_peer_names": {"post-mesh": "mail"},
    }
    federation = Federation.for_lab(
        start({"clusters": clusters, "meshes": meshes}), tmp_path_factory.mktemp("f"), variables
    )
    federation.run()
    return federation


def test_spokes_are_linked_with_the_hub_and_not_with_each_other(hub: Federation) -> None:
    run = hub.runs[0]
    assert run.code == 0, run.output
    links = {(spoke, "hub-mesh") for spoke in SPOKES} | {("hub-mesh", spoke) for spoke in SPOKES}
    assert set(run.cells) == links
    assert hub.names("shop-mesh", "servicemeshpeers") == ["hub-mesh"]
    assert len(hub.connected()) == len(links)


def test_meshes_of_one_cluster_use_service_names_and_others_an_address(hub: Federation) -> None:
    remotes = {spoke: hub.get(spoke, "servicemeshpeers", "hub-mesh")["spec"]["remote"]["addresses"] for spoke in SPOKES}
    assert remotes["shop-mesh"] == ["ingress-shop-mesh.hub-mesh-system.svc.cluster.local"]
    assert remotes["stock-mesh"] == ["ingress-stock-mesh.hub-mesh-system.svc.cluster.local"]
    assert not remotes["post-mesh"][0].endswith("cluster.local")


def test_one_way_sharing_writes_one_set_on_each_side(hub: Federation) -> None:
    cells = hub.runs[0].cells
    assert cells[("hub-mesh", "stock-mesh")] == "ok, 1 imported"
    assert cells[("stock-mesh", "hub-mesh")] == "ok"
    assert cells[("shop-mesh", "hub-mesh")] == "ok, 1 imported"
    assert hub.names("stock-mesh", "exportedservicesets") == ["hub-mesh"]
    assert hub.names("stock-mesh", "importedservicesets") == []


def test_a_declared_peer_name_is_used_everywhere(hub: Federation) -> None:
    assert hub.names("hub-mesh", "servicemeshpeers") == ["mail", "shop-mesh", "stock-mesh"]
    assert hub.imported("hub-mesh", "mail") == ["ratings.post-mesh-bookinfo.svc.mail-imports.local"]
    assert "mail-ca-root-cert" in hub.names("hub-mesh", "configmaps")
    egress = hub.get("hub-mesh", "servicemeshcontrolplanes", "hub-mesh")["spec"]["gateways"]["additionalEgress"]
    assert egress["egress-post-mesh"]["requestedNetworkView"] == ["network-mail"]
    managers = hub.get("hub-mesh", "servicemeshcontrolplanes", "hub-mesh")["metadata"]["managedFields"]
    assert "ossm.federation/mail" in {entry["manager"] for entry in managers}


def test_a_peer_name_in_use_is_not_changed(hub: Federation) -> None:
    before, mark = dict(hub.hosts["hub-mesh"]), hub.lab.mark()
    hub.hosts["hub-mesh"]["mesh_peer_names"] = {"post-mesh": "letters"}
    rejected = hub.run()
    hub.hosts["hub-mesh"] = {key: value for key, value in before.items() if key != "mesh_peer_names"}
    undeclared = hub.succeed()
    hub.hosts["hub-mesh"] = before
    assert rejected.code != 0
    assert (
        "hub-mesh already uses the name 'mail' for post-mesh" in rejected.flat and "[peer-name-in-use]" in rejected.flat
    )
    assert undeclared.unchanged
    assert hub.writes(mark) == {}, request_lines(hub.writes(mark))


def test_a_plan_warns_that_the_hub_exports_no_imports(hub: Federation) -> None:
    """The plan has one warning, for the hub and all its spokes; a spoke has one peer and no warning."""
    mark = hub.lab.mark()
    run = hub.play(ROOT / "playbooks" / "plan.yml")
    assert run.code == 0, run.output
    [warning] = [line for line in run.paragraphs("Report the plan") if "[no-transit]" in line]
    assert warning.startswith(
        "WARNING hub-mesh: mesh_peers: post-mesh, shop-mesh and stock-mesh are linked with hub-mesh and not with each other"
    )
    assert "hub-mesh never exports what it has imported" in warning
    assert hub.writes(mark) == {}, request_lines(hub.writes(mark))


# -- one exported name in two meshes ------------------------------------------------------------------------------


def _colliding(lab: Lab, folder: Any, exports: Any = RATINGS, linked: bool = False) -> Federation:
    """Return a federation in which gold and red export one name to blue; with ``linked`` their links exist before the exports."""
    variables = {
        "gold-mesh": {"mesh_peers": ["blue-mesh"], "mesh_exports": {"blue-mesh": [exports]}},
        "red-mesh": {"mesh_peers": ["blue-mesh"], "mesh_exports": {"blue-mesh": [exports]}},
        "blue-mesh": {"mesh_peers": [], "mesh_imports": [RATINGS]},
    }
    federation = Federation.for_lab(lab, folder, variables)
    if linked:
        exported = {mesh: federation.hosts[mesh].pop("mesh_exports") for mesh in ("gold-mesh", "red-mesh")}
        federation.succeed()
        for mesh, rules in exported.items():
            federation.hosts[mesh]["mesh_exports"] = rules
    return federation


@pytest.fixture(name="lab")
def _lab(start: Callable[..., Lab]) -> Lab:
    """Three meshes in three clusters; two of them contain the same service."""
    clusters = {name: {"platform": "AWS", "nodes": 1} for name in ("gold", "red", "blue")}
    meshes = {"gold-mesh": exporters("gold"), "red-mesh": exporters("red"), "blue-mesh": {"cluster": "blue"}}
    return start({"clusters": clusters, "meshes": meshes})


LOCAL = [f"ratings.bookinfo.svc.{name}-imports.local" for name in ("gold-mesh", "red-mesh")]


def _check_both_are_imported(federation: Federation, run: Any) -> None:
    assert run.cells[("blue-mesh", "gold-mesh")] == run.cells[("blue-mesh", "red-mesh")] == "ok, 1 imported", run.matrix
    assert [host for peer in ("gold-mesh", "red-mesh") for host in federation.imported("blue-mesh", peer)] == LOCAL
    repeated = federation.succeed()
    assert repeated.unchanged
    assert set(repeated.cells.values()) <= {"ok", "ok, 1 imported"}


def test_new_links_get_peer_names_that_differ(lab: Lab, folder: Any) -> None:
    federation = _colliding(
        lab, folder, {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}}
    )
    mark = lab.mark()
    rejected = federation.run()
    assert rejected.code != 0 and "[export-collision]" in rejected.flat, rejected.output
    assert "alias: {namespace: bookinfo-red-mesh, name: ratings}" in rejected.flat
    assert federation.writes(mark) == {}
    for mesh in ("gold-mesh", "red-mesh"):
        federation.hosts[mesh]["mesh_exports"] = {"blue-mesh": [RATINGS]}
    run = federation.succeed()
    assert "red-mesh calls it blue-mesh-of-red-mesh" in run.flat
    assert federation.names("red-mesh", "servicemeshpeers") == ["blue-mesh-of-red-mesh"]
    _check_both_are_imported(federation, run)


def test_live_links_get_an_alias_that_the_consumer_reverts(lab: Lab, folder: Any) -> None:
    federation = _colliding(lab, folder, linked=True)
    run = federation.succeed()
    assert federation.names("red-mesh", "servicemeshpeers") == ["blue-mesh"]
    rows = federation.get("red-mesh", "exportedservicesets", "blue-mesh")["status"]["exportedServices"]
    assert [row["exportedName"] for row in rows] == ["ratings.bookinfo-red-mesh.svc.blue-mesh-exports.local"]
    _check_both_are_imported(federation, run)
