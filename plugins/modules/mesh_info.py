#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_info
short_description: Read a service mesh and its federation
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Reads one mesh of OpenShift Service Mesh 2.x - its control plane, platform, root certificates, gateways, peers and service
    sets. Nothing is written.
  - It takes at most fourteen requests, two more where O(namespace) is not given and not all namespaces may be listed, one or
    two more for O(additional_services), and one for each item of O(additional_objects).
  - What a federation can do without is a warning among RV(problems) when it cannot be read. Everything else is an error.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._reading
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  namespace:
    description:
      - Namespace of the control plane.
      - By default it is that of the only control plane in the cluster, or of several that of the one called like O(mesh), by its
        name or by a namespace C(<mesh>-system). An error lists them where that is not clear.
      - Where the account may not list control planes in all namespaces, it is looked for in C(<mesh>-system), then in
        C(istio-system).
    type: str
  control_plane:
    description: Name of the ServiceMeshControlPlane. By default it is the only one in O(namespace).
    type: str
  subset:
    description:
      - The parts to read. The control plane is always read, since all other parts depend on it.
      - V(cluster) is the UID, platform, OpenShift version and nodes of the cluster.
      - V(control_plane) is the ServiceMeshControlPlane alone.
      - V(gateway_pods) are the pods of gateways. It is no part of V(all), which is what a federation needs.
      - V(gateways) are the Services of the additional gateways.
      - V(istiod) are the istiod pods.
      - V(members) are the namespaces of the mesh.
      - V(peers) are the ServiceMeshPeers.
      - V(roots) are the root certificates of the mesh, and the ConfigMaps with those of its peers.
      - V(sets) are the ExportedServiceSets and ImportedServiceSets.
      - V(sharing) are the ExportedServiceSets and ImportedServiceSets for an account that may read nothing else, and the ServiceMeshPeers
        where it may. It needs no control plane, and no other part can stand beside it.
    type: list
    elements: str
    choices: [all, cluster, control_plane, gateway_pods, gateways, istiod, members, peers, roots, sets, sharing]
    default: [all]
  require_control_plane:
    description:
      - With V(false) a mesh is readable too whose namespace has no control plane any more, or whose own root certificate is invalid. That is
        enough to remove what a federation has left there. What is missing is a warning.
    type: bool
    default: true
seealso:
  - module: ossm.federation.mesh_objects
  - module: ossm.federation.peer_info
  - module: ossm.federation.peer_wait
"""

EXAMPLES = r"""
- name: Read a mesh
  ossm.federation.mesh_info:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
  register: red

- name: Find the only mesh of a cluster, and read it
  ossm.federation.mesh_info:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
  register: red

- name: Show the trust domain and the fingerprints of the root certificates
  ansible.builtin.debug:
    msg: "{{ red.control_plane.trust_domain }} {{ red.fingerprints | join(' ') }}"

- name: Wait until the control plane is ready at its current generation
  ossm.federation.mesh_info:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    subset: [control_plane]
  register: red
  until: red.control_plane.ready | default(false)
  retries: 20
  delay: 15

- name: Fail when the mesh exports a service that is not there
  ossm.federation.mesh_info:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    subset: [sets]
    additional_services: [bookinfo/ratings]
  register: red
  failed_when: red.additional_services.services | length == 0

- name: Read a mesh that may be unreachable, and continue
  ossm.federation.mesh_info:
    auth:
      context: blue
    mesh: blue-mesh
    namespace: blue-mesh-system
    fail_on_problems: false
  register: blue

# A complete playbook: the result of mesh_info is the input of peer_wait.
- name: Wait until all peers of the red mesh are connected
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/ossm.federation.federation:
      auth:
        kubeconfig: ~/.kube/red
      mesh: red-mesh
      namespace: red-mesh-system
  tasks:
    - name: Read the mesh
      ossm.federation.mesh_info:
      register: red
    - name: Wait for its peers
      ossm.federation.peer_wait:
        links: "{{ red.links }}"
        timeout: 120
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: red-mesh
namespace:
  description: O(namespace) as it was given or found; empty where it was not found.
  returned: always
  type: str
  sample: red-mesh-system
readable:
  description: Whether everything that was asked for and that a federation needs could be read.
  returned: always
  type: bool
  sample: true
problems:
  description: What could not be read or is wrong.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of problem it is. The documentation has a section for each code.
      returned: always
      type: str
      sample: unreachable
    severity:
      description: How severe it is.
      returned: always
      type: str
      choices: [error, warning, info]
      sample: error
    mesh:
      description: Name of the mesh.
      returned: always
      type: str
      sample: red-mesh
    where:
      description: The object or variable that the problem is about.
      returned: always
      type: str
      sample: API server of red-mesh
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: "https://red.example:6443 refuses the connection"
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Start the API server, or correct the address and port
cluster_uid:
  description: UID of the namespace C(kube-system), which identifies the cluster. Null when it is not known.
  returned: always
  type: str
  sample: 0d1c0a9e-6f5b-4a0e-9c3e-3f6a1f0d6c11
