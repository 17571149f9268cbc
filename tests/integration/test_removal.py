# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of a pair, a mesh and a federation: in the product's order, with nothing left, and with the other links undisturbed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from harness import ROOT, Federation, Run
from pool import Pool

PLAYBOOKS = ROOT / "playbooks"
RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"
PAIR = f"{RED},{GREEN}"
HOST = "ratings.red-mesh-bookinfo.svc.red-mesh-imports.local"


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Three meshes, which every test begins with federated; green imports a service of red."""
    return Federation.for_lab(start(), tmp_path_factory.mktemp("f"))


@pytest.fixture(autouse=True)
def _federated(federation: Federation, pool: Pool) -> None:
    """Each test begins with healthy links and fresh istiods: one whose full sync failed may ignore a peer that is created again."""
    pool.renew()
    federation.succeed()


def _remove(federation: Federation, playbook: str, *arguments: str) -> Run:
    return federation.play(PLAYBOOKS / f"{playbook}.yml", *arguments)


def _unlink(federation: Federation, *arguments: str, confirm: bool = True) -> Run:
    confirmed = ("-e", f"federation_confirm={PAIR}") if confirm else ()
    return _remove(federation, "unlink", "-e", f"federation_unlink={PAIR}", *confirmed, *arguments)


def test_unlink_leaves_nothing_and_disturbs_no_other_link(federation: Federation) -> None:
    before = {link: federation.watch(*link) for link in federation.connected() if BLUE in link}
    run = _unlink(federation)
    assert run.code == 0, run.output
    assert run.data["verdict"] == "REMOVED" and run.data["undisturbed"] == 4
    assert federation.left(RED, GREEN) == [] and federation.left(GREEN, RED) == []
    assert {link: federation.watch(*link)["lastConnected"] for link in before} == {
        link: watch["lastConnected"] for link, watch in before.items()
    }
    again = _unlink(federation)
    assert again.code == 0 and again.data["verdict"] == "NOTHING TO REMOVE" and again.data["changes"] == []


def test_a_removed_pair_is_federated_again_with_its_imports(federation: Federation) -> None:
    _unlink(federation)
    run = federation.succeed()
    assert federation.imported(GREEN, RED) == [HOST] and run.cells[(GREEN, RED)] == "ok, 1 imported"
    assert federation.succeed().unchanged


def test_without_confirmation_nothing_is_written(federation: Federation) -> None:
    mark = federation.lab.mark()
    run = _unlink(federation, confirm=False)
    assert run.code == 0, run.output
    assert "PLANNED  1 pair would be removed. Nothing was changed." in run.output
    assert f"federation_confirm={PAIR}" in run.output
    assert not federation.writes(mark)


def test_check_mode_announces_what_a_run_removes(federation: Federation) -> None:
    mark = federation.lab.mark()
    check = _unlink(federation, "--check", "--diff", confirm=False)
    assert check.code == 0, check.output
    assert not federation.writes(mark)
    run = _unlink(federation)
    announced = {change[:4] for change in check.changes}
    done = {change[:4] for change in run.changes}
    assert announced == done and len(done) == 8


def test_remove_mesh_finds_a_mesh_that_left_the_inventory(federation: Federation) -> None:
    blue = federation.hosts.pop(BLUE)
    identity = federation.folder / "identities" / f"{RED}-for-{BLUE}.yml"
    identity.parent.mkdir(exist_ok=True)
    identity.write_text("kind: MeshIdentity\n", encoding="utf-8")
    try:
        run = _remove(
            federation, "remove_mesh", "-e", f"federation_remove_mesh={BLUE}", "-e", f"federation_confirm={BLUE}"
        )
        assert run.code == 0, run.output
        assert federation.left(RED, BLUE) == [] and federation.left(GREEN, BLUE) == []
        assert federation.names(BLUE, "servicemeshpeers") == [GREEN, RED], "blue is managed by others now"
        assert not identity.exists() and "is withdrawn" in run.flat
        assert federation.connected() == [(GREEN, RED), (RED, GREEN)]
    finally:
        federation.hosts[BLUE] = blue


def test_leave_removes_every_pair(federation: Federation) -> None:
    run = _remove(federation, "leave", "-e", "federation_confirm=federation")
    assert run.code == 0, run.output
    assert len(run.data["pairs"]) == 3
    for mesh in (RED, GREEN, BLUE):
        assert [name for peer in (RED, GREEN, BLUE) if peer != mesh for name in federation.left(mesh, peer)] == []
        assert federation.get(mesh, "servicemeshcontrolplanes", mesh)["spec"]["security"]["trust"]["domain"]


def test_an_unreachable_mesh_keeps_its_side_and_is_completed_later(federation: Federation) -> None:
    with federation.lab.fault("api-stopped", cluster=federation.location(RED)[0]):
        run = _unlink(federation)
        assert run.code != 0 and run.data["verdict"] == "INCOMPLETE"
        assert "red-mesh: it could not be read" in run.flat
    assert federation.left(GREEN, RED) == []
    assert GREEN in federation.names(RED, "servicemeshpeers")
    completed = _unlink(federation)
    assert completed.code == 0, completed.output
    assert federation.left(RED, GREEN) == []


def test_objects_of_users_that_name_imported_hosts_stop_the_removal(federation: Federation) -> None:
    cluster, namespace = federation.location(GREEN)
    route = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "ratings", "namespace": namespace},
        "spec": {"hosts": ["ratings"], "http": [{"route": [{"destination": {"host": HOST}}]}]},
    }
    federation.lab.kubectl(cluster, "apply", "-f", "-", stdin=json.dumps(route))
    mark = federation.lab.mark()
    try:
        run = _unlink(federation)
        assert run.code != 0 and "hosts-in-use" in run.flat
        assert f"VirtualService {namespace}/ratings names hosts that are imported from red-mesh" in run.flat
        assert not federation.writes(mark)
        forced = _unlink(federation, "-e", '{"federation_force_removal": true}')
        assert forced.code == 0, forced.output
        assert federation.left(GREEN, RED) == []
    finally:
        federation.lab.kubectl(cluster, "delete", "virtualservice/ratings", "-n", namespace)


def test_an_interrupted_removal_is_completed_by_the_same_command(federation: Federation) -> None:
    """Red refuses every deletion after its exports are withdrawn, so its peer stays; nothing of the pair is lost."""
    with federation.lab.fault("api-error", cluster=federation.location(RED)[0], code=500, count=200, verbs=["delete"]):
        run = _unlink(federation)
        assert run.code != 0 and run.data["verdict"] == "INCOMPLETE"
        assert GREEN in federation.names(RED, "servicemeshpeers")
    completed = _unlink(federation)
    assert completed.code == 0, completed.output
    assert federation.left(RED, GREEN) == [] and federation.left(GREEN, RED) == []
    assert _unlink(federation).data["verdict"] == "NOTHING TO REMOVE"


def test_what_others_manage_stays(federation: Federation) -> None:
    cluster, namespace = federation.location(RED)
    label = ("label", f"servicemeshpeer/{BLUE}", "-n", namespace, "--overwrite")
    federation.lab.kubectl(cluster, *label, "app.kubernetes.io/managed-by=another")
    try:
        run = _remove(
            federation, "remove_mesh", "-e", f"federation_remove_mesh={BLUE}", "-e", f"federation_confirm={BLUE}"
        )
        assert run.code == 0, run.output
        assert "ServiceMeshPeer blue-mesh does not have our label and stays" in run.flat
        assert BLUE in federation.names(RED, "servicemeshpeers")
    finally:
        federation.lab.kubectl(cluster, *label, "app.kubernetes.io/managed-by=ossm.federation")


def test_a_restart_on_request_clears_what_istiod_keeps(federation: Federation) -> None:
    pods = {
        mesh: [name for name in federation.names(mesh, "pods") if name.startswith("istiod-")] for mesh in (RED, BLUE)
    }
    run = _unlink(federation, "-e", '{"federation_restart_control_plane": ["red-mesh"]}')
    assert run.code == 0, run.output
    now = {
        mesh: [name for name in federation.names(mesh, "pods") if name.startswith("istiod-")] for mesh in (RED, BLUE)
    }
    assert now[RED] != pods[RED] and now[BLUE] == pods[BLUE]
    assert "istiod of green-mesh trusts the removed roots until it restarts" in run.flat


def test_a_pair_that_is_not_declared_any_more_is_reported_and_pruned_on_request(federation: Federation) -> None:
    blue = federation.hosts.pop(BLUE)
    try:
        run = federation.succeed()
        assert "it still has its side of the pair with blue-mesh" in run.flat and run.unchanged
        refused = federation.run("-e", '{"federation_prune": true}')
        assert refused.code != 0 and "removal-limit" in refused.flat
        pruned = federation.succeed("-e", '{"federation_prune": true, "federation_max_removals": 2}')
        assert "REMOVED  2 pairs" in pruned.output
        assert federation.left(RED, BLUE) == [] and federation.left(GREEN, BLUE) == []
        assert federation.connected() == [(GREEN, RED), (RED, GREEN)]
        again = federation.succeed("-e", '{"federation_prune": true, "federation_max_removals": 2}')
        assert again.unchanged and "REMOVED" not in again.output
    finally:
        federation.hosts[BLUE] = blue
