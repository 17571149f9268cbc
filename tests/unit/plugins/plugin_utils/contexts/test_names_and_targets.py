# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of hosts, contexts of one cluster, ManagedClusters of contexts, and the options of the inventory plugin."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ansible_collections.ossm.federation.plugins.module_utils._product.inventories import FoundCluster, ManagedCluster
from ansible_collections.ossm.federation.plugins.plugin_utils._contexts import hosts, names, options, targets

DEFAULTS: dict[str, Any] = {
    "kubeconfigs": [],
    "contexts": [],
    "namespaces": [],
    "hubs": [],
    "group": "federation",
    "automatic_groups": ["platform", "version", "region", "labels"],
    "timeout": 10,
    "workers": 20,
}


def listed(context: str, server: str = "", proxy: str = "", file: str = "") -> targets.ListedContext:
    return targets.ListedContext(targets.Access(context, file, "", {"name": context}), server, proxy)


def found(*planes: tuple[str, str, str], **values: str) -> FoundCluster:
    """A cluster with planes of namespace, name and UID."""
    return {
        "uid": "",
        "openshift_id": "",
        "openshift_version": "",
        "platform": "",
        "region": "",
        "planes": [
            {"namespace": namespace, "name": name, "uid": uid, "version": "v2.5", "ready": True, "labels": {}}
            for namespace, name, uid in planes
        ],
        "notes": [],
        **values,
    }


def managed(name: str, **values: Any) -> ManagedCluster:
    return {
        "name": name,
        "labels": {},
        "claims": {},
        "servers": [],
        "is_hub": False,
        **values,
    }


def cluster(context: str, *planes: tuple[str, str, str], **values: Any) -> hosts.Cluster:
    target = targets.context_targets([listed(context, f"https://{context}")])[0]
    return hosts.Cluster(target, target.accesses[0], found(*planes), **values)


@pytest.mark.parametrize(
    ("context", "name"),
    [
        ("red", "red"),
        ("default/api-red-example-com:6443/kube:admin", "red-example-com"),
        ("mesh/red.example.com:443/admin", "red-example-com"),
        ("arn:aws:eks:us-east-1:123456789012:cluster/red", "arn-aws-eks-us-east-1-123456789012-cluster-red"),
        ("gke_project_europe-west1-b_red", "gke-project-europe-west1-b-red"),
        ("Röd Kluster", "r-d-kluster"),
        ("***", "cluster"),
    ],
)
def test_a_cluster_is_named_like_its_context(context: str, name: str) -> None:
    assert names.cluster_name(context) == name


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("istio-system", "red"),
        ("payments", "red-payments"),
        ("payments-system", "red-payments"),
        ("red-mesh-system", "red-mesh"),
        ("red", "red"),
        ("redshift", "red-redshift"),
    ],
)
def test_a_host_is_named_like_its_cluster_and_namespace(namespace: str, name: str) -> None:
    assert names.host_name("red", namespace) == name


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=90), st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True))
def test_every_name_is_that_of_a_mesh(context: str, namespace: str) -> None:
    assert names.is_mesh_name(names.host_name(names.cluster_name(context), namespace))


@pytest.mark.parametrize("name", ["", "Red", "red_mesh", "r" * 56, "red mesh", "-red", None, 3])
def test_what_is_no_name_of_a_mesh(name: object) -> None:
    assert not names.is_mesh_name(name)


@pytest.mark.parametrize(
    ("patterns", "selected"),
    [
        ([], ["prod-east", "prod-test", "dev"]),
        (["prod-*"], ["prod-east", "prod-test"]),
        (["prod-*", "!prod-test"], ["prod-east"]),
        (["!dev"], ["prod-east", "prod-test"]),
        (["PROD-*"], []),
    ],
)
def test_patterns_select_contexts(patterns: list[str], selected: list[str]) -> None:
    contexts = ["prod-east", "prod-test", "dev"]
    assert [context for context in contexts if targets.is_selected(context, patterns)] == selected


def test_contexts_of_one_server_are_one_cluster_with_the_name_of_the_plainest() -> None:
    rows = [
        listed("shop/api-red:6443/dev", "https://red"),
        listed("red", "https://red"),
        listed("admin", "https://red", proxy="http://proxy"),
        listed("green", "https://green"),
        listed("no-server"),
    ]
    found_targets = targets.context_targets(rows)
    assert targets.context_targets(reversed(rows)) == found_targets
    assert [(one.cluster, [access.context for access in one.accesses]) for one in found_targets] == [
        ("admin", ["admin"]),
        ("green", ["green"]),
        ("no-server", ["no-server"]),
        ("red", ["red", "shop/api-red:6443/dev"]),
    ]
    assert len({one.key for one in found_targets}) == 4


@pytest.mark.parametrize(
    ("candidates", "identity", "name"),
    [
        ([managed("red"), managed("a", servers=["https://red"]), managed("b", labels={"clusterID": "1"})], "1", "b"),
        (
            [managed("red"), managed("a", servers=["https://red"]), managed("b", claims={"id.openshift.io": "1"})],
            "1",
            "b",
        ),
        ([managed("red"), managed("a", servers=["https://red"]), managed("b", labels={"clusterID": "2"})], "1", "a"),
        ([managed("red"), managed("local-cluster", is_hub=True)], "", "local-cluster"),
        ([managed("red"), managed("b")], "", "red"),
        ([managed("b", labels={"clusterID": ""})], "", None),
        ([], "1", None),
    ],
)
def test_a_managed_cluster_is_known_by_id_then_server_then_name(
    candidates: list[ManagedCluster], identity: str, name: str | None
) -> None:
    [target] = targets.context_targets([listed("red", "https://red")])
    matched = targets.matched(target, found(openshift_id=identity), candidates, "https://red")
    assert (matched and matched["name"]) == name


