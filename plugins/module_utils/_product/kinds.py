# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the kinds of Kubernetes objects that the collection reads or writes."""

from __future__ import annotations

from typing import Dict, NamedTuple


class Kind(NamedTuple):
    """The place of a kind in the API: version (with its group), plural name, and whether its objects are in a namespace."""

    api_version: str
    plural: str
    namespaced: bool = True


#: The kinds that this collection reads or writes. Plurals and versions: the CRDs of maistra/api, openshift/api,
#: operator-framework/api, istio/api and open-cluster-management-io/api.
KINDS: Dict[str, Kind] = {
    "Namespace": Kind("v1", "namespaces", False),
    "Node": Kind("v1", "nodes", False),
    "ConfigMap": Kind("v1", "configmaps"),
    "Service": Kind("v1", "services"),
    "Pod": Kind("v1", "pods"),
    "Event": Kind("v1", "events"),
    "EndpointSlice": Kind("discovery.k8s.io/v1", "endpointslices"),
    "CustomResourceDefinition": Kind("apiextensions.k8s.io/v1", "customresourcedefinitions", False),
    "OperatorGroup": Kind("operators.coreos.com/v1", "operatorgroups"),
    "Subscription": Kind("operators.coreos.com/v1alpha1", "subscriptions"),
    "ClusterServiceVersion": Kind("operators.coreos.com/v1alpha1", "clusterserviceversions"),
    "Deployment": Kind("apps/v1", "deployments"),
    "StatefulSet": Kind("apps/v1", "statefulsets"),
    "DaemonSet": Kind("apps/v1", "daemonsets"),
    "Job": Kind("batch/v1", "jobs"),
    "Infrastructure": Kind("config.openshift.io/v1", "infrastructures", False),
    "ClusterVersion": Kind("config.openshift.io/v1", "clusterversions", False),
    "ManagedCluster": Kind("cluster.open-cluster-management.io/v1", "managedclusters", False),
    "ServiceMeshControlPlane": Kind("maistra.io/v2", "servicemeshcontrolplanes"),
    "ServiceMeshMemberRoll": Kind("maistra.io/v1", "servicemeshmemberrolls"),
    "ServiceMeshPeer": Kind("federation.maistra.io/v1", "servicemeshpeers"),
    "ExportedServiceSet": Kind("federation.maistra.io/v1", "exportedservicesets"),
    "ImportedServiceSet": Kind("federation.maistra.io/v1", "importedservicesets"),
    "VirtualService": Kind("networking.istio.io/v1beta1", "virtualservices"),
    "DestinationRule": Kind("networking.istio.io/v1beta1", "destinationrules"),
    "Sidecar": Kind("networking.istio.io/v1beta1", "sidecars"),
    "ServiceEntry": Kind("networking.istio.io/v1beta1", "serviceentries"),
    "Gateway": Kind("networking.istio.io/v1beta1", "gateways"),
    "AuthorizationPolicy": Kind("security.istio.io/v1beta1", "authorizationpolicies"),
    "SelfSubjectRulesReview": Kind("authorization.k8s.io/v1", "selfsubjectrulesreviews", False),
    "SelfSubjectAccessReview": Kind("authorization.k8s.io/v1", "selfsubjectaccessreviews", False),
}
