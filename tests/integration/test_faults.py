# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of live meshes: istiod pods, addresses, restarted gateways, and control planes that never become ready."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from conftest import SPEED
from harness import DEFAULT_LINKS, Federation, Run, request_lines, two_meshes
from lab.api import Lab

WITHOUT_GREEN = [("blue-mesh", "red-mesh"), ("red-mesh", "blue-mesh")]
BOTH = [("green-mesh", "red-mesh"), ("red-mesh", "green-mesh")]
ALL_OK = {("green-mesh", "red-mesh"): "ok, 1 imported", ("red-mesh", "green-mesh"): "ok"}
#: Seconds after which a broken link is surely seen as broken.
SHORT_WAIT = ("-e", '{"federation_wait_timeout": 6}')
NO_EVENTS = "its Service has no events: nothing here seems to serve Services of type LoadBalancer"


@pytest.fixture(scope="module")
def federation(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes, federated; red exports ratings to green. Both links are healthy after each test."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    federation.succeed()
    return federation


def _entries(federation: Federation, part: str) -> list[str]:
    """Return the pods with an entry in red's status of green, under ``active`` or ``inactive``."""
    status = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["status"]["discoveryStatus"]
    return [entry["pod"] for entry in status.get(part, [])]


def _pods(federation: Federation, mesh: str, prefix: str) -> set[str]:
    return {name for name in federation.names(mesh, "pods") if name.startswith(prefix)}


def _check_healthy_and_unchanged(federation: Federation) -> None:
    """Check that a run reports both links as healthy, and reports and writes no change."""
    mark = federation.lab.mark()
    run = federation.succeed()
    assert run.cells == ALL_OK and run.unchanged and not run.changes, run.matrix
    assert not federation.writes(mark), request_lines(federation.writes(mark))


@contextmanager
def _unreachable_green(federation: Federation) -> Iterator[None]:
    """Make green unreachable for red: all live istiod pods of red report it at the start, and none after the end."""
    live_pods = _pods(federation, "red-mesh", "istiod-")
    with federation.lab.fault("ingress-unreachable", mesh="green-mesh"):
        federation.eventually(lambda: live_pods <= set(_entries(federation, "inactive")))
        yield
    federation.eventually(lambda: not _entries(federation, "inactive"))


def _check_unreachable_is_reported(run: Run) -> None:
    assert run.code != 0, run.output
    assert run.cells == {**ALL_OK, ("red-mesh", "green-mesh"): "unreachable"}, run.matrix
    assert run.recap["red-mesh"]["failed"] == 1 and run.recap["green-mesh"]["failed"] == 0
    assert "ERROR red-mesh: link to green-mesh: unreachable: 503 Service Unavailable" in run.flat


# -- several istiod pods, and terminated ones -------------------------------------------------------------------------


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

    def test_the_links_are_healthy_and_unchanged(self, federation: Federation) -> None:
        """Two of three pods do not see the other side, which is no fault of the link."""
        status = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["status"]["discoveryStatus"]
        assert len([entry for entry in status["active"] if entry.get("remotes")]) < 3
        _check_healthy_and_unchanged(federation)

    def test_only_the_failed_direction_is_reported(self, federation: Federation) -> None:
        """Red stays connected in all its entries while green cannot reach red: only green's link is reported."""
        with federation.lab.fault("ingress-unreachable", mesh="red-mesh"):
            federation.eventually(
                lambda: "503" in federation.watch("green-mesh", "red-mesh").get("lastDisconnectStatus", "")
            )
            run = federation.run(*SHORT_WAIT)
            assert len(_entries(federation, "active")) == 3
        assert run.code != 0 and run.recap["green-mesh"]["failed"] == 1 and run.recap["red-mesh"]["failed"] == 0, (
            run.output
        )
        assert run.cells["green-mesh", "red-mesh"].startswith("unreachable"), run.matrix
        assert run.cells["red-mesh", "green-mesh"] == "ok", run.matrix
        assert federation.succeed().cells == ALL_OK


@pytest.fixture(scope="class")
def terminated_pod(federation: Federation) -> Iterator[str]:
    """A terminated istiod pod of red, by name; its entry in the status remains connected."""
    with federation.lab.fault("stale-pods", mesh="red-mesh"):
        # A test may let the leader remove the entry earlier.
        yield federation.eventually(lambda: [pod for pod in _entries(federation, "active") if pod.endswith("-stale")])[
            0
        ]
    federation.eventually(lambda: len(_entries(federation, "active")) == 1)


class TestEntryOfTerminatedPod:
    """The entry of a terminated istiod pod in the status."""

    def test_the_links_are_healthy_and_unchanged(self, federation: Federation, terminated_pod: str) -> None:
        """The entry of the terminated pod has no effect beside that of the live one."""
        assert terminated_pod not in _pods(federation, "red-mesh", "istiod-")
        _check_healthy_and_unchanged(federation)
        assert terminated_pod in _entries(federation, "active")

    def test_a_broken_link_is_not_healthy(self, federation: Federation, terminated_pod: str) -> None:
        """The only live pod is not connected, whether or not the entry of the terminated pod still exists.

        Before its removal the status may hold two entries of the live pod, and the API server rejects new ones.
        """
        with _unreachable_green(federation):
            assert terminated_pod in _entries(federation, "active")
            _check_unreachable_is_reported(federation.run(*SHORT_WAIT))
            federation.lab.ask({"verb": "fault", "name": "stale-pods", "mesh": "red-mesh", "on": False})
            federation.eventually(lambda: not _entries(federation, "active"))
            _check_unreachable_is_reported(federation.run(*SHORT_WAIT))
        assert federation.connected() == BOTH


# -- gateways --------------------------------------------------------------------------------------------------------


def test_a_new_address_is_written_to_the_peer(federation: Federation) -> None:
    """Green's load balancer gets a new address: a run changes one field of one object, the next run changes nothing."""
    before = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]["remote"]
    federation.lab.fault("address-changed", mesh="green-mesh")
    ingress = federation.get("green-mesh", "services", "ingress-red-mesh")["status"]["loadBalancer"]["ingress"]
    run = federation.succeed()
    assert run.cells == ALL_OK and federation.connected() == BOTH
    assert run.changes == {
        ("red-mesh", "ServiceMeshPeer", "red-mesh-system/green-mesh", "change", ("spec.remote.addresses",))
    }
    after = federation.get("red-mesh", "servicemeshpeers", "green-mesh")["spec"]["remote"]
    assert after == {**before, "addresses": [ingress[0]["ip"]]} != before
    _check_healthy_and_unchanged(federation)


