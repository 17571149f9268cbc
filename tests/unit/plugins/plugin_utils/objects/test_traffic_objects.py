# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects about requests: what an entry must say, what is built of it, and what keeps it from being written or removed."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.module_utils._product import steps
from ansible_collections.ossm.federation.plugins.plugin_utils._model import types as model_types
from ansible_collections.ossm.federation.plugins.plugin_utils._model.traffic import (
    DEFAULT_OUTLIER,
    add_traffic,
    objects_to_read,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import traffic
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._plan.types import Plan
from ansible_collections.ossm.federation.plugins.plugin_utils._removal import objects as removal, service_objects
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.pairs import live_pairs
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.plan import plan_removal
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.service_plan import plan_service_removal
from ansible_collections.ossm.federation.plugins.plugin_utils._report import result
from ansible_collections.ossm.federation.plugins.plugin_utils._run import pending, traffic as running

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
ENTRY: Json = {"service": "bookinfo/ratings", "mesh": RED, "consumers": [GREEN]}
FAILOVER: Json = {**ENTRY, "as_local": True, "failover": {}}
SPLIT: Json = {**ENTRY, "weights": {"local": 90, "remote": 10}}
ALLOW: Json = {**ENTRY, "allow": {"labels": {"app": "ratings"}}}
HOST, REMOTE = "ratings.bookinfo.svc.cluster.local", "ratings.bookinfo.svc.red-mesh-imports.local"


def _declare(*entries: Json, **options: Any) -> model_types.Declaration:
    regions: dict[str, str | None] = {RED: "west", GREEN: "east", BLUE: "north", **options.pop("regions", {})}
    common = {"federation_services": list(entries), **options}
    variables = {
        host.replace("-", "_"): {**({"mesh_locality": {"region": region}} if region else {}), **common}
        for host, region in regions.items()
    }
    return fed.declare(fed.inventory(**variables))


def _read(*objects: Json, problem: Json | None = None) -> list[Json]:
    """What was read of the kinds, with these objects."""
    return [
        {
            "kind": kind,
            "namespace": None,
            "name": None,
            "served": True,
            "objects": [one for one in objects if one["kind"] == kind],
            "problem": problem,
        }
        for kind in steps.TRAFFIC
    ]


def _plan(*entries: Json, live: list[Json] | None = None, **options: Any) -> tuple[Plan, dict[str, Json]]:
    """A planned federation; ``live`` are the objects about requests in every mesh."""
    declaration = _declare(*entries, **options)
    assert not [one for one in declaration["problems"] if one["severity"] == "error"]
    facts = {host: fed.facts(host, additional_objects=_read(*(live or []))) for host in fed.COLOURS}
    return planning.build_plan(declaration, facts, fed.NOW), facts


def _spec(entry: Json, host: str) -> Json:
    plan, facts = _plan(entry)
    (target,) = traffic.traffic_objects(plan, host, facts[host])
    assert target["field_manager"] == f"ossm.federation/{RED if host == GREEN else GREEN}"
    return target["definition"]["spec"]


def _users(kind: str, name: str = "own", namespace: str = "bookinfo", **spec: Any) -> Json:
    version = "security.istio.io/v1beta1" if kind == "AuthorizationPolicy" else "networking.istio.io/v1beta1"
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
        "managers": ["kubectl"],
    }


@pytest.mark.parametrize(
    ("entry", "code", "text"),
    [
        ({**ENTRY, "failover": {}}, "service-entry", "as_local: true"),
        ({**FAILOVER, "service": "bookinfo/*"}, "service-entry", "one service"),
        ({**FAILOVER, "failover": {"to": BLUE}}, "service-entry", "the mesh of the entry"),
        ({**FAILOVER, "failover": {"outlier": {"interval": 10}}}, "service-entry", "a duration"),
        ({**FAILOVER, "failover": {"outlier": {"consecutiveErrors": 3}}}, "key-unknown", "consecutiveErrors"),
        ({**FAILOVER, "failover": {"from_region": "west"}}, "failover-region", "both in west"),
        ({**SPLIT, "as_local": True}, "service-entry", "must not have as_local"),
        ({**SPLIT, "weights": {"local": 90}}, "service-entry", "the sum 100"),
        ({**SPLIT, "weights": {"local": 90, "remote": 20}}, "service-entry", "the sum 100"),
        ({**SPLIT, "weights": {"local": 90, "remote": 10, "protocol": "grpc"}}, "service-entry", "http"),
        ({**ENTRY, "allow": {}}, "service-entry", "must have labels"),
        ({**ENTRY, "allow": True}, "service-entry", "dictionary"),
    ],
)
def test_an_entry_that_cannot_work_is_rejected(entry: Json, code: str, text: str) -> None:
    found = [one for one in _declare(entry)["problems"] if one["severity"] == "error"]
    assert code in {one["code"] for one in found}, found
    assert text in " ".join(f"{one['where']} {one['message']} {one['remedy']}" for one in found)


