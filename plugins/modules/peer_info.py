#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: peer_info
short_description: Read the links of a mesh to its peers
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Reads, with three requests, whether a mesh is connected to its peers, what it imports from them and what it offers to them.
  - The task fails only when something cannot be read. Use M(ossm.federation.peer_wait) with O(ossm.federation.peer_wait#module:timeout)
    V(0) to fail when a link is not healthy.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._mesh
  - ossm.federation._mesh.namespace
  - ossm.federation._links
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
seealso:
  - module: ossm.federation.peer_wait
  - module: ossm.federation.mesh_info
"""

EXAMPLES = r"""
- name: Read the links to all peers
  ossm.federation.peer_info:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
  register: red

- name: Show the links that are not healthy
  ansible.builtin.debug:
    msg: "{{ red.message }}"
  when: not red.healthy

- name: Read one link, and fail unless the service ratings is imported
  ossm.federation.peer_info:
    auth:
      kubeconfig: ~/.kube/green
    mesh: green-mesh
    namespace: green-mesh-system
    links:
      - peer_name: red-mesh
  register: green
  failed_when: green.links[0].imported | selectattr('exportedName', 'match', '^ratings[.]') | length == 0

- name: Read the links until both directions of each are connected
  ossm.federation.peer_info:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    condition: [inbound]
  register: red
  until: red.healthy
  retries: 12
  delay: 10
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
  description: What could not be read.
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
from ansible_collections.ossm.federation.plugins.module_utils._modules.peer_links import INFO_SPEC, info


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=INFO_SPEC, supports_check_mode=True)
    finish(module, info(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
