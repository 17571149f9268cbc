# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what two meshes export to and import from each other, as far as the declaration tells. Pure."""

from __future__ import annotations

from typing import Dict, List, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.plugin_utils._lint import rules
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.rules import Place, PlacedImport, PlacedOffer
from ansible_collections.ossm.federation.plugins.plugin_utils._model.peer_names import peer_names
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import is_shared
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh, RuleList

#: Problems after which it is unknown which rules a mesh has, or for which peers.
_UNREAD = ("variable-undefined", "variable-type", "peer-unknown", "peer-not-paired")


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
        self._places_by_peer: Dict[Tuple[str, str, str], Optional[List[Place]]] = {}
        self._offers: Dict[Tuple[str, str], Optional[List[PlacedOffer]]] = {}

    def name(self, host: str) -> str:
        return self.meshes[host]["mesh"]

    def names(self, hosts: Sequence[str]) -> str:
        return ", ".join(sorted(map(self.name, hosts)))

    def peer_name(self, host: str, peer: str) -> str:
        """The name of a mesh's ServiceMeshPeer for another one, where none exists yet."""
        return self._peer_names[host][peer]

    def offers(self, exporter: str, importer: str) -> Optional[List[PlacedOffer]]:
        """What one mesh exports to another."""
        if (exporter, importer) not in self._offers:
            places = self._places(exporter, "mesh_exports", self.meshes[exporter]["export_lists"], importer)
            self._offers[exporter, importer] = None if places is None else rules.offers(places)
        return self._offers[exporter, importer]

    def import_places(self, host: str, peer: str) -> Optional[List[Place]]:
        """The rules by which one mesh imports from another."""
        return self._places(host, "mesh_imports", self.meshes[host]["import_lists"], peer)

    def imports(self, host: str, peer: str) -> List[PlacedImport]:
        """What one mesh imports from another, as far as the inventory tells."""
        return rules.imports(
            self.import_places(host, peer) or [], self.offers(peer, host) or [], self.peer_name(host, peer)
        )

    def _places(self, host: str, variable: str, lists: Sequence[RuleList], peer: str) -> Optional[List[Place]]:
        key = (host, variable, peer)
        if key not in self._places_by_peer:
            self._places_by_peer[key] = self._find_places(self.meshes[host], variable, lists, peer)
        return self._places_by_peer[key]

    def _find_places(
        self, mesh: DeclaredMesh, variable: str, lists: Sequence[RuleList], peer: str
    ) -> Optional[List[Place]]:
        if (mesh["mesh"], variable) in self._unread or mesh["by_file"] or not self._are_services_read:
            return None
        for written in lists:
            if peer in written["peers"]:
                return rules.places_of(mesh, written) if written["sound"] else None
        return []


def sound(lists: Sequence[RuleList]) -> List[RuleList]:
    """Lists that some peer gets and that have no invalid rule: the corrected form of an invalid rule is unknown."""
    return [written for written in lists if written["sound"] and written["peers"]]
