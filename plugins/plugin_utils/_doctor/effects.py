# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the rungs about the watch of the other mesh. Pure."""

from __future__ import annotations

from typing import Any, Iterator, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.outcomes import Outcome, passed, unknown
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.view import End, Link, unreadable

#: What a restart of istiod corrects and keeps a link down; ``identity-kept`` and ``imports-stale`` are of other rungs.
_CONNECTION = ("root-not-loaded", "sync-lock")
#: Seconds after its start in which istiod has reported every peer: it connects again within half a minute.
YOUNG_SECONDS = 150
NOT_UP = "the link is not up"
#: Seconds after which a full sync is late in any version: 2.4 and older sync every five minutes.
STALE_SECONDS = 450
#: By how much the clocks of two clusters may differ.
SKEW_SECONDS = 300


def kept(link: Link, *codes: str) -> List[Outcome]:
    """What istiod of the watching mesh keeps until it is restarted."""
    ends = (link.watching.name, link.watched.name)
    return [by_problem(one) for one in link.kept if one["code"] in codes and (one["mesh"], one.get("peer")) == ends]


def by_problem(problem: Problem) -> Outcome:
    """A problem that other parts have found; its place may end with a field."""
    place, dot, field = problem["where"].partition(" spec.")
    return Outcome(
        "failed",
        problem["message"],
        problem["code"],
        problem["mesh"],
        place,
        f"spec.{field}" if dot else "",
        remedy=problem["remedy"],
    )


def watching(link: Link) -> List[Outcome]:
    """Whether the watch is open; else the reason, as far as istiod reports one."""
    end, status = link.watching, link.watching.status
    ends = (link.watched.name, end.name)
    # A root that cannot be read, or a wrong value, is a better reason for the same answer.
    lost = [
        by_problem(one) for one in link.kept if one["code"] == "peer-lost" and (one["mesh"], one.get("peer")) == ends
    ] + kept(link, *_CONNECTION)
    found = kept(link, "deadlock") + [one._replace(is_symptom=True) for one in lost]
    if found:
        return found
    if status is None or not status.get("exists"):
        return [unknown(unreadable(link, end) or f"{end.name} has no peer for {link.watched.name}")]
    if status["connected"]:
        return [passed()]
    if status["code"] == "not-accepted" and _is_young(link):
        return [unknown(f"istiod of {end.name} has started and not reported the peer yet", "its report: wait a minute")]
    text = f"istiod of {end.name} reports {status['text']!r}: " if status.get("text") else ""
    return [
        Outcome(
            "failed",
            f"{text}{status['message']}",
            status["code"],
            end.name,
            end.place("ServiceMeshPeer"),
            "status.discoveryStatus",
            remedy=status["remedy"],
            is_symptom=True,
        )
    ]


def _is_young(link: Link) -> bool:
    """Whether istiod of the watching mesh has just started, by the newest time that either mesh shows."""
    starts = [str(pod["started"]) for pod in link.watching.facts.get("istiod") or [] if pod["started"]]
    now = max([*map(newest_time, link.ends), *starts], default="")
    return bool(starts) and (parse_time(now) - parse_time(max(starts))).total_seconds() < YOUNG_SECONDS


def synced(link: Link) -> List[Outcome]:
    """Whether everything was read since the last change, and is still read again and again."""
    end, status = link.watching, link.watching.status
    if status is None or not status["connected"]:
        return [unknown(unreadable(link, end) or NOT_UP)]
    last, now = status["last_full_sync"], newest_time(end)
    is_late = _is_later(now, last, STALE_SECONDS) or _is_later(
        newest_time(link.watched), last, STALE_SECONDS + SKEW_SECONDS
    )
    if status["synced"] and not is_late:
        return [passed()]
    if not is_late and last:
        return [
            unknown(f"the last full sync was at {last}, before the last change", "the next full sync: wait a minute")
        ]
    message = f"istiod of {end.name} is connected and does not read the services of {link.watched.name}"
    return [
        Outcome(
            "failed",
            f"{message}: the last full sync was at {last or 'no time'}",
            "not-synced",
            end.name,
            end.place("ServiceMeshPeer"),
            "status.discoveryStatus.active[].watch.lastFullSync",
            last,
            f"at most {STALE_SECONDS} seconds before {now}" if now else "a time",
            f"Restart the istiod of {end.name}: federate.yml with federation_restart_control_plane",
            is_symptom=True,
        )
    ]


def _is_later(now: str, time: Optional[str], seconds: int) -> bool:
    return bool(now and time) and (parse_time(now) - parse_time(str(time))).total_seconds() > seconds


def newest_time(end: End) -> str:
    """The newest time that the peers of a mesh show: its own clock, a little late."""
    return max((time for peer in end.facts.get("peers") or [] for time in _times(dig(peer, "status"))), default="")


def _times(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and key.startswith("last") and key != "lastDisconnectStatus":
                yield inner
            else:
                yield from _times(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _times(inner)
