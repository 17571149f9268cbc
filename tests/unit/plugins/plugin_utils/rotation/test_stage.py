# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of a rotation: tables of single states, and a world in which everything happens in any order."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.stage import (
    find_progress,
    find_unrotated,
    needs_finish,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.types import (
    LinkView,
    MeshView,
    PeerView,
    Roots,
    View,
)

OLD, NEW = "0" * 64, "1" * 64
ROOTS: Roots = {"old": [OLD], "new": [NEW], "pem": ""}
BEFORE, STARTED, AFTER = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"


def _link(connected: bool | None = True, last_attempt: str = AFTER, **changes: Any) -> LinkView:
    link: LinkView = {"connected": connected, "last_attempt": last_attempt, "message": "down", "root_not_loaded": False}
    return cast(LinkView, {**link, **changes})


def _peer(**changes: Any) -> PeerView:
    peer: dict[str, Any] = {
        "host": "green",
        "mesh": "green-mesh",
        "access": "ours",
        "message": "",
        "config_map": "ConfigMap green/red-ca-root-cert",
        "trusted": [OLD, NEW],
        "marked": True,
        "changed": BEFORE,
        "reconciled": True,
        "watches": _link(),
        "watched": _link(),
        "ingress_started": STARTED,
        "egress_started": STARTED,
    }
    return cast(PeerView, {**peer, **changes})


def _mesh(**changes: Any) -> MeshView:
    mesh: dict[str, Any] = {
        "published": [NEW],
        "read": True,
        "message": "",
        "istiod_ready": True,
        "gateways": [],
        "old_gateways": [],
        "old_workloads": [],
        "unowned": [],
    }
    return cast(MeshView, {**mesh, **changes})


GATEWAY = {"kind": "Deployment", "namespace": "red", "name": "ingress-green"}
UNREAD = {"access": "unreadable", "trusted": [], "watches": _link(None), "message": "could not be read"}
STAGES: list[tuple[str, MeshView, list[PeerView], str]] = [
    ("the peer has the old root alone", _mesh(published=[OLD]), [_peer(trusted=[OLD])], "prepare"),
    ("one of two peers", _mesh(published=[OLD]), [_peer(), _peer(mesh="blue-mesh", trusted=[OLD])], "prepare"),
    ("one of two peers has the new root alone", _mesh(published=[OLD]), [_peer(), _peer(trusted=[NEW])], "prepare"),
    ("istiod has not read both", _mesh(published=[OLD]), [_peer(reconciled=False)], "prepare"),
    ("a peer is not readable", _mesh(published=[OLD]), [_peer(), _peer(mesh="blue-mesh", **UNREAD)], "prepare"),
    ("both roots, old authority", _mesh(published=[OLD]), [_peer()], "rotate"),
    ("the mesh publishes both", _mesh(published=[OLD, NEW]), [_peer()], "rotate"),
    ("istiod is being restarted", _mesh(istiod_ready=False), [_peer()], "rotate"),
    ("gateways have old certificates", _mesh(old_gateways=[GATEWAY]), [_peer()], "rotate"),
    ("rotated early, the old root alone", _mesh(), [_peer(trusted=[OLD])], "prepare"),
    ("a link that was up", _mesh(), [_peer(watches=_link(last_attempt=BEFORE))], "verify"),
    ("the way back was up", _mesh(), [_peer(watched=_link(last_attempt=BEFORE))], "verify"),
    ("a link that is down", _mesh(), [_peer(watches=_link(False))], "verify"),
    ("a gateway without a pod", _mesh(), [_peer(ingress_started=None)], "verify"),
    ("a peer is not readable after the rotation", _mesh(), [_peer(), _peer(mesh="blue-mesh", **UNREAD)], "verify"),
    ("connected in the second of the start", _mesh(), [_peer(watches=_link(last_attempt=STARTED))], "finish"),
    ("all links proven", _mesh(), [_peer(), _peer(mesh="blue-mesh")], "finish"),
    ("one peer has finished", _mesh(), [_peer(trusted=[NEW], marked=False), _peer(mesh="blue-mesh")], "finish"),
    ("only the mark is left", _mesh(), [_peer(trusted=[NEW])], "finish"),
    ("istiod has not read the last write", _mesh(), [_peer(trusted=[NEW], marked=False, reconciled=False)], "done"),
    ("all have finished", _mesh(), [_peer(trusted=[NEW], marked=False)], "done"),
    ("only a peer of another administrator", _mesh(published=[OLD]), [_peer(access="by file", trusted=[])], "rotate"),
    ("that peer's link back was up", _mesh(), [_peer(access="by file", watched=_link(last_attempt=BEFORE))], "verify"),
    ("another administrator's mesh", _mesh(read=False), [_peer(egress_started=None)], "finish"),
]


