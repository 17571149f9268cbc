# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Three meshes as they are read after a complete run: everything is written by us, open, connected and imported."""

from __future__ import annotations

import json
from typing import Any

from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.plugin_utils._model import types as model_types

Json = dict[str, Any]
Facts = dict[str, Json]
APPLIED_AT = "2026-01-01T00:00:00Z"
SYNCED_AT = "2026-01-01T00:00:05Z"
RULES = {
    "red_mesh": {"mesh_exports": {"green-mesh": ["bookinfo/ratings"]}},
    "green_mesh": {"mesh_imports": {"red-mesh": ["bookinfo/ratings"]}},
}
EXPORTED = "ratings.bookinfo.svc.green-mesh-exports.local"
IMPORTED = "ratings.bookinfo.svc.red-mesh-imports.local"
_KEYS = {
    "ServiceMeshPeer": "peers",
    "ImportedServiceSet": "imports",
    "ExportedServiceSet": "exports",
    "ConfigMap": "config_maps",
}


def federated() -> tuple[model_types.Declaration, Facts]:
    """The declaration of three meshes, and the facts of each by host."""
    declaration = fed.declare(fed.inventory(**RULES))
    read = {host: fed.facts(host) for host in fed.COLOURS}
    planned, objects = fed.federate(declaration, read)
    addresses = fed.opened(planned)
    for host, mine in objects.items():
        for desired in mine:
            own(live_object(read[host], desired["definition"]), desired)
        for gateway in planned["meshes"][host]["gateways"]:
            open_gateway(read[host], gateway, addresses[host]["gateways"][gateway["name"]]["addresses"])
        for peer in read[host]["peers"]:
            watch = {"connected": True, "lastConnected": SYNCED_AT, "lastFullSync": SYNCED_AT}
            peer["status"] = {"discoveryStatus": {"active": [{"pod": read[host]["istiod"][0]["name"], "watch": watch}]}}
    service = {"exportedName": EXPORTED, "localService": {"hostname": IMPORTED}}
    read["red-mesh"]["exports"][0]["status"] = {"exportedServices": [service]}
    read["green-mesh"]["imports"][0]["status"] = {"importedServices": [service]}
    return declaration, read


def own(obj: Json, desired: DesiredObject, time: str = APPLIED_AT) -> None:
    """Note on a live object that our manager has applied a desired one."""
    definition = desired["definition"]
    meta = {key: definition["metadata"][key] for key in ("labels", "annotations") if key in definition["metadata"]}
    body = {key: value for key, value in definition.items() if key not in ("apiVersion", "kind", "metadata")}
    obj["managers"] = [desired["field_manager"]]
    obj.setdefault("applied", {})[desired["field_manager"]] = {
        "time": time,
        "fields": json.dumps(_fields({**({"metadata": meta} if meta else {}), **body})),
    }


def live_object(facts: Json, definition: Json) -> Json:
    """The live object that a definition names."""
    if definition["kind"] == "ServiceMeshControlPlane":
        return facts["control_plane"]["object"]
    return next(
        item for item in facts[_KEYS[definition["kind"]]] if item["metadata"]["name"] == definition["metadata"]["name"]
    )


def _fields(value: Any) -> Json:
    """The field set of an apply, lists of objects as one value each: what matters here is that it fits the desired."""
    return {f"f:{key}": _fields(inner) for key, inner in value.items()} if isinstance(value, dict) else {}


def open_gateway(facts: Json, gateway: Json, addresses: list[str]) -> None:
    """Give an ingress gateway its Service with addresses."""
    name = gateway["name"]
    facts["gateway_services"][name] = {
        "metadata": {"name": name, "namespace": facts["namespace"]},
        "spec": {
            "type": "LoadBalancer",
            "ports": [{"name": "tls", "port": 15443}, {"name": "https-discovery", "port": 8188}],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": address} for address in addresses]}},
    }
