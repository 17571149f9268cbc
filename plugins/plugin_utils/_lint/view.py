# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what two meshes export to and import from each other, as far as the declaration tells. Pure."""

from __future__ import annotations

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.plugin_utils._lint import rules
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.rules import Place, PlacedImport, PlacedOffer
from ansible_collections.ossm.federation.plugins.plugin_utils._model.peer_names import peer_names
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import is_shared
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, RuleList

#: Problems after which it is unknown which rules a mesh has, or for which peers.
_UNREAD = ("variable-undefined", "variable-type", "peer-unknown", "peer-not-paired")


class _List(NamedTuple):
    """A list of rules of a mesh; ``position`` is None where it has none for a peer. Many peers have one list."""

    host: str
    variable: str
    position: Optional[int]


class View:
    """The declaration from both ends of a pair; None is what the inventory does not tell."""

    def __init__(self, declaration: Declaration) -> None:
        self.meshes = declaration["meshes"]
        self.hosts = declaration["hosts"]
        self.partners = {
            host: sorted({other for pair in declaration["pairs"] if host in pair for other in pair} - {host})
            for host in self.hosts
        }
        self._unread = {
            (found["mesh"], found["where"].partition(".")[0])
            for found in declaration["problems"]
            if found["code"] in _UNREAD
        }
        self._peer_names = peer_names(declaration)
        self._are_services_read = not any(
            is_shared(found["where"]) and found["severity"] == "error" for found in declaration["problems"]
        )
        self._places_by_list: Dict[_List, List[Place]] = {}
        self._offers_by_list: Dict[_List, List[PlacedOffer]] = {}
        self._imports: Dict[Tuple[str, str], List[PlacedImport]] = {}

    def name(self, host: str) -> str:
        return self.meshes[host]["mesh"]

    def names(self, hosts: Sequence[str]) -> str:
        return ", ".join(sorted(map(self.name, hosts)))

    def peer_name(self, host: str, peer: str) -> str:
        """The name of a mesh's ServiceMeshPeer for another one, where none exists yet."""
        return self._peer_names[host][peer]

    def offers(self, exporter: str, importer: str) -> Optional[List[PlacedOffer]]:
        """What one mesh exports to another."""
        key = self._list(exporter, "mesh_exports", importer)
        if key is None or key.position is None:
            return None if key is None else []
        if key not in self._offers_by_list:
            self._offers_by_list[key] = rules.offers(self._places(key))
        return self._offers_by_list[key]

    def import_places(self, host: str, peer: str) -> Optional[List[Place]]:
        """The rules by which one mesh imports from another."""
        key = self._list(host, "mesh_imports", peer)
        return None if key is None else self._places(key)

    def imports(self, host: str, peer: str) -> List[PlacedImport]:
        """What one mesh imports from another, as far as the inventory tells."""
        if (host, peer) not in self._imports:
            self._imports[host, peer] = rules.imports(
                self.import_places(host, peer) or [], self.offers(peer, host) or [], self.peer_name(host, peer)
            )
        return self._imports[host, peer]

    def _list(self, host: str, variable: str, peer: str) -> Optional[_List]:
        """The list of rules that a mesh has for a peer; None where it is not known."""
        mesh = self.meshes[host]
        if (mesh["mesh"], variable) in self._unread or mesh["by_file"] or not self._are_services_read:
            return None
        for index, written in enumerate(self._lists(host, variable)):
            if peer in written["peers"]:
                return _List(host, variable, index) if written["sound"] else None
        return _List(host, variable, None)

    def _lists(self, host: str, variable: str) -> List[RuleList]:
        return self.meshes[host]["export_lists" if variable == "mesh_exports" else "import_lists"]

    def _places(self, key: _List) -> List[Place]:
        if key.position is None:
            return []
        if key not in self._places_by_list:
            written = self._lists(key.host, key.variable)[key.position]
            self._places_by_list[key] = rules.places_of(self.meshes[key.host], written)
        return self._places_by_list[key]


def sound(lists: Sequence[RuleList]) -> List[RuleList]:
    """Lists that some peer gets and that have no invalid rule: the corrected form of an invalid rule is unknown."""
    return [written for written in lists if written["sound"] and written["peers"]]
