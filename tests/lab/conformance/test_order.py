# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order things are written decides when services are imported (2.5)."""

from __future__ import annotations

import time

import pytest

from lab.conformance.kube import Clock
from lab.conformance.mesh import IMPORTS, SLACK, Pair, imports_host, rule, soon, took

#: what a change of rules takes at least: anything less would be "at once"
LATE = 8


def joined(pair: Pair) -> None:
    """Connect the two with no sets."""
    pair.join(sets=False)


@pytest.mark.row("order-sets-first", "short-01")
def test_sets_first(pair: Pair, clock: Clock) -> None:
    """Config maps, imports, exports, then peers: imported as soon as connected."""
    pair.trust()
    pair.sets()
    begin = pair.peers()
    connected = pair.until_connected(since=begin)
    imported = pair.until_imported(since=begin)
    soon(connected, imported)
    took(clock, begin, imported, 0, 2)


@pytest.mark.row("order-exports-imports")
def test_peers_then_exports_then_imports(pair: Pair, clock: Clock) -> None:
    """The import rule of a peer that is there already waits for the reconcile and for the full sync: 24-42 s."""
    joined(pair)
    for link in pair.links:
        link.exports()
    clock.sleep(5)
    begin = min([link.imports() for link in pair.links])
    took(clock, begin, min(link.until_imported(since=begin).moment for link in pair.links), LATE, 120)
    pair.until_imported(since=begin)


@pytest.mark.row("order-imports-exports")
def test_peers_then_imports_then_exports(pair: Pair, clock: Clock) -> None:
    """At once where the rule has been read by then, else at the next full sync; never later than the two periods."""
    joined(pair)
    for link in pair.links:
        link.imports()
    clock.sleep(5)
    begin = min([link.exports() for link in pair.links])
    took(clock, begin, pair.until_imported(since=begin), 0, 120)


@pytest.mark.row("order-late-export", "short-01", "deletion-export-set")
@pytest.mark.parametrize("how", ["rule", "set"])
def test_an_export_for_a_rule_that_was_long_there(pair: Pair, clock: Clock, how: str) -> None:
    """Imported in 0.2 s, withdrawn (by its rule, or with its set) in 0.2 s."""
    joined(pair)
    pair.there.imports()
    clock.sleep(130)
    begin = pair.here.exports()
    soon(begin, pair.there.until_imported(since=begin).moment)
    begin = time.monotonic()
    if how == "rule":
        pair.here.exports(rule("nowhere", "nothing"))
    else:
        pair.here.mesh.drop("ExportedServiceSet", "red")
    eye = pair.there.mesh.see(IMPORTS)
    gone = eye.until(
        "green", lambda body: not imports_host(pair.there.host())(body), SLACK, begin, "the end of the import"
    )
    soon(begin, gone.moment)
