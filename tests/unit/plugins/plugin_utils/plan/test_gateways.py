# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unmanaged gateways: recognised, used or adopted, never doubled, rejected where they cannot serve."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product import data
from ansible_collections.ossm.federation.plugins.module_utils._product.types import problem_line
from ansible_collections.ossm.federation.plugins.module_utils._readers import gateway as gateway_reader
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired, drift
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning, types as plan_types

Json = dict[str, Any]
RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"
INGRESS, EGRESS = "additionalIngress", "additionalEgress"
FOR = "federation.maistra.io/"
PORTS = [{"port": 15443, "name": "tls"}, {"port": 8188, "name": "https-discovery"}]
OUT_PORTS = [{"port": 15443, "name": "tls"}, {"port": 8188, "name": "http-discovery"}]


def gateway(label: str | None = None, view: list[str] | None = None, kind: str = INGRESS, **changes: Any) -> Json:
    """An unmanaged gateway that can serve."""
    service: Json = {"type": "LoadBalancer", "ports": copy.deepcopy(PORTS if kind == INGRESS else OUT_PORTS)}
    if label is not None:
        service["metadata"] = {"labels": {f"{FOR}{'ingress' if kind == INGRESS else 'egress'}-for": label}}
    plan = {"enabled": True, "service": service, **({"requestedNetworkView": view} if view is not None else {})}
    plan.update(changes)
    return plan


def egress(label: str | None = None, view: list[str] | None = None, **changes: Any) -> Json:
    return gateway(label, view, EGRESS, **changes)


def red(ingress: Json | None = None, egress_: Json | None = None, *, by: Any = "kubectl", **changes: Any) -> Json:
    """What is read of red with these gateways in its control plane."""
    read = fed.facts(RED, **changes)
    section = {kind: found for kind, found in ((INGRESS, ingress or {}), (EGRESS, egress_ or {})) if found}
    read["control_plane"]["object"]["spec"]["gateways"] = section
    for kind, found in section.items():
        for name in found:
            read["control_plane"]["owners"][f"spec.gateways.{kind}.{name}"] = by if isinstance(by, list) else [by]
    return read


def planned(read: Json, **variables: Json) -> tuple[plan_types.Plan, dict[str, Json]]:
    everything = {RED: read, GREEN: fed.facts(GREEN), BLUE: fed.facts(BLUE)}
    return planning.build_plan(fed.declare(fed.inventory(**variables)), everything), everything


# what red's control plane has; then the gateways for green, and words of why
FOUND: list[tuple[str, Json, Json, str, str, str]] = [
    ("nothing", {}, {}, "ingress-green-mesh", "egress-green-mesh", ""),
    (
        "label with the peer's name",
        {"west": gateway(GREEN)},
        {"out": egress(GREEN)},
        "west",
        "out",
        "its label federation.maistra.io/ingress-for is green-mesh",
    ),
    (
        "label with the documents' gateway name",
        {"green-mesh-ingress": gateway("green-mesh-ingress")},
        {"green-mesh-egress": egress("green-mesh-egress")},
        "green-mesh-ingress",
        "green-mesh-egress",
        "its label federation.maistra.io/egress-for is green-mesh-egress",
    ),
    (
        "network view",
        {},
        {"out": egress(view=["network-green-mesh"]), "other": egress(view=["network-gold"])},
        "ingress-green-mesh",
        "out",
        "its requestedNetworkView has network-green-mesh",
    ),
    (
        "the documents' names alone",
        {"green-mesh-ingress": gateway()},
        {"green-mesh-egress": egress()},
        "green-mesh-ingress",
        "green-mesh-egress",
        "its name is green-mesh-ingress",
    ),
    (
        "our names",
        {"ingress-green-mesh": gateway()},
        {"egress-green-mesh": egress()},
        "ingress-green-mesh",
        "egress-green-mesh",
        "its name is ingress-green-mesh",
    ),
    (
        "label before name",
        {"west": gateway(GREEN), "green-mesh-ingress": gateway()},
        {},
        "west",
        "egress-green-mesh",
        "ingress-for is green-mesh",
    ),
    (
        "label before network view",
        {},
        {"one": egress(GREEN), "two": egress(view=["network-green-mesh"])},
        "ingress-green-mesh",
        "one",
        "egress-for is green-mesh",
    ),
    (
        "a name whose label is another mesh's",
        {"green-mesh-ingress": gateway("gold")},
        {},
        "ingress-green-mesh",
        "egress-green-mesh",
        "",
    ),
    ("one of another mesh", {"gold-ingress": gateway("gold")}, {}, "ingress-green-mesh", "egress-green-mesh", ""),
]


