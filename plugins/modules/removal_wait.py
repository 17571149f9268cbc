#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: removal_wait
short_description: Wait until imports and exports are withdrawn and gateways are gone
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Waits, on watches, until the status of ImportedServiceSets and ExportedServiceSets lists no service, the Services of gateways do not exist,
    and the control plane is ready at its current generation.
  - A ServiceMeshPeer must not be deleted while its ExportedServiceSet exports a service. istiod would deadlock.
  - The task fails when something is left after O(timeout). Then RV(imports), RV(exports) and RV(gateways) say what.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._mesh.namespace
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  imports:
    description: The ImportedServiceSets. One that does not exist imports nothing, and a service that is only offered is not imported.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the ImportedServiceSet.
        type: str
        required: true
      peer:
        description: Name of the other mesh, for messages.
        type: str
      exported_names:
        description: The services that must not be imported any more, by exported name. Without it, all.
        type: list
        elements: str
        default: []
  exports:
    description: The ExportedServiceSets. One that does not exist exports nothing.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the ExportedServiceSet.
        type: str
        required: true
      peer:
        description: Name of the other mesh, for messages.
        type: str
      exported_names:
        description: The services that must not be exported any more, by exported name. Without it, all.
        type: list
        elements: str
        default: []
  gateways:
    description: The gateways that must be gone.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the gateway, which is the name of its Service.
        type: str
        required: true
      peer:
        description: Name of the other mesh, for messages.
        type: str
  control_plane:
    description: Name of the ServiceMeshControlPlane, where it must be ready again.
    type: str
  timeout:
    description:
      - Seconds to wait. With V(0) everything is read once.
      - In check mode everything is read once too, and what is left does not fail the task.
    type: float
    default: 300
seealso:
  - module: ossm.federation.mesh_objects
"""

EXAMPLES = r"""
- name: Empty the exports to the green mesh
  ossm.federation.mesh_objects:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    objects:
      - field_manager: ossm.federation/green-mesh
        definition:
          apiVersion: federation.maistra.io/v1
          kind: ExportedServiceSet
          metadata:
            name: green-mesh
            namespace: red-mesh-system
          spec:
            exportRules: []

- name: Wait until istiod has withdrawn them
  ossm.federation.removal_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    exports:
      - name: green-mesh

- name: Look whether the gateways are gone, and continue in any case
  ossm.federation.removal_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    control_plane: red-mesh
    gateways:
      - name: ingress-green-mesh
      - name: egress-green-mesh
    timeout: 0
    fail_on_problems: false
  register: removal

- name: Show what is left
  ansible.builtin.debug:
    var: removal.message
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
gone:
  description: Whether nothing is left.
  returned: always
  type: bool
  sample: true
message:
  description: What is left, or that nothing is.
  returned: always
  type: str
  sample: nothing is left
imports:
  description: By ImportedServiceSet, the exported names that are still imported.
  returned: always
  type: dict
  sample: {red-mesh: [ratings.red-mesh-bookinfo.svc.green-mesh-exports.local]}
exports:
  description: By ExportedServiceSet, the exported names that are left.
  returned: always
  type: dict
  sample: {green-mesh: [ratings.bookinfo.svc.green-mesh-exports.local]}
gateways:
  description: The gateways whose Services exist.
  returned: always
  type: list
  elements: str
  sample: [ingress-green-mesh]
problems:
  description: What could not be read (severity V(error)), and what is left after O(timeout).
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of problem it is. The documentation has a section for each code.
      returned: always
      type: str
      sample: gateway-remains
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
      sample: it still exists after 300 s
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Look at the conditions of the ServiceMeshControlPlane and at the operator
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish
from ansible_collections.ossm.federation.plugins.module_utils._modules.removal_wait import ARGUMENT_SPEC, run


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
