# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the checks between the plan and the first write. Pure.

Versions, rights, members, networks. A mesh that cannot do its part is skipped as a whole, with its problems; the others go on.
Everything else is a warning.
"""

from __future__ import annotations

import datetime
from typing import Dict, List, Mapping, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import (
    conventions,
    matching,
    permissions,
    versions,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import WRITING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import (
    Json,
    Problem,
    problem,
    with_changes,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import known_members
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import gateway_owner
from ansible_collections.ossm.federation.plugins.plugin_utils._model.shared_services import is_shared
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import would_change
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import advance as plan_steps, plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.gateways import sees_peer
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.load_balancers import count_load_balancers
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.services import with_services
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import READY, Plan, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.undeclared import (
    undeclared_pairs,
    undeclared_problems,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._run.pending import is_open, with_pending_steps
from ansible_collections.ossm.federation.plugins.plugin_utils._run.rotations import underway_problems


def checked_plan(
    declaration: Declaration,
    facts: Mapping[str, Json],
    playbook: str = "federate",
    now: Optional[datetime.datetime] = None,
) -> Plan:
    """The plan of a declared federation, compared with the Services that were read, and with its preflight.

    ``facts`` are MeshFacts by host; ``playbook`` is what the accounts are used for (``_product.permissions.PLAYBOOKS``).
    """
    planned = planning.build_plan(declaration, facts, now)
    undeclared = undeclared_pairs(planned, facts)
    planned["undeclared"] = sorted(undeclared)
    planned["warnings"] += underway_problems(planned)
    for found in undeclared_problems(planned, facts, undeclared):
        planned["problems" if found["severity"] == "error" else "warnings"].append(found)
    return preflight(with_services(planned, declaration, facts), facts, playbook)


def preflight(planned: Plan, facts: Mapping[str, Json], playbook: str = "federate") -> Plan:
    """The plan with the problems that the checks find, and with what ``with_pending_steps`` adds."""
    checked = with_pending_steps(planned, facts)
    results: Dict[str, Json] = {}
    for host, problems in find_problems(checked, facts, playbook).items():
        if problems:
            results[host] = {"problems": problems}
    if results:
        checked = plan_steps.advance(checked, "preflight", results)
    errors = [found for result in results.values() for found in result["problems"] if found["severity"] == "error"]
    if errors:
        load_balancers = count_load_balancers(checked, facts)
        checked = with_pending_steps({**checked, "load_balancers": load_balancers}, facts)
    return checked


def preview(planned: Plan, facts: Mapping[str, Json]) -> List[Problem]:
    """What the checks would find in a run of federate.yml, as warnings: the plan can be made all the same."""
    found = find_problems(with_pending_steps(planned, facts), facts, "federate")
    return [with_changes(one, severity="warning") for host in found for one in found[host]]


def find_problems(planned: Plan, facts: Mapping[str, Json], playbook: str) -> Dict[str, List[Problem]]:
    """What is wrong with the meshes of the run, by host. ``planned`` has its pending steps."""
    return {
        host: [
            *_control_plane_problems(planned, host, facts.get(host) or {}),
            *_missing_rights(planned, host, facts.get(host) or {}, playbook),
        ]
        for host, mesh in sorted(planned["meshes"].items())
        if mesh["in_play"]
    }


def _control_plane_problems(planned: Plan, host: str, facts: Json) -> List[Problem]:
    """Problems of the control plane: an error when its version has no federation, else warnings."""
    control_plane = facts.get("control_plane")
    if not control_plane:
        return []
    mesh = planned["meshes"][host]
    where = f"ServiceMeshControlPlane {mesh['namespace']}/{mesh['control_plane']}"
    version = versions.version_of(control_plane)
    if version is not None and not versions.supported(version):
        return [_unsupported(mesh["mesh"], where, version)]
    faults = (
        []
        if version is None
        else [
            problem(
                "version-fault", mesh["mesh"], where, message, f"Update to {fault.fixed} or later", severity="warning"
            )
            for fault, message in versions.faults(version, _topics(planned, host, control_plane))
        ]
    )
    return faults + _networks(planned, host, control_plane, where) + _members(planned, host, facts)


def _unsupported(mesh: str, where: str, version: versions.Version) -> Problem:
    if version.release < versions.FIRST.release:
        return problem(
            "version-unsupported",
            mesh,
            where,
            f"{version} has no federation",
            "Update the control plane to 2.1 or later",
        )
    return problem(
        "version-unsupported",
        mesh,
        where,
        f"{version} has no federation",
        "Remove the mesh from the inventory: from 3.0 on meshes are connected by multi-cluster",
    )


def _topics(planned: Plan, host: str, control_plane: Json) -> Tuple[str, ...]:
    """The topics of known faults that concern a mesh."""
    sides = planned["sides"][host].values()
    authority = dig(control_plane, "object", "spec", "security", "certificateAuthority")
    topics = {
        "sharing": any(side["exports"] or side["imports"] for side in sides),
        "failover": any(side["imports"] and side["locality"] for side in sides),
        "own authority": dig(authority, "type") not in (None, "", "Istiod")
        or dig(authority, "istiod", "type") == "PrivateKey",
    }
    return tuple(topic for topic, concerned in topics.items() if concerned)


def _members(planned: Plan, host: str, facts: Json) -> List[Problem]:
    """Export rules for namespaces that istiod does not watch: those that are not members, unless the mesh is cluster-wide.

    istiod watches the members and its own namespace (maistra/istio-operator, pkg/controller/servicemesh/memberroll); in a
    cluster-wide mesh it watches what its discovery selectors select, which is not known here.
    """
    mesh, members = planned["meshes"][host], known_members(facts)
    if members is None:
        return []
    seen = {*members, mesh["namespace"]}
    peers: Dict[Tuple[str, str], Set[str]] = {}
    for side in planned["sides"][host].values():
        for namespace, where in _exported(side):
            if namespace not in seen:
                peers.setdefault((namespace, where), set()).add(side["peer"])
    return [
        problem(
            "namespace-not-member",
            mesh["mesh"],
            where,
            f"{namespace} is not a member of the mesh, so none of its services is exported to {', '.join(sorted(those))}",
            f"Make it a member (ServiceMeshMemberRoll {mesh['namespace']}/default), or remove the rule",
            severity="warning",
        )
        for (namespace, where), those in sorted(peers.items())
    ]


def _exported(side: Side) -> List[Tuple[str, str]]:
    """The namespaces that export rules name, with the variable or the entry of ``federation_services`` that does it."""
    named = (
        (matching.source(rule).namespace, where) for rule, where in zip(side["exports"] or [], side["export_places"])
    )
    return [(namespace, where if is_shared(where) else "mesh_exports") for namespace, where in named if namespace]


def _networks(planned: Plan, host: str, control_plane: Json, where: str) -> List[Problem]:
    """Multi-network, and unmanaged egress gateways without endpoints: the peer's status would be healthy all the same."""
    multi_network = versions.has_multi_network(control_plane)
    reason = versions.network_filter(control_plane)
    found: List[Problem] = []
    mesh = planned["meshes"][host]["mesh"]
    if multi_network and reason:
        found.append(
            problem(
                "multi-network",
                mesh,
                f"{where} spec.cluster.multiCluster",
                "multi-network is on: an egress gateway only gets the endpoints of the networks that it requests, and those of "
                "a peer are in network-<name of the ServiceMeshPeer>",
                "No change is needed where federate.yml writes the gateways; federation itself needs no multiCluster",
                severity="warning",
            )
        )
    return found + [
        _wrong_view(side, where, reason)
        for side in planned["sides"][host].values()
        if reason and _has_no_endpoints(side, control_plane)
    ]


