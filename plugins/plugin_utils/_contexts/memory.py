# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what is kept of clusters and hubs from run to run. Pure.

A cluster that does not answer keeps its hosts, however old they are; so each entry has its own age, and the cache itself never ends.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.times import format_time, now, parse_time

#: The form of the entries. What another version of this collection has kept is not read.
_FORM = 1


class Memory:
    """Entries by key: what was read, when, and by which context."""

    def __init__(self, kept: Any) -> None:
        is_known = isinstance(kept, dict) and kept.get("form") == _FORM and isinstance(kept.get("entries"), dict)
        self._entries: Dict[str, Any] = dict(kept["entries"]) if is_known else {}

    def entry(self, key: str) -> Optional[Dict[str, Any]]:
        """What is kept for a key: ``value``, ``context`` and ``time``."""
        entry = self._entries.get(key)
        return entry if isinstance(entry, dict) and {"value", "context", "time"} <= set(entry) else None

    def is_fresh(self, key: str, seconds: int) -> bool:
        """Whether what is kept for a key is younger than some seconds; with 0 seconds it always is."""
        entry = self.entry(key)
        return entry is not None and (seconds == 0 or (now() - parse_time(entry["time"])).total_seconds() < seconds)

    def keep(self, key: str, value: Any, context: str) -> None:
        """Keep what was read just now."""
        self._entries[key] = {"value": value, "context": context, "time": format_time(now())}

    def kept(self, keys: Iterable[str]) -> Dict[str, Any]:
        """All entries with some keys, to be stored: others are of clusters that are not asked for any more."""
        wanted = set(keys)
        return {"form": _FORM, "entries": {key: entry for key, entry in self._entries.items() if key in wanted}}
