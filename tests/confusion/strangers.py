# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Something else at the address of an ingress gateway: listeners of the test itself, while the gateway does not listen."""

from __future__ import annotations

import socket
import ssl
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

from lab.sim.ca import WORKLOAD_KEY_PEM, Authority

from confusion.slots import Slot, eventually

DISCOVERY = 8188


def tls(slot: Slot) -> None:
    """Put a TLS server with a certificate of another authority at the address of east's gateway."""
    certificate = Authority.create("stranger.local").issue("stranger.local/ns/stranger/sa/web")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(certificate + WORKLOAD_KEY_PEM)
        context.load_cert_chain(file.name)
    _listen(slot, context)


def plain(slot: Slot) -> None:
    """Put a server without TLS at the address of east's gateway."""
    _listen(slot, None)


def _listen(slot: Slot, context: ssl.SSLContext | None) -> None:
    address = slot.address()
    slot.east.fault("ingress-unreachable")
    server = eventually(lambda: _server(address), 20)
    slot.closing.append(server.close)
    threading.Thread(target=_serve, args=(server, context), daemon=True).start()


def _server(address: str) -> socket.socket | None:
    """Return a socket that listens at the address; None while the gateway still does."""
    with suppress(OSError):
        return socket.create_server((address, DISCOVERY))
    return None


def _serve(server: socket.socket, context: ssl.SSLContext | None) -> None:
    """Answer every client until the socket is closed."""
    while server.fileno() != -1:
        with suppress(OSError):
            client = server.accept()[0]
            client.settimeout(5)
            with client, suppress(OSError):
                if context is None:
                    client.recv(1024)
                    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                else:
                    with context.wrap_socket(client, server_side=True) as secure:
                        secure.recv(1024)
