# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of a slot: how it is switched on, what shows that it has taken effect, and the codes that are right for it.

West imports from east, so ``WEST_LINK`` (west watches east) carries the service and ``EAST_LINK`` only watches. A code is right for a
link; a code for a link that a fault does not break is wrong. A fault without codes is none for the federation: a finding is wrong.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lab.sim.ca import Authority

from confusion import access, strangers
from confusion.slots import EXPORTS, IMPORTS, PEER, PLANE, ROLL, SPEED, Mesh, Object, Slot, eventually

#: Directed links of a slot, by the watching mesh and the watched one.
WEST_LINK, EAST_LINK = ("west", "east"), ("east", "west")
THIRD_LINK, FROM_THIRD = ("west", "third"), ("third", "west")
Codes = dict[tuple[str, str], frozenset[str]]
#: Longer than istiod needs for anything that it does without a restart, in product time.
LATER = 1800


#: What the other mesh sees of a broken link: right where the mesh with the cause cannot be read.
SYMPTOMS = frozenset({"peer-unreachable", "port-closed", "identity-refused", "no-route", "peer-unknown-there"})


@dataclass(frozen=True)
class Fault:
    """A fault.

    ``seen`` is true when it has taken effect; together with another fault the effect may never be seen. ``touches`` are the values that
    it sets: two faults that touch one value cannot be on one link. ``early`` faults need a healthy link to be switched on. ``hidden``: the
    value is wrong and nothing is broken yet, so that finding nothing is right too. ``by_probe_only``: no object shows it. ``hides_mesh``: a
    mesh cannot be read, so the doctor may only know what the other one sees. ``needs_third``: the fault is about another link of west too,
    or shows that it is not.
    """

    name: str
    does: str
    switch: Callable[[Slot], object]
    seen: Callable[[Slot], object]
    touches: frozenset[str]
    codes: Codes = field(default_factory=dict)
    early: bool = False
    hidden: bool = False
    by_probe_only: bool = False
    needs_third: bool = False
    hides_mesh: bool = False

    @property
    def is_harmless(self) -> bool:
        """Return whether the federation works all the same."""
        return not self.codes


def can_be_combined(first: Fault, second: Fault) -> bool:
    """Return whether both faults can be on one link."""
    return first.name != second.name and not first.touches & second.touches


def _codes(west: str = "", east: str = "", third: str = "", from_third: str = "") -> Codes:
    texts = {WEST_LINK: west, EAST_LINK: east, THIRD_LINK: third, FROM_THIRD: from_third}
    return {link: frozenset(text.split()) for link, text in texts.items() if text}


FAULTS: dict[str, Fault] = {}


def _then(*steps: Callable[[Slot], object]) -> Callable[[Slot], object]:
    """Return a switch of several steps."""

    def switch(slot: Slot) -> None:
        for step in steps:
            step(slot)

    return switch


def _fault(name: str, does: str, touches: str, codes: Codes | None = None, **more: bool) -> Callable[..., None]:
    def add(switch: Callable[[Slot], object], seen: Callable[[Slot], object]) -> None:
        FAULTS[name] = Fault(name, does, switch, seen, frozenset(touches.split()), codes or {}, **more)

    return add


def _remote(slot: Slot, **remote: object) -> None:
    slot.west.peer(slot.east.name, remote=remote)


def _west_down(*texts: str) -> Callable[[Slot], object]:
    return lambda slot: slot.west.is_down(slot.east.name, *texts)


def _east_down(*texts: str) -> Callable[[Slot], object]:
    return lambda slot: slot.east.is_down(slot.west.name, *texts)


def _both_down(*texts: str) -> Callable[[Slot], object]:
    return lambda slot: _west_down(*texts)(slot) and _east_down(*texts)(slot)


def _up(slot: Slot) -> bool:
    return slot.west.is_connected(slot.east.name) and slot.east.is_connected(slot.west.name)


# -- addresses and ports ---------------------------------------------------------------------------------------------


def _unused(slot: Slot) -> str:
    network = slot.federation.lab.content["clusters"][slot.east.cluster]["addresses"]
    return f"{network.rpartition('.')[0]}.{149 + slot.number % 50}"


