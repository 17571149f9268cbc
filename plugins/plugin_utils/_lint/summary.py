# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the findings of lint as text and numbers. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import in_order
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Declaration

_WIDTH = 120


def summarise(declared: Declaration) -> Json:
    """The findings of a declaration, their numbers, and ``lines`` for people; ``failed`` tells whether they fail a run."""
    findings = in_order(declared["problems"])
    numbers = {
        word: sum(found["severity"] == severity for found in findings)
        for word, severity in (("errors", "error"), ("warnings", "warning"), ("notes", "info"))
    }
    is_strict = declared["options"]["federation_lint_strict"]
    return {
        "findings": findings,
        **numbers,
        "lines": _lines(findings, numbers),
        "failed": bool(numbers["errors"] or (is_strict and numbers["warnings"])),
        "options": declared["options"],
    }


def _lines(findings: List[Problem], numbers: Dict[str, int]) -> List[str]:
    """The findings as text, with the corrected form as YAML below them; the last line counts them.

    A correction that successive findings about one rule share is shown once.
    """
    lines: List[str] = []
    for found, following in zip(findings, [*findings[1:], None]):
        where = f"{found['mesh']}: {found['where']}"
        lines.append(f"{found['severity']}: {where}: {found['message']}. {found['remedy']}. [{found['code']}]")
        if "repaired" in found and (following is None or _correction(following) != _correction(found)):
            lines += [f"    {line}" for line in _yaml(found["repaired"]).splitlines()]
    counts = ", ".join(f"{number} {word if number != 1 else word[:-1]}" for word, number in numbers.items())
    return [*lines, f"{counts}."]


def _correction(found: Problem) -> Tuple[str, str, Any]:
    """The corrected form, and the rule of the mesh that it is for."""
    return found["mesh"], found["where"].partition("]")[0], found.get("repaired")


def _yaml(repaired: Any) -> str:
    """A corrected form as it stands in an inventory: a rule is an entry of a list, a locality is not."""
    is_entry = isinstance(repaired, str) or (isinstance(repaired, dict) and "type" in repaired)
    return str(yaml.safe_dump([repaired] if is_entry else repaired, sort_keys=False, allow_unicode=True, width=_WIDTH))
