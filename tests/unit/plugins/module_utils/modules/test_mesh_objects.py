# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing: what changed, in which words, and what stops what."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml

from ansible_collections.ossm.federation.plugins.module_utils._cluster import session
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._modules import mesh_objects, object_changes

Json = dict[str, Any]
AUTH = {"host": "https://red.example", "api_key": "x"}


@pytest.mark.parametrize(
    ("value", "paths"),
    [
        ({"spec": {"a": 1}}, {"spec.a": 1}),
        ({"spec": {"a": {}}, "b": []}, {"spec.a": {}, "b": []}),
        ({"metadata": {"labels": {"a.b/c": "x"}}}, {'metadata.labels["a.b/c"]': "x"}),
        ({"addresses": ["a", "b"]}, {"addresses": ["a", "b"]}),
        (
            {"ports": [{"name": "tls", "port": 1}, {"name": "x", "port": 2}]},
            {"ports[tls].name": "tls", "ports[tls].port": 1, "ports[x].name": "x", "ports[x].port": 2},
        ),
        ({"rules": [{"type": "A"}, {"type": "A"}]}, {"rules[0].type": "A", "rules[1].type": "A"}),
        ({"data": {"root-cert.pem": "P"}}, {'data["root-cert.pem"]': "P"}),
    ],
)
def test_leaves(value: Json, paths: Json) -> None:
    assert object_changes.leaves(value) == paths


def test_what_the_server_adds_is_no_change() -> None:
    before = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "a", "labels": {"l": "1"}}, "spec": {"a": 1}}
    after = copy.deepcopy(before)
    after["metadata"].update(uid="u", resourceVersion="5", generation=2, managedFields=[{}], finalizers=["f"])
    after["status"] = {"x": 1}
    assert not object_changes.changes(before, after)
    after["spec"] = {"b": 2}
    assert set(object_changes.changes(before, after)) == {"spec.a", "spec.b"}


class _Server:
    """The part of a cluster that the writer uses: merges like server-side apply of disjoint fields."""

    def __init__(self) -> None:
        self.live: dict[str, Json] = {}
        self.requests: list[tuple[str, str, bool]] = []
        self.failures: dict[str, ClusterError] = {}
        self.removed: list[tuple[Json, bool]] = []

    def _answer(self, key: str, manager: str, dry_run: bool) -> None:
        self.requests.append((key, manager, dry_run))
        if manager in self.failures:
            raise self.failures[manager]

    def apply(self, definition: Json, manager: str, *, dry_run: bool, force: bool) -> tuple[Json, bool]:
        key = mesh_objects.name_of(definition)
        self._answer(key, manager, dry_run)
        after = _merge(copy.deepcopy(self.live.get(key, {})), definition)
        created = key not in self.live
        if not dry_run:
            self.live[key] = after
        return copy.deepcopy(after), created

    def get(self, kind: str, name: str, namespace: str) -> Json:
        key = f"{kind} {namespace}/{name}"
        self._answer(key, "get", False)
        if key not in self.live:
            raise ClusterError("missing", "not there")
        return self.live[key]

    def remove_fields(self, kind: str, name: str, namespace: str, fields: Json, manager: str, *, dry_run: bool) -> Json:
        key = f"{kind} {namespace}/{name}"
        self._answer(key, "remove fields", dry_run)
        self.removed.append((fields, dry_run))
        after = copy.deepcopy(self.live[key])
        for pointer in fields:
            *parents, last = pointer.strip("/").split("/")
            level = after
            for parent in parents:
                level = level[parent]
            del level[last]
        if not dry_run:
            self.live[key] = after
        return after

    def delete(self, kind: str, name: str, namespace: str, *, uid: str | None, dry_run: bool) -> None:
        key = f"{kind} {namespace}/{name}"
        self._answer(key, f"delete {uid}", dry_run)
        if not dry_run:
            del self.live[key]


def _merge(into: Json, what: Json) -> Json:
    for key, value in what.items():
        into[key] = _merge(into.get(key) or {}, value) if isinstance(value, dict) else value
    return into


@pytest.fixture(name="server")
def _server(monkeypatch: pytest.MonkeyPatch) -> _Server:
    server = _Server()
    monkeypatch.setattr(session, "Cluster", lambda auth, **options: server)
    monkeypatch.delenv("K8S_AUTH_HOST", raising=False)
    return server


