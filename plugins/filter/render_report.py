# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: render_report
short_description: Report what was rendered (private to the roles of this collection)
version_added: 1.0.0
author: The ossm.federation authors (@ossm-federation)
description:
  - Lists the folders that were written, what changed in them, and the meshes that could not be rendered.
positional: written, check_mode
options:
  _input:
    description: C(render_plan), from P(ossm.federation.rendering#filter).
    type: dict
    required: true
  written:
    description: The result of M(ossm.federation.render_files).
    type: dict
    required: true
  check_mode:
    description: Whether this is a check run.
    type: bool
    default: false
seealso:
  - plugin: ossm.federation.rendering
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report the files
  ossm.federation.show:
    lines: "{{ (render_plan | ossm.federation.render_report(render_files)).lines }}"
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
from ansible_collections.ossm.federation.plugins.plugin_utils._render.folders import Kept, Rendering
from ansible_collections.ossm.federation.plugins.plugin_utils._render.objects import Unrendered
from ansible_collections.ossm.federation.plugins.plugin_utils._report import rendering as rendering_report


def render_report(plan: Any, written: Any, check_mode: bool = False) -> Dict[str, Any]:
    """Report a rendering; see DOCUMENTATION."""
    whole = unseal(plan)
    if not has(whole, "rendering"):
        raise AnsibleFilterError(
            "ossm.federation.render_report needs render_plan, a variable of the role ossm.federation.render"
        )
    parts = whole["rendering"]
    unrendered = {mesh: [Unrendered(*one) for one in objects] for mesh, objects in parts["unrendered"].items()}
    rendered = Rendering(parts["folders"], [Kept(*one) for one in parts["kept"]], unrendered)
    found = rendering_report.report(whole["plan"], rendered, plain(written), bool(plain(check_mode)))
    return seal(found, {"lines": found["lines"], "details": found["details"], "failures": found["failures"]})


class FilterModule:
    """Registers the filter with Ansible."""

    def filters(self) -> Dict[str, Callable[..., Any]]:
        return {"render_report": render_report}
