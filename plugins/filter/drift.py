# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: drift
short_description: Find objects of others that are not as the plan would write them
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Such objects are used as they are and never written; this says in which fields they differ, and who manages them.
positional: host, facts
options:
  _input:
    description: What P(ossm.federation.advance#filter) returned for the addresses.
    type: dict
    required: true
  host:
    description: The inventory host whose mesh is meant.
    type: str
    required: true
  facts:
    description: What was read of the mesh, an element of RV(ossm.federation.mesh_info#module:meshes).
    type: dict
    required: true
seealso:
  - plugin: ossm.federation.objects
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Say what others manage
  ansible.builtin.debug:
    msg: "{{ __plan | ossm.federation.drift('red-mesh', mesh_facts.meshes[0]) | ossm.federation.problems_text }}"
"""

RETURN = r"""
_value:
  description: Problems of code V(foreign) and severity V(warning).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, cast

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.module_utils import _objects
from ansible_collections.ossm.federation.plugins.module_utils._model import Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plain import inert, part, plain, unseal


def drift(plan: Any, host: str, facts: Any) -> List[Problem]:
    """Differences of foreign objects; see DOCUMENTATION."""
    made, name = unseal(plan, "sides"), str(plain(host))
    if made is None or name not in made["meshes"]:
        raise AnsibleFilterError(f"ossm.federation.drift: {name} is not in the plan")
    return cast(List[Problem], inert(_objects.drift(made, name, part(facts, _objects.NEEDED_FOR_DRIFT))))


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"drift": drift}
