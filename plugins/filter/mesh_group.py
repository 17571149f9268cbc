# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: mesh_group
short_description: Check that the group of the federation has hosts (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - The name of the group, for C(hosts) of a play. A play on a group that does not exist, or has no host, does nothing and succeeds;
    with this filter the run fails, and names the groups that have hosts.
  - A syntax check needs no inventory, so it is not checked then.
positional: groups
options:
  _input:
    description: The name of the group.
    type: str
    required: true
  groups:
    description: The groups of the inventory, the variable C(groups).
    type: dict
    required: true
seealso:
  - plugin: ossm.federation.declaration
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Lint the inventory
  hosts: "{{ federation_group | default('federation') | ossm.federation.mesh_group(groups) }}"
  connection: local
  gather_facts: false
"""

RETURN = r"""
_value:
  description: The name of the group.
  type: str
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible import context
from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain
from ansible_collections.ossm.federation.plugins.plugin_utils._model.declare import check_group


def mesh_group(group: Any, groups: Mapping[str, Any]) -> Any:
    """The group if it has hosts; see DOCUMENTATION."""
    members = plain(groups)
    if not isinstance(members, dict):
        raise AnsibleFilterError("ossm.federation.mesh_group takes the name of a group and groups")
    is_checked = not context.CLIARGS.get("syntax")
    for found in check_group(str(plain(group)), members) if is_checked else []:
        raise AnsibleFilterError(f"{found['where']}: {found['message']}. Fix: {found['remedy']}. [{found['code']}]")
    return group


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"mesh_group": mesh_group}
