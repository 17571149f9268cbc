# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What breaks a link, how it looks, and what brings it back. Green watches red, where not stated otherwise."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lab.conformance.conftest import Grounds
from lab.conformance.kube import Clock
from lab.conformance.mesh import (
    PEER,
    Link,
    Mesh,
    Pair,
    connected,
    disconnected,
    entries,
    failing,
    soon,
    text,
    visited,
)


def texts(link: Link, since: float) -> list[str]:
    """Return the different texts of the watch while it was not connected, in order."""
    found: list[str] = []
    for sight in link.mesh.see(PEER).sights(link.name, since):
        one = text(sight.body or {})
        if disconnected(sight.body or {}) and found[-1:] != [one]:
            found.append(one)
    return found


def stays_up(link: Link) -> None:
    """See that the other way is connected, and told so by both sides."""
    link.until_connected(60)
    link.back.until(visited, 60, words="a connected remote")


def unused(mesh: Mesh) -> str:
    """Return an address of the mesh's cluster that nobody has."""
    return f"{mesh.lab.content['clusters'][mesh.cluster]['addresses'].rpartition('.')[0]}.149"


def node(mesh: Mesh) -> str:
    """Return a node's address: it refuses connections to ports that nobody serves."""
    return str(mesh.lab.content["clusters"][mesh.cluster]["nodes"][0]["address"])


def settled(pair: Pair, clock: Clock) -> None:
    """Connect the two and wait until the gateways were told everything: what comes then is told to them anew."""
    pair.join(sets=False)
    clock.sleep(10)


@pytest.mark.row("breaks-unused-ip", "short-08", "short-06")
def test_unused_address(pair: Pair, clock: Clock) -> None:
    """404 from the own egress gateway, 503 after a connect timeout of 13 s; repaired by the right address."""
    settled(pair, clock)
    since = pair.here.peer(remote={"addresses": [unused(pair.there.mesh)]})
    pair.here.until_text("404", since=since)
    sight = pair.here.until_text("503", seconds=60, since=since)
    assert clock.product(sight.moment - since) >= 10, "503 comes with the connect timeout"
    stays_up(pair.there)
    pair.here.peer()
    pair.here.until_connected(150)


@pytest.mark.row("breaks-refusing", "short-08")
def test_refusing_address(pair: Pair, clock: Clock) -> None:
    """404, then 503 at once."""
    settled(pair, clock)
    since = pair.here.peer(remote={"addresses": [node(pair.there.mesh)]})
    pair.here.until_text("404", since=since)
    soon(since, pair.here.until_text("503", since=since).moment)
    stays_up(pair.there)
    pair.here.peer()
    pair.here.until_connected(150)


@pytest.mark.row("breaks-unresolved")
def test_name_that_does_not_resolve(pair: Pair, clock: Clock) -> None:
    """404, then nothing more for 30 s."""
    settled(pair, clock)
    since = pair.here.peer(remote={"addresses": ["red.nowhere.example"]})
    pair.here.until_text("404", since=since)
    pair.here.mesh.never(PEER, "red", lambda body: connected(body) or "503" in text(body), 25, "something more")
    stays_up(pair.there)
    pair.here.peer()
    pair.here.until_connected(150)


@pytest.mark.row("breaks-port", "short-08")
def test_wrong_port(pair: Pair, clock: Clock) -> None:
    """404, 503; the right port brings it back."""
    settled(pair, clock)
    since = pair.here.peer(remote={"discoveryPort": 8189})
    pair.here.until_text("404", since=since)
    pair.here.until_text("503", since=since)
    stays_up(pair.there)
    pair.here.peer()
    pair.here.until_connected(150)


@pytest.mark.row("breaks-client-account", "breaks-client-domain", "breaks-client-scheme")
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
    """Red does not know green's egress gateway: 403; red's own watch of green is connected."""
    green = pair.here.mesh
    pair.trust()
    pair.here.peer()
    pair.there.peer(security={"clientID": identity.format(domain=green.trust_domain, namespace=green.namespace)})
    pair.here.until_text("403 Forbidden")
    stays_up(pair.there)
    pair.there.peer()
    pair.until_connected(150)


