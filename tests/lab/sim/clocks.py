# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's clocks: one table of named durations, all scaled by one speed.

The defaults are what was seen on the product (version 2.5 where it differs from 2.3).
"""
from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator

#: name -> (seconds, what it is)
DEFAULTS: dict[str, tuple[float, str]] = {
    "resync": (60.0, "period of a registry's full sync with the remote mesh"),
    "reconcile": (60.0, "period in which istiod reconciles every peer anew"),
    "full_sync_retry": (120.0, "how long a full sync that fails is retried, its lock held"),
    "stuck_sync": (3.0, "a full sync that lasts longer than this fails: a peer that is made again meanwhile is lost"),
    "retry_first": (0.5, "first pause after a watch that failed"),
    "retry_backoff": (60.0, "longest pause after a watch that failed"),
    "drain": (45.0, "life of old connections after a listener of a gateway changed"),
    "remotes_pruning": (300.0, "how long a source that left stays in the status"),
    "dead_pods": (11.0, "how long the entry of an istiod pod that died stays in the status"),
    "gateway_push": (0.25, "time until a gateway has what istiod decided"),
    "connect_timeout": (13.0, "time until an address that nobody has counts as failed"),
    "dns_hang": (30.0, "how long a request to a name that does not resolve says nothing"),
    "status_batch": (0.05, "changes of one status within this time are written at once"),
    "lb_delay": (3.0, "time until a load balancer has its address"),
    "lb_retry": (5.0, "first pause of a cloud's controller after a load balancer that failed; the longest is 60 times it"),
    "olm_resolve": (5.0, "time in which OLM finds a version for a Subscription (not measured)"),
    "olm_install": (30.0, "time from there to an operator that works (not measured)"),
    "operator_notice": (0.3, "time in which a changed control plane still shows its old status"),
    "operator_install": (15.0, "time in which the operator installs a control plane, pods not counted"),
    "operator_update": (5.0, "time in which the operator applies a change, pods not counted"),
    "operator_delete": (1.8, "time in which the operator takes a control plane apart"),
    "istiod_start": (7.0, "time from an istiod pod's creation to its readiness"),
    "gateway_start": (1.5, "time from a gateway pod's creation to its readiness"),
    "pod_stop": (1.0, "time in which a deleted pod ends"),
    "members": (1.0, "time until a changed member roll is in force"),
    "minor_objects": (0.0, "time after which roles, accounts, autoscalers, routes and the like of a gateway follow"),
}
#: these are periods or bounds of loops: zero would mean a busy loop
NEVER_ZERO = frozenset({"lb_retry", "resync", "reconcile", "full_sync_retry", "retry_first", "retry_backoff", "dns_hang"})


class Clocks:
    """Named durations in seconds. Every value can be changed while somebody sleeps on it."""

    def __init__(self, speed: float = 1.0) -> None:
        self._values = {name: value[0] for name, value in DEFAULTS.items()}
        self._exact: dict[str, float] = {}
        self._speed = speed
        self._changed = asyncio.Event()

    def get(self, name: str) -> float:
        """Seconds of the clock: a value set by name counts as it is, a default is divided by the speed."""
        if name in self._exact:
            return self._exact[name]
        return self._values[name] / self._speed

    def table(self) -> dict[str, float]:
        """All clocks as they are in force."""
        return {name: self.get(name) for name in self._values} | {"speed": self._speed}

    def set(self, changes: dict[str, float]) -> None:
        """Set clocks by name (`speed` among them).

        Raises:
            ValueError: an unknown name, a negative value, or zero for a period.
        """
        for name, value in changes.items():
            self._check(name, float(value))
        for name, value in changes.items():
            if name == "speed":
                self._speed = float(value)
            else:
                self._exact[name] = float(value)
        self._changed.set()
        self._changed = asyncio.Event()

    def _check(self, name: str, value: float) -> None:
        if name != "speed" and name not in self._values:
            raise ValueError(f"no clock is called {name!r}; there are {', '.join(sorted(self._values))} and speed")
        if value < 0 or (value == 0 and (name == "speed" or name in NEVER_ZERO)):
            raise ValueError(f"clock {name} cannot be {value}")

    async def sleep(self, name: str) -> None:
        """Sleep for the clock's time; a change of the clock counts from the start of the sleep."""
        begin = time.monotonic()
        while (rest := begin + self.get(name) - time.monotonic()) > 0:
            await self._sleep_or_change(rest)

    async def _sleep_or_change(self, seconds: float) -> None:
        changed = self._changed
        try:
            await asyncio.wait_for(changed.wait(), seconds)
        except asyncio.TimeoutError:
            return

    def backoff(self) -> Iterator[float]:
        """Pauses after failures: growing by half each time, half of each left to chance, up to the longest."""
        pause = self.get("retry_first")
        while True:
            yield pause * random.uniform(0.5, 1.5)
            pause = min(pause * 1.5, self.get("retry_backoff"))