@pytest.mark.parametrize(("mesh", "peers", "stage"), [row[1:] for row in STAGES], ids=[row[0] for row in STAGES])
def test_the_stage_of_a_state(mesh: MeshView, peers: list[PeerView], stage: str) -> None:
    progress = find_progress("red-mesh", ROOTS, {"mesh": mesh, "peers": peers})
    assert progress["stage"] == stage, progress


def test_what_is_missing_is_named() -> None:
    view: View = {"mesh": _mesh(published=[OLD]), "peers": [_peer(trusted=[OLD], message="outside")]}
    assert find_progress("red-mesh", ROOTS, view)["unprepared"] == {
        "green-mesh": "ConfigMap green/red-ca-root-cert does not have the new root: outside"
    }
    view = {"mesh": _mesh(), "peers": [_peer(watches=_link(False, root_not_loaded=True))]}
    proofs = find_progress("red-mesh", ROOTS, view)["proofs"]
    assert [(proof["source"], proof["target"], proof["proven"]) for proof in proofs] == [
        ("green-mesh", "red-mesh", False),
        ("red-mesh", "green-mesh", True),
    ]
    assert "does not load a changed root" in proofs[0]["message"]


@dataclasses.dataclass
class _Gateway:
    """The gateways of the mesh for one peer: the root of their certificates, and when they started."""

    root: str
    started: int


@dataclasses.dataclass
class _Peer:
    """A peer: what its ConfigMap has, what its istiod has read, and its link in both directions at once."""

    trusted: set[str]
    loaded: set[str]
    gateway: _Gateway
    marked: bool = False
    written: int = 0
    attempt: int = 0
    connected: bool = True
    outage: bool = False
    readable: bool = True

    def connect(self, now: int) -> None:
        """Connect anew: the handshake needs a network, and the root of the gateway.

        A link that comes up changes the peer's status, and istiod reads the root again (observed on 2.3 and 2.5).
        """
        was_down = not self.connected
        self.attempt, self.connected = now, not self.outage and self.gateway.root in self.loaded
        if self.connected and was_down:
            self.loaded = set(self.trusted)


