# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulated Operator Lifecycle Manager resolves and refuses, and what an empty cluster begins with."""

from __future__ import annotations

from typing import Any

import pytest
from lab import scenery, topology
from lab.sim.olm import refusal

GOOD = {"name": "servicemeshoperator", "channel": "stable", "source": "redhat-operators",
        "sourceNamespace": "openshift-marketplace"}


@pytest.mark.parametrize(("change", "word"), [
    ({}, ""), ({"channel": ""}, ""), ({"installPlanApproval": "Manual"}, ""), ({"channel": "candidate"}, "channel candidate"),
    ({"name": "servicemesh"}, "package servicemesh "), ({"source": "mine"}, "catalog mine"),
    ({"sourceNamespace": "olm"}, "namespace olm")])
def test_subscriptions(change: dict[str, Any], word: str) -> None:
    text = refusal({"metadata": {"name": "sub"}, "spec": GOOD | change})
    assert bool(text) == bool(word) and word in text
    assert not text or text.startswith("constraints not satisfiable: no operators found")


def test_without_an_operator_only_the_applications_are_there() -> None:
    found = topology.complete({"clusters": {"a": {"operator": False}}, "meshes": {"m": {"cluster": "a"}}})
    mesh = found["meshes"]["m"]
    assert not mesh["install"] and found["clusters"]["a"]["operator"] is False
    entry = mesh | {"services": mesh["members"], "members": list(mesh["members"])}
    namespaces, inside, owned = scenery.mesh_stages({"m": entry}, operator=False)
    assert [body["metadata"]["name"] for _manager, body in namespaces] == ["m-bookinfo"]
    assert {body["kind"] for _manager, body in inside} == {"Service"} and owned == []
    assert "m-system" in [body["metadata"]["name"] for _manager, body in scenery.mesh_stages({"m": entry}, operator=True)[0]]
