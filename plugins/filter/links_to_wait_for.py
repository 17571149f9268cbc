# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: links_to_wait_for
short_description: List the links of a mesh that M(ossm.federation.peer_wait) is to wait for
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - The links of one mesh whose objects were written, each with the time of the last change.
  - What the other meshes offer is only known once links are connected; with O(expect) it is waited for as well.
positional: host, hostvars, expect
options:
  _input:
    description: What P(ossm.federation.plan#filter) returned.
    type: dict
    required: true
  host:
    description: The inventory host of the mesh.
    type: str
    required: true
  hostvars:
    description: The variables of all hosts, as Ansible has them in C(hostvars), with what the roles have registered.
    type: dict
    required: true
  expect:
    description: Whether the readings of all meshes are there, so that imports can be expected.
    type: bool
    default: false
seealso:
  - module: ossm.federation.peer_wait
"""

EXAMPLES = r"""
- name: Wait until the links are connected
  ossm.federation.peer_wait:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: red-mesh
    namespace: red-mesh-system
    links: "{{ __plan | ossm.federation.links_to_wait_for(inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description: The option O(ossm.federation.peer_wait#module:links).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import all_registered, inert, plain, unseal
from ansible_collections.ossm.federation.plugins.plugin_utils._report import result as run_result


def links_to_wait_for(plan: Any, host: str, hostvars: Mapping[str, Any], expect: bool = False) -> List[Dict[str, Any]]:
    """List the links of a mesh; see DOCUMENTATION."""
    made, name = unseal(plan, "sides"), str(plain(host))
    if made is None or name not in made["meshes"]:
        raise AnsibleFilterError(f"ossm.federation.links_to_wait_for: {name} is not in the plan")
    hosts = made["meshes"] if expect else [name]
    read = run_result.WRITING + (run_result.READING if expect else ())
    results = all_registered(hostvars, hosts, read)
    return list(inert(run_result.link_options(made, name, results, bool(expect))))


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"links_to_wait_for": links_to_wait_for}
