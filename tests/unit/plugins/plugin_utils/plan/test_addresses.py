# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The address of a live gateway: what would change it is rejected, kept or confirmed; and how meshes are reported to be reached."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product import types as product_types
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import (
    advance as plan_steps,
    plan as planning,
    types as plan_types,
)

Json = dict[str, Any]
RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"
AWS = "service.beta.kubernetes.io/aws-load-balancer-"
AZURE = "service.beta.kubernetes.io/azure-load-balancer-internal"
POOL = "metallb.io/address-pool"


def _facts(host: str, platform: str) -> Json:
    """Facts of a mesh whose nodes have one address for the world and one for the inside."""
    nodes = [{"name": "n", "addresses": ["192.0.2.10"], "internal": ["10.0.0.10"]}]
    return fed.facts(host, platform, nodes=nodes)


def _federated(platform: str = "AWS", *, addressed: bool = True, **ingress: Any) -> dict[str, Json]:
    """What is read after a first run, in which red had this ``mesh_ingress``."""
    read = {host: _facts(host, platform) for host in fed.COLOURS}
    plan, _wishes = fed.federate(_declared(ingress), read)
    for gateway in plan["meshes"][RED]["gateways"]:
        row = [{"ip": "192.0.2.1"}] if addressed else []
        ports = [{"port": 8188, "nodePort": 30188}, {"port": 15443, "nodePort": 30443}]
        read[RED]["gateway_services"][gateway["name"]] = {
            "metadata": {"name": gateway["name"], "namespace": "red-mesh-system"},
            "spec": {"type": gateway["exposure"], "ports": ports},
            "status": {"loadBalancer": {"ingress": row}},
        }
    return read


def _declared(ingress: Json, confirmed: tuple[str, ...] = (), play: tuple[str, ...] = fed.COLOURS, **more: Any) -> Any:
    options = {"federation_confirm_address_change": list(confirmed)} if confirmed else {}
    hosts = {host: dict(options) for host in fed.COLOURS}
    hosts[RED].update({"mesh_ingress": ingress} if ingress else {}, **more)
    variables = {host.replace("-", "_"): said for host, said in hosts.items()}
    declaration = fed.declare(fed.inventory(**variables), play_hosts=list(play))
    assert [product_types.problem_line(problem) for problem in declaration["problems"]] == []
    return declaration


def _said(plan: plan_types.Plan) -> list[tuple[str, str]]:
    return [(problem["code"], problem["message"]) for problem in plan["problems"] + plan["warnings"]]


def _sent(plan: plan_types.Plan, read: dict[str, Json]) -> Json:
    """The Service of red's ingress gateway for green as it would be applied."""
    desired_objects = [wanted for wanted in desired.gateway_objects(plan, RED, read[RED]) if wanted["peer"] == GREEN]
    return desired_objects[0]["definition"]["spec"]["gateways"]["additionalIngress"]["ingress-green-mesh"]["service"]


#: platform, mesh_ingress of the first run, that of the second, and the message.
REFUSED: list[tuple[str, str, Json, Json, str]] = [
    ("AWS becomes internal", "AWS", {}, {"internal": True}, f"annotation {AWS}internal from none to true"),
    (
        "AWS becomes public",
        "AWS",
        {"internal": True},
        {"internal": False},
        f"annotation {AWS}internal from true to none",
    ),
    ("Azure becomes internal", "Azure", {}, {"internal": True}, f"annotation {AZURE} from none to true"),
    ("another type", "AWS", {}, {"exposure": "NodePort"}, "type from LoadBalancer to NodePort"),
    ("another type on bare metal", "None", {}, {"exposure": "LoadBalancer"}, "type from NodePort to LoadBalancer"),
    (
        "the controller of AWS",
        "AWS",
        {},
        {"annotations": {f"{AWS}type": "external"}},
        f"annotation {AWS}type from nlb to external",
    ),
    (
        "other subnets",
        "AWS",
        {"annotations": {f"{AWS}subnets": "a"}},
        {"annotations": {f"{AWS}subnets": "b"}},
        f"annotation {AWS}subnets from a to b",
    ),
    (
        "another pool",
        "None",
        {"exposure": "LoadBalancer", "annotations": {POOL: "one"}},
        {"exposure": "LoadBalancer", "annotations": {POOL: "two"}},
        f"annotation {POOL} from one to two",
    ),
    (
        "nodes from inside",
        "None",
        {},
        {"internal": True},
        "annotation ossm.federation/node-addresses from none to internal",
    ),
    (
        "nodes from outside",
        "None",
        {"internal": True},
        {"internal": False},
        "annotation ossm.federation/node-addresses from internal to none",
    ),
    ("another label", "AWS", {}, {"labels": {"team": "net"}}, "label team from none to net"),
]
IDS = [case[0] for case in REFUSED]
CASES = [case[1:] for case in REFUSED]


