# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the report of an installation, as data and text. Pure."""

from __future__ import annotations

from typing import List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, with_changes
from ansible_collections.ossm.federation.plugins.plugin_utils._report import changes as change_report
from ansible_collections.ossm.federation.plugins.plugin_utils._report.causes import causes
from ansible_collections.ossm.federation.plugins.plugin_utils._report.runs import (
    Results,
    distinct,
    failure,
    paragraphs,
    task_problems,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import count, wrapped
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Change

WRITTEN = ("operator", "control_plane")
AWAITED = ("operator_ready", "control_plane_ready")


def summarise(hosts: Sequence[str], results: Results, check_mode: bool = False) -> Json:
    """The report of a run: ``verdict``, ``headline``, ``problems``, ``changes``, ``ready`` (hosts), ``failures`` (messages by
    host), and as text ``lines`` and ``details``.

    ``results`` are what role install registered, by subject and host; ``install_plan`` among them are the plans.
    """
    written = [results.get(subject, {}).get(host) or {} for subject in WRITTEN for host in hosts]
    changes = change_report.read_changes(written, {})
    by_host = {host: _problems(host, results) for host in hosts}
    ready = [host for host in hosts if (results.get("control_plane_ready", {}).get(host) or {}).get("ready")]
    failures = {host: text for host in hosts for text in [failure(by_host[host])] if text}
    problems = [problem for host in hosts for problem in by_host[host]]
    verdict = "FAILED" if failures else "READY" if ready or not changes else "PENDING"
    headline = f"{verdict}  {count(len(ready), 'control plane')} ready. "
    headline += change_report.count_sentence(change_report.count_objects(changes), check_mode)
    lines = [*wrapped(headline), *_lines(problems, changes, ready, written, results, check_mode)]
    # The lines name every object; the details add the fields of those that existed before.
    updated = [change for change in changes if change["verb"] == "changed"]
    details = ["", *change_report.detail_lines(updated, check_mode)] if updated else []
    return {
        "verdict": verdict,
        "headline": headline,
        "problems": problems,
        "changes": changes,
        "ready": ready,
        "failures": failures,
        "lines": lines,
        "details": details,
    }


def _lines(
    problems: Sequence[Problem],
    changes: Sequence[Change],
    ready: Sequence[str],
    written: Sequence[Json],
    results: Results,
    check_mode: bool,
) -> List[str]:
    """The report below its first line: causes, objects, control planes that are ready."""
    text = change_report.detail_lines(changes, check_mode, fields=False) + [
        line for host in ready for line in _ready(host, results)
    ]
    return paragraphs(causes(problems, []), [text]) + [
        line
        for result in written
        for row in result.get("objects") or []
        if row["message"]
        for line in _not_rehearsed(row)
    ]


def _ready(host: str, results: Results) -> List[str]:
    return wrapped(f"{results['control_plane_ready'][host]['mesh']}: the control plane is ready")


def _not_rehearsed(row: Json) -> List[str]:
    if row["verb"] not in change_report.VERBS:
        return []
    where = f"{row['kind']} {row['namespace']}/{row['name']}"
    return wrapped(f"{row['mesh']}: {where}: declared fields only; all others are {row['message']}")


def _problems(host: str, results: Results) -> List[Problem]:
    """The problems of one host, each once. A control plane that is not ready is an error here."""
    problems = task_problems(results, ("install_plan", *WRITTEN, *AWAITED), host)
    return distinct(
        with_changes(problem, severity="error") if problem["code"] == "control-plane-not-ready" else problem
        for problem in problems
    )