platform:
  description: The platform of the cluster.
  returned: always
  type: dict
  contains:
    type:
      description: The type as the Infrastructure object names it, or a variant of it. Empty when it is not known.
      returned: always
      type: str
      sample: AWS
    name:
      description: The name that an external platform gives itself.
      returned: always
      type: str
      sample: oci
    source:
      description: What reports the type.
      returned: always
      type: str
      choices: [infrastructure, nodes, architecture, none]
      sample: infrastructure
    architectures:
      description: Architectures of the nodes, where nodes were read.
      returned: always
      type: list
      elements: str
      sample: [amd64]
    message:
      description: The platform and its source, in words.
      returned: always
      type: str
      sample: AWS (Infrastructure)
openshift:
  description: The version of OpenShift.
  returned: always
  type: dict
  contains:
    version:
      description: The version. Null for another Kubernetes, or when it is not known.
      returned: always
      type: str
      sample: 4.16.20
    message:
      description: The version in words.
      returned: always
      type: str
      sample: OpenShift 4.16.20
rights:
  description:
    - The rules of the account for kinds that this collection reads or writes, as in a SelfSubjectRulesReview.
    - Null without O(rights_for), or when they could not be read.
  returned: always
  type: list
  elements: dict
  sample: [{verbs: [get, patch], apiGroups: [maistra.io], resources: [servicemeshcontrolplanes]}]
nodes:
  description: The nodes that are ready, where no cloud makes load balancers or a gateway is reached at node ports.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the node.
      returned: always
      type: str
      sample: worker-1
    addresses:
      description: The external addresses, or the internal ones when there are no external ones.
      returned: always
      type: list
      elements: str
      sample: [192.0.2.10]
    internal:
      description: The internal addresses.
      returned: always
      type: list
      elements: str
      sample: [10.0.0.10]
    region:
      description: The region, or null.
      returned: always
      type: str
      sample: us-east-1
    zone:
      description: The zone, or null.
      returned: always
      type: str
      sample: us-east-1a
    arch:
      description: The architecture, or null.
      returned: always
      type: str
      sample: amd64
control_plane:
  description: The control plane. Null when it does not exist or could not be read.
  returned: always
  type: dict
  contains:
    name:
      description: Name of the ServiceMeshControlPlane.
      returned: always
      type: str
      sample: red-mesh
    uid:
      description: UID of the ServiceMeshControlPlane.
      returned: always
      type: str
      sample: 5f0e6a5e-2f9f-4d2a-8e0e-6a8f2f0a7c11
    version:
      description: The version of the product, as the spec or the status has it.
      returned: always
      type: str
      sample: v2.5
    chart_version:
      description: The version of the charts, with the patch level.
      returned: always
      type: str
      sample: 2.5.2
    operator_version:
      description: The version of the operator that reconciled it last.
      returned: always
      type: str
      sample: 2.5.2-0
    trust_domain:
      description: The trust domain in force.
      returned: always
      type: str
      sample: red-mesh.local
    trust_domain_set:
      description: Whether the spec sets a trust domain.
      returned: always
      type: bool
      sample: true
    cluster_name:
      description: The name of the cluster in the mesh.
      returned: always
      type: str
      sample: Kubernetes
    ready:
      description: Whether it is ready at its current generation.
      returned: always
      type: bool
      sample: true
    message:
      description: Why it is not ready, or V(ready).
      returned: always
      type: str
      sample: ready
    generation:
      description: The current generation.
      returned: always
      type: int
      sample: 4
    observed_generation:
      description: The generation that the operator has observed.
      returned: always
      type: int
      sample: 4
    additionalIngress:
      description: The additional ingress gateways, as in the spec.
      returned: always
      type: dict
      sample: {ingress-green-mesh: {enabled: true}}
    additionalEgress:
      description: The additional egress gateways, as in the spec.
      returned: always
      type: dict
      sample: {egress-green-mesh: {enabled: true}}
    owners:
      description: Field managers by the path of the trust domain or of an additional gateway.
      returned: always
      type: dict
      sample: {spec.gateways.additionalIngress.ingress-green-mesh: [ossm.federation/green-mesh]}
    managers:
      description: All field managers of the object.
      returned: always
      type: list
      elements: str
      sample: [kubectl-edit, ossm.federation/green-mesh]
    object:
      description: The object without its status.
      returned: always
      type: dict
      sample: {apiVersion: maistra.io/v2, kind: ServiceMeshControlPlane, metadata: {name: red-mesh}, spec: {version: v2.5}}
members:
  description: Namespaces of the mesh. Null when the member roll does not list them or could not be read.
  returned: always
  type: list
  elements: str
  sample: [bookinfo]
root:
  description: The root certificates of the mesh in PEM format, each once, sorted by fingerprint.
  returned: always
  type: str
  sample: "-----BEGIN CERTIFICATE-----\nMIIC...\n-----END CERTIFICATE-----\n"
