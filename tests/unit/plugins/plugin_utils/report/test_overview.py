# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plan.yml shows: objects with their verbs, gateways, load balancers, and the ports for the firewalls."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import lint
from ansible_collections.ossm.federation.plugins.plugin_utils._report import (
    overview as plan_overview,
    ports as port_matrix_report,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import WIDTH

Json = dict[str, Any]
RED, GREEN = "red-mesh", "green-mesh"


def shown(
    read: dict[str, Json] | None = None, red: Json | None = None, green: Json | None = None, **options: Any
) -> Json:
    """The overview of red and green; ``read`` are their facts (by default both are fresh, on AWS)."""
    hostvars = fed.inventory(RED, GREEN, red_mesh=red or {}, green_mesh=green or {})
    read = {host: fed.facts(host) for host in hostvars} if read is None else read
    return plan_overview.overview(fed.declare(hostvars, **options), read)


def service(name: str, kind: str = "LoadBalancer", **status: Any) -> Json:
    ports = [
        {"port": 15443, "name": "tls", "nodePort": 31443},
        {"port": 8188, "name": "https-discovery", "nodePort": 31188},
    ]
    meta = {"name": name, "namespace": "green-mesh-system"}
    return {"metadata": meta, "spec": {"type": kind, "ports": ports}, "status": status}


def open_green(platform: str = "AWS", kind: str = "LoadBalancer", **status: Any) -> dict[str, Json]:
    """Facts of red and green, whose gateway for red is there."""
    green = fed.facts(GREEN, platform, gateway_services={f"ingress-{RED}": service(f"ingress-{RED}", kind, **status)})
    green["control_plane"]["owners"] = {f"spec.gateways.additionalIngress.ingress-{RED}": f"ossm.federation/{RED}"}
    green["control_plane"]["object"]["spec"]["gateways"] = {
        "additionalIngress": {f"ingress-{RED}": {"enabled": True, "service": {"type": kind}}}
    }
    return {RED: fed.facts(RED), GREEN: green}


PUBLISHED = {"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}}
GIVEN = {"addresses": ["192.0.2.7"], "discoveryPort": 443, "servicePort": 444}
NODE = {"exposure": "NodePort"}
FIXED = {**NODE, "nodePorts": {"https-discovery": 30188, "tls": 30443}}
LATER = "known once ingress-red-mesh has an address"
NODES = ["192.0.2.10", "192.0.2.11"]
# facts (None: green was not read), mesh_ingress of green; addresses, where they come from, ports, scope, node port behind
PORTS: list[tuple[str, dict[str, Json] | None, Json, list[str], str, list[int | None], str, list[int | None]]] = [
    ("fresh", {}, {}, [], LATER, [8188, 15443], "public", [None, None]),
    ("internal", {}, {"internal": True}, [], LATER, [8188, 15443], "internal", [None, None]),
    ("node ports", {}, NODE, [], LATER, [None, None], "at the nodes", [None, None]),
    ("node ports by number", {}, FIXED, [], LATER, [30188, 30443], "at the nodes", [None, None]),
    (
        "in one cluster",
        {"cluster_uid": "one"},
        {},
        ["ingress-red-mesh.green-mesh-system.svc.cluster.local"],
        "name inside the cluster",
        [8188, 15443],
        "inside the cluster",
        [None, None],
    ),
    ("given", {}, GIVEN, ["192.0.2.7"], "mesh_ingress", [443, 444], "public", [None, None]),
    (
        "published",
        open_green(**PUBLISHED),
        {},
        ["lb.example"],
        "load balancer",
        [8188, 15443],
        "public",
        [31188, 31443],
    ),
    ("not published yet", open_green(), {}, [], LATER, [8188, 15443], "public", [31188, 31443]),
    ("at the nodes", open_green("None", "NodePort"), {}, NODES, "nodes", [31188, 31443], "at the nodes", [None, None]),
    ("not read", None, {}, [], LATER, [None, None], "by platform", [None, None]),
    (
        "not read, exposure declared",
        None,
        {"exposure": "LoadBalancer"},
        [],
        LATER,
        [8188, 15443],
        "as the load balancer is set up",
        [None, None],
    ),
    ("not read, given", None, GIVEN, ["192.0.2.7"], "mesh_ingress", [443, 444], "by platform", [None, None]),
]


@pytest.mark.parametrize(
    ("read", "ingress", "addresses", "source", "ports", "scope", "behind"),
    [case[1:] for case in PORTS],
    ids=[case[0] for case in PORTS],
)
def test_ports(
    read: dict[str, Json] | None,
    ingress: Json,
    addresses: list[str],
    source: str,
    ports: list[int | None],
    scope: str,
    behind: list[int | None],
) -> None:
    if read is None:
        read = {RED: fed.facts(RED)}
    elif RED not in read:
        read = {host: fed.facts(host, **read) for host in (RED, GREEN)}
    rows = [row for row in shown(read, green={"mesh_ingress": ingress})["ports"] if row["from"] == RED]
    assert [row["purpose"] for row in rows] == ["discovery", "services"]
    assert [row["port"] for row in rows] == ports
    assert [row["node_port"] for row in rows] == behind
    for row in rows:
        assert (row["addresses"], row["address_from"], row["scope"]) == (addresses, source, scope)
        namespace = "green-mesh-system" if GREEN in read else "?"
        assert (row["to"], row["gateway"], row["protocol"]) == (GREEN, f"{namespace}/ingress-red-mesh", "TCP")
        assert row["sources"] == NODES
        assert ("port known with the address" in row["note"]) == (row["port"] is None)
        assert tuple(row) == port_matrix_report.COLUMNS


def test_services_need_no_port_where_nothing_is_exported() -> None:
    rows = shown(green={"mesh_exports": ["bookinfo/ratings"]})["ports"]
    notes = {(row["from"], row["purpose"]): row["note"] for row in rows}
    assert notes[(RED, "services")] == ""
    assert notes[(GREEN, "services")] == "needed once red-mesh exports to green-mesh"


def test_a_spreadsheet_gets_text_where_it_would_see_a_formula() -> None:
    row = dict.fromkeys(port_matrix_report.COLUMNS, "x") | {
        "addresses": ["=cmd", "b"],
        "sources": ["@x"],
        "port": None,
        "note": "a,b",
    }
    table = list(csv.DictReader(io.StringIO(port_matrix_report.as_csv([row]))))
    assert table[0] == dict.fromkeys(port_matrix_report.COLUMNS, "x") | {
        "addresses": "'=cmd b",
        "sources": "'@x",
        "port": "",
        "note": "a,b",
    }


def test_verbs() -> None:
    read = {host: fed.facts(host) for host in (RED, GREEN)}
    fresh = shown(read)
    assert {(change["kind"], change["verb"]) for change in fresh["objects"]} == {
        ("ServiceMeshControlPlane", "change"),
        ("ConfigMap", "create"),
        ("ServiceMeshPeer", "create"),
    }
    fed.federate(fed.declare(fed.inventory(RED, GREEN)), read)
    # Of ConfigMap and peer nothing says yet that the applies were ours, so they might change something.
    assert {(change["kind"], change["verb"]) for change in shown(read)["objects"]} == {
        ("ServiceMeshControlPlane", "unchanged"),
        ("ConfigMap", "change"),
        ("ServiceMeshPeer", "change"),
    }
    assert {gateway["state"] for gateway in shown(read)["gateways"]} == {"live"}
    assert {change["verb"] for change in shown({})["objects"]} == {None}


def test_load_balancers_of_unknown_platforms_are_counted_apart() -> None:
    preview = shown({RED: fed.facts(RED)})["load_balancers"]
    assert (preview["new"], preview["public"], preview["undecided"], preview["total"]) == (1, 1, 1, 1)
    assert preview["message"].endswith("and up to 1 more where the platform is not known")
    ingress = [gateway for gateway in shown({})["gateways"] if gateway["direction"] == "ingress"]
    assert {(one["state"], one["exposure"], one["scope"]) for one in ingress} == {(None, None, None)}


def test_a_declared_platform_decides_without_a_cluster() -> None:
    preview = shown({}, red={"mesh_platform": "AWS"}, green={"mesh_platform": "BareMetal"})
    assert [(mesh["mesh"], mesh["platform"]) for mesh in preview["meshes"]] == [(GREEN, "BareMetal"), (RED, "AWS")]
    ingress = {
        gateway["mesh"]: gateway["exposure"] for gateway in preview["gateways"] if gateway["direction"] == "ingress"
    }
    assert ingress == {RED: "LoadBalancer", GREEN: "NodePort"}
    assert preview["load_balancers"]["undecided"] == 0


def test_names_inside_a_cluster_need_no_platform() -> None:
    read = {RED: fed.facts(RED, cluster_uid="one"), GREEN: fed.facts(GREEN, "", cluster_uid="one", readable=False)}
    preview = shown(read)
    assert preview["load_balancers"]["undecided"] == 0
    assert {row["exposure"] for row in preview["ports"]} == {"ClusterIP"}


def test_what_was_read_of_a_broken_mesh_is_used() -> None:
    broken = fed.facts(GREEN, readable=False, platform="None")
    broken["control_plane"] = None
    broken["problems"] = [
        {
            "code": "x",
            "severity": "error",
            "mesh": GREEN,
            "where": "y",
            "message": "it has no control plane",
            "remedy": "Make one",
        }
    ]
    preview = shown({RED: fed.facts(RED), GREEN: broken})
    green = next(mesh for mesh in preview["meshes"] if mesh["mesh"] == GREEN)
    assert (green["read"], green["platform"]) == (False, "None")
    assert green["message"] == "not read: it has no control plane; planned from conventions"
    assert preview["load_balancers"]["undecided"] == 0
    assert {row["scope"] for row in preview["ports"] if row["to"] == GREEN} == {"at the nodes"}
    assert [(problem["code"], problem["severity"]) for problem in preview["problems"]] == [("x", "warning")]
    assert "not read" not in str(preview["objects"])


def test_conventions() -> None:
    preview = shown(
        {}, green={"mesh_trust_domain": "green.example", "mesh_control_plane": "basic", "mesh_namespace": "istio"}
    )
    green = next(mesh for mesh in preview["meshes"] if mesh["mesh"] == GREEN)
    assert (green["namespace"], green["control_plane"], green["trust_domain"]) == ("istio", "basic", "green.example")
    red = next(mesh for mesh in preview["meshes"] if mesh["mesh"] == RED)
    assert (red["namespace"], red["control_plane"], red["trust_domain"]) == (None, None, "red-mesh.local")
    assert "its namespace is known once it is read" in red["message"] and "namespace" not in green["message"]
    assert any(row["mesh"] == RED for row in preview["objects"])
    namespaces = {(row["mesh"], row["namespace"]) for row in (*preview["objects"], *preview["gateways"])}
    assert {(RED, None), (GREEN, "istio")} <= namespaces and not {(RED, "red-mesh-system"), (RED, "?")} & namespaces
    assert any(line.startswith("red-mesh    ?  ") for line in preview["lines"])


def test_a_limited_plan_has_one_side_only() -> None:
    preview = shown(play_hosts=[RED])
    assert {item["mesh"] for item in preview["objects"]} == {RED}
    assert {gateway["mesh"] for gateway in preview["gateways"]} == {RED}
    assert [one["mesh"] for one in preview["pending"]] == [RED]
    assert {row["from"] for row in preview["ports"]} == {RED, GREEN}


def test_the_text() -> None:
    preview = shown(red={"mesh_exports": ["bookinfo/ratings"]})
    text = "\n".join(preview["lines"])
    assert (
        preview["lines"][0]
        == "PLAN  2 meshes, 2 links. Objects: 5 to create, 2 to change. 2 new load balancers will be created: 2"
    )
    assert "red-mesh: create 1 ConfigMap, 1 ExportedServiceSet, 1 ServiceMeshPeer; change 1" in text
    for gateway in preview["gateways"]:
        assert gateway["direction"] == "egress" or gateway["name"] in text
    details = "\n".join(preview["details"])
    for row in preview["objects"]:
        assert f"{row['mesh']}: {row['verb']:9} {row['kind']} {row['namespace']}/{row['name']}" in details
    assert "red-mesh: create    ExportedServiceSet red-mesh-system/green-mesh (1 rule)" in details


@pytest.mark.parametrize("facts", [None, {}, {RED: {"cluster_uid": "one"}, GREEN: {"cluster_uid": "one"}}])
def test_the_text_fits_the_terminal(facts: Any) -> None:
    read = None if facts is None else {host: fed.facts(host, **changes) for host, changes in facts.items()}
    long = "a771039c4f1eb4e04ba642bbfb239527-b239527414.elb.us-east-1.amazonaws.com"
    preview = shown(read, green={"mesh_ingress": {"addresses": [long]}})
    assert max(map(len, preview["lines"])) <= WIDTH
    assert facts == {} or any(long in line for line in preview["lines"])


def test_errors_come_first() -> None:
    preview = shown(red={"federation_max_new_load_balancers": 1}, green={"federation_max_new_load_balancers": 1})
    assert preview["lines"][0].startswith("REJECTED  1 error: federate.yml would write nothing. 2 meshes")
    assert preview["lines"][3].startswith("ERROR federation: federation_max_new_load_balancers: ")


def test_roots_that_nobody_has_read_do_not_hide_the_objects() -> None:
    """Pins are judged when there is something to judge; the plan lists what will be written."""
    declaration = fed.declare(fed.inventory(red_mesh={"mesh_trust_fingerprints": ["00" * 32]}))
    kinds = {(item["mesh"], item["kind"]) for item in plan_overview.overview(declaration, {})["objects"]}
    assert {("green-mesh", "ConfigMap"), ("green-mesh", "ServiceMeshPeer"), ("red-mesh", "ServiceMeshPeer")} <= kinds


def test_load_balancers_of_which_nothing_shows_whether_they_are_public_are_not_called_internal() -> None:
    read = {host: fed.facts(host, "None") for host in (RED, GREEN)}
    balancers = shown(read, red={"mesh_ingress": {"exposure": "LoadBalancer"}})["load_balancers"]
    assert (balancers["new"], balancers["public"]) == (1, 0)
    assert balancers["message"] == "1 new load balancer will be created: 1 public or internal, which is not known"


def test_the_corrected_form_of_a_rule_is_yaml_as_in_a_rejection() -> None:
    rules = [
        {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "*"}},
        {
            "type": "NameSelector",
            "nameSelector": {"namespace": "bookinfo", "name": "ratings", "alias": {"namespace": "b", "name": "r"}},
        },
    ]
    declaration = fed.declare(fed.inventory(RED, GREEN, red_mesh={"mesh_exports": rules}))
    declaration["problems"] += lint(declaration)
    lines = plan_overview.overview(declaration, {host: fed.facts(host) for host in (RED, GREEN)})["lines"]
    start = lines.index("        - type: NameSelector")
    assert lines[start - 1 : start + 5] == [
        "    Write:",
        "        - type: NameSelector",
        "          nameSelector:",
        "            namespace: bookinfo",
        "            name: ratings",
        "            alias:",
    ]
    assert not any("{" in line for line in lines)
