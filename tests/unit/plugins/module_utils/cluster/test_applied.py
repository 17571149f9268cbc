# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An apply is omitted only when it is certain to change nothing."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._cluster import applied

Json = dict[str, Any]
MANAGER = "ossm.federation/green-mesh"
#: The desired object, the live one with additions by others and the webhook, and the field set of the last apply, as on 1.34.
DESIRED: Json = {
    "apiVersion": "maistra.io/v2",
    "kind": "ServiceMeshControlPlane",
    "metadata": {"name": "red", "namespace": "red-system", "uid": "u", "labels": {"a.b/c": "x"}},
    "spec": {
        "enabled": True,
        "addresses": ["192.0.2.1", "192.0.2.2"],
        "ports": [{"port": 15443, "name": "tls"}, {"port": 8188, "name": "https-discovery"}],
    },
}
FIELDS: Json = {
    "f:metadata": {"f:labels": {"f:a.b/c": {}}},
    "f:spec": {
        "f:enabled": {},
        "f:addresses": {},
        "f:ports": {
            'k:{"port":15443}': {".": {}, "f:name": {}, "f:port": {}},
            'k:{"port":8188}': {".": {}, "f:name": {}, "f:port": {}},
        },
    },
}
LIVE: Json = {
    "apiVersion": "maistra.io/v2",
    "kind": "ServiceMeshControlPlane",
    "metadata": {
        "name": "red",
        "uid": "u",
        "labels": {"a.b/c": "x", "others": "y"},
        "managedFields": [
            {"manager": "mesh-owner", "operation": "Apply", "fieldsV1": {"f:spec": {"f:version": {}}}},
            {"manager": MANAGER, "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": FIELDS},
            {"manager": MANAGER, "operation": "Apply", "subresource": "status", "fieldsV1": {}},
        ],
    },
    "spec": {
        "version": "v2.5",
        "enabled": True,
        "addresses": ["192.0.2.1", "192.0.2.2"],
        "ports": [
            {"port": 8188, "name": "https-discovery", "targetPort": 0},
            {"port": 15443, "name": "tls", "targetPort": 0},
        ],
    },
}


def _change(value: Json, path: str, new: Any) -> Json:
    """A copy with another value, or none, at a path; ``~`` stands for a slash in a key."""
    changed = copy.deepcopy(value)
    *parents, last = (step.replace("~", "/") for step in path.split("/"))
    parent: Any = changed
    for step in parents:
        parent = parent[int(step)] if isinstance(parent, list) else parent[step]
    if new is None:
        del parent[last]
    else:
        parent[int(last) if isinstance(parent, list) else last] = new
    return changed


def test_an_apply_that_changes_nothing_is_told_with_its_time() -> None:
    last = applied.settled(DESIRED, MANAGER, LIVE)
    assert last is not None and last["time"] == "2026-01-01T00:00:00Z" and json.loads(last["fields"]) == FIELDS


def test_a_trimmed_object_says_the_same() -> None:
    trimmed = {**LIVE, "metadata": {"name": "red", "uid": "u", "labels": LIVE["metadata"]["labels"]}}
    assert applied.settled(DESIRED, MANAGER, trimmed) is None
    assert applied.settled(DESIRED, MANAGER, {**trimmed, "applied": applied.applied(LIVE)}) is not None


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("metadata/labels/a.b~c", "z"),
        ("metadata/uid", "another"),
        ("spec/enabled", False),
        ("spec/addresses", ["192.0.2.2", "192.0.2.1"]),
        ("spec/ports/1/name", "tcp"),
        ("spec/ports/1/port", 15444),
        ("spec/ports", [{"port": 15443, "name": "tls"}]),
        ("spec/more", 1),
        ("spec/enabled", None),
        ("metadata/labels/new", "z"),
    ],
)
def test_any_other_wish_is_sent(path: str, new: Any) -> None:
    assert applied.settled(_change(DESIRED, path, new), MANAGER, LIVE) is None


@pytest.mark.parametrize(
    ("path", "new"),
    [
        ("metadata/uid", "another"),
        ("spec/enabled", False),
        ("spec/enabled", None),
        ("spec/addresses", ["192.0.2.1"]),
        ("spec/ports/0/name", "http-discovery"),
        ("spec/ports", [{"port": 15443, "name": "tls"}]),
        ("spec/ports", "none"),
        ("metadata/managedFields/1/manager", "kubectl"),
        ("metadata/managedFields/1/operation", "Update"),
        ("metadata/managedFields/1/fieldsV1/f:spec/f:more", {}),
        ("metadata/managedFields/1/fieldsV1/f:spec/f:enabled", None),
    ],
)
def test_whatever_else_lives_or_is_owned_is_applied_again(path: str, new: Any) -> None:
    assert applied.settled(DESIRED, MANAGER, _change(LIVE, path, new)) is None


@pytest.mark.parametrize("live", [None, {"metadata": {"name": "red", "uid": "u"}, "spec": {}}])
def test_what_is_not_there_or_not_ours_is_applied(live: Json | None) -> None:
    assert applied.settled(DESIRED, MANAGER, live) is None


@pytest.mark.parametrize(
    ("wanted", "same"), [(["a", "b"], True), (["b", "a"], True), (["a"], False), (["a", "c"], False)]
)
def test_sets_go_by_their_values(wanted: list[str], same: bool) -> None:
    desired = {"kind": "K", "metadata": {"name": "n"}, "spec": {"set": wanted}}
    live = {
        "kind": "K",
        "metadata": {
            "name": "n",
            "managedFields": [
                {
                    "manager": MANAGER,
                    "operation": "Apply",
                    "fieldsV1": {"f:spec": {"f:set": {'v:"a"': {}, 'v:"b"': {}}}},
                }
            ],
        },
        "spec": {"set": ["a", "b", "x"]},
    }
    assert (applied.settled(desired, MANAGER, live) is not None) is same