@pytest.mark.row("breaks-trust-domain-fresh", "short-08", "short-06")
def test_wrong_trust_domain_from_the_beginning(pair: Pair) -> None:
    """Green has red's root under another domain: 503 both ways."""
    pair.trust()
    pair.there.peer()
    pair.here.peer(security={"trustDomain": "other.local"})
    for link in pair.links:
        link.until_text("503")
        link.never_connected(40)
    pair.here.peer()
    pair.until_connected(150)


@pytest.mark.row("breaks-trust-domain-known")
def test_wrong_trust_domain_that_was_right_before(pair: Pair) -> None:
    """istiod forgets no trust bundle: also new connections are taken."""
    pair.join(sets=False)
    pair.here.peer(security={"trustDomain": "other.local"})
    for mesh in pair.meshes:
        mesh.restart(f"{'green' if mesh is pair.meshes[0] else 'red'}-egress")
    pair.until_connected(150)
    for link in pair.links:
        link.never_down(30)


@pytest.mark.row("breaks-root", "short-08", "short-06")
def test_wrong_root(pair: Pair) -> None:
    """Green has its own root in red's place: 503 both ways; the right one brings both back."""
    pair.there.trust()
    pair.here.trust(pair.here.mesh.root())
    pair.peers()
    for link in pair.links:
        link.until_text("503")
        link.never_connected(40)
    pair.here.trust()
    pair.until_connected(150)


@pytest.mark.row("breaks-root-missing", "rotation-late", "short-11")
def test_no_root_for_a_new_peer(pair: Pair, clock: Clock) -> None:
    """Green's status stays empty, red gets 503; the config map is read at the next reconcile, 60 s at most."""
    pair.there.trust()
    pair.peers()
    pair.there.until_text("503")
    pair.here.mesh.never(PEER, "red", lambda body: body and entries(body), 70, "a status")
    begin = time.monotonic()
    pair.here.trust()
    pair.here.until(entries, 65, words="a status at the next reconcile")
    pair.until_connected(150, since=begin)


@pytest.mark.row("breaks-chain-kind")
def test_chain_of_a_kind_that_is_not_read(pair: Pair) -> None:
    """A certificateChain of kind Secret: accepted, never read; the status stays empty."""
    pair.there.trust()
    pair.there.peer()
    pair.here.peer(security={"certificateChain": {"kind": "Secret", "name": "red-ca-root-cert"}})
    pair.here.mesh.never(PEER, "red", lambda body: body and entries(body), 130, "a status")


@pytest.mark.row("breaks-egress-name")
def test_egress_gateway_that_does_not_exist(pair: Pair) -> None:
    """The text is what Go's HTTP client says about the name."""
    pair.join(sets=False)
    since = pair.here.peer(gateways={"egress": {"name": "nope-egress"}})
    body = pair.here.until_text("no such host", since=since).body or {}
    host = f"nope-egress.{pair.here.mesh.namespace}.svc.cluster.local"
    assert text(body).startswith(f'Get "http://{host}:8188/v1/watch": dial tcp: lookup {host}')
    stays_up(pair.there)
    pair.here.peer()
    pair.here.until_connected(150)


@pytest.mark.row("breaks-shared-ingress", "short-10")
def test_two_peers_on_one_ingress_gateway(ground: Grounds, clock: Clock) -> None:
    """Blue's peer in red names green's gateway: both are shut out, green once its old connection is drained."""
    first, second = ground.pair, Pair(ground.red, ground.blue)
    first.join(sets=False)
    second.trust()
    addresses, dummy, dummy = ground.red.address("green-ingress")
    second.here.peer(remote={"addresses": addresses})
    begin = second.there.peer(gateways={"ingress": {"name": "green-ingress"}})
    second.here.until_text("403", "503")
    sight = first.here.until_text("403", "503", seconds=120, since=begin)
    assert clock.product(sight.moment - begin) >= 35, "an established link lives until the drain is over"
    for link in (first.here, second.here):
        link.until_text("403", seconds=120)
    for link in (first.there, second.there):
        stays_up(link)
    second.there.peer()
    second.here.peer()
    for link in (first.here, second.here):
        link.until_connected(150)


