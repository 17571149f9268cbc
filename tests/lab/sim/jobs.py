# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background tasks: named, logged on failure, and counted, so that callers can wait until none is in flight."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from kubernetes_asyncio.client.rest import ApiException
from kubernetes_asyncio.dynamic.exceptions import DynamicApiError

LOG = logging.getLogger("lab.sim.jobs")
#: errors after which controllers retry: the API server is unavailable, overloaded or denies the request
RETRIED = (ApiException, DynamicApiError, aiohttp.ClientError, OSError, asyncio.TimeoutError)
RETRY_SECONDS = 1.0


class Jobs:
    """All tasks of the simulator. Tasks of `run` count as in flight until they end, those of `start` do not count."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._busy: dict[str, int] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Start a long-lived task (a loop); it does not count as in flight."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def run(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Start a task that ends; it counts as in flight until then."""
        return self.start(self._counted(work, name), name)

    async def _counted(self, work: Coroutine[Any, Any, Any], name: str) -> Any:
        with self.busy(name):
            return await work

    @contextmanager
    def busy(self, name: str) -> Iterator[None]:
        """Count the enclosed work as in flight."""
        self._busy[name] = self._busy.get(name, 0) + 1
        self._idle.clear()
        try:
            yield
        finally:
            self._busy[name] -= 1
            if not self._busy[name]:
                del self._busy[name]
            if not self._busy:
                self._idle.set()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            LOG.error("%s failed", task.get_name(), exc_info=task.exception())

    def waiting(self) -> list[str]:
        """Return the names of all work in flight."""
        return sorted(self._busy)

    async def idle(self) -> None:
        """Wait until nothing is in flight."""
        await self._idle.wait()

    async def stop(self) -> None:
        """Cancel all tasks and wait for their end."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Worker:
    """Runs a handler when triggered, never concurrently; triggers during a run cause a single further run."""

    def __init__(self, jobs: Jobs, name: str, handler: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._jobs, self._name, self._handler = jobs, name, handler
        self._pending = False
        self._task: asyncio.Task[Any] | None = None

    def trigger(self) -> None:
        """Run the handler, or run it again after the current run."""
        self._pending = True
        if self._task is None or self._task.done():
            self._task = self._jobs.run(self._rounds(), self._name)

    async def _rounds(self) -> None:
        while self._pending:
            self._pending = False
            try:
                await self._handler()
            except RETRIED as error:
                LOG.warning("%s failed, will retry: %s", self._name, str(error)[:300])
                await asyncio.sleep(RETRY_SECONDS)
                self._pending = True

    def cancel(self) -> None:
        """Cancel the current run and all pending ones."""
        self._pending = False
        if self._task is not None:
            self._task.cancel()
