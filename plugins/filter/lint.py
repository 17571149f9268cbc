# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: lint
short_description: Check the inventory of a federation, without any cluster (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Finds rules that istiod would skip, keys that the API server would drop, name collisions, imports that no mesh exports and
    exports that no mesh imports, over all meshes of the group, and all else that P(ossm.federation.declaration#filter) rejects.
  - Variables about the access to clusters are neither needed nor read.
positional: groups, group
options:
  _input:
    description: The variables of all hosts, as Ansible has them in C(hostvars).
    type: dict
    required: true
  groups:
    description: The inventory's groups, as Ansible has them in C(groups).
    type: dict
    required: true
  group:
    description: The group whose hosts are the meshes.
    type: str
    default: federation
seealso:
  - plugin: ossm.federation.declaration
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Check the inventory
  ansible.builtin.set_fact:
    lint_result: "{{ hostvars | ossm.federation.lint(groups, 'federation') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - C(findings), errors first, each with C(code), C(severity) (error, warning or info), C(mesh), C(where), C(message), C(remedy),
      and C(repaired) where the correct form is known.
    - C(errors), C(warnings) and C(notes), the numbers of each; C(lines), the same as text, of which C(headline) is the first line;
      C(failed), whether these findings fail a run; and C(options), those of the group.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.inventory import lint_inventory
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.summary import summarise
from ansible_collections.ossm.federation.plugins.plugin_utils._report.findings import findings_headline, findings_lines


def lint(hostvars: Mapping[str, Any], groups: Mapping[str, Any], group: str = "federation") -> Dict[str, Any]:
    """Lint the group's inventory; see DOCUMENTATION."""
    summary = summarise(lint_inventory(hostvars, groups, group))
    return dict(inert({**summary, "headline": findings_headline(summary), "lines": findings_lines(summary)}))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"lint": lint}
