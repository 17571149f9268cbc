# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what the inventory says by peer: rules, peer names, ingress and egress gateways. Pure."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Tuple, TypeVar

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DISCOVERY_PORT,
    LOAD_BALANCER,
    SERVICE_PORT,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import TEXTS, rejection, shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.exposure import check_egress, check_ingress
from ansible_collections.ossm.federation.plugins.plugin_utils._model.keys import EGRESS, INGRESS
from ansible_collections.ossm.federation.plugins.plugin_utils._model.may_export import read_may_export
from ansible_collections.ossm.federation.plugins.plugin_utils._model.mesh import is_registry
from ansible_collections.ossm.federation.plugins.plugin_utils._model.resolver import Resolver
from ansible_collections.ossm.federation.plugins.plugin_utils._model.rules import check_locality, check_rules
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import (
    DeclaredMesh,
    Egress,
    Ingress,
    RuleList,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import dictionary_faults

_Gateway = TypeVar("_Gateway", Ingress, Egress)
_Check = Callable[[Mapping[str, Any], str, str], Tuple[_Gateway, List[Problem]]]


def add_details(mesh: DeclaredMesh, values: Json, resolver: Resolver, partners: List[str]) -> List[Problem]:
    """Add to a mesh what is declared by peer, and its locality."""
    problems = _add_ingress(mesh, values.get("mesh_ingress", {}), resolver, partners)
    problems += _add_peer_names(mesh, values.get("mesh_peer_names", {}), resolver, partners)
    problems += _add_egress(mesh, values.get("mesh_egress", {}), resolver, partners)
    if "mesh_exports" in values:
        mesh["export_lists"], found = _rule_lists(mesh, "mesh_exports", values["mesh_exports"], resolver, partners)
        problems += found
    if "mesh_imports" in values:
        mesh["import_lists"], found = _rule_lists(mesh, "mesh_imports", values["mesh_imports"], resolver, partners)
        problems += found
    mesh["may_export"], found = read_may_export(values.get("mesh_may_export"), mesh["mesh"])
    problems += found
    if values.get("mesh_locality"):
        mesh["locality"], found = check_locality(values["mesh_locality"], mesh["mesh"], "mesh_locality")
        problems += found
    return problems


def _rule_lists(
    mesh: DeclaredMesh, variable: str, value: Any, resolver: Resolver, partners: List[str]
) -> Tuple[List[RuleList], List[Problem]]:
    """The lists of rules, each with the peers that get it: of several lists for one peer the last one applies."""
    if not isinstance(value, dict):
        written, problems = _rule_list(mesh, variable, value, partners)
        return [written], problems
    lists: List[RuleList] = []
    keys, problems = resolver.by_peer(mesh, variable, value, partners)
    for name, hosts in keys:
        written, found = _rule_list(mesh, f"{variable}.{name}", value[name], hosts)
        problems += found
        for other in lists:
            other["peers"] = [peer for peer in other["peers"] if peer not in hosts]
        lists.append(written)
    return lists, problems


def _rule_list(mesh: DeclaredMesh, where: str, value: Any, peers: List[str]) -> Tuple[RuleList, List[Problem]]:
    rules, problems = check_rules(value, mesh["mesh"], where, imports=where.startswith("mesh_imports"))
    entries = value if isinstance(value, list) else []
    written: RuleList = {
        "where": where,
        "peers": peers,
        "written": entries,
        "rules": rules,
        "places": [f"{where}[{index}]" for index in range(len(rules))],
        "short": [isinstance(entry, str) for entry in entries],
        "sound": not problems,
    }
    return written, problems


def _add_peer_names(mesh: DeclaredMesh, value: Json, resolver: Resolver, partners: List[str]) -> List[Problem]:
    """Add the mesh's names for its peers: DNS labels, none twice, none of a registry (istiod rejects such a peer)."""
    keys, problems = resolver.by_peer(mesh, "mesh_peer_names", value, partners)
    for name, hosts in keys:
        problems += _check_peer_name(mesh["mesh"], f"mesh_peer_names.{name}", value[name])
        mesh["peer_names"].update({host: str(value[name]) for host in hosts})
    users: Dict[str, List[str]] = {}
    for host in partners:
        default = resolver.meshes[host]["mesh"]
        users.setdefault(mesh["peer_names"].get(host, default), []).append(default)
    for peer_name, peers in sorted(users.items()):
        if len(peers) > 1 and set(peers) != {peer_name}:
            message = f"must give each peer its own name, not {shown(peer_name)} to {' and '.join(sorted(peers))}"
            problems.append(problem("peer-name-twice", mesh["mesh"], "mesh_peer_names", message, ""))
    return problems


def _check_peer_name(mesh: str, where: str, name: Any) -> List[Problem]:
    domain = TEXTS["mesh name"]
    if not isinstance(name, str):
        return [rejection("variable-type", mesh, where, domain.accepted, name)]
    problems = []
    if not domain.accepts(name):
        problems.append(rejection(domain.code, mesh, where, domain.accepted, name))
    if is_registry(name):
        message = f"must be another name than {shown(name)}: it is the name of this cluster's own service registry"
        problems.append(problem("peer-name-registry", mesh, where, message, ""))
    return problems


def _add_ingress(mesh: DeclaredMesh, value: Json, resolver: Resolver, partners: List[str]) -> List[Problem]:
    keys = (*INGRESS, "peers")
    mesh["ingress"], mesh["ingress_by_peer"], problems = _gateways(
        mesh, "mesh_ingress", value, (resolver, partners, check_ingress), keys
    )
    return problems + _check_shared_addresses(mesh)


def _add_egress(mesh: DeclaredMesh, value: Json, resolver: Resolver, partners: List[str]) -> List[Problem]:
    keys = (*EGRESS, "peers")
    mesh["egress"], mesh["egress_by_peer"], problems = _gateways(
        mesh, "mesh_egress", value, (resolver, partners, check_egress), keys
    )
    return problems


def _gateways(
    mesh: DeclaredMesh,
    where: str,
    value: Json,
    context: Tuple[Resolver, List[str], _Check[_Gateway]],
    keys: Tuple[str, ...],
) -> Tuple[_Gateway, Dict[str, _Gateway], List[Problem]]:
    """The settings of a mesh's gateways for all peers, and by peer, where they are merged over those for all."""
    resolver, partners, check = context
    common, problems = check({key: part for key, part in value.items() if key != "peers"}, mesh["mesh"], where)
    by_peer = dict.fromkeys(partners, common)
    code = f"{where[len('mesh_') :]}-value"
    special = value.get("peers")
    if special is None:
        return common, by_peer, problems
    faults = dictionary_faults(special, mesh["mesh"], f"{where}.peers", code, sorted(partners))
    if faults:
        return common, by_peer, problems + faults
    names, found = resolver.by_peer(mesh, f"{where}.peers", special, partners)
    problems += found
    for name, hosts in names:
        faults = dictionary_faults(special[name], mesh["mesh"], f"{where}.peers.{name}", code, keys[:-1])
        problems += faults
        if faults:
            continue
        changed, found = check(special[name], mesh["mesh"], f"{where}.peers.{name}")
        problems += found
        for host in hosts:
            merged = by_peer[host].copy()
            merged.update(changed)
            by_peer[host] = merged
    return common, by_peer, problems


def _check_shared_addresses(mesh: DeclaredMesh) -> List[Problem]:
    """Each peer has its own gateway: no two can have one port of one address."""
    users: Dict[Tuple[str, Any], str] = {}
    problems = []
    for peer, ingress in sorted(mesh["ingress_by_peer"].items()):
        for kind, value in _addresses(ingress):
            other = users.setdefault((kind, value), peer)
            if other == peer:
                continue
            message = f"the gateways for {other} and {peer} cannot share {kind} {value}: each must have its own"
            problems.append(problem("ingress-shared", mesh["mesh"], "mesh_ingress", message, peer=peer))
    return problems


def _addresses(ingress: Ingress) -> List[Tuple[str, Any]]:
    """What only one gateway can have, as kind and value."""
    exclusive: List[Tuple[str, Any]] = [
        ("node port", port) for port in sorted(set(ingress.get("nodePorts", {}).values()))
    ]
    if ingress.get("loadBalancerIP"):
        exclusive.append(("loadBalancerIP", ingress["loadBalancerIP"]))
    ports = [port for port in (ingress.get("discoveryPort"), ingress.get("servicePort")) if port]
    if ingress.get("exposure") != LOAD_BALANCER and not ports:
        return exclusive  # perhaps node ports, which differ by themselves
    return exclusive + [
        ("address", f"{address}:{port}")
        for address in ingress.get("addresses", [])
        for port in ports or [DISCOVERY_PORT, SERVICE_PORT]
    ]
