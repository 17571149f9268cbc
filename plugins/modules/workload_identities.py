#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: workload_identities
short_description: List the pods that have the identity of another trust domain, and restart their workloads
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Lists the workloads of a mesh that have pods with a former identity. A proxy keeps the trust domain that it was started with until its
    pod is made again.
  - A pod has a former identity when its proxy was started with another trust domain, or when it is older than O(changed_at). A pod
    without a proxy has no identity.
  - With O(restart) it restarts their Deployments, StatefulSets and DaemonSets, as C(kubectl rollout restart) does, one namespace after the other, and
    waits on watches until the rollouts are complete and the former pods are gone. A rollout that is under way is not started again.
  - That pods with a former identity are left does not fail the task. A restart that is not complete after O(timeout) does.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._attributes
  - ossm.federation._attributes.group
attributes:
  check_mode:
    support: full
    details:
      - Sends the restarts as dry runs.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  namespaces:
    description: The namespaces of the mesh; V(*) for all of the cluster.
    type: list
    elements: str
    required: true
  trust_domain:
    description: The trust domain of the mesh.
    type: str
    required: true
  changed_at:
    description:
      - Since when the mesh has this trust domain, as RV(ossm.federation.trust_domain_wait#module:changed_at) returns it.
      - Without it only the proxies tell, and a pod whose proxy names no trust domain counts as former.
    type: str
  restart:
    description: The namespaces whose workloads are restarted; V(*) for all.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait for all restarts, V(0) or more.
    type: float
    default: 600
seealso:
  - module: ossm.federation.trust_domain_wait
"""

EXAMPLES = r"""
- name: List the workloads that have the former identity
  ossm.federation.workload_identities:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespaces: [bookinfo]
    trust_domain: red-mesh.local
  register: identities

- name: Show their names
  ansible.builtin.debug:
    msg: "{{ identities.workloads | map(attribute='name') }}"

- name: Restart those of one namespace, and wait for them
  ossm.federation.workload_identities:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespaces: [bookinfo, shop]
    trust_domain: red-mesh.local
    changed_at: "{{ switched.changed_at }}"
    restart: [bookinfo]
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: red-mesh
complete:
  description: Whether no pod has a former identity.
  returned: always
  type: bool
  sample: false
message:
  description: How many pods may have a former identity.
  returned: always
  type: str
  sample: 2 of 3 pods may have a former identity
pods:
  description: Number of pods with a proxy.
  returned: always
  type: int
  sample: 3
former:
  description: Number of those that may have a former identity.
  returned: always
  type: int
  sample: 2
workloads:
  description: The workloads that have such pods at the end of the task.
  returned: always
  type: list
  elements: dict
  contains:
    namespace:
      description: Namespace of the workload.
      returned: always
      type: str
      sample: bookinfo
    kind:
      description: Kind of the workload. V(Pod) for a pod that none makes.
      returned: always
      type: str
      sample: Deployment
    name:
      description: Name of the workload.
      returned: always
      type: str
      sample: ratings
    pods:
      description: Number of its pods with a proxy.
      returned: always
      type: int
      sample: 2
    former:
      description: Names of those that may have a former identity.
      returned: always
      type: list
      elements: str
      sample: [ratings-7d9f8c6b5-x2x7k]
    domains:
      description: The trust domains that their proxies name.
      returned: always
      type: list
      elements: str
      sample: [cluster.local]
    message:
      description: Why it is not restarted. Empty where it can be.
      returned: always
      type: str
      sample: ""
objects:
  description: The workloads that were restarted, in the format of RV(ossm.federation.mesh_objects#module:objects).
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
      description: Kind of the workload.
      returned: always
      type: str
      sample: Deployment
    name:
      description: Name of the workload.
      returned: always
      type: str
      sample: ratings
    namespace:
      description: Namespace of the workload.
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
      description: What was done.
      returned: always
      type: str
      sample: it was restarted
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
      description: The object that the problem is about.
      returned: always
      type: str
      sample: namespace bookinfo
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: "not restarted after 600 s: Deployment ratings: 1 of 2 pods are new"
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Look at the events of these workloads, then run trust_domain.yml again
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish
from ansible_collections.ossm.federation.plugins.module_utils._modules.workload_identities import ARGUMENT_SPEC, run


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
