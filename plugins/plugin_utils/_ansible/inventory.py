# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what Ansible's inventory declares of a federation, with all that is read on the controller."""

from __future__ import annotations

import datetime
import os
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Set

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import check_access
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import read_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import host_variables, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._identity.read import read_identity_files
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import lint
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.exporters import COLLISION
from ansible_collections.ossm.federation.plugins.plugin_utils._model.declare import declare, mesh_auth
from ansible_collections.ossm.federation.plugins.plugin_utils._model.slices import VARIABLE as MESHES, complete
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import ACCESS, wanted


class Inventory(NamedTuple):
    """What is ``declared``, the raw ``variables`` by host, and the hosts with variables that could not be rendered."""

    declared: Declaration
    variables: Dict[str, Dict[str, Any]]
    unreadable: Set[str]


def read_inventory(
    hostvars: Any,
    groups: Any,
    group: Any,
    *,
    reader: str,
    is_relevant: Callable[[str], bool] = wanted,
    environ: Mapping[str, str],
    play_hosts: Any = None,
    access: bool = True,
) -> Inventory:
    """Resolve the hosts of a group for a filter.

    ``is_relevant`` selects the host variables: no other is rendered. ``play_hosts`` None means all hosts of the group. Without
    ``access`` no mesh needs access to its cluster. A variable that cannot be rendered is a problem of the declaration (code
    ``variable-undefined``).
    """
    if not isinstance(hostvars, Mapping) or not isinstance(groups, Mapping):
        raise AnsibleFilterError(f"{reader} takes hostvars and groups")
    members = {str(name): plain(groups[name]) for name in groups}
    name = str(plain(group))
    hosts = members.get(name, [])
    variables, unreadable = host_variables(hostvars, hosts, lambda name: name == MESHES or is_relevant(name))
    in_play = hosts if play_hosts is None else plain(play_hosts)
    whole = complete(variables, members, name, is_relevant)
    declared = declare(whole.variables, whole.groups, environ, group=name, play_hosts=in_play, access=access)
    declared["problems"] += whole.problems
    # It may have credentials in it, and nothing else reads it.
    declared["options"][MESHES] = None
    # The options of the group are variables of each of its hosts.
    distinct = {
        (name if variable.startswith("federation_") else declared["meshes"][host]["mesh"], variable, reason.rstrip("."))
        for host, variable, reason in unreadable
    }
    declared["problems"] += [
        problem("variable-undefined", mesh, variable, reason, "Correct the template in the inventory")
        for mesh, variable, reason in sorted(distinct)
    ]
    return Inventory(declared, whole.variables, {host for host, dummy, dummy in unreadable})


def read_declaration(
    hostvars: Any, groups: Any, group: Any, play_hosts: Any = None, *, access: bool = True, by_file: bool = False
) -> Declaration:
    """The declared federation with its identity files, the files of its access, and the findings of lint but its notes.

    With ``by_file`` only the pairs with meshes that are known by identity files are in it.
    """
    inventory = read_inventory(
        hostvars,
        groups,
        group,
        reader="ossm.federation.declaration",
        environ=dict(os.environ),
        play_hosts=play_hosts,
        access=access,
    )
    declared = inventory.declared
    if by_file:
        declared["pairs"] = [
            pair for pair in declared["pairs"] if any(declared["meshes"][host]["by_file"] for host in pair)
        ]
    declared["problems"] += read_identity_files(declared, read_file, datetime.datetime.now(datetime.timezone.utc))
    if access:
        declared["problems"] += _access_problems(inventory)
    # Notes are for lint.yml. Name collisions depend on the names of live peers, so the plan finds them.
    declared["problems"] += [
        found for found in lint(declared) if found["severity"] != "info" and found["code"] != COLLISION
    ]
    return declared


def lint_inventory(hostvars: Any, groups: Any, group: Any) -> Declaration:
    """The declared federation with all findings of lint; no variable about access is read."""

    def is_relevant(name: str) -> bool:
        return wanted(name) and name not in ACCESS

    declared = read_inventory(
        hostvars, groups, group, reader="ossm.federation.lint", is_relevant=is_relevant, environ={}, access=False
    ).declared
    declared["problems"] += lint(declared)
    return declared


def _access_problems(inventory: Inventory) -> List[Problem]:
    """Problems with the files that the access of each mesh names; missing access is a problem of the declaration already."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("K8S_AUTH_")}
    problems: List[Problem] = []
    for host in inventory.declared["hosts"]:
        mesh = inventory.declared["meshes"][host]
        if mesh["local"] and host not in inventory.unreadable:
            auth = mesh_auth(inventory.variables[host])
            if any(auth.get(key) for key in ("kubeconfig", "context", "host")):
                problems += check_access(auth, mesh["mesh"], environ)
    return problems
