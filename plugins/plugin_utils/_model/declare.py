# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from raw inventory variables to a federation, with everything that is wrong at once."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, Optional, Set, Tuple, cast

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions, platforms
from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprint
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DISCOVERY_PORT,
    LOAD_BALANCER,
    SERVICE_PORT,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem, with_changes
from ansible_collections.ossm.federation.plugins.plugin_utils._model import variables
from ansible_collections.ossm.federation.plugins.plugin_utils._model.exposure import check_ingress
from ansible_collections.ossm.federation.plugins.plugin_utils._model.install import check_installation, installation
from ansible_collections.ossm.federation.plugins.plugin_utils._model.rules import check_locality, check_rules
from ansible_collections.ossm.federation.plugins.plugin_utils._model.runtime import check_egress
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import (
    Declaration,
    DeclaredMesh,
    Egress,
    Ingress,
    RuleList,
)

_ENVIRONMENT = "K8S_AUTH_"
LINT_FORMATS = ("text", "json")


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
    ``access`` no mesh has to say how it is reached.
    """
    hosts = sorted(groups.get(group, []))
    problems = (_environment(environ, group) if access else []) + _membership(hosts, group)
    values: Dict[str, Json] = {}
    meshes: Dict[str, DeclaredMesh] = {}
    for host in hosts:
        raw = hostvars.get(host, {})
        values[host], found = variables.read(raw, host)
        meshes[host] = _mesh(host, values[host], raw)
        found += variables.unknown(raw, host) + _names(meshes[host]) + (_access(host, values[host]) if access else [])
        found += _platform(host, values[host].get("mesh_platform"))
        found += _pins(meshes[host], values[host].get("mesh_trust_fingerprints"))
        problems += _called(found, meshes[host]["mesh"])
    options, found = _options(values, hosts, group)
    problems += found + _duplicates(meshes)
    problems += _size(options, hosts, group) + _lint_format(options, group)
    resolver = _Resolver(meshes, groups)
    for host in hosts:
        meshes[host]["peers"], found = _peers(host, values[host].get("mesh_peers"), resolver)
        problems += found
    options["federation_restart_control_plane"], found = _restarts(options, resolver, group)
    problems += found
    pairs = _pairs(meshes)
    for host in hosts:
        problems += _details(host, values[host], resolver, _partners(host, pairs))
        problems += check_installation(meshes[host]["installation"], meshes[host]["mesh"], meshes[host]["namespace"])
    return {
        "group": group,
        "options": options,
        "hosts": hosts,
        "outside": sorted(host for host in set(hosts) - set(play_hosts) if not meshes[host]["by_file"]),
        "meshes": meshes,
        "pairs": pairs,
        "problems": _of_all(problems, {mesh["mesh"] for mesh in meshes.values()}, group),
    }


def mesh_auth(hostvars: Mapping[str, Any]) -> Json:
    """The access variables of one host as authentication options of kubernetes.core; only those that are set."""
    values = variables.read(hostvars, "", "access")[0]
    return {name[len("mesh_") :]: value for name, value in sorted(values.items())}


def _called(found: List[Problem], mesh: str) -> List[Problem]:
    """Problems are found by host, before the mesh's name is known to be good, and told by mesh."""
    for one in found:
        one["mesh"] = mesh
    return found


def _of_all(problems: List[Problem], meshes: Set[str], group: str) -> List[Problem]:
    """A wrong variable of the whole undertaking is the same for every mesh of the group, and is told once, of the group."""
    told: Dict[Tuple[str, str], Set[str]] = {}
    for one in problems:
        told.setdefault((one["where"], one["message"]), set()).add(one["mesh"])
    common = {key for key, of in told.items() if key[0].startswith("federation_") and of == meshes}
    kept = [one for one in problems if (one["where"], one["message"]) not in common]
    first = {(one["where"], one["message"]): one for one in reversed(problems)}
    whole: List[Problem] = [with_changes(first[key], mesh=group) for key in sorted(common)]
    return whole + kept


