# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: how the page shows states, verdicts and severities. Pure.

A tone is a colour, a mark with a shape of its own, and a kind of line: no tone is known by its colour alone.
"""

from __future__ import annotations

from typing import Dict, List, Literal, Mapping, Sequence

from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.html import Html, tag
from ansible_collections.ossm.federation.plugins.plugin_utils._report.matrix import MARKS, UNVERIFIED
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import StatusLink

Tone = Literal["ok", "soft", "warn", "down", "pending", "unknown"]

#: From worst to best, the order of everything on the page.
TONES: Sequence[Tone] = ("down", "warn", "unknown", "pending", "soft", "ok")
#: Every state that a link may show.
STATES: Dict[str, Tone] = {
    "healthy": "ok",
    UNVERIFIED: "soft",
    "incomplete": "warn",
    "collision": "down",
    "requests fail": "down",
    "syncing": "warn",
    "connecting": "warn",
    "refused": "down",
    "unreachable": "down",
    "deadlock": "down",
    "not accepted": "down",
    "absent": "down",
    "skipped": "down",
    "pending": "pending",
    "unknown": "unknown",
    "excluded": "unknown",
}
VERDICTS: Mapping[str, Tone] = {
    "HEALTHY": "ok",
    "DRIFTED": "warn",
    "PENDING": "pending",
    "DEGRADED": "warn",
    "FAILED": "down",
}
SEVERITIES: Mapping[str, Tone] = {"error": "down", "warning": "warn", "pending": "pending", "info": "unknown"}

#: The mark of a tone around the origin, within a circle of radius 9: its outline, and the sign in it.
_SHAPES: Mapping[Tone, Sequence[str]] = {
    "ok": ("M8 0A8 8 0 1 1 -8 0A8 8 0 1 1 8 0Z", "M-3.6 .2L-1 2.8L3.8 -2.6"),
    "soft": ("M8 0A8 8 0 1 1 -8 0A8 8 0 1 1 8 0Z", "M-4 .8Q-2 -2.2 0 0T4 -.8"),
    "warn": ("M0 -8.6L9 7H-9Z", "M0 -3.4V2M0 4.2V4.9"),
    "down": ("M-7.4 -7.4H7.4V7.4H-7.4Z", "M-3.2 -3.2L3.2 3.2M3.2 -3.2L-3.2 3.2"),
    "pending": ("M0 -9L9 0L0 9L-9 0Z", "M0 -3.6V.4L2.6 2"),
    "unknown": (
        "M-4.2 -7.8H4.2L8.6 0L4.2 7.8H-4.2L-8.6 0Z",
        "M-2.2 -2.2Q-2 -4 0 -4Q2.2 -4 2.2 -2Q2.2 -.6 0 .6V1.4M0 3.8V4.4",
    ),
}


def tone_of(link: StatusLink) -> Tone:
    """The tone of a link."""
    return STATES.get(link["shown_state"], "unknown")


def worst(tones: Sequence[Tone]) -> Tone:
    """The worst of several tones; ``ok`` of none."""
    return next((tone for tone in TONES if tone in tones), "ok")


def meaning(state: str) -> str:
    """What a state means, in the words of the matrix."""
    return MARKS[state][1] if state in MARKS else ""


def worst_first(links: Sequence[StatusLink]) -> List[StatusLink]:
    """The links in the order of the page: by tone, then by state, then by names."""
    return sorted(links, key=lambda link: (TONES.index(tone_of(link)), link["shown_state"], link["from"], link["to"]))


def mark(tone: Tone, x: float = 0, y: float = 0) -> Html:
    """The mark of a tone as a part of a drawing."""
    outline, sign = _SHAPES[tone]
    place = f"translate({x:g} {y:g})" if x or y else None
    return tag(
        "g",
        {"class": f"mark tone-{tone}", "transform": place},
        tag("path", {"class": "outline", "d": outline}),
        tag("path", {"class": "sign", "d": sign}),
    )


def icon(tone: Tone) -> Html:
    """The mark of a tone in a line of text; a screen reader leaves it out, as the word stands beside it."""
    box = {"class": "icon", "viewBox": "-10 -10 20 20", "width": "16", "height": "16"}
    return tag("svg", {**box, "aria-hidden": "true", "focusable": "false"}, mark(tone))


def badge(tone: Tone, text: str) -> Html:
    """A word with its mark."""
    return tag("span", {"class": f"badge tone-{tone}"}, icon(tone), text)
