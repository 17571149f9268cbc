# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the objects that a rotation writes in each mesh: ConfigMaps with roots, and their peers. Pure.

The objects are those of a federation, since one field manager applies them whole; only the roots differ.
"""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import field_manager
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.desired import peer_objects
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.effect import would_change
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.remote_section import other_section
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan, PlannedMesh, RotationMark
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.types import RotationPlan


def both_roots_objects(rotation: RotationPlan, host: str, facts: Json) -> List[DesiredObject]:
    """The ConfigMap with both roots and its mark, and the peer, of one mesh. Nothing where they are as desired.

    The peer gets another spelling of ``spec.remote``: istiod then restarts the watch in the reconciliation that reads the ConfigMap, so
    the time of the next attempt to connect shows that it has read it.
    """
    roots = rotation["roots"]
    if roots is None:
        return []
    mark: RotationMark = {"old": roots["old"], "new": roots["new"], "pem": roots["pem"]}
    objects = _objects(rotation, host, facts, mark)
    if not any(map(would_change, objects)):
        return []
    for target in objects:
        remote = dig(target["definition"], "spec", "remote")
        if target["definition"]["kind"] == "ServiceMeshPeer" and remote and target["live"] is not None:
            peer_name = target["definition"]["metadata"]["name"]
            side = rotation["plan"]["sides"][host][rotation["request"]["host"]]
            other = side["remote"] and other_section(side["remote"], target["live"], field_manager(peer_name))
            target["definition"]["spec"]["remote"] = other or remote
    return objects


def new_root_objects(rotation: RotationPlan, host: str, facts: Json) -> List[DesiredObject]:
    """The ConfigMap with what the mesh publishes, without a mark, and the peer, of one mesh."""
    return _objects(rotation, host, facts, None)


def _objects(rotation: RotationPlan, host: str, facts: Json, mark: Optional[RotationMark]) -> List[DesiredObject]:
    """ConfigMap and peer of one mesh for the rotating mesh, with a mark or without."""
    mesh, plan = rotation["request"]["host"], rotation["plan"]
    sides = plan["sides"][host]
    marked: Plan = {**plan, "sides": {**plan["sides"], host: {mesh: {**sides[mesh], "rotation": mark}}}}
    return peer_objects(marked, host, facts)


def with_published(rotation: RotationPlan, facts: Json) -> RotationPlan:
    """The rotation with the roots that the mesh publishes now; ``facts`` are the newest MeshFacts of it."""
    plan, host = rotation["plan"], rotation["request"]["host"]
    if plan["meshes"][host]["by_file"] or not facts.get("readable"):
        return rotation
    mesh: PlannedMesh = {
        **plan["meshes"][host],
        "root": facts["root"],
        "fingerprints": sorted(facts["fingerprints"]),
    }
    published: Plan = {**plan, "meshes": {**plan["meshes"], host: mesh}}
    return {**rotation, "plan": published}
