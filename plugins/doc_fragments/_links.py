# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the modules that read links. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of links and of what is expected of them."""

    DOCUMENTATION = r"""
options:
  links:
    description:
      - The links to read, each from this mesh to one of its peers.
      - By default there is one link for every ServiceMeshPeer in O(namespace).
      - An empty list reads nothing. Then RV(state) is V(unknown), and M(ossm.federation.peer_wait) fails.
    type: list
    elements: dict
    suboptions:
      peer_name:
        description: Name of the ServiceMeshPeer, and of the service sets for this peer.
        type: str
        required: true
      peer:
        description: Name of the other mesh, for messages. By default it is O(links[].peer_name).
        type: str
      expect:
        description: What a healthy link must show, in addition to being connected and synced.
        type: dict
        suboptions:
          imports_expected:
            description: Exported names that must be imported.
            type: list
            elements: str
          import_rules:
            description:
              - Import rules, in the product's format.
              - Every service that the other mesh offers and that matches a rule must be imported.
            type: list
            elements: dict
          since:
            description:
              - Time of the last change of the peer or its service sets (RFC 3339, by the API server's clock).
              - The link must have synced at this time or later.
            type: str
          root_since:
            description:
              - Time of the last change of the root certificate in the peer's ConfigMap (RFC 3339, by the API server's clock).
              - A link that is connected and has not reconnected since is healthy, with RV(links[].root_proven) V(false).
            type: str
          reconciled_since:
            description:
              - Time of a change of the peer, or of its root certificate together with the peer (RFC 3339, by the API server's clock).
              - istiod must have read it, as an attempt to connect at this time or later shows, or a full sync more than 70 seconds later.
            type: str
          attempt_since:
            description:
              - A time (RFC 3339), such as the start of a new gateway pod.
              - The link must have connected anew at this time or later.
            type: str
          inbound:
            description:
              - Whether the other mesh must be seen to watch this one, for a mesh that cannot be read itself.
              - It is not required where several istiod pods report, since their reports about other meshes may stay wrong.
            type: bool
          terminated_pods:
            description: Names of istiod pods that have terminated. Their entries in the status are ignored.
            type: list
            elements: str
  condition:
    description:
      - JMESPath expressions that are evaluated on each item of RV(links). A link is healthy when it is connected, synced and
        complete and the value of every expression is true.
      - As JMESPath defines it, false, null and empty values are false, and all others are true.
    type: list
    elements: str
    default: []
  expect:
    description: What is known about the mesh from earlier tasks.
    type: dict
    suboptions:
      pods:
        description:
          - Names of the istiod pods whose entries in the status count. By default all do.
          - After a restart the status has entries of the former pods for a while.
        type: list
        elements: str
      known:
        description:
          - RV(links) of an earlier result. When all links are healthy in it, no request is sent.
          - When all links are connected and synced in it, only the import sets are read, with one request.
        type: list
        elements: dict
requirements:
  - jmespath (Python package) 1.0.0 or newer, for O(condition)
"""