def _environment(environ: Mapping[str, str], group: str) -> List[Problem]:
    return [
        problem(
            "environment-auth",
            group,
            name,
            "the environment names a cluster, and it would be the same one for all meshes",
            "Unset it, and say with mesh_kubeconfig, mesh_context or mesh_host how each mesh is reached",
        )
        for name in sorted(environ)
        if name.startswith(_ENVIRONMENT) and environ[name]
    ]


def _membership(hosts: List[str], group: str) -> List[Problem]:
    if not hosts:
        return [
            problem(
                "group-empty",
                group,
                "federation_group",
                f"the inventory has no hosts in the group {group}",
                "Put one host for each mesh into it, or name another group with federation_group",
            )
        ]
    return []


def _mesh(host: str, values: Json, raw: Mapping[str, Any]) -> DeclaredMesh:
    mesh = values.get("mesh_name", host)
    return {
        "host": host,
        "mesh": mesh,
        "namespace": values.get("mesh_namespace", f"{mesh}-system"),
        "control_plane": values.get("mesh_control_plane"),
        "trust_domain": values.get("mesh_trust_domain"),
        "platform": platforms.known(values["mesh_platform"]) if "mesh_platform" in values else None,
        "peers": [],
        "ingress": {},
        "ingress_by_peer": {},
        "egress": {},
        "egress_by_peer": {},
        "exports": {},
        "imports": {},
        "export_lists": [],
        "import_lists": [],
        "short_exports": {},
        "locality": None,
        "peer_names": {},
        "installation": installation(values),
        "pins": None,
        "local": raw.get("ansible_connection", "local") in ("local", "ansible.builtin.local"),
        "identity_file": values.get("mesh_identity_file"),
        "by_file": "mesh_identity_file" in values and not _names_cluster(values),
        "identity_files": {},
    }


def _names_cluster(values: Json) -> List[str]:
    """The variables that say which cluster a mesh is in, those that are set."""
    return [name for name in ("mesh_kubeconfig", "mesh_context", "mesh_host") if name in values]


def _access(host: str, values: Json) -> List[Problem]:
    named, by_file = _names_cluster(values), "mesh_identity_file" in values
    if named and by_file:
        return [
            problem(
                "access-twice",
                host,
                "mesh_identity_file",
                f"{', '.join(named)} is set too, and a mesh is known either by its cluster or by a file",
                "Take one of them out",
            )
        ]
    if named or by_file:
        return []
    return [
        problem(
            "access-missing",
            host,
            "mesh_kubeconfig",
            "nothing says which cluster this mesh is in",
            "Set mesh_kubeconfig, mesh_context or mesh_host; or mesh_identity_file for a mesh of another administrator",
        )
    ]


def _platform(host: str, name: Optional[str]) -> List[Problem]:
    if name is None or platforms.known(name):
        return []
    close = variables.suggestion(name, platforms.PLATFORMS)
    remedy = f"Did you mean {close}" if close else f"Known are {', '.join(platforms.PLATFORMS)}"
    return [problem("platform-unknown", host, "mesh_platform", f"no platform is called {name!r}", remedy)]


def _names(mesh: DeclaredMesh) -> List[Problem]:
    found = []
    checks = (
        ("mesh_name", mesh["mesh"], conventions.PEER_MAX),
        ("mesh_namespace", mesh["namespace"], conventions.LABEL_MAX),
        ("mesh_control_plane", mesh["control_plane"], conventions.CONTROL_PLANE_MAX),
    )
    for variable, name, longest in checks:
        for fault in conventions.label_faults(name, longest) if name is not None else []:
            found.append(
                problem("name-invalid", mesh["mesh"], variable, fault, f"Set {variable} to a DNS label that fits")
            )
    for fault in conventions.trust_domain_faults(mesh["trust_domain"]) if mesh["trust_domain"] is not None else []:
        found.append(
            problem(
                "trust-domain-invalid", mesh["mesh"], "mesh_trust_domain", fault, "Write for example red-mesh.local"
            )
        )
    if mesh["mesh"].lower() == conventions.DEFAULT_CLUSTER_NAME.lower():
        found.append(
            problem(
                "name-registry",
                mesh["mesh"],
                "mesh_name",
                f"peers could not tell {mesh['mesh']!r} from their own cluster's registry of services",
                "Set mesh_name to another name",
            )
        )
    return found


