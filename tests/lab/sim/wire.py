# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/2 over a TLS connection between two gateways, as between Envoys: a connection carries many requests.

The library h2 implements the protocol; this module connects it to asyncio.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

WINDOW = 2**24


class StreamLost(Exception):
    """The connection or the stream ended unexpectedly."""


class Incoming:
    """A received request; its response may be a long stream."""

    def __init__(self, wire: "Wire", number: int, headers: dict[str, str]) -> None:
        self.wire, self.number, self.headers = wire, number, headers
        self.path = headers.get(":path", "")
        self.open = True
        self.on_close: Callable[[], None] | None = None

    def start_response(self, status: int) -> None:
        """Send the status of the response; data may follow."""
        self.wire.send_headers(self.number, [(":status", str(status))])

    def send(self, message: Any) -> None:
        """Send a JSON line."""
        if self.open:
            self.wire.send_data(self.number, json.dumps(message).encode() + b"\n")

    def end(self) -> None:
        """End the response."""
        if self.open:
            self.open = False
            self.wire.end_stream(self.number)

    def respond(self, status: int, message: Any = None) -> None:
        """Send a complete response."""
        self.start_response(status)
        if message is not None:
            self.send(message)
        self.end()

    def closed(self) -> None:
        """Handle the end of the stream by the other side."""
        if self.open:
            self.open = False
        if self.on_close is not None:
            self.on_close()
            self.on_close = None


class Outgoing:
    """A sent request: the status of its response, then its lines."""

    def __init__(self, wire: "Wire", number: int) -> None:
        self.wire, self.number = wire, number
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._rest = b""
        self.ended = False

    def receive(self, data: bytes) -> None:
        """Handle data of the response."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._lines.put_nowait(line)

    def finish(self, in_order: bool) -> None:
        """Handle the end of the response, regular (`in_order`) or by a reset."""
        self.ended = True
        if not self.status.done():
            if in_order:
                self.status.set_result(503)
            else:
                self.status.set_exception(StreamLost())
                self.status.exception()
        self._lines.put_nowait(None)

    async def lines(self) -> AsyncIterator[Any]:
        """Yield the JSON lines of the response until it ends."""
        while (line := await self._lines.get()) is not None:
            yield json.loads(line)

    def cancel(self) -> None:
        """Cancel the request."""
        if not self.ended:
            self.wire.reset(self.number)
            self.finish(False)


def _text_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers as text."""
    return {name.decode(): value.decode() for name, value in headers}


class Wire(asyncio.Protocol):
    """A connection, as client or server."""

    def __init__(
        self,
        client: bool,
        on_request: Callable[[Incoming], None] | None = None,
        on_lost: Callable[["Wire"], None] | None = None,
    ) -> None:
        config = h2.config.H2Configuration(client_side=client, header_encoding=None)
        self._h2 = h2.connection.H2Connection(config)
        self._on_request, self._on_lost = on_request, on_lost
        self._transport: asyncio.Transport | None = None
        self._early = b""
        self._in: dict[int, Incoming] = {}
        self._out: dict[int, Outgoing] = {}
        self.open = False
        self.tag: Any = None

    # ---- life ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start HTTP/2 after the TLS handshake."""
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream transport is needed")
        self._transport = transport
        self.open = True
        self._h2.initiate_connection()
        self._h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: WINDOW})
        self._h2.increment_flow_control_window(WINDOW)
        self._flush()
        if self._early:
            early, self._early = self._early, b""
            self.data_received(early)

    def peer_certificate(self) -> bytes:
        """Return the certificate of the other side (DER)."""
        tls = self._transport.get_extra_info("ssl_object") if self._transport else None
        return (tls.getpeercert(True) if tls else None) or b""

    def connection_lost(self, exc: Exception | None) -> None:
        """End all streams of a closed connection."""
        self.open = False
        for incoming in list(self._in.values()):
            incoming.closed()
        for outgoing in list(self._out.values()):
            outgoing.finish(False)
        self._in.clear()
        self._out.clear()
        if self._on_lost is not None:
            self._on_lost(self)

    def close(self) -> None:
        """Close the connection after ending all open responses."""
        for incoming in list(self._in.values()):
            incoming.end()
            incoming.closed()
        if self._transport is not None and self.open:
            self.open = False
            self._transport.close()

    # ---- receive ----

    def data_received(self, data: bytes) -> None:
        """Handle data of the other side."""
        if self._transport is None:
            self._early += data
            return
        try:
            events = self._h2.receive_data(data)
        except h2.exceptions.ProtocolError:
            self._transport.abort()
            return
        for event in events:
            self._handle(event)
        self._flush()

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            incoming = Incoming(self, event.stream_id, _text_headers(event.headers))
            self._in[event.stream_id] = incoming
            if self._on_request is not None:
                self._on_request(incoming)
        elif isinstance(event, h2.events.ResponseReceived) and event.stream_id in self._out:
            future = self._out[event.stream_id].status
            if not future.done():
                future.set_result(int(_text_headers(event.headers)[":status"]))
        elif isinstance(event, h2.events.DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if event.stream_id in self._out:
                self._out[event.stream_id].receive(event.data)
        elif isinstance(event, (h2.events.StreamEnded, h2.events.StreamReset)):
            self._stream_ended(event.stream_id, isinstance(event, h2.events.StreamEnded))

    def _stream_ended(self, number: int, in_order: bool) -> None:
        if number in self._out:
            self._out.pop(number).finish(in_order)
        elif number in self._in and not in_order:
            self._in.pop(number).closed()

    # ---- send ----

    def request(self, authority: str, path: str, headers: dict[str, str]) -> Outgoing:
        """Send a GET."""
        if not self.open:
            raise StreamLost()
        number = self._h2.get_next_available_stream_id()
        lines = [(":method", "GET"), (":scheme", "https"), (":authority", authority), (":path", path)]
        outgoing = Outgoing(self, number)
        self._out[number] = outgoing
        self._h2.send_headers(number, lines + [(key.lower(), value) for key, value in headers.items()], end_stream=True)
        self._flush()
        return outgoing

    def send_headers(self, number: int, headers: list[tuple[str, str]]) -> None:
        """Send the headers of a response."""
        self._try(lambda: self._h2.send_headers(number, headers))

    def send_data(self, number: int, data: bytes) -> None:
        """Send data of a response."""
        size = self._h2.max_outbound_frame_size
        for offset in range(0, len(data), size):
            piece = data[offset : offset + size]
            self._try(functools.partial(self._h2.send_data, number, piece))

    def end_stream(self, number: int) -> None:
        """Send the end of a response."""
        self._in.pop(number, None)
        self._try(lambda: self._h2.end_stream(number))

    def reset(self, number: int) -> None:
        """Reset a stream."""
        self._out.pop(number, None)
        self._try(lambda: self._h2.reset_stream(number))

    def _try(self, action: Callable[[], None]) -> None:
        """Run an action of h2; ignore that the other side has just closed the stream."""
        if not self.open:
            return
        try:
            action()
        except (h2.exceptions.StreamClosedError, h2.exceptions.ProtocolError):
            return
        self._flush()

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data and self._transport is not None and self.open:
            self._transport.write(data)
