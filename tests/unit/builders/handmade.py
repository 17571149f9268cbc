# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Federations as they are read where people made them: what the planner makes, without our labels, notes and field managers."""

from __future__ import annotations

from typing import Any

import yaml
from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.adoption import adopt
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt.types import Adopted
from ansible_collections.ossm.federation.plugins.plugin_utils._model import types as model_types

Json = dict[str, Any]
Facts = dict[str, Json]
KUBECTL = "kubectl"
COLLECTIONS = ("peers", "exports", "imports", "config_maps")


def federated(declared: model_types.Declaration, platforms: dict[str, str] | None = None) -> Facts:
    """The facts of a declared federation as of one by hand, with addresses and connected links."""
    facts = {host: fed.facts(host, (platforms or {}).get(host, "AWS")) for host in declared["hosts"]}
    planned, _objects = fed.federate(declared, facts)
    addresses = fed.opened(planned)
    for host, mesh in planned["meshes"].items():
        for gateway in mesh["gateways"]:
            settled.open_gateway(facts[host], gateway, addresses[host]["gateways"][gateway["name"]]["addresses"])
            _expose(facts[host], gateway, addresses[host]["gateways"][gateway["name"]])
    for read in facts.values():
        _strip(read)
        for peer in read["peers"]:
            watch = {"connected": True, "lastConnected": settled.SYNCED_AT, "lastFullSync": settled.SYNCED_AT}
            peer["status"] = {"discoveryStatus": {"active": [{"pod": read["istiod"][0]["name"], "watch": watch}]}}
    return facts


def _expose(read: Json, gateway: Json, address: Json) -> None:
    """Give the Service of a gateway its type and its node ports."""
    service = read["gateway_services"][gateway["name"]]
    service["spec"]["type"] = gateway["exposure"]
    service["metadata"]["labels"] = {"maistra.io/owner": read["namespace"]}
    if gateway["exposure"] == "NodePort":
        for port, key in zip(service["spec"]["ports"], ("servicePort", "discoveryPort")):
            port["nodePort"] = address[key]
        read["nodes"] = [{"name": "node", "addresses": address["addresses"]}]


def _strip(read: Json) -> None:
    plane = read["control_plane"]
    plane["owners"] = {path: [KUBECTL] for path in plane["owners"]}
    for item in (plane["object"], *(one for collection in COLLECTIONS for one in read[collection])):
        for key in ("labels", "annotations"):
            item["metadata"].pop(key, None)
        item.pop("applied", None)
        item["managers"] = [KUBECTL]


def adopted(facts: Facts, inventory: dict[str, Json] | None = None) -> Adopted:
    """What adopt.yml makes of them; the inventory of the run has nothing but access."""
    variables = fed.inventory(*sorted(facts)) if inventory is None else inventory
    return adopt(fed.declare(variables), facts, variables, fed.NOW)


def variables(found: Adopted) -> dict[str, Json]:
    """The variables of all hosts as Ansible reads them from the written files."""
    parsed = {name: yaml.safe_load(text) for name, text in found["files"].items() if name.endswith(".yml")}
    hosts = parsed["hosts.yml"]["all"]["children"]["federation"]["hosts"]
    options = parsed.get("group_vars/federation.yml", {})
    return {host: {**options, **access, **parsed[f"host_vars/{host}.yml"]} for host, access in hosts.items()}
