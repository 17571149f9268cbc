# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A rolling restart of a control plane's istiod and the wait for it, in three requests. Private to this collection."""

from __future__ import annotations

import time
from typing import List

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event, Say, WatchFor, follow
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import MESH_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core
from ansible_collections.ossm.federation.plugins.module_utils._modules.restarts import restart, restarted
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import ISTIOD_SELECTOR, istiod_name
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import RestartResult
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.pods import istiod_pods
from ansible_collections.ossm.federation.plugins.module_utils._readers.rollouts import NOT_OBSERVED, rollout_of

ARGUMENT_SPEC: Json = {
    **MESH_OPTIONS,
    "control_plane": {"type": "str", "required": True},
    "timeout": {"type": "float", "default": 300},
}


class _Restart:
    """A restart and its progress; the state of a wait."""

    def __init__(self, params: Json) -> None:
        self.mesh: str = params["mesh"]
        self.namespace: str = params["namespace"]
        self.control_plane: str = params["control_plane"]
        self.deployment = istiod_name(self.control_plane)
        self.is_patched = False
        self.pods: List[str] = []
        self.missing = NOT_OBSERVED
        self._generation = 0

    def patch(self, cluster: Cluster, dry_run: bool) -> None:
        """Make the Deployment replace its pods."""
        patched = restart(cluster, "Deployment", self.deployment, self.namespace, dry_run)
        self._generation = patched["metadata"]["generation"]
        self.is_patched = True

    def take(self, event: Event) -> None:
        """Apply an event about the Deployment."""
        if event.type in ("ADDED", "MODIFIED"):
            self.missing = rollout_of("Deployment", event.object, self._generation)

    def is_done(self) -> bool:
        """Whether only new pods serve."""
        return not self.missing

    def is_over(self) -> bool:
        """The same as ``is_done``."""
        return self.is_done()

    def changes(self) -> List[str]:
        """Nothing: the heartbeat reports the progress."""
        return []

    def status_line(self) -> str:
        """What the rollout waits for."""
        return f"the restart of istiod: {self.missing}"


@core(ARGUMENT_SPEC)
def run(params: Json, check_mode: bool, say: Say) -> RestartResult:
    """Restart istiod and wait until only new pods serve, at most ``timeout`` seconds; check mode is a dry run."""
    state = _Restart(params)

    def work(cluster: Cluster) -> None:
        deadline = time.monotonic() + params["timeout"]
        state.patch(cluster, check_mode)
        if check_mode:
            return
        say(f"{state.mesh}: restarting {state.deployment}")
        if follow(cluster, [WatchFor("Deployment", state.namespace, state.deployment)], state, deadline, say):
            pods = istiod_pods(cluster.list("Pod", state.namespace, labels=ISTIOD_SELECTOR), state.control_plane)
            state.pods = [pod["name"] for pod in pods]

    where = f"Deployment {state.namespace}/{state.deployment}"
    problems = use_cluster(params["auth"], state.mesh, work, where=where)
    if not problems and not check_mode and state.missing:
        problems = [
            problem(
                "restart-late",
                state.mesh,
                where,
                f"not restarted {at_deadline(params['timeout'])}: {state.missing}",
                "Check the istiod pods and their events",
            )
        ]
    return _result(state, check_mode, problems)


def _result(state: _Restart, check_mode: bool, problems: List[Problem]) -> RestartResult:
    """The result of the module; ``objects`` as those of mesh_objects."""
    message = "istiod would be restarted" if check_mode else "istiod was restarted"
    if problems:
        message = "; ".join(entry["message"] for entry in problems)
    changed = restarted(state.mesh, "Deployment", state.deployment, state.namespace, message)
    return {
        "changed": state.is_patched,
        "mesh": state.mesh,
        "restarted": bool(state.pods),
        "pods": state.pods,
        "message": message,
        "objects": [changed] if state.is_patched else [],
        "problems": problems,
    }
