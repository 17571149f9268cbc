# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: where meshes and links are in the drawing of the page. Pure and deterministic.

Few meshes stand on an oval, with their hub in the middle if they have one. Many meshes with few hubs are stars: a bar for each
hub and a row for each of its spokes, which stays readable with hundreds. All others, such as a full mesh, are a matrix.
"""

from __future__ import annotations

import math
import re
from typing import Dict, FrozenSet, List, Literal, NamedTuple, Sequence, Set, Tuple

Pair = FrozenSet[str]
Point = Tuple[float, float]
Form = Literal["ring", "stars", "matrix"]

#: More meshes do not stand on an oval.
RING = 12
#: From here on, meshes of which most are linked with most others are a matrix.
DENSE = 6
#: More hubs are a matrix.
HUBS = 4

WIDTH = 960.0
NODE_HEIGHT = 44.0
ROW = 30.0
SPOKE_WIDTH = 200.0
BAR_WIDTH = 150.0
#: Room above and below for curves.
BULGE = 16.0


class Box(NamedTuple):
    """A mesh in the drawing: its centre and its size."""

    mesh: str
    x: float
    y: float
    width: float
    height: float

    def contains(self, point: Point, margin: float = 0) -> bool:
        """Whether a point is in the box or nearer to it than the margin."""
        return abs(point[0] - self.x) <= self.width / 2 + margin and abs(point[1] - self.y) <= self.height / 2 + margin


class Star(NamedTuple):
    """A hub and its spokes."""

    hub: str
    spokes: List[str]


def natural(name: str) -> Tuple[List[Tuple[int, str]], str]:
    """A key that sorts names with numbers as people do.

    >>> sorted(["m10", "m2"], key=natural)
    ['m2', 'm10']
    """
    parts = re.findall(r"[0-9]+|[^0-9]+", name)
    return [(int(part), "") if part.isascii() and part.isdigit() else (-1, part) for part in parts], name


def form_of(meshes: Sequence[str], pairs: Set[Pair]) -> Form:
    """How these meshes are drawn."""
    most = len(meshes) * (len(meshes) - 1) / 2
    if len(meshes) >= DENSE and len(pairs) > 0.6 * most:
        return "matrix"
    if len(meshes) <= RING:
        return "ring"
    return "stars" if len(stars_of(pairs)) <= HUBS else "matrix"


def stars_of(pairs: Set[Pair]) -> List[Star]:
    """All pairs as stars: the mesh with most of the remaining pairs is the next hub."""
    stars: List[Star] = []
    remaining = set(pairs)
    while remaining:
        degrees: Dict[str, int] = {}
        for pair in remaining:
            for mesh in pair:
                degrees[mesh] = degrees.get(mesh, 0) + 1
        hub = min(degrees, key=lambda mesh: (-degrees[mesh], natural(mesh)))
        spokes = {mesh for pair in remaining if hub in pair for mesh in pair - {hub}}
        stars.append(Star(hub, sorted(spokes, key=natural)))
        remaining = {pair for pair in remaining if hub not in pair}
    return stars


def ring(meshes: Sequence[str], pairs: Set[Pair]) -> Tuple[List[Box], float]:
    """The boxes of few meshes on an oval, and the height of the drawing."""
    names = sorted(meshes, key=natural)
    hub = _centre(names, pairs)
    around = [mesh for mesh in names if mesh != hub]
    first = math.pi if len(around) == 2 else -math.pi / 2
    angles = [first + 2 * math.pi * index / len(around) for index in range(len(around))]
    radius_x = 260.0 if len(around) == 2 else WIDTH / 2 - 120
    radius_y = min(120 + 22.0 * len(names), 340)
    points = {mesh: (radius_x * math.cos(angle), radius_y * math.sin(angle)) for mesh, angle in zip(around, angles)}
    if hub:
        points[hub] = (0.0, 0.0)
    top, bottom = min(y for _x, y in points.values()), max(y for _x, y in points.values())
    above = NODE_HEIGHT / 2 + BULGE
    boxes = [
        Box(mesh, round(WIDTH / 2 + x, 1), round(y - top + above, 1), box_width(mesh), NODE_HEIGHT)
        for mesh, (x, y) in sorted(points.items(), key=lambda item: natural(item[0]))
    ]
    return boxes, bottom - top + 2 * above


def star(spokes: Sequence[str], hub: str, top: float) -> Tuple[Box, List[Box], float]:
    """The bar of a hub, the boxes of its spokes in the given order to its left and right, and where the next star begins."""
    rows = (len(spokes) + 1) // 2
    height = rows * ROW + NODE_HEIGHT
    boxes = [
        Box(
            mesh,
            SPOKE_WIDTH / 2 + 4 if index % 2 == 0 else WIDTH - SPOKE_WIDTH / 2 - 4,
            top + NODE_HEIGHT + (index // 2 + 0.5) * ROW,
            SPOKE_WIDTH,
            ROW - 6,
        )
        for index, mesh in enumerate(spokes)
    ]
    middle = Box(hub, WIDTH / 2, top + height / 2, BAR_WIDTH, height)
    return middle, boxes, top + height + 2 * BULGE


def _centre(names: Sequence[str], pairs: Set[Pair]) -> str:
    """The hub of a single star with three spokes or more, or nothing."""
    stars = stars_of(pairs)
    return stars[0].hub if len(stars) == 1 and len(stars[0].spokes) >= 3 and len(names) >= 4 else ""


def box_width(text: str) -> float:
    """The width of a box for a text of the drawing; long texts are shortened."""
    return min(max(len(text) * 8.0 + 52, 120), 200)


def shortened(text: str, most: int = 20) -> str:
    """A text that fits a box.

    >>> shortened("production-mesh-frankfurt")
    'production-mesh-fra…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"
