# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""TELL: from a plan and what every mesh says of its links to one judgement per link, and a matrix for people.

Private to this collection; pure. A link is directed: ``from`` watches ``to`` and is judged by ``from`` alone. Where nobody
can ask ``from``, a mesh of another administrator, ``to`` tells whether it sees it.
"""

from __future__ import annotations

import textwrap
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import versions
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Problem
from ansible_collections.ossm.federation.plugins.module_utils._readers.link import collisions
from ansible_collections.ossm.federation.plugins.plugin_utils._identity import handover
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, PlannedMesh, Side
from ansible_collections.ossm.federation.plugins.plugin_utils._run.expectations import (
    expected_imports,
    readable_links,
    unanswered,
)

#: What is said of a link that is up and has not reconnected since its root changed: a connection outlives its root.
NOT_PROVEN = "new root not proven"
PROOF = ("The root in the config map counts from the next connection on; a restart of this mesh's egress gateway for the "
         "peer makes one now")

#: The first version that syncs in full every minute, and the seconds after which an older one has a rule in force.
FAST_SYNC, SLOW_SYNC_SECONDS = (2, 5), 450

#: Columns that a matrix may take before its columns get numbers instead of names.
WIDTH = 100

#: The state of a link by the code that its status was read as.
_STATES = {
    "absent": "absent",
    "not-accepted": "not accepted",
    "deadlock": "deadlock",
    "refused": "refused",
    "unknown-there": "refused",
    "unreachable": "unreachable",
    "egress-missing": "unreachable",
    "egress-unreachable": "unreachable",
}

#: Every state with its short mark and its meaning, in the order of the legend.
MARKS: Dict[str, Tuple[str, str]] = {
    "healthy": ("ok", "connected, synced, and everything imported that should be"),
    "incomplete": ("inc", "connected, but not everything is imported"),
    "collision": ("col", "connected, but two meshes export one name: requests fail"),
    "syncing": ("syn", "connected, not synced since the last change"),
    "connecting": ("con", "not connected yet"),
    "refused": ("ref", "the other mesh refuses"),
    "unreachable": ("unr", "the other mesh cannot be reached, or TLS fails"),
    "deadlock": ("dea", "istiod is deadlocked"),
    "not accepted": ("ntu", "istiod has not taken the peer up"),
    "absent": ("abs", "there is no ServiceMeshPeer"),
    "skipped": ("skp", "could not be written"),
    "pending": ("wai", "waits for the other side"),
    "unknown": ("?", "could not be read"),
    "outside": ("out", "the watching mesh is not part of this run"),
}


def links(plan: Plan, waits: Mapping[str, Json]) -> List[Json]:
    """One judgement per directed link, sorted by mesh names.

    ``plan`` is a Plan; ``waits`` are results of peer_wait or peer_info by host. A Link has ``from``, ``to``,
    ``from_host``, ``to_host``, ``state`` (a key of MARKS), ``good``, ``failed`` (false for good ones and for those that
    wait for others), ``connected``, ``synced``, ``root_proven`` (false when it has not reconnected since its root
    changed), ``imported`` and ``missing`` (exported names), ``foreign`` (the peer belongs to others), ``seen_from`` (the mesh
    that tells it, where ``from`` is known by a file), ``text`` (the product's own), ``message`` and ``remedy``.
    """
    read = {host: readable_links(result) for host, result in waits.items()}
    found = []
    for host, sides in plan["sides"].items():
        clashes = collisions({name: one["imported"] for name, one in read.get(host, {}).items()})
        for side in sides.values():
            if plan["meshes"][host]["by_file"]:
                found.append(_seen_link(plan, waits, read, side))
            else:
                found.append(_link(plan, waits, read, side, clashes))
    return sorted(found, key=lambda link: (link["from"], link["to"]))


def _link(plan: Plan, waits: Mapping[str, Json], read: Mapping[str, Mapping[str, Json]], side: Side,
          clashes: Mapping[str, List[str]]) -> Json:
    """One directed link."""
    status = read.get(side["host"], {}).get(side["peer_name"])
    imported = sorted(one["exportedName"] for one in (status or {}).get("imported") or [])
    missing = sorted({*expected_imports(plan, side, read), *((status or {}).get("missing") or [])} - set(imported))
    link: Json = {
        "from": side["mesh"], "to": side["peer"], "from_host": side["host"], "to_host": side["peer_host"],
        "connected": bool(status and status["connected"]), "synced": bool(status and status["synced"]),
        "root_proven": (status or {}).get("root_proven"), "imported": imported, "missing": missing,
        "unmanaged": side["peer_object"] == "unmanaged", "text": (status or {}).get("text") or "",
    }
    link["seen_from"] = None
    clash = {name: peers for name, peers in clashes.items() if name in imported}
    link.update(_judge(plan, waits, side, status, link, clash))
    link["healthy"] = link["state"] == "healthy"
    link["failed"] = not link["healthy"] and not _patient(plan, link)
    if link["unmanaged"] and not link["healthy"]:
        link["message"] += "; its ServiceMeshPeer belongs to others and was left as it is"
    return link


def _seen_link(plan: Plan, waits: Mapping[str, Json], read: Mapping[str, Mapping[str, Json]], side: Side) -> Json:
    """The link of a mesh that nobody here can ask, as the mesh sees it that is watched: it never fails."""
    back = plan["sides"][side["peer_host"]][side["host"]]
    status = read.get(back["host"], {}).get(back["peer_name"])
    link: Json = {
        "from": side["mesh"], "to": side["peer"], "from_host": side["host"], "to_host": side["peer_host"],
        "connected": bool(status and status["inbound"]), "synced": False, "imported": [], "missing": [], "unmanaged": True,
        "seen_from": side["peer"], "text": "", "failed": False, **_judge_seen(plan, waits, back, status),
    }
    link["healthy"] = link["state"] == "healthy"
    return link


def _judge_seen(plan: Plan, waits: Mapping[str, Json], back: Side, status: Optional[Json]) -> Json:
    """State, words and remedy of a link by what the watched mesh, whose side is ``back``, says of it."""
    if status is not None and status["inbound"]:
        return {"state": "healthy", "message": f"connected, as seen from {back['mesh']}", "remedy": ""}
    if back["state"] == "skipped":
        return {"state": "unknown", "message": f"not to be seen: {back['message']}",
                "remedy": f"See the problems of {back['mesh']}"}
    if back["state"] == "pending" or unanswered(plan, back):
        # What to do about it is told of our own link.
        return {"state": "pending", "message": back["message"] or unanswered(plan, back), "remedy": ""}
    if status is None:
        found = _not_read(waits.get(back["host"]), plan["meshes"][back["host"]], back)
        return {**found, "state": "unknown"}
    return {"state": "pending", "message": f"as seen from {back['mesh']}: {status['inbound_message']}",
            "remedy": f"Ask the administrator of {back['peer']} to run federate.yml"}


def _patient(plan: Plan, link: Json) -> bool:
    """Whether a link that is not good is somebody else's turn. A mesh that is part of the run and gives nothing to
    connect to, or whose root is refused, is no such case: then the link has failed."""
    other = plan["meshes"][link["to_host"]]
    theirs = not other["in_play"] and not other["root_error"]
    return link["state"] == "outside" or (link["state"] == "pending" and theirs)


def _judge(plan: Plan, waits: Mapping[str, Json], side: Side, status: Optional[Json], link: Json,
           clash: Mapping[str, List[str]]) -> Json:
    """State, words and remedy of one link."""
    mesh = plan["meshes"][side["host"]]
    if side["state"] == "skipped":
        problems = side["problems"] or mesh["problems"]
        message = side["message"] or (problems[0]["message"] if problems else "its objects could not be written")
        return {"state": "skipped" if mesh["readable"] else "unknown", "message": message + _itself(link),
                "remedy": problems[0]["remedy"] if problems else "See the problems of this mesh"}
    if side["state"] == "pending" or unanswered(plan, side):
        message = side["message"] or unanswered(plan, side) or f"waits for {side['peer']}"
        return {"state": "pending", "message": message + _itself(link), "remedy": _their_turn(plan, side)}
    if status is None:
        return _not_read(waits.get(side["host"]), mesh, side)
    return _judge_status(plan, side, status, link, clash)


def _itself(link: Json) -> str:
    """That a link works although this run could not do all about it."""
    return "; the link itself is up" if link["connected"] else ""


def _their_turn(plan: Plan, side: Side) -> str:
    """What brings a link on that waits for the other mesh."""
    if side["identity_file"]:
        return handover.next_step(plan, side)
    other = plan["meshes"][side["peer_host"]]
    if other["in_play"]:
        return f"Put right what is said of {side['peer']}, and run again"
    return f"Run federate.yml for {side['peer']}"


def _not_read(result: Optional[Json], mesh: PlannedMesh, side: Side) -> Json:
    """A link whose watching mesh said nothing."""
    if result is None and not mesh["in_play"]:
        return {"state": "outside", "message": f"{side['mesh']} is not part of this run", "remedy": "Run without a limit"}
    problems: List[Problem] = (result or {}).get("problems") or mesh["problems"]
    return {"state": "unknown", "message": problems[0]["message"] if problems else f"{side['mesh']} could not be read",
            "remedy": problems[0]["remedy"] if problems else "See the problems of this mesh"}


def _judge_status(plan: Plan, side: Side, status: Json, link: Json, clash: Mapping[str, List[str]]) -> Json:
    """A link whose status was read."""
    if not status["connected"]:
        told = status
        if status.get("root_not_loaded"):
            told = {"message": "its root changed while the link was down, and istiod does not take that up",
                    "remedy": f"Restart the istiod of {side['mesh']} (federation_restart_control_plane)"}
        text = f"{status['text']}: " if status["text"] and status["accepted"] and not status["suspect"] else ""
        return {"state": _STATES.get(status["code"], "connecting"), "message": text + told["message"],
                "remedy": told["remedy"]}
    if not status["synced"]:
        return {"state": "syncing", "message": "connected, but not synced since the last change",
                "remedy": _sync_remedy(plan, side, "a full sync comes every", ("minute", "five minutes"))}
    if clash:
        names = "; ".join(f"{name} from {' and '.join(peers)}" for name, peers in sorted(clash.items()))
        return {"state": "collision", "message": f"imported twice under one exported name: {names}",
                "remedy": "Give the exporters different export aliases"}
    if link["missing"]:
        return {"state": "incomplete", "message": f"offered and wanted, but not imported: {', '.join(link['missing'])}",
                "remedy": _sync_remedy(plan, side, "a rule added on a live link takes up to", ("two minutes", "seven minutes"))}
    message = f"{len(link['imported'])} imported"
    if link["root_proven"] is False:
        return {"state": "healthy", "message": f"connected, {NOT_PROVEN}; {message}", "remedy": PROOF}
    return {"state": "healthy", "message": message, "remedy": ""}


def _sync_remedy(plan: Plan, side: Side, what: str, times: Tuple[str, str]) -> str:
    """How long a full sync may let wait: of a version that is known to be slow, by the variable that waits so long."""
    new, old = times
    version = versions.parse(plan["meshes"][side["host"]]["version"])
    if version is None:
        return f"Wait: {what} {new} ({old} before 2.5)"
    if version.release >= FAST_SYNC:
        return f"Wait: {what} {new}"
    waits = int(plan["options"].get("federation_wait_timeout") or 0) >= SLOW_SYNC_SECONDS
    return f"{'Wait' if waits else f'Run again with federation_wait_timeout: {SLOW_SYNC_SECONDS}'}: with {version} {what} {old}"




def matrix(found: Sequence[Json]) -> str:
    """The links as a table (rows watch columns), a legend of the marks in it, and a line per link that is not good.

    Up to WIDTH columns wide; with many meshes the columns are numbered.
    """
    if not found:
        return "There are no links."
    meshes = sorted({link[end] for link in found for end in ("from", "to")})
    cells = {(link["from"], link["to"]): link for link in found}
    good = sum(1 for link in found if link["healthy"])
    lines = [f"{good} of {len(found)} links are good. The mesh of a row watches the mesh of a column.", ""]
    lines += _wide(meshes, cells) or _numbered(meshes, cells)
    return "\n".join([*lines, *_reasons(found)]).rstrip() + "\n"


def _wide(meshes: Sequence[str], cells: Mapping[Tuple[str, str], Json]) -> List[str]:
    """A table with names and words; empty when it would be too wide."""
    rows = [["", *meshes]]
    for row in meshes:
        rows.append([row, *(_cell(cells.get((row, column)), row == column) for column in meshes)])
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    if sum(widths) + 2 * (len(widths) - 1) > WIDTH:
        return []
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]


def _cell(link: Optional[Json], same: bool) -> str:
    """One link in a wide table."""
    if same:
        return "-"
    if link is None:
        return "."
    if not link["healthy"]:
        return str(link["state"])
    if link.get("seen_from"):
        return f"ok (seen from {link['seen_from']})"
    imported = f", {len(link['imported'])} imported" if link["imported"] else ""
    return f"ok{imported}" + (f", {NOT_PROVEN}" if link.get("root_proven") is False else "")


def _numbered(meshes: Sequence[str], cells: Mapping[Tuple[str, str], Json]) -> List[str]:
    """A table with numbered columns and short marks, and its legend."""
    width = max(len(name) for name in meshes) + 4
    lines = [" " * width + "".join(f"{number:>4}" for number in range(1, len(meshes) + 1))]
    for number, row in enumerate(meshes, 1):
        marks = []
        for column in meshes:
            link = cells.get((row, column))
            marks.append("-" if row == column else "." if link is None else _mark(link))
        lines.append(f"{number:>3} {row}".ljust(width) + "".join(f"{mark:>4}" for mark in marks))
    used = {link["state"] for link in cells.values()}
    legend = [f"{mark} = {state}: {message}" if state != "healthy" else f"{mark} = {message}"
              for state, (mark, message) in MARKS.items() if state in used]
    if any(link.get("seen_from") for link in cells.values()):
        legend.append("* = as the mesh of the column sees it")
    return [*lines, "", *legend]


def _mark(link: Json) -> str:
    """One link in a numbered table."""
    return MARKS[link["state"]][0] + ("*" if link.get("seen_from") else "")


def _reasons(found: Sequence[Json]) -> List[str]:
    """Why links are not good, or good with a remark, and what to do next; links of one mesh with one reason share a
    paragraph."""
    groups: Dict[Tuple[str, str, str, str], List[str]] = {}
    for link in found:
        if not link["healthy"] or link.get("root_proven") is False:
            groups.setdefault((link["from"], link["state"], link["message"], link["remedy"]), []).append(link["to"])
    lines: List[str] = []
    for (mesh, state, message, remedy), peers in groups.items():
        head = f"{mesh} -> {', '.join(peers)}: {state}: {message}"
        lines += ["", *textwrap.wrap(head, WIDTH, subsequent_indent="    ", break_on_hyphens=False)]
        if remedy:
            step = remedy.rstrip(".")
            lines += textwrap.wrap(f"Next: {step}.", WIDTH, initial_indent="    ", subsequent_indent="    ",
                                   break_on_hyphens=False)
    return lines
