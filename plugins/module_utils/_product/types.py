# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: shapes that every layer shares: JSON objects, problems, remote addresses."""

from __future__ import annotations

from typing import Any, Dict, List, Literal, Optional, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES, Severity

Json = Dict[str, Any]
Rule = Dict[str, Any]
#: The owner of an object: it is absent, ours (of this collection), unmanaged (of another manager), or unmanaged and adopted by us.
Owner = Literal["absent", "ours", "unmanaged", "adopted"]


class _ProblemNeeds(TypedDict):
    code: str
    severity: Severity
    mesh: str
    where: str
    message: str
    remedy: str


class Problem(_ProblemNeeds, total=False):
    """One finding: what is wrong, where, and what to do next.

    ``severity`` is ``error`` (stops the run), ``warning``, or ``info`` (what only the clusters can confirm, and background);
    ``mesh`` is a mesh name, or the group's name for findings about the whole federation; ``where`` is a variable or an object;
    ``remedy`` is empty where the message says already what is accepted; ``peer`` is the other mesh of a pair. ``repaired`` is
    the corrected value for ``where``, as data: a rule, a list of rules, or a locality; parts that only the author can know are
    in angle brackets.
    """

    peer: str
    repaired: Any


class Remote(TypedDict):
    """The address of a mesh's gateway: one pair of ports for all addresses (ServiceMeshPeer ``spec.remote``)."""

    addresses: List[str]
    discoveryPort: int
    servicePort: int


def problem(
    code: str,
    mesh: str,
    where: str,
    message: str,
    remedy: Optional[str] = None,
    *,
    peer: Optional[str] = None,
    severity: Optional[Severity] = None,
    repaired: Any = None,
) -> Problem:
    """Make a Problem; ``message`` and ``remedy`` carry no full stop at the end.

    Without ``severity`` and ``remedy`` the table of codes gives them. KeyError for a code that is not in the table.
    """
    row = CODES[code]
    result = Problem(
        code=code,
        severity=severity or row.severity,
        mesh=mesh,
        where=where,
        message=message,
        remedy=row.fix if remedy is None else remedy,
    )
    if peer is not None:
        result["peer"] = peer
    if repaired is not None:
        result["repaired"] = repaired
    return result


def with_changes(
    original: Problem, *, severity: Optional[Severity] = None, mesh: Optional[str] = None, remedy: Optional[str] = None
) -> Problem:
    """Copy a Problem with another severity, mesh or remedy."""
    changed = original.copy()
    if severity is not None:
        changed["severity"] = severity
    if mesh is not None:
        changed["mesh"] = mesh
    if remedy is not None:
        changed["remedy"] = remedy
    return changed


def problem_line(found: Problem) -> str:
    """Render a Problem as one line of text, without its corrected value, which has lines of its own.

    >>> problem_line(problem("variable-type", "red", "mesh_host", "3 must be a string", "Write it in quotes"))
    'ERROR red: mesh_host: 3 must be a string. Fix: Write it in quotes. [variable-type]'
    """
    line = f"{found['severity'].upper()} {found['mesh']}: {found['where']}: {found['message'].rstrip('.')}."
    if found["remedy"]:
        line += f" Fix: {found['remedy'].rstrip('.')}."
    return f"{line} [{found['code']}]"
