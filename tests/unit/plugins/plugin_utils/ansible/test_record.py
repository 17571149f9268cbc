# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change records: what they have of each object, and one file for all tasks of a run."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible import record

Json = dict[str, Any]


def written(verb: str, **more: Any) -> Json:
    names = {"mesh": "red-mesh", "kind": "ServiceMeshPeer", "namespace": "red", "name": "green", "peer": "green-host"}
    return {**names, "verb": verb, "fields": [], "field_manager": "ossm.federation/green", **more}


def result(row: Json, before: str, after: str) -> Json:
    return {"objects": [written("unchanged"), written("failed"), row], "diff": [{"before": before, "after": after}]}


CREATED, DELETED = {"kind": "A", "spec": {"port": 1}}, {"kind": "A", "spec": {"port": 2}}
CASES = {
    "created": (written("created"), "", "kind: A\nspec: {port: 1}\n", None, CREATED),
    "deleted": (written("deleted"), "kind: A\nspec: {port: 2}\n", "", DELETED, None),
    "changed": (
        written("changed", fields=["spec.port", "spec.new"]),
        "spec: {port: 1, secret: kept}\n",
        "spec: {port: 2, secret: kept, new: 3}\n",
        {"spec.port": 1},
        {"spec.port": 2, "spec.new": 3},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_objects_are_recorded_before_and_after(name: str) -> None:
    row, before, after, old, new = CASES[name]
    (change,) = record.read_changes(result(row, before, after), {"green-host": "green-mesh"})
    assert (change["verb"], change["before"], change["after"], change["peer"]) == (name, old, new, "green-mesh")


def test_a_restart_has_no_objects_before_and_after() -> None:
    (change,) = record.read_changes({"objects": [written("changed", kind="Deployment", peer=None)]}, {})
    assert (change["kind"], change["before"], change["after"], change["peer"]) == ("Deployment", None, None, None)


def test_all_tasks_of_a_run_share_one_private_file(tmp_path: Path) -> None:
    paths = {record.append(str(tmp_path), [written("created", name=name)]) for name in ("first", "second")}
    assert list(paths) == list(tmp_path.iterdir())
    path = paths.pop()
    assert [change["name"] for change in json.loads(path.read_text())["changes"]] == ["first", "second"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_directory_that_cannot_be_written_is_found_before_a_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert record.prepare(str(tmp_path / "new" / "records")) == ""
    assert "file" in record.prepare(str(tmp_path / "file"))
