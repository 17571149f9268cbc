# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the pictures of the documentation, ``docs/images/*.svg``, from tables: those of the code, and those below.

``python tests/pictures.py`` from the root of the checkout, after ``tests/tree.py link``. A unit test compares the files. A picture
loads nothing, has its text as text, a title and a description for readers that cannot see it, and colours for light and for dark.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import NamedTuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import OPTIONAL, STEPS
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.states import STATES
from ansible_collections.ossm.federation.plugins.plugin_utils._report.matrix import MARKS

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
WIDTH = 960
#: Name, colour in light, colour in dark. The contrast of every text with what is behind it is at least 4.5 (tested).
COLOURS = {
    "paper": ("#ffffff", "#14181f"),
    "ink": ("#1b2430", "#e6ebf2"),
    "faint": ("#4d5a6b", "#a9b4c2"),
    "line": ("#6b7787", "#8996a6"),
    "box": ("#f1f4f8", "#222a35"),
    "red": ("#a3262a", "#ff9a94"),
    "green": ("#17693b", "#7fdca4"),
    "ok": ("#17693b", "#7fdca4"),
    "soft": ("#17693b", "#7fdca4"),
    "warn": ("#7a4b00", "#f3c46b"),
    "down": ("#a3262a", "#ff9a94"),
    "pending": ("#5138a8", "#c3b5ff"),
    "unknown": ("#4d5a6b", "#a9b4c2"),
}


class Box(NamedTuple):
    """A box with lines of text; the first one is its name."""

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    colour: str = "line"


class Arrow(NamedTuple):
    """A line with a head through points, and a text beside it."""

    points: tuple[tuple[int, int], ...]
    colour: str
    text: str = ""
    at: tuple[int, int] = (0, 0)
    dashed: bool = False


def _style() -> str:
    def variables(index: int) -> str:
        return "".join(f"--{name}:{colours[index]};" for name, colours in COLOURS.items())

    classes = "".join(
        f".{name}{{stroke:var(--{name});}}.t-{name}{{fill:var(--{name});}}" for name in COLOURS if name != "paper"
    )
    return (
        f"svg{{{variables(0)}}}@media (prefers-color-scheme:dark){{svg{{{variables(1)}}}}}"
        "text{font:14px system-ui,sans-serif;fill:var(--ink);}.name{font-weight:600;}.small{font-size:13px;}"
        ".paper{fill:var(--paper);}rect.node{fill:var(--box);stroke-width:1.5;}path{fill:none;stroke-width:2;}"
        f".dashed{{stroke-dasharray:6 5;}}{classes}"
    )


def text(x: int, y: int, content: str, *classes: str, anchor: str = "start") -> str:
    """Return a line of text."""
    style = f' class="{" ".join(classes)}"' if classes else ""
    place = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x}" y="{y}"{style}{place}>{escape(content)}</text>'


def box(shape: Box) -> str:
    """Return a box with its lines."""
    x, y, width, height, lines, colour = shape
    rectangle = f'<rect class="node {colour}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
    first = y + (height - 18 * len(lines)) // 2 + 14
    named = [
        text(x + width // 2, first + 18 * number, line, "small" if number else "name", anchor="middle")
        for number, line in enumerate(lines)
    ]
    return "\n".join((rectangle, *named))


def arrow(line: Arrow) -> str:
    """Return an arrow; its head is a part of the path, as markers cannot take a colour from a variable everywhere."""
    (x1, y1), (x2, y2) = line.points[-2:]
    length = max(abs(x2 - x1), abs(y2 - y1)) or 1
    dx, dy = (x2 - x1) / length, (y2 - y1) / length
    tips = [(x2 - 9 * dx - 5 * dy, y2 - 9 * dy + 5 * dx), (x2 - 9 * dx + 5 * dy, y2 - 9 * dy - 5 * dx)]
    way = "L".join(f"{x} {y}" for x, y in line.points)
    head = "".join(f"M{x:.0f} {y:.0f}L{x2} {y2}" for x, y in tips)
    parts = [f'<path class="{line.colour}{" dashed" if line.dashed else ""}" d="M{way}"/>']
    parts.append(f'<path class="{line.colour}" d="{head}"/>')
    if line.text:
        parts.append(text(*line.at, line.text, "small", f"t-{line.colour}"))
    return "\n".join(parts)


def picture(title: str, description: str, height: int, parts: Iterable[str]) -> str:
    """Return a whole SVG file."""
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d">',
            f'<title id="t">{escape(title)}</title>',
            f'<desc id="d">{escape(description)}</desc>',
            f"<style>{_style()}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
            *parts,
            "</svg>\n",
        )
    )


