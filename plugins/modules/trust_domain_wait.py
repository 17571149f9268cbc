#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: trust_domain_wait
short_description: Wait until a control plane has a changed trust domain
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Waits, on watches, until the control plane is ready at its current generation, the mesh's config has a trust domain and aliases, the injector gives
    new pods this trust domain, and with O(gateways) the pods of all gateways of the control plane have it.
  - A pod has a former identity when its proxy was started with another trust domain, or when it is older than the change.
  - The task fails when something is missing after O(timeout). Then RV(message) says what.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._mesh.namespace
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  control_plane:
    description: Name of the ServiceMeshControlPlane.
    type: str
    required: true
  trust_domain:
    description: The trust domain that the mesh must have.
    type: str
    required: true
  aliases:
    description: Trust domains that the mesh must accept as well.
    type: list
    elements: str
    default: []
  absent:
    description: Trust domains that the mesh must not have as aliases.
    type: list
    elements: str
    default: []
  gateways:
    description:
      - Whether the pods of gateways must have the trust domain.
      - They are compared with the last change of the trust section, so this is of use after the trust domain was changed, and not after its aliases were.
    type: bool
    default: true
  timeout:
    description:
      - Seconds to wait. With V(0) everything is read once.
      - In check mode everything is read once too, and what is missing does not fail the task.
    type: float
    default: 300
seealso:
  - module: ossm.federation.workload_identities
  - module: ossm.federation.mesh_objects
"""

EXAMPLES = r"""
- name: Wait until the mesh accepts both trust domains
  ossm.federation.trust_domain_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: istio-system
    control_plane: basic
    trust_domain: cluster.local
    aliases: [red-mesh.local]
    gateways: false

- name: Wait until the new one is the mesh's own
  ossm.federation.trust_domain_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: istio-system
    control_plane: basic
    trust_domain: red-mesh.local
    aliases: [cluster.local]
  register: switched

- name: Show since when
  ansible.builtin.debug:
    var: switched.changed_at
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
  sample: istio-system
complete:
  description: Whether nothing is missing.
  returned: always
  type: bool
  sample: true
message:
  description: What is missing, or that nothing is.
  returned: always
  type: str
  sample: the mesh has the trust domain
trust_domain:
  description: The trust domain in the mesh's config. Empty where that could not be read.
  returned: always
  type: str
  sample: red-mesh.local
aliases:
  description: The aliases in the mesh's config.
  returned: always
  type: list
  elements: str
  sample: [cluster.local]
changed_at:
  description:
    - Since when the control plane has its trust domain, by the clock of the API server. It is the time of the last change of the field manager that
      owns the field.
    - Null where it is not set.
  returned: always
  type: str
  sample: "2026-11-30T14:40:00Z"
gateways:
  description: The pods of the control plane's gateways.
  returned: always
  type: list
  elements: str
  sample: [ingress-green-mesh-7d9f8c6b5-x2x7k]
control_plane:
  description: The control plane without its status. Empty where it could not be read.
  returned: always
  type: dict
  sample: {}
owners:
  description: The field managers that own the trust domain, its aliases and each additional gateway, by path.
  returned: always
  type: dict
  sample: {spec.security.trust.domain: [ossm.federation]}
problems:
  description: What could not be read, and what is missing after O(timeout).
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of problem it is. The documentation has a section for each code.
      returned: always
      type: str
      sample: trust-domain-late
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
      description: The object that the problem is about.
      returned: always
      type: str
      sample: ServiceMeshControlPlane istio-system/basic
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: "not complete after 300 s: ConfigMap istio-basic has no alias red-mesh.local"
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Look at the control plane and the pods of its gateways, then run trust_domain.yml again
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish
from ansible_collections.ossm.federation.plugins.module_utils._modules.trust_domain_wait import ARGUMENT_SPEC, run


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