def _pins(mesh: DeclaredMesh, told: Optional[List[str]]) -> List[Problem]:
    """Take the accepted fingerprints in one spelling. An empty list is refused: it could mean all roots, or none."""
    if told is None:
        return []
    variable = "mesh_trust_fingerprints"
    found = {text: fingerprint(text) for text in told}
    mesh["pins"] = sorted({pin for pin in found.values() if pin})
    if not told:
        remedy = "Name the fingerprints, or leave the variable out to accept any valid root"
        return [problem("fingerprint-invalid", mesh["mesh"], variable, "the list is empty", remedy)]
    return [
        problem(
            "fingerprint-invalid",
            mesh["mesh"],
            variable,
            f"{text!r} is not a SHA-256 fingerprint",
            "Write 64 hexadecimal digits, with or without colons",
        )
        for text, pin in found.items()
        if not pin
    ]


def _options(values: Mapping[str, Json], hosts: List[str], group: str) -> Tuple[Json, List[Problem]]:
    """The options of the whole undertaking; they must not differ between hosts."""
    options: Json = {}
    problems: List[Problem] = []
    for name, variable in variables.VARIABLES.items():
        if not name.startswith("federation_"):
            continue
        told = [values[host][name] for host in hosts if name in values[host]]
        options[name] = told[0] if told else variable.default
        differs = any(value != told[0] for value in told)
        if differs or (told and len(told) < len(hosts)):
            problems.append(
                problem(
                    "option-differs",
                    group,
                    name,
                    "it is not the same for all meshes, and concerns them all",
                    f"Set it once, for the group {group}",
                )
            )
    options["federation_group"] = group
    return options, problems


def _restarts(options: Json, resolver: _Resolver, group: str) -> Tuple[List[str], List[Problem]]:
    """The hosts whose istiod may be restarted."""
    variable = "federation_restart_control_plane"
    wish = options[variable]
    try:
        wish = variables.truth_or_names(wish)
    except ValueError as error:
        remedy = "Write true, false, or a list of meshes"
        return [], [problem("variable-type", group, variable, f"the value {error}", remedy)]
    if isinstance(wish, bool):
        return sorted(resolver.meshes) if wish else [], []
    unknown = [resolver.unknown(name, group, variable) for name in wish if not resolver.hosts(name)]
    return sorted(host for host in resolver.meshes if any(host in resolver.hosts(name) for name in wish)), unknown


def _size(options: Json, hosts: List[str], group: str) -> List[Problem]:
    size = options["federation_expected_meshes"]
    if size is None or size == len(hosts):
        return []
    return [
        problem(
            "federation-size",
            group,
            "federation_expected_meshes",
            f"the group has {len(hosts)} meshes, {size} are expected",
            "Complete the inventory, or change federation_expected_meshes",
        )
    ]


def _lint_format(options: Json, group: str) -> List[Problem]:
    if options["federation_lint_format"] in LINT_FORMATS:
        return []
    return [
        problem(
            "option-value",
            group,
            "federation_lint_format",
            f"there is no format {options['federation_lint_format']!r}",
            f"Use one of {', '.join(LINT_FORMATS)}",
        )
    ]


def _duplicates(meshes: Mapping[str, DeclaredMesh]) -> List[Problem]:
    by_name: Dict[str, List[str]] = {}
    for host, mesh in meshes.items():
        by_name.setdefault(mesh["mesh"], []).append(host)
    return [
        problem(
            "mesh-duplicate",
            name,
            "mesh_name",
            f"the hosts {', '.join(hosts)} have one mesh name",
            "Give each mesh a name of its own",
        )
        for name, hosts in sorted(by_name.items())
        if len(hosts) > 1
    ]