def _node(slot: Slot) -> str:
    return str(slot.federation.lab.content["clusters"][slot.east.cluster]["nodes"][0]["address"])


def _change_address(slot: Slot) -> None:
    slot.east.fault("address-changed", gateway=f"ingress-{slot.west.name}")
    slot.west.restart("egress")


_ADDRESS = "address-differs"
_fault("address-unused", "west's peer has an address that nobody uses", "address", _codes(_ADDRESS))(
    lambda slot: _remote(slot, addresses=[_unused(slot)]), _west_down("503")
)
_fault("address-refuses", "west's peer has an address that refuses connections", "address", _codes(_ADDRESS))(
    lambda slot: _remote(slot, addresses=[_node(slot)]), _west_down("503")
)
_fault("address-unresolved", "west's peer has a name that does not resolve", "address", _codes(_ADDRESS))(
    lambda slot: _remote(slot, addresses=["east.nowhere.example"]), _west_down("404", "503")
)
_fault("address-none", "west's peer has no address", "address", _codes(_ADDRESS))(
    lambda slot: _remote(slot, addresses=[]), _west_down("503")
)
_fault(
    "address-changed", "the load balancer of east's gateway gets another address", "address balancer", _codes(_ADDRESS)
)(_change_address, _west_down("503"))
_fault("discovery-port", "west's peer has another discoveryPort", "discovery-port", _codes("port-differs"))(
    lambda slot: _remote(slot, discoveryPort=8189), _west_down("503")
)
_fault("service-port", "west's peer has another servicePort", "service-port", _codes("port-differs"))(
    lambda slot: _remote(slot, servicePort=15444), lambda slot: slot.status_code() == 503
)


def _without_balancer(name: str, **parameters: object) -> Callable[[Slot], None]:
    def switch(slot: Slot) -> None:
        slot.east.fault(name, **parameters)
        slot.east.delete("services", f"ingress-{slot.west.name}")

    return switch


def _has_no_address(slot: Slot) -> bool:
    return bool(slot.east.get("services", f"ingress-{slot.west.name}")) and not slot.address()


_fault("lb-pending", "the cloud gives east's gateway no address", "address balancer", _codes("no-address"))(
    _without_balancer("lb-pending"), _has_no_address
)
_fault("lb-slow", "the cloud has not yet given east's gateway an address", "address balancer", _codes("no-address"))(
    _without_balancer("lb-slow", times=10000), _has_no_address
)

# -- what is at the address ---------------------------------------------------------------------------------------------

_fault(
    "ingress-unreachable", "packets to east's gateway are dropped", "balancer", _codes("peer-unreachable port-closed")
)(lambda slot: slot.east.fault("ingress-unreachable"), _west_down("503"))
_OTHER = _codes("peer-unreachable tls-other")
_fault("other-tls", "another TLS server is at the address of east's gateway", "balancer", _OTHER)(
    strangers.tls, _west_down("503")
)
_fault("other-plain", "a server without TLS is at the address of east's gateway", "balancer", _OTHER)(
    strangers.plain, _west_down("503")
)

# -- identities -------------------------------------------------------------------------------------------------------


def _client(slot: Slot, identity: str) -> None:
    slot.east.peer(slot.west.name, security={"clientID": identity})


def _account(slot: Slot, account: str = "", domain: str = "") -> str:
    return (
        f"{domain or slot.west.trust_domain}/ns/{slot.west.namespace}/sa/"
        f"{account or f'egress-{slot.east.name}-service-account'}"
    )


_CLIENT = _codes("client-id-differs")
_fault("client-account", "clientID in east names another account", "client", _CLIENT)(
    lambda slot: _client(slot, _account(slot, "other-service-account")), _west_down("403")
)
_fault("client-domain", "clientID in east has another trust domain", "client", _CLIENT)(
    lambda slot: _client(slot, _account(slot, domain="other.local")), _west_down("403")
)
_fault("client-scheme", "clientID in east begins with spiffe://", "client", _CLIENT)(
    lambda slot: _client(slot, f"spiffe://{_account(slot)}"), _west_down("403")
)
_fault("client-none", "east's peer has no clientID", "client", _CLIENT)(
    lambda slot: slot.east.peer(slot.west.name, security={"clientID": None}), _west_down("403")
)


