# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two meshes export one name to a third, which both call by the same peer name."""

from __future__ import annotations

from typing import Any

import pytest

from lab.conformance.conftest import Grounds
from lab.conformance.mesh import IMPORTS, Link, Pair, imported, rule

NAME = "ratings.bookinfo.svc.blue-exports.local"


def federate(ground: Grounds, aliases: tuple[str, str], *rules: Any) -> tuple[Link, Link]:
    """Have red and green export their ratings to blue in these namespaces; return blue's links to them."""
    pairs = [Pair(ground.blue, ground.red), Pair(ground.blue, ground.green)]
    for pair, alias in zip(pairs, aliases, strict=True):
        pair.trust()
        pair.there.imports(*rules)
        pair.here.exports(rule(pair.here.mesh.app, "ratings", (alias, "ratings")))
    for pair in pairs:
        pair.peers()
    for pair in pairs:
        pair.until_connected()
    return pairs[0].there, pairs[1].there


def via(ground: Grounds, host: str, count: int) -> set[str]:
    """Return through which peers requests of blue were answered."""
    return {answer["via"] for answer in ground.blue.request(host, count) if answer["status"] == 200}


@pytest.mark.row("same-name", "short-13", "short-14")
def test_one_exported_name_from_two_meshes(ground: Grounds) -> None:
    """Both sets list their import under the one exported name, and requests fail."""
    links = federate(ground, ("bookinfo", "bookinfo"))
    for link in links:
        host = f"ratings.bookinfo.svc.{link.name}-imports.local"
        link.until_imported(host)
        assert imported(ground.blue.get(IMPORTS, link.name)) == {NAME: host}
    for link in links:
        assert 503 in ground.blue.codes(f"ratings.bookinfo.svc.{link.name}-imports.local")


@pytest.mark.row("same-name-local-alias", "short-13")
def test_one_local_alias_for_both_does_not_help(ground: Grounds) -> None:
    """importAsLocal under one alias: some requests fail, the others all go to one mesh."""
    host = f"ratings.{ground.blue.app}.svc.cluster.local"
    local = rule("*", "*", (ground.blue.app, "ratings"), importAsLocal=True)
    for link in federate(ground, ("bookinfo", "bookinfo"), local):
        link.until_imported(host)
    assert 503 in ground.blue.codes(host, 20)
    assert len(via(ground, host, 20)) <= 1


@pytest.mark.row("same-name-export-aliases", "short-13")
def test_different_export_aliases_help(ground: Grounds) -> None:
    """Each name is answered by its own mesh, every time."""
    for link, alias in zip(federate(ground, ("bookinfo-red", "bookinfo-green")), ("red", "green"), strict=True):
        host = f"ratings.bookinfo-{alias}.svc.{link.name}-imports.local"
        link.until_imported(host)
        assert ground.blue.codes(host, 10) == [200] * 10
        assert via(ground, host, 4) == {link.name}


@pytest.mark.row("same-name-no-failover", "short-13")
def test_two_imports_under_one_local_name_are_no_failover(ground: Grounds) -> None:
    """With different export aliases and one local alias every request is answered, all by one mesh."""
    host = "ratings.common.svc.cluster.local"
    local = rule("*", "*", ("common", "ratings"), importAsLocal=True)
    for link in federate(ground, ("bookinfo-red", "bookinfo-green"), local):
        link.until_imported(host)
    assert ground.blue.codes(host, 30) == [200] * 30
    assert len(via(ground, host, 10)) == 1
