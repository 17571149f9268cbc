# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several istiod pods: two in green, one in red."""

from __future__ import annotations

import time

import pytest

from lab.conformance.kube import Clock, Object
from lab.conformance.mesh import (
    CONTROL_PLANE,
    PEER,
    SOON,
    Mesh,
    Pair,
    connected,
    entries,
    pod_ready,
    pods_of,
    took,
    visited,
)


def grow(mesh: Mesh) -> None:
    """Give the mesh a second istiod pod."""
    pilot = {"deployment": {"replicas": 2}}
    mesh.change(CONTROL_PLANE, mesh.control_plane, {"spec": {"runtime": {"components": {"pilot": pilot}}}})
    mesh.until_ready()
    assert len([pod for pod in mesh.pods("istiod").values() if pod_ready(pod)]) == 2


def connected_pods(body: Object) -> set[str]:
    """Return the pods whose watch is connected."""
    return {entry["pod"] for entry in pods_of(body, "active") if entry["watch"]["connected"]}


def sources(body: Object) -> list[str]:
    """Return the sources of the remotes that are connected."""
    return sorted(one["source"] for entry in entries(body) for one in entry.get("remotes") or [] if one["connected"])


def until_visited(pair: Pair, pods: set[str]) -> Object:
    """Green's peer with both its pods connected and a visit of red's. A visit whose status write was refused is never
    shown, which is a case of its own: then red's istiod comes again."""
    for tries in (2, 1, 0):
        try:
            return pair.here.until(lambda one: connected_pods(one) == pods and visited(one), 120).body or {}
        except AssertionError:
            if not tries:
                raise
            pair.there.mesh.restart("istiod")
    return {}


@pytest.mark.row("pods-two", "short-12")
def test_two_pods_are_two_remotes_and_two_entries(pair: Pair) -> None:
    """Red sees both of green's pods; of green's entries one has remotes, the other has none, which is normal."""
    green = pair.here.mesh
    grow(green)
    pair.join(sets=False)
    pods = green.pods("istiod")
    body = until_visited(pair, set(pods))
    assert sorted("remotes" in entry for entry in pods_of(body, "active")) == [False, True]
    addresses = sorted(pod["status"]["podIP"] for pod in pods.values())
    pair.there.until(lambda one: sources(one) == addresses, 120)


@pytest.mark.row("pods-deleted", "short-12")
def test_the_entry_of_a_deleted_pod_stays_for_a_while(pair: Pair, clock: Clock) -> None:
    """Active and connected for 11 s, three entries meanwhile."""
    green = pair.here.mesh
    grow(green)
    pair.join(sets=False)
    pair.here.until(lambda one: connected_pods(one) == set(green.pods("istiod")), 120)
    pods = set(green.pods("istiod"))
    victim = min(pods)
    clock.sleep(15)  # what is left of the second pod's coming is over
    green.drop("Pod", victim)
    gone = green.see("Pod").until(victim, lambda body: not body or body["metadata"].get("deletionTimestamp"), 20)
    end = pair.here.until(lambda one: victim not in {entry["pod"] for entry in entries(one)}, 60, gone.moment)
    took(clock, gone.moment, end.moment, 8, 20)
    between = [sight.body or {} for sight in green.see(PEER).sights("red", gone.moment) if sight.moment < end.moment]
    assert all(victim in connected_pods(body) for body in between), "its entry stays active and connected"
    (fresh,) = set(green.pods("istiod")) - set(pods)
    came = green.until("Pod", fresh, pod_ready, 60, gone.moment).moment
    if end.moment - came > SOON:
        assert any(connected_pods(body) == {*pods, fresh} for body in between), "three entries meanwhile"


@pytest.mark.row("pods-duplicate", "short-12")
def test_remotes_lie_after_the_watch_moved(pair: Pair, clock: Clock) -> None:
    """Red's watch moves to green's other pod: red is connected, and no entry of green's pods may say so."""
    red, green = pair.meshes
    grow(green)
    pair.join(sets=False)
    pair.here.until(lambda one: connected_pods(one) == set(green.pods("istiod")), 120)
    begin = time.monotonic()
    for dummy in range(8):
        serving = [entry["pod"] for entry in pods_of(pair.here.now(), "active") if entry.get("remotes")]
        for name in serving:
            green.drop("Pod", name)
            green.see("Pod").until(name, lambda body: not body, 20)
        green.until_ready()
        pair.there.until_connected(150, since=time.monotonic())
        clock.sleep(12)
        body = pair.here.now()
        alive = [entry for entry in entries(body) if entry["pod"] in green.pods("istiod")]
        seen = any(one["connected"] for entry in alive for one in entry.get("remotes") or [])
        lies = (
            not seen or any("lastFullSync" not in entry["watch"] for entry in alive) or len(alive) < len(entries(body))
        )
        if lies:
            break
    assert connected(pair.there.now())
    assert lies, f"after {clock.product(time.monotonic() - begin):.0f} s every entry was still right: {entries(body)}"
    assert connected(body), "the watching side tells the truth all the same"
    for sight in green.see(PEER).sights("red", begin):
        for where in ("active", "inactive"):
            names = [entry["pod"] for entry in pods_of(sight.body or {}, where)]
            assert len(names) == len(set(names)), "the API server refuses duplicates"
