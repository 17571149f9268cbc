# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the report of adopt.yml, as data and text. Pure."""

from __future__ import annotations

from typing import Dict, List, Literal, Sequence, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.types import Adopted, AdoptedMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._report.causes import causes
from ansible_collections.ossm.federation.plugins.plugin_utils._report.runs import failure, has_errors, paragraphs
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import (
    INDENT,
    count,
    listed,
    table,
    wrapped,
)

AdoptVerdict = Literal["DESCRIBED", "INCOMPLETE", "FAILED"]
#: Objects that one line names, and lines of what stays as it is.
_OBJECTS, _LINES = 2, 12


class AdoptReport(TypedDict):
    """All facts of a described federation. ``problems`` are what the inventory does not describe or what is wrong, ``fields`` what stays as
    it is; ``changes`` are the files that were written, or would be; ``failures`` are messages by host."""

    verdict: AdoptVerdict
    headline: str
    check_mode: bool
    directory: str
    meshes: List[AdoptedMesh]
    problems: List[Problem]
    fields: List[Problem]
    changes: List[Json]
    failures: Dict[str, str]
    lines: List[str]
    details: List[str]


def report(adopted: Adopted, written: Json, check_mode: bool = False) -> AdoptReport:
    """Judge a described federation; ``written`` is the result of the action adopt_files."""
    problems = [*adopted["problems"], *_existing(adopted, written)]
    is_written = not adopted["unread"] and not written["existing"]
    verdict: AdoptVerdict = "FAILED" if not is_written else "INCOMPLETE" if _is_incomplete(problems) else "DESCRIBED"
    headline = _headline(adopted, written, check_mode)
    fields = _field_lines(adopted["fields"])
    blocks = [
        _mesh_lines(adopted["meshes"]),
        _shortened(fields),
        _next(adopted["directory"], check_mode) if is_written else [],
    ]
    return {
        "verdict": verdict,
        "headline": headline,
        "check_mode": check_mode,
        "directory": written["directory"],
        "meshes": adopted["meshes"],
        "problems": problems,
        "fields": adopted["fields"],
        "changes": written["changes"],
        "failures": _failures(adopted, problems),
        "lines": [*wrapped(f"{verdict}  {headline}"), *paragraphs(causes(problems, []), blocks)],
        "details": [*_all(fields), *_details(written["changes"], check_mode)],
    }


def _is_incomplete(problems: Sequence[Problem]) -> bool:
    """Whether something is missing in the inventory, or wrong in the federation."""
    return has_errors(problems) or any(one["code"] != "adopt-credential" for one in problems)


def _existing(adopted: Adopted, written: Json) -> List[Problem]:
    """The files that are in the way; the first mesh stands for the federation."""
    mesh = next(iter(adopted["names"].values()), "")
    return [
        problem("adopt-exists", mesh, path, "it exists with other content, so nothing was written")
        for path in written["existing"]
    ]


def _failures(adopted: Adopted, problems: Sequence[Problem]) -> Dict[str, str]:
    """Why each mesh failed, by host."""
    found = {host: failure([one for one in problems if one["mesh"] == mesh]) for host, mesh in adopted["names"].items()}
    return {host: f"{adopted['names'][host]}: {text}" for host, text in found.items() if text}


def _headline(adopted: Adopted, written: Json, check_mode: bool) -> str:
    if adopted["unread"]:
        names = ", ".join(adopted["names"][host] for host in adopted["unread"])
        return f"Nothing was written: {names} could not be read."
    if written["existing"]:
        return f"Nothing was written: {count(len(written['existing']), 'file')} in {written['directory']} exist with other content."
    links = sum(len(mesh["peers"]) for mesh in adopted["meshes"])
    number = len(adopted["meshes"])
    meshes = f"{number} mesh" if number == 1 else f"{number} meshes"
    would = "would be " if check_mode else ""
    files = f"{count(len(written['changes']), 'file')} {would}written" if written["changes"] else "No file was changed"
    return f"{meshes}, {count(links, 'link')}, described in {written['directory']}. {files}."


def _mesh_lines(meshes: Sequence[AdoptedMesh]) -> List[str]:
    rows = [["mesh", "peers", "export rules", "import rules"]]
    rows += [[one["mesh"], listed(one["peers"]) or "-", str(one["exports"]), str(one["imports"])] for one in meshes]
    return table(rows) if meshes else []


def _field_lines(fields: Sequence[Problem]) -> List[List[str]]:
    """What stays as it is: objects with the same fields together, each as a paragraph."""
    groups: Dict[str, List[str]] = {}
    for one in fields:
        groups.setdefault(one["message"], []).append(f"{_object(one['where'])} of {one['mesh']}")
    return [
        wrapped(f"{message}: {count(len(objects), 'object')}, {listed(objects, _OBJECTS)}", INDENT)
        for message, objects in sorted(groups.items())
    ]


def _object(where: str) -> str:
    """An object in few words: a gateway by its name."""
    return f"gateway {where.rpartition('.')[2]}" if ".additional" in where else where


_TITLE = "No variable expresses (object by object in cannot-express.md)"


def _shortened(paragraphs_: Sequence[List[str]]) -> List[str]:
    lines = [line for paragraph in paragraphs_[:_LINES] for line in paragraph]
    more = [f"{INDENT}and {len(paragraphs_) - _LINES} more"] if len(paragraphs_) > _LINES else []
    return [_TITLE, *lines, *more] if lines else []


def _all(paragraphs_: Sequence[List[str]]) -> List[str]:
    if len(paragraphs_) <= _LINES:
        return []
    return ["", _TITLE, *(line for paragraph in paragraphs_ for line in paragraph)]


def _next(directory: str, check_mode: bool) -> List[str]:
    """The next two commands."""
    if check_mode:
        return ["Next: run adopt.yml without --check."]
    command = f"ansible-playbook -i {directory} ossm.federation.federate"
    return [
        "Next",
        f"{INDENT}{command} --check --diff",
        f"{INDENT}{command} -e federation_adopt=true",
    ]


def _details(changes: Sequence[Json], check_mode: bool) -> List[str]:
    would = "would be " if check_mode else ""
    return ["", "Files", *(f"{INDENT}{would}written  {one['file']}" for one in changes)] if changes else []
