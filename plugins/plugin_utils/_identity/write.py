# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: writing of the identities of our meshes for meshes of other administrators.

Pure: the caller reads and writes the files, and passes the time.
"""

from __future__ import annotations

import datetime
from typing import Callable, Dict, List, NamedTuple, Tuple

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import colons
from ansible_collections.ossm.federation.plugins.module_utils._product.times import format_time, parse_time
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers import roots as root_reader
from ansible_collections.ossm.federation.plugins.plugin_utils._identity.fields import (
    API_VERSION,
    KIND,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._identity.handover import (
    digest,
    next_step,
    own_identity,
    own_path,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._identity.read import ReadFile, parse
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Identity
from ansible_collections.ossm.federation.plugins.plugin_utils._model.yaml_files import Blocks
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side

_DAYS_MAX = 36500


class Export(NamedTuple):
    """A file with the identity of one of our meshes for one peer: its text, and a line about it and the next step."""

    mesh: str
    peer: str
    host: str
    path: str
    text: str
    message: str


class Unready(NamedTuple):
    """An identity that cannot be written, and why."""

    mesh: str
    peer: str
    host: str
    message: str


def render(identity: Identity, unknown: str = "") -> str:
    """An identity as the text of a document; ``unknown`` replaces addresses that are not known yet."""
    roots = sorted(root_reader.read_roots(identity["root"]), key=lambda root: root["sha256"])
    certificates = root_reader.normalise_bundle(identity["root"]).split("-----BEGIN CERTIFICATE-----\n")[1:]
    metadata = {
        "mesh": identity["mesh"],
        "peer": identity["peer"],
        "created": identity["created"],
        "validUntil": identity["valid_until"],
    }
    if identity["answers"]:
        metadata["answers"] = identity["answers"]
    document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": metadata,
        "spec": {
            "namespace": identity["namespace"],
            "trustDomain": identity["trust_domain"],
            "clientID": identity["client_id"],
            "remote": {**identity["remote"], "addresses": identity["remote"]["addresses"] or [unknown]},
            "roots": [
                {"sha256": colons(root["sha256"]), "certificate": f"-----BEGIN CERTIFICATE-----\n{pem}"}
                for root, pem in zip(roots, certificates)
            ],
        },
    }
    head = f"# The identity of the mesh {identity['mesh']} for its peer {identity['peer']}. All of it is public.\n---\n"
    return head + _yaml(document)


def _yaml(document: Json) -> str:
    """The document as YAML, with strings of several lines as blocks, and lists indented below their keys."""
    return str(yaml.dump(document, Dumper=Blocks, sort_keys=False, width=1000))


def exports(
    plan: Plan, read_file: ReadFile, now: datetime.datetime, check_mode: bool = False
) -> Tuple[List[Export], List[Unready]]:
    """The identities of our meshes for all peers that are known by files: those to be written, and those that cannot be.

    A file with the same content stays as it is, also its times, while half of its time is left. In check mode the address of a
    gateway that this run would create is replaced by a note.
    """
    ready: List[Export] = []
    unready: List[Unready] = []
    for host in sorted(plan["sides"]):
        for peer, side in sorted(plan["sides"][host].items()):
            if side["identity_file"] is None or not plan["meshes"][host]["in_play"]:
                continue
            identity = own_identity(plan, host, peer)
            reason = _reason_unready(side, identity, check_mode)
            if reason:
                unready.append(Unready(side["mesh"], side["peer"], host, reason))
            else:
                ready.append(_export(plan, side, identity, read_file, now))
    return ready, unready


def summarise(
    plan: Plan, read_file: ReadFile, absolute: Callable[[str], str], now: datetime.datetime, check_mode: bool = False
) -> Json:
    """What to write, and text about it: ``directory``, ``files`` (absolute path and text), ``lines``, and ``failures`` by host."""
    ready, unready = exports(plan, read_file, now, check_mode)
    failures: Dict[str, List[str]] = {}
    for identity in unready:
        failures.setdefault(identity.host, []).append(
            f"{identity.mesh}: no identity for {identity.peer}: {identity.message}"
        )
    return {
        "directory": absolute(str(plan["options"]["federation_identity_dir"])),
        "files": [{"path": absolute(export.path), "text": export.text} for export in ready],
        "lines": [export.message for export in ready] + [line for lines in failures.values() for line in lines],
        "failures": {host: "\n".join(lines) for host, lines in failures.items()},
    }


def _export(plan: Plan, side: Side, identity: Identity, read_file: ReadFile, now: datetime.datetime) -> Export:
    path = own_path(plan, side)
    days = datetime.timedelta(days=min(max(plan["options"]["federation_identity_days"], 1), _DAYS_MAX))
    roots = " and ".join(colons(fingerprint) for fingerprint in identity["fingerprints"])
    message = f"{side['mesh']}: {path} is its identity for {side['peer']}; SHA-256 of the root: {roots}. {next_step(plan, side)}"
    return Export(
        side["mesh"], side["peer"], side["host"], path, _text(identity, path, read_file, now, days), message.rstrip()
    )


def _reason_unready(side: Side, identity: Identity, check_mode: bool) -> str:
    """Why an identity cannot be written; empty when it can."""
    if side["state"] == "skipped":
        return side["message"]
    if not identity["root"]:
        return f"{side['mesh']} has no root certificate yet (ConfigMap istio-ca-root-cert in {side['namespace']})"
    if not identity["remote"]["addresses"] and not check_mode:
        return f"{side['ingress']} has no address yet"
    return ""


def _text(identity: Identity, path: str, read_file: ReadFile, now: datetime.datetime, days: datetime.timedelta) -> str:
    """The text for a file: its current one, where only the times would change."""
    ends = [
        root["not_after"] for root in root_reader.read_roots(identity["root"]) if root["not_after"] > format_time(now)
    ]
    fresh: Identity = {**identity, "created": format_time(now), "valid_until": min([format_time(now + days), *ends])}
    try:
        current = read_file(path)
    except (OSError, ValueError):
        current = None
    if current is not None and _is_current(current, fresh, path, now):
        return current
    return render(fresh, f"known once the gateway for {identity['peer']} has an address")


def _is_current(text: str, fresh: Identity, path: str, now: datetime.datetime) -> bool:
    """Tell whether an existing file has the content of a fresh one, and half of its time left."""
    existing = parse(text, fresh["mesh"], fresh["peer"], path, now)[0]
    if existing is None or existing["answers"] != fresh["answers"] or digest(existing) != digest(fresh):
        return False
    created, until = parse_time(existing["created"]), parse_time(existing["valid_until"])
    return until - now >= min(until - created, parse_time(fresh["valid_until"]) - now) / 2
