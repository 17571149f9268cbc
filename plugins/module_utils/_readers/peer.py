# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: ServiceMeshPeer status to facts: one state per link, with reason and remedy. Pure."""

from __future__ import annotations

from typing import Any, Collection, Dict, List, Mapping, Optional, Sequence, Set, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.links import LinkCode, PeerStatus
from ansible_collections.ossm.federation.plugins.module_utils._product.times import newest
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


class Reason(TypedDict):
    """Why a link is as it is, and what to do next."""

    code: LinkCode
    message: str
    remedy: str


_NO_INBOUND = "this mesh has no sign of a connection from the other side"

#: Parts of a disconnect text, with code, meaning and remedy. The first that fits counts.
#: {peer} is the mesh that is watched, {mesh} the one that watches.
_TEXTS: Tuple[Tuple[Tuple[str, ...], LinkCode, str, str], ...] = (
    (
        ("no such host",),
        "egress-missing",
        "the Service of the local egress gateway named in the peer does not exist",
        "Compare spec.gateways.egress.name with the additional egress gateways of the control plane",
    ),
    (
        ("connection refused",),
        "egress-not-listening",
        "the local egress gateway does not listen yet, or its Service has no port 8188",
        "Wait a moment; if this lasts, check the pods and the Service of the egress gateway",
    ),
    (
        ("i/o timeout", "deadline exceeded", "dial tcp"),
        "egress-unreachable",
        "istiod cannot reach the local egress gateway",
        "Check the pods of the egress gateway and the network policies between istiod and port 8188",
    ),
    (
        ("403",),
        "identity-refused",
        "{peer} refuses the identity: clientID in its peer for {mesh} is not this mesh's egress gateway, "
        "or two peers share its ingress gateway",
        "In {peer}, compare spec.security.clientID with <trust domain>/ns/<namespace>/sa/<egress gateway>"
        "-service-account of {mesh}, and give every peer its own ingress gateway",
    ),
    (
        ("400",),
        "peer-unknown-there",
        "{peer} does not know a peer for this mesh, or its istiod is deadlocked",
        "Create the peer in {peer}; if it exists, restart the istiod of {peer} (federation_restart_control_plane)",
    ),
    (
        ("404",),
        "no-route",
        "the local egress gateway has no route for the peer (yet)",
        "Wait a moment; if this lasts, compare spec.gateways.egress.name with the egress gateway for this peer",
    ),
    (
        ("503", "502", "504"),
        "peer-unreachable",
        "the remote ingress gateway cannot be reached, or TLS with it fails: a wrong address, port, "
        "root certificate or trust domain all look like this",
        "Compare spec.remote with the addresses of {peer}'s ingress gateway, the root in the config map with {peer}'s, "
        "and spec.security.trustDomain with {peer}'s; check firewalls on the way",
    ),
    (
        ("200",),
        "ended",
        "the watch ended normally and is opened again",
        "Wait: reconnecting takes up to two minutes",
    ),
    (
        ("context canceled", "context cancelled"),
        "restarted",
        "istiod restarted the watch because the peer was changed",
        "Wait: reconnecting takes up to two minutes",
    ),
    (
        ("eof", "reset"),
        "cut",
        "the connection was cut",
        "Wait: reconnecting takes up to two minutes; if this lasts, check the network between the meshes",
    ),
)


def decode(text: Optional[str], *, mesh: str = "this mesh", peer: str = "the other mesh") -> Reason:
    """The reason that a ``watch.lastDisconnectStatus`` gives.

    >>> decode("403 Forbidden")["code"]
    'identity-refused'
    """
    plain = (text or "").strip()
    if not plain:
        return {
            "code": "connecting",
            "message": "not connected yet; istiod has not reported why",
            "remedy": "Wait: a new link takes a few seconds, a repaired one up to two minutes",
        }
    lower = plain.lower()
    for signs, code, message, remedy in _TEXTS:
        if any(sign in lower for sign in signs):
            return {
                "code": code,
                "message": message.format(mesh=mesh, peer=peer),
                "remedy": remedy.format(mesh=mesh, peer=peer),
            }
    return {
        "code": "unrecognised",
        "message": "istiod reports a reason that this collection does not know",
        "remedy": "Read the istiod log of this mesh",
    }


def read_peer(
    peer: Optional[Json],
    *,
    mesh: str = "this mesh",
    other: str = "the other mesh",
    pods: Collection[str] = (),
    terminated_pods: Collection[str] = (),
) -> PeerStatus:
    """The status of the link from ``mesh`` to ``other``; None where the API server has no such object.

    With ``pods`` only the entries of those istiod pods count, and those of ``terminated_pods`` never do.

    An entry counts as connected when it is under ``active`` with ``watch.connected``; one pod's is enough, since those of
    running pods may be missing (observed with several istiod pods on 2.5). A pod can be under ``inactive`` as well, and then
    its newest attempt counts (maistra/istio ``pkg/servicemesh/federation/status/handler.go``).
    """
    if peer is None:
        return _without_entries(False, "absent", "the ServiceMeshPeer does not exist", "Apply one, or run federate.yml")
    active, inactive = (_counted(_entries(peer, part), pods, terminated_pods) for part in ("active", "inactive"))
    entries = _newest_of_each_pod(inactive, active)
    watches = [entry.get("watch") or {} for entry in entries]
    inbound, inbound_message = _inbound(entries)
    status: PeerStatus = {
        **_without_entries(True, "connecting", "", ""),
        "accepted": bool(entries),
        "connected": any((entry.get("watch") or {}).get("connected") for entry in entries if entry in active),
        "text": _last_text(watches),
        "last_full_sync": newest(watch.get("lastFullSync") for watch in watches),
        "last_attempt": newest(watch.get("lastConnected") for watch in watches),
        "created": dig(peer, "metadata", "creationTimestamp"),
        "inbound": inbound,
        "inbound_message": inbound_message,
        "several_pods": len(entries) > 1,
    }
    if status["connected"] and _is_older_than_object(status):
        status.update({"connected": False, "suspect": "deadlock"})
    return {**status, **_reason(status, mesh, other)}


