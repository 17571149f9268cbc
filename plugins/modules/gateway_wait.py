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
  - Waits, on watches, until the control plane is ready at its present generation and every ingress gateway has
    an address.
  - A wait that lasts says why, every 15 seconds and at its end, by the newest warning among the events of the Service.
  - What is not there in time is told in the result; the task does not fail.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  mesh:
    description: Name of the mesh, for messages.
    type: str
    required: true
  namespace:
    description: Namespace of the control plane.
    type: str
    required: true
  control_plane:
    description: Name of the ServiceMeshControlPlane.
    type: str
    required: true
  gateways:
    description: The ingress gateways.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the gateway, which is that of its Service.
        type: str
        required: true
      exposure:
        description: The type that the Service shall have; any type when not given.
        type: str
        choices: [LoadBalancer, NodePort, ClusterIP]
      internal:
        description: Whether node ports are reached at the internal addresses of the nodes.
        type: bool
        default: false
      peer:
        description: The mesh that the gateway is for.
        type: str
  nodes:
    description:
      - Nodes as RV(ossm.federation.mesh_info#module:meshes[].nodes) has them, for node ports. Read when not given.
    type: list
    elements: dict
    default: []
  known:
    description:
      - What was read before, with the keys C(control_plane) and C(services) of
        RV(ossm.federation.mesh_info#module:meshes). When everything is good in it, no request is made.
      - Give it only when nothing was changed since.
    type: dict
    default: {}
  operator:
    description:
      - The Subscription of the operator. When it is given, only the operator is waited for - that its version has succeeded and
        its kinds are served.
      - An operator that is not there in time is a problem of severity error, since nothing of a mesh can be made before.
    type: dict
    suboptions:
      namespace:
        description: Namespace of the Subscription.
        type: str
        required: true
      name:
        description: Name of the Subscription.
        type: str
        required: true
  timeout:
    description: Seconds to wait. V(0), or check mode, looks once.
    type: float
    default: 600
"""

EXAMPLES = r"""
- name: Wait for the gateway that the green mesh will use
  ossm.federation.gateway_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    control_plane: red-mesh
    gateways:
      - name: ingress-green-mesh
        exposure: LoadBalancer
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
ready:
  description: Whether the control plane is ready at its present generation, or the operator is there.
  returned: always
  type: bool
message:
  description: What is still missing, or V(ready).
  returned: always
  type: str
gateways:
  description: By gateway C(addresses), C(discoveryPort) and C(servicePort), or C(waiting) with the reason.
  returned: always
  type: dict
problems:
  description: What could not be read (severity error), and what was not there in time (severity warning).
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.gateway_wait import ARGUMENT_SPEC, run


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.exit_json(**run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
