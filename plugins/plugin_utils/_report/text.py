# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: plain text of at most WIDTH columns: paragraphs, tables, problems, lists of words."""

from __future__ import annotations

import textwrap
from typing import Any, Dict, List, Sequence, Tuple

import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem_line

#: Columns of a report.
WIDTH = 100
INDENT = "    "
_SEVERITIES = ("error", "warning", "info")


def wrapped(text: str, indent: str = "", hanging: str = INDENT) -> List[str]:
    """A paragraph as lines; the first begins with ``indent``, the others with ``hanging`` after it. A word that is longer
    than a line, such as a fingerprint or a client ID, stays whole: it is there to be copied."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + hanging,
        break_on_hyphens=False,
        break_long_words=False,
    )


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "object"), count(2, "object")
    ('1 object', '2 objects')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names with commas; of many only the first.

    >>> listed(["a", "b"]), listed(["a", "b", "c"], most=2)
    ('a, b', 'a, b and 1 more')
    """
    shown = names[:most] if len(names) > most else names
    rest = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return ", ".join(shown) + rest


def table(rows: Sequence[Sequence[str]], indent: str = "") -> List[str]:
    """Rows with columns of equal width."""
    if not rows:
        return []
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    return [(indent + "  ".join(cell.ljust(width) for cell, width in zip(row, widths))).rstrip() for row in rows]


def arrows(links: Sequence[Tuple[str, str]]) -> str:
    """Directed links with the same ends put together.

    >>> arrows([("a", "b"), ("a", "c"), ("d", "c")])
    'a -> b, c; d -> c'
    >>> arrows([("a", "c"), ("b", "c")])
    'a, b -> c'
    """
    by_source: Dict[str, List[str]] = {}
    for source, target in links:
        by_source.setdefault(source, []).append(target)
    by_targets: Dict[Tuple[str, ...], List[str]] = {}
    for source, targets in by_source.items():
        by_targets.setdefault(tuple(targets), []).append(source)
    return "; ".join(f"{', '.join(sources)} -> {', '.join(targets)}" for targets, sources in by_targets.items())


def problem_lines(problems: Sequence[Problem]) -> List[str]:
    """Each problem once as a paragraph, errors first."""
    by_severity = sorted(problems, key=lambda problem: _SEVERITIES.index(problem["severity"]))
    distinct = {(problem_line(problem), str(problem.get("repaired"))): problem for problem in by_severity}
    return [line for paragraph in problem_paragraphs([*distinct.values()]) for line in paragraph]


def problem_paragraphs(problems: Sequence[Problem]) -> List[List[str]]:
    """The lines of each problem, with the corrected form as YAML below it.

    A correction that successive problems of one rule share is shown once, after the last of them.
    """
    paragraphs = []
    for found, following in zip(problems, [*problems[1:], None]):
        is_last = following is None or _correction(following) != _correction(found)
        paragraphs.append([*wrapped(problem_line(found)), *(corrected_lines(found, INDENT) if is_last else [])])
    return paragraphs


def corrected_lines(found: Problem, indent: str = "") -> List[str]:
    """The corrected form of what a problem is about, as YAML; nothing where it is not known."""
    if "repaired" not in found:
        return []
    return [f"{indent}Write:", *(f"{indent}{INDENT}{line}" for line in as_yaml(found["repaired"]).splitlines())]


def _correction(found: Problem) -> Tuple[str, str, Any]:
    """The corrected form, and the rule of the mesh that it is for."""
    return found["mesh"], found["where"].partition("]")[0], found.get("repaired")


def as_yaml(repaired: Any) -> str:
    """A corrected form as it stands in an inventory: a rule is an entry of a list, a locality is not."""
    is_entry = isinstance(repaired, str) or (isinstance(repaired, dict) and "type" in repaired)
    width = WIDTH - 2 * len(INDENT)
    return str(yaml.safe_dump([repaired] if is_entry else repaired, sort_keys=False, allow_unicode=True, width=width))
