# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Topologies: the default one, generated ones, defaults filled in, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lab import topology
from lab.state import LabError


def test_default_is_red_green_and_blue() -> None:
    found = topology.default()
    assert {name: cluster["platform"] for name, cluster in found["clusters"].items()} == {
        "red": "AWS", "green": "Azure", "blue": "BareMetal"}
    red = found["meshes"]["red-mesh"]
    assert (red["namespace"], red["control_plane"], red["trust_domain"]) == ("red-mesh-system", "red-mesh", "red-mesh.local")
    assert sorted(red["members"]["red-mesh-bookinfo"]) == ["details", "ratings", "reviews"]


@pytest.mark.parametrize(("meshes", "clusters", "expected"), [(1, None, 1), (10, None, 10), (6, 2, 2), (2, 5, 2)])
def test_generated(meshes: int, clusters: int | None, expected: int) -> None:
    found = topology.generate(meshes, clusters, ("AWS", "Azure"))
    assert len(found["meshes"]) == meshes
    assert len(found["clusters"]) == expected
    assert {mesh["cluster"] for mesh in found["meshes"].values()} == set(found["clusters"])
    assert topology.complete(found) == found


def test_generated_names_sort_by_number() -> None:
    names = list(topology.generate(120)["meshes"])
    assert names == sorted(names)
    assert names[0] == "mesh-001"


def test_null_trust_domain_stays_unset() -> None:
    found = topology.complete({"clusters": {"a": {}}, "meshes": {"m": {"cluster": "a", "trust_domain": None}}})
    assert found["meshes"]["m"]["trust_domain"] is None


@pytest.mark.parametrize("services", [["x"], {"x": 9080}, {"x": {"ports": [{"name": "http", "port": 9080}]}}])
def test_services_in_three_spellings(services: Any) -> None:
    mesh = {"cluster": "a", "members": {"shop": services}}
    found = topology.complete({"clusters": {"a": None}, "meshes": {"m": mesh}})["meshes"]["m"]
    assert found["members"] == {"shop": {"x": {"ports": [{"name": "http", "port": 9080}], "labels": {"app": "x"}}}}


@pytest.mark.parametrize(("given", "message"), [
    (None, "dictionary"),
    ({"clusters": {"a": {"platfrom": "AWS"}}}, "unknown key platfrom"),
    ({"clusters": {"a": {"platform": "Abacus"}}}, "unknown platform 'Abacus'"),
    ({"clusters": {"a": {"nodes": 0}}}, "nodes must be"),
    ({"clusters": {"a": {}}, "meshes": {"m": {"cluster": "b"}}}, "unknown cluster 'b'"),
    ({"clusters": {"a": {}}, "mesh": {}}, "unknown key mesh"),
])
def test_refused(given: Any, message: str) -> None:
    with pytest.raises(LabError, match=message):
        topology.complete(given)


def test_read_from_yaml(tmp_path: Path) -> None:
    file = tmp_path / "lab.yml"
    file.write_text("clusters: {a: {platform: GCP}}\nmeshes: {m: {cluster: a}}\n", encoding="utf-8")
    assert topology.read(file)["clusters"]["a"]["region"] == "europe-west1"