def _no_security(slot: Slot) -> None:
    slot.west.peer(slot.east.name, security=None)


_fault(
    "no-security",
    "west's peer has no section security",
    "trust-domain root",
    _codes("trust-domain-differs root-config-map", "client-id-differs trust-domain-differs root-config-map"),
)(_no_security, _east_down("403"))


def _note(slot: Slot, client: str, ingress: str) -> None:
    """Leave the note that federate.yml leaves with a correction: what istiod keeps, and which pods do."""
    pods = slot.east.pods(f"istiod-{slot.east.plane}")
    note = json.dumps({"clientID": client, "ingress": ingress, "pods": pods})
    slot.east.patch(PEER, slot.west.name, {"metadata": {"annotations": {"ossm.federation/istiod-keeps": note}}})


def _keep_client(slot: Slot, noted: bool) -> None:
    """East's istiod starts with a wrong clientID, which is then corrected."""
    wrong = _account(slot, "other-service-account")
    _client(slot, wrong)
    slot.east.restart("istiod")
    eventually(lambda: slot.west.is_down(slot.east.name, "403"), 15)
    if noted:
        _note(slot, wrong, f"ingress-{slot.west.name}")
    _client(slot, _account(slot))
    eventually(lambda: slot.west.is_connected(slot.east.name), 15)


def _keep_ingress(slot: Slot) -> None:
    """East's istiod starts with another ingress gateway, which is then corrected."""
    name = f"ingress-{slot.west.name}"
    slot.east.peer(slot.west.name, gateways={"ingress": {"name": "former-ingress"}})
    slot.east.restart("istiod")
    eventually(lambda: slot.west.is_down(slot.east.name), 15)
    _note(slot, _account(slot), "former-ingress")
    slot.east.peer(slot.west.name, gateways={"ingress": {"name": name}})
    eventually(lambda: slot.west.is_connected(slot.east.name), 15)


def _requests_fail(slot: Slot) -> bool:
    return slot.status_code() == 503 and _up(slot)


_KEPT = _codes("identity-kept")
_fault(
    "kept-client",
    "clientID in east was corrected by federate.yml, and istiod keeps the wrong one",
    "client east-istiod",
    _KEPT,
    early=True,
)(lambda slot: _keep_client(slot, True), _requests_fail)
_fault(
    "kept-client-by-hand",
    "clientID in east was corrected by hand, and istiod keeps the wrong one",
    "client east-istiod",
    _KEPT,
    early=True,
    by_probe_only=True,
)(lambda slot: _keep_client(slot, False), _requests_fail)
_fault(
    "kept-ingress",
    "the ingress gateway in east was corrected by federate.yml, and istiod keeps the wrong one",
    "east-ingress east-istiod",
    _KEPT,
    early=True,
)(_keep_ingress, _requests_fail)

# -- trust domains and roots --------------------------------------------------------------------------------------------


def _trust_domain(slot: Slot) -> None:
    slot.west.peer(slot.east.name, security={"trustDomain": "other.local"})


def _renew_west(slot: Slot) -> None:
    """Let all of west forget what it trusted, so that new connections prove the new values."""
    slot.west.restart("istiod")
    slot.west.restart("egress", "ingress")


_DOMAIN = _codes("trust-domain-differs", "trust-domain-differs")
_fault("trust-domain", "trustDomain in west is wrong since istiod started", "trust-domain", _DOMAIN, needs_third=True)(
    _then(_trust_domain, _renew_west), _both_down("503")
)
_fault(
    "trust-domain-known",
    "trustDomain in west is wrong, and istiod knew the right one",
    "trust-domain",
    _DOMAIN,
    hidden=True,
)(_trust_domain, _up)


def _root(slot: Slot, pem: str) -> None:
    slot.west.patch("configmaps", f"{slot.east.name}-ca-root-cert", {"data": {"root-cert.pem": pem}})


NO_CERTIFICATE = "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n"


def _wrong_root(slot: Slot) -> None:
    _root(slot, Authority.create(slot.east.trust_domain).cert_pem.decode())


