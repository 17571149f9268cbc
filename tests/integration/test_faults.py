# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of running meshes: several and dead istiod pods, new addresses, restarted gateways, and what never gets ready."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from conftest import SPEED
from harness import DEFAULT_LINKS, Federation, Run, request_lines, two_meshes
from lab.api import Lab

APART = [("blue-mesh", "red-mesh"), ("red-mesh", "blue-mesh")]
BOTH = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
ALL_OK = {("green-mesh", "red-mesh"): "ok, 1 imported", ("red-mesh", "green-mesh"): "ok"}
#: A link that is broken is known to be broken after this many seconds.
SHORT = ("-e", '{"federation_wait_timeout": 6}')
UNSERVED = "its Service has no events: nothing here seems to serve Services of type LoadBalancer"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, federated; red exports ratings to green, and every test leaves them good."""
    made = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    made.succeed()
    return made


def _entries(federation: Federation, part: str) -> list[str]:
    """The pods that have an entry in red's status of green, under ``active`` or ``inactive``."""
    status = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["status"]["discoveryStatus"]
    return [entry["pod"] for entry in status.get(part, [])]


def _pods(federation: Federation, mesh: str, prefix: str) -> set[str]:
    return {name for name in federation.names(mesh, "pods") if name.startswith(prefix)}


def _unchanged_and_good(federation: Federation) -> None:
    """A run finds both links good, and neither says nor makes a change."""
    mark = federation.lab.mark()
    run = federation.succeed()
    assert run.cells == ALL_OK and run.unchanged and not run.changes, run.matrix
    assert not federation.writes(mark), request_lines(federation.writes(mark))


@contextmanager
def _broken(federation: Federation) -> Iterator[None]:
    """Red cannot reach green, and its living istiod pods have said so; afterwards both links are up again."""
    living = _pods(federation, "red-mesh", "istiod-")
    with federation.lab.fault("ingress-unreachable", mesh="green-mesh"):
        federation.eventually(lambda: living <= set(_entries(federation, "inactive")))
        yield
    federation.eventually(lambda: not _entries(federation, "inactive"))


def _broken_is_told(run: Run) -> None:
    assert run.code != 0, run.output
    assert run.cells == {**ALL_OK, ("red-mesh", "green-mesh"): "unreachable"}, run.matrix
    assert run.recap["red-mesh"]["failed"] == 1 and run.recap["green-mesh"]["failed"] == 0
    assert "ERROR red-mesh: link to green-mesh: unreachable: 503 Service Unavailable" in run.flat


# -- several istiod pods, and dead ones ------------------------------------------------------------------------------


@pytest.fixture(scope="class")
def several(federation: Federation) -> Iterator[None]:
    """Three istiod pods of red, each with its own entry in the status."""
    with federation.lab.fault("istiod-pods", mesh="red-mesh", number=3):
        federation.eventually(lambda: len(_entries(federation, "active")) == 3)
        yield
    federation.eventually(lambda: len(_entries(federation, "active")) == 1)


@pytest.mark.usefixtures("several")
class TestSeveralIstiodPods:
    """A status with three entries, of which only one shows that green watches red."""

    def test_all_is_good_and_nothing_is_changed(self, federation: Federation) -> None:
        """That two of three pods do not see the other side is no fault of the link."""
        status = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["status"]["discoveryStatus"]
        assert len([entry for entry in status["active"] if entry.get("remotes")]) < 3
        _unchanged_and_good(federation)

    def test_the_other_direction_is_told_alone(self, federation: Federation) -> None:
        """Red stays connected in all its entries while green cannot reach red: only the link that is down is told."""
        with federation.lab.fault("ingress-unreachable", mesh="red-mesh"):
            federation.eventually(lambda: "503" in federation.watch("green-mesh", "red-mesh").get("lastDisconnectStatus", ""))
            run = federation.run(*SHORT)
            assert len(_entries(federation, "active")) == 3
        assert run.code != 0 and run.recap["green-mesh"]["failed"] == 1 and run.recap["red-mesh"]["failed"] == 0, run.output
        assert run.cells["green-mesh", "red-mesh"].startswith("unreachable"), run.matrix
        assert run.cells["red-mesh", "green-mesh"] == "ok", run.matrix
        assert federation.succeed().cells == ALL_OK


