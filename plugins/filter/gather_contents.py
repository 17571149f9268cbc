# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: gather_contents
short_description: Make the files of an archive for support (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Puts what was collected from each mesh in order, both ends of each link side by side, without secrets.
  - The result is sealed, for M(ossm.federation.gather_archive).
positional: hostvars, outside
options:
  _input:
    description: C(gather_plan), from P(ossm.federation.gathering#filter).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with C(gather_collected) of each mesh.
    type: dict
    required: true
  outside:
    description: Results of M(ossm.federation.mesh_gather) for meshes outside the play.
    type: list
    elements: raw
    default: []
seealso:
  - module: ossm.federation.gather_archive
"""

EXAMPLES = r"""
- name: Write the archive
  ossm.federation.gather_archive:
    directory: "{{ gather_plan.directory }}"
    name: "{{ gather_plan.name }}"
    created: "{{ gather_plan.created }}"
    files: "{{ gather_plan | ossm.federation.gather_contents(hostvars) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The texts of the archive by path, sealed.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_collected, sealed_gathering
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.archive import members


def gather_contents(plan: Any, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """Make the files; see DOCUMENTATION."""
    known = sealed_gathering(plan, "ossm.federation.gather_contents")
    return seal(members(known, read_collected(hostvars, known["meshes"], outside)), {})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"gather_contents": gather_contents}
