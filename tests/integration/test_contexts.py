# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin contexts: hosts of the clusters of a kubeconfig, with which playbooks run. The tests build on each other."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from accounts import grant, use_account
from harness import FEDERATE, Federation, Object, Run, program, run_environment, run_playbook, two_meshes
from lab import seed
from lab.api import Lab

#: A cluster in which nothing listens.
DEAD = {"server": "https://127.0.0.1:1"}
HUB_API = "cluster.open-cluster-management.io/v1"
TEMPLATE = "{{ lookup('pipe', 'touch marker') }}"
PRINT = """\
- name: Print
  hosts: federation
  connection: local
  gather_facts: false
  tasks:
    - name: Print what the hub says
      ansible.builtin.debug:
        msg: "{{ copied_claim }} and {{ cluster_claims['note.example.com'] }}"
"""


@pytest.fixture(scope="module")
def federation(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes in two clusters, and a second control plane beside that of green; a kubeconfig with all contexts and a dead one."""
    topology = two_meshes()
    topology["meshes"]["gold-mesh"] = {"cluster": "green", "namespace": "istio-system", "control_plane": "basic"}
    federation = Federation.for_lab(start(topology), tmp_path_factory.mktemp("f"), {})
    configs = {
        name: yaml.safe_load(Path(cluster.kubeconfig).read_text()) for name, cluster in federation.lab.clusters.items()
    }
    write_kubeconfig(
        federation.folder / "kubeconfig",
        {name: (config["clusters"][0]["cluster"], config["users"][0]["user"]) for name, config in configs.items()},
    )
    return federation


def write_kubeconfig(path: Path, clusters: dict[str, tuple[Object, Object]]) -> None:
    """Write a kubeconfig with a context for each cluster and its user, and one for a dead cluster."""
    entries = {**clusters, "dead": (DEAD, {"token": "x"})}
    content = {
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in entries],
        "clusters": [{"name": name, "cluster": cluster} for name, (cluster, _user) in entries.items()],
        "users": [{"name": name, "user": user} for name, (_cluster, user) in entries.items()],
    }
    path.write_text(yaml.safe_dump(content))


def write_inventory(federation: Federation, **options: Any) -> Path:
    path = federation.folder / "contexts.yml"
    given = {"plugin": "ossm.federation.contexts", "kubeconfigs": ["kubeconfig"], **options}
    path.write_text(yaml.safe_dump(given))
    return path


def listed(federation: Federation, core: str = "", **options: Any) -> tuple[dict[str, Object], Object, str]:
    """Run ansible-inventory, and return host variables, groups and warnings."""
    command = [program("ansible-inventory", core), "-i", write_inventory(federation, **options), "--list"]
    environment = run_environment(federation.folder, core, {"COLUMNS": "1000"})
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=True, cwd=federation.folder, env=environment
    )
    groups = json.loads(done.stdout)
    return groups.pop("_meta")["hostvars"], groups, done.stderr


def play(federation: Federation, playbook: Path, core: str = "", **options: Any) -> Run:
    return run_playbook(playbook, write_inventory(federation, **options), federation.folder, core=core)


def test_each_control_plane_is_a_host_and_a_cluster_that_does_not_answer_is_a_warning(federation: Federation) -> None:
    hosts, groups, warnings = listed(federation)
    assert sorted(hosts) == sorted(groups["federation"]["hosts"]) == ["green", "green-mesh", "red-mesh"]
    assert hosts["red-mesh"]["mesh_context"] == "red" and hosts["red-mesh"]["mesh_namespace"] == "red-mesh-system"
    assert groups["platform_AWS"]["hosts"] == groups["region_us_east_1"]["hosts"] == ["red-mesh"]
    assert sorted(groups["version_v2_5"]["hosts"]) == sorted(hosts)
    assert "WARNING dead: API server of dead: https://127.0.0.1:1 refuses the connection" in warnings


def test_federate_runs_from_the_inventory(federation: Federation) -> None:
    """The red one with the first control plane of green; a filter leaves the second one out."""
    run = play(federation, FEDERATE, filters=["mesh_namespace != 'istio-system'"])
    assert run.code == 0 and "WARNING dead:" in run.flat, run.output
    assert federation.connected() == [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]


def test_the_account_of_docs_rbac_finds_the_same(federation: Federation) -> None:
    use_account(federation, "red-mesh", "red-mesh-system")
    grant(federation, "red-mesh", "inventory")
    host = federation.hosts["red-mesh"]
    cluster = {"server": host["mesh_host"], "certificate-authority": host["mesh_ca_cert"]}
    write_kubeconfig(federation.folder / "reader", {"red": (cluster, {"token": host["mesh_api_key"]})})
    hosts, _groups, warnings = listed(federation, kubeconfigs=["reader"], contexts=["!dead"])
    assert list(hosts) == ["red-mesh"] and hosts["red-mesh"]["cluster_region"] == "us-east-1"
    assert hosts["red-mesh"]["cluster_uid"] and hosts["red-mesh"]["cluster_openshift_version"]
    assert "WARNING red" not in warnings and host["mesh_api_key"] not in str(hosts)


@pytest.mark.parametrize("core", ["", "2.16"])
def test_labels_of_a_hub_make_groups_and_its_text_is_never_a_template(federation: Federation, core: str) -> None:
    """Red is the hub, and knows green by the ID of its ClusterVersion."""
    lab = federation.lab
    if not core:
        seed.apply_crds(lab.clusters["red"].launcher, seed.crds("hub"))
        identity = lab.get("green", "clusterversions", "version")["spec"]["clusterID"]
        labels = {"environment": "production", "clusterID": identity}
        managed = {"apiVersion": HUB_API, "kind": "ManagedCluster", "metadata": {"name": "spoke-7", "labels": labels}}
        lab.apply("red", [managed])
        claims = json.dumps({"status": {"clusterClaims": [{"name": "note.example.com", "value": TEMPLATE}]}})
        lab.kubectl("red", "patch", "managedcluster", "spoke-7", "--subresource=status", "--type=merge", "-p", claims)
    options = {
        "hubs": [{"context": "red"}],
        "filters": ["cluster_labels.environment == 'production'"],
        "compose": {"copied_claim": "cluster_claims['note.example.com']"},
        "keyed_groups": [{"key": "cluster_labels.environment", "prefix": "env"}],
    }
    hosts, groups, _warnings = listed(federation, core, **options)
    for group in ("label_environment_production", "env_production"):
        assert sorted(groups[group]["hosts"]) == sorted(hosts) == ["green", "green-mesh"]
    assert hosts["green"]["mesh_managed_cluster"] == "spoke-7"
    playbook = federation.folder / "print.yml"
    playbook.write_text(PRINT)
    run = play(federation, playbook, core, **options)
    assert run.code == 0 and f"{TEMPLATE} and {TEMPLATE}" in run.flat, run.output
    assert not list(federation.folder.rglob("marker"))


def test_a_cluster_that_stops_keeps_its_cached_hosts(federation: Federation) -> None:
    """A run with a fresh cache sends no request; one with an old cache gets no answer."""
    cache = {
        "cache": True,
        "cache_plugin": "ansible.builtin.jsonfile",
        "cache_connection": str(federation.folder / "cache"),
    }
    before, _groups, _warnings = listed(federation, **cache)
    with federation.lab.fault("api-stopped", cluster="green"):
        fresh = listed(federation, **cache)
        kept = listed(federation, **cache, cache_timeout=1)
    names = {host: variables["mesh_control_plane"] for host, variables in before.items()}
    for hosts, _groups, _warnings in (fresh, kept):
        assert {host: variables["mesh_control_plane"] for host, variables in hosts.items()} == names
    assert sorted(names) == ["green", "green-mesh", "red-mesh"] and "WARNING green:" not in fresh[2]
    assert "WARNING green:" in kept[2] and "It stays as it was at" in kept[2]
