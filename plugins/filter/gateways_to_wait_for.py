# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: gateways_to_wait_for
short_description: Name the ingress gateways that a mesh has to wait for
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - The gateways of all pairs of the mesh that are still in the plan, without those whose write just failed.
positional: host, written
options:
  _input:
    description: What P(ossm.federation.plan#filter) returned.
    type: dict
    required: true
  host:
    description: The inventory host whose mesh is meant.
    type: str
    required: true
  written:
    description: The result of M(ossm.federation.mesh_objects) for the mesh's gateways.
    type: dict
    required: false
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Wait until the gateways have their addresses
  ossm.federation.gateway_wait:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: red-mesh
    namespace: red-mesh-system
    control_plane: red-mesh
    gateways: "{{ __plan | ossm.federation.gateways_to_wait_for('red-mesh', __gateways_objects) }}"
"""

RETURN = r"""
_value:
  description: Gateways for O(ossm.federation.gateway_wait#module:gateways) - C(name), C(exposure), C(peer).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, cast

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, part, plain, unseal
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning


def gateways_to_wait_for(plan: Any, host: str, written: Any = None) -> List[Dict[str, Any]]:
    """The gateways of one mesh; see DOCUMENTATION."""
    made, name = unseal(plan, "sides"), str(plain(host))
    if made is None or name not in made["meshes"]:
        raise AnsibleFilterError(f"ossm.federation.gateways_to_wait_for: {name} is not in the plan")
    return cast(List[Dict[str, Any]], inert(planning.gateways_to_wait_for(made, name, part(written, ("problems",)))))


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"gateways_to_wait_for": gateways_to_wait_for}
