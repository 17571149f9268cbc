# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: The note on a ServiceMeshPeer of what a running istiod keeps: client ID and ingress gateway. Pure."""

from __future__ import annotations

import json
from typing import Any, Mapping, Optional, Sequence, cast

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: Annotation of a ServiceMeshPeer: the client ID and ingress gateway that istiod took first, and the pods that did.
KEPT = "ossm.federation/istiod-keeps"

#: What happened and what follows from it, by case.
_CLIENT = ("clientID is now {now}, and service traffic keeps {kept}: requests from {peer} are answered 503, with a good "
           "status")
_INGRESS = ("the ingress gateway is now {now}, and service traffic keeps {kept}: on the new one nobody checks the client ID "
            "of requests, and those from {peer} are answered 503")
Pods = Optional[Sequence[Json]]




def kept_mark(side: Mapping[str, Any], live: Optional[Json], pods: Pods) -> Optional[str]:
    """The annotation KEPT of the ServiceMeshPeer of a side, as it is to be written; None for none.

    istiod keeps the first values for service traffic until it ends. So they are noted with the names of the pods that
    run (``pods``: as mesh_info reads them, None when it could not), and count as long as one of those is alive. The
    note is a fact about the past and needs no removal: it is void once its pods are gone, and replaced with the next
    change.
    """
    wanted = _wanted(side)
    if live is None:
        return _mark(wanted, pods)
    told = dig(live, "metadata", "annotations", KEPT)
    lives = {"clientID": dig(live, "spec", "security", "clientID"),
             "ingress": dig(live, "spec", "gateways", "ingress", "name")}
    if lives == wanted or _alive(_read(told), pods):
        return cast(Optional[str], told)
    return _mark(lives, pods)


def kept_identity(side: Mapping[str, Any], live: Optional[Json], pods: Pods, restarted: Pods = None,
                  ) -> Optional[Json]:
    """What istiod keeps for service traffic instead of what the ServiceMeshPeer of a side says: ``clientID``,
    ``ingress``; None when they agree. ``pods`` are those that KNOW read, ``restarted`` those after a restart in this
    run."""
    mark = _read(kept_mark(side, live, pods))
    if live is None or mark is None or not _alive(mark, pods if restarted is None else restarted):
        return None
    kept = {"clientID": mark["clientID"], "ingress": mark["ingress"]}
    return None if kept == _wanted(side) else kept


def _wanted(side: Mapping[str, Any]) -> Json:
    return {"clientID": side["client_id"], "ingress": side["ingress"]}


def _mark(values: Json, pods: Pods) -> str:
    names = [pod["name"] for pod in pods or []]
    return json.dumps({**values, "pods": names}, separators=(",", ":"), sort_keys=True)


def _read(text: Any) -> Optional[Json]:
    """A note as it was written; what somebody else wrote there is none."""
    try:
        found = json.loads(text or "")
    except (TypeError, ValueError):
        return None
    if not isinstance(found, dict) or not {"clientID", "ingress", "pods"} <= set(found):
        return None
    names = found["pods"]
    return found if isinstance(names, list) and all(isinstance(name, str) for name in names) else None


def _alive(mark: Optional[Json], pods: Pods) -> bool:
    """Whether a pod of a note still runs; where the pods could not be read it counts as if."""
    if mark is None:
        return False
    return pods is None or bool({pod["name"] for pod in pods} & set(mark["pods"]))
