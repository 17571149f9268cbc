# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the status of peers and sets looks like, connected and on the way there."""

from __future__ import annotations

import re

import pytest

from lab.conformance.conftest import Grounds
from lab.conformance.kube import Clock, Object
from lab.conformance.mesh import (
    EXPORTS,
    IMPORTS,
    OURS,
    PEER,
    SLACK,
    Link,
    Pair,
    connected,
    entries,
    exported,
    imported,
    ingress_of,
    pods_of,
    rule,
    text,
    took,
    visited,
)

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.mark.row("status-connected", "status-first")
def test_a_good_link_is_one_active_entry_with_watch_and_remotes(pair: Pair, clock: Clock) -> None:
    """Both ways connected within 1-4 s, each told by one entry of the only istiod pod."""
    pair.trust()
    begin = pair.peers()
    took(clock, begin, pair.until_connected(), 0, 4)
    for link in pair.links:
        link.until(lambda body: visited(body) and pods_of(body, "active")[0]["watch"].get("lastFullSync"), 20)
        (pod,) = link.mesh.pods("istiod")
        assert set(link.now()["status"]) == {"discoveryStatus"}
        assert not pods_of(link.now(), "inactive")
        (entry,) = pods_of(link.now(), "active")
        assert set(entry) == {"pod", "remotes", "watch"} and entry["pod"] == pod
        assert entry["watch"]["connected"] is True
        assert all(TIME.fullmatch(entry["watch"][name]) for name in ("lastConnected", "lastFullSync"))
        (remote,) = entry["remotes"]
        (other,) = link.other.pods("istiod").values()
        assert remote["connected"] is True and TIME.fullmatch(remote["lastConnected"])
        assert remote["source"] == other["status"]["podIP"]


@pytest.mark.row("status-first", "status-attempt", "status-new")
def test_the_first_attempt_fails_and_leaves_its_text(pair: Pair) -> None:
    """No status at first; then an inactive entry without remotes; its text stays after the connection is there."""
    pair.trust()
    since = pair.peers()
    sight = pair.there.until_connected(since=since)
    history = [one.body for one in pair.there.mesh.see(PEER).sights("green", since) if one.body]
    assert not history[0].get("status"), "a new peer has no status"
    failed = [body for body in history if entries(body) and not connected(body) and text(body)]
    assert failed, "the first attempt did not fail"
    assert re.search(r"404 Not Found|503 Service Unavailable|connection refused", text(failed[0]))
    assert not pods_of(failed[0], "active")
    assert text(sight.body or {}) == text(failed[-1]), "the old text stays"
    assert all(
        remotes is None or remotes for body in history for entry in entries(body) for remotes in [entry.get("remotes")]
    )


@pytest.mark.row("status-half", "status-attempt", "status-new")
def test_refused_one_way_is_inactive_with_a_connected_remote(pair: Pair, clock: Clock) -> None:
    """Green is refused by red; red's watch of green works: green's inactive entry says both."""
    pair.trust()
    pair.here.peer()
    pair.there.peer(security={"clientID": "x.local/ns/x/sa/x-service-account"})
    pair.there.until_connected()
    body = pair.here.until(lambda one: visited(one) and "403" in text(one), 60).body or {}
    (entry,) = pods_of(body, "inactive")
    assert not pods_of(body, "active")
    assert entry["watch"]["connected"] is False and entry["watch"]["lastDisconnectStatus"] == "403 Forbidden"
    assert "lastDisconnect" not in entry["watch"] and "lastFullSync" not in entry["watch"]
    assert not any("remotes" in entry for entry in entries(pair.there.now())), "nobody has come to red"
    before = entry["watch"]["lastConnected"]
    pair.here.until(lambda one: entries(one)[0]["watch"]["lastConnected"] > before, 120, words="another attempt")


@pytest.mark.row("status-three")
def test_three_meshes_connect_all_six_links(ground: Grounds, clock: Clock) -> None:
    """All six links after 2.4 s."""
    pairs = [Pair(ground.red, ground.green), Pair(ground.red, ground.blue), Pair(ground.green, ground.blue)]
    for one in pairs:
        one.trust()
    begin = min([one.peers() for one in pairs])
    took(clock, begin, max(one.until_connected(since=begin) for one in pairs), 0, 6)


@pytest.mark.row("status-exports", "status-empty")
def test_exports_are_listed_before_anything_connects(pair: Pair) -> None:
    """All that matches, under the exporter's own peer name, with the alias; also to a peer out of reach."""
    link, red = pair.there, pair.there.mesh
    link.trust()
    link.peer(remote={"addresses": ["green.nowhere.example"]})
    link.exports(rule(red.app, "ratings", ("bookinfo", "stars")), rule(red.app, "reviews"))
    wanted = {
        "stars.bookinfo.svc.green-exports.local": f"ratings.{red.app}.svc.cluster.local",
        f"reviews.{red.app}.svc.green-exports.local": f"reviews.{red.app}.svc.cluster.local",
    }
    body = red.until(EXPORTS, "green", lambda one: exported(one) == wanted, 90).body or {}
    local = {"hostname": f"ratings.{red.app}.svc.cluster.local", "name": "ratings", "namespace": red.app}
    assert {"exportedName": "stars.bookinfo.svc.green-exports.local", "localService": local} in body["status"][
        "exportedServices"
    ]
    assert not connected(link.now())
    link.exports(rule("nowhere", "nothing"))
    red.until(EXPORTS, "green", lambda one: not exported(one), 90)


