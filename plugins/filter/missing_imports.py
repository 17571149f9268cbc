# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: missing_imports
short_description: List the hosts that have not imported everything yet (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - What a mesh offers is known once its peers are connected. This compares the offers with what was imported until then.
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
  - plugin: ossm.federation.wait_options
    plugin_type: filter
  - module: ossm.federation.peer_wait
"""

EXAMPLES = r"""
- name: Skip this step where everything is imported
  ansible.builtin.meta: end_play
  when: mesh_plan | ossm.federation.missing_imports(hostvars) | length == 0
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
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_results, sealed_plan
from ansible_collections.ossm.federation.plugins.plugin_utils._run import waiting


def missing_imports(plan: Any, hostvars: Mapping[str, Any]) -> List[str]:
    """List the hosts; see DOCUMENTATION."""
    known = sealed_plan(plan, "ossm.federation.missing_imports")
    return list(inert(waiting.missing_imports(known, read_results(hostvars, known["meshes"], waiting.READING))))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"missing_imports": missing_imports}