_ROOT = _codes("root-differs", "root-differs")
_fault("root-wrong", "the root of east in west is wrong since istiod started", "root", _ROOT, needs_third=True)(
    _then(_wrong_root, _renew_west), _both_down("503")
)
_fault("root-wrong-live", "the root of east in west is wrong, and the link is up", "root", _ROOT, hidden=True)(
    _wrong_root, _up
)
#: The gateways reject the update with all its bundles, so every link of west is down.
_NO_CERTIFICATE = _codes(*["root-config-map root-differs"] * 2, *["root-config-map peer-unreachable"] * 2)
_fault("root-no-certificate", "the ConfigMap in west has no certificate", "root", _NO_CERTIFICATE, needs_third=True)(
    _then(lambda slot: _root(slot, NO_CERTIFICATE), _renew_west),
    _both_down("503"),
)


def _delete_root(slot: Slot) -> None:
    slot.west.delete("configmaps", f"{slot.east.name}-ca-root-cert")


def _forgets(slot: Slot) -> bool:
    return not slot.west.istiod(slot.east.name) and not slot.west.watch(slot.east.name)


_MISSING = _codes("root-config-map", "root-config-map")
_fault(
    "root-missing",
    "the ConfigMap with east's root is missing in west since istiod started",
    "root",
    _MISSING,
    needs_third=True,
)(_then(_delete_root, _renew_west), _forgets)
_fault(
    "root-missing-live",
    "the ConfigMap with east's root is missing in west, and the link is up",
    "root",
    _MISSING,
    hidden=True,
)(_delete_root, _up)


def _chain_in_secret(slot: Slot) -> None:
    slot.west.peer(slot.east.name, security={"certificateChain": {"kind": "Secret"}})
    _renew_west(slot)


_fault("root-in-secret", "west's peer names a Secret for east's root", "root", _MISSING, needs_third=True)(
    _chain_in_secret, _forgets
)
_fault(
    "root-rotated",
    "east has a new root, and west was not prepared",
    "east-root east-istiod",
    _codes("root-differs", "root-differs"),
)(lambda slot: slot.east.fault("root-rotated"), _both_down("503"))
_fault("root-expired", "east's root has expired", "east-root east-istiod", _codes(*["root-expired root-differs"] * 2))(
    lambda slot: slot.east.fault("root-expired"), _both_down("503")
)
_fault(
    "root-invalid",
    "east publishes a root that is no certificate",
    "east-root",
    _codes("root-unreadable", "root-unreadable"),
    hides_mesh=True,
)(
    lambda slot: slot.east.fault("root-invalid"),
    lambda slot: "bm90IGEg" in slot.east.get("configmaps", "istio-ca-root-cert")["data"]["root-cert.pem"],
)

# -- gateways -----------------------------------------------------------------------------------------------------------

_EGRESS = _codes("egress-missing egress-differs")
_fault("egress-name", "west's peer names an egress gateway that does not exist", "egress", _EGRESS)(
    lambda slot: slot.west.peer(slot.east.name, gateways={"egress": {"name": "nope-egress"}}),
    _west_down("no such host"),
)
_fault(
    "egress-other",
    "west's peer names the egress gateway of another peer",
    "egress",
    _codes("egress-differs gateway-shared"),
    needs_third=True,
)(lambda slot: slot.west.peer(slot.east.name, gateways={"egress": {"name": "egress-north"}}), _west_down("403"))
_fault(
    "ingress-name",
    "east's peer names an ingress gateway that does not exist",
    "east-ingress",
    _codes("ingress-missing ingress-differs"),
)(lambda slot: slot.east.peer(slot.west.name, gateways={"ingress": {"name": "nope-ingress"}}), _west_down("503"))
_fault(
    "ingress-shared",
    "west's peer names the ingress gateway of another peer",
    "west-ingress",
    _codes(east="gateway-shared ingress-differs", from_third="gateway-shared ingress-differs"),
    needs_third=True,
)(
    lambda slot: slot.west.peer(slot.east.name, gateways={"ingress": {"name": "ingress-north"}}),
    lambda slot: (
        _east_down("503", "403")(slot) and slot.third is not None and slot.third.is_down(slot.west.name, "403")
    ),
)
_fault("ingress-pods", "east's ingress gateway has no ready pod", "east-pods", _codes("gateway-not-ready"))(
    lambda slot: slot.east.fault("gateways-not-ready", gateway=f"ingress-{slot.west.name}"), _west_down("503")
)
_fault("egress-pods", "west's egress gateway has no ready pod", "west-pods", _codes("gateway-not-ready"))(
    lambda slot: slot.west.fault("gateways-not-ready", gateway=f"egress-{slot.east.name}"), _west_down("refused")
)

