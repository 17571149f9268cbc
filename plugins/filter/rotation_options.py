# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: rotation_options
short_description: List what a task of a rotation does (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Returns the objects, links or workloads of one task of a rotation, for one mesh, from the newest readings of the meshes.
positional: task, host, hostvars
options:
  _input:
    description: C(rotation_plan).
    type: dict
    required: true
  task:
    description:
      - The task, by what its result is about.
      - V(both_roots) and V(new_root) are objects, V(loaded_links) and V(new_links) links, V(rotation_istiod) is the host itself where its
        istiod is to be restarted, V(rotation_gateways) are workloads.
      - V(reading) is what is read besides the federation, V(announcement) are lines about the stage.
    type: str
    required: true
    choices: [both_roots, new_root, loaded_links, new_links, rotation_istiod, rotation_gateways, reading, announcement]
  host:
    description: The inventory host of the mesh.
    type: str
    required: true
  hostvars:
    description: C(hostvars), with what earlier tasks have registered.
    type: dict
    required: true
seealso:
  - plugin: ossm.federation.rotation
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write both roots
  ossm.federation.mesh_objects:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: "{{ rotation_plan.meshes[inventory_hostname].mesh }}"
    objects: "{{ rotation_plan | ossm.federation.rotation_options('both_roots', inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description: Values of the option of the task - objects, links, workloads or additional objects.
  type: list
  elements: raw
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_facts,
    read_results,
    sealed_rotation,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report import rotation
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation import tasks

READING = "reading"
ANNOUNCEMENT = "announcement"


def rotation_options(plan: Any, task: str, host: str, hostvars: Mapping[str, Any]) -> List[Any]:
    """What one task does for one host; see DOCUMENTATION."""
    known, name = sealed_rotation(plan, "ossm.federation.rotation_options"), str(plain(task))
    if name not in (*tasks.OPTIONS, READING, ANNOUNCEMENT):
        raise AnsibleFilterError(
            f"ossm.federation.rotation_options: there is no task {name!r}; there are {', '.join(tasks.OPTIONS)}"
        )
    one, hosts = str(plain(host)), list(known["plan"]["meshes"])
    facts = {**known["outside"], **read_facts(hostvars, hosts)}
    if name == READING:
        return list(inert(tasks.reading(known, one, facts)))
    state = tasks.State(known, facts, read_results(hostvars, hosts, tasks.RESULTS))
    if name == ANNOUNCEMENT:
        return list(inert(rotation.announcement(state)))
    return list(inert(tasks.OPTIONS[name](state, one)))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"rotation_options": rotation_options}
