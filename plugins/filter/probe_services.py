# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: probe_services
short_description: List the Services whose ports a probe needs and does not know (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - The facts have the Services of declared rules only; those of other rules that a peer has imported are listed.
positional: host, hostvars, outside
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
  outside:
    description: Results of mesh_info for the meshes outside of the limit.
    type: list
    elements: dict
    default: []
seealso:
  - plugin: ossm.federation.probe_options
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read further Services
  vars:
    __services: "{{ mesh_plan | ossm.federation.probe_services(inventory_hostname, hostvars) }}"
  ossm.federation.mesh_info:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: "{{ mesh_plan.meshes[inventory_hostname].mesh }}"
    namespace: "{{ mesh_plan.meshes[inventory_hostname].namespace }}"
    subset: [control_plane]
    additional_services: "{{ __services }}"
  when: __services | length > 0
"""

RETURN = r"""
_value:
  description: Services as C(namespace/name). Empty where none is missing, and where no probe is wanted.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping, cast

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    planned_host,
    read_facts,
    sealed_plan,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._probe.targets import missing_services


def probe_services(plan: Any, host: str, hostvars: Mapping[str, Any], outside: Any = ()) -> List[str]:
    """The Services that a probe needs of one mesh; see DOCUMENTATION."""
    known = sealed_plan(plan, "ossm.federation.probe_services")
    name = planned_host(known, host, "ossm.federation.probe_services")
    return cast(List[str], inert(missing_services(known, read_facts(hostvars, known["meshes"], outside), name)))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"probe_services": probe_services}
