# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters of the simulator's faults, which the command line passes as text."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from lab.sim.faults import FAULTS


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
