# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: service_removal_report
short_description: Summarise the removal of a service (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Lists what was changed, what a second reading has found, what is left to others, the entries of the inventory that bring the
    service back, and the hosts that have failed.
positional: hostvars, check_mode
options:
  _input:
    description: C(service_removal_plan).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with what the role has registered.
    type: dict
    required: true
  check_mode:
    description: Whether this is a check run.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.service_removal
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Summarise the removal of the service
  ansible.builtin.set_fact:
    service_removal_report: "{{ service_removal_plan | ossm.federation.service_removal_report(hostvars, ansible_check_mode) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - The report - C(verdict), C(headline), C(failures) by host, and as text C(lines) and C(details); RV(_value['sealed']) has the whole as JSON.
    - RV(_value['stats']) is what a workflow gets, sealed.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_results,
    sealed_service_removal,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report import service_removal as report


def service_removal_report(plan: Any, hostvars: Mapping[str, Any], check_mode: bool = False) -> Dict[str, Any]:
    """Summarise the removal; see DOCUMENTATION."""
    known = sealed_service_removal(plan, "ossm.federation.service_removal_report")
    summary = report.report(known, read_results(hostvars, known["meshes"], report.RESULTS), bool(plain(check_mode)))
    shown = {key: summary[key] for key in ("verdict", "headline", "failures", "lines", "details")}
    return seal(summary, {**shown, "stats": seal(report.stats(summary), {})})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"service_removal_report": service_removal_report}
