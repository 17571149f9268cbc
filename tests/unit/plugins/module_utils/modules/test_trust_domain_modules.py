# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a changed trust domain, and the restart of workloads that have a former identity."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from unit.builders.scripted import AUTH, Cluster, Json, live_plane, use

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event
from ansible_collections.ossm.federation.plugins.module_utils._modules import (
    trust_domain_wait,
    workload_identities,
)
from ansible_collections.ossm.federation.plugins.module_utils._readers import rollouts

OLD, NEW = "cluster.local", "red.local"
CHANGED, AFTER = "2026-11-30T10:00:05Z", "2026-11-30T10:00:06Z"
PLANE, CONFIG, POD = "ServiceMeshControlPlane", "ConfigMap", "Pod"
QUIET = Event("", "QUIET", {})


def plane(observed: int = 2) -> Json:
    live = live_plane(observed)
    trust = {"f:spec": {"f:security": {"f:trust": {"f:domain": {}}}}}
    live["metadata"]["managedFields"] = [
        {"manager": "ossm.federation", "operation": "Apply", "time": CHANGED, "fieldsV1": trust}
    ]
    return live


def config(domain: str = NEW, aliases: tuple[str, ...] = (OLD,), injected: str | None = None) -> list[Json]:
    mesh = {"trustDomain": domain, **({"trustDomainAliases": [*aliases]} if aliases else {})}
    values = {"global": {"trustDomain": injected or domain}}
    return [
        {"metadata": {"name": "istio-red"}, "data": {"mesh": yaml.safe_dump(mesh)}},
        {"metadata": {"name": "istio-sidecar-injector-red"}, "data": {"values": json.dumps(values)}},
    ]


def pod(name: str, domain: str, kind: str = "Deployment", created: str = AFTER, **labels: str) -> Json:
    owner = {"kind": "ReplicaSet", "name": "cart-h"} if kind == "Deployment" else {"kind": kind, "name": "cart"}
    env = [{"name": "TRUST_DOMAIN", "value": domain}]
    meta = {
        "name": name,
        "namespace": "shop",
        "creationTimestamp": created,
        "labels": {"pod-template-hash": "h", **labels},
    }
    return {
        "metadata": {**meta, "ownerReferences": [{**owner, "controller": True}]},
        "spec": {"containers": [{"name": "istio-proxy", "env": env}]},
    }


def gateway(domain: str) -> Json:
    return pod("in-h-1", domain, **{"maistra.io/gateway": "in.ns"})


def wait(check: bool = False, **more: Any) -> tuple[Json, list[str]]:
    lines: list[str] = []
    params = {"auth": AUTH, "mesh": "red", "namespace": "ns", "control_plane": "red", "trust_domain": NEW}
    params |= {"aliases": [OLD], "absent": [], "gateways": True, "timeout": 0, "fail_on_problems": False, **more}
    return trust_domain_wait.run(params, check, lines.append), lines


def test_a_changed_control_plane_is_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = use(monkeypatch, Cluster({PLANE: [plane()], CONFIG: config(), POD: [gateway(NEW)]}))
    result, _lines = wait(timeout=60)
    assert result["complete"] and not result["problems"] and cluster.requests == [PLANE, CONFIG, POD]
    assert (result["trust_domain"], result["aliases"], result["changed_at"]) == (NEW, [OLD], CHANGED)
    assert result["gateways"] == ["in-h-1"] and result["control_plane"]["metadata"]["name"] == "red"


@pytest.mark.parametrize(
    ("objects", "more", "missing"),
    [
        ({PLANE: []}, {}, "the control plane does not exist"),
        ({PLANE: [plane(observed=1)]}, {}, "control plane: "),
        ({CONFIG: []}, {}, "ConfigMap istio-red has the trust domain none, not red.local"),
        ({CONFIG: config(OLD)}, {}, "ConfigMap istio-red has the trust domain cluster.local, not red.local"),
        ({CONFIG: config(aliases=())}, {}, "ConfigMap istio-red has no alias cluster.local"),
        ({}, {"aliases": [], "absent": [OLD]}, "ConfigMap istio-red still has the alias cluster.local"),
        ({CONFIG: config(injected=OLD)}, {}, "the injector gives new pods the trust domain cluster.local"),
        ({POD: [gateway(OLD)]}, {}, "gateway pods with a former identity: in-h-1"),
    ],
)
def test_what_is_missing_at_the_deadline_is_an_error(
    monkeypatch: pytest.MonkeyPatch, objects: Json, more: Json, missing: str
) -> None:
    use(monkeypatch, Cluster({PLANE: [plane()], CONFIG: config(), POD: [gateway(NEW)], **objects}))
    result, _lines = wait(**more)
    assert not result["complete"] and result["message"].startswith(missing)
    assert [one["code"] for one in result["problems"]] == ["trust-domain-late"]
    assert wait(check=True, **more)[0]["problems"] == [], "check mode only reads"


