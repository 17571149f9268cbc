# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what lint finds when it knows the Services of the meshes too. Pure.

A federated service must have exactly one port: the routes of the gateways name none, and with several ports istiod falls back to
one that does not exist (maistra/istio pilot/pkg/networking/core/v1alpha3/route/route.go GetDestinationCluster). An import that
joins a Service of its mesh is used on ports of the same name only (pilot/pkg/xds/endpoint_builder.go).
"""

from __future__ import annotations

from typing import List, Mapping, NamedTuple, Optional, Sequence, Set

from ansible_collections.ossm.federation.plugins.module_utils import _lint_rules as rules
from ansible_collections.ossm.federation.plugins.module_utils._lint_rules import Names, Place
from ansible_collections.ossm.federation.plugins.module_utils._model_names import LOCAL_SUFFIX
from ansible_collections.ossm.federation.plugins.module_utils._model_types import (
    DeclaredMesh,
    Declaration,
    Json,
    Problem,
    RuleList,
    problem,
)

Services = Mapping[str, Sequence[Json]]


class _Exported(NamedTuple):
    """A Service with the rule that exports it, the name that it gets, and whether the rule names just this Service."""

    service: Json
    names: Names
    place: Place
    named: bool


def lint_services(declaration: Declaration, services: Services) -> List[Problem]:
    """Exported services with more or less than one port, and imports that cannot join the Service of their name.

    ``services`` are Services as the API has them (``metadata`` and ``spec.ports``), by host: those of the namespaces that are
    exported from, or imported into. Of a mesh that is not in it nothing is said.
    """
    found: List[Problem] = []
    for host in declaration["hosts"]:
        mesh = declaration["meshes"][host]
        for written in mesh["export_lists"]:
            found += _ports(mesh, written, services.get(host, []))
        for written in mesh["import_lists"]:
            for peer in written["peers"]:
                exported = _exported_to(declaration["meshes"][peer], host, services.get(peer, []))
                found += _joined(mesh, written, exported, services.get(host, []))
    return found


def _ports(mesh: DeclaredMesh, written: RuleList, services: Sequence[Json]) -> List[Problem]:
    found = []
    for one in _exported(rules.places_of(mesh, written), services) if written["sound"] else []:
        ports = one.service["spec"].get("ports") or []
        if len(ports) != 1:
            found.append(
                problem(
                    "export-ports",
                    mesh["mesh"],
                    one.place.where,
                    f"{_names(one.service).text} has {len(ports) or 'no'} ports: requests from other meshes reach none of them",
                    "Make a Service with one port for each port that is to be exported",
                    severity="error" if one.named else "warning",
                )
            )
    return found


def _joined(
    mesh: DeclaredMesh, written: RuleList, exported: Sequence[_Exported], services: Sequence[Json]
) -> List[Problem]:
    own = {_names(service): service for service in services}
    found = []
    places = rules.places_of(mesh, written) if written["sound"] else []
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
                    f"{taken.names.text} is a Service of this mesh, with the ports {_told(mine)}; the imported one has "
                    f"{_told(one.service)}: as no name is the same, the imported endpoints are never used",
                    "Give the ports of both Services one name",
                    severity="warning",
                )
            )
    return found


def _exported_to(mesh: DeclaredMesh, peer: str, services: Sequence[Json]) -> List[_Exported]:
    for written in mesh["export_lists"]:
        if peer in written["peers"] and written["sound"]:
            return _exported(rules.places_of(mesh, written), services)
    return []


def _exported(places: Sequence[Place], services: Sequence[Json]) -> List[_Exported]:
    return [one for service in services for one in [_first(places, service)] if one is not None]


def _first(places: Sequence[Place], service: Json) -> Optional[_Exported]:
    """What the first rule that takes a Service makes of it."""
    names = _names(service)
    labels = service["metadata"].get("labels") or {}
    for place in places:
        body = place.rule.get("labelSelector")
        if body is not None and not rules.labels_match(body.get("selector") or {}, labels):
            continue
        for way in rules.ways(place.rule):
            if rules.covers(way.source, names):
                return _Exported(service, way.of(names), place, way.source.one and not way.labels)
    return None


def _names(service: Json) -> Names:
    return Names(service["metadata"]["namespace"], service["metadata"]["name"])


def _port_names(service: Json) -> Set[str]:
    return {port.get("name") or "" for port in service["spec"].get("ports") or []}


def _told(service: Json) -> str:
    return ", ".join(name or "without a name" for name in sorted(_port_names(service)))
