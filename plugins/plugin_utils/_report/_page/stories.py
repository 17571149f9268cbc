# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the story of a link: what is wrong, what to do, and what both sides have. Pure."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from ansible_collections.ossm.federation.plugins.plugin_utils._objects.comparison import Difference
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.needed import NeededObject
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.html import Child, Html, joined, tag
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.states import badge, meaning, tone_of
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.values import (
    age,
    answer,
    moment,
    place,
    value,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.view import (
    View,
    code_reference,
    ends_of,
    link_data,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import (
    StatusLink,
    StatusService,
)

#: With more links than this, healthy ones have no story of their own, only their row in the table.
MOST_STORIES = 1000

_OWNERS = {
    "ours": "managed",
    "adopted": "adopted",
    "unmanaged": "unmanaged",
    "absent": "absent",
}


def has_story(view: View, link: StatusLink) -> bool:
    """Whether a link has a story of its own on the page."""
    return len(view.links) <= MOST_STORIES or not link["healthy"] or bool(link["drift"])


def stories(view: View) -> Html:
    """The stories of all links that have one; the page shows one at a time."""
    return joined(_story(view, link) for link in view.links if has_story(view, link))


def _story(view: View, link: StatusLink) -> Html:
    anchor, tone = view.link_anchor(ends_of(link)), tone_of(link)
    title = tag("h3", {"id": f"{anchor}-title", "tabindex": -1}, link["from"], _watches(), link["to"])
    state = tag("p", {"class": "state"}, badge(tone, link["shown_state"]), code_reference(link["code"]))
    attributes = {"class": f"story tone-{tone}", "id": anchor, "aria-labelledby": f"{anchor}-title", **link_data(link)}
    return tag(
        "article",
        attributes,
        title,
        state,
        *_what_is_wrong(link),
        _facts(link),
        *_services(link),
        _side(link, link["from"], "watches and imports"),
        _side(link, link["to"], "is watched and exports"),
        _way_back(view, link),
    )


def _watches() -> Html:
    return tag("span", {"class": "watches"}, " watches ")


def _what_is_wrong(link: StatusLink) -> List[Html]:
    message = link["message"] if is_wrong(link) and link["message"] else meaning(link["shown_state"])
    parts = [tag("p", {"class": "message"}, message)] if message else []
    if link["remedy"]:
        parts.append(fix(link["remedy"]))
    if link["unverified"]:
        parts.append(tag("p", {}, f"Not verified: {link['unverified']}"))
    if link["text"] and link["text"] != link["message"]:
        parts.append(tag("p", {"class": "reported"}, "istiod reports: ", tag("q", {}, link["text"])))
    return parts


def is_wrong(link: StatusLink) -> bool:
    """Whether the message of a link says more than what its state means."""
    return tone_of(link) not in ("ok", "soft")


def fix(remedy: str) -> Html:
    """The one thing to do."""
    return tag("p", {"class": "fix"}, tag("strong", {}, "Fix: "), remedy)


def _facts(link: StatusLink) -> Html:
    sync = joined([moment(link["last_sync"]), _age_of(link)])
    rows: List[Tuple[str, Child]] = [
        ("Connected", answer(link["connected"])),
        ("Synced", answer(link["synced"])),
        ("Last full sync", sync),
        ("Last attempt", moment(link["times"]["last_attempt"])),
        ("Peer created", moment(link["times"]["created"])),
        ("Seen from", link["seen_from"]),
    ]
    shown = [(term, child) for term, child in rows if child is not None]
    return tag("dl", {}, *(joined([tag("dt", {}, term), tag("dd", {}, child)]) for term, child in shown))


def _age_of(link: StatusLink) -> Optional[Html]:
    seconds = link["sync_age_seconds"]
    return None if seconds is None else tag("span", {"class": "minor"}, f"{age(seconds)} before this page")


def _services(link: StatusLink) -> List[Html]:
    parts: List[Html] = []
    if link["missing"]:
        parts.append(_named(f"Missing imports ({len(link['missing'])})", link["missing"]))
    parts.append(_hosts(f"Imported by {link['from']}", link["imported"]))
    parts.append(_hosts(f"Exported by {link['to']}", link["exported"]))
    return parts


def _named(title: str, names: Sequence[str]) -> Html:
    items = [tag("li", {}, tag("code", {}, name)) for name in names]
    return joined([tag("h4", {}, title), tag("ul", {"class": "missing"}, *items)])


def _hosts(title: str, services: Sequence[StatusService]) -> Html:
    heading = tag("h4", {}, f"{title} ({len(services)})")
    if not services:
        return heading
    items = [tag("li", {}, tag("code", {}, row["name"]), " as ", tag("code", {}, row["host"])) for row in services]
    return joined([heading, tag("ul", {}, *items)])


def _side(link: StatusLink, mesh: str, role: str) -> Html:
    """What one mesh has of the link, and where that differs from the declaration."""
    objects = [row for row in link["objects"] if row["mesh"] == mesh]
    drift = [row for row in link["drift"] if row["mesh"] == mesh]
    rows = [tag("li", {}, *_object(row)) for row in objects]
    return joined(
        [
            tag("h4", {}, f"{mesh} {role}"),
            tag("ul", {"class": "objects"}, *rows) if rows else tag("p", {"class": "nothing"}, "No objects are known."),
            tag("ul", {"class": "drift"}, *(tag("li", {}, *_difference(row)) for row in drift)) if drift else None,
        ]
    )


def _object(row: NeededObject) -> List[Child]:
    note = _OWNERS.get(row["owner"], row["owner"]) if row["exists"] else "absent"
    kind, name = row["kind"], tag("code", {}, place(row["namespace"], row["name"]))
    return [f"{kind} ", name, " ", tag("span", {"class": "owner" if row["exists"] else "owner absent"}, note)]


def _difference(row: Difference) -> List[Child]:
    name = joined([badge("warn", "drift"), f" {row['kind']} ", tag("code", {}, place(row["namespace"], row["name"]))])
    if not row["field"]:
        return [name, " is absent"]
    field, live, declared = tag("code", {}, row["field"]), value(row["live"]), value(row["declared"])
    return [name, ": ", field, " is ", live, ", declared ", declared]


def _way_back(view: View, link: StatusLink) -> Optional[Html]:
    back = view.link(link["to"], link["from"])
    if back is None:
        return tag("p", {"class": "back"}, f"{link['to']} does not watch {link['from']}.")
    return tag("p", {"class": "back"}, "Other direction: ", view.link_reference(back), f", {back['shown_state']}")
