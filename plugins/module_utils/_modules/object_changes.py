# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What differs between two versions of an object: paths, and YAML for people. Pure. Private to this collection."""

from __future__ import annotations

import copy
import re
from typing import Any, Dict, Mapping, Optional, Sequence

from ansible_collections.ossm.federation.plugins.module_utils._cluster.yaml_text import to_yaml
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

_ABSENT = object()
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


def comparable(obj: Optional[Json]) -> Json:
    """The part of an object that users write: labels, annotations, and all that is neither metadata nor status."""
    if not obj:
        return {}
    meta = obj.get("metadata") or {}
    kept = {key: meta[key] for key in ("labels", "annotations") if meta.get(key)}
    rest = {
        key: value
        for key, value in obj.items()
        if key not in ("apiVersion", "kind", "metadata", "status", "managers", "applied")
    }
    return {**({"metadata": kept} if kept else {}), **rest}


def leaves(value: Any, path: str = "") -> Dict[str, Any]:
    """Every leaf of plain data by its path: ``spec.ports[tls].port``, ``metadata.labels["a.b/c"]``, ``rules[0].type``.

    The path of a list item has its name where it has one, else its index; a list of plain values is one leaf, and so is an
    empty container.
    """
    if isinstance(value, dict) and value:
        by_path: Dict[str, Any] = {}
        for key, inner in value.items():
            step = f"{path}.{key}".lstrip(".") if _PLAIN_KEY.match(key) else f'{path}["{key}"]'
            by_path.update(leaves(inner, step))
        return by_path
    if isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value):
        key_name = _item_key(value)
        by_path = {}
        for index, item in enumerate(value):
            by_path.update(leaves(item, f"{path}[{item[key_name] if key_name else index}]"))
        return by_path
    return {path: value}


def _item_key(items: Sequence[Any]) -> Optional[str]:
    """The key that distinguishes the items of a list: all have it, and no two have the same value."""
    for key in ("name", "pod", "exportedName"):
        values = [item.get(key) if isinstance(item, dict) else None for item in items]
        if all(isinstance(value, str) for value in values) and len(set(values)) == len(values):
            return key
    return None


def changes(before: Optional[Json], after: Optional[Json]) -> Dict[str, Any]:
    """Leaf paths at which two objects differ, with the later value (a private marker where the path is gone)."""
    old, new = leaves(comparable(before)), leaves(comparable(after))
    paths = {path for path in {*old, *new} if path and old.get(path, _ABSENT) != new.get(path, _ABSENT)}
    return {path: new.get(path, _ABSENT) for path in sorted(paths)}


def to_text(obj: Optional[Json], unknown: Optional[Mapping[str, str]] = None) -> str:
    """An object as YAML for people, without what the API server adds; empty for no object.

    ``unknown`` has by path the reasons why values are not known yet; they stand in the place of the values.
    """
    if not obj:
        return ""
    meta = obj.get("metadata") or {}
    kept = {key: meta[key] for key in ("name", "namespace", "labels", "annotations") if meta.get(key)}
    view = copy.deepcopy({"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), "metadata": kept})
    view.update(copy.deepcopy({key: value for key, value in comparable(obj).items() if key != "metadata"}))
    for path, message in (unknown or {}).items():
        _set_path(view, path, f"({message})")
    return to_yaml(view)


def _set_path(obj: Json, path: str, text: str) -> None:
    """Set the value at a dotted path of plain keys."""
    *parents, last = path.split(".")
    for parent in parents:
        obj = obj.setdefault(parent, {})
    obj[last] = text
