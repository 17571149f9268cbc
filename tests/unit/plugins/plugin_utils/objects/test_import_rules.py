# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A changed import rule on a link that is up: the peer gets the other spelling of its remote section, once."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st
from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.module_utils._product.facts import DesiredObject
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired, drift, effect, remote_section
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._run import pending

Json = dict[str, Any]
MANAGER, OTHER = "ossm.federation/red", "kubectl"
WRITTEN = {"discoveryPort": 8188, "servicePort": 15443}
NODE_PORTS = {"discoveryPort": 30188, "servicePort": 31443}
HALF = {"discoveryPort": 8188, "servicePort": 31443}

# -- spellings -------------------------------------------------------------------------------------------------------------


class Server:
    """The section ``spec.remote`` of one peer on an API server, with the keys that each manager owns."""

    def __init__(self, owners: dict[str, Json]) -> None:
        self.section: Json = {}
        self.owners: dict[str, set[str]] = {}
        for manager, section in owners.items():
            self.apply(section, manager)

    def apply(self, section: Json, manager: str = MANAGER) -> None:
        """Server-side apply: what only this manager owned goes, and a changed value of another manager is a conflict."""
        others = {key for owner, keys in self.owners.items() if owner != manager for key in keys}
        assert not any(key in others and self.section[key] != section[key] for key in section), "a conflict"
        for key in self.owners.get(manager, set()) - set(section) - others:
            del self.section[key]
        self.section.update(copy.deepcopy(section))
        self.owners[manager] = set(section)

    @property
    def live(self) -> Json:
        owned = {"f:spec": {"f:remote": {f"f:{key}": {} for key in self.owners.get(MANAGER, ())}}}
        return {
            "metadata": {"name": "red"},
            "spec": {"remote": copy.deepcopy(self.section)},
            "managers": sorted(self.owners),
            "applied": {MANAGER: {"time": settled.APPLIED_AT, "fields": json.dumps(owned)}},
        }


def remote_of(ports: Json, *addresses: str) -> Any:
    return {"addresses": list(addresses), **ports}


@pytest.mark.parametrize(
    ("ports", "addresses", "live", "other"),
    [
        (WRITTEN, ["a"], {"addresses": ["a"]}, {"addresses": ["a"], **WRITTEN}),
        (WRITTEN, ["a"], {"addresses": ["a"], **WRITTEN}, {"addresses": ["a"]}),
        (WRITTEN, ["a"], {"addresses": ["a"], "discoveryPort": 8188}, {"addresses": ["a"]}),
        (HALF, ["a"], {"addresses": ["a"], "servicePort": 31443}, {"addresses": ["a"], **HALF}),
        (HALF, ["a"], {"addresses": ["a"], **HALF}, {"addresses": ["a"], "servicePort": 31443}),
        (NODE_PORTS, ["a"], {"addresses": ["a"], **NODE_PORTS}, {"addresses": ["a", "a"], **NODE_PORTS}),
        (NODE_PORTS, ["a"], {"addresses": ["a", "a"], **NODE_PORTS}, {"addresses": ["a"], **NODE_PORTS}),
        (NODE_PORTS, ["a", "b"], {"addresses": ["a", "b"], **NODE_PORTS}, {"addresses": ["a", "b", "a"], **NODE_PORTS}),
    ],
)
def test_the_other_spelling(ports: Json, addresses: list[str], live: Json, other: Json) -> None:
    remote = remote_of(ports, *addresses)
    before = Server({MANAGER: live}).live
    assert remote_section.kept_section(remote, before, MANAGER) == live
    assert remote_section.other_section(remote, before, MANAGER) == other


@pytest.mark.parametrize(
    ("owners", "other"),
    [
        # Another manager has written the ports out: they would stay, and we would only add ourselves as owner.
        ({OTHER: WRITTEN, MANAGER: {"addresses": ["a"]}}, None),
        # One port of another manager: the other port makes the difference.
        ({OTHER: {"servicePort": 15443}, MANAGER: {"addresses": ["a"]}}, {"addresses": ["a"], **WRITTEN}),
        # A list with a second owner is never changed: that would be a conflict.
        ({OTHER: {"addresses": ["a"]}, MANAGER: {"addresses": ["a"]}}, {"addresses": ["a"], **WRITTEN}),
        # The live address is another one, so that a change is due anyway.
        ({MANAGER: {"addresses": ["b"]}}, None),
        # A port of another manager overrides the default.
        ({OTHER: {"servicePort": 1}, MANAGER: {"addresses": ["a"]}}, {"addresses": ["a"], "discoveryPort": 8188}),
        # We own nothing yet: the ports are free.
        ({OTHER: {"addresses": ["a"]}}, {"addresses": ["a"], **WRITTEN}),
    ],
)
def test_what_other_managers_own(owners: dict[str, Json], other: Json | None) -> None:
    server = Server(owners)
    assert remote_section.other_section(remote_of(WRITTEN, "a"), server.live, MANAGER) == other


