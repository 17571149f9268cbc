# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what the reports of all runs have in common: problems of tasks, paragraphs, failures. Pure."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._report.causes import cause_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import count
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Cause

#: What tasks have registered, by what it is about and host.
Results = Mapping[str, Mapping[str, Json]]


def task_problems(results: Results, tasks: Iterable[str], host: str) -> List[Problem]:
    """The problems of the tasks in one mesh."""
    return [found for task in tasks for found in (results.get(task, {}).get(host) or {}).get("problems") or []]


def distinct(problems: Iterable[Problem]) -> List[Problem]:
    """Every problem once."""
    return list({(one["code"], one["mesh"], one["where"], one["message"]): one for one in problems}.values())


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether a run has failed in any mesh."""
    return any(one["severity"] == "error" for one in problems)


def paragraphs(grouped: Iterable[Cause], blocks: Iterable[Sequence[str]]) -> List[str]:
    """A report below its first lines: each cause, then each block that has lines, with an empty line before it."""
    parts = [*map(cause_lines, grouped), *blocks]
    return [line for part in parts if part for line in ("", *part)]


def failures(meshes: Mapping[str, str], problems: Sequence[Problem]) -> Dict[str, str]:
    """Why each mesh failed, by host; ``meshes`` are names by host."""
    found = {host: failure([one for one in problems if one["mesh"] == mesh]) for host, mesh in meshes.items()}
    return {host: text for host, text in found.items() if text}


def failure(problems: Sequence[Problem]) -> str:
    """One line for the task that fails one host; empty where nothing failed."""
    codes = [one["code"] for one in problems if one["severity"] == "error"]
    return f"{count(len(codes), 'error')} [{', '.join(dict.fromkeys(codes))}]. See the report above." if codes else ""
