# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Existing gateways that an administrator wrote: used as they are, adopted on request, never duplicated."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, Object, request_lines, two_meshes

OWNER = "mesh-owner"
ADOPTED = "ossm.federation/adopted-green-mesh"
BOTH = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
PORTS = {"https-discovery": 8188, "tls": 15443}
#: As in the product's samples: any name, and the peer's name in the label.
INGRESS: Object = {
    "enabled": True,
    "routeConfig": {"enabled": False},
    "service": {
        "type": "LoadBalancer",
        "metadata": {"labels": {"federation.maistra.io/ingress-for": "green-mesh"}},
        "ports": [{"port": port, "name": name} for name, port in PORTS.items()],
    },
}
EGRESS: Object = {
    "enabled": True,
    "requestedNetworkView": ["network-green-mesh"],
    "service": {
        "metadata": {"labels": {"federation.maistra.io/egress-for": "green-mesh"}},
        "ports": [{"port": 15443, "name": "tls"}, {"port": 8188, "name": "http-discovery"}],
    },
}


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes; red has gateways for green that its administrator wrote."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"), {})
    _apply_gateways(federation, INGRESS, EGRESS)
    federation.eventually(lambda: _service(federation).get("status", {}).get("loadBalancer", {}).get("ingress"))
    return federation


def _apply_gateways(federation: Federation, ingress: Object, egress: Object) -> None:
    cluster, namespace = federation.location("red-mesh")
    plane = {
        "apiVersion": "maistra.io/v2",
        "kind": "ServiceMeshControlPlane",
        "metadata": {"name": "red-mesh", "namespace": namespace},
        "spec": {"gateways": {"additionalIngress": {"west": ingress}, "additionalEgress": {"east": egress}}},
    }
    federation.lab.apply(cluster, [plane], "by-hand")


def _service(federation: Federation) -> Object:
    services = federation.lab.get("red", "services", namespace="red-mesh-system")
    return next((service for service in services if service["metadata"]["name"] == "west"), {})


def _gateways(federation: Federation) -> list[str]:
    section = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")["spec"]["gateways"]
    return sorted(name for kind in ("additionalIngress", "additionalEgress") for name in section[kind])


def test_an_unsuitable_gateway_is_reported_with_its_fix(federation: Federation) -> None:
    broken = copy.deepcopy(EGRESS)
    broken["service"]["ports"].pop()
    _apply_gateways(federation, INGRESS, broken)
    run = federation.run()
    assert run.code != 0
    assert "east: it is managed by by-hand and cannot serve green-mesh: it has no port 8188" in run.flat
    assert "[unmanaged]" in run.flat
    assert _gateways(federation) == ["east", "west"]
    _apply_gateways(federation, INGRESS, EGRESS)


def test_existing_gateways_are_used_and_not_duplicated(federation: Federation) -> None:
    before, plane = _service(federation), federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    run = federation.succeed()
    assert federation.connected() == BOTH
    assert _gateways(federation) == ["east", "west"]
    after = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    assert after["metadata"]["generation"] == plane["metadata"]["generation"]
    assert _service(federation)["metadata"]["uid"] == before["metadata"]["uid"]
    peer = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]
    assert peer["gateways"] == {"ingress": {"name": "west"}, "egress": {"name": "east"}}
    assert (
        "red-mesh: west is the ingress gateway for green-mesh: its label federation.maistra.io/ingress-for is green-mesh"
        in run.flat
    )
    peer_of_green = federation.get("green-mesh", "servicemeshpeers", "red-mesh")["spec"]
    assert peer_of_green["security"]["clientID"] == "red-mesh.local/ns/red-mesh-system/sa/east-service-account"
    assert peer_of_green["remote"]["addresses"] == [next(iter(before["status"]["loadBalancer"]["ingress"][0].values()))]


