# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: adoption_report
short_description: Report a described federation (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Lists the meshes, their links and what they share, what the inventory does not describe, and the next commands.
positional: written, check_mode
options:
  _input:
    description: C(adopt_plan), from P(ossm.federation.adoption#filter).
    type: dict
    required: true
  written:
    description: The result of M(ossm.federation.adopt_files).
    type: dict
    required: true
  check_mode:
    description: Whether this is a check run.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.adoption
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report the inventory
  ossm.federation.show:
    lines: "{{ (adopt_plan | ossm.federation.adoption_report(adopt_written)).lines }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The report - C(lines), C(details), and C(failures) by host; the whole is sealed.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict

from ansible.errors import AnsibleFilterError

from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import has, plain, seal, unseal
from ansible_collections.ossm.federation.plugins.plugin_utils._report.adoption import report


def adoption_report(plan: Any, written: Any, check_mode: bool = False) -> Dict[str, Any]:
    """Report a described federation; see DOCUMENTATION."""
    whole = unseal(plan)
    if not has(whole, "adoption"):
        raise AnsibleFilterError(
            "ossm.federation.adoption_report needs adopt_plan, a variable of the role ossm.federation.adopt"
        )
    found = report(whole["adoption"], plain(written), bool(plain(check_mode)))
    return seal(found, {"lines": found["lines"], "details": found["details"], "failures": found["failures"]})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"adoption_report": adoption_report}
