# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: a table whose cells are links, for meshes of which most are linked with most others. Pure."""

from __future__ import annotations

from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.html import Html, tag
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.layout import shortened
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.states import icon, tone_of
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.view import (
    View,
    ends_of,
    link_data,
    sentence,
)


def grid(view: View) -> Html:
    """The matrix: the mesh of a row watches the mesh of a column."""
    head = [
        tag("th", {"scope": "col", "data-mesh": name}, tag("span", {"title": name}, shortened(name, 24)))
        for name in view.names
    ]
    caption = tag("caption", {}, "The mesh of a row watches the mesh of a column.")
    corner = tag("td", {"class": "corner"})
    rows = [
        tag("tr", {}, _head(view, name), *(_cell(view, name, other) for other in view.names)) for name in view.names
    ]
    table = tag(
        "table",
        {"class": "grid", "id": "drawing", "aria-describedby": "drawing-help"},
        caption,
        tag("thead", {}, tag("tr", {}, corner, *head)),
        tag("tbody", {}, *rows),
    )
    return tag("div", {"class": "scroll", "role": "region", "aria-label": "Matrix of links", "tabindex": 0}, table)


def _head(view: View, name: str) -> Html:
    reference = tag(
        "a", {"class": "node", "href": f"#{view.mesh_anchor(name)}", "data-mesh": name}, shortened(name, 28)
    )
    return tag("th", {"scope": "row"}, reference)


def _cell(view: View, source: str, target: str) -> Html:
    link = view.link(source, target)
    if link is None:
        return tag("td", {"class": "same" if source == target else "none"})
    text = sentence(link)
    attributes = {
        "class": "edge",
        "href": f"#{view.link_anchor(ends_of(link))}",
        "aria-label": text,
        "title": text,
        **link_data(link),
    }
    return tag("td", {"class": f"tone-{tone_of(link)}"}, tag("a", attributes, icon(tone_of(link))))
