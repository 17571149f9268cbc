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
      - How the cluster is reached; the authentication options of kubernetes.core, one for one.
      - A kubeconfig, a context, or a host with credentials must be named. Nothing is read from C(K8S_AUTH_*) variables,
        which are refused when set, and the account of a pod is never used.
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
        description: Whether the API server's certificate must be good.
        type: bool
      ca_cert:
        description: File with the authority of the API server's certificate.
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
            description: User agent to show.
            type: str
      persist_config:
        description: Whether tokens that were renewed are written back to the kubeconfig.
        type: bool
      impersonate_user:
        description: User to act as.
        type: str
      impersonate_groups:
        description: Groups to act as.
        type: list
        elements: str
requirements:
  - Python 3.9 or newer
  - kubernetes (Python package) 24.2 or newer
  - PyYAML (Python package)
notes:
  - With a local connection, without C(become) and C(async), the work is done in the controller's process; else where
    the task runs, and there the requirements must be met.
"""
