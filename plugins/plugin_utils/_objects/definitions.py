# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the definitions of the Kubernetes objects of a side, one builder per kind. Pure.

A definition has only intended fields: server-side apply leaves every other field to its owner.
"""

from __future__ import annotations

from typing import List, Optional

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprints_in
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    FEDERATION_API,
    MANAGED_BY,
    OURS,
    PEER_LABEL,
    ROOT_ANNOTATION,
    ROOT_KEY,
    ROTATION_ANNOTATION,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import normalise_bundle
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.remote_section import remote_section
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.rotation_mark import render_mark
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import PlannedMesh, Side


def control_plane_definition(mesh: PlannedMesh, spec: Json) -> Json:
    """A change of the control plane that was read; with its uid in it, no control plane is created by mistake."""
    return {
        "apiVersion": "maistra.io/v2",
        "kind": "ServiceMeshControlPlane",
        "metadata": {"name": mesh["control_plane"], "namespace": mesh["namespace"], "uid": mesh["uid"]},
        "spec": spec,
    }


def import_set_definition(side: Side) -> Optional[Json]:
    """The ImportedServiceSet of a side; None if no imports are declared."""
    if side["imports"] is None:
        return None
    spec: Json = {"importRules": side["imports"]}
    if side["locality"] and side["imports"]:
        spec["locality"] = side["locality"]
    return {**_labelled(side, FEDERATION_API, "ImportedServiceSet", side["peer_name"]), "spec": spec}


def export_set_definition(side: Side) -> Optional[Json]:
    """The ExportedServiceSet of a side; None if no exports are declared."""
    if side["exports"] is None:
        return None
    definition = _labelled(side, FEDERATION_API, "ExportedServiceSet", side["peer_name"])
    return {**definition, "spec": {"exportRules": side["exports"]}}


def root_definition(side: Side, peer: PlannedMesh) -> Optional[Json]:
    """The ConfigMap with the peer's root certificates; None if istiod reads none."""
    if not side["config_map"]:
        return None
    definition = _labelled(side, "v1", "ConfigMap", side["config_map"])
    if side["rotation"]:
        definition["metadata"]["annotations"] = {ROTATION_ANNOTATION: render_mark(side["rotation"])}
    return {**definition, "data": {ROOT_KEY: trusted_roots(side, peer)}}


def trusted_roots(side: Side, peer: PlannedMesh) -> str:
    """The roots of the peer that a side trusts: those that it publishes and, during a rotation, the old and the new ones."""
    if not side["rotation"] or not side["rotation"]["pem"]:
        return peer["root"]
    return normalise_bundle(peer["root"] + side["rotation"]["pem"])


def trusted_fingerprints(side: Side, peer: PlannedMesh) -> List[str]:
    """The fingerprints of ``trusted_roots``."""
    if not side["rotation"]:
        return peer["fingerprints"]
    return sorted({*peer["fingerprints"], *fingerprints_in(side["rotation"]["pem"])})


def peer_definition(side: Side, peer: PlannedMesh) -> Json:
    """The ServiceMeshPeer of a side."""
    definition = _labelled(side, FEDERATION_API, "ServiceMeshPeer", side["peer_name"])
    definition["metadata"]["annotations"] = {ROOT_ANNOTATION: ",".join(trusted_fingerprints(side, peer))}
    security: Json = {"trustDomain": side["remote_trust_domain"], "clientID": side["client_id"]}
    if side["config_map"]:
        security["certificateChain"] = {"kind": "ConfigMap", "name": side["config_map"]}
    definition["spec"] = {
        "gateways": {"ingress": {"name": side["ingress"]}, "egress": {"name": side["egress"]}},
        "security": security,
    }
    if side["remote"]:
        definition["spec"]["remote"] = remote_section(side["remote"])
    return definition


def _labelled(side: Side, api_version: str, kind: str, name: str) -> Json:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": side["namespace"],
            "labels": {MANAGED_BY: OURS, PEER_LABEL: side["peer"]},
        },
    }
