# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Texts, data and Kubernetes objects without secrets, for files that leave the hands of the administrator. Pure. Private to this
collection.

Certificates are public and stay. Where it is not clear whether a value is a secret, it goes. Each function returns the same for
what it has returned itself, so that everything can be redacted again where it is written.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Any, Match

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import ROOT_CONFIG_MAP
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

REDACTED = "[redacted]"
SECRET = "Secret"
_LAST_APPLIED = "last-applied-configuration"
#: Parts of names of values that are secrets, and what such a name ends with where it is a reference or a setting.
_SECRET_NAME = (
    r"(?:pass(?:word|wd|phrase)|secret|token|credential|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?key|"
    r"key[_-]?data|authorization|cookie|connection[_-]?string|kubeconfig|dockercfg|dockerconfigjson)"
)
_NAMES_SECRET = re.compile(_SECRET_NAME, re.IGNORECASE)
_REFERENCE = re.compile(
    r"(?:name|names|namespace|ref|kind|type|path|file|dir|mount|seconds|expiration|audience|issuer|url|uri|policy|version|"
    r"enabled|required|count|size|id)\Z",
    re.IGNORECASE,
)
_CERTIFICATES = re.compile(r"(?:[^-]*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s\\]*-----END CERTIFICATE-----)+\s*\Z")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]*PRIVATE KEY)-----.*?(?:-----END (?P=kind)-----|(?=-----BEGIN )|\Z)", re.DOTALL
)
#: Texts that are secrets by their form: JSON web tokens, tokens of OpenShift, AWS, GitHub, Slack.
_TOKENS = re.compile(
    r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?|sha256~[A-Za-z0-9_-]{20,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|"
    r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
)
_HEADER = re.compile(r"(?i)\b(bearer|basic)(\s+|%20)(?!\[redacted\])[A-Za-z0-9._~+/=-]{6,}")
_AUTHORIZATION = re.compile(r"(?i)(authorization\\*[\"']?[ \t]*[:=][ \t]*\\*[\"']?)[^\s\"'\\\[][^\n\"'\\]*")
_URL = re.compile(r"([a-z][a-z0-9+.-]*://)[^\s/@:\"']*:[^\s/@\"']+@", re.IGNORECASE)
#: A name and its value in a log, in JSON, in YAML, in a query or on a command line; quotes may be escaped.
_ASSIGNMENT = re.compile(
    r"(?P<name>[A-Za-z0-9_.-]*" + _SECRET_NAME + r"[A-Za-z0-9_.-]*)"
    r"(?P<sign>\\*[\"']?[ \t]*(?:=|:(?!//))[ \t]*)"
    r"(?P<value>\[redacted\]|\\+\"[^\"\\\n]*\\+\"|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s,;&\"'}\]\)]+)",
    re.IGNORECASE,
)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{40,}={0,2}")
#: Layers of encodings that are looked into, and bytes of each.
_DEPTH = 3
_MOST = 4 * 1024 * 1024


def redact_text(text: str, depth: int = _DEPTH) -> str:
    """A text without private keys, tokens, passwords and encoded texts that have some."""
    if len(text) < 6:
        return text
    text = _PRIVATE_KEY.sub(REDACTED, text)
    text = _TOKENS.sub(REDACTED, text)
    text = _HEADER.sub(lambda match: f"{match[1]}{match[2]}{REDACTED}", text)
    text = _AUTHORIZATION.sub(lambda match: f"{match[1]}{REDACTED}", text)
    text = _URL.sub(lambda match: f"{match[1]}{REDACTED}@", text)
    text = _ASSIGNMENT.sub(_without_value, text)
    return _BASE64.sub(lambda match: _without_encoded(match, depth), text) if depth else text


def _without_value(match: Match[str]) -> str:
    """An assignment to a name of a secret, without the value."""
    name, sign, value = match["name"], match["sign"], match["value"]
    bare = value.strip("\\\"'")
    if not bare or is_plain(bare) or not names_secret(name):
        return match[0]
    return (
        f"{name}{sign}{value[: len(value) - len(value.lstrip(chr(92) + chr(34) + chr(39)))]}{REDACTED}{_closing(value)}"
    )


def _closing(value: str) -> str:
    """The quotes at the end of a value."""
    return value[len(value.rstrip("\\\"'")) :]


def is_plain(value: str) -> bool:
    """Whether a value tells nothing: it is redacted already, a number or a truth value."""
    return REDACTED in value or value.lower() in ("true", "false", "null", "none", "[", "{") or value.isdigit()


def names_secret(name: str) -> bool:
    """Whether a value with this name is taken for a secret."""
    return bool(_NAMES_SECRET.search(name)) and not _REFERENCE.search(name)


def _without_encoded(match: Match[str], depth: int) -> str:
    """A text in Base64, or what replaces it where the decoded, perhaps compressed text has a secret."""
    decoded = _decoded(match[0])
    return REDACTED if decoded is not None and redact_text(decoded, depth - 1) != decoded else match[0]


def _decoded(encoded: str) -> Any:
    """The text of an encoding in Base64; None where it is no text."""
    bare = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        content = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return as_text(unpacked(content))


def unpacked(content: bytes) -> bytes:
    """The content of a gzip or zlib stream, up to a limit; anything else as it is."""
    if content[:2] not in (b"\x1f\x8b", b"\x78\x9c", b"\x78\xda", b"\x78\x01"):
        return content
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(content, _MOST)
    except zlib.error:
        return content


def as_text(content: bytes) -> Any:
    """Bytes as text; None where they are none."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def redact(value: Any) -> Any:
    """Plain data without secrets, by the names of values and by their form; Kubernetes objects in it as ``redact_object``."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, list):
        return [redact(item) for item in value if not _is_secret(item)]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("metadata"), dict) and "kind" in value:
        return redact_object(value)
    return _redact_mapping(value)


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get("kind") == SECRET and isinstance(value.get("metadata"), dict)


