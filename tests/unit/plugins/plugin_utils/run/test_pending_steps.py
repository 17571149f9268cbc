# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps in which a mesh has work: none only where everything is written, open and healthy."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.module_utils._product import steps
from ansible_collections.ossm.federation.plugins.plugin_utils._model import types as model_types
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import identity_note
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning, types as plan_types
from ansible_collections.ossm.federation.plugins.plugin_utils._run import expectations, pending as pending_steps

Json = dict[str, Any]
Facts = dict[str, Json]
ALL = list(steps.OPTIONAL)


def _with_pending_steps(declaration: model_types.Declaration, read: Facts) -> plan_types.Plan:
    return pending_steps.with_pending_steps(planning.build_plan(declaration, read, fed.NOW), read)


def test_no_step_is_pending_where_all_is_done() -> None:
    planned = _with_pending_steps(*settled.federated())
    assert planned["pending_steps"] == []
    links = {host: planned["readings"][host]["links"] for host in fed.COLOURS}
    assert all(link["healthy"] and link["synced"] for host in links for link in links[host])
    assert [link["imported"] for link in links["green-mesh"]] == [
        [],
        [{"exportedName": settled.EXPORTED, "hostname": "ratings.bookinfo.svc.red-mesh-imports.local"}],
    ]


def test_all_steps_are_pending_at_first() -> None:
    declaration = fed.declare(fed.inventory(**settled.RULES))
    planned = _with_pending_steps(declaration, {host: fed.facts(host) for host in fed.COLOURS})
    assert planned["pending_steps"] == ALL and not any(reading["links"] for reading in planned["readings"].values())


def _spoil_status(key: str, value: Any) -> Callable[[Facts], None]:
    def spoil(read: Facts) -> None:
        read["blue-mesh"]["peers"][0]["status"]["discoveryStatus"]["active"][0]["watch"][key] = value

    return spoil


def _not_ready(read: Facts) -> None:
    read["blue-mesh"]["control_plane"]["ready"] = False


def _no_address(read: Facts) -> None:
    read["red-mesh"]["gateway_services"]["ingress-green-mesh"]["status"] = {}


def _gateway_changed(read: Facts) -> None:
    gateways = read["red-mesh"]["control_plane"]["object"]["spec"]["gateways"]
    gateways["additionalEgress"]["egress-green-mesh"]["enabled"] = False


def _address_moved(read: Facts) -> None:
    rows = read["red-mesh"]["gateway_services"]["ingress-green-mesh"]["status"]["loadBalancer"]["ingress"]
    rows[0]["ip"] = "203.0.113.9"


def _set_changed(read: Facts) -> None:
    read["green-mesh"]["imports"][0]["spec"]["importRules"] = []


def _root_rotated(read: Facts) -> None:
    read["red-mesh"].update(root="a new root\n", fingerprints=["00"])


def _not_imported(read: Facts) -> None:
    del read["green-mesh"]["imports"][0]["status"]


def _offered_alone(read: Facts) -> None:
    read["green-mesh"]["imports"][0]["status"]["importedServices"][0]["localService"] = {}


@pytest.mark.parametrize(
    ("spoil", "first"),
    [
        (_not_ready, "gateways"),
        (_no_address, "gateways"),
        (_gateway_changed, "gateways"),
        (_set_changed, "sets"),
        (_address_moved, "peers"),
        (_root_rotated, "peers"),
        (_spoil_status("connected", False), "report"),
        (_spoil_status("lastFullSync", "2025-12-31T00:00:00Z"), "report"),
        (_not_imported, "report"),
        (_offered_alone, "report"),
    ],
)
def test_the_first_step_with_work_is_pending_with_all_later_ones(spoil: Callable[[Facts], None], first: str) -> None:
    declaration, read = settled.federated()
    spoil(read)
    planned = _with_pending_steps(declaration, read)
    assert planned["pending_steps"] == ALL[ALL.index(first) :]
    assert [len(reading["links"]) for reading in planned["readings"].values()] == [2, 2, 2]


def test_a_mesh_that_cannot_be_read_leaves_no_work() -> None:
    declaration, read = settled.federated()
    read["blue-mesh"]["readable"] = False
    planned = _with_pending_steps(declaration, read)
    assert planned["pending_steps"] == [] and set(planned["readings"]) == {"red-mesh", "green-mesh"}
    links = {link["peer"]: link for link in planned["readings"]["red-mesh"]["links"]}
    assert links["green-mesh"]["connected"] and links["blue-mesh"]["connected"]


def test_a_mesh_outside_the_run_is_not_judged() -> None:
    _declaration, read = settled.federated()
    limited = fed.declare(fed.inventory(**settled.RULES), play_hosts=["red-mesh"])
    read["green-mesh"]["imports"][0]["spec"]["importRules"] = []
    planned = _with_pending_steps(limited, read)
    assert planned["pending_steps"] == [] and set(planned["readings"]) == {"red-mesh"}


@pytest.mark.parametrize(("asked", "todo"), [([], []), (["red-mesh"], ["report"]), (["green-mesh"], [])])
def test_a_restart_that_is_needed_and_allowed_is_pending(asked: list[str], todo: list[str]) -> None:
    """An earlier run has changed the client ID under an istiod that still runs; all links are healthy."""
    declaration, read = settled.federated()
    peer = next(peer for peer in read["red-mesh"]["peers"] if peer["metadata"]["name"] == "green-mesh")
    kept = json.loads(peer["metadata"]["annotations"][identity_note.KEPT])
    peer["metadata"]["annotations"][identity_note.KEPT] = json.dumps(
        {**kept, "clientID": "another"}, separators=(",", ":"), sort_keys=True
    )
    declaration["options"]["federation_restart_control_plane"] = asked
    planned = _with_pending_steps(declaration, read)
    assert planned["pending_steps"] == todo and planned["restarts"] == (asked if todo else [])
    _set_changed(read)
    assert _with_pending_steps(declaration, read)["restarts"] == [], "what this run writes is waited for first"


def test_the_entry_of_a_terminated_pod_is_ignored() -> None:
    """Its entry is connected, that of the running pod is not. Without a list of pods no entry is ignored."""
    declaration, read = settled.federated()
    peer = read["blue-mesh"]["peers"][0]
    (entry,) = peer["status"]["discoveryStatus"]["active"]
    down = {
        "pod": entry["pod"],
        "watch": {"connected": False, "lastConnected": settled.SYNCED_AT, "lastDisconnectStatus": "503"},
    }
    peer["status"]["discoveryStatus"] = {"active": [{**entry, "pod": "istiod-dead"}], "inactive": [down]}
    planned = _with_pending_steps(declaration, read)
    (link,) = [one for one in planned["readings"]["blue-mesh"]["links"] if one["peer_name"] == peer["metadata"]["name"]]
    assert (
        planned["pending_steps"] == ["report"]
        and planned["terminated_pods"]["blue-mesh"] == ["istiod-dead"]
        and link["code"] == "peer-unreachable"
    )
    waited = expectations.wait_links(planned, "blue-mesh")
    assert [one["terminated_pods"] for one in waited] == [["istiod-dead"]] * 2
    read["blue-mesh"]["istiod"] = None
    assert _with_pending_steps(declaration, read)["terminated_pods"]["blue-mesh"] == []
