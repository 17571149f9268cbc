#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

DOCUMENTATION = r"""
module: network_check
short_description: Look who answers at the addresses of other meshes
version_added: 1.0.0
author:
  - The ossm.federation authors (@ossm-federation)
description:
  - Resolves the addresses of ingress gateways, connects to their discovery port, and reads the certificate that is shown there.
  - The module looks from where it runs. That a connection fails there does not prove that it fails from the other cluster.
  - The handshake has no client certificate, and nothing is sent after it. An ingress gateway of a federation shows its certificate all the
    same, and then closes the connection.
  - The task succeeds whatever is seen.
options:
  mesh:
    description: Name of the mesh that uses the addresses, for the result.
    type: str
    required: true
  targets:
    description: The gateways to look at.
    type: list
    elements: dict
    required: true
    suboptions:
      peer:
        description: Name of the mesh of the gateway.
        type: str
        required: true
      addresses:
        description: IP addresses or host names.
        type: list
        elements: str
        required: true
      port:
        description: The discovery port.
        type: int
        required: true
      server_name:
        description: Server name of the handshake (SNI). Gateways of a federation accept any.
        type: str
      roots:
        description: Root certificates in PEM format. The chain that is shown is verified with them.
        type: str
        default: ''
  timeout:
    description: Seconds for each name, each connection and each handshake.
    type: float
    default: 5.0
extends_documentation_fragment:
  - ossm.federation._attributes
  - ossm.federation._attributes.info
requirements:
  - Python 3.10 or newer
  - cryptography (Python package) 41.0.0 or newer
notes:
  - "The task runs on the host of the play, and looks from there. The example is a task of a play with C(hosts: localhost), or of one with
    C(connection: local) and a host for each mesh. In a play that connects to other hosts, add C(delegate_to: localhost) to the task to look
    from the controller."
seealso:
  - module: ossm.federation.peer_info
"""

EXAMPLES = r"""
- name: Look who answers at the ingress gateway of the green mesh
  ossm.federation.network_check:
    mesh: red-mesh
    targets:
      - peer: green-mesh
        addresses: [198.51.100.7]
        port: 8188
        roots: "{{ green.root }}"
  register: network
  failed_when: network.checks | rejectattr('trusted') | length > 0
"""

RETURN = r"""
mesh:
  description: O(mesh) as it was given.
  returned: always
  type: str
  sample: red-mesh
checks:
  description: One entry for each address of each target, in their order.
  returned: always
  type: list
  elements: dict
  contains:
    peer:
      description: Name of the mesh of the gateway.
      returned: always
      type: str
      sample: green-mesh
    address:
      description: The address as it was given.
      returned: always
      type: str
      sample: 198.51.100.7
    port:
      description: The port.
      returned: always
      type: int
      sample: 8188
    resolved:
      description: The IP addresses of the name.
      returned: always
      type: list
      elements: str
      sample: [198.51.100.7]
    resolve_message:
      description: Why the name does not resolve, or empty.
      returned: always
      type: str
      sample: ""
    connected:
      description: The IP addresses that accept connections.
      returned: always
      type: list
      elements: str
      sample: [198.51.100.7]
    connect_message:
      description: Why the others do not, or empty.
      returned: always
      type: str
      sample: ""
    tls:
      description: Whether a server shows a certificate. Null where nothing was connected.
      returned: always
      type: bool
      sample: true
    tls_message:
      description: Why it does not, or empty.
      returned: always
      type: str
      sample: ""
    identity:
      description: The SPIFFE identity of the certificate without C(spiffe://), or empty.
      returned: always
      type: str
      sample: green-mesh.local/ns/green-mesh-system/sa/ingress-red-mesh-service-account
    names:
      description: The DNS names of the certificate.
      returned: always
      type: list
      elements: str
      sample: []
    subject:
      description: The subject of the certificate.
      returned: always
      type: str
      sample: ""
    issuer:
      description: The issuer of the certificate.
      returned: always
      type: str
      sample: O=green-mesh.local
    sha256:
      description: The fingerprint of the certificate.
      returned: always
      type: str
      sample: d7f8630efe2592f59d93bed0d7c086d004493c75468e9ba97e9d5a8b94d5c170
    not_after:
      description: When the certificate expires (RFC 3339).
      returned: always
      type: str
      sample: "2026-12-01T12:00:00Z"
    trusted:
      description: Whether its chain ends at one of O(targets[].roots). Null where that is not known.
      returned: always
      type: bool
      sample: true
    trust_message:
      description: Why it does not, or empty.
      returned: always
      type: str
      sample: ""
problems:
  description: Always empty. What was seen is in RV(checks).
  returned: always
  type: list
  elements: dict
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.ossm.federation.plugins.module_utils._modules.network_check import ARGUMENT_SPEC, run
from ansible_collections.ossm.federation.plugins.module_utils._modules.outcome import finish


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    finish(module, run(module.params, module.check_mode, lambda line: None))


if __name__ == "__main__":
    main()