def _redact_mapping(value: Json) -> Json:
    """A dictionary without the values whose names say that they are secrets."""
    if isinstance(value.get("name"), str) and isinstance(value.get("value"), str) and names_secret(value["name"]):
        # A variable of a container, or an argument in the same form.
        return {**value, "value": value["value"] if is_plain(value["value"]) else REDACTED}
    return {key: _redact_value(str(key), inner) for key, inner in value.items()}


def _redact_value(name: str, value: Any) -> Any:
    if _LAST_APPLIED in name:
        return REDACTED
    if isinstance(value, str) and names_secret(name) and value and not is_plain(value):
        return REDACTED
    if isinstance(value, list) and names_secret(name):
        return [REDACTED if isinstance(item, str) else redact(item) for item in value]
    return redact(value)


def redact_object(obj: Json) -> Json:
    """A Kubernetes object, or a list of them, without secrets; of a Secret nothing but its name stays."""
    kind, meta = str(obj.get("kind") or ""), obj.get("metadata") or {}
    if kind == SECRET:
        return {"kind": kind, "metadata": {key: meta[key] for key in ("namespace", "name") if key in meta}}
    kept = {key: inner for key, inner in obj.items() if key not in ("data", "binaryData", "stringData")}
    # Managed fields have names of fields and no values.
    fields = {"managedFields": meta["managedFields"]} if "managedFields" in meta else {}
    cleaned = _redact_mapping({**kept, "metadata": {key: meta[key] for key in meta if key != "managedFields"}})
    cleaned["metadata"].update(fields)
    for section in ("data", "binaryData"):
        if isinstance(obj.get(section), dict):
            content = {key: _redact_entry(meta, str(key), inner) for key, inner in obj[section].items()}
            cleaned[section] = content if kind == "ConfigMap" else _redact_mapping(obj[section])
    return cleaned


def _redact_entry(meta: Json, key: str, value: Any) -> Any:
    """A value of a ConfigMap. Only those of the mesh itself are known to have no secrets; of others, certificates stay."""
    name = str(meta.get("name") or "")
    if not value or not isinstance(value, str) or _CERTIFICATES.match(value) or is_plain(value):
        return value
    is_mesh_config = name.startswith("istio-") and key in ("mesh", "meshNetworks")
    if is_mesh_config or name == ROOT_CONFIG_MAP or name.endswith("-ca-root-cert"):
        return redact_text(value)
    return f"{REDACTED} {len(value)} characters"
