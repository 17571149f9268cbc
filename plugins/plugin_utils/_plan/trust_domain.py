# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the trust domain that a mesh has after a run. Pure."""

from __future__ import annotations

from typing import List, NamedTuple, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DEFAULT_TRUST_DOMAIN,
    TRUST_DOMAIN_CHANGE,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import DeclaredMesh, Identity


class TrustDomainChoice(NamedTuple):
    """The trust domain of a mesh after a run; ``is_new``: this run writes it; ``message``: the reason."""

    domain: Optional[str]
    is_new: bool
    message: str
    problems: List[Problem]


def list_identities(declared: DeclaredMesh) -> List[Identity]:
    """The identities of a mesh that were read from files, sorted by the host of the peer that they are for."""
    files = [file for dummy, file in sorted(declared["identity_files"].items())]
    return [file["identity"] for file in files if file["identity"]]


def choose_trust_domain(declared: DeclaredMesh, facts: Json, options: Json, in_play: bool) -> TrustDomainChoice:
    """Choose the trust domain of a mesh.

    The current one stays unless another is declared. It only changes if no workloads run in the mesh, or with confirmation,
    as certificates carry it. ``in_play``: this run may write to the mesh.
    """
    control_plane = facts.get("control_plane")
    if declared["by_file"]:
        identities = list_identities(declared)
        return TrustDomainChoice(
            identities[0]["trust_domain"] if identities else None, False, "from its identity file", []
        )
    if not control_plane:
        return TrustDomainChoice(declared["trust_domain"], False, "the mesh could not be read", [])
    current = control_plane.get("trust_domain") or DEFAULT_TRUST_DOMAIN
    if _is_unfinished(declared, facts, options) and in_play:
        return TrustDomainChoice(current, False, "current", [_unfinished(declared, facts, current)])
    is_set = bool(control_plane.get("trust_domain_set"))
    # Members that could not be read may exist.
    has_members = facts.get("members") is None or bool(facts["members"])
    if declared["trust_domain"] is None and (is_set or has_members):
        message = "current" if is_set else "current by default, with workloads in the mesh"
        return TrustDomainChoice(current, False, message, [])
    wanted = declared["trust_domain"] or f"{declared['mesh']}.local"
    if wanted == current:
        return TrustDomainChoice(current, False, "current", [])
    if not has_members:
        return TrustDomainChoice(wanted, True, f"replaces {current}; no workloads run in the mesh yet", [])
    return _choose_with_workloads(declared, current, wanted, options, in_play)


def _is_unfinished(declared: DeclaredMesh, facts: Json, options: Json) -> bool:
    """Whether the staged change of trust_domain.yml is under way in a mesh that has no peer yet: the first peer would end that
    both identities are accepted (maistra/istio security/pkg/nodeagent/sds/sdsservice.go)."""
    live = dig(facts, "control_plane", "object")
    is_confirmed = {declared["mesh"], declared["host"]} & set(options.get("federation_confirm_trust_domain") or [])
    noted = dig(live, "metadata", "annotations", TRUST_DOMAIN_CHANGE)
    return bool(noted) and not facts.get("peers") and not is_confirmed


def _unfinished(declared: DeclaredMesh, facts: Json, current: str) -> Problem:
    """The problem of a staged change that is under way."""
    noted = dig(facts, "control_plane", "object", "metadata", "annotations", TRUST_DOMAIN_CHANGE)
    return problem(
        "trust-domain-unfinished",
        declared["mesh"],
        f"ServiceMeshControlPlane {facts.get('namespace')}/{dig(facts, 'control_plane', 'name')}",
        f"its trust domain is {current}, and the change from {noted} is not complete: with the first peer pods with the former "
        "identity would be rejected",
    )


def _choose_with_workloads(
    declared: DeclaredMesh, current: str, wanted: str, options: Json, in_play: bool
) -> TrustDomainChoice:
    """Change the trust domain of a mesh with workloads only as confirmed."""
    if {declared["mesh"], declared["host"]} & set(options.get("federation_confirm_trust_domain") or []):
        change = problem(
            "trust-domain-changes",
            declared["mesh"],
            "mesh_trust_domain",
            f"the trust domain changes from {current} to {wanted} under running workloads: links go down, and "
            "certificates keep the old one until their pods restart",
            severity="warning",
        )
        return TrustDomainChoice(wanted, True, f"replaces {current}, as confirmed", [change])
    if not in_play:
        return TrustDomainChoice(current, False, f"current; {wanted} is declared", [])
    unconfirmed = problem(
        "trust-domain-change",
        declared["mesh"],
        "mesh_trust_domain",
        f"the trust domain is {current}, and workloads run with it; changing it to {wanted} breaks them until they restart",
        f"Run trust_domain.yml, which changes it in stages; or set mesh_trust_domain to {current}; or list the mesh in "
        "federation_confirm_trust_domain",
    )
    return TrustDomainChoice(current, False, "current", [unconfirmed])
