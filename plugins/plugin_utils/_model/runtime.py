# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: runtime settings of gateways, in the product's own words.

Source: maistra/istio-operator pkg/apis/maistra/v2/runtime.go, ComponentRuntimeConfig. The API server prunes keys that are
not in that shape without a message, so they are refused here.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import unknown_keys

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
    """Check one ``runtime``; wrong parts are reported and left out."""
    good, problems = _checked(value, RUNTIME, mesh, where)
    deployment = good.get("deployment", {})
    scaling = deployment.get("autoScaling", {})
    if deployment.get("replicas") is not None and scaling.get("enabled") is not False:
        problems.append(
            problem(
                "replicas-scaled",
                mesh,
                f"{where}.deployment.replicas",
                "the product makes an autoscaler of 1 to 5 replicas, which changes the number again",
                "Set autoScaling.enabled to false beside it, or autoScaling.minReplicas instead of it",
                severity="warning",
            )
        )
    return good, problems


def _checked(value: Any, shape: Shape, mesh: str, where: str) -> Tuple[Json, List[Problem]]:
    """One dictionary of the shape without what does not fit, and why that does not fit."""
    if not isinstance(value, dict):
        message, remedy = "the value is not a dictionary", f"Write keys below it: {', '.join(shape)}"
        return {}, [problem("runtime-value", mesh, where, message, remedy)]
    problems = unknown_keys(value, shape, mesh, where)
    good: Dict[str, Any] = {}
    for key in shape:
        if value.get(key) is None:
            continue
        good[key] = value[key]
        if shape[key] is not None:
            good[key], found = _checked(value[key], shape[key], mesh, f"{where}.{key}")
            problems += found
    return good, problems


def check_egress(value: Mapping[str, Any], mesh: str, where: str) -> Tuple[Json, List[Problem]]:
    """Check one ``mesh_egress`` (without its ``peers``): of an egress gateway only the runtime settings can be said."""
    problems = unknown_keys(value, ("runtime",), mesh, where)
    found: Optional[Any] = value.get("runtime")
    if found is None:
        return {}, problems
    good, more = check_runtime(found, mesh, f"{where}.runtime")
    return ({"runtime": good} if good else {}), problems + more
