# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: access to plain JSON data: values at a path, objects by name, differences."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Optional, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def dig(value: Any, *path: str) -> Any:
    """The value at a path of dictionaries, or None."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def by_name(objects: Optional[Iterable[Json]]) -> Dict[str, Json]:
    """Kubernetes objects by their ``metadata.name``; of several with one name the last. Empty for None.

    >>> by_name([{"metadata": {"name": "red"}}])
    {'red': {'metadata': {'name': 'red'}}}
    """
    return {obj["metadata"]["name"]: obj for obj in objects or ()}


def managed_entries(obj: Json) -> List[Json]:
    """What the API server keeps of each field manager of a live object (``metadata.managedFields``), without those of its status."""
    return [entry for entry in dig(obj, "metadata", "managedFields") or [] if entry.get("subresource") != "status"]


def differences(wanted: Any, live: Any, path: str = "") -> List[str]:
    """The paths of ``wanted`` at which ``live`` has another value, or none; a list is one value."""
    return [below for below, _wanted, _live in different_values(wanted, live, path)]


def different_values(wanted: Any, live: Any, path: str = "") -> List[Tuple[str, Any, Any]]:
    """The same paths with both values; None where ``live`` has none.

    >>> different_values({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}})
    [('a.c', 2, None)]
    """
    if isinstance(wanted, dict):
        below = live if isinstance(live, dict) else {}
        return [
            difference
            for key in sorted(wanted)
            for difference in different_values(wanted[key], below.get(key), f"{path}.{key}".lstrip("."))
        ]
    return [] if wanted == live else [(path, wanted, live)]
