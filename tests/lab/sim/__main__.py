# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the mesh simulator of a lab in the foreground."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

from lab.sim.applications import Applications
from lab.sim.batch import Batch
from lab.sim.clocks import Clocks
from lab.sim.cloud import Cloud
from lab.sim.cluster import Cluster
from lab.sim.control import Control
from lab.sim.kubelet import Kubelets
from lab.sim.member_rolls import MemberRolls
from lab.sim.mesh import Mesh
from lab.sim.olm import Olm
from lab.sim.store import Object
from lab.sim.webhooks import Webhooks
from lab.sim.workloads import Workloads
from lab.sim.world import Addresses, World

LOG = logging.getLogger("lab.sim")
SOCKET = "simulator.sock"
STOP_SECONDS = 4.0


class Simulator:
    """All parts of the simulator."""

    def __init__(self, directory: Path) -> None:
        lab = json.loads((directory / "lab.json").read_text(encoding="utf-8"))
        self.world = World(directory, lab, Clocks(float(lab.get("speed") or 1.0)))
        self.world.clocks.set(lab.get("clocks") or {})
        self.control = Control(self.world, directory / SOCKET)
        self.webhooks = Webhooks(self.world)
        self.kubelets: list[Kubelets] = []

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT."""
        stop = asyncio.Event()
        self._on_signals(stop)
        await self.control.start()
        try:
            await self._start()
            self._on_signals(stop)  # kopf has replaced the handlers
            self.world.started = True
            LOG.info("simulator started for %d clusters", len(self.world.clusters))
            await stop.wait()
        finally:
            await asyncio.wait_for(self._stop(), STOP_SECONDS)

    @staticmethod
    def _on_signals(stop: asyncio.Event) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def _start(self) -> None:
        for name, info in self.world.lab["clusters"].items():
            cluster = Cluster(name, info)
            self.world.clusters[name] = cluster
            self.world.addresses[name] = Addresses(info["addresses"])
            self._connect(cluster)
        await asyncio.gather(*(cluster.start() for cluster in self.world.clusters.values()))
        await self.webhooks.start()
        self.kubelets = [Kubelets(self.world.directory, cluster) for cluster in self.world.clusters.values()]
        await asyncio.gather(*(kubelets.start() for kubelets in self.kubelets))

    def _connect(self, cluster: Cluster) -> None:
        self.world.clouds[cluster.name] = Cloud(self.world, cluster)
        self.world.olms[cluster.name] = Olm(self.world, cluster, self.webhooks.register)
        Workloads(self.world, cluster)
        Batch(self.world, cluster, Applications(self.world, cluster))
        rolls = MemberRolls(self.world, cluster)

        def control_plane(kind: str, new: Object | None, old: Object | None) -> None:
            body = new or old
            if body is None:
                return
            key = (cluster.name, body["metadata"]["namespace"])
            if key not in self.world.meshes:
                if not self.world.started:
                    self.world.booting.add(key)
                self.world.meshes[key] = Mesh(self.world, cluster, key[1], body["metadata"]["name"])
                self.world.meshes[key].start()
            mesh = self.world.meshes[key]
            if new is None:
                mesh.operator.reset()
                rolls.trigger()
            else:
                if old is None:
                    mesh.operator.name = body["metadata"]["name"]
                    rolls.trigger()
                mesh.operator.changed(new)

        cluster.store.listen("ServiceMeshControlPlane", control_plane)

    async def _stop(self) -> None:
        await self.control.stop()
        LOG.info("stopping")
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # cancelled watches leave unclosed sessions
        await self.webhooks.stop()
        await asyncio.gather(*(kubelets.stop() for kubelets in self.kubelets))
        for mesh in self.world.meshes.values():
            for gateway in mesh.gateways.values():
                await gateway.stop()
        await self.world.jobs.stop()
        await asyncio.gather(*(cluster.stop() for cluster in self.world.clusters.values()), return_exceptions=True)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.sim", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="directory of the lab (contains lab.json)")
    parser.add_argument("--verbose", action="store_true", help="log debug messages")
    arguments = parser.parse_args()
    logging.basicConfig(
        level=logging.DEBUG if arguments.verbose else logging.INFO,
        stream=sys.stderr,
        format="%(asctime)s %(levelname).1s %(name)s: %(message)s",
    )
    for name, level in (("kopf", logging.WARNING), ("asyncio", logging.WARNING), ("hpack", logging.WARNING)):
        logging.getLogger(name).setLevel(level)
    asyncio.run(Simulator(arguments.dir.absolute()).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