@pytest.mark.parametrize(
    ("ingress", "out", "in_name", "out_name", "why"), [case[1:] for case in FOUND], ids=[case[0] for case in FOUND]
)
def test_a_gateway_of_the_pair_is_recognised(ingress: Json, out: Json, in_name: str, out_name: str, why: str) -> None:
    plan, read = planned(red(ingress, out))
    side = plan["sides"][RED][GREEN]
    assert (side["ingress"], side["egress"], side["state"]) == (in_name, out_name, "ready"), side["problems"]
    assert side["owners"] == {
        "ingress": "unmanaged" if in_name in ingress else "absent",
        "egress": "unmanaged" if out_name in out else "absent",
    }
    findings = [line for line in plan["unmanaged_gateways"] if line.startswith(f"{RED}: ") and f"for {GREEN}" in line]
    assert len(findings) == (in_name in ingress) + (out_name in out)
    assert all("managed by kubectl" in line for line in findings)
    assert why in "".join(findings)
    # Never doubled: nothing is sent for what is there, and one new gateway for what is not.
    sent = [
        wanted["definition"]["spec"]["gateways"]
        for wanted in desired.gateway_objects(plan, RED, read[RED])
        if wanted["peer"] == GREEN
    ]
    assert {name for one in sent for kind in one for name in one[kind]} == {in_name, out_name} - {*ingress, *out}
    # The other mesh lets in the identity of the egress gateway that is really used.
    assert plan["sides"][GREEN][RED]["client_id"] == f"red-mesh.local/ns/red-mesh-system/sa/{out_name}-service-account"


UNSURE: list[tuple[str, Json, Json, list[str]]] = [
    ("two labels", {"a": gateway(GREEN), "b": gateway(GREEN)}, {}, ["a, b"]),
    (
        "two names",
        {"green-mesh-ingress": gateway(), "ingress-green-mesh": gateway()},
        {},
        ["green-mesh-ingress, ingress"],
    ),
    ("two views", {}, {"a": egress(view=["network-green-mesh"]), "b": egress(view=["network-green-mesh"])}, ["a, b"]),
    (
        "one for two meshes",
        {},
        {"all": egress(view=["network-green-mesh", "network-blue-mesh"])},
        ["all is for green-mesh and for another mesh"],
    ),
]


@pytest.mark.parametrize(("ingress", "out", "message"), [case[1:] for case in UNSURE], ids=[case[0] for case in UNSURE])
def test_what_cannot_be_decided_is_a_problem_of_that_pair(ingress: Json, out: Json, message: list[str]) -> None:
    plan, read = planned(red(ingress, out))
    side = plan["sides"][RED][GREEN]
    assert side["state"] == "skipped"
    assert [problem["code"] for problem in side["problems"]] == ["gateway-ambiguous"] * len(message)
    assert all(word in one["message"] for word, one in zip(message, side["problems"], strict=True))
    assert plan["problems"] == []
    assert GREEN not in {wanted["peer"] for wanted in desired.gateway_objects(plan, RED, read[RED])}
    assert plan["sides"][GREEN][BLUE]["state"] == "ready"


def test_what_a_peer_names_is_used_and_no_other() -> None:
    live = fed.live_peer(GREEN, namespace="red-mesh-system", gateways={"ingress": {"name": "west"}})
    plan, dummy = planned(red({"west": gateway(), "green-mesh-ingress": gateway(GREEN)}, peers=[live]))
    assert plan["sides"][RED][GREEN]["ingress"] == "west"
    assert any("the ServiceMeshPeer green-mesh names it" in line for line in plan["unmanaged_gateways"])
    # A gateway that another mesh's peer names is not this pair's, whatever its label says.
    live = fed.live_peer("gold", namespace="red-mesh-system", gateways={"ingress": {"name": "west"}})
    plan, dummy = planned(red({"west": gateway(GREEN)}, peers=[live]))
    assert plan["sides"][RED][GREEN]["ingress"] == "ingress-green-mesh"


