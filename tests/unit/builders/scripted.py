# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that answers from a table and reports a list of events, and objects for it."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._cluster import session
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event

Json = dict[str, Any]
AUTH = {"host": "https://red.example", "api_key": "x"}
SYNCED = "2026-11-22T10:00:05Z"
RATINGS = "ratings.bookinfo.svc.red-exports.local"


def live_plane(observed: int = 2) -> Json:
    return {
        "metadata": {"name": "red", "uid": "u", "generation": 2},
        "spec": {},
        "status": {"observedGeneration": observed, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def live_service(name: str = "in", address: str | None = "1.2.3.4") -> Json:
    ingress = [{"ip": address}] if address else []
    return {
        "metadata": {"name": name, "namespace": "ns"},
        "status": {"loadBalancer": {"ingress": ingress}},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 15443}, {"port": 8188}]},
    }


def live_peer(connected: bool = True, name: str = "green", sync: str = SYNCED, pod: str = "a", **metadata: Any) -> Json:
    watch = {"connected": connected, "lastFullSync": sync, "lastConnected": sync, "lastDisconnectStatus": "503 x"}
    return {
        "metadata": {"name": name, **metadata},
        "status": {"discoveryStatus": {"active" if connected else "inactive": [{"pod": pod, "watch": watch}]}},
    }


def live_imports(*names: str, name: str = "green") -> Json:
    return {
        "metadata": {"name": name},
        "status": {
            "importedServices": [{"exportedName": one, "localService": {"hostname": f"local-{one}"}} for one in names]
        },
    }


class Cluster:
    """Answers from a table and tells a list of events; whatever is not in the table is missing."""

    def __init__(self, objects: dict[str, Any] | None = None, events: list[Event] | None = None) -> None:
        self.objects = objects or {}
        self.story = events or []
        self.requests: list[str] = []

    def _take(self, kind: str, missing: Any) -> Any:
        self.requests.append(kind)
        found = self.objects.get(kind, missing)
        if isinstance(found, ClusterError):
            raise found
        return found

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json:
        return self._take(kind, ClusterError("missing", "it does not exist"))

    def list(self, kind: str, namespace: str | None = None, *, fields: str = "", labels: str = "") -> list[Json]:
        return self._take(kind, [])

    def review(self, kind: str, spec: Json) -> Json:
        found = self._take(kind, {})
        return found(spec) if callable(found) else found

    def watch_many(self, watches: Any, deadline: float) -> Any:
        self.requests += [f"watch {watch.kind}" for watch in watches]
        yield from (event for event in self.story if event.kind in ("", *(watch.kind for watch in watches)))


def use(monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> Cluster:
    monkeypatch.setattr(session, "Cluster", lambda auth, **options: cluster)
    return cluster
