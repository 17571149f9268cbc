# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: times as the API server writes them: RFC 3339, UTC, whole seconds.

Such texts compare as the times do, so they are only parsed where a duration is needed.
"""

from __future__ import annotations

import datetime
from typing import Iterable, Optional

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def now() -> datetime.datetime:
    """The current time with its zone, UTC."""
    return datetime.datetime.now(datetime.timezone.utc)


def format_time(moment: datetime.datetime) -> str:
    """A time that has a zone, as the API server writes it; fractions of a second are dropped.

    >>> format_time(datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc))
    '2026-01-02T03:04:05Z'
    """
    return moment.astimezone(datetime.timezone.utc).strftime(_FORMAT)


def parse_time(text: str) -> datetime.datetime:
    """The time that a text of the API server names, with its zone. ValueError for any other text."""
    return datetime.datetime.strptime(text, _FORMAT).replace(tzinfo=datetime.timezone.utc)


def newest(times: Iterable[Optional[str]]) -> Optional[str]:
    """The latest of some times as text; None when there is none."""
    return max((time for time in times if time), default=None)