class World(RuleBasedStateMachine):
    """A mesh with two peers, its administrator, who restarts what and when he likes, and runs of rotate_trust.yml that may be killed
    after each write. The administrator replaces the CA when the peers are prepared; everything else is unordered."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1
        self.authority = self.istiod = OLD
        self.published_at = 0
        self.peers = {name: _Peer({OLD}, {OLD}, _Gateway(OLD, 0)) for name in ("blue", "green")}

    def _tick(self) -> int:
        self.now += 1
        return self.now

    def _view(self) -> View:
        old = [
            {**GATEWAY, "name": name} for name, peer in self.peers.items() if peer.gateway.started < self.published_at
        ]
        return {
            "mesh": _mesh(published=[self.istiod], old_gateways=old),
            "peers": [self._peer(name) for name in self.peers],
        }

    def _peer(self, name: str) -> PeerView:
        peer = self.peers[name]
        if not peer.readable:
            return _peer(mesh=name, host=name, **UNREAD)
        link = _link(peer.connected, f"{peer.attempt:04}")
        return _peer(
            mesh=name,
            host=name,
            trusted=sorted(peer.trusted),
            marked=peer.marked,
            reconciled=peer.connected and peer.attempt >= peer.written,
            watches=link,
            watched=link,
            ingress_started=f"{peer.gateway.started:04}",
            egress_started=f"{peer.gateway.started:04}",
        )

    def _stage(self) -> str:
        return find_progress("red", ROOTS, self._view())["stage"]

    @rule(survives=st.integers(0, 2))
    def run(self, survives: int) -> None:
        """A run writes to at most so many peers before it is killed."""
        view, progress = self._view(), find_progress("red", ROOTS, self._view())
        for peer in view["peers"]:
            state, now = self.peers[peer["mesh"]], self._tick()
            if survives == 0 or not state.readable:
                continue
            needs_both = progress["unrotated"] or peer["mesh"] in progress["unprepared"]
            if progress["stage"] in ("prepare", "rotate") and needs_both and not state.trusted >= {OLD, NEW}:
                state.trusted, state.marked, state.written = {OLD, NEW}, True, now
                if state.connected:
                    state.loaded = set(state.trusted)
                    state.connect(now)
                survives -= 1
            elif progress["stage"] == "finish" and needs_finish(ROOTS, peer):
                state.trusted, state.marked, state.written = {self.istiod}, False, now
                survives -= 1

    @precondition(lambda self: self._stage() == "rotate")
    @rule()
    def replace_authority(self) -> None:
        self.authority = NEW

    @rule()
    def restart_istiod(self) -> None:
        if self.istiod != self.authority:
            self.istiod, self.published_at = self.authority, self._tick()

    @rule(name=st.sampled_from(["blue", "green"]))
    def restart_gateways(self, name: str) -> None:
        now = self._tick()
        self.peers[name].gateway = _Gateway(self.istiod, now)
        self.peers[name].connect(now)

    @rule(name=st.sampled_from(["blue", "green"]))
    def reconcile(self, name: str) -> None:
        """istiod reads a changed root only while the link is up."""
        if self.peers[name].connected:
            self.peers[name].loaded = set(self.peers[name].trusted)

    @rule(name=st.sampled_from(["blue", "green"]))
    def reconnect(self, name: str) -> None:
        self.peers[name].connect(self._tick())

    @rule(name=st.sampled_from(["blue", "green"]), outage=st.booleans())
    def network(self, name: str, outage: bool) -> None:
        self.peers[name].outage = outage
        self.peers[name].connect(self._tick())

    @rule(name=st.sampled_from(["blue", "green"]), readable=st.booleans())
    def lose_or_find(self, name: str, readable: bool) -> None:
        self.peers[name].readable = readable

    @invariant()
    def no_gateway_needs_a_root_that_its_peer_does_not_trust(self) -> None:
        assert all(peer.gateway.root in peer.trusted for peer in self.peers.values()), self.peers

    @invariant()
    def no_link_is_lost(self) -> None:
        assert all(peer.connected or peer.outage for peer in self.peers.values()), self.peers

    @invariant()
    def the_old_root_goes_when_the_whole_mesh_is_rotated(self) -> None:
        if any(OLD not in peer.trusted for peer in self.peers.values()):
            assert not find_unrotated(ROOTS, self._view()["mesh"])
            assert {peer.gateway.root for peer in self.peers.values()} == {NEW}

    def teardown(self) -> None:
        """From any state, the product's steps in their order lead to the end."""
        for name, peer in self.peers.items():
            peer.readable, peer.outage = True, False
            self.reconnect(name)
        self.run(2)
        for name in self.peers:
            self.reconcile(name)
            self.reconnect(name)
        if self._stage() == "rotate":
            self.replace_authority()
            self.restart_istiod()
            for name in self.peers:
                self.restart_gateways(name)
        assert self._stage() in ("verify", "finish", "done"), self._view()
        for name in self.peers:
            self.reconnect(name)
        self.run(2)
        assert self._stage() == "done", self._view()


World.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestWorld = World.TestCase