def test_a_gateway_beside_the_control_plane_is_not_created_again() -> None:
    live = fed.live_peer(
        GREEN, namespace="red-mesh-system", gateways={"ingress": {"name": "own"}, "egress": {"name": "o"}}
    )

    def service(name: str, **labels: str) -> Json:
        return {"metadata": {"name": name, "labels": labels}, "spec": {"type": "NodePort"}}

    plan, everything = planned(red(peers=[live], gateway_services={"own": service("own"), "o": service("o")}))
    side = plan["sides"][RED][GREEN]
    assert (side["owners"]["ingress"], side["state"], side["exposure"]["type"]) == ("unmanaged", "ready", "NodePort")
    assert GREEN not in {wanted["peer"] for wanted in desired.gateway_objects(plan, RED, everything[RED])}
    # One that the operator is about to remove is none.
    rest = {"own": service("own", **{"maistra.io/owner": "red-mesh-system"})}
    assert planned(red(peers=[live], gateway_services=rest))[0]["sides"][RED][GREEN]["owners"]["ingress"] == "absent"


def test_our_own_gateway_stays_in_use() -> None:
    read = red({"ingress-green-mesh": gateway(), "green-mesh-ingress": gateway()})
    read["control_plane"]["owners"][f"spec.gateways.{INGRESS}.ingress-green-mesh"] = ["ossm.federation/green-mesh"]
    plan, dummy = planned(read)
    side = plan["sides"][RED][GREEN]
    assert (side["ingress"], side["owners"]["ingress"], side["state"]) == ("ingress-green-mesh", "ours", "ready")
    assert plan["unmanaged_gateways"] == []


# Adoption


def test_adopted_gateways_are_marked_and_keep_their_values() -> None:
    ingress = {"west": gateway(GREEN, runtime={"deployment": {"replicas": 2}}, routeConfig={"enabled": True})}
    out = {"out": egress(GREEN, view=["network-green-mesh"])}
    adopt = {host.replace("-", "_"): {"federation_adopt": True} for host in fed.COLOURS}
    read = red(ingress, out)
    plan, everything = planned(read, **adopt)
    wanted = next(
        desired_object
        for desired_object in desired.gateway_objects(plan, RED, everything[RED])
        if desired_object["peer"] == GREEN
    )
    definition = wanted["definition"]
    mark = {"ossm.federation/adopted-green-mesh": "additionalIngress.west,additionalEgress.out"}
    assert definition["metadata"]["annotations"] == mark
    live = read["control_plane"]["object"]["spec"]["gateways"]
    assert data.differences(definition["spec"]["gateways"], live) == []
    assert "runtime" not in definition["spec"]["gateways"][INGRESS]["west"]
    # Afterwards, also without the option: the same is sent again, although our manager is among the owners now.
    after = red(ingress, out, by=["kubectl", "ossm.federation/green-mesh"])
    after["control_plane"]["object"]["metadata"]["annotations"] = mark
    wants = {"red_mesh": {"mesh_ingress": {"labels": {"a": "b"}, "exposure": "NodePort"}}}
    for variables in ({}, adopt, wants):
        plan, everything = planned(after, **variables)
        side = plan["sides"][RED][GREEN]
        assert (side["owners"], side["state"]) == ({"ingress": "adopted", "egress": "adopted"}, "ready")
        again = next(
            desired_object
            for desired_object in desired.gateway_objects(plan, RED, everything[RED])
            if desired_object["peer"] == GREEN
        )
        assert again["definition"] == definition
    assert [line for line in plan["unmanaged_gateways"] if line.endswith("managed by kubectl, adopted")]
    # A name that a label no longer tells is still ours to hold, by our own field manager.
    after["control_plane"]["object"]["spec"]["gateways"][INGRESS]["west"]["service"].pop("metadata")
    assert planned(after)[0]["sides"][RED][GREEN]["ingress"] == "west"


# Whether they can serve

