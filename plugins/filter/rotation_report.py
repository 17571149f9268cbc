# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: rotation_report
short_description: Summarise a rotation (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Lists the stage of the rotation, a proof per link, what is next and by whom, and the hosts that have failed.
positional: hostvars, check_mode
options:
  _input:
    description: C(rotation_plan).
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
  - plugin: ossm.federation.rotation
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Summarise the rotation
  ansible.builtin.set_fact:
    rotation_report: "{{ rotation_plan | ossm.federation.rotation_report(hostvars, ansible_check_mode) }}"
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
    read_facts,
    read_results,
    sealed_rotation,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report import rotation
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation import tasks


def rotation_report(plan: Any, hostvars: Mapping[str, Any], check_mode: bool = False) -> Dict[str, Any]:
    """Summarise a rotation; see DOCUMENTATION."""
    known = sealed_rotation(plan, "ossm.federation.rotation_report")
    hosts = list(known["plan"]["meshes"])
    facts = {**known["outside"], **read_facts(hostvars, hosts)}
    state = tasks.State(known, facts, read_results(hostvars, hosts, tasks.RESULTS))
    summary = rotation.report(state, bool(plain(check_mode)))
    shown = {key: summary[key] for key in ("verdict", "headline", "failures", "lines", "details")}
    return seal(summary, {**shown, "stats": seal(rotation.stats(summary), {})})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"rotation_report": rotation_report}
