# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The conditions of a user on the links of a mesh: JMESPath expressions. Private to this collection."""

from __future__ import annotations

import traceback
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem

IMPORT_ERROR: Optional[str] = None
try:
    import jmespath
    from jmespath.exceptions import JMESPathError
except ImportError:
    IMPORT_ERROR = traceback.format_exc()


class Conditions:
    """JMESPath expressions that every link must meet; ``problem`` says why they cannot be evaluated."""

    def __init__(self, expressions: Sequence[str], mesh: str) -> None:
        self.problem: Optional[Problem] = None
        self._compiled: List[Tuple[str, Any]] = []
        if expressions and IMPORT_ERROR:
            self.problem = problem(
                "jmespath-missing",
                mesh,
                "condition",
                "the Python package jmespath is not installed",
                "Install jmespath where the task runs",
            )
            return
        for index, expression in enumerate(expressions):
            try:
                self._compiled.append((expression, jmespath.compile(expression)))
            except JMESPathError as error:
                reason = " ".join(str(error).split())
                self.problem = problem(
                    "condition-invalid",
                    mesh,
                    f"condition[{index}]",
                    f"{expression!r} is not a JMESPath expression: {reason}",
                )
                return

    def unmet(self, link: Mapping[str, Any]) -> List[str]:
        """The expressions whose value for a link is false, null or empty."""
        return [expression for expression, compiled in self._compiled if not _is_true(_value(compiled, link))]


def _value(compiled: Any, link: Mapping[str, Any]) -> Any:
    """The value of an expression; None where its functions do not fit the link's values."""
    try:
        return compiled.search(link)
    except JMESPathError:
        return None


def _is_true(value: Any) -> bool:
    """Truth as JMESPath defines it: every number is true."""
    return value is not None and value is not False and value not in ("", [], {})
