# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The store of a cluster: its objects as seen by the watches."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from lab.sim.kinds import KINDS

LOG = logging.getLogger("lab.sim.store")

Object = dict[str, Any]
Key = tuple[str, str]
Listener = Callable[[str, Object | None, Object | None], None]


def key_of(body: Object) -> Key:
    """Return (namespace, name) of an object."""
    return body["metadata"].get("namespace", ""), body["metadata"]["name"]


class Store:
    """Objects of the cluster as seen by the watches, by kind and (namespace, name); notifies listeners of changes."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[Key, Object]] = {kind: {} for kind in KINDS}
        self._listeners: dict[str, list[Listener]] = defaultdict(list)
        self._is_paused: bool = True
        #: (kind, namespace, name) -> resource version of the last deletion
        self.deleted_at: dict[tuple[str, str, str], int] = {}

    def start_notifying(self) -> None:
        """Notify listeners from now on, first of all existing objects. Call it when all kinds are listed.

        Listeners must not act on an incomplete store: a pod whose Deployment is not listed yet is not an orphan.
        """
        self._is_paused = False
        for kind, objects in self._objects.items():
            for body in list(objects.values()):
                self._notify(kind, body, None)

    def listen(self, kind: str, listener: Listener) -> None:
        """Call listener(kind, new or None, old or None) on each change of an object of the kind."""
        self._listeners[kind].append(listener)

    def get(self, kind: str, namespace: str, name: str) -> Object | None:
        """Return the object, or None."""
        return self._objects[kind].get((namespace, name))

    def all(self, kind: str, namespace: str | None = None) -> list[Object]:
        """Return all objects of a kind, optionally of a single namespace."""
        return [body for key, body in list(self._objects[kind].items()) if namespace in (None, key[0])]

    def update(self, kind: str, body: Object, deleted: bool = False) -> None:
        """Apply an event or a response. A version older than the known one or than its deletion is ignored."""
        objects, key = self._objects[kind], key_of(body)
        old = objects.get(key)
        if deleted:
            if old is None or old["metadata"]["uid"] != body["metadata"]["uid"]:
                return
            del objects[key]
            self.deleted_at[kind, *key] = version(body)
            self._notify(kind, None, old)
            return
        known = version(old) if old is not None else self.deleted_at.get((kind, *key), 0)
        if known >= version(body):
            return
        objects[key] = body
        self._notify(kind, body, old)

    def _notify(self, kind: str, new: Object | None, old: Object | None) -> None:
        for listener in [] if self._is_paused else list(self._listeners[kind]):
            try:
                listener(kind, new, old)
            except Exception:
                LOG.exception("listener for %s failed", kind)


def version(body: Object) -> int:
    """Return the resource version as a number; versions of a cluster are ordered, as they count the writes to etcd."""
    return int(body["metadata"]["resourceVersion"])
