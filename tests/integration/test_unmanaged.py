# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wrong unmanaged objects: kept as they are, and reported by link and direction with the product's own text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, Object

HUB = "red-mesh"
SPOKES = ("root", "address", "port", "trust", "client")
OTHER_MANAGER = "another-controller"
SERVER_DOWN = "503 Service Unavailable"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """A hub and five spokes, each with one wrong value, which another manager wrote before any link was connected."""
    meshes = {HUB: {"cluster": "red"}} | {f"{name}-mesh": {"cluster": "green"} for name in SPOKES}
    lab = start({"clusters": {"red": {"platform": "Azure"}, "green": {"platform": "Azure"}}, "meshes": meshes})
    federation = Federation.for_lab(
        lab, tmp_path_factory.mktemp("f"), {f"{name}-mesh": {"mesh_peers": [HUB]} for name in SPOKES}
    )
    federation.hosts[HUB]["mesh_peers"] = []
    federation.options["federation_wait_timeout"] = 6
    federation.succeed("-l", HUB)
    for name in SPOKES[:-1]:
        _write_wrong(federation, name)
    federation.run("-l", f"federation:!{HUB}")
    _write_wrong_client(federation)
    federation.run()
    return federation


def _address(federation: Federation, mesh: str, peer: str) -> str:
    service = federation.get(mesh, "services", f"ingress-{peer}")
    return service["status"]["loadBalancer"]["ingress"][0]["ip"]


def _peer(federation: Federation, mesh: str, peer: str) -> list[Object]:
    """Build a ConfigMap with the root of the peer, and a correct ServiceMeshPeer."""
    namespace = federation.location(mesh)[1]
    root = federation.get(peer, "configmaps", "istio-ca-root-cert")["data"]
    return [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"root-of-{peer}", "namespace": namespace},
            "data": root,
        },
        {
            "apiVersion": "federation.maistra.io/v1",
            "kind": "ServiceMeshPeer",
            "metadata": {"name": peer, "namespace": namespace},
            "spec": {
                "remote": {"addresses": [_address(federation, mesh=peer, peer=mesh)]},
                "gateways": {"ingress": {"name": f"ingress-{peer}"}, "egress": {"name": f"egress-{peer}"}},
                "security": {
                    "trustDomain": f"{peer}.local",
                    "certificateChain": {"kind": "ConfigMap", "name": f"root-of-{peer}"},
                    "clientID": f"{peer}.local/ns/{peer}-system/sa/egress-{mesh}-service-account",
                },
            },
        },
    ]


def _write_wrong(federation: Federation, name: str) -> None:
    mesh = f"{name}-mesh"
    config_map, peer = _peer(federation, mesh, HUB)
    if name == "root":
        config_map["data"] = federation.get("port-mesh", "configmaps", "istio-ca-root-cert")["data"]
    elif name == "address":
        network = federation.lab.clusters["red"].entry["addresses"].rpartition(".")[0]
        peer["spec"]["remote"]["addresses"] = [f"{network}.251"]
    elif name == "port":
        peer["spec"]["remote"]["discoveryPort"] = 8199
    else:
        peer["spec"]["security"]["trustDomain"] = "another.local"
    federation.lab.apply(federation.location(mesh)[0], [config_map, peer], OTHER_MANAGER)


def _write_wrong_client(federation: Federation) -> None:
    config_map, peer = _peer(federation, HUB, "client-mesh")
    peer["spec"]["security"]["clientID"] = "client-mesh.local/ns/client-mesh-system/sa/another-service-account"
    federation.lab.apply(federation.location(HUB)[0], [config_map, peer], OTHER_MANAGER)


#: The wrong value -> the text of the spoke's watch, and whether the hub's watch of the spoke is connected.
WATCHES = {
    "root": (SERVER_DOWN, False),
    "address": (SERVER_DOWN, True),
    "port": (SERVER_DOWN, True),
    "trust": (SERVER_DOWN, False),
    "client": ("403 Forbidden", True),
}


@pytest.mark.parametrize("name", WATCHES)
def test_the_watch_has_the_text_of_the_product(federation: Federation, name: str) -> None:
    text, hub_is_connected = WATCHES[name]
    mesh = f"{name}-mesh"
    watch = federation.eventually(lambda: _watch_with_text(federation, mesh, HUB, text))
    assert not watch["connected"]
    if hub_is_connected:
        assert federation.watch(HUB, mesh)["connected"]
    else:
        assert not federation.eventually(lambda: _watch_with_text(federation, HUB, mesh, SERVER_DOWN))["connected"]


def _watch_with_text(federation: Federation, mesh: str, peer: str, text: str) -> Object | None:
    watch = federation.watch(mesh, peer)
    return watch if watch.get("lastDisconnectStatus") == text else None


@pytest.mark.parametrize("name", WATCHES)
def test_the_matrix_names_link_and_direction(federation: Federation, name: str) -> None:
    text, hub_is_connected = WATCHES[name]
    run = federation.runs[-1]
    assert run.code != 0
    state = "refused" if text.startswith("403") else "unreachable"
    assert run.cells[f"{name}-mesh", HUB] == state, run.matrix
    assert run.cells[HUB, f"{name}-mesh"] == ("ok" if hub_is_connected else "unreachable"), run.matrix
    assert text in run.flat


def test_unmanaged_objects_are_kept_and_reported_with_their_manager(federation: Federation) -> None:
    run = federation.run()
    fields = {
        "address": "spec.remote.addresses",
        "port": "spec.remote.discoveryPort",
        "trust": "spec.security.trustDomain",
    }
    for name in SPOKES:
        mesh, peer = (HUB, "client-mesh") if name == "client" else (f"{name}-mesh", HUB)
        body = federation.get(mesh, "servicemeshpeers", peer)
        writers = {entry["manager"] for entry in body["metadata"]["managedFields"] if not entry.get("subresource")}
        assert writers == {OTHER_MANAGER}
        described = (
            f"ConfigMap {mesh}-system/root-of-{peer}" if name == "root" else f"ServiceMeshPeer {mesh}-system/{peer}"
        )
        assert f"{described}: " in run.flat and OTHER_MANAGER in run.flat
        assert fields.get(name, "") in run.flat
    assert "spec.security.clientID" in run.flat
    assert not run.changes
    assert "[unmanaged]" in run.flat


def test_the_links_connect_after_their_owner_corrects_the_objects(federation: Federation) -> None:
    for name in ("address", "port"):
        cluster = federation.location(f"{name}-mesh")[0]
        federation.lab.apply(cluster, _peer(federation, f"{name}-mesh", HUB), OTHER_MANAGER)
    federation.eventually(
        lambda: all(federation.watch(f"{name}-mesh", HUB).get("connected") for name in ("address", "port"))
    )
    run = federation.run()
    assert run.cells["address-mesh", HUB] == run.cells["port-mesh", HUB] == "ok"
