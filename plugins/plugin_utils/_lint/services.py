# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what lint finds when it knows the Services of the meshes too. Pure.

A federated service must have exactly one port: the routes of the gateways name none, and with several ports istiod falls back to
the one of the gateways, which the service does not have (maistra/istio pilot/pkg/networking/core/v1alpha3/route/route.go
GetDestinationCluster). An import that joins a Service of its mesh is used on ports of the same name only
(pilot/pkg/xds/endpoint_builder.go).
"""

from __future__ import annotations

from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set

from ansible_collections.ossm.federation.plugins.module_utils._product import matching as match
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LOCAL_SUFFIX, SERVICE_PORT
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names
from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    Rule,
    problem,
    problem_line,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._lint import rules
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.rules import Place
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.view import View, sound
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh, RuleList
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import SKIPPED, Plan

#: By host, as in ``shared.services`` of MeshFacts: namespace, name, perhaps labels, and ports with name and port.
Services = Mapping[str, Sequence[Json]]
#: Whether a run is going to write a rule of a list anew: host, host of the peer, place of the rule in its list.
Writes = Callable[[str, str, int], bool]
#: Words for people list at most so many Services.
_LISTED = 4


class _Exported(NamedTuple):
    """A Service with the rule that exports it, the name that it gets, and whether the rule names just this Service."""

    service: Json
    names: Names
    place: Place
    named: bool




def wanted(declaration: Declaration, host: str) -> List[str]:
    """The Services that are looked at here, as ``namespace/name`` with ``*`` for any: those that the rules of a mesh
    export, and those of its own that its imports may join."""
    mesh = declaration["meshes"][host]
    found = [match.source(rule) for written in sound(mesh["export_lists"]) for rule in written["rules"]]
    for written in sound(mesh["import_lists"]):
        found += [way.target for rule in written["rules"] if rule.get("importAsLocal") for way in match.ways(rule)]
    once = dict.fromkeys(found)
    wider = [one for one in once if not any(other != one and match.covers(other, one) for other in once)]
    return sorted(one.text for one in wider)




def with_services(made: Plan, declaration: Declaration, facts: Mapping[str, Json]) -> Plan:
    """The plan with what the Services that were read say of the rules: ``facts`` are MeshFacts by host. Errors stop a run;
    what could not be looked at is no more than a note."""
    found = judge(made, declaration, facts)
    return {
        **made,
        "problems": made["problems"] + [one for one in found if one["severity"] == "error"],
        "warnings": made["warnings"] + [one for one in found if one["severity"] == "warning"],
        "notices": made["notices"] + [problem_line(one) for one in found if one["severity"] == "info"],
    }


def judge(made: Plan, declaration: Declaration, facts: Mapping[str, Json]) -> List[Problem]:
    """The same as problems. Only a rule that this run would write anew is an error; with federation_lint_strict warnings are
    errors too."""
    shared = {host: read["shared"] for host, read in facts.items() if read.get("shared")}
    services = {host: one["services"] for host, one in shared.items()}
    found = lint_services(declaration, services, lambda host, peer, index: _new(made, facts, host, peer, index))
    if declaration["options"]["federation_lint_strict"]:
        found = [{**one, "severity": "error"} for one in found]
    return found + [
        _unread(declaration["meshes"][host]["mesh"], one["unread"]) for host, one in sorted(shared.items()) if one["unread"]
    ]


def _new(made: Plan, facts: Mapping[str, Json], host: str, peer: str, index: int) -> bool:
    """Whether this run would write an export rule that is not there yet."""
    side = made["sides"].get(host, {}).get(peer)
    if side is None or not made["meshes"][host]["in_play"] or side["state"] == SKIPPED:
        return False
    live: List[Rule] = []
    for one in (facts.get(host) or {}).get("exports") or []:
        if dig(one, "metadata", "name") == side["peer_name"]:
            live = dig(one, "spec", "exportRules") or []
    return (side["exports"] or [])[index] not in live


def _unread(mesh: str, unread: Sequence[Json]) -> Problem:
    where = _listed([one["namespace"] or "all namespaces" for one in unread])
    return problem(
        "services-unread",
        mesh,
        f"Services in {where}",
        f"whether exported ones have one port each was not looked at: {unread[0]['message']}",
        "Nothing has to be done when they have; to have it looked at, grant the verb list on services there",
        severity="info",
    )


def lint_services(declaration: Declaration, services: Services, writes: Optional[Writes] = None) -> List[Problem]:
    """Exported services with more or less than one port, and imports that cannot join the Service of their name.

    ``services`` are those that ``wanted`` names, by host. Of a mesh that is not in it nothing is said. Without ``writes``
    every rule is one that is going to be written.
    """
    found: List[Problem] = []
    judged = _Ports(declaration, writes or (lambda host, peer, index: True))
    for host in declaration["hosts"]:
        mesh = declaration["meshes"][host]
        for written in sound(mesh["export_lists"]):
            found += judged.of(mesh, written, services.get(host, []))
        for written in sound(mesh["import_lists"]):
            for peer in written["peers"]:
                exported = _exported_to(declaration["meshes"][peer], host, services.get(peer, []))
                found += _joined(mesh, written, exported, services.get(host, []))
    return found


class _Ports:
    """Looks for exported services of which requests from other meshes do not reach every port."""

    def __init__(self, declaration: Declaration, writes: Writes) -> None:
        self.declaration = declaration
        self.writes = writes
        self._view: Optional[View] = None

    def of(self, mesh: DeclaredMesh, written: RuleList, services: Sequence[Json]) -> List[Problem]:
        """Of one list of export rules: a finding for each rule, as a wildcard may take a hundred Services."""
        places = rules.places_of(mesh, written)
        by_rule: Dict[int, List[_Exported]] = {}
        peers: Dict[int, Set[str]] = {}
        for one in _exported(mesh, places, [service for service in services if len(service["ports"]) != 1]):
            takers = self._takers(mesh, written, one)
            if takers:
                index = places.index(one.place)
                by_rule.setdefault(index, []).append(one)
                peers.setdefault(index, set()).update(takers)
        return [
            self._named(mesh, found[0], any(self.writes(mesh["host"], peer, index) for peer in sorted(peers[index])))
            if found[0].named
            else _several(mesh, found)
            for index, found in sorted(by_rule.items())
        ]

    def _takers(self, mesh: DeclaredMesh, written: RuleList, one: _Exported) -> List[str]:
        """The peers that import a service, and those of which nobody knows. What nobody imports does no harm."""
        self._view = self._view or View(self.declaration)
        offer = rules.Offer(_names(one.service), one.names, True, one.place)
        found = []
        for peer in written["peers"]:
            importing = self._view.importing(peer, mesh["host"])
            if importing is None or rules.imports(importing, [offer], mesh["mesh"]):
                found.append(peer)
        return found

    @staticmethod
    def _named(mesh: DeclaredMesh, one: _Exported, new: bool) -> Problem:
        """A rule that names its Service. Where it is in force already it has never worked, and the run does no harm."""
        at_all = any(port["port"] == SERVICE_PORT for port in one.service["ports"])
        namespace, name = one.names
        selector = {"namespace": one.service["namespace"], "name": "<name>", "alias": {"namespace": namespace, "name": name}}
        reached = f"reach {SERVICE_PORT} alone" if at_all else "fail"
        return problem(
            "export-ports",
            mesh["mesh"],
            one.place.where,
            f"{_names(one.service).text} has {_told_ports(one.service)}: the gateways' routes name no port, and requests from "
            f"other meshes {reached}",
            "Make a Service that has only the port which is meant, and export that one under this name",
            severity="error" if new and not at_all else "warning",
            repaired={"type": "NameSelector", "nameSelector": selector},
        )


def _several(mesh: DeclaredMesh, found: Sequence[_Exported]) -> Problem:
    """A rule by a wildcard or by labels."""
    told = _listed([f"{_names(one.service).text} with {_told_ports(one.service)}" for one in found])
    return problem(
        "export-ports",
        mesh["mesh"],
        found[0].place.where,
        f"among what it takes, and others import, is {told}: the gateways' routes name no port, and requests from other "
        "meshes fail",
        "Make a Service with one port for each port that is meant, or export by name or by labels only what has one port",
        severity="warning",
    )


def _joined(
    mesh: DeclaredMesh, written: RuleList, exported: Sequence[_Exported], services: Sequence[Json]
) -> List[Problem]:
    own = {_names(service): service for service in services}
    found = []
    places = rules.places_of(mesh, written)
    for one in exported:
        offer = rules.Offer(_names(one.service), one.names, True, one.place)
        for taken in rules.imports(places, [offer], one.place.mesh):
            mine = own.get(taken.names)
            if taken.suffix != LOCAL_SUFFIX or mine is None or _port_names(mine) & _port_names(one.service):
                continue
            found.append(
                problem(
                    "import-port-names",
                    mesh["mesh"],
                    taken.place.where,
                    f"{taken.names.text} is a Service of this mesh, with {_told_ports(mine)}; the imported one has "
                    f"{_told_ports(one.service)}: as no name is the same, the imported endpoints are never used",
                    "Give the ports of both Services one name",
                    severity="warning",
                )
            )
    return found


def _exported_to(mesh: DeclaredMesh, peer: str, services: Sequence[Json]) -> List[_Exported]:
    for written in mesh["export_lists"]:
        if peer in written["peers"] and written["sound"]:
            return _exported(mesh, rules.places_of(mesh, written), services)
    return []


def _exported(mesh: DeclaredMesh, places: Sequence[Place], services: Sequence[Json]) -> List[_Exported]:
    return [one for service in services for one in [_first(mesh, places, service)] if one is not None]


def _first(mesh: DeclaredMesh, places: Sequence[Place], service: Json) -> Optional[_Exported]:
    """What the first rule that takes a Service makes of it; what a wildcard takes of the control plane's own is told by the
    rule alone (``export-control-plane``)."""
    names = _names(service)
    for place in places:
        body = place.rule.get("labelSelector")
        if body is not None and not rules.labels_match(body.get("selector") or {}, service.get("labels") or {}):
            continue
        for way in match.ways(place.rule):
            if match.covers(way.source, names):
                told = way.source.name is None and names.namespace == mesh["namespace"]
                return None if told else _Exported(service, way.of(names), place, way.source.one and not way.labels)
    return None


def _names(service: Json) -> Names:
    return Names(service["namespace"], service["name"])


def _port_names(service: Json) -> Set[str]:
    return {port["name"] for port in service["ports"]}


def _told_ports(service: Json) -> str:
    """``2 ports (grpc, http)``; a single port may have no name."""
    named = ", ".join(sorted(port["name"] or str(port["port"]) for port in service["ports"]))
    count = len(service["ports"])
    return f"{count} port{'' if count == 1 else 's'} ({named})" if count else "no port"


def _listed(texts: Sequence[str]) -> str:
    told = list(texts[:_LISTED]) + ([f"{len(texts) - _LISTED} more"] if len(texts) > _LISTED else [])
    return " and ".join(filter(None, [", ".join(told[:-1]), told[-1]]))