def test_a_run_waits_for_restarted_ingress_gateways(federation: Federation) -> None:
    """The new pods are not ready yet, so the link is down: the run waits until it is up, and changes nothing."""
    pods = _pods(federation, "green-mesh", "ingress-")
    before = federation.watch("red-mesh", "green-mesh").get("lastDisconnect")
    federation.lab.set_clocks(gateway_start=10)
    try:
        federation.lab.fault("ingress-restart", mesh="green-mesh")
        federation.eventually(
            lambda: "503" in federation.watch("red-mesh", "green-mesh").get("lastDisconnectStatus", "")
        )
        run = federation.succeed()
    finally:
        federation.lab.set_clocks(gateway_start=1.5 / SPEED)
    assert run.cells == ALL_OK and not run.changes and federation.connected() == BOTH
    assert not pods & _pods(federation, "green-mesh", "ingress-")
    assert federation.watch("red-mesh", "green-mesh")["lastDisconnect"] != before
    assert "green-mesh: control plane: ComponentsNotReady: " in run.flat and "['ingress-red-mesh']" in run.flat, (
        run.output
    )


# -- objects that never become ready ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bare_metal(start: Callable[..., Lab], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Red on AWS, green on bare metal with MetalLB, blue on bare metal without; no exports, nothing federated yet."""
    topology = {
        "clusters": {
            "red": {"platform": "AWS"},
            "green": {"platform": "BareMetal", "metallb": True},
            "blue": {"platform": "BareMetal"},
        },
        "meshes": {f"{name}-mesh": {"cluster": name} for name in ("red", "green", "blue")},
    }
    federation = Federation.for_lab(start(topology), tmp_path_factory.mktemp("f"), {})
    for mesh in ("green-mesh", "blue-mesh"):
        federation.hosts[mesh]["mesh_ingress"] = {"exposure": "LoadBalancer"}
    federation.options["federation_gateway_timeout"] = 8
    return federation


