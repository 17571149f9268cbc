#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: workload_restart
short_description: Restart workloads and wait for them
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Restarts the pods of Deployments, StatefulSets and DaemonSets as C(kubectl rollout restart) does, and waits on watches until only
    new pods serve.
  - It is meant for gateways and workloads whose certificates are older than a change of the root certificate or the trust domain. Every
    call is a restart.
  - A workload that cannot be changed does not stop the others. The task fails when a restart is not complete after O(timeout).
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._attributes
  - ossm.federation._attributes.group
attributes:
  check_mode:
    support: full
    details:
      - Sends the changes as a dry run.
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Every call is a restart.
options:
  workloads:
    description: The workloads. With an empty list nothing is done.
    type: list
    elements: dict
    required: true
    suboptions:
      kind:
        description: Kind of the workload.
        type: str
        choices: [DaemonSet, Deployment, StatefulSet]
        default: Deployment
      namespace:
        description: Namespace of the workload.
        type: str
        required: true
      name:
        description: Name of the workload.
        type: str
        required: true
  timeout:
    description: Seconds to wait for the new pods of all workloads, V(0) or more.
    type: float
    default: 300
seealso:
  - module: ossm.federation.istiod_restart
"""

EXAMPLES = r"""
- name: Restart the gateways for the green mesh
  ossm.federation.workload_restart:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    workloads:
      - namespace: red-mesh-system
        name: ingress-green-mesh
      - namespace: red-mesh-system
        name: egress-green-mesh

- name: Restart a database, and continue in any case
  ossm.federation.workload_restart:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    workloads:
      - kind: StatefulSet
        namespace: bookinfo
        name: mongodb
    timeout: 600
    fail_on_problems: false
  register: restart

- name: Show what was restarted
  ansible.builtin.debug:
    var: restart.restarted
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: red-mesh
restarted:
  description: The workloads of which only new pods serve. Empty in check mode.
  returned: always
  type: list
  elements: str
  sample: [Deployment bookinfo/ratings]
message:
  description: What was done, or what is missing.
  returned: always
  type: str
  sample: Deployment bookinfo/ratings restarted
objects:
  description: The workloads that were changed, in the format of RV(ossm.federation.mesh_objects#module:objects).
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
      sample: ratings
    namespace:
      description: Namespace of the object. Null for an object of the cluster.
      returned: always
      type: str
      sample: bookinfo
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
      sample: Deployment bookinfo/ratings restarted
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
      sample: workload-late
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
      sample: Deployment bookinfo/ratings
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: "not restarted after 300 s: 1 of 2 pods are new"
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Look at its pods and their events, and run again
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish
from ansible_collections.ossm.federation.plugins.module_utils._modules.workload_restart import ARGUMENT_SPEC, run


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
