# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for gateways and links, and reading meshes, against scripted clusters."""
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event
from ansible_collections.ossm.federation.plugins.module_utils._cluster import session
from ansible_collections.ossm.federation.plugins.module_utils._modules import (
    gateway_wait,
    mesh_info,
    mesh_info_federation,
    peer_links,
)
from ansible_collections.ossm.federation.plugins.module_utils._product.permissions import beyond_reading, missing
from ansible_collections.ossm.federation.plugins.module_utils._readers.members import read_members

Json = dict[str, Any]
AUTH = {"host": "https://red.example", "api_key": "x"}
SYNCED = "2026-11-22T10:00:05Z"
RATINGS = "ratings.bookinfo.svc.red-exports.local"


def _plane(observed: int = 2) -> Json:
    return {"metadata": {"name": "red", "uid": "u", "generation": 2}, "spec": {},
            "status": {"observedGeneration": observed, "conditions": [{"type": "Ready", "status": "True"}]}}


def _service(name: str = "in", address: str | None = "1.2.3.4") -> Json:
    ingress = [{"ip": address}] if address else []
    return {"metadata": {"name": name, "namespace": "ns"}, "status": {"loadBalancer": {"ingress": ingress}},
            "spec": {"type": "LoadBalancer", "ports": [{"port": 15443}, {"port": 8188}]}}


def _peer(connected: bool = True, name: str = "green", sync: str = SYNCED, pod: str = "a", **metadata: Any) -> Json:
    watch = {"connected": connected, "lastFullSync": sync, "lastConnected": sync, "lastDisconnectStatus": "503 x"}
    return {"metadata": {"name": name, **metadata}, "status": {"discoveryStatus": {
        "active" if connected else "inactive": [{"pod": pod, "watch": watch}]}}}


def _imports(*names: str, name: str = "green") -> Json:
    return {"metadata": {"name": name}, "status": {"importedServices": [
        {"exportedName": one, "localService": {"hostname": f"local-{one}"}} for one in names]}}


class _Cluster:
    """Answers from a table and tells a list of events; whatever is not in the table is missing."""

    def __init__(self, objects: dict[str, Any] | None = None, events: list[Event] | None = None) -> None:
        self.objects = objects or {}
        self.story = events or []
        self.requests: list[str] = []

    def _take(self, kind: str, missing: Any) -> Any:
        self.requests.append(kind)
        found = self.objects.get(kind, missing)
        if isinstance(found, ClusterError):
            raise found
        return found

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json:
        return self._take(kind, ClusterError("missing", "it does not exist"))

    def list(self, kind: str, namespace: str | None = None, *, fields: str = "", labels: str = "") -> list[Json]:
        return self._take(kind, [])

    def review(self, kind: str, spec: Json) -> Json:
        found = self._take(kind, {})
        return found(spec) if callable(found) else found

    def watch_many(self, watches: Any, deadline: float) -> Any:
        self.requests += [f"watch {one.kind}" for one in watches]
        yield from (event for event in self.story if event.kind in ("", *(one.kind for one in watches)))


def _use(monkeypatch: pytest.MonkeyPatch, cluster: _Cluster) -> _Cluster:
    monkeypatch.setattr(session, "Cluster", lambda auth, **options: cluster)
    return cluster


def _gateways(timeout: float = 60, check: bool = False, **more: Any) -> tuple[Json, list[str]]:
    lines: list[str] = []
    params = {"auth": AUTH, "mesh": "red", "namespace": "ns", "control_plane": "red", "nodes": [], "known": {},
              "gateways": [{"name": "in", "exposure": "LoadBalancer", "peer": "green"}], "timeout": timeout, **more}
    return gateway_wait.run(params, check, lines.append), lines


def test_addresses_are_awaited_first_and_then_the_control_plane(monkeypatch: pytest.MonkeyPatch) -> None:
    plane, service, quiet = "ServiceMeshControlPlane", "Service", Event("", "QUIET", {})
    cluster = _use(monkeypatch, _Cluster({plane: _plane(observed=1)}, [
        Event(service, "ADDED", _service(address=None)), quiet, quiet,
        Event("", "TICK", {}), Event(service, "MODIFIED", _service()), Event(service, "DELETED", _service()),
        Event(plane, "ADDED", _plane(observed=1)), Event(plane, "MODIFIED", _plane()), Event(plane, "DELETED", _plane())]))
    result, lines = _gateways()
    assert result["ready"] and not result["problems"] and result["message"] == "ready"
    assert result["gateways"]["in"] == {"addresses": ["1.2.3.4"], "discoveryPort": 8188, "servicePort": 15443}
    assert cluster.requests == ["watch Service", plane, "Event", f"watch {plane}"]
    assert [line for line in lines if "no address" in line and "left" not in line] == [
        "red: in: its load balancer has no address yet"]
    left = [line for line in lines if "s left" in line]
    assert "control plane: the operator has not reconciled the latest change yet" in left[0] and "in: its load" in left[0]


