# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: ServiceMeshPeer status to facts: one state per link, with reason and remedy. Pure."""

from __future__ import annotations

from typing import Any, Collection, Dict, Iterable, List, Optional, Sequence, Set, Tuple, cast

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

Decoded = Dict[str, str]

#: Parts of a disconnect text, with code, meaning and remedy. The first that fits counts.
#: {peer} is the mesh that is watched, {mesh} the one that watches.
_TEXTS: Tuple[Tuple[Tuple[str, ...], str, str, str], ...] = (
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
        "Wait a moment; if it stays, look at the pods and the Service of the egress gateway",
    ),
    (
        ("i/o timeout", "deadline exceeded", "dial tcp"),
        "egress-unreachable",
        "istiod cannot reach the local egress gateway",
        "Look at the pods of the egress gateway and at network policies between istiod and port 8188",
    ),
    (
        ("403",),
        "refused",
        "{peer} refuses the identity: clientID in its peer for {mesh} is not this mesh's egress gateway, "
        "or two peers share its ingress gateway",
        "In {peer}, compare spec.security.clientID with <trust domain>/ns/<namespace>/sa/<egress gateway>"
        "-service-account of {mesh}, and give every peer its own ingress gateway",
    ),
    (
        ("400",),
        "unknown-there",
        "{peer} does not know a peer for this mesh, or its istiod is deadlocked",
        "Create the peer in {peer}; if it exists, restart the istiod of {peer} (federation_restart_control_plane)",
    ),
    (
        ("404",),
        "no-route",
        "the local egress gateway has no route for the peer (yet)",
        "Wait a moment; if it stays, compare spec.gateways.egress.name with the egress gateway meant for this peer",
    ),
    (
        ("503", "502", "504"),
        "unreachable",
        "the remote ingress gateway cannot be reached, or TLS with it fails: address, port, root certificate and trust "
        "domain all look like this",
        "Compare spec.remote with the addresses of {peer}'s ingress gateway, the root in the config map with {peer}'s, "
        "and spec.security.trustDomain with {peer}'s; check firewalls on the way",
    ),
    (
        ("200",),
        "ended",
        "the watch ended in good order and is opened again",
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
        "Wait: reconnecting takes up to two minutes; if it stays, look at what lies between the meshes",
    ),
)


def decode(text: Optional[str], *, mesh: str = "this mesh", peer: str = "the other mesh") -> Decoded:
    """Code, words and remedy of a ``watch.lastDisconnectStatus``.

    >>> decode("403 Forbidden")["code"]
    'refused'
    """
    plain = (text or "").strip()
    if not plain:
        return {
            "code": "connecting",
            "message": "not connected yet; istiod has not said why",
            "remedy": "Wait: a new link takes a few seconds, a repaired one up to two minutes",
        }
    lower = plain.lower()
    for signs, code, message, remedy in _TEXTS:
        if any(sign in lower for sign in signs):
            return {"code": code, "message": message.format(mesh=mesh, peer=peer),
                    "remedy": remedy.format(mesh=mesh, peer=peer)}
    return {"code": "unknown", "message": "istiod gives a reason that is not known here",
            "remedy": "Read the istiod log of this mesh"}




def _newest(times: Iterable[Optional[str]]) -> Optional[str]:
    """The newest of some times (RFC 3339, UTC, whole seconds: they compare as text); None when there is none."""
    return max((one for one in times if one), default=None)


