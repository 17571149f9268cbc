# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two meshes export the same name to a third mesh, for which both use the same peer name."""

from __future__ import annotations

from typing import Any

import pytest

from lab.conformance.conftest import Meshes
from lab.conformance.links import Link, Pair
from lab.conformance.objects import IMPORTS, imported, rule

NAME = "ratings.bookinfo.svc.blue-exports.local"


def federate(meshes: Meshes, aliases: tuple[str, str], *rules: Any) -> tuple[Link, Link]:
    """Export the ratings of red and green to blue in these namespaces; return blue's links to them."""
    pairs = [Pair(meshes.blue, meshes.red), Pair(meshes.blue, meshes.green)]
    for pair, alias in zip(pairs, aliases, strict=True):
        pair.trust()
        pair.first.imports(*rules)
        pair.second.exports(rule(pair.second.mesh.app, "ratings", (alias, "ratings")))
    for pair in pairs:
        pair.peers()
    for pair in pairs:
        pair.until_connected()
    return pairs[0].first, pairs[1].first


def via(meshes: Meshes, host: str, count: int) -> set[str]:
    """Return the peers that answered requests of blue."""
    return {result["via"] for result in meshes.blue.request(host, count) if result["status"] == 200}


@pytest.mark.observation("same-name", "short-13", "short-14")
def test_same_exported_name_from_two_meshes(meshes: Meshes) -> None:
    """Both sets list their import under the same exported name, and requests fail."""
    links = federate(meshes, ("bookinfo", "bookinfo"))
    for link in links:
        host = f"ratings.bookinfo.svc.{link.name}-imports.local"
        link.until_imported(host)
        assert imported(meshes.blue.get(IMPORTS, link.name)) == {NAME: host}
    for link in links:
        assert 503 in meshes.blue.status_codes(f"ratings.bookinfo.svc.{link.name}-imports.local")


@pytest.mark.observation("same-name-local-alias", "short-13")
def test_common_local_alias_does_not_help(meshes: Meshes) -> None:
    """importAsLocal with a common alias: some requests fail, all others go to one mesh."""
    host = f"ratings.{meshes.blue.app}.svc.cluster.local"
    local = rule("*", "*", (meshes.blue.app, "ratings"), importAsLocal=True)
    for link in federate(meshes, ("bookinfo", "bookinfo"), local):
        link.until_imported(host)
    assert 503 in meshes.blue.status_codes(host, 20)
    assert len(via(meshes, host, 20)) <= 1


@pytest.mark.observation("same-name-export-aliases", "short-13")
def test_different_export_aliases_help(meshes: Meshes) -> None:
    """Every request is answered by the mesh that exports the name."""
    for link, alias in zip(federate(meshes, ("bookinfo-red", "bookinfo-green")), ("red", "green"), strict=True):
        host = f"ratings.bookinfo-{alias}.svc.{link.name}-imports.local"
        link.until_imported(host)
        assert meshes.blue.status_codes(host, 10) == [200] * 10
        assert via(meshes, host, 4) == {link.name}


@pytest.mark.observation("same-name-no-failover", "short-13")
def test_common_local_name_does_not_fail_over(meshes: Meshes) -> None:
    """With different export aliases and a common local alias one mesh answers all requests."""
    host = "ratings.common.svc.cluster.local"
    local = rule("*", "*", ("common", "ratings"), importAsLocal=True)
    for link in federate(meshes, ("bookinfo-red", "bookinfo-green"), local):
        link.until_imported(host)
    assert meshes.blue.status_codes(host, 30) == [200] * 30
    assert len(via(meshes, host, 10)) == 1
