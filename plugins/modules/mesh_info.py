#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_info
short_description: Read what service meshes are and have
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Reads control plane, trust, gateways, peers, service sets, platform and identity of one or several meshes of
    OpenShift Service Mesh 2.x, with at most fourteen requests each,
    and one or two for O(meshes[].services).
  - A mesh that cannot be read is a result with problems, not an error.
extends_documentation_fragment:
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  meshes:
    description: The meshes to read.
    type: list
    elements: dict
    required: true
    suboptions:
      host:
        description: Inventory host of the mesh; returned as it is. The mesh's name by default.
        type: str
      mesh:
        description: Name of the mesh, for messages.
        type: str
        required: true
      namespace:
        description: Namespace of the control plane.
        type: str
        required: true
      control_plane:
        description: Name of the ServiceMeshControlPlane. By default the only one of the namespace.
        type: str
      federation:
        description:
          - Whether what a federation needs is read. Without it only the control plane and its members are, and nothing of the
            cluster around them.
        type: bool
        default: true
      also:
        description: Objects to read besides, one request each. They are in RV(meshes[].also), in the same order.
        type: list
        elements: dict
        default: []
        suboptions:
          kind:
            description: A kind that this collection knows.
            type: str
            required: true
          namespace:
            description: The namespace; of all namespaces where it is not given.
            type: str
          name:
            description: The name; all of the kind where it is not given.
            type: str
      services:
        description:
          - Services whose labels and ports are to be read, as C(namespace/name), each part C(*) for any. They are in
            RV(meshes[].shared).
          - One request for each namespace besides that of the control plane; with more than two, one request for the Services
            of all namespaces. The namespace C(*) means the members of the mesh.
        type: list
        elements: str
        default: []
      auth:
        description:
          - How the cluster is reached; the authentication options of kubernetes.core, one for one.
          - A kubeconfig, a context, or a host with credentials must be named. Nothing is read from C(K8S_AUTH_*)
            variables, which are refused when set, and the account of a pod is never used.
        type: dict
        required: true
        suboptions:
          kubeconfig:
            description:
              - Path of a kubeconfig, or its content as a dictionary.
              - With O(meshes[].auth.context) alone the files named in E(KUBECONFIG) are read, else C(~/.kube/config).
            type: raw
          context:
            description: Context of the kubeconfig.
            type: str
          host:
            description: URL of the API server.
            type: str
          api_key:
            description: Token.
            type: str
          username:
            description: User name.
            type: str
          password:
            description: Password.
            type: str
          validate_certs:
            description: Whether the API server's certificate must be good.
            type: bool
          ca_cert:
            description: File with the authority of the API server's certificate.
            type: path
          client_cert:
            description: File with a client certificate.
            type: path
          client_key:
            description: File with the key of O(meshes[].auth.client_cert).
            type: path
          proxy:
            description: URL of a proxy.
            type: str
          no_proxy:
            description: Hosts that are reached without the proxy, comma separated.
            type: str
          proxy_headers:
            description: Headers for the proxy.
            type: dict
            suboptions:
              proxy_basic_auth:
                description: User name and password for the proxy, with a colon between.
                type: str
              basic_auth:
                description: User name and password for basic authentication, with a colon between.
                type: str
              user_agent:
                description: User agent to show.
                type: str
          persist_config:
            description: Whether tokens that were renewed are written back to the kubeconfig.
            type: bool
          impersonate_user:
            description: User to act as.
            type: str
          impersonate_groups:
            description: Groups to act as.
            type: list
            elements: str
  rights_for:
    description:
      - What the account is going to be used for. Then its rights in the namespace are asked for, with one
        SelfSubjectRulesReview, and with a SelfSubjectAccessReview for each needed right that it leaves open.
      - By default nobody asks.
    type: str
    choices: [export-identity, federate, federate-check, read]
requirements:
  - Python 3.9 or newer
  - kubernetes (Python package) 24.2 or newer
  - PyYAML (Python package)
notes:
  - With a local connection, without C(become) and C(async), the work is done in the controller's process; else where
    the task runs, and there the requirements must be met.
