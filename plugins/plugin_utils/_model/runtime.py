# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: runtime settings of gateways, in the product's shape.

Source: maistra/istio-operator pkg/apis/maistra/v2/runtime.go, ComponentRuntimeConfig. The API server prunes keys that are
not in that shape silently, so they are rejected here.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.domains import shown
from ansible_collections.ossm.federation.plugins.plugin_utils._model.values import dictionary_faults, unknown_keys

#: The keys of ``runtime`` and of what is below it; None: any value, which the API server judges.
Shape = Mapping[str, Any]
RUNTIME: Shape = {
    "deployment": {
        "replicas": None,
        "strategy": {"type": None, "rollingUpdate": {"maxSurge": None, "maxUnavailable": None}},
        "autoScaling": {
            "enabled": None,
            "minReplicas": None,
            "maxReplicas": None,
            "targetCPUUtilizationPercentage": None,
        },
    },
    "pod": {
        "nodeSelector": None,
        "tolerations": None,
        "priorityClassName": None,
        "affinity": {"nodeAffinity": None, "podAffinity": None, "podAntiAffinity": None},
        "metadata": {"annotations": None, "labels": None},
    },
    "container": {
        "resources": {"limits": None, "requests": None},
        "env": None,
        "imageName": None,
        "imageRegistry": None,
        "imageTag": None,
        "imagePullPolicy": None,
        "imagePullSecrets": None,
    },
}


def check_runtime(value: Any, mesh: str, where: str) -> Tuple[Json, List[Problem]]:
    """Check one ``runtime``; the result has no wrong parts."""
    accepted, problems = _check(value, RUNTIME, mesh, where)
    deployment = accepted.get("deployment", {})
    scaling = deployment.get("autoScaling", {})
    if deployment.get("replicas") is not None and scaling.get("enabled") is not False:
        problems.append(
            problem(
                "replicas-scaled",
                mesh,
                f"{where}.deployment.replicas",
                f"{shown(deployment['replicas'])} does not last: the product creates an autoscaler of 1 to 5 replicas",
                "Set autoScaling.enabled to false beside it, or autoScaling.minReplicas instead of it",
                severity="warning",
            )
        )
    return accepted, problems


def _check(value: Any, shape: Shape, mesh: str, where: str) -> Tuple[Json, List[Problem]]:
    """One dictionary of the shape without its wrong parts, and their problems."""
    problems = dictionary_faults(value, mesh, where, "runtime-value", shape)
    if problems:
        return {}, problems
    problems = unknown_keys(value, shape, mesh, where)
    accepted: Dict[str, Any] = {}
    for key in shape:
        if value.get(key) is None:
            continue
        accepted[key] = value[key]
        if shape[key] is not None:
            accepted[key], inner = _check(value[key], shape[key], mesh, f"{where}.{key}")
            problems += inner
    return accepted, problems
