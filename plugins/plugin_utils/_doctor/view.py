# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the two ends of one link, as they were read. Pure."""

from __future__ import annotations

import dataclasses
import functools
from typing import Dict, FrozenSet, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import EGRESS, INGRESS, ROOT_KEY
from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import gateway_managers, gateway_owner
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import read_roots
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.requests import Requests
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.gateways import Partner, match_gateways
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Direction, Plan, PlannedMesh, Side

_KINDS: Dict[Direction, str] = {"ingress": INGRESS, "egress": EGRESS}


@dataclasses.dataclass(frozen=True)
class End:
    """One mesh's end of a link: its side of the plan, its facts, and its live objects for the other mesh (None: there is none, or the
    mesh could not be read). ``status`` is its own watch of the other mesh."""

    side: Side
    mesh: PlannedMesh
    facts: Json
    peer: Optional[Json]
    status: Optional[Json]

    @property
    def name(self) -> str:
        """The name of the mesh."""
        return self.mesh["mesh"]

    @property
    def is_readable(self) -> bool:
        """Whether its API server was read."""
        return self.mesh["readable"] and not self.mesh["by_file"]

    @property
    def control_plane(self) -> Optional[Json]:
        """The facts of its control plane."""
        found: Optional[Json] = self.facts.get("control_plane")
        return found

    @property
    def trust_domain(self) -> Optional[str]:
        """The trust domain in force; of a mesh that is known by a file, that of the file."""
        return dig(self.control_plane, "trust_domain") or self.mesh["trust_domain"]

    @property
    def is_connected(self) -> bool:
        """Whether it watches the other mesh."""
        return bool(self.status and self.status["connected"])

    def live(self, collection: str, name: Optional[str] = None) -> Optional[Json]:
        """A live object of its facts, by default the one with the name of the peer."""
        return by_name(self.facts.get(collection)).get(name or self.side["peer_name"])

    def place(self, kind: str, name: Optional[str] = None) -> str:
        """An object of its namespace, for messages."""
        return f"{kind} {self.mesh['namespace']}/{name or self.side['peer_name']}"

    def named_gateway(self, direction: Direction) -> str:
        """The gateway that its peer names, or that the plan gives to the pair."""
        return str(dig(self.peer, "spec", "gateways", direction, "name") or self.side[direction])

    def has_gateway(self, direction: Direction, name: str) -> bool:
        """Whether the control plane has a gateway, or a Service of that name is there beside it."""
        is_absent = gateway_owner(self.control_plane, _KINDS[direction], name) == "absent"
        return not is_absent or name in (self.facts.get("gateway_services") or {})

    def right_gateway(self, direction: Direction) -> Optional[str]:
        """The gateway that is meant for the pair: that which the peer names if there is it and none is more clearly for the pair, else
        the only one that its owner, label, network view or name shows to be for the pair. None where none is, or several are."""
        return self._right_egress if direction == "egress" else self._right_ingress

    @functools.cached_property
    def _right_egress(self) -> Optional[str]:
        return self._find_gateway("egress")

    @functools.cached_property
    def _right_ingress(self) -> Optional[str]:
        return self._find_gateway("ingress")

    def _find_gateway(self, direction: Direction) -> Optional[str]:
        name = self.named_gateway(direction)
        kind, manager = _KINDS[direction], conventions.field_manager(self.side["peer_name"])
        if manager in gateway_managers(self.control_plane, kind, name) and self.has_gateway(direction, name):
            return name
        others = [
            peer for peer in self.facts.get("peers") or [] if dig(peer, "metadata", "name") != self.side["peer_name"]
        ]
        taken = {str(dig(peer, "spec", "gateways", direction, "name")) for peer in others}
        partner = Partner(self.side["peer"], self.side["peer_name"])
        match = match_gateways(kind, {"": partner}, self.control_plane, taken).get("")
        if match is None or not match.sure or match.names[0] == name:
            return name if self.has_gateway(direction, name) else None
        is_ours = [manager in gateway_managers(self.control_plane, kind, one) for one in (match.names[0], name)]
        if not self.has_gateway(direction, name) or is_ours == [True, False]:
            return match.names[0]
        return name

    def client_id(self) -> Optional[str]:
        """The identity of the egress gateway that is meant for the pair, as the other mesh has to expect it."""
        egress = self.right_gateway("egress")
        if not self.is_readable or egress is None or not self.trust_domain:
            return None
        return conventions.client_id(self.trust_domain, self.mesh["namespace"], egress)


class Link(NamedTuple):
    """One directed link: ``watching`` watches ``watched``. ``kept`` are problems that only a restart of istiod corrects, ``findings`` those
    of plan and objects, ``network`` what network_check saw at its addresses, ``requests`` those of the probe,
    ``collisions`` the exported names that the watching mesh imports from several peers, with these."""

    watching: End
    watched: End
    kept: List[Problem]
    findings: List[Problem]
    network: Optional[List[Json]]
    requests: Optional[Requests]
    collisions: Mapping[str, List[str]]

    @property
    def ends(self) -> Tuple[End, End]:
        """Both ends, the watching one first."""
        return self.watching, self.watched

    @property
    def gateways(self) -> Tuple[Tuple[End, Direction], Tuple[End, Direction]]:
        """Each end with the gateway that the link goes through."""
        return (self.watching, "egress"), (self.watched, "ingress")

    def other(self, end: End) -> End:
        """The opposite end."""
        return self.watched if end is self.watching else self.watching


def certificates_in(config_map: Json) -> FrozenSet[str]:
    """The fingerprints of the roots in a ConfigMap; empty where it has none, or one that istiod cannot read."""
    return _fingerprints(str(dig(config_map, "data", ROOT_KEY) or ""))


@functools.lru_cache(maxsize=1024)
def _fingerprints(pem: str) -> FrozenSet[str]:
    try:
        return frozenset(root["sha256"] for root in read_roots(pem))
    except ValueError:
        return frozenset()


def unreadable(link: Link, *ends: End) -> str:
    """Which of some ends could not be read, as a sentence; empty where all were."""
    names = [end.name for end in ends or link.ends if not end.is_readable]
    return f"{' and '.join(names)} could not be read" if names else ""


def end_of(plan: Plan, side: Side, facts: Mapping[str, Json], readings: Mapping[str, Json]) -> End:
    """One end of a link."""
    host = side["host"]
    known = facts.get(host) or {}
    links = {link["peer_name"]: link for link in (readings.get(host) or {}).get("links") or []}
    peer = by_name(known.get("peers")).get(side["peer_name"])
    return End(side, plan["meshes"][host], known, peer, links.get(side["peer_name"]))