@pytest.mark.parametrize(("platform", "before", "after", "message"), CASES, ids=IDS)
def test_an_address_that_the_inventory_would_change_is_refused(
    platform: str, before: Json, after: Json, message: str
) -> None:
    read = _federated(platform, **before)
    plan = planning.build_plan(_declared(after), read)
    (problem,) = plan["problems"]
    assert (problem["code"], problem["mesh"], problem["where"]) == ("address-change", RED, "mesh_ingress")
    assert message in problem["message"] and "ingress-blue-mesh, ingress-green-mesh" in problem["message"]
    assert "annotation" not in problem["message"] or not message.startswith("type"), (
        "consequences of the type are not reported"
    )
    assert "federation_confirm_address_change" in problem["remedy"]
    assert planning.build_plan(_declared(before), read)["problems"] == []


@pytest.mark.parametrize(("platform", "before", "after", "message"), CASES, ids=IDS)
def test_a_confirmed_change_is_made_and_told(platform: str, before: Json, after: Json, message: str) -> None:
    read = _federated(platform, **before)
    plan = planning.build_plan(_declared(after, (RED,)), read)
    assert plan["problems"] == []
    (problem,) = plan["warnings"]
    assert problem["code"] == "address-changes" and message in problem["message"]
    fresh = {host: fed.facts(host, platform) for host in fed.COLOURS}
    assert _sent(plan, read) == _sent(planning.build_plan(_declared(after), fresh), fresh)
    fed.federate(_declared(after, (RED,)), read)
    assert _said(planning.build_plan(_declared(after, (RED,)), read)) == []


@pytest.mark.parametrize(("platform", "before", "after", "message"), CASES, ids=IDS)
def test_where_there_is_no_address_yet_nothing_is_lost(platform: str, before: Json, after: Json, message: str) -> None:
    read = _federated(platform, **before)
    read[RED]["gateway_services"] = {}
    assert message and _said(planning.build_plan(_declared(after), read)) == []


@pytest.mark.parametrize(("platform", "before", "after", "message"), CASES, ids=IDS)
def test_a_mesh_that_is_not_written_is_not_judged(platform: str, before: Json, after: Json, message: str) -> None:
    read = _federated(platform, **before)
    assert message and _said(planning.build_plan(_declared(after, play=(GREEN, BLUE)), read)) == []


def test_a_load_balancer_without_address_may_become_node_ports() -> None:
    read = _federated(addressed=False)
    assert _said(planning.build_plan(_declared({"exposure": "NodePort"}), read)) == []


@pytest.mark.parametrize("internal", [True, False])
def test_nodes_with_one_network_have_one_address(internal: bool) -> None:
    read = _federated("None", internal=not internal)
    for one in read.values():
        one["nodes"] = [{"name": "n", "addresses": ["10.0.0.1"], "internal": ["10.0.0.1"]}]
    assert _said(planning.build_plan(_declared({"internal": internal}), read)) == []


KEPT: list[tuple[str, str, Json, str, Json]] = [
    (
        "internal stays internal",
        "AWS",
        {"internal": True},
        f"annotation {AWS}internal from true to none",
        {f"{AWS}type": "nlb", f"{AWS}internal": "true"},
    ),
    (
        "nodes stay inside",
        "None",
        {"internal": True},
        "annotation ossm.federation/node-addresses from internal to none",
        {"ossm.federation/node-addresses": "internal"},
    ),
    (
        "subnets stay",
        "AWS",
        {"annotations": {f"{AWS}subnets": "a"}},
        f"annotation {AWS}subnets from a to none",
        {f"{AWS}type": "nlb", f"{AWS}subnets": "a"},
    ),
]


@pytest.mark.parametrize(
    ("platform", "before", "message", "annotations"), [case[1:] for case in KEPT], ids=[case[0] for case in KEPT]
)
def test_a_live_value_stays_unless_another_is_declared(
    platform: str, before: Json, message: str, annotations: Json
) -> None:
    read = _federated(platform, **before)
    plan = planning.build_plan(_declared({}), read)
    assert plan["problems"] == []
    (found,) = plan["warnings"]
    assert found["code"] == "address-kept" and message in found["message"]
    assert _sent(plan, read)["metadata"]["annotations"] == annotations
    confirmed = planning.build_plan(_declared({}, (RED,)), read)
    assert _sent(confirmed, read)["metadata"].get("annotations", {}) == (
        {f"{AWS}type": "nlb"} if platform == "AWS" else {}
    )
    assert [problem["code"] for problem in confirmed["warnings"]] == ["address-changes"]


