# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs at the same time on the same pair, as two controllers start them: no object is lost, a conflict has a name, and the next run heals.

Each of the two has an inventory and a folder of its own. Which of them comes first is not known, so only what holds in any order is
asserted: what each run reports, and what the runs after both of them find.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from harness import FEDERATE, ROOT, Federation, Run, two_meshes
from states import mark_unmanaged, unnamed_problems, written_state

RED, GREEN = "red-mesh", "green-mesh"
PEERS = {RED: GREEN, GREEN: RED}
NAMESPACE = f"{RED}-bookinfo"
MEMBERS = {"red": {"members": {NAMESPACE: {"ratings": 9080, "reviews": 9080}}}}
UNLINK = ROOT / "playbooks" / "unlink.yml"
PAIR = ("-e", f"federation_unlink={RED},{GREEN}", "-e", f"federation_confirm={RED},{GREEN}")
HEALTHY = {(RED, GREEN): "ok", (GREEN, RED): "ok, 1 imported"}


@pytest.fixture(scope="module", name="both")
def _both(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> list[Federation]:
    """One lab of two meshes for two controllers, and an object of a user in each mesh."""
    lab = start(two_meshes(**MEMBERS))
    both = [Federation.for_lab(lab, tmp_path_factory.mktemp(name)) for name in ("first", "second")]
    mark_unmanaged(both[0], PEERS)
    for federation in both:
        federation.options["federation_removal_timeout"] = 60
    return both


def _share(federation: Federation, service: str) -> None:
    federation.hosts[RED]["mesh_exports"] = {GREEN: [f"{NAMESPACE}/{service}"]}
    federation.hosts[GREEN]["mesh_imports"] = {RED: [f"{NAMESPACE}/{service}"]}


def _together(*runs: Callable[[], Run]) -> list[Run]:
    """Start runs at the same time, and wait for all; each may fail with named problems only."""
    with ThreadPoolExecutor(len(runs)) as pool:
        ended = [future.result() for future in [pool.submit(run) for run in runs]]
    for run in ended:
        assert run.data and "Traceback" not in run.output, run.output
        assert not unnamed_problems(run.data), run.output
    return ended


def _check_healed(federation: Federation, service: str) -> None:
    """The next run is healthy with its own rules, and the one after changes nothing."""
    run = federation.succeed()
    assert run.cells == HEALTHY, run.output
    assert federation.imported(GREEN, RED) == [f"{service}.{NAMESPACE}.svc.{RED}-imports.local"]
    assert federation.succeed().unchanged


def test_the_same_inventory_federates_once(both: list[Federation]) -> None:
    """From nothing: each object is created once, and both runs have applied all of them."""
    unmanaged = written_state(both[0], PEERS, managed=False)
    for federation in both:
        _share(federation, "ratings")
    runs = _together(*(federation.run for federation in both))
    _check_healed(both[0], "ratings")
    created = [change[:3] for run in runs for change in run.changes if change[3] == "create"]
    assert len(created) == len(set(created)), created
    assert written_state(both[0], PEERS, managed=False) == unmanaged


def test_of_two_sets_of_rules_each_object_has_one(both: list[Federation]) -> None:
    """Both have the same field managers, so the later apply of a set counts; the next run of either corrects it."""
    for federation, service in zip(both, ("ratings", "reviews")):
        _share(federation, service)
    _together(*(federation.run for federation in both))
    for mesh, kind, key in ((RED, "exportedservicesets", "exportRules"), (GREEN, "importedservicesets", "importRules")):
        rules = both[0].get(mesh, kind, PEERS[mesh])["spec"][key]
        assert [rule["nameSelector"]["name"] for rule in rules] in (["ratings"], ["reviews"])
    for federation, service in zip(both, ("ratings", "reviews")):
        _check_healed(federation, service)


def test_federating_and_unlinking_leave_what_the_next_command_completes(both: list[Federation]) -> None:
    unmanaged = written_state(both[0], PEERS, managed=False)
    for federation in both:
        _share(federation, "ratings")
    both[0].succeed()
    _together(both[0].run, lambda: both[1].play(UNLINK, *PAIR))
    _check_healed(both[0], "ratings")
    _together(lambda: both[1].play(UNLINK, *PAIR), lambda: both[0].play(FEDERATE))
    removed = both[1].play(UNLINK, *PAIR)
    assert removed.code == 0, removed.output
    assert both[1].play(UNLINK, *PAIR).data["verdict"] == "NOTHING TO REMOVE"
    left = [name for mesh, peer in PEERS.items() for name in both[0].left(mesh, peer)]
    assert sorted(left) == sorted(f"configmaps/{peer}-notes" for peer in PEERS.values())
    assert written_state(both[0], PEERS, managed=False) == unmanaged
