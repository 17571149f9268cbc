# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways that an administrator made by hand: used as they are, adopted when asked for, never doubled."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, Object, request_lines, two_meshes

OWNER = "mesh-owner"
MARK = "ossm.federation/adopted-green-mesh"
BOTH = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
PORTS = {"https-discovery": 8188, "tls": 15443}
#: As the samples write them: any name, and the peer's name on the label.
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
    """Two meshes; red's administrator has opened gateways for green already."""
    made = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"), {})
    _write(made, INGRESS, EGRESS)
    made.eventually(lambda: _service(made).get("status", {}).get("loadBalancer", {}).get("ingress"))
    return made


def _write(federation: Federation, ingress: Object, egress: Object) -> None:
    cluster, namespace = federation.location("red-mesh")
    plane = {
        "apiVersion": "maistra.io/v2",
        "kind": "ServiceMeshControlPlane",
        "metadata": {"name": "red-mesh", "namespace": namespace},
        "spec": {"gateways": {"additionalIngress": {"west": ingress}, "additionalEgress": {"east": egress}}},
    }
    federation.lab.apply(cluster, [plane], "by-hand")


def _service(federation: Federation) -> Object:
    return next((one for one in federation.lab.get("red", "services", namespace="red-mesh-system")
                 if one["metadata"]["name"] == "west"), {})


def _gateways(federation: Federation) -> list[str]:
    section = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")["spec"]["gateways"]
    return sorted(name for kind in ("additionalIngress", "additionalEgress") for name in section[kind])


def test_one_that_cannot_serve_is_told_with_its_remedy(federation: Federation) -> None:
    broken = copy.deepcopy(EGRESS)
    broken["service"]["ports"].pop()
    _write(federation, INGRESS, broken)
    run = federation.run()
    assert run.code != 0
    assert "east: it is managed by by-hand and cannot serve green-mesh: it has no port 8188" in run.flat
    assert "[foreign]" in run.flat
    assert _gateways(federation) == ["east", "west"]
    _write(federation, INGRESS, EGRESS)


def test_they_are_used_as_they_are_and_none_is_doubled(federation: Federation) -> None:
    before, plane = _service(federation), federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    run = federation.succeed()
    assert federation.connected() == BOTH
    assert _gateways(federation) == ["east", "west"]
    after = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    assert after["metadata"]["generation"] == plane["metadata"]["generation"]
    assert _service(federation)["metadata"]["uid"] == before["metadata"]["uid"]
    peer = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]
    assert peer["gateways"] == {"ingress": {"name": "west"}, "egress": {"name": "east"}}
    assert "red-mesh: west is the ingress gateway for green-mesh: its label federation.maistra.io/ingress-for is green-mesh" \
        in run.flat
    back = federation.get("green-mesh", "servicemeshpeers", "red-mesh")["spec"]
    assert back["security"]["clientID"] == "red-mesh.local/ns/red-mesh-system/sa/east-service-account"
    assert back["remote"]["addresses"] == [next(iter(before["status"]["loadBalancer"]["ingress"][0].values()))]


def test_adopted_they_stay_what_they_are(federation: Federation) -> None:
    before, plane = _service(federation), federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    federation.options["federation_adopt"] = True
    rehearsal = federation.succeed("--check")
    run = federation.succeed()
    federation.options.pop("federation_adopt")
    field = f'metadata.annotations["{MARK}"]'
    wanted = {("red-mesh", "ServiceMeshControlPlane", "red-mesh-system/red-mesh", "change", (field,))}
    assert rehearsal.changes == run.changes == wanted
    after = federation.get("red-mesh", "servicemeshcontrolplanes", "red-mesh")
    assert after["spec"] == plane["spec"] and after["metadata"]["generation"] == plane["metadata"]["generation"]
    assert after["metadata"]["annotations"][MARK] == "additionalIngress.west,additionalEgress.east"
    service = _service(federation)
    assert (service["metadata"]["uid"], service["status"]) == (before["metadata"]["uid"], before["status"])
    managers = {one["manager"] for one in after["metadata"]["managedFields"] if one["operation"] == "Apply"}
    assert {"by-hand", "ossm.federation/green-mesh"} <= managers
    mark = federation.lab.mark()
    again = federation.succeed()
    assert not again.changes and not federation.writes(mark), request_lines(federation.writes(mark))
    assert "managed by by-hand, adopted" in again.flat


def test_what_their_owner_changes_is_followed(federation: Federation) -> None:
    changed = copy.deepcopy(INGRESS)
    changed["runtime"] = {"deployment": {"autoScaling": {"maxReplicas": 2}}}
    _write(federation, changed, EGRESS)
    run = federation.succeed()
    assert not run.changes and federation.connected() == BOTH


def test_runtime_settings_reach_the_gateways_that_are_ours(federation: Federation) -> None:
    runtime = {
        "deployment": {"replicas": 2, "autoScaling": {"enabled": False}, "strategy": {"rollingUpdate": {"maxSurge": "25%"}}},
        "pod": {
            "nodeSelector": {"node-role.kubernetes.io/infra": ""},
            "tolerations": [{"key": "infra", "operator": "Exists", "effect": "NoSchedule"}],
            "affinity": {"podAntiAffinity": {"preferredDuringScheduling": [
                {"key": "istio", "operator": "In", "values": ["ingressgateway"], "topologyKey": "kubernetes.io/hostname"}]}},
            "priorityClassName": "system-cluster-critical",
            "metadata": {"annotations": {"team": "mesh"}},
        },
        "container": {"resources": {"requests": {"cpu": "100m", "memory": "128Mi"}}, "env": {"GODEBUG": "x"}},
    }
    federation.hosts["green-mesh"].update(
        {"mesh_ingress": {"runtime": runtime}, "mesh_egress": {"peers": {"red-mesh": {"runtime": {"deployment": {
            "autoScaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 3}}}}}}})
    # An operator that takes its time shows the old Ready for a moment.
    federation.lab.set_clocks(operator_notice=0.5, operator_update=1.0)
    run = federation.succeed()
    plane = federation.get("green-mesh", "servicemeshcontrolplanes", "green-mesh")
    assert plane["status"]["observedGeneration"] == plane["metadata"]["generation"]
    assert {(mesh, kind, verb) for mesh, kind, dummy, verb, dummy in run.changes} == {
        ("green-mesh", "ServiceMeshControlPlane", "change")}
    section = federation.get("green-mesh", "servicemeshcontrolplanes", "green-mesh")["spec"]["gateways"]
    # What the API server keeps is what was asked for: nothing of it is pruned.
    assert section["additionalIngress"]["ingress-red-mesh"]["runtime"] == runtime
    assert section["additionalEgress"]["egress-red-mesh"]["runtime"]["deployment"]["autoScaling"]["minReplicas"] == 2
    assert federation.get("green-mesh", "deployments", "ingress-red-mesh")["spec"]["replicas"] == 2
    assert not federation.succeed().changes
    # Unset again it is not ours any more, and goes.
    for key in ("mesh_ingress", "mesh_egress"):
        del federation.hosts["green-mesh"][key]
    federation.succeed()
    section = federation.get("green-mesh", "servicemeshcontrolplanes", "green-mesh")["spec"]["gateways"]
    assert "runtime" not in section["additionalIngress"]["ingress-red-mesh"]
    assert federation.connected() == BOTH
