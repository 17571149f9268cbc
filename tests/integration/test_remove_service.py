# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of a service: from its consumer before its exporter, with nothing of it left, and with all other services as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import ROOT, Federation, Run, two_meshes

PLAYBOOK = ROOT / "playbooks" / "remove_service.yml"
RED, GREEN = "red-mesh", "green-mesh"
NAMESPACE = f"{RED}-bookinfo"
RATINGS, REVIEWS = f"{NAMESPACE}/ratings", f"{NAMESPACE}/reviews"
MEMBERS = {"red": {"members": {NAMESPACE: {"ratings": 9080, "reviews": 9080}}}}
REQUEST = ("-e", f"federation_remove_service={RATINGS}", "-e", f"federation_remove_exporter={RED}")
CONFIRM = ("-e", f"federation_confirm={RATINGS}")
FORCE = ("-e", '{"federation_force_removal": true}')
IN_ORDER = [("green", "importedservicesets"), ("green", "servicemeshpeers"), ("red", "exportedservicesets")]


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes; red exports to green, which imports with a locality."""
    federation = Federation.for_lab(start(two_meshes(**MEMBERS)), tmp_path_factory.mktemp("f"))
    federation.hosts[GREEN]["mesh_locality"] = {"region": "west"}
    return federation


@pytest.fixture(autouse=True)
def _federated(federation: Federation) -> None:
    """Each test begins with ratings and reviews exported by red and imported by green."""
    _declare(federation, [RATINGS, REVIEWS], [RATINGS, REVIEWS])
    federation.succeed()


def _declare(federation: Federation, exports: list[str], imports: list[str]) -> None:
    federation.hosts[RED]["mesh_exports"] = {GREEN: exports}
    federation.hosts[GREEN]["mesh_imports"] = {RED: imports}


def _remove(federation: Federation, *arguments: str) -> Run:
    return federation.play(PLAYBOOK, *REQUEST, *arguments)


def _services(federation: Federation) -> tuple[list[str], list[str]]:
    """Return the names of the services that red exports and green imports, by the status of their sets."""
    rows = federation.get(RED, "exportedservicesets", GREEN).get("status", {}).get("exportedServices", [])
    exported = [row["localService"]["name"] for row in rows]
    return sorted(exported), sorted(host.partition(".")[0] for host in federation.imported(GREEN, RED))


def _writes_in_order(federation: Federation, mark: Any) -> list[tuple[str, str]]:
    writes = federation.writes(mark)
    return [(cluster, sent.resource) for cluster in ("green", "red") for sent in writes.get(cluster, [])]


def test_a_service_is_removed_from_its_consumer_then_from_its_exporter(federation: Federation) -> None:
    """While the inventory declares the import, its lines are listed and nothing is written."""
    mark = federation.lab.mark()
    rejected = _remove(federation, *CONFIRM)
    assert rejected.code != 0 and "[consumers-declared]" in rejected.flat, rejected.output
    assert f"ERROR green-mesh: mesh_imports.red-mesh[0]: it still imports {RATINGS} from red-mesh" in rejected.flat
    assert f"red-mesh: mesh_exports.green-mesh[0] - {RATINGS}" in rejected.flat
    _declare(federation, [REVIEWS], [REVIEWS])
    shown = _remove(federation)
    assert shown.code == 0 and f"PLANNED {RATINGS} of red-mesh, from green-mesh. Nothing was changed." in shown.flat
    check = _remove(federation, "--check", "--diff")
    assert check.code == 0 and check.data["verdict"] == "PLANNED", check.output
    assert not federation.writes(mark)
    run = _remove(federation, *CONFIRM)
    assert run.code == 0 and run.data["verdict"] == "REMOVED", run.output
    assert run.changes == check.changes
    assert _writes_in_order(federation, mark) == IN_ORDER
    assert _services(federation) == (["reviews"], ["reviews"])
    assert f"Read again: no rule and no status of green-mesh, red-mesh has {RATINGS}." in run.flat
    again = _remove(federation, *CONFIRM)
    assert again.code == 0 and again.data["verdict"] == "NOTHING TO REMOVE" and again.data["changes"] == []
    assert federation.succeed().unchanged


def test_the_last_service_leaves_empty_sets_and_a_healthy_link(federation: Federation) -> None:
    _declare(federation, [RATINGS], [RATINGS])
    federation.succeed()
    run = _remove(federation, *CONFIRM, *FORCE)
    assert run.code == 0 and _services(federation) == ([], []), run.output
    _declare(federation, [], [])
    after = federation.succeed()
    assert after.unchanged and set(after.cells.values()) == {"ok"}


def test_a_wide_rule_stays_until_the_inventory_names_the_others(federation: Federation) -> None:
    """A wide export keeps the service, a wide import does not: it ends with the export."""
    _declare(federation, [f"{NAMESPACE}/*"], [RATINGS, REVIEWS])
    federation.succeed()
    _declare(federation, [f"{NAMESPACE}/*"], [REVIEWS])
    run = _remove(federation, *CONFIRM)
    assert run.code != 0 and run.data["verdict"] == "INCOMPLETE", run.output
    assert f"rule 0 ({NAMESPACE}/*) exports {RATINGS} together with all else that it selects, and stays" in run.flat
    assert _services(federation) == (["ratings", "reviews"], ["reviews"])
    _declare(federation, [REVIEWS], [REVIEWS])
    completed = _remove(federation, *CONFIRM)
    assert completed.code == 0 and _services(federation) == (["reviews"], ["reviews"]), completed.output
    assert federation.succeed().unchanged
    _declare(federation, [RATINGS, REVIEWS], [f"{NAMESPACE}/*"])
    federation.succeed()
    assert "[consumers-declared]" in _remove(federation, *CONFIRM).flat
    forced = _remove(federation, *CONFIRM, *FORCE)
    assert forced.code == 0 and _services(federation) == (["reviews"], ["reviews"]), forced.output
    assert "[service-by-wildcard]" in forced.flat
