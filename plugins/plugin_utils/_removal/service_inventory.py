# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the entries of the inventory that have a service which is removed. Pure."""

from __future__ import annotations

from typing import Callable, Dict, List, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.matching import (
    Names,
    covers,
    intersect,
    is_import_effective,
    names_of,
    selections,
    source,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, Rule, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import is_shared
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
    """The entries that bring the service back with the next federate.yml: of the imports, then of the exports. One of
    ``federation_services`` is both, and is one line of the group."""
    lines = _import_lines(declaration, request, service) + _export_lines(declaration, request, service)
    shared = {line["where"]: line for line in reversed(lines) if is_shared(line["where"])}
    return [line for line in lines if not is_shared(line["where"])] + [
        _of_entry(declaration, request, shared[entry["where"]])
        for entry in declaration["services"]
        if entry["where"] in shared
    ]


def _of_entry(declaration: Declaration, request: ServiceRequest, line: InventoryLine) -> InventoryLine:
    [entry] = [entry for entry in declaration["services"] if entry["where"] == line["where"]]
    consumers = [declaration["meshes"][host]["mesh"] for host in entry["consumers"]]
    others = [mesh for mesh in consumers if not is_consumer(request, mesh)]
    is_wide = entry["labels"] is not None or not names_of(entry["service"]).is_single
    return {**line, "mesh": declaration["group"], "others": others, "is_wide": is_wide}


def host_of(declaration: Declaration, mesh: str) -> Optional[str]:
    """The inventory host of a mesh; None where the inventory does not have it."""
    return next((host for host, declared in declaration["meshes"].items() if declared["mesh"] == mesh), None)


def is_consumer(request: ServiceRequest, mesh: str) -> bool:
    """Whether the service is removed from a mesh."""
    return mesh != request["exporter"] and request["consumer"] in (None, mesh)


def _import_lines(declaration: Declaration, request: ServiceRequest, service: Names) -> List[InventoryLine]:
    exporter = host_of(declaration, request["exporter"])
    return [
        line
        for _host, mesh in sorted(declaration["meshes"].items())
        if exporter is not None and is_consumer(request, mesh["mesh"])
        for line in _lines(
            declaration,
            (mesh, mesh["import_lists"]),
            lambda rule: is_import_effective(rule) and covers(source(rule), service),
            lambda peer: peer == request["exporter"],
        )
    ]


def _export_lines(declaration: Declaration, request: ServiceRequest, service: Names) -> List[InventoryLine]:
    host = host_of(declaration, request["exporter"])
    if host is None:
        return []
    mesh = declaration["meshes"][host]
    return _lines(
        declaration,
        (mesh, mesh["export_lists"]),
        lambda rule: any(intersect(selection.target, service) is not None for selection in selections(rule)),
        lambda peer: is_consumer(request, peer),
    )


def _lines(
    declaration: Declaration,
    lists: Tuple[DeclaredMesh, List[RuleList]],
    has_service: Callable[[Rule], bool],
    is_removed: Callable[[str], bool],
) -> List[InventoryLine]:
    """The entries of a mesh's lists with the service, each once; ``is_removed``: for the mesh of this name."""
    mesh, all_lists = lists
    lines: Dict[str, InventoryLine] = {}
    peers: Dict[str, Set[str]] = {}
    for written in all_lists:
        for rule, where, entry in zip(written["rules"], written["places"], written["written"]):
            if has_service(rule):
                peers.setdefault(where, set()).update(declaration["meshes"][peer]["mesh"] for peer in written["peers"])
                lines[where] = {
                    "mesh": mesh["mesh"],
                    "where": where,
                    "written": entry,
                    "others": [],
                    "is_wide": not _is_single(rule),
                }
    return [
        {**line, "others": sorted(peer for peer in peers[where] if not is_removed(peer))}
        for where, line in lines.items()
        if any(map(is_removed, peers[where]))
    ]


def _is_single(rule: Rule) -> bool:
    return all(selection.source.is_single and not selection.by_labels for selection in selections(rule))
