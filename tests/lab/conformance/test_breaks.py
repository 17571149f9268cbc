# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Causes of broken links, their status, and their repair. Green watches red unless stated otherwise."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.conformance.conftest import Meshes
from lab.conformance.kube import Clock
from lab.conformance.links import Link, Pair
from lab.conformance.mesh import Mesh
from lab.conformance.objects import (
    PEER,
    assert_immediate,
    disconnect_status,
    entries,
    fails_with,
    is_connected,
    is_disconnected,
    is_watched,
)


def disconnect_statuses(link: Link, since: float) -> list[str]:
    """Return the distinct disconnect statuses of the watch while it was not connected, in order."""
    statuses: list[str] = []
    for seen in link.mesh.watch(PEER).versions(link.name, since):
        status = disconnect_status(seen.body or {})
        if is_disconnected(seen.body or {}) and statuses[-1:] != [status]:
            statuses.append(status)
    return statuses


def assert_connected(link: Link) -> None:
    """Assert that a link is connected and that both sides report it."""
    link.until_connected(60)
    link.reverse.until(is_watched, 60, expected="a connected remote")


def unused(mesh: Mesh) -> str:
    """Return an unused address of the mesh's cluster."""
    return f"{mesh.lab.content['clusters'][mesh.cluster]['addresses'].rpartition('.')[0]}.149"


def node(mesh: Mesh) -> str:
    """Return the address of a node, which refuses connections to unused ports."""
    return str(mesh.lab.content["clusters"][mesh.cluster]["nodes"][0]["address"])


def connect_and_settle(pair: Pair, clock: Clock) -> None:
    """Connect the two meshes and wait until all pushes to the gateways are complete."""
    pair.federate(sets=False)
    clock.sleep(10)


@pytest.mark.observation("breaks-unused-ip", "short-08", "short-06")
def test_unused_address(pair: Pair, clock: Clock) -> None:
    """404 of the own egress gateway, 503 after a connect timeout of 13 s; the right address repairs the link."""
    connect_and_settle(pair, clock)
    since = pair.second.peer(remote={"addresses": [unused(pair.first.mesh)]})
    pair.second.until_disconnect_status("404", since=since)
    seen = pair.second.until_disconnect_status("503", seconds=60, since=since)
    assert clock.product(seen.moment - since) >= 10, "503 is reported after the connect timeout"
    assert_connected(pair.first)
    pair.second.peer()
    pair.second.until_connected(150)


@pytest.mark.observation("breaks-refusing", "short-08")
def test_refusing_address(pair: Pair, clock: Clock) -> None:
    """404, then immediately 503."""
    connect_and_settle(pair, clock)
    since = pair.second.peer(remote={"addresses": [node(pair.first.mesh)]})
    pair.second.until_disconnect_status("404", since=since)
    assert_immediate(since, pair.second.until_disconnect_status("503", since=since).moment)
    assert_connected(pair.first)
    pair.second.peer()
    pair.second.until_connected(150)


@pytest.mark.observation("breaks-unresolved")
def test_unresolvable_name(pair: Pair, clock: Clock) -> None:
    """404, then no further status for 30 s."""
    connect_and_settle(pair, clock)
    since = pair.second.peer(remote={"addresses": ["red.nowhere.example"]})
    pair.second.until_disconnect_status("404", since=since)
    pair.second.mesh.never(
        PEER, "red", lambda body: is_connected(body) or "503" in disconnect_status(body), 25, "another status"
    )
    assert_connected(pair.first)
    pair.second.peer()
    pair.second.until_connected(150)


@pytest.mark.observation("breaks-port", "short-08")
def test_wrong_port(pair: Pair, clock: Clock) -> None:
    """404, then 503; the right port repairs the link."""
    connect_and_settle(pair, clock)
    since = pair.second.peer(remote={"discoveryPort": 8189})
    pair.second.until_disconnect_status("404", since=since)
    pair.second.until_disconnect_status("503", since=since)
    assert_connected(pair.first)
    pair.second.peer()
    pair.second.until_connected(150)


