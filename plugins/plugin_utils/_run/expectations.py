# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the links that a run waits for, and what it expects of each. Pure."""

from __future__ import annotations

from typing import Dict, Iterable, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.links import LinkExpectation
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import rule_imports
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._identity import handover
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side


def wait_links(
    plan: Plan,
    host: str,
    waits: Optional[Mapping[str, Json]] = None,
    since: Optional[Mapping[str, str]] = None,
    roots: Optional[Mapping[str, str]] = None,
) -> List[LinkExpectation]:
    """The links of one mesh that were written and can be up, with what is expected of each.

    ``waits`` are results of an earlier reading by host: what the other meshes export in them is expected. ``since`` has times of the
    last change by name of the peer object, ``roots`` by name of the ConfigMap with the root; for a ConfigMap that this run did not
    write, the time that was read counts.
    """
    read = {other: readable_links(result) for other, result in (waits or {}).items()}
    return [
        _expectation(plan, side, read, since or {}, roots or {})
        for _peer, side in sorted(plan["sides"][host].items())
        if side["state"] == "ready" and not unanswered(plan, side)
    ]


def _expectation(
    plan: Plan, side: Side, read: Mapping[str, Mapping[str, Json]], since: Mapping[str, str], roots: Mapping[str, str]
) -> LinkExpectation:
    """What is expected of one link."""
    link: LinkExpectation = {
        "peer": side["peer"],
        "peer_name": side["peer_name"],
        "import_rules": side["imports"] or [],
        "imports_expected": expected_imports(plan, side, read),
    }
    if since.get(side["peer_name"]):
        link["since"] = since[side["peer_name"]]
    root_since = roots.get(side["config_map"] or "") or side["root_applied"]
    if root_since:
        link["root_since"] = root_since
    terminated = (plan.get("terminated_pods") or {}).get(side["host"])
    if terminated:
        link["terminated_pods"] = terminated
    if side["identity_file"] and not handover.not_answered(plan, side):
        link["inbound"] = True
    return link


def expected_imports(plan: Plan, side: Side, read: Mapping[str, Mapping[str, Json]]) -> List[str]:
    """The exported names that the other mesh offers to this side, by its own status, and that our rules import."""
    back = plan["sides"][side["peer_host"]][side["host"]]
    offered = (read.get(side["peer_host"], {}).get(back["peer_name"]) or {}).get("exported") or []
    rules = side["imports"] or []
    return sorted(service["exportedName"] for service in offered if rule_imports(rules, service["exportedName"]))


def unanswered(plan: Plan, side: Side) -> str:
    """Why a link cannot be up although our side is complete: the other mesh has no ServiceMeshPeer for us, and this run does not
    write one. Empty where that is not so.

    For a mesh that is known by an identity file only that file shows it; a link that is up needs no file.
    """
    if side["identity_file"]:
        return "" if side["contact"] == "now" else handover.not_answered(plan, side)
    back = plan["sides"][side["peer_host"]][side["host"]]
    if back["peer_object"] != "absent" or (plan["meshes"][side["peer_host"]]["in_play"] and back["state"] == "ready"):
        return ""
    return f"{side['peer']} has no ServiceMeshPeer for {side['mesh']} yet"


def readable_links(result: Optional[Json]) -> Dict[str, Json]:
    """The links of a result of peer_wait by name of the peer object, without those that could not be read."""
    return {link["peer_name"]: link for link in (result or {}).get("links") or [] if link.get("state") != "unknown"}


def newest(before: Optional[Json], after: Optional[Json]) -> Json:
    """Two readings of one mesh as one: the links of the later one, and those that only the earlier one has."""
    links = {
        link["peer_name"]: link
        for result in (before, after)
        for link in (result or {}).get("links") or []
        if link.get("state") != "unknown"
    }
    return {**(before or {}), **(after or {}), "links": list(links.values())}


def changed_at(results: Iterable[Optional[Json]]) -> Dict[str, str]:
    """When we last changed the peer or the sets, by name of the peer object, from results of mesh_objects."""
    times: Dict[str, str] = {}
    for result in results:
        for written in (result or {}).get("objects") or []:
            if written["kind"] in ("ServiceMeshPeer", "ImportedServiceSet") and written.get("time"):
                times[written["name"]] = max(times.get(written["name"], ""), written["time"])
    return times


def roots_changed_at(results: Iterable[Optional[Json]]) -> Dict[str, str]:
    """When we last changed each ConfigMap with a root, by its name, from results of mesh_objects."""
    return {
        written["name"]: written["time"]
        for result in results
        for written in (result or {}).get("objects") or []
        if written["kind"] == "ConfigMap" and written.get("time")
    }