@pytest.mark.parametrize("unknown", [RED, GREEN])
def test_both_regions_must_be_known(unknown: str) -> None:
    (found,) = _declare(FAILOVER, regions={unknown: None})["problems"]
    assert found["code"] == "failover-region" and unknown in found["message"]


@pytest.mark.parametrize(
    ("first", "second", "where"),
    [
        (FAILOVER, {**SPLIT, "mesh": BLUE}, "weights"),
        (ALLOW, {**ALLOW, "allow": {"labels": {"app": "stars"}}}, "allow"),
        (ALLOW, {**ALLOW, "consumers": [BLUE]}, None),
        (ALLOW, {**ALLOW, "service": "bookinfo/details"}, None),
    ],
)
def test_two_entries_are_not_about_one_object(first: Json, second: Json, where: str | None) -> None:
    found = [one["where"] for one in _declare(first, second)["problems"] if one["code"] == "service-conflict"]
    assert found == ([f"federation_services[1].{where}"] if where else [])


@pytest.mark.parametrize(
    ("entry", "by_file", "severity"),
    [(ALLOW, RED, "error"), (SPLIT, GREEN, "warning"), (FAILOVER, GREEN, "warning"), (ALLOW, GREEN, None)],
)
def test_what_a_mesh_with_an_identity_file_is_to_get_is_a_problem(
    entry: Json, by_file: str, severity: str | None
) -> None:
    declaration = _declare(entry)
    for mesh in declaration["meshes"].values():
        mesh.update(traffic={}, by_file=mesh["mesh"] == by_file)
    found = add_traffic(declaration["meshes"], declaration["services"], "federation")
    assert [(one["code"], one["severity"]) for one in found] == ([("traffic-elsewhere", severity)] if severity else [])


def test_what_a_mesh_outside_the_limit_is_to_get_is_a_warning() -> None:
    plan, facts = _plan(SPLIT)
    assert traffic.traffic_elsewhere(plan, GREEN) == []
    plan["meshes"][GREEN]["in_play"] = False
    (found,) = traffic.traffic_elsewhere(plan, GREEN)
    assert (found["severity"], found["where"]) == ("warning", "federation_services[0].weights")
    assert found in result.judge(pending.with_pending_steps(plan, facts), {}, facts)[1]


def test_failover_is_between_the_regions_and_with_outlier_detection() -> None:
    policy = _spec(FAILOVER, GREEN)
    assert policy["host"] == HOST and policy["trafficPolicy"]["outlierDetection"] == DEFAULT_OUTLIER
    setting = policy["trafficPolicy"]["loadBalancer"]["localityLbSetting"]
    assert setting == {"enabled": True, "failover": [{"from": "east", "to": "west"}]}
    own = {**FAILOVER, "alias": "shop/stars", "failover": {"from_region": "south", "outlier": {"interval": "1s"}}}
    policy = _spec(own, GREEN)
    assert policy["host"] == "stars.shop.svc.cluster.local"
    assert policy["trafficPolicy"]["outlierDetection"] == {**DEFAULT_OUTLIER, "interval": "1s"}
    assert policy["trafficPolicy"]["loadBalancer"]["localityLbSetting"]["failover"][0]["from"] == "south"


@pytest.mark.parametrize("protocol", ["http", "tcp"])
def test_a_split_is_between_the_local_and_the_imported_host(protocol: str) -> None:
    spec = _spec({**SPLIT, "weights": {"local": 90, "remote": 10, "protocol": protocol}}, GREEN)
    route = spec[protocol][0]["route"]
    assert spec["hosts"] == [HOST]
    assert [(one["destination"]["host"], one["weight"]) for one in route] == [(HOST, 90), (REMOTE, 10)]


