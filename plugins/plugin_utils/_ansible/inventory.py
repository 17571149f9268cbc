# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: from Ansible's inventory to what it declares of a federation."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping, NamedTuple, Set

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.module_utils._product.types import problem
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import host_variables, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._model.declare import declare
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration


class Inventory(NamedTuple):
    """What is ``declared``, the raw ``variables`` by host, and the hosts of which not all could be rendered."""

    declared: Declaration
    variables: Dict[str, Dict[str, Any]]
    unreadable: Set[str]


def read_inventory(
    hostvars: Any,
    groups: Any,
    group: Any,
    *,
    reader: str,
    concerned: Callable[[str], bool],
    environ: Mapping[str, str],
    play_hosts: Any = None,
    access: bool = True,
) -> Inventory:
    """Resolve the hosts of a group for a filter.

    ``concerned`` chooses the host variables: no other is rendered. ``play_hosts`` are all of the group's where they are None.
    Without ``access`` no mesh has to say how it is reached.
    A variable that cannot be rendered is a problem of the declaration (code ``variable-undefined``).
    """
    if not isinstance(hostvars, Mapping) or not isinstance(groups, Mapping):
        raise AnsibleFilterError(f"{reader} takes hostvars and groups")
    members = {str(name): plain(groups[name]) for name in groups}
    name = str(plain(group))
    hosts = members.get(name, [])
    variables, unreadable = host_variables(hostvars, hosts, concerned)
    chosen = hosts if play_hosts is None else plain(play_hosts)
    made = declare(variables, members, environ, group=name, play_hosts=chosen, access=access)
    made["problems"] += [
        problem(
            "variable-undefined",
            made["meshes"][host]["mesh"],
            variable,
            reason.rstrip("."),
            "Correct the template in the inventory",
        )
        for host, variable, reason in unreadable
    ]
    return Inventory(made, variables, {host for host, dummy, dummy in unreadable})
