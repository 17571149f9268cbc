# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: declaration
short_description: Resolve what the inventory declares of a federation
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Resolves every host of the group, also those that a limit leaves out, from its inventory variables.
  - The identity files of meshes of other administrators are read here, on the controller.
  - Nothing fails here for bad input; everything that is wrong is in RV(_value).problems, all at once. That is also what
    P(ossm.federation.lint#filter) finds in the rules, but for its notes, and for names that only the plan can tell apart.
positional: groups, group, play_hosts, access, by_file
options:
  _input:
    description: The variables of all hosts, as Ansible has them in C(hostvars).
    type: dict
    required: true
  groups:
    description: The inventory's groups, as Ansible has them in C(groups).
    type: dict
    required: true
  group:
    description: The group whose hosts are the meshes.
    type: str
    default: federation
  play_hosts:
    description: The hosts of this play, as in C(ansible_play_hosts_all). Without it, all hosts of the group.
    type: list
    elements: raw
    required: false
  access:
    description:
      - Whether every mesh must say how its cluster is reached. Without it, nothing is looked at that concerns access.
    type: bool
    default: true
  by_file:
    description: Whether only the pairs with meshes that are known by identity files are meant.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.lint
    plugin_type: filter
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Resolve what the inventory declares
  ansible.builtin.set_fact:
    federation_declaration: "{{ hostvars | ossm.federation.declaration(groups, 'federation', ansible_play_hosts_all) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The declaration - C(group), C(options), C(hosts), C(outside), C(meshes), C(pairs), C(problems).
  type: dict
"""

import datetime
import os
from collections.abc import Callable
from typing import Any, Dict, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.access import check_access
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import read_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.inventory import read_inventory
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._identity import documents
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import lint
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.exporters import COLLISION
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.services import services_to_read
from ansible_collections.ossm.federation.plugins.plugin_utils._model.declare import mesh_auth
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration, DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import wanted


def declaration(
    hostvars: Mapping[str, Any],
    groups: Mapping[str, Any],
    group: str = "federation",
    play_hosts: Optional[List[str]] = None,
    access: bool = True,
    by_file: bool = False,
) -> Dict[str, Any]:
    """Resolve the group's hosts; see DOCUMENTATION."""
    read = read_inventory(
        hostvars,
        groups,
        group,
        reader="ossm.federation.declaration",
        concerned=wanted,
        environ=dict(os.environ),
        play_hosts=play_hosts,
        access=bool(plain(access)),
    )
    made = read.declared
    if plain(by_file):
        made["pairs"] = [pair for pair in made["pairs"] if any(made["meshes"][host]["by_file"] for host in pair)]
    made["problems"] += documents.take_in(made, read_file, datetime.datetime.now(datetime.timezone.utc))
    for host in made["hosts"]:
        if access and made["meshes"][host]["local"] and host not in read.unreadable:
            made["problems"] += _access(made, host, mesh_auth(read.variables[host]))
    # Notes are for lint.yml, which people run to look at their inventory; names that collide are for the plan.
    made["problems"] += [one for one in lint(made) if one["severity"] != "info" and one["code"] != COLLISION]
    # Who hands out an identity writes no rules, and has no right to look at Services.
    services = {host: [] if plain(by_file) else services_to_read(made, host) for host in made["hosts"]}
    return seal(made, {**made, "meshes": {host: _shown(mesh, services[host]) for host, mesh in made["meshes"].items()}})


def _shown(mesh: DeclaredMesh, services: List[str]) -> Dict[str, Any]:
    return {
        "host": mesh["host"],
        "mesh": mesh["mesh"],
        "namespace": mesh["namespace"],
        "control_plane": mesh["control_plane"],
        "peers": mesh["peers"],
        "local": mesh["local"],
        "by_file": mesh["by_file"],
        "services": services,
    }


def _access(made: Declaration, host: str, auth: Dict[str, Any]) -> List[Problem]:
    """Look at the files that a mesh's access names, unless it names nothing, which is told already."""
    if not any(auth.get(key) for key in ("kubeconfig", "context", "host")):
        return []
    environ = {name: value for name, value in os.environ.items() if not name.startswith("K8S_AUTH_")}
    return check_access(auth, made["meshes"][host]["mesh"], environ)


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"declaration": declaration}
