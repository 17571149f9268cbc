# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: lint
short_description: Find what is wrong with a federation's inventory, without any cluster
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Finds rules that istiod would skip, keys that the API server would drop, names that fall together, imports that nobody
    exports and exports that nobody imports, over all meshes of the group; and all else that P(ossm.federation.declaration#filter)
    refuses.
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
- name: Look at what the inventory declares
  ansible.builtin.set_fact:
    lint_result: "{{ hostvars | ossm.federation.lint(groups, 'federation') }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - C(findings), errors first, each with C(code), C(severity) (error, warning or info), C(mesh), C(where), C(message), C(remedy),
      and C(repaired) where it can be said what to write there instead.
    - C(errors), C(warnings) and C(notes), the numbers of each; C(lines), the same as text; C(failed), whether that is too much; and
      C(options), those of the group.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, List, Mapping, Tuple

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.inventory import read_inventory
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import inert
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import in_order, lint as lint_rules
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import ACCESS, wanted

_WIDTH = 120


def lint(hostvars: Mapping[str, Any], groups: Mapping[str, Any], group: str = "federation") -> Dict[str, Any]:
    """Lint the group's inventory; see DOCUMENTATION."""
    read = read_inventory(hostvars, groups, group, reader="ossm.federation.lint", concerned=_concerned, environ={}, access=False)
    made = read.declared
    findings = in_order(made["problems"] + lint_rules(made))
    numbers = {
        word: sum(one["severity"] == severity for one in findings)
        for word, severity in (("errors", "error"), ("warnings", "warning"), ("notes", "info"))
    }
    strict = made["options"]["federation_lint_strict"]
    return dict(
        inert(
            {
                "findings": findings,
                **numbers,
                "lines": _lines(findings, numbers),
                "failed": bool(numbers["errors"] or (strict and numbers["warnings"])),
                "options": made["options"],
            }
        )
    )


def _concerned(name: str) -> bool:
    """Whether lint reads a variable: all of ours but those that say how a cluster is reached."""
    return wanted(name) and name not in ACCESS


def _lines(findings: List[Problem], numbers: Dict[str, int]) -> List[str]:
    """The findings for people, with what to write instead as YAML below them; the last line counts them.

    What several findings in a row about one rule say to write is told once.
    """
    told: List[str] = []
    for one, following in zip(findings, [*findings[1:], None]):
        place = f"{one['mesh']}: {one['where']}"
        told.append(f"{one['severity']}: {place}: {one['message']}. {one['remedy']}. [{one['code']}]")
        if "repaired" in one and (following is None or _instead(following) != _instead(one)):
            told += [f"    {line}" for line in _yaml(one["repaired"]).splitlines()]
    counts = ", ".join(f"{number} {word if number != 1 else word[:-1]}" for word, number in numbers.items())
    return [*told, f"{counts}."]


def _instead(one: Problem) -> Tuple[str, str, Any]:
    """What to write, and for which rule of which mesh."""
    return one["mesh"], one["where"].partition("]")[0], one.get("repaired")


def _yaml(repaired: Any) -> str:
    """What to write, as it stands in an inventory: a rule is an entry of a list, a locality is none."""
    whole = repaired
    if isinstance(repaired, str) or (isinstance(repaired, dict) and "type" in repaired):
        whole = [repaired]
    return str(yaml.safe_dump(whole, sort_keys=False, allow_unicode=True, width=_WIDTH))


class FilterModule:
    """Makes the filter known to Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"lint": lint}