def test_what_is_not_there_in_time_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _use(monkeypatch, _Cluster({"ServiceMeshControlPlane": _plane()}))
    result, _lines = _gateways()
    assert cluster.requests == ["watch Service", "ServiceMeshControlPlane"]
    assert result["ready"] and "pending" in result["gateways"]["in"]
    assert [(one["code"], one["severity"], one["peer"]) for one in result["problems"]] == [
        ("no-address", "warning", "green")]


def _event(type_: str, reason: str, message: str, when: str, **about: Any) -> Json:
    involved = {"kind": "Service", "name": "in", "namespace": "ns", **about}
    return {"metadata": {"name": f"in.{when}"}, "involvedObject": involved, "type": type_, "reason": reason,
            "message": message, "lastTimestamp": f"2026-11-22T10:00:{when}Z"}


QUOTA = "Error syncing load balancer: failed to ensure load balancer: quota of addresses is used up"
EVENTS = [_event("Warning", "SyncLoadBalancerFailed", "an older reason", "06"),
          _event("Warning", "SyncLoadBalancerFailed", f"{QUOTA}\n", "07"),
          _event("Warning", "SyncLoadBalancerFailed", "another gateway's", "09", name="other"),
          _event("Normal", "EnsuringLoadBalancer", "Ensuring load balancer", "08")]


def test_a_wait_that_lasts_says_why_by_the_newest_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    story = [Event("Service", "ADDED", _service(address=None)), Event("", "QUIET", {}), Event("", "TICK", {}),
             Event("", "TICK", {})]
    cluster = _use(monkeypatch, _Cluster({"ServiceMeshControlPlane": _plane(), "Event": EVENTS}, story))
    result, lines = _gateways()
    why = f"its load balancer has no address yet (SyncLoadBalancerFailed: {QUOTA})"
    assert result["gateways"]["in"] == {"pending": why}
    assert cluster.requests.count("Event") == 3, "at each heartbeat and at the deadline"
    assert [line for line in lines if "s left" in line and line.endswith(f"waiting for in: {why}")]
    assert why in result["problems"][0]["message"]
    assert QUOTA not in lines[0]


def test_a_wait_that_is_short_reads_no_events(monkeypatch: pytest.MonkeyPatch) -> None:
    story = [Event("Service", "ADDED", _service(address=None)), Event("Service", "MODIFIED", _service()),
             Event("ServiceMeshControlPlane", "ADDED", _plane())]
    cluster = _use(monkeypatch, _Cluster({"Event": EVENTS}, story))
    assert _gateways()[0]["ready"] and "Event" not in cluster.requests


def test_only_load_balancers_have_events_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    clusterip = {**_service(address=None), "spec": {"type": "ClusterIP"}}
    cluster = _use(monkeypatch, _Cluster({"ServiceMeshControlPlane": _plane()}, [Event("Service", "ADDED", clusterip)]))
    assert "still of type ClusterIP" in _gateways()[0]["gateways"]["in"]["pending"]
    assert "Event" not in cluster.requests


@pytest.mark.parametrize(("answer", "message"), [
    ([], "has no events: nothing here seems to serve Services of type LoadBalancer"),
    (ClusterError("forbidden", "may not list events: events is forbidden"), "cannot be read: may not list events)")])
def test_no_events_are_told_too(monkeypatch: pytest.MonkeyPatch, answer: Any, message: str) -> None:
    story = [Event("Service", "ADDED", _service(address=None))]
    _use(monkeypatch, _Cluster({"ServiceMeshControlPlane": _plane(), "Event": answer}, story))
    result, _lines = _gateways()
    assert message in result["gateways"]["in"]["pending"]
    assert [one["code"] for one in result["problems"]] == ["no-address"]


