# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: HTML that cannot be written without escaping. Pure.

A text is never part of a page by itself: only ``tag`` and ``joined`` make ``Html``, and both escape each text that they get.
"""

from __future__ import annotations

import html
import re
from typing import Iterable, List, Mapping, Union

#: Elements without content, which have no end tag.
_VOID = frozenset({"br", "input", "link", "meta"})
#: Control characters, and those that reverse the direction of text: a name must not look like another one.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Html:
    """Finished HTML. It is no text, so that it is neither escaped twice nor mixed with texts that nothing has escaped."""

    __slots__ = ("source",)

    def __init__(self, source: str) -> None:
        self.source = source


Child = Union[Html, str, int, None]
Attributes = Mapping[str, Union[str, int, float, bool, None]]


def escaped(text: str) -> str:
    """A text for an element or for an attribute in double quotes; invisible characters become visible.

    >>> escaped('</script><a href="x">&')
    '&lt;/script&gt;&lt;a href=&quot;x&quot;&gt;&amp;'
    """
    return html.escape(_INVISIBLE.sub("\ufffd", text), quote=True)


def joined(children: Iterable[Child]) -> Html:
    """Several parts in a row; None is left out."""
    return Html("".join(_source(child) for child in children))


def tag(name: str, attributes: Attributes, *children: Child) -> Html:
    """An element. An attribute that is None or False is left out, one that is True has no value.

    >>> tag("a", {"href": "#x", "hidden": False}, "a < b").source
    '<a href="#x">a &lt; b</a>'
    """
    start = f"<{name}{_attributes(attributes)}>"
    return Html(start if name in _VOID else f"{start}{joined(children).source}</{name}>")


def _source(child: Child) -> str:
    if child is None:
        return ""
    return child.source if isinstance(child, Html) else escaped(str(child))


def _attributes(attributes: Attributes) -> str:
    parts: List[str] = []
    for name, value in attributes.items():
        if value is True:
            parts.append(f" {name}")
        elif value is not None and value is not False:
            text = f"{value:g}" if isinstance(value, float) else str(value)
            parts.append(f' {name}="{escaped(text)}"')
    return "".join(parts)
