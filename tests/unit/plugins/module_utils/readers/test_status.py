# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading of statuses, against what real control planes wrote and by tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ossm.federation.plugins.module_utils._product import matching
from ansible_collections.ossm.federation.plugins.module_utils._readers import (
    control_plane as control_plane_reader,
    gateway as gateway_reader,
    link as link_reader,
    peer as peer_reader,
    sets as set_reader,
)

Json = dict[str, Any]
RECORDINGS: list[Json] = yaml.safe_load((Path(__file__).parent / "recordings.yaml").read_text(encoding="utf-8"))


def _object(recording: Json) -> Json:
    """The live object that carried a recorded status."""
    obj: Json = {"kind": recording["kind"], "metadata": {"name": recording["peer"]}, "status": recording["status"]}
    if "created" in recording:
        obj["metadata"]["creationTimestamp"] = recording["created"]
    if "rules" in recording:
        obj["spec"] = {"importRules": recording["rules"]}
    return obj


def _collision_partners(recording: Json) -> dict[str, list[Json]]:
    """What the recorded mesh imports, by peer, from all recordings of collisions."""
    return {
        other["peer"]: set_reader.read_imports(_object(other))["imported"]
        for other in RECORDINGS
        if other["mesh"] == recording["mesh"] and other["read"].get("collides")
    }


def _read(recording: Json) -> Json:
    """Everything that we read in one recording."""
    obj = _object(recording)
    if recording["kind"] == "ServiceMeshPeer":
        link = peer_reader.read_peer(obj, mesh=recording["mesh"], other=recording["peer"])
        return {**link, "synced": link_reader.synced(link)}
    if recording["kind"] == "ExportedServiceSet":
        return {"exported": [service["exportedName"] for service in set_reader.read_exports(obj)]}
    import_set = set_reader.read_imports(obj)
    names = [service["exportedName"] for service in import_set["imported"]]
    collides = any(name in link_reader.collisions(_collision_partners(recording)) for name in names)
    return {**import_set, "imported": names, "collides": collides}


@pytest.mark.parametrize("recording", RECORDINGS, ids=[other["name"] for other in RECORDINGS])
def test_recording_is_read_as_it_was(recording: Json) -> None:
    reading = _read(recording)
    assert {key: reading[key] for key in recording["read"]} == recording["read"], recording["truth"]


def test_every_recording_is_there() -> None:
    assert len(RECORDINGS) == 18
    assert all(recording["read"] for recording in RECORDINGS)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("404 Not Found", "no-route"),
        ("503 Service Unavailable", "peer-unreachable"),
        ("403 Forbidden", "identity-refused"),
        ("400 Bad Request", "peer-unknown-there"),
        ("200 OK", "ended"),
        (
            'Get "http://nope-egress.red-mesh.svc.cluster.local:8188/v1/watch": dial tcp: lookup nope-egress: no such host',
            "egress-missing",
        ),
        ('Get "http://x:8188/v1/watch": dial tcp 10.0.0.1:8188: connect: connection refused', "egress-not-listening"),
        ('Get "http://x:8188/v1/watch": dial tcp 10.0.0.1:8188: i/o timeout', "egress-unreachable"),
        ('Get "http://x:8188/v1/watch": context canceled', "restarted"),
        ("unexpected EOF", "cut"),
        ("", "connecting"),
        (None, "connecting"),
        ("something new", "unrecognised"),
    ],
)
def test_texts(text: str, code: str) -> None:
    decoded = peer_reader.decode(text, mesh="red", peer="green")
    assert decoded["code"] == code
    assert decoded["message"] and decoded["remedy"]
    assert "{" not in decoded["message"] + decoded["remedy"]


def test_no_peer() -> None:
    link = peer_reader.read_peer(None)
    assert (link["exists"], link["connected"], link["code"]) == (False, False, "absent")


def test_times_that_are_null_are_no_times() -> None:
    entry = {"pod": "a", "watch": {"connected": True, "lastFullSync": None, "lastConnected": None}, "remotes": None}
    link = peer_reader.read_peer({"metadata": {}, "status": {"discoveryStatus": {"active": [entry], "inactive": None}}})
    assert link["connected"] and link["last_full_sync"] is None and not link_reader.synced(link)