def test_node_ports_are_reached_at_internal_addresses_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [{"port": 8188, "nodePort": 30188}, {"port": 15443, "nodePort": 30443}]
    service = {**_service(), "spec": {"type": "NodePort", "ports": ports}}
    addresses = [{"type": "ExternalIP", "address": "192.0.2.1"}, {"type": "InternalIP", "address": "10.0.0.1"}]
    node = {"metadata": {"name": "n"}, "status": {"addresses": addresses}}
    story = [Event("Service", "ADDED", service), Event("ServiceMeshControlPlane", "ADDED", _plane())]
    _use(monkeypatch, _Cluster({"Node": [node]}, story))
    for internal, address in ((True, "10.0.0.1"), (False, "192.0.2.1")):
        gateway = {"name": "in", "exposure": "NodePort", "internal": internal}
        result, _lines = _gateways(gateways=[gateway])
        assert result["gateways"]["in"] == {"addresses": [address], "discoveryPort": 30188, "servicePort": 30443}


def test_what_is_known_to_be_good_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _use(monkeypatch, _Cluster())
    known = {"control_plane": {"ready": True, "message": "ready"}, "services": {"in": _service()}}
    assert _gateways(known=known)[0]["ready"] and not cluster.requests


def test_check_mode_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _use(monkeypatch, _Cluster({"ServiceMeshControlPlane": _plane(), "Service": []}))
    result, _lines = _gateways(check=True)
    assert cluster.requests == ["ServiceMeshControlPlane", "Service"]
    assert result["ready"] and "pending" in result["gateways"]["in"] and not result["problems"]


def test_a_watch_that_is_forbidden_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    _use(monkeypatch, _Cluster(events=[Event("Service", "FATAL", {}, ClusterError("forbidden", "may not"))]))
    assert [one["code"] for one in _gateways()[0]["problems"]] == ["forbidden"]


def _links(
    monkeypatch: pytest.MonkeyPatch, cluster: _Cluster, core: Any = peer_links.wait, **more: Any
) -> tuple[Json, list[str]]:
    _use(monkeypatch, cluster)
    lines: list[str] = []
    link = {"peer": "green-mesh", "peer_name": "green", "expect": more.pop("link", {})}
    params = {"auth": AUTH, "mesh": "red", "namespace": "ns", "links": [link], "timeout": 60, **more}
    return core(params, False, lines.append), lines


def test_links_are_awaited_until_imports_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _Cluster({"ExportedServiceSet": []}, [
        Event("ServiceMeshPeer", "ADDED", _peer(connected=False)), Event("", "QUIET", {}),
        Event("ServiceMeshPeer", "MODIFIED", _peer()), Event("", "QUIET", {}),
        Event("ImportedServiceSet", "ADDED", _imports(RATINGS)), Event("ServiceMeshPeer", "DELETED", _peer())])
    result, lines = _links(monkeypatch, cluster, link={"imports_expected": [RATINGS]})
    assert result["healthy"] and result["links"][0]["missing"] == []
    assert cluster.requests == ["watch ServiceMeshPeer", "watch ImportedServiceSet", "ExportedServiceSet"]
    assert len(lines) == 2 and "503 x" in lines[0] and "not imported yet" in lines[1]


@pytest.mark.parametrize(("events", "imported"), [
    ([Event("ImportedServiceSet", "MODIFIED", _imports(RATINGS))], 1),
    ([Event("", "QUIET", {}), Event("ImportedServiceSet", "MODIFIED", _imports(RATINGS))], 0),
])
def test_a_rule_is_given_the_burst_to_take_something(
    monkeypatch: pytest.MonkeyPatch, events: list[Event], imported: int
) -> None:
    cluster = _Cluster(events=[
        Event("ImportedServiceSet", "ADDED", {"metadata": {"name": "green"}}), Event("ServiceMeshPeer", "ADDED", _peer()),
        *events, Event("ServiceMeshPeer", "DELETED", _peer())])
    rule = {"type": "NameSelector", "nameSelector": {"name": "ratings"}}
    result, _lines = _links(monkeypatch, cluster, link={"import_rules": [rule]})
    assert result["healthy"] and len(result["links"][0]["imported"]) == imported


def test_an_old_sync_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _Cluster(events=[Event("ServiceMeshPeer", "ADDED", _peer())])
    result, _lines = _links(monkeypatch, cluster, link={"since": "2026-11-22T10:00:06Z"})
    assert not result["healthy"] and not result["links"][0]["synced"]