def test_adopted_gateways_are_unchanged(federation: Federation) -> None:
    before, plane = _service(federation), federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    federation.options["federation_adopt"] = True
    check_run = federation.succeed("--check")
    run = federation.succeed()
    federation.options.pop("federation_adopt")
    field = f'metadata.annotations["{ADOPTED}"]'
    expected = {("red-mesh", "ServiceMeshControlPlane", "red-mesh-system/red-mesh", "change", (field,))}
    assert check_run.changes == run.changes == expected
    after = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    assert after["spec"] == plane["spec"] and after["metadata"]["generation"] == plane["metadata"]["generation"]
    assert after["metadata"]["annotations"][ADOPTED] == "additionalIngress.west,additionalEgress.east"
    service = _service(federation)
    assert (service["metadata"]["uid"], service["status"]) == (before["metadata"]["uid"], before["status"])
    managers = {entry["manager"] for entry in after["metadata"]["managedFields"] if entry["operation"] == "Apply"}
    assert {"by-hand", "ossm.federation/green-mesh"} <= managers
    mark = federation.lab.mark()
    again = federation.succeed()
    assert not again.changes and not federation.writes(mark), request_lines(federation.writes(mark))
    assert "managed by by-hand, adopted" in again.flat


def test_a_change_by_their_owner_is_kept(federation: Federation) -> None:
    changed = copy.deepcopy(INGRESS)
    changed["runtime"] = {"deployment": {"autoScaling": {"maxReplicas": 2}}}
    _apply_gateways(federation, changed, EGRESS)
    run = federation.succeed()
    assert not run.changes and federation.connected() == BOTH


def test_runtime_settings_are_applied_to_managed_gateways(federation: Federation) -> None:
    runtime = {
        "deployment": {
            "replicas": 2,
            "autoScaling": {"enabled": False},
            "strategy": {"rollingUpdate": {"maxSurge": "25%"}},
        },
        "pod": {
            "nodeSelector": {"node-role.kubernetes.io/infra": ""},
            "tolerations": [{"key": "infra", "operator": "Exists", "effect": "NoSchedule"}],
            "affinity": {
                "podAntiAffinity": {
                    "preferredDuringScheduling": [
                        {
                            "key": "istio",
                            "operator": "In",
                            "values": ["ingressgateway"],
                            "topologyKey": "kubernetes.io/hostname",
                        }
                    ]
                }
            },
            "priorityClassName": "system-cluster-critical",
            "metadata": {"annotations": {"team": "mesh"}},
        },
        "container": {"resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}, "env": {"GODEBUG": "x"}},
    }
    federation.hosts["green-mesh"].update(
        {
            "mesh_ingress": {"runtime": runtime},
            "mesh_egress": {
                "peers": {
                    "red-mesh": {
                        "runtime": {
                            "deployment": {"autoScaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 3}}
                        }
                    }
                }
            },
        }
    )
    # A slow operator keeps the old Ready condition for a moment.
    federation.lab.set_clocks(operator_notice=0.5, operator_update=1.0)
    run = federation.succeed()
    plane = federation.get("green-mesh", "servicemeshcontrolplanes", "green-mesh")
    assert plane["status"]["observedGeneration"] == plane["metadata"]["generation"]
    assert {(mesh, kind, verb) for mesh, kind, dummy, verb, dummy in run.changes} == {
        ("green-mesh", "ServiceMeshControlPlane", "change")
    }
    section = federation.get("green-mesh", "servicemeshcontrolplanes", "green-mesh")["spec"]["gateways"]
    # The API server prunes no field of the settings.
    assert section["additionalIngress"]["ingress-red-mesh"]["runtime"] == runtime
    assert section["additionalEgress"]["egress-red-mesh"]["runtime"]["deployment"]["autoScaling"]["minReplicas"] == 2
    assert federation.get("green-mesh", "deployments", "ingress-red-mesh")["spec"]["replicas"] == 2
    assert not federation.succeed().changes
    # Without the variables the fields are removed.
    for key in ("mesh_ingress", "mesh_egress"):
        del federation.hosts["green-mesh"][key]
    federation.succeed()
    section = federation.get("green-mesh", "servicemeshcontrolplanes", "green-mesh")["spec"]["gateways"]
    assert "runtime" not in section["additionalIngress"]["ingress-red-mesh"]
    assert federation.connected() == BOTH
