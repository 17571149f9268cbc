# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: Shapes of a link: what is expected of it, and what its objects in the cluster say.

A link is directed: one mesh watches a peer. All times are RFC 3339 in whole seconds, by the API server's clock.
"""

from __future__ import annotations

from typing import List, Literal, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Rule

#: healthy: as expected; degraded: something is missing; unknown: the cluster could not be read.
LinkState = Literal["healthy", "degraded", "unknown"]

#: Why a link is as it is. Not read: ``unreadable``. By the object alone: ``absent``, ``not-accepted``, ``deadlock``,
#: ``connected``. All others by the text of the last disconnect; ``unrecognised`` is a text without a known meaning.
LinkCode = Literal[
    "unreadable",
    "absent",
    "not-accepted",
    "deadlock",
    "connected",
    "connecting",
    "egress-missing",
    "egress-not-listening",
    "egress-unreachable",
    "identity-refused",
    "peer-unknown-there",
    "no-route",
    "peer-unreachable",
    "ended",
    "restarted",
    "cut",
    "unrecognised",
]


class _LinkNames(TypedDict):
    peer: str
    peer_name: str


class LinkExpectation(_LinkNames, total=False):
    """What is expected of a link; an item of the option ``links`` of peer_wait.

    ``peer`` is the other mesh, ``peer_name`` the name of the ServiceMeshPeer and of both
    service sets. ``imports_expected`` are exported names that must be imported; of what the peer offers, that which
    ``import_rules`` match as well. ``since`` is the time of our last change, ``root_since`` that of the last change of the
    peer's root certificate. ``reconciled_since``: istiod must have reconciled the peer at this time or later;
    ``attempt_since``: the link must have connected anew at this time or later. ``inbound``: the peer must be seen to watch this
    mesh. ``terminated_pods`` are istiod pods that no longer run: their entries in the status do not count.
    """

    imports_expected: Optional[List[str]]
    import_rules: Optional[List[Rule]]
    since: Optional[str]
    root_since: Optional[str]
    reconciled_since: Optional[str]
    attempt_since: Optional[str]
    inbound: Optional[bool]
    terminated_pods: Optional[List[str]]


class Imported(TypedDict):
    """A service in a set's status: its exported name, and the host name in this mesh (empty without one)."""

    exportedName: str
    hostname: str


class PeerStatus(TypedDict):
    """What a ServiceMeshPeer shows of its link.

    ``exists``: whether there is the object; ``accepted``: istiod has loaded it; ``connected``: this mesh watches the peer;
    all three are None when the cluster could not be read. ``text`` is the text of the last disconnect, which is outdated while
    connected; ``code``, ``message`` and ``remedy`` say what it means. ``last_full_sync`` and ``last_attempt`` (to connect)
    are the newest of all istiod pods, ``created`` is that of the object. ``inbound``: whether the peer watches this mesh, as
    far as it shows here, None for no sign; ``several_pods``: several istiod pods report, and then ``inbound`` may stay
    wrong. ``suspect`` is ``deadlock`` when the status is older than the object.
    """

    exists: Optional[bool]
    accepted: Optional[bool]
    connected: Optional[bool]
    text: str
    code: LinkCode
    message: str
    remedy: str
    last_full_sync: Optional[str]
    last_attempt: Optional[str]
    created: Optional[str]
    inbound: Optional[bool]
    inbound_message: str
    several_pods: bool
    suspect: Optional[Literal["deadlock"]]


class ImportStatus(TypedDict):
    """What an ImportedServiceSet says: ``imported`` services, exported names that the peer offers to this mesh
    (``offered``), and those that are imported although no rule of the spec matches them (``stale``)."""

    imported: List[Imported]
    offered: List[str]
    stale: List[str]


class LinkStatus(PeerStatus, ImportStatus):
    """One link as its three objects show it, judged by what is expected of it.

    ``exported`` is what the ExportedServiceSet offers to the peer; ``missing`` are exported names that should be imported
    and are not; ``synced``: everything was read since our last change, None when unknown; ``root_proven``: connected anew
    since the root changed, None where there is nothing to prove; ``root_not_loaded``: the root changed while the link was
    down, and istiod does not load it before its restart.
    """

    peer: str
    peer_name: str
    state: LinkState
    healthy: bool
    exported: List[Imported]
    missing: List[str]
    synced: Optional[bool]
    root_proven: Optional[bool]
    root_not_loaded: bool
