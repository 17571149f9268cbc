# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what the reports of all removals have in common: the links that stay. Pure."""

from __future__ import annotations

from typing import Collection, Dict, List, Mapping, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.survivors import survivors
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import AnyRemoval, Survivor


def mesh_names(plan: AnyRemoval) -> Dict[str, str]:
    """The names of the meshes by host."""
    return {host: mesh["mesh"] for host, mesh in plan["meshes"].items()}


def disturbed(plan: AnyRemoval, after: Mapping[str, Json], restarted: Collection[str]) -> List[Problem]:
    """The links that stay and were interrupted. ``after`` are the MeshFacts of a second reading by host, ``restarted`` the hosts whose
    istiod was restarted."""
    return [
        problem(
            "link-disturbed",
            plan["meshes"][host]["mesh"],
            f"ServiceMeshPeer {plan['meshes'][host]['namespace']}/{before['peer_name']}",
            "the link stays and was interrupted during the removal",
        )
        for host, before, now in _compared(plan, after, restarted)
        if before["connected"] and not _stayed_connected(before, now)
    ]


def count_undisturbed(plan: AnyRemoval, after: Mapping[str, Json], restarted: Collection[str]) -> int:
    """The number of links that stay and were connected all the time."""
    return sum(_stayed_connected(before, now) for _host, before, now in _compared(plan, after, restarted))


def _stayed_connected(before: Survivor, after: Survivor) -> bool:
    """Whether a link was never interrupted, by its own status: it has the time of the last attempt to connect."""
    return bool(before["connected"] and after["connected"]) and after["last_attempt"] == before["last_attempt"]


def _compared(
    plan: AnyRemoval, after: Mapping[str, Json], restarted: Collection[str]
) -> List[Tuple[str, Survivor, Survivor]]:
    """Host and the two readings of each link that stays, in meshes whose istiod was not restarted."""
    compared: List[Tuple[str, Survivor, Survivor]] = []
    for host, before in sorted(plan["survivors"].items()):
        facts = after.get(host)
        if facts is None or host in restarted:
            continue
        now = {one["peer_name"]: one for one in survivors(facts, set())}
        compared += [(host, one, now[one["peer_name"]]) for one in before if one["peer_name"] in now]
    return compared
