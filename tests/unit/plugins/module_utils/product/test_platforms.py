# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every line of the platform tables: how a platform is detected, and what an ingress gateway gets on it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._product import platforms
from ansible_collections.ossm.federation.plugins.module_utils._product.platforms import PLATFORMS, PROVIDERS, detect
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import gateways as desired_gateways
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import exposure

Json = dict[str, Any]
PAGE = Path(__file__).parents[5] / "docs" / "platforms.md"
AWS = "service.beta.kubernetes.io/aws-load-balancer-"
IBM = "service.kubernetes.io/ibm-load-balancer-cloud-provider-"
VPC = {f"{IBM}enable-features": "nlb"}


def _infrastructure(type_: str, **more: Any) -> Json:
    return {"status": {"platformStatus": {"type": type_, **more}}}


def _node(provider: str = "", arch: str = "amd64") -> Json:
    spec = {"providerID": provider} if provider else {}
    return {"metadata": {"name": "n", "labels": {"kubernetes.io/arch": arch}}, "spec": spec, "status": {}}


# -- how a platform is detected --------------------------------------------------------------------------------------

#: The whole enum of ``platformStatus.type`` (openshift/api config/v1) but the empty value.
TYPES = (
    "AWS",
    "Azure",
    "BareMetal",
    "GCP",
    "Libvirt",
    "OpenStack",
    "None",
    "VSphere",
    "oVirt",
    "IBMCloud",
    "KubeVirt",
    "EquinixMetal",
    "PowerVS",
    "AlibabaCloud",
    "Nutanix",
    "External",
)


@pytest.mark.parametrize("type_", TYPES)
def test_infrastructure_tells_every_type(type_: str) -> None:
    for infrastructure in (_infrastructure(type_), {"status": {"platform": type_}}):
        detected = detect(infrastructure, [_node("aws:///x")])
        assert (detected["type"], detected["source"]) == (type_, "infrastructure")
        assert detected["message"] == f"{type_}, from the Infrastructure object"
    assert platforms.known(type_) == type_


def test_the_new_field_counts_before_its_deprecated_twin() -> None:
    assert detect({"status": {"platform": "AWS", "platformStatus": {"type": "None"}}})["type"] == "None"


def test_a_type_that_is_not_known_is_treated_like_none_and_told() -> None:
    detected = detect(_infrastructure("Mars"))
    assert detected["type"] == "Mars" and "unknown and handled like None" in detected["message"]
    assert platforms.platform_of("Mars") == ("Mars", PLATFORMS["None"])


PROVIDER_IDS = [
    ("aws:///us-east-1a/i-0", "AWS"),
    ("azure:///subscriptions/s/vm", "Azure"),
    ("gce://project/zone/n", "GCP"),
    ("openstack:///uuid", "OpenStack"),
    ("vsphere://uuid", "VSphere"),
    ("ibm://account///cluster/worker", "IBMCloud"),
    ("ibmpowervs://region/zone/service/vm", "PowerVS"),
    ("nutanix://uuid", "Nutanix"),
    ("baremetalhost:///openshift-machine-api/n/uuid", "BareMetal"),
    ("kubevirt://n", "KubeVirt"),
    ("ovirt://uuid", "oVirt"),
]


@pytest.mark.parametrize(("provider", "type_"), PROVIDER_IDS)
@pytest.mark.parametrize("infrastructure", [None, {"status": {}}, _infrastructure("")], ids=["none", "bare", "empty"])
def test_nodes_tell_where_infrastructure_does_not(infrastructure: Json | None, provider: str, type_: str) -> None:
    detected = detect(infrastructure, [_node(), _node("strange://x"), _node(provider)])
    assert (detected["type"], detected["source"]) == (type_, "nodes")
    assert "provider IDs" in detected["message"]


def test_every_provider_of_the_table_is_tested() -> None:
    assert {provider.partition(":")[0] for provider, _type in PROVIDER_IDS} == set(PROVIDERS)