class _Resolver:
    """From what the user calls a peer (host, mesh or inventory group) to hosts of the federation."""

    def __init__(self, meshes: Dict[str, DeclaredMesh], groups: Mapping[str, List[str]]) -> None:
        self.meshes = meshes
        self._groups = groups
        self._by_mesh = {mesh["mesh"]: host for host, mesh in meshes.items()}

    def hosts(self, name: str) -> Set[str]:
        """The hosts that are meant; empty when the name is unknown."""
        if name in self.meshes:
            return {name}
        if name in self._by_mesh:
            return {self._by_mesh[name]}
        return set(self._groups.get(name, [])) & set(self.meshes)

    def is_mesh(self, name: str) -> bool:
        return name in self.meshes or name in self._by_mesh

    def unknown(self, name: str, mesh: str, where: str) -> Problem:
        """The problem of a name that means nobody."""
        close = variables.suggestion(name, [*self.meshes, *self._by_mesh, *self._groups])
        return problem(
            "peer-unknown",
            mesh,
            where,
            f"no mesh and no group of the federation is called {name!r}",
            f"Did you mean {close}" if close else "Name a mesh of the group, or put the mesh into the inventory",
        )


def _peers(host: str, wish: Optional[List[str]], resolver: _Resolver) -> Tuple[List[str], List[Problem]]:
    if wish is None:
        return sorted(set(resolver.meshes) - {host}), []
    mesh = resolver.meshes[host]["mesh"]
    peers: Set[str] = set()
    problems = []
    for name in wish:
        hosts = resolver.hosts(name)
        if not hosts:
            problems.append(resolver.unknown(name, mesh, "mesh_peers"))
        if hosts == {host} and resolver.is_mesh(name):
            problems.append(
                problem("peer-self", mesh, "mesh_peers", "a mesh cannot be a peer of itself", f"Take {name} out")
            )
        peers |= hosts
    return sorted(peers - {host}), problems


def _pairs(meshes: Mapping[str, DeclaredMesh]) -> List[List[str]]:
    """All pairs, without those of two meshes that are known by files alone: these are not for us to make."""
    return [
        list(pair)
        for pair in sorted(
            {(min(host, peer), max(host, peer)) for host, mesh in meshes.items() for peer in mesh["peers"]}
        )
        if not all(meshes[host]["by_file"] for host in pair)
    ]


def _partners(host: str, pairs: List[List[str]]) -> List[str]:
    return sorted({other for pair in pairs for other in pair if host in pair} - {host})


def _details(host: str, values: Json, resolver: _Resolver, partners: List[str]) -> List[Problem]:
    """Fill in what is said by peer: ingress, names, rules, locality."""
    mesh = resolver.meshes[host]
    problems = _ingress(mesh, values.get("mesh_ingress", {}), resolver, partners)
    problems += _peer_names(mesh, values.get("mesh_peer_names", {}), resolver, partners)
    problems += _egress(mesh, values.get("mesh_egress", {}), resolver, partners)
    for kind in ("exports", "imports"):
        variable = f"mesh_{kind}"
        if variable in values:
            lists, found = _rules(mesh, variable, values[variable], resolver, partners)
            problems += found
            by_peer = {peer: [rule for rule in one["rules"] if rule] for one in lists for peer in one["peers"]}
            if kind == "exports":
                mesh["exports"], mesh["export_lists"] = by_peer, lists
                mesh["short_exports"] = {peer: _short(one) for one in lists for peer in one["peers"]}
            else:
                mesh["imports"], mesh["import_lists"] = by_peer, lists
    if values.get("mesh_locality"):
        mesh["locality"], found = check_locality(values["mesh_locality"], mesh["mesh"])
        problems += found
    return problems


