# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: identities
short_description: Make the identities of our meshes for the meshes of other administrators
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Makes one document for each pair of a mesh of this run and a mesh that is known by an identity file.
  - A file that says the same already keeps its text, also its times, while half of its time is left.
positional: check_mode
options:
  _input:
    description: The plan that role gateways has left behind, with the addresses of the gateways.
    type: dict
    required: true
  check_mode:
    description: Whether this run only looks, so that the address of a gateway may not be known yet.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Make the identities
  ansible.builtin.set_fact:
    identity_documents: "{{ federation_plan | ossm.federation.identities(ansible_check_mode) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['files']) are the documents, each with C(path) (absolute) and C(text); RV(_value['folder']) is where they are.
    - RV(_value['lines']) says to people what they are and what comes next. RV(_value['failures']) says by host which could not be made.
  type: dict
"""

import datetime
from collections.abc import Callable
from typing import Any, Dict, List

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import absolute, read_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import sealed_plan
from ansible_collections.ossm.federation.plugins.plugin_utils._identity import documents


def identities(plan: Any, check_mode: bool = False) -> Dict[str, Any]:
    """Make the identities; see DOCUMENTATION."""
    made = sealed_plan(plan, "ossm.federation.identities")
    now = datetime.datetime.now(datetime.timezone.utc)
    good, bad = documents.exports(made, read_file, now, bool(plain(check_mode)))
    failures: Dict[str, List[str]] = {}
    for one in bad:
        failures.setdefault(one.host, []).append(f"{one.mesh}: no identity for {one.peer}: {one.message}")
    return dict(
        inert(
            {
                "folder": absolute(str(made["options"]["federation_identity_dir"])),
                "files": [{"path": absolute(one.path), "text": one.text} for one in good],
                "lines": [one.message for one in good] + [line for lines in failures.values() for line in lines],
                "failures": {host: "\n".join(lines) for host, lines in failures.items()},
            }
        )
    )


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"identities": identities}
