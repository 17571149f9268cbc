# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from a plan and the links that each mesh shows to one judgement per link. Pure.

A link is directed: ``from`` watches ``to`` and is judged by ``from`` alone. Where ``from`` cannot be asked, a mesh of
another administrator, ``to`` shows whether it sees it.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import versions
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import collisions
from ansible_collections.ossm.federation.plugins.plugin_utils._identity import handover
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Judgement, Link, State
from ansible_collections.ossm.federation.plugins.plugin_utils._run.expectations import (
    expected_imports,
    readable_links,
    unanswered,
)

#: Results of peer_wait or peer_info of one mesh, by name of the ServiceMeshPeer.
Statuses = Mapping[str, Mapping[str, Json]]

#: Why a link with a changed root is not verified: an established connection outlives its root.
ROOT_NOT_VERIFIED = "it has not reconnected since its root changed"
VERIFY_ROOT = "Restart the egress gateway of this mesh for the peer, or wait for the next connection"

#: The first version that syncs in full every minute, and the seconds after which an older one applies a rule.
FAST_SYNC, SLOW_SYNC_SECONDS = (2, 5), 450

#: The state of a link that is down, by the code of its status.
_STATES: Dict[str, State] = {
    "absent": "absent",
    "not-accepted": "not accepted",
    "deadlock": "deadlock",
    "identity-refused": "refused",
    "peer-unknown-there": "refused",
    "peer-unreachable": "unreachable",
    "egress-missing": "unreachable",
    "egress-unreachable": "unreachable",
}


def links(plan: Plan, readings: Mapping[str, Json], *, as_they_are: bool = False) -> List[Link]:
    """One judgement per directed link, sorted by mesh names. ``readings`` are results of peer_wait or peer_info by host.

    ``as_they_are``: no run has to complete anything, so that a link whose other mesh is unknown is judged by its own status."""
    statuses = {host: readable_links(result) for host, result in readings.items()}
    judged = []
    for host, sides in plan["sides"].items():
        shared_names = collisions({name: status["imported"] for name, status in statuses.get(host, {}).items()})
        for side in sides.values():
            if plan["meshes"][host]["by_file"]:
                judged.append(_remote_link(plan, readings, statuses, side))
            else:
                judged.append(_link(plan, readings, statuses, side, shared_names, as_they_are))
    return sorted(judged, key=lambda link: (link["from"], link["to"]))


def with_failing_requests(judged: Iterable[Link], problems: Iterable[Problem]) -> List[Link]:
    """The links, those among them marked that are connected while requests fail, which no status shows.

    A mesh that keeps the former identity of a peer rejects the requests of that peer; a gateway without the peer's network
    rejects those to the peer.
    """
    failing: Dict[Tuple[str, str], Problem] = {}
    for problem in problems:
        peer = problem.get("peer")
        if problem["severity"] == "error" and peer and problem["code"] == "identity-kept":
            failing[peer, problem["mesh"]] = problem
        elif problem["severity"] == "error" and peer and problem["code"] == "network-view":
            failing[problem["mesh"], peer] = problem
    return [_with_failing_requests(link, failing.get((link["from"], link["to"]))) for link in judged]


def _with_failing_requests(link: Link, problem: Optional[Problem]) -> Link:
    if problem is None or not link["healthy"]:
        return link
    marked = link.copy()
    marked.update(
        {
            "state": "requests fail",
            "healthy": False,
            "failed": True,
            "unverified": "",
            "message": f"connected, but requests are answered 503: {problem['message']}",
            "remedy": problem["remedy"],
        }
    )
    return marked