def test_connected_under_inactive_does_not_count() -> None:
    status = {"discoveryStatus": {"inactive": [{"pod": "a", "watch": {"connected": True}}]}}
    assert not peer_reader.read_peer({"metadata": {}, "status": status})["connected"]


def test_synced_is_judged_since_the_last_change() -> None:
    link = {"connected": True, "last_full_sync": "2026-11-22T10:00:01Z"}
    assert link_reader.synced(link, "2026-11-22T10:00:01Z")
    assert not link_reader.synced(link, "2026-11-22T10:00:02Z")
    assert link_reader.synced({**link, "created": "2026-11-22T10:00:01Z"})
    assert not link_reader.synced({**link, "created": "2026-11-22T10:00:02Z"}), "that was a former peer"


@pytest.mark.parametrize(
    ("rules", "taken"),
    [
        ([], False),
        ([{"type": "NameSelector", "nameSelector": {"name": "ratings", "namespace": "bookinfo"}}], True),
        ([{"type": "NameSelector", "nameSelector": {"name": "*", "namespace": ""}}], True),
        ([{"type": "NameSelector", "nameSelector": {"name": "rat*"}}], False),
        ([{"type": "NameSelector", "nameSelector": {"name": "ratings", "namespace": "other"}}], False),
        ([{"type": "NameSelector"}], False),
        ([{"type": "Bogus", "nameSelector": {}}], False),
        ([{"type": "NameSelector", "importAsLocal": True, "nameSelector": {"name": "ratings"}}], False),
        (
            [
                {
                    "type": "NameSelector",
                    "importAsLocal": True,
                    "nameSelector": {"name": "ratings", "alias": {"namespace": "here"}},
                }
            ],
            True,
        ),
    ],
)
def test_rules_take_exported_names(rules: list[Json], taken: bool) -> None:
    assert matching.rule_imports(rules, "ratings.bookinfo.svc.east-exports.local") is taken


@pytest.mark.parametrize(
    ("exported_name", "namespace", "name"),
    [
        ("ratings.bookinfo.svc.east-exports.local", "bookinfo", "ratings"),
        ("api.example.com.shop.svc.east-exports.local", "shop", "api.example.com"),
        ("a.svc.b.shop.svc.east-exports.local", "shop", "a.svc.b"),
    ],
)
def test_a_name_with_dots_is_imported(exported_name: str, namespace: str, name: str) -> None:
    """The host of a ServiceEntry is a name with dots."""
    rule = {"type": "NameSelector", "nameSelector": {"namespace": namespace, "name": name}}
    other = {"type": "NameSelector", "nameSelector": {"namespace": namespace, "name": name.partition(".")[0] + "x"}}
    assert matching.rule_imports([rule], exported_name)
    assert not matching.rule_imports([other], exported_name)


def _plane(generation: int, observed: int, ready: str, **more: Any) -> Json:
    conditions = [{"type": "Ready", "status": ready, "reason": "ComponentsReady"}, *more.pop("conditions", [])]
    return {
        "metadata": {"name": "red", "uid": "u", "generation": generation},
        "spec": more.get("spec", {}),
        "status": {"observedGeneration": observed, "conditions": conditions},
    }


def test_a_ready_that_is_older_than_the_change_is_stale() -> None:
    assert control_plane_reader.read_control_plane(_plane(2, 2, "True"))["ready"]
    stale = control_plane_reader.read_control_plane(_plane(3, 2, "True"))
    assert not stale["ready"] and "generation 3" in stale["message"]


def test_control_plane_says_why_it_is_not_ready() -> None:
    reconciled = {"type": "Reconciled", "status": "False", "reason": "ReconcileError", "message": "no such port"}
    plane = control_plane_reader.read_control_plane(_plane(2, 2, "False", conditions=[reconciled]))
    assert plane["message"] == "ReconcileError: no such port"


