# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reading of statuses: what the control plane, the gateways, the peers and the service sets say of themselves.

Private to this collection; pure. The shapes are those of maistra/api ``federation/v1`` and ``maistra/v2``; what a value
means is from maistra/istio ``pkg/servicemesh/federation/status/handler.go`` and from running 2.3 and 2.5.
"""

from __future__ import annotations

from typing import Any, Collection, Dict, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.matching import rule_imports
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import former, read_peer
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_exports, read_imports


def synced(link: Json, since: Optional[str] = None) -> bool:
    """Whether a connected link has read everything once, at or after ``since`` (whole seconds of the API server)."""
    if not link.get("connected") or not link.get("last_full_sync") or former(link):
        return False
    return not since or str(link["last_full_sync"]) >= since


def root_proven(link: Json, since: Optional[str]) -> Optional[bool]:
    """Whether a connected link has connected anew since its root changed (at ``since``); None where there is nothing to
    prove.

    An established connection lives on with any root, so that it is up says nothing about a new one (seen on 2.3 and
    2.5). Times are whole seconds: a root that was there before its peer was is proven by any connection of that peer.
    """
    if not link.get("connected") or not since or not link.get("last_attempt"):
        return None
    created = link.get("created") or ""
    return bool(since <= created <= link["last_attempt"] or link["last_attempt"] > since)


def root_kept(link: Json, since: Optional[str]) -> bool:
    """Whether a link is down that was up before its root changed (at ``since``): istiod does not take a changed root up
    while the link is down (seen on 2.5: not within 240 seconds)."""
    if link.get("connected") or link.get("code") != "unreachable" or not since:
        return False
    return bool(link.get("last_full_sync") and link["last_full_sync"] <= since and (link.get("created") or "") < since)


def read_link(
    mesh: str, wanted: Json, peer: Optional[Json], imports: Optional[Json], exports: Optional[Json],
    pods: Collection[str] = (),
) -> Json:
    """One link of ``mesh`` as its three objects show it: all keys of ``read_peer`` and ``read_imports``, ``exported`` of
    ``read_exports``, ``peer``, ``peer_host`` and ``peer_name`` of ``wanted``, and what ``judge_link`` adds.

    ``wanted`` is an item of the option ``links`` of peer_wait; the objects are None where they do not exist. With
    ``pods`` only what those istiod pods say counts, and what its ``terminated_pods`` have left never does.
    """
    return judge_link(wanted, {
        "peer": wanted["peer"], "peer_host": wanted.get("peer_host"), "peer_name": wanted["peer_name"],
        **read_peer(peer, mesh=mesh, other=wanted["peer"], pods=pods, gone=wanted.get("terminated_pods") or ()),
        **read_imports(imports),
        "exported": read_exports(exports),
    })


def judge_link(wanted: Mapping[str, Any], link: Json) -> Json:
    """The link with ``missing`` (exported names), ``synced``, ``root_proven``, ``root_kept`` and ``good``, in the light
    of what is wanted of it."""
    link["missing"] = _missing(wanted, link)
    link["synced"] = synced(link, wanted.get("since")) or _services_prove_it(wanted, link)
    link["root_proven"] = root_proven(link, wanted.get("root_since"))
    link["root_kept"] = root_kept(link, wanted.get("root_since"))
    link["healthy"] = bool(link["connected"] and link["synced"] and not link["missing"] and not unseen(wanted, link))
    return link


def unseen(wanted: Mapping[str, Any], link: Json) -> bool:
    """Whether the other side should be seen here and is not. Only one istiod pod is believed: with several, ``remotes``
    are missing on all but one and stay wrong (seen on 2.5)."""
    return bool(wanted.get("inbound") and not link["inbound"] and not link["several_pods"])


def _missing(wanted: Mapping[str, Any], link: Json) -> List[str]:
    """Exported names that should be imported and are not: those expected, and those offered that a rule takes."""
    names = {one["exportedName"] for one in link["imported"]}
    expected = set(wanted.get("imports_expected") or [])
    rules = wanted.get("import_rules") or []
    expected |= {one for one in link["offered"] if rule_imports(rules, one)}
    return sorted(expected - names)


def _services_prove_it(wanted: Mapping[str, Any], link: Json) -> bool:
    """Whether imports show that a connected link has synced although its status has no time of it: a pod whose status
    updates are refused never shows one (seen on 2.5 with several istiod pods)."""
    expected = wanted.get("imports_expected")
    return bool(link["connected"] and not link["last_full_sync"] and expected and not _missing(wanted, link))


def collisions(imported_by_peer: Mapping[str, Sequence[Json]]) -> Dict[str, List[str]]:
    """Exported names that one mesh imports from several peers: requests to them fail although every status is good
    (seen on 2.5: one exported name, two registries). Values are the peers."""
    peers: Dict[str, List[str]] = {}
    for peer, imported in sorted(imported_by_peer.items()):
        for one in imported:
            peers.setdefault(one["exportedName"], []).append(peer)
    return {name: named for name, named in sorted(peers.items()) if len(named) > 1}
