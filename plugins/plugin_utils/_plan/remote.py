# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Private to the collection: what a side needs from its peer: identity, trust domain and address. Pure."""

from __future__ import annotations

from typing import Optional

from ansible_collections.ossm.federation.plugins.module_utils._product import conventions
from ansible_collections.ossm.federation.plugins.module_utils._product.data import dig
from ansible_collections.ossm.federation.plugins.module_utils._product.gateways import GatewayFacts
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Json, Remote
from ansible_collections.ossm.federation.plugins.module_utils._readers.gateway import read_gateway
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.exposure import static_remote, with_declared
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.pairs import opposite_side
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.side import missing_file
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import (
    PENDING,
    READY,
    SKIPPED,
    Plan,
    PlannedMesh,
    Side,
)


def connect_side(plan: Plan, side: Side, facts: Optional[Json]) -> None:
    """Fill in the peer's identity, its trust domain, and its address if it has one already. ``facts`` are the peer's."""
    opposite, peer = opposite_side(plan, side), plan["meshes"][side["peer_host"]]
    if peer["by_file"]:
        _use_identity_file(side)
        return
    if peer["trust_domain"]:
        side["remote_trust_domain"] = peer["trust_domain"]
        side["client_id"] = conventions.client_id(peer["trust_domain"], peer["namespace"], opposite["egress"])
    # A skipped side may name a gateway that belongs to another pair.
    if SKIPPED not in (side["state"], opposite["state"]):
        side["remote"] = declared_address(opposite) or _published_address(opposite, facts)
    if side["state"] == READY:
        reason = _missing_from_peer(side, opposite, peer)
        if reason is not None:
            set_pending(side, reason)


def set_pending(side: Side, reason: str) -> None:
    """Make a side wait for its peer."""
    side["state"], side["message"], side["pending_on"] = PENDING, reason, side["peer_host"]


def declared_address(side: Side) -> Optional[Remote]:
    """The address of a side's gateway that is known without its Service."""
    return static_remote(side["exposure"], side["ingress"], side["namespace"])


def to_remote(address: Optional[GatewayFacts], side: Side) -> Optional[Remote]:
    """The address of a side's gateway as read from its Service, with declared parts; None as long as there is none."""
    if not address or not address.get("addresses"):
        return None
    remote: Remote = {
        "addresses": address["addresses"],
        "discoveryPort": address.get("discoveryPort") or conventions.DISCOVERY_PORT,
        "servicePort": address.get("servicePort") or conventions.SERVICE_PORT,
    }
    return with_declared(remote, side["exposure"])


def _use_identity_file(side: Side) -> None:
    identity = side["identity_file"]["identity"] if side["identity_file"] else None
    if identity is not None:
        side["remote"], side["client_id"] = identity["remote"], identity["client_id"]
        side["remote_trust_domain"] = identity["trust_domain"]
    elif side["state"] == READY:
        set_pending(side, missing_file(side["identity_file"]))


def _published_address(side: Side, facts: Optional[Json]) -> Optional[Remote]:
    """The address that a side's gateway has already, as read."""
    service, nodes = dig(facts, "gateway_services", side["ingress"]), dig(facts, "nodes") or []
    return to_remote(read_gateway(service, nodes, side["exposure"]["type"], side["exposure"]["internal"]), side)


def _missing_from_peer(side: Side, opposite: Side, peer: PlannedMesh) -> Optional[str]:
    """What the peer still has to provide before our ServiceMeshPeer can be written, or None."""
    name = peer["mesh"]
    if not peer["readable"]:
        return f"{name} could not be read"
    if opposite["state"] == SKIPPED:
        return f"{name} cannot do its side: {opposite['message']}"
    if side["config_map"] and not peer["root"]:
        return f"{name} has no root certificate yet (ConfigMap istio-ca-root-cert in {peer['namespace']})"
    if peer["in_play"]:
        return None
    if peer["set_trust_domain"]:
        return f"{name} does not have its trust domain {peer['trust_domain']} yet; run federate.yml for {name}"
    if side["remote"] is None or "absent" in opposite["owners"].values():
        return f"{name} has no gateways for {side['mesh']} yet; run federate.yml for {name}"
    return None
