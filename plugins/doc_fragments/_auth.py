# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The option auth, shared by all modules. Private to this collection."""

from __future__ import annotations


class ModuleDocFragment:
    """Documentation of access to a cluster."""

    DOCUMENTATION = r"""
options:
  auth:
    description:
      - Access to the cluster. The suboptions are the authentication options of kubernetes.core.
      - A kubeconfig, a context, or a host with credentials is required. The C(K8S_AUTH_*) variables of kubernetes.core are
        rejected when they are set, and the service account of a pod is never used.
    type: dict
    required: true
    suboptions:
      kubeconfig:
        description:
          - Path of a kubeconfig, or its content as a dictionary.
          - With O(auth.context) alone the files named in E(KUBECONFIG) are read, else C(~/.kube/config).
        type: raw
      context:
        description: Context of the kubeconfig.
        type: str
      host:
        description: URL of the API server.
        type: str
      api_key:
        description: Token.
        type: str
      username:
        description: User name.
        type: str
      password:
        description: Password.
        type: str
      validate_certs:
        description: Whether the API server's certificate is verified.
        type: bool
      ca_cert:
        description: File with the certificate of the CA that signed the API server's certificate.
        type: path
      client_cert:
        description: File with a client certificate.
        type: path
      client_key:
        description: File with the key of O(auth.client_cert).
        type: path
      proxy:
        description: URL of a proxy.
        type: str
      no_proxy:
        description: Hosts that are reached without the proxy, comma separated.
        type: str
      proxy_headers:
        description: Headers for the proxy.
        type: dict
        suboptions:
          proxy_basic_auth:
            description: User name and password for the proxy, with a colon between.
            type: str
          basic_auth:
            description: User name and password for basic authentication, with a colon between.
            type: str
          user_agent:
            description: User agent to send.
            type: str
      persist_config:
        description: Whether renewed tokens are written to the kubeconfig.
        type: bool
      impersonate_user:
        description: User to act as.
        type: str
      impersonate_groups:
        description: Groups to act as.
        type: list
        elements: str
requirements:
  - Python 3.10 or newer
  - kubernetes (Python package) 24.2.0 or newer
  - PyYAML (Python package)
  - cryptography (Python package) 41.0.0 or newer
  - kubernetes.core (collection) 6.0.0 or newer, on the controller
notes:
  - "The task runs on the host of the play, which needs the requirements and the files of O(auth). The examples are tasks of a play
    with C(hosts: localhost), or of one with C(connection: local) and a host for each mesh. In a play that connects to other hosts,
    add C(delegate_to: localhost) to the task. With a local connection, and without C(become) and C(async), the work is done in
    the controller's process."
  - Set O(auth) in C(module_defaults) for the group C(group/ossm.federation.federation) to write it once for all modules.
"""
