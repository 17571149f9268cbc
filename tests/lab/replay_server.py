# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API servers of a replayed archive: one for each mesh, read-only, without a store and without a simulator."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import signal
import ssl
from pathlib import Path

from aiohttp import web

from lab import state
from lab.clusters import Cluster
from lab.replay_store import Store

READY = "ready"


def application(store: Store) -> web.Application:
    """Return the web application of one mesh."""

    async def handle(request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        status, answer = store.respond(request.method, request.path, request.query, body)
        return web.json_response(answer, status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def serve(directory: Path) -> None:
    """Serve all meshes of the archive that is unpacked in a lab's directory, until a signal comes."""
    content = state.load(directory)
    gathered = datetime.datetime.fromisoformat(content["replay"]["created"].replace("Z", "+00:00"))
    age = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - gathered
    runners = []
    for name, answers in content["replay"]["answers"].items():
        cluster = Cluster(name, directory, content["clusters"][name])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cluster.folder / "pki" / "server.crt", cluster.folder / "pki" / "server.key")
        store = Store(json.loads(Path(answers).read_text(encoding="utf-8")), age)
        runner = web.AppRunner(application(store), access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        host, _colon, port = cluster.entry["server"].removeprefix("https://").partition(":")
        await web.TCPSite(runner, host, int(port), ssl_context=context).start()
        runners.append(runner)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    state.write_atomically(directory / READY, "")
    await stop.wait()
    await asyncio.gather(*(runner.cleanup() for runner in runners))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="python -m lab.replay_server", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="the lab's directory")
    asyncio.run(serve(parser.parse_args().dir))


if __name__ == "__main__":
    main()
