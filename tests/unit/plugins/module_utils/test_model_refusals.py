# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every rejection before the first write: with its mesh, its place, the value and a remedy, all at once."""

from __future__ import annotations

import copy
from typing import Any

import federations as fed
import pytest

from ansible_collections.ossm.federation.plugins.module_utils._product import types as product_types
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning

LONG = "m" * 56

# name, variables of red-mesh, the place, the code, a part of the words
DECLARED: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("no access", {"mesh_kubeconfig": None}, "mesh_kubeconfig", "access-missing", "mesh_context or mesh_host"),
    ("unknown peer", {"mesh_peers": ["gren-mesh"]}, "mesh_peers", "peer-unknown", "Did you mean green-mesh"),
    ("unknown peer, nothing close", {"mesh_peers": ["x"]}, "mesh_peers", "peer-unknown", "into the inventory"),
    ("peer of itself", {"mesh_peers": ["red-mesh"]}, "mesh_peers", "peer-self", "peer of itself"),
    (
        "peer of itself by its other name",
        {"mesh_name": "rubin", "mesh_peers": ["rubin"]},
        "mesh_peers",
        "peer-self",
        "itself",
    ),
    (
        "name too long for ingress-<peer>",
        {"mesh_name": LONG},
        "mesh_name",
        "name-invalid",
        "at most 55 characters",
    ),
    ("name that is no label", {"mesh_name": "Red_Mesh"}, "mesh_name", "name-invalid", "lower case"),
    ("namespace too long", {"mesh_namespace": "n" * 64}, "mesh_namespace", "name-invalid", "at most 63 characters"),
    (
        "control plane too long",
        {"mesh_control_plane": "c" * 57},
        "mesh_control_plane",
        "name-invalid",
        "at most 56 characters",
    ),
    (
        "trust domain with scheme",
        {"mesh_trust_domain": "spiffe://red"},
        "mesh_trust_domain",
        "trust-domain-invalid",
        "spiffe://",
    ),
    (
        "trust domain with space",
        {"mesh_trust_domain": "red mesh"},
        "mesh_trust_domain",
        "trust-domain-invalid",
        "lower case",
    ),
    ("trust domain too long", {"mesh_trust_domain": "t" * 256}, "mesh_trust_domain", "trust-domain-invalid", "255"),
    ("named like the registry", {"mesh_name": "kubernetes"}, "mesh_name", "peer-name-registry", "registry"),
    ("misspelled variable", {"mesh_kubeconfg": "x"}, "mesh_kubeconfg", "variable-misspelled", "mesh_kubeconfig"),
    ("misspelled, other prefix", {"mesh_adopt": True}, "mesh_adopt", "variable-misspelled", "federation_adopt"),
    (
        "misspelled option",
        {"federation_waittimeout": 3},
        "federation_waittimeout",
        "variable-misspelled",
        "federation_wait_timeout",
    ),
    ("wrong type", {"mesh_peers": 7}, "mesh_peers", "variable-type", "must be a list"),
    (
        "wrong type of option",
        {"federation_wait_timeout": "soon"},
        "federation_wait_timeout",
        "variable-type",
        "must be a whole number",
    ),
    (
        "list with no name in it",
        {"mesh_peers": [7]},
        "mesh_peers",
        "variable-type",
        "a list with entries that are a string",
    ),
    ("empty text", {"mesh_context": ""}, "mesh_context", "variable-type", "empty"),
    ("option of one host", {"federation_adopt": True}, "federation_adopt", "option-differs", "concerns them all"),
    ("two hosts of one name", {"mesh_name": "green-mesh"}, "mesh_name", "mesh-duplicate", "green-mesh, red-mesh"),
    ("exports to an unknown peer", {"mesh_exports": {"pink": []}}, "mesh_exports", "peer-unknown", "pink"),
    (
        "exports to no peer",
        {"mesh_peers": ["green-mesh"], "mesh_exports": {"red-mesh": []}},
        "mesh_exports.red-mesh",
        "peer-not-paired",
        "are not a pair",
    ),
    ("exports that are no list", {"mesh_exports": 1}, "mesh_exports", "rule-shape", "list"),
    ("rule that is no dictionary", {"mesh_exports": [1]}, "mesh_exports[0]", "rule-shape", "dictionary"),
    ("short rule without namespace", {"mesh_exports": ["ratings"]}, "mesh_exports[0]", "rule-short", "namespace/name"),
    (
        "short rule with partial wildcard",
        {"mesh_imports": ["bookinfo/rat*"]},
        "mesh_imports[0].name",
        "rule-wildcard",
        "wildcards",
    ),
    (
        "rule of unknown type",
        {"mesh_exports": [{"type": "ServiceSelector"}]},
        "mesh_exports[0].type",
        "rule-type",
        "skips",
    ),
    (
        "rule without type",
        {"mesh_exports": [{"nameSelector": {}}]},
        "mesh_exports[0].type",
        "rule-type",
        "NameSelector",
    ),
    (
        "import by label",
        {"mesh_imports": [{"type": "LabelSelector", "labelSelector": {}}]},
        "mesh_imports[0].type",
        "rule-type",
        "NameSelector",
    ),
    (
        "rule without body",
        {"mesh_exports": [{"type": "NameSelector"}]},
        "mesh_exports[0]",
        "rule-body",
        "Add nameSelector",
    ),
    (
        "rule with two bodies",
        {"mesh_exports": [{"type": "NameSelector", "nameSelector": {}, "labelSelector": {}}]},
        "mesh_exports[0].labelSelector",
        "rule-body",
        "ignores",
    ),
    (
        "capital selector",
        {"mesh_exports": [{"type": "LabelSelector", "labelSelector": {"Selector": {}}}]},
        "mesh_exports[0].labelSelector.Selector",
        "key-unknown",
        "selector",
    ),
    (
        "alias for aliases",
        {"mesh_exports": [{"type": "LabelSelector", "labelSelector": {"alias": []}}]},
        "mesh_exports[0].labelSelector.alias",
        "key-unknown",
        "aliases",
    ),
    (
        "aliases that are no list",
        {"mesh_exports": [{"type": "LabelSelector", "labelSelector": {"aliases": {}}}]},
        "mesh_exports[0].labelSelector.aliases",
        "rule-shape",
        "list",
    ),
    (
        "label selector of everything",
        {"mesh_exports": [{"type": "LabelSelector", "labelSelector": {"namespace": "a"}}]},
        "mesh_exports[0].labelSelector",
        "rule-selector",
        "every service",
    ),
    (
        "labels that are no strings",
        {"mesh_exports": [{"type": "LabelSelector", "labelSelector": {"selector": {"matchLabels": {"a": True}}}}]},
        "mesh_exports[0].labelSelector.selector.matchLabels",
        "rule-shape",
        "Quote",
    ),
    (
        "unknown operator",
        {
            "mesh_exports": [
                {
                    "type": "LabelSelector",
                    "labelSelector": {"selector": {"matchExpressions": [{"key": "a", "operator": "Is"}]}},
                }
            ]
        },
        "mesh_exports[0].labelSelector.selector.matchExpressions[0].operator",
        "rule-shape",
        "In, NotIn",
    ),
    (
        "importAsLocal too deep",
        {"mesh_imports": [{"type": "NameSelector", "nameSelector": {"importAsLocal": True}}]},
        "mesh_imports[0].nameSelector.importAsLocal",
        "key-unknown",
        "accepted are alias, name, namespace",
    ),
    (
        "importAsLocal in typographic quotes",
        {"mesh_imports": [{"type": "NameSelector", "nameSelector": {}, "importAsLocal": "\u201ctrue\u201d"}]},
        "mesh_imports[0].importAsLocal",
        "rule-shape",
        "quotes",
    ),
    (
        "importAsLocal without namespace",
        {"mesh_imports": [{"type": "NameSelector", "nameSelector": {"alias": {"name": "a"}}, "importAsLocal": True}]},
        "mesh_imports[0]",
        "rule-local",
        "alias.namespace",
    ),
    (
        "the cluster's suffix",
        {"mesh_imports": [{"type": "NameSelector", "nameSelector": {}, "domainSuffix": "svc.cluster.local"}]},
        "mesh_imports[0].domainSuffix",
        "rule-local",
        "importAsLocal",
    ),
    (
        "unknown key of an alias",
        {"mesh_exports": [{"type": "NameSelector", "nameSelector": {"alias": {"ns": "a"}}}]},
        "mesh_exports[0].nameSelector.alias.ns",
        "key-unknown",
        "name",
    ),
    (
        "name that is no string",
        {"mesh_exports": [{"type": "NameSelector", "nameSelector": {"name": 1}}]},
        "mesh_exports[0].nameSelector.name",
        "rule-shape",
        "must be a string",
    ),
    (
        "unknown key of ingress",
        {"mesh_ingress": {"exposur": "NodePort"}},
        "mesh_ingress.exposur",
        "key-unknown",
        "exposure",
    ),
    ("a Route", {"mesh_ingress": {"exposure": "Route"}}, "mesh_ingress.exposure", "ingress-value", "Route cannot"),
    (
        "a Route, and what can serve",
        {"mesh_ingress": {"exposure": "route"}},
        "mesh_ingress.exposure",
        "ingress-value",
        "mesh_ingress.addresses",
    ),
    (
        "an Ingress",
        {"mesh_ingress": {"exposure": "Ingress"}},
        "mesh_ingress.exposure",
        "ingress-value",
        "Ingress cannot",
    ),
    (
        "a fixed address that is none",
        {"mesh_ingress": {"loadBalancerIP": "balancer.example"}},
        "mesh_ingress.loadBalancerIP",
        "ingress-value",
        "IP address",
    ),
    (
        "one fixed address for two gateways",
        {"mesh_ingress": {"loadBalancerIP": "192.0.2.1"}},
        "mesh_ingress",
        "ingress-shared",
        "mesh_ingress.peers",
    ),
    (
        "source ranges without mask",
        {"mesh_ingress": {"loadBalancerSourceRanges": ["192.0.2.1"]}},
        "mesh_ingress.loadBalancerSourceRanges",
        "ingress-value",
        "192.0.2.0/24",
    ),
    (
        "another traffic policy",
        {"mesh_ingress": {"externalTrafficPolicy": "local"}},
        "mesh_ingress.externalTrafficPolicy",
        "ingress-value",
        "Cluster, Local",
    ),
    (
        "a platform that is misspelled",
        {"mesh_platform": "BareMetall"},
        "mesh_platform",
        "platform-unknown",
        "BareMetal",
    ),
    ("a platform that does not exist", {"mesh_platform": "Mars"}, "mesh_platform", "platform-unknown", "one of AWS"),
    (
        "annotation that is no string",
        {"mesh_ingress": {"annotations": {"a": True}}},
        "mesh_ingress.annotations",
        "ingress-value",
        "quote",
    ),
    (
        "port out of range",
        {"mesh_ingress": {"discoveryPort": 99999}},
        "mesh_ingress.discoveryPort",
        "ingress-value",
        "port",
    ),
    (
        "unknown node port",
        {"mesh_ingress": {"nodePorts": {"https": 30001}}},
        "mesh_ingress.nodePorts.https",
        "key-unknown",
        "tls",
    ),
    (
        "node ports for two gateways",
        {"mesh_ingress": {"nodePorts": {"tls": 30001}}},
        "mesh_ingress",
        "ingress-shared",
        "node port 30001",
    ),
    (
        "one address for two gateways",
        {"mesh_ingress": {"exposure": "LoadBalancer", "addresses": ["192.0.2.1"]}},
        "mesh_ingress",
        "ingress-shared",
        "192.0.2.1:8188",
    ),
    (
        "one address and port for two",
        {"mesh_ingress": {"addresses": ["192.0.2.1"], "discoveryPort": 1}},
        "mesh_ingress",
        "ingress-shared",
        "192.0.2.1:1",
    ),
    ("ingress of no peer", {"mesh_ingress": {"peers": {"pink": {}}}}, "mesh_ingress.peers", "peer-unknown", "pink"),
    ("ingress peers as list", {"mesh_ingress": {"peers": []}}, "mesh_ingress.peers", "ingress-value", "dictionary"),
    (
        "ingress peer as list",
        {"mesh_ingress": {"peers": {"green-mesh": []}}},
        "mesh_ingress.peers.green-mesh",
        "ingress-value",
        "keys",
    ),
    ("zone without region", {"mesh_locality": {"zone": "a"}}, "mesh_locality.zone", "locality-value", "Add region"),
    ("unknown key of locality", {"mesh_locality": {"area": "a"}}, "mesh_locality.area", "key-unknown", "region"),
    ("locality that is no string", {"mesh_locality": {"region": 1}}, "mesh_locality.region", "locality-value", "Quote"),
]