def _link(
    plan: Plan,
    readings: Mapping[str, Json],
    statuses: Statuses,
    side: Side,
    shared_names: Mapping[str, List[str]],
    as_they_are: bool,
) -> Link:
    """One link of a mesh that can be asked."""
    status = statuses.get(side["host"], {}).get(side["peer_name"])
    imported = sorted(row["exportedName"] for row in (status or {}).get("imported") or [])
    expected = {*expected_imports(plan, side, statuses), *((status or {}).get("missing") or [])}
    missing = sorted(expected - set(imported))
    collided = {name: peers for name, peers in shared_names.items() if name in imported}
    by_status = _status_judgement(plan, side, status, missing, collided)
    if as_they_are and by_status is not None and _is_judged_alone(side, status):
        judgement = by_status
    else:
        judgement = _judge(plan, readings, side, status, by_status)
    link: Link = {
        "from": side["mesh"],
        "to": side["peer"],
        "from_host": side["host"],
        "to_host": side["peer_host"],
        "connected": bool(status and status["connected"]),
        "synced": bool(status and status["synced"]),
        "root_proven": (status or {}).get("root_proven"),
        "imported": imported,
        "missing": missing,
        "unmanaged": side["peer_object"] == "unmanaged",
        "seen_from": None,
        "text": (status or {}).get("text") or "",
        "healthy": judgement["state"] == "healthy",
        "failed": _is_failed(plan, side["peer_host"], judgement["state"]),
        **judgement,
    }
    if link["unmanaged"] and not link["healthy"]:
        link["message"] += "; its ServiceMeshPeer is managed by others and was not changed"
    return link


def _is_judged_alone(side: Side, status: Optional[Json]) -> bool:
    """Whether the status of a link tells why it is down, whatever is known of the other mesh."""
    return side["state"] != "skipped" and not side["identity_file"] and bool(status) and not dig(status, "connected")


def _remote_link(plan: Plan, readings: Mapping[str, Json], statuses: Statuses, side: Side) -> Link:
    """The link of a mesh that cannot be asked, as the mesh sees it that is watched: it never fails."""
    back = plan["sides"][side["peer_host"]][side["host"]]
    status = statuses.get(back["host"], {}).get(back["peer_name"])
    judgement = _judge_remote(plan, readings, back, status)
    return {
        "from": side["mesh"],
        "to": side["peer"],
        "from_host": side["host"],
        "to_host": side["peer_host"],
        "connected": bool(status and status["inbound"]),
        "synced": False,
        "root_proven": None,
        "imported": [],
        "missing": [],
        "unmanaged": True,
        "seen_from": side["peer"],
        "text": "",
        "healthy": judgement["state"] == "healthy",
        "failed": False,
        **judgement,
    }


def _judge_remote(plan: Plan, readings: Mapping[str, Json], back: Side, status: Optional[Json]) -> Judgement:
    """The judgement of a link by what the watched mesh shows, whose side is ``back``."""
    if status is not None and status["inbound"]:
        return _judgement("healthy", f"connected, as seen from {back['mesh']}")
    if back["state"] == "skipped":
        return _judgement("unknown", f"cannot be seen: {back['message']}", f"See the problems of {back['mesh']}")
    if back["state"] == "pending" or unanswered(plan, back):
        # The link in the other direction says what to do about it.
        return _judgement("pending", back["message"] or unanswered(plan, back))
    if status is None:
        return {**_judge_unread(plan, readings, back), "state": "unknown"}
    return _judgement(
        "pending",
        f"as seen from {back['mesh']}: {status['inbound_message']}",
        f"Ask the administrator of {back['peer']} to run federate.yml",
    )


def _judgement(state: State, message: str, remedy: str = "", unverified: str = "", code: str = "") -> Judgement:
    return {"state": state, "message": message, "remedy": remedy, "unverified": unverified, "code": code}


def _is_failed(plan: Plan, peer_host: str, state: State) -> bool:
    """Whether a link of this state is a failure of this run. It is none where only the administrator of the other mesh can
    bring it up. A mesh that is part of the run and offers no address, or whose root is rejected, is a failure."""
    other = plan["meshes"][peer_host]
    depends_on_others = not other["in_play"] and not other["root_error"]
    return not (state in ("healthy", "excluded") or (state == "pending" and depends_on_others))


def _judge(
    plan: Plan, readings: Mapping[str, Json], side: Side, status: Optional[Json], by_status: Optional[Judgement]
) -> Judgement:
    """The judgement of one link: by its status, unless this run could not do its part. A link that is up remains up."""
    if status is None and side["host"] not in readings and not plan["meshes"][side["host"]]["in_play"]:
        return _judgement("excluded", f"{side['mesh']} is not part of this run", "Run without a limit")
    unfinished = _judge_unfinished(plan, side)
    if unfinished is not None and by_status is not None and by_status["state"] == "healthy":
        return _judgement("healthy", by_status["message"], unverified=unfinished["message"])
    if unfinished is not None:
        up = "; the link itself is connected" if status is not None and status["connected"] else ""
        return {**unfinished, "message": unfinished["message"] + up}
    return by_status or _judge_unread(plan, readings, side)


