# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control socket: a JSON object per line as request and as response."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from lab.sim import applications, faults, requests
from lab.sim.manifests import dig
from lab.sim.mesh import Mesh
from lab.sim.world import World

LOG = logging.getLogger("lab.sim.control")
Message = dict[str, Any]


class Control:
    """Verbs of the control socket, for the command line, tests and the launcher."""

    def __init__(self, world: World, path: Path) -> None:
        self.world, self.path = world, path
        self._server: asyncio.AbstractServer | None = None
        self._verbs: dict[str, Callable[[Message], Awaitable[Message]]] = {
            "status": self._status,
            "clocks": self._clocks,
            "fault": self._fault,
            "wait_idle": self._wait_idle,
            "request": self._request,
            "call": self._call,
            "reset": self._reset,
            "faults": self._faults,
            "backdate": self._backdate,
        }

    async def start(self) -> None:
        """Listen; replace the socket of a simulator that crashed."""
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._respond(line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            LOG.debug("a client closed the connection")
        finally:
            writer.close()

    async def _respond(self, line: bytes) -> Message:
        try:
            request = json.loads(line)
            verb = self._verbs.get(request.get("verb"))
            if verb is None:
                raise ValueError(f"unknown verb; known: {', '.join(sorted(self._verbs))}")
            return {"ok": True} | await verb(request)
        except (ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
            return {"ok": False, "error": str(error.args[0] if error.args else error)}
        except Exception as error:
            LOG.exception("request failed: %s", line[:200])
            return {"ok": False, "error": f"{type(error).__name__}: {error}"}

    async def _status(self, request: Message) -> Message:
        installed = {
            (mesh["cluster"], mesh["namespace"])
            for mesh in self.world.lab.get("meshes", {}).values()
            if mesh.get("install", True)
        }
        ready = self.world.started and all(
            key in self.world.meshes and self.world.meshes[key].operator.was_ready for key in installed
        )
        return {
            "ready": ready,
            "meshes": {mesh.name: self._mesh(mesh) for mesh in self.world.meshes.values()},
            "faults": [{"name": name, "target": target} for name, target in self.world.faults],
            "waiting": self.world.jobs.waiting(),
            "clocks": self.world.clocks.table(),
        }

    @staticmethod
    def _mesh(mesh: Mesh) -> Message:
        peers: Message = {}
        for pod in mesh.pods.values():
            for peer in pod.peers.values():
                peers.setdefault(peer.name, []).append(
                    {
                        "pod": pod.name,
                        "connected": peer.watch["connected"],
                        "deadlocked": not peer.served or peer.ignored,
                        "locked": peer.lock.locked(),
                        "sync_fails": peer.sync_fails(),
                        "last": peer.watch.get("lastDisconnectStatus"),
                        "offers": len(peer.offers),
                        "imports": sum(1 for imported in peer.imports.values() if imported),
                        "exports": len(peer.exports),
                    }
                )
        conditions = {
            condition["type"]: condition["status"]
            for condition in dig(mesh.control_plane(), "status", "conditions") or []
        }
        return {
            "cluster": mesh.cluster.name,
            "namespace": mesh.namespace,
            "conditions": conditions,
            "istiod": list(mesh.pods),
            "gateways": sorted(mesh.gateways),
            "trust": sorted(mesh.trust),
            "peers": peers,
        }

    async def _clocks(self, request: Message) -> Message:
        self.world.clocks.set(request.get("set") or {})
        return {"clocks": self.world.clocks.table()}

    async def _fault(self, request: Message) -> Message:
        return await faults.switch(self.world, request)

    async def _faults(self, request: Message) -> Message:
        return {"faults": faults.descriptions()}

    async def _wait_idle(self, request: Message) -> Message:
        try:
            await asyncio.wait_for(self.world.jobs.idle(), request.get("timeout", 60))
        except asyncio.TimeoutError:
            raise ValueError(f"still in flight: {', '.join(self.world.jobs.waiting())}") from None
        return {}

    async def _request(self, request: Message) -> Message:
        mesh = self.world.mesh(request["from_mesh"])
        return await requests.request(mesh, request["host"], request.get("port"))

    async def _call(self, request: Message) -> Message:
        return applications.call(self.world.mesh(request["mesh"]), request["source"], request["target"])

    async def _reset(self, request: Message) -> Message:
        await faults.reset(self.world)
        return {}

    async def _backdate(self, request: Message) -> Message:
        meshes = [self.world.mesh(request["mesh"])] if request.get("mesh") else self.world.meshes.values()
        for mesh in meshes:
            for pod in mesh.pods.values():
                for peer in pod.peers.values():
                    peer.backdate(float(request["seconds"]))
        return {}
