# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import rules of a link that is up: istiod reads them at once, as the peer gets the other spelling of its remote section.

Here istiod reconciles a peer and synchronises once an hour, so that nothing else could make it read a rule within a run. Red is
reached by node ports, green by a load balancer with the default ports.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from harness import Federation, Object, two_meshes

HOUR = 3600
#: From the last write to the import: the product takes about a second.
SOON_SECONDS = 5
RED, GREEN = "red-mesh", "green-mesh"
RATINGS = f"{RED}-bookinfo/ratings"
ALL = [f"{RED}-bookinfo/*"]
MEMBERS = {
    colour: {"members": {f"{colour}-mesh-bookinfo": {"ratings": 9080, "reviews": 9080}}} for colour in ("red", "green")
}
PORTS = {"discoveryPort": 8188, "servicePort": 15443}
Location = tuple[str, str]
TO_RED, TO_GREEN = (GREEN, RED), (RED, GREEN)


@pytest.fixture(scope="module")
def federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two meshes that export all their services to each other and import their ratings."""
    lab = start(two_meshes(**MEMBERS), clocks={"resync": HOUR, "reconcile": HOUR})
    variables = {
        mesh: {"mesh_exports": [f"{mesh}-bookinfo/*"], "mesh_imports": [f"{peer}-bookinfo/ratings"]}
        for mesh, peer in (TO_RED, TO_GREEN)
    }
    variables[RED]["mesh_ingress"] = {"exposure": "NodePort"}
    federation = Federation.for_lab(lab, tmp_path_factory.mktemp("f"), variables)
    federation.succeed()
    return federation


def _remote(federation: Federation, link: Location) -> Object:
    remote: Object = federation.get(link[0], "servicemeshpeers", link[1])["spec"]["remote"]
    return remote


def _import(federation: Federation, link: Location, *names: str) -> None:
    mesh, peer = link
    federation.hosts[mesh]["mesh_imports"] = [f"{peer}-bookinfo/{name}" for name in names]


def _run_with_imports(federation: Federation, link: Location, *names: str) -> set[tuple[str, str, str]]:
    """Run with other imports, and see them in force soon after the peer's write; return what changed."""
    _import(federation, link, *names)
    mark = federation.lab.mark()
    run = federation.succeed()
    mesh, peer = link
    requests = federation.lab.audit(federation.location(mesh)[0], mark)
    writes = [request for request in requests if request.changes]
    assert [request.resource for request in writes] == ["importedservicesets", "servicemeshpeers"], run.output
    hosts = sorted(f"{name}.{peer}-bookinfo.svc.{peer}-imports.local" for name in names)
    assert federation.eventually(lambda: sorted(federation.imported(mesh, peer)) == hosts, SOON_SECONDS)
    _check_settled(federation)
    return {(change[0], change[1], *change[4]) for change in run.changes}


def _check_settled(federation: Federation) -> None:
    before = federation.versions()
    assert federation.succeed().unchanged and federation.versions() == before


@pytest.mark.parametrize("link", [TO_GREEN, TO_RED])
def test_a_changed_rule_is_read_at_once(federation: Federation, link: Location) -> None:
    """Added and removed again; the ports are written out and left out, node ports with the address listed twice and once."""
    before = _remote(federation, link)
    changed = ["spec.remote.addresses"] if link == TO_RED else ["spec.remote.discoveryPort", "spec.remote.servicePort"]
    added = _run_with_imports(federation, link, "ratings", "reviews")
    assert (link[0], "ServiceMeshPeer", *changed) in added
    other = _remote(federation, link)
    assert other == (
        {**before, "addresses": [*before["addresses"], before["addresses"][0]]}
        if link == TO_RED
        else {**before, **PORTS}
    )
    assert _run_with_imports(federation, link, "ratings") >= {(link[0], "ServiceMeshPeer", *changed)}
    assert _remote(federation, link) == before


def test_another_change_keeps_the_spelling(federation: Federation) -> None:
    _run_with_imports(federation, TO_GREEN, "ratings", "reviews")
    before = {link: _remote(federation, link) for link in (TO_RED, TO_GREEN)}
    federation.hosts[RED]["mesh_exports"] = [RATINGS]
    federation.succeed()
    assert before == {link: _remote(federation, link) for link in before}
    federation.hosts[RED]["mesh_exports"] = ALL
    assert "ServiceMeshPeer" not in {change[1] for change in federation.succeed().changes}
    _check_settled(federation)


def test_check_mode_announces_the_spelling(federation: Federation) -> None:
    _import(federation, TO_GREEN, "ratings")
    before = federation.versions()
    announced = federation.succeed("--check", "--diff")
    assert federation.versions() == before
    assert {change[1] for change in announced.changes} == {"ImportedServiceSet", "ServiceMeshPeer"}
    assert federation.succeed().changes == announced.changes
    _check_settled(federation)


def test_an_interrupted_run_is_completed(federation: Federation) -> None:
    """The first run ends after the sets; istiod has not read the new rule, and the next run makes it."""
    before = _remote(federation, TO_GREEN)
    _import(federation, TO_GREEN, "ratings", "reviews")
    federation.succeed("--tags", "sets")
    assert len(federation.imported(*TO_GREEN)) == 1
    run = federation.succeed()
    assert {change[:2] for change in run.changes} == {(RED, "ServiceMeshPeer")}
    assert _remote(federation, TO_GREEN) != before and len(federation.imported(*TO_GREEN)) == 2
    _check_settled(federation)