def test_after_a_restart_only_the_new_pods_count(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = _peer(pod="old"), _peer(pod="new")
    result, _lines = _links(monkeypatch, _Cluster(events=[Event("ServiceMeshPeer", "ADDED", old)]), expect={"pods": ["new"]})
    assert not result["links"][0]["connected"] and not result["links"][0]["accepted"]
    result, _lines = _links(monkeypatch, _Cluster(events=[Event("ServiceMeshPeer", "ADDED", new)]), expect={"pods": ["new"]})
    assert result["links"][0]["connected"]


@pytest.mark.parametrize(("seconds", "heartbeats"), [(peer_links.STUCK_SECONDS - 1, 2), (peer_links.STUCK_SECONDS + 1, 0)])
def test_what_only_a_restart_heals_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, seconds: int, heartbeats: int
) -> None:
    """The root changed while the link was down: after one look at every peer istiod is not asked any more."""
    down = _peer(connected=False, sync="2026-11-22T10:00:00Z", creationTimestamp="2026-11-22T09:00:00Z")
    tick = Event("", "TICK", {})
    cluster = _Cluster(events=[Event("ServiceMeshPeer", "ADDED", down), tick, tick])
    moments = iter([0.0, 0.0])
    monkeypatch.setattr(peer_links.time, "monotonic", lambda: next(moments, float(seconds)))
    result, lines = _links(monkeypatch, cluster, link={"root_since": "2026-11-22T10:00:05Z"})
    assert result["links"][0]["root_not_loaded"] and len(lines) == heartbeats


def test_offers_that_a_rule_takes_are_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = _imports(RATINGS)
    offered["status"]["importedServices"][0]["localService"] = {"hostname": ""}
    cluster = _Cluster({"ServiceMeshPeer": [_peer()], "ImportedServiceSet": [offered]})
    rule = {"type": "NameSelector", "nameSelector": {"name": "ratings"}}
    result, _lines = _links(monkeypatch, cluster, core=peer_links.info, link={"import_rules": [rule]})
    assert result["links"][0]["missing"] == [RATINGS] and not result["healthy"]
    assert cluster.requests == ["ServiceMeshPeer", "ImportedServiceSet", "ExportedServiceSet"]


def test_links_known_to_be_good_cost_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = {"ServiceMeshPeer": [_peer()], "ImportedServiceSet": [_imports(RATINGS)]}
    again = _Cluster()
    known = _links(monkeypatch, _Cluster(objects), core=peer_links.info)[0]["links"]
    result, _lines = _links(monkeypatch, again, expect={"known": known}, link={"imports_expected": [RATINGS]})
    assert result["healthy"] and not again.requests


def test_of_links_known_to_be_up_only_imports_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    known = _links(monkeypatch, _Cluster({"ServiceMeshPeer": [_peer()]}), core=peer_links.info)[0]["links"]
    cluster = _Cluster(events=[Event("ImportedServiceSet", "ADDED", _imports(RATINGS))])
    result, _lines = _links(monkeypatch, cluster, expect={"known": known}, link={"imports_expected": [RATINGS]})
    assert result["healthy"] and cluster.requests == ["watch ImportedServiceSet"]
    assert [one["exportedName"] for one in result["links"][0]["imported"]] == [RATINGS]


def test_of_links_known_to_be_down_everything_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    known = _links(monkeypatch, _Cluster({"ServiceMeshPeer": [_peer(connected=False)]}), core=peer_links.info)[0]["links"]
    cluster = _Cluster(events=[Event("ServiceMeshPeer", "ADDED", _peer())])
    result, _lines = _links(monkeypatch, cluster, expect={"known": known})
    assert result["healthy"] and cluster.requests[:2] == ["watch ServiceMeshPeer", "watch ImportedServiceSet"]


DOWN = ClusterError("unreachable", "https://red refuses the connection", "Start the API server")
REFUSED = Event("ServiceMeshPeer", "FATAL", {}, ClusterError("forbidden", "may not watch it", "Grant it"))
UNREAD: list[tuple[Any, Json, _Cluster, str]] = [
    (peer_links.info, {}, _Cluster(), "access-missing"),
    (peer_links.wait, {}, _Cluster(), "access-missing"),
    (peer_links.info, AUTH, _Cluster({"ServiceMeshPeer": DOWN}), "unreachable"),
    (peer_links.wait, AUTH, _Cluster(events=[REFUSED]), "forbidden"),
    (peer_links.wait, AUTH, _Cluster({"ServiceMeshPeer": DOWN}), "unreachable"),
]


