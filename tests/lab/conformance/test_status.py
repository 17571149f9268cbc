# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Status of peers and sets, while connecting and connected."""

from __future__ import annotations

import re

import pytest

from lab.conformance.conftest import Meshes
from lab.conformance.kube import Clock, Object
from lab.conformance.links import Link, Pair
from lab.conformance.objects import (
    EXPORTS,
    IMPORTS,
    LABELS,
    PEER,
    SLACK,
    assert_duration,
    disconnect_status,
    entries,
    entries_in,
    exported,
    imported,
    ingress_of,
    is_connected,
    is_watched,
    rule,
)

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.mark.observation("status-connected", "status-first")
def test_connected_link_has_an_active_entry_with_watch_and_remotes(pair: Pair, clock: Clock) -> None:
    """Both links are connected within 1-4 s, each with a single entry of the only istiod pod."""
    pair.trust()
    begin = pair.peers()
    assert_duration(clock, begin, pair.until_connected(), 0, 4)
    for link in pair.links:
        link.until(lambda body: is_watched(body) and entries_in(body, "active")[0]["watch"].get("lastFullSync"), 20)
        (pod,) = link.mesh.pods("istiod")
        assert set(link.read()["status"]) == {"discoveryStatus"}
        assert not entries_in(link.read(), "inactive")
        (entry,) = entries_in(link.read(), "active")
        assert set(entry) == {"pod", "remotes", "watch"} and entry["pod"] == pod
        assert entry["watch"]["connected"] is True
        assert all(TIME.fullmatch(entry["watch"][name]) for name in ("lastConnected", "lastFullSync"))
        (remote,) = entry["remotes"]
        (other,) = link.other.pods("istiod").values()
        assert remote["connected"] is True and TIME.fullmatch(remote["lastConnected"])
        assert remote["source"] == other["status"]["podIP"]


@pytest.mark.observation("status-first", "status-attempt", "status-new")
def test_first_attempt_fails_and_its_status_stays(pair: Pair) -> None:
    """First no status, then an inactive entry without remotes; its disconnect status stays after the connection."""
    pair.trust()
    since = pair.peers()
    seen = pair.first.until_connected(since=since)
    history = [version.body for version in pair.first.mesh.watch(PEER).versions("green", since) if version.body]
    assert not history[0].get("status"), "a new peer has no status"
    failed = [body for body in history if entries(body) and not is_connected(body) and disconnect_status(body)]
    assert failed, "the first attempt did not fail"
    assert re.search(r"404 Not Found|503 Service Unavailable|connection refused", disconnect_status(failed[0]))
    assert not entries_in(failed[0], "active")
    assert disconnect_status(seen.body or {}) == disconnect_status(failed[-1]), "the old disconnect status stays"
    assert all(
        remotes is None or remotes for body in history for entry in entries(body) for remotes in [entry.get("remotes")]
    )


@pytest.mark.observation("status-half", "status-attempt", "status-new")
def test_rejected_link_is_inactive_with_a_connected_remote(pair: Pair, clock: Clock) -> None:
    """Red rejects green, red's watch of green is connected: green's inactive entry has both."""
    pair.trust()
    pair.second.peer()
    pair.first.peer(security={"clientID": "x.local/ns/x/sa/x-service-account"})
    pair.first.until_connected()
    body = pair.second.until(lambda body: is_watched(body) and "403" in disconnect_status(body), 60).body or {}
    (entry,) = entries_in(body, "inactive")
    assert not entries_in(body, "active")
    assert entry["watch"]["connected"] is False and entry["watch"]["lastDisconnectStatus"] == "403 Forbidden"
    assert "lastDisconnect" not in entry["watch"] and "lastFullSync" not in entry["watch"]
    assert not any("remotes" in entry for entry in entries(pair.first.read())), "nothing watches red"
    before = entry["watch"]["lastConnected"]
    pair.second.until(lambda body: entries(body)[0]["watch"]["lastConnected"] > before, 120, expected="another attempt")


@pytest.mark.observation("status-three")
def test_three_meshes_connect_all_six_links(meshes: Meshes, clock: Clock) -> None:
    """All six links are connected after 2.4 s."""
    pairs = [Pair(meshes.red, meshes.green), Pair(meshes.red, meshes.blue), Pair(meshes.green, meshes.blue)]
    for pair in pairs:
        pair.trust()
    begin = min([pair.peers() for pair in pairs])
    assert_duration(clock, begin, max(pair.until_connected(since=begin) for pair in pairs), 0, 6)