def test_where_only_aliases_change_gateways_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster({PLANE: [plane()], CONFIG: config(), POD: [gateway(OLD)]}))
    assert wait(gateways=False)[0]["complete"] and not wait()[0]["complete"]


def test_workloads_with_former_pods_do_not_delay_the_control_plane(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster({PLANE: [plane()], CONFIG: config(), POD: [pod("cart-h-1", OLD)]}))
    assert wait()[0]["complete"]


def test_the_wait_ends_when_a_list_confirms_the_events(monkeypatch: pytest.MonkeyPatch) -> None:
    events = [Event(CONFIG, "MODIFIED", one) for one in config()]
    cluster = use(monkeypatch, Cluster({PLANE: [plane()], CONFIG: config(OLD)}, [*events, QUIET]))
    read = cluster.list
    monkeypatch.setattr(
        cluster,
        "list",
        lambda kind, *args: config() if kind == CONFIG and cluster.requests.count(CONFIG) else read(kind, *args),
    )
    result, lines = wait(timeout=60)
    assert result["complete"] and lines == ["red: trust domain: the mesh has it"]


# -- workloads -----------------------------------------------------------------------------------------------------------


class Shop(Cluster):
    """A cluster in which a restart replaces the pods of a workload at once, unless it is stuck."""

    def __init__(self, pods: list[Json], workload: Json, is_stuck: bool = False) -> None:
        super().__init__({POD: pods, workload["kind"]: [workload]})
        self.workload, self.is_stuck, self.patches = workload, is_stuck, []

    def get(self, kind: str, name: str, namespace: str | None = None) -> Json:
        self.requests.append(kind)
        return self.workload

    def merge_patch(
        self, kind: str, name: str, namespace: str, change: Json, manager: str, *, dry_run: bool = False
    ) -> Json:
        self.patches.append((kind, name, dry_run))
        if not dry_run:
            self.workload["metadata"]["generation"] += 1
            if not self.is_stuck:
                self.workload["status"]["observedGeneration"] += 1
                self.objects[POD] = [pod(one["metadata"]["name"] + "x", NEW, kind) for one in self.objects[POD]]
        return {"metadata": {"generation": self.workload["metadata"]["generation"] + dry_run}}

    def watch_many(self, watches: Any, deadline: float) -> Any:
        yield QUIET


