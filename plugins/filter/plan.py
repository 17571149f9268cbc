# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
short_description: Plan a federation from its declaration and what was read (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Chooses names, exposures and trust domains, and finds problems between meshes.
  - Compares the rules with the Services that were read - exported Services with no or several ports, and imports that join a
    Service with other ports.
  - RV(_value).problems must stop the run before its first write. A mesh that could not be read is not among them.
  - Runs the preflight - versions with known faults, missing rights, exported namespaces that are not members, network views. A
    mesh without the rights for what this run would do is skipped, with its problems.
  - With C(federation_apply_plan) or C(federation_plan_digests) the plan is compared with the saved one. Where they differ, that is a problem.
  - RV(_value).pending_steps names the steps in which a mesh has anything to write or to wait for. All others may be skipped.
positional: hostvars, outside, rights_for
options:
  _input:
    description: C(mesh_declaration).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with C(mesh_facts) of each mesh of the play.
    type: dict
    required: true
  outside:
    description: Results of M(ossm.federation.mesh_info) for meshes outside the play.
    type: list
    elements: raw
    default: []
  rights_for:
    description: What the accounts are used for, as in M(ossm.federation.mesh_info).
    type: str
    choices: [export-identity, federate, federate-check, read]
    default: federate
seealso:
  - plugin: ossm.federation.declaration
    plugin_type: filter
  - plugin: ossm.federation.advance
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan the pairs
  ansible.builtin.set_fact:
    mesh_plan: "{{ mesh_declaration | ossm.federation.plan(hostvars, mesh_outside_facts.results | default([]), 'federate') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The part of the plan that roles read - C(group), C(options), C(meshes), C(problems), C(announcement) (lines and
    details), C(pending_steps), C(restarts), C(undeclared), C(by_file) - and the whole as one text.
  type: dict
"""

import datetime
from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.module_utils._product import permissions
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import read_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_facts,
    seal_plan,
    sealed_declaration,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report.announcement import announcement
from ansible_collections.ossm.federation.plugins.plugin_utils._run import (
    plan_digests,
    preflight,
    saved_plan,
)


def plan(
    declaration: Any, hostvars: Mapping[str, Any], outside: Any = (), rights_for: str = "federate"
) -> Dict[str, Any]:
    """Plan the declared federation; see DOCUMENTATION."""
    declared, purpose = sealed_declaration(declaration, "ossm.federation.plan"), str(plain(rights_for))
    if purpose not in permissions.READING:
        raise AnsibleFilterError(f"ossm.federation.plan: rights_for is one of {', '.join(permissions.READING)}")
    facts = read_facts(hostvars, declared["hosts"], outside)
    planned = preflight.checked_plan(declared, facts, purpose, datetime.datetime.now(datetime.timezone.utc))
    path = declared["options"].get("federation_apply_plan")
    if path and purpose.startswith("federate"):
        planned["problems"] += saved_plan.compare_plan(read_file(path), path, planned, facts, declared)
    digests = declared["options"].get(plan_digests.VARIABLE)
    if digests and purpose.startswith("federate"):
        planned["problems"] += plan_digests.compare_digests(digests, planned, facts, declared)
    announced = announcement(planned, facts)
    text = {"lines": announced["lines"], "details": announced["details"]}
    return seal_plan(planned, {**planning.public_plan(planned), "announcement": text})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"plan": plan}
