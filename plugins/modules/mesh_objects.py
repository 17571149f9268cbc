#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_objects
short_description: Bring objects of one mesh to the wished state
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Applies a list of objects by server-side apply, one request each, or removes them.
  - When one object fails, the later ones of the same field manager are skipped; all others go on. The task does not
    fail; see RV(problems).
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._attributes
  - ossm.federation._attributes.group
attributes:
  check_mode:
    support: full
    details:
      - Every request is the API server's own dry run.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  mesh:
    description: Name of the mesh, for messages.
    type: str
    required: true
  objects:
    description: The objects, in the order in which they are handled.
    type: list
    elements: dict
    required: true
    suboptions:
      definition:
        description:
          - The fields to own, as a Kubernetes object.
          - With C(metadata.uid) only that very object is changed, and none is created.
        type: dict
        required: true
      field_manager:
        description: Name under which the fields are owned.
        type: str
        required: true
      peer:
        description: The other mesh, when the object is about one; returned as it is.
        type: str
      live:
        description: The live object as it was read; changes are reported in comparison with it.
        type: dict
      unknown:
        description: Fields whose value is not known yet, with the reason. Outside check mode such an object is skipped.
        type: dict
        default: {}
      later:
        description:
          - Why the API server cannot rehearse the object yet, for instance that its namespace is not there.
          - In check mode an object that was not there O(objects[].live) is then told as created, without a request.
        type: str
  state:
    description:
      - Whether the objects shall be there.
      - With V(absent) only objects with the label C(app.kubernetes.io/managed-by=ossm.federation) are deleted; from a
        ServiceMeshControlPlane only the fields of O(objects[].field_manager) go.
    type: str
    choices: [present, absent]
    default: present
  force_conflicts:
    description: Whether fields are taken over from other field managers.
    type: bool
    default: false
seealso:
  - module: ossm.federation.mesh_info
"""

EXAMPLES = r"""
- name: Export nothing yet to the green mesh
  ossm.federation.mesh_objects:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    objects:
      - definition:
          apiVersion: federation.maistra.io/v1
          kind: ExportedServiceSet
          metadata:
            name: green-mesh
            namespace: red-mesh-system
          spec:
            exportRules: []
        field_manager: ossm.federation/green-mesh
"""

RETURN = r"""
objects:
  description: How each object ended.
  returned: always
  type: list
  elements: dict
  contains:
    mesh:
      description: As given.
      type: str
    kind:
      description: Kind of the object.
      type: str
    name:
      description: Name of the object.
      type: str
    namespace:
      description: Namespace of the object.
      type: str
    verb:
      description: One of V(created), V(changed), V(unchanged), V(deleted), V(failed) and V(skipped).
      type: str
    fields:
      description: Paths that differ from before.
      type: list
      elements: str
    peer:
      description: As given.
      type: str
    field_manager:
      description: As given.
      type: str
    message:
      description: Why it was skipped or failed, or what is not known yet.
      type: str
    time:
      description: When this field manager last changed the object, by the API server's clock.
      type: str
problems:
  description: What failed, each with code, severity, mesh, peer, where, message and remedy.
  returned: always
  type: list
  elements: dict
diff:
  description: Each changed object before and after, as YAML.
  returned: in diff mode
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_objects import ARGUMENT_SPEC, run


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.exit_json(**run(module.params, module.check_mode, module.debug, diff=module._diff))


if __name__ == "__main__":
    main()
