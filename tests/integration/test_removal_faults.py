# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""API servers that fail in the middle of a removal: a problem with code, mesh and object, and the same command completes it.

The points. Red exports, green imports. A removal of pairs writes to red: (1) its export set emptied, (2) that set, (3) the peer and (4) its root
deleted, (5) the control plane; to green: (1) the import set, (2) the peer and (3) its root deleted, (4) the control plane. What is different
is on which side of the withdrawal of exports a write fails, and whether the pair is still known by its objects or by gateways alone:

* red 1: istiod goes on exporting, so neither the set nor the peer may go (else it deadlocks);
* red 2 and 3: nothing is exported, the peer is left, alone from 3 on;
* red 5: no object is left, only the field manager of the gateways tells that the pair exists;
* green 1: the first write of all.

What fails after another write on the same side is stopped by the same rule (a pair goes on only where all earlier tasks succeeded), which unit
tests prove for each task; a run that is killed at each of all these writes is in test_killed. The three playbooks about pairs share tasks and
objects, so each fault is tried with one of them. A removal of a service writes to green (1) the import rules and (2) the peer, then to red (1) the
export rules: a failure at green keeps the export.

The faults: a stopped API server (each connection is reset), one that forbids everything, and one that answers 409 or 500 for ever
end a run in an error each; 429 for a while, and a slow one, do not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from conftest import SPEED
from harness import ROOT, Federation, Run, two_meshes
from states import mark_unmanaged, written_state

RED, GREEN = "red-mesh", "green-mesh"
PEERS = {RED: GREEN, GREEN: RED}
RATINGS = f"{RED}-bookinfo/ratings"
FORCE = ("-e", '{"federation_force_removal": true}')
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "unlink": (f"federation_unlink={RED},{GREEN}", f"federation_confirm={RED},{GREEN}"),
    "remove_mesh": (f"federation_remove_mesh={GREEN}", f"federation_confirm={GREEN}"),
    "leave": ("federation_confirm=federation",),
    "remove_service": (
        f"federation_remove_service={RATINGS}",
        f"federation_remove_exporter={RED}",
        f"federation_confirm={RATINGS}",
    ),
}


class Case(NamedTuple):
    """A playbook, the fault from the n-th write on in one mesh, and the problem that is reported: its code, and its object as far as it
    is known. Without a code the run succeeds."""

    playbook: str
    fault: str
    parameters: dict[str, Any]
    mesh: str
    write: int
    code: str = ""
    where: str = ""


