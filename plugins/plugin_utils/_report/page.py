# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the status document as a page for people: one file that needs no network. Pure.

The page has its style and its script in itself, and its policy allows these two texts by their digests and nothing else. It can be read
without the script, which adds filters, hints, the way by arrow keys, and the switch between light and dark.
"""

from __future__ import annotations

import base64
import hashlib
import pkgutil
from typing import Dict

from ansible_collections.ossm.federation.plugins.plugin_utils._report import _page
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page import drawing, summary, tables
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.grid import grid
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.html import Html, joined, tag
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.layout import form_of
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.states import VERDICTS
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.stories import stories
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.view import View
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import FederationStatus

_PARTS = {
    "causes": "What to do",
    "topology": "Topology",
    "links": "Links",
    "meshes": "Meshes",
    "drift": "Drift",
    "services": "Exports and imports",
    "unmanaged": "Unmanaged objects",
    "problems": "Problems",
}
_DRAWING_HELP = (
    "An arrow goes from the mesh that watches and imports to the mesh that it watches. Its mark stands near the first, which alone judges the link. "
    "Choose an arrow for its story."
)
#: The icon of the page in the list of tabs: a dot in the colour of the verdict.
_DOTS: Dict[str, str] = {"ok": "1a7f4b", "warn": "c27803", "down": "c62828", "pending": "5b4bb5", "unknown": "5b6675"}


def page(status: FederationStatus) -> str:
    """The page of a status document. The same document gives the same page."""
    view = View(status)
    body = tag(
        "body", {}, _skip(), _header(view), _main(view), _footer(view), Html(f"<script>{_text('page.js')}</script>")
    )
    return f"<!DOCTYPE html>\n{tag('html', {'lang': 'en'}, _head(view), body).source}\n"


def _head(view: View) -> Html:
    status = view.status
    return tag(
        "head",
        {},
        tag("meta", {"charset": "utf-8"}),
        tag("meta", {"http-equiv": "Content-Security-Policy", "content": policy()}),
        tag("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        tag("meta", {"name": "referrer", "content": "no-referrer"}),
        tag("meta", {"name": "color-scheme", "content": "light dark"}),
        tag("title", {}, f"{status['verdict']}: federation status of {status['group']}"),
        tag("link", {"rel": "icon", "href": _dot(status["verdict"])}),
        Html(f"<style>{_text('page.css')}</style>"),
    )


def policy() -> str:
    """The policy of the page: its own style and script, by digest, and images that are part of it."""
    return (
        f"default-src 'none'; style-src '{_digest('page.css')}'; script-src '{_digest('page.js')}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _text(name: str) -> str:
    """A file beside the parts of the page."""
    content = pkgutil.get_data(_page.__name__, name)
    if content is None:
        raise FileNotFoundError(name)
    return content.decode("utf-8")


def _digest(name: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(_text(name).encode("utf-8")).digest()).decode("ascii")


def _dot(verdict: str) -> str:
    colour = _DOTS[VERDICTS.get(verdict, "unknown")]
    svg = f"%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ccircle cx='8' cy='8' r='7' fill='%23{colour}'/%3E%3C/svg%3E"
    return f"data:image/svg+xml,{svg}"


def _skip() -> Html:
    return tag("a", {"class": "skip", "href": "#main"}, "Skip to the content")


def _header(view: View) -> Html:
    items = [tag("li", {}, tag("a", {"href": f"#{anchor}"}, title)) for anchor, title in _PARTS.items()]
    switch = tag("button", {"type": "button", "id": "theme", "hidden": True}, "Theme: as the system")
    return tag(
        "header",
        {},
        tag("div", {"class": "first"}, summary.verdict(view), switch),
        summary.numbers(view),
        tag("nav", {"aria-label": "Parts of this page"}, tag("ul", {}, *items)),
    )


def _main(view: View) -> Html:
    return tag(
        "main",
        {"id": "main", "tabindex": -1},
        summary.causes(view),
        _topology(view),
        tables.links_table(view),
        tables.meshes_table(view),
        tables.drift_table(view),
        tables.services_table(view),
        tables.unmanaged_table(view),
        tables.problems_table(view),
    )


def _topology(view: View) -> Html:
    heading = tag("h2", {"id": "topology", "tabindex": -1}, "Topology")
    aside = tag(
        "aside",
        {"class": "stories", "id": "stories", "aria-label": "Story of the link"},
        summary.start(view),
        stories(view),
    )
    left = tag(
        "div",
        {"class": "picture"},
        tag(
            "p", {"id": "drawing-help", "class": "help"}, _DRAWING_HELP, tag("span", {"class": "keys", "hidden": True})
        ),
        _picture(view),
        summary.legend(view),
    )
    columns = tag("div", {"class": "columns"}, left, aside)
    return tag("section", {"class": "part", "aria-labelledby": "topology"}, heading, summary.filters(view), columns)


def _picture(view: View) -> Html:
    if not view.names:
        return tag("p", {"class": "nothing", "id": "drawing"}, "There are no meshes.")
    form = form_of(view.names, view.pairs)
    if form == "matrix":
        return grid(view)
    return drawing.star_drawing(view) if form == "stars" else drawing.ring_drawing(view)


def _footer(view: View) -> Html:
    texts = [
        f"Made by status.yml of ossm.federation {view.status['collection']}. ",
        "It shows what was read at that time, and does not change by itself.",
    ]
    tip = tag("div", {"id": "tip", "role": "tooltip", "hidden": True})
    return joined([tag("footer", {}, tag("p", {}, *texts)), tip])
