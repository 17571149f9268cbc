# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: ServiceMeshControlPlane to facts. Pure."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DEFAULT_CLUSTER_NAME,
    DEFAULT_TRUST_DOMAIN,
    OURS,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig, managed_entries
from ansible_collections.ossm.federation.plugins.module_utils._product.gateways import ControlPlaneStatus
from ansible_collections.ossm.federation.plugins.module_utils._product.times import newest
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def are_gateways_disabled(control_plane: Optional[Mapping[str, Any]]) -> bool:
    """Whether all gateways of a control plane are disabled at once (``spec.gateways.enabled``)."""
    return dig(control_plane, "object", "spec", "gateways", "enabled") is False


def known_members(facts: Mapping[str, Any]) -> Optional[List[str]]:
    """The namespaces that istiod watches besides its own, by MeshFacts; None where they are not known: the member roll could
    not be read, or the mesh is the whole cluster."""
    members: Optional[List[str]] = facts.get("members")
    return None if members is None or "*" in members or _is_cluster_wide(facts["control_plane"]) else members


def _is_cluster_wide(control_plane: Optional[Mapping[str, Any]]) -> bool:
    """Whether istiod watches the whole cluster: ``mode`` from 2.4 on, before that a technology preview."""
    spec = dig(control_plane, "object", "spec") or {}
    mode = spec.get("mode") or dig(spec, "techPreview", "controlPlaneMode")
    return mode not in (None, "", "MultiTenant")


def read_control_plane(smcp: Json) -> ControlPlaneStatus:
    """What a ServiceMeshControlPlane says.

    The condition Ready alone is stale for a moment after a change, so the observed generation counts too.
    """
    meta, spec = smcp["metadata"], smcp.get("spec") or {}
    trust_domain = dig(spec, "security", "trust", "domain")
    generation = int(meta.get("generation") or 0)
    observed = int(dig(smcp, "status", "observedGeneration") or 0)
    ready = _condition(smcp, "Ready")
    is_ready = ready.get("status") == "True" and observed >= generation
    return {
        "name": meta["name"],
        "uid": meta.get("uid"),
        "version": spec.get("version") or dig(smcp, "status", "chartVersion"),
        "chart_version": dig(smcp, "status", "chartVersion"),
        "operator_version": dig(smcp, "status", "operatorVersion"),
        "trust_domain": trust_domain or DEFAULT_TRUST_DOMAIN,
        "trust_domain_set": bool(trust_domain),
        "cluster_name": dig(spec, "cluster", "name") or DEFAULT_CLUSTER_NAME,
        "ready": is_ready,
        "message": "ready" if is_ready else _unready_message(smcp, ready, observed, generation),
        "generation": generation,
        "observed_generation": observed,
        "additionalIngress": dig(spec, "gateways", "additionalIngress") or {},
        "additionalEgress": dig(spec, "gateways", "additionalEgress") or {},
    }


def domain_changed_at(smcp: Json) -> Optional[str]:
    """Since when a control plane has its trust domain, by the API server's clock: the last change of the field manager that owns
    it, or of ours where we own it too. Other changes of that manager make it later, never earlier. None where it has no owner."""
    owners = {
        str(entry.get("manager")): str(entry.get("time") or "")
        for entry in managed_entries(smcp)
        if "f:domain" in (dig(entry, "fieldsV1", "f:spec", "f:security", "f:trust") or {})
    }
    return owners.get(OURS) or newest(owners.values())


def _condition(smcp: Json, kind: str) -> Json:
    """One condition of a control plane; empty when there is none."""
    conditions = dig(smcp, "status", "conditions") or []
    return next((condition for condition in conditions if condition.get("type") == kind), {})


def _unready_message(smcp: Json, ready: Json, observed: int, generation: int) -> str:
    """Why the control plane is not ready; ``ready`` is its condition Ready."""
    if not ready:
        return "the operator has not reported yet"
    # The observed generation follows when all is done; until then an old True says nothing, and a new False says why.
    if observed < generation and ready.get("status") == "True":
        return f"the operator has not reconciled the latest change yet (generation {generation}, observed {observed})"
    reconciled = _condition(smcp, "Reconciled")
    condition = reconciled if reconciled.get("status") == "False" else ready
    message = ": ".join(str(part) for part in (condition.get("reason"), condition.get("message")) if part)
    count = dig(smcp, "status", "annotations", "readyComponentCount")
    return (message or "not ready") + (f" ({count} components ready)" if count else "")
