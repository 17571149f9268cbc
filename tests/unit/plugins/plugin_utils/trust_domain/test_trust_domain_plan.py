# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which meshes get another trust domain, what forbids it, what each task does, and what the report says."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product.conventions import OURS, TRUST_DOMAIN_CHANGE
from ansible_collections.ossm.federation.plugins.module_utils._product.steps import NAMING
from ansible_collections.ossm.federation.plugins.module_utils._product.types import problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report import trust_domain as reports
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain import tasks
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.plan import plan_change
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.references import objects_that_name
from ansible_collections.ossm.federation.plugins.plugin_utils._trust_domain.types import TrustDomainPlan

Json = dict[str, Any]
RED, GREEN = fed.COLOURS[:2]
OLD, NEW = "cluster.local", "red-mesh.local"
DOMAIN, ALIASES = "spec.security.trust.domain", "spec.security.trust.additionalDomains"


def default_mesh(host: str, trust: Json | None = None, note: str = "", **changes: Any) -> Json:
    """What is read of a default installation, or of one with a trust section."""
    trust = trust or {}
    read = fed.facts(host, cp_trust_domain=trust.get("domain", OLD), cp_owners={}, **changes)
    plane = read["control_plane"]["object"]
    plane["spec"]["security"] = {"trust": trust}
    if note:
        plane["metadata"]["annotations"] = {TRUST_DOMAIN_CHANGE: note}
    return read


def planned(red: Json | None = None, green: Json | None = None, **options: Any) -> TrustDomainPlan:
    """The plan for two meshes; ``options`` without their prefix, ``mesh`` are variables of red."""
    hostvars = fed.inventory(RED, GREEN, red_mesh=options.pop("mesh", {}))
    for host in hostvars:
        hostvars[host].update({f"federation_{name}": value for name, value in options.items()})
    declaration = fed.declare(hostvars)
    assert not [one for one in declaration["problems"] if one["severity"] == "error"]
    return plan_change(declaration, {RED: red or default_mesh(RED), GREEN: green or default_mesh(GREEN)})


def codes(plan: TrustDomainPlan) -> list[tuple[str, str]]:
    return [(one["mesh"], one["code"]) for one in plan["problems"]]


CHANGING = {"domain": NEW, "additionalDomains": [OLD]}


@pytest.mark.parametrize(
    ("red", "green", "options", "targets"),
    [
        (None, None, {}, {RED: NEW, GREEN: "green-mesh.local"}),
        (None, fed.facts(GREEN), {}, {}),
        (None, fed.facts(GREEN), {"trust_domain_mesh": RED}, {RED: NEW}),
        (None, fed.facts(GREEN), {"mesh": {"mesh_trust_domain": "x.local"}}, {RED: "x.local"}),
        (None, None, {"mesh": {"mesh_trust_domain": OLD}}, {GREEN: "green-mesh.local"}),
        (None, None, {"trust_domain_mesh": GREEN}, {GREEN: "green-mesh.local"}),
        (None, None, {"allow_shared_root": True}, {}),
        # A change that is under way goes on, shared or not.
        (default_mesh(RED, CHANGING, f"{OLD} to {NEW}"), None, {}, {RED: NEW}),
        (default_mesh(RED, CHANGING, f"{OLD} to y.local"), fed.facts(GREEN), {}, {RED: "y.local"}),
    ],
)
def test_the_meshes_that_change(red: Json | None, green: Json | None, options: Json, targets: Json) -> None:
    plan = planned(red, green, **options)
    assert {host: mesh["state"]["target"] for host, mesh in plan["meshes"].items()} == targets
    assert not plan["problems"]


PEER: Json = {"peers": [{"metadata": {"name": GREEN}}]}


@pytest.mark.parametrize(
    ("changes", "options", "expected"),
    [
        (PEER, {}, [(RED, "trust-domain-peers")]),
        (PEER, {"confirm": "green-mesh"}, [(RED, "trust-domain-peers")]),
        (PEER, {"confirm": "green-mesh,red-mesh"}, []),
        ({}, {}, []),
        ({**PEER, "trust": CHANGING, "note": f"{OLD} to {NEW}"}, {}, []),
    ],
)
def test_a_mesh_with_peers_is_refused_unless_confirmed(
    changes: Json, options: Json, expected: list[tuple[str, str]]
) -> None:
    """After the switch the stages that are left only help."""
    plan = planned(default_mesh(RED, **changes), **options)
    assert codes(plan) == expected
    warned = [one["code"] for one in plan["warnings"] if one["mesh"] == RED]
    assert warned == (["trust-domain-peers"] if "trust" not in changes and changes else [])


