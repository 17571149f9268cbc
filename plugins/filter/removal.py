# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: removal
short_description: Plan a removal (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Finds what the meshes have of the pairs that are removed, by the labels and field managers of this collection.
positional: verb, hostvars, outside
options:
  _input:
    description: C(mesh_declaration).
    type: dict
    required: true
  verb:
    description: What is removed - one pair, all pairs of a mesh, all pairs of the group, or the pairs that are not declared.
    type: str
    choices: [unlink, remove_mesh, leave, prune]
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
  - plugin: ossm.federation.removal_objects
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan the removal
  ansible.builtin.set_fact:
    removal_plan: "{{ mesh_declaration | ossm.federation.removal('unlink', hostvars) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['confirmed']) is whether the removal is confirmed, RV(_value['problems']) stop it.
    - RV(_value['meshes']) has by host the mesh, its namespace and control plane, and whether this run writes to it.
    - RV(_value['lines']) is what would be removed, RV(_value['unconfirmed']) the report of a run without confirmation.
    - RV(_value['identity_files']) are the files with our identity for meshes that are removed, which are deleted.
    - RV(_value['restarts']) are the hosts whose istiod is restarted at the end.
  type: dict
"""

import os
from collections.abc import Callable
from typing import Any, Dict, Mapping, Tuple, get_args

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import absolute
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_facts, sealed_declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.plan import by_host, plan_removal
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import Verb
from ansible_collections.ossm.federation.plugins.plugin_utils._report import removal as removal_report

VERBS: Tuple[Verb, ...] = get_args(Verb)


def removal(declaration: Any, verb: str, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """Plan a removal; see DOCUMENTATION."""
    declared, name = sealed_declaration(declaration, "ossm.federation.removal"), str(plain(verb))
    if name not in VERBS:
        raise AnsibleFilterError(f"ossm.federation.removal: verb must be one of {', '.join(VERBS)}, not {name!r}")
    facts = read_facts(hostvars, declared["hosts"], outside)
    planned = plan_removal(declared, facts, name)
    planned["identity_files"] = [path for path in map(absolute, planned["identity_files"]) if os.path.isfile(path)]
    shown = {
        "confirmed": planned["request"]["confirmed"],
        "problems": planned["problems"],
        "meshes": planned["meshes"],
        "concerned": list(by_host(planned)),
        "lines": removal_report.announcement(planned),
        "unconfirmed": [] if planned["problems"] else removal_report.unconfirmed(planned),
        "identity_files": planned["identity_files"],
        "restarts": removal_report.restarts(planned),
        "timeout": planned["options"]["federation_removal_timeout"],
    }
    return seal(planned, shown)


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"removal": removal}
