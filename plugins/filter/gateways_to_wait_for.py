# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: gateways_to_wait_for
short_description: List the ingress gateways that a mesh has to wait for (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - The gateways of all pairs of the mesh that are in the plan, without those that could not be written.
positional: host, written
options:
  _input:
    description: C(mesh_plan).
    type: dict
    required: true
  host:
    description: The inventory host of the mesh.
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
    gateways: "{{ mesh_plan | ossm.federation.gateways_to_wait_for('red-mesh', gateways_objects) }}"
"""

RETURN = r"""
_value:
  description: Gateways for O(ossm.federation.gateway_wait#module:gateways) - C(name), C(exposure), C(peer).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, cast

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, part
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import planned_host, sealed_plan
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import advance as plan_steps


def gateways_to_wait_for(plan: Any, host: str, written: Any = None) -> List[Dict[str, Any]]:
    """The gateways of one mesh; see DOCUMENTATION."""
    known = sealed_plan(plan, "ossm.federation.gateways_to_wait_for")
    name = planned_host(known, host, "ossm.federation.gateways_to_wait_for")
    return cast(List[Dict[str, Any]], inert(plan_steps.gateways_to_wait_for(known, name, part(written, ("problems",)))))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"gateways_to_wait_for": gateways_to_wait_for}
