# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: installation
short_description: Plan the installation of one mesh (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Lists what to read of a cluster and, once it has been read, what to write so that the mesh exists.
  - Absent and managed objects only. Nothing is planned for a host without C(mesh_install).
positional: host, hostvars
options:
  _input:
    description: C(mesh_declaration).
    type: dict
    required: true
  host:
    description: The inventory host of the mesh.
    type: str
    required: true
  hostvars:
    description: C(hostvars), with C(install_facts), the result of M(ossm.federation.mesh_info), once it exists.
    type: dict
    required: true
seealso:
  - plugin: ossm.federation.installation_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Decide what to install
  ansible.builtin.set_fact:
    install_plan: "{{ mesh_declaration | ossm.federation.installation(inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description:
    - RV(_value['wanted']) is true where this mesh is to be installed; RV(_value['reads']) is what to read for that.
    - RV(_value['operator']) and RV(_value['plane']) are objects for O(ossm.federation.mesh_objects#module:objects).
    - RV(_value['subscription']) is the operator's Subscription to wait for, or null.
    - RV(_value['wait']) is true where to wait for the control plane RV(_value['control_plane']).
    - RV(_value['lines']) is text about what stays as it is, RV(_value['problems']) are the problems.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_results, sealed_declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._install import plan as installing


def installation(declaration: Any, host: str, hostvars: Mapping[str, Any]) -> Dict[str, Any]:
    """Plan the installation of one host's mesh; see DOCUMENTATION."""
    declared, name = sealed_declaration(declaration, "ossm.federation.installation"), str(plain(host))
    if name not in declared["meshes"]:
        raise AnsibleFilterError(f"ossm.federation.installation: {name} is not in the declaration")
    facts = read_results(hostvars, [name], ["install_facts"])["install_facts"].get(name) or {}
    return dict(inert(installing.build_plan(declared, name, facts if "readable" in facts else {})))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"installation": installation}
