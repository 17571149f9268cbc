# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: Access to plain JSON data: values at a path, differences."""

from __future__ import annotations

from typing import Any, List


def dig(value: Any, *path: str) -> Any:
    """The value at a path of dictionaries, or None."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def differences(wanted: Any, live: Any, path: str = "") -> List[str]:
    """The paths of ``wanted`` at which ``live`` is another, or has nothing; lists count as one value."""
    if isinstance(wanted, dict):
        below = live if isinstance(live, dict) else {}
        return [
            one
            for key in sorted(wanted)
            for one in differences(wanted[key], below.get(key), f"{path}.{key}".lstrip("."))
        ]
    return [] if wanted == live else [path]
