# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shapes of a report. All of it is JSON; the text is made of nothing else."""

from __future__ import annotations

from typing import Dict, List, Literal, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import Root
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem

State = Literal[
    "healthy",
    "incomplete",
    "collision",
    "requests fail",
    "syncing",
    "connecting",
    "refused",
    "unreachable",
    "deadlock",
    "not accepted",
    "absent",
    "skipped",
    "pending",
    "unknown",
    "excluded",
]
Verdict = Literal["HEALTHY", "PENDING", "DEGRADED", "FAILED"]
CauseSeverity = Literal["error", "pending", "warning", "info"]


class Judgement(TypedDict):
    """What is known of one link; ``unverified`` says why a link that is up could not be verified, or is empty. ``code`` is that
    of its status (see ``_product.codes``); empty where the reason is not in the status."""

    state: State
    message: str
    remedy: str
    unverified: str
    code: str


#: One directed link. ``from`` watches ``to`` and is judged by ``from`` alone; ``seen_from`` names the mesh that sees it where
#: ``from`` cannot be read. ``root_proven`` is false when the link has not reconnected since its root changed. ``imported`` and
#: ``missing`` are exported names, ``unmanaged`` says that the ServiceMeshPeer was made by others, ``text`` is the product's own.
#: ``failed`` is false for healthy links and for those that only the administrator of another mesh can bring up.
Link = TypedDict(
    "Link",
    {
        "from": str,
        "to": str,
        "from_host": str,
        "to_host": str,
        "state": State,
        "healthy": bool,
        "failed": bool,
        "unverified": str,
        "code": str,
        "connected": bool,
        "synced": bool,
        "root_proven": Optional[bool],
        "imported": List[str],
        "missing": List[str],
        "unmanaged": bool,
        "seen_from": Optional[str],
        "text": str,
        "message": str,
        "remedy": str,
    },
)

#: A link as a cause names it; ``state`` is as the matrix shows it.
AffectedLink = TypedDict("AffectedLink", {"from": str, "to": str, "state": str})


class Finding(TypedDict):
    """One statement of a cause: the objects or variables that it is about, and what is wrong with them."""

    where: List[str]
    message: str


class Cause(TypedDict):
    """What one fix corrects, however many objects and links are affected. ``summary`` is for the first line of a report."""

    severity: CauseSeverity
    mesh: str
    codes: List[str]
    summary: str
    findings: List[Finding]
    remedy: str
    links: List[AffectedLink]


class Change(TypedDict):
    """One object that was, or in check mode would be, created, changed or deleted; ``fields`` are paths."""

    mesh: str
    peer: Optional[str]
    kind: str
    namespace: Optional[str]
    name: str
    verb: str
    fields: List[str]


class Counts(TypedDict):
    """Numbers of a run. ``unverified`` links are part of the ``healthy`` ones; ``states`` has the others by state.

    ``created``, ``changed`` and ``deleted`` are numbers of objects.
    """

    links: int
    healthy: int
    unverified: int
    states: Dict[str, int]
    created: int
    changed: int
    deleted: int


class Report(TypedDict):
    """All facts of a run. ``problems`` are single, ``causes`` the same by what corrects them.

    ``roots`` are those of every mesh by host (``_product.certificates.Root``), ``connected`` is a number of links, ``pending``
    describes the links that wait for another administrator, ``failures`` are messages by host. ``lines`` are the text,
    ``details`` the objects and fields for who asks for more.
    """

    verdict: Verdict
    headline: str
    check_mode: bool
    counts: Counts
    causes: List[Cause]
    problems: List[Problem]
    links: List[Link]
    changes: List[Change]
    roots: Dict[str, List[Root]]
    connected: int
    pending: List[str]
    failures: Dict[str, str]
    lines: List[str]
    details: List[str]
