# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what may leave a mesh (``mesh_may_export``). Pure.

``_lint.policy`` compares export rules with it.
"""

from __future__ import annotations

from typing import Any, List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._model.rules import Report, check_parts, check_selector
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Permission

VARIABLE = "mesh_may_export"
_KEYS = ("namespace", "labels")


def read_may_export(value: Optional[List[Any]], mesh: str) -> Tuple[Optional[List[Permission]], List[Problem]]:
    """What may leave a mesh; None for everything. An empty list lets nothing leave it."""
    if value is None:
        return None, []
    report = Report(mesh)
    permissions = [_permission(entry, report, f"{VARIABLE}[{index}]") for index, entry in enumerate(value)]
    return permissions, report.problems


def _permission(entry: Any, report: Report, at: str) -> Permission:
    if isinstance(entry, str):
        if "/" in entry:
            report.reject(at, "a namespace, which may leave with all services", entry, "Write the namespace alone")
        else:
            check_parts({"namespace": entry}, report, at)
        return {"namespace": entry, "labels": None}
    if not report.dictionary(entry, _KEYS, at):
        return {"namespace": "", "labels": None}
    found = len(report.problems)
    check_parts({"namespace": entry.get("namespace")}, report, at)
    labels = check_selector(entry.get("labels"), report, f"{at}.labels") if "labels" in entry else None
    if not entry:
        report.add("rule-shape", at, "must have namespace or labels, or both", "Write a namespace")
    elif entry.get("namespace", "*") is None:
        report.reject(f"{at}.namespace", 'a namespace, or "*" for all of them', None, "Write its value")
    if len(report.problems) > found:
        return {"namespace": "", "labels": None}
    return {"namespace": str(entry.get("namespace") or "*"), "labels": labels}
