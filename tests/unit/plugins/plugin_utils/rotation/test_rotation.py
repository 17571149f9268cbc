# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation from facts to objects, tasks and report; and what a federation does while one is under way."""

from __future__ import annotations

import copy
import json
from typing import Any, cast

import pytest
from unit.builders import federations as fed, settled
from unit.builders.certificates import certificate

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.module_utils._readers.roots import normalise_bundle, read_roots
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.plan import build_plan
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.rotation_mark import read_mark, render_mark
from ansible_collections.ossm.federation.plugins.plugin_utils._report import rotation as rotation_report
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation import tasks
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.plan import plan_rotation
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight

Json = dict[str, Any]
RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"
MARK = "ossm.federation/rotating"
OLD, NEW, OTHER = (certificate(name, begin=fed.NOW, end=fed.NOW.replace(year=2040)) for name in ("old", "new", "other"))
CHANGED, STARTED, CONNECTED = "2026-01-01T01:00:00Z", "2026-01-01T01:01:00Z", "2026-01-01T01:02:00Z"


def _sha(pem: str) -> str:
    return read_roots(pem)[0]["sha256"]


class Rotation:
    """Three federated meshes, and a rotation of red's root; tests change what the clusters show."""

    def __init__(self, **variables: Any) -> None:
        self.declaration, self.facts = settled.federated()
        self.declaration["options"].update(
            {"federation_rotate_mesh": RED, "federation_rotate_root": "new.pem", **variables}
        )
        self.files = {"new.pem": NEW}
        self.publish(OLD)
        for host in (GREEN, BLUE):
            self.trust(host, OLD)
        self.results: dict[str, dict[str, Json]] = {}
        self.pods(settled.APPLIED_AT)

    def publish(self, pem: str, changed: str = settled.APPLIED_AT) -> None:
        """Red publishes roots since a time."""
        roots = read_roots(pem)
        self.facts[RED].update(
            root=normalise_bundle(pem),
            roots=roots,
            fingerprints=[root["sha256"] for root in roots],
            root_changed=changed,
        )

    def objects(self, host: str) -> tuple[Json, Json]:
        """The live ConfigMap and peer of a mesh for red."""
        maps, peers = self.facts[host]["config_maps"], self.facts[host]["peers"]
        config_map = next(one for one in maps if one["metadata"]["name"] == f"{RED}-ca-root-cert")
        return config_map, next(one for one in peers if one["metadata"]["name"] == RED)

    def trust(self, host: str, pem: str) -> None:
        config_map, peer = self.objects(host)
        config_map["data"]["root-cert.pem"] = normalise_bundle(pem)
        peer["metadata"]["annotations"]["ossm.federation/root-sha256"] = ",".join(
            sorted(root["sha256"] for root in read_roots(pem))
        )

    def write(self, host: str, time: str = CHANGED) -> list[Json]:
        """Apply what the task both_roots writes to a mesh, as the API server would; return the definitions."""
        state = self.state()
        written = [dict(target) for target in tasks.objects(state, tasks.BOTH, host)]
        for target in written:
            live = settled.live_object(self.facts[host], target["definition"])
            live["metadata"]["annotations"] = {
                **live["metadata"].get("annotations", {}),
                **target["definition"]["metadata"].get("annotations", {}),
            }
            for body in ("data", "spec"):
                if body in target["definition"]:
                    live[body] = copy.deepcopy(target["definition"][body])
            settled.own(live, cast(DesiredObject, target), time)
        return [target["definition"] for target in written]

    def connect(self, host: str, peer: str, time: str = CONNECTED) -> None:
        live = next(one for one in self.facts[host]["peers"] if one["metadata"]["name"] == peer)
        (entry,) = live["status"]["discoveryStatus"]["active"]
        entry["watch"].update(lastConnected=time, lastFullSync=time)

    def pods(self, started: str) -> None:
        """All gateways of red have one pod that started then; its istiod is complete."""
        pods = [
            {
                "metadata": {
                    "name": f"{kind}-{peer}-1",
                    "namespace": f"{RED}-system",
                    "labels": {"service.istio.io/canonical-name": f"{kind}-{peer}", "pod-template-hash": "1"},
                    "ownerReferences": [{"kind": "ReplicaSet", "name": f"{kind}-{peer}-1"}],
                },
                "spec": {"containers": [{"name": "istio-proxy"}]},
                "status": {"startTime": started},
            }
            for kind in ("ingress", "egress")
            for peer in (GREEN, BLUE)
        ]
        self.facts[RED]["additional_objects"] = [
            {"kind": "Pod", "objects": pods, "problem": None},
            {"kind": "Deployment", "objects": [], "problem": None},
        ]

    def plan(self) -> Any:
        return plan_rotation(self.declaration, self.facts, self.files.get, fed.NOW)

    def state(self) -> tasks.State:
        rotation = self.plan()
        assert not rotation["problems"], rotation["problems"]
        return tasks.State(rotation, self.facts, self.results)

    def report(self, **more: Any) -> rotation_report.RotationReport:
        return rotation_report.report(self.state(), **more)

    def prepare(self) -> None:
        for host in (GREEN, BLUE):
            self.write(host)
            self.connect(host, RED)

    def rotate(self) -> None:
        self.publish(NEW, CHANGED)
        self.pods(STARTED)


