# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Front proxy of an API server that injects faults; it runs only while a fault needs it.

It authenticates users by the cluster's client certificates and forwards their identity as a Kubernetes front proxy does
(``X-Remote-User``, ``X-Remote-Group``); tokens are forwarded unchanged. Watches stream. The active faults are in
``<cluster>/front-proxy.json``, which is read for each request and each handshake.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import socket
import ssl
import struct
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, TCPConnector, web

from lab import processes, state
from lab.clusters import Cluster

CONFIGURATION = "front-proxy.json"
#: In the lab's directory: the requests that run-killed has counted, over all clusters.
RUN_REQUESTS = "run-killed.json"
_HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "host"}
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_REASONS = {
    403: ("Forbidden", '{resource} "{name}" is forbidden: User "admin" cannot {verb} resource "{resource}"'),
    409: (
        "Conflict",
        'Operation cannot be fulfilled on {resource} "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again",
    ),
    429: ("TooManyRequests", "Too many requests, please try again later."),
    500: ("InternalError", "Internal error occurred: etcdserver: request timed out"),
    503: ("ServiceUnavailable", "the server is currently unable to handle the request"),
    504: ("Timeout", "the server was unable to return a response in the time allotted"),
}


def describe(method: str, path: str, watching: bool) -> dict[str, str]:
    """Return verb, resource, namespace and name of a request in the terms of the API (empty: none)."""
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


def matches(fault: dict[str, Any], target: dict[str, str]) -> bool:
    """Return whether the fault applies to this request; an empty list of the fault matches everything."""
    return all(
        not fault.get(key) or target[field] in fault[key]
        for key, field in (("verbs", "verb"), ("resources", "resource"), ("namespaces", "namespace"))
    )


def changes(target: dict[str, str], query: Mapping[str, str]) -> bool:
    """Return whether the API server stores something for the request: no dry run, and no review of the user's own rights."""
    is_review = target["resource"] in ("selfsubjectaccessreviews", "selfsubjectrulesreviews")
    return target["verb"] in ("create", "update", "patch", "delete", "deletecollection") and not (
        is_review or query.get("dryRun")
    )


def count_request(directory: Path, fault: dict[str, Any], target: dict[str, str]) -> int:
    """Count a request of the run and return its number. All front proxies of the lab count in one file."""
    with state.locked(directory / f"{RUN_REQUESTS}.lock"):
        counted = state.read_json(directory / RUN_REQUESTS, {})
        requests = counted["requests"] if counted.get("id") == fault["id"] else []
        requests.append(target)
        state.write_json(directory / RUN_REQUESTS, {"id": fault["id"], "requests": requests})
        return len(requests)