@pytest.mark.observation("breaks-client-account", "breaks-client-domain", "breaks-client-scheme")
@pytest.mark.parametrize(
    "identity",
    [
        "{domain}/ns/{namespace}/sa/other-egress-service-account",
        "other.local/ns/{namespace}/sa/red-egress-service-account",
        "spiffe://{domain}/ns/{namespace}/sa/red-egress-service-account",
        "",
    ],
    ids=["account", "domain", "scheme", "none"],
)
def test_wrong_client_id(pair: Pair, identity: str) -> None:
    """Red rejects green's egress gateway with 403; red's own watch of green is connected."""
    green = pair.second.mesh
    pair.trust()
    pair.second.peer()
    pair.first.peer(security={"clientID": identity.format(domain=green.trust_domain, namespace=green.namespace)})
    pair.second.until_disconnect_status("403 Forbidden")
    assert_connected(pair.first)
    pair.first.peer()
    pair.until_connected(150)


@pytest.mark.observation("breaks-trust-domain-fresh", "short-08", "short-06")
def test_wrong_trust_domain_of_new_peer(pair: Pair) -> None:
    """Green has red's root for another trust domain: 503 in both directions."""
    pair.trust()
    pair.first.peer()
    pair.second.peer(security={"trustDomain": "other.local"})
    for link in pair.links:
        link.until_disconnect_status("503")
        link.never_connected(40)
    pair.second.peer()
    pair.until_connected(150)


@pytest.mark.observation("breaks-trust-domain-known")
def test_trust_domain_changed_to_wrong_value(pair: Pair) -> None:
    """istiod keeps the old trust bundle, so that new connections are accepted as well."""
    pair.federate(sets=False)
    pair.second.peer(security={"trustDomain": "other.local"})
    for mesh in pair.meshes:
        mesh.restart(f"{'green' if mesh is pair.meshes[0] else 'red'}-egress")
    pair.until_connected(150)
    for link in pair.links:
        link.never_down(30)


@pytest.mark.observation("breaks-root", "short-08", "short-06")
def test_wrong_root(pair: Pair) -> None:
    """Green has its own root instead of red's: 503 in both directions; the right root repairs both links."""
    pair.first.trust()
    pair.second.trust(pair.second.mesh.root())
    pair.peers()
    for link in pair.links:
        link.until_disconnect_status("503")
        link.never_connected(40)
    pair.second.trust()
    pair.until_connected(150)


@pytest.mark.observation("breaks-root-missing", "rotation-late", "short-11")
def test_missing_root_of_new_peer(pair: Pair, clock: Clock) -> None:
    """Green's status stays empty, red gets 503; the config map is read at the next reconcile, within 60 s."""
    pair.first.trust()
    pair.peers()
    pair.first.until_disconnect_status("503")
    pair.second.mesh.never(PEER, "red", lambda body: body and entries(body), 70, "a status")
    begin = time.monotonic()
    pair.second.trust()
    pair.second.until(entries, 65, expected="a status at the next reconcile")
    pair.until_connected(150, since=begin)


@pytest.mark.observation("breaks-chain-kind")
def test_certificate_chain_in_a_secret(pair: Pair) -> None:
    """A certificateChain of kind Secret is accepted and never read; the status stays empty."""
    pair.first.trust()
    pair.first.peer()
    pair.second.peer(security={"certificateChain": {"kind": "Secret", "name": "red-ca-root-cert"}})
    pair.second.mesh.never(PEER, "red", lambda body: body and entries(body), 130, "a status")


@pytest.mark.observation("breaks-egress-name")
def test_missing_egress_gateway(pair: Pair) -> None:
    """The status has the message of Go's HTTP client about the name."""
    pair.federate(sets=False)
    since = pair.second.peer(gateways={"egress": {"name": "nope-egress"}})
    body = pair.second.until_disconnect_status("no such host", since=since).body or {}
    host = f"nope-egress.{pair.second.mesh.namespace}.svc.cluster.local"
    assert disconnect_status(body).startswith(f'Get "http://{host}:8188/v1/watch": dial tcp: lookup {host}')
    assert_connected(pair.first)
    pair.second.peer()
    pair.second.until_connected(150)


@pytest.mark.observation("breaks-shared-ingress", "short-10")
def test_two_peers_on_one_ingress_gateway(meshes: Meshes, clock: Clock) -> None:
    """Blue's peer in red has green's gateway: both are rejected, green once its old connection is drained."""
    green_pair, blue_pair = meshes.pair, Pair(meshes.red, meshes.blue)
    green_pair.federate(sets=False)
    blue_pair.trust()
    addresses, dummy, dummy = meshes.red.address("green-ingress")
    blue_pair.second.peer(remote={"addresses": addresses})
    begin = blue_pair.first.peer(gateways={"ingress": {"name": "green-ingress"}})
    blue_pair.second.until_disconnect_status("403", "503")
    seen = green_pair.second.until_disconnect_status("403", "503", seconds=120, since=begin)
    assert clock.product(seen.moment - begin) >= 35, "an established link stays connected until it is drained"
    for link in (green_pair.second, blue_pair.second):
        link.until_disconnect_status("403", seconds=120)
    for link in (green_pair.first, blue_pair.first):
        assert_connected(link)
    blue_pair.first.peer()
    blue_pair.second.peer()
    for link in (green_pair.second, blue_pair.second):
        link.until_connected(150)


