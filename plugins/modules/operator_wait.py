#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: operator_wait
short_description: Wait until the operator of a Subscription is ready
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Waits, on watches, until the version that the Operator Lifecycle Manager installs for a Subscription has succeeded, and the
    kind ServiceMeshControlPlane is served.
  - The task fails when the operator is not ready after O(timeout).
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  namespace:
    description: Namespace of the Subscription.
    type: str
    required: true
  name:
    description: Name of the Subscription.
    type: str
    required: true
  timeout:
    description:
      - Seconds to wait, V(0) or more. With V(0) everything is read once.
      - In check mode everything is read once too, and an operator that is not ready does not fail the task.
    type: float
    default: 900
seealso:
  - module: ossm.federation.gateway_wait
"""

EXAMPLES = r"""
- name: Wait until the operator is ready
  ossm.federation.operator_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: openshift-operators
    name: servicemeshoperator

- name: Read once whether the operator is ready
  ossm.federation.operator_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: openshift-operators
    name: servicemeshoperator
    timeout: 0
    fail_on_problems: false
  register: operator

- name: Show what is missing
  ansible.builtin.debug:
    msg: "{{ operator.message }}"
  when: not operator.ready
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: red-mesh
ready:
  description: Whether the version has succeeded and the kind ServiceMeshControlPlane is served.
  returned: always
  type: bool
  sample: true
version:
  description: Name of the ClusterServiceVersion that is installed or being installed. Empty when there is none.
  returned: always
  type: str
  sample: servicemeshoperator.v2.5.2
message:
  description: What is missing, or V(ready).
  returned: always
  type: str
  sample: the install plan install-abc12 waits for approval
problems:
  description: What could not be read, and that the operator is not ready after O(timeout).
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of problem it is. The documentation has a section for each code.
      returned: always
      type: str
      sample: operator-not-ready
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
      sample: Subscription openshift-operators/servicemeshoperator
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: "not ready after 900 s: the install plan install-abc12 waits for approval"
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Check the conditions of the Subscription, its install plan and the operator's pod
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.operator_wait import ARGUMENT_SPEC, run
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