@pytest.mark.observation("status-exports", "status-empty")
def test_exports_are_listed_before_anything_connects(pair: Pair) -> None:
    """All matching services are listed with the exporter's peer name and the alias, also for an unreachable peer."""
    link, red = pair.first, pair.first.mesh
    link.trust()
    link.peer(remote={"addresses": ["green.nowhere.example"]})
    link.exports(rule(red.app, "ratings", ("bookinfo", "stars")), rule(red.app, "reviews"))
    expected = {
        "stars.bookinfo.svc.green-exports.local": f"ratings.{red.app}.svc.cluster.local",
        f"reviews.{red.app}.svc.green-exports.local": f"reviews.{red.app}.svc.cluster.local",
    }
    body = red.until(EXPORTS, "green", lambda body: exported(body) == expected, 90).body or {}
    local = {"hostname": f"ratings.{red.app}.svc.cluster.local", "name": "ratings", "namespace": red.app}
    assert {"exportedName": "stars.bookinfo.svc.green-exports.local", "localService": local} in body["status"][
        "exportedServices"
    ]
    assert not is_connected(link.read())
    link.exports(rule("nowhere", "nothing"))
    red.until(EXPORTS, "green", lambda body: not exported(body), 90)


@pytest.mark.observation("status-imports", "status-offers")
def test_imports_have_the_importers_peer_name(pair: Pair) -> None:
    """Default suffix, importAsLocal with an alias, and an offer that no rule selects."""
    pair.trust()
    red, green = pair.first.mesh, pair.second.mesh
    pair.second.imports(rule(red.app, "ratings"), rule(red.app, "reviews", (green.app, "stars"), importAsLocal=True))
    pair.first.exports(rule(red.app, "*"))
    pair.peers()
    expected = {
        pair.first.exported_name("ratings"): pair.second.host("ratings"),
        pair.first.exported_name("reviews"): f"stars.{green.app}.svc.cluster.local",
        pair.first.exported_name("details"): "",
    }
    body = green.until(IMPORTS, "red", lambda body: imported(body) == expected, 120).body or {}
    listed = {item["exportedName"]: item["localService"] for item in body["status"]["importedServices"]}
    assert listed[pair.first.exported_name("ratings")] == {
        "hostname": pair.second.host("ratings"),
        "name": "ratings",
        "namespace": red.app,
    }
    assert listed[pair.first.exported_name("details")] == {"hostname": "", "name": "", "namespace": ""}


@pytest.mark.observation("status-empty")
def test_sets_that_match_nothing_are_empty(pair: Pair, clock: Clock) -> None:
    """Without exports the importer's list is empty or there is no status."""
    pair.trust()
    pair.second.imports()
    pair.first.exports(rule("nowhere", "nothing"))
    pair.peers()
    pair.until_connected()
    clock.sleep(10)
    assert not imported(pair.second.mesh.get(IMPORTS, "red")) and not exported(pair.first.mesh.get(EXPORTS, "green"))


@pytest.mark.observation("status-sources")
def test_old_sources_stay_for_five_minutes(pair: Pair, clock: Clock) -> None:
    """The source of a terminated pod stays with the time of its disconnect, and is removed after five minutes."""
    pair.federate(sets=False)
    (old,) = [pod["status"]["podIP"] for pod in pair.second.mesh.pods("istiod").values()]
    begin = pair.second.mesh.restart("istiod")

    def old_sources(body: Object) -> list[Object]:
        return [remote for entry in entries(body) for remote in entry.get("remotes") or [] if remote["source"] == old]

    seen = pair.first.until(lambda body: [remote for remote in old_sources(body) if not remote["connected"]], 30)
    assert old_sources(seen.body or {})[0]["lastDisconnect"]
    pair.first.until(is_watched, 120, expected="the new pod's watch")
    assert old_sources(pair.first.read()), "the old source was removed too early"
    removed = pair.first.until(lambda body: not old_sources(body), 360, expected="the removal of the old source")
    assert_duration(clock, begin, removed.moment, 240, 330)


@pytest.mark.observation("status-exposure")
@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_requests_succeed_with_all_kinds_of_addresses(pair: Pair, kind: str) -> None:
    """Red has a host name and green an IP address, or both have node ports."""
    for mesh, other in ((pair.meshes[0], "green"), (pair.meshes[1], "red")):
        if kind == "NodePort":
            gateway = ingress_of(other, kind)
            mesh.apply_smcp(
                {"gateways": {"additionalIngress": {f"{other}-ingress": gateway}}}, f"exposure/{other}", force=True
            )
            mesh.watch("Service").until(f"{other}-ingress", lambda body: body["spec"]["type"] == kind, SLACK)
            mesh.until_ready()
    if kind == "LoadBalancer":
        assert not pair.meshes[0].address("green-ingress")[0][0].replace(".", "").isdigit()
        assert pair.meshes[1].address("red-ingress")[0][0].replace(".", "").isdigit()
    pair.federate()
    for link in pair.links:
        assert link.mesh.status_codes(link.host()) == [200] * 4


@pytest.mark.observation("status-exports")
def test_new_service_is_exported_by_an_existing_rule(pair: Pair) -> None:
    """A rule for a whole namespace exports a Service that is created later."""
    pair.trust()
    red = pair.first.mesh
    pair.second.imports()
    pair.first.exports(rule(red.app, "*"))
    pair.peers()
    pair.second.until_imported()
    red.api.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "late", "namespace": red.app, "labels": LABELS},
            "spec": {"selector": {"app": "late"}, "ports": [{"name": "http", "port": 9080}]},
        }
    )
    Link(pair.second.mesh, red).until_imported(pair.second.host("late"), 90)
