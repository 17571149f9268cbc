# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: values of the status document as a person reads them. Pure."""

from __future__ import annotations

import json
from typing import Any, Optional

from ansible_collections.ossm.federation.plugins.plugin_utils._report._page.html import Html, tag

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


def moment(time: Optional[str]) -> Html:
    """A time of the document; the script adds how long ago that is."""
    if not time:
        return tag("span", {"class": "nothing"}, "never")
    return tag("time", {"datetime": time}, time.replace("T", " ").replace("Z", " UTC"))


def age(seconds: Optional[int]) -> str:
    """A time span in its largest unit.

    >>> age(1), age(7300), age(None)
    ('1 second', '2 hours', 'never')
    """
    if seconds is None:
        return "never"
    size, unit = next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])
    number = max(seconds, 0) // size
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def answer(value: Optional[bool]) -> str:
    """Whether something is so.

    >>> answer(True), answer(False), answer(None)
    ('yes', 'no', 'not known')
    """
    return "not known" if value is None else "yes" if value else "no"


def value(data: Any) -> Html:
    """A declared or live value of a field."""
    if data is None:
        return tag("span", {"class": "nothing"}, "absent")
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, sort_keys=True)
    return tag("code", {}, text)


def place(namespace: str, name: str) -> str:
    """An object by namespace and name.

    >>> place("istio-system", "x"), place("", "x")
    ('istio-system/x', 'x')
    """
    return f"{namespace}/{name}" if namespace else name


def text_or_dash(text: Optional[str]) -> Html:
    """A text, or a dash that a screen reader reads as nothing."""
    if text:
        return tag("span", {}, text)
    return tag("span", {"class": "nothing"}, tag("span", {"aria-hidden": "true"}, "–"), hidden_text("none"))


def hidden_text(text: str) -> Html:
    """A text for screen readers only."""
    return tag("span", {"class": "for-readers"}, text)