def read_peer(peer: Optional[Json], *, mesh: str = "this mesh", other: str = "the other mesh",
              pods: Collection[str] = (), gone: Collection[str] = ()) -> Json:
    """What a ServiceMeshPeer says of the link: ``mesh`` watches ``other``; with ``pods`` only entries of those count, and
    those of ``gone`` never do.

    Returns ``exists``, ``accepted`` (istiod knows the peer), ``connected``, ``text`` (the last disconnect, old news
    while connected), ``code``, ``message``, ``remedy``, ``last_full_sync``, ``last_attempt``, ``created`` (times as
    in the API or None), ``inbound`` (the other side watches us: True, False, or None for no sign), ``inbound_message``,
    ``several_pods`` (several istiod pods report here, and then ``inbound`` may stay wrong), ``suspect`` (``deadlock`` or
    None).

    An entry counts as connected when it is under ``active`` with ``watch.connected``; one pod's is enough, since those of
    live pods may be missing (seen with several istiod pods on 2.5). A pod can stand under ``inactive`` as well, and then
    its newest attempt counts (maistra/istio ``pkg/servicemesh/federation/status/handler.go``).
    """
    found: Json = {
        "exists": peer is not None, "accepted": False, "connected": False, "text": "", "code": "absent",
        "message": "there is no ServiceMeshPeer", "remedy": "Run federate.yml", "last_full_sync": None,
        "last_attempt": None, "created": None, "inbound": None, "inbound_message": "no sign of the other side here",
        "several_pods": False, "suspect": None,
    }
    if peer is None:
        return found
    active, inactive = (
        [one for one in _entries(peer, part) if (not pods or one.get("pod") in pods) and one.get("pod") not in gone]
        for part in ("active", "inactive"))
    entries = _newest_of_each_pod(inactive, active)
    watches = [entry.get("watch") or {} for entry in entries]
    found.update(
        created=dig(peer, "metadata", "creationTimestamp"),
        accepted=bool(entries),
        several_pods=len(entries) > 1,
        connected=any((entry.get("watch") or {}).get("connected") for entry in entries if entry in active),
        last_full_sync=_newest(watch.get("lastFullSync") for watch in watches),
        last_attempt=_newest(watch.get("lastConnected") for watch in watches),
        text=_last_text(watches),
    )
    found.update(_inbound(entries))
    found.update(_judge(found, mesh, other))
    return found


def _newest_of_each_pod(inactive: Sequence[Json], active: Sequence[Json]) -> List[Json]:
    """The entry of each pod with its newest attempt to connect; of one attempt, that under ``active`` is the later."""
    found: Dict[Any, Json] = {}
    for entry in (*inactive, *active):
        before = found.get(entry.get("pod"))
        if before is None or _attempt(entry) >= _attempt(before):
            found[entry.get("pod")] = entry
    return list(found.values())


def _attempt(entry: Json) -> str:
    return str((entry.get("watch") or {}).get("lastConnected") or "")


def entry_pods(peer: Json) -> Set[str]:
    """Names of all istiod pods of which a ServiceMeshPeer's status has an entry, the dead ones among them."""
    return {str(entry.get("pod")) for part in ("active", "inactive") for entry in _entries(peer, part)}


def _entries(peer: Json, part: str) -> List[Json]:
    """The entries of istiod pods under ``active`` or ``inactive``."""
    return cast(List[Json], dig(peer, "status", "discoveryStatus", part) or [])


def _last_text(watches: Sequence[Json]) -> str:
    """The disconnect text of the newest attempt that has one."""
    told = [watch for watch in watches if watch.get("lastDisconnectStatus")]
    if not told:
        return ""
    return str(max(told, key=lambda watch: str(watch.get("lastConnected") or ""))["lastDisconnectStatus"])


def _inbound(entries: Sequence[Json]) -> Json:
    """Whether the other mesh watches us, as far as it shows here; the other side itself knows better."""
    remotes = [remote for entry in entries for remote in entry.get("remotes") or []]
    if any(remote.get("connected") for remote in remotes):
        return {"inbound": True, "inbound_message": "the other side is connected, as seen from here"}
    if remotes:
        return {"inbound": False, "inbound_message": "the other side was connected once, as seen from here"}
    return {"inbound": None, "inbound_message": "no sign of the other side here"}


def _judge(found: Json, mesh: str, other: str) -> Json:
    """Code, words, remedy and suspicion for what was read of a peer."""
    if found["connected"] and _older_than_object(found):
        return {
            "connected": False, "suspect": "deadlock", "code": "deadlock",
            "message": "the status is older than the peer itself: istiod is deadlocked since a peer was deleted while "
                     "it exported services",
            "remedy": f"Restart the istiod of {mesh} (federation_restart_control_plane)",
        }
    if found["connected"]:
        return {"code": "connected", "message": "connected", "remedy": ""}
    if not found["accepted"]:
        return {
            "code": "not-accepted",
            "message": "istiod has not taken the peer up; it does not while it cannot read the root certificate of "
                     + other,
            "remedy": "Check the config map named in spec.security.certificateChain (key root-cert.pem); istiod looks "
                      "again within 60 seconds",
        }
    return decode(found["text"], mesh=mesh, peer=other)


def _older_than_object(found: Json) -> bool:
    """Whether every time of the watches is older than the object: the trace of a deadlocked istiod (2.3 and 2.5)."""
    newest = _newest((found["last_full_sync"], found["last_attempt"]))
    return bool(found["created"] and newest and newest < found["created"])


def former(link: Json) -> bool:
    """Whether a status is that of the peer that was there before: it is written by name, and of the new one there is no
    full sync before its first connection."""
    return bool(link.get("last_full_sync") and link["last_full_sync"] < (link.get("created") or ""))
