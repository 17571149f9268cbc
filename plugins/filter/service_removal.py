# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: service_removal
short_description: Plan the removal of a service (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Finds the export and import sets of this collection that have the service, and what their rules are without it.
positional: hostvars, outside
options:
  _input:
    description: C(mesh_declaration).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with C(mesh_facts) of each mesh.
    type: dict
    required: true
  outside:
    description: Results of M(ossm.federation.mesh_info) for meshes outside the limit.
    type: list
    elements: dict
    default: []
seealso:
  - plugin: ossm.federation.service_removal_objects
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan the removal of a service
  ansible.builtin.set_fact:
    service_removal_plan: "{{ mesh_declaration | ossm.federation.service_removal(hostvars) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['confirmed']) is whether the removal is confirmed, RV(_value['problems']) stop it, and RV(_value['rejected']) is their report.
    - RV(_value['meshes']) has by host the mesh, its namespace and control plane; RV(_value['concerned']) are the hosts to which this run writes.
    - RV(_value['lines']) is what would be removed, RV(_value['unconfirmed']) the report of a run without confirmation.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_facts, sealed_declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_plan import plan_service_removal
from ansible_collections.ossm.federation.plugins.plugin_utils._report import service_removal as report


def service_removal(declaration: Any, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """Plan the removal of a service; see DOCUMENTATION."""
    declared = sealed_declaration(declaration, "ossm.federation.service_removal")
    planned = plan_service_removal(declared, read_facts(hostvars, declared["hosts"], outside))
    shown = {
        "confirmed": planned["request"]["confirmed"],
        "problems": planned["problems"],
        "rejected": report.rejected(planned) if planned["problems"] else [],
        "meshes": planned["meshes"],
        "concerned": sorted(
            host for host in planned["meshes"] if planned["cuts"].get(host) or planned["traffic"].get(host)
        ),
        "lines": report.announcement(planned),
        "unconfirmed": [] if planned["problems"] else report.unconfirmed(planned),
        "timeout": planned["options"]["federation_removal_timeout"],
    }
    return seal(planned, shown)


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"service_removal": service_removal}
