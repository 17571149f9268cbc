# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the note on a ServiceMeshPeer of what a running istiod keeps: client ID, ingress gateway. Pure."""

from __future__ import annotations

import json
from typing import Any, List, Optional, Sequence, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Side

#: Annotation of a ServiceMeshPeer: the client ID and ingress gateway that istiod read first, and the pods that did.
KEPT = "ossm.federation/istiod-keeps"
#: The istiod pods of a mesh as ``mesh_info`` reads them; None if they could not be read.
Pods = Optional[Sequence[Json]]

_CLIENT_ID_KEPT = (
    "clientID is now {now}, but istiod keeps {kept} for service traffic: requests from {peer} are answered 503 although "
    "the link is connected"
)
_INGRESS_KEPT = (
    "the ingress gateway is now {now}, but istiod keeps {kept} for service traffic: the new one does not check the client ID of "
    "requests, and those from {peer} are answered 503"
)


class KeptIdentity(TypedDict):
    """What istiod keeps for the service traffic of a peer."""

    clientID: Optional[str]
    ingress: Optional[str]


class _Note(KeptIdentity):
    """The content of the annotation."""

    pods: List[str]


def kept_mark(side: Side, live: Optional[Json], pods: Pods) -> Optional[str]:
    """The annotation KEPT for the ServiceMeshPeer of a side, None for none; ``live`` is the live ServiceMeshPeer.

    istiod keeps the first values for service traffic until it ends. The note has them with the names of the running ``pods``,
    and is valid as long as one of these runs. It is a fact about the past that nothing has to remove: it is void once its
    pods have ended, and the next change replaces it.
    """
    desired = _desired(side)
    if live is None:
        return _render(desired, pods)
    note: Optional[str] = dig(live, "metadata", "annotations", KEPT)
    current = _current(live)
    if current == desired or _is_valid(_parse(note), pods):
        return note
    return _render(current, pods)


def is_live(side: Side, live: Optional[Json]) -> bool:
    """Whether the live ServiceMeshPeer has the desired client ID and ingress gateway: only then istiod can keep other ones."""
    return live is not None and _current(live) == _desired(side)


def _current(live: Json) -> KeptIdentity:
    return {
        "clientID": dig(live, "spec", "security", "clientID"),
        "ingress": dig(live, "spec", "gateways", "ingress", "name"),
    }


def kept_identity(side: Side, live: Optional[Json], pods: Pods, restarted: Pods = None) -> Optional[KeptIdentity]:
    """What istiod keeps for service traffic if it differs from the ServiceMeshPeer of a side, else None.

    ``pods`` are those that were read with ``live``, ``restarted`` those after a restart in this run.
    """
    note = _parse(kept_mark(side, live, pods))
    if live is None or note is None or not _is_valid(note, pods if restarted is None else restarted):
        return None
    kept: KeptIdentity = {"clientID": note["clientID"], "ingress": note["ingress"]}
    return None if kept == _desired(side) else kept


def kept_message(side: Side, kept: KeptIdentity) -> str:
    """What istiod keeps for a side, and the consequence."""
    messages = []
    if kept["clientID"] != side["client_id"]:
        messages.append(_CLIENT_ID_KEPT.format(now=side["client_id"], kept=kept["clientID"], peer=side["peer"]))
    if kept["ingress"] != side["ingress"]:
        messages.append(_INGRESS_KEPT.format(now=side["ingress"], kept=kept["ingress"], peer=side["peer"]))
    return "; ".join(messages)


def _desired(side: Side) -> KeptIdentity:
    return {"clientID": side["client_id"], "ingress": side["ingress"]}


def _render(identity: KeptIdentity, pods: Pods) -> str:
    names = [pod["name"] for pod in pods or []]
    return json.dumps({**identity, "pods": names}, separators=(",", ":"), sort_keys=True)


def _parse(text: Any) -> Optional[_Note]:
    """A note that this collection wrote; None for any other text."""
    try:
        note = json.loads(text or "")
    except (TypeError, ValueError):
        return None
    if not isinstance(note, dict) or not {"clientID", "ingress", "pods"} <= set(note):
        return None
    names = note["pods"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return {"clientID": note["clientID"], "ingress": note["ingress"], "pods": names}


def _is_valid(note: Optional[_Note], pods: Pods) -> bool:
    """Whether a pod of a note still runs; pods that could not be read count as running."""
    if note is None:
        return False
    return pods is None or bool({pod["name"] for pod in pods} & set(note["pods"]))