@pytest.mark.parametrize(
    ("owners", "stage", "options", "refused"),
    [
        ({DOMAIN: ["gitops"]}, {}, {}, True),
        ({ALIASES: ["gitops"]}, {}, {}, True),
        ({DOMAIN: ["gitops"]}, {}, {"force_conflicts": True}, False),
        ({DOMAIN: [OURS]}, {}, {}, False),
        ({DOMAIN: ["gitops"], ALIASES: ["gitops"]}, {"trust": CHANGING}, {}, False),
    ],
)
def test_the_domain_of_another_manager_is_refused_before_the_first_write(
    owners: Json, stage: Json, options: Json, refused: bool
) -> None:
    red = default_mesh(RED, **stage)
    red["control_plane"]["owners"] = owners
    plan = planned(red, mesh={"mesh_trust_domain": NEW}, **options)
    assert codes(plan) == ([(RED, "conflict")] if refused else [])
    if refused:
        found = plan["problems"][0]
        assert (
            "gitops" in found["message"]
            and "domain: red-mesh.local with additionalDomains: [cluster.local]" in found["remedy"]
        )


def test_a_target_that_another_mesh_has_is_refused() -> None:
    plan = planned(green=fed.facts(GREEN), mesh={"mesh_trust_domain": "green-mesh.local"})
    assert codes(plan) == [(RED, "trust-domain-shared")] and GREEN in plan["problems"][0]["message"]


def test_an_unknown_mesh_and_unknown_members_are_refused() -> None:
    assert codes(planned(trust_domain_mesh="rde-mesh")) == [("federation", "peer-unknown")]
    assert codes(planned(default_mesh(RED, members=None))) == [(RED, "members-unknown")]


def test_a_mesh_that_cannot_be_read_fails_alone() -> None:
    unread = {
        "readable": False,
        "problems": [problem("unreachable", RED, "API server", "refused")],
        "control_plane": None,
    }
    plan = planned(unread)
    assert not plan["problems"] and plan["unread"] == [RED] and not plan["meshes"], "no known mesh shares with green"
    summary = reports.report(plan, {})
    assert summary["verdict"] == "FAILED" and list(summary["failures"]) == [RED]


def read(kind: str, namespace: str, name: str, spec: Json) -> Json:
    return {
        "kind": kind,
        "problem": None,
        "objects": [{"metadata": {"namespace": namespace, "name": name}, "spec": spec}],
    }


@pytest.mark.parametrize(
    ("one", "is_named"),
    [
        (
            read(
                "AuthorizationPolicy",
                "a",
                "b",
                {"rules": [{"from": [{"source": {"principals": [f"{OLD}/ns/a/sa/b"]}}]}]},
            ),
            True,
        ),
        (
            read("AuthorizationPolicy", "a", "b", {"rules": [{"from": [{"source": {"principals": ["*/ns/a/sa/b"]}}]}]}),
            False,
        ),
        (
            read(
                "DestinationRule",
                "a",
                "b",
                {"trafficPolicy": {"tls": {"subjectAltNames": [f"spiffe://{OLD}/ns/a/sa/b"]}}},
            ),
            True,
        ),
        (read("DestinationRule", "a", "b", {"host": "ratings.a.svc.cluster.local"}), False),
        (read("Gateway", "a", "b", {"servers": [{"tls": {"subjectAltNames": [f"spiffe://{OLD}/ns/a/sa/b"]}}]}), True),
        (read("ServiceEntry", "a", "b", {"subjectAltNames": [f"spiffe://{OLD}/ns/a/sa/b"]}), True),
    ],
)
def test_objects_that_name_the_former_domain_are_listed(one: Json, is_named: bool) -> None:
    assert one["kind"] in NAMING
    red = default_mesh(RED, additional_objects=[one])
    assert objects_that_name(red, [OLD]) == ([f"{one['kind']} a/b"] if is_named else [])
    warned = [found["code"] for found in planned(red)["warnings"]]
    assert warned == (["trust-domain-named"] if is_named else [])


