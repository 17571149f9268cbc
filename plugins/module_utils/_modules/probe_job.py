# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The Jobs of a probe. Pure. Private to this collection.

A Job and not bare pods, since only a Job removes itself when nobody is left to remove it: its deadline ends the pods, and its time to live
removes it with them. The pods fit the SCC restricted-v2 and the Pod Security level restricted. No container gets a token of
the account but the sidecar, which needs one where the mesh has ``security.identity.type: Kubernetes`` (maistra/istio-operator charts,
istio-discovery/files/injection-template.yaml): a volume that only the sidecar mounts.
"""

from __future__ import annotations

import json
import math
from typing import Dict, List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._modules.probe_script import SCRIPT
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import MANAGED_BY, OURS
from ansible_collections.ossm.federation.plugins.module_utils._product.probes import (
    CONTAINER,
    LABEL,
    TARGETS_PER_POD,
    ProbeTarget,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: Seconds after its end in which a Job is removed that this run could not remove.
TIME_TO_LIVE = 60
#: Seconds in which a pod that is deleted must have ended.
GRACE = 5
_INJECT = "sidecar.istio.io/inject"
_TOKEN, _ACCOUNT = "sidecar-token", "/var/run/secrets/kubernetes.io/serviceaccount"
#: The shortest life of a token that the API server accepts.
_TOKEN_SECONDS = 600


def parts_of(targets: Sequence[ProbeTarget]) -> List[List[ProbeTarget]]:
    """The targets of each Job, so many that a termination message has room for their results."""
    return [list(targets[start : start + TARGETS_PER_POD]) for start in range(0, len(targets), TARGETS_PER_POD)]


def probe_job(params: Json, image: str, run: str, number: int, targets: Sequence[ProbeTarget]) -> Json:
    """The Job with the ``number`` of a run whose pods request ``targets``."""
    labels = {MANAGED_BY: OURS, LABEL: run}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": f"federation-probe-{run}-{number}",
            "namespace": params["probe_namespace"],
            "labels": labels,
        },
        "spec": {
            "parallelism": params["count"],
            "completions": params["count"],
            "backoffLimit": 0,
            "activeDeadlineSeconds": max(1, math.ceil(params["timeout"])),
            "ttlSecondsAfterFinished": TIME_TO_LIVE,
            "template": {"metadata": _metadata(labels), "spec": _pod(params, image, targets)},
        },
    }


def _metadata(labels: Dict[str, str]) -> Json:
    """The label asks for the sidecar where the injector selects pods by labels, the annotation where it does not."""
    hold = json.dumps({"holdApplicationUntilProxyStarts": True})
    mount = json.dumps({_TOKEN: {"mountPath": _ACCOUNT, "readOnly": True}})
    return {
        "labels": {**labels, _INJECT: "true"},
        "annotations": {_INJECT: "true", "proxy.istio.io/config": hold, "sidecar.istio.io/userVolumeMount": mount},
    }


def _pod(params: Json, image: str, targets: Sequence[ProbeTarget]) -> Json:
    """The spec of a pod."""
    token = {"serviceAccountToken": {"path": "token", "expirationSeconds": _TOKEN_SECONDS}}
    return {
        "restartPolicy": "Never",
        "serviceAccountName": "default",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": GRACE,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [{"name": _TOKEN, "projected": {"sources": [token]}}],
        "containers": [
            {
                "name": CONTAINER,
                "image": image,
                "imagePullPolicy": "IfNotPresent",
                "command": ["bash", "-c", SCRIPT.strip()],
                "env": [{"name": name, "value": value} for name, value in _environment(params, targets).items()],
                "resources": {
                    "requests": {"cpu": "10m", "memory": "64Mi"},
                    "limits": {"cpu": "500m", "memory": "128Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
            }
        ],
    }


def _environment(params: Json, targets: Sequence[ProbeTarget]) -> Dict[str, str]:
    """The variables of the script. A dollar sign is doubled: Kubernetes expands ``$(NAME)``."""
    lines = [f"{target['protocol']} {target['host']} {target['port']}" for target in targets]
    values = {
        "PROBE_TARGETS": "\n".join(lines),
        "PROBE_PATH": params["path"],
        "PROBE_HEADER": params.get("header") or "",
        "PROBE_REQUESTS": str(params["requests"]),
        "PROBE_SECONDS": str(params["request_timeout"]),
    }
    return {name: value.replace("$", "$$") for name, value in values.items()}