def test_control_plane_without_settings_has_the_defaults_of_the_product() -> None:
    plane = control_plane_reader.read_control_plane({"metadata": {"name": "red"}})
    assert (plane["trust_domain"], plane["trust_domain_set"], plane["cluster_name"]) == (
        "cluster.local",
        False,
        "Kubernetes",
    )
    assert not plane["ready"]


PORTS = [
    {"name": "tls", "port": 15443, "nodePort": 30001},
    {"name": "https-discovery", "port": 8188, "nodePort": 30002},
]
NODES = [{"name": "a", "addresses": ["10.0.0.1"]}, {"name": "b", "addresses": ["10.0.0.2", "10.0.0.1"]}]


def _service(type_: str, ingress: list[Json] | None = None, ports: list[Json] | None = None) -> Json:
    return {
        "metadata": {"name": "in", "namespace": "ns"},
        "spec": {"type": type_, "ports": PORTS if ports is None else ports},
        "status": {"loadBalancer": {"ingress": ingress} if ingress else {}},
    }


@pytest.mark.parametrize(
    ("service", "exposure", "expected"),
    [
        (
            _service("LoadBalancer", [{"ip": "1.2.3.4", "hostname": "x"}]),
            "LoadBalancer",
            {"addresses": ["1.2.3.4"], "discoveryPort": 8188, "servicePort": 15443},
        ),
        (
            _service("LoadBalancer", [{"hostname": "lb.example"}]),
            None,
            {"addresses": ["lb.example"], "discoveryPort": 8188, "servicePort": 15443},
        ),
        (
            _service("NodePort"),
            "NodePort",
            {"addresses": ["10.0.0.1", "10.0.0.2"], "discoveryPort": 30002, "servicePort": 30001},
        ),
        (
            _service("ClusterIP"),
            "ClusterIP",
            {"addresses": ["in.ns.svc.cluster.local"], "discoveryPort": 8188, "servicePort": 15443},
        ),
    ],
)
def test_gateway_addresses(service: Json, exposure: str, expected: Json) -> None:
    assert gateway_reader.read_gateway(service, NODES, exposure) == expected


@pytest.mark.parametrize(
    ("service", "nodes", "exposure", "word"),
    [
        (None, NODES, "LoadBalancer", "not created"),
        (_service("LoadBalancer"), NODES, "LoadBalancer", "no address"),
        (_service("ClusterIP"), NODES, "LoadBalancer", "still of type ClusterIP"),
        (_service("NodePort"), [], "NodePort", "no node"),
        (
            _service("NodePort", ports=[{"name": "tls", "port": 15443}, {"port": 8188}]),
            NODES,
            "NodePort",
            "no node ports",
        ),
        (_service("LoadBalancer", [{"ip": "1.2.3.4"}], ports=[]), NODES, "LoadBalancer", "no ports"),
    ],
)
def test_gateway_that_waits_says_for_what(service: Json, nodes: list[Json], exposure: str, word: str) -> None:
    assert word in gateway_reader.read_gateway(service, nodes, exposure)["pending"]


def _told(reason: str, type_: str = "Normal", **more: Any) -> Json:
    return {
        "type": type_,
        "reason": reason,
        "message": f"words of {reason}",
        "involvedObject": {"kind": "Service", "name": "in"},
        **more,
    }


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], ""),
        ([_told("a")], "a: words of a"),
        (
            [
                _told("a", lastTimestamp="2026-01-01T00:00:02Z"),
                _told("b", eventTime="2026-01-01T00:00:03.000001Z"),
                _told("c", metadata={"creationTimestamp": "2026-01-01T00:00:01Z"}),
            ],
            "b: words of b",
        ),
        (
            [
                _told("a", series={"lastObservedTime": "2026-01-01T00:00:09.5Z"}, eventTime="2026-01-01T00:00:01Z"),
                _told("b", eventTime="2026-01-01T00:00:03Z"),
            ],
            "a: words of a",
        ),
        (
            [
                _told("a", lastTimestamp="2026-01-01T00:00:09Z"),
                _told("b", "Warning", lastTimestamp="2026-01-01T00:00:01Z"),
            ],
            "b: words of b",
        ),
        ([_told("a", involvedObject={"kind": "Service", "name": "in", "uid": "of one that is gone"})], ""),
        ([_told("a", involvedObject={"kind": "Service", "name": "in", "uid": "u"})], "a: words of a"),
        ([_told("a", involvedObject={"kind": "Pod", "name": "in"})], ""),
        ([_told("a", message="two\n  lines")], "a: two lines"),
        ([_told("a", message="x" * 400)], f"a: {'x' * 300}..."),
        ([_told("", message="only words")], "only words"),
    ],
)
def test_events_of_a_service(events: list[Json], message: str) -> None:
    assert gateway_reader.read_events(events, {"metadata": {"name": "in", "uid": "u"}}) == message


