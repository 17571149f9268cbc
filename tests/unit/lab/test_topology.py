# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies: default, generated, defaults, and rejected input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab import topology
from lab.state import LabError


def test_default_topology() -> None:
    completed = topology.default()
    assert {name: cluster["platform"] for name, cluster in completed["clusters"].items()} == {
        "red": "AWS",
        "green": "Azure",
        "blue": "BareMetal",
    }
    red = completed["meshes"]["red-mesh"]
    assert (red["namespace"], red["control_plane"], red["trust_domain"]) == (
        "red-mesh-system",
        "red-mesh",
        "red-mesh.local",
    )
    assert sorted(red["members"]["red-mesh-bookinfo"]) == ["details", "ratings", "reviews"]


@pytest.mark.parametrize(("meshes", "clusters", "expected"), [(1, None, 1), (10, None, 10), (6, 2, 2), (2, 5, 2)])
def test_generated_topology(meshes: int, clusters: int | None, expected: int) -> None:
    completed = topology.generate(meshes, clusters, ("AWS", "Azure"))
    assert len(completed["meshes"]) == meshes
    assert len(completed["clusters"]) == expected
    assert {mesh["cluster"] for mesh in completed["meshes"].values()} == set(completed["clusters"])
    assert topology.complete(completed) == completed


def test_generated_names_sort_by_number() -> None:
    names = list(topology.generate(120)["meshes"])
    assert names == sorted(names)
    assert names[0] == "mesh-001"


def test_null_trust_domain_stays_unset() -> None:
    completed = topology.complete({"clusters": {"a": {}}, "meshes": {"m": {"cluster": "a", "trust_domain": None}}})
    assert completed["meshes"]["m"]["trust_domain"] is None


@pytest.mark.parametrize("services", [["x"], {"x": 9080}, {"x": {"ports": [{"name": "http", "port": 9080}]}}])
def test_services_as_list_ports_or_details(services: Any) -> None:
    mesh = {"cluster": "a", "members": {"shop": services}}
    completed = topology.complete({"clusters": {"a": None}, "meshes": {"m": mesh}})["meshes"]["m"]
    assert completed["members"] == {"shop": {"x": {"ports": [{"name": "http", "port": 9080}], "labels": {"app": "x"}}}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "dictionary"),
        ({"clusters": {"a": {"platfrom": "AWS"}}}, "unknown key platfrom"),
        ({"clusters": {"a": {"platform": "Abacus"}}}, "unknown platform 'Abacus'"),
        ({"clusters": {"a": {"nodes": 0}}}, "nodes must be"),
        ({"clusters": {"a": {}}, "meshes": {"m": {"cluster": "b"}}}, "unknown cluster 'b'"),
        ({"clusters": {"a": {}}, "mesh": {}}, "unknown key mesh"),
    ],
)
def test_rejected_topologies(content: Any, message: str) -> None:
    with pytest.raises(LabError, match=message):
        topology.complete(content)


def test_read_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "lab.yml"
    file.write_text("clusters: {a: {platform: GCP}}\nmeshes: {m: {cluster: a}}\n", encoding="utf-8")
    assert topology.read(file)["clusters"]["a"]["region"] == "europe-west1"
