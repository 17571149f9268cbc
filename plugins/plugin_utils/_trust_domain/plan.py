# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which meshes get another trust domain, and what forbids it. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, cast

from ansible_collections.ossm.federation.plugins.module_utils._product import permissions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DEFAULT_TRUST_DOMAIN,
    OURS,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem, with_changes
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import known_members
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.options import CONFIRM, confirmed_meshes
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.trust_domain import list_identities
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.references import (
    objects_that_name,
    unread_kinds,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.stages import (
    read_note,
    read_state,
    stage_of,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.types import (
    ChangedMesh,
    Stage,
    TrustDomainPlan,
)

MESH, RESTART = "federation_trust_domain_mesh", "federation_restart_workloads"
LAST, FORCE = "federation_trust_domain_stage", "federation_force_conflicts"
_DOMAIN, _ALIASES = "spec.security.trust.domain", "spec.security.trust.additionalDomains"
_LISTED = 5
#: What the accounts are used for: a file of docs/rbac.
PURPOSE = "trust-domain"


def plan_change(declaration: Declaration, facts: Mapping[str, Json]) -> TrustDomainPlan:
    """Find the meshes whose trust domain changes, and how far each is; ``facts`` are MeshFacts by host."""
    plan: TrustDomainPlan = {
        "group": declaration["group"],
        "options": declaration["options"],
        "last": cast(Stage, declaration["options"][LAST]),
        "hosts": {},
        "meshes": {},
        "live": {},
        "unchanged": {},
        "unread": [],
        "named": {},
        "problems": [],
        "warnings": [],
    }
    named, plan["problems"] = _named_host(declaration)
    domains = live_domains(declaration, facts)
    for host in declaration["hosts"]:
        declared, read = declaration["meshes"][host], facts.get(host) or {}
        if declared["by_file"] or host in declaration["outside"] or named not in (None, host):
            continue
        plan["hosts"][host] = declared["mesh"]
        found = read.get("problems") or []
        if not read.get("readable"):
            plan["unread"].append(host)
            plan["warnings"] += found
            continue
        plan["warnings"] += [with_changes(one, severity="warning") for one in found]
        _add_mesh(plan, declaration, read, host, _target(declaration, host, read, domains, is_named=host == named))
    plan["problems"] += _taken(plan, declaration, domains)
    return plan


def live_domains(declaration: Declaration, facts: Mapping[str, Json]) -> Dict[str, str]:
    """The current trust domain of each mesh of the group that is known, by host."""
    domains: Dict[str, str] = {}
    for host, declared in declaration["meshes"].items():
        plane = dig(facts.get(host), "control_plane")
        if declared["by_file"]:
            identities = list_identities(declared)
            if identities:
                domains[host] = identities[0]["trust_domain"]
        elif plane:
            domains[host] = plane.get("trust_domain") or DEFAULT_TRUST_DOMAIN
    return domains


def _named_host(declaration: Declaration) -> "tuple[Optional[str], List[Problem]]":
    """The host of the mesh that the run is limited to; None for all."""
    name = declaration["options"].get(MESH)
    if name is None:
        return None, []
    hosts = [host for host, mesh in declaration["meshes"].items() if name in (host, mesh["mesh"])]
    if hosts and not declaration["meshes"][hosts[0]]["by_file"]:
        return hosts[0], []
    known = sorted(mesh["mesh"] for mesh in declaration["meshes"].values() if not mesh["by_file"])
    message = f"must be a mesh of the group with access, not {shown(name)}; these are {', '.join(known[:_LISTED])}"
    return "", [problem("peer-unknown", declaration["group"], MESH, message, "Name a mesh of the group")]


def _target(declaration: Declaration, host: str, facts: Json, domains: Mapping[str, str], *, is_named: bool) -> str:
    """The trust domain that a mesh is to have: the declared one, that of a change under way, ``<mesh>.local`` where it is asked for or
    shared with another mesh, else the current one."""
    declared, current = declaration["meshes"][host], domains[host]
    noted, noted_target = read_note(dig(facts, "control_plane", "object") or {})
    if declared["trust_domain"] is not None:
        return declared["trust_domain"]
    if noted_target is not None:
        return noted_target
    own = f"{declared['mesh']}.local"
    return own if is_named or _is_shared(declaration, host, domains) else current


def _is_shared(declaration: Declaration, host: str, domains: Mapping[str, str]) -> bool:
    """Whether another mesh of the group has the same trust domain, and that is not allowed."""
    if declaration["options"].get("federation_allow_shared_root"):
        return False
    return any(other != host and domain == domains[host] for other, domain in domains.items())


def _add_mesh(plan: TrustDomainPlan, declaration: Declaration, facts: Json, host: str, target: str) -> None:
    """Add one mesh with its stage, or as one that stays as it is."""
    declared, plane = declaration["meshes"][host], facts["control_plane"]
    state = read_state(plane["object"], target)
    stage = stage_of(state)
    if stage is None:
        plan["unchanged"][declared["mesh"]] = state["domain"]
        return
    members = known_members(facts)
    owners = plane.get("owners") or {}
    mesh: ChangedMesh = {
        "mesh": declared["mesh"],
        "namespace": facts["namespace"],
        "control_plane": plane["name"],
        "uid": plane["uid"],
        "state": state,
        "stage": stage,
        "owns_domain": OURS in owners.get(_DOMAIN, []),
        "owners": sorted({*owners.get(_DOMAIN, []), *owners.get(_ALIASES, [])} - {OURS}),
        "peers": sorted(str(dig(peer, "metadata", "name")) for peer in facts.get("peers") or []),
        "namespaces": ["*"] if members is None else sorted({*members, facts["namespace"]}),
        "restart": _restarts(plan["options"], declared),
    }
    plan["meshes"][host] = mesh
    plan["live"][host] = plane["object"]
    plan["problems"] += _forbidden(plan["options"], mesh, facts)
    plan["named"][host] = objects_that_name(facts, state["former"])
    plan["warnings"] += _confirmed(mesh) + _naming(mesh, facts, plan["named"][host])


def _restarts(options: Json, declared: DeclaredMesh) -> List[str]:
    """The namespaces whose workloads may be restarted."""
    value = options.get(RESTART)
    return ["*"] if value is True else list(value or [])


def _forbidden(options: Json, mesh: ChangedMesh, facts: Json) -> List[Problem]:
    """What forbids a change, before its first write."""
    problems, where = [], f"ServiceMeshControlPlane {mesh['namespace']}/{mesh['control_plane']}"
    if _meets_peers(mesh) and mesh["mesh"] not in confirmed_meshes(options):
        given = options.get(CONFIRM)
        problems.append(
            problem(
                "trust-domain-peers",
                mesh["mesh"],
                where,
                f"it has the peers {', '.join(mesh['peers'][:_LISTED])}: {what_breaks(mesh)}",
                f"Run again with -e {CONFIRM}={mesh['mesh']} in a maintenance window"
                + ("" if given is None else f" ({CONFIRM} is {shown(given)})"),
            )
        )
    if mesh["owners"] and mesh["stage"] in ("accept", "switch") and not options.get(FORCE):
        problems.append(_owned(mesh, where))
    rules = facts.get("rights")
    lacking = permissions.missing(rules, permissions.beyond_reading(PURPOSE)) if rules is not None else []
    problems += permissions.missing_problems(mesh["mesh"], mesh["namespace"], lacking, PURPOSE)
    if facts.get("members") is None:
        message = "the member roll could not be read, so it is not known which pods have the former identity"
        problems.append(problem("members-unknown", mesh["mesh"], f"namespace {mesh['namespace']}", message))
    return problems


def _meets_peers(mesh: ChangedMesh) -> bool:
    """Whether the stages that are left have to be done while the mesh has peers."""
    return bool(mesh["peers"]) and mesh["state"]["domain"] != mesh["state"]["target"]


def what_breaks(mesh: ChangedMesh) -> str:
    """What a change breaks on a mesh with peers (observed, and by code of sdsservice.go)."""
    return (
        "with the root of a peer istiod accepts no alias, so that from the switch on requests between pods of this mesh fail until all "
        f"of them are restarted, and its links are down until federate.yml has written {mesh['state']['target']} to the peers and their "
        "istiods are restarted"
    )


def _owned(mesh: ChangedMesh, where: str) -> Problem:
    """The trust domain is another field manager's: it does the two steps where it manages the control plane, or hands the field over."""
    state, names = mesh["state"], ", ".join(mesh["owners"])
    step = f"first additionalDomains: [{state['target']}], then " if mesh["stage"] == "accept" else ""
    return problem(
        "conflict",
        mesh["mesh"],
        where,
        f"the field manager {names} owns spec.security.trust",
        f"Change it where {names} has it from: {step}domain: {state['target']} with additionalDomains: "
        f"[{', '.join(state['former'])}]; then run this playbook again for the workloads. Or set {FORCE} to take the fields over",
    )


def _confirmed(mesh: ChangedMesh) -> List[Problem]:
    """What breaks on a mesh with peers, as a warning."""
    if not _meets_peers(mesh):
        return []
    where = f"ServiceMeshControlPlane {mesh['namespace']}/{mesh['control_plane']}"
    return [problem("trust-domain-peers", mesh["mesh"], where, what_breaks(mesh), "", severity="warning")]


def _naming(mesh: ChangedMesh, facts: Json, named: List[str]) -> List[Problem]:
    """The objects of users that name a former domain, and the kinds that could not be listed."""
    problems, former = [], ", ".join(mesh["state"]["former"])
    if named:
        more = f" and {len(named) - _LISTED} more" if len(named) > _LISTED else ""
        message = f"{', '.join(named[:_LISTED])}{more} name{'' if len(named) > 1 else 's'} the trust domain {former}"
        problems.append(problem("trust-domain-named", mesh["mesh"], named[0], message))
    unread = unread_kinds(facts)
    if unread:
        message = f"{', '.join(unread)} cannot be listed in all namespaces, so what names {former} is not known"
        problems.append(problem("references-unread", mesh["mesh"], "objects of users", message, severity="warning"))
    return problems


def _taken(plan: TrustDomainPlan, declaration: Declaration, domains: Mapping[str, str]) -> List[Problem]:
    """Targets that another mesh has, or gets."""
    after = {**domains, **{host: mesh["state"]["target"] for host, mesh in plan["meshes"].items()}}
    problems = []
    for host, mesh in sorted(plan["meshes"].items()):
        target = mesh["state"]["target"]
        others = [declaration["meshes"][other]["mesh"] for other in after if other != host and after[other] == target]
        if others and not plan["options"].get("federation_allow_shared_root"):
            message = f"must be a trust domain of its own, not {shown(target)}, which {', '.join(sorted(others))} has"
            remedy = "Declare another mesh_trust_domain"
            problems.append(problem("trust-domain-shared", mesh["mesh"], "mesh_trust_domain", message, remedy))
    return problems
