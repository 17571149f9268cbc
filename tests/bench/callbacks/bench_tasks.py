# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes how many tasks each host has run, as JSON, to the file that ``$BENCH_TASKS`` names."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: bench_tasks
type: aggregate
short_description: Counts the tasks of each host
description:
  - Counts, for the benchmark, how many tasks each host has run, a loop as one, and when each task began.
"""


class CallbackModule(CallbackBase):
    """Counts results: a task that was skipped is no task, a loop is one."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "bench_tasks"

    def __init__(self) -> None:
        super().__init__()
        self._ran: Counter[str] = Counter()
        self._items: Counter[str] = Counter()
        self._begun: list[tuple[float, str]] = []

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Remember when the task began."""
        self._begun.append((time.monotonic(), task.get_name()))

    def v2_runner_on_ok(self, result: Any) -> None:
        """Count a task that a host has run."""
        self._count(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Count a task that failed."""
        self._count(result)

    def v2_runner_item_on_ok(self, result: Any) -> None:
        """Count one turn of a loop."""
        self._items[_host(result)] += 1

    def _count(self, result: Any) -> None:
        self._ran[_host(result)] += 1

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Write what was counted."""
        ends = [*(begin for begin, _name in self._begun[1:]), time.monotonic()]
        tasks = [{"name": name, "seconds": round(end - begin, 3)} for (begin, name), end in zip(self._begun, ends)]
        text = json.dumps({"tasks": self._ran, "items": self._items, "timeline": tasks})
        Path(os.environ["BENCH_TASKS"]).write_text(text, encoding="utf-8")


def _host(result: Any) -> str:
    host = result._host if hasattr(result, "_host") else result.host
    return str(host.get_name())
