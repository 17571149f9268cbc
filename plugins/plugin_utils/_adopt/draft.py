# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the draft of an inventory, which is changed until ``federate.yml`` would write nothing with it. Pure.

In a draft everything is by peer; the written inventory has common values once.
"""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, NamedTuple, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.sets import SETS
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.topology import common_keys, common_list, peers_of
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.types import GROUP, Live
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import lint
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.exporters import COLLISION
from ansible_collections.ossm.federation.plugins.plugin_utils._model.declare import declare
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import ACCESS, VARIABLES

#: The variables that are read from live objects; those of the inventory of the run have no effect.
DERIVED = frozenset(
    {
        "mesh_name",
        "mesh_namespace",
        "mesh_peers",
        "mesh_peer_names",
        "mesh_ingress",
        "mesh_egress",
        "mesh_exports",
        "mesh_imports",
        "mesh_locality",
        "mesh_trust_domain",
    }
)
_GATEWAYS = ("mesh_ingress", "mesh_egress")
#: A place in a variable that is by peer: variable, peer, and the key below it.
_PLACE = re.compile(r"(?P<variable>mesh_[a-z_]+)(?:\.peers)?\.(?P<peer>[a-z0-9-]+)(?:\.(?P<key>[A-Za-z]+))?")


class Place(NamedTuple):
    """What a problem is about: a variable of a host, the peer, and the key; the latter two may be empty."""

    host: str
    variable: str
    peer: str
    key: str


class Draft:
    """Pairs, and variables by host; those of ``SETS``, ``mesh_peer_names`` and of gateways are by the name of the peer."""

    def __init__(self, live: Live, meshes: Dict[str, str], pairs: Set[Tuple[str, str]]) -> None:
        self.live = live
        self.meshes = meshes
        self.pairs = pairs
        self.variables: Dict[str, Json] = {host: {} for host in live.hosts}
        self.options: Json = {}

    def put(self, host: str, variable: str, peer: str, value: Any) -> None:
        """Set the part of a variable for a peer, unless it is an empty dictionary."""
        if value != {}:
            self.variables[host].setdefault(variable, {})[self.meshes[peer]] = value

    def partners(self, host: str) -> List[str]:
        """The names of the meshes that a host has pairs with."""
        return sorted(self.meshes[other] for pair in self.pairs if host in pair for other in pair if other != host)

    def host_variables(self, *, by_peer: bool = False) -> Dict[str, Json]:
        """The variables of each host, without its access; ``by_peer``: nothing is written once for all peers."""
        peers = peers_of(self.live.hosts, sorted(self.pairs))
        return {host: self._of_host(host, peers, by_peer) for host in self.live.hosts}

    def _of_host(self, host: str, peers: Mapping[str, List[str]], by_peer: bool) -> Json:
        facts, draft, partners = self.live.facts.get(host), self.variables[host], self.partners(host)
        found = {
            name: value
            for name, value in kept_variables(self.live.variables.get(host, {})).items()
            if name in VARIABLES
        }
        if self.meshes[host] != host:
            found["mesh_name"] = self.meshes[host]
        if facts is not None:
            found["mesh_namespace"] = facts["namespace"]
        if host in peers:
            found["mesh_peers"] = [self.meshes[other] for other in peers[host]]
        for variable, value in sorted(draft.items()):
            if not isinstance(value, dict) or variable == "mesh_locality":
                found[variable] = value
                continue
            rows = {peer: value[peer] for peer in partners if peer in value}
            if variable in _GATEWAYS:
                found[variable] = common_keys(rows, -1 if by_peer else len(partners))
            else:
                found[variable] = common_list(rows, -1 if by_peer or variable not in SETS else len(partners))
        return {name: value for name, value in found.items() if value not in ({}, None)}

    def declaration(self) -> Declaration:
        """The declaration of the drafted inventory, with the errors of lint."""
        variables = {host: {**self.options, **own} for host, own in self.host_variables(by_peer=True).items()}
        declared = declare(
            variables, {GROUP: self.live.hosts}, {}, group=GROUP, play_hosts=self.live.hosts, access=False
        )
        for host, files in self.live.identity_files.items():
            declared["meshes"][host]["identity_files"] = files
        declared["problems"] += [
            found for found in lint(declared) if found["severity"] == "error" and found["code"] != COLLISION
        ]
        return declared

    def place(self, found: Problem) -> Place:
        """What of the draft a problem is about."""
        host = next((host for host, mesh in self.meshes.items() if mesh == found["mesh"]), "")
        match = _PLACE.match(found["where"])
        if match is not None:
            return Place(host, match["variable"], match["peer"], match["key"] or "")
        return Place(host, re.split(r"[.\[]", found["where"])[0], found.get("peer", ""), "")

    def drop(self, place: Place) -> bool:
        """Take out what an inventory cannot have; whether it was there."""
        variables = self.variables.get(place.host, {})
        value = variables.get(place.variable)
        if value is None:
            return False
        if not place.peer or not isinstance(value, dict) or place.variable == "mesh_locality":
            del variables[place.variable]
            return True
        if place.peer not in value:
            return False
        if place.variable in _GATEWAYS and place.key in value[place.peer]:
            del value[place.peer][place.key]
        else:
            del value[place.peer]
        return True


def kept_variables(variables: Mapping[str, Any]) -> Json:
    """The variables of a mesh that live objects say nothing about, without access to its cluster."""
    return {
        name: value
        for name, value in sorted(variables.items())
        if name.startswith("mesh_") and name not in DERIVED and name not in ACCESS
    }
