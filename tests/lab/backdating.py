# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backdating of stored objects: moves their timestamps into the past, so that they look older.

With fast clocks the simulator runs minutes of product time in seconds, but an API server writes real time and does not
accept a ``creationTimestamp``. So the timestamps are changed in etcd. Later writes have the current time.
"""

from __future__ import annotations

import base64
import datetime
import json
import re
import urllib.request
from typing import Any

from lab.clusters import Cluster
from lab.state import LabError

#: Keys of federation objects in etcd: peers and sets, and the config maps with root certificates.
PREFIXES = ("/registry/federation.maistra.io/", "/registry/configmaps/")
FORMAT = "%Y-%m-%dT%H:%M:%SZ"
ATTEMPTS = 20
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def backdated(value: Any, seconds: float) -> Any:
    """Return a value with all timestamps in it moved into the past."""
    if isinstance(value, dict):
        return {key: backdated(item, seconds) for key, item in value.items()}
    if isinstance(value, list):
        return [backdated(item, seconds) for item in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        return (datetime.datetime.strptime(value, FORMAT) - datetime.timedelta(seconds=seconds)).strftime(FORMAT)
    return value


def backdate(cluster: Cluster, seconds: float, namespace: str = "") -> None:
    """Move the timestamps in metadata and status of federation objects of a cluster, or of one namespace, into the past."""
    for prefix in PREFIXES:
        start = prefix.encode()
        end = start[:-1] + bytes([start[-1] + 1])
        for stored in _call_etcd(cluster, "range", {"key": _base64(start), "range_end": _base64(end)}).get("kvs", []):
            parts = base64.b64decode(stored["key"]).decode().split("/")
            if namespace in ("", parts[-2]):
                _backdate_object(cluster, stored, seconds)


def _backdate_object(cluster: Cluster, stored: dict[str, Any], seconds: float) -> None:
    """Backdate an object; read it again after a concurrent write, and skip it after a deletion."""
    key = stored["key"]
    for _attempt in range(ATTEMPTS):
        body = json.loads(base64.b64decode(stored["value"]))
        body.update({part: backdated(body[part], seconds) for part in ("metadata", "status") if part in body})
        response = _call_etcd(
            cluster,
            "txn",
            {
                "compare": [{"key": key, "target": "MOD", "result": "EQUAL", "mod_revision": stored["mod_revision"]}],
                "success": [{"request_put": {"key": key, "value": _base64(json.dumps(body).encode())}}],
            },
        )
        if response.get("succeeded"):
            return
        entries = _call_etcd(cluster, "range", {"key": key}).get("kvs", [])
        if not entries:
            return
        stored = entries[0]
    raise LabError(
        f"{base64.b64decode(key).decode()} of {cluster.name} could not be backdated: {ATTEMPTS} conflicting writes."
    )


def _call_etcd(cluster: Cluster, method: str, body: dict[str, Any]) -> dict[str, Any]:
    """Call a key-value method of the cluster's etcd."""
    url = f"http://{cluster.address(2)}:{cluster.entry['etcd_ports'][0]}/v3/kv/{method}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, json.dumps(body).encode()), timeout=10) as answer:
        content: dict[str, Any] = json.loads(answer.read())
        return content


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
