# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: rendering
short_description: Render the objects of a federation as files (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - The objects are those that C(federate.yml) would apply, without what depends on running pods.
  - The whole is sealed, for P(ossm.federation.render_report#filter).
positional: hostvars, outside
options:
  _input:
    description: C(mesh_declaration).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with C(mesh_facts) of each mesh that was read.
    type: dict
    required: true
  outside:
    description: Results of M(ossm.federation.mesh_info) for meshes outside the play.
    type: list
    elements: raw
    default: []
seealso:
  - plugin: ossm.federation.declaration
    plugin_type: filter
  - plugin: ossm.federation.render_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Render the federation
  ansible.builtin.set_fact:
    render_plan: "{{ mesh_declaration | ossm.federation.rendering(hostvars) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['problems']) stop the run before a file is written.
    - RV(_value['directory']), RV(_value['folders']) (sealed), RV(_value['files']) and RV(_value['meshes']) are for
      M(ossm.federation.render_files).
  type: dict
"""

import datetime
from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_facts, sealed_declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._render import folders
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight


def rendering(declaration: Any, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """Render the declared federation; see DOCUMENTATION."""
    declared = sealed_declaration(declaration, "ossm.federation.rendering")
    facts = folders.claimed_facts(read_facts(hostvars, declared["hosts"], outside))
    planned = preflight.checked_plan(declared, facts, "read", datetime.datetime.now(datetime.timezone.utc))
    rendered = folders.render(planned, facts, declared)
    shown = {
        "problems": planned["problems"],
        "directory": declared["options"]["federation_render_dir"],
        "folders": seal(rendered.folders, {}),
        "files": folders.shared_files(declared),
        "meshes": sorted(mesh["mesh"] for mesh in planned["meshes"].values()),
    }
    return seal({"plan": planned, "rendering": rendered._asdict()}, shown)


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"rendering": rendering}
