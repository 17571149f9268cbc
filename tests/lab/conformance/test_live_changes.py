# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes on a live link (2.5): when they take effect, which are ignored, and which need a restart of istiod."""

from __future__ import annotations

import time

import pytest

from lab.conformance.kube import Clock, Object
from lab.conformance.links import Link, Pair
from lab.conformance.objects import (
    EXPORTS,
    IMPORTS,
    PEER,
    SLACK,
    assert_duration,
    assert_immediate,
    fails_with,
    imported,
    is_connected,
    is_disconnected,
    lists_import,
    rule,
)

#: minimum time until a change of rules has an effect, in product seconds
DELAY_SECONDS = 8
#: attempts of a case that a reconcile at the wrong moment spoils
ATTEMPTS = 3
WRONG_CLIENT_ID = {"clientID": "x.local/ns/x/sa/x-service-account"}


def ratings(link: Link) -> Object:
    """Return the import rule for the other mesh's ratings."""
    return rule(link.other.app, "ratings")


def reviews(link: Link) -> Object:
    """Return the import rule for the other mesh's reviews."""
    return rule(link.other.app, "reviews")


def federate(pair: Pair) -> Link:
    """Federate the two meshes: green exports ratings and reviews, red imports only ratings; return red's link."""
    pair.trust()
    pair.first.imports(ratings(pair.first))
    pair.second.exports(rule(pair.second.mesh.app, "ratings"), rule(pair.second.mesh.app, "reviews"))
    pair.peers()
    pair.until_connected()
    pair.first.until_imported()
    return pair.first


@pytest.mark.observation("live-export-then-rule", "short-01")
def test_added_import_rule(pair: Pair, clock: Clock) -> None:
    """A rule added on a live link takes effect after about 40 s, at most 120 s."""
    link = federate(pair)
    begin = link.imports(ratings(link), reviews(link))
    assert_duration(clock, begin, link.until_imported(link.host("reviews"), 130, begin).moment, DELAY_SECONDS, 120)


@pytest.mark.observation("live-rule-then-export")
def test_added_import_rule_then_export(pair: Pair, clock: Clock) -> None:
    """A rule, and 5 s later its export: about 40 s, less only if a reconcile runs between the two."""
    link = federate(pair)
    begin = link.imports(ratings(link), rule(link.other.app, "details"))
    clock.sleep(5)
    link.reverse.exports(rule(link.other.app, "*"))
    assert_duration(clock, begin, link.until_imported(link.host("details"), 130, begin).moment, 5, 120)


@pytest.mark.observation("live-rule-removed", "short-01")
def test_removed_import_rule(pair: Pair, clock: Clock) -> None:
    """The import stays for about 70 s."""
    link = federate(pair)
    begin = link.imports(reviews(link))
    watch = link.mesh.watch(IMPORTS)
    removed = watch.until(
        "green",
        lambda body: not lists_import(link.host())(body),
        clock.real(130) + SLACK,
        begin,
        "the removal of the import",
    )
    assert_duration(clock, begin, removed.moment, DELAY_SECONDS, 120)
    assert imported(link.mesh.get(IMPORTS, "green"))[link.reverse.exported_name()] == "", "the service is still offered"


@pytest.mark.observation("live-annotated")
def test_annotated_peer_is_reconciled(pair: Pair, clock: Clock) -> None:
    """An annotation on the peer replaces the wait for the reconcile, not that for the full sync."""
    link = federate(pair)
    clock.sleep(15)
    link.imports(ratings(link), reviews(link))
    begin = time.monotonic()
    link.mesh.patch(PEER, "green", {"metadata": {"annotations": {"touched": "yes"}}})
    assert_duration(clock, begin, link.until_imported(link.host("reviews"), 60, begin).moment, 0, 62)


@pytest.mark.observation("live-addresses")
def test_changed_addresses_apply_import_rules(pair: Pair) -> None:
    """A changed list of addresses (the same address twice) restarts the watch, which applies the rules immediately."""
    link = federate(pair)
    addresses, dummy, dummy = link.other.address("red-ingress")
    link.imports(ratings(link), reviews(link))
    begin = link.peer(remote={"addresses": addresses * 2})
    assert_immediate(begin, link.until_imported(link.host("reviews"), 60, begin).moment)
    link.imports(ratings(link))
    begin = link.peer()
    watch = link.mesh.watch(IMPORTS)
    assert_immediate(
        begin, watch.until("green", lambda body: not lists_import(link.host("reviews"))(body), SLACK * 2, begin).moment
    )


