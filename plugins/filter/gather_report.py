# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: gather_report
short_description: Report what was gathered (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Says where the archive is, what it has, and what could not be collected.
positional: hostvars, archive, outside, check_mode
options:
  _input:
    description: C(gather_plan), from P(ossm.federation.gathering#filter).
    type: dict
    required: true
  hostvars:
    description: C(hostvars), with C(gather_collected) of each mesh.
    type: dict
    required: true
  archive:
    description: The result of M(ossm.federation.gather_archive).
    type: dict
    required: true
  outside:
    description: Results of M(ossm.federation.mesh_gather) for meshes outside the play.
    type: list
    elements: raw
    default: []
  check_mode:
    description: Whether this is a check run.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.gathering
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report the archive
  ossm.federation.show:
    lines: "{{ (gather_plan | ossm.federation.gather_report(hostvars, gather_archive)).lines }}"
  run_once: true
"""

RETURN = r"""
_value:
  description: The report - C(lines) and C(stats); the whole is sealed.
  type: dict
"""

from collections.abc import Callable
from typing import Any, Dict, Mapping

from ansible_collections.ossm.federation.plugins.module_utils._product.steps import GATHER_STATS
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.plain import plain, seal
from ansible_collections.ossm.federation.plugins.plugin_utils._ansible.registers import read_collected, sealed_gathering
from ansible_collections.ossm.federation.plugins.plugin_utils._report import gathering


def gather_report(
    plan: Any, hostvars: Mapping[str, Any], archive: Any, outside: Any = (), check_mode: bool = False
) -> Dict[str, Any]:
    """Report an archive; see DOCUMENTATION."""
    known = sealed_gathering(plan, "ossm.federation.gather_report")
    collected = read_collected(hostvars, known["meshes"], outside)
    found = gathering.report(known, collected, plain(archive), bool(plain(check_mode)))
    return seal(found, {"lines": found["lines"], "stats": seal({GATHER_STATS: found}, {})})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"gather_report": gather_report}
