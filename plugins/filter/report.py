# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: report
short_description: Judge a run by what all steps of all meshes returned
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Puts the two sides of every link together, and lists what was changed, what is wrong, and which hosts have failed.
positional: hostvars, check_mode
options:
  _input:
    description: What P(ossm.federation.plan#filter) returned.
    type: dict
    required: true
  hostvars:
    description: The variables of all hosts, as Ansible has them in C(hostvars), with what the roles have registered.
    type: dict
    required: true
  check_mode:
    description: Whether this run only looks.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Judge the federation
  ansible.builtin.set_fact:
    __report: "{{ __plan | ossm.federation.report(hostvars, ansible_check_mode) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['links']) has one judgement per directed link, RV(_value['changes']) what was written, RV(_value['problems']) what is wrong,
      RV(_value['roots']) the root certificates by host.
    - RV(_value['lines']) says all of it to people, the matrix of the links last. RV(_value['failures']) has words by host.
    - RV(_value['connected']) is a number of links, RV(_value['pending']) are words on those that wait for others.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import (
    all_registered,
    inert,
    mesh_facts,
    plain,
    unseal,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report import result as run_result


def report(plan: Any, hostvars: Mapping[str, Any], check_mode: bool = False) -> Dict[str, Any]:
    """Judge a run; see DOCUMENTATION."""
    made = unseal(plan, "sides")
    if made is None:
        raise AnsibleFilterError("ossm.federation.report takes what ossm.federation.plan returned")
    results = all_registered(hostvars, made["meshes"], run_result.RESULTS)
    facts = {host: mesh_facts(hostvars, host) for host, mesh in made["meshes"].items() if mesh["in_play"]}
    return dict(inert(run_result.tell(made, results, facts, bool(plain(check_mode)))))


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"report": report}