@pytest.mark.observation("live-spelling", "short-15")
def test_another_spelling_of_the_ports_applies_import_rules(pair: Pair) -> None:
    """istiod compares fields and not their meaning: default ports that are left out, or written out again, are a change."""
    link = federate(pair)
    dummy, discovery, service = link.other.address("red-ingress")
    assert (discovery, service) == (8188, 15443)
    watch = link.mesh.watch(IMPORTS)
    link.imports(ratings(link), reviews(link))
    begin = time.monotonic()
    link.mesh.patch(PEER, "green", {"spec": {"remote": {"discoveryPort": None, "servicePort": None}}})
    assert_immediate(begin, link.until_imported(link.host("reviews"), 60, begin).moment)
    link.imports(ratings(link))
    begin = time.monotonic()
    link.mesh.patch(PEER, "green", {"spec": {"remote": {"discoveryPort": discovery, "servicePort": service}}})
    removed = watch.until("green", lambda body: not lists_import(link.host("reviews"))(body), SLACK * 2, begin)
    assert_immediate(begin, removed.moment)


def recreate_import_set(pair: Pair, clock: Clock, gap: int) -> Link:
    """Federate the two meshes, and recreate red's import set after ``gap`` seconds: the new set has no effect."""
    link = federate(pair)
    assert link.mesh.get(IMPORTS, "green")["metadata"]["generation"] == 1
    link.until_synced()
    link.mesh.delete(IMPORTS, "green")
    clock.sleep(gap)
    link.imports(reviews(link))
    link.mesh.patch(PEER, "green", {"metadata": {"annotations": {"touched": "yes"}}})
    link.mesh.never(IMPORTS, "green", lists_import(link.host("reviews")), 130, "imported by the new rule")
    return link


def lists_old_import(link: Link) -> bool:
    """Return whether the status of red's import set still lists the import of the former rule."""
    return link.host() in imported(link.mesh.get(IMPORTS, "green")).values()


@pytest.mark.observation("live-set-again", "short-03")
@pytest.mark.parametrize("gap", [70, 2])
def test_recreated_import_set_is_ignored(pair: Pair, clock: Clock, gap: int) -> None:
    """A set with the same generation counts as the old set; annotating the peer does not help, changing the set does."""
    link = recreate_import_set(pair, clock, gap)
    if gap == 2:
        for _attempt in range(ATTEMPTS - 1):
            if lists_old_import(link):
                break
            # A reconcile ran during the two seconds (one in thirty) and removed the rules.
            pair.reset()
            link = recreate_import_set(pair, clock, gap)
        assert lists_old_import(link), "the new status lists the old rule's import"
    begin = link.imports(reviews(link), rule(link.other.app, "details"))
    link.until_imported(link.host("reviews"), 130, begin)


@pytest.mark.observation("live-set-again")
def test_recreated_import_set_with_another_generation(pair: Pair, clock: Clock) -> None:
    """From generation 3 to 1: the set is read like any change."""
    link = federate(pair)
    for dummy in range(2):
        link.imports(ratings(link), rule("nowhere", "nothing"))
        link.imports(ratings(link))
    link.mesh.patch(PEER, "green", {"metadata": {"annotations": {"touched": "yes"}}})
    clock.sleep(70)
    link.mesh.delete(IMPORTS, "green")
    begin = link.imports(reviews(link))
    assert link.mesh.get(IMPORTS, "green")["metadata"]["generation"] == 1
    link.until_imported(link.host("reviews"), 130, begin)


@pytest.mark.observation("short-03")
def test_import_set_recreated_with_its_peer(pair: Pair) -> None:
    """Set and peer recreated without a wait: services are imported by the new rule."""
    link = federate(pair)
    link.mesh.delete(IMPORTS, "green")
    link.mesh.delete(PEER, "green")
    link.imports(reviews(link))
    begin = link.peer()
    link.until_imported(link.host("reviews"), 150, begin)


