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

import functools
from typing import Callable, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import matching
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import LOCAL_SUFFIX, SERVICE_PORT
from ansible_collections.ossm.federation.plugins.module_utils._product.matching import Names
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._lint import rules
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.findings import distinct
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.policy import beyond_policy_live, too_many_exports
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.rules import Place, PlacedImport
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.view import View, sound
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh, RuleList

#: By host, as in ``additional_services.services`` of MeshFacts: namespace, name, perhaps labels, and ports with name and port.
Services = Mapping[str, Sequence[Json]]
#: Whether a run is going to write a rule of a list: host, host of the peer, index of the rule in its list.
Writes = Callable[[str, str, int], bool]
#: Messages list at most so many Services.
_LISTED = 4


class _Exported(NamedTuple):
    """A Service with the rule that exports it, its exported name, and whether the rule names just this Service."""

    service: Json
    names: Names
    place: Place
    is_named: bool


def services_to_read(declaration: Declaration, host: str) -> List[str]:
    """The Services that lint needs, as ``namespace/name`` with ``*`` for any: those that the rules of a mesh export, and
    those of its own that its imports may join."""
    mesh = declaration["meshes"][host]
    patterns = [matching.source(rule) for written in sound(mesh["export_lists"]) for rule in written["rules"]]
    for written in sound(mesh["import_lists"]):
        patterns += [
            selection.target
            for rule in written["rules"]
            if rule.get("importAsLocal")
            for selection in matching.selections(rule)
        ]
    distinct = dict.fromkeys(patterns)
    return sorted(
        names.text
        for names in distinct
        if not any(other != names and matching.covers(other, names) for other in distinct)
    )


def lint_services(declaration: Declaration, services: Services, writes: Optional[Writes] = None) -> List[Problem]:
    """Find exported services with more or less than one port, imports that cannot join the Service of their name, exports that may not
    leave their mesh, and rules that export more than is allowed without confirmation.

    ``services`` are those of ``services_to_read``, by host; a mesh that is not in it has no findings. Without ``writes``
    every rule counts as one that is going to be written.
    """
    problems: List[Problem] = []
    is_written = writes or (lambda host, peer, index: True)
    ports = _Ports(declaration, is_written)
    exported = _ExportedLists(declaration, services)
    for host in declaration["hosts"]:
        mesh = declaration["meshes"][host]
        if host in services:
            of_host = functools.partial(is_written, host)
            problems += beyond_policy_live(mesh, services[host], of_host)
            problems += too_many_exports(mesh, services[host], declaration["options"], of_host)
        for written in sound(mesh["export_lists"]):
            problems += ports.check(mesh, written, services.get(host, []))
        for written in sound(mesh["import_lists"]):
            own = services.get(host, [])
            if own and any(rule.get("importAsLocal") for rule in written["rules"]):
                for peer in written["peers"]:
                    problems += _joined(mesh, written, exported.to(peer, host), own)
    return distinct(problems, declaration["group"])


class _Ports:
    """Finds exported services of which requests from other meshes do not reach every port."""

    def __init__(self, declaration: Declaration, writes: Writes) -> None:
        self.declaration = declaration
        self.writes = writes
        self._view: Optional[View] = None

    def check(self, mesh: DeclaredMesh, written: RuleList, services: Sequence[Json]) -> List[Problem]:
        """Check one list of export rules: one problem for each rule, as a wildcard may select a hundred Services."""
        places = rules.places_of(mesh, written)
        by_rule: Dict[int, List[_Exported]] = {}
        peers: Dict[int, Set[str]] = {}
        for exported in _exported(mesh, places, [service for service in services if len(service["ports"]) != 1]):
            importers = self._importers(mesh, written, exported)
            if importers:
                index = places.index(exported.place)
                by_rule.setdefault(index, []).append(exported)
                peers.setdefault(index, set()).update(importers)
        return [
            _by_name(mesh, group[0], any(self.writes(mesh["host"], peer, index) for peer in sorted(peers[index])))
            if group[0].is_named
            else _by_wildcard(mesh, group)
            for index, group in sorted(by_rule.items())
        ]

    def _importers(self, mesh: DeclaredMesh, written: RuleList, exported: _Exported) -> List[str]:
        """The peers that import a service, and those whose imports are unknown. Without importers there is no problem."""
        self._view = self._view or View(self.declaration)
        offer = rules.offer_of(_names(exported.service), exported.names, exported.place)
        importers = []
        for peer in written["peers"]:
            places = self._view.import_places(peer, mesh["host"])
            if places is None or rules.imports(places, [offer], mesh["mesh"]):
                importers.append(peer)
        return importers