ENABLED = {"multiCluster": {"enabled": True}}
NAMED = {"name": "red-cluster", "network": "red-network", "multiCluster": {"enabled": True}}
MULTI = {"multiCluster": {"meshNetworks": {"other": {}}}}
# change of red's ingress, change of its egress, code's severity or "" when it can serve, words, and more of what is read
SERVE: list[tuple[str, Json, Json, str, str, Json]] = [
    ("healthy", {}, {}, "", "", {}),
    ("not enabled", {"enabled": None}, {}, "skipped", "not enabled", {}),
    ("switched off", {"enabled": False}, {}, "skipped", "not enabled", {}),
    ("egress not enabled", {}, {"enabled": None}, "skipped", "not enabled", {}),
    ("no discovery port", {"service": {"ports": PORTS[:1]}}, {}, "skipped", "it has no port 8188", {}),
    ("no ports", {}, {"service": {}}, "skipped", "it has no port 8188 and no port 15443", {}),
    ("another namespace", {"namespace": "elsewhere"}, {}, "skipped", "in the namespace elsewhere", {}),
    ("its own namespace", {"namespace": "red-mesh-system"}, {}, "", "", {}),
    ("of no use", {"service": {"type": "ExternalName", "ports": PORTS}}, {}, "skipped", "of type ExternalName", {}),
    ("inside the cluster", {"service": {"type": "ClusterIP", "ports": PORTS}}, {}, "skipped", "cannot reach", {}),
    (
        "target port",
        {},
        {"service": {"ports": [{"port": 15443, "targetPort": 8443}, OUT_PORTS[1]]}},
        "skipped",
        "targetPort 8443",
        {},
    ),
    (
        "target port of the webhook",
        {},
        {"service": {"ports": [{**OUT_PORTS[0], "targetPort": 0}, OUT_PORTS[1]]}},
        "",
        "",
        {},
    ),
    ("all networks", {}, {"requestedNetworkView": []}, "", "", {"version": "v2.6"}),
    ("the documents' view", {}, {"requestedNetworkView": ["green-network"]}, "warning", "requestedNetworkView", {}),
    ("the same in 2.2", {}, {"requestedNetworkView": ["green-network"]}, "warning", "", {"version": "v2.2"}),
    ("the same in 2.1", {}, {"requestedNetworkView": ["green-network"]}, "error", "get 503", {"version": "v2.1"}),
    ("the same in 2.6", {}, {"requestedNetworkView": ["green-network"]}, "error", "get 503", {"version": "v2.6"}),
    (
        "the same, several networks",
        {},
        {"requestedNetworkView": ["green-network"]},
        "error",
        "get 503",
        {"cluster": MULTI},
    ),
    (
        "the same, multi-cluster alone",
        {},
        {"requestedNetworkView": ["green-network"]},
        "warning",
        "",
        {"cluster": ENABLED},
    ),
    ("the same, own network", {}, {"requestedNetworkView": ["green-network"]}, "error", "get 503", {"cluster": NAMED}),
    (
        "the same in an unknown version",
        {},
        {"requestedNetworkView": ["green-network"]},
        "warning",
        "",
        {"version": None},
    ),
]


@pytest.mark.parametrize(
    ("ingress", "out", "outcome", "message", "more"), [case[1:] for case in SERVE], ids=[case[0] for case in SERVE]
)
def test_a_gateway_that_cannot_serve_is_reported(
    ingress: Json, out: Json, outcome: str, message: str, more: Json
) -> None:
    def changed(entry: Json, change: Json) -> Json:
        return {key: value for key, value in {**entry, **change}.items() if value is not None}

    view = ["network-green-mesh"]
    read = red(
        {"green-mesh-ingress": changed(gateway(), ingress)}, {"green-mesh-egress": changed(egress(view=view), out)}
    )
    read["control_plane"]["version"] = more.get("version", "v2.5")
    if "cluster" in more:
        read["control_plane"]["object"]["spec"]["cluster"] = more["cluster"]
    plan, everything = planned(read)
    side = plan["sides"][RED][GREEN]
    assert side["state"] == ("skipped" if outcome == "skipped" else "ready"), side["problems"]
    findings = side["problems"] + drift.find_drift(plan, RED, everything[RED])
    code = "network-view" if outcome == "error" else "unmanaged"
    assert {problem["code"] for problem in findings} == ({code} if outcome else set())
    severities = {problem["severity"] for problem in findings}
    assert severities == ({"error"} if outcome in ("skipped", "error") else {outcome} if outcome else set())
    assert message in "".join(one["message"] for one in findings)
    assert all(
        problem["remedy"] and problem["peer"] == GREEN and "spec.gateways." in problem["where"] for problem in findings
    )


