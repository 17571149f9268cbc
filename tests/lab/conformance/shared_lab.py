# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab of the conformance cases: two shared clusters and three meshes for each worker.

``python -m lab.conformance.shared_lab DIR [WORKERS]`` starts a lab that keeps running, for writing cases.
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
#: the gateways' delay is that of the product, so that the order of events is stable on a slow machine
CLOCKS = {"gateway_push": 0.25}
COLOURS = ("red", "green", "blue")
#: load balancers of red have host names, those of green and blue have IP addresses
CLUSTERS: dict[str, dict[str, Any]] = {"host-names": {"platform": "AWS"}, "addresses": {"platform": "Azure"}}
CLUSTER_OF = {"red": "host-names", "green": "addresses", "blue": "addresses"}


def mesh_name(colour: str, worker: int) -> str:
    """Return the name of a worker's mesh."""
    return f"{colour}-{worker}"


def topology(workers: int) -> Topology:
    """Return the clusters and three meshes for each worker."""
    meshes = {
        mesh_name(colour, worker): {"cluster": CLUSTER_OF[colour]} for worker in range(workers) for colour in COLOURS
    }
    return complete({"clusters": CLUSTERS, "meshes": meshes})


@contextmanager
def start_or_join(folder: Path, workers: int) -> Iterator[Lab]:
    """Return the lab of all workers: the first worker starts it, the last worker stops it."""
    directory, lock, users = folder / "lab", folder / "lab.lock", folder / "lab.users"
    with state.locked(lock):
        joined = [*_running(users), os.getpid()]
        lab = (
            Lab.start(topology(workers), directory, speed=SPEED, clocks=CLOCKS) if len(joined) == 1 else Lab(directory)
        )
        state.write_json(users, joined)
    try:
        yield lab
    finally:
        with state.locked(lock):
            remaining = [pid for pid in _running(users) if pid != os.getpid()]
            state.write_json(users, remaining)
            if not remaining:
                lab.stop()


def _running(users: Path) -> list[int]:
    return [pid for pid in state.read_json(users, []) if Path(f"/proc/{pid}").exists()]


def main(arguments: list[str]) -> None:
    """Start a lab that keeps running."""
    workers = int(arguments[1]) if len(arguments) > 1 else 1
    lab = Lab.start(topology(workers), Path(arguments[0]), speed=SPEED, clocks=CLOCKS)
    print(f"OSSM_CONFORMANCE_LAB={lab.directory}")


if __name__ == "__main__":
    main(sys.argv[1:])
