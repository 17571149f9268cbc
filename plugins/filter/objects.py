# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: objects
short_description: Make the Kubernetes objects of one step for one mesh
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Only what is absent or ours is among them; what somebody else made is left alone, unless C(federation_adopt) is set.
positional: room, host, hostvars
options:
  _input:
    description: What P(ossm.federation.plan#filter) or P(ossm.federation.advance#filter) returned.
    type: dict
    required: true
  room:
    description: The step - V(gateways), V(sets) or V(peers).
    type: str
    required: true
  host:
    description: The inventory host whose mesh is meant.
    type: str
    required: true
  hostvars:
    description: The variables of all hosts, as Ansible has them in C(hostvars); each has its mesh's C(mesh_facts).
    type: dict
    required: true
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Open the gateways
  ossm.federation.mesh_objects:
    auth: "{{ hostvars[inventory_hostname] | ossm.federation.mesh_auth }}"
    mesh: "{{ __plan.meshes[inventory_hostname].mesh }}"
    objects: "{{ __plan | ossm.federation.objects('gateways', inventory_hostname, hostvars) }}"
"""

RETURN = r"""
_value:
  description: Objects for O(ossm.federation.mesh_objects#module:objects), in the order of writing.
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping, cast

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, mesh_facts, plain, unseal
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.types import DesiredObject


def objects(plan: Any, room: str, host: str, hostvars: Mapping[str, Any]) -> List[DesiredObject]:
    """The wishes of one room for one host; see DOCUMENTATION."""
    made, where, name = unseal(plan, "sides"), str(plain(room)), str(plain(host))
    if where not in desired.OBJECT_STEPS:
        raise AnsibleFilterError(
            f"ossm.federation.objects: there is no step {where!r}; there are {', '.join(desired.OBJECT_STEPS)}"
        )
    if made is None or name not in made["meshes"]:
        raise AnsibleFilterError(f"ossm.federation.objects: {name} is not in the plan")
    facts = mesh_facts(hostvars, name)
    return cast(List[DesiredObject], inert(desired.build_objects(made, where, name, facts)))


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"objects": objects}
