# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what each task of a rotation does, from the stage that the clusters show at that moment. Pure."""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import opposite_side
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.objects import (
    both_roots_objects,
    new_root_objects,
    with_published,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.stage import (
    find_progress,
    find_unpublished,
    needs_finish,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.types import (
    PeerView,
    Progress,
    RotationPlan,
    View,
    Workload,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.view import peer_sides, read_view

#: The readings of the meshes, the newest last; the first one is that of the discovery.
READINGS = (
    "facts",
    "facts_begun",
    "facts_prepared",
    "facts_istiod",
    "facts_rolled",
    "facts_connected",
    "facts_rotated",
)
#: The facts that a later reading replaces.
_READ_AGAIN = (
    "readable",
    "problems",
    "peers",
    "exports",
    "imports",
    "config_maps",
    "istiod",
    "additional_objects",
    "root",
    "root_changed",
    "roots",
    "fingerprints",
)
#: The tasks that change or await something, by what their result is about.
BOTH, LOADED, ISTIOD, GATEWAYS, CONNECTED, NEW = (
    "both_roots",
    "loaded_links",
    "rotation_istiod",
    "rotation_gateways",
    "new_links",
    "new_root",
)
TASKS = (BOTH, LOADED, ISTIOD, GATEWAYS, CONNECTED, NEW)
#: All results of tasks that a rotation reads.
RESULTS = (*READINGS[1:], *TASKS)
Results = Mapping[str, Mapping[str, Json]]


class State:
    """A rotation at a moment: the newest reading of each mesh, what they show, and the stage."""

    def __init__(self, rotation: RotationPlan, facts: Mapping[str, Json], results: Results) -> None:
        self.facts = newest_facts(facts, results)
        self.results = results
        self.host = rotation["request"]["host"]
        self.rotation = with_published(rotation, self.facts.get(self.host) or {})
        self.view: View = read_view(self.rotation["plan"], self.host, self.facts)
        self.roots = rotation["roots"]
        self.progress: Optional[Progress] = (
            find_progress(rotation["request"]["mesh"], self.roots, self.view) if self.roots else None
        )

    @property
    def stage(self) -> str:
        """The stage; ``none`` where there is nothing to rotate."""
        return self.progress["stage"] if self.progress else "none"

    def peer(self, host: str) -> Optional[PeerView]:
        """The view of the peer of a host; None where it is none."""
        return next((peer for peer in self.view["peers"] if peer["host"] == host), None)


def newest_facts(facts: Mapping[str, Json], results: Results) -> Dict[str, Json]:
    """MeshFacts by host: the first reading of each mesh with what was read again."""
    newest = {host: dict(read) for host, read in facts.items()}
    for reading in READINGS[1:]:
        for host, read in results.get(reading, {}).items():
            if "readable" in read:
                newest[host] = {**newest.get(host, {}), **{key: read[key] for key in _READ_AGAIN if key in read}}
    return newest


def involved(rotation: RotationPlan, facts: Mapping[str, Json]) -> List[str]:
    """The hosts that this run reads again and may write: the mesh and its peers."""
    plan, host = rotation["plan"], rotation["request"]["host"]
    hosts = {host, *(side["host"] for side in peer_sides(plan, host, facts))}
    return sorted(one for one in hosts if plan["meshes"][one]["in_play"] and plan["meshes"][one]["readable"])


def reading(rotation: RotationPlan, host: str, facts: Mapping[str, Json]) -> List[Json]:
    """What is read of a mesh besides its federation: of the rotating one the pods and what replaces them."""
    mesh = rotation["plan"]["meshes"][host]
    if host != rotation["request"]["host"]:
        return []
    members = (facts.get(host) or {}).get("members") or []
    return [
        {"kind": "Deployment", "namespace": mesh["namespace"]},
        *({"kind": "Pod", "namespace": name} for name in sorted({mesh["namespace"], *members})),
    ]


def objects(state: State, task: str, host: str) -> List[DesiredObject]:
    """The objects that a task writes in one mesh."""
    peer, roots = state.peer(host), state.roots
    if peer is None or roots is None or peer["access"] != "ours":
        return []
    known = state.facts[host]
    if task == BOTH:
        return both_roots_objects(state.rotation, host, known) if _needs_both(state, peer) else []
    is_due = state.stage == "finish" and needs_finish(roots, peer)
    return new_root_objects(state.rotation, host, known) if is_due else []


def _needs_both(state: State, peer: PeerView) -> bool:
    """Whether a peer gets both roots. After the rotation only one that lacks the new one: the others may be done already."""
    if state.progress is None or state.stage not in ("prepare", "rotate"):
        return False
    return bool(state.progress["unrotated"]) or peer["mesh"] in state.progress["unprepared"]


def links(state: State, task: str, host: str) -> List[Json]:
    """The links of one mesh that a task waits for, as the option ``links`` of peer_wait."""
    if state.roots is None:
        return []
    if task == LOADED:
        return _loading(state, host)
    if state.stage != "verify":
        return []
    sides = state.rotation["plan"]["sides"]
    awaited: List[Json] = []
    for peer in state.view["peers"]:
        side = sides[peer["host"]][state.host]
        back = opposite_side(state.rotation["plan"], side)
        if host == peer["host"] and peer["ingress_started"] and peer["access"] != "by file":
            awaited.append(_link(side["peer"], side["peer_name"], "attempt_since", peer["ingress_started"]))
        if host == state.host and peer["egress_started"]:
            awaited.append(_link(back["peer"], back["peer_name"], "attempt_since", peer["egress_started"]))
    return awaited


def _loading(state: State, host: str) -> List[Json]:
    """The link of a peer, until istiod shows that it has read the ConfigMap."""
    peer = state.peer(host)
    written = state.results.get(BOTH, {}).get(host) or {}
    failed = any(found["severity"] == "error" for found in written.get("problems") or [])
    if peer is None or peer["access"] != "ours" or failed or state.stage not in ("prepare", "rotate"):
        return []
    side = state.rotation["plan"]["sides"][host][state.host]
    times = [str(one["time"]) for one in written.get("objects") or [] if one.get("time")]
    if times:
        return [_link(side["peer"], side["peer_name"], "reconciled_since", max(times))]
    if peer["reconciled"] or not peer["changed"]:
        return []
    return [_link(side["peer"], side["peer_name"], "reconciled_since", peer["changed"])]


def _link(peer: str, peer_name: str, key: str, time: str) -> Json:
    return {"peer": peer, "peer_name": peer_name, "expect": {key: time}}


def restart_forbidden(state: State) -> str:
    """Why this run restarts nothing although the mesh may be rotated; empty where it may."""
    request, plan = state.rotation["request"], state.rotation["plan"]
    mesh = plan["meshes"][state.host]
    if not request["restart"]:
        return "federation_rotate_restart is not set"
    if mesh["by_file"] or not mesh["in_play"]:
        return f"{mesh['mesh']} is not written by this run"
    others = [peer["mesh"] for peer in state.view["peers"] if peer["access"] == "by file"]
    if others and not request["confirmed"]:
        return (
            f"the administrator of {', '.join(others)} has to trust both roots first; confirm that with "
            f"federation_confirm: {request['mesh']}"
        )
    return ""


def restarts_istiod(state: State) -> bool:
    """Whether the istiod of the mesh is restarted now: it does not publish the new root alone, and all peers are prepared."""
    if state.stage != "rotate" or restart_forbidden(state) or state.roots is None:
        return False
    return bool(find_unpublished(state.roots, state.view["mesh"]))


def workloads_to_restart(state: State) -> List[Workload]:
    """The gateways, then the workloads of the mesh, whose pods are older than its new root."""
    if state.stage not in ("rotate", "verify", "finish") or restart_forbidden(state) or restarts_istiod(state):
        return []
    return [*state.view["mesh"]["old_gateways"], *state.view["mesh"]["old_workloads"]]


#: What an option of a task is, by name.
OPTIONS: Dict[str, Callable[[State, str], Sequence[object]]] = {
    BOTH: lambda state, host: objects(state, BOTH, host),
    NEW: lambda state, host: objects(state, NEW, host),
    LOADED: lambda state, host: links(state, LOADED, host),
    CONNECTED: lambda state, host: links(state, CONNECTED, host),
    ISTIOD: lambda state, host: [state.host] if host == state.host and restarts_istiod(state) else [],
    GATEWAYS: lambda state, host: workloads_to_restart(state) if host == state.host else [],
}
