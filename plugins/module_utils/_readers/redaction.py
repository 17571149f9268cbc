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
import json
import re
import zlib
from typing import Any, List, Match

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import ROOT_CONFIG_MAP
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

REDACTED = "[redacted]"
SECRET = "Secret"
_LAST_APPLIED = "last-applied-configuration"
#: Parts of names of values that are secrets, and what such a name ends with where it is a reference or a setting.
_SECRET_NAME = (
    r"(?:pass(?:word|wd|phrase)|(?<!by)pass(?![a-z]|[_-]?through)|pwd(?![a-z])|secret|token|credential|api[_-]?key|"
    r"access[_-]?key|private[_-]?key|client[_-]?key|tls[._-]key|(?:signing|encryption|master)[_-]?key|key[_-]?data|authorization|cookie|"
    r"connection[_-]?string|kubeconfig|dockercfg|dockerconfigjson|(?<![a-z0-9_.-])auth(?![a-z0-9_.-]))"
)
_NAMES_SECRET = re.compile(_SECRET_NAME, re.IGNORECASE)
_REFERENCES = (
    "name names namespace ref kind type path file dir mount seconds expiration audience issuer url uri policy version enabled required "
    "count size id ttl timeout lifetime duration mode provider method"
).split()
_REFERENCE = re.compile(rf"(?:{'|'.join(_REFERENCES)})\Z", re.IGNORECASE)
_CERTIFICATES = re.compile(
    r"(?:(?:\s|#[^\n]*\n)*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s\\]*-----END CERTIFICATE-----)+\s*\Z"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?)-----.*?(?:-----END (?P=kind)-----|(?=-----BEGIN )|\Z)",
    re.DOTALL,
)
#: What a line of a log begins with, and what is between the lines of an encoded text.
_TIME = r"(?:\d{4}-\d\d-\d\dT[\d:.+-]{5,30}Z? )?"
_BREAK = rf"(?:\s|\\{{1,8}}[nr]){{1,80}}{_TIME}"
#: The end of a private key whose beginning is not there, and a line before it.
_KEY_END = re.compile(r"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINE = re.compile(
    rf"(?:(?<=\\n)|(?<![A-Za-z0-9+/=\\])){_TIME}[A-Za-z0-9+/=]{{1,100}}[ \t]{{0,4}}(?:\r?\n{_TIME}|\\{{1,8}}n)\Z"
)
_KEY_WINDOW = 240
#: Texts that are secrets by their form: JSON web tokens, tokens of OpenShift, AWS, GitHub, GitLab, Slack.
_TOKENS = re.compile(
    r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?|sha256~[A-Za-z0-9_-]{20,}|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|"
    r"\bgh[pousr]_[A-Za-z0-9]{20,}|\bglpat-[A-Za-z0-9_-]{16,}|\bxox[abprs]-[A-Za-z0-9-]{10,}"
)
_HEADER = re.compile(r"(?i)\b(bearer|basic)(\s{1,80}|%20)(?!\[redacted\])[A-Za-z0-9._~+/=-]{6,}")
_AUTHORIZATION = re.compile(r"(?i)(authorization\\*[\"']?[ \t]*[:=][ \t]*\\*[\"']?)[^\s\"'\\\[][^\n\"'\\]*")
#: A port is no password, and what is before a digest is no user.
_URL = re.compile(
    r"(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{0,20}://)"
    r"(?:[^\s/@:\"'?#]{0,200}:(?!\d{1,5}[/?#\s\"'])[^\s\"']{0,300}|(?!\[redacted\])[^\s/@:\"'?#,]{1,300})@(?!sha256:)",
    re.IGNORECASE,
)
#: Patterns begin where a word begins and are bounded, so that a long line takes no longer than many short ones.
_WORD = "[A-Za-z0-9_.-]"
_IS_SECRET = rf"(?={_WORD}{{0,200}}?{_SECRET_NAME})"
_NAME = rf"{_IS_SECRET}{_WORD}{{1,200}}" + "".join(f"(?<!{word})" for word in _REFERENCES)
_SIGN = r"\\*[\"']?[ \t]*(?:=|:(?!//)|%3[AD])"
_QUOTED = r"(?P<quote>\\{1,15}[\"'])[^\n]*?(?<!\\)(?P=quote)|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\n]|'')*'"
_ITEMS = r"\[(?!redacted\])(?:[^\[\]{}\n]|\[redacted\])*\]|\{(?:[^\[\]{}\n]|\[redacted\])*\}"
_REST = r"(?:[^\n\"\\]|\\(?!\\{0,15}[\"']))+"
_ONE = r"(?:[^\s\"'\\]|'(?=[A-Za-z0-9])|\\(?!\\{0,15}[\"']))+"
#: A name and its value in a log, in JSON, in YAML, in a query or on a command line; quotes may be escaped. Without quotes a value has
#: blanks where the name is the first of its line, or one of a text that may have blanks.
_ASSIGNMENT = re.compile(
    rf"(?:(?P<start>^{_TIME}[ \t]{{0,200}}(?:-[ \t]{{1,9}})?\\*[\"']?)|(?<!{_WORD}))"
    rf"(?P<wide>(?={_WORD}{{0,200}}?(?:pass|pwd|cookie|authorization|connection)))?"
    rf"(?P<name>{_NAME})(?P<sign>{_SIGN}(?P<gap>[ \t]+)?)"
    rf"(?P<value>{_QUOTED}|{_ITEMS}|(?(gap)(?(start){_REST}|(?(wide){_REST}|{_ONE}))|{_ONE}))",
    re.IGNORECASE | re.MULTILINE,
)
_FLAG = re.compile(rf"(?<!{_WORD})(--?{_NAME}[ \t]{{1,9}})(?P<value>{_QUOTED}|(?![-=:])[^\s\"'\\]+)", re.IGNORECASE)
#: A variable or a header whose name and value stand beside each other.
_PAIR = re.compile(
    rf"(?<!{_WORD})((?:name|key){_SIGN}[ \t]*\\*[\"']?{_NAME}\\*[\"']?[,\s]{{1,40}}\\*[\"']?value{_SIGN}[ \t]*)"
    rf"(?P<value>{_QUOTED}|{_REST})",
    re.IGNORECASE,
)
#: A text of several lines in YAML.
_BLOCK = re.compile(
    rf"^(?P<indent>[ \t]*)(?P<name>(?:- )?[\"']?{_NAME}[\"']?:[ \t]*)[|>][0-9+-]{{0,3}}[ \t]*(?:\n(?P=indent)[ \t]+[^\n]*|\n(?=\n))+",
    re.IGNORECASE | re.MULTILINE,
)
_MEMBER = re.compile(rf"(?P<name>{_WORD}{{1,200}})(?P<sign>{_SIGN}[ \t]*)(?P<value>{_QUOTED}|[^\s,\[\]{{}}]+)", re.I)
_JSON_LINE = re.compile(rf"^({_TIME})(\{{[^\n]*\}})[ \t]*$", re.MULTILINE)
_FLAG_NAME = re.compile(r"--?([A-Za-z0-9_.-]{1,200})\Z")
_ENCODED = "[A-Za-z0-9+/_-]"
_BASE64 = re.compile(rf"{_ENCODED}{{40,}}={{0,2}}")
#: Base64 in lines; the last may be short, or a word that is none of it.
_LINES = re.compile(rf"{_ENCODED}{{40,}}(?:{_BREAK}{_ENCODED}{{40,}})*(?P<last>{_BREAK}{_ENCODED}{{1,100}})?={{0,2}}")
_BREAKS = re.compile(_BREAK)
_SHORT = re.compile(r"\[redacted\](?: \d+ characters)?|[\[\]{},|>\s]*|\d{1,3}|true|false|null|none", re.IGNORECASE)
#: Layers of encodings that are looked into, and bytes of each.
_DEPTH = 3
_MOST = 4 * 1024 * 1024