seealso:
  - module: ossm.federation.mesh_objects
  - module: ossm.federation.peer_info
"""

EXAMPLES = r"""
- name: Read a mesh
  ossm.federation.mesh_info:
    meshes:
      - mesh: red-mesh
        namespace: red-mesh-system
        auth:
          kubeconfig: ~/.kube/red
  register: read

- name: Show what is wrong with it
  ansible.builtin.debug:
    msg: "{{ read.meshes[0].problems }}"
"""

RETURN = r"""
meshes:
  description: What was read, in the order of O(meshes).
  returned: always
  type: list
  elements: dict
  contains:
    host:
      description: As given.
      type: str
    mesh:
      description: As given.
      type: str
    namespace:
      description: As given.
      type: str
    readable:
      description:
        - Whether everything that is needed of what was asked for could be read. What a federation can do without is a warning
          among RV(meshes[].problems).
      type: bool
    problems:
      description: What is wrong, each with code, severity, mesh, where, message and remedy.
      type: list
      elements: dict
    cluster_uid:
      description: UID of the namespace C(kube-system), which tells one cluster from another.
      type: str
    platform:
      description:
        - What the cluster runs on, with type (as Infrastructure calls it, or a variant), name (what an external platform
          calls itself), source (V(infrastructure), V(nodes), V(architecture) or V(none)), architectures and words that
          say why.
      type: dict
    openshift:
      description: The cluster's OpenShift, as V(version) (null where there is none, or it is not told) and V(message).
      type: dict
    rights:
      description:
        - Those rules of the account that concern the kinds which this collection reads or writes, as in a
          SelfSubjectRulesReview.
        - Null when nobody asked, or nothing was answered.
      type: list
      elements: dict
    nodes:
      description:
        - Nodes that are ready, with addresses (external ones, else internal), internal addresses, region, zone and
          architecture.
        - Only where no cloud makes load balancers, or a gateway is reached at node ports.
      type: list
      elements: dict
    control_plane:
      description:
        - The control plane, with name, uid, version, chart_version, operator_version, trust_domain (in force), trust_domain_set, cluster_name, ready,
          words, generation, observed_generation, additionalIngress, additionalEgress, owners (field managers by path),
          managers and object (without status).
        - Null when there is none.
      type: dict
    members:
      description: Namespaces of the mesh; null when the member roll does not tell them.
      type: list
      elements: str
    root:
      description: Root certificates of the mesh, PEM, each once, sorted by fingerprint.
      type: str
    fingerprints:
      description: SHA-256 of the roots, in hexadecimal.
      type: list
      elements: str
    roots:
      description:
        - The roots with C(sha256), C(subject), C(not_before), C(not_after), C(is_ca), and C(signed_by), the fingerprint of the
          certificate among them that signed it.
      type: list
      elements: dict
    services:
      description: Services of the additional gateways, by name.
      type: dict
    peers:
      description: The ServiceMeshPeers, with C(managers) instead of managedFields.
      type: list
      elements: dict
    exports:
      description: The ExportedServiceSets.
      type: list
      elements: dict
    imports:
      description: The ImportedServiceSets.
      type: list
      elements: dict
    config_maps:
      description: Config maps with root certificates of others.
      type: list
      elements: dict
    also:
      description:
        - What O(meshes[].also) asked for, each with C(objects).
        - Also C(served), which is false where the cluster has no such kind.
        - Also C(problem), which says why it could not be read; null where it could be.
      returned: when O(meshes[].also) asks for something
      type: list
      elements: dict
    shared:
      description:
        - What O(meshes[].services) asked for. C(services) are the Services that are there, but for those of type ExternalName, each with
          C(namespace), C(name), C(labels) where it has any, and C(ports) with C(name) and C(port).
        - C(unread) are requests that failed, with C(namespace) (null for all) and C(message). That is neither an error nor a
          warning.
      returned: when O(meshes[].services) asks for something
      type: dict
    istiod:
      description: The istiod pods with C(name) and C(started); null when they could not be read.
      type: list
      elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_info import ARGUMENT_SPEC, run


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.exit_json(**run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
