# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: trust_domain
short_description: Plan the change of trust domains (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Finds the meshes whose trust domain changes, and the stage of each, from the control planes.
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
  - plugin: ossm.federation.trust_domain_task
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan the change
  ansible.builtin.set_fact:
    trust_domain_plan: "{{ mesh_declaration | ossm.federation.trust_domain(hostvars) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['problems']) stop the run.
    - RV(_value['meshes']) has by host the mesh, its namespace and control plane.
    - RV(_value['lines']) is what changes.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_facts, sealed_declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._report.trust_domain import announcement
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.plan import plan_change


def trust_domain(declaration: Any, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """Plan the change of trust domains; see DOCUMENTATION."""
    declared = sealed_declaration(declaration, "ossm.federation.trust_domain")
    planned = plan_change(declared, read_facts(hostvars, declared["hosts"], outside))
    shown = {
        "problems": planned["problems"],
        "meshes": {
            host: {key: mesh[key] for key in ("mesh", "namespace", "control_plane")}
            for host, mesh in planned["meshes"].items()
        },
        "lines": announcement(planned),
        "timeout": planned["options"]["federation_trust_domain_timeout"],
        "force_conflicts": planned["options"]["federation_force_conflicts"],
    }
    return seal(planned, shown)


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"trust_domain": trust_domain}
