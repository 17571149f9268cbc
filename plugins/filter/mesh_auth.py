# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: mesh_auth
short_description: Build the option auth from the variables of a host
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Turns the C(mesh_*) access variables of one host into the option C(auth) of the modules of this collection.
options:
  _input:
    description: The variables of one host.
    type: dict
    required: true
seealso:
  - plugin: ossm.federation.declaration
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Write objects of one mesh
  ossm.federation.mesh_objects:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: red-mesh
    objects: []

- name: Read one mesh
  ossm.federation.mesh_info:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: red-mesh
    namespace: red-mesh-system
"""

RETURN = r"""
_value:
  description: The authentication options of kubernetes.core, for example O(ossm.federation.mesh_info#module:auth).
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import host_variables, inert
from ansible_collections.ossm.federation.plugins.plugin_utils._model import declare as declaring, variables


def mesh_auth(hostvars: Mapping[str, Any]) -> Dict[str, Any]:
    """The authentication options of one host; see DOCUMENTATION."""
    if not isinstance(hostvars, Mapping):
        raise AnsibleFilterError("ossm.federation.mesh_auth takes the variables of one host")
    values, unreadable = host_variables({"": hostvars}, [""], variables.ACCESS.__contains__)
    if unreadable:
        raise AnsibleFilterError(f"ossm.federation.mesh_auth: {unreadable[0][1]}: {unreadable[0][2]}")
    return dict(inert(declaring.mesh_auth(values[""])))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"mesh_auth": mesh_auth}