class FrontProxy:
    """Front proxy of a cluster; ``counts`` has the number of requests that each fault has hit, ``writes`` that of the requests since
    then that change objects."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.counts: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self.session: ClientSession | None = None
        pki = cluster.folder / "pki"
        self.valid_context = self._server_context(pki, "server")
        self.wrong_context = self._server_context(pki, "unknown-ca-server")
        self.valid_context.sni_callback = self._choose_certificate

    @staticmethod
    def _server_context(pki: Path, name: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(pki / "ca.crt"))
        context.load_cert_chain(pki / f"{name}.crt", pki / f"{name}.key")
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def faults(self) -> dict[str, dict[str, Any]]:
        """Return the active faults."""
        faults: dict[str, dict[str, Any]] = state.read_json(self.cluster.folder / CONFIGURATION, {})
        return faults

    def _choose_certificate(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        if "wrong-certificate" in self.faults():
            connection.context = self.wrong_context

    async def open(self, _application: web.Application) -> None:
        """Open the client session to the API server, with the front proxy certificate that it trusts."""
        pki = self.cluster.folder / "pki"
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(pki / "front-proxy-client.crt", pki / "front-proxy-client.key")
        self.session = ClientSession(
            connector=TCPConnector(ssl=context, limit=0),
            auto_decompress=False,
            timeout=ClientTimeout(total=None),
            trust_env=False,
        )

    async def close(self, _application: web.Application) -> None:
        """Close the client session."""
        if self.session:
            await self.session.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Forward a request, or apply the matching fault to it."""
        faults = self.faults()
        target = describe(request.method, request.path, request.query.get("watch") in ("1", "true"))
        slow, error, reset, kill = (
            faults.get(name) for name in ("api-slow", "api-error", "api-connection-reset", "run-killed")
        )
        if changes(target, request.query):
            self.writes.update(fault["id"] for fault in (slow, error, reset) if fault)
        if slow and self._has_begun(slow) and matches(slow, target):
            await asyncio.sleep(slow["seconds"])
        if error and self._has_begun(error) and matches(error, target) and self._is_hit(error):
            return _error_response(error, target)
        if reset and self._has_begun(reset) and matches(reset, target) and self._is_hit(reset):
            return _reset(request)
        if kill and matches(kill, target) and (kill["verbs"] or changes(target, request.query)):
            number = count_request(self.cluster.directory, kill, target)
            if number == kill["n"]:
                await self._kill(request, kill)
            if number >= kill["n"]:
                return _reset(request)
        return await self._forward(request, unauthorized="api-unauthorized" in faults)

    async def _kill(self, request: web.Request, fault: dict[str, Any]) -> None:
        """Kill the run, before the API server gets this request or after it has answered; the run gets no response."""
        if fault["when"] == "after":
            async with self._upstream(request, _headers(request) + _identity(request)) as upstream:
                await upstream.read()
        processes.kill_run(fault["run"])

    def _has_begun(self, fault: dict[str, Any]) -> bool:
        """Return whether the fault's first request that changes objects has come."""
        return bool(self.writes[fault["id"]] >= fault.get("from_write", 0))

    def _is_hit(self, fault: dict[str, Any]) -> bool:
        count = fault.get("count") or 0
        if count and self.counts[fault["id"]] >= count or random.random() >= fault.get("probability", 1.0):
            return False
        self.counts[fault["id"]] += 1
        return True

    def _upstream(
        self, request: web.Request, headers: list[tuple[str, str]]
    ) -> AbstractAsyncContextManager[ClientResponse]:
        assert self.session is not None
        return self.session.request(
            request.method,
            self.cluster.entry["server"] + request.raw_path,
            headers=headers,
            data=request.content if request.can_read_body else None,
            allow_redirects=False,
        )

    async def _forward(self, request: web.Request, unauthorized: bool) -> web.StreamResponse:
        headers = _headers(request)
        headers = with_invalid_token(headers) if unauthorized else headers + _identity(request)
        try:
            async with self._upstream(request, headers) as upstream:
                response = web.StreamResponse(
                    status=upstream.status,
                    headers=[(key, value) for key, value in upstream.headers.items() if key.lower() not in _HOP_BY_HOP],
                )
                await response.prepare(request)
                async for chunk in upstream.content.iter_any():
                    await response.write(chunk)
                await response.write_eof()
                return response
        except ClientError:
            # A stopped API server sends no response, and neither does the proxy.
            if request.transport:
                request.transport.abort()
            raise


def _headers(request: web.Request) -> list[tuple[str, str]]:
    return [
        (key, value)
        for key, value in request.headers.items()
        if key.lower() not in _HOP_BY_HOP and not key.lower().startswith("x-remote-")
    ]


def with_invalid_token(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers with an invalid token, so that the API server itself responds with 401."""
    return [(key, value) for key, value in headers if key.lower() != "authorization"] + [
        ("Authorization", "Bearer expired")
    ]


def _identity(request: web.Request) -> list[tuple[str, str]]:
    certificate = request.transport.get_extra_info("peercert") if request.transport else None
    if not certificate:
        return []
    subject = [pair for part in certificate["subject"] for pair in part]
    names = {"commonName": "X-Remote-User", "organizationName": "X-Remote-Group"}
    return [(names[key], value) for key, value in subject if key in names]


def _reset(request: web.Request) -> web.Response:
    """Reset the TCP connection, as a server that crashes or a load balancer that lost its state does."""
    if request.transport:
        connection = request.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response(status=500)


def _error_response(fault: dict[str, Any], target: dict[str, str]) -> web.Response:
    code = fault["code"]
    reason, message = _REASONS.get(code, ("", "error injected by the lab"))
    status: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message.format(**target),
        "reason": reason,
        "code": code,
    }
    headers = {}
    if code in (429, 503):
        headers["Retry-After"] = str(fault["retry_after"])
        status["details"] = {"retryAfterSeconds": fault["retry_after"]}
    return web.json_response(status, status=code, headers=headers)


def main() -> None:
    """Serve the front proxy of a cluster until a signal stops it."""
    parser = argparse.ArgumentParser(prog="python -m lab.front_proxy", description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="the lab's directory")
    parser.add_argument("--cluster", required=True, help="the cluster's name")
    parser.add_argument("--port", type=int, required=True, help="the port to listen on")
    options = parser.parse_args()
    cluster = Cluster(options.cluster, options.dir, state.load(options.dir)["clusters"][options.cluster])
    proxy = FrontProxy(cluster)
    application = web.Application(client_max_size=0)
    application.router.add_route("*", "/{path:.*}", proxy.handle)
    application.on_startup.append(proxy.open)
    application.on_cleanup.append(proxy.close)
    web.run_app(
        application,
        host=cluster.address(3),
        port=options.port,
        ssl_context=proxy.valid_context,
        print=None,
        access_log=None,
        shutdown_timeout=0.5,
    )


if __name__ == "__main__":
    main()
