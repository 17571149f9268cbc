#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: peer_wait
short_description: Wait until the links of a mesh to its peers are healthy
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Waits, on watches, until a mesh is connected to its peers, has synced since the last change, and has imported what is
    expected.
  - The task fails when a link is not healthy after O(timeout). Then RV(links) has the state of every link.
  - Where only a restart of istiod would help, the wait ends after 70 seconds, the time in which istiod reads every peer again.
  - Each mesh reports only its own direction of a pair. Wait for both meshes to know that a pair is connected.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._mesh.namespace
  - ossm.federation._links
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  timeout:
    description:
      - Seconds to wait, V(0) or more. With V(0) the links are read once.
      - In check mode the links are read once too, and a link that is not healthy does not fail the task.
    type: float
    default: 300
seealso:
  - module: ossm.federation.peer_info
  - module: ossm.federation.mesh_info
"""

EXAMPLES = r"""
- name: Wait until all peers are connected
  ossm.federation.peer_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system

- name: Wait until a service is imported
  ossm.federation.peer_wait:
    auth:
      kubeconfig: ~/.kube/green
    mesh: green-mesh
    namespace: green-mesh-system
    links:
      - peer_name: red-mesh
        expect:
          imports_expected: [ratings.bookinfo.svc.green-mesh-exports.local]
    timeout: 120

- name: Wait until every link has imported at least two services and the peers watch this mesh
  ossm.federation.peer_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    condition:
      - length(imported) >= `2`
      - inbound

- name: Wait two minutes, and continue when not all links are healthy
  ossm.federation.peer_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    timeout: 120
    fail_on_problems: false
  register: red

- name: Fail only when no link is healthy
  ansible.builtin.fail:
    msg: "{{ red.message }}"
  when: red.links | selectattr('healthy') | length == 0

# A complete playbook: the result of mesh_info is the input of peer_wait.
- name: Wait until all peers of the red mesh are connected
  hosts: localhost
  gather_facts: false
  module_defaults:
    group/ossm.federation.federation:
      auth:
        kubeconfig: ~/.kube/red
      mesh: red-mesh
      namespace: red-mesh-system
  tasks:
    - name: Read the mesh
      ossm.federation.mesh_info:
      register: red
    - name: Wait for its peers
      ossm.federation.peer_wait:
        links: "{{ red.links }}"
        timeout: 120
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
  sample: red-mesh-system
state:
  description:
    - V(healthy) when every link is healthy and everything could be read.
    - V(unknown) when the ServiceMeshPeers could not be read, or O(links) is empty.
    - V(degraded) in all other cases.
  returned: always
  type: str
  choices: [healthy, degraded, unknown]
  sample: degraded
healthy:
  description: Whether RV(state) is V(healthy).
  returned: always
  type: bool
  sample: false
message:
  description: The links that are not healthy, with the reasons, or the number of healthy links.
  returned: always
  type: str
  sample: "green-mesh: connected, not synced since the last change"
