# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the report of render.yml, as data and text. Pure."""

from __future__ import annotations

from typing import Dict, List, Literal, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.traffic import unrendered_traffic
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._render.folders import Rendering
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import (
    INDENT,
    count,
    problem_lines,
    table,
    wrapped,
)

RenderVerdict = Literal["RENDERED", "INCOMPLETE", "FAILED"]


class RenderReport(TypedDict):
    """All facts of a rendering. ``changes`` are the files that were written or removed, or would be; ``failures`` are messages by
    host."""

    verdict: RenderVerdict
    headline: str
    check_mode: bool
    directory: str
    folders: List[Json]
    unrendered: List[Json]
    problems: List[Problem]
    changes: List[Json]
    failures: Dict[str, str]
    lines: List[str]
    details: List[str]


def report(plan: Plan, rendering: Rendering, written: Json, check_mode: bool = False) -> RenderReport:
    """Judge a rendering; ``written`` is the result of the action render_files."""
    problems = _problems(plan, rendering, written)
    unrendered = [
        {"mesh": mesh, "object": one.where, "message": one.message}
        for mesh, objects in sorted(rendering.unrendered.items())
        for one in objects
    ]
    failed = {kept.host: kept.message for kept in rendering.kept if plan["meshes"][kept.host]["in_play"]}
    taken_from = {path.partition("/")[0] for path in written["taken"]}
    for host, mesh in sorted(plan["meshes"].items()):
        if mesh["mesh"] in taken_from:
            failed.setdefault(host, "a file that was not rendered has the name of a rendered one")
    verdict: RenderVerdict = "FAILED" if failed else "INCOMPLETE" if unrendered else "RENDERED"
    headline = _headline(rendering, written, failed, len(unrendered), check_mode)
    folders = [_folder(folder["mesh"], folder["objects"], written) for folder in rendering.folders]
    lines = [*wrapped(f"{verdict}  {headline}"), *([""] if problems else []), *problem_lines(problems)]
    lines += ["", *_folder_lines(rendering, folders)]
    if unrendered:
        lines += ["", "Not rendered yet; apply the files of all meshes, then run render.yml again"]
        for one in unrendered:
            lines += wrapped(f"{one['mesh']}: {one['object']}: {one['message']}", INDENT)
    return {
        "verdict": verdict,
        "headline": headline,
        "check_mode": check_mode,
        "directory": written["directory"],
        "folders": folders,
        "unrendered": unrendered,
        "problems": problems,
        "changes": written["changes"],
        "failures": {host: f"{plan['meshes'][host]['mesh']}: {message}" for host, message in failed.items()},
        "lines": lines,
        "details": _details(written["changes"], check_mode),
    }


def _headline(rendering: Rendering, written: Json, failed: Dict[str, str], unrendered: int, check_mode: bool) -> str:
    number = len(rendering.folders)
    meshes = f"{number} mesh" if number == 1 else f"{number} meshes"
    objects = count(sum(folder["objects"] for folder in rendering.folders), "object")
    parts = [f"{meshes}, {objects} in {written['directory']}"]
    if failed:
        parts.append(f"{len(failed)} not rendered")
    if unrendered:
        parts.append(f"{unrendered} not rendered yet")
    return f"{', '.join(parts)}. {_sentence(written['changes'], check_mode)}"


def _sentence(changes: List[Json], check_mode: bool) -> str:
    numbers = {verb: sum(1 for change in changes if change["verb"] == verb) for verb in ("written", "removed")}
    would = "would be " if check_mode else ""
    found = [(verb, number) for verb, number in numbers.items() if number]
    if not found:
        return "No file would be changed." if check_mode else "No file was changed."
    verb, number = found[0]
    return ", ".join([f"{count(number, 'file')} {would}{verb}", *(f"{more} {name}" for name, more in found[1:])]) + "."


def _folder(mesh: str, objects: int, written: Json) -> Json:
    own = [change for change in written["changes"] if change["mesh"] == mesh]
    verbs = {verb: sum(1 for change in own if change["verb"] == verb) for verb in ("written", "removed")}
    return {"mesh": mesh, "objects": objects, **verbs}


def _folder_lines(rendering: Rendering, folders: List[Json]) -> List[str]:
    rows = [["mesh", "folder", "objects", "files written", "removed"]]
    rows += [
        [one["mesh"], f"{one['mesh']}/", str(one["objects"]), str(one["written"]), str(one["removed"])]
        for one in folders
    ]
    rows += [[kept.mesh, "as it was", "-", "-", "-"] for kept in rendering.kept]
    return table([rows[0], *sorted(rows[1:])])


def _details(changes: List[Json], check_mode: bool) -> List[str]:
    would = "would be " if check_mode else ""
    return ["", "Files", *(f"{INDENT}{would}{one['verb']}  {one['file']}" for one in changes)] if changes else []


def _problems(plan: Plan, rendering: Rendering, written: Json) -> List[Problem]:
    """The problems of meshes and pairs, why folders stay as they are, and files that are in the way."""
    found: List[Problem] = [*plan["warnings"]]
    for host, mesh in sorted(plan["meshes"].items()):
        if mesh["in_play"]:
            found += mesh["problems"]
            found += [one for dummy, side in sorted(plan["sides"][host].items()) for one in side["problems"]]
            found += unrendered_traffic(plan, host)
    found += [
        problem("render-kept", kept.mesh, f"folder {kept.mesh}", f"it stays as it was: {kept.message}")
        for kept in rendering.kept
    ]
    found += [
        problem(
            "render-taken",
            path.partition("/")[0] if "/" in path else plan["group"],
            path,
            "it was not written by render.yml",
        )
        for path in written["taken"]
    ]
    found += [
        problem(
            "render-undeclared", name, f"folder {name}", "it has rendered files of a mesh that is not in the inventory"
        )
        for name in written["unknown"]
    ]
    return found