def redact_text(text: str, depth: int = _DEPTH) -> str:
    """A text without private keys, tokens, passwords and encoded texts that have some."""
    if len(text) < 6:
        return text
    if depth == _DEPTH:
        # What is encoded is looked into as a text, or an encoding in an encoding would be looked into again and again.
        text = _redact_json(text)
        text = _JSON_LINE.sub(lambda match: f"{match[1]}{_redact_json(match[2])}", text)
    text = _without_rest_of_key(_PRIVATE_KEY.sub(REDACTED, text))
    text = _TOKENS.sub(REDACTED, text)
    text = _HEADER.sub(lambda match: f"{match[1]}{match[2]}{REDACTED}", text)
    text = _AUTHORIZATION.sub(lambda match: f"{match[1]}{REDACTED}", text)
    text = _URL.sub(lambda match: f"{match[1]}{REDACTED}@", text)
    text = _BLOCK.sub(lambda match: f"{match['indent']}{match['name']}{REDACTED}", text)
    text = _PAIR.sub(lambda match: f"{match[1]}{_hidden_text(match['value'])}", text)
    text = _ASSIGNMENT.sub(_without_value, text)
    text = _FLAG.sub(lambda match: f"{match[1]}{_hidden_text(match['value'])}", text)
    if not depth:
        return text
    return _LINES.sub(lambda match: _without_encoded(match, depth), text)


def _redact_json(text: str) -> str:
    """A text in JSON without secrets, by the names of its values; any other text as it is."""
    if text[0] not in '{["':
        return text
    try:
        data = json.loads(text)
        cleaned = redact(data)
    except (ValueError, RecursionError):
        return text
    if cleaned == data:
        return text
    return json.dumps(cleaned, indent=2 if "\n" in text else None, ensure_ascii=False)


