# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""plan.yml: on a fresh lab, after federating, with a mesh that cannot be reached, and without any cluster. It never writes."""

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
    """The default lab, fresh; a later test federates it."""
    return Federation.for_lab(start(), tmp_path_factory.mktemp("f"))


def plan(federation: Federation, *arguments: str, **options: Any) -> tuple[Run, dict[str, Any], list[dict[str, str]]]:
    """Run plan.yml, which must succeed and only read; return the run, its JSON and its CSV.

    The files have relative names: they are written where the run is started, far from the playbook.
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


def test_fresh(federation: Federation) -> None:
    run, told, ports = plan(federation)
    assert lines(run) == told["lines"]
    assert Counter(one["verb"] for one in told["objects"]) == {"create": 14, "change": 6}
    assert told["load_balancers"] == {
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


def test_what_was_announced_is_what_federating_does(federation: Federation) -> None:
    dummy, told, dummy = plan(federation)
    run = federation.succeed()
    announced = {
        (one["mesh"], one["kind"], f"{one['namespace']}/{one['name']}", one["verb"])
        for one in told["objects"]
        if one["verb"] != "unchanged"
    }
    assert {(mesh, kind, name, verb) for mesh, kind, name, verb, dummy in run.changes} == announced


def test_federated(federation: Federation) -> None:
    dummy, told, ports = plan(federation)
    assert {one["verb"] for one in told["objects"]} == {"unchanged"}
    assert {one["state"] for one in told["gateways"]} == {"live"}
    assert told["load_balancers"]["new"] == 0 and told["load_balancers"]["total"] == 4
    peers = {link: federation.get(link[0], "servicemeshpeers", link[1])["spec"]["remote"] for link in DEFAULT_LINKS}
    for row in ports:
        remote = peers[(row["from"], row["to"])]
        key, usual = ("discoveryPort", 8188) if row["purpose"] == "discovery" else ("servicePort", 15443)
        assert row["addresses"].split() == remote["addresses"]
        assert int(row["port"]) == remote.get(key, usual)
        assert row["address_from"] == ("nodes" if row["to"] == "blue-mesh" else "load balancer")


def test_a_mesh_that_cannot_be_reached_follows_the_conventions(federation: Federation, tmp_path: Path) -> None:
    kubeconfig = federation.hosts["green-mesh"]["mesh_kubeconfig"]
    for wrong in (str(tmp_path / "none"), None):
        federation.hosts["green-mesh"]["mesh_kubeconfig"] = wrong
        run, told, dummy = plan(federation)
        meshes = {one["mesh"]: one for one in told["meshes"]}
        assert {mesh: one["read"] for mesh, one in meshes.items()} == {mesh: mesh != "green-mesh" for mesh in meshes}
        assert "not read: " in meshes["green-mesh"]["message"]
        assert {one["verb"] for one in told["objects"] if one["mesh"] == "green-mesh"} == {None}
        assert told["load_balancers"]["undecided"] == 2, run.output
    federation.hosts["green-mesh"]["mesh_kubeconfig"] = kubeconfig


@pytest.mark.parametrize("core", ["", "2.16"])
def test_without_any_cluster(federation: Federation, core: str) -> None:
    before, options, mark = dict(federation.hosts), dict(federation.options), federation.lab.mark()
    federation.hosts = {mesh: dict(wish) for mesh, wish in DEFAULT_VARIABLES.items()}
    federation.options["federation_offline"] = True
    dummy, told, ports = plan(federation, core=core, environment={"KUBECONFIG": before["red-mesh"]["mesh_kubeconfig"]})
    federation.hosts, federation.options = before, options
    assert {one["verb"] for one in told["objects"]} == {None} and len(told["objects"]) == 20
    assert not any(one["read"] for one in told["meshes"])
    assert {(row["from"], row["to"]) for row in ports} == set(DEFAULT_LINKS)
    assert {(row["exposure"], row["port"]) for row in ports} == {("by platform", "")}
    assert not [one for made in federation.requests(mark).values() for one in made]


def test_what_cannot_work_is_shown_and_fails(federation: Federation) -> None:
    options = dict(federation.options)
    federation.options["federation_offline"] = True
    federation.options["federation_max_new_load_balancers"] = 1
    before = {mesh: dict(wish) for mesh, wish in federation.hosts.items()}
    for mesh in ("red-mesh", "green-mesh"):
        federation.hosts[mesh]["mesh_ingress"] = {"exposure": "LoadBalancer"}
    run = federation.play(PLAN)
    federation.hosts, federation.options = before, options
    assert run.code != 0
    assert "[load-balancers-too-many]" in run.flat
    assert any(line.startswith("Gateways: 6 for ingress, 4 of them behind load balancers") for line in lines(run))


def test_an_inventory_that_cannot_work_is_refused(federation: Federation) -> None:
    rule = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}}
    before = {mesh: dict(wish) for mesh, wish in federation.hosts.items()}
    for mesh in ("red-mesh", "green-mesh"):
        federation.hosts[mesh]["mesh_exports"] = {"blue-mesh": [rule]}
    federation.hosts["blue-mesh"]["mesh_imports"] = ["bookinfo/ratings"]
    run = federation.play(PLAN)
    federation.hosts = before
    assert run.code != 0
    assert "[export-collision]" in run.flat and '"alias": {"namespace": "bookinfo-' in run.flat, run.output


def _documented(shape: str) -> tuple[str, set[tuple[str, str]]]:
    """The inventory that docs/shapes.md gives for a shape, as it stands there, and the directed links of the pairs it lists."""
    part = SHAPES.read_text(encoding="utf-8").partition(f"\n## {shape}\n")[2].partition("\n## ")[0]
    inventory = part.partition("```yaml\n")[2].partition("```")[0]
    pairs = part.partition("\nPairs: ")[2].partition(".\n")[0].replace("\n", " ").split(", ")
    links = [pair.split(" - ") for pair in pairs]
    return inventory, {pair for one, two in links for pair in ((one, two), (two, one))}


@pytest.mark.parametrize("shape", ["Groups of groups", "Explicit pairs"])
def test_the_groups_of_an_inventory_make_the_documented_pairs(folder: Path, shape: str) -> None:
    """Ansible itself resolves the groups of the inventory, those in groups as well; the kubeconfigs are not there at all."""
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
    told = json.loads((folder / "plan.json").read_text())
    assert {(row["from"], row["to"]) for row in told["ports"]} == links
    assert {(one["mesh"], one["peer"]) for one in told["gateways"]} == links
