# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: share_report
short_description: Summarise what is shared (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Lists the host names that consumers use, what was changed, what is left to others, and the hosts that have failed.
positional: hostvars, check_mode
options:
  _input:
    description: C(share_plan).
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
  - plugin: ossm.federation.share
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Summarise what is shared
  ansible.builtin.set_fact:
    share_report: "{{ share_plan | ossm.federation.share_report(hostvars, ansible_check_mode) }}"
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
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_results, sealed_share
from ansible_collections.ossm.federation.plugins.plugin_utils._report import share as report
from ansible_collections.ossm.federation.plugins.plugin_utils._share.tasks import TASKS


def share_report(plan: Any, hostvars: Mapping[str, Any], check_mode: bool = False) -> Dict[str, Any]:
    """Summarise what is shared; see DOCUMENTATION."""
    known = sealed_share(plan, "ossm.federation.share_report")
    summary = report.report(known, read_results(hostvars, known["plan"]["meshes"], TASKS), bool(plain(check_mode)))
    shown = {key: summary[key] for key in ("verdict", "headline", "failures", "lines", "details")}
    return seal(summary, {**shown, "stats": seal(report.stats(summary), {})})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"share_report": share_report}
