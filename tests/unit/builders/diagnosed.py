# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A healthy federation of three meshes as doctor.yml reads it, and what breaks it."""

from __future__ import annotations

import copy
import functools
from typing import Any

from unit.builders import federations as fed, settled
from unit.builders.certificates import certificate

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprints_in
from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import ROOT_ANNOTATION
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import normalise_bundle
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor import diagnosis, network, readings
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor.types import DiagnosedCause, Diagnosis, Ladder
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
SOON, LATER = "2026-01-01T00:01:00Z", "2026-01-01T00:10:00Z"


@functools.cache
def root_of(host: str) -> str:
    """A real root certificate of a mesh."""
    return normalise_bundle(certificate(host))


@functools.cache
def _federated() -> tuple[Any, dict[str, Json]]:
    declaration, facts = settled.federated()
    for host, read in facts.items():
        read["members"] = ["bookinfo"]
        read["root"] = root_of(host)
        read["fingerprints"] = sorted(fingerprints_in(read["root"]))
        for config_map in read["config_maps"]:
            config_map["kind"] = "ConfigMap"
            peer = config_map["metadata"]["name"].removesuffix("-ca-root-cert")
            config_map["data"]["root-cert.pem"] = root_of(peer)
        for peer in read["peers"]:
            peer["metadata"]["creationTimestamp"] = settled.APPLIED_AT
            trusted = ",".join(sorted(fingerprints_in(root_of(peer["metadata"]["name"]))))
            peer["metadata"]["annotations"][ROOT_ANNOTATION] = trusted
        gateways = read["control_plane"]["object"]["spec"]["gateways"]
        names = [name for kind in ("additionalIngress", "additionalEgress") for name in gateways[kind]]
        read["gateway_pods"] = {name: [{"name": f"{name}-1", "ready": True, "message": ""}] for name in names}
    return declaration, facts


class Federation:
    """The facts of three meshes by host; a test changes them, and asks for the diagnosis."""

    def __init__(self) -> None:
        self.declaration, self.facts = copy.deepcopy(_federated())
        self.network: dict[str, Json] = {}
        self.probes: dict[str, Json] = {}

    def peer(self, host: str, peer: str) -> Json:
        """The ServiceMeshPeer of a mesh."""
        return self.live(host, "peers", peer)

    def live(self, host: str, collection: str, name: str) -> Json:
        """A live object."""
        return next(one for one in self.facts[host][collection] if one["metadata"]["name"] == name)

    def remove(self, host: str, collection: str, name: str) -> None:
        """Delete a live object."""
        self.facts[host][collection].remove(self.live(host, collection, name))

    def gateways(self, host: str, kind: str) -> Json:
        """The additional gateways of a control plane."""
        return self.facts[host]["control_plane"]["object"]["spec"]["gateways"][kind]

    def down(self, host: str, peer: str, text: str = "503 Service Unavailable", **watch: Any) -> None:
        """Let the watch of a mesh be closed for a reason."""
        pod = self.facts[host]["istiod"][0]["name"]
        closed = {"connected": False, "lastConnected": SOON, "lastDisconnectStatus": text, **watch}
        self.peer(host, peer)["status"] = {"discoveryStatus": {"inactive": [{"pod": pod, "watch": closed}]}}

    def diagnose(self) -> Diagnosis:
        """What doctor.yml finds."""
        plan = preflight.checked_plan(self.declaration, self.facts, "doctor", fed.NOW)
        read = readings.read_links(plan, self.facts)
        return diagnosis.diagnose(plan, self.facts, read, self.network, self.probes)

    def answers(self, host: str, peer: str, **row: Any) -> None:
        """Let network_check of a mesh see something at the address of a peer, by default its gateway."""
        plan = preflight.checked_plan(self.declaration, self.facts, "doctor", fed.NOW)
        target = next(one for one in network.targets(plan, host, self.facts) if one["peer"] == peer)
        seen = {
            "peer": peer,
            "address": target["addresses"][0],
            "port": target["port"],
            "resolved": target["addresses"][:1],
            "resolve_message": "",
            "connected": target["addresses"][:1],
            "connect_message": "",
            "tls": True,
            "tls_message": "",
            "identity": f"{peer}.local/ns/{peer}-system/sa/ingress-{host}-service-account",
            "names": [],
            "subject": "",
            "issuer": f"O={peer}",
            "sha256": "00" * 32,
            "not_after": "2027-01-01T00:00:00Z",
            "trusted": True,
            "trust_message": "",
            **row,
        }
        self.network[host] = {"checks": [seen]}


def causes(found: Diagnosis) -> dict[str, DiagnosedCause]:
    """The causes by code; each code once."""
    by_code = {cause["codes"][0]: cause for cause in found["causes"]}
    assert len(by_code) == len(found["causes"]), [cause["codes"] for cause in found["causes"]]
    return by_code


def ladder(found: Diagnosis, host: str, peer: str) -> Ladder:
    """The ladder of a link."""
    return next(one for one in found["ladders"] if (one["from"], one["to"]) == (host, peer))


def states(found: Diagnosis, host: str, peer: str) -> dict[str, str]:
    """The state of each rung of a link."""
    return {rung["rung"]: rung["state"] for rung in ladder(found, host, peer)["rungs"]}