ports = st.sampled_from([WRITTEN, NODE_PORTS, HALF, {"discoveryPort": 30188, "servicePort": 15443}])
some_addresses = st.lists(st.sampled_from("abc"), min_size=1, unique=True).map(sorted)


@given(ports, some_addresses, st.lists(st.booleans(), min_size=1, max_size=6))
def test_any_series_of_runs(port_numbers: Json, addresses: list[str], runs: list[bool]) -> None:
    """Each run with changed rules changes the section and not its meaning; each other run changes nothing."""
    remote = remote_of(port_numbers, *addresses)
    server = Server({MANAGER: remote_section.remote_section(remote)})
    for rules_changed in runs:
        before = copy.deepcopy(server.section)
        other = remote_section.other_section(remote, server.live, MANAGER) if rules_changed else None
        assert bool(other) == rules_changed
        server.apply(other or remote_section.kept_section(remote, server.live, MANAGER))
        assert (server.section != before) == rules_changed
        assert remote_section.plain_section(server.section) == remote


@given(ports, some_addresses, st.sets(st.sampled_from(["addresses", "discoveryPort", "servicePort"])), st.booleans())
def test_other_managers_never_cause_a_conflict(
    port_numbers: Json, addresses: list[str], owned_by_other: set[str], is_full: bool
) -> None:
    remote = remote_of(port_numbers, *addresses)
    ours = remote if is_full else remote_section.remote_section(remote)
    server = Server({OTHER: {key: remote[key] for key in owned_by_other}, MANAGER: ours})
    before = copy.deepcopy(server.section)
    server.apply(remote_section.kept_section(remote, server.live, MANAGER))
    assert server.section == before
    other = remote_section.other_section(remote, server.live, MANAGER)
    if other is not None:
        server.apply(other)
        assert remote_section.plain_section(server.section) == remote


# -- when it is written ------------------------------------------------------------------------------------------------------


class Meshes:
    """Three healthy meshes; green imports from red. ``run`` is a run that applies all desired objects."""

    def __init__(self) -> None:
        self.declaration, self.read = settled.federated()
        self.green = self.read["green-mesh"]

    @property
    def peer(self) -> Json:
        return next(peer for peer in self.green["peers"] if peer["metadata"]["name"] == "red-mesh")

    @property
    def watch(self) -> Json:
        watch: Json = self.peer["status"]["discoveryStatus"]["active"][0]["watch"]
        return watch

    @property
    def imports(self) -> Json:
        found: Json = self.green["imports"][0]
        return found

    def remote(self) -> Json:
        remote: Json = self.peer["spec"]["remote"]
        return remote

    def declare(self, locality: Json | None = None, **green: Any) -> None:
        """Declare other variables of green, and the ``locality`` of red, which is in green's import set."""
        red = {**settled.RULES["red_mesh"], **({"mesh_locality": locality} if locality else {})}
        rules = {"red_mesh": red, "green_mesh": {**settled.RULES["green_mesh"], **green}}
        self.declaration = fed.declare(fed.inventory(**rules))

    def changes(self, step: str) -> list[DesiredObject]:
        plan = pending.with_pending_steps(planning.build_plan(self.declaration, self.read, fed.NOW), self.read)
        built = desired.build_objects(plan, step, "green-mesh", self.green)
        return [target for target in built if effect.would_change(target)]

    def write(self, step: str, time: str) -> list[Json]:
        """Write a step; return what was sent."""
        changes = self.changes(step)
        for change in changes:
            live = settled.live_object(self.green, change["definition"])
            live["spec"] = copy.deepcopy(change["definition"]["spec"])
            settled.own(live, change, time)
        return [change["definition"] for change in changes]

    def run(self, time: str) -> list[str]:
        """Run: the objects of a step are built from what was read at first, as in a run."""
        peers = self.changes("peers")
        sets = self.write("sets", time)
        for change in peers:
            live = settled.live_object(self.green, change["definition"])
            live["spec"] = copy.deepcopy(change["definition"]["spec"])
            settled.own(live, change, time)
        return [definition["kind"] for definition in (*sets, *(change["definition"] for change in peers))]


BOTH = {"mesh_imports": {"red-mesh": ["bookinfo/ratings", "bookinfo/reviews"]}}
LATER, LATEST = "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"


@pytest.mark.parametrize(
    "change",
    [
        BOTH,
        {"mesh_imports": {"red-mesh": []}},
        {"mesh_imports": {"red-mesh": [{"namespace": "bookinfo", "name": "ratings", "as": "shop/ratings"}]}},
        {"locality": {"region": "eu"}},
    ],
)
def test_changed_rules_change_the_spelling_once(change: Json) -> None:
    meshes = Meshes()
    assert meshes.run(LATER) == []
    before = meshes.remote()
    meshes.declare(**change)
    assert meshes.run(LATER) == ["ImportedServiceSet", "ServiceMeshPeer"]
    assert meshes.remote() == {**before, **WRITTEN}
    assert meshes.run(LATEST) == []
    plan = planning.build_plan(meshes.declaration, meshes.read, fed.NOW)
    assert not drift.find_drift(plan, "green-mesh", meshes.green)
    meshes.declare()
    assert meshes.run(LATEST) == ["ImportedServiceSet", "ServiceMeshPeer"]
    assert meshes.remote() == before


