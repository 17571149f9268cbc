# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of the simulator's faults, which the command line passes as text."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lab.sim.clocks import Clocks
from lab.sim.faults import FAULTS
from lab.sim.workloads import is_kept_unready
from lab.sim.world import World


class FakeMesh:
    """A mesh that records the actions of a fault; it has no pods."""

    def __init__(self) -> None:
        self.actions: list[str] = []
        self.operator = self.cluster = self.store = self
        self.name = self.namespace = "red"

    def control_plane(self) -> None:
        return None

    async def write_authority(self, authority: object) -> None:
        self.actions.append("authority")

    async def wait_istiod(self) -> None:
        self.actions.append("restart")

    def all(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        return []


@pytest.mark.parametrize(
    ("parameters", "restarts"),
    [
        ({}, True),
        ({"restart": True}, True),
        ({"restart": "true"}, True),
        ({"restart": False}, False),
        ({"restart": "false"}, False),
        ({"restart": "no"}, False),
    ],
)
def test_root_rotated_restarts_unless_disabled(parameters: dict[str, Any], restarts: bool) -> None:
    mesh: Any = FakeMesh()
    world: Any = None
    asyncio.run(FAULTS["root-rotated"].switch(world, mesh, True, parameters))
    assert mesh.actions == ["authority"] + ["restart"] * restarts


@pytest.mark.parametrize(
    ("fault", "pod", "unready"),
    [
        (("istiod-not-ready", {}), "istiod", True),
        (("istiod-not-ready", {}), "ingress-green", False),
        (("gateways-not-ready", {}), "ingress-green", True),
        (("gateways-not-ready", {"gateway": "ingress-green"}), "ingress-green", True),
        (("gateways-not-ready", {"gateway": "ingress-blue"}), "ingress-green", False),
        (("gateways-not-ready", {}), "istiod", False),
    ],
)
def test_pods_that_are_kept_unready(tmp_path: Path, fault: tuple[str, dict[str, Any]], pod: str, unready: bool) -> None:
    """A fault concerns the pods of its component and of its gateway only."""
    lab = {"meshes": {"red-mesh": {"cluster": "red", "namespace": "red-system"}}}
    world = World(tmp_path, lab, Clocks())
    cluster: Any = SimpleNamespace(name="red")
    world.faults[fault[0], "red-mesh"] = fault[1]
    body: Any = {
        "metadata": {
            "namespace": "red-system",
            "labels": {"app": pod},
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{pod}-0123456789"}],
        }
    }
    assert is_kept_unready(world, cluster, body) is unready
    other: Any = {"metadata": {**body["metadata"], "namespace": "other"}}
    assert not is_kept_unready(world, cluster, other)