_NETWORKS: Object = {
    "name": "west-cluster",
    "network": "west-network",
    "multiCluster": {
        "enabled": True,
        "meshNetworks": {
            "far-network": {
                "endpoints": [{"fromCIDR": "192.0.2.0/24"}],
                "gateways": [{"address": "192.0.2.1", "port": 15443}],
            }
        },
    },
}


def _network_view(slot: Slot) -> None:
    egress = {"additionalEgress": {f"egress-{slot.east.name}": {"requestedNetworkView": ["other-network"]}}}
    slot.west.patch(PLANE, slot.west.plane, {"spec": {"gateways": egress, "cluster": _NETWORKS}})


_fault(
    "network-view",
    "west's egress gateway requests another network, and multi-network is on",
    "view",
    _codes("network-view"),
)(_network_view, lambda slot: slot.status_code() == 503 and slot.west.condition() == "True")

# -- control planes -----------------------------------------------------------------------------------------------------


def _never_ready(mesh: Mesh) -> None:
    mesh.fault("operator-never-ready")
    mesh.patch(PLANE, mesh.plane, {"spec": {"addons": {"prometheus": {"enabled": True}}}})


def _plane_codes(mesh: str) -> Codes:
    """Return the codes of a control plane that is not ready: for all links of the mesh."""
    links = [link for link in (WEST_LINK, EAST_LINK, THIRD_LINK, FROM_THIRD) if mesh in link]
    return {link: frozenset({"control-plane-not-ready"}) for link in links}


_fault("west-never-ready", "west's control plane does not become ready", "west-plane view", _plane_codes("west"))(
    lambda slot: _never_ready(slot.west), lambda slot: slot.west.condition() == "False"
)
_fault("east-never-ready", "east's control plane does not become ready", "east-plane", _plane_codes("east"))(
    lambda slot: _never_ready(slot.east), lambda slot: slot.east.condition() == "False"
)
_fault(
    "west-istiod-down",
    "west's istiod is not ready",
    "west-plane west-istiod trust-domain root",
    _plane_codes("west"),
    needs_third=True,
)(
    lambda slot: slot.west.fault("istiod-not-ready"),
    lambda slot: slot.west.condition() == "False" and _east_down("503")(slot),
)
_fault("east-istiod-down", "east's istiod is not ready", "east-plane east-istiod east-root", _plane_codes("east"))(
    lambda slot: slot.east.fault("istiod-not-ready"),
    lambda slot: slot.east.condition() == "False" and _west_down("503")(slot),
)

# -- peers and sets -------------------------------------------------------------------------------------------------------


def _peer_missing_there(slot: Slot) -> None:
    slot.east.delete(EXPORTS, slot.west.name)
    eventually(lambda: not (slot.east.istiod(slot.west.name) or {"exports": 0})["exports"], 15)
    slot.east.delete(PEER, slot.west.name)


_fault(
    "peer-missing-there",
    "east has no peer for west",
    "client east-ingress exports east-peer",
    _codes("absent set-missing", "absent"),
    early=True,
)(_peer_missing_there, lambda slot: not slot.east.istiod(slot.west.name) and _west_down("404", "503", "400")(slot))
_fault(
    "peer-missing-here",
    "west has no peer for east",
    "address discovery-port service-port egress west-ingress root trust-domain west-peer",
    _codes("absent", "absent"),
    early=True,
)(
    lambda slot: slot.west.delete(PEER, slot.east.name),
    lambda slot: not slot.west.istiod(slot.east.name) and _east_down("404", "503", "400")(slot),
)


def _deadlock(slot: Slot) -> None:
    slot.east.recreate(PEER, slot.west.name)
    eventually(lambda: slot.west.is_down(slot.east.name, "400"), 15)
    _age(slot.east)
    _age(slot.west)


