#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: gateway_wait
short_description: Wait for a control plane and the addresses of its ingress gateways
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Waits, on watches, until the control plane is ready at its current generation and every ingress gateway has an address.
  - While a load balancer is pending, the latest warning among the events of its Service is shown, every 15 seconds and at the
    end.
  - The task fails when something is missing after O(timeout). Then RV(gateways) has the state of every gateway.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._mesh.namespace
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  control_plane:
    description: Name of the ServiceMeshControlPlane.
    type: str
    required: true
  gateways:
    description: The ingress gateways. By default only the control plane is waited for.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the gateway, which is the name of its Service.
        type: str
        required: true
      exposure:
        description: The type that the Service must have. By default any type.
        type: str
        choices: [LoadBalancer, NodePort, ClusterIP]
      internal:
        description: Whether node ports are reached at the internal addresses of the nodes.
        type: bool
        default: false
      peer:
        description: Name of the mesh that uses the gateway, for messages.
        type: str
  nodes:
    description:
      - Nodes in the format of RV(ossm.federation.mesh_info#module:nodes), for node ports.
      - By default they are read when a gateway has the exposure V(NodePort).
    type: list
    elements: dict
    default: []
  known:
    description:
      - Values of an earlier result of M(ossm.federation.mesh_info). When nothing is missing in them, no request is sent.
      - Set it only when nothing has changed since.
    type: dict
    suboptions:
      control_plane:
        description: RV(ossm.federation.mesh_info#module:control_plane). Only C(ready) and C(message) have an effect.
        type: dict
      gateway_services:
        description: RV(ossm.federation.mesh_info#module:gateway_services).
        type: dict
  timeout:
    description:
      - Seconds to wait, V(0) or more. With V(0) everything is read once.
      - In check mode everything is read once too, and what is missing does not fail the task.
    type: float
    default: 600
seealso:
  - module: ossm.federation.operator_wait
  - module: ossm.federation.mesh_info
"""

EXAMPLES = r"""
- name: Wait until the control plane is ready
  ossm.federation.gateway_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    control_plane: red-mesh

- name: Wait for the address of the gateway that the green mesh uses
  ossm.federation.gateway_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    control_plane: red-mesh
    gateways:
      - name: ingress-green-mesh
        exposure: LoadBalancer
    timeout: 300
  register: red

- name: Show the address and ports for the ServiceMeshPeer of the green mesh
  ansible.builtin.debug:
    msg: "{{ red.gateways['ingress-green-mesh'] }}"

- name: Read once whether the gateway has an address, and continue in any case
  ossm.federation.gateway_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    control_plane: red-mesh
    gateways:
      - name: ingress-green-mesh
    timeout: 0
    fail_on_problems: false
  register: red
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: red-mesh
namespace:
  description: O(namespace) as it was given.
  returned: always
  type: str
  sample: red-mesh-system
ready:
  description: Whether the control plane is ready at its current generation.
  returned: always
  type: bool
  sample: true
message:
  description: What is missing, or V(ready).
  returned: always
  type: str
  sample: "ingress-green-mesh: its load balancer has no address yet"
gateways:
  description: By name of the gateway, C(addresses), C(discoveryPort) and C(servicePort), or C(pending) with the reason.
  returned: always
  type: dict
  sample: {ingress-green-mesh: {addresses: [192.0.2.20], discoveryPort: 8188, servicePort: 15443}}
problems:
  description: What could not be read (severity V(error)), and what is missing after O(timeout) (severity V(warning)).
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of problem it is. The documentation has a section for each code.
      returned: always
      type: str
      sample: no-address
    severity:
      description: How severe it is.
      returned: always
      type: str
      choices: [error, warning, info]
      sample: warning
    mesh:
      description: Name of the mesh.
      returned: always
      type: str
      sample: red-mesh
    peer:
      description: Name of the other mesh.
      returned: when the problem concerns one pair of meshes
      type: str
      sample: green-mesh
    where:
      description: The object or variable that the problem is about.
      returned: always
      type: str
      sample: Service red-mesh-system/ingress-green-mesh
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: "no address after 600 s: its load balancer has no address yet"
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Correct what the cloud reports, or use node ports (in the roles, set mesh_ingress.exposure to NodePort), and run again
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.gateway_wait import ARGUMENT_SPEC, run
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
