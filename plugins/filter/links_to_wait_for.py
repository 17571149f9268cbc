# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: links_to_wait_for
short_description: List the links of a mesh for M(ossm.federation.peer_wait) (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - The links of one mesh whose objects were written, each with the time of the last change.
  - The exports of the other meshes are known once links are connected. With O(expect) their imports are expected as well.
positional: host, hostvars, expect
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
    description: C(hostvars), with what the roles have registered.
    type: dict
    required: true
  expect:
    description: Whether the links of all meshes were read, so that imports can be expected.
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
    links: "{{ mesh_plan | ossm.federation.links_to_wait_for(inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description: The option O(ossm.federation.peer_wait#module:links).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    planned_host,
    read_results,
    sealed_plan,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report import result as run_result


def links_to_wait_for(plan: Any, host: str, hostvars: Mapping[str, Any], expect: bool = False) -> List[Dict[str, Any]]:
    """List the links of a mesh; see DOCUMENTATION."""
    known = sealed_plan(plan, "ossm.federation.links_to_wait_for")
    name = planned_host(known, host, "ossm.federation.links_to_wait_for")
    about = run_result.WRITING + (run_result.READING if expect else ())
    results = read_results(hostvars, known["meshes"] if expect else [name], about)
    return list(inert([_option(link) for link in run_result.link_options(known, name, results, bool(expect))]))


def _option(link: Mapping[str, Any]) -> Dict[str, Any]:
    """One link as an item of the option ``links``."""
    names = ("peer", "peer_name")
    expect = {key: value for key, value in link.items() if key not in names}
    return {**{key: link[key] for key in names}, "expect": expect}


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"links_to_wait_for": links_to_wait_for}
