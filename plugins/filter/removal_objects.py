# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: removal_objects
short_description: Build what one task of a removal writes or waits for (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Without the pairs that an earlier task of the removal could not complete.
positional: task, host, hostvars
options:
  _input:
    description: C(removal_plan).
    type: dict
    required: true
  task:
    description: What the result of the task is about.
    type: str
    choices: [removed_traffic, removed_imports, withdrawn_exports, exports_gone, removed_peers, removed_gateways, gateways_gone]
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
  - plugin: ossm.federation.removal
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Delete the imports
  ossm.federation.mesh_objects:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: "{{ removal_plan.meshes[inventory_hostname].mesh }}"
    objects: "{{ removal_plan | ossm.federation.removal_objects('removed_imports', inventory_hostname, hostvars) }}"
    state: absent
"""

RETURN = r"""
_value:
  description:
    - Objects for O(ossm.federation.mesh_objects#module:objects).
    - For V(exports_gone) and V(gateways_gone), values of O(ossm.federation.removal_wait#module:exports) or
      O(ossm.federation.removal_wait#module:gateways).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping, cast

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_results, sealed_removal
from ansible_collections.ossm.federation.plugins.plugin_utils._removal import objects


def removal_objects(plan: Any, task: str, host: str, hostvars: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """The objects of one task for one host; see DOCUMENTATION."""
    known, name = sealed_removal(plan, "ossm.federation.removal_objects"), str(plain(task))
    if name not in objects.ORDER:
        raise AnsibleFilterError(
            f"ossm.federation.removal_objects: there is no task {name!r}; there are {', '.join(objects.ORDER)}"
        )
    one = str(plain(host))
    results = read_results(hostvars, [one], objects.ORDER)
    build = objects.WAITS.get(name)
    wanted = build(known, one, results) if build else objects.build_objects(known, name, one, results)
    return cast(List[Dict[str, Any]], inert(wanted))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"removal_objects": removal_objects}
