# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A door in front of one API server, there only while a fault needs it: it delays, answers itself, or refuses.

It authenticates users by the cluster's own client certificates and passes them on as a Kubernetes front proxy does
(``X-Remote-User``, ``X-Remote-Group``); tokens go through as they are. Watches stream. What it does to requests stands
in ``<cluster>/front-door.json``, which is read anew for each request and each handshake.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import ssl
import struct
from collections import Counter
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout, TCPConnector, web

from lab import state
from lab.clusters import Cluster

CONFIGURATION = "front-door.json"
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "host"}
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_REASONS = {
    409: ("Conflict", "Operation cannot be fulfilled on {resource} \"{name}\": the object has been modified; "
                      "please apply your changes to the latest version and try again"),
    429: ("TooManyRequests", "Too many requests, please try again later."),
    500: ("InternalError", "Internal error occurred: etcdserver: request timed out"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "the server was unable to return a response in the time allotted"),
}


def describe(method: str, path: str, watching: bool) -> dict[str, str]:
    """Return what a request asks for in the API's own words: verb, resource, namespace and name (empty: none)."""
    parts = [part for part in path.split("/") if part]
    rest = parts[2:] if parts[:1] == ["api"] else parts[3:] if parts[:1] == ["apis"] else []
    namespace = ""
    if len(rest) > 2 and rest[0] == "namespaces" and rest[2] not in ("status", "finalize"):
        namespace, rest = rest[1], rest[2:]
    resource, name = (rest + ["", ""])[:2]
    verb = _VERBS.get(method, "")
    if not verb:
        verb = "watch" if watching else "get" if name or not resource else "list"
    elif verb == "delete" and resource and not name:
        verb = "deletecollection"
    subresource = f"/{rest[2]}" if len(rest) > 2 else ""
    return {"verb": verb, "resource": resource + subresource, "namespace": namespace, "name": name}


def matches(fault: dict[str, Any], wanted: dict[str, str]) -> bool:
    """Say whether the fault is about this request; a fault that names no verbs or resources is about all of them."""
    return all(not fault.get(key) or wanted[field] in fault[key]
               for key, field in (("verbs", "verb"), ("resources", "resource"), ("namespaces", "namespace")))


class Door:
    """One cluster's door; ``counts`` remembers how often each fault struck."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.counts: Counter[str] = Counter()
        self.session: ClientSession | None = None
        pki = cluster.folder / "pki"
        self.right = self._server_context(pki, "server")
        self.wrong = self._server_context(pki, "foreign-server")
        self.right.sni_callback = self._choose_certificate

    @staticmethod
    def _server_context(pki: Path, name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pki / "ca.crt"))
        context.load_cert_chain(pki / f"{name}.crt", pki / f"{name}.key")
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def faults(self) -> dict[str, dict[str, Any]]:
        """Return the faults that are on now."""
        faults: dict[str, dict[str, Any]] = state.read_json(self.cluster.folder / CONFIGURATION, {})
        return faults

    def _choose_certificate(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        if "wrong-certificate" in self.faults():
            connection.context = self.wrong

    async def open(self, _application: web.Application) -> None:
        """Make the connections to the API server, as the front proxy that it trusts."""
        pki = self.cluster.folder / "pki"
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(pki / "front-client.crt", pki / "front-client.key")
        self.session = ClientSession(connector=TCPConnector(ssl=context, limit=0), auto_decompress=False,
                                     timeout=ClientTimeout(total=None), trust_env=False)

    async def close(self, _application: web.Application) -> None:
        """Close the connections to the API server."""
        if self.session:
            await self.session.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Let one request through, or do to it what the faults say."""
        faults = self.faults()
        wanted = describe(request.method, request.path, request.query.get("watch") in ("1", "true"))
        slow, answers, resets = (faults.get(name) for name in ("api-slow", "api-answers", "api-resets"))
        if slow and matches(slow, wanted):
            await asyncio.sleep(slow["seconds"])
        if answers and matches(answers, wanted) and self._strikes(answers):
            return _answer(answers, wanted)
        if resets and matches(resets, wanted) and self._strikes(resets):
            return _reset(request)
        return await self._forward(request, refused="api-unauthorized" in faults)

    def _strikes(self, fault: dict[str, Any]) -> bool:
        count = fault.get("count") or 0
        if count and self.counts[fault["id"]] >= count or random.random() >= fault.get("probability", 1.0):
            return False
        self.counts[fault["id"]] += 1
        return True

    async def _forward(self, request: web.Request, refused: bool) -> web.StreamResponse:
        headers = [(key, value) for key, value in request.headers.items()
                   if key.lower() not in _HOP_BY_HOP and not key.lower().startswith("x-remote-")]
        headers = headers_of_nobody(headers) if refused else headers + _identity(request)
        assert self.session is not None
        try:
            async with self.session.request(request.method, self.cluster.entry["server"] + request.raw_path,
                                            headers=headers, data=request.content if request.can_read_body else None,
                                            allow_redirects=False) as upstream:
                response = web.StreamResponse(status=upstream.status, headers=[
                    (key, value) for key, value in upstream.headers.items() if key.lower() not in _HOP_BY_HOP])
                await response.prepare(request)
                async for chunk in upstream.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
                return response
        except ClientError:
            # A server that is not there gives no answer: neither does the door.
            if request.transport:
                request.transport.abort()
            raise


def headers_of_nobody(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers with a token that no server accepts, so that the refusal is the API server's own."""
    return [(key, value) for key, value in headers if key.lower() != "authorization"] + [("Authorization", "Bearer expired")]


def _identity(request: web.Request) -> list[tuple[str, str]]:
    certificate = request.transport.get_extra_info("peercert") if request.transport else None
    if not certificate:
        return []
    subject = [pair for part in certificate["subject"] for pair in part]
    names = {"commonName": "X-Remote-User", "organizationName": "X-Remote-Group"}
    return [(names[key], value) for key, value in subject if key in names]


def _reset(request: web.Request) -> web.Response:
    """Break the connection with a TCP reset, as a server that dies or a load balancer that forgets does."""
    if request.transport:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response(status=500)


def _answer(fault: dict[str, Any], wanted: dict[str, str]) -> web.Response:
    code = fault["code"]
    reason, message = _REASONS.get(code, ("", "the lab answers so"))
    status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                              "message": message.format(**wanted), "reason": reason, "code": code}
    headers = {}
    if code in (429, 503):
        headers["Retry-After"] = str(fault["retry_after"])
        status["details"] = {"retryAfterSeconds": fault["retry_after"]}
    return web.json_response(status, status=code, headers=headers)


def main() -> None:
    """Serve one cluster's door until told to end."""
    parser = argparse.ArgumentParser(prog="python -m lab.frontdoor", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="the lab's directory")
    parser.add_argument("--cluster", required=True, help="the cluster's name")
    parser.add_argument("--port", type=int, required=True, help="the port to listen on")
    options = parser.parse_args()
    cluster = Cluster(options.cluster, options.dir, state.load(options.dir)["clusters"][options.cluster])
    door = Door(cluster)
    application = web.Application(client_max_size=0)
    application.router.add_route("*", "/{path:.*}", door.handle)
    application.on_startup.append(door.open)
    application.on_cleanup.append(door.close)
    web.run_app(application, host=cluster.address(3), port=options.port, ssl_context=door.right, print=None,
                access_log=None, shutdown_timeout=0.5)


if __name__ == "__main__":
    main()
