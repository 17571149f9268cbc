# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Waiting until an operator is installed, on one watch for each kind. Private to this collection."""

from __future__ import annotations

import time
from typing import List

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ABSENT_CODES, ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.session import use_cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import (
    ChangeLog,
    Event,
    LiveObjects,
    Say,
    WatchFor,
    follow,
)
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import MESH_OPTIONS
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import at_deadline, core
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import CSV, DEFINITION, SUBSCRIPTION
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import OperatorResult
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.operator import (
    OperatorFacts,
    installed_version,
    read_operator,
)

CRD = "CustomResourceDefinition"

ARGUMENT_SPEC: Json = {
    **MESH_OPTIONS,
    "name": {"type": "str", "required": True},
    "timeout": {"type": "float", "default": 900},
}


class _Operator:
    """The Subscription, the versions and the first kind of an operator at a moment; the state of a wait."""

    def __init__(self, params: Json) -> None:
        self.mesh: str = params["mesh"]
        self.namespace: str = params["namespace"]
        self.name: str = params["name"]
        self.objects = LiveObjects()
        self._log = ChangeLog()

    def take(self, event: Event) -> None:
        """Apply an event about objects."""
        self.objects.take(event)

    def facts(self) -> OperatorFacts:
        """The progress of the installation."""
        return read_operator(
            self.objects.get(SUBSCRIPTION, self.name), self.objects.of(CSV), self.objects.get(CRD, DEFINITION)
        )

    def is_done(self) -> bool:
        """Whether the version has succeeded and its first kind is served."""
        return self.facts()["ready"]

    def is_over(self) -> bool:
        """The same as ``is_done``."""
        return self.is_done()

    def changes(self) -> List[str]:
        """The message, where it has changed."""
        return self._log.changes({f"{self.mesh}: operator": self.facts()["message"]})

    def status_line(self) -> str:
        """What is missing."""
        return self.facts()["message"]


def read_now(cluster: Cluster, operator: _Operator) -> None:
    """Read the operator once; an absent object is no error."""
    for kind, name, namespace in ((CRD, DEFINITION, None), (SUBSCRIPTION, operator.name, operator.namespace)):
        try:
            operator.objects.fill(kind, [cluster.get(kind, name, namespace)])
        except ClusterError as error:
            if error.code not in ABSENT_CODES:
                raise
    if installed_version(operator.objects.get(SUBSCRIPTION, operator.name)):
        operator.objects.fill(CSV, cluster.list(CSV, operator.namespace))


@core(ARGUMENT_SPEC)
def run(params: Json, check_mode: bool, say: Say) -> OperatorResult:
    """Wait until the operator of a Subscription is ready, at most ``timeout`` seconds; check mode reads once."""
    operator, timeout = _Operator(params), params["timeout"]

    def work(cluster: Cluster) -> None:
        if check_mode or timeout <= 0:
            read_now(cluster, operator)
            return
        targets = [
            WatchFor(CRD, None, DEFINITION),
            WatchFor(SUBSCRIPTION, operator.namespace, operator.name),
            WatchFor(CSV, operator.namespace),
        ]
        follow(cluster, targets, operator, time.monotonic() + timeout, say)

    problems = use_cluster(params["auth"], operator.mesh, work)
    facts = operator.facts()
    if not (problems or facts["ready"] or check_mode):
        problems = [_late(params, facts["message"])]
    return {
        "changed": False,
        "mesh": operator.mesh,
        "ready": facts["ready"],
        "version": facts["version"],
        "message": "ready" if facts["ready"] else facts["message"],
        "problems": problems,
    }


def _late(params: Json, message: str) -> Problem:
    """The operator is not ready in time."""
    return problem(
        "operator-not-ready",
        params["mesh"],
        f"Subscription {params['namespace']}/{params['name']}",
        f"not ready {at_deadline(params['timeout'])}: {message}",
        "Check the conditions of the Subscription, its install plan and the operator's pod",
    )
