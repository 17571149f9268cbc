# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: a live ServiceMeshPeer in the other spelling of its address, and nothing else of it changed. Pure.

Runs that plan no peers make istiod read changed import rules with it: what they apply is what our last apply had.
"""

from __future__ import annotations

from typing import Collection, Optional

from ansible_collections.ossm.federation.plugins.module_utils._cluster.applied import applied_definition
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import MANAGED_BY, PEER_LABEL
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.import_rules import is_reading_due
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.remote_section import (
    other_section,
    plain_section,
)


def respelled_peer(import_set: DesiredObject, live: Json, terminated_pods: Collection[str]) -> Optional[DesiredObject]:
    """The live peer with another spelling of its address, where istiod has to read the rules of ``import_set``; else None."""
    if not is_reading_due(import_set, live, terminated_pods):
        return None
    current = plain_section(dig(live, "spec", "remote") or {})
    if not current.get("addresses"):
        return None
    manager = import_set["field_manager"]
    other = other_section(
        {
            "addresses": current["addresses"],
            "discoveryPort": current["discoveryPort"],
            "servicePort": current["servicePort"],
        },
        live,
        manager,
    )
    if other is None:
        return None
    definition = applied_or_named(live, manager)
    return {
        "definition": {**definition, "spec": {**(definition.get("spec") or {}), "remote": other}},
        "field_manager": manager,
        "peer": import_set["peer"],
        "live": live,
        "unknown": {},
    }


def applied_or_named(live: Json, manager: str) -> Json:
    """Our last apply to a live object; without one its name and our labels. With its uid, no object is created by mistake."""
    definition = applied_definition(live, manager)
    if definition is None:
        meta = {key: live["metadata"][key] for key in ("name", "namespace")}
        labels = dig(live, "metadata", "labels") or {}
        meta["labels"] = {key: labels[key] for key in (MANAGED_BY, PEER_LABEL) if key in labels}
        definition = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": meta}
    uid = live["metadata"].get("uid")
    return {**definition, "metadata": {**definition["metadata"], **({"uid": uid} if uid else {})}}
