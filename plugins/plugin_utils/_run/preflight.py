# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what can be told between the plan and the first write. Pure.

Versions, rights, members, networks. A mesh that cannot do its part is held back as a whole, with its problems as data; the
others go on. Everything else is a warning of one line.
"""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions, permissions, versions
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem, problem_line
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import known_members
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import gateway_owner
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import would_change
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.plan import advance, load_balancers
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, READY, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._run import pending as pending_steps

#: The steps that write what the rooms hold.
_STEPS = {"gateways": "OPEN", "sets": "SHARE", "peers": "JOIN"}


def preflight(made: Plan, facts: Mapping[str, Json], playbook: str = "federate") -> Plan:
    """The plan with what was found before the first write, with ``preflight`` (lines: what runs where, and why a mesh is
    held back) and with what ``_run.pending.ahead`` adds. ``facts`` are MeshFacts by host, ``playbook`` is what the
    accounts are used for (``_product.permissions.PLAYBOOKS``)."""
    after = pending_steps.ahead(made, facts)
    found: Dict[str, Json] = {}
    for host, mesh in sorted(made["meshes"].items()):
        if mesh["in_play"]:
            problems = [*_judge(after, host, facts.get(host) or {}), *_rights(after, host, facts.get(host) or {}, playbook)]
            if problems:
                found[host] = {"problems": problems}
    if found:
        after = advance(after, "preflight", found)
    against = [one for result in found.values() for one in result["problems"] if one["severity"] == "error"]
    if against:
        after = pending_steps.ahead({**after, "load_balancers": load_balancers(after, facts)}, facts)
    told = [line for host in sorted(made["meshes"]) for line in _words(made, host, facts.get(host) or {})]
    after["preflight"] = told + [problem_line(one) for one in against]
    return after


def _words(made: Plan, host: str, facts: Json) -> List[str]:
    """One line for each mesh that was read: what runs there."""
    control_plane = facts.get("control_plane")
    if not control_plane:
        return []
    version = versions.version_of(control_plane)
    return [f"{made['meshes'][host]['mesh']}: control plane {version or 'of an unknown version'} "
            f"on {dig(facts, 'openshift', 'message') or 'an unknown version of OpenShift'}"]




def _judge(made: Plan, host: str, facts: Json) -> List[Problem]:
    """What the control plane itself says: an error when it has no federation, else warnings."""
    control_plane = facts.get("control_plane")
    if not control_plane:
        return []
    mesh = made["meshes"][host]
    where = f"ServiceMeshControlPlane {mesh['namespace']}/{mesh['control_plane']}"
    version = versions.version_of(control_plane)
    if version is not None and not versions.supported(version):
        return [_unsupported(mesh["mesh"], where, version)]
    found = [] if version is None else [
        problem("version-fault", mesh["mesh"], where, message, f"Update to {fault.fixed} or later", severity="warning")
        for fault, message in versions.faults(version, _topics(made, host, control_plane))
    ]
    return found + _networks(made, host, control_plane, where, version) + _members(made, host, facts)


def _unsupported(mesh: str, where: str, version: versions.Version) -> Problem:
    if version.release < versions.FIRST.release:
        return problem("version-unsupported", mesh, where, f"{version} has no federation",
                       "Update the control plane to 2.1 or later")
    return problem("version-unsupported", mesh, where, f"{version} has no federation any more",
                   "Take the mesh out of the inventory: from 3.0 on meshes are joined by multi-cluster means")


def _topics(made: Plan, host: str, control_plane: Json) -> Tuple[str, ...]:
    """What a mesh has to do with, of what faults are about."""
    sides = made["sides"][host].values()
    authority = dig(control_plane, "object", "spec", "security", "certificateAuthority")
    topics = {
        "sharing": any(side["exports"] or side["imports"] for side in sides),
        "failover": any(side["imports"] and side["locality"] for side in sides),
        "own authority": dig(authority, "type") not in (None, "", "Istiod")
        or dig(authority, "istiod", "type") == "PrivateKey",
    }
    return tuple(topic for topic, concerned in topics.items() if concerned)


def _members(made: Plan, host: str, facts: Json) -> List[Problem]:
    """Export rules for namespaces that istiod does not see: those of no member, unless the mesh is the whole cluster.

    istiod watches the members and its own namespace (maistra/istio-operator, pkg/controller/servicemesh/memberroll); in
    a mesh that is cluster-wide what its discovery selectors let pass, which cannot be told from here.
    """
    mesh, members = made["meshes"][host], known_members(facts)
    if members is None:
        return []
    seen = {*members, mesh["namespace"]}
    peers: Dict[str, List[str]] = {}
    for side in made["sides"][host].values():
        for namespace in sorted(_exported(side) - seen):
            peers.setdefault(namespace, []).append(side["peer"])
    return [
        problem(
            "namespace-not-member",
            mesh["mesh"],
            "mesh_exports",
            f"{namespace} is not among the members of the mesh, so that nothing of it is exported to {', '.join(sorted(those))}",
            f"Make it a member (ServiceMeshMemberRoll {mesh['namespace']}/default), or take the rule out",
            severity="warning",
        )
        for namespace, those in sorted(peers.items())
    ]


def _exported(side: Side) -> Set[str]:
    """The namespaces that export rules name."""
    bodies = [rule.get(key) or {} for rule in side["exports"] or [] for key in ("nameSelector", "labelSelector")]
    return {body["namespace"] for body in bodies if body.get("namespace") not in (None, "", "*")}


def _networks(
    made: Plan, host: str, control_plane: Json, where: str, version: Optional[versions.Version]
) -> List[Problem]:
    """Multi-network, and egress gateways of others that would get no endpoints: the peer's status would still be good."""
    cluster = dig(control_plane, "object", "spec", "cluster") or {}
    multi_network = bool(dig(cluster, "multiCluster", "meshNetworks"))
    reason = versions.filters_networks(version, multi_network)
    found: List[Problem] = []
    mesh = made["meshes"][host]["mesh"]
    if multi_network and reason:
        found.append(problem(
            "multi-network", mesh, f"{where} spec.cluster.multiCluster.meshNetworks",
            "multi-network is on: an egress gateway only gets the endpoints of the networks that it requests, and those of "
            "a peer are in network-<name of the ServiceMeshPeer>",
            "Nothing is to do where federate.yml writes the gateways; federation itself needs no meshNetworks",
            severity="warning"))
    return found + [
        _wrong_view(side, where, reason) for side in made["sides"][host].values()
        if reason and _shut_out(side, control_plane)
    ]


