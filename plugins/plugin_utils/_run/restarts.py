# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: changes that a running istiod does not accept, and the control planes whose restart helps. Pure.

Every rule here was observed on running control planes (2.3 and 2.5); istiod is maistra/istio ``pkg/servicemesh/federation``.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import Severity
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import field_manager
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import RECONCILE_SECONDS
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import is_status_of_former_peer
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.identity_note import (
    KeptIdentity,
    Pods,
    kept_identity,
    kept_message,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side

#: Codes of problems that a restart of istiod solves.
RESTART_CODES = ("identity-kept", "root-not-loaded", "sync-lock", "deadlock", "peer-lost", "imports-stale")

#: Seconds for which istiod retries a failing full sync with its lock acquired (120), and some for the next attempt.
LOCK_SECONDS = 150
#: Seconds after which a changed import set is effective in any version: 2.4 and older sync every five minutes.
IMPORT_SECONDS = 420
_ROOT = (
    "the root of {peer} changed while the link was down, and istiod does not load it before the link is up: neither "
    "discovery nor requests pass"
)
_LOCK = (
    "istiod has not processed its change of {time}: a failing full sync, here of {cause}, holds the lock that the "
    "change needs, and a peer that is created again meanwhile is ignored permanently"
)
_DEADLOCK = (
    "its status is older than itself: istiod is deadlocked since a peer was deleted while it exported services, and "
    "ignores every later change of any peer"
)
_PEER = (
    "istiod answers {mesh} that it knows no such peer (400): it is deadlocked, or has lost the peer when it was created "
    "again"
)
_IMPORTS = (
    "istiod takes it for the earlier import set of the same generation, and imports by the rules of that one: "
    "{missing} is missing; a change of its rules would help too"
)

_VARIABLE = "federation_restart_control_plane"


def needs(
    plan: Plan,
    readings: Mapping[str, Json],
    facts: Mapping[str, Json],
    changed: Optional[Mapping[str, Mapping[str, str]]] = None,
    restarted: Optional[Mapping[str, Sequence[Json]]] = None,
) -> List[Problem]:
    """The changes that istiods do not accept without a restart, with consequence and remedy; codes are RESTART_CODES.

    ``readings`` are results of peer_wait by host, ``facts`` MeshFacts by host, ``changed`` the times of this run's
    changes by host and peer object, ``restarted`` the istiod pods after a restart in this run by host.
    """
    problems: List[Problem] = []
    for host, sides in sorted(plan["sides"].items()):
        mesh = plan["meshes"][host]
        if not mesh["in_play"] or not mesh["readable"]:
            continue
        look = _Look(plan, host, readings, facts.get(host) or {}, (changed or {}).get(host) or {})
        for _peer, side in sorted(sides.items()):
            if side["state"] == "ready":
                problems += look.at(side, (restarted or {}).get(host))
    remedied = [_with_remedy(found, plan, restarted or {}) for found in problems]
    return list({(found["code"], found["mesh"], found["where"]): found for found in remedied}.values())


def to_restart(plan: Plan, problems: Iterable[Problem]) -> List[str]:
    """The hosts whose istiod is to be restarted: those that it helps, where the variable allows it."""
    helped = {found["mesh"] for found in problems if found["code"] in RESTART_CODES}
    allowed = plan["options"].get(_VARIABLE) or []
    return [
        host
        for host, mesh in sorted(plan["meshes"].items())
        if mesh["mesh"] in helped and host in allowed and mesh["in_play"]
    ]


def _with_remedy(found: Problem, plan: Plan, restarted: Mapping[str, Any]) -> Problem:
    """The problem with its remedy, which depends on whether a restart was tried in this run."""
    host = next(host for host, mesh in plan["meshes"].items() if mesh["mesh"] == found["mesh"])
    if host in restarted:
        found["remedy"] = "A restart of its istiod in this run did not help: see its log"
    else:
        found["remedy"] = restart_fix(found["mesh"])
    return found


def restart_fix(*meshes: str) -> str:
    """The fix for what a restart of the istiods of these meshes corrects."""
    them = "it" if len(meshes) == 1 else "them"
    return f"Restart the istiod of {', '.join(meshes)}: run again with {_VARIABLE}: true, or with a list that contains {them}"


class _Look:
    """The problems of one mesh, link by link."""

    def __init__(
        self, plan: Plan, host: str, readings: Mapping[str, Json], facts: Json, changed: Mapping[str, str]
    ) -> None:
        self.plan = plan
        self.host = host
        self.readings = readings
        self.facts = facts
        self.changed = changed
        self.links = _links(readings, host)
        #: the newest time in the status of its links: its own clock, a little late
        self.now = max((time for link in self.links.values() for time in _times(link)), default="")

    def at(self, side: Side, restarted: Pods) -> List[Problem]:
        """The problems of one side."""
        live = self._live("peers", side)
        found: List[Problem] = []
        if side["peer_object"] != "unmanaged":
            found += _identity(side, kept_identity(side, live, self.facts.get("istiod"), restarted), self.facts)
        link = self.links.get(side["peer_name"])
        if link is None:
            return found
        if link.get("suspect") == "deadlock":
            found.append(_problem("deadlock", side, _DEADLOCK))
        elif link.get("root_not_loaded"):
            found.append(_problem("root-not-loaded", side, _ROOT.format(**side)))
        elif self._lost(side, link):
            cause = " and ".join(self._failing(side)) or side["peer"]
            found.append(_problem("sync-lock", side, _LOCK.format(time=self._changed_at(side), cause=cause)))
        elif self._imports_kept(side, link):
            message = _IMPORTS.format(missing=", ".join(link["missing"]))
            found.append(_problem("imports-stale", side, message, kind="ImportedServiceSet"))
        return found + self._unknown_there(side, link)

    def _live(self, key: str, side: Side) -> Optional[Json]:
        """The live object for a side among the facts of one kind."""
        return by_name(self.facts.get(key)).get(side["peer_name"])

    def _changed_at(self, side: Side) -> str:
        """When we last changed the ServiceMeshPeer of a side, or when it was created again."""
        applied = dig(self._live("peers", side), "applied", field_manager(side["peer_name"]), "time")
        created = self.links[side["peer_name"]].get("created") or ""
        return max(str(self.changed.get(side["peer_name"]) or applied or ""), created)

    def _lost(self, side: Side, link: Json) -> bool:
        """Tell whether istiod has not processed our change for longer than one failing full sync can delay it."""
        since = self._changed_at(side)
        if not link.get("exists") or not _after(self.now, since, LOCK_SECONDS):
            return False
        if link["connected"] or is_status_of_former_peer(link):
            return is_status_of_former_peer(link)
        if not link["accepted"]:
            return bool(self._failing(side))
        return max(_times(link), default="") < since

    def _failing(self, side: Side) -> List[str]:
        """Other peers of the mesh whose links are down, or are those of a former peer."""
        return sorted(
            link["peer"]
            for name, link in self.links.items()
            if name != side["peer_name"]
            and link["accepted"]
            and (not link["connected"] or is_status_of_former_peer(link))
        )

    def _imports_kept(self, side: Side, link: Json) -> bool:
        """Tell whether an import set that is newer than its peer is ignored after the full sync of any version."""
        live, peer = self._live("imports", side), self._live("peers", side)
        if not link["connected"] or not link["synced"] or not link["missing"] or live is None or peer is None:
            return False
        created = str(dig(live, "metadata", "creationTimestamp") or "")
        since = max(
            created,
            self.changed.get(side["peer_name"], ""),
            str(dig(live, "applied", field_manager(side["peer_name"]), "time") or ""),
        )
        alone = created > str(dig(peer, "metadata", "creationTimestamp") or "")
        return alone and _after(str(link["last_full_sync"] or ""), since, IMPORT_SECONDS)

    def _unknown_there(self, side: Side, link: Json) -> List[Problem]:
        """The problem that the istiod of the other mesh has lost its peer for us: it answers that it has none."""
        back = self.plan["sides"][side["peer_host"]][side["host"]]
        if link.get("code") != "peer-unknown-there" or back["state"] != "ready":
            return []
        there = _links(self.readings, side["peer_host"]).get(back["peer_name"]) or {}
        if not there.get("exists"):
            return []
        if not _after(str(link["last_attempt"] or ""), str(there.get("created") or ""), RECONCILE_SECONDS):
            return []
        return [_problem("peer-lost", back, _PEER.format(**side))]


def _identity(side: Side, kept: Optional[KeptIdentity], facts: Json) -> List[Problem]:
    """The problem that services still use an earlier client ID or ingress gateway."""
    if kept is None:
        return []
    # Without exports there are no requests, and unknown pods may have been restarted.
    sure = bool(side["exports"]) and facts.get("istiod") is not None
    return [_problem("identity-kept", side, kept_message(side, kept), severity="error" if sure else "warning")]


def _problem(
    code: str, side: Side, message: str, *, kind: str = "ServiceMeshPeer", severity: Severity = "error"
) -> Problem:
    where = f"{kind} {side['namespace']}/{side['peer_name']}"
    return problem(code, side["mesh"], where, message, "", peer=side["peer"], severity=severity)


def _links(readings: Mapping[str, Json], host: str) -> Dict[str, Json]:
    return {link["peer_name"]: link for link in (readings.get(host) or {}).get("links") or []}


def _times(link: Json) -> List[str]:
    return [str(link[key]) for key in ("last_attempt", "last_full_sync") if link.get(key)]


def _after(time: str, since: str, seconds: int) -> bool:
    """Tell whether a time (RFC 3339, UTC) is more than some seconds after another; false where one is unknown."""
    if not time or not since:
        return False
    return (parse_time(time) - parse_time(since)).total_seconds() > seconds
