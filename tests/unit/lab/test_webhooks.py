# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated webhooks ask of the author of an object besides the right to write it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lab.sim.webhooks import Webhooks

Json = dict[str, Any]
PODS, PLANES = "update pods", "create servicemeshcontrolplanes"
WIDE = {"mode": "ClusterWide", "version": "v2.5"}


def _said(directory: Path, allowed: tuple[str, ...], kind: str, spec: Json, old: Json | None = None) -> str:
    """What is said to an author who may do these things (verb, resource and namespace)."""

    async def may(cluster: Any, asked: Json, right: Json) -> bool:
        return " ".join(right[key] for key in ("verb", "resource", "namespace") if right.get(key)) in allowed

    world: Any = SimpleNamespace(directory=directory, clusters={})
    hooks = Webhooks(world)
    setattr(hooks, "_may", may)
    cluster: Any = None
    asked = {"operation": "CREATE" if old is None else "UPDATE", "oldObject": old and {"spec": old}, "userInfo": {"username": "ann"}}
    body = {"metadata": {"name": "default", "namespace": "mesh"}, "spec": spec}
    return asyncio.run(hooks._forbidden(cluster, kind, asked, body))


@pytest.mark.parametrize(("allowed", "members", "old", "word"), [
    ((), ["a", "b", "mesh"], None, "user 'ann' does not have permission to access namespace(s): [a b]"),
    ((f"{PODS} a",), ["a", "b"], None, "[b]"),
    ((f"{PODS} a", f"{PODS} b"), ["a", "b"], None, ""),
    ((PODS,), ["a", "b"], None, ""),
    ((), ["a"], ["a", "b"], ""),
    ((), ["a", "c"], ["a"], "[c]"),
    ((f"{PODS} a",), ["*"], None, "allowed to update pods at the cluster scope"),
    ((PODS,), ["*"], None, ""),
    ((), [], None, ""),
])
def test_members(tmp_path: Path, allowed: tuple[str, ...], members: list[str], old: list[str] | None, word: str) -> None:
    said = _said(tmp_path, allowed, "servicemeshmemberrolls", {"members": members}, old and {"members": old})
    assert bool(said) == bool(word) and word in said


def test_members_by_label_want_the_whole_cluster(tmp_path: Path) -> None:
    spec = {"memberSelectors": [{"matchLabels": {"a": "b"}}]}
    assert "member selectors" in _said(tmp_path, (f"{PODS} a",), "servicemeshmemberrolls", spec)


@pytest.mark.parametrize(("allowed", "spec", "old", "word"), [
    ((), WIDE, None, 'cluster-scoped "create SMCP"'),
    ((PLANES,), WIDE, None, ""),
    ((PLANES,), {**WIDE, "version": "v2.4"}, None, "cluster-admin"),
    (("* *",), {**WIDE, "version": "v2.4"}, None, ""),
    ((), WIDE, WIDE, ""),
    ((), {"version": "v2.5"}, None, ""),
])
def test_control_planes_of_the_whole_cluster(
    tmp_path: Path, allowed: tuple[str, ...], spec: Json, old: Json | None, word: str
) -> None:
    said = _said(tmp_path, allowed, "servicemeshcontrolplanes", spec, old)
    assert bool(said) == bool(word) and word in said
