# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters and hubs of an inventory, read from an HTTP server that answers as API servers do, each below a path of its own."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader, inventory_loader
from ansible.template import Templar

PLANES, HUB = (
    "apis/maistra.io/v2/servicemeshcontrolplanes",
    "apis/cluster.open-cluster-management.io/v1/managedclusters",
)
VERSION = "apis/config.openshift.io/v1/clusterversions/version"
Json = dict[str, Any]


def smcp(namespace: str, name: str, **spec: Any) -> Json:
    return {"metadata": {"namespace": namespace, "name": name, "uid": f"{namespace}/{name}"}, "spec": spec}


class InventoryError(Exception):
    """The error with which the plugin ends."""


class Parsed(NamedTuple):
    """An inventory: variables of hosts, the same after Ansible has rendered them, and hosts of groups."""

    variables: dict[str, Json]
    rendered: dict[str, Json]
    groups: dict[str, list[str]]


def parse(path: Path, cache: bool, environ: dict[str, str]) -> Json:
    """Make an inventory in this process, as a command of Ansible does, and return it with warnings and error."""
    from ansible.utils.display import Display

    warnings: list[str] = []
    os.environ.clear()
    os.environ.update(environ)
    Display.warning = lambda self, msg, *args, **kwargs: warnings.append(msg)
    loader = DataLoader()
    manager = InventoryManager(loader=loader, parse=False)
    plugin = inventory_loader.get("ossm.federation.contexts")
    assert plugin.verify_file(str(path))
    error = ""
    try:
        plugin.parse(manager._inventory, loader, str(path), cache=cache)
        with contextlib.suppress(AttributeError):
            plugin.update_cache_if_changed()
    except Exception as failure:
        error = str(failure)
    hosts = {host.name: host.get_vars() for host in manager.hosts.values()}
    rendered = {name: Templar(loader=loader, variables=found).template(found) for name, found in hosts.items()}
    groups = {name: sorted(host.name for host in group.get_hosts()) for name, group in manager.groups.items()}
    result = {"warnings": warnings, "error": error, "hosts": hosts, "rendered": rendered, "groups": groups}
    # Without the types of Ansible, which the other process would take in.
    plain: Json = json.loads(json.dumps(result))
    return plain