@pytest.mark.parametrize(("core", "auth", "cluster", "code"), UNREAD)
def test_of_a_mesh_that_cannot_be_read_nothing_is_known(
    monkeypatch: pytest.MonkeyPatch, core: Any, auth: Json, cluster: _Cluster, code: str
) -> None:
    result, _lines = _links(monkeypatch, cluster, core=core, auth=auth)
    (link,) = result["links"]
    assert (link["exists"], link["state"], link["code"], link["healthy"]) == (None, "unknown", "unreadable", False)
    assert [link[key] for key in ("accepted", "connected", "synced")] == [None] * 3
    (problem,) = result["problems"]
    assert problem["code"] == code and link["remedy"] == problem["remedy"]
    assert link["message"] == f"red could not be read: {problem['message']}"
    assert not result["healthy"] and result["message"] == f"green-mesh: {link['message']}"


def test_a_peer_that_the_api_server_does_not_have_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    for core in (peer_links.info, peer_links.wait):
        (link,) = _links(monkeypatch, _Cluster(), core=core)[0]["links"]
        assert (link["exists"], link["state"], link["code"]) == (False, "degraded", "absent")


def test_a_failing_last_request_keeps_what_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = _Cluster({"ExportedServiceSet": ClusterError("busy", "no")}, [Event("ServiceMeshPeer", "ADDED", _peer())])
    result, _lines = _links(monkeypatch, cluster)
    assert result["links"][0]["connected"] and [one["code"] for one in result["problems"]] == ["busy"]


# -- reading a mesh --------------------------------------------------------------------------------------------------

NAMES = {"name": "red", "namespace": "ns"}


def _read(
    monkeypatch: pytest.MonkeyPatch, objects: dict[str, Any], rights_for: str | None = None, **wanted: Any
) -> tuple[Json, _Cluster]:
    cluster = _use(monkeypatch, _Cluster(objects))
    params = {"mesh": "red-mesh", "namespace": "ns", "auth": AUTH, "rights_for": rights_for, **wanted}
    return mesh_info.run(params, False, lambda line: None), cluster


def _root(monkeypatch: pytest.MonkeyPatch, sha256: str) -> None:
    """Take the text in the config map for a good root with this fingerprint."""
    monkeypatch.setattr(mesh_info_federation, "normalise_bundle", lambda pem: pem)
    monkeypatch.setattr(mesh_info_federation, "read_roots", lambda pem: [{"sha256": sha256}])


def _mesh() -> dict[str, Any]:
    fields = {"f:spec": {"f:security": {"f:trust": {"f:domain": {}}},
                         "f:gateways": {"f:additionalIngress": {"f:in": {"f:enabled": {}}}}}}
    plane = _plane()
    plane["metadata"].update(NAMES, managedFields=[
        {"manager": "mesh-owner", "fieldsV1": fields},
        {"manager": "operator", "subresource": "status", "fieldsV1": fields}])
    plane["spec"] = {"security": {"trust": {"domain": "red.local"}}, "gateways": {"additionalIngress": {"in": {}}}}
    root = {"metadata": {"name": "istio-ca-root-cert"}, "data": {"root-cert.pem": "PEM"}}
    return {
        "Namespace": {"metadata": {"uid": "cluster-1"}},
        "ServiceMeshControlPlane": [plane],
        "Infrastructure": {"status": {"platformStatus": {"type": "AWS"}}},
        "ClusterVersion": {"status": {"desired": {"version": "4.16.20"}}},
        "ConfigMap": [root, {"metadata": {"name": "other"}}, {"metadata": {"name": "green-ca-root-cert"}}],
        "Service": [_service("in"), _service("istiod")],
        "ServiceMeshMemberRoll": {"metadata": {}, "spec": {"members": ["b", "a"]}},
        "Pod": [
            {"metadata": {"name": "istiod-b", "labels": {"istio.io/rev": "red"}}, "status": {"startTime": SYNCED}},
            {"metadata": {"name": "istiod-a", "labels": {"istio.io/rev": "red"}}, "status": {}},
            {"metadata": {"name": "istiod-gone", "deletionTimestamp": SYNCED}},
            {"metadata": {"name": "istiod-of-another", "labels": {"istio.io/rev": "blue"}}},
        ],
    }


