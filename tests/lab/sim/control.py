# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: one JSON object per line in, one per line out."""
from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lab.sim import faults, requests
from lab.sim.manifests import dig
from lab.sim.mesh import Mesh
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.control")
Answer = dict[str, Any]


class Control:
    """Verbs that a person, a test or the launcher says to the simulator."""

    def __init__(self, world: World, path: Path) -> None:
        self.world, self.path = world, path
        self._server: asyncio.AbstractServer | None = None
        self._verbs: dict[str, Callable[[Answer], Awaitable[Answer]]] = {
            "status": self._status, "clocks": self._clocks, "fault": self._fault, "wait_idle": self._wait_idle,
            "request": self._request, "reset": self._reset, "faults": self._faults, "date_back": self._date_back}

    async def start(self) -> None:
        """Listen; a socket that a dead simulator left is replaced."""
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._talk, str(self.path))

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        self.path.unlink(missing_ok=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            LOG.debug("somebody hung up")
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> Answer:
        try:
            question = json.loads(line)
            verb = self._verbs.get(question.get("verb"))
            if verb is None:
                raise ValueError(f"no such verb; there are {', '.join(sorted(self._verbs))}")
            return {"ok": True} | await verb(question)
        except (ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
            return {"ok": False, "error": str(error.args[0] if error.args else error)}
        except Exception as error:
            LOG.exception("a verb failed: %s", line[:200])
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    async def _status(self, question: Answer) -> Answer:
        named = {(one["cluster"], one["namespace"]) for one in self.world.lab.get("meshes", {}).values()
                 if one.get("install", True)}
        ready = self.world.started and all(
            key in self.world.meshes and self.world.meshes[key].operator.was_ready for key in named)
        return {
            "ready": ready, "meshes": {mesh.name: self._mesh(mesh) for mesh in self.world.meshes.values()},
            "faults": [{"name": name, "target": target} for name, target in self.world.faults],
            "waiting": self.world.jobs.waiting(), "clocks": self.world.clocks.table()}

    @staticmethod
    def _mesh(mesh: Mesh) -> Answer:
        peers: Answer = {}
        for pod in mesh.pods.values():
            for peer in pod.peers.values():
                peers.setdefault(peer.name, []).append(
                    {"pod": pod.name, "connected": peer.watch["connected"], "deadlocked": not peer.served or peer.lost,
                     "locked": peer.lock.locked(), "sync_fails": peer.sync_fails(), "last": peer.watch.get("lastDisconnectStatus"),
                     "offers": len(peer.offers), "imports": sum(1 for one in peer.imports.values() if one),
                     "exports": len(peer.exports)})
        conditions = {one["type"]: one["status"] for one in dig(mesh.control_plane(), "status", "conditions") or []}
        return {"cluster": mesh.cluster.name, "namespace": mesh.namespace, "conditions": conditions,
                "istiod": list(mesh.pods), "gateways": sorted(mesh.gateways), "trust": sorted(mesh.trust),
                "peers": peers}

    async def _clocks(self, question: Answer) -> Answer:
        self.world.clocks.set(question.get("set") or {})
        return {"clocks": self.world.clocks.table()}

    async def _fault(self, question: Answer) -> Answer:
        return await faults.switch(self.world, question)

    async def _faults(self, question: Answer) -> Answer:
        return {"faults": faults.described()}

    async def _wait_idle(self, question: Answer) -> Answer:
        try:
            await asyncio.wait_for(self.world.jobs.idle(), question.get("timeout", 60))
        except asyncio.TimeoutError:
            raise ValueError(f"still in flight: {', '.join(self.world.jobs.waiting())}") from None
        return {}

    async def _request(self, question: Answer) -> Answer:
        mesh = self.world.mesh(question["from_mesh"])
        return await requests.request(mesh, question["host"], question.get("port"))

    async def _reset(self, question: Answer) -> Answer:
        await faults.reset(self.world)
        return {}

    async def _date_back(self, question: Answer) -> Answer:
        for mesh in self.world.meshes.values():
            for pod in mesh.pods.values():
                for peer in pod.peers.values():
                    peer.date_back(float(question["seconds"]))
        return {}
