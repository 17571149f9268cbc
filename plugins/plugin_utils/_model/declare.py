# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from raw inventory variables to a federation, with all problems at once. Pure."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    problem,
    with_changes,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._model import values as host_values
from ansible_collections.ossm.federation.plugins.plugin_utils._model.by_peer import add_details
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.install import check_installation
from ansible_collections.ossm.federation.plugins.plugin_utils._model.mesh import check_mesh, declared_mesh
from ansible_collections.ossm.federation.plugins.plugin_utils._model.options import check_options, read_options
from ansible_collections.ossm.federation.plugins.plugin_utils._model.resolver import Resolver
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_rules import add_rules
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import VARIABLE, read_services
from ansible_collections.ossm.federation.plugins.plugin_utils._model.traffic import add_traffic
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import (
    Declaration,
    DeclaredMesh,
    SharedService,
)

_ENVIRONMENT = "K8S_AUTH_"
_GROUPS_OF_ANSIBLE = ("all", "ungrouped")
#: Groups that a message names at most.
_LISTED = 10


def declare(
    hostvars: Mapping[str, Mapping[str, Any]],
    groups: Mapping[str, List[str]],
    environ: Mapping[str, str],
    *,
    group: str,
    play_hosts: Iterable[str],
    access: bool = True,
) -> Declaration:
    """Resolve every host of the group, also those outside the play, into a Declaration.

    ``hostvars`` are plain raw variables by host, ``groups`` the inventory's groups. Nothing is raised for bad input:
    every problem is in ``problems``, those of severity ``error`` must stop the run before its first write. Without
    ``access`` no mesh needs cluster access.
    """
    hosts = sorted(groups.get(group, []))
    problems = (_check_environment(environ, group) if access else []) + check_group(group, groups)
    meshes, values, found = _read_meshes(hostvars, hosts, access)
    problems += found
    options, found = read_options(values, hosts, group)
    problems += found + _check_names(meshes)
    resolver = Resolver(meshes, groups)
    problems += _add_peers(resolver, values) + check_options(options, resolver, group)
    pairs = _pairs(meshes)
    for host in hosts:
        problems += add_details(meshes[host], values[host], resolver, _partners(host, pairs))
        problems += check_installation(meshes[host]["installation"], meshes[host]["mesh"], meshes[host]["namespace"])
    services, found = _share(resolver, options[VARIABLE], pairs, group)
    problems += found
    return {
        "group": group,
        "options": options,
        "hosts": hosts,
        "outside": sorted(host for host in set(hosts) - set(play_hosts) if not meshes[host]["by_file"]),
        "meshes": meshes,
        "pairs": pairs,
        "services": services,
        "problems": _merge_common(problems, {mesh["mesh"] for mesh in meshes.values()}, group),
    }


def mesh_auth(hostvars: Mapping[str, Any]) -> Json:
    """The access variables of one host as authentication options of kubernetes.core; only those that are set."""
    values = host_values.read(hostvars, "", "access")[0]
    return {name[len("mesh_") :]: value for name, value in sorted(values.items())}


def _read_meshes(
    hostvars: Mapping[str, Mapping[str, Any]], hosts: List[str], access: bool
) -> Tuple[Dict[str, DeclaredMesh], Dict[str, Json], List[Problem]]:
    """The meshes and the values of the variables by host. Problems carry the mesh's name, valid or not."""
    meshes: Dict[str, DeclaredMesh] = {}
    values: Dict[str, Json] = {}
    problems: List[Problem] = []
    for host in hosts:
        raw = hostvars.get(host, {})
        values[host], found = host_values.read(raw, host)
        meshes[host] = declared_mesh(host, values[host], raw)
        found += host_values.unknown(raw, host) + check_mesh(meshes[host], values[host], access)
        problems += [with_changes(found_problem, mesh=meshes[host]["mesh"]) for found_problem in found]
    return meshes, values, problems