class World:
    """Clusters by name: answers by path. An answer that is a number is a failure with this status."""

    def __init__(self, folder: Path, process: ProcessPoolExecutor) -> None:
        self.folder = folder
        self.process = process
        self.answers: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str]] = []
        self.tokens: dict[str, str] = {}
        self.warnings: list[str] = []
        world = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                cluster, _slash, path = self.path.lstrip("/").partition("/")
                path = path.partition("?")[0]
                world.requests.append((cluster, path))
                world.tokens[cluster] = self.headers.get("Authorization", "")
                answer = world.answers.get(cluster, {}).get(path, 404)
                body = {"message": "failed", "details": {"name": "x"}} if isinstance(answer, int) else answer
                self.send_response(answer if isinstance(answer, int) else 200)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *arguments: Any) -> None:
                """Print nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def add(self, cluster: str, *planes: Json, **answers: Any) -> None:
        """Add a cluster with control planes, and its context; ``answers`` by the end of the path."""
        self.answers[cluster] = {PLANES: {"items": list(planes)}, **answers}
        self.write_kubeconfig()

    def write_kubeconfig(self) -> None:
        names = list(self.answers)
        content = {
            "contexts": [
                {"name": name, "context": {"cluster": name, "user": name, "namespace": "own"}} for name in names
            ],
            "clusters": [{"name": name, "cluster": {"server": f"{self.url}/{name}"}} for name in names],
            "users": [{"name": name, "user": {"token": f"token-{name}"}} for name in names],
        }
        (self.folder / "kubeconfig").write_text(yaml.safe_dump(content))

    def parse(self, *, use_cache: bool = True, **options: Any) -> Parsed:
        """The inventory that the plugin makes; an error of it is raised as InventoryError.

        It is made in another process: Ansible's loader of plugins changes how a process imports collections.
        """
        path = self.folder / "contexts.yml"
        given = {"plugin": "ossm.federation.contexts", "kubeconfigs": ["kubeconfig"], **options}
        path.write_text(yaml.safe_dump({key: value for key, value in given.items() if value is not None}))
        parsed = self.process.submit(parse, path, use_cache, dict(os.environ)).result()
        self.warnings += parsed["warnings"]
        if parsed["error"]:
            raise InventoryError(parsed["error"])
        return Parsed(parsed["hosts"], parsed["rendered"], parsed["groups"])

    def cached(self, **options: Any) -> Parsed:
        """The same with a cache in a file; without cache_timeout everything is read again."""
        return self.parse(
            **{
                "use_cache": "cache_timeout" in options,
                **options,
                "cache": True,
                "cache_plugin": "ansible.builtin.jsonfile",
                "cache_connection": str(self.folder / "cache"),
            }
        )


@pytest.fixture(scope="module")
def process() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=init_plugin_loader) as pool:
        yield pool


@pytest.fixture
def world(tmp_path: Path, process: ProcessPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("KUBECONFIG", "K8S_AUTH_HOST", "K8S_AUTH_API_KEY", "K8S_AUTH_KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    world = World(tmp_path, process)
    yield world
    world.server.shutdown()
    world.server.server_close()


def test_hosts_have_the_variables_that_reach_them(world: World) -> None:
    aws: Json = {"status": {"platformStatus": {"type": "AWS", "aws": {"region": "us-east-1"}}}}
    world.add(
        "red",
        smcp("istio-system", "basic", version="v2.5"),
        smcp("payments", "pay", version="v2.6"),
        **{"apis/config.openshift.io/v1/infrastructures/cluster": aws},
    )
    manager = world.parse()
    assert manager.groups["federation"] == ["red", "red-payments"] and manager.groups["version_v2_6"] == [
        "red-payments"
    ]
    assert manager.groups["platform_AWS"] == manager.groups["region_us_east_1"] == manager.groups["federation"]
    variables = manager.variables["red-payments"]
    assert {name: value for name, value in variables.items() if name.startswith("mesh_")} == {
        "mesh_kubeconfig": str(world.folder / "kubeconfig"),
        "mesh_context": "red",
        "mesh_namespace": "payments",
        "mesh_control_plane": "pay",
    }
    assert "token" not in str(variables)
    # Nodes are not listed where the platform and the region are known.
    assert ("red", "api/v1/nodes") not in world.requests and len(world.requests) == 4


def test_without_kubeconfigs_the_context_alone_is_a_variable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("red", smcp("istio-system", "basic"))
    monkeypatch.setenv("KUBECONFIG", str(world.folder / "kubeconfig"))
    variables = world.parse(kubeconfigs=None).variables["red"]
    assert variables["mesh_context"] == "red" and "mesh_kubeconfig" not in variables


def test_a_cluster_without_the_operator_has_no_host_and_no_warning(world: World) -> None:
    world.add("plain")
    world.answers["plain"] = {}
    assert world.parse().groups["federation"] == [] and world.warnings == []


@pytest.mark.parametrize("namespace", ["own", "istio-system"])
def test_without_the_right_to_list_all_the_own_and_the_usual_namespace_are_read(world: World, namespace: str) -> None:
    path = f"apis/maistra.io/v2/namespaces/{namespace}/servicemeshcontrolplanes"
    world.add("red", **{path: {"items": [smcp(namespace, "basic")]}})
    world.answers["red"][PLANES] = 403
    assert len(world.parse().groups["federation"]) == 1
    world.requests.clear()
    assert (
        world.parse(namespaces=[namespace, "absent"]).groups["federation"] != []
        and ("red", PLANES) not in world.requests
    )


def test_an_account_without_any_right_is_a_warning_with_the_role(world: World) -> None:
    forbidden = {
        f"apis/maistra.io/v2/namespaces/{one}/servicemeshcontrolplanes": 403 for one in ("own", "istio-system")
    }
    world.add("red", **forbidden)
    world.answers["red"][PLANES] = 403
    assert world.parse().groups["federation"] == []
    assert (
        len(world.warnings) == 1
        and "docs/rbac/inventory.yaml" in world.warnings[0]
        and "[forbidden]" in world.warnings[0]
    )


def test_another_user_of_the_same_cluster_is_tried(world: World) -> None:
    """Both contexts have one URL; the first one has no credentials."""
    world.add("red", smcp("istio-system", "basic"))
    content = yaml.safe_load((world.folder / "kubeconfig").read_text())
    content["contexts"].insert(0, {"name": "a-guest", "context": {"cluster": "red", "user": "guest"}})
    content["users"].append(
        {"name": "guest", "user": {"exec": {"command": "/nowhere", "apiVersion": "client.authentication.k8s.io/v1"}}}
    )
    (world.folder / "kubeconfig").write_text(yaml.safe_dump(content))
    manager = world.parse()
    # The name does not depend on which of them works.
    assert manager.groups["federation"] == ["a-guest"] and manager.variables["a-guest"]["mesh_context"] == "red"
    assert world.warnings == []


def test_a_cluster_that_does_not_answer_keeps_its_cached_hosts(world: World) -> None:
    world.add("red", smcp("istio-system", "basic"))
    world.add("green", smcp("istio-system", "basic-2"))
    assert world.cached().groups["federation"] == ["green", "red"]
    before = world.cached().variables["red"]
    world.answers["red"] = {PLANES: 401}
    world.answers["green"][PLANES] = {"items": [smcp("istio-system", "basic-2"), smcp("payments", "pay")]}
    manager = world.cached()
    assert manager.groups["federation"] == ["green", "green-payments", "red"] and manager.variables["red"] == before
    assert (
        len(world.warnings) == 1
        and "WARNING red: API server of red:" in world.warnings[0]
        and "It stays as it was at 20" in world.warnings[0]
    )
    assert world.parse().groups["federation"] == ["green", "green-payments"]
    assert "It is left out: nothing is known of it." in world.warnings[-1]
    with pytest.raises(InventoryError, match="no answer from red"):
        world.cached(fail_on_unreachable=True)


def test_a_fresh_cache_needs_no_request_but_for_what_did_not_answer(world: World) -> None:
    world.add("red", smcp("istio-system", "basic"))
    world.add("green", smcp("istio-system", "basic-2"))
    world.answers["red"][PLANES] = 401
    assert world.cached(cache_timeout=3600).groups["federation"] == ["green"]
    world.answers["red"][PLANES] = {"items": [smcp("istio-system", "basic")]}
    world.requests.clear()
    assert world.cached(cache_timeout=3600).groups["federation"] == ["green", "red"]
    assert {cluster for cluster, _path in world.requests} == {"red"}
    world.requests.clear()
    assert world.cached(cache_timeout=0).groups["federation"] == ["green", "red"] and world.requests == []
    # --flush-cache reads everything again.
    assert (
        world.cached(cache_timeout=0, use_cache=False).groups["federation"] == ["green", "red"] and world.requests != []
    )
    assert "token" not in "".join(path.read_text() for path in (world.folder / "cache").iterdir())


def test_hosts_of_a_context_that_was_removed_are_gone(world: World) -> None:
    world.add("red", smcp("istio-system", "basic"))
    world.add("green", smcp("istio-system", "basic-2"))
    world.cached()
    del world.answers["red"]
    world.write_kubeconfig()
    assert world.cached(cache_timeout=3600).groups["federation"] == ["green"]


def test_a_hub_gives_labels_and_the_way_to_its_clusters(world: World) -> None:
    """Red is known by its ID and by a context, spoke is reached through the proxy, which is a cluster of the server here."""
    world.add("hub")
    world.add("red", smcp("istio-system", "basic"), **{VERSION: {"spec": {"clusterID": "1"}}})
    labels = {"environment": "production", "feature.open-cluster-management.io/addon-x": "available"}
    clusters: list[Json] = [
        {"metadata": {"name": "red-managed", "labels": {**labels, "clusterID": "1"}}},
        {"metadata": {"name": "spoke", "labels": labels}},
    ]
    world.answers["hub"][HUB] = {"items": clusters}
    world.answers["spoke"] = {PLANES: {"items": [smcp("istio-system", "spoke-mesh")]}}
    hub = {"context": "hub"}
    manager = world.cached(hubs=[hub])
    assert manager.groups["federation"] == ["red"] and manager.groups["label_environment_production"] == ["red"]
    assert manager.variables["red"]["mesh_managed_cluster"] == "red-managed"
    assert not any("addon" in group for group in manager.groups)
    manager = world.cached(hubs=[{**hub, "proxy": world.url}])
    assert manager.groups["federation"] == ["red", "spoke"]
    assert world.tokens["spoke"] == "Bearer token-hub"
    variables = manager.variables["spoke"]
    assert (variables["mesh_host"], variables["mesh_context"]) == (f"{world.url}/spoke", "hub")
    # The hub is not there any more: labels, and with them the hosts that a filter keeps, are as they were.
    world.answers["hub"][HUB] = 401
    filtered = world.cached(hubs=[{**hub, "proxy": world.url}], filters=["cluster_labels.environment == 'production'"])
    assert filtered.groups["federation"] == ["red", "spoke"] and len(world.warnings) == 1


def test_expressions_select_name_and_group_hosts(world: World) -> None:
    world.add("red", smcp("istio-system", "basic", version="v2.5"), smcp("payments", "pay", version="v2.6"))
    manager = world.parse(
        filters=["control_plane_version == 'v2.6'"],
        host_name="cluster_name ~ '-' ~ mesh_control_plane",
        compose={"mesh_platform": "'AWS'"},
        groups={"newest": "control_plane_version == 'v2.6'"},
        keyed_groups=[{"key": "control_plane_version", "prefix": "smcp"}],
        automatic_groups=[],
        group="meshes",
    )
    assert manager.groups["meshes"] == manager.groups["newest"] == manager.groups["smcp_v2_6"] == ["red-pay"]
    assert manager.variables["red-pay"]["mesh_platform"] == "AWS" and "version_v2_6" not in manager.groups


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"host_name": "mesh_nonsense"}, "host_name: mesh_nonsense has no value for red: istio-system/basic"),
        ({"host_name": "'Red Mesh'"}, "'Red Mesh' cannot be the name of a mesh"),
        ({"filters": ["nonsense"], "strict": True}, "filters: nonsense has no value"),
        ({"hubs": [{"context": "absent"}]}, "no kubeconfig has the context absent"),
        ({"kubeconfigs": ["kubeconfig", "absent"]}, "absent does not exist. Fix: Name an existing kubeconfig"),
        ({"hubs": [{"context": "red", "kubeconfig": "absent"}]}, "absent does not exist"),
    ],
)
def test_what_cannot_be_an_inventory_is_an_error(world: World, options: Json, message: str) -> None:
    world.add("red", smcp("istio-system", "basic"))
    with pytest.raises(InventoryError, match=message):
        world.parse(**options)


def test_patterns_that_fit_no_context_are_a_warning(world: World) -> None:
    world.add("red", smcp("istio-system", "basic"))
    assert world.parse(contexts=["prod-*"]).groups["federation"] == [] and "no context is read" in world.warnings[0]


def test_a_filter_that_has_no_value_leaves_the_host_out(world: World) -> None:
    world.add("red", smcp("istio-system", "basic"))
    assert world.parse(filters=["cluster_labels.environment == 'production'"]).groups["federation"] == []


def test_access_of_the_environment_is_rejected(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.add("red", smcp("istio-system", "basic"))
    monkeypatch.setenv("K8S_AUTH_API_KEY", "x")
    with pytest.raises(InventoryError, match="K8S_AUTH_API_KEY set in the environment"):
        world.parse()


@pytest.mark.parametrize(
    "template",
    ["{{ lookup('pipe', 'touch marker') }}", "{% for x in y %}", "#jinja2:variable_start_string:'[['\n[[ 1 ]]"],
)
def test_text_of_a_cluster_is_never_a_template(world: World, template: str) -> None:
    """As a label, a claim and a version, and through compose; with a key of this text too. The cache does not change that."""
    plane = smcp("istio-system", "basic", version=template)
    plane["metadata"]["labels"] = {template: template, "plain": "text"}
    world.add("hub", plane)
    claims = [{"name": "region.open-cluster-management.io", "value": template}]
    world.answers["hub"][HUB] = {"items": [{"metadata": {"name": "hub"}, "status": {"clusterClaims": claims}}]}
    for timeout in ({}, {"cache_timeout": 3600}):
        manager = world.cached(hubs=[{"context": "hub"}], **timeout, compose={"copy": "cluster_region"})
        rendered = manager.rendered["hub"]
        assert rendered["cluster_region"] == rendered["copy"] == rendered["control_plane_version"] == template
        assert rendered["control_plane_labels"] == {template: template, "plain": "text"}
        assert all(character.isalnum() or character == "_" for group in manager.groups for character in group)
