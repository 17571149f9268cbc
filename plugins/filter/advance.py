# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: advance
short_description: Take into the plan what a step returned
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - A pair that failed is skipped from here on, on the failing side only; addresses reach the other side.
  - In check mode the address of a gateway that would be made stays unknown, and its pair stays in the plan.
positional: step, hostvars, name, check_mode
options:
  _input:
    description: What P(ossm.federation.plan#filter) returned.
    type: dict
    required: true
  step:
    description: The step - V(gateways), V(addresses), V(sets) or V(peers).
    type: str
    required: true
  hostvars:
    description: The variables of all hosts, as Ansible has them in C(hostvars).
    type: dict
    required: true
  name:
    description: The variable that holds each host's result of the step.
    type: str
    required: true
  check_mode:
    description: Whether this run only looks.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: See what every mesh has opened
  ansible.builtin.set_fact:
    __plan: "{{ __plan | ossm.federation.advance('addresses', hostvars, '__gateways_addresses', ansible_check_mode) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The plan after the step.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, registered, seal, unseal
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning


def advance(plan: Any, step: str, hostvars: Mapping[str, Any], name: str, check_mode: bool = False) -> Dict[str, Any]:
    """Take in one step; see DOCUMENTATION."""
    made = unseal(plan, "sides")
    if made is None:
        raise AnsibleFilterError("ossm.federation.advance takes what ossm.federation.plan returned")
    results = registered(hostvars, made["meshes"], str(plain(name)))
    try:
        after = planning.advance(made, str(plain(step)), results, bool(plain(check_mode)))
    except ValueError as error:
        raise AnsibleFilterError(f"ossm.federation.advance: {error}") from error
    return seal(after, planning.public_plan(after))


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"advance": advance}
