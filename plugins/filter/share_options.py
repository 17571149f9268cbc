# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: share_options
short_description: List what one task of a run that shares services writes or waits for (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Without the sets that an earlier task could not write.
positional: task, host, hostvars
options:
  _input:
    description: C(share_plan).
    type: dict
    required: true
  task:
    description: What the result of the task is about.
    type: str
    choices: [share_imports, share_exports, share_peers, share_exported, share_imported]
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
  - plugin: ossm.federation.share
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write the import sets
  ossm.federation.mesh_objects:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: "{{ share_plan.meshes[inventory_hostname].mesh }}"
    objects: "{{ share_plan | ossm.federation.share_options('share_imports', inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description:
    - Objects for O(ossm.federation.mesh_objects#module:objects).
    - For V(share_exported) and V(share_imported), values of O(ossm.federation.sharing_wait#module:exports) or
      O(ossm.federation.sharing_wait#module:imports).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping, cast

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_results, sealed_share
from ansible_collections.ossm.federation.plugins.plugin_utils._share import tasks


def share_options(plan: Any, task: str, host: str, hostvars: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """What one task does for one host; see DOCUMENTATION."""
    known, name = sealed_share(plan, "ossm.federation.share_options"), str(plain(task))
    if name not in tasks.TASKS:
        raise AnsibleFilterError(
            f"ossm.federation.share_options: there is no task {name!r}; there are {', '.join(tasks.TASKS)}"
        )
    results = read_results(hostvars, known["plan"]["meshes"], tasks.TASKS)
    return cast(List[Dict[str, Any]], inert(tasks.build_task(known, name, str(plain(host)), results)))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"share_options": share_options}
