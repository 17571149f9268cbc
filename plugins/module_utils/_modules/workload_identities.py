# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The workloads of a mesh whose pods have the identity of another trust domain, and their rolling restart. Private to this
collection.

Namespaces are restarted one after the other. A restart is complete when the workload's own rollout is, and all pods with a former
identity are gone: a pod that is being deleted serves until then.
"""

from __future__ import annotations

import time
from typing import Dict, List, Optional, Sequence, Set, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Say, WatchFor
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import COMMON_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.confirmed_wait import ConfirmedWait
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core
from ansible_collections.ossm.federation.plugins.module_utils._modules.restarts import (
    restart,
    restarted,
    restarted_at,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import (
    IdentitiesResult,
    ObjectResult,
    WorkloadFacts,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.identities import former_workloads, proxy_pods
from ansible_collections.ossm.federation.plugins.module_utils._readers.rollouts import cannot_roll, rollout_of

#: Stands for all namespaces.
ALL = "*"
POD = "Pod"
ARGUMENT_SPEC: Json = {
    **COMMON_OPTIONS,
    "namespaces": {"type": "list", "elements": "str", "required": True},
    "trust_domain": {"type": "str", "required": True},
    "changed_at": {"type": "str"},
    "restart": {"type": "list", "elements": "str", "default": []},
    "timeout": {"type": "float", "default": 600},
}


class _Namespace(ConfirmedWait):
    """The restart of the workloads of one namespace; the state of the wait for it."""

    def __init__(self, mesh: str, namespace: str, params: Json) -> None:
        super().__init__(mesh, namespace, f"namespace {namespace}", "all workloads are restarted")
        self._domain: str = params["trust_domain"]
        self._changed_at: Optional[str] = params.get("changed_at")
        self._generations: Dict[Tuple[str, str], int] = {}

    def expect(self, workload: WorkloadFacts, generation: int) -> None:
        """Wait for a workload, of which at least this generation was written."""
        self._generations[workload["kind"], workload["name"]] = generation

    def targets(self) -> List[WatchFor]:
        """What is worth to be watched."""
        kinds = sorted({kind for kind, _name in self._generations})
        return [WatchFor(kind, self.namespace) for kind in (*kinds, POD)]

    def missing(self) -> List[str]:
        """What is still waited for, workload by workload."""
        former = former_workloads(self.live.of(POD).values(), self._domain, self._changed_at)
        pods = {(one["kind"], one["name"]): one["former"] for one in former}
        missing = []
        for (kind, name), generation in sorted(self._generations.items()):
            live = self.live.get(kind, name)
            text = rollout_of(kind, live, generation) if live else "it does not exist any more"
            left = pods.get((kind, name)) or []
            text = text or (f"{len(left)} pods with a former identity still run" if left else "")
            if text and (live is not None or left):
                missing.append(f"{kind} {name}: {text}")
        return missing


class _Restart:
    """The workloads of a mesh with former identities, and what was done about them."""

    def __init__(self, params: Json, check_mode: bool, say: Say) -> None:
        self.mesh: str = params["mesh"]
        self.objects: List[ObjectResult] = []
        self.problems: List[Problem] = []
        self.workloads: List[WorkloadFacts] = []
        self.pods = 0
        self._params, self._is_check, self._say = params, check_mode, say

    def read(self, cluster: Cluster) -> None:
        """Read the pods of all namespaces."""
        namespaces: Sequence[str] = self._params["namespaces"]
        places: Sequence[Optional[str]] = [None] if ALL in namespaces else sorted(set(namespaces))
        pods = [pod for place in places for pod in proxy_pods(cluster.list(POD, place))]
        self.pods = len(pods)
        self.workloads = former_workloads(pods, self._params["trust_domain"], self._params.get("changed_at"))

    def restart(self, cluster: Cluster) -> None:
        """Restart the workloads in the namespaces for which that is allowed, one namespace after the other."""
        deadline = time.monotonic() + self._params["timeout"]
        for namespace in sorted({one["namespace"] for one in self.workloads if self._may_restart(one)}):
            state = _Namespace(self.mesh, namespace, self._params)
            for workload in self.workloads:
                if workload["namespace"] == namespace and self._may_restart(workload):
                    self._restart_one(cluster, state, workload)
            if self._is_check or not state.targets()[:-1]:
                continue
            state.follow(cluster, deadline, self._say)
            state.look()
            if state.missing():
                self._note_late(namespace, state.missing())
                return

    def _may_restart(self, workload: WorkloadFacts) -> bool:
        allowed: Set[str] = set(self._params["restart"])
        return not workload["message"] and bool({ALL, workload["namespace"]} & allowed)

    def _restart_one(self, cluster: Cluster, state: _Namespace, workload: WorkloadFacts) -> None:
        """Restart one workload, unless its rollout is under way: then an earlier run has done that."""
        kind, name, namespace = workload["kind"], workload["name"], workload["namespace"]
        live = cluster.get(kind, name, namespace)
        workload["message"] = cannot_roll(kind, live)
        if workload["message"]:
            return
        generation = int(live["metadata"]["generation"])
        changed_at = self._params.get("changed_at")
        if not (changed_at and restarted_at(live) > changed_at and rollout_of(kind, live, generation)):
            self._say(f"{self.mesh}: restarting {kind} {namespace}/{name}")
            patched = restart(cluster, kind, name, namespace, self._is_check)
            generation = int(patched["metadata"]["generation"])
            message = "it would be restarted" if self._is_check else "it was restarted"
            self.objects.append(restarted(self.mesh, kind, name, namespace, message))
        state.expect(workload, generation)

    def _note_late(self, namespace: str, missing: Sequence[str]) -> None:
        message = f"not restarted {at_deadline(self._params['timeout'])}: {'; '.join(missing)}"
        self.problems.append(problem("workload-late", self.mesh, f"namespace {namespace}", message))


@core(ARGUMENT_SPEC)
def run(params: Json, check_mode: bool, say: Say) -> IdentitiesResult:
    """List the workloads with former identities, restart those of ``restart``, and list what is left then."""
    state = _Restart(params, check_mode, say)

    def work(cluster: Cluster) -> None:
        state.read(cluster)
        if state.workloads and params["restart"]:
            state.restart(cluster)
            if state.objects and not check_mode:
                kept = {(one["namespace"], one["kind"], one["name"]): one["message"] for one in state.workloads}
                state.read(cluster)
                for one in state.workloads:
                    one["message"] = one["message"] or kept.get((one["namespace"], one["kind"], one["name"])) or ""

    state.problems += use_cluster(params["auth"], state.mesh, work)
    former = sum(len(one["former"]) for one in state.workloads)
    return {
        "changed": bool(state.objects),
        "mesh": state.mesh,
        "complete": not state.problems and not state.workloads,
        "message": f"{former} of {state.pods} pods may have a former identity",
        "pods": state.pods,
        "former": former,
        "workloads": state.workloads,
        "objects": state.objects,
        "problems": state.problems,
    }
