# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: whether an apply would change nothing, told from what the API server says that we own.

Server-side apply keeps for every manager the set of fields of its last apply (Kubernetes, ``metadata.managedFields``,
format ``FieldsV1``: ``f:<field>``, ``k:<key of a list's item>``, ``v:<value of a set>``, ``.`` for the item itself). When
that set is exactly what would be sent and all values are there, an apply is a no-op and need not be sent. Whatever is not
certain counts as a change. Pure.
"""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import OURS
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json


def applied(obj: Json) -> Dict[str, Json]:
    """Our applies to a live object: by manager the ``time`` of the last change and the ``fields`` as one JSON text."""
    return {
        entry["manager"]: {"time": entry.get("time"), "fields": json.dumps(entry.get("fieldsV1") or {})}
        for entry in obj["metadata"].get("managedFields") or []
        if str(entry.get("manager")).split("/", maxsplit=1)[0] == OURS
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
    }


def settled(definition: Json, manager: str, live: Optional[Json]) -> Optional[Json]:
    """Our last apply (see ``applied``) when sending ``definition`` again would change nothing, else None.

    ``live`` is the object as it was read, with its managed fields or, trimmed, with ``applied``.
    """
    if live is None:
        return None
    found = applied(live) if live["metadata"].get("managedFields") else live.get("applied") or {}
    last = found.get(manager)
    wanted_uid = definition["metadata"].get("uid")
    if last is None or wanted_uid not in (None, live["metadata"].get("uid")):
        return None
    return last if _holds(json.loads(last["fields"]), _owned_part(definition), live) else None


def _owned_part(definition: Json) -> Json:
    """What of a definition becomes fields that are owned: not what names the object."""
    meta = definition["metadata"]
    told = {key: meta[key] for key in ("labels", "annotations") if meta.get(key)}
    rest = {key: value for key, value in definition.items() if key not in ("apiVersion", "kind", "metadata")}
    return {**({"metadata": told} if told else {}), **rest}


def _holds(fields: Json, wanted: Any, live: Any) -> bool:
    """Whether ``fields`` are exactly those of ``wanted``, and ``live`` has their values."""
    owned = [key for key in fields if key != "."]
    if not owned:
        return bool(wanted == live)
    if isinstance(wanted, dict):
        return (
            isinstance(live, dict)
            and set(owned) == {f"f:{key}" for key in wanted}
            and all(key in live and _holds(fields[f"f:{key}"], value, live[key]) for key, value in wanted.items())
        )
    return isinstance(wanted, list) and isinstance(live, list) and _list_holds(fields, owned, wanted, live)


def _list_holds(fields: Json, owned: List[str], wanted: List[Any], live: List[Any]) -> bool:
    """A list whose items are owned one by one: told apart by key fields, or by their value."""
    if len(owned) != len(wanted):
        return False
    for key in owned:
        sign, dummy, text = key.partition(":")
        if sign not in ("k", "v"):
            return False
        told = json.loads(text)
        one, other = _item(wanted, told, sign), _item(live, told, sign)
        if one is None or other is None or (sign == "k" and not _holds(fields[key], one, other)):
            return False
    return True


def _item(items: List[Any], told: Any, sign: str) -> Any:
    """The only item with these key fields, or with this value; None when there is none or more than one."""
    if sign == "v":
        found = [item for item in items if item == told]
    else:
        found = [item for item in items if isinstance(item, dict) and told.items() <= item.items()]
    return found[0] if len(found) == 1 else None