def _gateway(peer: str, before: Json | None) -> Json:
    spec = {"gateways": {"additionalIngress": {f"ingress-{peer}": {"enabled": True}}}}
    return {
        "definition": {
            "apiVersion": "maistra.io/v2",
            "kind": "ServiceMeshControlPlane",
            "metadata": {"name": "red", "namespace": "ns", "uid": "u"},
            "spec": spec,
        },
        "field_manager": f"ossm.federation/{peer}",
        "peer": peer,
        "live": before,
        "unknown": {},
    }


def _peer(peer: str, **more: Any) -> Json:
    labels = {"app.kubernetes.io/managed-by": "ossm.federation"}
    return {
        "definition": {
            "apiVersion": "federation.maistra.io/v1",
            "kind": "ServiceMeshPeer",
            "metadata": {"name": peer, "namespace": "ns", "labels": labels},
            "spec": {"remote": {"discoveryPort": 8188}},
        },
        "field_manager": f"ossm.federation/{peer}",
        "peer": peer,
        "live": None,
        "unknown": {},
        **more,
    }


def _run(objects: list[Json], check: bool = False, state: str = "present") -> Json:
    params = {"auth": AUTH, "mesh": "red-mesh", "objects": objects, "state": state, "force_conflicts": False}
    return mesh_objects.run(params, check, lambda line: None)


def _outcome(result: Json) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(change["name"], change["verb"], tuple(change["fields"])) for change in result["objects"]]


PLANE = {
    "apiVersion": "maistra.io/v2",
    "kind": "ServiceMeshControlPlane",
    "metadata": {"name": "red", "namespace": "ns", "uid": "u"},
    "spec": {"version": "v2.5"},
}


def test_check_mode_tells_what_the_real_run_does(server: _Server) -> None:
    server.live["ServiceMeshControlPlane ns/red"] = copy.deepcopy(PLANE)
    objects = [_gateway("green", PLANE), _gateway("blue", PLANE), _peer("green"), _peer("blue")]
    checked = _run(objects, check=True)
    assert all(dry_run for _key, _manager, dry_run in server.requests)
    real = _run(objects)
    assert _outcome(checked) == _outcome(real)
    assert checked["changed"] and [change["verb"] for change in real["objects"]] == ["changed"] * 2 + ["created"] * 2
    assert len(server.requests) == 8


@pytest.mark.parametrize("check", [True, False])
def test_the_live_object_with_its_first_item_serves_all_items_about_it(server: _Server, check: bool) -> None:
    live = copy.deepcopy(PLANE)
    live["metadata"]["uid"] = "u"
    live["spec"]["gateways"] = {"additionalIngress": {"ingress-blue": {"enabled": True}}}
    fields = {"f:spec": {"f:gateways": {"f:additionalIngress": {"f:ingress-blue": {"f:enabled": {}}}}}}
    live["applied"] = {"ossm.federation/blue": {"time": "2026-01-01T00:00:00Z", "fields": json.dumps(fields)}}
    server.live["ServiceMeshControlPlane ns/red"] = copy.deepcopy(live)
    result = _run([_gateway("green", live), _gateway("gold", None), _gateway("blue", None)], check)
    assert [change["verb"] for change in result["objects"]] == ["changed", "changed", "unchanged"]
    assert [manager for _key, manager, _dry_run in server.requests] == ["ossm.federation/green", "ossm.federation/gold"]
    each = [item for change in result["objects"][:2] for item in change["fields"]]
    assert each == [f"spec.gateways.additionalIngress.ingress-{peer}.enabled" for peer in ("green", "gold")]


def test_a_second_run_changes_nothing(server: _Server) -> None:
    server.live["ServiceMeshControlPlane ns/red"] = copy.deepcopy(PLANE)
    _run([_gateway("green", PLANE), _peer("green")])
    live = server.live["ServiceMeshControlPlane ns/red"]
    again = _run([_gateway("green", live), _peer("green", live=server.live["ServiceMeshPeer ns/green"])])
    assert not again["changed"] and not again["diff"]
    assert {change["verb"] for change in again["objects"]} == {"unchanged"}


def test_a_failure_stops_one_pair_only(server: _Server) -> None:
    server.failures["ossm.federation/green"] = ClusterError("conflict", "mesh-owner has .spec.x")
    result = _run([_gateway("green", PLANE), _gateway("blue", PLANE), _peer("green"), _peer("blue")])
    assert [change["verb"] for change in result["objects"]] == ["failed", "created", "skipped", "created"]
    assert [(problem["code"], problem["peer"]) for problem in result["problems"]] == [("conflict", "green")]


