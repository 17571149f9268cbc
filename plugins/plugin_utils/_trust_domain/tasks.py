# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what each task of a change of trust domains writes or waits for. Pure.

A task does nothing for a mesh in which an earlier one has failed. In check mode the API server sees the effect of no earlier task: the
last write is announced where it is the only one to the control plane; else the other two have the same fields.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import OURS, TRUST_DOMAIN_CHANGE
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.stages import note, stage_of, trust_after
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.types import (
    STAGES,
    ChangedMesh,
    Stage,
    TrustDomainPlan,
)

#: Results of the tasks, by what they are about (see ``_product.steps``) and host.
Results = Mapping[str, Mapping[str, Json]]
#: The tasks in their order: each stage that writes is a write and the wait for its effect.
ACCEPT, ACCEPTED, SWITCH, SWITCHED = "trust_accept", "trust_accepted", "trust_switch", "trust_switched"
WORKLOADS, COMPLETE, COMPLETED = "trust_workloads", "trust_complete", "trust_completed"
ORDER = (ACCEPT, ACCEPTED, SWITCH, SWITCHED, WORKLOADS, COMPLETE, COMPLETED)
_STAGE: Dict[str, Stage] = {
    ACCEPT: "accept",
    ACCEPTED: "accept",
    SWITCH: "switch",
    SWITCHED: "switch",
    WORKLOADS: "workloads",
    COMPLETE: "complete",
    COMPLETED: "complete",
}
_ALIASES = "spec.security.trust.additionalDomains"


def task_options(plan: TrustDomainPlan, task: str, host: str, results: Results, check_mode: bool = False) -> Json:
    """The options of the module that does one task for one host; empty where it is skipped."""
    mesh = plan["meshes"].get(host)
    if mesh is None or plan["problems"] or not _is_reached(plan, mesh, task) or _has_failed(task, host, results):
        return {}
    if task in (ACCEPT, SWITCH):
        return {"objects": [_write(plan, mesh, host, _STAGE[task], results)]}
    if task in (ACCEPTED, SWITCHED):
        return {} if check_mode and task == ACCEPTED else _wait(mesh, task)
    if task == WORKLOADS:
        return {**_identities(mesh), "changed_at": changed_at(host, results)}
    if not _may_complete(plan, host, results, check_mode) or (
        check_mode and (task == COMPLETED or mesh["stage"] != "workloads")
    ):
        return {}
    return {"objects": [_write(plan, mesh, host, "complete", results)]} if task == COMPLETE else _wait(mesh, task)


def _is_reached(plan: TrustDomainPlan, mesh: ChangedMesh, task: str) -> bool:
    """Whether a task is among the stages of this run. The wait for the switch is the proof that later stages begin with."""
    first, last, one = STAGES.index(mesh["stage"]), STAGES.index(plan["last"]), STAGES.index(_STAGE[task])
    return one <= last and (one >= first or (task == SWITCHED and first <= last))


def _has_failed(task: str, host: str, results: Results) -> bool:
    """Whether an earlier task has failed for a host."""
    earlier = ORDER[: ORDER.index(task)]
    return any(
        found["severity"] == "error"
        for one in earlier
        for found in (results.get(one, {}).get(host) or {}).get("problems") or []
    )


def _may_complete(plan: TrustDomainPlan, host: str, results: Results, check_mode: bool) -> bool:
    """Whether no pod has a former identity, or in check mode would have one, and the aliases are ours to remove."""
    identities = results.get(WORKLOADS, {}).get(host)
    if identities is None or foreign_owners(plan, host, results):
        return False
    if identities.get("complete"):
        return True
    # A dry run restarts nothing.
    restarted = {(one["namespace"], one["kind"], one["name"]) for one in identities.get("objects") or []}
    former = {(one["namespace"], one["kind"], one["name"]) for one in identities.get("workloads") or []}
    return check_mode and former <= restarted


def foreign_owners(plan: TrustDomainPlan, host: str, results: Results) -> List[str]:
    """The other field managers that own the aliases, as the last reading shows; none where their fields are taken over."""
    owners = (results.get(SWITCHED, {}).get(host) or {}).get("owners") or {}
    listed: List[str] = owners.get(_ALIASES) or []
    return [] if plan["options"].get("federation_force_conflicts") or OURS in listed else listed


def changed_at(host: str, results: Results) -> Optional[str]:
    """Since when the mesh has the new domain, by its API server; None in check mode before the switch."""
    switched = results.get(SWITCHED, {}).get(host) or {}
    return switched.get("changed_at") if switched.get("complete") else None


def _write(plan: TrustDomainPlan, mesh: ChangedMesh, host: str, stage: Stage, results: Results) -> DesiredObject:
    """The control plane in one stage, by the field manager of the trust domain."""
    metadata: Json = {"name": mesh["control_plane"], "namespace": mesh["namespace"], "uid": mesh["uid"]}
    if stage != "complete":
        metadata["annotations"] = {TRUST_DOMAIN_CHANGE: note(mesh["state"])}
    latest = _latest(plan, host, results)
    owners = (results.get(SWITCHED, {}).get(host) or {}).get("owners") or {}
    trust = trust_after(
        mesh["state"],
        stage,
        sends_domain=mesh["owns_domain"],
        keeps_list=bool(set(owners.get(_ALIASES) or []) - {OURS}),
    )
    return {
        "definition": {
            "apiVersion": "maistra.io/v2",
            "kind": "ServiceMeshControlPlane",
            "metadata": metadata,
            "spec": {"security": {"trust": trust}},
        },
        "field_manager": OURS,
        "peer": None,
        "live": latest,
        "unknown": {},
    }


def _latest(plan: TrustDomainPlan, host: str, results: Results) -> Optional[Json]:
    """The control plane as it was read last."""
    for task in (SWITCHED, ACCEPTED):
        read: Any = (results.get(task, {}).get(host) or {}).get("control_plane")
        if read:
            return dict(read)
    return plan["live"][host]


def _wait(mesh: ChangedMesh, task: str) -> Json:
    """What a control plane must have when a stage is complete."""
    state = mesh["state"]
    # The other stages change only aliases, and with them the time with which pods are compared.
    wait: Json = {"control_plane": mesh["control_plane"], "absent": [], "gateways": task == SWITCHED}
    if task == ACCEPTED:
        return {**wait, "trust_domain": state["domain"], "aliases": [state["target"]]}
    if task == SWITCHED:
        return {**wait, "trust_domain": state["target"], "aliases": state["former"]}
    return {**wait, "trust_domain": state["target"], "aliases": [], "absent": state["former"]}


def _identities(mesh: ChangedMesh) -> Json:
    return {
        "namespaces": mesh["namespaces"],
        "trust_domain": mesh["state"]["target"],
        "restart": mesh["restart"],
    }


def next_stage(mesh: ChangedMesh, host: str, results: Results) -> Optional[Stage]:
    """The stage that is left to do after a run; None where the change is complete."""
    if (results.get(COMPLETED, {}).get(host) or {}).get("complete"):
        return None
    done: Optional[Stage] = None
    if (results.get(ACCEPTED, {}).get(host) or {}).get("complete"):
        done = "switch"
    if (results.get(SWITCHED, {}).get(host) or {}).get("complete"):
        done = "workloads"
    if (results.get(WORKLOADS, {}).get(host) or {}).get("complete"):
        done = "complete"
    return done or stage_of(mesh["state"])