@pytest.mark.observation("live-client-id-first", "short-04", "short-14")
def test_service_traffic_keeps_the_first_client_id(pair: Pair) -> None:
    """A corrected clientID still gives 503, even with recreated exports and peer; a restart of istiod gives 200."""
    pair.trust()
    pair.first.imports()
    pair.second.exports()
    pair.first.peer()
    pair.second.peer(security=WRONG_CLIENT_ID)
    pair.first.until_disconnect_status("403")
    pair.second.peer()
    pair.until_connected(150)
    pair.first.until_imported()
    red, green = pair.meshes
    assert red.status_codes(pair.first.host()) == [503] * 4
    green.delete(EXPORTS, "red")
    pair.second.exports()
    pair.first.until_imported()
    assert red.status_codes(pair.first.host()) == [503] * 4
    green.delete(EXPORTS, "red")
    green.delete(PEER, "red")
    pair.second.exports()
    pair.second.peer()
    pair.until_connected(150)
    pair.first.until_imported(since=time.monotonic())
    assert red.status_codes(pair.first.host()) == [503] * 4
    green.restart("istiod")
    pair.until_connected(150, since=time.monotonic())
    pair.first.until_imported(since=time.monotonic())
    red.until_status_codes(pair.first.host(), 200, 60)


@pytest.mark.observation("live-ingress-name", "short-04")
def test_service_traffic_keeps_the_first_ingress_gateway(pair: Pair) -> None:
    """With a changed ingress name and address the link is connected, but requests go through the old gateway."""
    link = federate(pair)
    red, green = pair.meshes
    new_addresses, dummy, dummy = green.address("blue-ingress")
    old_addresses, dummy, dummy = green.address("red-ingress")
    link.reverse.peer(gateways={"ingress": {"name": "blue-ingress"}})
    begin = link.peer(remote={"addresses": new_addresses})
    link.until_connected(150, begin)
    red.until_status_codes(link.host(), 503, 130)  # until the next full sync requests use the old gateway
    link.peer(remote={"addresses": old_addresses})
    link.peer(remote={"addresses": new_addresses})
    green.restart("istiod")
    pair.until_connected(150, since=time.monotonic())
    link.until_imported(since=time.monotonic())
    red.until_status_codes(link.host(), 200, 130)


@pytest.mark.observation("live-peer-again", "short-02", "deletion-export-set-first")
def test_peer_recreated_on_healthy_link(pair: Pair) -> None:
    """Export set and peer deleted, peer recreated with other addresses without a wait: the new peer is accepted."""
    link = federate(pair)
    pair.second.mesh.delete(EXPORTS, "red")
    for recreated in pair.links:
        addresses, dummy, dummy = recreated.other.address(f"{recreated.mesh.colour}-ingress")
        recreated.mesh.delete(PEER, recreated.name)
        recreated.peer(remote={"addresses": addresses * 2})
    begin = time.monotonic()
    pair.until_connected(150, since=begin)
    uid = link.read()["metadata"]["uid"]
    connected_peer = link.until(lambda body: is_connected(body) and body["metadata"]["uid"] == uid, 60).body or {}
    created = connected_peer["metadata"]["creationTimestamp"]
    watch = connected_peer["status"]["discoveryStatus"]["active"][0]["watch"]
    assert watch["lastConnected"] >= created, "the status must be that of the new peer"


@pytest.mark.observation("short-05", "short-06")
def test_repair_waits_for_a_failing_sync(pair: Pair, clock: Clock) -> None:
    """The repair of a failing peer is applied within two minutes and the back-off."""
    pair.federate(sets=False)
    pair.second.peer(remote={"discoveryPort": 8189})
    pair.second.until(is_disconnected, 60)
    clock.sleep(65)
    begin = pair.second.peer()
    assert_duration(clock, begin, pair.second.until_connected(300, begin).moment, 0, 300)


@pytest.mark.observation("live-peer-again-failing", "short-05", "breaks-refusing")
def test_peer_recreated_while_a_full_sync_fails(pair: Pair, clock: Clock) -> None:
    """During a failing full sync, which holds the lock, a recreated peer and its changes are ignored until a restart."""
    pair.federate(sets=False)
    green, link = pair.second.mesh, pair.second
    link.peer(remote={"discoveryPort": 8189})
    link.until(fails_with("503"), 60)
    clock.sleep(65)
    green.delete(PEER, "red")
    link.peer()
    pair.second.never_connected(200)
    link.peer(remote={"addresses": link.other.address("green-ingress")[0] * 2})
    pair.second.never_connected(100)
    green.restart("istiod")
    link.until_connected(60, since=time.monotonic())
