# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: diagnosis
short_description: Find out why links are broken (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Judges every rung of every link by what was read, and lists each cause once.
positional: hostvars, outside
options:
  _input:
    description: C(mesh_plan).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with the facts of the meshes and what the role has registered.
    type: dict
    required: true
  outside:
    description: Results of mesh_info for the meshes outside of the limit.
    type: list
    elements: dict
    default: []
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Diagnose the links
  ansible.builtin.set_fact:
    doctor_diagnosis: "{{ mesh_plan | ossm.federation.diagnosis(hostvars) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - The diagnosis - C(verdict), C(headline), C(failures) by host, and as text C(lines) and C(details); RV(_value['sealed']) has the whole as JSON.
    - RV(_value['stats']) is what a workflow gets, sealed.
  type: dict
"""

import json
from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import read_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_facts,
    read_results,
    sealed_plan,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.diagnosis import diagnose
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.readings import read_links
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.text import diagnosis_details, diagnosis_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._probe.targets import probe_results, with_services

#: What the role has registered.
RESULTS = ("network", "probe_services", "probe")


def diagnosis(plan: Any, hostvars: Mapping[str, Any], outside: Any = ()) -> Dict[str, Any]:
    """Find out why links are broken; see DOCUMENTATION."""
    known = sealed_plan(plan, "ossm.federation.diagnosis")
    facts = read_facts(hostvars, known["meshes"], outside)
    results = read_results(hostvars, known["meshes"], RESULTS)
    path = known["options"].get("federation_doctor_network_file")
    if path:
        # A replay: the addresses of the field are not those of here.
        results["network"] = json.loads(read_file(path) or "{}")
    found = diagnose(
        known,
        facts,
        read_links(known, facts),
        results["network"],
        probe_results(known, with_services(facts, results["probe_services"]), results["probe"]),
    )
    shown = {
        "verdict": found["verdict"],
        "headline": found["headline"],
        "failures": found["failures"],
        "lines": diagnosis_lines(found),
        "details": diagnosis_details(found),
    }
    return seal(found, {**shown, "stats": seal({"federation_doctor": found}, {})})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"diagnosis": diagnosis}