def test_a_mesh_is_read_in_eleven_requests_on_a_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "pem")
    facts, cluster = _read(monkeypatch, _mesh())
    assert facts["readable"] and not facts["problems"]
    assert len(cluster.requests) == 11 and "Node" not in cluster.requests
    assert facts["openshift"] == {"version": "4.16.20", "message": "OpenShift 4.16.20"} and facts["rights"] is None
    assert facts["control_plane"]["owners"] == {
        "spec.gateways.additionalIngress.in": ["mesh-owner"], "spec.security.trust.domain": ["mesh-owner"]}
    assert (facts["cluster_uid"], facts["members"], facts["fingerprints"]) == ("cluster-1", ["a", "b"], ["pem"])
    assert set(facts["services"]) == {"in"}
    peer = {"metadata": {"name": "p"}, "spec": {"gateways": {"ingress": {"name": "istiod"}}}}
    facts, cluster = _read(monkeypatch, {**_mesh(), "ServiceMeshPeer": [peer]})
    assert set(facts["services"]) == {"in", "istiod"}
    assert [one["metadata"]["name"] for one in facts["config_maps"]] == ["green-ca-root-cert"]
    assert facts["istiod"] == [{"name": "istiod-a", "started": None}, {"name": "istiod-b", "started": SYNCED}]
    assert "managedFields" not in str(facts) and "api_key" not in str(facts)


