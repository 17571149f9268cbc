# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
short_description: Plan a federation out of its declaration and what was read
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Chooses names, exposures and trust domains, and finds what only shows across meshes.
  - What the Services that were read say of the rules is found here - exported ones with more or less than one port, and imports
    that join a Service with other ports.
  - RV(_value).problems must stop the run before its first write; a mesh that could not be read is no such problem.
  - What can be told before the first write is told - versions with known faults, missing rights, exported namespaces that
    are no members, network views. A mesh without the rights for what this run would do is held back with its problems.
  - RV(_value).pending_steps names the steps in which a mesh has anything to write or to wait for; all others may be left out.
positional: hostvars, outside, rights_for
options:
  _input:
    description: What P(ossm.federation.declaration#filter) returned.
    type: dict
    required: true
  hostvars:
    description: The variables of all hosts; those of the play have C(mesh_facts) from M(ossm.federation.mesh_info).
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
    __plan: "{{ __federation | ossm.federation.plan(hostvars, __mesh_outside_facts.results | default([]), 'federate') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The plan - C(group), C(options), C(meshes), C(sides), C(problems), C(warnings), C(load_balancers), C(preflight), C(pending_steps),
    C(restarts), C(by_file).
  type: dict
"""

import datetime
from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.module_utils._product import permissions
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import facts_of, plain, seal, unseal
from ansible_collections.ossm.federation.plugins.plugin_utils._lint import services
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight


def plan(
    declaration: Any, hostvars: Mapping[str, Any], outside: Any = (), rights_for: str = "federate"
) -> Dict[str, Any]:
    """Plan the declared federation; see DOCUMENTATION."""
    declared = unseal(declaration, "pairs")
    if declared is None:
        raise AnsibleFilterError("ossm.federation.plan takes what ossm.federation.declaration returned")
    facts = facts_of(declared["hosts"], hostvars, outside)
    purpose = str(plain(rights_for))
    if purpose not in permissions.READING:
        raise AnsibleFilterError(f"ossm.federation.plan: rights_for is one of {', '.join(permissions.READING)}")
    planned = planning.build_plan(declared, facts, datetime.datetime.now(datetime.timezone.utc))
    made = preflight.preflight(services.with_services(planned, declared, facts), facts, purpose)
    return seal(made, planning.public_plan(made))


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"plan": plan}
