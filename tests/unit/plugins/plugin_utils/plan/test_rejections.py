# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rejection before the first write: with its mesh, its place, the value and a remedy, all at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from unit.builders import federations as fed
from unit.builders.rejected import REJECTED, adds_something

from ansible_collections.ossm.federation.plugins.module_utils._product import types as product_types
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning


@pytest.mark.parametrize(
    ("variables", "where", "code", "part"), [case[1:] for case in REJECTED], ids=[case[0] for case in REJECTED]
)
def test_rejected_without_a_cluster(variables: dict[str, Any], where: str, code: str, part: str) -> None:
    problems = fed.declare(fed.inventory(red_mesh=variables))["problems"]
    match = [problem for problem in problems if problem["code"] == code and problem["where"] == where]
    assert match, [product_types.problem_line(problem) for problem in problems]
    assert match[0]["severity"] == "error"
    assert match[0]["mesh"] in {variables.get("mesh_name", "red-mesh"), "federation"}
    assert part in product_types.problem_line(match[0])
    assert all(adds_something(problem) for problem in match), match


def test_environment_of_the_controller() -> None:
    problems = fed.declare(fed.inventory(), environ={"K8S_AUTH_HOST": "https://x", "K8S_AUTH_VERIFY": "", "HOME": "/"})[
        "problems"
    ]
    assert [(problem["code"], problem["where"]) for problem in problems] == [("environment-auth", "K8S_AUTH_HOST")]


def test_empty_group_and_expected_size() -> None:
    assert fed.codes(fed.declare({})["problems"]) == {("group-empty", "federation")}
    sized = {host: {**variables, "federation_expected_meshes": 4} for host, variables in fed.inventory().items()}
    assert fed.codes(fed.declare(sized)["problems"]) == {("mesh-count", "federation")}


@pytest.mark.parametrize(
    ("hosts", "reported"),
    [
        (fed.COLOURS, ["federation"]),
        (("red-mesh",), ["red-mesh"]),
    ],
)
def test_a_wrong_variable_of_all_meshes_is_reported_once(hosts: tuple[str, ...], reported: list[str]) -> None:
    wrong = {
        host: {**values, **({"federation_wait_timeout": "soon"} if host in hosts else {})}
        for host, values in fed.inventory().items()
    }
    problems = [problem for problem in fed.declare(wrong)["problems"] if problem["code"] == "variable-type"]
    assert [(problem["mesh"], problem["where"]) for problem in problems] == [
        (mesh, "federation_wait_timeout") for mesh in reported
    ]


def test_options_that_differ() -> None:
    hostvars = {
        host: {**values, "federation_wait_timeout": number}
        for number, (host, values) in enumerate(fed.inventory().items())
    }
    assert fed.codes(fed.declare(hostvars)["problems"]) == {("option-differs", "federation")}


def test_all_problems_at_once() -> None:
    wrong = fed.inventory(
        red_mesh={"mesh_peers": ["red-mesh"], "mesh_nam": "x"},
        green_mesh={"mesh_name": "Green"},
        blue_mesh={"mesh_kubeconfig": None},
    )
    assert fed.codes(fed.declare(wrong, environ={"K8S_AUTH_HOST": "x"})["problems"]) == {
        ("environment-auth", "federation"),
        ("peer-self", "red-mesh"),
        ("variable-misspelled", "red-mesh"),
        ("name-invalid", "Green"),
        ("access-missing", "blue-mesh"),
    }


def test_an_unknown_name_is_only_a_warning() -> None:
    problems = fed.declare(fed.inventory(red_mesh={"mesh_cost_center": 4711}))["problems"]
    assert fed.codes(problems) == set()
    assert fed.codes(problems, "warning") == {("variable-unknown", "red-mesh")}


def test_no_credential_is_in_the_declaration() -> None:
    secrets = {
        "mesh_api_key": "S3cret",
        "mesh_password": "S3cret",
        "mesh_proxy_headers": {"a": "S3cret"},
        "mesh_username": "S3cret",
    }
    declaration = fed.declare(fed.inventory(red_mesh=secrets))
    assert "S3cret" not in repr(declaration)


# Across meshes, after reading


def _equal_uids(read: dict[str, Any]) -> None:
    read["green-mesh"]["control_plane"]["uid"] = read["red-mesh"]["control_plane"]["uid"]


def _one_namespace(read: dict[str, Any]) -> None:
    read["green-mesh"].update(cluster_uid="same", namespace="istio-system")
    read["red-mesh"].update(cluster_uid="same", namespace="istio-system")


def _namespaces_not_found(read: dict[str, Any]) -> None:
    """Two meshes of one cluster: of one nothing but the cluster was read, the other is where it would be by convention."""
    read["green-mesh"].update(cluster_uid="same", namespace="", control_plane=None, readable=False)
    read["red-mesh"].update(cluster_uid="same", namespace="green-mesh-system")


