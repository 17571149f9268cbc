# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: problems_text
short_description: Format problems as text
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - One line for each problem - severity, mesh, object or variable, what is wrong, the fix, and the code. Where the correct form of
    a rule or a locality is known, it follows as YAML.
positional: lines
options:
  _input:
    description: Problems, as the other filters and the modules return them.
    type: list
    required: true
    elements: dict
  lines:
    description:
      - Return a list of lines, each of at most 100 columns, instead of one text. The first is the verdict, that these problems
        end the run.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.declaration
    plugin_type: filter
  - plugin: ossm.federation.plan
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Fail on an invalid inventory
  ansible.builtin.fail:
    msg: "{{ mesh_declaration.problems | ossm.federation.problems_text }}"
  when: mesh_declaration.problems | selectattr('severity', 'eq', 'error') | list | length > 0
"""

RETURN = r"""
_value:
  description: The text, or the list of lines; errors first.
  type: raw
"""

from collections.abc import Callable
from typing import Any, Dict, List, Union, cast

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.module_utils._product.types import problem_line
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert, plain
from ansible_collections.ossm.federation.plugins.plugin_utils._report.findings import rejection_lines
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import corrected_lines


def problems_text(problems: Any, lines: bool = False) -> Union[str, List[str]]:
    """Problems as text; see DOCUMENTATION."""
    found = plain(problems)
    if not isinstance(found, list) or not all(isinstance(item, dict) and "message" in item for item in found):
        raise AnsibleFilterError("ossm.federation.problems_text takes a list of problems")
    if plain(lines):
        return cast(List[str], inert(rejection_lines(found)))
    by_severity = sorted(found, key=lambda problem: problem["severity"] != "error")
    text = [line for problem in by_severity for line in (problem_line(problem), *corrected_lines(problem))]
    return cast(str, inert("\n".join(text)))


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"problems_text": problems_text}
