# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""With ``-v`` Ansible prints the result of each task: none of them shows the data that filters compute for later tasks.

What people need of it is in the report, its details and its file.
"""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
FILES = [path for folder in ("roles", "playbooks") for path in sorted((ROOT / folder).rglob("*.yml"))]
NO_LOG = "{{ federation_no_log | default(true) }}"


def _tasks(value: Any) -> list[dict[str, Any]]:
    """Every task of a file, also those of plays and blocks."""
    if isinstance(value, list):
        return [task for part in value for task in _tasks(part)]
    if not isinstance(value, dict):
        return []
    nested = [task for key in ("tasks", "block", "rescue", "always") for task in _tasks(value.get(key))]
    return [value, *nested]


def _shows_data(task: dict[str, Any]) -> bool:
    facts = str(task.get("ansible.builtin.set_fact") or "")
    return "ossm.federation." in facts or "ansible.builtin.set_stats" in task


TASKS = {
    f"{path.relative_to(ROOT)}: {task['name']}": task
    for path in FILES
    if "meta" not in path.parts
    for task in _tasks(yaml.safe_load(path.read_text(encoding="utf-8")))
    if _shows_data(task)
}


@pytest.mark.parametrize("name", TASKS)
def test_data_for_later_tasks_is_not_printed(name: str) -> None:
    assert TASKS[name].get("no_log") == NO_LOG


def test_the_tasks_are_found() -> None:
    assert {name.rpartition("/")[2] for name in TASKS} >= {
        "report.yml: Summarise the run",
        "discover.yml: Plan the federation",
        "lint.yml: Check the inventory",
    }
