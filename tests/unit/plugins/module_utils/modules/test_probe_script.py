# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script of a probe in a real bash with a real curl: what it reports of servers that answer, close, hang or are not there."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._modules.probe_script import SCRIPT
from ansible_collections.ossm.federation.plugins.module_utils._product.probes import ProbeTarget
from ansible_collections.ossm.federation.plugins.module_utils._readers.probe import read_report

SECONDS = 2


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the code in the path; the server has the headers, and the codes of further requests."""

    def do_GET(self) -> None:
        server: Any = self.server
        code = server.codes.pop(0) if server.codes else int(self.path.strip("/") or 200)
        self.send_response_only(code)
        for name, value in server.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments: Any) -> None:
        pass


class Servers:
    """Servers on loopback that end with the test."""

    def __init__(self) -> None:
        self.sockets: list[socket.socket] = []
        self.servers: list[http.server.ThreadingHTTPServer] = []

    def http(self, *codes: int, **headers: str) -> int:
        """Start a web server, return its port; underscores in names of headers are hyphens."""
        server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        server.codes, server.headers = list(codes), {name.replace("_", "-"): value for name, value in headers.items()}
        self.servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return int(server.server_address[1])

    def tcp(self, greeting: bytes = b"", close: bool = False) -> int:
        """Start a server that accepts one connection, and sends, closes or does nothing; return its port."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.sockets.append(listener)

        def serve() -> None:
            connection = listener.accept()[0]
            self.sockets.append(connection)
            if greeting:
                connection.sendall(greeting)
            if close:
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        return int(listener.getsockname()[1])

    def stop(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()
        for one in self.sockets:
            one.close()


@pytest.fixture(name="servers")
def _servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.stop()


def _run(tmp_path: Path, *targets: tuple[str, str, int], path: str = "/", header: str = "", search: str = "") -> Any:
    report = tmp_path / "report"
    environment = {
        "PATH": search or os.environ["PATH"],
        "PROBE_REPORT": str(report),
        "PROBE_TARGETS": "\n".join(f"{protocol} {host} {port}" for protocol, host, port in targets),
        "PROBE_PATH": path,
        "PROBE_HEADER": header,
        "PROBE_REQUESTS": "3",
        "PROBE_SECONDS": str(SECONDS),
        "http_proxy": "http://127.0.0.1:9",
    }
    code = subprocess.run(["/bin/bash", "-c", SCRIPT], env=environment, check=False, timeout=60).returncode
    return code, report.read_text()


def _rows(tmp_path: Path, *targets: tuple[str, str, int], **options: str) -> list[Any]:
    code, text = _run(tmp_path, *targets, **options)
    assert code == 0
    described: list[ProbeTarget] = [
        {"peer": "red", "service": "s", "host": host, "port": port, "protocol": "tcp" if protocol == "tcp" else "http"}
        for protocol, host, port in targets
    ]
    return list(zip(json.loads(text), read_report(text, described, "pod"), strict=True))


def test_who_answers_and_what_does_not(tmp_path: Path, servers: Servers) -> None:
    served = servers.http(x_envoy_upstream_service_time="3", server="istio-envoy", X_Mesh='re"d\\ 1')
    targets = [
        ("http", "127.0.0.1", served),
        ("http", "127.0.0.1", servers.http(server="envoy")),
        ("http", "127.0.0.1", servers.http(server="nginx")),
        ("http", "127.0.0.1", servers.tcp()),
        ("http", "127.0.0.1", servers.tcp(close=True)),
        ("http", "no-such-host.invalid", 80),
        ("http", "127.0.0.1", 9),
        ("tcp", "127.0.0.1", servers.tcp()),
        ("tcp", "127.0.0.1", servers.tcp(b"hello\n")),
        ("tcp", "127.0.0.1", servers.tcp(close=True)),
        ("tcp", "127.0.0.1", 9),
    ]
    rows = _rows(tmp_path, *targets, header="x-mesh")
    assert [(row["ok"], row["answered_by"], row["status"]) for _raw, row in rows] == [
        (True, "red 1", 200),
        (False, "envoy", 200),
        (True, "application", 200),
        *[(False, "", 0)] * 4,
        (True, "application", 0),
        (True, "application", 0),
        (False, "", 0),
        (False, "", 0),
    ]
    assert [raw[3] for raw, _row in rows] == [0, 0, 0, 28, rows[4][0][3], 6, 7, 0, 0, 52, 7]
    assert rows[4][0][3] in (52, 56)
    assert [raw[4] for raw, _row in rows[:3]] == [3, 0, 3], "an answer of Envoy ends the requests"
    assert all(row["latency_ms"] is not None for _raw, row in rows[:3]) and rows[3][1]["latency_ms"] is None


@pytest.mark.parametrize(
    ("codes", "served", "status"), [([200, 200, 200], 3, 200), ([200, 503], 1, 503), ([404], 3, 404)]
)
def test_requests_end_with_the_first_that_is_not_served(
    codes: list[int], served: int, status: int, tmp_path: Path, servers: Servers
) -> None:
    port = servers.http(*codes, x_envoy_upstream_service_time="1")
    [(raw, row)] = _rows(
        tmp_path, ("http", "127.0.0.1", port), path=f"/{status}?a=$(id)[1-3]" if status == 200 else f"/{status}"
    )
    assert (raw[0], raw[4], row["ok"]) == (status, served, status < 500)
    assert row["message"].startswith(f"HTTP {status}")


def test_an_image_without_curl_says_so(tmp_path: Path) -> None:
    assert _run(tmp_path, ("http", "127.0.0.1", 9), search=str(tmp_path)) == (4, "no curl")


def test_the_sidecar_is_told_to_quit(tmp_path: Path) -> None:
    """Port 15020 is that of the agent beside every container of the pod; it is only free where nothing else runs."""
    received: list[bytes] = []
    try:
        listener = socket.create_server(("127.0.0.1", 15020))
    except OSError:
        pytest.skip("port 15020 is in use")

    def serve() -> None:
        connection = listener.accept()[0]
        # bash sends line by line.
        while not b"".join(received).endswith(b"\r\n\r\n") and (part := connection.recv(1000)):
            received.append(part)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nOK")
        connection.close()

    thread = threading.Thread(target=serve)
    thread.start()
    with listener:
        _run(tmp_path, ("http", "127.0.0.1", 9))
        thread.join(5)
    assert b"".join(received) == b"POST /quitquitquit HTTP/1.0\r\nHost: localhost\r\n\r\n"
