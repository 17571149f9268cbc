# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several istiod pods: two in green, one in red."""

from __future__ import annotations

import time

import pytest

from lab.conformance.kube import Clock, Object
from lab.conformance.links import Pair
from lab.conformance.mesh import Mesh
from lab.conformance.objects import (
    CONTROL_PLANE,
    IMMEDIATE_SECONDS,
    PEER,
    assert_duration,
    entries,
    entries_in,
    is_connected,
    is_pod_ready,
    is_watched,
)


def add_istiod_pod(mesh: Mesh) -> None:
    """Scale istiod of the mesh to two pods."""
    pilot = {"deployment": {"replicas": 2}}
    mesh.patch(CONTROL_PLANE, mesh.control_plane, {"spec": {"runtime": {"components": {"pilot": pilot}}}})
    mesh.until_ready()
    assert len([pod for pod in mesh.pods("istiod").values() if is_pod_ready(pod)]) == 2


def connected_pods(body: Object) -> set[str]:
    """Return the pods whose watch is connected."""
    return {entry["pod"] for entry in entries_in(body, "active") if entry["watch"]["connected"]}


def sources(body: Object) -> list[str]:
    """Return the sources of the connected remotes."""
    return sorted(
        remote["source"] for entry in entries(body) for remote in entry.get("remotes") or [] if remote["connected"]
    )


def is_reached(entry: Object) -> bool:
    """Return whether the entry has a connected remote; one that connected elsewhere since then stays for 5 minutes."""
    return any(remote["connected"] for remote in entry.get("remotes") or [])


def until_watched(pair: Pair, pods: set[str]) -> Object:
    """Wait until both pods of green are connected and red watches green; return green's peer.

    A watch whose status write was rejected is never reported, which is another case: then red's istiod is restarted.
    """
    for remaining_attempts in (2, 1, 0):
        try:
            return pair.second.until(lambda body: connected_pods(body) == pods and is_watched(body), 120).body or {}
        except AssertionError:
            if not remaining_attempts:
                raise
            pair.first.mesh.restart("istiod")
    return {}


@pytest.mark.observation("pods-two", "short-12")
def test_two_pods_have_two_remotes_and_two_entries(pair: Pair) -> None:
    """Red reports both pods of green; of green's entries one has remotes and the other, as expected, none."""
    green = pair.second.mesh
    add_istiod_pod(green)
    pair.federate(sets=False)
    pods = green.pods("istiod")
    body = until_watched(pair, set(pods))
    assert sorted(is_reached(entry) for entry in entries_in(body, "active")) == [False, True]
    addresses = sorted(pod["status"]["podIP"] for pod in pods.values())
    pair.first.until(lambda body: sources(body) == addresses, 120)


@pytest.mark.observation("pods-deleted", "short-12")
def test_entry_of_deleted_pod_stays_for_a_while(pair: Pair, clock: Clock) -> None:
    """The entry stays active and connected for 11 s, as one of three."""
    green = pair.second.mesh
    add_istiod_pod(green)
    pair.federate(sets=False)
    pair.second.until(lambda body: connected_pods(body) == set(green.pods("istiod")), 120)
    pods = set(green.pods("istiod"))
    deleted_pod = min(pods)
    clock.sleep(15)  # until the start of the second pod has no effects any more
    green.delete("Pod", deleted_pod)
    deleted = green.watch("Pod").until(
        deleted_pod, lambda body: not body or body["metadata"].get("deletionTimestamp"), 20
    )
    end = pair.second.until(
        lambda body: deleted_pod not in {entry["pod"] for entry in entries(body)}, 60, deleted.moment
    )
    assert_duration(clock, deleted.moment, end.moment, 8, 20)
    between = [
        seen.body or {} for seen in green.watch(PEER).versions("red", deleted.moment) if seen.moment < end.moment
    ]
    assert all(deleted_pod in connected_pods(body) for body in between), "the entry stays active and connected"
    (new_pod,) = set(green.pods("istiod")) - set(pods)
    started = green.until("Pod", new_pod, is_pod_ready, 60, deleted.moment).moment
    if end.moment - started > IMMEDIATE_SECONDS:
        assert any(connected_pods(body) == {*pods, new_pod} for body in between), "three entries at the same time"


@pytest.mark.observation("pods-duplicate", "short-12")
def test_remotes_are_wrong_after_the_watch_moved(pair: Pair, clock: Clock) -> None:
    """Red's watch moves to the other pod of green: red is connected, but green's entries may not show it."""
    red, green = pair.meshes
    add_istiod_pod(green)
    pair.federate(sets=False)
    pair.second.until(lambda body: connected_pods(body) == set(green.pods("istiod")), 120)
    begin = time.monotonic()
    for dummy in range(8):
        serving = [entry["pod"] for entry in entries_in(pair.second.read(), "active") if entry.get("remotes")]
        for name in serving:
            green.delete("Pod", name)
            green.watch("Pod").until(name, lambda body: not body, 20)
        green.until_ready()
        pair.first.until_connected(150, since=time.monotonic())
        clock.sleep(12)
        body = pair.second.read()
        current = [entry for entry in entries(body) if entry["pod"] in green.pods("istiod")]
        is_reported = any(remote["connected"] for entry in current for remote in entry.get("remotes") or [])
        has_unsynced = any("lastFullSync" not in entry["watch"] for entry in current)
        is_wrong = not is_reported or has_unsynced or len(current) < len(entries(body))
        if is_wrong:
            break
    assert is_connected(pair.first.read())
    assert is_wrong, (
        f"after {clock.product(time.monotonic() - begin):.0f} s all entries were still correct: {entries(body)}"
    )
    assert is_connected(body), "the status of the watching side is correct"
    for seen in green.watch(PEER).versions("red", begin):
        for state in ("active", "inactive"):
            names = [entry["pod"] for entry in entries_in(seen.body or {}, state)]
            assert len(names) == len(set(names)), "the API server rejects duplicates"
