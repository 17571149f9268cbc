# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what is decided for each mesh by itself, and conflicts between meshes. Pure."""

from __future__ import annotations

import datetime
from itertools import combinations
from typing import Dict, List, Mapping, NamedTuple, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import INSTALL_MANAGER
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.platforms import platform_of
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import are_gateways_disabled
from ansible_collections.ossm.federation.plugins.plugin_utils._model.trust import judge_roots, root_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.exposure import decide_exposure
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.trust_domain import (
    TrustDomainChoice,
    choose_trust_domain,
    list_identities,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import MeshRoots, MeshTrustDomain, PlannedMesh

#: Stands for a namespace in a preview that has not read the mesh. It is never sent.
UNKNOWN_NAMESPACE = "?"


class MeshPlan(NamedTuple):
    """A planned mesh, and the problems and warnings of the whole plan that it causes."""

    mesh: PlannedMesh
    problems: List[Problem]


def plan_mesh(
    declared: DeclaredMesh, facts: Optional[Json], declaration: Declaration, now: datetime.datetime
) -> MeshPlan:
    """Decide what this run does with one mesh. Its MeshFacts are ``facts``, None if there are none."""
    known = _facts_from_files(declared) if declared["by_file"] else facts or {}
    control_plane = known.get("control_plane") or {}
    namespace = known.get("namespace") or declared["namespace"]
    in_play = declared["host"] not in declaration["outside"] and not declared["by_file"]
    platform, platform_message = _choose_platform(declared, dig(known, "platform") or {})
    default_exposure = decide_exposure(platform, declared["ingress"])
    roots, root_problems = _judge_roots(declared, known, namespace, declaration["options"], now)
    rejected = [finding for finding in root_problems if finding["severity"] == "error"]
    choice = choose_trust_domain(declared, known, declaration["options"], in_play)
    nodes = known.get("nodes") or []
    mesh: PlannedMesh = {
        "host": declared["host"],
        "mesh": declared["mesh"],
        "namespace": namespace,
        "namespace_known": declared["namespace_set"] or namespace == known.get("namespace") != UNKNOWN_NAMESPACE,
        "control_plane": control_plane.get("name") or declared["control_plane"],
        "uid": control_plane.get("uid"),
        "cluster_uid": known.get("cluster_uid"),
        "version": control_plane.get("version"),
        "platform": platform,
        "platform_message": platform_message,
        "exposure": default_exposure["type"],
        "exposure_message": default_exposure["message"],
        "node_addresses": sorted({address for node in nodes for address in node.get("addresses") or []}),
        "readable": bool(known.get("readable")) and bool(control_plane),
        "in_play": in_play,
        "by_file": declared["by_file"],
        "gateways": [],
        "problems": [*(known.get("problems") or []), *rejected, *_disabled_gateways(declared, control_plane, in_play)],
        **_planned_trust_domain(choice, bool(rejected)),
        **roots,
    }
    warnings = [finding for finding in root_problems if finding not in rejected]
    return MeshPlan(mesh, _trust_domain_problems(declared, control_plane, choice) + warnings)


def with_namespaces(declaration: Declaration, facts: Mapping[str, Json]) -> Declaration:
    """The declaration with the namespaces that were found, where the inventory sets none."""
    meshes: Dict[str, DeclaredMesh] = {}
    for host, mesh in declaration["meshes"].items():
        meshes[host] = {**mesh, "namespace": dig(facts.get(host), "namespace") or mesh["namespace"]}
    return {**declaration, "meshes": meshes}


def is_known(mesh: PlannedMesh) -> bool:
    """Whether the identity of a mesh was read from its cluster or from an identity file."""
    return mesh["readable"] or (mesh["by_file"] and bool(mesh["root"]))


def are_in_one_cluster(mesh: PlannedMesh, other: PlannedMesh) -> bool:
    """Whether two meshes are known to run in the same cluster."""
    return mesh["cluster_uid"] is not None and mesh["cluster_uid"] == other["cluster_uid"]


def find_conflicts(meshes: Mapping[str, PlannedMesh], options: Json) -> List[Problem]:
    """Meshes that are the same one, or that cannot be federated with each other."""
    pairs = [(meshes[first], meshes[second]) for first, second in combinations(sorted(meshes), 2)]
    found = [_find_duplicate(first, second) for first, second in pairs]
    found += [_find_shared_trust_domain(first, second, options) for first, second in pairs]
    return [conflict for conflict in found if conflict is not None]


def _choose_platform(declared: DeclaredMesh, detected: Json) -> Tuple[str, str]:
    """The platform of a mesh and its source: ``mesh_platform`` overrides the detected platform."""
    message = detected.get("message") or "unknown"
    if declared["platform"] is None:
        return platform_of(detected.get("type"))[0], message
    return declared["platform"], f"{declared['platform']}, as mesh_platform says (detected: {message})"


def _judge_roots(
    declared: DeclaredMesh, known: Json, namespace: str, options: Json, now: datetime.datetime
) -> Tuple[MeshRoots, List[Problem]]:
    roots = known.get("roots") or []
    problems = judge_roots(
        declared["mesh"],
        namespace,
        roots,
        now,
        warning_days=options["federation_root_expiry_warning_days"],
        pins=declared["pins"],
    )
    errors = [finding["message"] for finding in problems if finding["severity"] == "error"]
    # Certificates that cannot be described are never written; None means that the roots were not read yet.
    usable = (bool(roots) or known.get("roots") is None) and not errors
    return {
        "fingerprints": sorted(known.get("fingerprints") or []),
        "root": (known.get("root") or "") if usable else "",
        "roots": roots,
        "root_lines": root_lines(declared["mesh"], roots),
        "root_error": errors[0] if errors else "",
    }, problems


def _planned_trust_domain(choice: TrustDomainChoice, root_is_rejected: bool) -> MeshTrustDomain:
    return {
        "trust_domain": choice.domain,
        "set_trust_domain": choice.is_new and not root_is_rejected,
        "trust_domain_message": choice.message,
    }


def _trust_domain_problems(declared: DeclaredMesh, control_plane: Json, choice: TrustDomainChoice) -> List[Problem]:
    """Problems of the chosen trust domain; install.yml alone changes one that it has set."""
    managers = dig(control_plane, "owners", "spec.security.trust.domain") or []
    if not choice.is_new or INSTALL_MANAGER not in managers:
        return choice.problems
    return [
        problem(
            "trust-domain-installed",
            declared["mesh"],
            "mesh_trust_domain",
            f"install.yml created the control plane and manages its trust domain, which is not {choice.domain}",
        )
    ]


def _disabled_gateways(declared: DeclaredMesh, control_plane: Json, in_play: bool) -> List[Problem]:
    """A control plane whose gateways are all disabled by its owner: the operator would not create ours either."""
    if not in_play or not are_gateways_disabled(control_plane):
        return []
    return [
        problem(
            "gateways-disabled",
            declared["mesh"],
            f"ServiceMeshControlPlane {control_plane['name']}",
            "spec.gateways.enabled is false, so the operator creates no gateway",
            "Set it to true, or remove it",
        )
    ]


def _facts_from_files(declared: DeclaredMesh) -> Json:
    """What identity files contain about a mesh, with the keys of MeshFacts; empty without a file.

    The files of one mesh agree with each other, else the declaration is rejected.
    """
    identities = list_identities(declared)
    return {key: identities[0][key] for key in ("namespace", "root", "fingerprints")} if identities else {}


def _find_duplicate(mesh: PlannedMesh, other: PlannedMesh) -> Optional[Problem]:
    """Two hosts that are one mesh, recognised by the UIDs of control plane and cluster and not by a URL."""
    if mesh["uid"] and mesh["uid"] == other["uid"]:
        return problem(
            "mesh-two-names",
            other["mesh"],
            "mesh_name",
            f"{mesh['mesh']} and {other['mesh']} are two names for one control plane",
            f"Set mesh_namespace of both if they are two control planes of one cluster (both are now {_location(mesh)}), "
            "or remove one of the hosts from the inventory",
            peer=mesh["mesh"],
        )
    are_known = mesh["namespace_known"] and other["namespace_known"]
    if are_known and are_in_one_cluster(mesh, other) and mesh["namespace"] == other["namespace"]:
        return problem(
            "namespace-twice",
            other["mesh"],
            "mesh_namespace",
            f"{mesh['mesh']} and {other['mesh']} are in one cluster and one namespace, {mesh['namespace']}",
            peer=mesh["mesh"],
        )
    return None


def _location(mesh: PlannedMesh) -> str:
    return f"{mesh['namespace']}/{mesh['control_plane']}"


def _find_shared_trust_domain(mesh: PlannedMesh, other: PlannedMesh, options: Json) -> Optional[Problem]:
    """Equal trust domains: istiod then reads no root of the peer, so the two need a shared root and the user's consent."""
    if not is_known(mesh) or not is_known(other) or not mesh["trust_domain"]:
        return None
    if mesh["trust_domain"] != other["trust_domain"] or (mesh["uid"] and mesh["uid"] == other["uid"]):
        return None
    both = f"{mesh['mesh']} and {other['mesh']} have the same trust domain, {mesh['trust_domain']},"
    if mesh["fingerprints"] != other["fingerprints"]:
        return problem(
            "trust-domain-shared",
            other["mesh"],
            "mesh_trust_domain",
            f"{both} and different root certificates",
            "Give each mesh a trust domain of its own: run trust_domain.yml (docs/trust_domain.md)",
            peer=mesh["mesh"],
        )
    if options.get("federation_allow_shared_root"):
        return problem(
            "trust-domain-shared-root",
            other["mesh"],
            "federation_allow_shared_root",
            f"{both} and one shared root certificate: policies cannot distinguish the meshes",
            "Give each mesh a trust domain of its own if that matters",
            peer=mesh["mesh"],
            severity="warning",
        )
    return problem(
        "trust-domain-shared-root",
        other["mesh"],
        "mesh_trust_domain",
        f"{both} and one shared root certificate",
        "Give each mesh a trust domain of its own with trust_domain.yml, or set federation_allow_shared_root: true",
        peer=mesh["mesh"],
    )