@pytest.mark.parametrize(
    ("variables", "where", "code", "part"), [case[1:] for case in DECLARED], ids=[case[0] for case in DECLARED]
)
def test_rejected_without_a_cluster(variables: dict[str, Any], where: str, code: str, part: str) -> None:
    found = fed.declare(fed.inventory(red_mesh=variables))["problems"]
    match = [one for one in found if one["code"] == code and one["where"] == where]
    assert match, [product_types.problem_line(one) for one in found]
    assert match[0]["severity"] == "error"
    assert match[0]["mesh"] in {variables.get("mesh_name", "red-mesh"), "federation"}
    assert part in product_types.problem_line(match[0])


def test_environment_of_the_controller() -> None:
    found = fed.declare(fed.inventory(), environ={"K8S_AUTH_HOST": "https://x", "K8S_AUTH_VERIFY": "", "HOME": "/"})[
        "problems"
    ]
    assert [(one["code"], one["where"]) for one in found] == [("environment-auth", "K8S_AUTH_HOST")]


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
    found = [one for one in fed.declare(wrong)["problems"] if one["code"] == "variable-type"]
    assert [(one["mesh"], one["where"]) for one in found] == [(mesh, "federation_wait_timeout") for mesh in reported]


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
    found = fed.declare(fed.inventory(red_mesh={"mesh_cost_center": 4711}))["problems"]
    assert fed.codes(found) == set()
    assert fed.codes(found, "warning") == {("variable-unknown", "red-mesh")}


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
    assert all(one["remedy"] and one["where"] for one in plan["problems"])


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
    assert [(one["code"], one["where"]) for one in declaration["problems"]] == [
        ("fingerprint-invalid", "mesh_trust_fingerprints")
    ] * refused
