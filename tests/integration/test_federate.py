# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""federate.yml on the three meshes of the lab: the first run, the second, a limit, and the oldest ansible-core."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable

import pytest
import yaml
from harness import DEFAULT_LINKS, DEFAULT_VARIABLES, EXPORTED, IMPORTED, ROOT, Federation, request_lines
from lab.api import Lab

SPARE_REQUESTS = 15


@pytest.fixture(scope="module")
def lab(start: Callable[..., Lab]) -> Lab:
    """The default lab."""
    return start()


@pytest.fixture(scope="module")
def federation(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """The default lab, federated once; the tests of this module leave it federated."""
    made = Federation.for_lab(lab, tmp_path_factory.mktemp("f"))
    made.run()
    return made


def test_the_inventory_of_the_lab_is_the_one_tested_here() -> None:
    hosts = yaml.safe_load((ROOT / "inventory/lab/hosts.yml").read_text())["all"]["children"]["federation"]["hosts"]
    wishes = {
        host: {key: value for key, value in said.items() if key != "mesh_kubeconfig"} for host, said in hosts.items()
    }
    assert wishes == DEFAULT_VARIABLES


def test_six_links_are_connected_and_the_service_is_imported(federation: Federation) -> None:
    run = federation.runs[0]
    assert run.code == 0, run.output
    assert federation.connected() == sorted(DEFAULT_LINKS)
    assert federation.imported("green-mesh", "red-mesh") == [IMPORTED]
    rows = federation.get("green-mesh", "importedservicesets", "red-mesh")["status"]["importedServices"]
    assert [row["exportedName"] for row in rows] == [EXPORTED]


def test_the_report_is_printed_last(federation: Federation) -> None:
    run = federation.runs[0]
    assert set(run.cells) == set(DEFAULT_LINKS), run.report
    assert run.cells.pop(("green-mesh", "red-mesh")) == "ok, 1 imported"
    assert set(run.cells.values()) <= {"ok", "ok, 1 imported"}
    assert run.report[0] == "HEALTHY  6 of 6 links healthy. 14 objects created, 3 changed."
    assert run.report[-3].startswith("blue-mesh: gateways for green-mesh, red-mesh added; created 2 ConfigMaps, ")
    # Nothing but the name of the task that ends the play comes after it.
    after = run.text[run.text.rindex("links healthy") :]
    assert "TASK" not in after.replace("TASK [End the run where no host has failed]", "", 1)


def test_load_balancers_are_announced_before_the_first_write(federation: Federation) -> None:
    text = federation.runs[0].text
    message = "4 new load balancers will be created: 4 public"
    assert 0 <= text.find(message) < text.find(": Configure gateways]"), text


def test_bare_metal_is_reached_at_its_nodes_and_the_others_at_load_balancers(federation: Federation) -> None:
    remotes = {
        peer: federation.get("red-mesh", "servicemeshpeers", peer)["spec"]["remote"]
        for peer in ("green-mesh", "blue-mesh")
    }
    nodes = {node["address"] for node in federation.lab.clusters["blue"].entry["nodes"]}
    assert set(remotes["blue-mesh"]["addresses"]) == nodes
    assert remotes["blue-mesh"]["discoveryPort"] >= 30000 <= remotes["blue-mesh"]["servicePort"]
    assert len(remotes["green-mesh"]["addresses"]) == 1
    assert remotes["green-mesh"].get("discoveryPort", 8188) == 8188
    towards_red = federation.get("green-mesh", "servicemeshpeers", "red-mesh")["spec"]["remote"]["addresses"]
    assert [address for address in towards_red if not address[-1].isdigit()], "AWS publishes a host name"


def test_second_run_changes_nothing_and_says_so(federation: Federation) -> None:
    federation.lab.set_clocks(resync=3600, reconcile=3600)
    try:
        before, mark = federation.versions(), federation.lab.mark()
        run = federation.succeed()
        requests = federation.requests(mark)
        after = federation.versions()
    finally:
        federation.lab.set_clocks(resync=3, reconcile=3)
    assert run.unchanged
    assert not run.changes
    assert {host: counts["changed"] for host, counts in run.recap.items()} == dict.fromkeys(DEFAULT_VARIABLES, 0)
    assert after == before
    for mesh in DEFAULT_VARIABLES:
        made = requests[federation.location(mesh)[0]]
        assert len(made) <= _objects(federation, mesh) + SPARE_REQUESTS, "\n".join(request_lines(made))


def _objects(federation: Federation, mesh: str) -> int:
    """The objects of ours in a mesh, a pair's two gateways as one."""
    ours = [
        name
        for name, item in federation.writable_objects(mesh).items()
        if item["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "ossm.federation"
    ]
    return len(ours) + len(federation.names(mesh, "servicemeshpeers"))


def test_limited_to_one_mesh_of_a_federated_lab(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = federation.succeed("-l", "red-mesh")
    assert run.unchanged
    assert set(federation.writes(mark)) <= {"red"}, request_lines(federation.writes(mark))
    assert set(run.recap) == {"red-mesh"}


def test_the_report_file_says_what_was_printed(federation: Federation) -> None:
    run = federation.succeed("-e", "federation_report_file=report.json")
    report = json.loads((federation.folder / "report.json").read_text())
    assert {(link["from"], link["to"]) for link in report["links"]} == set(DEFAULT_LINKS)
    assert {link["state"] for link in report["links"]} == {"healthy"}
    assert report["connected"] == 6
    assert report["lines"] == run.printed("Report the links")
    assert (report["verdict"], report["counts"]["healthy"], report["causes"]) == ("HEALTHY", 6, [])


def test_a_new_export_is_imported_on_a_live_link(federation: Federation) -> None:
    before = copy.deepcopy(federation.hosts)
    federation.hosts["blue-mesh"]["mesh_imports"] = {"red-mesh": ["red-mesh-bookinfo/details"]}
    federation.hosts["red-mesh"]["mesh_exports"]["blue-mesh"] = ["red-mesh-bookinfo/details"]
    run = federation.succeed()
    federation.hosts = before
    assert {(mesh, kind, name) for mesh, kind, name, dummy, dummy in run.changes} == {
        ("red-mesh", "ExportedServiceSet", "red-mesh-system/blue-mesh"),
        ("blue-mesh", "ImportedServiceSet", "blue-mesh-system/red-mesh"),
    }
    assert federation.imported("blue-mesh", "red-mesh") == ["details.red-mesh-bookinfo.svc.red-mesh-imports.local"]
