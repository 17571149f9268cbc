# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of writes decides when services are imported (2.5)."""

from __future__ import annotations

import time

import pytest

from lab.conformance.kube import Clock
from lab.conformance.links import Pair
from lab.conformance.objects import IMPORTS, SLACK, assert_duration, assert_immediate, lists_import, rule

#: minimum time until a change of rules has an effect, in product seconds
DELAY_SECONDS = 8


def federated(pair: Pair) -> None:
    """Connect the two meshes without sets."""
    pair.federate(sets=False)


@pytest.mark.observation("order-sets-first", "short-01")
def test_sets_first(pair: Pair, clock: Clock) -> None:
    """Config maps, imports, exports, then peers: services are imported as soon as the link is connected."""
    pair.trust()
    pair.sets()
    begin = pair.peers()
    connected = pair.until_connected(since=begin)
    imported = pair.until_imported(since=begin)
    assert_immediate(connected, imported)
    assert_duration(clock, begin, imported, 0, 2)


@pytest.mark.observation("order-exports-imports")
def test_peers_then_exports_then_imports(pair: Pair, clock: Clock) -> None:
    """The import rule of an existing peer takes effect after the reconcile and the full sync: 24-42 s."""
    federated(pair)
    for link in pair.links:
        link.exports()
    clock.sleep(5)
    begin = min([link.imports() for link in pair.links])
    assert_duration(
        clock, begin, min(link.until_imported(since=begin).moment for link in pair.links), DELAY_SECONDS, 120
    )
    pair.until_imported(since=begin)


@pytest.mark.observation("order-imports-exports")
def test_peers_then_imports_then_exports(pair: Pair, clock: Clock) -> None:
    """Immediate if the rule has been read, else at the next full sync; never later than the two periods."""
    federated(pair)
    for link in pair.links:
        link.imports()
    clock.sleep(5)
    begin = min([link.exports() for link in pair.links])
    assert_duration(clock, begin, pair.until_imported(since=begin), 0, 120)


@pytest.mark.observation("order-late-export", "short-01", "deletion-export-set")
@pytest.mark.parametrize("withdrawn_by", ["rule", "set"])
def test_export_for_an_old_import_rule(pair: Pair, clock: Clock, withdrawn_by: str) -> None:
    """Imported in 0.2 s; removed (with its rule or its set) in 0.2 s."""
    federated(pair)
    pair.first.imports()
    clock.sleep(130)
    begin = pair.second.exports()
    assert_immediate(begin, pair.first.until_imported(since=begin).moment)
    begin = time.monotonic()
    if withdrawn_by == "rule":
        pair.second.exports(rule("nowhere", "nothing"))
    else:
        pair.second.mesh.delete("ExportedServiceSet", "red")
    watch = pair.first.mesh.watch(IMPORTS)
    removed = watch.until(
        "green", lambda body: not lists_import(pair.first.host())(body), SLACK, begin, "the removal of the import"
    )
    assert_immediate(begin, removed.moment)
