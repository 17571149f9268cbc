# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rights that the simulated webhooks require of the author of an object besides the right to write it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from lab.sim.webhooks import Webhooks

Json = dict[str, Any]
UPDATE_PODS, CREATE_PLANES = "update pods", "create servicemeshcontrolplanes"
CLUSTER_WIDE = {"mode": "ClusterWide", "version": "v2.5"}


def _error(directory: Path, allowed: tuple[str, ...], kind: str, spec: Json, old: Json | None = None) -> str:
    """Return the error message for an author with these rights (verb, resource and namespace)."""

    async def is_allowed(cluster: Any, admission: Json, right: Json) -> bool:
        return " ".join(right[key] for key in ("verb", "resource", "namespace") if right.get(key)) in allowed

    world: Any = SimpleNamespace(directory=directory, clusters={})
    hooks = Webhooks(world)
    cluster: Any = None
    admission = {
        "operation": "CREATE" if old is None else "UPDATE",
        "oldObject": old and {"spec": old},
        "userInfo": {"username": "ann"},
    }
    body = {"metadata": {"name": "default", "namespace": "mesh"}, "spec": spec}
    with mock.patch.object(hooks, "_is_allowed", is_allowed):
        return asyncio.run(hooks._authorize(cluster, kind, admission, body))


@pytest.mark.parametrize(
    ("allowed", "members", "old", "message"),
    [
        ((), ["a", "b", "mesh"], None, "user 'ann' does not have permission to access namespace(s): [a b]"),
        ((f"{UPDATE_PODS} a",), ["a", "b"], None, "[b]"),
        ((f"{UPDATE_PODS} a", f"{UPDATE_PODS} b"), ["a", "b"], None, ""),
        ((UPDATE_PODS,), ["a", "b"], None, ""),
        ((), ["a"], ["a", "b"], ""),
        ((), ["a", "c"], ["a"], "[c]"),
        ((f"{UPDATE_PODS} a",), ["*"], None, "allowed to update pods at the cluster scope"),
        ((UPDATE_PODS,), ["*"], None, ""),
        ((), [], None, ""),
    ],
)
def test_new_members(
    tmp_path: Path, allowed: tuple[str, ...], members: list[str], old: list[str] | None, message: str
) -> None:
    error = _error(tmp_path, allowed, "servicemeshmemberrolls", {"members": members}, old and {"members": old})
    assert bool(error) == bool(message) and message in error


def test_member_selectors_need_cluster_wide_rights(tmp_path: Path) -> None:
    spec = {"memberSelectors": [{"matchLabels": {"a": "b"}}]}
    assert "member selectors" in _error(tmp_path, (f"{UPDATE_PODS} a",), "servicemeshmemberrolls", spec)


@pytest.mark.parametrize(
    ("allowed", "spec", "old", "message"),
    [
        ((), CLUSTER_WIDE, None, 'cluster-scoped "create SMCP"'),
        ((CREATE_PLANES,), CLUSTER_WIDE, None, ""),
        ((CREATE_PLANES,), {**CLUSTER_WIDE, "version": "v2.4"}, None, "cluster-admin"),
        (("* *",), {**CLUSTER_WIDE, "version": "v2.4"}, None, ""),
        ((), CLUSTER_WIDE, CLUSTER_WIDE, ""),
        ((), {"version": "v2.5"}, None, ""),
    ],
)
def test_cluster_wide_control_planes(
    tmp_path: Path, allowed: tuple[str, ...], spec: Json, old: Json | None, message: str
) -> None:
    error = _error(tmp_path, allowed, "servicemeshcontrolplanes", spec, old)
    assert bool(error) == bool(message) and message in error