def _shut_out(side: Side, control_plane: Json) -> bool:
    """Whether an egress gateway of others requests networks, and not the one that the peer's endpoints are in.

    One that requests none gets all.
    """
    if gateway_owner(control_plane, "additionalEgress", side["egress"]) != "unmanaged":
        return False
    view = dig(control_plane, "object", "spec", "gateways", "additionalEgress", side["egress"], "requestedNetworkView")
    return bool(view) and conventions.network_view(side["peer_name"]) not in view


def _wrong_view(side: Side, where: str, reason: str) -> Problem:
    right = conventions.network_view(side["peer_name"])
    return problem(
        "network-view", side["mesh"], f"{where} spec.gateways.additionalEgress.{side['egress']}.requestedNetworkView",
        f"{reason}, and this gateway does not request {right}: requests to {side['peer']} fail with 503 although the peer "
        "is connected",
        f"Set it to [{right}]", peer=side["peer"], severity="warning")




def _rights(made: Plan, host: str, facts: Json, playbook: str) -> List[Problem]:
    """What the account may not do of what this run will do with a mesh; of all that it could, when it cannot be read."""
    mesh, rules = made["meshes"][host], facts.get("rights")
    if rules is None:
        return []
    wanted = _needs(made, host, facts, playbook) if mesh["readable"] else permissions.beyond_reading(playbook)
    lacking = permissions.missing(rules, wanted)
    if not lacking:
        return []
    return [problem(
        "permission-missing", mesh["mesh"], f"namespace {mesh['namespace']}",
        f"the account may not {permissions.spoken(lacking)}",
        f"Bind it to the ClusterRole {permissions.role_name(playbook)} in this namespace (docs/rbac/{playbook}.yaml)")]


def _needs(made: Plan, host: str, facts: Json, playbook: str) -> List[permissions.Need]:
    """What this run will do with one mesh: write what is not as it should be, and wait for what comes of that.

    In the steps before the first that is to be done nothing is left to write or to wait for.
    """
    wanted: List[permissions.Need] = []
    for room in desired.OBJECT_STEPS:
        if room not in made["pending_steps"] or not permissions.does(playbook, _STEPS[room]):
            continue
        for wish in desired.build_objects(made, room, host, facts):
            definition = wish["definition"]
            if would_change(wish):
                wanted += permissions.writing(definition["kind"], definition["metadata"]["name"],
                                               new=wish["live"] is None)
        if room == "gateways" and (wanted or not pending_steps.opened(made, host, facts)):
            wanted += permissions.waiting(playbook, "OPEN")
    if made["pending_steps"] and any(side["state"] == READY for side in made["sides"][host].values()):
        wanted += permissions.waiting(playbook, "TELL")
    return wanted
