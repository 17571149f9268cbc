# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: advance
short_description: Record in the plan what steps returned (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - The steps are recorded in the order given. The time is recorded as well, in seconds since the epoch - RV(_value).recorded_at
    has it by step.
  - A pair that failed is skipped in all later steps, on the failing side only. Addresses are recorded for the other side.
  - In check mode the address of a gateway that would be created is unknown, and its pair stays in the plan.
positional: steps, hostvars, check_mode
options:
  _input:
    description: C(mesh_plan).
    type: dict
    required: true
  steps:
    description: The steps whose results are recorded.
    type: list
    elements: str
    choices: [gateways, addresses, sets, peers]
    required: true
  hostvars:
    description: C(hostvars), with what the roles have registered.
    type: dict
    required: true
  check_mode:
    description: Whether this is a check run.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Record the addresses of the gateways
  ansible.builtin.set_fact:
    mesh_plan: "{{ mesh_plan | ossm.federation.advance(['addresses'], hostvars, ansible_check_mode) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The plan after the steps.
  type: dict
"""

import time
from collections.abc import Callable
from typing import Any, Dict, List, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_results,
    seal_plan,
    sealed_plan,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import (
    advance as plan_steps,
    plan as planning,
    types as plan_types,
)


def advance(plan: Any, steps: List[str], hostvars: Mapping[str, Any], check_mode: bool = False) -> Dict[str, Any]:
    """Record the results of steps; see DOCUMENTATION."""
    after, names = sealed_plan(plan, "ossm.federation.advance"), plain(steps)
    wrong = [names] if not isinstance(names, list) else [name for name in names if name not in plan_types.STEPS]
    if wrong:
        raise AnsibleFilterError(
            f"ossm.federation.advance: there is no step {wrong[0]!r}; there are {', '.join(plan_types.STEPS)}"
        )
    results = read_results(hostvars, after["meshes"], names)
    recorded_at = {**(after.get("recorded_at") or {}), **dict.fromkeys(names, time.time())}
    for name in names:
        after = plan_steps.advance(after, name, results[name], bool(plain(check_mode)))
    after["recorded_at"] = recorded_at
    return seal_plan(after, planning.public_plan(after))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"advance": advance}
