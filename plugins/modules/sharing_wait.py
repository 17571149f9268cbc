#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: sharing_wait
short_description: Wait until service sets are exported and imported
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Waits, on watches, until the status of ExportedServiceSets and ImportedServiceSets shows what their rules say.
  - An account with rights on these two kinds is enough. Whether the link is up shows only in what is imported.
  - istiod lists exports at once. It reads changed import rules within two minutes (2.5), or seven (2.4 and earlier), unless the
    ServiceMeshPeer is written too.
  - The task fails when something is missing after O(timeout). Then RV(exports) and RV(imports) say what.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._mesh.namespace
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  exports:
    description: The ExportedServiceSets.
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
        description: The services that must be listed, by exported name. What the status lists besides must only fit the rules.
        type: list
        elements: str
        default: []
  imports:
    description: The ImportedServiceSets.
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
      offered:
        description:
          - What the other mesh exports, by exported name. Of these, and of what the status lists as offered, that which the rules import
            must be imported.
        type: list
        elements: str
        default: []
  timeout:
    description:
      - Seconds to wait. With V(0) everything is read once.
      - In check mode everything is read once too, and what is missing does not fail the task.
    type: float
    default: 300
seealso:
  - module: ossm.federation.mesh_objects
  - module: ossm.federation.peer_wait
"""

EXAMPLES = r"""
- name: Wait until the red mesh lists its exports
  ossm.federation.sharing_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    exports:
      - name: green-mesh
        exported_names: [ratings.bookinfo.svc.green-mesh-exports.local]
  register: red

- name: Wait until the green mesh has imported them
  ossm.federation.sharing_wait:
    auth:
      kubeconfig: ~/.kube/green
    mesh: green-mesh
    namespace: green-mesh-system
    imports:
      - name: red-mesh
        offered: "{{ red.exports[0].exported | map(attribute='exportedName') }}"
    timeout: 480
  register: green

- name: Show the host names that consumers use
  ansible.builtin.debug:
    var: green.imports[0].imported
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: green-mesh
namespace:
  description: O(namespace) as it was given.
  returned: always
  type: str
  sample: green-mesh-system
shared:
  description: Whether nothing is missing.
  returned: always
  type: bool
  sample: true
message:
  description: What is missing, or that nothing is.
  returned: always
  type: str
  sample: everything is exported and imported
exports:
  description: The ExportedServiceSets of O(exports), in the same order.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the ExportedServiceSet.
      returned: always
      type: str
      sample: green-mesh
    peer:
      description: Name of the other mesh as it was given.
      returned: always
      type: str
      sample: green-mesh
    exported:
      description: The services that its status lists.
      returned: always
      type: list
      elements: dict
      contains:
        exportedName:
          description: Exported name.
          returned: always
          type: str
          sample: ratings.bookinfo.svc.green-mesh-exports.local
        hostname:
          description: Host name in this mesh.
          returned: always
          type: str
          sample: ratings.bookinfo.svc.cluster.local
    missing:
      description: Services that its status should list, by exported name.
      returned: always
      type: list
      elements: str
      sample: []
    stale:
      description: Services that its status lists and no rule exports, by exported name.
      returned: always
      type: list
      elements: str
      sample: []
imports:
  description: The ImportedServiceSets of O(imports), in the same order.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: Name of the ImportedServiceSet.
      returned: always
      type: str
      sample: red-mesh
    peer:
      description: Name of the other mesh as it was given.
      returned: always
      type: str
      sample: red-mesh
    imported:
      description: The services that are imported.
      returned: always
      type: list
      elements: dict
      contains:
        exportedName:
          description: Exported name.
          returned: always
          type: str
          sample: ratings.bookinfo.svc.green-mesh-exports.local
        hostname:
          description: Host name in this mesh.
          returned: always
          type: str
          sample: ratings.bookinfo.svc.red-mesh-imports.local
    missing:
      description: Offered services that its rules import and its status does not show so, by exported name.
      returned: always
      type: list
      elements: str
      sample: []
    stale:
      description: Services that are imported and no rule imports, by exported name.
      returned: always
      type: list
      elements: str
      sample: []
problems:
  description: What could not be read (severity V(error)), and what is missing after O(timeout).
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of problem it is. The documentation has a section for each code.
      returned: always
      type: str
      sample: not-imported
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
      sample: green-mesh
    peer:
      description: Name of the other mesh.
      returned: when the problem concerns one pair of meshes
      type: str
      sample: red-mesh
    where:
      description: The object or variable that the problem is about.
      returned: always
      type: str
      sample: ImportedServiceSet green-mesh-system/red-mesh
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: 'after 300 s: not imported yet: ratings.bookinfo.svc.green-mesh-exports.local'
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Compare the export and import rules of the two meshes, or wait longer
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish
from ansible_collections.ossm.federation.plugins.module_utils._modules.sharing_wait import ARGUMENT_SPEC, run


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
