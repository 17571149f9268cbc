# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every shape of a federation is a set of pairs: which ones an inventory makes, and what each side then does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from documentation import inventories
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report import overview as plan_overview

Json = dict[str, Any]
DOCS = Path(__file__).parents[5] / "docs" / "shapes.md"

# mesh_peers by host (None: not set), inventory groups, and the pairs
SHAPES: list[tuple[str, dict[str, Any], dict[str, list[str]], list[str]]] = [
    ("full mesh", dict.fromkeys("abc"), {}, ["a-b", "a-c", "b-c"]),
    (
        "hub and spokes, declared by the spokes",
        {"a": [], "b": ["a"], "c": ["a"], "d": ["a"]},
        {},
        ["a-b", "a-c", "a-d"],
    ),
    ("hub and spokes, declared by the hub", {"a": ["s"], "b": [], "c": []}, {"s": ["b", "c"]}, ["a-b", "a-c"]),
    ("two hubs", {"a": ["b"], "b": [], "c": ["a", "b"]}, {}, ["a-b", "a-c", "b-c"]),
    ("a chain", {"a": ["b"], "b": ["c"], "c": []}, {}, ["a-b", "b-c"]),
    ("a ring", {"a": ["b"], "b": ["c"], "c": ["d"], "d": ["a"]}, {}, ["a-b", "a-d", "b-c", "c-d"]),
    ("explicit on both sides", {"a": ["b"], "b": ["a"], "c": []}, {}, ["a-b"]),
    ("no pair", dict.fromkeys("ab", []), {}, []),
    (
        "two groups apart",
        {"a": ["e"], "b": ["e"], "c": ["w"], "d": ["w"]},
        {"e": ["a", "b"], "w": ["c", "d"]},
        ["a-b", "c-d"],
    ),
    (
        # Ansible's own view of nested groups: the parent has the hosts of its children
        "groups of groups",
        {"a": ["eu"], "b": ["eu"], "c": ["eu"], "d": ["world"]},
        {"north": ["a"], "south": ["b", "c"], "eu": ["a", "b", "c"], "world": ["a", "b", "c", "d"]},
        ["a-b", "a-c", "a-d", "b-c", "b-d", "c-d"],
    ),
    ("a group with strangers", {"a": ["e"], "b": []}, {"e": ["a", "b", "web-server"]}, ["a-b"]),
]


@pytest.mark.parametrize(("peers", "groups", "pairs"), [case[1:] for case in SHAPES], ids=[case[0] for case in SHAPES])
def test_pairs(peers: dict[str, Any], groups: dict[str, list[str]], pairs: list[str]) -> None:
    hostvars = {
        host: {"mesh_kubeconfig": "k", **({} if names is None else {"mesh_peers": names})}
        for host, names in peers.items()
    }
    declaration = fed.declare(hostvars, groups=groups)
    assert declaration["problems"] == []
    assert ["-".join(pair) for pair in declaration["pairs"]] == pairs
    plan = planning.build_plan(declaration, {host: fed.facts(host) for host in peers})
    ways = {(host, peer) for host, sides in plan["sides"].items() for peer in sides}
    assert ways == {way for pair in declaration["pairs"] for way in (tuple(pair), tuple(reversed(pair)))}
    assert all(side["state"] == "ready" for sides in plan["sides"].values() for side in sides.values())


def test_sharing_one_way_makes_links_both_ways_and_one_set_on_each_side() -> None:
    hostvars = fed.inventory(
        "a", "b", a={"mesh_exports": ["bookinfo/ratings"]}, b={"mesh_imports": ["bookinfo/ratings"]}
    )
    objects = fed.federate(fed.declare(hostvars), {host: fed.facts(host) for host in "ab"})[1]
    kinds = {host: [desired_object["definition"]["kind"] for desired_object in mine] for host, mine in objects.items()}
    link = ["ConfigMap", "ServiceMeshPeer"]
    assert kinds == {
        "a": ["ServiceMeshControlPlane", "ExportedServiceSet", *link],
        "b": ["ServiceMeshControlPlane", "ImportedServiceSet", *link],
    }


