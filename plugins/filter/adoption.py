# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: adoption
short_description: Describe a live federation as an inventory (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Finds for each ServiceMeshPeer the mesh that it is for, and describes the live objects by variables with which C(federate.yml) changes nothing.
  - The whole is sealed, for P(ossm.federation.adoption_report#filter).
positional: hostvars, groups, outside
options:
  _input:
    description: C(mesh_declaration).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with C(mesh_facts) of each mesh that was read.
    type: dict
    required: true
  groups:
    description: C(groups).
    type: dict
    required: true
  outside:
    description: Results of M(ossm.federation.mesh_info) for meshes outside the play.
    type: list
    elements: raw
    default: []
seealso:
  - plugin: ossm.federation.declaration
    plugin_type: filter
  - plugin: ossm.federation.adoption_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Describe the federation
  ansible.builtin.set_fact:
    adopt_plan: "{{ mesh_declaration | ossm.federation.adoption(hostvars, groups) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: RV(_value['directory']) and RV(_value['files']) (sealed) are for M(ossm.federation.adopt_files).
  type: dict
"""

import datetime
from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.adoption import adopt
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.inventory import read_inventory
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_facts, sealed_declaration

READER = "ossm.federation.adoption"


def adoption(declaration: Any, hostvars: Mapping[str, Any], groups: Any, outside: Any = ()) -> Dict[str, Any]:
    """Describe the live federation; see DOCUMENTATION."""
    declared = sealed_declaration(declaration, READER)
    inventory = read_inventory(hostvars, groups, declared["group"], reader=READER, environ={}, access=False)
    facts = read_facts(hostvars, declared["hosts"], outside)
    found = adopt(declared, facts, inventory.variables, datetime.datetime.now(datetime.timezone.utc))
    shown = {"directory": found["directory"], "files": seal(found["files"], {})}
    return seal({"adoption": found}, shown)


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"adoption": adoption}
