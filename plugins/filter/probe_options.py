# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: probe_options
short_description: Build the options of request_probe for a mesh (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Finds the imported services of a mesh with their host names and ports.
positional: host, hostvars, outside
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
    description: C(hostvars), with the facts of the meshes.
    type: dict
    required: true
  outside:
    description: Results of mesh_info for the meshes outside of the limit.
    type: list
    elements: dict
    default: []
seealso:
  - plugin: ossm.federation.probe_services
    plugin_type: filter
  - plugin: ossm.federation.diagnosis
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Request imported services
  vars:
    __probe: "{{ mesh_plan | ossm.federation.probe_options(inventory_hostname, hostvars) }}"
  ossm.federation.request_probe:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: "{{ __probe.mesh }}"
    namespace: "{{ __probe.namespace }}"
    probe_namespace: "{{ __probe.probe_namespace }}"
    targets: "{{ __probe.targets }}"
  when: __probe | length > 0
"""

RETURN = r"""
_value:
  description: Options of M(ossm.federation.request_probe), without C(auth). Empty where nothing is requested.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping, cast

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    planned_host,
    read_facts,
    read_results,
    sealed_plan,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._probe.targets import (
    probe_options as build_options,
    with_services,
)


def probe_options(plan: Any, host: str, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """The options of request_probe for one mesh; see DOCUMENTATION."""
    known = sealed_plan(plan, "ossm.federation.probe_options")
    name = planned_host(known, host, "ossm.federation.probe_options")
    services = read_results(hostvars, known["meshes"], ["probe_services"])["probe_services"]
    facts = with_services(read_facts(hostvars, known["meshes"], outside), services)
    return cast(Dict[str, Any], inert(build_options(known, facts, name)))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"probe_options": probe_options}