def _without_rest_of_key(text: str) -> str:
    """A text without the end of a private key whose beginning was cut off."""
    kept, position = [], 0
    for end in _KEY_END.finditer(text):
        start = end.start()
        line = _KEY_LINE.search(text, max(position, start - _KEY_WINDOW), start)
        while line and line.start() < start:
            start = line.start()
            line = _KEY_LINE.search(text, max(position, start - _KEY_WINDOW), start)
        kept += [text[position:start], REDACTED]
        position = end.end()
    return "".join([*kept, text[position:]])


def _without_value(match: Match[str]) -> str:
    """An assignment to a name of a secret, without the value."""
    value, before = match["value"], f"{match['start'] or ''}{match['name']}{match['sign']}"
    if value[0] == "{" and value[-1] == "}":
        return before + _MEMBER.sub(_without_member, value)
    if value[0] == "[" and value[-1] == "]" and value != REDACTED:
        return f"{before}[{_hidden_text(value[1:-1].split(', ')[0]) if value[1:-1].strip() else ''}]"
    return before + _hidden_text(value)


def _without_member(match: Match[str]) -> str:
    """A value in a dictionary that is a secret, but for references and settings."""
    if _REFERENCE.search(match["name"]):
        return match[0]
    return f"{match['name']}{match['sign']}{_hidden_text(match['value'])}"


def _hidden_text(value: str) -> str:
    """What replaces a value, with its quotes."""
    bare = value.strip("\\\"'")
    if not bare or is_plain(bare):
        return value
    opening = value[: len(value) - len(value.lstrip("\\\"'"))]
    return f"{opening}{REDACTED}{value[len(value.rstrip(chr(92) + chr(34) + chr(39))) :]}"


def is_plain(value: str) -> bool:
    """Whether a value tells nothing: it is redacted already, a small number or a truth value."""
    return _SHORT.fullmatch(value) is not None


def names_secret(name: str) -> bool:
    """Whether a value with this name is taken for a secret."""
    return bool(_NAMES_SECRET.search(name)) and not _REFERENCE.search(name)


def _without_encoded(match: Match[str], depth: int) -> str:
    """A text in Base64, or what replaces it where the decoded, perhaps compressed text has a secret."""
    text, last = match[0], match["last"]
    if _BREAKS.search(text):
        if _has_secret(text, depth):
            return REDACTED
        if last and _has_secret(text[: match.start("last") - match.start()], depth):
            return REDACTED
    return _BASE64.sub(lambda one: REDACTED if _has_secret(one[0], depth) else one[0], text)


def _has_secret(encoded: str, depth: int) -> bool:
    """Whether a text in Base64, in one line or in several, has a secret."""
    decoded = _decoded(_BREAKS.sub("", encoded))
    return decoded is not None and redact_text(decoded, depth - 1) != decoded


def _decoded(encoded: str) -> Any:
    """The text of an encoding in Base64; None where it is no text."""
    bare = encoded.rstrip("=").replace("-", "+").replace("_", "/")
    if len(bare) % 4 == 1:
        bare = bare[:-1]
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
        return _redact_list(value)
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("metadata"), dict) and "kind" in value:
        return redact_object(value)
    return _redact_mapping(value)


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get("kind") == SECRET and isinstance(value.get("metadata"), dict)


def _redact_list(values: List[Any]) -> List[Any]:
    """A list without Secrets, and without what follows an argument whose name says that it is a secret."""
    found: List[Any] = []
    is_next = False
    for item in values:
        if _is_secret(item):
            continue
        is_value = is_next and isinstance(item, str) and not item.startswith("-")
        found.append(_hidden(item) if is_value else redact(item))
        flag = _FLAG_NAME.match(item) if isinstance(item, str) else None
        is_next = flag is not None and names_secret(flag[1])
    return found


def _redact_mapping(value: Json) -> Json:
    """A dictionary without the values whose names say that they are secrets."""
    labels = {str(key).lower(): inner for key, inner in value.items()}
    is_pair = any(isinstance(labels.get(key), str) and names_secret(labels[key]) for key in ("name", "key"))
    if "value" in labels and is_pair:
        # A variable of a container, a header, or an argument in the same form.
        return {key: _hidden(inner) if str(key).lower() == "value" else redact(inner) for key, inner in value.items()}
    return {key: _redact_value(str(key), inner) for key, inner in value.items()}


def _redact_value(name: str, value: Any) -> Any:
    if _LAST_APPLIED in name:
        return REDACTED
    is_section = name.lower() == "auth" and isinstance(value, dict)
    return _hidden(value) if names_secret(name) and not is_section else redact(value)


def _hidden(value: Any) -> Any:
    """A value that is a secret: nothing of it stays but references, settings, and what tells nothing."""
    if isinstance(value, list):
        return [_hidden(item) for item in value if not _is_secret(item)]
    if isinstance(value, dict):
        return {key: redact(inner) if _REFERENCE.search(str(key)) else _hidden(inner) for key, inner in value.items()}
    if value is None or value == "" or is_plain(str(value)):
        return value
    return REDACTED


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
