# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: status
short_description: Summarise how a federation is (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Compares what is declared with what was read, and judges every link as it is. Nothing is written.
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
"""

EXAMPLES = r"""
- name: Summarise the federation
  ansible.builtin.set_fact:
    status_report: "{{ mesh_declaration | ossm.federation.status(hostvars) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['lines']) and RV(_value['details']) are the status as text. RV(_value['failures']) has the reason of each host that fails,
      RV(_value['files']) what M(ossm.federation.show) writes. RV(_value['stats']) is what a workflow gets, sealed.
    - RV(_value['sealed']) is the whole document as JSON; C(docs/federation-status.schema.json) describes it.
  type: dict
"""

import datetime
from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_facts, sealed_declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._report import status as status_report
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_files import status_files
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_parts import with_variables
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_text import status_details, status_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight


def status(declaration: Any, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """Summarise the declared federation; see DOCUMENTATION."""
    declared = sealed_declaration(declaration, "ossm.federation.status")
    facts = with_variables(read_facts(hostvars, declared["hosts"], outside))
    now = datetime.datetime.now(datetime.timezone.utc)
    judged = status_report.judge_status(preflight.checked_plan(declared, facts, "status", now), facts, now)
    shown = {
        "lines": status_lines(judged.status),
        "details": status_details(judged.status),
        "failures": judged.failures,
        "files": status_files(judged.status, declared["options"]["federation_status_dir"] or ""),
        "stats": seal(status_report.stats(judged.status), {}),
    }
    return seal(judged.status, shown)


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"status": status}
