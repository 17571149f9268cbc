# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""plan.yml: before and after federating, with an unreachable mesh, and offline. It never writes."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from harness import DEFAULT_LINKS, DEFAULT_VARIABLES, ROOT, Federation, Run, request_lines, run_playbook
from lab.api import Lab

PLAN = ROOT / "playbooks" / "plan.yml"
SHAPES = ROOT / "docs" / "shapes.md"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """The default lab, not yet federated; a later test federates it."""
    return Federation.for_lab(start(), tmp_path_factory.mktemp("f"))


def plan(federation: Federation, *arguments: str, **options: Any) -> tuple[Run, dict[str, Any], list[dict[str, str]]]:
    """Run plan.yml, check that it succeeds and only reads, and return the run, its JSON and its CSV.

    The files have relative names: they are written to the working directory of the run, not beside the playbook.
    """
    files = {name: federation.folder / name for name in ("plan.json", "ports.csv")}
    for path in files.values():
        path.unlink(missing_ok=True)
    mark = federation.lab.mark()
    run = federation.play(
        PLAN,
        "-e",
        "federation_plan_file=plan.json",
        "-e",
        "federation_ports_file=ports.csv",
        *arguments,
        **options,
    )
    assert run.code == 0, run.output
    assert federation.writes(mark) == {}, request_lines(federation.writes(mark))
    assert {host: counts["changed"] for host, counts in run.recap.items()} == dict.fromkeys(federation.hosts, 0)
    with files["ports.csv"].open(encoding="utf-8", newline="") as stream:
        return run, json.loads(files["plan.json"].read_text()), list(csv.DictReader(stream))


def lines(run: Run) -> list[str]:
    return run.printed("Report the plan")


def test_plan_of_meshes_that_are_not_federated(federation: Federation) -> None:
    run, data, ports = plan(federation)
    assert lines(run) == data["lines"]
    assert Counter(planned["verb"] for planned in data["objects"]) == {"create": 14, "change": 6}
    assert data["load_balancers"] == {
        "total": 4,
        "new": 4,
        "public": 4,
        "undecided": 0,
        "message": "4 new load balancers will be created: 4 public",
    }
    assert {(row["from"], row["to"]) for row in ports} == set(DEFAULT_LINKS)
    assert {(row["to"], row["purpose"]): row["port"] for row in ports if row["from"] == "red-mesh"} == {
        ("green-mesh", "discovery"): "8188",
        ("green-mesh", "services"): "15443",
        ("blue-mesh", "discovery"): "",
        ("blue-mesh", "services"): "",
    }
    assert {row["addresses"] for row in ports} == {""}
    nodes = " ".join(sorted(node["address"] for node in federation.lab.clusters["blue"].entry["nodes"]))
    assert {row["sources"] for row in ports if row["from"] == "blue-mesh"} == {nodes}


def test_federating_makes_the_planned_changes(federation: Federation) -> None:
    dummy, data, dummy = plan(federation)
    run = federation.succeed()
    expected = {
        (planned["mesh"], planned["kind"], f"{planned['namespace']}/{planned['name']}", planned["verb"])
        for planned in data["objects"]
        if planned["verb"] != "unchanged"
    }
    assert {(mesh, kind, name, verb) for mesh, kind, name, verb, dummy in run.changes} == expected


def test_plan_of_federated_meshes(federation: Federation) -> None:
    dummy, data, ports = plan(federation)
    assert {planned["verb"] for planned in data["objects"]} == {"unchanged"}
    assert {gateway["state"] for gateway in data["gateways"]} == {"live"}
    assert data["load_balancers"]["new"] == 0 and data["load_balancers"]["total"] == 4
    peers = {link: federation.get(link[0], "servicemeshpeers", link[1])["spec"]["remote"] for link in DEFAULT_LINKS}
    for row in ports:
        remote = peers[(row["from"], row["to"])]
        key, default = ("discoveryPort", 8188) if row["purpose"] == "discovery" else ("servicePort", 15443)
        assert row["addresses"].split() == remote["addresses"]
        assert int(row["port"]) == remote.get(key, default)
        assert row["address_from"] == ("nodes" if row["to"] == "blue-mesh" else "load balancer")


