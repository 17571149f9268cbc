# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Input that the product supports and the simulator does not is reported as an error."""

from __future__ import annotations

from lab.conformance.conftest import Meshes
from lab.conformance.kube import Object
from lab.conformance.links import Pair
from lab.conformance.mesh import Mesh
from lab.conformance.objects import CONTROL_PLANE, condition, fails_with, is_connected, is_ready

ROLL = "ServiceMeshMemberRoll"


def is_not_simulated(body: Object) -> bool:
    """Return whether a control plane is reported as not simulated."""
    return condition(body, "NotSimulated")[0] == "True" and condition(body, "Ready") == ("False", "NotSimulated")


def until_ready(mesh: Mesh) -> None:
    """Wait until the control plane is Ready without the condition NotSimulated."""
    done = mesh.until(CONTROL_PLANE, mesh.control_plane, lambda body: is_ready(body) and not is_not_simulated(body), 60)
    assert condition(done.body or {}, "NotSimulated") == ("", "")


def test_custom_ca_and_member_selectors(meshes: Meshes) -> None:
    """With a Secret cacerts or member selectors the control plane is not Ready until they are removed."""
    red = meshes.red
    red.modified = True
    red.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cacerts", "namespace": red.namespace}})
    try:
        reported = red.until(CONTROL_PLANE, red.control_plane, is_not_simulated, 60).body or {}
        assert any("cacerts" in entry.get("message", "") for entry in reported["status"]["conditions"])
    finally:
        red.api.delete("Secret", "cacerts", red.namespace)
    until_ready(red)
    selectors = [{"matchLabels": {"mesh": "red"}}]
    red.patch(ROLL, "default", {"spec": {"memberSelectors": selectors}})
    try:
        red.until(CONTROL_PLANE, red.control_plane, is_not_simulated, 60)
        red.until(ROLL, "default", lambda body: condition(body, "Ready") == ("False", "NotSimulated"), 60)
    finally:
        red.patch(ROLL, "default", {"spec": {"memberSelectors": None}})
    until_ready(red)


def test_peer_with_ipv6_address(pair: Pair) -> None:
    """A live link goes down with a message, and is connected again with the right address."""
    pair.federate(sets=False)
    pair.second.peer(remote={"addresses": ["fd00::1"]})
    pair.second.until(fails_with("not simulated: IPv6"), 60)
    pair.second.mesh.never("ServiceMeshPeer", pair.second.name, is_connected, 30, "connected")
    pair.second.peer()
    pair.second.until_connected(300)
