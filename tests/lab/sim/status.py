# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status of a ServiceMeshPeer as istiod pods write it, including the product's defects.

Source: maistra/istio maistra-2.5, pkg/servicemesh/federation/status/handler.go; effects observed with several pods.
"""

from __future__ import annotations

import copy
from typing import Any

Object = dict[str, Any]


def search(entries: list[Object], pod: str) -> int | None:
    """Return the index of the pod's entry, found as the product does: by a binary search that only tests for equality.

    It misses existing entries (of two or three entries the first, of four the first two), which are then duplicated.
    """
    low, high = 0, len(entries)
    while low < high:
        middle = (low + high) // 2
        if entries[middle]["pod"] == pod:
            high = middle
        else:
            low = middle + 1
    return low if low < len(entries) and entries[low]["pod"] == pod else None


def put(status: Object | None, entry: Object, connected: bool) -> Object:
    """Return the discovery status with the pod's entry; it may contain a duplicate, which the API server rejects."""
    new = copy.deepcopy(status or {})
    target, other = ("active", "inactive") if connected else ("inactive", "active")
    target_entries, other_entries = new.get(target) or [], new.get(other) or []
    index = search(other_entries, entry["pod"])
    if index is not None:
        other_entries.pop(index)
    index = search(target_entries, entry["pod"])
    if index is None:
        target_entries.append(entry)
        target_entries.sort(key=lambda item: str(item["pod"]))
    else:
        target_entries[index] = entry
    return {key: value for key, value in ((target, target_entries), (other, other_entries)) if value}


def pods(status: Object | None) -> set[str]:
    """Return the names of all pods that have an entry."""
    return {entry["pod"] for key in ("active", "inactive") for entry in (status or {}).get(key) or []}


def without(status: Object | None, pods_to_remove: set[str]) -> Object:
    """Return the discovery status without the entries of these pods."""
    kept = {
        key: [entry for entry in (status or {}).get(key) or [] if entry["pod"] not in pods_to_remove]
        for key in ("active", "inactive")
    }
    return {key: value for key, value in kept.items() if value}


def patch(status: Object) -> Object:
    """Return the merge patch of a peer's status for this discovery status."""
    return {"discoveryStatus": {"active": status.get("active"), "inactive": status.get("inactive")}}


def entry_of(pod: str, watch: Object, remotes: dict[str, Object]) -> Object:
    """Return a pod's entry; without remotes the key `remotes` is missing."""
    entry: Object = {"pod": pod, "watch": dict(watch)}
    if remotes:
        entry["remotes"] = [dict(remotes[source]) for source in sorted(remotes)]
    return entry