def test_an_unreachable_mesh_is_planned_from_conventions(federation: Federation, tmp_path: Path) -> None:
    kubeconfig = federation.hosts["green-mesh"]["mesh_kubeconfig"]
    for unusable in (str(tmp_path / "none"), None):
        federation.hosts["green-mesh"]["mesh_kubeconfig"] = unusable
        run, data, dummy = plan(federation)
        meshes = {mesh["mesh"]: mesh for mesh in data["meshes"]}
        assert {name: mesh["read"] for name, mesh in meshes.items()} == {name: name != "green-mesh" for name in meshes}
        assert "not read: " in meshes["green-mesh"]["message"]
        assert {planned["verb"] for planned in data["objects"] if planned["mesh"] == "green-mesh"} == {None}
        assert data["load_balancers"]["undecided"] == 2, run.output
    federation.hosts["green-mesh"]["mesh_kubeconfig"] = kubeconfig


@pytest.mark.parametrize("core", ["", "2.16"])
def test_plan_without_any_cluster(federation: Federation, core: str) -> None:
    before, options, mark = dict(federation.hosts), dict(federation.options), federation.lab.mark()
    federation.hosts = {mesh: dict(variables) for mesh, variables in DEFAULT_VARIABLES.items()}
    federation.options["federation_offline"] = True
    dummy, data, ports = plan(federation, core=core, environment={"KUBECONFIG": before["red-mesh"]["mesh_kubeconfig"]})
    federation.hosts, federation.options = before, options
    assert {planned["verb"] for planned in data["objects"]} == {None} and len(data["objects"]) == 20
    assert not any(mesh["read"] for mesh in data["meshes"])
    assert {(row["from"], row["to"]) for row in ports} == set(DEFAULT_LINKS)
    assert {(row["exposure"], row["port"]) for row in ports} == {("by platform", "")}
    assert not any(federation.requests(mark).values())


def test_too_many_load_balancers_are_shown_and_fail(federation: Federation) -> None:
    options = dict(federation.options)
    federation.options["federation_offline"] = True
    federation.options["federation_max_new_load_balancers"] = 1
    before = {mesh: dict(variables) for mesh, variables in federation.hosts.items()}
    for mesh in ("red-mesh", "green-mesh"):
        federation.hosts[mesh]["mesh_ingress"] = {"exposure": "LoadBalancer"}
    run = federation.play(PLAN)
    federation.hosts, federation.options = before, options
    assert run.code != 0
    assert "[load-balancers-too-many]" in run.flat
    assert any(line.startswith("Gateways: 6 for ingress, 4 of them behind load balancers") for line in lines(run))


def test_colliding_exports_are_rejected(federation: Federation) -> None:
    rule = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}}
    before = {mesh: dict(variables) for mesh, variables in federation.hosts.items()}
    for mesh in ("red-mesh", "green-mesh"):
        federation.hosts[mesh]["mesh_exports"] = {"blue-mesh": [rule]}
    federation.hosts["blue-mesh"]["mesh_imports"] = ["bookinfo/ratings"]
    run = federation.play(PLAN)
    federation.hosts = before
    assert run.code != 0
    assert "[export-collision]" in run.flat and "alias: {namespace: bookinfo-" in run.flat, run.output


def _documented(shape: str) -> tuple[str, set[tuple[str, str]]]:
    """Return the inventory that docs/shapes.md shows for a shape, and the directed links of the pairs that it lists."""
    part = SHAPES.read_text(encoding="utf-8").partition(f"\n## {shape}\n")[2].partition("\n## ")[0]
    inventory = part.partition("```yaml\n")[2].partition("```")[0]
    pairs = part.partition("\nPairs: ")[2].partition(".\n")[0].replace("\n", " ").split(", ")
    links = [pair.split(" - ") for pair in pairs]
    return inventory, {link for mesh, peer in links for link in ((mesh, peer), (peer, mesh))}


@pytest.mark.parametrize("shape", ["Groups of groups", "Explicit pairs"])
def test_the_groups_of_an_inventory_give_the_documented_pairs(folder: Path, shape: str) -> None:
    """Ansible resolves the groups of the inventory, nested ones too; the kubeconfigs do not exist."""
    inventory, links = _documented(shape)
    (folder / "hosts.yml").write_text(inventory, encoding="utf-8")
    run = run_playbook(
        PLAN,
        folder / "hosts.yml",
        folder,
        "-e",
        "federation_plan_file=plan.json",
        "-e",
        "federation_offline=true",
    )
    assert run.code == 0, run.output
    data = json.loads((folder / "plan.json").read_text())
    assert {(row["from"], row["to"]) for row in data["ports"]} == links
    assert {(gateway["mesh"], gateway["peer"]) for gateway in data["gateways"]} == links
