# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the entries of the inventory that have a service which is removed. Pure."""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.matching import (
    Names,
    covers,
    intersect,
    is_import_effective,
    selections,
    source,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh, RuleList
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import InventoryLine, ServiceRequest


def consumers_declared(declaration: Declaration, request: ServiceRequest, service: Names) -> List[Problem]:
    """Errors for the consumers of the request whose imports still have the service: the next run would import it again."""
    return [
        problem(
            "consumers-declared",
            line["mesh"],
            line["where"],
            f"it still imports {service.text} from {request['exporter']}",
            peer=request["exporter"],
        )
        for line in _import_lines(declaration, request, service)
    ]


def inventory_lines(declaration: Declaration, request: ServiceRequest, service: Names) -> List[InventoryLine]:
    """The entries that bring the service back with the next federate.yml: of the imports, then of the exports."""
    return _import_lines(declaration, request, service) + _export_lines(declaration, request, service)


def host_of(declaration: Declaration, mesh: str) -> Optional[str]:
    """The inventory host of a mesh; None where the inventory does not have it."""
    return next((host for host, declared in declaration["meshes"].items() if declared["mesh"] == mesh), None)


def is_consumer(request: ServiceRequest, mesh: str) -> bool:
    """Whether the service is removed from a mesh."""
    return mesh != request["exporter"] and request["consumer"] in (None, mesh)


def _import_lines(declaration: Declaration, request: ServiceRequest, service: Names) -> List[InventoryLine]:
    exporter = host_of(declaration, request["exporter"])
    lines: List[InventoryLine] = []
    for _host, mesh in sorted(declaration["meshes"].items()):
        if exporter is None or not is_consumer(request, mesh["mesh"]):
            continue
        for written in mesh["import_lists"]:
            if exporter in written["peers"]:
                indexes = [
                    index
                    for index, rule in enumerate(written["rules"])
                    if is_import_effective(rule) and covers(source(rule), service)
                ]
                lines += _lines(declaration, mesh, written, indexes, [exporter])
    return lines


def _export_lines(declaration: Declaration, request: ServiceRequest, service: Names) -> List[InventoryLine]:
    host = host_of(declaration, request["exporter"])
    if host is None:
        return []
    lines: List[InventoryLine] = []
    mesh = declaration["meshes"][host]
    for written in mesh["export_lists"]:
        peers = [peer for peer in written["peers"] if is_consumer(request, declaration["meshes"][peer]["mesh"])]
        if peers:
            indexes = [index for index, rule in enumerate(written["rules"]) if _may_export(rule, service)]
            lines += _lines(declaration, mesh, written, indexes, peers)
    return lines


def _may_export(rule: Rule, service: Names) -> bool:
    return any(intersect(selection.target, service) is not None for selection in selections(rule))


def _lines(
    declaration: Declaration, mesh: DeclaredMesh, written: RuleList, indexes: List[int], peers: List[str]
) -> List[InventoryLine]:
    """Entries of a list of rules; ``peers`` are the hosts for which the service is removed."""
    others = [declaration["meshes"][peer]["mesh"] for peer in written["peers"] if peer not in peers]
    return [
        {
            "mesh": mesh["mesh"],
            "where": written["places"][index],
            "written": written["written"][index],
            "others": others,
            "is_wide": not _is_single(written["rules"][index]),
        }
        for index in indexes
    ]


def _is_single(rule: Rule) -> bool:
    return all(selection.source.is_single and not selection.by_labels for selection in selections(rule))
