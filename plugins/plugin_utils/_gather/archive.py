# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the content of an archive for support. Pure.

The same collected data gives the same bytes: members are sorted, and have the time of the run. Everything is redacted where it was
read, and once more here, since texts of other parts of the collection come in.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.redaction import redact, redact_text
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.objects import as_yaml, file_of, objects
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.sides import link_files
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.timeline import event_lines, timeline
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.types import (
    FORMAT,
    VERSION,
    Collected,
    Gathering,
    GatherVerdict,
)

MANIFEST, ANSWERS = "manifest.json", "answers.json"


class Part(NamedTuple):
    """A part of an archive for people: its path, what it has, and its number of files and bytes."""

    path: str
    what: str
    files: int
    bytes: int


_PARTS = (
    ("links/", "both ends of each link, side by side, with the logs of its gateways"),
    ("meshes/", "each mesh: objects, events, logs, debug pages, what oc inspected, answers for a replay"),
    ("timeline.txt", "everything that has a time, of all meshes, in one order"),
    ("status/", "the status of the federation: data, text, a page for a browser, metrics"),
    ("doctor/", "the diagnosis, and what was seen of the network"),
    ("problems.txt", "what was wrong when the meshes were read"),
    ("inventory.yml", "what is declared, without access to clusters"),
    ("identities/", "identity files of other administrators' meshes"),
    ("manifest.json", "what this archive is, with checksums, and what is missing"),
)


def unpack(content: str) -> Collected:
    """What mesh_gather has packed."""
    found: Collected = json.loads(gzip.decompress(base64.b64decode(content)))
    return found


def verdict_of(gathering: Gathering, collected: Mapping[str, Collected]) -> GatherVerdict:
    """Whether everything was gathered, something, or nothing."""
    if not any(one["answers"] and one["facts"]["readable"] for one in collected.values()):
        return "EMPTY"
    return "INCOMPLETE" if missing(gathering, collected) else "GATHERED"


def missing(gathering: Gathering, collected: Mapping[str, Collected]) -> List[Json]:
    """What could not be collected, with its mesh, without secrets."""
    found: List[Json] = [
        {"mesh": collected[host]["facts"]["mesh"], **redact(one)}
        for host in sorted(collected)
        for one in collected[host]["facts"]["missing"]
    ]
    return found + [
        {"mesh": mesh, "what": "everything", "reason": "it is known by identity files only", "remedy": ""}
        for host, mesh in sorted(gathering["meshes"].items())
        if host in gathering["by_file"]
    ]


def members(gathering: Gathering, collected: Mapping[str, Collected]) -> Dict[str, str]:
    """The texts of an archive by path, without secrets; the manifest is among them."""
    found = {host: objects(one["answers"]) for host, one in collected.items()}
    files: Dict[str, str] = {}
    for host, one in sorted(collected.items()):
        folder = f"meshes/{gathering['meshes'][host]}"
        files[f"{folder}/{ANSWERS}"] = _json(one["answers"])
        files.update({f"{folder}/{file_of(obj)}": as_yaml(obj) for obj in found[host] if obj.get("kind") != "Event"})
        files[f"{folder}/events.txt"] = _lines(event_lines(found[host]))
        files.update({f"{folder}/{path}": text for path, text in one["texts"].items()})
    files.update(link_files(gathering, collected, found))
    files["timeline.txt"] = _lines(timeline({gathering["meshes"][host]: found[host] for host in sorted(found)}))
    files.update(gathering["documents"])
    cleaned = {path: _cleaned(path, text) for path, text in files.items()}
    cleaned[MANIFEST] = _json(manifest(gathering, collected, cleaned))
    return dict(sorted(cleaned.items()))


def _cleaned(path: str, text: str) -> str:
    """A text without secrets. Answers were redacted as data; their many quotes would only be looked at again."""
    if path.endswith(f"/{ANSWERS}"):
        return _json(redact(json.loads(text)))
    return redact_text(text)


def manifest(gathering: Gathering, collected: Mapping[str, Collected], files: Mapping[str, str]) -> Json:
    """What an archive is. ``missing`` says what could not be collected."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "collection": conventions.VERSION,
        "created": gathering["created"],
        "group": gathering["group"],
        "verdict": verdict_of(gathering, collected),
        "meshes": {host: _described(gathering, collected, host) for host in sorted(gathering["meshes"])},
        "missing": missing(gathering, collected),
        "files": {path: hashlib.sha256(text.encode()).hexdigest() for path, text in sorted(files.items())},
    }


def _described(gathering: Gathering, collected: Mapping[str, Collected], host: str) -> Json:
    mesh, one = gathering["meshes"][host], collected.get(host)
    if one is None:
        return {"mesh": mesh, "answers": None, "by_file": host in gathering["by_file"], "problems": []}
    facts = one["facts"]
    return {
        "mesh": mesh,
        "answers": f"meshes/{mesh}/{ANSWERS}" if one["answers"] else None,
        "by_file": False,
        "namespace": facts["namespace"],
        "readable": facts["readable"],
        "problems": [redact(found) for found in facts["problems"]],
    }


def parts(files: Mapping[str, str]) -> List[Part]:
    """The parts that an archive has."""
    found = []
    for prefix, what in _PARTS:
        sizes = [len(text.encode()) for path, text in files.items() if path.startswith(prefix)]
        if sizes:
            found.append(Part(prefix, what, len(sizes), sum(sizes)))
    return found


def pack(name: str, created: str, files: Mapping[str, str]) -> bytes:
    """The archive: tar, gzip. All members are in one folder, readable by their owner alone."""
    moment = int(parse_time(created).timestamp())
    stream = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=stream, mode="wb", mtime=moment) as compressed:
        with tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for path, text in sorted(files.items()):
                content = text.encode()
                member = tarfile.TarInfo(f"{name}/{path}")
                member.size, member.mtime, member.mode = len(content), moment, 0o600
                archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n" if lines else ""
