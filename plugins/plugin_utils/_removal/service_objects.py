# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the objects that each task of the removal of a service writes. Pure.

The order is that of the product: the import rule, the other spelling of the peer's address where the link is up, so that istiod reads the
rules at once, and when nothing is imported any more the export rule.
"""

from __future__ import annotations

from typing import Callable, Dict, Iterator, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.respelling import (
    applied_or_named,
    respelled_peer,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.plan import FORCE
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_plan import RULES
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import Cut, ServicePlan

#: Results of the tasks, by what they are about (see ``_product.steps``) and host.
Results = Mapping[str, Mapping[str, Json]]
#: The tasks in their order, with the kind of the sets that each is about.
TASKS: Dict[str, str] = {
    "service_imports": "imports",
    "service_peers": "imports",
    "service_imports_gone": "imports",
    "service_exports": "exports",
    "service_exports_gone": "exports",
}
#: The task before these: what is about requests for the service is deleted.
TRAFFIC = "service_traffic"
ORDER = (TRAFFIC, *TASKS)


def build_objects(plan: ServicePlan, task: str, host: str, results: Results) -> List[Json]:
    """What one task writes in one mesh, or waits for, without the pairs that an earlier task could not complete."""
    if task == TRAFFIC:
        return [{**target} for target in plan["traffic"].get(host, [])]
    build = _BUILDERS[task]
    built = (build(plan, host, cut) for cut in remaining_cuts(plan, task, host, results))
    return [one for one in built if one is not None]


def remaining_cuts(plan: ServicePlan, task: str, host: str, results: Results) -> List[Cut]:
    """The sets of a mesh with which a task goes on."""
    mesh = plan["meshes"][host]["mesh"]
    return [
        cut
        for cut in plan["cuts"].get(host, [])
        if cut["kind"] == TASKS[task]
        and not any(_stops(plan, found, mesh, cut["peer"]) for found in _earlier(plan, task, results))
    ]


def _earlier(plan: ServicePlan, task: str, results: Results) -> Iterator[Problem]:
    """What went wrong before a task: rules that stay, and the problems of earlier tasks in all meshes."""
    # What is wrong at the exporter keeps no consumer from losing its import.
    if TASKS[task] == "exports":
        yield from (found for found in plan["warnings"] if found.get("peer") == plan["request"]["exporter"])
    for earlier in ORDER[: ORDER.index(task)]:
        for result in results.get(earlier, {}).values():
            yield from result.get("problems") or []


def _stops(plan: ServicePlan, found: Problem, mesh: str, peer: str) -> bool:
    """Whether a problem, of one of the two meshes, stops their pair."""
    if found["severity"] != "error" or (found["code"] == "still-importing" and plan["options"].get(FORCE)):
        return False
    pair = {mesh, peer}
    return found["mesh"] in pair and (found.get("peer") is None or found["peer"] in pair)


def _changed_set(plan: ServicePlan, host: str, cut: Cut) -> Optional[Json]:
    """The set with its new rules; None where an earlier run has written them."""
    desired = _set(cut)
    return {**desired} if cut["rules"] != dig(cut["live"], "spec", RULES[cut["kind"]]) else None


def _set(cut: Cut) -> DesiredObject:
    definition = applied_or_named(cut["live"], cut["field_manager"])
    spec: Json = {**(definition.get("spec") or {}), RULES[cut["kind"]]: cut["rules"]}
    if not cut["rules"]:
        # The step that configures the sets writes no locality without rules either.
        spec.pop("locality", None)
    return _desired(cut, {**definition, "spec": spec}, cut["live"])


def _respelled_peer(plan: ServicePlan, host: str, cut: Cut) -> Optional[Json]:
    """The peer with another spelling of its address, where istiod has to read the import rules; else None."""
    if cut["peer_object"] is None:
        return None
    respelled = respelled_peer(_set(cut), cut["peer_object"], plan["terminated_pods"].get(host) or [])
    return {**respelled} if respelled is not None else None


def _awaited(plan: ServicePlan, host: str, cut: Cut) -> Optional[Json]:
    """The exported names that the status of a set must not list any more, for ``removal_wait``; None where it lists none."""
    if not cut["listed"]:
        return None
    return {"name": cut["peer_name"], "peer": cut["peer"], "exported_names": cut["listed"]}


#: What each task writes or waits for, of one set.
_BUILDERS: Dict[str, Callable[[ServicePlan, str, Cut], Optional[Json]]] = {
    "service_imports": _changed_set,
    "service_peers": _respelled_peer,
    "service_imports_gone": _awaited,
    "service_exports": _changed_set,
    "service_exports_gone": _awaited,
}


def _desired(cut: Cut, definition: Json, live: Json) -> DesiredObject:
    return {
        "definition": definition,
        "field_manager": cut["field_manager"],
        "peer": cut["peer"],
        "live": live,
        "unknown": {},
    }
