# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""requestedNetworkView of the consumer's egress gateway: it affects only requests, and only with multi-network."""

from __future__ import annotations

import pytest

from lab.conformance.kube import Object
from lab.conformance.links import Pair
from lab.conformance.mesh import Mesh
from lab.conformance.objects import CONTROL_PLANE, IMPORTS, is_connected, lists_import

NETWORKS = {
    "cluster": {
        "name": "green-cluster",
        "network": "green-network",
        "multiCluster": {
            "enabled": True,
            "meshNetworks": {
                "far-network": {
                    "endpoints": [{"fromCIDR": "192.0.2.0/24"}],
                    "gateways": [{"address": "192.0.2.1", "port": 15443}],
                }
            },
        },
    }
}


def set_view(mesh: Mesh, view: list[str], settings: Object) -> None:
    """Set the network view of green's egress gateway for red, and further settings of the control plane."""
    egress = {"additionalEgress": {"red-egress": {"requestedNetworkView": view}}}
    mesh.patch(CONTROL_PLANE, mesh.control_plane, {"spec": {"gateways": egress} | settings})
    mesh.until_ready()


def federated_status_codes(pair: Pair) -> list[int]:
    """Federate the two meshes and return the status codes of requests from green to red's service."""
    pair.federate()
    return pair.second.mesh.status_codes(pair.second.host())


@pytest.mark.observation("view-plain")
@pytest.mark.parametrize(
    "view",
    [["network-red"], ["red-network"], ["red-network", "network1"], []],
    ids=["right", "wrong", "several", "none"],
)
def test_view_without_networks_has_no_effect(pair: Pair, view: list[str]) -> None:
    """Without meshNetworks every value works."""
    set_view(pair.second.mesh, view, {})
    assert federated_status_codes(pair) == [200] * 4


@pytest.mark.observation("view-right")
def test_matching_view_with_networks(pair: Pair) -> None:
    """The view network-<name of the peer object> works."""
    set_view(pair.second.mesh, ["network-red"], NETWORKS)
    assert federated_status_codes(pair) == [200] * 4


@pytest.mark.observation("view-wrong", "short-14")
def test_wrong_view_with_networks(pair: Pair) -> None:
    """Every request gets 503 although the peer is connected and the import is listed."""
    set_view(pair.second.mesh, ["red-network"], NETWORKS)
    assert federated_status_codes(pair) == [503] * 4
    assert is_connected(pair.second.read())
    assert lists_import(pair.second.host())(pair.second.mesh.get(IMPORTS, "red"))
