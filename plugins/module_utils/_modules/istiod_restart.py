# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A rolling restart of a control plane's istiod, waited for, in three requests. Private to this collection."""

from __future__ import annotations

import datetime
import time
from typing import Callable, List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import check_access
from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import WatchFor
from ansible_collections.ossm.federation.plugins.module_utils._modules.arguments import AUTH_OPTION
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info import istiod_pods
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import ISTIOD_SELECTOR, OURS
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem

Say = Callable[[str], None]

ARGUMENT_SPEC: Json = {
    "auth": AUTH_OPTION,
    "mesh": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "control_plane": {"type": "str", "required": True},
    "timeout": {"type": "float", "default": 300},
}

#: What ``kubectl rollout restart`` sets in a pod template.
ANNOTATION = "kubectl.kubernetes.io/restartedAt"
_FIELD = f'spec.template.metadata.annotations["{ANNOTATION}"]'


def run(params: Json, check_mode: bool, say: Say) -> Json:
    """Restart istiod and wait until only new pods serve, at most ``timeout`` seconds; check mode is a dry run."""
    auth = {key: value for key, value in params["auth"].items() if value is not None}
    wrong = check_access(auth, params["mesh"])
    if wrong:
        return _result(params, wrong)
    name, namespace = deployment(params["control_plane"]), params["namespace"]
    deadline = time.monotonic() + params["timeout"]
    changed = False
    try:
        cluster = Cluster(auth)
        moment = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        change = {"spec": {"template": {"metadata": {"annotations": {ANNOTATION: moment}}}}}
        patched = cluster.merge_patch("Deployment", name, namespace, change, OURS, dry_run=check_mode)
        changed = True
        if check_mode:
            return _result(params, [], changed=True, message="istiod would be restarted")
        say(f"{params['mesh']}: {name} is being restarted")
        late = _follow(cluster, params, patched["metadata"]["generation"], deadline, say)
        pods = istiod_pods(cluster.list("Pod", namespace, labels=ISTIOD_SELECTOR), params["control_plane"])
    except ClusterError as error:
        return _result(params, [error.problem(params["mesh"], f"Deployment {namespace}/{name}")], changed=changed)
    if late:
        return _result(params, [_late(params, late)], changed=True, message=late)
    return _result(params, [], changed=True, message="istiod was restarted", pods=[pod["name"] for pod in pods])


def deployment(control_plane: str) -> str:
    """The name of a control plane's istiod Deployment (maistra/istio-operator charts, istio-discovery).

    >>> deployment("red")
    'istiod-red'
    """
    return f"istiod-{control_plane}"


def rollout(obj: Json, generation: int) -> str:
    """What a rollout of at least this generation still waits for, as ``kubectl rollout status`` judges it; empty when
    it is complete."""
    status, wanted = obj.get("status") or {}, int((obj.get("spec") or {}).get("replicas", 1))
    updated, all_pods = int(status.get("updatedReplicas") or 0), int(status.get("replicas") or 0)
    available = int(status.get("availableReplicas") or 0)
    if obj["metadata"]["generation"] < generation or int(status.get("observedGeneration") or 0) < generation:
        return "the change has not been observed yet"
    if any(one.get("reason") == "ProgressDeadlineExceeded" for one in status.get("conditions") or []):
        return f"no progress any more: {updated} of {wanted} pods are new"
    if updated < wanted:
        return f"{updated} of {wanted} pods are new"
    if all_pods > updated:
        return f"{all_pods - updated} old pods still run"
    return f"{available} of {updated} pods are available" if available < updated else ""


def _follow(cluster: Cluster, params: Json, generation: int, deadline: float, say: Say) -> str:
    """Follow the Deployment until its rollout is complete or the deadline has come; what is missing, or nothing."""
    message = "the change has not been observed yet"
    watch = WatchFor("Deployment", params["namespace"], deployment(params["control_plane"]))
    for event in cluster.watch_many([watch], deadline):
        if event.type == "FATAL" and event.error is not None:
            raise event.error
        if event.type == "TICK":
            say(f"{params['mesh']}: {deadline - time.monotonic():.0f} s left; istiod restarts: {message}")
        elif event.type in ("ADDED", "MODIFIED"):
            message = rollout(event.object, generation)
            if not message:
                return ""
    return message


def _late(params: Json, message: str) -> Problem:
    where = f"Deployment {params['namespace']}/{deployment(params['control_plane'])}"
    return problem("restart-late", params["mesh"], where, f"not restarted after {params['timeout']:.0f} s: {message}",
                   "Look at the pods of istiod and at their events")


def _result(params: Json, problems: List[Problem], *, changed: bool = False, message: str = "",
            pods: Sequence[str] = ()) -> Json:
    """The result of the module; ``objects`` as those of mesh_objects."""
    one = {
        "mesh": params["mesh"], "kind": "Deployment", "name": deployment(params["control_plane"]),
        "namespace": params["namespace"], "verb": "changed", "fields": [_FIELD], "peer": None, "field_manager": OURS,
        "message": message, "time": None,
    }
    return {
        "changed": changed,
        "restarted": bool(pods),
        "pods": list(pods),
        "message": message or "; ".join(found["message"] for found in problems),
        "objects": [one] if changed else [],
        "problems": problems,
    }