def _by_peer(
    mesh: DeclaredMesh, where: str, value: Mapping[str, Any], resolver: _Resolver, partners: List[str]
) -> Tuple[List[Tuple[str, List[str]]], List[Problem]]:
    """The keys of a dictionary by peer with the hosts that each one means; meshes after groups, so that they win."""
    keys: List[Tuple[str, List[str]]] = []
    problems = []
    for name in sorted(value, key=lambda key: (resolver.is_mesh(key), key)):
        hosts = resolver.hosts(name)
        if not hosts:
            problems.append(resolver.unknown(name, mesh["mesh"], where))
            continue
        meant = sorted(hosts & set(partners))
        if not meant:
            problems.append(
                problem(
                    "peer-not-paired",
                    mesh["mesh"],
                    f"{where}.{name}",
                    f"{mesh['mesh']} and {name} are no pair",
                    "Name it in mesh_peers, or take this entry out",
                )
            )
        keys.append((name, meant))
    return keys, problems


def _rules(
    mesh: DeclaredMesh, variable: str, value: Any, resolver: _Resolver, partners: List[str]
) -> Tuple[List[RuleList], List[Problem]]:
    """The lists of rules, each with the peers that get it: of several lists for one peer the last one counts."""
    if not isinstance(value, dict):
        made, problems = _rule_list(mesh, variable, value, partners)
        return [made], problems
    lists: List[RuleList] = []
    keys, problems = _by_peer(mesh, variable, value, resolver, partners)
    for name, hosts in keys:
        made, found = _rule_list(mesh, f"{variable}.{name}", value[name], hosts)
        problems += found
        for other in lists:
            other["peers"] = [peer for peer in other["peers"] if peer not in hosts]
        lists.append(made)
    return lists, problems


def _rule_list(mesh: DeclaredMesh, where: str, value: Any, peers: List[str]) -> Tuple[RuleList, List[Problem]]:
    rules, problems = check_rules(value, mesh["mesh"], where, imports=where.startswith("mesh_imports"))
    made: RuleList = {
        "where": where,
        "peers": peers,
        "written": value if isinstance(value, list) else [],
        "rules": rules,
        "sound": not problems,
    }
    return made, problems


def _short(written: RuleList) -> List[str]:
    """The rules of a list that were written as ``namespace/name``."""
    return [rule for rule in written["written"] if isinstance(rule, str)]


def _peer_names(mesh: DeclaredMesh, value: Json, resolver: _Resolver, partners: List[str]) -> List[Problem]:
    """What the mesh calls its peers: DNS labels, none twice, none that is a registry's (istiod refuses such a peer)."""
    keys, problems = _by_peer(mesh, "mesh_peer_names", value, resolver, partners)
    for name, hosts in keys:
        problems += _peer_name(mesh, f"mesh_peer_names.{name}", value[name])
        mesh["peer_names"].update({host: str(value[name]) for host in hosts})
    users: Dict[str, List[str]] = {}
    for host in partners:
        usual = resolver.meshes[host]["mesh"]
        users.setdefault(mesh["peer_names"].get(host, usual), []).append(usual)
    for called, peers in sorted(users.items()):
        if len(peers) > 1 and set(peers) != {called}:
            problems.append(
                problem(
                    "peer-name-twice",
                    mesh["mesh"],
                    "mesh_peer_names",
                    f"{' and '.join(sorted(peers))} would both be called {called!r}",
                    "Give each peer a name of its own",
                )
            )
    return problems


def _peer_name(mesh: DeclaredMesh, where: str, name: Any) -> List[Problem]:
    if not isinstance(name, str):
        return [problem("variable-type", mesh["mesh"], where, "the value is not a text", "Write a name")]
    problems = [
        problem("name-invalid", mesh["mesh"], where, fault, "Write a DNS label that fits")
        for fault in conventions.label_faults(name, conventions.PEER_MAX)
    ]
    if name.lower() == conventions.DEFAULT_CLUSTER_NAME.lower():
        problems.append(
            problem(
                "name-registry",
                mesh["mesh"],
                where,
                f"istiod could not tell a peer called {name!r} from the registry of its own cluster",
                "Write another name",
            )
        )
    return problems


