# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a status counts by the words of ``federation_fail_on``, and which hosts fail by it. Pure."""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, NamedTuple, Sequence, Set

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import FAIL_ON
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.comparison import Difference
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import StatusUnmanaged
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Link

#: States of links that say nothing about the link itself.
_OPEN = ("unknown", "excluded")
#: The code of a root certificate that expires soon.
EXPIRING = "root-expires"
#: By word of ``federation_fail_on`` the mesh of each finding.
Conditions = Dict[str, List[str]]


class Findings(NamedTuple):
    """What a status has found."""

    links: Sequence[Link]
    problems: Sequence[Problem]
    drift: Sequence[Difference]
    unmanaged: Sequence[StatusUnmanaged]


def is_drift(row: Difference) -> bool:
    """Whether a difference is drift: what is unmanaged may differ."""
    return row["owner"] != "unmanaged"


def find_unread(plan: Plan) -> Set[str]:
    """The meshes that should have been read and were not, also those outside of the run."""
    return {mesh["mesh"] for mesh in plan["meshes"].values() if not mesh["readable"] and not mesh["by_file"]}


def find_conditions(plan: Plan, found: Findings) -> Conditions:
    """The findings by word, in the order of the table of words."""
    unread = find_unread(plan)
    errors = {one["mesh"] for one in found.problems if one["severity"] == "error"} - unread
    by_word: Conditions = {
        "degraded": [*_watching(found, lambda link: link["failed"] and link["state"] not in _OPEN), *sorted(errors)],
        "unknown": [*sorted(unread), *_watching(found, lambda link: link["state"] == "unknown")],
        "pending": _watching(found, lambda link: link["state"] == "pending" and not link["failed"]),
        "unverified": _watching(found, lambda link: bool(link["unverified"])),
        "drift": [row["mesh"] for row in found.drift if is_drift(row)],
        "expiring": [one["mesh"] for one in found.problems if one["code"] == EXPIRING],
        "unmanaged": [row["mesh"] for row in found.unmanaged],
        "warning": [one["mesh"] for one in found.problems if one["severity"] == "warning"],
    }
    return {word: by_word[word] for word in FAIL_ON}


def failing(conditions: Mapping[str, Sequence[str]], fail_on: Sequence[str]) -> List[str]:
    """The words of ``federation_fail_on`` that apply."""
    return [word for word in conditions if word in fail_on and conditions[word]]


def failures(plan: Plan, conditions: Conditions, words: Sequence[str]) -> Dict[str, str]:
    """Why each host of the run fails, by host. What only meshes outside of the run have fails the first host: the run has failed."""
    hosts = {mesh["mesh"]: host for host, mesh in sorted(plan["meshes"].items()) if mesh["in_play"]}
    found: Dict[str, Dict[str, int]] = {}
    for word in words:
        for mesh in conditions[word]:
            host = hosts.get(mesh, next(iter(hosts.values()), ""))
            by_word = found.setdefault(host, {})
            by_word[word] = by_word.get(word, 0) + 1
    return {
        host: f"{', '.join(f'{number} {word}' for word, number in by_word.items())}. See the status above."
        for host, by_word in sorted(found.items())
    }


def _watching(found: Findings, applies: Callable[[Link], bool]) -> List[str]:
    """The mesh that sees each of some links."""
    return [link["seen_from"] or link["from"] for link in found.links if applies(link)]
