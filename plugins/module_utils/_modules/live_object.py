# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Live objects to what is kept of them: without server data, with managers and our applies. Pure. Private to this
collection."""

from __future__ import annotations

from typing import Dict, List, Optional, Set

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import applied
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig, managed_entries
from ansible_collections.ossm.federation.plugins.module_utils._product.times import newest
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_KEPT = (
    "name",
    "namespace",
    "uid",
    "labels",
    "generation",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "ownerReferences",
)


def managers(obj: Json) -> List[str]:
    """The field managers of an object, except those of its status."""
    return sorted({entry["manager"] for entry in managed_entries(obj) if entry.get("manager")})


def field_owners(smcp: Json) -> Dict[str, List[str]]:
    """The owners of the trust domain, of its aliases and of each additional gateway of a control plane: path -> field managers."""
    owners: Dict[str, Set[str]] = {}
    for entry in managed_entries(smcp):
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        paths = []
        trust = (spec.get("f:security") or {}).get("f:trust") or {}
        paths += [f"spec.security.trust.{name}" for name in ("domain", "additionalDomains") if f"f:{name}" in trust]
        for side in ("additionalIngress", "additionalEgress"):
            fields = (spec.get("f:gateways") or {}).get(f"f:{side}") or {}
            paths += [f"spec.gateways.{side}.{name[2:]}" for name in fields if name.startswith("f:")]
        for path in paths:
            owners.setdefault(path, set()).add(entry.get("manager") or "unknown")
    return {path: sorted(names) for path, names in sorted(owners.items())}


def written_at(obj: Json, *path: str) -> Optional[str]:
    """When the value at a path of a live object was last written, by its managed fields; None where they do not tell."""
    owned = [f"f:{key}" for key in path]
    return newest(entry.get("time") for entry in managed_entries(obj) if dig(entry.get("fieldsV1"), *owned) is not None)


def trim(obj: Json, *, status: bool = True) -> Json:
    """A live object without what only the API server needs; ``managers`` are its field managers, ``applied`` our applies."""
    meta = obj["metadata"]
    kept = {key: meta[key] for key in _KEPT if key in meta}
    annotations = {key: value for key, value in (meta.get("annotations") or {}).items() if key != _LAST_APPLIED}
    if annotations:
        kept["annotations"] = annotations
    rest = {key: value for key, value in obj.items() if key != "metadata" and (status or key != "status")}
    return {**rest, "metadata": kept, "managers": managers(obj), "applied": applied(obj)}
