# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The parts that the cores of all modules share: argument checks, failure, and the end of a module.

Private to this collection.
"""

from __future__ import annotations

import functools
import math
from typing import Any, Callable, List, Mapping, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Say
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem_line

#: The work of a module: parameters, check mode and ``Say`` in, the module's result out.
Work = Callable[..., Mapping[str, Any]]
#: The work with the checks that all modules share.
Core = Callable[..., Json]
#: What is wrong with parameters that fit the argument spec, with the fix; empty where they can be used.
Check = Callable[[Json], str]
#: The problem for which a module fails, given its parameters, check mode and its result; None where it succeeds.
Failure = Callable[[Json, bool, Json], Optional[Problem]]


def first_error(params: Json, check_mode: bool, result: Json) -> Optional[Problem]:
    """The first problem of severity error."""
    return next((problem for problem in result["problems"] if problem["severity"] == "error"), None)


def first_problem(params: Json, check_mode: bool, result: Json) -> Optional[Problem]:
    """The first problem of severity error, else the first warning."""
    return first_error(params, check_mode, result) or next(iter(result["problems"]), None)


def core(
    spec: Mapping[str, Any], failure: Failure = first_error, *, check: Optional[Check] = None
) -> Callable[[Work], Core]:
    """Make the core of a module from a function that reads or writes.

    The core rejects empty strings where ``spec`` wants values, a timeout that is none, and what ``check`` finds. With the
    parameter ``fail_on_problems`` its result is
    ``failed`` with a ``msg`` where ``failure`` finds a problem; all other keys of the result stay.
    """

    def decorate(function: Work) -> Core:
        @functools.wraps(function)
        def run(params: Json, check_mode: bool, say: Say, **options: Any) -> Json:
            empty = empty_strings(spec, params)
            rejected = rejection(empty) if empty else check_timeout(params) or (check(params) if check else "")
            if rejected:
                return {"changed": False, "failed": True, "msg": rejected}
            result = dict(function(params, check_mode, say, **options))
            problem = failure(params, check_mode, result) if params.get("fail_on_problems", True) else None
            return result if problem is None else {**result, "failed": True, "msg": problem_line(problem)}

        return run

    return decorate


def empty_strings(spec: Mapping[str, Any], params: Mapping[str, Any], prefix: str = "") -> List[str]:
    """Paths of the required strings, and of the items of lists of strings, that are empty.

    ansible-core 2.19 and newer make an empty string of a null in a list of strings.
    """
    paths: List[str] = []
    for name, option in spec.items():
        value, path = params.get(name), f"{prefix}{name}"
        kind = option.get("type", "str")
        if kind == "str" and option.get("required") and value == "":
            paths.append(path)
        elif kind == "list" and isinstance(value, list):
            for index, item in enumerate(value):
                if option.get("elements") == "str" and item == "":
                    paths.append(f"{path}[{index}]")
                elif "options" in option and isinstance(item, Mapping):
                    paths += empty_strings(option["options"], item, f"{path}[{index}].")
        elif "options" in option and isinstance(value, Mapping):
            paths += empty_strings(option["options"], value, f"{path}.")
    return paths


def rejection(paths: List[str]) -> str:
    """The message about options that are empty strings or null."""
    verb = "is an empty string" if len(paths) == 1 else "are empty strings"
    return f"{', '.join(paths)} {verb} or null. Fix: set a value, or leave the item out."


def check_timeout(params: Json) -> str:
    """The message about a timeout that is negative, infinite or no number; empty where there is none of these."""
    timeout = params.get("timeout")
    if timeout is None or 0 <= timeout < math.inf:
        return ""
    return f"timeout must be a number of seconds, 0 or more, not {timeout:g}"


def at_deadline(timeout: float) -> str:
    """When something was still missing, for a message: ``after 300 s``, or ``at the deadline`` of a single reading."""
    return f"after {timeout:.0f} s" if timeout >= 1 else "at the deadline"


def finish(module: Any, result: Json) -> None:
    """End a module (AnsibleModule) with the result of its core."""
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