@pytest.mark.row("breaks-peer-missing", "deletion-peer")
def test_no_peer_at_the_other_side(pair: Pair) -> None:
    """Red's peer goes: 400 Bad Request for green, later 404 or 503; with the peer again, connected."""
    pair.join(sets=False)
    pair.there.mesh.drop(PEER, "green")
    since = time.monotonic()
    pair.here.until(disconnected, 120)
    pair.here.until(failing("404", "503"), 120)
    assert any("400 Bad Request" in one for one in texts(pair.here, since)), texts(pair.here, since)
    assert not visited(pair.here.now()), "green's status says that red does not watch any more"
    pair.there.peer()
    pair.until_connected(150)


@pytest.mark.row("breaks-no-security")
def test_no_security_at_all(pair: Pair) -> None:
    """Green's peer says nothing of security: green's watch is connected, red's is refused, nobody can watch green."""
    pair.join(sets=False)
    pair.here.mesh.drop(PEER, "red")
    pair.there.until(disconnected, 120)
    pair.here.peer(security=None)
    pair.here.until_connected(150)
    pair.there.until_text("403", seconds=150)
    pair.here.until(lambda body: connected(body) and not visited(body), 60, words="watching only")


CUTS: list[tuple[str, dict[str, Any]]] = [
    ("address", {"remote": {"addresses": ["127.0.0.9"]}}),
    ("port", {"remote": {"discoveryPort": 8189}}),
    ("egress", {"gateways": {"egress": {"name": "nope-egress"}}}),
]
KEEPS: list[tuple[str, dict[str, Any]]] = [
    ("clientID", {"security": {"clientID": "x.local/ns/x/sa/x"}}),
    ("trustDomain", {"security": {"trustDomain": "x.local"}}),
]


@pytest.mark.row("breaks-running-watch")
@pytest.mark.parametrize("change", [value for dummy, value in CUTS], ids=[name for name, dummy in CUTS])
def test_a_running_watch_is_cut_by_where_it_goes(pair: Pair, change: dict[str, Any]) -> None:
    """A changed address, port or gateway cuts the watch at once."""
    pair.join(sets=False)
    since = pair.here.peer(**change)
    soon(since, pair.here.until(disconnected, 60, since).moment)


@pytest.mark.row("breaks-running-watch", "short-11")
@pytest.mark.parametrize("change", [value for dummy, value in KEEPS] + [None], ids=[name for name, dummy in KEEPS] + ["root"])
def test_a_running_watch_is_not_cut_by_whom_it_trusts(pair: Pair, change: dict[str, Any] | None) -> None:
    """A changed clientID, trust domain or root leaves both links as they are at first."""
    pair.join(sets=False)
    if change is None:
        pair.here.trust(pair.here.mesh.root())
    else:
        pair.here.peer(**change)
    for link in pair.links:
        link.never_down(18)


@pytest.mark.row("breaks-drain", "live-client-id")
def test_a_wrong_client_id_ends_the_link_after_the_drain(pair: Pair, clock: Clock) -> None:
    """Up for about 46 s, 200 OK, then 403; requests are answered all the time; put right: back after 8 s."""
    pair.join()
    begin = pair.there.peer(security={"clientID": "x.local/ns/x/sa/x-service-account"})
    end = pair.here.until(disconnected, 90, begin)
    assert 40 <= clock.product(end.moment - begin) <= 100
    pair.here.until_text("403 Forbidden", seconds=60, since=begin)
    assert texts(pair.here, begin)[0].startswith("200 OK"), texts(pair.here, begin)
    assert pair.here.mesh.codes(pair.here.host()) == [200] * 4, "service traffic keeps the first clientID"
    pair.there.peer()
    pair.here.until_connected(150)
