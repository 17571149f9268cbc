# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the shape of the status document, which ``status.yml`` writes as ``federation-status.json``.

``docs/federation-status.schema.json`` describes the same for programs; a test compares the two. All times are RFC 3339 in whole
seconds, UTC. Those of links, objects and certificates come from the clusters, ``generated`` from the controller; ages and days are
the difference of the two.
"""

from __future__ import annotations

from typing import Dict, List, Literal, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.comparison import Difference
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.needed import NeededObject
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Cause, State

#: The version of the document: it changes when a key gets another meaning or is removed.
VERSION: Literal[1] = 1
#: Worse from left to right. ``DRIFTED``: all links are healthy, and live objects differ from the declaration.
StatusVerdict = Literal["HEALTHY", "DRIFTED", "PENDING", "DEGRADED", "FAILED"]


class StatusRoot(TypedDict):
    """A root certificate that a mesh publishes; ``fingerprint`` is SHA-256 with colons, ``days`` are whole days until it expires."""

    subject: str
    fingerprint: str
    not_after: str
    days: int


class StatusMesh(TypedDict):
    """One mesh. What could not be read is None or empty, and ``problems`` say why.

    ``in_play``: it is in the limit of the run; ``by_file``: it is known by an identity file only. ``ready`` is that of its control
    plane. ``root_days`` are those of the root that expires first.
    """

    mesh: str
    host: str
    readable: bool
    in_play: bool
    by_file: bool
    namespace: str
    control_plane: Optional[str]
    ready: Optional[bool]
    version: Optional[str]
    openshift: Optional[str]
    platform: str
    trust_domain: Optional[str]
    roots: List[StatusRoot]
    root_days: Optional[int]
    problems: List[Problem]


class StatusService(TypedDict):
    """A service of a link: its exported name, and the ``host`` by which requests name it. For an import that is the host name that
    consumers use, for an export that of the local Service."""

    name: str
    host: str


class StatusTimes(TypedDict):
    """Times that the ServiceMeshPeer of the watching mesh shows."""

    created: Optional[str]
    last_attempt: Optional[str]
    last_sync: Optional[str]


#: One directed link: ``from`` watches ``to``, and imports from it. ``shown_state`` is what the matrix shows: the state, or "up, not
#: verified" where ``unverified`` says why. ``seen_from`` is the mesh that sees it where ``from`` cannot be read. ``connected`` and
#: ``synced`` are null where that is not known. ``expected`` are the exported names that should be imported, ``missing`` those of them
#: that are not. ``exported`` is what ``to`` offers to ``from``. ``objects`` and ``drift`` are those of both sides.
StatusLink = TypedDict(
    "StatusLink",
    {
        "from": str,
        "to": str,
        "from_host": str,
        "to_host": str,
        "state": State,
        "shown_state": str,
        "healthy": bool,
        "failed": bool,
        "unverified": str,
        "seen_from": Optional[str],
        "code": str,
        "text": str,
        "message": str,
        "remedy": str,
        "connected": Optional[bool],
        "synced": Optional[bool],
        "last_sync": Optional[str],
        "sync_age_seconds": Optional[int],
        "times": StatusTimes,
        "imported": List[StatusService],
        "expected": List[str],
        "missing": List[str],
        "exported": List[StatusService],
        "objects": List[NeededObject],
        "drift": List[Difference],
    },
)


class StatusUnmanaged(TypedDict):
    """What the run finds and the declaration does not manage: an object of others that is used as it is (``used``), or one that no
    declared link needs. ``managers`` are those who wrote it."""

    mesh: str
    peer: Optional[str]
    kind: str
    namespace: str
    name: str
    used: bool
    managers: List[str]
    message: str


class StatusCounts(TypedDict):
    """``states`` are numbers of links that are not healthy, by state; ``drift`` is a number of fields, ``unmanaged`` of objects."""

    meshes: int
    readable: int
    links: int
    healthy: int
    unverified: int
    states: Dict[str, int]
    imported: int
    missing: int
    drift: int
    unmanaged: int
    errors: int
    warnings: int


class FederationStatus(TypedDict):
    """The whole document.

    ``conditions`` has a number for each word that ``federation_fail_on`` takes, ``fail_on`` the words of this run, ``failing`` those of
    them whose number is not zero: with any of them the run fails. ``drift`` and ``unmanaged`` are those of all meshes, ``problems``
    are single, ``causes`` the same by what corrects them.
    """

    version: Literal[1]
    generated: str
    collection: str
    group: str
    verdict: StatusVerdict
    headline: str
    conditions: Dict[str, int]
    fail_on: List[str]
    failing: List[str]
    counts: StatusCounts
    meshes: List[StatusMesh]
    links: List[StatusLink]
    drift: List[Difference]
    unmanaged: List[StatusUnmanaged]
    causes: List[Cause]
    problems: List[Problem]
