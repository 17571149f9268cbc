# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: shapes of a federation that is read from live objects. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import IdentityFile

#: The group of the written inventory, whatever the group of the run is called.
GROUP = "federation"
#: A directed side of a pair: the host that has the objects, and the host of its peer.
SideKey = Tuple[str, str]


class Live(NamedTuple):
    """All that is known: MeshFacts by host, and what the inventory of this run sets, by host.

    ``identity_files`` are those of meshes without access, by host and by host of the peer; such a mesh has no facts.
    """

    facts: Mapping[str, Json]
    variables: Mapping[str, Json]
    identity_files: Mapping[str, Dict[str, IdentityFile]]

    @property
    def hosts(self) -> List[str]:
        """All hosts, sorted."""
        return sorted({*self.facts, *self.identity_files})


class Matched(NamedTuple):
    """The live ServiceMeshPeers by the hosts that they connect, the names of the meshes, and the peers that are of no pair."""

    peers: Dict[SideKey, Json]
    meshes: Dict[str, str]
    problems: List[Problem]


class Adoption(NamedTuple):
    """A federation as its live objects describe it.

    ``variables`` are those of each host, ``options`` those of the group, and ``pairs`` the hosts of each pair. ``problems`` are what the
    inventory does not describe or what is wrong; ``fields`` are what no variable expresses and what stays as it is.
    """

    variables: Dict[str, Json]
    options: Json
    meshes: Dict[str, str]
    pairs: List[Tuple[str, str]]
    problems: List[Problem]
    fields: List[Problem]


class AdoptedMesh(TypedDict):
    """One mesh of the report: its peers by name, and the number of its rules."""

    mesh: str
    host: str
    peers: List[str]
    exports: int
    imports: int


class Adopted(TypedDict):
    """What adopt.yml passes to its report. ``directory`` is as the inventory has it; ``names`` are those of all meshes by host, ``unread`` the
    hosts that were not read."""

    directory: str
    files: Dict[str, str]
    meshes: List[AdoptedMesh]
    names: Dict[str, str]
    problems: List[Problem]
    fields: List[Problem]
    unread: List[str]
