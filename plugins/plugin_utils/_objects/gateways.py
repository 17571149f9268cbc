# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: the entries of a control plane's ``spec.gateways`` for one pair. Pure.

The shapes are those of the product documentation, corrected where the product's code differs: ``enabled`` has no default, the
network of a peer is ``network-<peer>``, and a Route cannot carry the traffic and is switched off.
"""

from __future__ import annotations

import copy
from typing import Mapping, NamedTuple, Tuple

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions, versions
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import (
    DISCOVERY_NAME,
    DISCOVERY_PORT,
    EGRESS,
    EGRESS_FOR,
    INGRESS,
    INGRESS_FOR,
    SERVICE_NAME,
    SERVICE_PORT,
    VIEW,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Owner
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Direction, Side


class DesiredGateway(NamedTuple):
    """One gateway of a pair: its key in ``spec.gateways``, its name, its desired entry, and its current owner."""

    kind: str
    name: str
    entry: Json
    owner: Owner


def desired_gateways(side: Side) -> Tuple[DesiredGateway, DesiredGateway]:
    """The two gateways of a side."""
    return (
        DesiredGateway(INGRESS, side["ingress"], ingress_gateway(side), side["owners"]["ingress"]),
        DesiredGateway(EGRESS, side["egress"], egress_gateway(side), side["owners"]["egress"]),
    )


def ingress_gateway(side: Side) -> Json:
    """The ingress gateway for one peer, as an entry of ``additionalIngress``."""
    exposure = side["exposure"]
    metadata: Json = {"labels": {INGRESS_FOR: side["ingress"], **exposure["labels"]}}
    if exposure["annotations"]:
        metadata["annotations"] = exposure["annotations"]
    # A load balancer that checks one port checks the first one: discovery listens earlier than services do.
    ports = [
        _port(DISCOVERY_PORT, DISCOVERY_NAME, exposure["nodePorts"]),
        _port(SERVICE_PORT, SERVICE_NAME, exposure["nodePorts"]),
    ]
    return {
        "enabled": True,
        "routeConfig": {"enabled": False},
        "service": {"type": exposure["type"], "metadata": metadata, "ports": ports, **exposure["fields"]},
        **_router_mode(side),
        **_runtime(side, "ingress"),
    }


def egress_gateway(side: Side) -> Json:
    """The egress gateway for one peer, as an entry of ``additionalEgress``."""
    return {
        "enabled": True,
        VIEW: [conventions.network_view(side["peer_name"])],
        "service": {
            "metadata": {"labels": {EGRESS_FOR: side["egress"]}},
            "ports": [_port(SERVICE_PORT, SERVICE_NAME, {}), _port(DISCOVERY_PORT, "http-discovery", {})],
        },
        **_router_mode(side),
        **_runtime(side, "egress"),
    }


def _router_mode(side: Side) -> Json:
    """The router mode that gateways of 2.1 need; later versions do not read it."""
    return {"routerMode": "sni-dnat"} if versions.needs_router_mode(side["version"]) else {}


def _runtime(side: Side, direction: Direction) -> Json:
    """Replicas, resources, autoscaling and placement in the product's shape, as far as they are declared."""
    return {"runtime": copy.deepcopy(side["runtime"][direction])} if side["runtime"][direction] else {}


def _port(number: int, name: str, node_ports: Mapping[str, int]) -> Json:
    port: Json = {"port": number, "name": name}
    if name in node_ports:
        port["nodePort"] = node_ports[name]
    return port
