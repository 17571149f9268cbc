# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: rotation
short_description: Plan the rotation of a root (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Finds the old and the new root of a mesh, what its peers trust, and the stage of the rotation.
positional: hostvars, outside
options:
  _input:
    description: C(mesh_declaration).
    type: dict
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
  - plugin: ossm.federation.rotation_options
    plugin_type: filter
  - plugin: ossm.federation.rotation_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan the rotation
  ansible.builtin.set_fact:
    rotation_plan: "{{ mesh_declaration | ossm.federation.rotation(hostvars) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['problems']) stop the rotation.
    - RV(_value['host']) is the inventory host of the mesh, RV(_value['involved']) are all hosts that are read again.
    - RV(_value['meshes']) has by host the mesh, its namespace and control plane; RV(_value['timeout']) is in seconds.
    - RV(_value['force_conflicts']) is whether fields of other managers are taken.
  type: dict
"""

import datetime
from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import read_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_facts, sealed_declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.plan import plan_rotation
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.tasks import involved


def rotation(declaration: Any, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """Plan a rotation; see DOCUMENTATION."""
    declared = sealed_declaration(declaration, "ossm.federation.rotation")
    facts = read_facts(hostvars, declared["hosts"], outside)
    planned = plan_rotation(declared, facts, read_file, datetime.datetime.now(datetime.timezone.utc))
    names = ("mesh", "namespace", "control_plane")
    shown = {
        "problems": [found for found in planned["problems"] if found["severity"] == "error"],
        "host": planned["request"]["host"],
        "involved": [] if planned["problems"] else involved(planned, facts),
        "meshes": {
            host: {name: dict(mesh)[name] for name in names} for host, mesh in planned["plan"]["meshes"].items()
        },
        "force_conflicts": planned["plan"]["options"]["federation_force_conflicts"],
        "timeout": planned["plan"]["options"]["federation_wait_timeout"],
    }
    return seal(planned, shown)


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"rotation": rotation}
