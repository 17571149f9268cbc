# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a probe requests in each mesh, and what its results mean for a link."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.plugin_utils._doctor import requests as judging
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._probe import targets as probing

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
LOCAL = {"namespace": "bookinfo", "name": "ratings", "hostname": "ratings.bookinfo.svc.cluster.local"}


class Planned:
    """Green imports ratings from red; ``services`` are those that were read of red."""

    def __init__(self, *ports: Json, **options: Any) -> None:
        declaration, self.facts = settled.federated()
        declaration["options"].update({"federation_probe": True, **options})
        exported = {"exportedName": settled.EXPORTED, "localService": LOCAL}
        self.facts[RED]["exports"][0]["status"] = {"exportedServices": [exported]}
        service = {"namespace": "bookinfo", "name": "ratings", "ports": list(ports)}
        self.facts[RED]["additional_services"] = {"services": [service] if ports else [], "unread": []}
        self.plan = planning.build_plan(declaration, self.facts, fed.NOW)

    def options(self, host: str = GREEN) -> Json:
        return probing.probe_options(self.plan, self.facts, host)


HTTP = {"name": "http", "port": 9080}


def test_imported_services_are_requested_at_the_exporters_port() -> None:
    planned = Planned(HTTP)
    options = planned.options()
    assert options["targets"] == [
        {"peer": RED, "service": settled.EXPORTED, "host": settled.IMPORTED, "port": 9080, "protocol": "http"}
    ]
    assert (options["mesh"], options["namespace"], options["probe_namespace"]) == (
        GREEN,
        f"{GREEN}-system",
        f"{GREEN}-bookinfo",
    )
    assert (options["pods"], options["path"], options["image"], options["timeout"]) == (1, "/", "", 120)
    assert planned.options(RED) == {} == planned.options(BLUE), "nothing is imported"


@pytest.mark.parametrize(("name", "protocol"), [("tcp-db", "tcp"), ("web", "http"), ("grpc", "http")])
def test_the_protocol_is_that_of_the_port(name: str, protocol: str) -> None:
    assert Planned({"name": name, "port": 1}).options()["targets"][0]["protocol"] == protocol


def test_options_of_the_inventory_are_passed_on() -> None:
    options = Planned(
        HTTP,
        federation_probe_namespace="probes",
        federation_probe_count=3,
        federation_probe_image="i",
        federation_probe_path="/x",
    ).options()
    assert (options["probe_namespace"], options["pods"], options["image"], options["path"]) == ("probes", 3, "i", "/x")


def test_nothing_is_requested_where_no_probe_is_wanted_or_possible() -> None:
    unwanted = Planned(HTTP, federation_probe=False)
    assert unwanted.options() == {} == probing.probe_results(unwanted.plan, unwanted.facts, {})
    for change in ({"readable": False}, {"in_play": False}):
        planned = Planned(HTTP)
        planned.plan["meshes"][GREEN].update(change)  # type: ignore[typeddict-item]
        assert planned.options() == {}


@pytest.mark.parametrize(
    ("ports", "words"), [((), "was not read"), ((HTTP, {"name": "http-admin", "port": 9081}), "has 2 ports")]
)
def test_a_service_without_a_port_is_named(ports: tuple[Json, ...], words: str) -> None:
    planned = Planned(*ports)
    assert planned.options() == {}
    [found] = probing.probe_results(planned.plan, planned.facts, {})[GREEN]["problems"]
    assert (found["code"], found["where"], found["peer"]) == ("probe-target", settled.IMPORTED, RED)
    assert words in found["message"]


def test_services_of_rules_that_are_not_declared_are_read_for_the_probe() -> None:
    planned = Planned()
    assert probing.missing_services(planned.plan, planned.facts, RED) == ["bookinfo/ratings"]
    assert probing.missing_services(planned.plan, planned.facts, GREEN) == []
    read = {"namespace": "bookinfo", "name": "ratings", "ports": [HTTP]}
    results = {RED: {"additional_services": {"services": [read]}}, "outside": {}}
    merged = probing.with_services(planned.facts, results)
    assert probing.missing_services(planned.plan, merged, RED) == []
    assert [one["port"] for one in probing.probe_options(planned.plan, merged, GREEN)["targets"]] == [9080]
    assert planned.options() == {} and "outside" not in merged, "the facts themselves stay as they were read"