ERROR, RESET, SLOW = "api-error", "api-connection-reset", "api-slow"
CASES = {
    "red 1 internal error": Case("unlink", ERROR, {"code": 500}, RED, 1, "busy", "ExportedServiceSet"),
    "red 2 stopped": Case("remove_mesh", RESET, {}, RED, 2, "unreachable", "ExportedServiceSet"),
    "red 3 forbidden": Case("leave", ERROR, {"code": 403}, RED, 3, "forbidden", "ServiceMeshPeer"),
    "red 5 conflict": Case("unlink", ERROR, {"code": 409}, RED, 5, "busy", "ServiceMeshControlPlane"),
    "green 1 stopped": Case("leave", RESET, {}, GREEN, 1, "unreachable", "ImportedServiceSet"),
    "red 2 too many requests": Case("unlink", ERROR, {"code": 429, "count": 3}, RED, 2),
    "service: green 1 forbidden": Case(
        "remove_service", ERROR, {"code": 403}, GREEN, 1, "forbidden", "ImportedServiceSet"
    ),
    "service: green 2 stopped": Case("remove_service", RESET, {}, GREEN, 2, "unreachable", "ServiceMeshPeer"),
    "service: red 1 conflict": Case("remove_service", ERROR, {"code": 409}, RED, 1, "busy", "ExportedServiceSet"),
    "service: red 1 slow": Case("remove_service", SLOW, {"seconds": 0.5}, RED, 1),
}


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes with an object of a user in each."""
    federation = Federation.for_lab(start(two_meshes()), tmp_path_factory.mktemp("f"))
    mark_unmanaged(federation, PEERS)
    federation.options["federation_removal_timeout"] = 60
    return federation


@pytest.fixture(scope="module", name="settled")
def _settled() -> set[str]:
    """The playbooks that were run once more after they had completed."""
    return set()


def _federate(federation: Federation) -> None:
    """Federate, where the pair was removed with fresh istiods: a link of which one side is removed first fails, and an istiod whose full
    sync fails may ignore a peer that is created again."""
    if GREEN not in federation.names(RED, "servicemeshpeers"):
        for mesh in PEERS:
            federation.lab.fault("istiod-restart", mesh=mesh)
    federation.succeed()


def _remove(federation: Federation, playbook: str) -> Run:
    arguments = [part for argument in ARGUMENTS[playbook] for part in ("-e", argument)]
    # The inventory declares the service all the time.
    forced = FORCE if playbook == "remove_service" else ()
    return federation.play(ROOT / "playbooks" / f"{playbook}.yml", *arguments, *forced)


def _check_no_peer_was_deleted_while_it_exported(federation: Federation) -> None:
    """Red has its peer as long as its export set has rules or a status."""
    if GREEN in federation.names(RED, "exportedservicesets"):
        live = federation.get(RED, "exportedservicesets", GREEN)
        if live["spec"].get("exportRules") or live.get("status", {}).get("exportedServices"):
            assert GREEN in federation.names(RED, "servicemeshpeers")


def _check_removed(federation: Federation, playbook: str) -> None:
    if playbook == "remove_service":
        assert federation.imported(GREEN, RED) == []
        assert not federation.get(RED, "exportedservicesets", GREEN)["status"].get("exportedServices")
    else:
        left = [name for mesh, peer in PEERS.items() for name in federation.left(mesh, peer)]
        assert sorted(left) == sorted(f"configmaps/{peer}-notes" for peer in PEERS.values())


@pytest.mark.parametrize("name", CASES)
def test_the_same_command_completes_what_a_fault_has_interrupted(
    federation: Federation, settled: set[str], name: str
) -> None:
    case = CASES[name]
    _federate(federation)
    unmanaged = written_state(federation, PEERS, managed=False)
    with federation.lab.fault(
        case.fault, cluster=federation.location(case.mesh)[0], from_write=case.write, **case.parameters
    ):
        run = _remove(federation, case.playbook)
    _check_no_peer_was_deleted_while_it_exported(federation)
    if case.code:
        errors = [found for found in run.data["problems"] if found["severity"] == "error"]
        assert run.code != 0 and run.data["verdict"] in ("INCOMPLETE", "FAILED"), run.output
        assert {found["mesh"] for found in errors} == {case.mesh}, errors
        assert (case.code, case.where) in [(found["code"], found["where"].partition(" ")[0]) for found in errors], (
            errors
        )
        if case.playbook == "remove_service" and case.mesh == GREEN:
            assert federation.get(RED, "exportedservicesets", GREEN)["spec"]["exportRules"]
        run = _remove(federation, case.playbook)
    assert run.code == 0 and run.data["verdict"] == "REMOVED", run.output
    _check_removed(federation, case.playbook)
    if case.playbook not in settled:
        settled.add(case.playbook)
        again = _remove(federation, case.playbook)
        assert again.code == 0 and again.data["verdict"] == "NOTHING TO REMOVE", again.output
        assert again.data["changes"] == []
    assert written_state(federation, PEERS, managed=False) == unmanaged


def test_gateways_that_an_interrupted_removal_left_to_the_operator_are_waited_for(federation: Federation) -> None:
    """The first run ends after it has taken the gateways out of the control planes; the operators are slow. Nothing of the pair is left
    in any object or control plane, and the next run is not deceived."""
    _federate(federation)
    federation.lab.set_clocks(operator_update=600)
    try:
        federation.options["federation_removal_timeout"] = 2
        for _number in range(2):
            run = _remove(federation, "unlink")
            assert run.code != 0 and "[gateway-remains" in run.flat, run.output
        assert run.data["verdict"] == "FAILED" and run.data["changes"] == []
    finally:
        federation.lab.set_clocks(operator_update=5 / SPEED)
        federation.options["federation_removal_timeout"] = 60
    completed = _remove(federation, "unlink")
    assert completed.code == 0, completed.output
    _check_removed(federation, "unlink")
    assert _remove(federation, "unlink").data["verdict"] == "NOTHING TO REMOVE"


def test_what_a_deleted_control_plane_has_left_is_removed(federation: Federation) -> None:
    """The last test: red has no control plane afterwards. Its export set shows its last status for ever."""
    _federate(federation)
    cluster, namespace = federation.location(RED)
    federation.lab.kubectl(cluster, "delete", "servicemeshcontrolplane", RED, "-n", namespace)
    federation.eventually(lambda: f"ingress-{GREEN}" not in federation.names(RED, "services"))
    assert federation.get(RED, "exportedservicesets", GREEN)["status"]["exportedServices"]
    run = _remove(federation, "unlink")
    assert run.code == 0 and run.data["verdict"] == "REMOVED", run.output
    assert "[control-plane-missing]" in run.flat
    names = [name for kind in ("servicemeshpeers", "exportedservicesets") for name in federation.names(RED, kind)]
    assert names == [] and f"{GREEN}-ca-root-cert" not in federation.names(RED, "configmaps")
    assert federation.left(GREEN, RED) == [f"configmaps/{RED}-notes"]
    again = _remove(federation, "unlink")
    assert again.code == 0 and again.data["verdict"] == "NOTHING TO REMOVE" and again.data["changes"] == []
