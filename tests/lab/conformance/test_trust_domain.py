# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trust domain of a running mesh: aliases, gateways, and the identities of workloads (2.5)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from lab import seed
from lab.conformance.conftest import Meshes
from lab.conformance.kube import Clock, Object
from lab.conformance.links import Pair
from lab.conformance.mesh import Mesh
from lab.conformance.objects import CONTROL_PLANE, SLACK, assert_duration, is_pod_ready

NEW = "changed.local"
WORKLOADS = {"caller": "Deployment", "store": "StatefulSet", "agent": "DaemonSet"}


def set_trust(mesh: Mesh, **trust: Any) -> None:
    """Change the section of the control plane's spec."""
    mesh.patch(CONTROL_PLANE, mesh.control_plane, {"spec": {"security": {"trust": trust}}})


def config(mesh: Mesh) -> Object:
    """Return the mesh's config."""
    content: Object = yaml.safe_load(mesh.get("ConfigMap", f"istio-{mesh.control_plane}")["data"]["mesh"])
    return content


def domain_of(pod: Object) -> str:
    """Return the trust domain that a sidecar or a gateway was started with."""
    variables = [variable for container in pod["spec"]["containers"] for variable in container.get("env") or []]
    return next((str(variable["value"]) for variable in variables if variable["name"] == "TRUST_DOMAIN"), "")


def app_pods(mesh: Mesh) -> dict[str, Object]:
    """Return the pods of the workloads that are ready."""
    return {name: pod for name, pod in mesh.watch("Pod", mesh.app).all().items() if is_pod_ready(pod)}


def until_identities(mesh: Mesh, *domains: str) -> None:
    """Wait until every workload runs, with the identities of these trust domains."""
    deadline = time.monotonic() + mesh.clock.real(120) + SLACK
    wanted = 2 + len(mesh.lab.content["clusters"][mesh.cluster]["nodes"])
    while True:
        ready, everything = app_pods(mesh), mesh.watch("Pod", mesh.app).all()
        found = {domain_of(pod) for pod in ready.values()}
        if found == set(domains) and len(ready) == len(everything) == wanted:
            return
        assert time.monotonic() < deadline, f"{found} in {sorted(ready)} of {sorted(everything)}"
        time.sleep(0.05)


def restart(mesh: Mesh, name: str) -> None:
    """Restart a workload as `kubectl rollout restart` does."""
    annotations = {"kubectl.kubernetes.io/restartedAt": str(time.time())}
    change = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    mesh.api.patch(WORKLOADS[name], name, mesh.app, change)


def call(mesh: Mesh) -> int:
    """Return the status of requests from all pods of a workload to all pods of another."""
    return int(mesh.lab.call(mesh.name, f"{mesh.app}/caller", f"{mesh.app}/store")["status"])


@pytest.fixture(name="red")
def _red(meshes: Meshes) -> Iterator[Mesh]:
    """Red with a workload of each kind."""
    red = meshes.red
    for name, kind in WORKLOADS.items():
        red.api.apply(seed.workload(red.app, name, kind))
    until_identities(red, red.trust_domain)
    yield red
    for name, kind in WORKLOADS.items():
        red.api.delete(kind, name, red.app)
    deadline = time.monotonic() + SLACK
    while red.watch("Pod", red.app).all():
        assert time.monotonic() < deadline, "pods of deleted workloads remain"
        time.sleep(0.05)


@pytest.mark.observation("short-16")
def test_trust_domain_is_changed_in_stages(red: Mesh, clock: Clock) -> None:
    """An alias restarts nothing; the new domain rolls the gateways; pods have it when they are made again."""
    old, istiod, gateways = red.trust_domain, red.pods("istiod"), red.pods("green-ingress")
    workloads = app_pods(red)
    begin = time.monotonic()
    set_trust(red, additionalDomains=[NEW])
    assert_duration(clock, begin, red.until_ready().moment, 3, 12)
    assert (config(red)["trustDomain"], config(red)["trustDomainAliases"]) == (old, [NEW])
    assert (red.pods("istiod").keys(), red.pods("green-ingress").keys()) == (istiod.keys(), gateways.keys())
    set_trust(red, domain=NEW, additionalDomains=[old])
    red.until_ready()
    assert (config(red)["trustDomain"], config(red)["trustDomainAliases"]) == (NEW, [old])
    assert red.pods("istiod").keys() == istiod.keys(), "istiod goes on"
    assert not red.pods("green-ingress").keys() & gateways.keys()
    assert {domain_of(pod) for pod in red.pods("green-ingress").values()} == {NEW}
    assert app_pods(red).keys() == workloads.keys() and call(red) == 200
    restart(red, "caller")
    until_identities(red, old, NEW)
    assert call(red) == 200, "both identities are accepted"
    set_trust(red, additionalDomains=[])
    red.until_ready()
    assert call(red) == 503, "the store still has the old identity"
    restart(red, "store")
    restart(red, "agent")
    until_identities(red, NEW)
    assert call(red) == 200


@pytest.mark.observation("trust-alias-ends")
def test_bundle_of_a_peer_ends_aliases(red: Mesh, pair: Pair, clock: Clock) -> None:
    """Pods with the old identity are rejected from the first peer on, and still when it is deleted."""
    set_trust(red, domain=NEW, additionalDomains=[red.trust_domain])
    red.until_ready()
    assert call(red) == 200
    pair.first.trust()
    pair.first.peer()
    deadline = time.monotonic() + SLACK
    while call(red) != 503:
        assert time.monotonic() < deadline, "the bundle was not loaded"
        time.sleep(0.05)
    red.delete("ServiceMeshPeer", "green")
    clock.sleep(10)
    assert call(red) == 503
    for name in WORKLOADS:
        restart(red, name)
    until_identities(red, NEW)
    assert call(red) == 200
