# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the links that a removal leaves. Pure."""

from __future__ import annotations

from typing import List, Set

from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.peer import read_peer
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import Survivor


def survivors(facts: Json, going: Set[str]) -> List[Survivor]:
    """The links of a mesh that stay; ``going`` are the names of the peers of the others."""
    links: List[Survivor] = []
    for peer in facts.get("peers") or []:
        name = str(dig(peer, "metadata", "name"))
        if name not in going:
            status = read_peer(peer)
            links.append({"peer_name": name, "connected": status["connected"], "last_attempt": status["last_attempt"]})
    return links