@pytest.fixture(scope="class")
def stale(federation: Federation) -> Iterator[str]:
    """An entry of a dead istiod pod of red, connected as it was; its name."""
    with federation.lab.fault("stale-pods", mesh="red-mesh"):
        # A test may have the leader take the entry out earlier.
        yield federation.eventually(lambda: [pod for pod in _entries(federation, "active") if pod.endswith("-stale")])[0]
    federation.eventually(lambda: len(_entries(federation, "active")) == 1)


class TestStaleEntry:
    """What a dead istiod pod has left in the status."""

    def test_all_is_good_and_nothing_is_changed(self, federation: Federation, stale: str) -> None:
        """The dead pod's entry stands beside that of the living one, and does no harm."""
        assert stale not in _pods(federation, "red-mesh", "istiod-")
        _unchanged_and_good(federation)
        assert stale in _entries(federation, "active")

    def test_it_does_not_make_a_broken_link_look_good(self, federation: Federation, stale: str) -> None:
        """The only living pod says that it is not connected: what the dead one said does not count, before it is taken out
        and after. (Until then the living one's own entries may be doubled, and the API server refuses new ones.)"""
        with _broken(federation):
            assert stale in _entries(federation, "active")
            _broken_is_told(federation.run(*SHORT))
            federation.lab.ask({"verb": "fault", "name": "stale-pods", "mesh": "red-mesh", "on": False})
            federation.eventually(lambda: not _entries(federation, "active"))
            _broken_is_told(federation.run(*SHORT))
        assert federation.connected() == BOTH


# -- gateways --------------------------------------------------------------------------------------------------------


def test_a_new_address_is_written_into_the_peer(federation: Federation) -> None:
    """Green's load balancer moves: one field of one object follows, the link comes back, and then there is nothing to do."""
    before = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]["remote"]
    federation.lab.fault("address-changed", mesh="green-mesh")
    ingress = federation.get("green-mesh", "services", "ingress-red-mesh")["status"]["loadBalancer"]["ingress"]
    run = federation.succeed()
    assert run.cells == ALL_OK and federation.connected() == BOTH
    assert run.changes == {
        ("red-mesh", "ServiceMeshPeer", "red-mesh-system/green-mesh", "change", ("spec.remote.addresses",))}
    after = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]["remote"]
    assert after == {**before, "addresses": [ingress[0]["ip"]]} != before
    _unchanged_and_good(federation)


def test_a_restart_of_the_ingress_gateways_is_waited_for(federation: Federation) -> None:
    """The pods are new ones and not ready yet, so the link is down: the run waits until it is up, and changes nothing."""
    pods = _pods(federation, "green-mesh", "ingress-")
    before = federation.watch("red-mesh", "green-mesh").get("lastDisconnect")
    federation.lab.set_clocks(gateway_start=10)
    try:
        federation.lab.fault("ingress-restart", mesh="green-mesh")
        federation.eventually(lambda: "503" in federation.watch("red-mesh", "green-mesh").get("lastDisconnectStatus", ""))
        run = federation.succeed()
    finally:
        federation.lab.set_clocks(gateway_start=1.5 / SPEED)
    assert run.cells == ALL_OK and not run.changes and federation.connected() == BOTH
    assert not pods & _pods(federation, "green-mesh", "ingress-")
    assert federation.watch("red-mesh", "green-mesh")["lastDisconnect"] != before
    assert "green-mesh: control plane: ComponentsNotReady: " in run.flat and "['ingress-red-mesh']" in run.flat, run.output


