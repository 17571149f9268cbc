# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the federation as a drawing: meshes as boxes, each link as an arrow from who watches. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Tuple

from ansible_collections.ossm.federation.plugins.plugin_utils._report._page import curves
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.html import Child, Html, joined, tag
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.layout import (
    NODE_HEIGHT,
    WIDTH,
    Box,
    natural,
    ring,
    shortened,
    star,
    stars_of,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.states import (
    TONES,
    mark,
    tone_of,
    worst,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.view import (
    View,
    ends_of,
    link_data,
    sentence,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import StatusLink

#: The mark stands near the mesh that watches, which alone judges the link.
_MARK_AT = 0.28
#: The two lines between a spoke and its hub.
_OFFSET = 6.0
#: A longer name is shortened in its box.
NAME_LENGTH = 22


def ring_drawing(view: View) -> Html:
    """Few meshes, on an oval."""
    boxes, height = ring(view.names, view.pairs)
    by_name: Mapping[str, Box] = {box.mesh: box for box in boxes}
    arrows = [
        _arrow(view, link, curves.between(by_name[link["from"]], by_name[link["to"]]))
        for link in reversed(view.links)
        if link["from"] != link["to"]
    ]
    return _drawing("ring", height, [*arrows, *(_node(view, box) for box in boxes)])


def star_drawing(view: View) -> Html:
    """Many meshes and few hubs: a bar for each hub; the spokes with the worst links come first."""
    parts: List[Html] = []
    top = 2.0
    for hub, spokes in stars_of(view.pairs):
        ordered = sorted(spokes, key=lambda mesh: (_rank(view, hub, mesh), natural(mesh)))
        middle, boxes, following = star(ordered, hub, top)
        for row in boxes:
            for source, target in ((row, middle), (middle, row)):
                link = view.link(source.mesh, target.mesh)
                if link:
                    parts.append(_arrow(view, link, curves.across(source, target, row, _OFFSET)))
        parts += [_bar(view, middle), *(_spoke(view, box) for box in boxes)]
        top = following
    return _drawing("stars", top - 10, parts)


def _rank(view: View, hub: str, spoke: str) -> int:
    """How bad the two links between a hub and a spoke are; 0 is the worst."""
    links = [view.link(hub, spoke), view.link(spoke, hub)]
    return TONES.index(worst([tone_of(link) for link in links if link]))


def _drawing(form: str, height: float, parts: List[Html]) -> Html:
    attributes = {
        "class": f"drawing {form}",
        "id": "drawing",
        "viewBox": f"0 0 {WIDTH:g} {height:.0f}",
        "role": "group",
        "aria-label": "Meshes and links",
        "aria-describedby": "drawing-help",
    }
    return tag("svg", attributes, *parts)


def _arrow(view: View, link: StatusLink, curve: curves.Curve) -> Html:
    tone, line = tone_of(link), curves.path(curve)
    x, y = curve.at(_MARK_AT)
    text = sentence(link)
    attributes = {
        "class": f"edge tone-{tone}",
        "href": f"#{view.link_anchor(ends_of(link))}",
        "aria-label": text,
        **link_data(link),
    }
    return tag(
        "a",
        attributes,
        tag("title", {}, text),
        tag("path", {"class": "hit", "d": line}),
        tag("path", {"class": "line", "d": line}),
        tag("path", {"class": "head", "d": curves.head(curve)}),
        mark(tone, round(x, 1), round(y, 1)),
    )


def _node(view: View, box: Box) -> Html:
    """A mesh with its name and one line about it."""
    note, tone = mesh_note(view, box.mesh)
    name = tag("text", {"class": "name", "x": box.x, "y": box.y - 2}, shortened(box.mesh, NAME_LENGTH))
    below = tag("text", {"class": f"note {tone}".strip(), "x": box.x, "y": box.y + 14}, shortened(note, 26))
    return _mesh(view, box, name, " ", below)


def _spoke(view: View, box: Box) -> Html:
    return _mesh(
        view, box, tag("text", {"class": "name", "x": box.x, "y": box.y + 4.5}, shortened(box.mesh, NAME_LENGTH))
    )


def _bar(view: View, box: Box) -> Html:
    """A hub, with its name at the top and, where the bar is long, at the bottom."""
    top, bottom = box.y - box.height / 2 + NODE_HEIGHT / 2 + 5, box.y + box.height / 2 - 14
    ends = [top, bottom] if box.height > 600 else [top]
    return _mesh(
        view, box, *(tag("text", {"class": "name", "x": box.x, "y": y}, shortened(box.mesh, 16)) for y in ends)
    )


def _mesh(view: View, box: Box, *texts: Child) -> Html:
    readable = view.meshes[box.mesh]["readable"] if box.mesh in view.meshes else False
    attributes: Dict[str, str] = {
        "class": "node" if readable else "node unreadable",
        "href": f"#{view.mesh_anchor(box.mesh)}",
        "data-mesh": box.mesh,
    }
    whole = tag("title", {}, box.mesh) if len(box.mesh) > NAME_LENGTH else None
    corner = {
        "x": box.x - box.width / 2,
        "y": box.y - box.height / 2,
        "width": box.width,
        "height": box.height,
        "rx": 8,
    }
    return tag("a", attributes, whole, tag("rect", corner), joined(texts))


def mesh_note(view: View, name: str) -> Tuple[str, str]:
    """What the box of a mesh says below its name, and the class of that text."""
    mesh = view.meshes.get(name)
    if mesh is None:
        return "not in the inventory", ""
    if mesh["by_file"]:
        return "identity file", ""
    if not mesh["readable"]:
        return "not readable", "alarm"
    if mesh["root_days"] is not None and mesh["root_days"] < 30:
        return (f"root: {mesh['root_days']} days" if mesh["root_days"] >= 0 else "root expired"), "alarm"
    parts = [mesh["version"] or "", mesh["platform"]]
    return ", ".join(part for part in parts if part) or "readable", ""
