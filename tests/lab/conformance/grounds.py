# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of the conformance cases: two clusters for everybody, three meshes for each worker.

``python -m lab.conformance.grounds DIR [WORKERS]`` starts one that stays, for those who write cases.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab import state
from lab.api import Lab
from lab.topology import Topology, complete

SPEED = float(os.environ.get("OSSM_CONFORMANCE_SPEED", "10"))
#: gateways hear of changes after the product's own time, so that a slow machine does not blur what comes first
CLOCKS = {"gateway_push": 0.25}
COLOURS = ("red", "green", "blue")
#: red is behind balancers with host names, green and blue behind such with addresses
CLUSTERS: dict[str, dict[str, Any]] = {"names": {"platform": "AWS"}, "numbers": {"platform": "Azure"}}
PLACES = {"red": "names", "green": "numbers", "blue": "numbers"}


def mesh_name(colour: str, worker: int) -> str:
    """Return the name of a worker's mesh."""
    return f"{colour}-{worker}"


def topology(workers: int) -> Topology:
    """Return the clusters and three meshes for each worker."""
    meshes = {mesh_name(colour, worker): {"cluster": PLACES[colour]} for worker in range(workers) for colour in COLOURS}
    return complete({"clusters": CLUSTERS, "meshes": meshes})


@contextmanager
def shared(folder: Path, workers: int) -> Iterator[Lab]:
    """Give the one lab of all workers: whoever comes first starts it, whoever leaves last ends it."""
    directory, lock, users = folder / "lab", folder / "lab.lock", folder / "lab.users"
    with state.locked(lock):
        came = [*_living(users), os.getpid()]
        lab = Lab.start(topology(workers), directory, speed=SPEED, clocks=CLOCKS) if len(came) == 1 else Lab(directory)
        state.write_json(users, came)
    try:
        yield lab
    finally:
        with state.locked(lock):
            left = [pid for pid in _living(users) if pid != os.getpid()]
            state.write_json(users, left)
            if not left:
                lab.stop()


def _living(users: Path) -> list[int]:
    return [pid for pid in state.read_json(users, []) if Path(f"/proc/{pid}").exists()]


def main(arguments: list[str]) -> None:
    """Start a lab that stays."""
    workers = int(arguments[1]) if len(arguments) > 1 else 1
    lab = Lab.start(topology(workers), Path(arguments[0]), speed=SPEED, clocks=CLOCKS)
    print(f"OSSM_CONFORMANCE_LAB={lab.directory}")


if __name__ == "__main__":
    main(sys.argv[1:])
