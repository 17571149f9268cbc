# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module returns to a user without our roles: failures, empty values, default links, conditions."""

from __future__ import annotations

import os
from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._cluster import session
from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event
from ansible_collections.ossm.federation.plugins.module_utils._modules import (
    gateway_wait,
    istiod_restart,
    link_conditions,
    mesh_info,
    mesh_objects,
    operator_wait,
    outcome,
    peer_links,
)

Json = dict[str, Any]
AUTH = {"host": "https://red.example", "api_key": "x"}
COMMON = {"auth": AUTH, "mesh": "red-mesh", "namespace": "ns"}
SYNCED = "2026-11-22T10:00:05Z"
DOWN = ClusterError("unreachable", "https://red.example refuses the connection", "Start the API server")


WAITS = {
    "gateway_wait": (gateway_wait.run, gateway_wait.ARGUMENT_SPEC),
    "istiod_restart": (istiod_restart.run, istiod_restart.ARGUMENT_SPEC),
    "operator_wait": (operator_wait.run, operator_wait.ARGUMENT_SPEC),
    "peer_wait": (peer_links.wait, peer_links.WAIT_SPEC),
}


@pytest.mark.parametrize("name", WAITS)
@pytest.mark.parametrize(("timeout", "shown"), [(-1.0, "-1"), (float("inf"), "inf"), (float("nan"), "nan")])
def test_a_timeout_that_is_none_is_rejected_before_any_request(name: str, timeout: float, shown: str) -> None:
    run, spec = WAITS[name]
    given = {**COMMON, "control_plane": "red", "name": "operator", "timeout": timeout}
    params: Json = {option: given.get(option) for option in spec}
    assert run(params, False, print) == {
        "changed": False,
        "failed": True,
        "msg": f"timeout must be a number of seconds, 0 or more, not {shown}",
    }


def _peer(name: str, *, connected: bool = True) -> Json:
    watch = {"connected": connected, "lastFullSync": SYNCED, "lastConnected": SYNCED}
    part = "active" if connected else "inactive"
    return {"metadata": {"name": name}, "status": {"discoveryStatus": {part: [{"pod": "a", "watch": watch}]}}}


def _imports(name: str, *services: str) -> Json:
    return {
        "metadata": {"name": name},
        "status": {
            "importedServices": [
                {"exportedName": service, "localService": {"hostname": f"local-{service}"}} for service in services
            ]
        },
    }


class _Cluster:
    """Answers from a table of lists or errors, and reports events; without an entry a kind is empty."""

    def __init__(self, objects: Json | None = None, events: list[Event] | None = None) -> None:
        self.objects, self.reported = objects or {}, events or []
        self.requests: list[str] = []

    def _answer(self, kind: str) -> list[Json]:
        self.requests.append(kind)
        answer = self.objects.get(kind, self.objects.get("*", []))
        if isinstance(answer, ClusterError):
            raise answer
        return list(answer)

    def list(self, kind: str, namespace: str | None = None, **selectors: str) -> list[Json]:
        return self._answer(kind)

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json:
        for obj in self._answer(kind):
            return obj
        raise ClusterError("missing", "it does not exist")

    def apply(self, definition: Json, manager: str, **options: bool) -> tuple[Json, bool]:
        self._answer(definition["kind"])
        return definition, True

    def merge_patch(self, kind: str, *args: Any, **options: bool) -> Json:
        self._answer(kind)
        return {"metadata": {"generation": 1}}

    def watch_many(self, targets: Any, deadline: float) -> Any:
        self.requests += [f"watch {target.kind}" for target in targets]
        yield from self.reported


@pytest.fixture(name="use")
def _use(monkeypatch: pytest.MonkeyPatch) -> Any:
    def use(objects: Json | None = None, events: list[Event] | None = None) -> _Cluster:
        cluster = _Cluster(objects, events)
        monkeypatch.setattr(session, "Cluster", lambda auth, **options: cluster)
        return cluster

    return use


def _run(core: Any, check_mode: bool = False, **params: Any) -> Json:
    result: Json = core({**COMMON, **params}, check_mode, lambda line: None)
    return result


