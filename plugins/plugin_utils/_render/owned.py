# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: which parts of a live control plane were rendered, by an annotation in the rendered file. Pure.

Whoever applies the files, such as Argo CD, is the field manager of their gateways. Without the annotation the next run would take these
gateways for unmanaged ones and would not render them again.
"""

from __future__ import annotations

import copy
import json
from typing import Any, Dict, List, Mapping

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import OURS, field_manager
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json

#: Annotation of a control plane: by name of the peer object the gateways that were rendered, as ``<kind>.<name>``.
RENDERED = f"{OURS}/rendered"
#: Stands for the name of the peer object for what belongs to no pair.
NO_PEER = ""
TRUST_DOMAIN = "security.trust.domain"


def rendered_parts(control_plane: Any) -> Dict[str, List[str]]:
    """The rendered parts of a live control plane, from the facts of it; empty where none were."""
    try:
        parts = json.loads(dig(control_plane, "object", "metadata", "annotations", RENDERED) or "{}")
    except ValueError:
        return {}
    if not isinstance(parts, dict):
        return {}
    return {str(peer): [str(name) for name in names] for peer, names in parts.items() if isinstance(names, list)}


def annotation(parts: Mapping[str, List[str]]) -> str:
    """The value of the annotation."""
    return json.dumps({peer: sorted(names) for peer, names in parts.items()}, sort_keys=True, separators=(",", ":"))


def claim_rendered(facts: Json) -> Json:
    """MeshFacts in which the rendered gateways are ours, with all their fields, so that they are planned as if we had applied them."""
    control_plane = facts.get("control_plane")
    parts = rendered_parts(control_plane)
    if not parts:
        return facts
    claimed: Json = copy.deepcopy(control_plane or {})
    for peer, names in parts.items():
        for path in names:
            kind, dummy, name = path.partition(".")
            entry = dig(claimed, "object", "spec", "gateways", kind, name)
            if peer != NO_PEER and entry is not None:
                _claim(claimed, field_manager(peer), kind, name, entry)
    return {**facts, "control_plane": claimed}


def _claim(control_plane: Json, manager: str, kind: str, name: str, entry: Json) -> None:
    owners = control_plane.setdefault("owners", {})
    path = f"spec.gateways.{kind}.{name}"
    owners[path] = sorted({*(owners.get(path) or []), manager})
    applied = control_plane["object"].setdefault("applied", {})
    before = json.loads(dig(applied, manager, "fields") or "{}")
    gateways = before.setdefault("f:spec", {}).setdefault("f:gateways", {}).setdefault(f"f:{kind}", {})
    gateways.setdefault(f"f:{name}", _fields(entry))
    applied[manager] = {"time": None, **(applied.get(manager) or {}), "fields": json.dumps(before)}


def _fields(value: Any) -> Json:
    """All fields of a value in the API server's format FieldsV1, a list as one field."""
    return {f"f:{key}": _fields(inner) for key, inner in value.items()} if isinstance(value, dict) else {}