def test_the_proxy_of_a_hub_is_used_with_the_context_of_the_hub_and_shows_no_credential() -> None:
    hub = options.HubOptions("hub", proxy="https://proxy", proxy_ca_cert="/ca.pem")
    access = targets.Access("hub", "/hub", "default", {"users": ["secret"]})
    [target] = targets.proxy_targets(hub, access, [managed("spoke")])
    assert target.cluster == "spoke" and target.server == "https://proxy/spoke"
    assert target.accesses[0].auth["host"] == "https://proxy/spoke" and target.accesses[0].auth["kubeconfig"]
    assert target.accesses[0].variables == {
        "mesh_kubeconfig": "/hub",
        "mesh_context": "hub",
        "mesh_host": "https://proxy/spoke",
        "mesh_ca_cert": "/ca.pem",
    }


def test_each_control_plane_is_a_host_and_one_that_two_contexts_reach_is_one() -> None:
    clusters = [
        cluster("red", ("istio-system", "basic", "1"), ("payments", "pay", "2")),
        cluster("red-internal", ("payments", "pay", "2")),
    ]
    found_hosts, warnings = hosts.hosts_of(clusters)
    assert [(host.name, host.variables["mesh_control_plane"]) for host in found_hosts] == [
        ("red", "basic"),
        ("red-payments", "pay"),
    ]
    assert len(warnings) == 1 and "payments/pay: it is that of red too" in warnings[0] and "red-internal" in warnings[0]
    hosts.check_names(found_hosts)


@pytest.mark.parametrize(
    ("clusters", "message"),
    [
        (
            [cluster("red", ("payments", "a", "1"), ("payments-system", "b", "2"))],
            "two control planes have the host name red-payments",
        ),
        (
            [cluster("red_1", ("istio-system", "a", "1")), cluster("red-1", ("istio-system", "b", "2"))],
            "host name red-1",
        ),
    ],
)
def test_two_hosts_with_one_name_are_an_error(clusters: list[hosts.Cluster], message: str) -> None:
    found_hosts, _warnings = hosts.hosts_of(clusters)
    with pytest.raises(options.OptionError, match=message):
        hosts.check_names(found_hosts)


def test_claims_fill_in_what_the_cluster_does_not_say() -> None:
    claims = {
        "platform.open-cluster-management.io": "AWS",
        "region.open-cluster-management.io": "us-east-1",
        "version.openshift.io": "4.16.1",
    }
    labels = {"environment": "production", "empty": "", "feature.open-cluster-management.io/addon-x": "available"}
    one = cluster("red", ("istio-system", "a", "1"), managed=managed("r", claims=claims, labels=labels))
    [[host], _warnings] = hosts.hosts_of([one])
    assert host.variables["cluster_openshift_version"] == "4.16.1" and host.variables["mesh_managed_cluster"] == "r"
    groups = ["platform_AWS", "version_v2.5", "region_us-east-1", "label_empty", "label_environment_production"]
    assert hosts.automatic_groups(host.variables, DEFAULTS["automatic_groups"]) == groups
    assert hosts.automatic_groups(host.variables, ["region"]) == ["region_us-east-1"]
    assert hosts.automatic_groups(host.variables, []) == []


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hubs": ["hub"]}, r"hubs\[0\]: must be a dictionary with the keys context"),
        ({"hubs": {"context": "hub"}}, "hubs: must be a list"),
        ({"hubs": [{"kubeconfig": "hub"}]}, r"hubs\[0\].context: must be the context of the hub"),
        ({"hubs": [{"context": "hub", "proxi": "https://x"}]}, r"hubs\[0\].proxi: no such key.*Did you mean proxy"),
        ({"hubs": [{"context": "hub", "proxy": "proxy.example.com"}]}, "must be an http or https URL"),
        ({"hubs": [{"context": 3}]}, "must be a string"),
        ({"automatic_groups": ["regions"]}, "automatic_groups: must be some of.*Did you mean region"),
        ({"contexts": [3]}, "contexts: must be a list of strings"),
        ({"timeout": 0}, "timeout: must be a whole number of at least 1, not 0"),
        ({"group": ""}, "group: must be the name of a group"),
    ],
)
def test_wrong_options_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(options.OptionError, match=message):
        options.read_options({**DEFAULTS, **values}, "/here")


def test_paths_count_from_the_folder_of_the_file() -> None:
    hub = {"context": "hub", "kubeconfig": "../hub", "proxy": "https://proxy/", "proxy_ca_cert": "ca.pem"}
    read = options.read_options({**DEFAULTS, "kubeconfigs": ["red", "/abs/green"], "hubs": [hub]}, "/inventory/prod")
    assert read.kubeconfigs == ("/inventory/prod/red", "/abs/green")
    assert read.hubs == (options.HubOptions("hub", "/inventory/hub", "", "https://proxy", "/inventory/prod/ca.pem"),)