def test_both_roots_are_written_with_a_mark_and_another_spelling_of_the_address() -> None:
    rotation = Rotation()
    before = rotation.objects(GREEN)[1]["spec"]["remote"]
    config_map, peer = rotation.write(GREEN)
    assert config_map["data"]["root-cert.pem"] == normalise_bundle(OLD + NEW)
    assert json.loads(config_map["metadata"]["annotations"][MARK]) == {"old": [_sha(OLD)], "new": [_sha(NEW)]}
    assert peer["metadata"]["annotations"]["ossm.federation/root-sha256"] == ",".join(sorted((_sha(OLD), _sha(NEW))))
    assert peer["spec"]["remote"] != before, "the same spelling would not show that istiod has read the ConfigMap"
    assert rotation.write(GREEN) == [], "a second run changes nothing"


def test_the_rotation_goes_on_when_istiod_has_shown_that_it_has_read_both() -> None:
    rotation = Rotation()
    for host in (GREEN, BLUE):
        rotation.write(host)
    assert rotation.state().stage == "prepare"
    (link,) = tasks.links(rotation.state(), tasks.LOADED, GREEN)
    assert link == {"peer": RED, "peer_name": RED, "expect": {"reconciled_since": CHANGED}}
    for host in (GREEN, BLUE):
        rotation.connect(host, RED)
    assert rotation.state().stage == "rotate" and tasks.links(rotation.state(), tasks.LOADED, GREEN) == []


def test_nothing_is_restarted_without_the_variable_or_before_all_peers_are_prepared() -> None:
    rotation = Rotation(federation_rotate_restart=True)
    rotation.write(GREEN)
    rotation.connect(GREEN, RED)
    assert not tasks.restarts_istiod(rotation.state()) and tasks.workloads_to_restart(rotation.state()) == []
    rotation.prepare()
    assert tasks.restarts_istiod(rotation.state()) and tasks.workloads_to_restart(rotation.state()) == []
    rotation.publish(NEW, CHANGED)
    assert not tasks.restarts_istiod(rotation.state())
    assert [one["name"] for one in tasks.workloads_to_restart(rotation.state())] == [
        f"{kind}-{peer}" for kind in ("egress", "ingress") for peer in (BLUE, GREEN)
    ]
    rotation.declaration["options"]["federation_rotate_restart"] = False
    assert tasks.workloads_to_restart(rotation.state()) == []


