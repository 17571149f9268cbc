# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of gateways: pending, slow, public and internal load balancers, pools, node ports, names of a cluster."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from harness import DEFAULT_LINKS, Federation, two_meshes

AZURE = "service.beta.kubernetes.io/azure-load-balancer-internal"
REASON = (
    "SyncLoadBalancerFailed: Error syncing load balancer: failed to ensure load balancer: the quota of load balancers"
)


def _remote(federation: Federation, mesh: str, peer: str) -> dict[str, Any]:
    return federation.get(mesh, "servicemeshpeers", peer)["spec"]["remote"]


def _annotations(federation: Federation, mesh: str, peer: str) -> dict[str, str]:
    return federation.get(mesh, "services", f"ingress-{peer}")["metadata"].get("annotations", {})


def _announced(run: Any) -> list[str]:
    """Return the text that the run printed before its first write."""
    return run.paragraphs("Announce the changes")


# -- pending load balancers -----------------------------------------------------------------------------------------


def test_a_pending_load_balancer_is_reported_with_its_reason(
    start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    federation = Federation.for_lab(start(), tmp_path_factory.mktemp("f"))
    federation.options["federation_gateway_timeout"] = 24
    with federation.lab.fault("lb-pending", mesh="red-mesh"):
        run = federation.run()
        events = federation.lab.get("red", "events", namespace="red-mesh-system")
    assert run.code != 0 and "Traceback" not in run.output
    assert "[no-address]" in run.flat and "Service red-mesh-system/ingress-green-mesh" in run.flat
    assert f"s left; waiting for ingress-blue-mesh: its load balancer has no address yet ({REASON}" in run.flat, (
        run.output
    )
    # The report names the cause of all four links once.
    services = "Service red-mesh-system/ingress-blue-mesh, Service red-mesh-system/ingress-green-mesh"
    (cause,) = [line for line in run.report if "Fix: " in line]
    assert cause.startswith(f"ERROR red-mesh: {services}: no address after "), run.report
    assert f"its load balancer has no address yet ({REASON}" in cause, run.report
    assert cause.endswith("Links: blue-mesh, green-mesh -> red-mesh; red-mesh -> blue-mesh, green-mesh (pending).")
    assert {link: run.cells[link] for link in DEFAULT_LINKS} == {
        **dict.fromkeys(DEFAULT_LINKS, "pending"),
        ("green-mesh", "blue-mesh"): "ok",
        ("blue-mesh", "green-mesh"): "ok",
    }
    assert federation.connected() == [("blue-mesh", "green-mesh"), ("green-mesh", "blue-mesh")]
    # The API server records events of Services, too.
    reasons = {event["reason"] for event in events if event["reportingComponent"] == "service-controller"}
    assert reasons == {"EnsuringLoadBalancer", "SyncLoadBalancerFailed"}
    completed = federation.succeed()
    assert federation.connected() == sorted(DEFAULT_LINKS) and "[no-address]" not in completed.flat


# -- slow, public, internal and live load balancers -----------------------------------------------------------------


@pytest.fixture(scope="module")
def clouds(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Red on AWS, internal, and green on Azure, federated while all load balancers were slow."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    federation.hosts["red-mesh"]["mesh_ingress"] = {"internal": True}
    with federation.lab.fault("lb-slow", times=20):
        federation.succeed()
    return federation


def test_a_run_waits_for_slow_load_balancers(clouds: Federation) -> None:
    assert clouds.connected() == [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]


def test_the_exposure_is_announced_before_the_first_write(clouds: Federation) -> None:
    announced = _announced(clouds.runs[0])
    assert "2 new load balancers will be created: 1 public, 1 internal." in announced
    for reason in (
        "green-mesh: Azure, from the Infrastructure object. LoadBalancer, public, as mesh_ingress.internal is not set: ",
        "red-mesh: AWS, from the Infrastructure object. LoadBalancer, internal, as set by mesh_ingress: ",
    ):
        assert [line for line in announced if line.startswith(reason)], announced
    assert _annotations(clouds, "red-mesh", "green-mesh") == {
        "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
        "service.beta.kubernetes.io/aws-load-balancer-internal": "true",
    }
    assert _remote(clouds, "green-mesh", "red-mesh")["addresses"][0].startswith("internal-")


def test_a_live_address_changes_only_with_confirmation(clouds: Federation) -> None:
    before, remote = clouds.versions(), _remote(clouds, "red-mesh", "green-mesh")
    clouds.hosts["green-mesh"]["mesh_ingress"] = {"internal": True}
    run = clouds.run()
    assert run.code != 0 and "[address-change]" in run.flat and "federation_confirm_address_change" in run.flat
    assert clouds.versions().keys() == before.keys() and AZURE not in _annotations(clouds, "green-mesh", "red-mesh")
    clouds.options["federation_confirm_address_change"] = ["green-mesh"]
    changed = clouds.succeed()
    assert "[address-changes]" in changed.flat and _annotations(clouds, "green-mesh", "red-mesh") == {AZURE: "true"}
    ingress = ["status", "loadBalancer", "ingress"]
    clouds.eventually(
        lambda: (
            _read_path(clouds.get("green-mesh", "services", "ingress-red-mesh"), ingress)
            != [{"ip": remote["addresses"][0], "ipMode": "VIP"}]
        )
    )
    followed = clouds.succeed()
    assert _remote(clouds, "red-mesh", "green-mesh") != remote
    # With a fast cloud the run that changes the address already writes the new one to the peer.
    peers = {change[:4] for change in changed.changes | followed.changes if change[1] != "ServiceMeshControlPlane"}
    assert peers == {("red-mesh", "ServiceMeshPeer", "red-mesh-system/green-mesh", "change")}
    assert len(clouds.connected()) == 2
    unchanged = clouds.succeed()
    assert unchanged.unchanged and "[address-" not in unchanged.flat


def test_an_internal_load_balancer_without_variable_stays_internal(clouds: Federation) -> None:
    variable = clouds.hosts["red-mesh"].pop("mesh_ingress")
    run = clouds.succeed()
    clouds.hosts["red-mesh"]["mesh_ingress"] = variable
    assert "[address-kept]" in run.flat and run.unchanged
    assert "LoadBalancer, internal, like the live gateway" in " ".join(_announced(run))


def _read_path(value: Any, path: list[str]) -> Any:
    for key in path:
        value = value.get(key, {})
    return value


# -- all other kinds of exposure -------------------------------------------------------------------------------------

EXPOSURES = {
    "clusters": {
        "aws": {"platform": "AWS"},
        "z": {"platform": "None", "arch": "s390x"},
        "oci": {"platform": "External", "metallb": True},
    },
    "meshes": {
        "red-mesh": {"cluster": "aws"},
        "green-mesh": {"cluster": "aws"},
        "blue-mesh": {"cluster": "z"},
        "gold-mesh": {"cluster": "oci"},
    },
}
NODE_PORTS = {"tls": 30443, "https-discovery": 30188}


@contextmanager
def _proxy(address: str, ports: dict[int, int]) -> Iterator[dict[int, int]]:
    """Run an external TCP load balancer (as HAProxy or F5); yield its port on 127.0.0.1 by port of the target."""
    listening = {port: socket.create_server(("127.0.0.1", 0)) for port in ports}
    for port, server in listening.items():
        threading.Thread(target=_accept, args=(server, (address, ports[port])), daemon=True).start()
    try:
        yield {port: server.getsockname()[1] for port, server in listening.items()}
    finally:
        for server in listening.values():
            server.close()


def _accept(server: socket.socket, target: tuple[str, int]) -> None:
    with suppress(OSError):
        while True:
            client = server.accept()[0]
            with suppress(OSError):
                upstream = socket.create_connection(target, timeout=10)
                upstream.settimeout(None)
                for pair in ((client, upstream), (upstream, client)):
                    threading.Thread(target=_pump, args=pair, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _create_router(federation: Federation) -> None:
    """Create the Service of OpenShift's router, whose address shows that the vendor provides load balancers."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "router-default", "namespace": "openshift-ingress"},
        "spec": {"type": "LoadBalancer", "ports": [{"name": "https", "port": 443, "protocol": "TCP"}]},
    }
    federation.lab.apply("oci", [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "openshift-ingress"}}])
    federation.lab.apply("oci", [service])
    federation.eventually(
        lambda: _read_path(
            federation.lab.get("oci", "services", "router-default", "openshift-ingress"),
            ["status", "loadBalancer", "ingress"],
        )
    )


def _write_kubeconfig(federation: Federation, cluster: str, port: int) -> str:
    """Write a kubeconfig with another URL of the cluster's API server; return its path."""
    content = yaml.safe_load(Path(federation.lab.clusters[cluster].kubeconfig).read_text(encoding="utf-8"))
    content["clusters"][0]["cluster"]["server"] = f"https://localhost:{port}"
    path = federation.folder / f"{cluster}-by-another-url"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(path)


def _set_variables(federation: Federation, ports: dict[int, int]) -> None:
    """Set all options of mesh_ingress: a pool, a fixed address, an external load balancer, the exposure of one link."""
    fixed = str(federation.lab.clusters["oci"].entry["addresses"]).rpartition(".")[0] + ".77"
    federation.hosts["gold-mesh"]["mesh_ingress"] = {
        "annotations": {"metallb.io/address-pool": "federation"},
        "peers": {"red-mesh": {"loadBalancerIP": fixed, "loadBalancerSourceRanges": ["127.0.0.0/8"]}},
    }
    federation.hosts["blue-mesh"]["mesh_ingress"] = {
        "peers": {
            "red-mesh": {
                "nodePorts": NODE_PORTS,
                "addresses": ["127.0.0.1"],
                "discoveryPort": ports[8188],
                "servicePort": ports[15443],
            }
        }
    }
    federation.hosts["red-mesh"]["mesh_ingress"] = {"peers": {"gold-mesh": {"exposure": "NodePort"}}}


def _nodes(federation: Federation, cluster: str) -> list[str]:
    return sorted(node["address"] for node in federation.lab.clusters[cluster].entry["nodes"])


def _remote_of_nodes(federation: Federation, mesh: str, peer: str, cluster: str) -> dict[str, Any]:
    """Return the ``remote`` that the peer needs for a gateway with node ports."""
    ports = {
        port["name"]: port["nodePort"] for port in federation.get(mesh, "services", f"ingress-{peer}")["spec"]["ports"]
    }
    return {
        "addresses": _nodes(federation, cluster),
        "discoveryPort": ports["https-discovery"],
        "servicePort": ports["tls"],
    }


@pytest.fixture(scope="module")
def exposures(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    """Four meshes with every kind of exposure, federated. Red and green are in one cluster, with different URLs."""
    federation = Federation.for_lab(start(EXPOSURES), tmp_path_factory.mktemp("f"), {})
    _create_router(federation)
    server, dummy, port = federation.lab.clusters["aws"].entry["server"].removeprefix("https://").partition(":")
    ports = {8188: NODE_PORTS["https-discovery"], 15443: NODE_PORTS["tls"]}
    with (
        _proxy(_nodes(federation, "z")[1], ports) as gateway_ports,
        _proxy(server, {int(port): int(port)}) as api_ports,
    ):
        _set_variables(federation, gateway_ports)
        federation.hosts["green-mesh"]["mesh_kubeconfig"] = _write_kubeconfig(federation, "aws", api_ports[int(port)])
        federation.succeed()
        yield federation


def test_all_links_connect(exposures: Federation) -> None:
    meshes = list(exposures.lab.meshes)
    assert exposures.connected() == sorted((mesh, peer) for mesh in meshes for peer in meshes if mesh != peer)
    assert exposures.succeed().unchanged


def test_meshes_of_one_cluster_with_different_urls_use_its_names(exposures: Federation) -> None:
    servers = {
        yaml.safe_load(Path(exposures.hosts[mesh]["mesh_kubeconfig"]).read_text())["clusters"][0]["cluster"]["server"]
        for mesh in ("red-mesh", "green-mesh")
    }
    assert len(servers) == 2
    assert _remote(exposures, "red-mesh", "green-mesh") == {
        "addresses": ["ingress-red-mesh.green-mesh-system.svc.cluster.local"]
    }
    assert _remote(exposures, "green-mesh", "red-mesh") == {
        "addresses": ["ingress-green-mesh.red-mesh-system.svc.cluster.local"]
    }
    assert "ClusterIP: both meshes are in one cluster" in json.dumps(_announced(exposures.runs[0]))


def test_an_external_load_balancer_and_addresses_of_nodes(exposures: Federation) -> None:
    variable = exposures.hosts["blue-mesh"]["mesh_ingress"]["peers"]["red-mesh"]
    assert _remote(exposures, "red-mesh", "blue-mesh") == {
        key: variable[key] for key in ("addresses", "discoveryPort", "servicePort")
    }
    assert _remote(exposures, "green-mesh", "blue-mesh") == _remote_of_nodes(exposures, "blue-mesh", "green-mesh", "z")
    announced = json.dumps(_announced(exposures.runs[0]))
    assert "blue-mesh: None, from the Infrastructure object; nodes are s390x (IBM Z or LinuxONE)" in announced
    assert "at 127.0.0.1, as set by mesh_ingress" in announced


def test_a_pool_and_a_fixed_address(exposures: Federation) -> None:
    variable = exposures.hosts["gold-mesh"]["mesh_ingress"]
    assert _remote(exposures, "red-mesh", "gold-mesh") == {
        "addresses": [variable["peers"]["red-mesh"]["loadBalancerIP"]]
    }
    pooled = exposures.get("gold-mesh", "services", "ingress-red-mesh")
    assert pooled["spec"]["loadBalancerSourceRanges"] == ["127.0.0.0/8"]
    assert pooled["metadata"]["annotations"]["metallb.io/address-pool"] == "federation"
    announced = json.dumps(_announced(exposures.runs[0]))
    assert "gold-mesh: External, from the Infrastructure object; its router has a load balancer" in announced
    assert "ExternalCloud gives a load balancer by its vendor's" in announced


def test_one_link_has_another_exposure_than_the_platform(exposures: Federation) -> None:
    """On AWS red has a load balancer for blue, and node ports for gold."""
    types = {
        peer: exposures.get("red-mesh", "services", f"ingress-{peer}")["spec"]["type"]
        for peer in ("gold-mesh", "blue-mesh")
    }
    assert types == {"gold-mesh": "NodePort", "blue-mesh": "LoadBalancer"}
    assert _remote(exposures, "gold-mesh", "red-mesh") == _remote_of_nodes(exposures, "red-mesh", "gold-mesh", "aws")
    [announced] = [
        line
        for line in _announced(exposures.runs[0])
        if line.startswith("red-mesh: AWS, from the Infrastructure object. ")
    ]
    assert (
        "For gold-mesh: NodePort: set by mesh_ingress" in announced
        and "For blue-mesh: LoadBalancer, public" in announced
    )