def test_a_kept_internal_gateway_is_not_reported_as_public() -> None:
    read = _federated("Azure", internal=True)
    plan = planning.build_plan(_declared({}), read)
    chosen = plan["sides"][RED][GREEN]["exposure"]
    assert chosen["internal"] and not chosen["public"] and "internal, like the live gateway" in chosen["message"]


def test_a_new_platform_does_not_move_live_gateways() -> None:
    read = _federated("None", exposure="LoadBalancer")
    read[RED]["platform"] = {"type": "AWS", "message": "AWS"}
    plan = planning.build_plan(_declared({"exposure": "LoadBalancer"}), read)
    assert [code for code, _words in _said(plan)] == ["address-kept"]
    assert "annotations" not in _sent(plan, read)["metadata"]
    said = planning.build_plan(_declared({"exposure": "LoadBalancer"}, mesh_platform="AWS"), read)
    assert [code for code, _words in _said(said)] == ["address-change"]


def test_what_does_not_decide_an_address_may_change() -> None:
    read = _federated(annotations={"lab.example/owner": "a"})
    plan = planning.build_plan(_declared({"annotations": {"lab.example/owner": "b"}}), read)
    assert _said(plan) == [] and _sent(plan, read)["metadata"]["annotations"]["lab.example/owner"] == "b"


def test_what_another_manager_has_set_is_neither_kept_nor_told() -> None:
    read = _federated("Azure")
    service = read[RED]["control_plane"]["object"]["spec"]["gateways"]["additionalIngress"]["ingress-green-mesh"][
        "service"
    ]
    service["metadata"].setdefault("annotations", {})[AZURE] = "true"
    plan = planning.build_plan(_declared({}), read)
    assert _said(plan) == [] and AZURE not in _sent(plan, read)["metadata"].get("annotations", {})


def test_an_unmanaged_gateway_is_reported_as_it_is() -> None:
    read = _federated("Azure", internal=True)
    plane = read[RED]["control_plane"]
    plane["owners"] = {key: "kubectl" for key in plane["owners"]}
    wanted = {"internal": False, "exposure": "NodePort", "labels": {"team": "net"}, "loadBalancerIP": "192.0.2.9"}
    for notes, scope in (({AZURE: "true"}, "internal"), ({}, "public")):
        read[RED]["gateway_services"]["ingress-green-mesh"]["metadata"]["annotations"] = notes
        plan = planning.build_plan(_declared({"peers": {GREEN: wanted}}), read)
        assert f"LoadBalancer, {scope}, like the live gateway: " in plan["sides"][RED][GREEN]["exposure"]["message"]
        assert [problem["code"] for problem in plan["problems"]] == []


def test_a_side_that_is_skipped_is_not_judged() -> None:
    read = _federated("AWS")
    read[RED]["peers"].append(
        {**read[RED]["peers"][0], "metadata": {**read[RED]["peers"][0]["metadata"], "name": "again"}}
    )
    plan = planning.build_plan(_declared({"internal": True}), read)
    skipped = [side["ingress"] for side in plan["sides"][RED].values() if side["state"] == "skipped"]
    assert len(skipped) == 1 and skipped[0] not in plan["problems"][0]["message"]


@pytest.mark.parametrize(
    ("platform", "message"),
    [
        ("Azure", "once more when the cloud has published"),
        ("GCP", "once more when the cloud has published"),
        ("AWS", "delete Service ingress-blue-mesh, ingress-green-mesh in red-mesh-system"),
        ("IBMCloud", "delete Service"),
        ("OpenStack", "delete Service"),
    ],
)
def test_only_some_clouds_move_a_live_load_balancer(platform: str, message: str) -> None:
    plan = planning.build_plan(_declared({"internal": True}, (RED,)), _federated(platform))
    assert message in plan["warnings"][0]["remedy"]


# -- internal where it cannot be -------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ["BareMetal", "None", "VSphere", "KubeVirt", "ExternalCloud"])
def test_an_internal_load_balancer_that_cannot_be_is_refused_with_the_remedy(platform: str) -> None:
    read = {host: fed.facts(host, platform) for host in fed.COLOURS}
    plan = planning.build_plan(_declared({"exposure": "LoadBalancer", "internal": True}), read)
    (problem,) = plan["problems"]
    assert (problem["code"], problem["mesh"], problem["where"]) == ("internal-impossible", RED, "mesh_ingress.internal")
    assert (
        platform in problem["message"]
        and "mesh_ingress.annotations" in problem["message"]
        and "NodePort" in problem["remedy"]
    )
    assert _said(planning.build_plan(_declared({"exposure": "NodePort", "internal": True}), read)) == []
    assert (
        _said(planning.build_plan(_declared({"exposure": "LoadBalancer", "internal": True}, play=(GREEN,)), read)) == []
    )


