# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulator's clocks: named durations, scaled by a common speed.

The defaults were measured on the product (version 2.5 where it differs from 2.3).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator

#: name -> (seconds, description)
DEFAULTS: dict[str, tuple[float, str]] = {
    "resync": (60.0, "period of a registry's full sync with the remote mesh"),
    "reconcile": (60.0, "period in which istiod reconciles every peer"),
    "full_sync_retry": (120.0, "time for which a failing full sync is retried with its lock held"),
    "stuck_sync": (3.0, "a full sync that takes longer is failing: a peer recreated during it is ignored"),
    "retry_first": (0.5, "first pause after a failed watch"),
    "retry_backoff": (60.0, "longest pause after a failed watch"),
    "drain": (45.0, "lifetime of old connections after a gateway's listener has changed"),
    "remotes_pruning": (300.0, "time for which a disconnected source stays in the status"),
    "dead_pods": (11.0, "time for which the entry of a terminated istiod pod stays in the status"),
    "gateway_push": (0.25, "time until a gateway has istiod's configuration"),
    "connect_timeout": (13.0, "time until a connection to an unused address fails"),
    "dns_hang": (30.0, "time for which a request to an unresolvable name hangs"),
    "status_batch": (0.05, "changes of a status within this time are combined into a single write"),
    "lb_delay": (3.0, "time until a load balancer has its address"),
    "lb_retry": (
        5.0,
        "first pause of the cloud controller after a failed load balancer; the longest is 60 times as long",
    ),
    "olm_resolve": (5.0, "time in which OLM resolves a Subscription (not measured)"),
    "olm_install": (30.0, "time from the resolution to a running operator (not measured)"),
    "operator_notice": (0.3, "time for which a changed control plane keeps its old status"),
    "operator_install": (15.0, "time in which the operator installs a control plane, without its pods"),
    "operator_update": (5.0, "time in which the operator applies a change, without its pods"),
    "operator_delete": (1.8, "time in which the operator deletes a control plane"),
    "istiod_start": (7.0, "time from an istiod pod's creation to its readiness"),
    "gateway_start": (1.5, "time from a gateway pod's creation to its readiness"),
    "application_start": (3.0, "time from the creation of a user's pod to its readiness (not measured)"),
    "pod_stop": (1.0, "time in which a deleted pod terminates"),
    "members": (1.0, "time until a changed member roll is applied"),
    "minor_objects": (0.0, "delay of a gateway's secondary objects: roles, accounts, autoscalers, routes"),
}
#: periods and pauses of loops: zero would make a busy loop
NEVER_ZERO = frozenset(
    {"lb_retry", "resync", "reconcile", "full_sync_retry", "retry_first", "retry_backoff", "dns_hang"}
)


class Clocks:
    """Named durations in seconds. A change also applies to running sleeps."""

    def __init__(self, speed: float = 1.0) -> None:
        self._values = {name: value[0] for name, value in DEFAULTS.items()}
        self._exact: dict[str, float] = {}
        self._speed = speed
        self._changed = asyncio.Event()

    def get(self, name: str) -> float:
        """Return the seconds of a clock: a value set by name as it is, a default divided by the speed."""
        if name in self._exact:
            return self._exact[name]
        return self._values[name] / self._speed

    def scaled(self, seconds: float) -> float:
        """Return the time that an object asks for, divided by the speed."""
        return seconds / self._speed

    def table(self) -> dict[str, float]:
        """Return the effective values of all clocks."""
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
            raise ValueError(f"unknown clock {name!r}; known: {', '.join(sorted(self._values))}, speed")
        if value < 0 or (value == 0 and (name == "speed" or name in NEVER_ZERO)):
            raise ValueError(
                f"invalid value {value} for clock {name}: must be positive, or zero where a clock is not a period"
            )

    async def sleep(self, name: str) -> None:
        """Sleep for the clock's time; a change of the clock applies from the start of the sleep."""
        start = time.monotonic()
        while (remaining := start + self.get(name) - time.monotonic()) > 0:
            await self._sleep_or_change(remaining)

    async def _sleep_or_change(self, seconds: float) -> None:
        changed = self._changed
        try:
            await asyncio.wait_for(changed.wait(), seconds)
        except asyncio.TimeoutError:
            return

    def backoff(self) -> Iterator[float]:
        """Yield pauses after failures: each is 1.5 times the last up to `retry_backoff`, with a jitter of 50 %."""
        pause = self.get("retry_first")
        while True:
            yield pause * random.uniform(0.5, 1.5)
            pause = min(pause * 1.5, self.get("retry_backoff"))
