# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: objects
short_description: Build the Kubernetes objects of one step for one mesh (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Absent and managed objects only. An unmanaged object is among them only with C(federation_adopt).
  - The list is sealed, as one JSON text, which the action of M(ossm.federation.mesh_objects) unpacks.
positional: step, host, hostvars
options:
  _input:
    description: C(mesh_plan).
    type: dict
    required: true
  step:
    description: The step that writes the objects.
    type: str
    choices: [gateways, sets, peers]
    required: true
  host:
    description: The inventory host of the mesh.
    type: str
    required: true
  hostvars:
    description: C(hostvars), with C(mesh_facts) of each mesh.
    type: dict
    required: true
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Configure gateways
  ossm.federation.mesh_objects:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: "{{ mesh_plan.meshes[inventory_hostname].mesh }}"
    objects: "{{ mesh_plan | ossm.federation.objects('gateways', inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description: Objects for O(ossm.federation.mesh_objects#module:objects), in the order of writing.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.module_utils._product import steps
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_facts,
    sealed_plan_for,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired


def objects(plan: Any, step: str, host: str, hostvars: Mapping[str, Any]) -> Dict[str, Any]:
    """The desired objects of one step for one host; see DOCUMENTATION."""
    name = str(plain(step))
    if name not in steps.WRITING:
        raise AnsibleFilterError(
            f"ossm.federation.objects: there is no step {name!r}; there are {', '.join(steps.WRITING)}"
        )
    known, host = sealed_plan_for(plan, host, "ossm.federation.objects")
    facts = read_facts(hostvars, [host]).get(host, {})
    return seal(desired.with_live_once(desired.build_objects(known, name, host, facts)), {})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"objects": objects}
