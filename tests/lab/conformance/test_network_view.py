# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""requestedNetworkView of the consumer's egress gateway: matters only with multi-network, and only to requests."""

from __future__ import annotations

import pytest

from lab.conformance.kube import Object
from lab.conformance.mesh import CONTROL_PLANE, IMPORTS, Mesh, Pair, connected, imports_host

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


def look(mesh: Mesh, view: list[str], more: Object) -> None:
    """Give green's egress gateway for red a network view, and the control plane more settings."""
    egress = {"additionalEgress": {"red-egress": {"requestedNetworkView": view}}}
    mesh.change(CONTROL_PLANE, mesh.control_plane, {"spec": {"gateways": egress} | more})
    mesh.until_ready()


def answered(pair: Pair) -> list[int]:
    """Federate the two and return what requests from green to red's service get."""
    pair.join()
    return pair.here.mesh.codes(pair.here.host())


@pytest.mark.row("view-plain")
@pytest.mark.parametrize(
    "view",
    [["network-red"], ["red-network"], ["red-network", "network1"], []],
    ids=["right", "wrong", "several", "none"],
)
def test_plain_meshes_do_not_care(pair: Pair, view: list[str]) -> None:
    """Without meshNetworks every value is as good."""
    look(pair.here.mesh, view, {})
    assert answered(pair) == [200] * 4


@pytest.mark.row("view-right")
def test_the_right_view_with_networks(pair: Pair) -> None:
    """network-<name of the peer object> answers."""
    look(pair.here.mesh, ["network-red"], NETWORKS)
    assert answered(pair) == [200] * 4


@pytest.mark.row("view-wrong", "short-14")
def test_a_wrong_view_with_networks(pair: Pair) -> None:
    """Every request 503, with a connected peer and a listed import."""
    look(pair.here.mesh, ["red-network"], NETWORKS)
    assert answered(pair) == [503] * 4
    assert connected(pair.here.now())
    assert imports_host(pair.here.host())(pair.here.mesh.get(IMPORTS, "red"))
