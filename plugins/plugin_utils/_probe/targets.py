# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a probe requests in a mesh, by the plan and the facts of all meshes. Pure.

Host names are those of the consumer's ImportedServiceSet: what istiod has imported. It says nothing about ports, and the port comes with
the offer, so it is that of the exporter's Service, which the exporter's ExportedServiceSet names.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.data import by_name, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.probes import ProbeTarget, protocol_of
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.sets import read_imports
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import opposite_side
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, Side

Facts = Mapping[str, Json]


class Probe(NamedTuple):
    """What a probe does in one mesh: the namespace of its pods (empty: none is known), the services, and what is in the way."""

    namespace: str
    targets: List[ProbeTarget]
    problems: List[Problem]


def plan_probe(plan: Plan, facts: Facts, host: str) -> Probe:
    """What is requested in the mesh of a host: every service that it has imported, in the order of peers and names."""
    targets: List[ProbeTarget] = []
    problems: List[Problem] = []
    for peer in sorted(plan["sides"].get(host) or {}):
        side = plan["sides"][host][peer]
        found, unknown = _of_side(plan, facts, side)
        targets += found
        problems += unknown
    mesh = plan["meshes"][host]
    namespace = str(plan["options"]["federation_probe_namespace"] or _first_member(facts.get(host) or {}))
    if targets and not namespace:
        message = "the mesh has no member that is known, and only pods of members get a sidecar"
        problems.append(problem("probe-namespace", mesh["mesh"], f"namespace {mesh['namespace']}", message))
    return Probe(namespace, targets if namespace else [], problems)


def probe_options(plan: Plan, facts: Facts, host: str) -> Json:
    """The options of request_probe for the mesh of a host, without those that all modules have; empty where nothing is requested: no probe
    is wanted, the mesh cannot be read, or it imports nothing."""
    options, mesh = plan["options"], plan["meshes"][host]
    if not _is_probed(plan, host):
        return {}
    probe = plan_probe(plan, facts, host)
    if not probe.targets:
        return {}
    return {
        "mesh": mesh["mesh"],
        "namespace": mesh["namespace"],
        "probe_namespace": probe.namespace,
        "targets": probe.targets,
        "image": options["federation_probe_image"] or "",
        "pods": options["federation_probe_count"],
        "path": options["federation_probe_path"],
        "header": options["federation_probe_header"] or "",
        "timeout": options["federation_probe_timeout"],
    }


def probe_results(plan: Plan, facts: Facts, results: Facts) -> Dict[str, Json]:
    """What the probes have shown, by host: the results of request_probe with what kept services from being requested. A host is absent
    where no probe is wanted or possible, and where none was sent."""
    shown: Dict[str, Json] = {}
    for host in plan["sides"]:
        if not _is_probed(plan, host):
            continue
        result, probe = results.get(host) or {}, plan_probe(plan, facts, host)
        requests, found = result.get("requests") or [], [*(result.get("problems") or []), *probe.problems]
        # A check run sends nothing.
        if requests or found or not probe.targets:
            shown[host] = {"requests": requests, "problems": found}
    return shown


def _is_probed(plan: Plan, host: str) -> bool:
    """Whether requests can be sent from a mesh, and are wanted."""
    mesh = plan["meshes"][host]
    return bool(plan["options"]["federation_probe"] and mesh["readable"] and mesh["in_play"] and not mesh["by_file"])


def missing_services(plan: Plan, facts: Facts, host: str) -> List[str]:
    """The Services of the mesh of a host that others have imported and that were not read with its facts, as ``namespace/name``: those of
    sets whose rules the inventory does not declare."""
    names = set()
    for peer in plan["sides"].get(host) or {}:
        consumer = plan["sides"][peer][host]
        if not _is_probed(plan, peer):
            continue
        imports = by_name((facts.get(peer) or {}).get("imports")).get(consumer["peer_name"])
        imported = {service["exportedName"] for service in read_imports(imports)["imported"]}
        known = facts.get(host) or {}
        ports, exports = _exported_ports(known, plan["sides"][host][peer]["peer_name"]), by_name(known.get("exports"))
        for row in dig(exports.get(plan["sides"][host][peer]["peer_name"]), "status", "exportedServices") or []:
            local = row.get("localService") or {}
            if row["exportedName"] in imported - set(ports) and local.get("name"):
                names.add(f"{local['namespace']}/{local['name']}")
    return sorted(names)


def with_services(facts: Facts, results: Facts) -> Dict[str, Json]:
    """The facts with the Services that were read for a probe; ``results`` are those of mesh_info by host."""
    merged = dict(facts)
    for host, result in results.items():
        if host in merged:
            services = [
                service
                for read in (merged[host], result)
                for service in dig(read, "additional_services", "services") or []
            ]
            merged[host] = {**merged[host], "additional_services": {"services": services, "unread": []}}
    return merged


def _first_member(facts: Json) -> str:
    """The first member of a mesh by name: a namespace whose pods get a sidecar in every version of the product."""
    members = [member for member in facts.get("members") or [] if member != "*"]
    return members[0] if members else ""


def _of_side(plan: Plan, facts: Facts, side: Side) -> Tuple[List[ProbeTarget], List[Problem]]:
    """What one mesh has imported from one peer, and what of that cannot be requested."""
    imports = by_name((facts.get(side["host"]) or {}).get("imports")).get(side["peer_name"])
    ports = _exported_ports(facts.get(side["peer_host"]) or {}, opposite_side(plan, side)["peer_name"])
    targets: List[ProbeTarget] = []
    problems: List[Problem] = []
    for service in read_imports(imports)["imported"]:
        name, host = service["exportedName"], service["hostname"]
        found = ports.get(name)
        if found is None or len(found) != 1:
            problems.append(_unknown_port(side, host, found))
            continue
        port = found[0]
        # Where Istio detects the protocol, only a request shows anything: a connection alone never leaves the sidecar.
        protocol = protocol_of(port["name"]) or "http"
        targets.append(
            {"peer": side["peer"], "service": name, "host": host, "port": port["port"], "protocol": protocol}
        )
    return targets, problems


def _exported_ports(facts: Json, peer_name: str) -> Dict[str, List[Json]]:
    """By exported name, the ports of the Services that a mesh exports to a peer, as far as its Services were read."""
    exports = by_name(facts.get("exports")).get(peer_name)
    services = {
        (service["namespace"], service["name"]): service["ports"]
        for service in dig(facts, "additional_services", "services") or []
    }
    ports: Dict[str, List[Json]] = {}
    for row in dig(exports, "status", "exportedServices") or []:
        local = row.get("localService") or {}
        found: Optional[List[Json]] = services.get((local.get("namespace"), local.get("name")))
        if found is not None:
            ports[row["exportedName"]] = found
    return ports


def _unknown_port(side: Side, host: str, ports: Optional[List[Json]]) -> Problem:
    if ports is None:
        message = f"its port is not known, as the Service in {side['peer']} was not read"
        return problem("probe-target", side["mesh"], host, message, peer=side["peer"])
    message = f"its Service in {side['peer']} has {len(ports)} ports, and only one with a single port can be requested"
    return problem("probe-target", side["mesh"], host, message, peer=side["peer"])