def _by_name(mesh: DeclaredMesh, exported: _Exported, is_new: bool) -> Problem:
    """A rule that names its Service. An applied rule has never worked, so that the run does not break it."""
    is_reachable = any(port["port"] == SERVICE_PORT for port in exported.service["ports"])
    namespace, name = exported.names
    alias = {"namespace": namespace, "name": name}
    selector = {"namespace": exported.service["namespace"], "name": "<name>", "alias": alias}
    effect = f"reach only port {SERVICE_PORT}" if is_reachable else "fail"
    return problem(
        "export-ports",
        mesh["mesh"],
        exported.place.where,
        f"{_names(exported.service).text} has {_port_text(exported.service)}, not exactly 1: the gateways' routes name no port, "
        f"and requests from other meshes {effect}",
        "Create a Service with only the port to export, and export it under this name",
        severity="error" if is_new and not is_reachable else "warning",
        repaired={"type": "NameSelector", "nameSelector": selector},
    )


def _by_wildcard(mesh: DeclaredMesh, exported: Sequence[_Exported]) -> Problem:
    """A rule with a wildcard or with labels."""
    texts = listed([f"{_names(entry.service).text} with {_port_text(entry.service)}" for entry in exported])
    verb = "has" if len(exported) == 1 else "have"
    return problem(
        "export-ports",
        mesh["mesh"],
        exported[0].place.where,
        f"exports services that other meshes import and that {verb} not exactly 1 port: {texts}; the gateways' routes name "
        "no port, and requests from other meshes fail",
        "Create a Service with one port for each port to export, or export by name or by labels only Services with one port",
        severity="warning",
    )


def _joined(
    mesh: DeclaredMesh, written: RuleList, exported: Sequence[_Exported], services: Sequence[Json]
) -> List[Problem]:
    own_services = {_names(service): service for service in services}
    problems = []
    places = rules.places_of(mesh, written)
    for entry in exported:
        offer = rules.offer_of(_names(entry.service), entry.names, entry.place)
        for imported in rules.imports(places, [offer], entry.place.mesh):
            own = own_services.get(imported.names)
            if imported.suffix != LOCAL_SUFFIX or own is None or _port_names(own) & _port_names(entry.service):
                continue
            problems.append(_other_port_names(mesh, imported, own, entry.service))
    return problems


def _other_port_names(mesh: DeclaredMesh, imported: PlacedImport, own: Json, remote: Json) -> Problem:
    return problem(
        "import-port-names",
        mesh["mesh"],
        imported.place.where,
        f"{imported.names.text} is a Service of this mesh with {_port_text(own)}, and the imported service has "
        f"{_port_text(remote)}: no port name is equal, so the imported endpoints are never used",
        "Give the ports of both Services the same name",
        severity="warning",
    )


class _ExportedLists:
    """What each mesh exports to each peer, found once for each list."""

    def __init__(self, declaration: Declaration, services: Services) -> None:
        self.meshes = declaration["meshes"]
        self.services = services
        self._by_list: Dict[Tuple[str, int], List[_Exported]] = {}

    def to(self, exporter: str, importer: str) -> List[_Exported]:
        """What a mesh exports to a peer."""
        mesh = self.meshes[exporter]
        for index, written in enumerate(mesh["export_lists"]):
            if importer not in written["peers"] or not written["sound"]:
                continue
            if (exporter, index) not in self._by_list:
                places = rules.places_of(mesh, written)
                self._by_list[exporter, index] = _exported(mesh, places, self.services.get(exporter, []))
            return self._by_list[exporter, index]
        return []


def _exported(mesh: DeclaredMesh, places: Sequence[Place], services: Sequence[Json]) -> List[_Exported]:
    return [entry for service in services for entry in [_first(mesh, places, service)] if entry is not None]


def _first(mesh: DeclaredMesh, places: Sequence[Place], service: Json) -> Optional[_Exported]:
    """How the first rule that selects a Service exports it; the control plane's own services under a wildcard are reported
    by the rule alone (``export-control-plane``)."""
    names = _names(service)
    match = matching.first_export([place.rule for place in places], names, service.get("labels") or {})
    if match is None:
        return None
    index, selection = match
    if selection.source.name is None and names.namespace == mesh["namespace"]:
        return None
    is_named = selection.source.is_single and not selection.by_labels
    return _Exported(service, selection.renamed(names), places[index], is_named)


def _names(service: Json) -> Names:
    return Names(service["namespace"], service["name"])


def _port_names(service: Json) -> Set[str]:
    return {port["name"] for port in service["ports"]}


def _port_text(service: Json) -> str:
    """``2 ports (grpc, http)``; a single port may have no name."""
    named = ", ".join(sorted(port["name"] or str(port["port"]) for port in service["ports"]))
    count = len(service["ports"])
    return f"{count} port{'' if count == 1 else 's'} ({named})" if count else "no port"


def listed(texts: Sequence[str]) -> str:
    """The texts in one phrase; the last of more than four are counted."""
    shown = list(texts[:_LISTED]) + ([f"{len(texts) - _LISTED} more"] if len(texts) > _LISTED else [])
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
