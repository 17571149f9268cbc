# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: mesh_auth
short_description: Take the access to a mesh's cluster out of a host's variables
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Turns the C(mesh_*) access variables of one host into authentication options of kubernetes.core.
  - Applied to a mesh of the declaration, it gives an entry for M(ossm.federation.mesh_info).
positional: hostvars
options:
  _input:
    description: The variables of one host, or a mesh of the declaration.
    type: dict
    required: true
  hostvars:
    description: The variables of the mesh's host, when the input is a mesh of the declaration.
    type: dict
    required: false
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
    meshes:
      - "{{ mesh_declaration.meshes['red-mesh'] | ossm.federation.mesh_auth(hostvars['red-mesh']) }}"
"""

RETURN = r"""
_value:
  description: The authentication options, or the entry for C(mesh_info).
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping, Optional, cast

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import host_variables, inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._model import declare as declaring, variables


def mesh_auth(value: Mapping[str, Any], hostvars: Optional[Mapping[str, Any]] = None) -> Dict[str, Any]:
    """Options of one host, or an entry for ``mesh_info``; see DOCUMENTATION."""
    if hostvars is None:
        return cast(Dict[str, Any], inert(_auth(value)))
    entry = {key: plain(value[key]) for key in ("host", "mesh", "namespace", "control_plane")}
    return cast(Dict[str, Any], inert({**entry, "auth": _auth(hostvars)}))


def _auth(hostvars: Mapping[str, Any]) -> Dict[str, Any]:
    if not isinstance(hostvars, Mapping):
        raise AnsibleFilterError("ossm.federation.mesh_auth takes the variables of one host")
    found, unreadable = host_variables({"": hostvars}, [""], variables.ACCESS.__contains__)
    if unreadable:
        raise AnsibleFilterError(f"ossm.federation.mesh_auth: {unreadable[0][1]}: {unreadable[0][2]}")
    return declaring.mesh_auth(found[""])


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"mesh_auth": mesh_auth}
