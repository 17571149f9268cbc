#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: peer_wait
short_description: Wait until the links of one mesh are good
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Waits, on watches, until a mesh watches its peers, has synced since the last change, and has imported what it
    should.
  - What is not good in time is told in the result; the task does not fail. Where only a restart of istiod would help, it
    is not waited for longer than istiod takes to look at every peer (70 seconds).
  - Each direction of a pair is told by the mesh that watches.
extends_documentation_fragment:
  - ossm.federation._auth
  - ossm.federation._attributes
  - ossm.federation._attributes.group
  - ossm.federation._attributes.info
options:
  mesh:
    description: Name of the mesh, for messages.
    type: str
    required: true
  namespace:
    description: Namespace of the control plane.
    type: str
    required: true
  links:
    description: The links, each from this mesh to a peer.
    type: list
    elements: dict
    required: true
    suboptions:
      peer:
        description: Name of the other mesh.
        type: str
        required: true
      peer_host:
        description: Inventory host of the other mesh; returned as it is.
        type: str
      peer_name:
        description: Name of the ServiceMeshPeer, and of the service sets.
        type: str
        required: true
      imports_expected:
        description: Exported names that must be imported.
        type: list
        elements: str
      import_rules:
        description: Import rules of the product; what the other side offers and a rule takes must be imported.
        type: list
        elements: dict
      since:
        description: Time of the last change (RFC 3339, by the API server's clock); the link must have synced since.
        type: str
      root_since:
        description:
          - Time at which the root in the peer's config map was last changed (RFC 3339, by the API server's clock).
          - A link that is up and has not connected anew since is good, with RV(links[].root_proven) false.
        type: str
      inbound:
        description:
          - Whether the other mesh must be seen to watch this one, for a mesh that cannot be asked itself.
          - It is not required where several istiod pods report, as what they say of others may stay wrong.
        type: bool
      terminated_pods:
        description: Names of istiod pods that are no more; what they have left in the status does not count.
        type: list
        elements: str
  pods:
    description:
      - Names of the istiod pods whose word counts; all when not given.
      - After a restart the status speaks of the former pods for a while.
    type: list
    elements: str
    default: []
  known:
    description:
      - RV(links) of an earlier reading. When all links are good in it, no request is made.
      - When all are connected and synced in it, only the import sets are followed, by one request.
    type: list
    elements: dict
    default: []
  timeout:
    description: Seconds to wait. V(0), or check mode, looks once.
    type: float
    default: 300
seealso:
  - module: ossm.federation.peer_info
"""

EXAMPLES = r"""
- name: Wait until red watches green
  ossm.federation.peer_wait:
    auth:
      kubeconfig: ~/.kube/red
    mesh: red-mesh
    namespace: red-mesh-system
    links:
      - peer: green-mesh
        peer_name: green-mesh
    timeout: 120
"""

RETURN = r"""
healthy:
  description: Whether every link is good and everything could be read.
  returned: always
  type: bool
message:
  description: Which links are not good, and why.
  returned: always
  type: str
links:
  description: The links, in the order given.
  returned: always
  type: list
  elements: dict
  contains:
    peer:
      description: As given.
      type: str
    peer_host:
      description: As given.
      type: str
    peer_name:
      description: As given.
      type: str
    healthy:
      description: Connected, synced, and everything imported that should be.
      type: bool
    exists:
      description: Whether there is a ServiceMeshPeer.
      type: bool
    accepted:
      description: Whether istiod has taken the peer up.
      type: bool
    connected:
      description: Whether this mesh watches the other.
      type: bool
    synced:
      description: Whether it has read everything since the last change.
      type: bool
    text:
      description: Text of the last disconnect; old news while connected.
      type: str
    code:
      description: Code of the state.
      type: str
    message:
      description: The state in words.
      type: str
    remedy:
      description: What to do next.
      type: str
    last_full_sync:
      description: Time of the newest full sync.
      type: str
    last_attempt:
      description: Time of the newest attempt to connect.
      type: str
    created:
      description: Time at which the peer was created.
      type: str
    inbound:
      description: Whether the other mesh watches this one as far as it shows here; null for no sign.
      type: bool
    inbound_message:
      description: The same in words.
      type: str
    several_pods:
      description: Whether several istiod pods report, and so RV(links[].inbound) may stay wrong.
      type: bool
    suspect:
      description: V(deadlock) when the status is older than the peer.
      type: str
    imported:
      description: What is imported, as C(exportedName) and C(hostname).
      type: list
      elements: dict
    offered:
      description: Exported names that the other side offers.
      type: list
      elements: str
    stale:
      description: Exported names that are imported though no rule asks for them.
      type: list
      elements: str
    exported:
      description: What this mesh offers to the peer, as C(exportedName) and C(hostname).
      type: list
      elements: dict
    root_proven:
      description:
        - Whether the link has connected anew since its root changed; null where it is down or there is nothing to prove.
      type: bool
    root_not_loaded:
      description: Whether the root changed while the link was down, which istiod does not take up before its restart.
      type: bool
    missing:
      description: Exported names that should be imported and are not.
      type: list
      elements: str
problems:
  description: What could not be read.
  returned: always
  type: list
  elements: dict
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.peers import WAIT_SPEC, wait


def main() -> None:
    """Run the core of the module."""
    module = AnsibleModule(argument_spec=WAIT_SPEC, supports_check_mode=True)
    module.exit_json(**wait(module.params, module.check_mode, module.debug))


if __name__ == "__main__":
    main()
