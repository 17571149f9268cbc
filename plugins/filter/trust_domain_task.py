# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: trust_domain_task
short_description: Build the options of one task of a change of trust domains (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Nothing where an earlier task has failed, or where the task is not among the stages of the run.
positional: task, host, hostvars, check_mode
options:
  _input:
    description: C(trust_domain_plan).
    type: dict
    required: true
  task:
    description: What the result of the task is about.
    type: str
    choices: [trust_accept, trust_accepted, trust_switch, trust_switched, trust_workloads, trust_complete, trust_completed]
    required: true
  host:
    description: The inventory host of the mesh.
    type: str
    required: true
  hostvars:
    description: C(hostvars), with what earlier tasks have registered.
    type: dict
    required: true
  check_mode:
    description: Whether this is a check run.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.trust_domain
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Accept the new trust domain
  vars:
    __options: "{{ trust_domain_plan | ossm.federation.trust_domain_task('trust_accept', inventory_hostname, hostvars) }}"
  ossm.federation.mesh_objects:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: "{{ trust_domain_plan.meshes[inventory_hostname].mesh }}"
    objects: "{{ __options.objects }}"
  when: __options | length > 0
"""

RETURN = r"""
_value:
  description:
    - Options for M(ossm.federation.mesh_objects), M(ossm.federation.trust_domain_wait) or M(ossm.federation.workload_identities), without those
      that all tasks share. Empty where the task is skipped.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping, cast

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_results,
    sealed_trust_domain,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.tasks import ORDER, task_options


def trust_domain_task(
    plan: Any, task: str, host: str, hostvars: Mapping[str, Any], check_mode: bool = False
) -> Dict[str, Any]:
    """The options of one task for one host; see DOCUMENTATION."""
    known, name = sealed_trust_domain(plan, "ossm.federation.trust_domain_task"), str(plain(task))
    if name not in ORDER:
        raise AnsibleFilterError(
            f"ossm.federation.trust_domain_task: there is no task {name!r}; there are {', '.join(ORDER)}"
        )
    one = str(plain(host))
    results = read_results(hostvars, [one], ORDER)
    return cast(Dict[str, Any], inert(task_options(known, name, one, results, bool(plain(check_mode)))))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"trust_domain_task": trust_domain_task}