# -- how meshes are reached ------------------------------------------------------------------------------------------


def _read(**platforms: str) -> dict[str, Json]:
    return {host: fed.facts(host, platforms.get(host.partition("-")[0], "AWS")) for host in fed.COLOURS}


def test_one_line_for_all_meshes_that_are_reached_alike() -> None:
    assert planning.build_plan(_declared({}), _read())["exposure_lines"] == [
        "blue-mesh, green-mesh, red-mesh: AWS. LoadBalancer, public, as mesh_ingress.internal is not set: AWS gives a network "
        "load balancer, as the default one does not suit raw TLS"
    ]


@pytest.mark.parametrize("platform", ["AWS", "BareMetal"])
def test_a_second_run_says_the_same(platform: str) -> None:
    first = {host: fed.facts(host, platform) for host in fed.COLOURS}
    assert (
        planning.build_plan(_declared({}), _federated(platform))["exposure_lines"]
        == planning.build_plan(_declared({}), first)["exposure_lines"]
    )


def test_every_exposure_of_a_mesh_is_reported_with_its_peers() -> None:
    read = _read(blue="BareMetal")
    for host in (RED, GREEN):
        read[host]["cluster_uid"] = "one"
    findings = planning.build_plan(_declared({"internal": True}), read)["exposure_lines"]
    assert findings[0].startswith("blue-mesh: BareMetal. NodePort: BareMetal has no load balancer of its own")
    assert "red-mesh: AWS. For blue-mesh: LoadBalancer, internal, as set by mesh_ingress: " in findings[2]
    assert findings[2].endswith("For green-mesh: ClusterIP: both meshes are in one cluster")
    assert "mesh_ingress.internal is not set" in findings[1]


def test_meshes_that_are_not_written_or_not_read_are_left_out() -> None:
    read = _read()
    read[GREEN]["readable"] = False
    findings = planning.build_plan(_declared({}, play=(RED, GREEN)), read)["exposure_lines"]
    assert [line.partition(":")[0] for line in findings] == [RED]


def test_the_platform_can_be_declared_and_both_are_reported() -> None:
    plan = planning.build_plan(_declared({}, mesh_platform="openstack"), _read(red="None"))
    assert plan["meshes"][RED]["platform"] == "OpenStack"
    assert plan["sides"][RED][GREEN]["exposure"]["type"] == "LoadBalancer"
    assert (
        "red-mesh: OpenStack, as mesh_platform says (detected: None). LoadBalancer, public" in plan["exposure_lines"][1]
    )


def test_a_declared_address_is_reported_and_not_waited_for() -> None:
    by_peer = {
        peer: {"addresses": [f"lb-{peer}.example"], "discoveryPort": 443, "servicePort": 8443} for peer in (GREEN, BLUE)
    }
    plan = planning.build_plan(_declared({"peers": by_peer}), _read())
    assert plan["sides"][GREEN][RED]["remote"] == {
        "addresses": ["lb-green-mesh.example"],
        "discoveryPort": 443,
        "servicePort": 8443,
    }
    assert plan["meshes"][RED]["gateways"] == []
    assert any("at lb-green-mesh.example, as set by mesh_ingress" in line for line in plan["exposure_lines"])


def test_ports_of_the_service_are_waited_for_when_only_addresses_are_given() -> None:
    plan = planning.build_plan(_declared({"addresses": ["proxy.example"], "exposure": "NodePort"}), _read())
    assert len(plan["meshes"][RED]["gateways"]) == 2 and plan["sides"][GREEN][RED]["remote"] is None
    after = plan_steps.advance(plan, "addresses", fed.opened(plan))
    assert after["sides"][GREEN][RED]["remote"] == {
        "addresses": ["proxy.example"],
        "discoveryPort": 30002,
        "servicePort": 31002,
    }


def test_several_nodes_and_several_addresses_reach_the_peer() -> None:
    plan = planning.build_plan(_declared({}), _read())
    opened = fed.opened(plan)
    opened[RED]["gateways"]["ingress-green-mesh"]["addresses"] = ["192.0.2.2", "lb.example", "192.0.2.1"]
    after = plan_steps.advance(plan, "addresses", opened)
    assert after["sides"][GREEN][RED]["remote"]["addresses"] == ["192.0.2.1", "192.0.2.2", "lb.example"]