def test_kinds_that_cannot_be_listed_are_a_warning() -> None:
    unread = {"kind": "Gateway", "problem": problem("forbidden", RED, "Gateway", "may not list"), "objects": []}
    plan = planned(default_mesh(RED, additional_objects=[unread]))
    assert [(one["code"], one["severity"]) for one in plan["warnings"]] == [("references-unread", "warning")]


# -- tasks ---------------------------------------------------------------------------------------------------------------


def done(task: str, **more: Any) -> Json:
    """What a task has registered for red."""
    return {task: {RED: {"complete": True, "problems": [], **more}}}


ACCEPTED = {**done(tasks.ACCEPT), **done(tasks.ACCEPTED, trust_domain=OLD, aliases=[NEW])}
SWITCHED = {
    **ACCEPTED,
    **done(tasks.SWITCH),
    **done(
        tasks.SWITCHED,
        trust_domain=NEW,
        aliases=[OLD],
        changed_at="2026-11-30T10:00:00Z",
        gateways=[],
        control_plane={"metadata": {}},
        owners={ALIASES: [OURS]},
    ),
}
RESTARTED = {**SWITCHED, **done(tasks.WORKLOADS, pods=3, former=0, workloads=[])}


def due(plan: TrustDomainPlan, results: Json, check: bool = False) -> list[str]:
    return [task for task in tasks.ORDER if tasks.task_options(plan, task, RED, results, check)]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ("accept", tasks.ORDER[:2]),
        ("switch", tasks.ORDER[:4]),
        ("workloads", tasks.ORDER[:5]),
        ("complete", tasks.ORDER),
    ],
)
def test_a_run_ends_after_its_last_stage(last: str, expected: tuple[str, ...]) -> None:
    assert due(planned(trust_domain_stage=last), RESTARTED) == list(expected)


def test_a_run_begins_with_the_stage_that_is_left() -> None:
    plan = planned(default_mesh(RED, CHANGING, f"{OLD} to {NEW}"))
    assert due(plan, RESTARTED) == [tasks.SWITCHED, tasks.WORKLOADS, tasks.COMPLETE, tasks.COMPLETED]


def test_the_former_domain_stays_while_a_pod_has_it() -> None:
    left = {**SWITCHED, tasks.WORKLOADS: {RED: {"complete": False, "problems": [], "pods": 3, "former": 1}}}
    assert tasks.COMPLETE not in due(planned(), left)


def test_aliases_of_another_manager_are_not_removed() -> None:
    foreign = {**RESTARTED, tasks.SWITCHED: {RED: {**RESTARTED[tasks.SWITCHED][RED], "owners": {ALIASES: ["gitops"]}}}}
    assert tasks.COMPLETE not in due(planned(), foreign)
    summary = reports.report(planned(), foreign)
    assert [one["code"] for one in summary["problems"]] == ["conflict"] and summary["meshes"][1]["next"] == "complete"
    forced = tasks.task_options(planned(force_conflicts=True), tasks.COMPLETE, RED, foreign)
    assert forced["objects"][0]["definition"]["spec"]["security"]["trust"] == {"domain": NEW, "additionalDomains": []}


def test_a_failed_task_ends_the_change_of_its_mesh() -> None:
    late = {tasks.ACCEPTED: {RED: {"problems": [problem("trust-domain-late", RED, "x", "late")]}}}
    assert due(planned(), late) == [tasks.ACCEPT, tasks.ACCEPTED]
    assert [task for task in tasks.ORDER if tasks.task_options(planned(), task, GREEN, late)] == list(tasks.ORDER[:5])


def test_check_mode_announces_no_stage_whose_effect_the_api_server_does_not_see() -> None:
    assert due(planned(), {}, check=True) == [tasks.ACCEPT, tasks.SWITCH, tasks.SWITCHED, tasks.WORKLOADS]
    unswitched = {tasks.SWITCHED: {RED: {"complete": False, "changed_at": "2020-01-01T00:00:00Z", "problems": []}}}
    assert tasks.task_options(planned(), tasks.WORKLOADS, RED, unswitched, True)["changed_at"] is None


