# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rolling restarts of workloads and the wait for them: two requests for each. Private to this collection."""

from __future__ import annotations

import time
from typing import Dict, List, NamedTuple, Set

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import FATAL_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import (
    ChangeLog,
    Event,
    Say,
    WatchFor,
    follow,
)
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import COMMON_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core
from ansible_collections.ossm.federation.plugins.module_utils._modules.restarts import restart, restarted
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import WorkloadsResult
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.identities import RESTARTABLE
from ansible_collections.ossm.federation.plugins.module_utils._readers.rollouts import (
    NOT_OBSERVED,
    cannot_roll,
    rollout_of,
)

_FIX = "Look at its pods and their events, and run again"

ARGUMENT_SPEC: Json = {
    **COMMON_OPTIONS,
    "workloads": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "kind": {"type": "str", "choices": sorted(RESTARTABLE), "default": "Deployment"},
            "namespace": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
        },
    },
    "timeout": {"type": "float", "default": 300},
}


class Key(NamedTuple):
    """Names a workload."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """As it is named in a message."""
        return f"{self.kind} {self.namespace}/{self.name}"


class _Rollouts:
    """Restarts of workloads and their progress; the state of a wait."""

    def __init__(self, params: Json) -> None:
        self.mesh: str = params["mesh"]
        self.keys: List[Key] = sorted({Key(one["kind"], one["namespace"], one["name"]) for one in params["workloads"]})
        self.problems: List[Problem] = []
        #: What each workload that was changed waits for; empty where it is complete.
        self.missing: Dict[Key, str] = {}
        #: Those whose pods a changed template does not replace.
        self.stuck: Set[Key] = set()
        self._generations: Dict[Key, int] = {}
        self._log = ChangeLog()

    def patch(self, cluster: Cluster, dry_run: bool) -> None:
        """Make each workload replace its pods. One that cannot be changed stops none of the others."""
        for key in self.keys:
            try:
                patched = restart(cluster, key.kind, key.name, key.namespace, dry_run)
            except ClusterError as error:
                if error.code in FATAL_CODES:
                    raise
                self.problems.append(error.problem(self.mesh, str(key)))
            else:
                self._generations[key] = patched["metadata"]["generation"]
                self.missing[key] = NOT_OBSERVED
                reason = cannot_roll(key.kind, patched)
                if reason:
                    self.problems.append(problem("workload-late", self.mesh, str(key), reason, _FIX))
                    self.stuck.add(key)

    def targets(self) -> List[WatchFor]:
        """What is followed."""
        return [WatchFor(key.kind, key.namespace, key.name) for key in self.missing]

    def take(self, event: Event) -> None:
        """Apply an event about a workload."""
        if event.type not in ("ADDED", "MODIFIED"):
            return
        meta = event.object["metadata"]
        key = Key(event.kind, meta["namespace"], meta["name"])
        if key in self._generations:
            self.missing[key] = rollout_of(event.kind, event.object, self._generations[key])

    def is_done(self) -> bool:
        """Whether only new pods serve."""
        return not self._awaited()

    def is_over(self) -> bool:
        """The same as ``is_done``."""
        return self.is_done()

    def changes(self) -> List[str]:
        """One line for each workload that has changed its state."""
        return self._log.changes(
            {f"{self.mesh}: {key}": missing or "restarted" for key, missing in self.missing.items()}
        )

    def status_line(self) -> str:
        """What is waited for."""
        return "; ".join(f"{key}: {missing}" for key, missing in self._awaited().items())

    def _awaited(self) -> Dict[Key, str]:
        return {key: missing for key, missing in self.missing.items() if missing and key not in self.stuck}


@core(ARGUMENT_SPEC)
def run(params: Json, check_mode: bool, say: Say) -> WorkloadsResult:
    """Restart workloads and wait until only new pods serve, at most ``timeout`` seconds; check mode is a dry run."""
    rollouts = _Rollouts(params)

    def work(cluster: Cluster) -> None:
        deadline = time.monotonic() + params["timeout"]
        rollouts.patch(cluster, check_mode)
        if rollouts.missing and not check_mode:
            follow(cluster, rollouts.targets(), rollouts, deadline, say)

    problems = use_cluster(params["auth"], rollouts.mesh, work) if rollouts.keys else []
    late = [] if check_mode or problems else _late(rollouts, params["timeout"])
    return _result(rollouts, check_mode, [*problems, *rollouts.problems, *late])


def _late(rollouts: _Rollouts, timeout: float) -> List[Problem]:
    """Errors for the restarts that are not complete at the deadline."""
    return [
        problem("workload-late", rollouts.mesh, str(key), f"not restarted {at_deadline(timeout)}: {missing}", _FIX)
        for key, missing in rollouts.missing.items()
        if missing and key not in rollouts.stuck
    ]


def _result(rollouts: _Rollouts, check_mode: bool, problems: List[Problem]) -> WorkloadsResult:
    """The result of the module; ``objects`` as those of mesh_objects."""
    done = [str(key) for key, missing in rollouts.missing.items() if check_mode or not missing]
    message = f"{', '.join(done) or 'nothing'} {'would be restarted' if check_mode else 'restarted'}"
    return {
        "changed": bool(rollouts.missing),
        "mesh": rollouts.mesh,
        "restarted": [] if check_mode else done,
        "message": "; ".join(found["message"] for found in problems) or message,
        "objects": [restarted(rollouts.mesh, key.kind, key.name, key.namespace, message) for key in rollouts.missing],
        "problems": problems,
    }
