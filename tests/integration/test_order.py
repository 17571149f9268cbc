# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets are written before peers in all meshes, so the first full sync imports everything. Here the next one is an hour away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import DEFAULT_LINKS, Federation, descriptions

MESHES = ("red-mesh", "green-mesh", "blue-mesh")
HOUR = 3600


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """The default lab; every mesh exports its ratings to all others and imports everything that they export."""
    lab = start(clocks={"resync": HOUR})
    everything = [{"type": "NameSelector", "nameSelector": {"namespace": "*", "name": "*"}}]
    declaration = {mesh: {"mesh_exports": [f"{mesh}-bookinfo/ratings"], "mesh_imports": everything} for mesh in MESHES}
    return Federation.for_lab(lab, tmp_path_factory.mktemp("f"), declaration)


def test_everything_is_imported_with_the_first_full_sync(federation: Federation) -> None:
    run = federation.succeed()
    assert federation.connected() == sorted(DEFAULT_LINKS)
    for mesh, peer in DEFAULT_LINKS:
        assert federation.imported(mesh, peer) == [f"ratings.{peer}-bookinfo.svc.{peer}-imports.local"]
    assert set(run.cells.values()) == {"ok, 1 imported"}


def test_peers_were_written_after_all_sets_of_all_meshes(federation: Federation) -> None:
    times = {"sets": [], "peers": [], "roots": []}
    kinds = {
        "exportedservicesets": "sets",
        "importedservicesets": "sets",
        "servicemeshpeers": "peers",
        "configmaps": "roots",
    }
    for cluster in federation.lab.clusters:
        for request in federation.lab.audit(cluster):
            if request.changes and request.resource in kinds:
                times[kinds[request.resource]].append(request.time)
    assert len(times["sets"]) == 12 and len(times["peers"]) == 6
    assert max(times["sets"]) < min(times["peers"])
    assert max(times["sets"]) < min(times["roots"])


def test_each_root_was_written_before_its_peer(federation: Federation) -> None:
    for mesh, peer in DEFAULT_LINKS:
        cluster, namespace = federation.location(mesh)
        written = [
            request.resource
            for request in federation.lab.audit(cluster)
            if request.changes and request.namespace == namespace and request.name in (peer, f"{peer}-ca-root-cert")
        ]
        assert [resource for resource in written if resource in ("configmaps", "servicemeshpeers")] == [
            "configmaps",
            "servicemeshpeers",
        ]


def test_a_failure_shows_every_running_lab(federation: Federation) -> None:
    ((title, text),) = descriptions([])
    assert title == "the lab" and str(federation.lab.directory) in text and "ServiceMeshPeer" in text
    ((title, text),) = descriptions([federation])
    assert "== run 1 of ansible-playbook" in text and str(federation.lab.directory) in text
