# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: share
short_description: Plan what is shared (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Finds the service sets that the inventory declares, what of them changes, and why istiod would read it only in time.
positional: hostvars, outside
options:
  _input:
    description: C(mesh_declaration).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with C(mesh_facts) of each mesh.
    type: dict
    required: true
  outside:
    description: Results of M(ossm.federation.mesh_info) for meshes outside the limit.
    type: list
    elements: dict
    default: []
seealso:
  - plugin: ossm.federation.share_options
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan what is shared
  ansible.builtin.set_fact:
    share_plan: "{{ mesh_declaration | ossm.federation.share(hostvars) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['problems']) stop the run, and RV(_value['rejected']) is their report.
    - RV(_value['meshes']) has by host the mesh and its namespace; RV(_value['concerned']) are the hosts to which this run writes.
    - RV(_value['lines']) says why the wait may be long, RV(_value['timeout']) is in seconds.
  type: dict
"""

import datetime
from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_facts, sealed_declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._report import share as report
from ansible_collections.ossm.federation.plugins.plugin_utils._report.findings import rejection_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._share.plan import plan_sharing
from ansible_collections.ossm.federation.plugins.plugin_utils._share.tasks import EXPORT_SECONDS


def share(declaration: Any, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """Plan what is shared; see DOCUMENTATION."""
    declared = sealed_declaration(declaration, "ossm.federation.share")
    facts = read_facts(hostvars, declared["hosts"], outside)
    planned = plan_sharing(declared, facts, datetime.datetime.now(datetime.timezone.utc))
    meshes = planned["plan"]["meshes"]
    names = ("mesh", "namespace")
    shown = {
        "problems": planned["problems"],
        "rejected": rejection_lines(planned["problems"]) if planned["problems"] else [],
        "meshes": {host: {name: dict(mesh)[name] for name in names} for host, mesh in meshes.items()},
        "concerned": sorted({host for by_host in planned["objects"].values() for host in by_host if by_host[host]}),
        "lines": report.announcement(planned),
        "force_conflicts": declared["options"]["federation_force_conflicts"],
        "export_timeout": EXPORT_SECONDS,
        "timeout": declared["options"]["federation_share_timeout"],
    }
    return seal(planned, shown)


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"share": share}