def _merge_common(problems: List[Problem], meshes: Set[str], group: str) -> List[Problem]:
    """Report a wrong variable of the whole federation, which is the same for every mesh of the group, once for the group."""
    concerned: Dict[Tuple[str, str], Set[str]] = {}
    for found in problems:
        concerned.setdefault((found["where"], found["message"]), set()).add(found["mesh"])
    common = {key for key, names in concerned.items() if key[0].startswith("federation_") and names == meshes}
    own = [found for found in problems if (found["where"], found["message"]) not in common]
    first = {(found["where"], found["message"]): found for found in reversed(problems)}
    return [with_changes(first[key], mesh=group) for key in sorted(common)] + own


def _check_environment(environ: Mapping[str, str], group: str) -> List[Problem]:
    message = "must not be set (its value is not shown, as it may be a credential): it would apply to all meshes"
    return [
        problem("environment-auth", group, name, message)
        for name in sorted(environ)
        if name.startswith(_ENVIRONMENT) and environ[name]
    ]


def check_group(group: str, groups: Mapping[str, List[str]]) -> List[Problem]:
    """The problem of a group that has no host, or that the inventory does not have; ``groups`` are all of the inventory."""
    if groups.get(group):
        return []
    named = sorted(name for name, hosts in groups.items() if hosts and name not in _GROUPS_OF_ANSIBLE)
    reason = "it has no host" if group in groups else "the inventory has no such group"
    listed = ", ".join(named[:_LISTED]) + (f" and {len(named) - _LISTED} more" if len(named) > _LISTED else "")
    message = f"must be a group with hosts, not {shown(group)}: {reason}; groups with hosts: {listed or 'none'}"
    close = host_values.suggestion(group, named)
    remedy = f"Did you mean {close}" if close else None if named else "Name the inventory of the federation with -i"
    return [problem("group-empty", group, "federation_group", message, remedy)]


def _check_names(meshes: Mapping[str, DeclaredMesh]) -> List[Problem]:
    by_name: Dict[str, List[str]] = {}
    for host, mesh in meshes.items():
        by_name.setdefault(mesh["mesh"], []).append(host)
    return [
        problem(
            "mesh-duplicate",
            name,
            "mesh_name",
            f"must differ for each mesh: the hosts {', '.join(hosts)} have {shown(name)}",
            "",
        )
        for name, hosts in sorted(by_name.items())
        if len(hosts) > 1
    ]


def _add_peers(resolver: Resolver, values: Mapping[str, Json]) -> List[Problem]:
    """Add the declared peers of all meshes."""
    problems: List[Problem] = []
    for host, mesh in resolver.meshes.items():
        mesh["peers"], found = _peers(host, values[host].get("mesh_peers"), resolver)
        problems += found
    return problems


def _peers(host: str, names: Optional[List[str]], resolver: Resolver) -> Tuple[List[str], List[Problem]]:
    if names is None:
        return sorted(set(resolver.meshes) - {host}), []
    mesh = resolver.meshes[host]["mesh"]
    peers: Set[str] = set()
    problems = []
    for name in names:
        hosts = resolver.hosts(name)
        if not hosts:
            problems.append(resolver.unknown(name, mesh, "mesh_peers"))
        if hosts == {host} and resolver.is_mesh(name):
            message = f"must be other meshes, not {shown(name)}: a mesh cannot be a peer of itself"
            problems.append(problem("peer-self", mesh, "mesh_peers", message, ""))
        peers |= hosts
    return sorted(peers - {host}), problems


def _pairs(meshes: Mapping[str, DeclaredMesh]) -> List[List[str]]:
    """All pairs, without those of two meshes that have identity files only: other administrators configure these."""
    pairs = {(min(host, peer), max(host, peer)) for host, mesh in meshes.items() for peer in mesh["peers"]}
    return [list(pair) for pair in sorted(pairs) if not all(meshes[host]["by_file"] for host in pair)]


def _share(
    resolver: Resolver, entries: List[Any], pairs: List[List[str]], group: str
) -> Tuple[List[SharedService], List[Problem]]:
    """The services of ``federation_services``; their rules and their objects about requests are added to the meshes."""
    partners = {host: _partners(host, pairs) for host in resolver.meshes}
    services, problems = read_services(entries, resolver, partners, group)
    added = add_rules(resolver.meshes, services, group) + add_traffic(resolver.meshes, services, group)
    return services, problems + added


def _partners(host: str, pairs: List[List[str]]) -> List[str]:
    return sorted({other for pair in pairs for other in pair if host in pair} - {host})
