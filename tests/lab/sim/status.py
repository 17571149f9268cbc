# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status of a ServiceMeshPeer as istiod pods write it, with the product's own mistakes.

Source: maistra/istio maistra-2.5, pkg/servicemesh/federation/status/handler.go; effects as seen with several pods.
"""
from __future__ import annotations

import copy
from typing import Any

Object = dict[str, Any]


def search(entries: list[Object], pod: str) -> int | None:
    """Index of the pod's entry as the product looks for it: a binary search with a test for equality.

    It misses entries that are there (with two or three entries the first one, with four the first two), which
    then are written a second time.
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
    """Discovery status with the pod's entry put in; may hold a duplicate, which the API server then refuses."""
    new = copy.deepcopy(status or {})
    here, there = ("active", "inactive") if connected else ("inactive", "active")
    mine, others = new.get(here) or [], new.get(there) or []
    index = search(others, entry["pod"])
    if index is not None:
        others.pop(index)
    index = search(mine, entry["pod"])
    if index is None:
        mine.append(entry)
        mine.sort(key=lambda one: str(one["pod"]))
    else:
        mine[index] = entry
    return {key: value for key, value in ((here, mine), (there, others)) if value}


def pods(status: Object | None) -> set[str]:
    """Names of all pods that have an entry."""
    return {one["pod"] for key in ("active", "inactive") for one in (status or {}).get(key) or []}


def without(status: Object | None, dead: set[str]) -> Object:
    """Discovery status without the entries of pods that are gone (the leader's work)."""
    kept = {key: [one for one in (status or {}).get(key) or [] if one["pod"] not in dead]
            for key in ("active", "inactive")}
    return {key: value for key, value in kept.items() if value}


def patch(status: Object) -> Object:
    """Merge patch of a peer's status to this discovery status."""
    return {"discoveryStatus": {"active": status.get("active"), "inactive": status.get("inactive")}}


def entry_of(pod: str, watch: Object, remotes: dict[str, Object]) -> Object:
    """A pod's entry; `remotes` is missing, not empty, when none has come."""
    entry: Object = {"pod": pod, "watch": dict(watch)}
    if remotes:
        entry["remotes"] = [dict(remotes[source]) for source in sorted(remotes)]
    return entry
