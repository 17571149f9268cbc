# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failover, splits and access of shared services: written with them, removed with them, and never over objects of users.

All runs have the rights of ``docs/rbac`` and nothing more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from accounts import ACCOUNT, grant, manifests, use_account
from harness import ROOT, Federation, Object, two_meshes
from lab.api import Mark

RED, GREEN = "red-mesh", "green-mesh"
SERVICES = {"ratings": 9080, "reviews": 9080, "details": 9080}
NAMESPACE = "bookinfo"
PAIR: Object = {"mesh": RED, "consumers": [GREEN]}
FAILOVER: Object = {**PAIR, "service": "bookinfo/ratings", "as_local": True, "failover": {"to": RED}}
SPLIT: Object = {**PAIR, "service": "bookinfo/reviews", "weights": {"local": 80, "remote": 20}}
ALLOWED: Object = {**SPLIT, "allow": {"labels": {"app": "reviews"}}}
RULE, SERVICE, POLICY = "ratings-failover-red-mesh", "reviews-split-red-mesh", "reviews-allow-green-mesh"
OTHERS: Object = {
    "apiVersion": "networking.istio.io/v1beta1",
    "kind": "DestinationRule",
    "metadata": {"name": "own", "namespace": NAMESPACE},
    "spec": {"host": "details"},
}


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes in different regions, both with the namespace bookinfo, and a DestinationRule of its users in green."""
    members = {"members": {NAMESPACE: SERVICES}}
    federation = Federation.for_lab(start(two_meshes(red=members, green=members)), tmp_path_factory.mktemp("f"), {})
    for mesh, region in ((RED, "us-west"), (GREEN, "us-east")):
        federation.hosts[mesh]["mesh_locality"] = {"region": region}
    federation.lab.apply("green", [OTHERS])
    for mesh in federation.hosts:
        cluster, namespace = federation.location(mesh)
        use_account(federation, mesh, namespace)
        for playbook in ("federate", "remove-service"):
            grant(federation, mesh, playbook)
        # The role for members is bound in the namespace of the services.
        roles = json.dumps(manifests(federation, mesh, "traffic")).replace(f"{mesh}-{NAMESPACE}", NAMESPACE)
        federation.lab.apply(cluster, json.loads(roles))
    return federation


def _names(federation: Federation, cluster: str) -> list[str]:
    kinds = ("destinationrules", "virtualservices", "authorizationpolicies")
    return [one["metadata"]["name"] for kind in kinds for one in federation.lab.get(cluster, kind, namespace=NAMESPACE)]


def _writes(federation: Federation, mark: Mark) -> list[str]:
    cluster, namespace = federation.location(GREEN)
    sent = federation.lab.audit(cluster, mark, f"system:serviceaccount:{namespace}:{ACCOUNT}")
    return [request.resource for request in sent if request.changes]


def test_objects_are_written_with_the_service(federation: Federation) -> None:
    """A user's DestinationRule for the host of a third entry stays, and stops that entry alone."""
    federation.options["federation_services"] = [FAILOVER, ALLOWED, {**FAILOVER, "service": "bookinfo/details"}]
    check = federation.run("--check", "--diff")
    mark = federation.lab.mark()
    run = federation.run()
    assert run.code != 0 and run.changes == check.changes, run.output
    assert "DestinationRule bookinfo/own: it is managed by" in run.flat and "[traffic-unmanaged]" in run.flat
    assert set(run.cells.values()) == {"ok", "ok, 3 imported"}
    assert _names(federation, "green") == ["own", RULE, SERVICE] and _names(federation, "red") == [POLICY]
    own = federation.lab.get("green", "destinationrules", "own", NAMESPACE)
    assert own["spec"] == OTHERS["spec"] and len(own["metadata"]["managedFields"]) == 1
    rule = federation.lab.get("green", "destinationrules", RULE, NAMESPACE)
    assert rule["metadata"]["managedFields"][0]["manager"] == f"ossm.federation/{RED}"
    assert rule["spec"]["trafficPolicy"]["loadBalancer"]["localityLbSetting"]["failover"] == [
        {"from": "us-east", "to": "us-west"}
    ]
    route = federation.lab.get("green", "virtualservices", SERVICE, NAMESPACE)["spec"]["http"][0]["route"]
    assert [(part["destination"]["host"], part["weight"]) for part in route] == [
        ("reviews.bookinfo.svc.cluster.local", 80),
        (f"reviews.bookinfo.svc.{RED}-imports.local", 20),
    ]
    # The split comes last: its host is imported by then.
    assert _writes(federation, mark)[-2:] == ["destinationrules", "virtualservices"]


def test_what_is_not_declared_any_more_is_removed_on_request(federation: Federation) -> None:
    shared = {key: value for key, value in FAILOVER.items() if key != "failover"}
    federation.options["federation_services"] = [shared, ALLOWED]
    kept = federation.succeed()
    assert "[traffic-undeclared]" in kept.flat and RULE in _names(federation, "green")
    federation.options["federation_prune"] = True
    pruned = federation.succeed()
    assert {change[1:4] for change in pruned.changes} == {("DestinationRule", f"{NAMESPACE}/{RULE}", "delete")}
    assert _names(federation, "green") == ["own", SERVICE] and federation.succeed().unchanged
    federation.options["federation_prune"] = False


def test_they_go_with_the_service_and_before_it(federation: Federation) -> None:
    federation.options["federation_services"] = []
    federation.hosts[RED]["mesh_exports"] = federation.hosts[GREEN]["mesh_imports"] = {}
    mark = federation.lab.mark()
    removed = federation.play(
        ROOT / "playbooks" / "remove_service.yml",
        *("-e", "federation_remove_service=bookinfo/reviews", "-e", f"federation_remove_exporter={RED}"),
        *("-e", "federation_confirm=bookinfo/reviews"),
    )
    assert removed.code == 0 and removed.data["verdict"] == "REMOVED", removed.output
    assert _writes(federation, mark)[:2] == ["virtualservices", "importedservicesets"]
    assert _names(federation, "green") == ["own"] and _names(federation, "red") == []