@pytest.mark.parametrize(("arch", "machine"), [("s390x", "IBM Z or LinuxONE"), ("ppc64le", "IBM Power")])
def test_architecture_tells_machines_on_premises(arch: str, machine: str) -> None:
    by_label, by_info = _node(arch=arch), {"metadata": {"name": "n"}, "status": {"nodeInfo": {"architecture": arch}}}
    for node in (by_label, by_info):
        detected = detect(None, [node])
        assert (detected["type"], detected["source"], detected["architectures"]) == ("None", "architecture", [arch])
        assert machine in detected["message"]
    for type_ in ("None", "BareMetal", "External"):
        detected = detect(_infrastructure(type_), [by_label])
        assert detected["type"] == type_ and machine in detected["message"]
        assert not platforms.platform_of(detected["type"])[1].load_balancer
    assert machine not in detect(_infrastructure("IBMCloud"), [by_label])["message"]


def test_nothing_at_all_is_treated_like_none() -> None:
    detected = detect(None, [_node()])
    assert (detected["type"], detected["source"]) == ("", "none") and "handled like None" in detected["message"]


BALANCED = {"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}


@pytest.mark.parametrize(
    ("service", "balanced"),
    [
        (BALANCED, True),
        (None, False),
        ({**BALANCED, "status": {"loadBalancer": {}}}, False),
        ({**BALANCED, "spec": {"type": "ClusterIP"}}, False),
        ({}, False),
    ],
)
def test_a_load_balancer_is_seen_by_its_address(service: Json | None, balanced: bool) -> None:
    assert platforms.balanced(service) is balanced


def test_external_is_told_by_name_and_by_what_its_vendor_balances() -> None:
    infrastructure = _infrastructure("External", external={"platformName": "oci"})
    bare, cloud = detect(infrastructure), detect(infrastructure, balancers=True)
    assert (bare["type"], bare["name"], cloud["type"], cloud["name"]) == ("External", "oci", "ExternalCloud", "oci")
    assert bare["message"] == "External (oci), from the Infrastructure object"
    assert cloud["message"] == "External (oci), from the Infrastructure object; its router has a load balancer"
    assert exposure.decide_exposure(bare["type"], {})["type"] == "NodePort"
    assert exposure.decide_exposure(cloud["type"], {})["type"] == "LoadBalancer"
    assert detect(_infrastructure("BareMetal"), balancers=True)["type"] == "BareMetal"


@pytest.mark.parametrize(
    ("provider", "type_"),
    [("Classic", "IBMCloudClassic"), ("VPC", "IBMCloud"), ("UPI", "IBMCloud"), (None, "IBMCloud")],
)
def test_ibm_cloud_has_two_infrastructures(provider: str | None, type_: str) -> None:
    more = {"ibmcloud": {"providerType": provider}} if provider else {}
    assert detect(_infrastructure("IBMCloud", **more))["type"] == type_


# -- what a gateway gets ---------------------------------------------------------------------------------------------

#: Platform -> type, annotations of a public load balancer, and of an internal one (None where something else decides).
GIVEN: dict[str, tuple[str, Json, Json | None]] = {
    "AWS": ("LoadBalancer", {f"{AWS}type": "nlb"}, {f"{AWS}type": "nlb", f"{AWS}internal": "true"}),
    "AWSController": (
        "LoadBalancer",
        {f"{AWS}type": "external", f"{AWS}nlb-target-type": "instance", f"{AWS}scheme": "internet-facing"},
        {f"{AWS}type": "external", f"{AWS}nlb-target-type": "instance", f"{AWS}scheme": "internal"},
    ),
    "Azure": ("LoadBalancer", {}, {"service.beta.kubernetes.io/azure-load-balancer-internal": "true"}),
    "GCP": ("LoadBalancer", {}, {"cloud.google.com/load-balancer-type": "Internal"}),
    "IBMCloud": ("LoadBalancer", {**VPC, f"{IBM}ip-type": "public"}, {**VPC, f"{IBM}ip-type": "private"}),
    "IBMCloudClassic": ("LoadBalancer", {f"{IBM}ip-type": "public"}, {f"{IBM}ip-type": "private"}),
    "PowerVS": ("LoadBalancer", {**VPC, f"{IBM}ip-type": "public"}, {**VPC, f"{IBM}ip-type": "private"}),
    "OpenStack": ("LoadBalancer", {}, {"service.beta.kubernetes.io/openstack-internal-load-balancer": "true"}),
    "AlibabaCloud": (
        "LoadBalancer",
        {},
        {"service.beta.kubernetes.io/alibaba-cloud-loadbalancer-address-type": "intranet"},
    ),
    "KubeVirt": ("LoadBalancer", {}, None),
    "ExternalCloud": ("LoadBalancer", {}, None),
    **{
        name: ("NodePort", {}, None)
        for name in ("External", "BareMetal", "None", "Libvirt", "VSphere", "Nutanix", "oVirt", "EquinixMetal")
    },
}


def test_every_platform_of_the_table_is_tested() -> None:
    assert set(GIVEN) == set(PLATFORMS)


@pytest.mark.parametrize("platform", GIVEN)
def test_by_default_a_load_balancer_is_public_and_that_is_said(platform: str) -> None:
    type_, annotations, internal = GIVEN[platform]
    chosen = exposure.decide_exposure(platform, {})
    assert (chosen["type"], chosen["annotations"]) == (type_, annotations)
    assert chosen["public"] is (type_ == "LoadBalancer")
    assert ("public, as mesh_ingress.internal is not set" in chosen["message"]) is (internal is not None)


@pytest.mark.parametrize("platform", GIVEN)
def test_internal_is_what_the_platform_calls_so_or_refused(platform: str) -> None:
    _type, public, internal = GIVEN[platform]
    ingress: Any = {"internal": True, "exposure": "LoadBalancer"}
    chosen = exposure.decide_exposure(platform, ingress)
    refused = exposure.why_not_internal(platform, ingress, chosen)
    assert (refused is None) is (internal is not None)
    if internal is None:
        assert "mesh_ingress.annotations" in str(refused)
        assert chosen["annotations"] == public
    else:
        assert chosen["annotations"] == internal and not chosen["public"]
        assert "internal, as set by mesh_ingress" in chosen["message"]
    by_node: Any = {"internal": True, "exposure": "NodePort"}
    there = exposure.decide_exposure(platform, by_node)
    assert exposure.why_not_internal(platform, by_node, there) is None
    assert "internal addresses of the nodes" in there["message"]
    assert there["internal"] and there["annotations"] == {"ossm.federation/node-addresses": "internal"}


@pytest.mark.parametrize("platform", GIVEN)
def test_a_type_that_is_said_or_lives_comes_before_the_platform(platform: str) -> None:
    choose = exposure.decide_exposure
    assert choose(platform, {}, same_cluster=True)["type"] == "ClusterIP"
    assert choose(platform, {}, same_cluster=True, live_type="LoadBalancer")["type"] == "LoadBalancer"
    assert choose(platform, {"exposure": "NodePort"}, live_type="LoadBalancer")["type"] == "NodePort"
    assert choose(platform, {"exposure": "LoadBalancer"})["annotations"] == GIVEN[platform][1]
    assert choose(platform, {"exposure": "NodePort"})["annotations"] == {}


def test_the_names_of_platforms_are_found_in_any_case() -> None:
    assert exposure.decide_exposure("aws", {})["annotations"] == GIVEN["AWS"][1]
    assert exposure.decide_exposure(None, {})["type"] == exposure.decide_exposure("", {})["type"] == "NodePort"


ASKED: list[tuple[str, str, Json, Json]] = [
    ("the controller of AWS, public", "AWS", {"annotations": {f"{AWS}type": "external"}}, GIVEN["AWSController"][1]),
    (
        "the controller of AWS, internal",
        "AWS",
        {"internal": True, "annotations": {f"{AWS}type": "external"}},
        GIVEN["AWSController"][2] or {},
    ),
    (
        "targets by address",
        "AWSController",
        {"annotations": {f"{AWS}nlb-target-type": "ip"}},
        {**GIVEN["AWSController"][1], f"{AWS}nlb-target-type": "ip"},
    ),
    ("the older balancer", "AWS", {"annotations": {f"{AWS}type": "clb", "a": "b"}}, {f"{AWS}type": "clb", "a": "b"}),
    (
        "a pool of MetalLB",
        "BareMetal",
        {"exposure": "LoadBalancer", "annotations": {"metallb.io/address-pool": "fed"}},
        {"metallb.io/address-pool": "fed"},
    ),
    (
        "another feature",
        "IBMCloud",
        {"annotations": {f"{IBM}enable-features": "ipvs"}},
        {f"{IBM}enable-features": "ipvs", f"{IBM}ip-type": "public"},
    ),
]


@pytest.mark.parametrize(
    ("platform", "ingress", "annotations"), [case[1:] for case in ASKED], ids=[case[0] for case in ASKED]
)
def test_annotations_that_the_user_gives_win(platform: str, ingress: Any, annotations: Json) -> None:
    assert exposure.decide_exposure(platform, ingress)["annotations"] == annotations


@pytest.mark.parametrize("key", sorted(platforms.INTERNAL))
def test_a_scope_given_by_annotation_counts(key: str) -> None:
    chosen = exposure.decide_exposure("AWS", {"annotations": {key: platforms.INTERNAL[key]}})
    assert chosen["internal"] and not chosen["public"] and "internal, as set by mesh_ingress" in chosen["message"]


def test_a_load_balancer_with_a_pool_is_not_counted_as_public() -> None:
    assert not exposure.decide_exposure("BareMetal", {"exposure": "LoadBalancer"})["public"]


def test_the_service_lists_discovery_first_and_passes_fields_on() -> None:
    ingress: Any = {
        "exposure": "LoadBalancer",
        "loadBalancerIP": "192.0.2.9",
        "loadBalancerSourceRanges": ["192.0.2.0/24"],
        "externalTrafficPolicy": "Local",
        "nodePorts": {"tls": 30443, "https-discovery": 30188},
    }
    side: Any = {
        "version": "v2.5",
        "runtime": {"ingress": {}},
        "ingress": "in",
        "exposure": exposure.decide_exposure("BareMetal", ingress),
    }
    assert desired_gateways.ingress_gateway(side)["service"] == {
        "type": "LoadBalancer",
        "metadata": {"labels": {"federation.maistra.io/ingress-for": "in"}},
        "ports": [
            {"port": 8188, "name": "https-discovery", "nodePort": 30188},
            {"port": 15443, "name": "tls", "nodePort": 30443},
        ],
        "loadBalancerIP": "192.0.2.9",
        "loadBalancerSourceRanges": ["192.0.2.0/24"],
        "externalTrafficPolicy": "Local",
    }


@pytest.mark.parametrize(
    ("type_", "fields"),
    [
        ("LoadBalancer", {"loadBalancerIP", "loadBalancerSourceRanges", "externalTrafficPolicy"}),
        ("NodePort", {"externalTrafficPolicy"}),
        ("ClusterIP", set()),
    ],
)
def test_only_fields_that_the_api_server_takes_with_a_type_are_sent(type_: str, fields: set[str]) -> None:
    ingress: Any = {
        "exposure": type_,
        "loadBalancerIP": "192.0.2.9",
        "loadBalancerSourceRanges": ["192.0.2.0/24"],
        "externalTrafficPolicy": "Local",
    }
    assert set(exposure.decide_exposure("BareMetal", ingress)["fields"]) == fields


# -- the page --------------------------------------------------------------------------------------------------------


def _table(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading of the page, each cell as it is written."""
    section = PAGE.read_text(encoding="utf-8").split(f"\n{heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def _pairs(cell: str) -> Json:
    """The annotations in a cell, written as ``key: value`` between back quotes."""
    return dict(part.split(": ", 1) for part in re.findall(r"`([^`]+: [^`]+)`", cell))


def test_the_page_has_the_table_of_the_code() -> None:
    rows = {row[0].strip("`"): row for row in _table("## The table")}
    assert set(rows) == set(PLATFORMS)
    for name, platform in PLATFORMS.items():
        _name, _detected, type_, public, internal, address = rows[name]
        assert type_ == ("LoadBalancer" if platform.load_balancer else "NodePort"), name
        assert _pairs(public) == platform.public, name
        assert _pairs(internal) == (platform.internal or {}), name
        assert address == platform.address, name


def test_the_page_has_the_provider_ids_of_the_code() -> None:
    detected = {row[0].strip("`"): row[1] for row in _table("## The table")}
    written = {scheme: name for name, cell in detected.items() for scheme in re.findall(r"`(\w+)://", cell)}
    assert written == PROVIDERS


def test_the_page_has_the_annotations_that_decide_an_address() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert not sorted(key for key in platforms.DECIDING if f"`{key}`" not in text)