@pytest.mark.row("status-imports", "status-offers")
def test_imports_carry_the_importers_peer_name(pair: Pair) -> None:
    """Default suffix, importAsLocal with an alias, and an offer that no rule takes."""
    pair.trust()
    red, green = pair.there.mesh, pair.here.mesh
    pair.here.imports(rule(red.app, "ratings"), rule(red.app, "reviews", (green.app, "stars"), importAsLocal=True))
    pair.there.exports(rule(red.app, "*"))
    pair.peers()
    wanted = {
        pair.there.exported_name("ratings"): pair.here.host("ratings"),
        pair.there.exported_name("reviews"): f"stars.{green.app}.svc.cluster.local",
        pair.there.exported_name("details"): "",
    }
    body = green.until(IMPORTS, "red", lambda one: imported(one) == wanted, 120).body or {}
    listed = {item["exportedName"]: item["localService"] for item in body["status"]["importedServices"]}
    assert listed[pair.there.exported_name("ratings")] == {
        "hostname": pair.here.host("ratings"),
        "name": "ratings",
        "namespace": red.app,
    }
    assert listed[pair.there.exported_name("details")] == {"hostname": "", "name": "", "namespace": ""}


@pytest.mark.row("status-empty")
def test_sets_that_match_nothing_are_empty(pair: Pair, clock: Clock) -> None:
    """Nothing exported: the importer's list is empty or there is no status."""
    pair.trust()
    pair.here.imports()
    pair.there.exports(rule("nowhere", "nothing"))
    pair.peers()
    pair.until_connected()
    clock.sleep(10)
    assert not imported(pair.here.mesh.get(IMPORTS, "red")) and not exported(pair.there.mesh.get(EXPORTS, "green"))


@pytest.mark.row("status-sources")
def test_old_sources_stay_for_five_minutes(pair: Pair, clock: Clock) -> None:
    """The pod that watched us is gone: its source stays, not connected, with the time of its leaving, then goes."""
    pair.join(sets=False)
    (old,) = [pod["status"]["podIP"] for pod in pair.here.mesh.pods("istiod").values()]
    begin = pair.here.mesh.restart("istiod")

    def left(body: Object) -> list[Object]:
        return [one for entry in entries(body) for one in entry.get("remotes") or [] if one["source"] == old]

    sight = pair.there.until(lambda body: [one for one in left(body) if not one["connected"]], 30)
    assert left(sight.body or {})[0]["lastDisconnect"]
    pair.there.until(visited, 120, words="the new pod's watch")
    assert left(pair.there.now()), "the old source went too early"
    gone = pair.there.until(lambda body: not left(body), 360, words="the old source's end")
    took(clock, begin, gone.moment, 240, 330)


@pytest.mark.row("status-exposure")
@pytest.mark.parametrize("kind", ["LoadBalancer", "NodePort"])
def test_requests_pass_on_all_kinds_of_addresses(pair: Pair, kind: str) -> None:
    """Red is reached by host name, green by IP; or both by node ports."""
    for mesh, other in ((pair.meshes[0], "green"), (pair.meshes[1], "red")):
        if kind == "NodePort":
            gateway = ingress_of(other, kind)
            mesh.apply_smcp(
                {"gateways": {"additionalIngress": {f"{other}-ingress": gateway}}}, f"exposure/{other}", force=True
            )
            mesh.see("Service").until(f"{other}-ingress", lambda body: body["spec"]["type"] == kind, SLACK)
            mesh.until_ready()
    if kind == "LoadBalancer":
        assert not pair.meshes[0].address("green-ingress")[0][0].replace(".", "").isdigit()
        assert pair.meshes[1].address("red-ingress")[0][0].replace(".", "").isdigit()
    pair.join()
    for link in pair.links:
        assert link.mesh.codes(link.host()) == [200] * 4


@pytest.mark.row("status-exports")
def test_a_new_service_is_exported_by_a_rule_that_was_there(pair: Pair) -> None:
    """A rule for a whole namespace takes a Service that comes later."""
    pair.trust()
    red = pair.there.mesh
    pair.here.imports()
    pair.there.exports(rule(red.app, "*"))
    pair.peers()
    pair.here.until_imported()
    red.api.create(
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "late", "namespace": red.app, "labels": OURS},
            "spec": {"selector": {"app": "late"}, "ports": [{"name": "http", "port": 9080}]},
        }
    )
    Link(pair.here.mesh, red).until_imported(pair.here.host("late"), 90)
