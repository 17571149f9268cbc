# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The queries that count managed meshes, on what the modules return by their documentation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jq
import yaml

from ansible_collections.ossm.federation.plugins.modules import mesh_info

ROOT = Path(__file__).parents[4]
QUERIES = yaml.safe_load((ROOT / "extensions" / "audit" / "event_query.yml").read_text(encoding="utf-8"))
Json = dict[str, Any]


def _sample(returned: Json) -> Json:
    """A result as the documentation of a module shows it."""
    return {
        key: value["sample"] if "sample" in value else _sample(value.get("contains") or {})
        for key, value in returned.items()
    }


def _counted(result: Json) -> list[Json]:
    return list(jq.compile(QUERIES["ossm.federation.mesh_info"]["query"]).input(result).all())


def test_each_query_is_for_a_module() -> None:
    for name, query in QUERIES.items():
        assert (ROOT / "plugins" / "modules" / f"{name.removeprefix('ossm.federation.')}.py").is_file()
        assert list(query) == ["query"]


def test_a_mesh_is_named_by_its_control_plane_and_not_by_its_host() -> None:
    result = _sample(yaml.safe_load(mesh_info.RETURN))
    [node] = _counted(result)
    facts = {key: result[key] for key in ("cluster_uid", "namespace")}
    assert node["name"] == "red-mesh"
    assert node["canonical_facts"] == {**facts, "control_plane": result["control_plane"]["name"]}
    [other] = _counted({**result, "mesh": "another-name"})
    assert other["canonical_facts"] == node["canonical_facts"]
    assert all(isinstance(value, str) for table in ("canonical_facts", "facts") for value in node[table].values())


def test_what_could_not_be_read_or_is_not_there_is_not_counted() -> None:
    result = _sample(yaml.safe_load(mesh_info.RETURN))
    for missing in ({"cluster_uid": None}, {"control_plane": None}, {"control_plane": {"name": None}}):
        assert _counted({**result, **missing}) == []
    assert _counted({}) == [] and _counted({"msg": "failed", "failed": True}) == []
    # The result of a loop has the results of its items, which are events of their own.
    assert _counted({"results": [result]}) == []
