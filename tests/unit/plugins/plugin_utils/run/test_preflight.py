# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks between the plan and the first write, and the meshes that they skip."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product import permissions, steps
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning, types as plan_types
from ansible_collections.ossm.federation.plugins.plugin_utils._report import (
    overview as plan_overview,
    result as run_result,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.announcement import announcement
from ansible_collections.ossm.federation.plugins.plugin_utils._run import preflight

Json = dict[str, Any]
RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"
SHARED = {
    "red_mesh": {"mesh_exports": {GREEN: ["red-mesh-bookinfo/ratings"]}},
    "green_mesh": {"mesh_imports": {RED: ["*/*"]}},
}
ROLE = permissions.roles("federate")[permissions.MESH]["rules"]


def _reads(**changes: Json) -> dict[str, Json]:
    """Facts of all meshes; ``changes`` are for one, its hyphens as underscores; ``cp_spec`` adds to its control plane."""
    read = {}
    for host in fed.COLOURS:
        wanted = dict(changes.get(host.replace("-", "_"), {}))
        spec = wanted.pop("cp_spec", {})
        read[host] = fed.facts(host, **wanted)
        read[host]["control_plane"]["object"]["spec"] |= spec
    return read


def _checked(
    read: dict[str, Json], playbook: str = "federate", play_hosts: list[str] | None = None, **variables: Json
) -> plan_types.Plan:
    declaration = fed.declare(fed.inventory(**{**SHARED, **variables}), play_hosts=play_hosts or list(fed.COLOURS))
    return preflight.preflight(planning.build_plan(declaration, read), read, playbook)


def _warnings(planned: plan_types.Plan) -> list[tuple[str, str]]:
    return [(problem["code"], problem["mesh"]) for problem in planned["warnings"]]


# -- versions --------------------------------------------------------------------------------------------------------


def test_versions_without_faults_give_no_warning() -> None:
    assert _checked(_reads(red_mesh={"cp_chart_version": "2.5.1"}))["warnings"] == []


def test_faults_of_a_version_are_warnings_that_name_the_fixed_one() -> None:
    planned = _checked(_reads(red_mesh={"cp_version": "v2.3", "cp_chart_version": "2.3.2"}))
    assert _warnings(planned) == [("version-fault", RED)] * 3
    extra = next(problem for problem in planned["warnings"] if "OSSM-3644" in problem["message"])
    assert extra["remedy"] == "Update to 2.3.3 or later"
    assert extra["where"] == "ServiceMeshControlPlane red-mesh-system/red-mesh"
    assert planned["sides"][RED][GREEN]["state"] == "ready", "pairs of different versions are allowed"


def test_faults_of_sharing_are_reported_for_meshes_that_share() -> None:
    planned = _checked(_reads(blue_mesh={"cp_version": "v2.3", "cp_chart_version": "2.3.2"}))
    assert [problem["message"].split(":")[0] for problem in planned["warnings"]] == ["2.3.2 has the fault OSSM-6079"]


@pytest.mark.parametrize(("version", "remedy"), [("v2.0", "Update the control plane"), ("v3.0", "Remove the mesh")])
def test_a_version_without_federation_skips_its_mesh(version: str, remedy: str) -> None:
    planned = _checked(_reads(blue_mesh={"cp_version": version}))
    problems = planned["meshes"][BLUE]["problems"]
    assert [(problem["code"], problem["severity"]) for problem in problems] == [("version-unsupported", "error")]
    assert problems[0]["remedy"].startswith(remedy)
    assert {side["state"] for side in planned["sides"][BLUE].values()} == {"skipped"}
    assert planned["sides"][RED][GREEN]["state"] == planned["sides"][GREEN][RED]["state"] == "ready"
    assert planned["sides"][RED][BLUE]["state"] == "pending"
    announced = announcement(planned, _reads(blue_mesh={"cp_version": version}))
    assert "[version-unsupported]" in " ".join(announced["lines"])


def test_a_mesh_outside_of_the_run_is_not_judged() -> None:
    planned = _checked(_reads(blue_mesh={"cp_version": "v2.1"}), play_hosts=[RED, GREEN])
    assert planned["warnings"] == []


# -- members ---------------------------------------------------------------------------------------------------------

LABELS = {"type": "LabelSelector", "labelSelector": {"namespace": "shop", "selector": {"matchLabels": {"a": "b"}}}}
MEMBERS: dict[str, tuple[Json, Any, bool]] = {
    "a member": ({}, ["red-mesh-bookinfo/ratings"], False),
    "the control plane's own": ({}, ["red-mesh-system/ratings"], False),
    "any namespace": ({}, ["*/ratings"], False),
    "no member": ({}, ["shop/ratings"], True),
    "no member, by label": ({}, [LABELS], True),
    "no member of a mesh without members": ({"members": []}, ["shop/ratings"], True),
    "unknown members": ({"members": None}, ["shop/ratings"], False),
    "all namespaces are members": ({"members": ["*"]}, ["shop/ratings"], False),
    "cluster-wide": ({"cp_spec": {"mode": "ClusterWide"}}, ["shop/ratings"], False),
    "multi-tenant": ({"cp_spec": {"mode": "MultiTenant"}}, ["shop/ratings"], True),
    "cluster-wide before 2.4": (
        {"cp_spec": {"techPreview": {"controlPlaneMode": "ClusterScoped"}}},
        ["shop/ratings"],
        False,
    ),
}


@pytest.mark.parametrize("case", MEMBERS)
def test_exported_namespaces_are_members(case: str) -> None:
    change, rules, warned = MEMBERS[case]
    planned = _checked(_reads(red_mesh=change), red_mesh={"mesh_exports": rules})
    problems = [problem for problem in planned["warnings"] if problem["code"] == "namespace-not-member"]
    assert [("shop" in one["message"], "blue-mesh, green-mesh" in one["message"]) for one in problems] == [
        (True, True)
    ] * warned


# -- networks --------------------------------------------------------------------------------------------------------

MULTI: Json = {"cluster": {"multiCluster": {"meshNetworks": {"other": {}}}}}
ENABLED: Json = {"cluster": {"multiCluster": {"enabled": True}}}
NAMED: Json = {"cluster": {"name": "red-cluster", "network": "red-network", "multiCluster": {}}}
VIEWS: dict[str, tuple[str | None, Json, Any, str, bool]] = {
    # version, more of the spec, what the gateway requests, its field manager, whether it is reported
    "2.6, wrong": ("v2.6", {}, ["green-network"], "kubectl", True),
    "2.1, wrong": ("v2.1", {}, ["green-network"], "kubectl", True),
    "2.5, wrong, but nothing filters": ("v2.5", {}, ["green-network"], "kubectl", False),
    "2.5, wrong, multi-network": ("v2.5", MULTI, ["green-network"], "kubectl", True),
    "2.2, wrong, multi-network": ("v2.2", MULTI, ["green-network"], "kubectl", False),
    "2.3, wrong, multi-cluster alone": ("v2.3", ENABLED, ["green-network"], "kubectl", False),
    "2.5, wrong, multi-cluster alone": ("v2.5", ENABLED, ["green-network"], "kubectl", False),
    "2.5, wrong, own network": ("v2.5", NAMED, ["green-network"], "kubectl", True),
    "unknown version, wrong": (None, {}, ["green-network"], "kubectl", False),
    "unknown version, wrong, multi-network": (None, MULTI, ["green-network"], "kubectl", True),
    "2.6, right among others": ("v2.6", {}, ["network1", "network-green-mesh"], "kubectl", False),
    "2.6, none requested": ("v2.6", {}, None, "kubectl", False),
    "2.6, ours": ("v2.6", {}, ["green-network"], "ossm.federation/green-mesh", False),
}


@pytest.mark.parametrize("case", VIEWS)
def test_a_network_view_without_the_peers_network(case: str) -> None:
    version, more, view, manager, is_reported = VIEWS[case]
    ports = [{"port": 15443, "name": "tls"}, {"port": 8188, "name": "http-discovery"}]
    gateway = {"enabled": True, "service": {"ports": ports}, **({"requestedNetworkView": view} if view else {})}
    spec = {**more, "gateways": {"additionalEgress": {"egress-green-mesh": gateway}}}
    owners = {"spec.gateways.additionalEgress.egress-green-mesh": [manager]}
    read = _reads(red_mesh={"cp_version": version, "cp_spec": spec, "cp_owners": owners})
    planned = _checked(read)
    problems = [problem for problem in planned["warnings"] if problem["code"] == "network-view"]
    assert [problem["remedy"] for problem in problems] == ["Set it to [network-green-mesh]"] * is_reported
    assert all("503" in one["message"] and one["peer"] == GREEN for one in problems)
    at_the_end = [
        problem
        for problem in run_result.report(planned, {}, read)["problems"]
        if "requestedNetworkView" in problem["where"] + problem["message"]
    ]
    by_then = [("network-view", "error")] if is_reported else [("unmanaged", "warning")] if "wrong" in case else []
    assert [(problem["code"], problem["severity"]) for problem in at_the_end] == by_then, "it is reported once"
    codes = {problem["code"] for problem in planned["warnings"]}
    assert ("multi-network" in codes) is (more in (MULTI, NAMED) and version != "v2.2")


# -- rights ----------------------------------------------------------------------------------------------------------


def _less(verb: str, resource: str) -> list[Json]:
    rules = copy.deepcopy(ROLE)
    for rule in rules:
        if resource in rule["resources"]:
            rule["verbs"].remove(verb)
    return rules


def _missing(planned: plan_types.Plan, host: str) -> list[str]:
    return [
        problem["message"] for problem in planned["meshes"][host]["problems"] if problem["code"] == "permission-missing"
    ]


def test_the_documented_role_is_enough_and_unknown_rights_miss_nothing() -> None:
    for rights in (ROLE, None):
        planned = _checked(_reads(red_mesh={"rights": rights}, green_mesh={"rights": rights}))
        assert not _missing(planned, RED) and not _missing(planned, GREEN)
        assert planned["sides"][RED][GREEN]["state"] == "ready"


@pytest.mark.parametrize(
    ("verb", "resource", "check_mode", "missing"),
    [
        ("patch", "servicemeshcontrolplanes", False, True),
        ("watch", "servicemeshcontrolplanes", False, True),
        ("watch", "servicemeshcontrolplanes", True, False),
        ("watch", "services", False, True),
        ("watch", "services", True, False),
        ("create", "servicemeshpeers", True, True),
        ("watch", "servicemeshpeers", False, True),
        ("create", "configmaps", False, True),
        ("create", "exportedservicesets", False, True),
        ("create", "importedservicesets", False, False),
    ],
)
def test_what_the_run_will_do_needs_its_right(verb: str, resource: str, check_mode: bool, missing: bool) -> None:
    planned = _checked(
        _reads(red_mesh={"rights": _less(verb, resource)}), "federate-check" if check_mode else "federate"
    )
    assert [f"may not {verb} {resource}" in one for one in _missing(planned, RED)] == [True] * missing
    states = {side["state"] for side in planned["sides"][RED].values()}
    assert states == ({"skipped"} if missing else {"ready"})


def test_a_mesh_that_is_skipped_is_not_written_at_all() -> None:
    read = {**_reads(), RED: fed.unset_trust_domain(RED, members=[], rights=[])}
    planned = _checked(read)
    assert planned["meshes"][RED]["set_trust_domain"] and planned["load_balancers"]["new"] == 4
    assert planned["meshes"][RED]["gateways"] == []
    declaration = fed.declare(fed.inventory(**SHARED))
    assert planning.build_plan(declaration, read)["load_balancers"]["new"] == 6
    assert [problem["where"] for problem in planned["meshes"][RED]["problems"]] == ["namespace red-mesh-system"]
    for step in steps.WRITING:
        assert desired.build_objects(planned, step, RED, read[RED]) == []


def test_no_step_is_pending_where_all_meshes_are_skipped() -> None:
    change = {"rights": [], "cp_ready": False}
    planned = _checked(_reads(red_mesh=change, green_mesh=change, blue_mesh=change))
    assert planned["pending_steps"] == [] and all(_missing(planned, host) for host in fed.COLOURS)


def test_all_missing_rights_of_an_unreadable_mesh_are_reported() -> None:
    planned = _checked(_reads(red_mesh={"rights": _less("patch", "configmaps"), "readable": False}))
    assert _missing(planned, RED) == ["the account may not patch configmaps"]


def test_rights_by_name_count_for_the_objects_of_the_run() -> None:
    named = [rule for rule in ROLE if "servicemeshpeers" not in rule["resources"]]
    peers = {"apiGroups": ["federation.maistra.io"], "resources": ["servicemeshpeers"]}
    watch = {**peers, "verbs": ["watch"]}
    for names, missing in (([GREEN, BLUE], False), ([GREEN], True)):
        rights = [*named, watch, {**peers, "verbs": ["create", "patch"], "resourceNames": names}]
        assert bool(_missing(_checked(_reads(red_mesh={"rights": rights})), RED)) is missing


def test_a_peer_that_is_only_read_needs_no_right_to_write() -> None:
    planned = _checked(_reads(blue_mesh={"rights": []}), play_hosts=[RED, GREEN])
    assert not _missing(planned, BLUE)


# -- plan.yml


def _shown(read: dict[str, Json], play_hosts: list[str] | None = None) -> list[tuple[str, str, str]]:
    declaration = fed.declare(fed.inventory(**SHARED), play_hosts=play_hosts or list(fed.COLOURS))
    return [
        (problem["code"], problem["mesh"], problem["severity"])
        for problem in plan_overview.overview(declaration, read)["problems"]
    ]


def test_a_preview_shows_what_the_preflight_finds() -> None:
    """As warnings: the plan can be planned all the same."""
    read = _reads(
        red_mesh={"cp_version": "v2.3", "cp_chart_version": "2.3.2", "rights": []},
        green_mesh={"rights": _less("create", "servicemeshpeers")},
        blue_mesh={"cp_version": "v3.0"},
    )
    assert set(_shown(read)) == {
        ("version-fault", RED, "warning"),
        ("permission-missing", RED, "warning"),
        ("permission-missing", GREEN, "warning"),
        ("version-unsupported", BLUE, "warning"),
    }


def test_a_preview_names_missing_rights_of_a_mesh_that_was_read_in_part() -> None:
    read = {**_reads(), BLUE: {**_reads()[BLUE], "control_plane": None, "readable": False, "rights": []}}
    assert ("permission-missing", BLUE, "warning") in _shown(read)


def test_a_preview_checks_the_meshes_of_the_run_only() -> None:
    assert _shown(_reads(blue_mesh={"cp_version": "v3.0", "rights": []}), [RED, GREEN]) == []


def test_a_preview_without_any_reading_has_no_preflight() -> None:
    assert _shown({}) == []
