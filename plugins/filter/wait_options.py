# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: wait_options
short_description: List the gateways or links that a mesh has to wait for (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Lists what is in the plan of the mesh, without what could not be written.
  - The list is sealed, as one JSON text, which the actions of the modules unpack.
positional: subject, host, hostvars
options:
  _input:
    description: C(mesh_plan).
    type: dict
    required: true
  subject:
    description:
      - What the task waits for.
      - V(gateways) are the ingress gateways that need an address.
      - V(links) are the links whose objects were written, each with the time of the last change.
      - V(imports) are the same links, with the services that they must import. The other meshes report these once they are
        connected.
    type: str
    choices: [gateways, links, imports]
    required: true
  host:
    description: The inventory host of the mesh.
    type: str
    required: true
  hostvars:
    description: C(hostvars), with what the roles have registered.
    type: dict
    required: true
seealso:
  - module: ossm.federation.gateway_wait
  - module: ossm.federation.peer_wait
"""

EXAMPLES = r"""
- name: Wait until the gateways have their addresses
  ossm.federation.gateway_wait:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: red-mesh
    namespace: red-mesh-system
    control_plane: red-mesh
    gateways: "{{ mesh_plan | ossm.federation.wait_options('gateways', inventory_hostname, hostvars) }}"

- name: Wait until the links are connected
  ossm.federation.peer_wait:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: red-mesh
    namespace: red-mesh-system
    links: "{{ mesh_plan | ossm.federation.wait_options('links', inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description: The option O(ossm.federation.gateway_wait#module:gateways) or O(ossm.federation.peer_wait#module:links).
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_results,
    sealed_plan_for,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._run import waiting


def wait_options(plan: Any, subject: str, host: str, hostvars: Mapping[str, Any]) -> Dict[str, Any]:
    """List what a mesh has to wait for; see DOCUMENTATION."""
    awaited = str(plain(subject))
    if awaited not in waiting.AWAITED:
        raise AnsibleFilterError(
            f"ossm.federation.wait_options: subject is one of {', '.join(waiting.AWAITED)}, not {awaited!r}"
        )
    known, name = sealed_plan_for(plan, host, "ossm.federation.wait_options")
    hosts = known["meshes"] if awaited == "imports" else [name]
    results = read_results(hostvars, hosts, waiting.AWAITED[awaited])
    return seal(waiting.wait_options(known, awaited, name, results), {})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"wait_options": wait_options}
