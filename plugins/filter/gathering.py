# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: gathering
short_description: Plan what is gathered for support (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Names the archive, the meshes and their pairs, and the texts that are known before anything is collected.
  - The whole is sealed, for P(ossm.federation.gather_contents#filter) and P(ossm.federation.gather_report#filter).
positional: plan, hostvars, groups, outside
options:
  _input:
    description: C(mesh_declaration).
    type: dict
    required: true
  plan:
    description: C(mesh_plan).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with C(mesh_facts) of each mesh that was read.
    type: dict
    required: true
  groups:
    description: C(groups).
    type: dict
    required: true
  outside:
    description: Results of M(ossm.federation.mesh_info) for meshes outside the play.
    type: list
    elements: raw
    default: []
seealso:
  - plugin: ossm.federation.gather_contents
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Plan what is gathered
  ansible.builtin.set_fact:
    gather_plan: "{{ mesh_declaration | ossm.federation.gathering(mesh_plan, hostvars, groups) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['options']) are the options of the run.
    - RV(_value['directory']), RV(_value['name']) and RV(_value['created']) are for M(ossm.federation.gather_archive).
  type: dict
"""

import datetime
import json
from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.module_utils._product import times
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import read_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.inventory import read_inventory
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import (
    read_facts,
    read_results,
    sealed_declaration,
    sealed_plan,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.diagnosis import diagnose
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.readings import read_links
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.text import diagnosis_details, diagnosis_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._gather import inventory
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.types import GatheredPair, Gathering
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._report import status as status_report
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_files import status_files
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_text import status_details, status_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import problem_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight

READER = "ossm.federation.gathering"
#: What the role has registered of the network.
NETWORK = "gathered_network"


def gathering(
    declaration: Any, plan: Any, hostvars: Mapping[str, Any], groups: Any, outside: Any = ()
) -> Dict[str, Any]:
    """Plan what is gathered; see DOCUMENTATION."""
    declared, planned, now = sealed_declaration(declaration, READER), sealed_plan(plan, READER), times.now()
    facts = read_facts(hostvars, declared["hosts"], outside)
    network = read_results(hostvars, declared["hosts"], [NETWORK])[NETWORK]
    texts = {
        **_inventory_texts(declared, hostvars, groups),
        **_status_texts(declared, facts, now),
        **_doctor_texts(planned, facts, network),
    }
    problems = [*planned["problems"], *planned["warnings"]]
    problems += [found for mesh in planned["meshes"].values() for found in mesh["problems"]]
    texts["problems.txt"] = "".join(f"{line}\n" for line in problem_lines(problems))
    whole: Gathering = {
        "directory": str(declared["options"]["federation_gather_dir"]),
        "name": f"federation-gather-{now:%Y%m%dT%H%M%SZ}",
        "created": times.format_time(now),
        "group": declared["group"],
        "meshes": {host: declared["meshes"][host]["mesh"] for host in declared["hosts"]},
        "by_file": [host for host in declared["hosts"] if declared["meshes"][host]["by_file"]],
        "pairs": _pairs(planned),
        "documents": texts,
    }
    shown = {key: whole[key] for key in ("directory", "name", "created")}
    return seal(whole, {**shown, "options": declared["options"]})


def _inventory_texts(declared: Declaration, hostvars: Any, groups: Any) -> Dict[str, str]:
    """The inventory and the identity files."""
    read = read_inventory(
        hostvars, groups, declared["group"], reader=READER, is_relevant=inventory.is_kept, environ={}, access=False
    )
    members = {str(name): [str(host) for host in hosts] for name, hosts in plain(groups).items()}
    texts = {inventory.FILE: inventory.inventory_text(declared, read.variables, members)}
    contents = {path: read_file(source) for path, source in inventory.identity_paths(declared).items()}
    return {**texts, **{path: text for path, text in contents.items() if text}}


def _status_texts(declared: Declaration, facts: Mapping[str, Json], now: datetime.datetime) -> Dict[str, str]:
    """The status in all its forms, as status.yml writes it and as it prints it."""
    status = status_report.judge_status(preflight.checked_plan(declared, facts, "status", now), facts, now).status
    text = "".join(f"{line}\n" for line in (*status_lines(status), *status_details(status)))
    return {"status/status.txt": text, **{file["path"]: file["content"] for file in status_files(status, "status")}}


def _doctor_texts(plan: Plan, facts: Mapping[str, Json], network: Mapping[str, Json]) -> Dict[str, str]:
    """The diagnosis as data and as text, and what it has seen of the network."""
    found = diagnose(plan, facts, read_links(plan, facts), network, {})
    text = "".join(f"{line}\n" for line in (*diagnosis_lines(found), *diagnosis_details(found)))
    return {
        "doctor/doctor.json": json.dumps(found, indent=2) + "\n",
        "doctor/doctor.txt": text,
        inventory.NETWORK: json.dumps(network, indent=2) + "\n",
    }


def _pairs(plan: Plan) -> list[GatheredPair]:
    """Each pair once, by the names of its meshes."""
    sides = plan["sides"]
    return [
        {"host": host, "peer_name": side["peer_name"], "peer": peer, "own_name": sides[peer][host]["peer_name"]}
        for host in sorted(sides, key=lambda one: plan["meshes"][one]["mesh"])
        for peer, side in sorted(sides[host].items())
        if side["mesh"] < side["peer"] and host in sides.get(peer, {})
    ]


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"gathering": gathering}
