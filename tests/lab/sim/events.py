# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events (core/v1) of controllers: one per object, reason and message, with a count of repetitions."""

from __future__ import annotations

import logging
import uuid

from lab.sim.cluster import API_ERRORS, Cluster
from lab.sim.conditions import now
from lab.sim.kinds import api_version
from lab.sim.store import Object, key_of

LOG = logging.getLogger("lab.sim.events")


class Recorder:
    """Event recorder of a controller. An event that cannot be written is lost, as with a real recorder."""

    def __init__(self, cluster: Cluster, component: str, kind: str = "Service") -> None:
        self._cluster, self._component, self._kind = cluster, component, kind
        self._recorded: dict[tuple[str, str, str], tuple[str, int]] = {}

    async def record(self, body: Object, type_: str, reason: str, message: str) -> None:
        """Write an event about an object, or increase the count of an equal one."""
        meta, (namespace, name) = body["metadata"], key_of(body)
        key = (meta["uid"], reason, message)
        event, count = self._recorded.get(key, (f"{name}.{uuid.uuid4().hex[:16]}", 0))
        self._recorded[key] = (event, count + 1)
        try:
            if count:
                await self._cluster.patch("Event", namespace, event, {"count": count + 1, "lastTimestamp": now()})
                return
            await self._cluster.create(
                "Event",
                {
                    "metadata": {"name": event, "namespace": namespace},
                    "type": type_,
                    "reason": reason,
                    "message": message,
                    "involvedObject": {
                        "apiVersion": api_version(self._kind),
                        "kind": self._kind,
                        "name": name,
                        "namespace": namespace,
                        "uid": meta["uid"],
                        "resourceVersion": meta["resourceVersion"],
                    },
                    "source": {"component": self._component},
                    "reportingComponent": self._component,
                    "reportingInstance": "",
                    "count": 1,
                    "firstTimestamp": now(),
                    "lastTimestamp": now(),
                },
            )
        except API_ERRORS as error:
            LOG.info("%s: event %s for %s not written: %s", self._cluster.name, reason, name, str(error)[:300])