# -- what never gets ready -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Red on AWS, green on bare metal with MetalLB, blue on bare metal without; no exports, nothing federated yet."""
    topology = {
        "clusters": {"red": {"platform": "AWS"}, "green": {"platform": "BareMetal", "metallb": True},
                     "blue": {"platform": "BareMetal"}},
        "meshes": {f"{name}-mesh": {"cluster": name} for name in ("red", "green", "blue")},
    }
    made = Federation.for_lab(start(topology), tmp_path_factory.mktemp("f"), {})
    for mesh in ("green-mesh", "blue-mesh"):
        made.hosts[mesh]["mesh_ingress"] = {"exposure": "LoadBalancer"}
    made.options["federation_gateway_timeout"] = 8
    return made


def _without(federation: Federation, mesh: str) -> Run:
    """A run whose inventory does not have one of the meshes."""
    host = federation.hosts.pop(mesh)
    try:
        return federation.run()
    finally:
        federation.hosts[mesh] = host


def test_bare_metal_without_metallb_gives_no_address_and_it_is_told_why(bare: Federation) -> None:
    """Nothing in blue serves Services of type LoadBalancer: told with mesh, Service, reason and remedy."""
    run = _without(bare, "green-mesh")
    assert run.code != 0 and "Traceback" not in run.output, run.output
    told = [line for line in run.report if "[no-address]" in line]
    assert len(told) == 1 and told[0].startswith("ERROR blue-mesh: Service blue-mesh-system/ingress-red-mesh: no address"), run.report
    assert f"its load balancer has no address yet ({UNSERVED})" in told[0]
    assert "set mesh_ingress.exposure to NodePort" in told[0]
    assert run.cells == {("red-mesh", "blue-mesh"): "pending", ("blue-mesh", "red-mesh"): "pending"}, run.matrix
    assert not bare.connected() and bare.names("red-mesh", "servicemeshpeers") == []


def test_a_control_plane_that_never_gets_ready_is_told_and_the_others_federate(bare: Federation) -> None:
    """Green's operator gets stuck with the gateways that this run adds: green fails by name, red and blue are federated
    (blue at its nodes, as the remedy of the run before said). Once it goes on, the next run completes what is missing."""
    bare.hosts["blue-mesh"]["mesh_ingress"] = {"exposure": "NodePort"}
    with bare.lab.fault("operator-never-ready", mesh="green-mesh"):
        run = bare.run()
        message = bare.get("green-mesh", "servicemeshcontrolplanes", "green-mesh")["status"]["conditions"]
    assert run.code != 0 and "Traceback" not in run.output, run.output
    assert "PausingUpdate" in {one["reason"] for one in message if one["type"] == "Ready"}
    told = [line for line in run.report if "[control-plane-not-ready]" in line]
    assert [line.partition(": not ready after")[0] for line in told] == [
        "ERROR green-mesh: ServiceMeshControlPlane green-mesh-system/green-mesh"], run.report
    assert "PausingUpdate: Paused until the following components become ready" in told[0], told
    assert "Look at its conditions and at the operator" in told[0] and run.recap["green-mesh"]["failed"] == 1
    assert [run.cells[link] for link in APART] == ["ok", "ok"] and set(APART) <= set(bare.connected()), run.matrix
    assert "pending" in {cell for link, cell in run.cells.items() if "green-mesh" in link}, run.matrix
    assert "the operator has not created its Service yet" in run.flat
    healed = bare.succeed()
    assert bare.connected() == sorted(DEFAULT_LINKS) and "[control-plane-not-ready]" not in healed.flat


def test_metallb_gives_bare_metal_an_address(bare: Federation) -> None:
    """Where MetalLB serves, mesh_ingress.exposure LoadBalancer gives each gateway an address, and the peers have it."""
    bare.succeed()
    network = ipaddress.ip_network(str(bare.lab.clusters["green"].entry["addresses"]), strict=False)
    nodes = {node["address"] for node in bare.lab.clusters["green"].entry["nodes"]}
    for peer in ("red-mesh", "blue-mesh"):
        service = bare.get("green-mesh", "services", f"ingress-{peer}")
        assert service["spec"]["type"] == "LoadBalancer"
        address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
        assert ipaddress.ip_address(address) in network and address not in nodes
        assert bare.get(peer, "servicemeshpeers", "green-mesh")["spec"]["remote"] == {"addresses": [address]}