def test_several_meshes_of_a_cluster_use_its_names_among_themselves() -> None:
    read = {host: fed.facts(host, cluster_uid="one" if host in "ab" else "two") for host in "abc"}
    plan = planning.build_plan(fed.declare(fed.inventory("a", "b", "c")), read)
    types = {
        f"{host}{peer}": side["exposure"]["type"]
        for host, sides in plan["sides"].items()
        for peer, side in sides.items()
    }
    assert {way for way, kind in types.items() if kind == "ClusterIP"} == {"ab", "ba"}
    assert {kind for way, kind in types.items() if way not in ("ab", "ba")} == {"LoadBalancer"}
    assert plan["sides"]["a"]["b"]["remote"] == {
        "addresses": ["ingress-a.b-system.svc.cluster.local"],
        "discoveryPort": 8188,
        "servicePort": 15443,
    }


# mesh_peers by host, and for each hub who is not linked there
HUBS: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("full mesh", dict.fromkeys("abc"), {}),
    ("a pair", {"a": ["b"], "b": []}, {}),
    ("hub", {"a": [], "b": ["a"], "c": ["a"], "d": ["a"]}, {"a": "b, c and d are linked with a and not"}),
    ("chain", {"a": ["b"], "b": ["c"], "c": ["d"], "d": []}, {"b": "a and c are", "c": "b and d are"}),
    (
        "all but one link",
        {"a": ["b", "c", "d"], "b": ["c"], "c": ["d"], "d": []},
        {"a": "b and d are", "c": "b and d are"},
    ),
    (
        "some links",
        {"a": ["b", "c", "d", "e"], "b": ["c"], "c": [], "d": ["e"], "e": []},
        {"a": "b and d; b and e; c and d; c"},
    ),
]


@pytest.mark.parametrize(("peers", "expected"), [case[1:] for case in HUBS], ids=[case[0] for case in HUBS])
def test_hubs_do_not_pass_on(peers: dict[str, Any], expected: dict[str, str]) -> None:
    hostvars = {
        host: {"mesh_kubeconfig": "k", **({} if names is None else {"mesh_peers": names})}
        for host, names in peers.items()
    }
    found = {one["mesh"]: one for one in plan_overview.no_transit(fed.declare(hostvars))}
    assert set(found) == set(expected)
    for mesh, message in expected.items():
        assert found[mesh]["message"].startswith(message), found[mesh]["message"]
        assert (found[mesh]["code"], found[mesh]["severity"]) == ("no-transit", "warning")


def _documented() -> list[tuple[str, Json, list[str]]]:
    """Every inventory of docs/shapes.md with the pairs that the page says it makes."""
    found = []
    for part in DOCS.read_text().split("\n## ")[1:]:
        if "```yaml\nall:" in part and "\nPairs: " in part:
            inventory = yaml.safe_load(part.split("```yaml\n", 1)[1].split("```", 1)[0])
            pairs = part.split("\nPairs: ", 1)[1].split(".\n", 1)[0].replace("\n", " ")
            found.append((part.split("\n", 1)[0], inventory, sorted(pairs.split(", "))))
    return found


@pytest.mark.parametrize(
    ("inventory", "pairs"), [case[1:] for case in _documented()], ids=[case[0] for case in _documented()]
)
def test_inventories_of_the_documentation(inventory: Json, pairs: list[str]) -> None:
    hostvars, groups = inventories.read(inventory["all"])
    declaration = fed.declare(hostvars, groups=groups)
    assert declaration["problems"] == []
    assert sorted(" - ".join(pair) for pair in declaration["pairs"]) == pairs


def test_the_documentation_shows_every_shape() -> None:
    assert len(_documented()) >= 6
