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
from ansible_collections.ossm.federation.plugins.module_utils._modules.rollouts import rollout_of
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    ISTIOD_SELECTOR,
    OURS,
    istiod_name,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import ObjectResult, RestartResult
from ansible_collections.ossm.federation.plugins.module_utils._product.times import format_time, now
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.pods import istiod_pods

ARGUMENT_SPEC: Json = {
    **MESH_OPTIONS,
    "control_plane": {"type": "str", "required": True},
    "timeout": {"type": "float", "default": 300},
}

#: What ``kubectl rollout restart`` sets in a pod template.
ANNOTATION = "kubectl.kubernetes.io/restartedAt"
FIELD = f'spec.template.metadata.annotations["{ANNOTATION}"]'


class _Restart:
    """A restart and its progress; the state of a wait."""

    def __init__(self, params: Json) -> None:
        self.mesh: str = params["mesh"]
        self.namespace: str = params["namespace"]
        self.control_plane: str = params["control_plane"]
        self.deployment = istiod_name(self.control_plane)
        self.is_patched = False
        self.pods: List[str] = []
        self.missing = "the change has not been observed yet"
        self._generation = 0

    def patch(self, cluster: Cluster, dry_run: bool) -> None:
        """Set the annotation that makes the Deployment replace its pods."""
        change = {"spec": {"template": {"metadata": {"annotations": {ANNOTATION: format_time(now())}}}}}
        patched = cluster.merge_patch("Deployment", self.deployment, self.namespace, change, OURS, dry_run=dry_run)
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
    restart = _Restart(params)

    def work(cluster: Cluster) -> None:
        deadline = time.monotonic() + params["timeout"]
        restart.patch(cluster, check_mode)
        if check_mode:
            return
        say(f"{restart.mesh}: restarting {restart.deployment}")
        if follow(cluster, [WatchFor("Deployment", restart.namespace, restart.deployment)], restart, deadline, say):
            pods = istiod_pods(cluster.list("Pod", restart.namespace, labels=ISTIOD_SELECTOR), restart.control_plane)
            restart.pods = [pod["name"] for pod in pods]

    where = f"Deployment {restart.namespace}/{restart.deployment}"
    problems = use_cluster(params["auth"], restart.mesh, work, where=where)
    if not problems and not check_mode and restart.missing:
        problems = [
            problem(
                "restart-late",
                restart.mesh,
                where,
                f"not restarted {at_deadline(params['timeout'])}: {restart.missing}",
                "Check the istiod pods and their events",
            )
        ]
    return _result(restart, check_mode, problems)


def _result(restart: _Restart, check_mode: bool, problems: List[Problem]) -> RestartResult:
    """The result of the module; ``objects`` as those of mesh_objects."""
    message = "istiod would be restarted" if check_mode else "istiod was restarted"
    if problems:
        message = "; ".join(entry["message"] for entry in problems)
    changed: ObjectResult = {
        "mesh": restart.mesh,
        "kind": "Deployment",
        "name": restart.deployment,
        "namespace": restart.namespace,
        "verb": "changed",
        "fields": [FIELD],
        "peer": None,
        "field_manager": OURS,
        "message": message,
        "time": None,
    }
    return {
        "changed": restart.is_patched,
        "mesh": restart.mesh,
        "restarted": bool(restart.pods),
        "pods": restart.pods,
        "message": message,
        "objects": [changed] if restart.is_patched else [],
        "problems": problems,
    }
