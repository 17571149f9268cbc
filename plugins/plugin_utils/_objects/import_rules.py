# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: whether istiod has to be made to read the import rules of a link that is up. Pure.

istiod reads a changed import set at the next reconciliation of the peer and applies it at the next full sync: up to two minutes on
2.5, seven before. A restart of the watch does both at once (observed on 2.5: 0.9 s).
"""

from __future__ import annotations

from typing import Collection

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import last_apply, owned_keys
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import is_adopted
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import is_status_of_former_peer, read_peer
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import unread_rules
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import would_change


def is_reading_due(import_set: DesiredObject, live_peer: Json, terminated_pods: Collection[str]) -> bool:
    """Whether this run changes the rules or the locality of ``import_set``, or an earlier run did and ended before it changed
    the peer, while the link of the live ServiceMeshPeer is up."""
    if not _is_up(live_peer, terminated_pods):
        return False
    return _changes_rules(import_set) if would_change(import_set) else _is_left_unread(import_set, live_peer)


def _is_up(live_peer: Json, terminated_pods: Collection[str]) -> bool:
    """Whether the peer is watched, and its last attempt to connect was followed by a full sync.

    A restart of the watch waits for a full sync that is failing, so it would only add to the trouble (observed on 2.5).
    """
    status = read_peer(live_peer, terminated_pods=terminated_pods)
    synced, attempt = status["last_full_sync"], status["last_attempt"]
    return bool(status["connected"] and synced and not is_status_of_former_peer(status) and synced >= (attempt or ""))


def _changes_rules(import_set: DesiredObject) -> bool:
    """Whether the apply of an import set changes what istiod reads of it."""
    spec, live = import_set["definition"]["spec"], dig(import_set["live"], "spec") or {}
    if any(spec[key] != live.get(key) for key in spec):
        return True
    return import_set["live"] is not None and bool(
        (owned_keys(import_set["live"], import_set["field_manager"], "spec") & set(live)) - set(spec)
    )


def _is_left_unread(import_set: DesiredObject, live_peer: Json) -> bool:
    """Whether the rules of a live set are newer than our last apply of the peer, and its status does not show them.

    Our apply of the peer ends this, so that rules which istiod never reads do not change the peer in every run.
    """
    if is_adopted(import_set["definition"]):
        return False
    written, before = (
        (last_apply(live, import_set["field_manager"]) or {}).get("time") for live in (import_set["live"], live_peer)
    )
    return bool(written and before and before < written and unread_rules(import_set["live"]))