OBJECT = {
    "field_manager": "ossm.federation/green",
    "definition": {
        "apiVersion": "federation.maistra.io/v1",
        "kind": "ServiceMeshPeer",
        "metadata": {"name": "green", "namespace": "ns"},
    },
}
PLANE = {"control_plane": "red", "timeout": 5}
CORES: dict[str, tuple[Any, Json]] = {
    "mesh_info": (mesh_info.run, {}),
    "peer_info": (peer_links.info, {}),
    "peer_wait": (peer_links.wait, {"timeout": 5}),
    "peer_wait of a link": (peer_links.wait, {"timeout": 5, "links": [{"peer_name": "green"}]}),
    "gateway_wait": (gateway_wait.run, {**PLANE, "gateways": [], "nodes": [], "known": {}, "timeout": 0}),
    "operator_wait": (operator_wait.run, {"name": "s", "timeout": 0}),
    "istiod_restart": (istiod_restart.run, PLANE),
    "mesh_objects": (mesh_objects.run, {"objects": [OBJECT]}),
}


@pytest.mark.parametrize(("core", "params"), CORES.values(), ids=CORES)
def test_a_module_that_cannot_reach_the_cluster_fails_and_returns_what_it_has(
    use: Any, core: Any, params: Json
) -> None:
    use({"*": DOWN})
    failed = _run(core, **params)
    assert failed["failed"] and failed["msg"].startswith("ERROR red-mesh: ")
    assert failed["msg"].endswith(
        ": https://red.example refuses the connection. Fix: Start the API server. [unreachable]"
    )
    use({"*": DOWN})
    collected = _run(core, **params, fail_on_problems=False)
    assert "failed" not in collected and "msg" not in collected
    assert {key: value for key, value in failed.items() if key not in ("failed", "msg")} == collected
    assert [problem["code"] for problem in collected["problems"]] == ["unreachable"]


@pytest.mark.parametrize(("core", "params"), [CORES["peer_info"], CORES["peer_wait"], CORES["peer_wait of a link"]])
def test_the_state_of_a_mesh_that_cannot_be_read_is_unknown(use: Any, core: Any, params: Json) -> None:
    use({"*": DOWN})
    result = _run(core, **params)
    assert (result["state"], result["healthy"]) == ("unknown", False)
    assert [link["exists"] for link in result["links"]] == [None] * len(params.get("links", []))
    assert "federate.yml" not in str(result)


EMPTY: list[tuple[Any, Json, str]] = [
    (mesh_info.run, {"additional_services": [""]}, "additional_services[0]"),
    (mesh_info.run, {"namespace": ""}, "namespace"),
    (mesh_info.run, {"additional_objects": [{"kind": ""}]}, "additional_objects[0].kind"),
    (
        peer_links.wait,
        {"links": [{"peer_name": "green", "expect": {"imports_expected": ["a", ""]}}], "timeout": 0},
        "links[0].expect.imports_expected[1]",
    ),
    (peer_links.info, {"condition": [""]}, "condition[0]"),
    (peer_links.info, {"auth": {**AUTH, "impersonate_groups": [""]}}, "auth.impersonate_groups[0]"),
]


@pytest.mark.parametrize(("core", "params", "path"), EMPTY, ids=[case[2] for case in EMPTY])
def test_an_empty_string_is_rejected_before_any_request(use: Any, core: Any, params: Json, path: str) -> None:
    """ansible-core 2.19 makes an empty string of a null in a list of strings."""
    cluster = use()
    result = _run(core, **params, fail_on_problems=False)
    assert result["failed"] and result["msg"].startswith(f"{path} is an empty string or null. Fix: ")
    assert not cluster.requests


def _object(**changes: Any) -> Json:
    return {"objects": [{**OBJECT, "definition": {**OBJECT["definition"], **changes}}]}


