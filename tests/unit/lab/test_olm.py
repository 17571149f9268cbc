# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscriptions that the simulated OLM resolves or rejects, and the initial objects of a cluster without operator."""

from __future__ import annotations

from typing import Any

import pytest
from lab import seed, topology
from lab.sim.olm import resolution_error

VALID = {
    "name": "servicemeshoperator",
    "channel": "stable",
    "source": "redhat-operators",
    "sourceNamespace": "openshift-marketplace",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, ""),
        ({"channel": ""}, ""),
        ({"installPlanApproval": "Manual"}, ""),
        ({"channel": "candidate"}, "channel candidate"),
        ({"name": "servicemesh"}, "package servicemesh "),
        ({"source": "mine"}, "catalog mine"),
        ({"sourceNamespace": "olm"}, "namespace olm"),
    ],
)
def test_resolution_errors(change: dict[str, Any], message: str) -> None:
    text = resolution_error({"metadata": {"name": "sub"}, "spec": VALID | change})
    assert bool(text) == bool(message) and message in text
    assert not text or text.startswith("constraints not satisfiable: no operators found")


def test_cluster_without_operator_has_only_applications() -> None:
    completed = topology.complete({"clusters": {"a": {"operator": False}}, "meshes": {"m": {"cluster": "a"}}})
    mesh = completed["meshes"]["m"]
    assert not mesh["install"] and completed["clusters"]["a"]["operator"] is False
    entry = mesh | {"services": mesh["members"], "members": list(mesh["members"])}
    namespaces, services, mesh_objects = seed.mesh_stages({"m": entry}, operator=False)
    assert [body["metadata"]["name"] for _manager, body in namespaces] == ["m-bookinfo"]
    assert {body["kind"] for _manager, body in services} == {"Service"} and mesh_objects == []
    assert "m-system" in [
        body["metadata"]["name"] for _manager, body in seed.mesh_stages({"m": entry}, operator=True)[0]
    ]