def _run_without(federation: Federation, mesh: str) -> Run:
    """Run with an inventory without the mesh."""
    host = federation.hosts.pop(mesh)
    try:
        return federation.run()
    finally:
        federation.hosts[mesh] = host


def test_bare_metal_without_metallb_gives_no_address(bare_metal: Federation) -> None:
    """Blue has no load balancers: the report names mesh, Service, reason and fix."""
    run = _run_without(bare_metal, "green-mesh")
    assert run.code != 0 and "Traceback" not in run.output, run.output
    lines = [line for line in run.report if "[no-address]" in line]
    assert len(lines) == 1 and lines[0].startswith(
        "ERROR blue-mesh: Service blue-mesh-system/ingress-red-mesh: no address"
    ), run.report
    assert f"its load balancer has no address yet ({NO_EVENTS})" in lines[0]
    assert "set mesh_ingress.exposure to NodePort" in lines[0]
    assert run.cells == {("red-mesh", "blue-mesh"): "pending", ("blue-mesh", "red-mesh"): "pending"}, run.matrix
    assert not bare_metal.connected() and bare_metal.names("red-mesh", "servicemeshpeers") == []


def test_a_control_plane_that_is_never_ready_fails_alone(bare_metal: Federation) -> None:
    """Green's operator does not finish the gateways of this run: green fails, red and blue federate.

    When the operator continues, the next run completes the federation.
    """
    bare_metal.hosts["blue-mesh"]["mesh_ingress"] = {"exposure": "NodePort"}
    with bare_metal.lab.fault("operator-never-ready", mesh="green-mesh"):
        run = bare_metal.run()
        conditions = bare_metal.get("green-mesh", "servicemeshcontrolplanes", "green-mesh")["status"]["conditions"]
    assert run.code != 0 and "Traceback" not in run.output, run.output
    assert "PausingUpdate" in {condition["reason"] for condition in conditions if condition["type"] == "Ready"}
    lines = [line for line in run.report if "[control-plane-not-ready, no-address]" in line]
    plane = "- ServiceMeshControlPlane green-mesh-system/green-mesh"
    assert [line.partition(": not ready after")[0] for line in lines] == [
        f"ERROR green-mesh: 2 problems with one fix: {plane}"
    ], run.report
    assert "PausingUpdate: Paused until the following components become ready" in lines[0], lines
    assert "Fix: Look at the conditions of the ServiceMeshControlPlane and at the operator." in lines[0]
    assert run.recap["green-mesh"]["failed"] == 1
    assert [run.cells[link] for link in WITHOUT_GREEN] == ["ok", "ok"] and set(WITHOUT_GREEN) <= set(
        bare_metal.connected()
    ), run.matrix
    assert "pending" in {cell for link, cell in run.cells.items() if "green-mesh" in link}, run.matrix
    assert "the operator has not created its Service yet" in run.flat
    completed = bare_metal.succeed()
    assert bare_metal.connected() == sorted(DEFAULT_LINKS) and "control-plane-not-ready" not in completed.flat


def test_metallb_gives_bare_metal_an_address(bare_metal: Federation) -> None:
    """With MetalLB, mesh_ingress.exposure LoadBalancer gives each gateway an address, which its peer uses."""
    bare_metal.succeed()
    network = ipaddress.ip_network(str(bare_metal.lab.clusters["green"].entry["addresses"]), strict=False)
    nodes = {node["address"] for node in bare_metal.lab.clusters["green"].entry["nodes"]}
    for peer in ("red-mesh", "blue-mesh"):
        service = bare_metal.get("green-mesh", "services", f"ingress-{peer}")
        assert service["spec"]["type"] == "LoadBalancer"
        address = service["status"]["loadBalancer"]["ingress"][0]["ip"]
        assert ipaddress.ip_address(address) in network and address not in nodes
        assert bare_metal.get(peer, "servicemeshpeers", "green-mesh")["spec"]["remote"] == {"addresses": [address]}