def test_a_gateway_inside_the_cluster_serves_where_it_can_be_reached() -> None:
    inside = {"west": gateway(GREEN, service={"type": "ClusterIP", "ports": PORTS})}
    plan, dummy = planned(red(inside), red_mesh={"mesh_ingress": {"peers": {GREEN: {"addresses": ["192.0.2.1"]}}}})
    assert plan["sides"][RED][GREEN]["state"] == "ready"
    everything = {
        RED: red(inside, cluster_uid="one"),
        GREEN: fed.facts(GREEN, cluster_uid="one"),
        BLUE: fed.facts(BLUE),
    }
    plan = planning.build_plan(fed.declare(fed.inventory()), everything)
    assert plan["sides"][RED][GREEN]["state"] == "ready"


def test_a_control_plane_without_gateways_is_one_problem_and_its_pairs_wait() -> None:
    read = fed.facts(RED)
    read["control_plane"]["object"]["spec"]["gateways"] = {"enabled": False}
    plan, everything = planned(read)
    assert [problem["code"] for problem in plan["meshes"][RED]["problems"]] == ["gateways-disabled"]
    assert {side["state"] for side in plan["sides"][RED].values()} == {"skipped"}
    assert plan["sides"][GREEN][RED]["state"] == "pending" and plan["sides"][GREEN][BLUE]["state"] == "ready"
    assert desired.gateway_objects(plan, RED, everything[RED]) == [] and plan["problems"] == []


@pytest.mark.parametrize("name", ["istio-ingressgateway", "istio-egressgateway"])
def test_the_default_gateways_are_never_ours(name: str) -> None:
    assert (
        gateway_reader.gateway_owner(red({name: gateway()}, by="ossm.federation/x")["control_plane"], INGRESS, name)
        == "unmanaged"
    )


# The shapes that are sent


def test_what_the_documents_leave_to_defaults_is_said() -> None:
    plan, everything = planned(fed.facts(RED))
    wanted = next(
        desired_object
        for desired_object in desired.gateway_objects(plan, RED, everything[RED])
        if desired_object["peer"] == GREEN
    )
    gateways = wanted["definition"]["spec"]["gateways"]
    ingress, out = gateways[INGRESS]["ingress-green-mesh"], gateways[EGRESS]["egress-green-mesh"]
    assert ingress["enabled"] is True and out["enabled"] is True
    assert ingress["routeConfig"] == {"enabled": False} and "routeConfig" not in out
    assert out["requestedNetworkView"] == ["network-green-mesh"] and "requestedNetworkView" not in ingress
    assert {port["port"]: port["name"] for port in ingress["service"]["ports"]} == {
        15443: "tls",
        8188: "https-discovery",
    }
    assert {port["port"]: port["name"] for port in out["service"]["ports"]} == {15443: "tls", 8188: "http-discovery"}
    labels = (ingress["service"]["metadata"]["labels"], out["service"]["metadata"]["labels"])
    assert labels == ({f"{FOR}ingress-for": "ingress-green-mesh"}, {f"{FOR}egress-for": "egress-green-mesh"})
    for entry in (ingress, out):
        assert not {"namespace", "routerMode", "runtime"} & set(entry)
        assert all("targetPort" not in port for port in entry["service"]["ports"])


@pytest.mark.parametrize(
    ("version", "mode"), [("v2.1", "sni-dnat"), ("2.1.6", "sni-dnat"), ("v2.5", None), ("v2.10", None), (None, None)]
)
def test_the_router_mode_is_sent_to_2_1_alone(version: str | None, mode: str | None) -> None:
    plan, everything = planned(fed.facts(RED, cp_version=version))
    for wanted in desired.gateway_objects(plan, RED, everything[RED]):
        for section in wanted["definition"]["spec"]["gateways"].values():
            assert [entry.get("routerMode") for entry in section.values()] == [mode]


RUNTIME = {
    "deployment": {"replicas": 2, "autoScaling": {"enabled": False}, "strategy": {"type": "Recreate"}},
    "pod": {"nodeSelector": {"infra": ""}, "tolerations": [{"key": "infra", "operator": "Exists"}]},
    "container": {"resources": {"requests": {"cpu": "100m"}}, "env": {"A": "b"}},
}


