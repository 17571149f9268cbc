# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: trust_domain_report
short_description: Summarise a change of trust domains (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Lists the proof of each stage, the workloads with a former identity, what is next, and the hosts that have failed.
positional: hostvars, check_mode
options:
  _input:
    description: C(trust_domain_plan).
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
  - plugin: ossm.federation.trust_domain
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Summarise the change
  ansible.builtin.set_fact:
    trust_domain_report: "{{ trust_domain_plan | ossm.federation.trust_domain_report(hostvars, ansible_check_mode) }}"
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
    sealed_trust_domain,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report import trust_domain
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.tasks import ORDER


def trust_domain_report(plan: Any, hostvars: Mapping[str, Any], check_mode: bool = False) -> Dict[str, Any]:
    """Summarise a change of trust domains; see DOCUMENTATION."""
    known = sealed_trust_domain(plan, "ossm.federation.trust_domain_report")
    results = read_results(hostvars, known["hosts"], ORDER)
    summary = trust_domain.report(known, results, bool(plain(check_mode)))
    shown = {key: summary[key] for key in ("verdict", "headline", "failures", "lines", "details")}
    return seal(summary, {**shown, "stats": seal(trust_domain.stats(summary), {})})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"trust_domain_report": trust_domain_report}
