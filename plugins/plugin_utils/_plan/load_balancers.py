# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the number of load balancers that a run creates. Pure."""

from __future__ import annotations

from typing import List, Mapping

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LOAD_BALANCER
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.address import live_type
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import list_sides
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import (
    SKIPPED,
    LoadBalancers,
    Plan,
    PlannedMesh,
    Side,
)

_LIMIT = "federation_max_new_load_balancers"


def count_load_balancers(plan: Plan, facts: Mapping[str, Json]) -> LoadBalancers:
    """Count the load balancers that this run creates; ``facts`` are MeshFacts by host."""
    new = [
        side for side in list_sides(plan) if _is_new(side, plan["meshes"][side["host"]], facts.get(side["host"]) or {})
    ]
    public = sum(side["exposure"]["public"] for side in new)
    internal = sum(side["exposure"]["internal"] for side in new)
    unknown = len(new) - public - internal
    scopes = ((public, "public"), (internal, "internal"), (unknown, "public or internal, which is not known"))
    reach = ", ".join(f"{number} {scope}" for number, scope in scopes if number)
    noun = "load balancer" if len(new) == 1 else "load balancers"
    return {
        "new": len(new),
        "public": public,
        "message": f"{len(new) or 'No'} new {noun} will be created" + (f": {reach}" if reach else ""),
    }


def check_limit(plan: Plan) -> List[Problem]:
    """The problem of more new load balancers than allowed."""
    limit, new = plan["options"].get(_LIMIT), plan["load_balancers"]["new"]
    if limit is None or new <= limit:
        return []
    return [
        problem(
            "load-balancers-too-many",
            plan["group"],
            _LIMIT,
            f"{new} new load balancers would be created, {limit} are allowed",
            "Raise it, or set mesh_ingress.exposure of some meshes to NodePort",
        )
    ]


def _is_new(side: Side, mesh: PlannedMesh, facts: Json) -> bool:
    if not mesh["in_play"] or side["state"] == SKIPPED or side["exposure"]["type"] != LOAD_BALANCER:
        return False
    owner = side["owners"]["ingress"]
    return owner == "absent" or (owner == "ours" and live_type(facts, side["ingress"]) != LOAD_BALANCER)