NODE = {"addresses": ["192.0.2.1"], "internal": ["10.0.0.1"]}


def test_several_addresses_and_node_ports_by_name() -> None:
    rows = [{"ip": "192.0.2.7"}, {"hostname": "lb.example", "ip": ""}, {"hostname": "lb.example"}, {}]
    gateway = gateway_reader.read_gateway(_service("LoadBalancer", rows), [], "LoadBalancer")
    assert gateway["addresses"] == ["192.0.2.7", "lb.example"]
    ports = [
        {"name": "tls", "port": 443, "nodePort": 30443},
        {"name": "https-discovery", "port": 80, "nodePort": 30080},
    ]
    by_name = _service("NodePort", ports=ports)
    both = [NODE, {"addresses": ["192.0.2.2", "192.0.2.1"], "internal": ["10.0.0.2"]}]
    assert gateway_reader.read_gateway(by_name, both, "NodePort") == {
        "addresses": ["192.0.2.1", "192.0.2.2"],
        "discoveryPort": 30080,
        "servicePort": 30443,
    }
    assert gateway_reader.read_gateway(by_name, both, "NodePort", True)["addresses"] == ["10.0.0.1", "10.0.0.2"]


def _entry(pod: str, connected: bool, at: int) -> Json:
    text = {} if connected else {"lastDisconnectStatus": "503 Service Unavailable"}
    return {"pod": pod, "watch": {"connected": connected, "lastConnected": f"2026-01-01T00:00:{at:02}Z", **text}}


@pytest.mark.parametrize(
    ("active", "inactive", "terminated", "connected"),
    [
        ([_entry("a", True, 1)], [_entry("a", False, 9)], [], False),
        ([_entry("a", True, 9)], [_entry("a", False, 1)], [], True),
        ([_entry("a", True, 5)], [_entry("a", False, 5)], [], True),
        ([_entry("a", True, 1)], [_entry("b", False, 9)], [], True),
        ([_entry("a", True, 1)], [_entry("b", False, 9)], ["a"], False),
        ([_entry("a", True, 1)], [], ["a"], False),
    ],
)
def test_the_newest_entry_of_each_pod_that_lives_counts(
    active: list[Json], inactive: list[Json], terminated: list[str], connected: bool
) -> None:
    """A pod that stands under both: the product looks for its entry by a search that misses some."""
    peer = {"metadata": {}, "status": {"discoveryStatus": {"active": active, "inactive": inactive}}}
    link = peer_reader.read_peer(peer, terminated_pods=terminated)
    assert link["connected"] is connected and link["accepted"] is (set(terminated) != peer_reader.entry_pods(peer))


@pytest.mark.parametrize(
    ("ready", "observed", "message"),
    [
        ("True", 1, "the operator has not reconciled the latest change yet (generation 2, observed 1)"),
        ("False", 1, "PausingUpdate: waits for istio-ingress"),
        ("False", 2, "PausingUpdate: waits for istio-ingress"),
        ("True", 2, "ready"),
    ],
)
def test_what_a_control_plane_waits_for_is_told_before_it_is_done(ready: str, observed: int, message: str) -> None:
    """The observed generation only follows at the end."""
    why = {"reason": "PausingUpdate", "message": "waits for istio-ingress"} if ready == "False" else {}
    plane = {
        "metadata": {"name": "red", "namespace": "ns", "generation": 2},
        "status": {"observedGeneration": observed, "conditions": [{"type": "Ready", "status": ready, **why}]},
    }
    assert control_plane_reader.read_control_plane(plane)["message"] == message