def _ingress(mesh: DeclaredMesh, value: Json, resolver: _Resolver, partners: List[str]) -> List[Problem]:
    base = {key: part for key, part in value.items() if key != "peers"}
    mesh["ingress"], problems = check_ingress(base, mesh["mesh"], "mesh_ingress")
    mesh["ingress_by_peer"] = {peer: mesh["ingress"] for peer in partners}
    if isinstance(value.get("peers", {}), dict):
        keys, found = _by_peer(mesh, "mesh_ingress.peers", value.get("peers", {}), resolver, partners)
        problems += found
        for name, hosts in keys:
            problems += _ingress_of(mesh, name, hosts, value["peers"][name])
    else:
        problems.append(
            problem(
                "ingress-value", mesh["mesh"], "mesh_ingress.peers", "it is not a dictionary", "Write peers as keys"
            )
        )
    return problems + _shared(mesh)


def _ingress_of(mesh: DeclaredMesh, name: str, hosts: List[str], value: Any) -> List[Problem]:
    where = f"mesh_ingress.peers.{name}"
    if not isinstance(value, dict):
        return [
            problem(
                "ingress-value",
                mesh["mesh"],
                where,
                "it is not a dictionary",
                "Write the keys of mesh_ingress below it",
            )
        ]
    special, problems = check_ingress(value, mesh["mesh"], where)
    for host in hosts:
        merged: Ingress = {**mesh["ingress_by_peer"][host], **special}
        mesh["ingress_by_peer"][host] = merged
    return problems


def _egress(mesh: DeclaredMesh, value: Json, resolver: _Resolver, partners: List[str]) -> List[Problem]:
    base = {key: part for key, part in value.items() if key != "peers"}
    found, problems = check_egress(base, mesh["mesh"], "mesh_egress")
    mesh["egress"] = cast(Egress, found)
    mesh["egress_by_peer"] = {peer: mesh["egress"] for peer in partners}
    by_peer = value.get("peers", {})
    if not isinstance(by_peer, dict) or not all(isinstance(part, dict) for part in by_peer.values()):
        message, remedy = "it is not a dictionary of dictionaries", "Write peers as keys, and runtime below each"
        return [*problems, problem("egress-value", mesh["mesh"], "mesh_egress.peers", message, remedy)]
    keys, more = _by_peer(mesh, "mesh_egress.peers", by_peer, resolver, partners)
    problems += more
    for name, hosts in keys:
        special, more = check_egress(by_peer[name], mesh["mesh"], f"mesh_egress.peers.{name}")
        problems += more
        for host in hosts:
            mesh["egress_by_peer"][host] = cast(Egress, {**mesh["egress_by_peer"][host], **special})
    return problems


def _shared(mesh: DeclaredMesh) -> List[Problem]:
    """Each peer has a gateway of its own: no two can have one port of one address."""
    taken: Dict[Tuple[str, Any], str] = {}
    problems = []
    for peer, wish in sorted(mesh["ingress_by_peer"].items()):
        for place in _places(wish):
            other = taken.setdefault(place, peer)
            if other != peer:
                problems.append(
                    problem(
                        "ingress-shared",
                        mesh["mesh"],
                        "mesh_ingress",
                        f"the gateways for {other} and {peer} would share {place[0]} {place[1]}",
                        "Say it for each peer under mesh_ingress.peers",
                        peer=peer,
                    )
                )
    return problems


def _places(wish: Ingress) -> List[Tuple[str, Any]]:
    node_ports: List[Tuple[str, Any]] = [
        ("node port", port) for port in sorted(set(wish.get("nodePorts", {}).values()))
    ]
    if wish.get("loadBalancerIP"):
        node_ports.append(("loadBalancerIP", wish["loadBalancerIP"]))
    ports = [port for port in (wish.get("discoveryPort"), wish.get("servicePort")) if port]
    if wish.get("exposure") != LOAD_BALANCER and not ports:
        return node_ports  # perhaps node ports, which differ by themselves
    return node_ports + [
        ("address", f"{address}:{port}")
        for address in wish.get("addresses", [])
        for port in ports or [DISCOVERY_PORT, SERVICE_PORT]
    ]