@pytest.mark.parametrize(
    ("identities", "announced"),
    [
        ({"complete": True}, True),
        (
            {
                "complete": False,
                "workloads": [{"namespace": "shop", "kind": "Deployment", "name": "cart"}],
                "objects": [],
            },
            False,
        ),
        (
            {
                "complete": False,
                "workloads": [{"namespace": "shop", "kind": "Deployment", "name": "cart"}],
                "objects": [{"namespace": "shop", "kind": "Deployment", "name": "cart"}],
            },
            True,
        ),
    ],
)
def test_check_mode_announces_the_end_that_a_run_would_reach(identities: Json, announced: bool) -> None:
    plan = planned(default_mesh(RED, CHANGING, f"{OLD} to {NEW}"))
    results = {**SWITCHED, tasks.WORKLOADS: {RED: {"problems": [], **identities}}}
    assert due(plan, results, check=True) == [
        tasks.SWITCHED,
        tasks.WORKLOADS,
        *([tasks.COMPLETE] if announced else []),
    ]
    assert tasks.COMPLETE not in due(planned(), results, check=True), "the writes before have the same fields"


@pytest.mark.parametrize(
    ("value", "restarts"), [(False, []), (True, ["*"]), ("shop, bookinfo", ["shop", "bookinfo"]), (["shop"], ["shop"])]
)
def test_namespaces_that_may_be_restarted(value: Any, restarts: list[str]) -> None:
    options = tasks.task_options(planned(restart_workloads=value), tasks.WORKLOADS, RED, SWITCHED)
    assert options["restart"] == restarts
    assert options["namespaces"] == ["red-mesh-bookinfo", "red-mesh-system"]
    assert options["changed_at"] == "2026-11-30T10:00:00Z"


# -- report --------------------------------------------------------------------------------------------------------------


def workload(name: str, message: str = "") -> Json:
    return {
        "namespace": "shop",
        "kind": "Deployment",
        "name": name,
        "pods": 2,
        "former": ["a"],
        "domains": [OLD],
        "message": message,
    }


@pytest.mark.parametrize(
    ("results", "options", "verdict", "words"),
    [
        (RESTARTED | done(tasks.COMPLETED, trust_domain=NEW, aliases=[]), {}, "CHANGED", "Stage 4 of 4"),
        (ACCEPTED, {"trust_domain_stage": "accept"}, "IN PROGRESS", "Next: stage 2 of 4"),
        (
            SWITCHED
            | {
                tasks.WORKLOADS: {
                    RED: {"complete": False, "problems": [], "pods": 3, "former": 1, "workloads": [workload("cart")]}
                }
            },
            {},
            "IN PROGRESS",
            "Namespace shop: 1 of 2 pods with a former identity: Deployment cart",
        ),
        (
            SWITCHED
            | {
                tasks.WORKLOADS: {
                    RED: {
                        "complete": False,
                        "problems": [],
                        "pods": 3,
                        "former": 1,
                        "workloads": [workload("cart", "why")],
                    }
                }
            },
            {"restart_workloads": True},
            "IN PROGRESS",
            "Replace these pods, then run again.",
        ),
        (
            {tasks.ACCEPTED: {RED: {"problems": [problem("trust-domain-late", RED, "x", "late")]}}},
            {},
            "FAILED",
            "[trust-domain-late]",
        ),
    ],
)
def test_the_report_begins_with_the_verdict(results: Json, options: Json, verdict: str, words: str) -> None:
    summary = reports.report(planned(green=fed.facts(GREEN), trust_domain_mesh=RED, **options), results)
    assert summary["verdict"] == verdict and summary["lines"][0].startswith(f"{verdict}  ")
    assert words in " ".join(" ".join(summary["lines"]).split())


def test_a_run_without_a_change_says_which_domains_the_meshes_have() -> None:
    summary = reports.report(planned(fed.facts(RED), fed.facts(GREEN)), {})
    assert summary["lines"] == [
        "NOTHING TO CHANGE  green-mesh has green-mesh.local, red-mesh has red-mesh.local. Nothing was",
        "    changed.",
    ]


# -- federate.yml ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "options", "found"),
    [
        ({}, {}, ["trust-domain-unfinished"]),
        (PEER, {}, []),
        ({}, {"federation_confirm_trust_domain": [RED]}, []),
    ],
)
def test_federate_rejects_a_mesh_in_the_middle_of_a_change(changes: Json, options: Json, found: list[str]) -> None:
    hostvars = fed.inventory(RED, GREEN)
    for host in hostvars:
        hostvars[host].update(options)
    facts = {RED: default_mesh(RED, CHANGING, f"{OLD} to {NEW}", **changes), GREEN: fed.facts(GREEN)}
    plan = planning.build_plan(fed.declare(hostvars), facts, fed.NOW)
    assert [one["code"] for one in plan["problems"] if one["code"].startswith("trust-domain")] == found