def _one_trust_domain(read: dict[str, Any]) -> None:
    for host in ("red-mesh", "green-mesh"):
        read[host]["control_plane"]["trust_domain"] = "shared.local"


def _common_root(read: dict[str, Any]) -> None:
    _one_trust_domain(read)
    for host in ("red-mesh", "green-mesh"):
        read[host].update(root="common", fingerprints=["0" * 64])


def _two_defaults(read: dict[str, Any]) -> None:
    for host in ("red-mesh", "green-mesh"):
        read[host] = fed.unset_trust_domain(host)


def _registry(read: dict[str, Any]) -> None:
    read["red-mesh"]["control_plane"]["cluster_name"] = "Green-Mesh"


ACROSS: list[tuple[str, dict[str, Any], Any, set[tuple[str, str]]]] = [
    ("two names for one mesh", {}, _equal_uids, {("mesh-two-names", "red-mesh")}),
    ("one namespace twice", {}, _one_namespace, {("namespace-twice", "red-mesh")}),
    ("a namespace that is not known", {}, _namespaces_not_found, set()),
    ("one trust domain, different roots", {}, _one_trust_domain, {("trust-domain-shared", "red-mesh")}),
    ("one trust domain, common root", {}, _common_root, {("trust-domain-shared-root", "red-mesh")}),
    ("default trust domain twice", {}, _two_defaults, {("trust-domain-shared", "red-mesh")}),
    ("peer like the local registry", {}, _registry, {("peer-name-registry", "red-mesh")}),
    (
        "trust domain under workloads",
        {"red_mesh": {"mesh_trust_domain": "new.local"}},
        None,
        {("trust-domain-change", "red-mesh")},
    ),
    (
        "too many load balancers",
        {name: {"federation_max_new_load_balancers": 5} for name in ("red_mesh", "green_mesh", "blue_mesh")},
        None,
        {("load-balancers-too-many", "federation")},
    ),
]


@pytest.mark.parametrize(
    ("variables", "change", "expected"), [case[1:] for case in ACROSS], ids=[case[0] for case in ACROSS]
)
def test_rejected_across_meshes(variables: dict[str, Any], change: Any, expected: set[tuple[str, str]]) -> None:
    read = {host: fed.facts(host) for host in fed.COLOURS}
    if change:
        change(read)
    plan = planning.build_plan(fed.declare(fed.inventory(**variables)), copy.deepcopy(read), fed.NOW)
    assert fed.codes(plan["problems"]) == expected
    assert all(problem["remedy"] and problem["where"] for problem in plan["problems"])


def test_a_common_root_is_allowed_when_asked_for() -> None:
    read = {host: fed.facts(host) for host in fed.COLOURS}
    _common_root(read)
    hostvars = {host: {**values, "federation_allow_shared_root": True} for host, values in fed.inventory().items()}
    plan, objects = fed.federate(fed.declare(hostvars), read)
    assert plan["problems"] == []
    assert fed.codes(plan["warnings"], "warning") == {("trust-domain-shared-root", "red-mesh")}
    assert plan["sides"]["red-mesh"]["green-mesh"]["config_map"] is None
    assert plan["sides"]["red-mesh"]["blue-mesh"]["config_map"] == "blue-mesh-ca-root-cert"
    names = [
        desired_object["definition"]["metadata"]["name"]
        for desired_object in objects["red-mesh"]
        if desired_object["definition"]["kind"] == "ConfigMap"
    ]
    assert names == ["blue-mesh-ca-root-cert"]
    peer = next(
        desired_object["definition"]
        for desired_object in objects["red-mesh"]
        if desired_object["definition"]["kind"] == "ServiceMeshPeer" and desired_object["peer"] == "green-mesh"
    )
    assert "certificateChain" not in peer["spec"]["security"]


@pytest.mark.parametrize(
    ("value", "pins", "refused"),
    [
        (["00" * 32, ":".join(["FF"] * 32)], ["00" * 32, "ff" * 32], 0),
        ("00" * 32, ["00" * 32], 0),
        (None, None, 0),
        ([], [], 1),
        (["00" * 31], [], 1),
        (["00" * 32, "x", "y"], ["00" * 32], 2),
    ],
)
def test_pins_are_read_in_any_spelling(value: Any, pins: list[str] | None, refused: int) -> None:
    declaration = fed.declare(fed.inventory(red_mesh={"mesh_trust_fingerprints": value}))
    assert declaration["meshes"]["red-mesh"]["pins"] == pins
    assert [(problem["code"], problem["where"]) for problem in declaration["problems"]] == [
        ("fingerprint-invalid", "mesh_trust_fingerprints")
    ] * refused
