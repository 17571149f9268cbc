# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from the users' names for peers (host, mesh or inventory group) to hosts. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import suggestion

#: Messages list at most so many names.
_LISTED = 5


class Resolver:
    """Resolves names of hosts, meshes and inventory groups to the hosts of the federation."""

    def __init__(self, meshes: Dict[str, DeclaredMesh], groups: Mapping[str, List[str]]) -> None:
        self.meshes = meshes
        self._groups = groups
        self._by_mesh = {mesh["mesh"]: host for host, mesh in meshes.items()}

    def hosts(self, name: str) -> Set[str]:
        """The hosts with this name; empty when the name is unknown."""
        if name in self.meshes:
            return {name}
        if name in self._by_mesh:
            return {self._by_mesh[name]}
        return set(self._groups.get(name, [])) & set(self.meshes)

    def is_mesh(self, name: str) -> bool:
        return name in self.meshes or name in self._by_mesh

    def unknown(self, name: str, mesh: str, where: str, kind: str = "a mesh or group") -> Problem:
        """The problem of an unknown name."""
        known = sorted(self._by_mesh)
        close = suggestion(name, [*self.meshes, *self._by_mesh, *self._groups])
        listed = ", ".join(known[:_LISTED]) + (f" and {len(known) - _LISTED} more" if len(known) > _LISTED else "")
        return problem(
            "peer-unknown",
            mesh,
            where,
            f"must be {kind} of the federation, not {shown(name)}; its meshes are {listed}",
            f"Did you mean {close}" if close else "Name a mesh of the group, or put the mesh into the inventory",
        )

    def by_peer(
        self, mesh: DeclaredMesh, where: str, value: Mapping[str, object], partners: Sequence[str]
    ) -> Tuple[List[Tuple[str, List[str]]], List[Problem]]:
        """The keys of a dictionary by peer with the hosts of each one; meshes after groups, so that they win."""
        keys: List[Tuple[str, List[str]]] = []
        problems = []
        for name in sorted(value, key=lambda key: (self.is_mesh(key), key)):
            hosts = self.hosts(name)
            if not hosts:
                problems.append(self.unknown(name, mesh["mesh"], where))
                continue
            paired = sorted(hosts & set(partners))
            if not paired:
                message = f"{mesh['mesh']} and {shown(name)} are not a pair: must be one of {self._names(partners)}"
                remedy = "Name it in mesh_peers, or remove this entry"
                problems.append(problem("peer-not-paired", mesh["mesh"], f"{where}.{name}", message, remedy))
            keys.append((name, paired))
        return keys, problems

    def _names(self, hosts: Sequence[str]) -> str:
        return ", ".join(self.meshes[host]["mesh"] for host in hosts) or "no peer, as there is none"
