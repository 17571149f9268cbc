# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: service_removal_objects
short_description: Build what one task of the removal of a service writes or waits for (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Without the pairs of meshes that an earlier task, in any mesh, could not complete.
positional: task, host, hostvars
options:
  _input:
    description: C(service_removal_plan).
    type: dict
    required: true
  task:
    description: What the result of the task is about.
    type: str
    choices: [service_traffic, service_imports, service_peers, service_imports_gone, service_exports, service_exports_gone]
    required: true
  host:
    description: The inventory host of the mesh.
    type: str
    required: true
  hostvars:
    description: C(hostvars), with what earlier tasks have registered.
    type: dict
    required: true
seealso:
  - plugin: ossm.federation.service_removal
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Remove the import rules
  ossm.federation.mesh_objects:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: "{{ service_removal_plan.meshes[inventory_hostname].mesh }}"
    objects: "{{ service_removal_plan | ossm.federation.service_removal_objects('service_imports', inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description:
    - Objects for O(ossm.federation.mesh_objects#module:objects).
    - For V(service_imports_gone) and V(service_exports_gone), values of O(ossm.federation.removal_wait#module:imports) or
      O(ossm.federation.removal_wait#module:exports).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping, cast

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_results,
    sealed_service_removal,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._removal import service_objects


def service_removal_objects(plan: Any, task: str, host: str, hostvars: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """The objects of one task for one host; see DOCUMENTATION."""
    known, name = sealed_service_removal(plan, "ossm.federation.service_removal_objects"), str(plain(task))
    if name not in service_objects.ORDER:
        raise AnsibleFilterError(
            f"ossm.federation.service_removal_objects: there is no task {name!r}; there are "
            f"{', '.join(service_objects.ORDER)}"
        )
    results = read_results(hostvars, known["meshes"], service_objects.ORDER)
    built = service_objects.build_objects(known, name, str(plain(host)), results)
    return cast(List[Dict[str, Any]], inert(built))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"service_removal_objects": service_removal_objects}
