# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: everything that has a time, of all meshes, in one order. Pure.

Times are those of the clusters, as text; they compare as the times do.
"""

from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.objects import title

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z\Z")
#: Kinds whose writers are worth a line each: the federation and what it stands on.
_WRITTEN = (
    *("ServiceMeshControlPlane", "ServiceMeshPeer", "ExportedServiceSet", "ImportedServiceSet", "ConfigMap", "Service"),
    *("ServiceMeshMemberRoll", "DestinationRule", "AuthorizationPolicy"),
)


class Moment(NamedTuple):
    """One thing that happened; in the order of the fields."""

    time: str
    mesh: str
    subject: str
    what: str


def timeline(meshes: Mapping[str, Sequence[Json]]) -> List[str]:
    """Lines of all moments of the objects of some meshes, the oldest first."""
    moments = {moment for mesh, found in meshes.items() for obj in found for moment in moments_of(mesh, obj)}
    rows = [[moment.time, moment.mesh, moment.subject, moment.what] for moment in sorted(moments)]
    return _aligned([["time (UTC)", "mesh", "object", "what happened"], *rows])


def moments_of(mesh: str, obj: Json) -> List[Moment]:
    """What happened to one object, as far as it tells."""
    kind = obj.get("kind")
    if kind == "Event":
        return list(_event(mesh, obj))
    found: Dict[str, Any] = {"created": dig(obj, "metadata", "creationTimestamp")}
    found["deletion requested"] = dig(obj, "metadata", "deletionTimestamp")
    if kind in _WRITTEN:
        found.update(_writes(obj))
    if kind == "ServiceMeshPeer":
        found.update(_links(obj))
    if kind == "Pod":
        found.update(_containers(obj))
    if kind in ("Pod", "ServiceMeshControlPlane", "Deployment"):
        found.update(_conditions(obj))
    subject = title(obj)
    return [
        Moment(time, mesh, subject, what) for what, time in found.items() if isinstance(time, str) and _TIME.match(time)
    ]


def _writes(obj: Json) -> Iterator[Tuple[str, Any]]:
    """The last write of each field manager."""
    for entry in dig(obj, "metadata", "managedFields") or []:
        part = f" {entry['subresource']}" if entry.get("subresource") else ""
        yield f"{entry.get('operation')}{part} by {entry.get('manager')}", entry.get("time")


def _links(peer: Json) -> Iterator[Tuple[str, Any]]:
    """The times of each istiod pod in the status of a peer."""
    for part in ("active", "inactive"):
        for entry in dig(peer, "status", "discoveryStatus", part) or []:
            pod, watch = entry.get("pod"), entry.get("watch") or {}
            state = (
                "connected"
                if watch.get("connected")
                else f"not connected ({watch.get('lastDisconnectStatus') or 'no reason'})"
            )
            yield f"watch of {pod}: last attempt to connect; it is {state}", watch.get("lastConnected")
            yield f"watch of {pod}: last full sync", watch.get("lastFullSync")
            yield f"watch of {pod}: last event", watch.get("lastEvent")
            yield f"watch of {pod}: disconnected ({watch.get('lastDisconnectStatus')})", watch.get("lastDisconnect")
            for remote in entry.get("remotes") or []:
                source = f"{remote.get('source')} at {pod}"
                yield f"peer watches from {source}: last connection", remote.get("lastConnected")
                yield f"peer watches from {source}: last full sync", remote.get("lastFullSync")


def _containers(pod: Json) -> Iterator[Tuple[str, Any]]:
    """When containers of a pod started and ended."""
    for status in dig(pod, "status", "containerStatuses") or []:
        name = status.get("name")
        yield f"container {name} started", dig(status, "state", "running", "startedAt")
        for state in ("state", "lastState"):
            ended = dig(status, state, "terminated") or {}
            yield (
                f"container {name} ended ({ended.get('reason')}, exit code {ended.get('exitCode')})",
                ended.get("finishedAt"),
            )


def _conditions(obj: Json) -> Iterator[Tuple[str, Any]]:
    for condition in dig(obj, "status", "conditions") or []:
        reason = f" ({condition['reason']})" if condition.get("reason") else ""
        yield f"{condition.get('type')} became {condition.get('status')}{reason}", condition.get("lastTransitionTime")


def _event(mesh: str, event: Json) -> Iterator[Moment]:
    """An event, at its first and its last time."""
    about = event.get("involvedObject") or {}
    subject = f"{about.get('kind')} {'/'.join(filter(None, (about.get('namespace'), about.get('name'))))}"
    number = event.get("count") or 1
    text = " ".join(str(event.get("message") or "").split())
    what = f"event {event.get('type') or 'Normal'} {event.get('reason')}: {text}"
    times = [event.get("firstTimestamp"), event.get("lastTimestamp") or event.get("eventTime")]
    for time in dict.fromkeys(filter(None, times)):
        if _TIME.match(str(time)):
            yield Moment(str(time), mesh, subject, f"{what} ({number} times)" if number > 1 else what)


def _aligned(rows: Sequence[Sequence[str]]) -> List[str]:
    """Rows as lines; all columns but the last are as wide as their longest text."""
    widths = [max((len(row[index]) for row in rows), default=0) for index in range(len(rows[0]) - 1)] if rows else []
    return ["  ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[-1]]) for row in rows]


def event_lines(found: Iterable[Json]) -> List[str]:
    """The events of one mesh as lines."""
    moments = {moment for obj in found if obj.get("kind") == "Event" for moment in _event("", obj)}
    return _aligned([[moment.time, moment.subject, moment.what] for moment in sorted(moments)])
