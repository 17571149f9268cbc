# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of federations: hub and spokes with several meshes in a cluster, sharing one way, names, and names offered twice."""

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
    """Two meshes cannot both have the namespace bookinfo in one cluster, so each has a cluster of its own."""
    return {"cluster": cluster, **BOOKINFO}


@pytest.fixture(scope="module")
def hub(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """A hub and two spokes in one cluster, a third spoke in another; the spokes share with the hub alone, one of them both ways."""
    clusters = {"core": {"platform": "AWS"}, "edge": {"platform": "BareMetal"}}
    meshes = {name: {"cluster": "core"} for name in ("hub-mesh", *SPOKES[:2])} | {SPOKES[2]: {"cluster": "edge"}}
    rule = {"type": "NameSelector", "nameSelector": {"namespace": "*", "name": "ratings"}}
    wishes: dict[str, dict[str, Any]] = {
        name: {"mesh_peers": ["hub-mesh"], "mesh_exports": [f"{name}-bookinfo/ratings"]} for name in SPOKES
    }
    wishes["shop-mesh"]["mesh_imports"] = ["hub-mesh-bookinfo/reviews"]
    wishes["hub-mesh"] = {
        "mesh_peers": [],
        "mesh_imports": [rule],
        "mesh_exports": {"shop-mesh": ["hub-mesh-bookinfo/reviews"]},
        "mesh_peer_names": {"post-mesh": "mail"},
    }
    made = Federation.for_lab(start({"clusters": clusters, "meshes": meshes}), tmp_path_factory.mktemp("f"), wishes)
    made.run()
    return made


def test_spokes_are_linked_with_the_hub_and_not_with_each_other(hub: Federation) -> None:
    run = hub.runs[0]
    assert run.code == 0, run.output
    links = {(spoke, "hub-mesh") for spoke in SPOKES} | {("hub-mesh", spoke) for spoke in SPOKES}
    assert set(run.cells) == links
    assert hub.names("shop-mesh", "servicemeshpeers") == ["hub-mesh"]
    assert len(hub.connected()) == len(links)


def test_meshes_of_one_cluster_use_its_names_and_others_an_address(hub: Federation) -> None:
    remotes = {spoke: hub.get(spoke, "servicemeshpeers", "hub-mesh")["spec"]["remote"]["addresses"] for spoke in SPOKES}
    assert remotes["shop-mesh"] == ["ingress-shop-mesh.hub-mesh-system.svc.cluster.local"]
    assert remotes["stock-mesh"] == ["ingress-stock-mesh.hub-mesh-system.svc.cluster.local"]
    assert not remotes["post-mesh"][0].endswith("cluster.local")


def test_sharing_one_way_writes_one_set_on_each_side(hub: Federation) -> None:
    cells = hub.runs[0].cells
    assert cells[("hub-mesh", "stock-mesh")] == "ok, 1 imported"
    assert cells[("stock-mesh", "hub-mesh")] == "ok"
    assert cells[("shop-mesh", "hub-mesh")] == "ok, 1 imported"
    assert hub.names("stock-mesh", "exportedservicesets") == ["hub-mesh"]
    assert hub.names("stock-mesh", "importedservicesets") == []


def test_a_chosen_name_is_the_peers_name_everywhere(hub: Federation) -> None:
    assert hub.names("hub-mesh", "servicemeshpeers") == ["mail", "shop-mesh", "stock-mesh"]
    assert hub.imported("hub-mesh", "mail") == ["ratings.post-mesh-bookinfo.svc.mail-imports.local"]
    assert "mail-ca-root-cert" in hub.names("hub-mesh", "configmaps")
    egress = hub.get("hub-mesh", "servicemeshcontrolplanes", "hub-mesh")["spec"]["gateways"]["additionalEgress"]
    assert egress["egress-post-mesh"]["requestedNetworkView"] == ["network-mail"]
    managers = hub.get("hub-mesh", "servicemeshcontrolplanes", "hub-mesh")["metadata"]["managedFields"]
    assert "ossm.federation/mail" in {one["manager"] for one in managers}


def test_a_name_in_use_is_not_changed(hub: Federation) -> None:
    before, mark = dict(hub.hosts["hub-mesh"]), hub.lab.mark()
    hub.hosts["hub-mesh"]["mesh_peer_names"] = {"post-mesh": "letters"}
    refused = hub.run()
    hub.hosts["hub-mesh"] = {key: value for key, value in before.items() if key != "mesh_peer_names"}
    kept = hub.succeed()
    hub.hosts["hub-mesh"] = before
    assert refused.code != 0
    assert "hub-mesh already uses the name 'mail' for post-mesh" in refused.flat and "[peer-name-in-use]" in refused.flat
    assert kept.unchanged
    assert hub.writes(mark) == {}, request_lines(hub.writes(mark))


def test_a_plan_warns_that_the_hub_passes_nothing_on(hub: Federation) -> None:
    """One warning, about the hub with all of its spokes; the spokes have one partner each and none."""
    mark = hub.lab.mark()
    run = hub.play(ROOT / "playbooks" / "plan.yml")
    assert run.code == 0, run.output
    [told] = [line for line in run.paragraphs("Report the plan") if "[no-transit]" in line]
    assert told.startswith("  hub-mesh: mesh_peers: post-mesh, shop-mesh and stock-mesh are linked with hub-mesh and not with each other")
    assert "hub-mesh never passes on what it has imported" in told
    assert hub.writes(mark) == {}, request_lines(hub.writes(mark))


# -- one name from two meshes ----------------------------------------------------------------------------------------


def collide(lab: Lab, folder: Any, exports: Any = RATINGS, linked: bool = False) -> Federation:
    """Gold and red export one name to blue; with ``linked`` their links are made before they do."""
    wishes = {
        "gold-mesh": {"mesh_peers": ["blue-mesh"], "mesh_exports": {"blue-mesh": [exports]}},
        "red-mesh": {"mesh_peers": ["blue-mesh"], "mesh_exports": {"blue-mesh": [exports]}},
        "blue-mesh": {"mesh_peers": [], "mesh_imports": [RATINGS]},
    }
    made = Federation.for_lab(lab, folder, wishes)
    if linked:
        shared = {mesh: made.hosts[mesh].pop("mesh_exports") for mesh in ("gold-mesh", "red-mesh")}
        made.succeed()
        for mesh, rules in shared.items():
            made.hosts[mesh]["mesh_exports"] = rules
    return made


@pytest.fixture
def three(start: Callable[..., Lab]) -> Lab:
    """Three meshes in three clusters; two of them have the same service."""
    clusters = {name: {"platform": "AWS", "nodes": 1} for name in ("gold", "red", "blue")}
    meshes = {"gold-mesh": exporters("gold"), "red-mesh": exporters("red"), "blue-mesh": {"cluster": "blue"}}
    return start({"clusters": clusters, "meshes": meshes})


LOCAL = [f"ratings.bookinfo.svc.{name}-imports.local" for name in ("gold-mesh", "red-mesh")]


def both_are_imported(federation: Federation, run: Any) -> None:
    assert run.cells[("blue-mesh", "gold-mesh")] == run.cells[("blue-mesh", "red-mesh")] == "ok, 1 imported", run.matrix
    assert [host for peer in ("gold-mesh", "red-mesh") for host in federation.imported("blue-mesh", peer)] == LOCAL
    again = federation.succeed()
    assert again.unchanged
    assert set(again.cells.values()) <= {"ok", "ok, 1 imported"}


def test_new_links_get_peer_names_that_differ(three: Lab, folder: Any) -> None:
    federation = collide(three, folder, {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}})
    mark = three.mark()
    refused = federation.run()
    assert refused.code != 0 and "[export-collision]" in refused.flat, refused.output
    assert '"alias": {"namespace": "bookinfo-red-mesh", "name": "ratings"}' in refused.flat
    assert federation.writes(mark) == {}
    for mesh in ("gold-mesh", "red-mesh"):
        federation.hosts[mesh]["mesh_exports"] = {"blue-mesh": [RATINGS]}
    run = federation.succeed()
    assert "red-mesh calls it blue-mesh-of-red-mesh" in run.flat
    assert federation.names("red-mesh", "servicemeshpeers") == ["blue-mesh-of-red-mesh"]
    both_are_imported(federation, run)


def test_live_links_get_an_alias_that_the_consumer_takes_back(three: Lab, folder: Any) -> None:
    federation = collide(three, folder, linked=True)
    run = federation.succeed()
    assert federation.names("red-mesh", "servicemeshpeers") == ["blue-mesh"]
    rows = federation.get("red-mesh", "exportedservicesets", "blue-mesh")["status"]["exportedServices"]
    assert [row["exportedName"] for row in rows] == ["ratings.bookinfo-red-mesh.svc.blue-mesh-exports.local"]
    both_are_imported(federation, run)
