# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the beginning of the page: verdict, numbers, and each cause once with its fix. Pure."""

from __future__ import annotations

from typing import Dict, List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.html import Child, Html, joined, tag
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.states import (
    SEVERITIES,
    STATES,
    VERDICTS,
    badge,
    icon,
    meaning,
    tone_of,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.stories import fix
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.values import moment
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.view import View, code_reference
from ansible_collections.ossm.federation.plugins.plugin_utils._report.types import AffectedLink, Cause

#: More links of a cause are named in the tables only.
_MOST_LINKS = 12
#: More causes are one click away, so that the drawing is not far below.
_MOST_CAUSES = 6
#: More links that are not healthy are in the table only.
_MOST_WORST = 12


def verdict(view: View) -> Html:
    """The verdict with its sentence, and of when it is."""
    status = view.status
    tone = VERDICTS.get(status["verdict"], "unknown")
    headline = status["headline"]
    if headline.startswith(status["verdict"]):
        headline = headline[len(status["verdict"]) :].lstrip(" :")
    when = tag("p", {"class": "when"}, f"Group {status['group']}, read ", moment(status["generated"]), ".")
    return tag(
        "div",
        {"class": f"verdict tone-{tone}"},
        tag("h1", {}, icon(tone), tag("span", {"class": "for-readers"}, "Federation status: "), status["verdict"]),
        tag("p", {"class": "headline"}, headline),
        when,
    )


def numbers(view: View) -> Html:
    """What there is, in a line of numbers."""
    counts = view.status["counts"]
    days = [mesh["root_days"] for mesh in view.status["meshes"] if mesh["root_days"] is not None]
    rows: List[Tuple[str, str, bool, str]] = [
        ("Links healthy", f"{counts['healthy']} of {counts['links']}", counts["healthy"] < counts["links"], "#links"),
        (
            "Meshes read",
            f"{counts['readable']} of {counts['meshes']}",
            counts["readable"] < counts["meshes"],
            "#meshes",
        ),
        ("Services imported", _of(counts["imported"], counts["missing"]), counts["missing"] > 0, "#services"),
        ("Fields drifted", str(counts["drift"]), counts["drift"] > 0, "#drift"),
        ("Unmanaged objects", str(counts["unmanaged"]), False, "#unmanaged"),
    ]
    if days:
        rows.append(("Days until a root expires", str(min(days)), min(days) < 30, "#meshes"))
    items = [
        tag("li", {"class": "alarm" if alarm else None}, tag("a", {"href": href}, tag("b", {}, number), " ", text))
        for text, number, alarm, href in rows
    ]
    return tag("ul", {"class": "numbers", "aria-label": "Numbers"}, *items)


def _of(imported: int, missing: int) -> str:
    return f"{imported} of {imported + missing}" if missing else str(imported)


def causes(view: View) -> Html:
    """What is to be done: every cause once."""
    heading = tag("h2", {"id": "causes", "tabindex": -1}, "What to do ", _count(len(view.status["causes"])))
    attributes = {"class": "part", "aria-labelledby": "causes"}
    if not view.status["causes"]:
        return tag("section", attributes, heading, tag("p", {"class": "nothing"}, "Nothing has to be done."))
    items = [_cause(view, cause) for cause in view.status["causes"]]
    first, rest = (items[:_MOST_CAUSES], items[_MOST_CAUSES:]) if len(items) > _MOST_CAUSES + 1 else (items, [])
    more = [tag("summary", {}, f"{len(rest)} more"), tag("ol", {"class": "causes"}, *rest)]
    details = tag("details", {"class": "more"}, *more) if rest else None
    return tag("section", attributes, heading, tag("ol", {"class": "causes"}, *first), details)


def _count(number: int) -> Html:
    return tag("span", {"class": "count"}, str(number))


def _cause(view: View, cause: Cause) -> Html:
    tone = SEVERITIES.get(cause["severity"], "unknown")
    codes = joined(_spaced(code_reference(code)) for code in cause["codes"])
    title = tag("p", {"class": "state"}, badge(tone, cause["severity"]), tag("strong", {}, cause["mesh"]), codes)
    findings = [tag("li", {}, _places(finding["where"]), finding["message"]) for finding in cause["findings"]]
    return tag(
        "li",
        {"class": f"cause tone-{tone}"},
        title,
        tag("ul", {"class": "findings"}, *findings) if findings else tag("p", {}, cause["summary"]),
        fix(cause["remedy"]) if cause["remedy"] else None,
        _affected(view, cause["links"]),
    )


def _spaced(child: Optional[Html]) -> Html:
    return joined([" ", child])


def _places(where: List[str]) -> Html:
    places: List[Child] = []
    for number, name in enumerate(where):
        places += [", " if number else None, tag("code", {}, name)]
    return joined([*places, ": "]) if places else joined([])


def _affected(view: View, links: List[AffectedLink]) -> Optional[Html]:
    if not links:
        return None
    parts: List[Child] = ["Affects: "]
    for number, affected in enumerate(links[:_MOST_LINKS]):
        link = view.link(affected["from"], affected["to"])
        text = f"{affected['from']} → {affected['to']}"
        parts += [", " if number else None, view.link_reference(link) if link else text]
    rest = len(links) - _MOST_LINKS
    return tag("p", {"class": "affects"}, *parts, f" and {rest} more" if rest > 0 else None)


def start(view: View) -> Html:
    """What stands in the place of a story before one is chosen: the links that are not healthy."""
    bad = [link for link in view.links if not link["healthy"]]
    rest = len(bad) - _MOST_WORST
    items = [
        tag("li", {}, view.link_reference(link), badge(tone_of(link), link["shown_state"]))
        for link in bad[:_MOST_WORST]
    ]
    return tag(
        "div",
        {"class": "start"},
        tag("p", {"class": "hint"}, "Choose a link in the drawing or in a table: its story appears here."),
        tag("ul", {"class": "worst", "aria-label": "Links that are not healthy"}, *items) if items else None,
        tag("p", {"class": "hint"}, f"and {rest} more in the table of links") if rest > 0 else None,
    )


def filters(view: View) -> Html:
    """The choice of a mesh and of states; the script shows it, as it is of no use without one."""
    options = [
        tag("option", {"value": ""}, "All meshes"),
        *(tag("option", {"value": name}, name) for name in view.names),
    ]
    numbers_by_state: Dict[str, int] = {}
    for link in view.links:
        numbers_by_state[link["shown_state"]] = numbers_by_state.get(link["shown_state"], 0) + 1
    states = [
        tag(
            "label",
            {"class": f"choice tone-{STATES.get(state, 'unknown')}"},
            tag("input", {"type": "checkbox", "name": "state", "value": state}),
            icon(STATES.get(state, "unknown")),
            f"{state} ",
            tag("span", {"class": "count"}, str(number)),
        )
        for state, number in numbers_by_state.items()
    ]
    mesh = tag("select", {"id": "filter-mesh"}, *options)
    return tag(
        "form",
        {"class": "filters", "id": "filters", "role": "search", "aria-label": "Filter", "hidden": True},
        tag("label", {"for": "filter-mesh"}, "Mesh "),
        mesh,
        tag("fieldset", {}, tag("legend", {}, "States"), *states),
        tag("button", {"type": "button", "id": "filter-none"}, "Show all"),
        tag("p", {"id": "shown", "role": "status", "aria-live": "polite"}),
    )


def legend(view: View) -> Html:
    """The states on this page and what they mean."""
    states: List[str] = []
    for link in view.links:
        if link["shown_state"] not in states:
            states.append(link["shown_state"])
    items = [
        tag("li", {}, badge(STATES.get(state, "unknown"), state), _line(state), f" {meaning(state)}")
        for state in states
    ]
    return tag("ul", {"class": "legend", "aria-label": "States"}, *items)


def _line(state: str) -> Html:
    """The kind of line of a state."""
    line = tag("path", {"class": "line", "d": "M2 8H46"})
    attributes = {
        "class": f"sample tone-{STATES.get(state, 'unknown')}",
        "viewBox": "0 0 48 16",
        "width": "48",
        "height": "16",
    }
    return tag("svg", {**attributes, "aria-hidden": "true", "focusable": "false"}, line)