_fault(
    "deadlock",
    "east's peer was deleted while it exported, and created again",
    "client east-ingress exports east-peer east-istiod east-root",
    _codes("deadlock peer-lost peer-unknown-there", "deadlock peer-lost"),
    early=True,
)(
    _deadlock,
    _west_down("400"),
)


def _age(mesh: Mesh) -> None:
    """Let all objects of a mesh be older than anything that istiod still does by itself."""
    mesh.lab.backdate(LATER, mesh.name)


def _lose_peer(slot: Slot) -> None:
    """West's peer is created again while a full sync of west fails."""
    slot.east.fault("ingress-unreachable")
    eventually(lambda: slot.west.istiod(slot.east.name).get("sync_fails"), 20)
    slot.west.recreate(PEER, slot.east.name)
    eventually(lambda: slot.west.istiod(slot.east.name).get("deadlocked"), 10)
    slot.federation.lab.ask({"verb": "fault", "name": "ingress-unreachable", "mesh": slot.east.name, "on": False})
    eventually(lambda: slot.west.is_connected(slot.east.name), 20)
    eventually(lambda: slot.west.istiod(slot.east.name).get("locked"), 10)
    _age(slot.west)


_fault(
    "sync-lock",
    "west's peer was created again while a full sync failed",
    "address discovery-port service-port balancer egress west-ingress root trust-domain west-peer imports",
    _codes("sync-lock peer-lost not-synced", "peer-lost sync-lock"),
    early=True,
    hidden=True,
)(_lose_peer, lambda slot: slot.west.istiod(slot.east.name).get("deadlocked"))


def _stale_imports(slot: Slot) -> None:
    """The second import set has the generation of the first, which istiod has dropped."""
    former = slot.west.delete(IMPORTS, slot.east.name)
    eventually(lambda: slot.status_code() == 503, 20)
    slot.west.create(IMPORTS, former)
    time.sleep(SETTLE_WRITES)
    _age(slot.west)


_fault(
    "imports-ignored",
    "west's import set was created again, and istiod ignores it",
    "imports",
    _codes("imports-stale not-imported"),
    early=True,
)(_stale_imports, lambda slot: not slot.west.imported(slot.east.name))


def _stale_sync(slot: Slot) -> None:
    slot.west.fault("sync-fails")
    slot.west.peer(slot.east.name, remote={"discoveryPort": 8188, "servicePort": 15443})
    time.sleep(SETTLE_WRITES)
    _age(slot.west)


#: Seconds in which istiod has written the status of a change that it has read, with the lab's clocks.
SETTLE_WRITES = 60 / SPEED
_fault(
    "sync-stale",
    "full syncs of west fail, and its watches stay connected",
    "sync west-istiod root trust-domain discovery-port service-port",
    _codes("not-synced sync-stale sync-lock", third="not-synced sync-stale sync-lock"),
    early=True,
    needs_third=True,
)(_stale_sync, lambda slot: slot.west.istiod(slot.east.name).get("sync_fails"))


def _imports_nothing(slot: Slot) -> bool:
    return not slot.west.imported(slot.east.name)


def _exports_nothing(slot: Slot) -> bool:
    return not slot.east.exported(slot.west.name) and _imports_nothing(slot)


_fault("exports-missing", "east has no export set for west", "exports", _codes("set-missing import-unoffered"))(
    lambda slot: slot.east.delete(EXPORTS, slot.west.name), _exports_nothing
)
_fault(
    "exports-other",
    "east's export set names another service",
    "exports",
    _codes("rules-differ import-unoffered service-missing"),
)(
    lambda slot: slot.east.patch(EXPORTS, slot.west.name, {"spec": {"exportRules": [_rule(slot.east.app, "other")]}}),
    _exports_nothing,
)
_fault("imports-missing", "west has no import set for east", "imports", _codes("set-missing"))(
    lambda slot: slot.west.delete(IMPORTS, slot.east.name), _imports_nothing
)
_fault("imports-other", "west's import set names another service", "imports", _codes("rules-differ import-unoffered"))(
    lambda slot: slot.west.patch(IMPORTS, slot.east.name, {"spec": {"importRules": [_rule(slot.east.app, "other")]}}),
    _imports_nothing,
)


