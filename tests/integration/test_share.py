# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services are shared by an account with rights on service sets alone, at once where it may write peers too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from accounts import ACCOUNT, grant, use_account
from harness import ROOT, Federation, Run, two_meshes
from lab.api import Mark, Request

PLAYBOOK = ROOT / "playbooks" / "share.yml"
RED, GREEN = "red-mesh", "green-mesh"
NAMESPACE = f"{RED}-bookinfo"
RATINGS, REVIEWS = f"{NAMESPACE}/ratings", f"{NAMESPACE}/reviews"
MEMBERS = {"red": {"members": {NAMESPACE: {"ratings": 9080, "reviews": 9080}}}}
SETS = ["importedservicesets", "exportedservicesets"]
SLOW = "istiod reads changed import rules"


@pytest.fixture(scope="module", name="federation")
def _federation(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Federation:
    """Two federated meshes that share nothing; from now on the account of an application team is used."""
    federation = Federation.for_lab(start(two_meshes(**MEMBERS)), tmp_path_factory.mktemp("f"), {})
    federation.succeed()
    for mesh in federation.hosts:
        use_account(federation, mesh, federation.location(mesh)[1])
        grant(federation, mesh, "share")
    federation.options["federation_share_timeout"] = 120
    return federation


def _declare(federation: Federation, *services: str) -> None:
    federation.hosts[RED]["mesh_exports"] = {GREEN: list(services)}
    federation.hosts[GREEN]["mesh_imports"] = {RED: list(services)}


def _share(federation: Federation, *arguments: str) -> Run:
    return federation.play(PLAYBOOK, *arguments)


def _requests(federation: Federation, mark: Mark) -> list[Request]:
    """Return the requests of the accounts, mesh by mesh, those of the consumer first."""
    return [
        request
        for mesh in (GREEN, RED)
        for cluster, namespace in [federation.location(mesh)]
        for request in federation.lab.audit(cluster, mark, f"system:serviceaccount:{namespace}:{ACCOUNT}")
    ]


def _writes(federation: Federation, mark: Mark) -> list[str]:
    return [request.resource for request in _requests(federation, mark) if request.changes]


def _host(service: str) -> str:
    return f"{service}.{NAMESPACE}.svc.{RED}-imports.local"


def test_rights_on_service_sets_are_enough(federation: Federation) -> None:
    """The run ends when the service is imported, says so first and lists the host name; a second one writes nothing."""
    _declare(federation, RATINGS)
    check = _share(federation, "--check", "--diff")
    assert check.code == 0 and check.data["verdict"] == "PLANNED", check.output
    mark = federation.lab.mark()
    run = _share(federation)
    assert run.code == 0 and run.data["verdict"] == "SHARED", run.output
    assert run.changes == check.changes and len(run.changes) == 2
    assert _writes(federation, mark) == SETS
    refused = {request.resource for request in _requests(federation, mark) if request.code == 403}
    assert refused <= {"servicemeshcontrolplanes", "servicemeshpeers"}
    assert federation.imported(GREEN, RED) == [_host("ratings")]
    lines = run.printed("Report the services")
    assert lines[0].startswith("SHARED  1 service imported by green-mesh. 2 objects created.")
    assert f"{_host('ratings')} {RATINGS}" in run.flat
    assert SLOW in run.flat and "docs/rbac/share-peers.yaml" in run.flat
    mark = federation.lab.mark()
    again = _share(federation)
    assert again.code == 0 and again.data["changes"] == [] and not _writes(federation, mark), again.output
    assert again.data["services"] == run.data["services"] and SLOW not in again.flat


def test_with_the_right_to_write_peers_istiod_reads_the_rules_at_once(federation: Federation) -> None:
    for mesh in federation.hosts:
        grant(federation, mesh, "share-peers")
    _declare(federation, RATINGS, REVIEWS)
    mark = federation.lab.mark()
    run = _share(federation)
    assert run.code == 0 and run.data["verdict"] == "SHARED", run.output
    assert _writes(federation, mark) == [SETS[0], "servicemeshpeers", SETS[1]]
    assert [service["host"] for service in run.data["services"]] == [_host("ratings"), _host("reviews")]
    assert SLOW not in run.flat
    mark = federation.lab.mark()
    assert _share(federation).code == 0 and not _writes(federation, mark)


def test_what_is_not_there_is_named(federation: Federation) -> None:
    """A Service that does not exist is not exported; a rule that is taken out is withdrawn in the same run."""
    _declare(federation, RATINGS, f"{NAMESPACE}/missing")
    run = _share(federation, "-e", "federation_share_timeout=5")
    assert run.code != 0 and run.data["verdict"] == "INCOMPLETE", run.output
    assert (
        f"not exported yet: missing.{NAMESPACE}.svc.{GREEN}-exports.local" in run.flat and "[not-exported]" in run.flat
    )
    assert federation.imported(GREEN, RED) == [_host("ratings")]
