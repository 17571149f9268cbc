# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: report
short_description: Summarise a run from the results of all steps of all meshes (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Puts the two sides of every link together, and lists what was changed, what is wrong, and which hosts have failed.
  - The report of many meshes is large, so that the result has it as one JSON text, with the parts that the role reads beside it.
positional: hostvars, check_mode, judge_links
options:
  _input:
    description: C(mesh_plan).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with what the roles have registered.
    type: dict
    required: true
  check_mode:
    description: Whether this is a check run.
    type: bool
    default: false
  judge_links:
    description: Whether a link that is not healthy fails its host. A run of other steps sets V(false).
    type: bool
    default: true
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Summarise the run
  ansible.builtin.set_fact:
    report_result: "{{ mesh_plan | ossm.federation.report(hostvars, ansible_check_mode) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['sealed']) is the report as JSON. Its C(links) has one item for each directed link, C(changes) is what was written,
      C(problems) what is wrong, C(roots) has the root certificates by host. C(verdict), C(headline), C(counts) and C(causes)
      summarise them. C(connected) is the number of connected links, C(pending) has a line for each link that is pending on another
      mesh.
    - RV(_value['lines']) and RV(_value['details']) are the report as text. RV(_value['failures']) has the reason of each host that
      fails. RV(_value['stats']) is what a workflow gets, sealed.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_facts,
    read_results,
    sealed_plan,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report import result as run_result


def report(
    plan: Any, hostvars: Mapping[str, Any], check_mode: bool = False, judge_links: bool = True
) -> Dict[str, Any]:
    """Summarise a run; see DOCUMENTATION."""
    known = sealed_plan(plan, "ossm.federation.report")
    results = read_results(hostvars, known["meshes"], run_result.RESULTS)
    facts = read_facts(hostvars, (host for host, mesh in known["meshes"].items() if mesh["in_play"]))
    summary = run_result.report(known, results, facts, bool(plain(check_mode)), bool(plain(judge_links)))
    shown = {"lines": summary["lines"], "details": summary["details"], "failures": summary["failures"]}
    return seal(summary, {**shown, "stats": seal(run_result.stats(summary), {})})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"report": report}
