# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the findings of lint as text. Pure."""

from __future__ import annotations

from typing import List, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem_line
from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import in_order
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import count, problem_paragraphs


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
    """Each finding as a paragraph with an empty line before it."""
    return [line for paragraph in problem_paragraphs(findings) for line in ("", *paragraph)]
