# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: restarts
short_description: List the hosts whose istiod is to be restarted (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - The hosts whose istiod does not accept a change without a restart, as far as C(federation_restart_control_plane) allows it.
positional: hostvars
options:
  _input:
    description: C(mesh_plan).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with what the roles have registered.
    type: dict
    required: true
seealso:
  - module: ossm.federation.istiod_restart
"""

EXAMPLES = r"""
- name: Skip this step where no istiod is to be restarted
  ansible.builtin.meta: end_play
  when: mesh_plan | ossm.federation.restarts(hostvars) | length == 0
"""

RETURN = r"""
_value:
  description: Inventory hosts.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_facts,
    read_results,
    sealed_plan,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report import result as run_result


def restarts(plan: Any, hostvars: Mapping[str, Any]) -> List[str]:
    """List the hosts; see DOCUMENTATION."""
    known = sealed_plan(plan, "ossm.federation.restarts")
    results = read_results(hostvars, known["meshes"], run_result.RESULTS)
    facts = read_facts(hostvars, (host for host, mesh in known["meshes"].items() if mesh["in_play"]))
    return list(inert(run_result.restarts(known, results, facts)))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"restarts": restarts}
