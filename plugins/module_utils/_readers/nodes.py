# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Nodes to addresses and places. Pure. Private to this collection."""

from __future__ import annotations

from typing import List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import Node
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def read_nodes(nodes: Sequence[Json]) -> List[Node]:
    """The nodes that are ready, by name."""
    ready: List[Node] = []
    for node in nodes:
        status, labels = node.get("status") or {}, node["metadata"].get("labels") or {}
        conditions = status.get("conditions") or []
        if any(condition.get("type") == "Ready" and condition.get("status") != "True" for condition in conditions):
            continue
        rows = status.get("addresses") or []
        external = [row["address"] for row in rows if row.get("type") == "ExternalIP"]
        internal = [row["address"] for row in rows if row.get("type") == "InternalIP"]
        ready.append(
            {
                "name": node["metadata"]["name"],
                "addresses": external or internal,
                "internal": internal,
                "region": labels.get("topology.kubernetes.io/region"),
                "zone": labels.get("topology.kubernetes.io/zone"),
                "arch": labels.get("kubernetes.io/arch"),
            }
        )
    return sorted(ready, key=lambda node: node["name"])
