# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the modules that read a mesh. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of what is read in addition to the parts of a federation."""

    DOCUMENTATION = r"""
options:
  additional_services:
    description:
      - Services whose labels and ports are read in addition, as C(namespace/name), each part V(*) for any. They are returned as
        RV(ossm.federation.mesh_info#module:additional_services).
      - One request is sent for each namespace other than O(namespace). For more than two namespaces, one request lists the
        Services of the whole cluster. The namespace V(*) stands for the members of the mesh.
    type: list
    elements: str
    default: []
  additional_objects:
    description:
      - Objects that are read in addition, one request each. They are returned as
        RV(ossm.federation.mesh_info#module:additional_objects), in the same order.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: The kind.
        type: str
        choices:
          - AuthorizationPolicy
          - ClusterServiceVersion
          - ClusterVersion
          - ConfigMap
          - CustomResourceDefinition
          - DaemonSet
          - Deployment
          - DestinationRule
          - EndpointSlice
          - Event
          - ExportedServiceSet
          - Gateway
          - ImportedServiceSet
          - Infrastructure
          - Job
          - ManagedCluster
          - Namespace
          - Node
          - OperatorGroup
          - Pod
          - Service
          - ServiceEntry
          - ServiceMeshControlPlane
          - ServiceMeshMemberRoll
          - ServiceMeshPeer
          - Sidecar
          - StatefulSet
          - Subscription
          - VirtualService
        required: true
      namespace:
        description: The namespace. By default all namespaces.
        type: str
      name:
        description: The name. By default all objects of the kind.
        type: str
      optional:
        description: >-
          Whether it is no problem of the mesh when the objects cannot be read. The item says it all the same.
        type: bool
        default: false
  rights_for:
    description:
      - The playbook that the account is used for. The rights that it needs are read and returned as
        RV(ossm.federation.mesh_info#module:rights), with one SelfSubjectRulesReview, and one SelfSubjectAccessReview for each right
        that the review leaves open.
      - By default no rights are read.
    type: str
    choices: [doctor, export-identity, federate, federate-check, gather, read, remove, remove-service, rotate, share, status, trust-domain]
"""
