# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The facts about the cluster of a mesh: UID, platform, OpenShift, nodes, rights, additional objects.

Private to this collection.
"""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import (
    ABSENT_CODES,
    FATAL_CODES,
    ClusterError,
)
from ansible_collections.ossm.federation.plugins.module_utils._modules.live_object import trim
from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info_reading import Reading
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import NODE_PORT
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import AdditionalObjects
from ansible_collections.ossm.federation.plugins.module_utils._product.gateways import ControlPlaneFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.permissions import (
    EVERYTHING,
    Need,
    allowed,
    attributes,
    beyond_reading,
    concerning,
    granting,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.platforms import (
    balanced,
    detect,
    infrastructure_type,
    platform_of,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, with_changes
from ansible_collections.ossm.federation.plugins.module_utils._readers.nodes import read_nodes

#: The Service of OpenShift's own router. Where a cloud controller runs, it has a load balancer.
ROUTER = ("router-default", "openshift-ingress")
#: Why a rules review is incomplete on many clusters: the node authorizer, which decides for nodes alone, reports no rules
#: (kubernetes/kubernetes, plugin/pkg/auth/authorizer/node). The other authorizers have reported all of theirs.
NODES_ONLY = "node authorizer does not support user rule resolution"


def read_cluster_uid(reading: Reading) -> None:
    """The UID of kube-system, which tells one cluster from another."""
    namespace = reading.want(reading.cluster.get, "Namespace", "kube-system", default=None)
    reading.facts["cluster_uid"] = namespace["metadata"]["uid"] if namespace else None


def read_platform(reading: Reading) -> None:
    """The platform, as OpenShift or else the nodes report it.

    Nodes are read where no cloud makes load balancers, or where a gateway has node ports.
    """
    infrastructure = reading.optional("Infrastructure", "cluster")
    platform_type = infrastructure_type(infrastructure)
    nodes: List[Json] = []
    if not platform_of(platform_type)[1].load_balancer or _has_node_ports(reading.facts["control_plane"]):
        nodes = reading.want(reading.cluster.list, "Node", default=[])
        reading.facts["nodes"] = read_nodes(nodes)
    balancers = platform_type == "External" and balanced(reading.optional("Service", *ROUTER))
    reading.facts["platform"] = detect(infrastructure, nodes, balancers)


def _has_node_ports(control_plane: Optional[ControlPlaneFacts]) -> bool:
    """Whether an additional ingress gateway of the control plane is reached at node ports."""
    gateways = control_plane["additionalIngress"].values() if control_plane else ()
    return any(((gateway or {}).get("service") or {}).get("type") == NODE_PORT for gateway in gateways)


def read_openshift(reading: Reading) -> None:
    """The version of OpenShift. A cluster without the group of Infrastructure is plain Kubernetes and is not asked."""
    is_plain = reading.absent.get("Infrastructure") == "kind-missing"
    cluster_version = None if is_plain else reading.optional("ClusterVersion", "version")
    version = (((cluster_version or {}).get("status") or {}).get("desired") or {}).get("version")
    if version:
        reading.facts["openshift"] = {"version": version, "message": f"OpenShift {version}"}
    elif is_plain or "ClusterVersion" in reading.absent:
        reading.facts["openshift"] = {"version": None, "message": "plain Kubernetes (no ClusterVersion)"}


def read_rights(reading: Reading, playbook: str) -> None:
    """The rules of the account: those that the API server lists, and an access review for each right of ``playbook`` that
    they leave open. The right to read is not reviewed: reading shows it."""
    try:
        review = reading.cluster.review("SelfSubjectRulesReview", {"namespace": reading.namespace})
        rules = concerning(review.get("resourceRules") or [])
        if review.get("incomplete") and review.get("evaluationError") != NODES_ONLY:
            unclear = [need for need in beyond_reading(playbook) if allowed(rules, need) is False]
            may_all = bool(unclear) and _may(reading, EVERYTHING)
            needs = [EVERYTHING] if may_all else [need for need in unclear if _may(reading, need)]
            rules += [granting(need) for need in needs]
    except ClusterError as error:
        if error.code in FATAL_CODES:
            raise
        reading.degrade(error, "SelfSubjectRulesReview")
        return
    reading.facts["rights"] = rules


def _may(reading: Reading, need: Need) -> bool:
    """Whether the account has a right, by an access review."""
    resource = attributes(need, reading.namespace)
    return bool(reading.cluster.review("SelfSubjectAccessReview", {"resourceAttributes": resource}).get("allowed"))


def read_additional_objects(
    reading: Reading, kind: str, namespace: Optional[str], name: Optional[str]
) -> AdditionalObjects:
    """Objects that only the caller asks for. A failure is a warning: only the caller knows what of them is needed."""
    cluster = reading.cluster
    result: AdditionalObjects = {
        "kind": kind,
        "namespace": namespace,
        "name": name,
        "served": True,
        "objects": [],
        "problem": None,
    }
    try:
        objects = [cluster.get(kind, name, namespace)] if name else cluster.list(kind, namespace)
    except ClusterError as error:
        if error.code in FATAL_CODES:
            raise
        if error.code not in ABSENT_CODES:
            found = error.problem(reading.mesh, f"{kind} {namespace or name}")
            result["problem"] = with_changes(found, severity="warning")
        result["served"] = error.code != "kind-missing"
    else:
        result["objects"] = [trim(obj) for obj in objects]
    return result
