# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: curves between the boxes of the drawing. Pure."""

from __future__ import annotations

import math
from typing import NamedTuple

from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.layout import Box, Point

#: The distance between a box and the ends of its curves.
GAP = 5.0
_STEPS = 200
_ARROW_LENGTH, _ARROW_WIDTH = 11.0, 5.0


class Curve(NamedTuple):
    """A quadratic Bezier curve."""

    start: Point
    control: Point
    end: Point

    def at(self, share: float) -> Point:
        """The point at a share of the curve, from 0 to 1."""
        return self._blend(share, share)

    def part(self, first: float, last: float) -> Curve:
        """The part of the curve between two shares."""
        return Curve(self.at(first), self._blend(first, last), self.at(last))

    def _blend(self, one: float, two: float) -> Point:
        weights = ((1 - one) * (1 - two), one * (1 - two) + two * (1 - one), one * two)
        points = (self.start, self.control, self.end)
        return (
            sum(weight * point[0] for weight, point in zip(weights, points)),
            sum(weight * point[1] for weight, point in zip(weights, points)),
        )


def between(source: Box, target: Box) -> Curve:
    """The curve from one box to another. It bends to the right of its direction, so that the curve back is another one."""
    dx, dy = target.x - source.x, target.y - source.y
    distance = math.hypot(dx, dy) or 1.0
    bend = min(max(0.11 * distance, 22.0), 44.0)
    control = ((source.x + target.x) / 2 - dy / distance * bend, (source.y + target.y) / 2 + dx / distance * bend)
    whole = Curve((source.x, source.y), control, (target.x, target.y))
    shares = [step / _STEPS for step in range(_STEPS + 1)]
    outside = [
        share
        for share in shares
        if not source.contains(whole.at(share), GAP) and not target.contains(whole.at(share), GAP)
    ]
    return whole.part(outside[0], outside[-1]) if len(outside) > 1 else whole


def across(source: Box, target: Box, row: Box, offset: float) -> Curve:
    """The level line between a spoke and the bar of its hub, at the height of the row and to the right of its direction."""
    side = 1 if target.x > source.x else -1
    y = row.y + side * offset
    start = (source.x + side * (source.width / 2 + GAP), y)
    end = (target.x - side * (target.width / 2 + GAP), y)
    return Curve(start, ((start[0] + end[0]) / 2, y), end)


def path(curve: Curve) -> str:
    """The curve for a path; it ends within the head of the arrow."""
    (x, y), (dx, dy) = curve.end, _direction(curve)
    end = (x - dx * _ARROW_LENGTH * 0.7, y - dy * _ARROW_LENGTH * 0.7)
    return f"M{_text(curve.start)}Q{_text(curve.control)} {_text(end)}"


def head(curve: Curve) -> str:
    """The head of the arrow at the end of a curve."""
    (x, y), (dx, dy) = curve.end, _direction(curve)
    back_x, back_y = x - dx * _ARROW_LENGTH, y - dy * _ARROW_LENGTH
    left = (back_x + dy * _ARROW_WIDTH, back_y - dx * _ARROW_WIDTH)
    right = (back_x - dy * _ARROW_WIDTH, back_y + dx * _ARROW_WIDTH)
    return f"M{_text(curve.end)}L{_text(left)}L{_text(right)}Z"


def _direction(curve: Curve) -> Point:
    dx, dy = curve.end[0] - curve.control[0], curve.end[1] - curve.control[1]
    length = math.hypot(dx, dy) or 1.0
    return dx / length, dy / length


def _text(point: Point) -> str:
    return f"{point[0]:.1f} {point[1]:.1f}"