UNUSABLE: list[tuple[Any, Json, str]] = [
    (mesh_objects.run, _object(kind="Secret"), "objects[0].definition.kind: 'Secret' is not one of "),
    (mesh_objects.run, _object(kind=None), "objects[0].definition.kind: None is not one of "),
    (
        mesh_objects.run,
        _object(apiVersion="v1"),
        "objects[0].definition.apiVersion: 'v1' is not 'federation.maistra.io/v1'",
    ),
    (mesh_objects.run, _object(metadata=None), "objects[0].definition.metadata.name: None is not a name"),
    (mesh_objects.run, _object(metadata={"name": 3, "namespace": "ns"}), "objects[0].definition.metadata.name: 3 is"),
    (mesh_objects.run, _object(metadata={"name": "green"}), "objects[0].definition.metadata.namespace: None is not a"),
    (
        mesh_objects.run,
        {"objects": [{**OBJECT, "live": {"spec": {}}}]},
        "objects[0].live.metadata: None is not a dictionary",
    ),
    (peer_links.wait, {"expect": {"known": [{"peer_name": "green"}]}, "timeout": 0}, "expect.known[0]: it is no link "),
    (
        mesh_info.run,
        {"additional_services": ["a/b", "ratings"]},
        "additional_services[1]: 'ratings' is not namespace/name",
    ),
]


@pytest.mark.parametrize(("core", "params", "message"), UNUSABLE, ids=[case[2] for case in UNUSABLE])
def test_a_value_that_cannot_be_used_is_rejected_before_any_request(
    use: Any, core: Any, params: Json, message: str
) -> None:
    cluster = use()
    result = _run(core, **params, fail_on_problems=False)
    assert result["failed"] and result["msg"].startswith(message) and " Fix: " in result["msg"]
    assert not cluster.requests


def test_the_known_state_of_a_control_plane_may_be_partial(use: Any) -> None:
    use({"*": DOWN})
    known = {"control_plane": {"ready": False}}
    params = {**PLANE, "gateways": [], "nodes": [], "known": known, "timeout": 0, "fail_on_problems": False}
    result = _run(gateway_wait.run, **params)
    assert not result["ready"] and [problem["code"] for problem in result["problems"]] == ["unreachable"]


def test_a_module_names_its_own_options_where_access_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("K8S_AUTH_", "KUBECONFIG"))]:
        monkeypatch.delenv(name)
    assert _run(peer_links.info, auth={})["msg"] == (
        "ERROR red-mesh: auth.kubeconfig: no cluster access configured. "
        "Fix: Set auth.kubeconfig, auth.context, or auth.host with credentials. [access-missing]"
    )


def test_the_default_is_every_peer_of_the_namespace(use: Any) -> None:
    cluster = use({"ServiceMeshPeer": [_peer("green"), _peer("blue", connected=False)]})
    result = _run(peer_links.info)
    assert [(link["peer"], link["peer_name"], link["state"]) for link in result["links"]] == [
        ("blue", "blue", "degraded"),
        ("green", "green", "healthy"),
    ]
    assert result["state"] == "degraded" and "failed" not in result
    assert cluster.requests == ["ServiceMeshPeer", "ImportedServiceSet", "ExportedServiceSet"]


def test_all_peers_are_awaited_although_the_first_reported_one_is_healthy(use: Any) -> None:
    events = [Event("ServiceMeshPeer", "ADDED", _peer("green")), Event("ServiceMeshPeer", "ADDED", _peer("blue"))]
    use({"ServiceMeshPeer": [_peer("green"), _peer("blue", connected=False)]}, events)
    result = _run(peer_links.wait, timeout=5)
    assert result["state"] == "healthy" and result["message"] == "2 of 2 links healthy"


def test_links_that_are_not_healthy_in_time_are_a_failure_with_the_state_of_each(use: Any) -> None:
    objects = {"ServiceMeshPeer": [_peer("green"), _peer("blue", connected=False)]}
    use(objects)
    result = _run(peer_links.wait, timeout=0)
    assert result["failed"] and result["problems"] == []
    assert result["msg"].startswith("ERROR red-mesh: ServiceMeshPeer ns/blue: not healthy at the deadline: ")
    assert " Fix: " in result["msg"] and [link["state"] for link in result["links"]] == ["degraded", "healthy"]
    for check_mode, params in ((True, {}), (False, {"fail_on_problems": False})):
        use(objects)
        assert "failed" not in _run(peer_links.wait, check_mode, timeout=0, **params)