# -- topology ------------------------------------------------------------------------------------------------------------


def _mesh(x: int, mesh: str, peer: str, service: str, colour: str) -> list[str]:
    """Return the frame of a mesh with its name, and what the federation writes into it."""
    frame = f'<rect class="{colour}" fill="none" stroke-width="2" x="{x}" y="40" width="400" height="520" rx="10"/>'
    written = (
        f"ServiceMeshPeer {peer}",
        f"{'Exported' if mesh == 'red-mesh' else 'Imported'}ServiceSet {peer}: {service}",
        f"ConfigMap {conventions.config_map_name(peer)}",
        f"    the root certificate of {peer}",
    )
    lines = [text(x + 20, 466 + 22 * number, line, "small") for number, line in enumerate(written)]
    names = [
        text(x + 20, 68, mesh, "name", f"t-{colour}"),
        text(x + 380, 68, f"trust domain {mesh}.local", "small", anchor="end"),
        text(x + 20, 442, f"Written into {mesh}-system", "name"),
    ]
    return [frame, *names, *lines]


def topology() -> str:
    """Two meshes: gateways, what is written, who connects to whom, and who trusts which root."""
    egress, ingress = conventions.egress_name("red-mesh"), conventions.ingress_name("green-mesh")
    back_out, back_in = conventions.egress_name("green-mesh"), conventions.ingress_name("red-mesh")
    discovery, service = conventions.DISCOVERY_PORT, conventions.SERVICE_PORT
    boxes = [
        Box(50, 100, 130, 60, ("istiod", "of green"), "green"),
        Box(50, 200, 130, 60, ("reviews", "with a sidecar"), "green"),
        Box(230, 150, 170, 60, (egress, "egress gateway"), "green"),
        Box(230, 330, 170, 60, (back_in, "ingress gateway"), "green"),
        Box(560, 150, 170, 60, (ingress, "ingress gateway"), "red"),
        Box(560, 330, 170, 60, (back_out, "egress gateway"), "red"),
        Box(780, 100, 130, 60, ("istiod", "of red"), "red"),
        Box(780, 200, 130, 60, ("ratings", "exported"), "red"),
    ]
    arrows = [
        Arrow(((180, 130), (228, 165)), "green"),
        Arrow(((180, 230), (228, 195)), "green"),
        Arrow(((400, 168), (558, 168)), "green", f"discovery, {discovery}", (428, 160)),
        Arrow(((400, 196), (558, 196)), "green", f"requests, {service}", (430, 216)),
        Arrow(((730, 165), (778, 135)), "red"),
        Arrow(((730, 195), (778, 225)), "red"),
        Arrow(((560, 360), (402, 360)), "red", "discovery of red", (428, 352), dashed=True),
    ]
    notes = [
        text(480, 252, "mutual TLS", "small", "t-faint", anchor="middle"),
        text(480, 402, "both directions", "small", "t-faint", anchor="middle"),
        text(480, 420, "are judged", "small", "t-faint", anchor="middle"),
        text(480, 20, "green-mesh imports the service ratings of red-mesh", "name", anchor="middle"),
    ]
    meshes = [
        *_mesh(20, "green-mesh", "red-mesh", "bookinfo/ratings", "green"),
        *_mesh(540, "red-mesh", "green-mesh", "bookinfo/ratings", "red"),
    ]
    description = (
        f"istiod and the sidecars of green-mesh connect through the egress gateway {egress} to the ingress gateway {ingress} of red-mesh: "
        f"discovery to port {discovery}, requests to port {service}, both with mutual TLS. red-mesh has the same gateways for the other "
        "direction. Each mesh has a ServiceMeshPeer, a service set, and a ConfigMap with the root certificate of the other."
    )
    return picture("Two federated meshes", description, 580, [*meshes, *map(box, boxes), *map(arrow, arrows), *notes])