root_changed:
  description: When the mesh last changed the root certificates that it publishes (RFC 3339). Null when unknown.
  returned: always
  type: str
  sample: "2026-01-31T00:00:00Z"
fingerprints:
  description: SHA-256 fingerprints of the root certificates, in hexadecimal.
  returned: always
  type: list
  elements: str
  sample: [9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08]
roots:
  description: The root certificates.
  returned: always
  type: list
  elements: dict
  contains:
    sha256:
      description: The fingerprint.
      returned: always
      type: str
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    subject:
      description: The subject.
      returned: always
      type: str
      sample: O=cluster.local
    not_before:
      description: When the certificate becomes valid (UTC).
      returned: always
      type: str
      sample: "2026-01-31T00:00:00Z"
    not_after:
      description: When the certificate expires (UTC).
      returned: always
      type: str
      sample: "2036-01-29T00:00:00Z"
    is_ca:
      description: Whether it is the certificate of a CA.
      returned: always
      type: bool
      sample: true
    signed_by:
      description: Fingerprint of the certificate among RV(roots) that signed it, or null.
      returned: always
      type: str
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
gateway_services:
  description: The Services of the additional gateways, and of other gateways that a peer names, by name.
  returned: always
  type: dict
  sample: {ingress-green-mesh: {apiVersion: v1, kind: Service, metadata: {name: ingress-green-mesh}, spec: {type: LoadBalancer}}}
leftover_gateways:
  description: The Services of gateways of this collection that the control plane does not have any more. The operator removes them.
  returned: always
  type: list
  elements: str
  sample: []
peers:
  description: The ServiceMeshPeers, with C(managers) and C(applied) instead of C(managedFields).
  returned: always
  type: list
  elements: dict
  sample: [{apiVersion: federation.maistra.io/v1, kind: ServiceMeshPeer, metadata: {name: green-mesh}, spec: {}}]
links:
  description:
    - One item for each of RV(peers), for O(ossm.federation.peer_wait#module:links) and
      O(ossm.federation.peer_info#module:links).
  returned: always
  type: list
  elements: dict
  contains:
    peer_name:
      description: Name of the ServiceMeshPeer.
      returned: always
      type: str
      sample: green-mesh
exports:
  description: The ExportedServiceSets, in the same format as RV(peers).
  returned: always
  type: list
  elements: dict
  sample: [{apiVersion: federation.maistra.io/v1, kind: ExportedServiceSet, metadata: {name: green-mesh}, spec: {exportRules: []}}]
imports:
  description: The ImportedServiceSets, in the same format as RV(peers).
  returned: always
  type: list
  elements: dict
  sample: [{apiVersion: federation.maistra.io/v1, kind: ImportedServiceSet, metadata: {name: green-mesh}, spec: {importRules: []}}]
config_maps:
  description: The ConfigMaps with root certificates of peers, in the same format as RV(peers).
  returned: always
  type: list
  elements: dict
  sample: [{apiVersion: v1, kind: ConfigMap, metadata: {name: green-mesh-ca-root-cert}, data: {}}]
gateway_pods:
  description:
    - The pods of gateways that are not being deleted, by gateway, each with its C(name), whether it is C(ready), and as C(message) why it is
      not. Null when they could not be read.
  returned: when O(subset) contains V(gateway_pods)
  type: dict
  sample:
    ingress-green-mesh: [{name: ingress-green-mesh-6d5f9c7b8d-4k2lm, ready: true, message: ""}]
istiod:
  description: The istiod pods that are not being deleted. Null when they could not be read.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the pod.
      returned: always
      type: str
      sample: istiod-red-mesh-7d9f8c6b5-x2x7k
    started:
      description: When the pod started (RFC 3339), or null.
      returned: always
      type: str
      sample: "2026-11-22T10:00:05Z"
additional_objects:
  description: The objects that O(additional_objects) asks for, in its order. Each item has kind, namespace and name of the option too.
  returned: when O(additional_objects) is not empty
  type: list
  elements: dict
  contains:
    objects:
      description: The objects, in the same format as RV(peers).
      returned: always
      type: list
      elements: dict
      sample: []
    served:
      description: Whether the cluster has the kind.
      returned: always
      type: bool
      sample: true
    problem:
      description: Why the objects could not be read, in the format of RV(problems). Null when they could.
      returned: always
      type: dict
      sample:
additional_services:
  description: The Services that O(additional_services) asks for.
  returned: when O(additional_services) is not empty
  type: dict
  contains:
    services:
      description: The existing Services, except those of type ExternalName.
      returned: always
      type: list
      elements: dict
      sample: [{namespace: bookinfo, name: ratings, labels: {app: ratings}, ports: [{name: http, port: 9080}]}]
    unread:
      description: The requests that failed, with the namespace (null for all namespaces) and the message. They are not among RV(problems).
      returned: always
      type: list
      elements: dict
      sample: [{namespace: bookinfo, message: may not list services}]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info import ARGUMENT_SPEC, run
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
