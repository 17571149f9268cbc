# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search all that runs have written for planted secrets: plain, escaped, encoded, and in members of archives."""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

_WORD = re.compile(rb"[A-Za-z0-9+/_-]{40,}={0,2}")
#: What is encoded in something encoded, and so on, is decoded so many times.
_DEPTH = 4


def leaks(secrets: Mapping[str, str], files: Iterable[Path]) -> list[str]:
    """Return which secret is in which file, with what comes before it there; ``secrets`` are texts by name."""
    return [
        f"{name} in {file}{place}: {around!r}"
        for file in files
        for place, content in contents(file.read_bytes())
        for name, secret in secrets.items()
        for around in _around(content, secret.encode())
    ]


def contents(content: bytes, place: str = "", depth: int = _DEPTH) -> Iterator[tuple[str, bytes]]:
    """Yield what is readable in a content, with its place: itself, its members, and what is encoded in it."""
    # JSON may escape what has quotes or line breaks in it.
    yield place, content
    if not depth:
        return
    for name, inner in _members(content):
        yield from contents(inner, f"{place}!{name}", depth - 1)
    for word in set(_WORD.findall(content)):
        inner = _decoded(word)
        if inner:
            yield from contents(inner, f"{place}!base64", depth - 1)


def _members(content: bytes) -> Iterator[tuple[str, bytes]]:
    if content[:2] == b"\x1f\x8b":
        with suppress(OSError, EOFError, zlib.error):
            yield "gzip", gzip.decompress(content)
    if content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                file = archive.extractfile(member)
                if file:
                    yield member.name, file.read()


def _decoded(word: bytes) -> bytes:
    """Return what base64 of either alphabet encodes; nothing where it is none, or encodes no text and no archive."""
    with suppress(binascii.Error, ValueError):
        inner = base64.b64decode(word.translate(bytes.maketrans(b"-_", b"+/")) + b"=" * (-len(word) % 4))
        if inner[:2] == b"\x1f\x8b" or all(byte >= 32 or byte in b"\t\r\n" for byte in inner):
            return inner
    return b""


def _around(content: bytes, secret: bytes) -> Iterator[str]:
    position = content.find(secret)
    if position >= 0:
        yield content[max(0, position - 120) : position].decode(errors="replace")
