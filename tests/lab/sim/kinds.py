# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds that the simulator reads and writes."""

from __future__ import annotations

from kubernetes_asyncio.dynamic.resource import Resource

#: kind -> (group, version, plural, namespaced, watched)
KINDS: dict[str, tuple[str, str, str, bool, bool]] = {
    "Namespace": ("", "v1", "namespaces", False, True),
    "Node": ("", "v1", "nodes", False, True),
    "Service": ("", "v1", "services", True, True),
    "Pod": ("", "v1", "pods", True, True),
    "ConfigMap": ("", "v1", "configmaps", True, True),
    "Secret": ("", "v1", "secrets", True, True),
    "ServiceAccount": ("", "v1", "serviceaccounts", True, False),
    "Event": ("", "v1", "events", True, False),
    "Deployment": ("apps", "v1", "deployments", True, True),
    "StatefulSet": ("apps", "v1", "statefulsets", True, True),
    "DaemonSet": ("apps", "v1", "daemonsets", True, True),
    "Job": ("batch", "v1", "jobs", True, True),
    "HorizontalPodAutoscaler": ("autoscaling", "v2", "horizontalpodautoscalers", True, False),
    "PodDisruptionBudget": ("policy", "v1", "poddisruptionbudgets", True, False),
    "Role": ("rbac.authorization.k8s.io", "v1", "roles", True, False),
    "RoleBinding": ("rbac.authorization.k8s.io", "v1", "rolebindings", True, False),
    "NetworkPolicy": ("networking.k8s.io", "v1", "networkpolicies", True, False),
    "Route": ("route.openshift.io", "v1", "routes", True, False),
    "MutatingWebhookConfiguration": (
        "admissionregistration.k8s.io",
        "v1",
        "mutatingwebhookconfigurations",
        False,
        False,
    ),
    "ValidatingWebhookConfiguration": (
        "admissionregistration.k8s.io",
        "v1",
        "validatingwebhookconfigurations",
        False,
        False,
    ),
    "CustomResourceDefinition": ("apiextensions.k8s.io", "v1", "customresourcedefinitions", False, False),
    "Subscription": ("operators.coreos.com", "v1alpha1", "subscriptions", True, True),
    "ClusterServiceVersion": ("operators.coreos.com", "v1alpha1", "clusterserviceversions", True, True),
    "OperatorGroup": ("operators.coreos.com", "v1", "operatorgroups", True, True),
    "ServiceMeshControlPlane": ("maistra.io", "v2", "servicemeshcontrolplanes", True, True),
    "ServiceMeshMemberRoll": ("maistra.io", "v1", "servicemeshmemberrolls", True, True),
    "ServiceMeshPeer": ("federation.maistra.io", "v1", "servicemeshpeers", True, True),
    "ExportedServiceSet": ("federation.maistra.io", "v1", "exportedservicesets", True, True),
    "ImportedServiceSet": ("federation.maistra.io", "v1", "importedservicesets", True, True),
}
WATCHED = [kind for kind, row in KINDS.items() if row[4]]


def _resource(kind: str) -> Resource:
    group, version, plural, namespaced = KINDS[kind][:4]
    return Resource(
        prefix="apis" if group else "api",
        group=group,
        api_version=version,
        kind=kind,
        name=plural,
        namespaced=namespaced,
    )


RESOURCES = {kind: _resource(kind) for kind in KINDS}


def api_version(kind: str) -> str:
    """Return the apiVersion of a kind."""
    return str(RESOURCES[kind].group_version)
