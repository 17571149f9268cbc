# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: declaration
short_description: Resolve the federation that the inventory declares (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Resolves every host of the group, also hosts outside the limit, from its inventory variables.
  - Reads the identity files of meshes of other administrators, on the controller.
  - Invalid input does not fail here. RV(_value).problems has all problems, with those that P(ossm.federation.lint#filter) finds
    in the rules, except notes and name collisions, which the plan finds.
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
      - Whether every mesh needs access to its cluster. Without it, nothing about access is checked.
    type: bool
    default: true
  by_file:
    description: Whether to resolve only the pairs with meshes that are known by identity files.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.lint
    plugin_type: filter
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Resolve the inventory
  ansible.builtin.set_fact:
    mesh_declaration: "{{ hostvars | ossm.federation.declaration(groups, 'federation', ansible_play_hosts_all) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The part of the declaration that roles read - C(options), C(outside), C(meshes), C(problems) - and the whole as one text.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.inventory import read_declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.services import services_to_read
from ansible_collections.ossm.federation.plugins.plugin_utils._model.traffic import objects_to_read

#: The parts of a declaration, and of a mesh in it, that roles read: each expression of each host visits all of them.
_SHOWN = ("options", "outside", "problems")
_SHOWN_OF_MESH = ("mesh", "namespace", "namespace_set", "control_plane", "by_file")


def declaration(
    hostvars: Mapping[str, Any],
    groups: Mapping[str, Any],
    group: str = "federation",
    play_hosts: Optional[List[str]] = None,
    access: bool = True,
    by_file: bool = False,
) -> Dict[str, Any]:
    """Resolve the group's hosts; see DOCUMENTATION."""
    only_files = bool(plain(by_file))
    declared = read_declaration(hostvars, groups, group, play_hosts, access=bool(plain(access)), by_file=only_files)
    shown = {}
    for host, mesh in declared["meshes"].items():
        # An identity has no rules, and its account no right to list Services.
        services = [] if only_files else services_to_read(declared, host)
        objects = [] if only_files else objects_to_read(declared, host)
        shown[host] = {
            **{key: dict(mesh)[key] for key in _SHOWN_OF_MESH},
            "additional_services": services,
            "additional_objects": objects,
        }
    return seal(declared, {**{key: dict(declared)[key] for key in _SHOWN}, "meshes": shown})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"declaration": declaration}