def test_the_old_root_goes_when_every_link_has_connected_to_new_gateways() -> None:
    rotation = Rotation()
    rotation.prepare()
    rotation.rotate()
    assert rotation.state().stage == "verify"
    assert [link["expect"] for link in tasks.links(rotation.state(), tasks.CONNECTED, RED)] == [
        {"attempt_since": STARTED}
    ] * 2
    for peer in (GREEN, BLUE):
        rotation.connect(RED, peer)
    state = rotation.state()
    assert state.stage == "finish"
    config_map, peer_object = (target["definition"] for target in tasks.objects(state, tasks.NEW, GREEN))
    assert config_map["data"]["root-cert.pem"] == normalise_bundle(NEW)
    assert "annotations" not in config_map["metadata"]
    assert peer_object["metadata"]["annotations"]["ossm.federation/root-sha256"] == _sha(NEW)


def test_a_peer_that_cannot_be_read_stops_the_dropping_and_not_the_rest() -> None:
    rotation = Rotation()
    blue = copy.deepcopy(rotation.facts[BLUE])
    rotation.facts[BLUE] = {**fed.facts(BLUE), "readable": False, "control_plane": None, "peers": [], "config_maps": []}
    assert len(rotation.write(GREEN)) == 2
    rotation.connect(GREEN, RED)
    assert rotation.state().stage == "prepare" and not tasks.restarts_istiod(rotation.state())
    rotation.facts[BLUE] = blue
    rotation.prepare()
    rotation.rotate()
    for peer in (GREEN, BLUE):
        rotation.connect(RED, peer)
    assert rotation.state().stage == "finish"
    rotation.facts[BLUE] = {**rotation.facts[BLUE], "readable": False}
    assert rotation.state().stage == "verify"
    assert tasks.objects(rotation.state(), tasks.NEW, GREEN) == []


def test_a_federation_keeps_both_roots_and_names_the_command() -> None:
    rotation = Rotation()
    rotation.prepare()
    for published in (OLD, NEW):
        rotation.publish(published, CHANGED)
        plan = preflight.checked_plan(rotation.declaration, rotation.facts, now=fed.NOW)
        config_map, peer, *_blue = (target["definition"] for target in _for_red(plan, rotation))
        assert config_map["data"]["root-cert.pem"] == normalise_bundle(OLD + NEW)
        assert MARK in config_map["metadata"]["annotations"]
        assert peer["metadata"]["annotations"]["ossm.federation/root-sha256"].count(",") == 1
        warnings = [found for found in plan["warnings"] if found["code"] == "rotation-underway"]
        assert {found["mesh"] for found in warnings} == {GREEN, BLUE}
        assert all(f"federation_rotate_mesh: {RED}" in found["remedy"] for found in warnings)
    assert "peers" not in plan["pending_steps"], "nothing is written"


def _for_red(plan: Any, rotation: Rotation) -> list[Any]:
    written = desired.peer_objects(plan, GREEN, rotation.facts[GREEN])
    return [target for target in written if target["peer"] == RED]


def test_a_federation_without_a_rotation_follows_what_the_mesh_publishes() -> None:
    rotation = Rotation()
    rotation.publish(NEW)
    plan = build_plan(rotation.declaration, rotation.facts, fed.NOW)
    config_map = _for_red(plan, rotation)[0]["definition"]
    assert config_map["data"]["root-cert.pem"] == normalise_bundle(NEW) and "annotations" not in config_map["metadata"]


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", '{"old":[],"new":[]}', '{"old":["x"],"new":["y"]}', '{"new":["' + "a" * 64 + '"]}']
)
def test_a_text_that_this_collection_did_not_write_is_no_mark(text: str) -> None:
    rotation = Rotation()
    config_map = rotation.objects(GREEN)[0]
    config_map["metadata"]["annotations"] = {MARK: text}
    assert read_mark(config_map) is None


