# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of a kubelet that API servers ask for logs of containers, on the address of each node.

A container's log is a line about itself, then the lines of ``<cluster>/logs/<pod>/<container>.log`` in the lab's directory, where a test
or a person has written that file. Ports are not forwarded, and no command is run.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from lab.sim.manifests import dig
from lab.sim.store import Object

if TYPE_CHECKING:
    from lab.sim.cluster import Cluster

PORT = 10250


class Kubelets:
    """The kubelets of all nodes of a cluster."""

    def __init__(self, directory: Path, cluster: Cluster) -> None:
        self._folder = directory / cluster.name
        self._cluster = cluster
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen on the address of each node, with the certificate of the cluster's API server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._folder / "pki" / "server.crt", self._folder / "pki" / "server.key")
        application = web.Application()
        application.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self._log)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        for node in self._cluster.info.get("nodes") or []:
            await web.TCPSite(self._runner, node["address"], PORT, ssl_context=context).start()

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _log(self, request: web.Request) -> web.Response:
        """Respond with a log, as a kubelet does: the last lines, and of these the first bytes."""
        namespace, name, container = (request.match_info[key] for key in ("namespace", "pod", "container"))
        pod = self._cluster.store.get("Pod", namespace, name)
        if pod is None:
            return web.Response(status=404, text=f'pod "{name}" not found')
        if request.query.get("previous") == "true":
            return web.Response(
                status=400, text=f'previous terminated container "{container}" in pod "{name}" not found'
            )
        lines = self._lines(pod, container)
        tail = request.query.get("tailLines")
        kept = lines[len(lines) - int(tail) :] if tail is not None and int(tail) < len(lines) else lines
        text = "".join(f"{line}\n" for line in kept).encode()
        return web.Response(body=text[: int(request.query.get("limitBytes") or len(text))], content_type="text/plain")

    def _lines(self, pod: Object, container: str) -> list[str]:
        name = pod["metadata"]["name"]
        started = dig(pod, "status", "startTime") or pod["metadata"]["creationTimestamp"]
        own = f"{started} info simulated container {container} of pod {name}"
        try:
            return [own, *(self._folder / "logs" / name / f"{container}.log").read_text(encoding="utf-8").splitlines()]
        except FileNotFoundError:
            return [own]
