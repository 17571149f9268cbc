# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Effects of deleted objects, and of a peer deleted while services are exported."""

from __future__ import annotations

import time

import pytest

from lab.conformance.conftest import Meshes
from lab.conformance.kube import Clock, Object
from lab.conformance.links import Pair
from lab.conformance.objects import (
    EXPORTS,
    IMPORTS,
    PEER,
    assert_duration,
    entries,
    fails_with,
    imported,
    is_connected,
    is_disconnected,
    is_watched,
)


@pytest.mark.observation("deletion-import-set")
def test_deleted_import_set_keeps_imports(pair: Pair) -> None:
    """istiod keeps the imports of a deleted set for a while: requests still succeed."""
    pair.federate()
    red = pair.first.mesh
    red.delete(IMPORTS, "green")
    assert not red.api.exists(IMPORTS, "green", red.namespace)
    assert red.status_codes(pair.first.host()) == [200] * 4


@pytest.mark.observation("deletion-peer", "short-06")
def test_peer_without_exports_can_be_recreated(pair: Pair, clock: Clock) -> None:
    """The other side reports no watch; after the peer is recreated, both links are connected after about 5 s."""
    pair.federate(sets=False)
    pair.first.mesh.delete(PEER, "green")
    pair.second.until(is_disconnected, 120)
    pair.second.until(lambda body: not is_watched(body) and any(entry.get("remotes") for entry in entries(body)), 60)
    begin = pair.first.peer()
    assert_duration(clock, begin, pair.until_connected(150, since=begin), 0, 120)


@pytest.mark.observation("deletion-exporting-peer", "short-02", "pods-duplicate")
def test_peer_deleted_while_exporting_deadlocks_istiod(meshes: Meshes, clock: Clock) -> None:
    """There is no error; the other side gets 400; a new peer has the old status; only a restart of istiod helps."""
    pair, other = meshes.pair, Pair(meshes.red, meshes.blue)
    pair.federate()
    other.federate(sets=False)
    red = meshes.red
    red.delete(PEER, "green")
    assert not red.api.exists(PEER, "green", red.namespace)
    begin = time.monotonic()
    pair.second.never_down(30, "not connected before the drain")
    pair.second.until(fails_with("400"), 120, begin)
    clock.sleep(3)
    pair.first.peer()
    created = pair.first.read()["metadata"]["creationTimestamp"]
    body = pair.first.until(is_connected, 60, expected="the old status").body or {}
    times = [entry["watch"]["lastConnected"] for entry in entries(body)]
    assert all(time_connected < created for time_connected in times), (
        f"{times}: the status must be older than {created}"
    )
    pair.second.never_connected(100)
    assert fails_with("400")(pair.second.read())
    other.first.peer(remote={"discoveryPort": 8189})
    red.never(PEER, "blue", is_disconnected, 60, "a change of another peer was applied")
    red.restart("istiod")
    other.first.until(fails_with("503", "404"), 60, since=time.monotonic(), expected="the change of the other peer")
    pair.until_connected(150, since=time.monotonic())


@pytest.mark.observation("deletion-export-set-first", "short-02")
def test_export_set_deleted_before_its_peer(pair: Pair) -> None:
    """Export set, then peer, without a wait: the other side is disconnected, and new objects restore everything."""
    pair.federate()
    red = pair.first.mesh
    red.delete(EXPORTS, "green")
    red.delete(PEER, "green")
    pair.second.until(is_disconnected, 120)
    pair.first.exports()
    begin = pair.first.peer()
    pair.until_connected(150, since=begin)
    pair.second.until_imported(since=begin)
    pair.second.mesh.until_status_codes(pair.second.host(), 200, 5)


@pytest.mark.observation("deletion-restart")
def test_restarted_istiod_reconnects(pair: Pair, clock: Clock) -> None:
    """Both links are connected after 31 s, at most after the other side's back-off, with their imports."""
    pair.federate()
    begin = pair.first.mesh.restart("istiod")
    (pod,) = pair.first.mesh.pods("istiod")
    pair.first.until(lambda body: any(entry["pod"] == pod for entry in entries(body)) and is_connected(body), 60, begin)
    assert_duration(clock, begin, pair.until_connected(150, since=begin), 0, 90)
    pair.until_imported(since=begin)
    assert imported(pair.first.mesh.get(IMPORTS, "green"))


@pytest.mark.observation("deletion-restart", "pods-deleted")
def test_entry_of_old_pod_is_removed_permanently(pair: Pair) -> None:
    """After a restart of istiod the old pod's entry stays for some seconds and does not return."""
    pair.federate(sets=False)
    (old,) = pair.first.mesh.pods("istiod")

    def has_old_entry(body: Object) -> bool:
        return any(entry["pod"] == old for entry in entries(body))

    pair.first.mesh.restart("istiod")
    pair.first.until(
        lambda body: body and not has_old_entry(body), 60, expected="the removal of the terminated pod's entry"
    )
    pair.until_connected(150)
    pair.first.mesh.never(PEER, "green", has_old_entry, 90, "the terminated pod's entry is back")
