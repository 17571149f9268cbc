# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: network_targets
short_description: List the gateways that network_check looks at (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Returns the addresses of the peers of one mesh, as they are live, with the roots of these peers.
positional: host, hostvars
options:
  _input:
    description: C(mesh_plan).
    type: dict
    required: true
  host:
    description: The inventory host of the mesh.
    type: str
    required: true
  hostvars:
    description: C(hostvars), with the facts of the meshes.
    type: dict
    required: true
seealso:
  - module: ossm.federation.network_check
"""

EXAMPLES = r"""
- name: Look who answers at the addresses of the peers
  ossm.federation.network_check:
    mesh: red-mesh
    targets: "{{ mesh_plan | ossm.federation.network_targets(inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description: Values of O(ossm.federation.network_check#module:targets).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_facts,
    sealed_plan_for,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.network import targets


def network_targets(plan: Any, host: str, hostvars: Mapping[str, Any]) -> List[Any]:
    """The gateways of one mesh's peers; see DOCUMENTATION."""
    known, name = sealed_plan_for(plan, host, "ossm.federation.network_targets")
    return list(inert(targets(known, name, read_facts(hostvars, [name]))))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"network_targets": network_targets}