# -- steps ---------------------------------------------------------------------------------------------------------------


def steps() -> str:
    """The steps of a federation in their order, from the table of steps."""
    parts, y = [], 20
    shown = [step for step in STEPS.values() if step.run == "federate"]
    for number, step in enumerate(shown, 1):
        writes = ", ".join(dict.fromkeys(write.kind for write in step.writes))
        waits = ", ".join(dict.fromkeys(access.kind for access in step.waits))
        parts.append(box(Box(40, y, 250, 56, (f"{number}. {step.title}", f"role {step.role}"))))
        parts.append(text(320, y + 24, f"writes {writes}" if writes else "writes nothing"))
        detail = f"waits on {waits}, for {step.timeout}" if waits and step.timeout else "waits for nothing"
        parts.append(text(320, y + 46, detail, "small", "t-faint"))
        if number < len(shown):
            parts.append(arrow(Arrow(((165, y + 56), (165, y + 84)), "line")))
            parts.append(text(185, y + 76, "all meshes have finished the step", "small", "t-faint"))
        y += 86
    skipped = ", ".join(str(shown.index(STEPS[name]) + 1) for name in STEPS if name in OPTIONAL)
    parts.append(text(40, y + 4, f"Steps {skipped} are skipped where no mesh has work in them.", "small"))
    description = "; ".join(f"{number}. {step.title}" for number, step in enumerate(shown, 1))
    return picture(
        "The steps of a run of federate",
        f"{description}. A step begins when all meshes have finished the one before.",
        y + 24,
        parts,
    )


# -- states of a link ------------------------------------------------------------------------------------------------------

#: The questions that judge a link, in the order in which they are asked, and the states of a link that fails there.
QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Is the watching mesh part of the run?", ("excluded",)),
    ("Could it be read?", ("unknown",)),
    ("Could this run write its side?", ("skipped",)),
    ("Has the other mesh done its part?", ("pending",)),
    ("Is there a ServiceMeshPeer?", ("absent",)),
    ("Has istiod accepted it?", ("not accepted", "deadlock")),
    ("Is it connected?", ("connecting", "refused", "unreachable")),
    ("Has it synced since the last change?", ("syncing",)),
    ("Has each name one exporting mesh?", ("collision",)),
    ("Is everything imported that is offered?", ("incomplete",)),
    ("Do the objects let requests pass?", ("requests fail",)),
    ("Could this run verify it?", ("up, not verified",)),
)
HEALTHY = "healthy"


def link_states() -> str:
    """The states of a link: which question leads to which, with the meanings of the matrix."""
    parts, y = [], 24
    for question, states in QUESTIONS:
        height = max(36, 26 * len(states) + 4)
        parts.append(box(Box(20, y, 340, 36, (question,))))
        parts.append(arrow(Arrow(((360, y + 18), (414, y + 18)), "line", "no", (376, y + 12))))
        for number, state in enumerate(states):
            parts.append(text(424, y + 23 + 26 * number, state, "name", f"t-{STATES[state]}"))
            parts.append(text(560, y + 23 + 26 * number, MARKS[state][1], "small"))
        parts.append(arrow(Arrow(((190, y + 36), (190, y + height + 22)), "line", "yes", (200, y + height + 15))))
        y += height + 24
    parts.append(box(Box(20, y, 340, 36, ("ok",), STATES[HEALTHY])))
    parts.append(text(424, y + 23, MARKS[HEALTHY][1], "small"))
    description = ". ".join(f"{question} No: {' or '.join(states)}" for question, states in QUESTIONS)
    return picture("The state of a link", f"{description}. Otherwise: ok.", y + 60, parts)


#: The pictures, by file.
PICTURES: dict[str, Callable[[], str]] = {
    "topology.svg": topology,
    "steps.svg": steps,
    "link-states.svg": link_states,
}


def main() -> int:
    """Write all pictures."""
    for name, draw in PICTURES.items():
        (IMAGES / name).write_text(draw(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