def test_the_consumer_and_the_own_mesh_may_ask_and_no_other_mesh() -> None:
    """The target sees the identity of its own mesh's ingress gateway for that consumer."""
    spec = _spec(ALLOW, RED)
    identity = "red-mesh.local/ns/red-mesh-system/sa/ingress-{}-service-account"
    consumer, own = (rule["from"][0]["source"] for rule in spec["rules"])
    assert spec["selector"]["matchLabels"] == {"app": "ratings"} and spec["action"] == "ALLOW"
    assert consumer == {"principals": [identity.format(GREEN)]}
    assert own == {
        "principals": ["red-mesh.local/*"],
        "notPrincipals": [identity.format(BLUE), identity.format(GREEN)],
    }


def test_a_mesh_that_is_linked_and_not_declared_may_not_ask() -> None:
    plan, facts = _plan(ALLOW)
    facts[RED]["peers"] = [
        {"metadata": {"name": "grey"}, "spec": {"gateways": {"ingress": {"name": "ingress-grey"}}}},
        {"metadata": {"name": "white"}, "spec": {}},
    ]
    (target,) = traffic.traffic_objects(plan, RED, facts[RED])
    others = target["definition"]["spec"]["rules"][1]["from"][0]["source"]["notPrincipals"]
    assert [one.rpartition("/")[2] for one in others] == [
        f"ingress-{mesh}-service-account" for mesh in (BLUE, GREEN, "grey")
    ]


@pytest.mark.parametrize(
    ("entry", "other", "is_rival"),
    [
        (FAILOVER, _users("DestinationRule", host="ratings"), True),
        (FAILOVER, _users("DestinationRule", host=HOST, namespace="elsewhere"), True),
        (FAILOVER, _users("DestinationRule", host="ratings", namespace="elsewhere"), False),
        (FAILOVER, _users("DestinationRule", host="*.bookinfo.svc.cluster.local"), False),
        (FAILOVER, _users("DestinationRule", name="ratings-failover-red-mesh", host="x"), True),
        (FAILOVER, _users("VirtualService", hosts=[HOST]), False),
        (SPLIT, _users("VirtualService", hosts=["other", "ratings"]), True),
        (SPLIT, _users("VirtualService", hosts=["ratings"], gateways=["front"]), False),
        (SPLIT, _users("VirtualService", hosts=["ratings"], gateways=["front", "mesh"]), True),
        (SPLIT, _users("DestinationRule", host="ratings"), False),
    ],
)
def test_an_unmanaged_object_for_the_same_host_stops_that_entry(entry: Json, other: Json, is_rival: bool) -> None:
    second = {**FAILOVER, "service": "shop/cart"}
    plan, facts = _plan(entry, second, live=[other])
    written = traffic.traffic_objects(plan, GREEN, facts[GREEN])
    assert len(written) == (1 if is_rival else 2)
    found = [one for one in traffic.traffic_problems(plan, GREEN, facts[GREEN]) if one["code"] == "traffic-unmanaged"]
    assert [one["severity"] for one in found] == (["error"] if is_rival else [])


@pytest.mark.parametrize(("version", "is_limited"), [("v2.3", False), ("v2.4", True), ("v2.5", True), ("v2.6", False)])
def test_the_limit_of_a_version_is_named(version: str, is_limited: bool) -> None:
    declaration = _declare(FAILOVER)
    facts = {host: fed.facts(host, cp_version=version, additional_objects=_read()) for host in fed.COLOURS}
    plan = planning.build_plan(declaration, facts, fed.NOW)
    codes = [one["code"] for one in traffic.traffic_problems(plan, GREEN, facts[GREEN])]
    assert codes == (["failover-limited"] if is_limited else [])