def _counted(entries: List[Json], pods: Collection[str], terminated_pods: Collection[str]) -> List[Json]:
    """The entries of ``pods`` (all when empty) without those of ``terminated_pods``."""
    return [
        entry for entry in entries if (not pods or entry.get("pod") in pods) and entry.get("pod") not in terminated_pods
    ]


def unread_peer(mesh: str, reason: str, remedy: str) -> PeerStatus:
    """The status of a ServiceMeshPeer in a cluster that could not be read."""
    status = _without_entries(None, "unreadable", f"{mesh} could not be read: {reason}", remedy)
    status.update({"accepted": None, "connected": None})
    return status


def _without_entries(exists: Optional[bool], code: LinkCode, message: str, remedy: str) -> PeerStatus:
    """A status in which no istiod pod reports."""
    return {
        "exists": exists,
        "accepted": False,
        "connected": False,
        "text": "",
        "code": code,
        "message": message,
        "remedy": remedy,
        "last_full_sync": None,
        "last_attempt": None,
        "created": None,
        "inbound": None,
        "inbound_message": _NO_INBOUND,
        "several_pods": False,
        "suspect": None,
    }


def entry_pods(peer: Json) -> Set[str]:
    """Names of all istiod pods of which a ServiceMeshPeer's status has an entry, terminated ones among them."""
    return {str(entry.get("pod")) for part in ("active", "inactive") for entry in _entries(peer, part)}


def terminated_pods(facts: Mapping[str, Any]) -> List[str]:
    """The istiod pods in the status of peers that no longer exist, by MeshFacts.

    Pods are read after peers, so that a new pod is not among them; without a list of pods nothing is known.
    """
    existing = {pod["name"] for pod in facts.get("istiod") or []}
    listed = {pod for peer in facts.get("peers") or [] for pod in entry_pods(peer)}
    return sorted(listed - existing) if existing else []


def _entries(peer: Json, part: str) -> List[Json]:
    """The entries of istiod pods under ``active`` or ``inactive``."""
    entries: List[Json] = dig(peer, "status", "discoveryStatus", part) or []
    return entries


def _newest_of_each_pod(inactive: Sequence[Json], active: Sequence[Json]) -> List[Json]:
    """The entry of each pod with its newest attempt to connect; of one attempt, that under ``active`` is the later."""
    entry_of: Dict[Any, Json] = {}
    for entry in (*inactive, *active):
        before = entry_of.get(entry.get("pod"))
        if before is None or _attempt(entry) >= _attempt(before):
            entry_of[entry.get("pod")] = entry
    return list(entry_of.values())


def _attempt(entry: Json) -> str:
    return str((entry.get("watch") or {}).get("lastConnected") or "")


def _last_text(watches: Sequence[Json]) -> str:
    """The disconnect text of the newest attempt that has one."""
    disconnected = [watch for watch in watches if watch.get("lastDisconnectStatus")]
    if not disconnected:
        return ""
    return str(max(disconnected, key=lambda watch: str(watch.get("lastConnected") or ""))["lastDisconnectStatus"])


def _inbound(entries: Sequence[Json]) -> Tuple[Optional[bool], str]:
    """Whether the other mesh watches this one, as far as it shows here, and that as a sentence; the other mesh itself knows
    better."""
    remotes = [remote for entry in entries for remote in entry.get("remotes") or []]
    if any(remote.get("connected") for remote in remotes):
        return True, "the other side is connected, as seen from here"
    if remotes:
        return False, "the other side was connected once, as seen from here"
    return None, _NO_INBOUND


def _reason(status: PeerStatus, mesh: str, other: str) -> Reason:
    """Why a link is as it is."""
    if status["suspect"] == "deadlock":
        return {
            "code": "deadlock",
            "message": "the status is older than the peer itself: istiod is deadlocked since a peer was deleted while "
            "it exported services",
            "remedy": f"Restart the istiod of {mesh} (federation_restart_control_plane)",
        }
    if status["connected"]:
        return {"code": "connected", "message": "connected", "remedy": ""}
    if not status["accepted"]:
        return {
            "code": "not-accepted",
            "message": "istiod has not accepted the peer; it does not while it cannot read the root certificate of "
            + other,
            "remedy": "Check the ConfigMap named in spec.security.certificateChain (key root-cert.pem); istiod reads it "
            "again within 60 seconds",
        }
    return decode(status["text"], mesh=mesh, peer=other)


def _is_older_than_object(status: PeerStatus) -> bool:
    """Whether every time of the watches is older than the object: the sign of a deadlocked istiod (2.3 and 2.5)."""
    latest = newest((status["last_full_sync"], status["last_attempt"]))
    return bool(status["created"] and latest and latest < status["created"])


def is_status_of_former_peer(link: Mapping[str, Any]) -> bool:
    """Whether a status is that of a deleted peer of the same name: istiod writes it by name, and a new peer has no full
    sync before its first connection."""
    last_full_sync = link.get("last_full_sync")
    return bool(last_full_sync and last_full_sync < (link.get("created") or ""))
