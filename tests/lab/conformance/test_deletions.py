# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left when objects are deleted, and what must never be deleted while services are exported."""

from __future__ import annotations

import time

import pytest

from lab.conformance.conftest import Grounds
from lab.conformance.kube import Clock, Object
from lab.conformance.mesh import (
    EXPORTS,
    IMPORTS,
    PEER,
    Pair,
    connected,
    disconnected,
    entries,
    failing,
    imported,
    took,
    visited,
)


@pytest.mark.row("deletion-import-set")
def test_an_import_set_takes_its_status_with_it_only(pair: Pair) -> None:
    """istiod keeps the imports for a while: requests are answered on."""
    pair.join()
    red = pair.there.mesh
    red.drop(IMPORTS, "green")
    assert not red.api.exists(IMPORTS, "green", red.namespace)
    assert red.codes(pair.there.host()) == [200] * 4


@pytest.mark.row("deletion-peer", "short-06")
def test_a_peer_deleted_with_nothing_exported_comes_back(pair: Pair, clock: Clock) -> None:
    """The other side's status says that nobody watches; made again, both are connected after about 5 s."""
    pair.join(sets=False)
    pair.there.mesh.drop(PEER, "green")
    pair.here.until(disconnected, 120)
    pair.here.until(lambda body: not visited(body) and any(entry.get("remotes") for entry in entries(body)), 60)
    begin = pair.there.peer()
    took(clock, begin, pair.until_connected(150, since=begin), 0, 120)


@pytest.mark.row("deletion-exporting-peer", "short-02", "pods-duplicate")
def test_a_peer_deleted_while_exporting_deadlocks_istiod(ground: Grounds, clock: Clock) -> None:
    """No error anywhere; 400 for the other side; the new peer shows the old status; only a restart helps."""
    pair, other = ground.pair, Pair(ground.red, ground.blue)
    pair.join()
    other.join(sets=False)
    red = ground.red
    red.drop(PEER, "green")
    assert not red.api.exists(PEER, "green", red.namespace)
    begin = time.monotonic()
    pair.here.never_down(30, "not connected before the drain is over")
    pair.here.until(failing("400"), 120, begin)
    clock.sleep(3)
    pair.there.peer()
    made = pair.there.now()["metadata"]["creationTimestamp"]
    body = pair.there.until(connected, 60, words="the old status").body or {}
    times = [entry["watch"]["lastConnected"] for entry in entries(body)]
    assert all(one < made for one in times), f"made {made}, connected {times}: the status is older than the peer"
    pair.here.never_connected(100)
    assert failing("400")(pair.here.now())
    other.there.peer(remote={"discoveryPort": 8189})
    red.never(PEER, "blue", disconnected, 60, "a change of another peer was taken")
    red.restart("istiod")
    other.there.until(failing("503", "404"), 60, since=time.monotonic(), words="the change of the other peer")
    pair.until_connected(150, since=time.monotonic())


@pytest.mark.row("deletion-export-set-first", "short-02")
def test_the_export_set_first_is_enough(pair: Pair) -> None:
    """Export set, then peer, no wait: the other side gets its 400, and everything comes back with the objects."""
    pair.join()
    red = pair.there.mesh
    red.drop(EXPORTS, "green")
    red.drop(PEER, "green")
    pair.here.until(disconnected, 120)
    pair.there.exports()
    begin = pair.there.peer()
    pair.until_connected(150, since=begin)
    pair.here.until_imported(since=begin)
    assert pair.here.mesh.codes(pair.here.host()) == [200] * 4


@pytest.mark.row("deletion-restart")
def test_a_restarted_istiod_comes_back(pair: Pair, clock: Clock) -> None:
    """Both ways connected again after 31 s, at most the other side's back-off; imports too."""
    pair.join()
    begin = pair.there.mesh.restart("istiod")
    (pod,) = pair.there.mesh.pods("istiod")
    pair.there.until(lambda body: any(one["pod"] == pod for one in entries(body)) and connected(body), 60, begin)
    took(clock, begin, pair.until_connected(150, since=begin), 0, 90)
    pair.until_imported(since=begin)
    assert imported(pair.there.mesh.get(IMPORTS, "green"))


@pytest.mark.row("deletion-restart", "pods-deleted")
def test_the_entry_of_the_old_pod_goes_for_good(pair: Pair) -> None:
    """After a restart of istiod the old pod's entry is there for some seconds, then never again."""
    pair.join(sets=False)
    (old,) = pair.there.mesh.pods("istiod")

    def named(body: Object) -> bool:
        return any(entry["pod"] == old for entry in entries(body))

    pair.there.mesh.restart("istiod")
    pair.there.until(lambda body: body and not named(body), 60, words="the end of the dead pod's entry")
    pair.until_connected(150)
    pair.there.mesh.never(PEER, "green", named, 90, "the dead pod's entry is back")