def test_kinds_that_cannot_be_read_are_not_written() -> None:
    plan, facts = _plan(FAILOVER)
    facts[GREEN]["additional_objects"] = _read(problem={"message": "forbidden"})
    assert traffic.traffic_objects(plan, GREEN, facts[GREEN]) == []
    assert "traffic-unread" in [one["code"] for one in traffic.traffic_problems(plan, GREEN, facts[GREEN])]
    # A run that does not write them does not ask for them; a preview without access shows them.
    del facts[GREEN]["additional_objects"]
    assert traffic.traffic_objects(plan, GREEN, facts[GREEN]) == []
    assert len(traffic.traffic_objects(plan, GREEN, {})) == 1


def test_only_runs_that_need_them_read_them() -> None:
    """What an entry has left behind is found as long as there is another; an account without the right goes on."""
    required = [{"kind": kind, "optional": False} for kind in steps.TRAFFIC]
    assert objects_to_read(_declare(), GREEN) == []
    assert objects_to_read(_declare(FAILOVER), GREEN) == required
    assert objects_to_read(_declare(ENTRY), GREEN) == [{**one, "optional": True} for one in required]
    assert objects_to_read(_declare(FAILOVER), BLUE) == [{**one, "optional": True} for one in required]
    assert objects_to_read(_declare(federation_prune=True), BLUE) == required


def _ours(*entries: Json, host: str = GREEN) -> list[Json]:
    """The objects of entries as they are read after a run."""
    plan, facts = _plan(*entries)
    found = []
    for target in traffic.traffic_objects(plan, host, facts[host]):
        live = {**target["definition"]}
        settled.own(live, target)
        found.append(live)
    return found


@pytest.mark.parametrize("prune", [False, True])
def test_what_is_not_declared_any_more_is_reported_or_removed(prune: bool) -> None:
    left = {**ENTRY, "as_local": True}
    plan, facts = _plan(left, live=[*_ours(FAILOVER), _users("DestinationRule", host="x")], federation_prune=prune)
    codes = [one["code"] for one in traffic.traffic_problems(plan, GREEN, facts[GREEN])]
    removed = running.removed_traffic(plan, GREEN, facts[GREEN], {}, False)
    names = [one["definition"]["metadata"]["name"] for one in removed]
    assert (codes, names) == (([], ["ratings-failover-red-mesh"]) if prune else (["traffic-undeclared"], []))


def test_what_loses_its_import_goes_before_it() -> None:
    """An entry that goes, and one whose host changes; with and without federation_prune."""
    other, closed = {**ENTRY, "service": "bookinfo/details"}, {**SPLIT, "alias": "bookinfo/stars"}
    for entry, kind in ((FAILOVER, "DestinationRule"), (SPLIT, "VirtualService")):
        for left in (other, {**ENTRY, "alias": "bookinfo/stars"}, closed):
            for prune in (False, True):
                plan, facts = _plan(left, live=_ours(entry), federation_prune=prune)
                arguments = (plan, GREEN, facts[GREEN], {}, False)
                assert [one["definition"]["kind"] for one in running.routes_withdrawn(*arguments)] == [kind]
                assert running.removed_traffic(*arguments) == []
                codes = [one["code"] for one in traffic.traffic_problems(plan, GREEN, facts[GREEN])]
                assert "traffic-undeclared" not in codes
                facts[GREEN]["imports"] = [{"metadata": {"name": RED}, "spec": {}, "managers": ["kubectl"]}]
                assert running.routes_withdrawn(*arguments) == []


def test_what_keeps_its_import_stays() -> None:
    """A set without declared rules keeps its own, and a wildcard has the service."""
    for left in ([], [{**ENTRY, "service": "bookinfo/*"}], [ENTRY]):
        plan, facts = _plan(*left, live=_ours(SPLIT))
        assert running.routes_withdrawn(plan, GREEN, facts[GREEN], {}, False) == []
        assert "traffic-undeclared" in [one["code"] for one in traffic.traffic_problems(plan, GREEN, facts[GREEN])]


def test_a_policy_goes_after_its_export() -> None:
    plan, facts = _plan({**ENTRY, "service": "bookinfo/details"}, live=_ours(ALLOW, host=RED))
    assert running.routes_withdrawn(plan, RED, facts[RED], {}, False) == []
    (target,) = running.removed_traffic(plan, RED, facts[RED], {}, False)
    assert target["definition"]["kind"] == "AuthorizationPolicy"
    plan, facts = _plan(ENTRY, live=_ours(ALLOW, host=RED))
    assert running.removed_traffic(plan, RED, facts[RED], {}, False) == []


