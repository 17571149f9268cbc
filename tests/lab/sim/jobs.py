# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Background work: kept, named, logged when it fails, and counted so that one can wait until nothing is in flight."""
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
#: an API server that is away, overloaded or forbids: controllers try again
RETRIED = (ApiException, DynamicApiError, aiohttp.ClientError, OSError, asyncio.TimeoutError)
AGAIN = 1.0


class Jobs:
    """All tasks of the simulator. A job counts as in flight until it ends, a service never counts."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._busy: dict[str, int] = {}
        self._idle = asyncio.Event()
        self._idle.set()

    def start(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Start something that lives on (a loop); it does not count as in flight."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def run(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Start something that ends; until then the simulator is not idle."""
        return self.start(self._counted(work, name), name)

    async def _counted(self, work: Coroutine[Any, Any, Any], name: str) -> Any:
        with self.busy(name):
            return await work

    @contextmanager
    def busy(self, name: str) -> Iterator[None]:
        """What happens inside counts as in flight."""
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
        """Names of what is in flight."""
        return sorted(self._busy)

    async def idle(self) -> None:
        """Return when nothing is in flight."""
        await self._idle.wait()

    async def stop(self) -> None:
        """Cancel everything and wait for it."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Worker:
    """A queue of one: wakes the handler when poked, never twice at once; pokes while it works make one more round."""

    def __init__(self, jobs: Jobs, name: str, handler: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._jobs, self._name, self._handler = jobs, name, handler
        self._again = False
        self._task: asyncio.Task[Any] | None = None

    def poke(self) -> None:
        """Have the handler run (again)."""
        self._again = True
        if self._task is None or self._task.done():
            self._task = self._jobs.run(self._rounds(), self._name)

    async def _rounds(self) -> None:
        while self._again:
            self._again = False
            try:
                await self._handler()
            except RETRIED as error:
                LOG.warning("%s failed, again soon: %s", self._name, str(error)[:300])
                await asyncio.sleep(AGAIN)
                self._again = True

    def cancel(self) -> None:
        """Stop for good."""
        self._again = False
        if self._task is not None:
            self._task.cancel()
