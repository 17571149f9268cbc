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
  - Restarts the istiod pods of a control plane one after the other, as C(kubectl rollout restart) does, and waits on a watch
    until only new pods serve.
  - Meant for what a running istiod does not take up by itself. It restarts whenever it is called.
  - What is not done in time is told in the result; the task does not fail.
extends_documentation_fragment:
  - ossm.federation._auth
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
  mesh:
    description: Name of the mesh, for messages.
    type: str
    required: true
  namespace:
    description: Namespace of the control plane.
    type: str
    required: true
  control_plane:
    description: Name of the ServiceMeshControlPlane; the Deployment is called C(istiod-) and this name.
    type: str
    required: true
  timeout:
    description: Seconds to wait for the new pods.
    type: float
    default: 300
seealso:
  - module: ossm.federation.peer_wait
"""

EXAMPLES = r"""
- name: Restart the istiod of red
  ossm.federation.istiod_restart:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    control_plane: red-mesh
"""

RETURN = r"""
restarted:
  description: Whether only new pods serve.
  returned: always
  type: bool
pods:
  description: Names of the istiod pods after the restart; empty when it is not complete, or in check mode.
  returned: always
  type: list
  elements: str
message:
  description: What was done, or what is still missing.
  returned: always
  type: str
objects:
  description: The Deployment when it was changed, in the shape of RV(ossm.federation.mesh_objects#module:objects).
  returned: always
  type: list
  elements: dict
problems:
  description: What could not be done, each with code, severity, mesh, where, message and remedy.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.istiod_restart import ARGUMENT_SPEC, run


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    module.exit_json(**run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
