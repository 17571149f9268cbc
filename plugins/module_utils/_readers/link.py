# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""One link: its peer and both sets, judged by what is expected of it. Private to this collection; pure.

The shapes are those of maistra/api ``federation/v1``; what a value means is from maistra/istio
``pkg/servicemesh/federation/status/handler.go`` and from running 2.3 and 2.5.
"""

from __future__ import annotations

from typing import Collection, Dict, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.links import (
    Imported,
    LinkExpectation,
    LinkStatus,
    PeerStatus,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import rule_imports
from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import (
    is_status_of_former_peer,
    read_peer,
    unread_peer,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_exports, read_imports

#: Seconds after which istiod has reconciled a peer again in any case (it does so every 60).
RECONCILE_SECONDS = 70


def read_link(
    mesh: str,
    expectation: LinkExpectation,
    peer: Optional[Json],
    imports: Optional[Json],
    exports: Optional[Json],
    pods: Collection[str] = (),
) -> LinkStatus:
    """One link of ``mesh`` as its three objects show it; None is an object that the API server does not have.

    With ``pods`` only the entries of those istiod pods count, and those of ``terminated_pods`` never do.
    """
    terminated = expectation.get("terminated_pods") or ()
    status = read_peer(peer, mesh=mesh, other=expectation["peer"], pods=pods, terminated_pods=terminated)
    return judge_link(expectation, _unjudged(expectation, status, imports, exports))


def unread_link(mesh: str, expectation: LinkExpectation, reason: str, remedy: str) -> LinkStatus:
    """One link of a mesh that could not be read: nothing is known of it, not even whether its ServiceMeshPeer exists."""
    link = _unjudged(expectation, unread_peer(mesh, reason, remedy), None, None)
    link.update({"state": "unknown", "synced": None})
    return link


def _unjudged(
    expectation: LinkExpectation, status: PeerStatus, imports: Optional[Json], exports: Optional[Json]
) -> LinkStatus:
    """One link as its objects show it, before what is expected of it counts."""
    return {
        "peer": expectation["peer"],
        "peer_name": expectation["peer_name"],
        **status,
        **read_imports(imports),
        "exported": read_exports(exports),
        "state": "degraded",
        "healthy": False,
        "missing": [],
        "synced": False,
        "root_proven": None,
        "root_not_loaded": False,
    }


def judge_link(expectation: LinkExpectation, link: LinkStatus) -> LinkStatus:
    """The link with all that depends on what is expected of it; the argument is not changed."""
    missing = _missing(expectation, link)
    is_synced = synced(link, expectation.get("since")) or _is_synced_by_imports(expectation, link)
    is_synced = is_synced and has_reconciled(link, expectation.get("reconciled_since"))
    is_synced = is_synced and has_connected(link, expectation.get("attempt_since"))
    healthy = bool(link["connected"] and is_synced and not missing and not is_inbound_missing(expectation, link))
    return {
        **link,
        "state": "healthy" if healthy else "degraded",
        "healthy": healthy,
        "missing": missing,
        "synced": is_synced,
        "root_proven": root_proven(link, expectation.get("root_since")),
        "root_not_loaded": root_not_loaded(link, expectation.get("root_since")),
    }


def synced(link: PeerStatus, since: Optional[str] = None) -> bool:
    """Whether a connected link has read everything once, at or after ``since``."""
    if not link.get("connected") or not link.get("last_full_sync") or is_status_of_former_peer(link):
        return False
    return not since or str(link["last_full_sync"]) >= since


def root_proven(link: PeerStatus, since: Optional[str]) -> Optional[bool]:
    """Whether a connected link has connected anew since its root changed (at ``since``); None where there is nothing to
    prove.

    An established connection stays up with any root, so it proves nothing about a new one (observed on 2.3 and 2.5). A root
    that existed before its peer did is proven by any connection of that peer.
    """
    last_attempt = link.get("last_attempt")
    if not link.get("connected") or not since or not last_attempt:
        return None
    created = link.get("created") or ""
    return since <= created <= last_attempt or last_attempt > since


def has_connected(link: PeerStatus, since: Optional[str]) -> bool:
    """Whether the last attempt to connect was at ``since`` or later and succeeded; None asks for nothing."""
    return not since or bool(link.get("connected") and str(link.get("last_attempt") or "") >= since)


def has_reconciled(link: PeerStatus, since: Optional[str]) -> bool:
    """Whether istiod has reconciled the peer of a connected link since it was changed (at ``since``); None asks for nothing.

    Another spelling of ``spec.remote`` restarts the watch in the reconciliation that reads the ConfigMap of the root first
    (maistra/istio discovery/controller.go), and so does a link that comes up, as it changes the status of the peer (observed on
    2.3 and 2.5). Without either the full syncs show that the time of a reconciliation has passed.
    """
    if not since or has_connected(link, since):
        return True
    last_full_sync = link.get("last_full_sync")
    if not link.get("connected") or not last_full_sync:
        return False
    return (parse_time(last_full_sync) - parse_time(since)).total_seconds() > RECONCILE_SECONDS


def root_not_loaded(link: PeerStatus, since: Optional[str]) -> bool:
    """Whether a link is down that was up before its root changed (at ``since``): istiod does not load a changed root while
    the link is down (observed on 2.5: not within 240 seconds)."""
    if link.get("connected") or link.get("code") != "peer-unreachable" or not since:
        return False
    last_full_sync = link.get("last_full_sync")
    return bool(last_full_sync and last_full_sync <= since and (link.get("created") or "") < since)


def is_inbound_missing(expectation: LinkExpectation, link: PeerStatus) -> bool:
    """Whether the peer should be seen to watch this mesh and is not.

    Only a single istiod pod is believed: with several, ``remotes`` are missing on all but one and stay wrong (observed on
    2.5).
    """
    return bool(expectation.get("inbound") and not link["inbound"] and not link["several_pods"])


def _missing(expectation: LinkExpectation, link: LinkStatus) -> List[str]:
    """Exported names that should be imported and are not: the expected ones, and the offered ones that a rule matches."""
    imported = {service["exportedName"] for service in link["imported"]}
    expected = set(expectation.get("imports_expected") or [])
    rules = expectation.get("import_rules") or []
    expected |= {name for name in link["offered"] if rule_imports(rules, name)}
    return sorted(expected - imported)


def _is_synced_by_imports(expectation: LinkExpectation, link: LinkStatus) -> bool:
    """Whether imports prove that a connected link has synced although its status has no time of it: a pod whose status
    updates are rejected never shows one (observed on 2.5 with several istiod pods)."""
    expected = expectation.get("imports_expected")
    return bool(link["connected"] and not link["last_full_sync"] and expected and not _missing(expectation, link))


def collisions(imported_by_peer: Mapping[str, Sequence[Imported]]) -> Dict[str, List[str]]:
    """Exported names that one mesh imports from several peers, with these peers: requests to them fail although every status
    is healthy (observed on 2.5: one exported name, two registries)."""
    peers: Dict[str, List[str]] = {}
    for peer, imported in sorted(imported_by_peer.items()):
        for service in imported:
            peers.setdefault(service["exportedName"], []).append(peer)
    return {name: importers for name, importers in sorted(peers.items()) if len(importers) > 1}
