# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A packed plan: nothing is lost, a mesh sees all that it needs of it, and what a mesh reads does not grow with the federation."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.module_utils._product import steps
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import (
    advance as plan_steps,
    parts,
    plan as planning,
    types as plan_types,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._run import pending, traffic, waiting

Json = dict[str, Any]
SERVICES = [{"service": "shop/cart", "mesh": "red-mesh", "consumers": ["green-mesh", "blue-mesh"]}]


def _star(spokes: int) -> dict[str, Json]:
    """A hub that exports one service to its spokes."""
    hosts = [f"spoke-{number:03}" for number in range(spokes)]
    rules: dict[str, Json] = {host: {"mesh_peers": ["hub"], "mesh_imports": {"hub": ["shop/cart"]}} for host in hosts}
    return {"hub": {"mesh_peers": hosts, "mesh_exports": ["shop/cart"]}, **rules}


def _begun(variables: dict[str, Json]) -> tuple[plan_types.Plan, dict[str, Json]]:
    """The plan of meshes that nothing is written to, with the addresses of all gateways."""
    declared = fed.declare({host: {"mesh_kubeconfig": "/kube", **own} for host, own in variables.items()})
    facts = {host: fed.facts(host) for host in variables}
    planned = pending.with_pending_steps(planning.build_plan(declared, facts, fed.NOW), facts)
    return plan_steps.advance(planned, "addresses", fed.opened(planned)), facts


def _settled() -> tuple[plan_types.Plan, dict[str, Json]]:
    declared, facts = settled.federated()
    return pending.with_pending_steps(planning.build_plan(declared, facts, fed.NOW), facts), facts


def _colours() -> tuple[plan_types.Plan, dict[str, Json]]:
    return _begun({host: {**own, "federation_services": SERVICES} for host, own in fed.inventory().items()})


CASES = {"three meshes": _colours, "all is done": _settled, "a hub": lambda: _begun(_star(4))}


@pytest.mark.parametrize("name", CASES)
def test_a_packed_plan_loses_nothing(name: str) -> None:
    planned, _facts = CASES[name]()
    assert parts.unpack(parts.pack(planned)) == planned


@pytest.mark.parametrize("name", CASES)
def test_a_mesh_does_the_same_with_its_part_as_with_the_whole(name: str) -> None:
    planned, facts = CASES[name]()
    packed = parts.pack(planned)
    results = {"links": dict(planned["readings"])}
    for host, read in facts.items():
        own = parts.unpack_for(packed, host)
        for step in steps.WRITING:
            assert desired.build_objects(own, step, host, read) == desired.build_objects(planned, step, host, read)
        for subject in waiting.AWAITED:
            assert waiting.wait_options(own, subject, host, results) == waiting.wait_options(
                planned, subject, host, results
            )
        for build in traffic.TASKS.values():
            assert build(own, host, read, results, False) == build(planned, host, read, results, False)


def test_a_host_that_is_not_in_the_plan_is_no_mesh() -> None:
    with pytest.raises(KeyError):
        parts.unpack_for(parts.pack(_colours()[0]), "black-mesh")


def test_what_a_mesh_reads_does_not_grow_with_the_federation(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    parse = parts._Parts.read

    def counted(self: Any, offset: int) -> Any:
        read.append(offset)
        return parse(self, offset)

    monkeypatch.setattr(parts._Parts, "read", counted)
    counts = {}
    for spokes in (5, 50):
        packed = parts.pack(_begun(_star(spokes))[0])
        for host in ("spoke-000", "hub"):
            read.clear()
            parts.unpack_for(packed, host)
            counts[host, spokes] = len(read)
    assert counts["spoke-000", 5] == counts["spoke-000", 50]
    # The hub has ten times as many links: for each the peer, both sides, and a reading.
    assert counts["hub", 50] - counts["hub", 5] == 45 * 4
