# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The content of a cluster's etcd as a whole: read it, and bring it back.

An object that is brought back has its UID, owners and managed fields again, and a new resource version. The API server
follows by its watches on etcd. etcd's JSON gateway has keys and values in base64, and they stay so here.
"""

from __future__ import annotations

import base64
import json
import urllib.request
from typing import Any

from lab.clusters import Cluster

Content = dict[str, str]
START = b"/registry/"
#: What API servers renew by themselves, and events, which expire.
VOLATILE = (b"/registry/events/", b"/registry/leases/", b"/registry/masterleases/")
REQUEST_SECONDS = 30.0


def read(cluster: Cluster) -> Content:
    """Return the values of all objects by key."""
    answer = _request(cluster, "range", {"key": _encode(START), "range_end": _encode(START[:-1] + b"0")})
    return {row["key"]: row["value"] for row in answer.get("kvs", []) if not _is_volatile(row["key"])}


def restore(cluster: Cluster, content: Content) -> int:
    """Make ``content`` the cluster's content and return the number of objects that were deleted or written."""
    removed, changed = difference(read(cluster), content)
    for key in removed:
        _request(cluster, "deleterange", {"key": key})
    for key in changed:
        _request(cluster, "put", {"key": key, "value": content[key]})
    return len(removed) + len(changed)


def difference(current: Content, content: Content) -> tuple[list[str], list[str]]:
    """Return the keys to delete and the keys to write, so that ``current`` becomes ``content``."""
    return sorted(current.keys() - content.keys()), sorted(
        key for key, value in content.items() if current.get(key) != value
    )


def _is_volatile(key: str) -> bool:
    return base64.b64decode(key).startswith(VOLATILE)


def _encode(key: bytes) -> str:
    return base64.b64encode(key).decode()


def _request(cluster: Cluster, verb: str, body: dict[str, Any]) -> dict[str, Any]:
    url = f"http://{cluster.address(2)}:{cluster.entry['etcd_ports'][0]}/v3/kv/{verb}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, json.dumps(body).encode()), timeout=REQUEST_SECONDS) as answer:
        content: dict[str, Any] = json.loads(answer.read())
    return content
