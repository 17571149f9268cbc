# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: installation_report
short_description: Summarise the installation of meshes (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Lists what was written, which control planes are ready, the problems, and the hosts that have failed.
positional: hostvars, check_mode
options:
  _input:
    description: The inventory hosts of this run.
    type: list
    elements: str
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
  - plugin: ossm.federation.installation
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Summarise the installation
  ansible.builtin.set_fact:
    install_report: "{{ ansible_play_hosts_all | ossm.federation.installation_report(hostvars, ansible_check_mode) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The report - C(verdict), C(headline), C(problems), C(changes), C(ready), C(failures) by host, and as text C(lines) and C(details).
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_results
from ansible_collections.ossm.federation.plugins.plugin_utils._report import installation as install_report


def installation_report(hosts: List[str], hostvars: Mapping[str, Any], check_mode: bool = False) -> Dict[str, Any]:
    """Summarise an installation; see DOCUMENTATION."""
    names: List[str] = plain(hosts)
    results = read_results(hostvars, names, ("install_plan", *install_report.WRITTEN, *install_report.AWAITED))
    return dict(inert(install_report.summarise(names, results, bool(plain(check_mode)))))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"installation_report": installation_report}