def test_runtime_settings_pass_through_by_peer() -> None:
    wanted = {
        "mesh_ingress": {"runtime": RUNTIME, "peers": {BLUE: {"runtime": {"pod": {"priorityClassName": "high"}}}}},
        "mesh_egress": {"peers": {GREEN: {"runtime": {"deployment": {"autoScaling": {"minReplicas": 2}}}}}},
    }
    plan, everything = planned(fed.facts(RED), red_mesh=wanted)
    found = {
        desired_object["peer"]: desired_object["definition"]["spec"]["gateways"]
        for desired_object in desired.gateway_objects(plan, RED, everything[RED])
    }
    assert found[GREEN][INGRESS]["ingress-green-mesh"]["runtime"] == RUNTIME
    assert found[BLUE][INGRESS]["ingress-blue-mesh"]["runtime"] == {"pod": {"priorityClassName": "high"}}
    scaled = {"deployment": {"autoScaling": {"minReplicas": 2}}}
    assert found[GREEN][EGRESS]["egress-green-mesh"]["runtime"] == scaled
    assert "runtime" not in found[BLUE][EGRESS]["egress-blue-mesh"]


def test_runtime_settings_that_a_foreign_gateway_has_not_are_told() -> None:
    plan, everything = planned(red({"west": gateway(GREEN)}), red_mesh={"mesh_ingress": {"runtime": RUNTIME}})
    findings = [problem for problem in drift.find_drift(plan, RED, everything[RED]) if "west" in problem["where"]]
    assert [problem["code"] for problem in findings] == ["unmanaged"] and "runtime.deployment.replicas" in findings[0][
        "message"
    ]


# variable, value, the place, code, and a part of the message
REJECTED: list[tuple[str, str, Json, str, str, str]] = [
    ("top level", "mesh_ingress", {"runtime": {"pods": {}}}, "mesh_ingress.runtime.pods", "key-unknown", "pod"),
    (
        "second level",
        "mesh_egress",
        {"runtime": {"deployment": {"autoscaling": {}}}},
        "mesh_egress.runtime.deployment.autoscaling",
        "key-unknown",
        "autoScaling",
    ),
    (
        "third level",
        "mesh_egress",
        {"runtime": {"container": {"resources": {"limit": {}}}}},
        "mesh_egress.runtime.container.resources.limit",
        "key-unknown",
        "limits",
    ),
    (
        "by peer",
        "mesh_egress",
        {"peers": {GREEN: {"runtime": {"conteiner": {}}}}},
        "mesh_egress.peers.green-mesh.runtime.conteiner",
        "key-unknown",
        "container",
    ),
    (
        "no dictionary",
        "mesh_egress",
        {"runtime": {"pod": []}},
        "mesh_egress.runtime.pod",
        "runtime-value",
        "nodeSelector",
    ),
    ("runtime is a list", "mesh_ingress", {"runtime": []}, "mesh_ingress.runtime", "ingress-value", "shape of runtime"),
    ("another key", "mesh_egress", {"exposure": "NodePort"}, "mesh_egress.exposure", "key-unknown", "runtime"),
    ("peers", "mesh_egress", {"peers": [GREEN]}, "mesh_egress.peers", "egress-value", "a dictionary"),
    ("a stranger", "mesh_egress", {"peers": {"greem-mesh": {}}}, "mesh_egress.peers", "peer-unknown", "green-mesh"),
]


@pytest.mark.parametrize(
    ("variable", "value", "where", "code", "part"), [case[1:] for case in REJECTED], ids=[case[0] for case in REJECTED]
)
def test_unknown_runtime_settings_are_rejected(variable: str, value: Json, where: str, code: str, part: str) -> None:
    problems = fed.declare(fed.inventory(red_mesh={variable: value}))["problems"]
    assert [(problem["code"], problem["mesh"], problem["where"], problem["severity"]) for problem in problems] == [
        (code, RED, where, "error")
    ]
    assert part in problem_line(problems[0])


def test_replicas_that_an_autoscaler_would_change_are_told() -> None:
    wanted = {"mesh_ingress": {"runtime": {"deployment": {"replicas": 3}}}}
    problems = fed.declare(fed.inventory(red_mesh=wanted))["problems"]
    assert [(problem["code"], problem["severity"]) for problem in problems] == [("replicas-scaled", "warning")]
    wanted["mesh_ingress"]["runtime"]["deployment"]["autoScaling"] = {"enabled": False}
    assert fed.declare(fed.inventory(red_mesh=wanted))["problems"] == []
