# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: remaining
short_description: Compute the rest of a timeout that all meshes share (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Tasks of several meshes share one deadline. This is the time until it, in seconds, and V(0) once it has passed.
positional: started
options:
  _input:
    description: The timeout in seconds.
    type: float
    required: true
  started:
    description: When the time began, in seconds since the epoch.
    type: float
    required: true
seealso:
  - module: ossm.federation.gateway_wait
  - module: ossm.federation.peer_wait
"""

EXAMPLES = r"""
- name: Wait for links
  ossm.federation.peer_wait:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: red-mesh
    namespace: red-mesh-system
    timeout: "{{ 300 | ossm.federation.remaining(mesh_plan.recorded_at.peers) }}"
"""

RETURN = r"""
_value:
  description: Seconds.
  type: float
"""

import time
from collections.abc import Callable
from typing import Any, Dict

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain


def remaining(timeout: Any, started: Any) -> float:
    """The seconds until a shared deadline; see DOCUMENTATION."""
    try:
        return max(0.0, float(plain(started)) + float(plain(timeout)) - time.time())
    except (TypeError, ValueError) as error:
        raise AnsibleFilterError(
            f"ossm.federation.remaining takes a timeout and a start in seconds: {error}"
        ) from error


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"remaining": remaining}
