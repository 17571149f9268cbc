# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from pairs to the shortest mesh_peers, and from values by peer to common ones. Pure."""

from __future__ import annotations

from itertools import combinations
from typing import Any, Dict, List, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

Pairs = Sequence[Tuple[str, str]]


def peers_of(hosts: Sequence[str], pairs: Pairs) -> Dict[str, List[str]]:
    """``mesh_peers`` by host, as hosts; empty for a full mesh, which is the default.

    In hub and spokes each spoke names the hubs alone; in any other shape each mesh names all its peers.

    >>> peers_of(["a", "b", "c"], [("a", "b"), ("a", "c"), ("b", "c")])
    {}
    >>> peers_of(["a", "b", "c"], [("a", "b"), ("a", "c")])
    {'a': [], 'b': ['a'], 'c': ['a']}
    """
    linked = {frozenset(pair) for pair in pairs}
    if len(linked) == len(hosts) * (len(hosts) - 1) // 2:
        return {}
    partners: Dict[str, Set[str]] = {host: set() for host in hosts}
    for first, second in pairs:
        partners[first].add(second)
        partners[second].add(first)
    hubs = [host for host in hosts if partners[host] == set(hosts) - {host}]
    spokes = [host for host in hosts if host not in hubs]
    if hubs and not any(frozenset(pair) in linked for pair in combinations(spokes, 2)):
        return {host: [hub for hub in hubs if host not in hubs or hub < host] for host in hosts}
    return {host: sorted(partners[host]) for host in hosts}


def common_list(by_peer: Dict[str, Any], partners: int) -> Any:
    """A list for all peers where each of several has the same one, else the lists by peer."""
    values = list(by_peer.values())
    is_common = len(values) == partners > 1 and all(value == values[0] for value in values)
    return values[0] if is_common else by_peer


def common_keys(by_peer: Dict[str, Json], partners: int) -> Json:
    """The settings of gateways: a key that all of several peers have with one value for all, the others under ``peers``."""
    rows = list(by_peer.values())
    shared: Json = {}
    if len(rows) == partners > 1:
        shared = {key: value for key, value in rows[0].items() if all(row.get(key) == value for row in rows)}
    special = {
        peer: {key: value for key, value in row.items() if key not in shared} for peer, row in sorted(by_peer.items())
    }
    special = {peer: row for peer, row in special.items() if row}
    return {**shared, **({"peers": special} if special else {})}