def test_a_dead_cluster_stops_everything_after_one_attempt(server: _Server) -> None:
    server.failures["ossm.federation/green"] = ClusterError("unreachable", "refused")
    result = _run([_gateway("green", PLANE), _gateway("blue", PLANE), _peer("blue")])
    assert [change["verb"] for change in result["objects"]] == ["failed", "skipped", "skipped"]
    assert len(server.requests) == 1


def test_values_that_come_later(server: _Server) -> None:
    desired = _peer("green", unknown={"spec.remote.addresses": "known once it has an address"})
    checked = _run([desired], check=True)
    assert checked["objects"][0]["fields"][-2:] == ["spec.remote.addresses", "spec.remote.discoveryPort"]
    shown = yaml.safe_load(checked["diff"][0]["after"])
    assert shown["spec"]["remote"]["addresses"] == "(known once it has an address)"
    real = _run([desired])
    assert real["objects"][0]["verb"] == "skipped" and not real["changed"]


def test_absent_deletes_ours_only_and_exactly_what_was_read(server: _Server) -> None:
    server.live["ServiceMeshPeer ns/green"] = {**_peer("green")["definition"]}
    server.live["ServiceMeshPeer ns/green"]["metadata"]["uid"] = "1"
    server.live["ServiceMeshPeer ns/blue"] = {"kind": "ServiceMeshPeer", "metadata": {"name": "blue", "labels": {}}}
    result = _run([_peer("green"), _peer("blue"), _peer("gold")], state="absent")
    assert [change["verb"] for change in result["objects"]] == ["deleted", "failed", "unchanged"]
    assert ("ServiceMeshPeer ns/green", "delete 1", False) in server.requests
    assert "ServiceMeshPeer ns/blue" in server.live


def test_absent_never_deletes_a_control_plane(server: _Server) -> None:
    server.live["ServiceMeshControlPlane ns/red"] = copy.deepcopy(PLANE)
    _run([_gateway("green", PLANE)], state="absent")
    assert server.requests == [("ServiceMeshControlPlane ns/red", "ossm.federation/green", False)]
    assert "ServiceMeshControlPlane ns/red" in server.live


GATEWAY = "/spec/gateways/additionalIngress/ingress-green"


def _shrunk(**more: Any) -> Json:
    desired = _gateway("green", None)
    del desired["definition"]["spec"]
    return {**desired, "remove_fields": {GATEWAY: {"enabled": True}}, **more}


def test_absent_removes_fields_that_others_own_too_before_its_own(server: _Server) -> None:
    server.live["ServiceMeshControlPlane ns/red"] = _merge(copy.deepcopy(PLANE), _gateway("green", None)["definition"])
    checked = _run([_shrunk()], check=True, state="absent")
    assert server.removed == [({GATEWAY: {"enabled": True}}, True)]
    assert "spec.gateways.additionalIngress.ingress-green.enabled" in checked["objects"][0]["fields"]
    real = _run([_shrunk()], state="absent")
    assert server.removed[1:] == [({GATEWAY: {"enabled": True}}, False)] and real["objects"][0]["verb"] == "changed"
    managers = [manager for dummy, manager, dry_run in server.requests if not dry_run and manager != "get"]
    assert managers == ["remove fields", "ossm.federation/green"]


def test_a_field_that_has_changed_since_it_was_read_is_not_removed(server: _Server) -> None:
    server.live["ServiceMeshControlPlane ns/red"] = copy.deepcopy(PLANE)
    server.failures["remove fields"] = ClusterError("invalid", "the test of the patch failed")
    result = _run([_shrunk(live=PLANE)], state="absent")
    assert [change["verb"] for change in result["objects"]] == ["failed"] and not result["changed"]
    assert [manager for dummy, manager, dummy in server.requests] == ["remove fields"]


def test_a_control_plane_that_is_gone_has_no_fields(server: _Server) -> None:
    result = _run([_shrunk()], state="absent")
    assert [(change["verb"], change["message"]) for change in result["objects"]] == [("unchanged", "it does not exist")]
    assert not result["problems"]


def test_results_hold_no_credentials(server: _Server) -> None:
    result = _run([_peer("green")])
    assert "auth" not in result and "api_key" not in str(result)