def _has_no_endpoints(side: Side, control_plane: Json) -> bool:
    """Tell whether an unmanaged egress gateway requests networks, but not that of the peer's endpoints.

    A gateway that requests none gets all.
    """
    if gateway_owner(control_plane, "additionalEgress", side["egress"]) != "unmanaged":
        return False
    gateway = dig(control_plane, "object", "spec", "gateways", "additionalEgress", side["egress"]) or {}
    return not sees_peer(gateway, side["peer_name"])


def _wrong_view(side: Side, where: str, reason: str) -> Problem:
    right = conventions.network_view(side["peer_name"])
    return problem(
        "network-view",
        side["mesh"],
        f"{where} spec.gateways.additionalEgress.{side['egress']}.requestedNetworkView",
        f"{reason}, and this gateway does not request {right}: requests to {side['peer']} fail with 503 although the peer "
        "is connected",
        f"Set it to [{right}]",
        peer=side["peer"],
        severity="warning",
    )


def _missing_rights(planned: Plan, host: str, facts: Json, playbook: str) -> List[Problem]:
    """The rights that the account lacks for what this run will do with a mesh; of a mesh that cannot be read, for all that the
    playbook does."""
    mesh, rules = planned["meshes"][host], facts.get("rights")
    if rules is None:
        return []
    needs = _needs(planned, host, facts, playbook) if mesh["readable"] else permissions.beyond_reading(playbook)
    missing = permissions.missing(rules, needs)
    return permissions.missing_problems(mesh["mesh"], mesh["namespace"], missing, playbook)


def _needs(planned: Plan, host: str, facts: Json, playbook: str) -> List[permissions.Need]:
    """What this run will do with one mesh: write what is not as desired, and wait for the effect.

    Steps before the first pending one need nothing.
    """
    needs: List[permissions.Need] = []
    for step in WRITING:
        if step not in planned["pending_steps"] or not permissions.has_step(playbook, step):
            continue
        for target in desired.build_objects(planned, step, host, facts):
            definition = target["definition"]
            if would_change(target):
                needs += permissions.writing(
                    definition["kind"], definition["metadata"]["name"], new=target["live"] is None
                )
        if step == "gateways" and (needs or not is_open(planned, host, facts)):
            needs += permissions.waiting(playbook, step)
    if planned["pending_steps"] and any(side["state"] == READY for side in planned["sides"][host].values()):
        needs += permissions.waiting(playbook, "report")
    return needs
