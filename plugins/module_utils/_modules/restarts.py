# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What restarts the pods of a workload, as ``kubectl rollout restart`` does it, and how modules report it. Private to this
collection."""

from __future__ import annotations

from ansible_collections.ossm.federation.plugins.module_utils._cluster.client import Cluster
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import OURS
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import ObjectResult
from ansible_collections.ossm.federation.plugins.module_utils._product.times import format_time, now
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

_ANNOTATION = "kubectl.kubernetes.io/restartedAt"


def restart(cluster: Cluster, kind: str, name: str, namespace: str, dry_run: bool) -> Json:
    """Set the annotation that makes a workload replace its pods, and return the workload.

    It is a merge patch, since an applied annotation would be ours for good and conflict with the next restart by hand.
    """
    change = {"spec": {"template": {"metadata": {"annotations": {_ANNOTATION: format_time(now())}}}}}
    return cluster.merge_patch(kind, name, namespace, change, OURS, dry_run=dry_run)


def restarted_at(workload: Json) -> str:
    """When a live workload was restarted last; empty where it never was."""
    return str(dig(workload, "spec", "template", "metadata", "annotations", _ANNOTATION) or "")


def restarted(mesh: str, kind: str, name: str, namespace: str, message: str) -> ObjectResult:
    """A restarted workload, as mesh_objects reports an object."""
    return {
        "mesh": mesh,
        "kind": kind,
        "name": name,
        "namespace": namespace,
        "verb": "changed",
        "fields": [f'spec.template.metadata.annotations["{_ANNOTATION}"]'],
        "peer": None,
        "field_manager": OURS,
        "message": message,
        "time": None,
    }
