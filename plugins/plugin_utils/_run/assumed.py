# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the facts that are assumed of a mesh that could not be read. Pure."""

from __future__ import annotations

from typing import Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import DeclaredMesh
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.mesh import UNKNOWN_NAMESPACE

#: Replaces a root that could not be read. It is never shown and never written.
NO_ROOT = "not read"


def assumed_facts(mesh: DeclaredMesh, facts: Optional[Json] = None) -> Json:
    """MeshFacts of a mesh that was not read, or only in part: what was read, and conventions for everything else but the namespace."""
    read = {key: value for key, value in (facts or {}).items() if value or key == "rights"}
    control_plane = {
        "name": mesh["control_plane"] or mesh["mesh"],
        "trust_domain": mesh["trust_domain"] or f"{mesh['mesh']}.local",
        "trust_domain_set": True,
        "ready": False,
        "owners": {},
        "object": {"metadata": {}, "spec": {}},
    }
    namespace = mesh["namespace"] if mesh["namespace_set"] else UNKNOWN_NAMESPACE
    conventions: Json = {"host": mesh["host"], "namespace": namespace, "control_plane": control_plane}
    return {**conventions, "root": NO_ROOT, "roots": None, **read, "readable": True, "problems": []}