def test_a_mark_is_read_as_it_was_written() -> None:
    rotation = Rotation()
    rotation.write(GREEN)
    config_map = rotation.objects(GREEN)[0]
    mark = read_mark(config_map)
    assert mark is not None and render_mark(mark) == config_map["metadata"]["annotations"][MARK]
    assert mark["pem"] == normalise_bundle(OLD + NEW)
    del config_map["metadata"]["labels"]
    assert read_mark(config_map) is None, "an unmanaged ConfigMap has no mark of ours"


REJECTED: list[tuple[Json, dict[str, str], str, str]] = [
    ({"federation_rotate_mesh": None}, {}, "rotation-target", "not nothing"),
    ({"federation_rotate_mesh": "gold-mesh"}, {}, "rotation-target", "'gold-mesh'"),
    ({"federation_rotate_root": "missing.pem"}, {}, "rotation-root", "missing.pem does not exist"),
    ({}, {"new.pem": "no certificate"}, "rotation-root", "contains no certificate"),
    ({}, {"new.pem": f"{NEW}-----BEGIN PRIVATE KEY-----"}, "rotation-root", "private key"),
    (
        {},
        {"new.pem": certificate("workload", begin=fed.NOW, ca=False)},
        "root-no-authority",
        "not a certificate authority",
    ),
]


@pytest.mark.parametrize(("options", "files", "code", "message"), REJECTED)
def test_what_cannot_be_rotated_is_rejected(options: Json, files: dict[str, str], code: str, message: str) -> None:
    rotation = Rotation()
    rotation.declaration["options"].update(options)
    rotation.files.update(files)
    (found,) = rotation.plan()["problems"]
    assert found["code"] == code and message in found["message"], found


def test_a_coming_root_must_be_pinned_where_roots_are() -> None:
    rotation = Rotation()
    rotation.declaration["meshes"][RED]["pins"] = [_sha(OLD)]
    (found,) = rotation.plan()["problems"]
    assert found["code"] == "root-not-pinned" and found["where"] == "federation_rotate_root"
    rotation.declaration["meshes"][RED]["pins"] = [_sha(OLD), _sha(NEW)]
    assert not rotation.plan()["problems"]


def test_another_rotation_under_way_is_named_and_one_back_is_possible() -> None:
    rotation = Rotation()
    rotation.prepare()
    rotation.files["new.pem"] = OTHER
    (found,) = rotation.plan()["problems"]
    assert found["code"] == "rotation-other"
    rotation.files["new.pem"] = OLD
    roots = rotation.plan()["roots"]
    assert roots["old"] == [_sha(NEW)] and roots["new"] == [_sha(OLD)]


def test_a_shared_root_is_not_rotated() -> None:
    rotation = Rotation(federation_allow_shared_root=True)
    rotation.facts[GREEN]["control_plane"]["trust_domain"] = f"{RED}.local"
    rotation.facts[GREEN].update({key: rotation.facts[RED][key] for key in ("root", "roots", "fingerprints")})
    (found,) = rotation.plan()["problems"]
    assert found["code"] == "rotation-target" and f"one root with {GREEN}" in found["message"]


def test_the_report_names_stage_proof_and_next_step() -> None:
    rotation = Rotation()
    assert rotation.report(check_mode=True)["verdict"] == "PLANNED"
    failed = rotation.report()
    assert failed["verdict"] == "FAILED" and set(failed["failures"]) == {GREEN, BLUE}
    assert {found["code"] for found in failed["problems"]} == {"rotation-unprepared"}
    rotation.prepare()
    waiting = rotation.report()
    assert waiting["verdict"] == "WAITING" and "stage 2 of 4" in waiting["lines"][0]
    assert f"deployment/istiod-{RED}" in " ".join(waiting["lines"]) and "Secret cacerts" in " ".join(waiting["next"])
    rotation.rotate()
    unproven = rotation.report()
    assert {(found["code"], found["mesh"]) for found in unproven["problems"]} == {("rotation-unproven", RED)}
    for peer in (GREEN, BLUE):
        rotation.connect(RED, peer)
        rotation.trust(peer, NEW)
        rotation.objects(peer)[0]["metadata"].pop("annotations")
    rotation.declaration["options"]["federation_rotate_root"] = None
    assert rotation.report()["verdict"] == "NOTHING TO ROTATE"