def test_other_changes_keep_the_spelling() -> None:
    meshes = Meshes()
    meshes.declare(**BOTH)
    meshes.run(LATER)
    meshes.read["red-mesh"].update(root="another root\n", fingerprints=["00"])
    meshes.declare(**BOTH, mesh_exports={"red-mesh": ["bookinfo/details"]})
    [root, peer] = meshes.changes("peers")
    assert root["definition"]["kind"] == "ConfigMap" and peer["definition"]["spec"]["remote"] == meshes.remote()

    meshes.green["imports"].clear()


def test_the_first_import_set_of_a_live_link_is_read_as_well() -> None:
    meshes = Meshes()
    meshes.green["imports"].clear()
    [peer] = meshes.changes("peers")
    assert peer["definition"]["spec"]["remote"] == {**meshes.remote(), **WRITTEN}


def _down(meshes: Meshes) -> None:
    meshes.watch["connected"] = False


def _never_synced(meshes: Meshes) -> None:
    del meshes.watch["lastFullSync"]


def _sync_fails(meshes: Meshes) -> None:
    meshes.watch["lastConnected"] = LATER


def _former_peer(meshes: Meshes) -> None:
    meshes.peer["metadata"]["creationTimestamp"] = LATER


def _terminated_pod(meshes: Meshes) -> None:
    meshes.green["istiod"] = [{"name": "another", "started": LATER}]


def _unmanaged_peer(meshes: Meshes) -> None:
    meshes.peer["metadata"]["labels"] = {}


def _adopted_peer(meshes: Meshes) -> None:
    meshes.peer["metadata"]["annotations"] = {"ossm.federation/adopted": "true"}


def _unmanaged_set(meshes: Meshes) -> None:
    meshes.imports["metadata"]["labels"] = {}


def _new_peer(meshes: Meshes) -> None:
    meshes.green["peers"].remove(meshes.peer)


OBSTACLES = [
    _down,
    _never_synced,
    _sync_fails,
    _former_peer,
    _terminated_pod,
    _unmanaged_peer,
    _adopted_peer,
    _unmanaged_set,
    _new_peer,
]


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_where_the_spelling_stays(obstacle: Callable[[Meshes], None]) -> None:
    meshes = Meshes()
    meshes.declare(**BOTH)
    before = copy.deepcopy(meshes.remote())
    obstacle(meshes)
    sent = [change["definition"] for change in meshes.changes("peers")]
    remotes = [definition["spec"]["remote"] for definition in sent if definition["kind"] == "ServiceMeshPeer"]
    assert all(remote == before for remote in remotes)


def _not_imported(meshes: Meshes) -> None:
    meshes.imports["status"]["importedServices"][0]["localService"] = {"hostname": ""}


def _imported_under_another_name(meshes: Meshes) -> None:
    meshes.imports["status"]["importedServices"][0]["localService"]["hostname"] = f"x.{settled.IMPORTED}"


def _still_imported(meshes: Meshes) -> None:
    other = {"exportedName": f"x-{settled.EXPORTED}", "localService": {"hostname": f"x-{settled.IMPORTED}"}}
    meshes.imports["status"]["importedServices"].append(other)


@pytest.mark.parametrize("state", [_not_imported, _imported_under_another_name, _still_imported])
def test_an_interrupted_run_is_completed_by_the_next_one(state: Callable[[Meshes], None]) -> None:
    """The set was written, the peer was not, and the status shows other imports than the rules make."""
    meshes = Meshes()
    state(meshes)
    assert meshes.run(LATER) == [], "no run has written the set since the peer was written"
    meshes.imports["applied"]["ossm.federation/red-mesh"]["time"] = LATER
    before = meshes.remote()
    assert meshes.run(LATEST) == ["ServiceMeshPeer"] and meshes.remote() == {**before, **WRITTEN}
    assert meshes.run(LATEST) == [], "rules that istiod never reads do not change the peer again and again"


@pytest.mark.parametrize("obstacle", [None, *OBSTACLES])
def test_an_interrupted_run_leaves_nothing_to_do(obstacle: Callable[[Meshes], None] | None) -> None:
    """Where istiod has read the rules by itself, or the link is not up."""
    meshes = Meshes()
    meshes.imports["applied"]["ossm.federation/red-mesh"]["time"] = LATER
    before = copy.deepcopy(meshes.remote())
    if obstacle is not None:
        _not_imported(meshes)
        obstacle(meshes)
    sent = [change["definition"] for change in meshes.changes("peers")]
    assert all(definition["spec"]["remote"] == before for definition in sent if definition["kind"] == "ServiceMeshPeer")
    assert obstacle is not None or not sent