@pytest.mark.observation("breaks-peer-missing", "deletion-peer")
def test_missing_peer_on_the_other_side(pair: Pair) -> None:
    """Red's peer is deleted: green gets 400 Bad Request, later 404 or 503; a new peer repairs the link."""
    pair.federate(sets=False)
    pair.first.mesh.delete(PEER, "green")
    since = time.monotonic()
    pair.second.until(is_disconnected, 120)
    pair.second.until(fails_with("404", "503"), 120)
    assert any("400 Bad Request" in status for status in disconnect_statuses(pair.second, since)), disconnect_statuses(
        pair.second, since
    )
    assert not is_watched(pair.second.read()), "green's status reports that red does not watch it any more"
    pair.first.peer()
    pair.until_connected(150)


@pytest.mark.observation("breaks-no-security")
def test_peer_without_security(pair: Pair) -> None:
    """Green's peer has no security: green's watch is connected, red's is rejected."""
    pair.federate(sets=False)
    pair.second.mesh.delete(PEER, "red")
    pair.first.until(is_disconnected, 120)
    pair.second.peer(security=None)
    pair.second.until_connected(150)
    pair.first.until_disconnect_status("403", seconds=150)
    pair.second.until(lambda body: is_connected(body) and not is_watched(body), 60, expected="watching only")


ROUTE_CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("address", {"remote": {"addresses": ["127.0.0.9"]}}),
    ("port", {"remote": {"discoveryPort": 8189}}),
    ("egress", {"gateways": {"egress": {"name": "nope-egress"}}}),
]
TRUST_CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("clientID", {"security": {"clientID": "x.local/ns/x/sa/x"}}),
    ("trustDomain", {"security": {"trustDomain": "x.local"}}),
]


@pytest.mark.observation("breaks-running-watch")
@pytest.mark.parametrize(
    "change", [value for dummy, value in ROUTE_CHANGES], ids=[name for name, dummy in ROUTE_CHANGES]
)
def test_changed_route_disconnects_running_watch(pair: Pair, change: dict[str, Any]) -> None:
    """A changed address, port or gateway disconnects the watch immediately."""
    pair.federate(sets=False)
    since = pair.second.peer(**change)
    assert_immediate(since, pair.second.until(is_disconnected, 60, since).moment)


@pytest.mark.observation("breaks-running-watch", "short-11")
@pytest.mark.parametrize(
    "change", [value for dummy, value in TRUST_CHANGES] + [None], ids=[name for name, dummy in TRUST_CHANGES] + ["root"]
)
def test_changed_trust_keeps_running_watch(pair: Pair, change: dict[str, Any] | None) -> None:
    """A changed clientID, trust domain or root does not affect connected links at first."""
    pair.federate(sets=False)
    if change is None:
        pair.second.trust(pair.second.mesh.root())
    else:
        pair.second.peer(**change)
    for link in pair.links:
        link.never_down(18)


@pytest.mark.observation("breaks-drain", "live-client-id")
def test_wrong_client_id_disconnects_after_the_drain(pair: Pair, clock: Clock) -> None:
    """Connected for about 46 s, then 200 OK and 403; requests always succeed; corrected: connected after 8 s."""
    pair.federate()
    begin = pair.first.peer(security={"clientID": "x.local/ns/x/sa/x-service-account"})
    end = pair.second.until(is_disconnected, 90, begin)
    assert 40 <= clock.product(end.moment - begin) <= 100
    pair.second.until_disconnect_status("403 Forbidden", seconds=60, since=begin)
    assert disconnect_statuses(pair.second, begin)[0].startswith("200 OK"), disconnect_statuses(pair.second, begin)
    assert pair.second.mesh.status_codes(pair.second.host()) == [200] * 4, "service traffic keeps the first clientID"
    pair.first.peer()
    pair.second.until_connected(150)
