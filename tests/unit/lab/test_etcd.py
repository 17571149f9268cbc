# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restored store deletes and writes."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import pytest
from lab import etcd


def _key(name: str) -> str:
    return base64.b64encode(f"/registry/{name}".encode()).decode()


class Store:
    """A store in memory that answers as etcd's JSON gateway does."""

    def __init__(self, **objects: str) -> None:
        self.objects = {_key(name): value for name, value in objects.items()}

    def request(self, _cluster: Any, verb: str, body: dict[str, str]) -> dict[str, Any]:
        """Answer one request; like etcd without ``kvs`` when there is none."""
        if verb == "range":
            rows = [{"key": key, "value": value} for key, value in self.objects.items()]
            return {"kvs": rows} if rows else {}
        if verb == "put":
            self.objects[body["key"]] = body["value"]
        else:
            del self.objects[body["key"]]
        return {}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    store = Store(kept="1", changed="1", removed="1")
    monkeypatch.setattr(etcd, "_request", store.request)
    return store


def test_the_content_is_restored_with_the_fewest_writes(store: Store) -> None:
    cluster: Any = SimpleNamespace()
    content = etcd.read(cluster)
    before = dict(store.objects)
    store.objects[_key("changed")] = "2"
    del store.objects[_key("removed")]
    store.objects[_key("added")] = "1"
    assert etcd.restore(cluster, content) == 3
    assert store.objects == before
    assert etcd.restore(cluster, content) == 0


@pytest.mark.parametrize("name", ["events/default/pod.1", "leases/kube-system/apiserver", "masterleases/192.0.2.1"])
def test_what_api_servers_renew_is_neither_read_nor_deleted(store: Store, name: str) -> None:
    cluster: Any = SimpleNamespace()
    content = etcd.read(cluster)
    store.objects[_key(name)] = "1"
    assert etcd.read(cluster) == content
    assert etcd.restore(cluster, content) == 0
    assert _key(name) in store.objects


def test_an_empty_store_is_filled(store: Store) -> None:
    cluster: Any = SimpleNamespace()
    content = etcd.read(cluster)
    store.objects.clear()
    assert etcd.restore(cluster, content) == 3