def test_nodes_tell_the_platform_where_openshift_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    node = {"metadata": {"name": "n", "labels": {"topology.kubernetes.io/region": "r"}},
            "spec": {"providerID": "baremetalhost:///x"},
            "status": {"addresses": [{"type": "Hostname", "address": "h"},
                                     {"type": "InternalIP", "address": "10.0.0.1"}]}}
    down = {"metadata": {"name": "d"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    objects = {**_mesh(), "Node": [node, down], "Infrastructure": ClusterError("kind-missing", "none")}
    facts, cluster = _read(monkeypatch, objects)
    assert facts["platform"]["type"] == "BareMetal" and facts["readable"]
    assert facts["nodes"] == [{"name": "n", "addresses": ["10.0.0.1"], "internal": ["10.0.0.1"], "region": "r",
                               "zone": None, "arch": None}]
    assert len(cluster.requests) == 11
    assert facts["openshift"]["version"] is None and "plain Kubernetes" in facts["openshift"]["message"]


def test_a_cluster_without_a_version_object_is_plain_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    for code, message in (("missing", "plain Kubernetes (no ClusterVersion)"), ("forbidden", "an unknown version of OpenShift")):
        facts, _cluster = _read(monkeypatch, {**_mesh(), "ClusterVersion": ClusterError(code, "no")})
        assert facts["openshift"] == {"version": None, "message": message} and facts["readable"]
        assert [one["severity"] for one in facts["problems"]] == ["warning"] * (code == "forbidden")


def test_what_a_mesh_can_do_without_degrades_with_a_warning_that_says_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    optional = ("Namespace", "Infrastructure", "ClusterVersion", "ServiceMeshMemberRoll", "Node", "Pod")
    refused = {kind: ClusterError("forbidden", f"may not read {kind}") for kind in optional}
    facts, _cluster = _read(monkeypatch, {**_mesh(), **refused})
    assert facts["readable"] and facts["members"] is None and facts["platform"]["type"] == ""
    answers = {one["where"].split()[0]: one["message"] for one in facts["problems"] if one["severity"] == "warning"}
    assert set(answers) == set(optional) and all(f": may not read {kind}" in message for kind, message in answers.items())


def test_what_is_needed_makes_a_mesh_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    for kind in ("ServiceMeshControlPlane", "ServiceMeshPeer", "ExportedServiceSet", "ImportedServiceSet", "ConfigMap",
                 "Service"):
        facts, _cluster = _read(monkeypatch, {**_mesh(), kind: ClusterError("forbidden", f"may not list {kind}")})
        assert not facts["readable"]
        assert [(one["message"], one["severity"]) for one in facts["problems"]] == [(f"may not list {kind}", "error")]


RULE = {"verbs": ["patch"], "apiGroups": ["maistra.io"], "resources": ["servicemeshcontrolplanes"]}


def test_rights_take_one_more_request(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    other = {"verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]}
    answers = {"SelfSubjectRulesReview": {"resourceRules": [RULE, other], "incomplete": False}}
    facts, cluster = _read(monkeypatch, {**_mesh(), **answers}, "federate")
    assert facts["rights"] == [RULE] and len(cluster.requests) == 12


def test_what_the_rules_leave_open_is_asked_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    asked: list[Json] = []

    def answer(spec: Json) -> Json:
        asked.append(spec["resourceAttributes"])
        return {"allowed": spec["resourceAttributes"]["resource"] == "configmaps"}

    answers = {"SelfSubjectRulesReview": {"resourceRules": [RULE], "incomplete": True}, "SelfSubjectAccessReview": answer}
    facts, cluster = _read(monkeypatch, {**_mesh(), **answers}, "federate-check")
    assert [(one["verb"], one["resource"]) for one in asked] == [
        ("*", "*"), ("create", "importedservicesets"), ("patch", "importedservicesets"), ("create", "exportedservicesets"),
        ("patch", "exportedservicesets"), ("create", "configmaps"), ("patch", "configmaps"), ("create", "servicemeshpeers"),
        ("patch", "servicemeshpeers"), ("get", "servicemeshcontrolplanes")]
    assert {one["namespace"] for one in asked} == {"ns"}
    granted = {"apiGroups": [""], "resources": ["configmaps"]}
    assert facts["rights"] == [RULE, {"verbs": ["create"], **granted}, {"verbs": ["patch"], **granted}]


def test_who_may_everything_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    asked: list[Json] = []

    def answer(spec: Json) -> Json:
        asked.append(spec["resourceAttributes"])
        return {"allowed": True}

    answers = {"SelfSubjectRulesReview": {"resourceRules": [], "incomplete": True}, "SelfSubjectAccessReview": answer}
    facts, _cluster = _read(monkeypatch, {**_mesh(), **answers}, "federate")
    assert asked == [{"verb": "*", "group": "*", "resource": "*", "namespace": "ns"}]
    assert missing(facts["rights"], beyond_reading("federate")) == []


@pytest.mark.parametrize(("error", "asks"), [
    ("node authorizer does not support user rule resolution", False),
    ("webhook authorizer does not support user rule resolution", True),
    ("[node authorizer does not support user rule resolution, webhook authorizer does not support user rule resolution]", True),
])
def test_the_authorizer_of_the_nodes_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch, error: str, asks: bool) -> None:
    _root(monkeypatch, "1")
    rules = {"resourceRules": [RULE], "incomplete": True, "evaluationError": error}
    answers = {"SelfSubjectRulesReview": rules, "SelfSubjectAccessReview": {"allowed": False}}
    facts, cluster = _read(monkeypatch, {**_mesh(), **answers}, "federate")
    assert facts["rights"] == [RULE] and (len(cluster.requests) > 12) is asks


def test_rights_that_nobody_tells_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    refused = {"SelfSubjectRulesReview": ClusterError("forbidden", "no")}
    facts, _cluster = _read(monkeypatch, {**_mesh(), **refused}, "federate")
    assert facts["rights"] is None and facts["readable"]
    assert [(one["code"], one["severity"]) for one in facts["problems"]] == [("forbidden", "warning")]


@pytest.mark.parametrize(("roll", "members"), [
    ({"spec": {"members": ["b", "a"]}}, ["a", "b"]),
    ({"spec": {"members": ["b", "a"]}, "status": {"configuredMembers": ["a"]}}, ["a"]),
    ({"spec": {"memberSelectors": [{"matchLabels": {"a": "b"}}]}}, None),
    ({"spec": {"members": ["b"], "memberSelectors": [{}]}, "status": {"configuredMembers": ["b", "c"]}}, ["b", "c"]),
    ({}, []),
])
def test_members(roll: Json, members: list[str] | None) -> None:
    assert read_members(roll) == members


def _external(monkeypatch: pytest.MonkeyPatch, router: Any) -> tuple[Json, _Cluster]:
    _root(monkeypatch, "1")
    status = {"platformStatus": {"type": "External", "external": {"platformName": "oci"}}}
    cluster = _use(monkeypatch, _Cluster({**_mesh(), "Infrastructure": {"status": status}}))
    params = {"mesh": "red-mesh", "namespace": "ns", "auth": AUTH}
    asked: list[tuple[str, ...]] = []

    def get(kind: str, *where: str) -> Json:
        if kind != "Service":
            return _Cluster.get(cluster, kind, *where)
        asked.append(where)
        if isinstance(router, ClusterError):
            raise router
        return router

    monkeypatch.setattr(cluster, "get", get)
    facts = mesh_info.run(params, False, lambda line: None)
    assert asked == [("router-default", "openshift-ingress")]
    return facts, cluster


@pytest.mark.parametrize(("router", "type_"), [
    (_service("router-default"), "ExternalCloud"), (_service("router-default", address=None), "External"),
    (ClusterError("missing", "it does not exist"), "External"), (ClusterError("forbidden", "may not"), "External")])
def test_an_external_platform_is_judged_by_the_balancer_of_the_router(
    monkeypatch: pytest.MonkeyPatch, router: Any, type_: str
) -> None:
    facts, cluster = _external(monkeypatch, router)
    assert (facts["platform"]["type"], facts["platform"]["name"]) == (type_, "oci")
    assert facts["readable"] and not facts["problems"] and len(cluster.requests) == 12


def test_nodes_are_read_on_a_cloud_when_a_gateway_has_node_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    objects = _mesh()
    objects["ServiceMeshControlPlane"][0]["spec"]["gateways"]["additionalIngress"] = {"in": {"service": {"type": "NodePort"}}}
    node = {"metadata": {"name": "n"}, "status": {"addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]}}
    facts, _cluster = _read(monkeypatch, {**objects, "Node": [node]})
    assert facts["platform"]["type"] == "AWS" and facts["nodes"][0]["addresses"] == ["10.0.0.1"]


def test_another_name_lists_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, _cluster = _read(monkeypatch, _mesh(), control_plane="blue")
    found = facts["problems"][0]
    assert found["code"] == "control-plane-missing" and "Existing ones: red" in found["remedy"] and not facts["readable"]


def test_a_subset_reads_the_control_plane_and_nothing_else_that_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, cluster = _read(monkeypatch, _mesh(), subset=["control_plane", "members"])
    assert facts["readable"] and cluster.requests == ["ServiceMeshControlPlane", "ServiceMeshMemberRoll"]
    assert facts["control_plane"]["name"] == "red" and facts["members"] == ["a", "b"] and not facts["problems"]
    missing, cluster = _read(monkeypatch, {}, subset=["control_plane", "members"])
    assert not missing["readable"] and set(cluster.requests) == {"ServiceMeshControlPlane", "Namespace"}


def test_what_is_asked_for_besides_and_cannot_be_read_is_not_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    objects = {**_mesh(), "Subscription": ClusterError("forbidden", "may not"), "OperatorGroup": ClusterError("kind-missing", "no")}
    also = [{"kind": kind, "namespace": "ns"} for kind in ("Subscription", "OperatorGroup", "ServiceMeshControlPlane")]
    facts, _cluster = _read(monkeypatch, objects, subset=["control_plane", "members"], additional_objects=also)
    answers = [(one["served"], len(one["objects"]), (one["problem"] or {}).get("code")) for one in facts["additional_objects"]]
    assert answers == [(True, 0, "forbidden"), (False, 0, None), (True, 1, None)]
    objects["ServiceMeshControlPlane"] = ClusterError("forbidden", "may not list it")
    facts, _cluster = _read(monkeypatch, objects, subset=["control_plane", "members"], additional_objects=also)
    assert [one["message"] for one in facts["problems"] if one["severity"] == "error"] == ["may not list it"]


def test_missing_kinds_are_one_problem_and_the_rest_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    missing = {kind: ClusterError("kind-missing", "the cluster has no federation") for kind in
               ("ServiceMeshPeer", "ExportedServiceSet", "ImportedServiceSet")}
    facts, _cluster = _read(monkeypatch, {**_mesh(), **missing})
    assert [one["code"] for one in facts["problems"]] == ["kind-missing"] and facts["members"] == ["a", "b"]


def test_a_root_that_is_missing_or_garbage_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    missing, garbage = _read(monkeypatch, {**_mesh(), "ConfigMap": []})[0], _read(monkeypatch, _mesh())[0]
    assert [[one["code"] for one in facts["problems"]] for facts in (missing, garbage)] == [["root-missing"], ["root-unreadable"]]
    assert missing["readable"], "its own side can be done, and the others wait for the root"
    assert not garbage["readable"]


def test_pods_that_may_not_be_read_are_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    _root(monkeypatch, "1")
    facts, _cluster = _read(monkeypatch, {**_mesh(), "Pod": ClusterError("forbidden", "may not list pods")})
    assert facts["readable"] and facts["istiod"] is None
    assert [(one["code"], one["severity"]) for one in facts["problems"]] == [("forbidden", "warning")]


def test_a_dead_cluster_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, cluster = _read(monkeypatch, {"Namespace": ClusterError("unreachable", "refuses")})
    assert [one["code"] for one in facts["problems"]] == ["unreachable"] and len(cluster.requests) == 1
    assert not facts["readable"] and facts["control_plane"] is None


def test_no_access_is_a_result(monkeypatch: pytest.MonkeyPatch) -> None:
    facts, cluster = _read(monkeypatch, {}, auth={})
    assert [one["code"] for one in facts["problems"]] == ["access-missing"] and not cluster.requests