def _rule(namespace: str, name: str, alias: tuple[str, str] | None = None) -> Object:
    selector: Object = {"namespace": namespace, "name": name}
    if alias:
        selector["alias"] = {"namespace": alias[0], "name": alias[1]}
    return {"type": "NameSelector", "nameSelector": selector}


_fault(
    "not-member",
    "the exported namespace is no member of east",
    "members",
    _codes("namespace-not-member import-unoffered"),
)(lambda slot: slot.east.patch(ROLL, "default", {"spec": {"members": []}}), _exports_nothing)
_fault("service-missing", "the exported service does not exist", "service", _codes("service-missing import-unoffered"))(
    lambda slot: slot.east.delete("services", "ratings", slot.east.app), _exports_nothing
)
_fault("service-ports", "the exported service has two ports", "service", _codes("export-ports"))(
    lambda slot: slot.east.patch(
        "services",
        "ratings",
        {"spec": {"ports": [{"name": name, "port": port} for name, port in (("http", 9080), ("grpc", 9090))]}},
        slot.east.app,
    ),
    lambda slot: slot.status_code() == 503,
)


def _collide(slot: Slot) -> None:
    assert slot.third is not None
    rule = _rule(slot.third.app, "ratings", (slot.east.app, "ratings"))
    slot.third.patch(EXPORTS, slot.west.name, {"spec": {"exportRules": [rule]}})
    slot.west.patch(IMPORTS, slot.third.name, {"spec": {"importRules": [_rule(slot.east.app, "ratings")]}})


_fault(
    "collision",
    "another mesh exports the same name to west",
    "third-sets",
    _codes("export-collision", third="export-collision rules-differ"),
    needs_third=True,
)(_collide, lambda slot: slot.status_code() == 503)

# -- access to the API servers --------------------------------------------------------------------------------------------

for _side in ("west", "east"):
    for _name, _does, _switch, _code in access.FAULTS:
        _links = [link for link in (WEST_LINK, EAST_LINK, THIRD_LINK, FROM_THIRD) if _side in link]
        _fault(
            f"{_side}-{_name}",
            f"{_side}: {_does}",
            f"{_side}-access",
            {link: frozenset({_code}) for link in _links},
            hides_mesh=True,
        )(_switch(_side), lambda slot: True)

# -- what is no fault of the federation -------------------------------------------------------------------------------------


def _pods(mesh: Mesh, number: int) -> None:
    mesh.fault("istiod-pods", number=number)


for _side in ("west", "east"):
    _fault(f"{_side}-istiod-pods", f"{_side} has three istiod pods", f"{_side}-istiod", needs_third=True)(
        lambda slot, side=_side: _pods(getattr(slot, side), 3),
        lambda slot, side=_side: len(getattr(slot, side).pods(f"istiod-{getattr(slot, side).plane}")) == 3,
    )
    _fault(
        f"{_side}-stale-pod",
        f"{_side}'s status has an entry of a terminated istiod pod",
        f"{_side}-istiod",
        needs_third=True,
    )(lambda slot, side=_side: getattr(slot, side).fault("stale-pods"), lambda slot: True)
    _fault(
        f"{_side}-restarted",
        f"{_side}'s istiod and gateways were restarted",
        f"{_side}-istiod {_side}-pods root trust-domain",
        needs_third=True,
    )(lambda slot, side=_side: getattr(slot, side).restart("istiod", "egress", "ingress"), _up)
_fault("address-twice", "west's peer has east's address twice", "address")(
    lambda slot: _remote(slot, addresses=[slot.address()] * 2), _up
)
_fault("ports-written", "west's peer has the default ports written out", "discovery-port service-port")(
    lambda slot: _remote(slot, discoveryPort=8188, servicePort=15443), _up
)
_fault("view-plain", "west's egress gateway requests another network, and multi-network is off", "view")(
    lambda slot: slot.west.patch(
        PLANE,
        slot.west.plane,
        {"spec": {"gateways": {"additionalEgress": {f"egress-{slot.east.name}": {"requestedNetworkView": ["other"]}}}}},
    ),
    lambda slot: slot.west.condition() == "True" and _up(slot),
)
