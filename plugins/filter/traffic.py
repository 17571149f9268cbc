# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: traffic
short_description: List the objects about requests that are written to one mesh, or removed (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Without those for hosts that unmanaged objects are for, and without a new split to a host that is not imported yet.
  - The list is sealed, as one JSON text, which the action of M(ossm.federation.mesh_objects) unpacks.
positional: task, host, hostvars, check_mode
options:
  _input:
    description: C(mesh_plan).
    type: dict
    required: true
  task:
    description: What the result of the task is about.
    type: str
    choices: [traffic_withdrawn, traffic, traffic_removed]
    required: true
  host:
    description: The inventory host of the mesh.
    type: str
    required: true
  hostvars:
    description: C(hostvars), with C(mesh_facts) of each mesh and the readings of links.
    type: dict
    required: true
  check_mode:
    description: Whether this is a check run, which assumes that services will be imported.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Configure traffic
  ossm.federation.mesh_objects:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: "{{ mesh_plan.meshes[inventory_hostname].mesh }}"
    objects: "{{ mesh_plan | ossm.federation.traffic('traffic', inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description: Objects for O(ossm.federation.mesh_objects#module:objects), in the order of writing.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_facts,
    read_results,
    sealed_plan_for,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._run import traffic as tasks, waiting


def traffic(plan: Any, task: str, host: str, hostvars: Mapping[str, Any], check_mode: bool = False) -> Dict[str, Any]:
    """The objects of one task for one host; see DOCUMENTATION."""
    name = str(plain(task))
    if name not in tasks.TASKS:
        raise AnsibleFilterError(
            f"ossm.federation.traffic: there is no task {name!r}; there are {', '.join(tasks.TASKS)}"
        )
    known, host = sealed_plan_for(plan, host, "ossm.federation.traffic")
    facts = read_facts(hostvars, [host]).get(host, {})
    results = read_results(hostvars, [host], waiting.READING)
    return seal(tasks.TASKS[name](known, host, facts, results, bool(plain(check_mode))), {})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"traffic": traffic}