def test_no_service_is_read_that_no_mesh_has_imported_or_where_no_probe_is_wanted() -> None:
    assert probing.missing_services(Planned(HTTP).plan, Planned(HTTP).facts, RED) == []
    unwanted = Planned(federation_probe=False)
    assert probing.missing_services(unwanted.plan, unwanted.facts, RED) == []
    planned = Planned()
    planned.facts[GREEN]["imports"][0]["status"] = {}
    assert probing.missing_services(planned.plan, planned.facts, RED) == []


def test_a_mesh_without_members_needs_a_namespace() -> None:
    planned = Planned(HTTP)
    for members in ([], None, ["*"]):
        planned.facts[GREEN]["members"] = members
        assert planned.options() == {}
        [found] = probing.probe_results(planned.plan, planned.facts, {})[GREEN]["problems"]
        assert found["code"] == "probe-namespace"


def test_results_keep_what_the_module_has_found() -> None:
    planned = Planned(HTTP)
    result = {"requests": [1], "problems": [2]}
    nothing: Json = {"requests": [], "problems": []}
    sent = probing.probe_results(planned.plan, planned.facts, {GREEN: result})
    assert sent == {GREEN: result, RED: nothing, BLUE: nothing}, "red and blue import nothing"
    for unsent in ({}, {GREEN: nothing}):
        assert probing.probe_results(planned.plan, planned.facts, unsent) == {RED: nothing, BLUE: nothing}, (
            "a check run"
        )


def _row(ok: bool = True, host: str = "a", **changes: Any) -> Json:
    row = {
        "peer": RED,
        "host": host,
        "port": 1,
        "pod": "p",
        "status": 200,
        "ok": ok,
        "message": "HTTP 200",
        "latency_ms": 5,
    }
    return {**row, **changes}


def _judge(*rows: Json, problems: Any = ()) -> tuple[str, str]:
    requests = judging.requests_of({"requests": list(rows), "problems": list(problems)}, RED)
    [outcome] = judging.judge_requests(requests, GREEN, lambda row: "Look")
    return outcome.state, outcome.message


LATE = {"code": "probe-late", "where": "Job x", "message": "no report", "remedy": "Wait"}


def test_requests_are_the_only_proof_of_traffic() -> None:
    assert _judge(_row(latency_ms=5), _row(host="b", latency_ms=30)) == (
        "passed",
        "2 services answered, the slowest in 30 ms",
    )
    assert _judge(_row(latency_ms=None)) == ("passed", "1 service answered")
    assert _judge() == ("skipped", "nothing is imported")
    assert _judge(_row(ok=False, peer=BLUE))[0] == "skipped", "of another peer"
    assert judging.judge_requests(judging.requests_of(None, RED), GREEN, lambda row: "Look")[0].state == "unknown"


def test_what_could_not_be_requested_is_unknown() -> None:
    assert _judge(problems=[LATE]) == ("unknown", "Job x: no report")
    assert _judge(_row(), problems=[{**LATE, "peer": RED}]) == ("unknown", "1 service answered; Job x: no report")
    assert _judge(_row(), problems=[{**LATE, "peer": BLUE}])[0] == "passed"
    assert _judge(_row(), problems=[{**LATE, "code": "probe-left"}])[0] == "passed"


def test_one_request_that_fails_breaks_the_link() -> None:
    rows = [_row(), _row(ok=False, host="b", message="HTTP 503 from Envoy"), _row(ok=False, host="b", pod="q")]
    requests = judging.requests_of({"requests": rows, "problems": [copy.deepcopy(LATE)]}, RED)
    [outcome] = judging.judge_requests(requests, GREEN, lambda row: "Look")
    assert (outcome.state, outcome.code, outcome.mesh, outcome.place) == ("failed", "requests-fail", GREEN, "b:1")
    assert (
        outcome.message == f"requests from {GREEN} fail: HTTP 503 from Envoy (pod p)"
        and outcome.is_symptom
        and outcome.remedy == "Look"
    )
