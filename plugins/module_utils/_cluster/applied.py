# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: whether an apply would change nothing, by the fields that the API server records as ours.

Server-side apply keeps for every manager the set of fields of its last apply (Kubernetes, ``metadata.managedFields``,
format ``FieldsV1``: ``f:<field>``, ``k:<key of a list's item>``, ``v:<value of a set>``, ``.`` for the item itself). When
that set is exactly what would be sent and all values are equal, an apply is a no-op and need not be sent. Whatever is not
certain counts as a change. Pure.
"""

from __future__ import annotations

import copy
import json
from typing import Any, Dict, List, Optional, Set

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import OURS, is_ours
from ansible_collections.ossm.federation.plugins.module_utils._product.data import differences, dig, managed_entries
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


def last_apply(live: Optional[Json], manager: str) -> Optional[Json]:
    """The last apply of one of our managers to a live object (see ``applied``), None without one.

    ``live`` is the object as it was read, with its managed fields or, trimmed, with ``applied``.
    """
    if live is None:
        return None
    applies = applied(live) if live["metadata"].get("managedFields") else live.get("applied") or {}
    last: Optional[Json] = applies.get(manager)
    return last


def owned_keys(live: Json, manager: str, *path: str) -> Set[str]:
    """The keys of the dictionary at a path of a live object that are of the last apply of one of our managers."""
    last = last_apply(live, manager)
    fields = dig(json.loads(last["fields"]), *(f"f:{key}" for key in path)) if last else None
    return {key[2:] for key in fields or {} if key.startswith("f:")}


def applied_definition(live: Json, manager: str) -> Optional[Json]:
    """The last apply of one of our managers to a live object, with the live values of its fields; None without one."""
    last = last_apply(live, manager)
    if last is None:
        return None
    meta = {key: live["metadata"][key] for key in ("name", "namespace") if key in live["metadata"]}
    owned: Json = _owned_values(json.loads(last["fields"]), live)
    definition = {"apiVersion": live["apiVersion"], "kind": live["kind"], **owned}
    return {**definition, "metadata": {**meta, **(owned.get("metadata") or {})}}


def _owned_values(fields: Json, live: Any) -> Any:
    """The part of a live value that ``fields`` name."""
    owned = [key for key in fields if key != "."]
    if not owned:
        return copy.deepcopy(live)
    if isinstance(live, dict):
        return {key[2:]: _owned_values(fields[key], live[key[2:]]) for key in owned if key[2:] in live}
    if not isinstance(live, list):
        return copy.deepcopy(live)
    items = [(path, _item(live, json.loads(path[2:]), path[0])) for path in owned]
    return [_owned_values(fields[path], item) for path, item in items if item is not None]


def settled(definition: Json, manager: str, live: Optional[Json]) -> Optional[Json]:
    """Our last apply (see ``last_apply``) when sending ``definition`` again would change nothing, else None.

    An object that others write from the files of ``render.yml`` has our label and no apply of ours: where all values are
    current, an apply would only make us an owner beside them. Then there is no time and there are no fields.
    """
    last = last_apply(live, manager)
    uid = definition["metadata"].get("uid")
    if live is None or uid not in (None, live["metadata"].get("uid")):
        return None
    if last is None:
        is_labelled = is_ours(live) and is_ours(definition) and _has_other_manager(live)
        is_current = is_labelled and not differences(_owned_part(definition), live)
        return {"time": None, "fields": "{}"} if is_current else None
    return last if _is_settled(json.loads(last["fields"]), _owned_part(definition), live) else None


def _has_other_manager(live: Json) -> bool:
    """Whether another manager than ours has written a live object, as it was read or trimmed."""
    managers = [entry.get("manager") for entry in managed_entries(live)]
    return any(str(manager).split("/", maxsplit=1)[0] != OURS for manager in managers or live.get("managers") or [])


def _owned_part(definition: Json) -> Json:
    """The part of a definition that becomes owned fields: all but what names the object."""
    meta = definition["metadata"]
    owned_meta = {key: meta[key] for key in ("labels", "annotations") if meta.get(key)}
    rest = {key: value for key, value in definition.items() if key not in ("apiVersion", "kind", "metadata")}
    return {**({"metadata": owned_meta} if owned_meta else {}), **rest}


def _is_settled(fields: Json, desired: Any, live: Any) -> bool:
    """Whether ``fields`` are exactly those of ``desired``, and ``live`` has their values."""
    owned = [key for key in fields if key != "."]
    if not owned:
        return bool(desired == live)
    if isinstance(desired, dict):
        return (
            isinstance(live, dict)
            and set(owned) == {f"f:{key}" for key in desired}
            and all(key in live and _is_settled(fields[f"f:{key}"], value, live[key]) for key, value in desired.items())
        )
    return isinstance(desired, list) and isinstance(live, list) and _is_list_settled(fields, owned, desired, live)


def _is_list_settled(fields: Json, owned: List[str], desired: List[Any], live: List[Any]) -> bool:
    """The same for a list whose items are owned one by one, each identified by key fields or by its value."""
    if len(owned) != len(desired):
        return False
    for path in owned:
        sign, dummy, text = path.partition(":")
        if sign not in ("k", "v"):
            return False
        key = json.loads(text)
        desired_item, live_item = _item(desired, key, sign), _item(live, key, sign)
        if desired_item is None or live_item is None:
            return False
        if sign == "k" and not _is_settled(fields[path], desired_item, live_item):
            return False
    return True


def _item(items: List[Any], key: Any, sign: str) -> Any:
    """The only item with these key fields, or with this value; None when there is none or more than one."""
    if sign == "v":
        matches = [item for item in items if item == key]
    else:
        matches = [item for item in items if isinstance(item, dict) and key.items() <= item.items()]
    return matches[0] if len(matches) == 1 else None
