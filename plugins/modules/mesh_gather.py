#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: mesh_gather
short_description: Collect from a mesh what support needs, without secrets
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Collects the objects that M(ossm.federation.mesh_info) reads, as the API server returns them, and further ones of the mesh's namespace;
    the logs of istiod and of the gateways of the federation; the debug pages of istiod; and what C(oc adm inspect) writes.
  - Nothing is written to the cluster. No Secret is requested. Tokens, passwords, private keys and the contents of kubeconfigs are replaced where they
    appear in objects, logs and files.
  - What cannot be collected does not fail the task. It is among RV(missing), and the rest is collected.
  - C(oc) gets its credentials from a kubeconfig in memory, or, where there are no files in memory, from one of mode 0600 in a temporary
    directory, which is removed when it ends.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._reading
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  namespace:
    description: Namespace of the control plane; by default as in M(ossm.federation.mesh_info).
    type: str
  control_plane:
    description: Name of the ServiceMeshControlPlane. By default it is the only one in O(namespace).
    type: str
  logs:
    description: Whether logs are collected. The account needs the verb get on C(pods/log).
    type: bool
    default: true
  log_lines:
    description: Number of lines of each log, from its end. Fewer where they exceed O(log_bytes).
    type: int
    default: 2000
  log_bytes:
    description: Number of bytes of each log, and of each debug page.
    type: int
    default: 5000000
  log_seconds:
    description: Age in seconds of the oldest line of a log; V(0) for any age.
    type: int
    default: 0
  debug_pages:
    description:
      - Whether the debug pages of istiod are collected. istiod answers them on its own loopback interface, so the API server forwards the
        port. The account needs the verbs create and get on C(pods/portforward).
      - They are not collected for an impersonated user, as the Kubernetes client forwards ports without impersonation.
    type: bool
    default: true
  oc:
    description: The program for C(oc adm inspect), a name on the PATH or a path; an empty string for none.
    type: str
    default: oc
  oc_timeout:
    description: Seconds that C(oc adm inspect) may take.
    type: int
    default: 120
seealso:
  - module: ossm.federation.mesh_info
"""

EXAMPLES = r"""
- name: Collect from a mesh
  ossm.federation.mesh_gather:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
  register: red

- name: Show what could not be collected
  ansible.builtin.debug:
    msg: "{{ red.missing | map(attribute='what') }}"
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: red-mesh
namespace:
  description: The namespace of the control plane; empty where it is not known.
  returned: always
  type: str
  sample: red-mesh-system
readable:
  description: Whether everything that a federation needs could be read, as in M(ossm.federation.mesh_info).
  returned: always
  type: bool
  sample: true
missing:
  description: What could not be collected, why, and what to do about it.
  returned: always
  type: list
  elements: dict
  sample: [{what: oc adm inspect, reason: oc is not on the PATH, remedy: Install it there}]
content:
  description:
    - What was collected, as JSON, compressed by gzip, in Base64.
    - It has C(answers), the requests with their answers; C(texts), files by path; and C(facts) about the mesh.
  returned: always
  type: str
  sample: H4sIAAAAAAAC/6tWKkktLlGyUlAqS8wpTtVRUCpJzcktSk1RqgUAOVyzphwAAAA=
files:
  description: Number of logs, pages and files of C(oc).
  returned: always
  type: int
  sample: 12
bytes:
  description: Number of their characters.
  returned: always
  type: int
  sample: 204811
problems:
  description: What could not be read of the mesh, in the format of RV(ossm.federation.mesh_info#module:problems).
  returned: always
  type: list
  elements: dict
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.mesh_gather import ARGUMENT_SPEC, run
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
