# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the product takes and the simulator does not show is refused loudly: never a success."""

from __future__ import annotations

from lab.conformance.conftest import Grounds
from lab.conformance.kube import Object
from lab.conformance.mesh import CONTROL_PLANE, Mesh, Pair, condition, connected, failing, ready

ROLL = "ServiceMeshMemberRoll"


def refused(body: Object) -> bool:
    """Say whether a control plane is told to be beyond the simulator."""
    return condition(body, "NotSimulated")[0] == "True" and condition(body, "Ready") == ("False", "NotSimulated")


def until_ready(mesh: Mesh) -> None:
    """Await Ready with the word gone."""
    done = mesh.until(CONTROL_PLANE, mesh.control_plane, lambda body: ready(body) and not refused(body), 60)
    assert condition(done.body or {}, "NotSimulated") == ("", "")


def test_a_foreign_authority_and_selected_members(ground: Grounds) -> None:
    """A Secret cacerts, member selectors: Ready goes until they are gone."""
    red = ground.red
    red.used = True
    red.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cacerts", "namespace": red.namespace}})
    try:
        told = red.until(CONTROL_PLANE, red.control_plane, refused, 60).body or {}
        assert any("cacerts" in one.get("message", "") for one in told["status"]["conditions"])
    finally:
        red.api.delete("Secret", "cacerts", red.namespace)
    until_ready(red)
    selectors = [{"matchLabels": {"mesh": "red"}}]
    red.change(ROLL, "default", {"spec": {"memberSelectors": selectors}})
    try:
        red.until(CONTROL_PLANE, red.control_plane, refused, 60)
        red.until(ROLL, "default", lambda body: condition(body, "Ready") == ("False", "NotSimulated"), 60)
    finally:
        red.change(ROLL, "default", {"spec": {"memberSelectors": None}})
    until_ready(red)


def test_a_peer_at_an_address_of_version_6(pair: Pair) -> None:
    """A live link goes down with words, and comes back with the right address."""
    pair.join(sets=False)
    pair.here.peer(remote={"addresses": ["fd00::1"]})
    pair.here.until(failing("not simulated: IPv6"), 60)
    pair.here.mesh.never("ServiceMeshPeer", pair.here.name, connected, 30, "connected")
    pair.here.peer()
    pair.here.until_connected(300)
