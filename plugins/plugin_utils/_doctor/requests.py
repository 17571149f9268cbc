# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what requests from inside the watching mesh show of a link. Pure."""

from __future__ import annotations

from typing import Any, Callable, List, Mapping, NamedTuple, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.outcomes import Outcome, passed, skipped, unknown

#: What the rung says where no probe was wanted, or a check run sent none.
NOT_SENT = "no request was sent"
#: The code of a Job that a probe has left: it says nothing of a link, and is a warning of its own.
LEFT = "probe-left"


class Requests(NamedTuple):
    """The requests of one link, and the problems that kept others from being sent."""

    rows: List[Json]
    problems: List[Problem]


def requests_of(result: Optional[Mapping[str, Any]], peer: str) -> Optional[Requests]:
    """What a probe in the watching mesh has shown of a peer, by its result; None where there was none."""
    if result is None:
        return None
    problems = [
        found
        for found in result.get("problems") or []
        if found["code"] not in ("requests-fail", LEFT) and found.get("peer") in (None, peer)
    ]
    return Requests([row for row in result.get("requests") or [] if row["peer"] == peer], problems)


def judge_requests(requests: Optional[Requests], mesh: str, fix: Callable[[Json], str]) -> List[Outcome]:
    """Whether the services have answered; ``mesh`` is the watching one, ``fix`` what to do about a request that fails.

    A failure is a symptom: what is known to be wrong explains it.
    """
    if requests is None:
        return [unknown(NOT_SENT)]
    failed = [row for row in requests.rows if not row["ok"]]
    if failed:
        return [_failure(row, mesh, fix(row)) for row in {row["host"]: row for row in reversed(failed)}.values()]
    services = {row["host"] for row in requests.rows}
    if requests.problems:
        first = requests.problems[0]
        answered = f"{_counted(len(services))} answered; " if services else ""
        return [unknown(f"{answered}{first['where']}: {first['message']}", first["remedy"], first["code"])]
    if not services:
        return [skipped("nothing is imported")]
    slowest = max([row["latency_ms"] for row in requests.rows if row["latency_ms"] is not None], default=None)
    time = f", the slowest in {slowest} ms" if slowest is not None else ""
    return [passed(f"{_counted(len(services))} answered{time}")]


def is_unproven(rung: Mapping[str, Any]) -> bool:
    """Whether a rung is one that a probe was to prove, and could not."""
    return bool(rung["rung"] == "serving" and rung["state"] == "unknown" and rung["message"] != NOT_SENT)


def _failure(row: Json, mesh: str, remedy: str) -> Outcome:
    place = f"{row['host']}:{row['port']}"
    return Outcome(
        "failed",
        f"requests from {mesh} fail: {row['message']} (pod {row['pod']})",
        "requests-fail",
        mesh,
        place,
        "",
        f"HTTP {row['status']}" if row["status"] else "no answer",
        "an answer of the service",
        remedy=remedy,
        is_symptom=True,
    )


def _counted(services: int) -> str:
    return "1 service" if services == 1 else f"{services} services"
