# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the findings of lint as text. Pure."""

from __future__ import annotations

from typing import Any, List, Sequence, Tuple

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem_line
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import in_order
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import INDENT, WIDTH, count, wrapped


def findings_headline(summary: Json) -> str:
    """Whether the inventory is valid, and how many findings there are."""
    verdict = "REJECTED" if summary["failed"] else "VALID"
    numbers = [
        count(summary["errors"], "error"),
        count(summary["warnings"], "warning"),
        count(summary["notes"], "note"),
    ]
    return f"{verdict}  {', '.join(numbers)}."


def findings_lines(summary: Json) -> List[str]:
    """The headline, and the findings as paragraphs."""
    return [findings_headline(summary), *_paragraphs(summary["findings"])]


def rejection_lines(problems: Sequence[Problem]) -> List[str]:
    """Problems that end a run before its first write: verdict and numbers, then each problem once as a paragraph."""
    distinct = in_order(list({problem_line(problem): problem for problem in problems}.values()))
    errors = sum(problem["severity"] == "error" for problem in distinct)
    numbers = f"{count(errors, 'error')}, {count(len(distinct) - errors, 'warning')}"
    return [f"REJECTED  {numbers}.", *_paragraphs(distinct)]


def _paragraphs(findings: Sequence[Problem]) -> List[str]:
    """Each finding with the corrected form as YAML below it.

    A correction that successive findings about one rule share is shown once, after the last of them.
    """
    lines: List[str] = []
    for finding, following in zip(findings, [*findings[1:], None]):
        lines += ["", *_paragraph(finding)]
        if "repaired" in finding and (following is None or _correction(following) != _correction(finding)):
            lines += [f"{INDENT}Write:", *(f"{2 * INDENT}{line}" for line in _yaml(finding["repaired"]).splitlines())]
    return lines


def _paragraph(finding: Problem) -> List[str]:
    head = f"{finding['severity'].upper()} {finding['mesh']}: {finding['where']}: {finding['message'].rstrip('.')}."
    fix = f" Fix: {finding['remedy'].rstrip('.')}." if finding["remedy"] else ""
    return wrapped(f"{head}{fix} [{finding['code']}]")


def _correction(finding: Problem) -> Tuple[str, str, Any]:
    """The corrected form, and the rule of the mesh that it is for."""
    return finding["mesh"], finding["where"].partition("]")[0], finding.get("repaired")


def _yaml(repaired: Any) -> str:
    """A corrected form as it stands in an inventory: a rule is an entry of a list, a locality is not."""
    is_entry = isinstance(repaired, str) or (isinstance(repaired, dict) and "type" in repaired)
    width = WIDTH - 2 * len(INDENT)
    return str(yaml.safe_dump([repaired] if is_entry else repaired, sort_keys=False, allow_unicode=True, width=width))
