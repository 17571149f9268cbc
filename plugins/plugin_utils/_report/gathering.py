# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the report of gather.yml, as data and text. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Tuple, TypedDict

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.archive import missing, verdict_of
from ansible_collections.ossm.federation.plugins.plugin_utils._gather.types import Collected, Gathering, GatherVerdict
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import INDENT, count, table, wrapped


class GatherReport(TypedDict):
    """All facts of a run that gathers; ``archive`` is the result of the action that wrote the archive."""

    verdict: GatherVerdict
    headline: str
    check_mode: bool
    archive: Json
    missing: List[Json]
    lines: List[str]


def report(gathering: Gathering, collected: Mapping[str, Collected], archive: Json, check_mode: bool) -> GatherReport:
    """Report an archive that was written, or would be."""
    verdict, absent = verdict_of(gathering, collected), missing(gathering, collected)
    headline = _headline(gathering, collected, archive, check_mode)
    lines = [*wrapped(f"{verdict}  {headline}"), "", *_missing_lines(absent), *_content_lines(archive)]
    if not check_mode:
        lines += ["", "Secrets, tokens and keys are not in it; look through it all the same before you pass it on."]
    return {
        "verdict": verdict,
        "headline": headline,
        "check_mode": check_mode,
        "archive": archive,
        "missing": absent,
        "lines": lines,
    }


def _headline(gathering: Gathering, collected: Mapping[str, Collected], archive: Json, check_mode: bool) -> str:
    read = sum(1 for one in collected.values() if one["facts"]["readable"])
    meshes = f"{read} of {len(gathering['meshes'])} meshes read"
    files = count(archive["files"], "file")
    if check_mode:
        return f"{meshes}, {files}. Nothing was written; the archive would be {archive['path']}"
    return f"{meshes}, {files}, {size(archive['bytes'])}: {archive['path']}"


def _missing_lines(absent: List[Json]) -> List[str]:
    """What is missing: the same reason in several meshes once."""
    reasons: Dict[Tuple[str, str], List[str]] = {}
    for one in absent:
        text = f"{one['what']}: {one['reason'].rstrip('.')}"
        reasons.setdefault((text, one["remedy"]), []).append(one["mesh"])
    lines = ["Missing"] if reasons else []
    for (text, remedy), meshes in reasons.items():
        names = ", ".join(dict.fromkeys(meshes))
        lines += wrapped(f"{names}: {text}." + (f" Fix: {remedy.rstrip('.')}." if remedy else ""), INDENT)
    return [*lines, ""] if lines else []


def _content_lines(archive: Json) -> List[str]:
    rows = [[one["path"], str(one["files"]), size(one["bytes"]), one["what"]] for one in archive["parts"]]
    return table([["content", "files", "unpacked", "what it is"], *rows])


def size(number: int) -> str:
    """A number of bytes for people.

    >>> size(512), size(2048), size(3 * 1024 * 1024)
    ('512 B', '2 KiB', '3.0 MiB')
    """
    if number < 1024:
        return f"{number} B"
    return f"{number / 1024:.0f} KiB" if number < 1024 * 1024 else f"{number / 1024 / 1024:.1f} MiB"
