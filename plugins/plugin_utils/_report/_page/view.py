# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the status document as the page reads it: in its order, with an anchor for each mesh and link. Pure."""

from __future__ import annotations

from typing import Dict, List, Optional, Set, Tuple

from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.html import Html, tag
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.layout import Pair, natural
from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.states import tone_of, worst_first
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_types import (
    FederationStatus,
    StatusLink,
    StatusMesh,
)

DOCUMENTATION = "https://github.com/ossm-federation/ossm.federation/blob/main/docs"


class View:
    """The document, its meshes by name, and its links from worst to best. A mesh that only links name is among ``names``."""

    def __init__(self, status: FederationStatus) -> None:
        self.status = status
        self.links: List[StatusLink] = worst_first(status["links"])
        self.meshes: Dict[str, StatusMesh] = {mesh["mesh"]: mesh for mesh in status["meshes"]}
        ends = {mesh for link in self.links for mesh in (link["from"], link["to"])}
        self.names: List[str] = sorted(ends | set(self.meshes), key=natural)
        self.pairs: Set[Pair] = {frozenset((link["from"], link["to"])) for link in self.links}
        self._by_ends = {(link["from"], link["to"]): link for link in self.links}
        self._link_anchors = {ends: f"link-{number}" for number, ends in enumerate(self._by_ends, 1)}
        self._mesh_anchors = {name: f"mesh-{number}" for number, name in enumerate(self.names, 1)}

    def link(self, source: str, target: str) -> Optional[StatusLink]:
        """The link in which one mesh watches another, if there is one."""
        return self._by_ends.get((source, target))

    def link_anchor(self, ends: Tuple[str, str]) -> str:
        """The anchor of the story of a link."""
        return self._link_anchors[ends]

    def mesh_anchor(self, mesh: str) -> str:
        """The anchor of the row of a mesh."""
        return self._mesh_anchors[mesh]

    def link_reference(self, link: StatusLink) -> Html:
        """A link of the federation as a link of the page."""
        href = f"#{self.link_anchor(ends_of(link))}"
        return tag("a", {"class": "to-story", "href": href, **link_data(link)}, f"{link['from']} → {link['to']}")


def ends_of(link: StatusLink) -> Tuple[str, str]:
    """The two meshes of a link: the one that watches, and the one that is watched."""
    return link["from"], link["to"]


def link_data(link: StatusLink) -> Dict[str, str]:
    """The attributes by which the script finds what belongs to a link."""
    return {"data-from": link["from"], "data-to": link["to"], "data-state": link["shown_state"]}


def sentence(link: StatusLink) -> str:
    """A link for who cannot see the drawing."""
    message = "" if tone_of(link) == "ok" or not link["message"] else f". {link['message']}"
    return f"{link['from']} watches {link['to']}: {link['shown_state']}{message}"


def code_reference(code: str) -> Optional[Html]:
    """A code as a link to its section of the documentation."""
    if not code:
        return None
    return tag("a", {"class": "code", "href": f"{DOCUMENTATION}/codes.md#{code}", "rel": "noreferrer"}, code)
