# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""federate.yml on the three meshes of the lab: the first run, the second run, and a limit."""

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
    """The default lab, federated once; the tests of this module keep it federated."""
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"))
    federation.run()
    return federation


def test_the_inventory_of_the_lab_is_that_of_these_tests() -> None:
    hosts = yaml.safe_load((ROOT / "inventory/lab/hosts.yml").read_text())["all"]["children"]["federation"]["hosts"]
    variables = {
        host: {key: value for key, value in values.items() if key != "mesh_kubeconfig"}
        for host, values in hosts.items()
    }
    assert variables == DEFAULT_VARIABLES


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
    # Only the name of the task that ends the play follows.
    rest = run.text[run.text.rindex("links healthy") :]
    assert "TASK" not in rest.replace("TASK [End the run where no host has failed]", "", 1)


def test_load_balancers_are_announced_before_the_first_write(federation: Federation) -> None:
    text = federation.runs[0].text
    message = "4 new load balancers will be created: 4 public"
    assert 0 <= text.find(message) < text.find(": Configure gateways]"), text


def test_addresses_are_nodes_on_bare_metal_and_load_balancers_elsewhere(federation: Federation) -> None:
    remotes = {
        peer: federation.get("red-mesh", "servicemeshpeers", peer)["spec"]["remote"]
        for peer in ("green-mesh", "blue-mesh")
    }
    nodes = {node["address"] for node in federation.lab.clusters["blue"].entry["nodes"]}
    assert set(remotes["blue-mesh"]["addresses"]) == nodes
    assert remotes["blue-mesh"]["discoveryPort"] >= 30000 <= remotes["blue-mesh"]["servicePort"]
    assert len(remotes["green-mesh"]["addresses"]) == 1
    assert remotes["green-mesh"].get("discoveryPort", 8188) == 8188
    addresses_of_red = federation.get("green-mesh", "servicemeshpeers", "red-mesh")["spec"]["remote"]["addresses"]
    assert [address for address in addresses_of_red if not address[-1].isdigit()], "AWS publishes a host name"


def test_a_second_run_changes_nothing(federation: Federation) -> None:
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
        sent = requests[federation.location(mesh)[0]]
        assert len(sent) <= _managed_count(federation, mesh) + SPARE_REQUESTS, "\n".join(request_lines(sent))


def _managed_count(federation: Federation, mesh: str) -> int:
    """Return the number of managed objects in a mesh; the two gateways of a link count once."""
    managed = [
        name
        for name, item in federation.writable_objects(mesh).items()
        if item["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "ossm.federation"
    ]
    return len(managed) + len(federation.names(mesh, "servicemeshpeers"))


def test_a_limit_to_one_federated_mesh(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = federation.succeed("-l", "red-mesh")
    assert run.unchanged
    assert set(federation.writes(mark)) <= {"red"}, request_lines(federation.writes(mark))
    assert set(run.recap) == {"red-mesh"}


def test_the_report_file_has_the_printed_report(federation: Federation) -> None:
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
        # The other spelling of its address, so that istiod reads the new rule at once.
        ("blue-mesh", "ServiceMeshPeer", "blue-mesh-system/red-mesh"),
    }
    assert federation.imported("blue-mesh", "red-mesh") == ["details.red-mesh-bookinfo.svc.red-mesh-imports.local"]
