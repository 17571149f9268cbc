#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: istiod_restart
short_description: Restart the istiod of a control plane and wait for it
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Restarts the istiod pods of a control plane one by one, as C(kubectl rollout restart) does, and waits on a watch until only
    new pods serve.
  - It is meant for changes that a running istiod does not accept. Every call is a restart.
  - The task fails when the restart is not complete after O(timeout).
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._mesh.namespace
  - ossm.federation._attributes
  - ossm.federation._attributes.group
attributes:
  check_mode:
    support: full
    details:
      - Sends the change as a dry run.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every call is a restart.
options:
  control_plane:
    description: Name of the ServiceMeshControlPlane. The name of the Deployment is C(istiod-) and this name.
    type: str
    required: true
  timeout:
    description: Seconds to wait for the new pods, V(0) or more.
    type: float
    default: 300
seealso:
  - module: ossm.federation.peer_wait
"""

EXAMPLES = r"""
- name: Restart istiod
  ossm.federation.istiod_restart:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    control_plane: red-mesh
  register: restart

- name: Wait until the links are connected again, as the new pods report it
  ossm.federation.peer_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    expect:
      pods: "{{ restart.pods }}"

- name: Restart istiod only when a link needs it
  ossm.federation.istiod_restart:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    control_plane: red-mesh
    timeout: 120
  when: red.links | selectattr('suspect') | length > 0
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: red-mesh
restarted:
  description: Whether only new pods serve.
  returned: always
  type: bool
  sample: true
pods:
  description: Names of the istiod pods after the restart. Empty when it is not complete, or in check mode.
  returned: always
  type: list
  elements: str
  sample: [istiod-red-mesh-7d9f8c6b5-x2x7k]
message:
  description: What was done, or what is missing.
  returned: always
  type: str
  sample: istiod was restarted
objects:
  description: The Deployment, when it was changed, in the format of RV(ossm.federation.mesh_objects#module:objects).
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
      sample: Deployment
    name:
      description: Name of the object.
      returned: always
      type: str
      sample: istiod-red-mesh
    namespace:
      description: Namespace of the object. Null for an object of the cluster.
      returned: always
      type: str
      sample: red-mesh-system
    verb:
      description: Always V(changed).
      returned: always
      type: str
      sample: changed
    fields:
      description: Paths that differ from the object as it was before.
      returned: always
      type: list
      elements: str
      sample: ['spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"]']
    peer:
      description: Always null.
      returned: always
      type: str
      sample:
    field_manager:
      description: The field manager that wrote the object.
      returned: always
      type: str
      sample: ossm.federation
    message:
      description: The same as RV(message).
      returned: always
      type: str
      sample: istiod was restarted
    time:
      description: Always null.
      returned: always
      type: str
      sample:
problems:
  description: What could not be done.
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of problem it is. The documentation has a section for each code.
      returned: always
      type: str
      sample: restart-late
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
      sample: Deployment red-mesh-system/istiod-red-mesh
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: "not restarted after 300 s: 1 of 2 pods are new"
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Check the istiod pods and their events
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.istiod_restart import ARGUMENT_SPEC, run
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
