# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what is written and removed about requests: before the sets, and after the links were verified. Pure.

A split to a host that is not imported yet would lose its part of the requests, so a new one waits for the import.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, Set

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.traffic import (
    described,
    split_host,
    traffic_objects,
    undeclared_traffic,
    withdrawn_traffic,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._run.waiting import Results, newest_readings


def written_traffic(plan: Plan, host: str, facts: Json, results: Results, check_mode: bool) -> List[DesiredObject]:
    """The objects that the step applies to one mesh; a check run assumes that the services will be imported."""
    objects = traffic_objects(plan, host, facts)
    return objects if check_mode else [target for target in objects if not _is_held(plan, host, target, results)]


def removed_traffic(plan: Plan, host: str, facts: Json, results: Results, check_mode: bool) -> List[DesiredObject]:
    """The objects that the step deletes in one mesh: policies of services that are not exported any more, and where that is requested
    all that is not declared any more. What lost its import is gone by then."""
    withdrawn = withdrawn_traffic(plan, host, facts)
    removed = undeclared_traffic(plan, host, facts) if plan["options"].get("federation_prune") else withdrawn
    return [target for target in removed if target not in withdrawn or _is_policy(target)]


def routes_withdrawn(plan: Plan, host: str, facts: Json, results: Results, check_mode: bool) -> List[DesiredObject]:
    """What is deleted in one mesh before its sets are written: failover and splits whose host is not imported any more. Requests to
    that host would fail. A policy stays until the export has gone."""
    return [target for target in withdrawn_traffic(plan, host, facts) if not _is_policy(target)]


def held_problems(plan: Plan, host: str, facts: Json, results: Results) -> List[Problem]:
    """The splits that are not written yet."""
    return [
        problem(
            "traffic-held",
            plan["meshes"][host]["mesh"],
            described(target["definition"]),
            f"not written: {_remote_host(target)} is not imported yet",
            peer=plan["sides"][host][str(target["peer"])]["peer"],
        )
        for target in traffic_objects(plan, host, facts)
        if _is_held(plan, host, target, results)
    ]


def _is_policy(target: DesiredObject) -> bool:
    return bool(target["definition"]["kind"] == "AuthorizationPolicy")


def _is_held(plan: Plan, host: str, target: DesiredObject, results: Results) -> bool:
    """Whether an object is a new split to a host that is not imported."""
    if target["definition"]["kind"] != "VirtualService" or target["live"] is not None:
        return False
    return _remote_host(target) not in _imported_hosts(newest_readings(plan, results).get(host) or {})


def _remote_host(target: DesiredObject) -> str:
    return str(split_host(target["definition"]["spec"]))


def _imported_hosts(reading: Mapping[str, Json]) -> Set[str]:
    """The host names of all imported services of a mesh."""
    links: List[Json] = [*(reading.get("links") or [])]
    return {service["hostname"] for link in links for service in link.get("imported") or []}


#: What each task of the step writes or deletes.
TASKS: Dict[str, Callable[[Plan, str, Json, Results, bool], List[DesiredObject]]] = {
    "traffic_withdrawn": routes_withdrawn,
    "traffic": written_traffic,
    "traffic_removed": removed_traffic,
}
