# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: meshes, links and unmanaged objects as the status document lists them. Pure."""

from __future__ import annotations

import datetime
from typing import Dict, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import Root, colons
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.links import Imported
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import rule_imports
from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import needed
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.comparison import Difference
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.needed import NeededObject
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._report.matrix import shown_state
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import (
    StatusLink,
    StatusMesh,
    StatusRoot,
    StatusService,
    StatusUnmanaged,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import Link
from ansible_collections.ossm.federation.plugins.plugin_utils._run.expectations import expected_imports, readable_links

#: The prefix of the options of modules for access, and that of the variables that they are made of.
_OPTION, _VARIABLE = "auth.", "mesh_"
_USED = "a declared link uses it as it is"
_UNUSED = "no declared link needs it"
_FORMER = "it is ours, and no declared link needs it any more"
#: Objects and fields that only one direction of a pair needs: what a mesh serves its peer with, and what it watches it with.
_SERVING = ("ExportedServiceSet", "spec.gateways.additionalIngress.")
_WATCHING = ("ImportedServiceSet", "spec.gateways.additionalEgress.")


class Reading(NamedTuple):
    """What meshes and links are described from: ``statuses`` are links by host and peer object, ``objects`` those of each side by host
    and host of the peer, ``live`` the live ones by host."""

    plan: Plan
    facts: Mapping[str, Json]
    now: datetime.datetime
    statuses: Mapping[str, Mapping[str, Json]]
    live: Mapping[str, needed.Live]
    objects: Mapping[str, Mapping[str, needed.SideObjects]]

    @property
    def hosts(self) -> List[str]:
        """The hosts that were read."""
        return sorted(self.live)


def with_variables(facts: Mapping[str, Json]) -> Dict[str, Json]:
    """The facts with problems about access that name the variables of the inventory, and not the options of the module."""
    return {
        host: {**read, "problems": [_with_variables(one) for one in read.get("problems") or []]}
        for host, read in facts.items()
    }


def _with_variables(found: Problem) -> Problem:
    if not found["where"].startswith(_OPTION):
        return found
    named = found.copy()
    for key in ("where", "message", "remedy"):
        named[key] = found[key].replace(_OPTION, _VARIABLE)
    return named


def collect(plan: Plan, facts: Mapping[str, Json], now: datetime.datetime) -> Reading:
    """Everything that is looked up for many links, once. ``plan`` has its live readings."""
    hosts = [host for host in plan["meshes"] if host in plan["readings"]]
    live = {host: needed.live_objects(facts[host]) for host in hosts}
    objects = {
        host: {
            peer: needed.side_objects(side, facts[host], live[host])
            for peer, side in plan["sides"].get(host, {}).items()
        }
        for host in hosts
    }
    statuses = {host: readable_links(reading) for host, reading in plan["readings"].items()}
    return Reading(plan, facts, now, statuses, live, objects)


# -- meshes ------------------------------------------------------------------------------------------------------------


def describe_mesh(read: Reading, host: str, problems: Sequence[Problem]) -> StatusMesh:
    """One mesh; ``problems`` are those of it."""
    mesh, facts = read.plan["meshes"][host], read.facts.get(host) or {}
    roots = [_root(root, read.now) for root in mesh["roots"]]
    return {
        "mesh": mesh["mesh"],
        "host": host,
        "readable": mesh["readable"],
        "in_play": mesh["in_play"],
        "by_file": mesh["by_file"],
        "namespace": mesh["namespace"] if mesh["namespace_known"] else "",
        "control_plane": mesh["control_plane"],
        "ready": dig(facts, "control_plane", "ready"),
        "version": mesh["version"],
        "openshift": dig(facts, "openshift", "version"),
        "platform": mesh["platform"] if mesh["readable"] else "",
        "trust_domain": mesh["trust_domain"],
        "roots": roots,
        "root_days": min((root["days"] for root in roots), default=None),
        "problems": list(problems),
    }


def _root(root: Root, now: datetime.datetime) -> StatusRoot:
    return {
        "subject": root["subject"],
        "fingerprint": colons(root["sha256"]),
        "not_after": root["not_after"],
        "days": (parse_time(root["not_after"]) - now).days,
    }


# -- links -------------------------------------------------------------------------------------------------------------


def describe_links(read: Reading, links: Sequence[Link], drift: Sequence[Difference]) -> List[StatusLink]:
    """All links, each with the objects and the drift of both sides."""
    by_pair: Dict[Sequence[Optional[str]], List[Difference]] = {}
    for row in drift:
        by_pair.setdefault((row["mesh"], row["peer"]), []).append(row)
    return [_link(read, link, _drift_of(by_pair, link)) for link in links]


def _drift_of(by_pair: Mapping[Sequence[Optional[str]], List[Difference]], link: Link) -> List[Difference]:
    """The drift that concerns one direction."""
    watching = by_pair.get((link["from"], link["to"]), [])
    serving = by_pair.get((link["to"], link["from"]), [])
    return [row for row in watching if not _is_only(row, _SERVING)] + [
        row for row in serving if not _is_only(row, _WATCHING)
    ]


def _is_only(row: Difference, of_direction: Sequence[str]) -> bool:
    kind, prefix = of_direction
    return row["kind"] == kind or row["field"].startswith(prefix)


def _link(read: Reading, link: Link, drift: List[Difference]) -> StatusLink:
    host, peer_host = link["from_host"], link["to_host"]
    side = read.plan["sides"][host][peer_host]
    back = read.plan["sides"][peer_host][host]
    status = read.statuses.get(host, {}).get(side["peer_name"]) or {}
    other = read.statuses.get(peer_host, {}).get(back["peer_name"]) or {}
    last_sync: Optional[str] = status.get("last_full_sync")
    is_known = bool(status) or bool(link["seen_from"] and other)
    return {
        "from": link["from"],
        "to": link["to"],
        "from_host": host,
        "to_host": peer_host,
        "state": link["state"],
        "shown_state": shown_state(link),
        "healthy": link["healthy"],
        "failed": link["failed"],
        "unverified": link["unverified"],
        "seen_from": link["seen_from"],
        "code": link["code"],
        "text": link["text"],
        "message": link["message"],
        "remedy": link["remedy"],
        "connected": link["connected"] if is_known else None,
        "synced": link["synced"] if status else None,
        "last_sync": last_sync,
        "sync_age_seconds": _age(last_sync, read.now),
        "times": {
            "created": status.get("created"),
            "last_attempt": status.get("last_attempt"),
            "last_sync": last_sync,
        },
        "imported": _services(status.get("imported")),
        "expected": _expected(read, side, status, link),
        "missing": link["missing"],
        "exported": _services(other.get("exported")),
        "objects": needed.by_direction(read.objects, host, peer_host),
        "drift": drift,
    }


def _age(time: Optional[str], now: datetime.datetime) -> Optional[int]:
    """Seconds since a time of a cluster; clocks that differ make no age negative."""
    return max(0, int((now - parse_time(time)).total_seconds())) if time else None


def _services(rows: Optional[Sequence[Imported]]) -> List[StatusService]:
    return [{"name": row["exportedName"], "host": row["hostname"]} for row in rows or []]


def _expected(read: Reading, side: Side, status: Json, link: Link) -> List[str]:
    """The exported names that should be imported: offered, by the exporter's status or the importer's, and matched by a rule."""
    rules = side["imports"] or []
    offered = [name for name in status.get("offered") or [] if rule_imports(rules, name)]
    return sorted({*expected_imports(read.plan, side, read.statuses), *offered, *link["missing"]})


# -- unmanaged objects -------------------------------------------------------------------------------------------------


def find_unmanaged(read: Reading, host: str) -> List[StatusUnmanaged]:
    """What one mesh has of others: used by declared links, and beside them."""
    mesh = read.plan["meshes"][host]
    sides = read.plan["sides"].get(host, {})
    found: List[StatusUnmanaged] = []
    for peer, objects in sorted(read.objects[host].items()):
        both = {(obj["kind"], obj["name"]): obj for obj in (*objects["watching"], *objects["serving"])}
        used = [obj for obj in both.values() if obj["owner"] == "unmanaged"]
        found += [_unmanaged(obj, sides[peer]["peer"], _USED) for obj in used]
    names = [side["peer_name"] for side in sides.values()]
    for obj in needed.undeclared_objects(mesh["mesh"], mesh["namespace"], names, read.live[host]):
        found.append(_unmanaged(obj, None, _FORMER if obj["owner"] == "ours" else _UNUSED))
    return found


def _unmanaged(obj: NeededObject, peer: Optional[str], message: str) -> StatusUnmanaged:
    return {
        "mesh": obj["mesh"],
        "peer": peer,
        "kind": obj["kind"],
        "namespace": obj["namespace"],
        "name": obj["name"],
        "used": peer is not None,
        "managers": obj["managers"],
        "message": message,
    }