def test_an_istiod_that_was_restarted_in_vain_is_an_error() -> None:
    rotation = Rotation(federation_rotate_restart=True)
    rotation.prepare()
    rotation.results = {tasks.ISTIOD: {RED: {"restarted": True, "objects": [], "problems": []}}}
    (found,) = rotation.report()["problems"]
    assert (found["code"], found["mesh"]) == ("rotation-unchanged", RED)


def test_an_unreadable_peer_is_no_reason_to_say_that_nothing_is_to_be_rotated() -> None:
    rotation = Rotation(federation_rotate_root=None)
    for host in (GREEN, BLUE):
        rotation.facts[host] = {**rotation.facts[host], "readable": False, "control_plane": None}
    report = rotation.report()
    assert "trust that alone" not in " ".join(report["lines"]) and "not known" in report["headline"]


def test_workloads_with_certificates_of_the_old_root_are_listed() -> None:
    rotation = Rotation()
    rotation.prepare()
    rotation.rotate()
    pod = {
        "metadata": {
            "name": "cart-1",
            "namespace": "red-mesh-bookinfo",
            "ownerReferences": [{"kind": "StatefulSet", "controller": True, "name": "cart"}],
        },
        "spec": {"containers": [{"name": "istio-proxy"}]},
        "status": {"startTime": settled.APPLIED_AT},
    }
    rotation.facts[RED]["additional_objects"][0]["objects"].append(pod)
    assert "StatefulSet red-mesh-bookinfo/cart" in " ".join(" ".join(rotation.report()["lines"]).split())
    rotation.declaration["options"]["federation_rotate_restart"] = True
    assert [one["name"] for one in tasks.workloads_to_restart(rotation.state())] == ["cart"]


def _by_file(rotation: Rotation, host: str) -> tasks.State:
    """The rotation where a mesh is known by an identity file."""
    planned = rotation.plan()
    planned["plan"]["meshes"][host].update(by_file=True, in_play=False)
    return tasks.State(planned, rotation.facts, rotation.results)


def test_a_peer_of_another_administrator_is_not_written_and_has_to_be_confirmed_before_a_restart() -> None:
    rotation = Rotation(federation_rotate_restart=True)
    rotation.prepare()
    state = _by_file(rotation, BLUE)
    assert state.stage == "rotate" and tasks.objects(state, tasks.BOTH, BLUE) == []
    assert not tasks.restarts_istiod(state) and f"federation_confirm: {RED}" in tasks.restart_forbidden(state)
    report = rotation_report.report(state)
    assert any(line.startswith(BLUE) and "federation_rotate_root" in line for line in report["next"])
    rotation.declaration["options"]["federation_confirm"] = RED
    assert tasks.restarts_istiod(_by_file(rotation, BLUE))
    rotation.rotate()
    rotation.connect(RED, GREEN)
    assert _by_file(rotation, BLUE).stage == "verify", "the link that red watches is not proven"
    rotation.connect(RED, BLUE)
    assert _by_file(rotation, BLUE).stage == "finish"


def test_a_mesh_of_another_administrator_is_proven_by_a_connection_after_its_identity_file() -> None:
    rotation = Rotation(federation_rotate_restart=True)
    rotation.prepare()
    rotation.rotate()

    def state() -> tasks.State:
        planned = rotation.plan()
        planned["plan"]["meshes"][RED].update(by_file=True, in_play=False)
        for host in (GREEN, BLUE):
            side = planned["plan"]["sides"][host][RED]
            side["identity_file"] = {"path": "red.yml", "identity": {"created": STARTED}}
        return tasks.State(planned, rotation.facts, rotation.results)

    assert state().stage == "finish" and not tasks.workloads_to_restart(state())
    rotation.connect(BLUE, RED, CHANGED)
    assert state().stage == "verify"
