# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: overview
short_description: Show what a federation consists of, before anything is written (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Lists objects, gateways, load balancers and the ports that firewalls must let through.
  - A mesh that was not read, or only in part, is assumed to follow the conventions, and is marked so.
  - With C(federation_plan_file) RV(_value).file is the content of that file, with the plan that a run of C(federate.yml) can apply.
  - With C(federation_pass_plan) RV(_value).stats are the digests of the plan for the next jobs of a workflow.
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
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show what the federation consists of
  ossm.federation.show:
    lines: "{{ (mesh_declaration | ossm.federation.overview(hostvars)).lines }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['lines']) and RV(_value['details']) are the report for M(ossm.federation.show), each as one text, since a large federation
      has tens of thousands of lines.
    - RV(_value['problems']) are the problems, RV(_value['ports_csv']) is the port matrix as CSV.
    - RV(_value['file']) is the content of C(federation_plan_file), where that is set; RV(_value['stats']) are the digests of the plan, where
      C(federation_pass_plan) asks for them.
  type: dict
"""

import datetime
import json
from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_facts, sealed_declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._report import overview as plan_overview
from ansible_collections.ossm.federation.plugins.plugin_utils._run import (
    plan_digests,
    preflight,
    saved_plan,
)


def overview(declaration: Any, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """Show the declared federation; see DOCUMENTATION."""
    declared = sealed_declaration(declaration, "ossm.federation.overview")
    facts = read_facts(hostvars, declared["hosts"], outside)
    shown = plan_overview.overview(declared, facts)
    text = {"lines": seal(shown["lines"], {}), "details": seal(shown["details"], {})}
    read = {**text, "problems": shown["problems"], "ports_csv": shown["ports_csv"]}
    file, stats = declared["options"].get("federation_plan_file"), declared["options"].get("federation_pass_plan")
    if not file and not stats:
        return dict(inert({**read, "stats": {}}))
    planned = preflight.checked_plan(declared, facts, "federate", datetime.datetime.now(datetime.timezone.utc))
    saved = saved_plan.save_plan(planned, facts, declared)
    passed = {plan_digests.VARIABLE: plan_digests.plan_digests(saved)}
    content = json.dumps({**shown, "saved": saved}, indent=4, sort_keys=True) + "\n" if file else ""
    return dict(inert({**read, "file": content, "stats": seal(passed, {}) if stats else {}}))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"overview": overview}
