# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the report of an installation. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    problem_line,
    with_changes,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._run.changes import change_lines

#: Results that list written objects, and results of waiting (see ``_product.steps``).
WRITTEN = ("operator", "control_plane")
AWAITED = ("operator_ready", "control_plane_ready")

Results = Mapping[str, Mapping[str, Json]]


def summarise(hosts: Sequence[str], results: Results, check_mode: bool = False) -> Json:
    """``lines`` for people, and ``failures``: text by host.

    ``results`` are what role install registered, by subject and host; ``install_plan`` among them are the plans.
    """
    changed = [
        written
        for subject in WRITTEN
        for host in hosts
        for written in (results.get(subject, {}).get(host) or {}).get("objects") or []
        if written["verb"] in ("created", "changed")
    ]
    problems: Dict[str, List[Problem]] = {host: _problems(host, results) for host in hosts}
    failures = {
        host: "\n".join(problem_line(found) for found in problems[host] if found["severity"] == "error") for host in hosts
    }
    lines = change_lines(changed, check_mode) + [_not_rehearsed(written) for written in changed if written["message"]]
    lines += [line for host in hosts for line in _ready_lines(results.get("control_plane_ready", {}).get(host))]
    lines += [problem_line(found) for host in hosts for found in problems[host]]
    return {"lines": lines, "failures": {host: text for host, text in failures.items() if text}}


def _not_rehearsed(written: Json) -> str:
    where = f"{written['kind']} {written['namespace']}/{written['name']}"
    return f"{written['mesh']}: {where}: declared fields only; all others are {written['message']}"


def _problems(host: str, results: Results) -> List[Problem]:
    """The problems of one host. A control plane that is not ready is an error here."""
    problems: List[Problem] = []
    for subject in ("install_plan", *WRITTEN, *AWAITED):
        problems += (results.get(subject, {}).get(host) or {}).get("problems") or []
    return [with_changes(found, severity="error") if found["code"] == "control-plane-not-ready" else found for found in problems]


def _ready_lines(result: Optional[Json]) -> List[str]:
    return [f"{result['mesh']}: the control plane is ready"] if result and result.get("ready") else []