@pytest.mark.parametrize(
    ("links", "message"), [(None, "the namespace has no ServiceMeshPeer"), ([], "no link to read: the list is empty")]
)
def test_no_link_is_not_called_healthy(use: Any, links: list[Json] | None, message: str) -> None:
    use()
    info = _run(peer_links.info, links=links)
    assert not info["healthy"] and info["message"] == message and "failed" not in info
    use()
    result = _run(peer_links.wait, links=links, timeout=0)
    assert result["failed"] and message in result["msg"]


@pytest.mark.parametrize(
    ("expression", "is_met"),
    [
        ("length(imported) >= `2`", True),
        ("length(imported) > `2`", False),
        ("inbound", False),
        ("last_full_sync", True),
        ("imported[?exportedName == 'x']", False),
        ("`0`", True),
        ("length(inbound)", False),
    ],
)
def test_a_link_must_meet_every_condition(use: Any, expression: str, is_met: bool) -> None:
    use({"ServiceMeshPeer": [_peer("green")], "ImportedServiceSet": [_imports("green", "ratings", "reviews")]})
    result = _run(peer_links.wait, condition=["connected", expression], timeout=0)
    (link,) = result["links"]
    assert link["healthy"] is is_met and link["unmet"] == ([] if is_met else [expression])
    assert ("failed" in result) is not is_met
    if not is_met:
        assert f"condition not met: {expression}" in result["msg"] and "[condition-not-met]" in result["msg"]


def test_a_condition_that_is_no_expression_is_reported_with_its_index(use: Any) -> None:
    cluster = use()
    result = _run(peer_links.info, condition=["connected", "length("])
    assert result["failed"] and "condition[1]: 'length(' is not a JMESPath expression" in result["msg"]
    assert not cluster.requests


def test_conditions_need_jmespath(use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_conditions, "IMPORT_ERROR", "no module")
    use({"ServiceMeshPeer": [_peer("green")]})
    assert "failed" not in _run(peer_links.info)
    assert "[jmespath-missing]" in _run(peer_links.info, condition=["connected"])["msg"]


def test_the_result_of_mesh_info_is_the_input_of_peer_wait(use: Any) -> None:
    planes = [{"metadata": {"name": "red", "generation": 1}, "spec": {}}]
    objects = {"ServiceMeshControlPlane": planes, "ServiceMeshPeer": [_peer("green"), _peer("blue")]}
    use(objects)
    facts = _run(mesh_info.run, subset=["peers"])
    assert "failed" not in facts
    inputs = {key: facts[key] for key in ("mesh", "namespace", "links")}
    use(objects)
    assert _run(peer_links.wait, **inputs, timeout=0)["message"] == "2 of 2 links healthy"


@pytest.mark.parametrize(
    ("subset", "requests"),
    [
        (["control_plane"], []),
        (["peers"], ["ServiceMeshPeer"]),
        (["sets"], ["ExportedServiceSet", "ImportedServiceSet"]),
        (["roots"], ["ConfigMap"]),
        (["gateways"], ["Service"]),
        (["istiod"], ["Pod"]),
        (["members"], ["ServiceMeshMemberRoll"]),
    ],
)
def test_a_subset_costs_its_own_requests_alone(use: Any, subset: list[str], requests: list[str]) -> None:
    cluster = use({"ServiceMeshControlPlane": [{"metadata": {"name": "red"}}]})
    _run(mesh_info.run, subset=subset)
    assert cluster.requests == ["ServiceMeshControlPlane", *requests]


class _Module:
    """Remembers how a module ends."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, Json]] = []

    def fail_json(self, **result: Any) -> None:
        self.ended.append(("fail", result))
        raise SystemExit(1)

    def exit_json(self, **result: Any) -> None:
        self.ended.append(("exit", result))


def test_a_module_ends_with_the_failure_of_its_core() -> None:
    module = _Module()
    outcome.finish(module, {"changed": False})
    with pytest.raises(SystemExit):
        outcome.finish(module, {"changed": True, "failed": True, "msg": "m", "problems": []})
    assert [how for how, _result in module.ended] == ["exit", "fail"]
    assert module.ended[1][1]["changed"] and module.ended[1][1]["msg"] == "m"