def workload(kind: str = "Deployment", **spec: Any) -> Json:
    status = {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1}
    numbers = {"desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1}
    metadata = {"name": "cart", "namespace": "shop", "generation": 1}
    return {"kind": kind, "metadata": metadata, "spec": {"replicas": 1, **spec}, "status": {**status, **numbers}}


def identities(check: bool = False, **more: Any) -> tuple[Json, list[str]]:
    lines: list[str] = []
    params = {"auth": AUTH, "mesh": "red", "namespaces": ["shop"], "trust_domain": NEW, "changed_at": CHANGED}
    params |= {"restart": [], "timeout": 60, "fail_on_problems": False, **more}
    return workload_identities.run(params, check, lines.append), lines


def test_without_a_request_former_workloads_are_only_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop([pod("cart-h-1", OLD), pod("cart-h-2", NEW)], workload())
    use(monkeypatch, shop)
    result, _lines = identities()
    assert not result["complete"] and not result["changed"] and (result["pods"], result["former"]) == (2, 1)
    assert [(one["kind"], one["name"], one["former"]) for one in result["workloads"]] == [
        ("Deployment", "cart", ["cart-h-1"])
    ]
    assert not shop.patches and identities(restart=["elsewhere"])[0]["changed"] is False


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_each_kind_is_restarted_and_awaited(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    shop = Shop([pod("cart-h-1", OLD, kind)], workload(kind))
    use(monkeypatch, shop)
    result, lines = identities(restart=["shop"])
    assert result["complete"] and result["changed"] and shop.patches == [(kind, "cart", False)]
    assert [(one["kind"], one["name"], one["namespace"]) for one in result["objects"]] == [(kind, "cart", "shop")]
    assert lines[0] == f"red: restarting {kind} shop/cart"
    assert not identities(restart=["shop"])[0]["changed"], "a second run changes nothing"


def test_check_mode_sends_dry_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Shop([pod("cart-h-1", OLD)], workload())
    use(monkeypatch, shop)
    result, _lines = identities(check=True, restart=["*"])
    assert shop.patches == [("Deployment", "cart", True)] and result["changed"] and not result["complete"]


def test_a_restart_that_does_not_end_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Shop([pod("cart-h-1", OLD)], workload(), is_stuck=True))
    result, _lines = identities(restart=["shop"], timeout=0)
    assert [one["code"] for one in result["problems"]] == ["workload-late"] and not result["complete"]
    assert "Deployment cart: the change has not been observed yet" in result["problems"][0]["message"]


def test_a_rollout_that_is_under_way_is_not_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a run that was killed; one that is complete is started again, as its pods still have the former identity."""
    annotations = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": AFTER}}}
    rolling = workload(template=annotations)
    rolling["status"]["updatedReplicas"] = 0
    shop = Shop([pod("cart-h-1", OLD)], rolling)
    use(monkeypatch, shop)
    result, _lines = identities(restart=["shop"], timeout=0)
    assert not shop.patches and [one["code"] for one in result["problems"]] == ["workload-late"]
    rolling["status"]["updatedReplicas"] = 1
    assert identities(restart=["shop"])[0]["complete"] and len(shop.patches) == 1


@pytest.mark.parametrize(
    ("kind", "spec", "message"),
    [
        ("Deployment", {}, ""),
        ("Deployment", {"paused": True}, "its rollout is paused"),
        (
            "StatefulSet",
            {"updateStrategy": {"type": "OnDelete"}},
            "it has the update strategy OnDelete: delete its pods",
        ),
        (
            "StatefulSet",
            {"updateStrategy": {"rollingUpdate": {"partition": 2}}},
            "its rollingUpdate.partition keeps the first 2 pods",
        ),
        ("DaemonSet", {"updateStrategy": {"type": "OnDelete"}}, "it has the update strategy OnDelete: delete its pods"),
    ],
)
def test_a_workload_that_does_not_roll_is_left_to_its_owner(
    monkeypatch: pytest.MonkeyPatch, kind: str, spec: Json, message: str
) -> None:
    assert rollouts.cannot_roll(kind, workload(kind, **spec)) == message
    shop = Shop([pod("cart-h-1", OLD, kind)], workload(kind, **spec))
    use(monkeypatch, shop)
    result, _lines = identities(restart=["shop"])
    assert bool(shop.patches) is not bool(message)
    assert [one["message"] for one in result["workloads"]] == ([message] if message else [])


@pytest.mark.parametrize(
    ("kind", "status", "message"),
    [
        ("StatefulSet", {}, ""),
        ("StatefulSet", {"observedGeneration": 0}, "the change has not been observed yet"),
        ("StatefulSet", {"updatedReplicas": 0}, "0 of 1 pods are new"),
        ("StatefulSet", {"readyReplicas": 0}, "0 of 1 pods are available"),
        ("DaemonSet", {}, ""),
        ("DaemonSet", {"updatedNumberScheduled": 0}, "0 of 1 pods are new"),
        ("DaemonSet", {"numberAvailable": 0}, "0 of 1 pods are available"),
    ],
)
def test_rollouts_are_judged_as_kubectl_does(kind: str, status: Json, message: str) -> None:
    live = workload(kind)
    live["status"].update(status)
    assert rollouts.rollout_of(kind, live, 1) == message


def test_pods_that_cannot_be_listed_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster({POD: ClusterError("forbidden", "may not list pods")}))
    result, _lines = identities()
    assert not result["complete"] and [one["code"] for one in result["problems"]] == ["forbidden"]
