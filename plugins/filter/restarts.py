# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: restarts
short_description: Name the hosts whose istiod is to be restarted
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - The hosts whose istiod has not taken up what was changed and will not, as far as C(federation_restart_control_plane)
    allows a restart.
positional: hostvars
options:
  _input:
    description: What P(ossm.federation.plan#filter) or P(ossm.federation.advance#filter) returned.
    type: dict
    required: true
  hostvars:
    description: The variables of all hosts, as Ansible has them in C(hostvars), with what the roles have registered.
    type: dict
    required: true
seealso:
  - module: ossm.federation.istiod_restart
"""

EXAMPLES = r"""
- name: Find the control planes that need a restart
  ansible.builtin.set_fact:
    __restarts: "{{ __plan | ossm.federation.restarts(hostvars) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: Inventory hosts.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import (
    all_registered,
    inert,
    mesh_facts,
    unseal,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report import result as run_result


def restarts(plan: Any, hostvars: Mapping[str, Any]) -> List[str]:
    """Name the hosts; see DOCUMENTATION."""
    made = unseal(plan, "sides")
    if made is None:
        raise AnsibleFilterError("ossm.federation.restarts takes what ossm.federation.plan returned")
    results = all_registered(hostvars, made["meshes"], run_result.RESULTS)
    facts = {host: mesh_facts(hostvars, host) for host, mesh in made["meshes"].items() if mesh["in_play"]}
    return list(inert(run_result.restarts(made, results, facts)))


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"restarts": restarts}
