# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: identities
short_description: Build the identities of our meshes for meshes of other administrators (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Builds one document for each pair of a mesh of this run and a mesh that is known by an identity file.
  - A file with the same content keeps its text, also its times, while half of its time is left.
positional: check_mode
options:
  _input:
    description: C(mesh_plan), with the addresses of the gateways.
    type: dict
    required: true
  check_mode:
    description: Whether this is a check run, in which the address of a gateway may be unknown.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Build the identities
  ansible.builtin.set_fact:
    identity_documents: "{{ mesh_plan | ossm.federation.identities(ansible_check_mode) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - RV(_value['files']) are the files to write, each with C(path) (absolute) and C(text); RV(_value['directory']) is their directory.
    - RV(_value['lines']) is text about each file and the next step. RV(_value['failures']) is text by host, on identities that
      cannot be built.
  type: dict
"""

import datetime
from collections.abc import Callable
from typing import Any, Dict

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.files import absolute, read_file
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import sealed_plan
from ansible_collections.ossm.federation.plugins.plugin_utils._identity.write import summarise


def identities(plan: Any, check_mode: bool = False) -> Dict[str, Any]:
    """Build the identities; see DOCUMENTATION."""
    known = sealed_plan(plan, "ossm.federation.identities")
    now = datetime.datetime.now(datetime.timezone.utc)
    return dict(inert(summarise(known, read_file, absolute, now, bool(plain(check_mode)))))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"identities": identities}
