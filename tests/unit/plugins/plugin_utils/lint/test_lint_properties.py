# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lint finds in rules holds whatever the clusters have: compared with the simulator's istiod, over all small rules."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from hypothesis import given, settings, strategies as st
from lab.sim import rules as istiod
from lab.sim.rules import Name, Service
from unit.builders import federations as fed
from unit.builders.rules import ANYTHING, EXPORTS, IMPORTS, RULE, some, worlds

from ansible_collections.ossm.federation.plugins.plugin_utils._lint.checks import lint
from ansible_collections.ossm.federation.plugins.plugin_utils._model.rules import check_rules

Json = dict[str, Any]
WEST, EAST = "west-mesh", "east-mesh"


def codes(exports: list[Json], wanted: list[Json]) -> dict[tuple[str, str], set[str]]:
    """Codes and severities by variable and rule; west exports to east."""
    found: dict[tuple[str, str], set[str]] = {}
    declaration = fed.declare(
        {WEST: {"mesh_context": "x", "mesh_exports": exports}, EAST: {"mesh_context": "x", "mesh_imports": wanted}}
    )
    assert declaration["problems"] == []
    for one in lint(declaration):
        place = one["where"].partition("]")[0] if "aliases" not in one["where"] else one["where"]
        found.setdefault((one["code"], place), set()).add(one["severity"])
    return found


def exported(rules: list[Json], services: list[Service]) -> list[Name | None]:
    return [istiod.exported_name(rules, service) for service in services]


PLACEHOLDER = re.compile(r"<(\w+)>")


@given(ANYTHING | RULE, st.booleans())
@settings(max_examples=1000, deadline=None)
def test_whatever_is_written_the_repaired_rule_is_right(written: Any, imports: bool) -> None:
    for one in check_rules([written], "m", "w", imports=imports)[1]:
        if "repaired" in one:
            filled = PLACEHOLDER.sub(
                lambda found: "In" if found[1] == "operator" else found[1], json.dumps(one["repaired"])
            )
            assert check_rules([json.loads(filled)], "m", "w", imports=imports)[1] == []


@given(EXPORTS)
@some
def test_a_shadowed_export_rule_can_go(rules: list[Json]) -> None:
    found = codes(rules, [])
    for index in range(len(rules)):
        if ("rule-shadowed", f"mesh_exports[{index}") in found:
            for world in worlds():
                assert exported(rules, world) == exported(rules[:index] + rules[index + 1 :], world)


@given(EXPORTS)
@some
def test_export_names_collide_where_lint_reports_it(rules: list[Json]) -> None:
    severities = {
        severity
        for (code, dummy), severities in codes(rules, []).items()
        if code == "export-one-name"
        for severity in severities
    }
    collides = any(
        count > 1 for world in worlds() for count in Counter(name for name in exported(rules, world) if name).values()
    )
    assert collides or "error" not in severities
    assert severities or not collides


@given(EXPORTS, IMPORTS)
@some
def test_services_without_offer_or_import_never_arrive(rules: list[Json], wanted: list[Json]) -> None:
    found = codes(rules, wanted)
    for world in worlds():
        for index in range(len(wanted)):
            if {("import-unoffered", f"mesh_imports[{index}"), ("rule-shadowed", f"mesh_imports[{index}")} & set(found):
                without = wanted[:index] + wanted[index + 1 :]
                assert arriving(rules, wanted, world) == arriving(rules, without, world)
        for index in range(len(rules)):
            if ("export-unimported", f"mesh_exports[{index}") in found:
                gone = [service for service in world if istiod.exported_name([rules[index]], service)]
                alone = arriving([rules[index]], wanted, gone)
                assert set(alone) <= {None}


def arriving(rules: list[Json], wanted: list[Json], services: list[Service]) -> list[str | None]:
    """The host names in east of west's services."""
    offers = [name for name in exported(rules, services) if name]
    taken = [istiod.imported_name({"importRules": wanted}, WEST, offer) for offer in offers]
    return [one.hostname if one else None for one in taken]


@given(EXPORTS, IMPORTS)
@some
def test_local_names_collide_where_lint_reports_it(rules: list[Json], wanted: list[Json]) -> None:
    found = {code for code, dummy in codes(rules, wanted)}
    if found & {"export-one-name", "import-one-name"}:
        return
    for world in worlds():
        assert all(count == 1 for host, count in Counter(arriving(rules, wanted, world)).items() if host)