def test_a_step_with_something_to_remove_is_not_skipped() -> None:
    declaration, facts = settled.federated()
    gone, kept = {**SPLIT, "service": "bookinfo/details"}, SPLIT
    for entry, steps_left in ((gone, ["sets", "peers", "traffic", "report"]), (kept, [])):
        facts[GREEN]["additional_objects"] = _read(*_ours(entry))
        plan = pending.with_pending_steps(planning.build_plan(declaration, facts, fed.NOW), facts)
        assert plan["pending_steps"] == steps_left


def test_meshes_of_one_cluster_keep_to_their_own_objects() -> None:
    """Green's objects are read in blue too; neither blue's run nor the end of its link with red removes or takes them."""
    theirs = _ours(FAILOVER)
    plan, facts = _plan({**FAILOVER, "consumers": [BLUE]}, live=theirs, federation_prune=True)
    assert [one["metadata"]["labels"]["ossm.federation/mesh"] for one in theirs] == [GREEN]
    assert traffic.undeclared_traffic(plan, BLUE, facts[BLUE]) == []
    assert [one["definition"]["kind"] for one in traffic.undeclared_traffic(plan, GREEN, facts[GREEN])] == [
        "DestinationRule"
    ]
    assert live_pairs(facts[BLUE]) == live_pairs(facts[RED]) == []
    assert [pair["peer"] for pair in live_pairs(facts[GREEN])] == [RED]
    (found,) = [one for one in traffic.traffic_problems(plan, BLUE, facts[BLUE]) if one["severity"] == "error"]
    assert found["code"] == "traffic-unmanaged" and traffic.traffic_objects(plan, BLUE, facts[BLUE]) == []


def test_a_new_split_waits_for_its_host_and_an_old_one_stays() -> None:
    plan, facts = _plan(SPLIT)
    plan["pending_steps"], plan["readings"] = [], {}
    waiting = running.held_problems(plan, GREEN, facts[GREEN], {})
    assert [one["code"] for one in waiting] == ["traffic-held"]
    assert running.written_traffic(plan, GREEN, facts[GREEN], {}, False) == []
    assert len(running.written_traffic(plan, GREEN, facts[GREEN], {}, True)) == 1
    link = {"peer_name": RED, "imported": [{"exportedName": "x", "hostname": REMOTE}]}
    imported = {"imports": {GREEN: {"links": [link]}}}
    assert len(running.written_traffic(plan, GREEN, facts[GREEN], imported, False)) == 1
    facts[GREEN]["additional_objects"] = _read(*_ours(SPLIT))
    assert len(running.written_traffic(plan, GREEN, facts[GREEN], {}, False)) == 1


def test_a_pair_and_a_service_lose_them_first() -> None:
    """They go before the import; a pair of which only they are left is found by them."""
    _declaration, facts = settled.federated()
    for host in fed.COLOURS:
        facts[host]["additional_objects"] = []
    facts[GREEN]["additional_objects"] = _read(*_ours(FAILOVER))
    options = {"federation_unlink": f"{RED},{GREEN}", "federation_confirm": f"{RED},{GREEN}"}
    removed = plan_removal(_declare(**options), facts, "unlink")
    (target,) = removal.build_objects(removed, "removed_traffic", GREEN, {})
    assert removal.ORDER[0] == "removed_traffic" and target["definition"]["kind"] == "DestinationRule"
    request = {"federation_remove_service": "bookinfo/ratings", "federation_remove_exporter": RED}
    planned = plan_service_removal(_declare(**request, federation_confirm="bookinfo/ratings"), facts)
    (target,) = service_objects.build_objects(planned, "service_traffic", GREEN, {})
    assert service_objects.ORDER[0] == "service_traffic" and "spec" not in target["definition"]
    assert service_objects.build_objects(planned, "service_traffic", RED, {}) == []
    facts[GREEN].update(imports=[], exports=[], peers=[], config_maps=[])
    facts[GREEN]["control_plane"]["owners"] = {}
    facts[GREEN]["control_plane"]["object"]["applied"] = {}
    left = plan_removal(_declare(**options), facts, "unlink")
    assert [pair["peer"] for pair in left["pairs"][GREEN]] == [RED]
