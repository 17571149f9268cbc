# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: live gateways as ``mesh_ingress`` and ``mesh_egress``, and what of them no variable expresses. Pure."""

from __future__ import annotations

from typing import Dict, List, Mapping, Optional, cast

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DISCOVERY_NAME,
    DISCOVERY_PORT,
    EGRESS,
    EGRESS_FOR,
    EXPOSURES,
    INGRESS,
    INGRESS_FOR,
    LOAD_BALANCER,
    NODE_PORT,
    SERVICE_FIELDS,
    SERVICE_NAME,
    SERVICE_PORT,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.data import differences, dig
from ansible_collections.ossm.federation.plugins.module_utils._product.platforms import (
    AWS_TYPE,
    NODES_INTERNAL,
    platform_of,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json
from ansible_collections.ossm.federation.plugins.plugin_utils._model.runtime import check_runtime
from ansible_collections.ossm.federation.plugins.plugin_utils._model.types import Ingress
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.gateways import egress_gateway, ingress_gateway
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.address import live_type
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.exposure import decide_exposure, platform_row
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import GatewayRuntimes, Side

_PORTS = {DISCOVERY_PORT: DISCOVERY_NAME, SERVICE_PORT: SERVICE_NAME}


def ingress_settings(facts: Json, name: str, platform: str, same_cluster: bool) -> Ingress:
    """A live ingress gateway as ``mesh_ingress``, without what is the default on its platform."""
    entry = live_entry(facts, INGRESS, name)
    kind = live_type(facts, name)
    if entry is None or kind not in EXPOSURES:
        return {}
    settings: Json = {}
    if kind != decide_exposure(platform, {}, same_cluster=same_cluster)["type"]:
        settings["exposure"] = kind
    metadata = dig(entry, "service", "metadata") or {}
    settings.update(_scope(platform, kind, metadata.get("annotations") or {}))
    labels = {key: text for key, text in (metadata.get("labels") or {}).items() if key != INGRESS_FOR}
    if labels:
        settings["labels"] = labels
    for key, kinds in SERVICE_FIELDS.items():
        value = dig(entry, "service", key)
        if value and kind in kinds:
            settings[key] = value
    nodes = {_PORTS[one["port"]]: one["nodePort"] for one in _ports(entry) if one.get("nodePort")}
    if nodes and kind in (LOAD_BALANCER, NODE_PORT):
        settings["nodePorts"] = nodes
    settings.update(runtime_settings(entry))
    return cast(Ingress, settings)


def egress_settings(facts: Json, name: str) -> Json:
    """A live egress gateway as ``mesh_egress``."""
    return runtime_settings(live_entry(facts, EGRESS, name) or {})


def runtime_settings(entry: Json) -> Json:
    """The runtime settings of a gateway that a variable can have."""
    accepted = check_runtime(entry["runtime"], "", "")[0] if isinstance(entry.get("runtime"), dict) else {}
    return {"runtime": accepted} if accepted else {}


def live_entry(facts: Json, kind: str, name: str) -> Optional[Json]:
    """The entry of a gateway in the control plane; None where it is not there."""
    found: Optional[Json] = dig(facts, "control_plane", "object", "spec", "gateways", kind, name)
    return found


def unexpressed_ingress(side: Side, facts: Json, ingress: Ingress, platform: str, same_cluster: bool) -> List[str]:
    """The fields in which the live ingress gateway of a side differs from the one that its variables describe."""
    exposure = decide_exposure(platform, ingress, same_cluster=same_cluster)
    runtime: GatewayRuntimes = {**side["runtime"], "ingress": dict(ingress.get("runtime", {}))}
    wanted = ingress_gateway({**side, "exposure": exposure, "runtime": runtime})
    return _differing(wanted, live_entry(facts, INGRESS, side["ingress"]))


def unexpressed_egress(side: Side, facts: Json, egress: Json) -> List[str]:
    """The fields in which the live egress gateway of a side differs from the one that its variables describe."""
    wanted = egress_gateway({**side, "runtime": {**side["runtime"], "egress": dict(egress.get("runtime", {}))}})
    return _differing(wanted, live_entry(facts, EGRESS, side["egress"]))


def _scope(platform: str, kind: str, annotations: Mapping[str, str]) -> Json:
    """The annotations of a gateway's Service without those that the platform needs, and whether its address is internal."""
    rest, internal = dict(annotations), False
    if kind == NODE_PORT:
        internal = annotations.get(NODES_INTERNAL[0]) == NODES_INTERNAL[1]
        needed: Mapping[str, str] = dict([NODES_INTERNAL]) if internal else {}
    else:
        row = platform_row(platform, {"annotations": rest})[1] if kind == LOAD_BALANCER else platform_of(None)[1]
        own = row.internal if row.load_balancer else None
        internal = bool(own) and (own or {}).items() <= annotations.items()
        needed = (own if internal else row.public if row.load_balancer else None) or {}
        if row.load_balancer and row is not platform_of(platform)[1]:
            # This annotation says that it is another load balancer than that of the platform.
            needed = {key: text for key, text in needed.items() if key != AWS_TYPE}
    rest = {key: text for key, text in rest.items() if needed.get(key) != text}
    return {**({"internal": True} if internal else {}), **({"annotations": rest} if rest else {})}


def _ports(entry: Optional[Json]) -> List[Json]:
    """The ports of a federation that a gateway has."""
    return [
        port
        for port in dig(entry, "service", "ports") or []
        if isinstance(port, dict) and isinstance(port.get("port"), int) and port["port"] in _PORTS
    ]


def _differing(wanted: Json, live: Optional[Json]) -> List[str]:
    if live is None:
        return []
    first, second = _comparable(wanted), _comparable(live)
    return sorted({*differences(first, second), *differences(second, first)})


def _comparable(entry: Json) -> Json:
    """A gateway with its ports by number, without what its webhook adds and what means nothing."""
    service = entry.get("service") or {}
    ports: Dict[str, Json] = {}
    for port in service.get("ports") or []:
        number = port.get("port")
        kept = {key: value for key, value in port.items() if key not in ("port", "protocol")}
        if kept.get("targetPort") in (None, 0, "0", number, str(number)):
            kept.pop("targetPort", None)
        ports[str(number)] = kept
    kept_service = {key: value for key, value in service.items() if key != "ports"}
    if kept_service.get("type") == "ClusterIP":
        del kept_service["type"]
    compared = {**entry, "service": {**kept_service, "ports": ports}}
    labels = (INGRESS_FOR, EGRESS_FOR)
    metadata = kept_service.get("metadata") or {}
    if isinstance(metadata.get("labels"), dict):
        # The product reads these labels nowhere; their value may be the peer or the gateway.
        shown = {key: value for key, value in metadata["labels"].items() if key not in labels}
        compared["service"]["metadata"] = {**metadata, "labels": shown}
    return compared