links:
  description: The links, in the order of O(links), or by name.
  returned: always
  type: list
  elements: dict
  contains:
    peer:
      description: Name of the other mesh.
      returned: always
      type: str
      sample: green-mesh
    peer_name:
      description: Name of the ServiceMeshPeer.
      returned: always
      type: str
      sample: green-mesh
    state:
      description: The state of the link. V(unknown) when the ServiceMeshPeer could not be read.
      returned: always
      type: str
      choices: [healthy, degraded, unknown]
      sample: degraded
    healthy:
      description:
        - Whether the link is connected and synced, has imported what O(links[].expect) asks for, and meets every
          O(condition).
      returned: always
      type: bool
      sample: false
    exists:
      description: Whether the ServiceMeshPeer exists. Null when it could not be read.
      returned: always
      type: bool
      sample: true
    accepted:
      description: Whether istiod has accepted the peer. Null when it could not be read.
      returned: always
      type: bool
      sample: true
    connected:
      description: Whether this mesh watches the other. Null when it could not be read.
      returned: always
      type: bool
      sample: true
    synced:
      description: Whether it has read everything since O(links[].expect.since). Null when it could not be read.
      returned: always
      type: bool
      sample: false
    code:
      description: Code of the connection's state.
      returned: always
      type: str
      sample: connected
    message:
      description: The connection's state in words.
      returned: always
      type: str
      sample: connected
    remedy:
      description: How to fix it. Empty for a connected link.
      returned: always
      type: str
      sample: ""
    text:
      description: Text of the last disconnect, as istiod reports it. It is out of date while the link is connected.
      returned: always
      type: str
      sample: 503 Service Unavailable
    last_full_sync:
      description: Time of the latest full sync, or null.
      returned: always
      type: str
      sample: "2026-11-22T10:00:05Z"
    last_attempt:
      description: Time of the latest attempt to connect, or null.
      returned: always
      type: str
      sample: "2026-11-22T10:00:02Z"
    created:
      description: Time at which the ServiceMeshPeer was created, or null.
      returned: always
      type: str
      sample: "2026-11-22T09:59:58Z"
    inbound:
      description: Whether the other mesh watches this one, as far as this mesh reports it. Null when it reports nothing.
      returned: always
      type: bool
      sample: true
    inbound_message:
      description: RV(links[].inbound) in words.
      returned: always
      type: str
      sample: the other side is connected, as seen from here
    several_pods:
      description: Whether several istiod pods report, so that RV(links[].inbound) may stay wrong.
      returned: always
      type: bool
      sample: false
    suspect:
      description: V(deadlock) when the status is older than the peer, which means that istiod is deadlocked. Otherwise null.
      returned: always
      type: str
      sample: deadlock
    imported:
      description: The imported services.
      returned: always
      type: list
      elements: dict
      contains:
        exportedName:
          description: The exported name.
          returned: always
          type: str
          sample: ratings.bookinfo.svc.red-mesh-exports.local
        hostname:
          description: The local host name.
          returned: always
          type: str
          sample: ratings.bookinfo.svc.green-mesh-imports.local
    missing:
      description: Exported names that must be imported and are not.
      returned: always
      type: list
      elements: str
      sample: []
    offered:
      description: Exported names that the other mesh offers and that are not imported.
      returned: always
      type: list
      elements: str
      sample: []
    stale:
      description: Exported names that are imported although no import rule matches them.
      returned: always
      type: list
      elements: str
      sample: []
    exported:
      description: The services that this mesh offers to the peer, in the same format as RV(links[].imported).
      returned: always
      type: list
      elements: dict
      sample: [{exportedName: reviews.bookinfo.svc.green-mesh-exports.local, hostname: reviews.bookinfo.svc.cluster.local}]
    unmet:
      description: The expressions of O(condition) that are not true for this link.
      returned: always
      type: list
      elements: str
      sample: ["length(imported) >= `2`"]
    root_proven:
      description:
        - Whether the link has reconnected since its root certificate changed. Null when it is not connected or
          O(links[].expect.root_since) is not set.
      returned: always
      type: bool
      sample: true
    root_not_loaded:
      description: Whether the root certificate changed while the link was down. Istiod does not load it before its restart.
      returned: always
      type: bool
      sample: false
problems:
  description: What could not be read. A link that is not healthy is not among them, see RV(links).
  returned: always
  type: list
  elements: dict
  contains:
    code:
      description: What kind of problem it is. The documentation has a section for each code.
      returned: always
      type: str
      sample: unreachable
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
      sample: API server of red-mesh
    message:
      description: What is wrong.
      returned: always
      type: str
      sample: "https://red.example:6443 refuses the connection"
    remedy:
      description: How to fix it.
      returned: always
      type: str
      sample: Start the API server, or correct the address and port
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish
from ansible_collections.ossm.federation.plugins.module_utils._modules.peer_links import WAIT_SPEC, wait


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=WAIT_SPEC, supports_check_mode=True)
    finish(module, wait(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