def _judge_unfinished(plan: Plan, side: Side) -> Optional[Judgement]:
    """The judgement of a link whose objects this run could not write, or whose other end does not exist yet."""
    mesh = plan["meshes"][side["host"]]
    if side["state"] == "skipped":
        problem = next(iter([*side["problems"], *mesh["problems"]]), None)
        reason = side["message"] or (problem["message"] if problem else "its objects could not be written")
        return _judgement(
            "skipped" if mesh["readable"] else "unknown",
            reason,
            problem["remedy"] if problem else "See the problems of this mesh",
        )
    if side["state"] == "pending" or unanswered(plan, side):
        reason = side["message"] or unanswered(plan, side) or f"waits for {side['peer']}"
        return _judgement("pending", reason, _next_step(plan, side))
    return None


def _next_step(plan: Plan, side: Side) -> str:
    """What brings up a link that waits for the other mesh."""
    if side["identity_file"]:
        return handover.next_step(plan, side)
    if plan["meshes"][side["peer_host"]]["in_play"]:
        return f"Correct the problems of {side['peer']} and run again"
    return f"Run federate.yml for {side['peer']}"


def _judge_unread(plan: Plan, readings: Mapping[str, Json], side: Side) -> Judgement:
    """The judgement of a link whose watching mesh was not read."""
    mesh, result = plan["meshes"][side["host"]], readings.get(side["host"])
    problem = next(iter((result or {}).get("problems") or mesh["problems"]), None)
    if problem is None:
        return _judgement("unknown", f"{side['mesh']} could not be read", "See the problems of this mesh")
    return _judgement("unknown", problem["message"], problem["remedy"])


def _status_judgement(
    plan: Plan, side: Side, status: Optional[Json], missing: List[str], collided: Mapping[str, List[str]]
) -> Optional[Judgement]:
    """The judgement of a link by its status alone; None where none was read."""
    if status is None:
        return None
    if not status["connected"]:
        return _judge_down(side, status)
    if not status["synced"]:
        return _judgement(
            "syncing",
            "connected, but not synced since the last change",
            _sync_remedy(plan, side, "a full sync comes every", ("minute", "five minutes")),
        )
    if collided:
        names = "; ".join(f"{name} from {' and '.join(peers)}" for name, peers in sorted(collided.items()))
        return _judgement(
            "collision",
            f"requests fail: imported twice under one exported name: {names}",
            "Give the exporters different export aliases",
        )
    if missing:
        return _judgement(
            "incomplete",
            f"offered and matched by a rule, but not imported: {', '.join(missing)}",
            _sync_remedy(plan, side, "a rule added on a live link needs up to", ("two minutes", "seven minutes")),
        )
    if status.get("root_proven") is False:
        return _judgement("healthy", "connected, new root not verified", VERIFY_ROOT, ROOT_NOT_VERIFIED)
    return _judgement("healthy", "connected")


def _judge_down(side: Side, status: Json) -> Judgement:
    """The judgement of a link that is not connected."""
    message, remedy = status["message"], status["remedy"]
    if status.get("root_not_loaded"):
        message = "its root changed while the link was down, and istiod does not load a changed root then"
        remedy = f"Restart the istiod of {side['mesh']} (federation_restart_control_plane)"
    text = f"{status['text']}: " if status["text"] and status["accepted"] and not status["suspect"] else ""
    return _judgement(_STATES.get(status["code"], "connecting"), text + message, remedy, code=status["code"])


def _sync_remedy(plan: Plan, side: Side, event: str, times: Tuple[str, str]) -> str:
    """How long a full sync may take; of a version that is known to be slow, with the variable that waits so long."""
    new, old = times
    version = versions.parse(plan["meshes"][side["host"]]["version"])
    if version is None:
        return f"Wait: {event} {new} ({old} before 2.5)"
    if version.release >= FAST_SYNC:
        return f"Wait: {event} {new}"
    is_awaited = int(plan["options"].get("federation_wait_timeout") or 0) >= SLOW_SYNC_SECONDS
    return f"{'Wait' if is_awaited else f'Run again with federation_wait_timeout: {SLOW_SYNC_SECONDS}'}: with {version} {event} {old}"
