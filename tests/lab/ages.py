# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time that has passed, in what a cluster has stored: objects and their statuses as they were, and older.

With fast clocks the simulator lives through hundreds of the product's seconds in a few, while an API server writes real
time and lets nobody choose ``creationTimestamp``. What only shows after minutes is brought to its age here: all times that
are stored are moved into the past, in etcd itself. What is written afterwards has the time of now.
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

#: What is stored of federation: peers and sets, and the config maps with roots.
PREFIXES = ("/registry/federation.maistra.io/", "/registry/configmaps/")
FORMAT = "%Y-%m-%dT%H:%M:%SZ"
ATTEMPTS = 20
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def dated_back(value: Any, seconds: float) -> Any:
    """Return a value with every time in it that much earlier."""
    if isinstance(value, dict):
        return {key: dated_back(one, seconds) for key, one in value.items()}
    if isinstance(value, list):
        return [dated_back(one, seconds) for one in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        return (datetime.datetime.strptime(value, FORMAT) - datetime.timedelta(seconds=seconds)).strftime(FORMAT)
    return value


def date_back(cluster: Cluster, seconds: float) -> None:
    """Move the times of all stored objects of federation into the past; what they ask for stays as it is."""
    for prefix in PREFIXES:
        start = prefix.encode()
        end = start[:-1] + bytes([start[-1] + 1])
        for stored in _ask(cluster, "range", {"key": _text(start), "range_end": _text(end)}).get("kvs", []):
            _date_back_one(cluster, stored, seconds)


def _date_back_one(cluster: Cluster, stored: dict[str, Any], seconds: float) -> None:
    """One object, unless somebody else deletes it first; who writes it meanwhile has written it, so it is read again."""
    key = stored["key"]
    for _attempt in range(ATTEMPTS):
        body = json.loads(base64.b64decode(stored["value"]))
        body.update({part: dated_back(body[part], seconds) for part in ("metadata", "status") if part in body})
        answer = _ask(cluster, "txn", {
            "compare": [{"key": key, "target": "MOD", "result": "EQUAL", "mod_revision": stored["mod_revision"]}],
            "success": [{"request_put": {"key": key, "value": _text(json.dumps(body).encode())}}],
        })
        if answer.get("succeeded"):
            return
        found = _ask(cluster, "range", {"key": key}).get("kvs", [])
        if not found:
            return
        stored = found[0]
    raise LabError(f"{base64.b64decode(key).decode()} of {cluster.name} is written too often to be dated back.")


def _ask(cluster: Cluster, what: str, body: dict[str, Any]) -> dict[str, Any]:
    """Send a request to the cluster's etcd."""
    url = f"http://{cluster.address(2)}:{cluster.entry['etcd_ports'][0]}/v3/kv/{what}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, json.dumps(body).encode()), timeout=10) as answer:
        content: dict[str, Any] = json.loads(answer.read())
        return content


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
