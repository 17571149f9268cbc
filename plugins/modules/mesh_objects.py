#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_objects
short_description: Create, change or remove objects of a mesh
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Applies a list of objects with server-side apply, one request each, or removes them.
  - When one object fails, the later objects of the same field manager are skipped, and all others are written.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._attributes
  - ossm.federation._attributes.group
attributes:
  check_mode:
    support: full
    details:
      - Every request is a dry run of the API server.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  objects:
    description: The objects, in the order in which they are written.
    type: list
    elements: dict
    required: true
    suboptions:
      definition:
        description:
          - The object, with the fields to own. C(apiVersion), C(kind) and C(metadata.name) are required, and C(metadata.namespace)
            unless the kind belongs to the whole cluster.
          - The kinds are those of O(ossm.federation.mesh_info#module:additional_objects[].kind).
          - With C(metadata.uid) only the object with this UID is changed, and none is created.
        type: dict
        required: true
      field_manager:
        description: The field manager that owns the fields. A name for each peer keeps pairs of meshes independent.
        type: str
        required: true
      peer:
        description: Name of the other mesh, when the object concerns one pair. It is returned.
        type: str
      live:
        description:
          - The live object as it was read before, for example by M(ossm.federation.mesh_info). RV(objects[].fields) is the difference
            from it, and no request is sent when there is none.
          - Where several items are about one object, as those of several field managers are, the first one suffices.
        type: dict
      unknown:
        description: Fields whose value is not known yet, by path, with the reason. Such an object is skipped outside check mode.
        type: dict
        default: {}
      later:
        description:
          - Why the API server cannot check the object yet, for example because its namespace does not exist.
          - In check mode an object without O(objects[].live) is then returned as created, without a request.
        type: str
      remove_fields:
        description:
          - Fields of a ServiceMeshControlPlane that are removed with O(state=absent) whoever owns them, by JSON pointer, each with its value.
          - Nothing is removed when a field has another value.
        type: dict
        default: {}
  state:
    description:
      - Whether the objects must exist.
      - With V(absent) only objects with the label C(app.kubernetes.io/managed-by=ossm.federation) are deleted. A
        ServiceMeshControlPlane is not deleted. Only its fields that O(objects[].field_manager) owns are removed.
    type: str
    choices: [present, absent]
    default: present
  force_conflicts:
    description: Whether fields that other field managers own are taken over.
    type: bool
    default: false
seealso:
  - module: ossm.federation.mesh_info
"""

EXAMPLES = r"""
- name: Export a service to the green mesh
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
            labels:
              app.kubernetes.io/managed-by: ossm.federation
          spec:
            exportRules:
              - type: NameSelector
                nameSelector:
                  namespace: bookinfo
                  name: ratings

- name: Remove the export
  ossm.federation.mesh_objects:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    state: absent
    objects:
      - field_manager: ossm.federation/green-mesh
        definition:
          apiVersion: federation.maistra.io/v1
          kind: ExportedServiceSet
          metadata:
            name: green-mesh
            namespace: red-mesh-system

- name: Adopt a ServiceMeshPeer that another field manager owns
  ossm.federation.mesh_objects:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    force_conflicts: true
    objects:
      - field_manager: ossm.federation/green-mesh
        definition:
          apiVersion: federation.maistra.io/v1
          kind: ServiceMeshPeer
          metadata:
            name: green-mesh
            namespace: red-mesh-system
          spec:
            remote:
              addresses: [192.0.2.20]

- name: Show what an apply would change, and fail when it would change anything
  ossm.federation.mesh_objects:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    objects: "{{ objects_for_green }}"
  check_mode: true
  diff: true
  register: export
  failed_when: export.problems | length > 0 or export is changed

- name: Write two pairs, and continue when one of them fails
  ossm.federation.mesh_objects:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    objects: "{{ objects_for_green + objects_for_blue }}"
    fail_on_problems: false
  register: written

- name: Show what was not written
  ansible.builtin.debug:
    msg: "{{ written.objects | selectattr('verb', 'in', ['failed', 'skipped']) }}"
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: red-mesh
objects:
  description: The result of each object, in the order of O(objects).
  returned: always
  type: list
  elements: dict
  contains:
    mesh:
      description: O(mesh) as it was given.
      returned: always
      type: str
      sample: red-mesh
    kind:
      description: Kind of the object.
      returned: always
      type: str
      sample: ExportedServiceSet
    name:
      description: Name of the object.
      returned: always
      type: str
      sample: green-mesh
    namespace:
      description: Namespace of the object. Null for an object of the cluster.
      returned: always
      type: str
      sample: red-mesh-system
    verb:
      description: What became of the object.
      returned: always
      type: str
      choices: [created, changed, unchanged, deleted, failed, skipped]
      sample: changed
    fields:
      description: Paths that differ from the object as it was before.
      returned: always
      type: list
      elements: str
      sample: ['spec.exportRules[0].type']
    peer:
      description: O(objects[].peer) as it was given, or null.
      returned: always
      type: str
      sample: green-mesh
    field_manager:
      description: The field manager that wrote the object.
      returned: always
      type: str
      sample: ossm.federation/green-mesh
    message:
      description: Why the object was skipped or failed, or what is not known yet.
      returned: always
      type: str
      sample: ""
    time:
      description: When this field manager last changed the object (RFC 3339, by the API server's clock), or null.
      returned: always
      type: str
      sample: "2026-11-22T10:00:05Z"
problems:
  description: The objects that could not be written.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of problem it is. The documentation has a section for each code.
      returned: always
      type: str
      sample: conflict
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
      sample: ExportedServiceSet red-mesh-system/green-mesh
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: "owned by other field managers: kubectl-edit has .spec.exportRules"
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: See that kubectl-edit does not write there any more, or set force_conflicts
diff:
  description: Each changed object before and after, as YAML.
  returned: in diff mode
  type: list
  elements: dict
  contains:
    before:
      description: The object before. Empty when it did not exist.
      returned: always
      type: str
      sample: ""
    after:
      description: The object after. Empty when it was deleted.
      returned: always
      type: str
      sample: "apiVersion: federation.maistra.io/v1\nkind: ExportedServiceSet\n"
    before_header:
      description: Mesh, object and field manager.
      returned: always
      type: str
      sample: "red-mesh: ExportedServiceSet red-mesh-system/green-mesh (ossm.federation/green-mesh)"
    after_header:
      description: The same as RV(diff[].before_header).
      returned: always
      type: str
      sample: "red-mesh: ExportedServiceSet red-mesh-system/green-mesh (ossm.federation/green-mesh)"
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_objects import ARGUMENT_SPEC, run
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug, diff=module._diff))


if __name__ == "__main__":
    main()
