# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The text of whole reports: what an engineer on call reads. Each fits on one screen and begins with the cause."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from unit.builders import federations as fed
from unit.builders.established import BLUE, CHANGED, DOWN, GREEN, RED, Federation, change_client_id, seconds_after

from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES
from ansible_collections.ossm.federation.plugins.module_utils._product.types import Problem, problem
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import advance as plan_steps, plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report import (
    causes as cause_report,
    result as run_result,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._report.text import WIDTH
from ansible_collections.ossm.federation.plugins.plugin_utils._run.restarts import RESTART_CODES

Json = dict[str, Any]
SCREEN = 24


def _federation() -> Federation:
    """Three healthy meshes; every status has all keys that a report reads."""
    federation = Federation()
    for reading in federation.links.values():
        for link in reading["links"]:
            link.update(text="", message="connected", remedy="", exported=[], root_proven=None, inbound=True)
    federation.plan.update(readings=federation.links, pending_steps=[])
    return federation


def healthy() -> Json:
    """Nothing to do."""
    federation = _federation()
    return run_result.report(federation.plan, {}, federation.facts)


def unreadable_mesh() -> Json:
    """The API server of red does not answer; the peers of red still watch it."""
    federation = _federation()
    refused = problem(
        "unreachable",
        RED,
        "API server of red-mesh",
        "https://192.0.2.7:6443 refuses the connection",
        "Start the API server, or correct the address and port",
    )
    read = {
        **federation.facts,
        RED: {**fed.facts(RED), "readable": False, "problems": [refused], "control_plane": None},
    }
    declared = fed.declare(fed.inventory(red_mesh={"mesh_exports": {GREEN: ["bookinfo/ratings"]}}))
    plan = copy.deepcopy(dict(planning.build_plan(declared, read, fed.NOW)))
    plan.update(readings={host: reading for host, reading in federation.links.items() if host != RED}, pending_steps=[])
    return run_result.report(plan, {}, read)


def kept_identity() -> Json:
    """The client ID of green was corrected under a running istiod of red."""
    federation = _federation()
    change_client_id(federation)
    return run_result.report(federation.plan, {}, federation.facts)


def lost_peer() -> Json:
    """The ServiceMeshPeer of green for red was made again while a full sync failed; blue joined since."""
    federation = _federation()
    federation.link(GREEN, RED, created=CHANGED, last_attempt=seconds_after(CHANGED, 151), synced=False)
    federation.link(
        GREEN,
        BLUE,
        **{**DOWN, "code": "not-accepted"},
        accepted=False,
        last_attempt=None,
        last_full_sync=None,
        created=CHANGED,
        message="istiod has not accepted the peer",
    )
    federation.link(
        BLUE, GREEN, **DOWN, text="503 Service Unavailable", message="the remote ingress gateway cannot be reached"
    )
    federation.link(
        RED,
        GREEN,
        **{**DOWN, "code": "peer-unknown-there"},
        last_attempt=seconds_after(CHANGED, 160),
        text="400 Bad Request",
        message="green-mesh has no peer for this mesh, or its istiod is deadlocked",
    )
    return run_result.report(federation.plan, {}, federation.facts)


def limited_run() -> Json:
    """Only red is part of the run, and its peers have no gateway for it yet."""
    plan = copy.deepcopy(
        dict(
            planning.build_plan(
                fed.declare(fed.inventory(), play_hosts=[RED]), {host: fed.facts(host) for host in fed.COLOURS}, fed.NOW
            )
        )
    )
    plan["pending_steps"] = []
    return run_result.report(plan, {"links": {RED: {"links": [], "problems": []}}}, {})


def new_root() -> Json:
    """The root of red changed while no mesh could reach it: its peers have not loaded it."""
    federation = _federation()
    for mesh in (BLUE, GREEN):
        federation.link(mesh, RED, **DOWN, root_not_loaded=True, message="no way", remedy="Look there")
        federation.link(RED, mesh, **DOWN, message="no way", remedy="Look there")
    return run_result.report(federation.plan, {}, federation.facts)


def pending_balancer() -> Json:
    """The cloud gives the gateways of red no address, so nobody has a peer for red and red is nobody's peer."""
    reason = "its load balancer has no address yet (SyncLoadBalancerFailed: quota)"
    return _waiting_for_red(
        [
            problem("no-address", RED, f"Service red-mesh-system/ingress-{peer}", f"no address: {reason}", peer=peer)
            for peer in (BLUE, GREEN)
        ],
        reason,
    )


def control_plane_not_ready() -> Json:
    """The operator of red does not get as far as the Services of the gateways."""
    reason = "the operator has not created its Service yet"
    fix = CODES["control-plane-not-ready"].fix
    where = "ServiceMeshControlPlane red-mesh-system/red-mesh"
    return _waiting_for_red(
        [
            problem("control-plane-not-ready", RED, where, "not ready after 300 s: PausingUpdate"),
            *(
                problem(
                    "no-address",
                    RED,
                    f"Service red-mesh-system/ingress-{peer}",
                    f"no address: {reason}",
                    fix,
                    peer=peer,
                )
                for peer in (BLUE, GREEN)
            ),
        ],
        reason,
    )


def _waiting_for_red(problems: list[Problem], reason: str) -> Json:
    """A first run in which the gateways of red have no address in time."""
    plan = planning.build_plan(fed.declare(fed.inventory()), {host: fed.facts(host) for host in fed.COLOURS}, fed.NOW)
    addresses = fed.opened(plan)
    gateways = {name: {"pending": reason} for name in addresses[RED]["gateways"]}
    addresses[RED] = {"ready": True, "message": "ready", "problems": problems, "gateways": gateways}
    plan = plan_steps.advance(plan_steps.advance(plan, "gateways", {}), "addresses", addresses)
    links: Json = {host: {"links": [], "problems": []} for host in fed.COLOURS}
    for host, peer in ((GREEN, BLUE), (BLUE, GREEN)):
        link = Federation.healthy_link(peer)
        links[host]["links"] = [{**link, "text": "", "message": "connected", "remedy": "", "exported": []}]
    return run_result.report(plan, {"links": links}, {})


TEXTS = {
    "new_root": """
DEGRADED  2 of 6 links healthy, 4 unreachable: istiod of blue-mesh, green-mesh has not loaded the
    new root of red-mesh.
Nothing was changed.

ERROR blue-mesh, green-mesh: ServiceMeshPeer blue-mesh-system/red-mesh, ServiceMeshPeer
    green-mesh-system/red-mesh: the root of red-mesh changed while the link was down, and istiod
    does not load it before the link is up: neither discovery nor requests pass.
    Fix: Restart the istiod of blue-mesh, green-mesh: run again with
        federation_restart_control_plane: true, or with a list that contains them. [root-not-loaded]
    Links: blue-mesh, green-mesh -> red-mesh; red-mesh -> blue-mesh, green-mesh (unreachable).

Links (the mesh of a row watches the mesh of a column)

            blue-mesh    green-mesh   red-mesh
blue-mesh   -            ok           unreachable
green-mesh  ok           -            unreachable
red-mesh    unreachable  unreachable  -
""",
    "pending_balancer": """
DEGRADED  2 of 6 links healthy, 4 pending: red-mesh: a gateway has no address in time.
Nothing was changed.

ERROR red-mesh: Service red-mesh-system/ingress-blue-mesh, Service
    red-mesh-system/ingress-green-mesh: no address: its load balancer has no address yet
    (SyncLoadBalancerFailed: quota).
    Fix: Correct what the cloud reports, or set mesh_ingress.exposure to NodePort, and run again.
        [no-address]
    Links: blue-mesh, green-mesh -> red-mesh; red-mesh -> blue-mesh, green-mesh (pending).

Links (the mesh of a row watches the mesh of a column)

            blue-mesh  green-mesh  red-mesh
blue-mesh   -          ok          pending
green-mesh  ok         -           pending
red-mesh    pending    pending     -
""",
    "control_plane_not_ready": """
DEGRADED  2 of 6 links healthy, 4 pending: red-mesh: the control plane is not ready in time.
Nothing was changed.

ERROR red-mesh: 2 problems with one fix:
    - ServiceMeshControlPlane red-mesh-system/red-mesh: not ready after 300 s: PausingUpdate.
    - Service red-mesh-system/ingress-blue-mesh, Service red-mesh-system/ingress-green-mesh: no
      address: the operator has not created its Service yet.
    Fix: Look at the conditions of the ServiceMeshControlPlane and at the operator.
        [control-plane-not-ready, no-address]
    Links: blue-mesh, green-mesh -> red-mesh; red-mesh -> blue-mesh, green-mesh (pending).

Links (the mesh of a row watches the mesh of a column)

            blue-mesh  green-mesh  red-mesh
blue-mesh   -          ok          pending
green-mesh  ok         -           pending
red-mesh    pending    pending     -
""",
    "healthy": """
HEALTHY  6 of 6 links healthy. Nothing was changed.

Links (the mesh of a row watches the mesh of a column)

            blue-mesh  green-mesh  red-mesh
blue-mesh   -          ok          ok
green-mesh  ok         -           ok
red-mesh    ok         ok          -
""",
    "unreadable_mesh": """
DEGRADED  4 of 6 links healthy (2 not verified), 2 unknown: red-mesh cannot be read.
Nothing was changed.

ERROR red-mesh: API server of red-mesh: https://192.0.2.7:6443 refuses the connection.
    Fix: Start the API server, or correct the address and port. [unreachable]
    Links: blue-mesh, green-mesh -> red-mesh (up, not verified); red-mesh -> blue-mesh, green-mesh
        (unknown).

Links (the mesh of a row watches the mesh of a column)

            blue-mesh  green-mesh  red-mesh
blue-mesh   -          ok          up, not verified
green-mesh  ok         -           up, not verified
red-mesh    unknown    unknown     -

up, not verified: connected, but this run could not verify it
""",
    "kept_identity": """
DEGRADED  5 of 6 links healthy, 1 with failing requests: istiod of red-mesh keeps a former identity
    of green-mesh.
Nothing was changed.

ERROR red-mesh: ServiceMeshPeer red-mesh-system/green-mesh: clientID is now
    green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account, but istiod keeps
    green.local/ns/green/sa/egress-service-account for service traffic: requests from green-mesh are
    answered 503 although the link is connected.
    Fix: Restart the istiod of red-mesh: run again with federation_restart_control_plane: true, or
        with a list that contains it. [identity-kept]
    Links: green-mesh -> red-mesh (requests fail).

Links (the mesh of a row watches the mesh of a column)

            blue-mesh  green-mesh  red-mesh
blue-mesh   -          ok          ok
green-mesh  ok         -           requests fail
red-mesh    ok         ok          -

requests fail: connected, but requests are answered 503
""",
    "lost_peer": """
DEGRADED  2 of 6 links healthy, 1 unreachable, 1 not accepted, 1 syncing, 1 refused: istiod of
    green-mesh has lost its peer red-mesh.
Nothing was changed.

ERROR green-mesh: 2 problems with one fix:
    - ServiceMeshPeer green-mesh-system/blue-mesh, ServiceMeshPeer green-mesh-system/red-mesh:
      istiod has not processed its change of 2026-01-01T01:00:00Z: a failing full sync, here of
      red-mesh, holds the lock that the change needs, and a peer that is created again meanwhile is
      ignored permanently.
    - ServiceMeshPeer green-mesh-system/red-mesh: istiod answers red-mesh that it knows no such peer
      (400): it is deadlocked, or has lost the peer when it was created again.
    Fix: Restart the istiod of green-mesh: run again with federation_restart_control_plane: true, or
        with a list that contains it. [sync-lock, peer-lost]
    Links: blue-mesh -> green-mesh (unreachable); green-mesh -> blue-mesh (not accepted); green-mesh
        -> red-mesh (syncing); red-mesh -> green-mesh (refused).

Links (the mesh of a row watches the mesh of a column)

            blue-mesh     green-mesh   red-mesh
blue-mesh   -             unreachable  ok
green-mesh  not accepted  -            syncing
red-mesh    ok            refused      -
""",
    "limited_run": """
PENDING  0 of 6 links healthy, 4 excluded, 2 pending: waiting for blue-mesh, green-mesh.
Nothing was changed.

PENDING red-mesh: link to blue-mesh: blue-mesh has no gateways for red-mesh yet; run federate.yml
    for blue-mesh.
    Fix: Run federate.yml for blue-mesh.

PENDING red-mesh: link to green-mesh: green-mesh has no gateways for red-mesh yet; run federate.yml
    for green-mesh.
    Fix: Run federate.yml for green-mesh.

Links (the mesh of a row watches the mesh of a column)

            blue-mesh  green-mesh  red-mesh
blue-mesh   -          excluded    excluded
green-mesh  excluded   -           excluded
red-mesh    pending    pending     -
""",
}


NIGHTS = [
    healthy,
    unreadable_mesh,
    kept_identity,
    lost_peer,
    limited_run,
    new_root,
    pending_balancer,
    control_plane_not_ready,
]


@pytest.mark.parametrize("night", NIGHTS)
def test_the_text_of_a_report(night: Any) -> None:
    assert "\n".join(night()["lines"]) == TEXTS[night.__name__].strip("\n")


@pytest.mark.parametrize(
    ("night", "mesh"),
    [
        (unreadable_mesh, RED),
        (kept_identity, RED),
        (lost_peer, GREEN),
        (pending_balancer, RED),
        (control_plane_not_ready, RED),
    ],
)
def test_a_bad_night_fits_on_a_screen_and_begins_with_its_cause(night: Any, mesh: str) -> None:
    report = night()
    assert len(report["lines"]) <= SCREEN and max(map(len, report["lines"])) <= WIDTH
    (cause,) = report["causes"]
    assert cause["mesh"] == mesh and cause["remedy"] and mesh in cause["summary"]
    assert cause["summary"] in report["headline"] and report["verdict"] == "DEGRADED"
    assert sum("Fix: " in line for line in report["lines"]) == 1
    unhealthy = {(link["from"], link["to"]) for link in report["links"] if not link["healthy"]}
    assert unhealthy <= {(link["from"], link["to"]) for link in cause["links"]}


def test_a_link_that_fails_for_a_reason_of_its_own_is_not_hidden_behind_a_problem_of_its_mesh() -> None:
    federation = _federation()
    federation.link(RED, GREEN, **DOWN, text="503 x", message="no way", remedy="Look there")
    federation.plan["meshes"][RED]["problems"] = [
        problem("permission-missing", RED, "namespace red", "no right", "Bind it")
    ]
    report = run_result.report(federation.plan, {}, federation.facts)
    assert [cause["codes"] for cause in report["causes"]] == [["permission-missing"], ["peer-unreachable"]]
    assert (
        "ERROR red-mesh: link to green-mesh: unreachable: 503 x: no way. Fix: Look there. [peer-unreachable]"
        in report["lines"]
    )


def test_each_of_two_meshes_without_addresses_explains_the_link_that_needs_its_address() -> None:
    federation = _federation()
    for mesh, peer in ((RED, GREEN), (GREEN, RED)):
        federation.plan["sides"][mesh][peer].update(state="pending", message="no address")
        found = problem("no-address", mesh, f"Service {mesh}-system/ingress-{peer}", "no address", peer=peer)
        federation.plan["warnings"].append(found)
    for host in (RED, GREEN):
        federation.links[host]["links"] = [link for link in federation.links[host]["links"] if link["peer"] == BLUE]
    report = run_result.report(federation.plan, {}, federation.facts)
    assert {cause["mesh"]: [(link["from"], link["to"]) for link in cause["links"]] for cause in report["causes"]} == {
        RED: [(GREEN, RED)],
        GREEN: [(RED, GREEN)],
    }
    assert [cause["severity"] for cause in report["causes"]] == ["error", "error"]


def test_a_link_that_waits_for_another_administrator_is_not_explained_by_a_missing_address() -> None:
    """Blue is outside of the run and has no gateways for red: that is what the link of red waits for."""
    declared = fed.declare(fed.inventory(), play_hosts=[RED, GREEN])
    plan = copy.deepcopy(dict(planning.build_plan(declared, {host: fed.facts(host) for host in fed.COLOURS}, fed.NOW)))
    plan["pending_steps"] = []
    plan["warnings"] = [
        problem("no-address", RED, "Service red-mesh-system/ingress-blue-mesh", "no address", peer=BLUE)
    ]
    report = run_result.report(plan, {}, {})
    (awaited,) = [cause for cause in report["causes"] if cause["codes"] == ["no-address"]]
    assert awaited["severity"] == "warning" and not awaited["links"]
    assert "Fix: Run federate.yml for blue-mesh." in " ".join(report["lines"])


def test_links_with_one_reason_are_one_cause() -> None:
    federation = _federation()
    for peer in (GREEN, BLUE):
        federation.link(RED, peer, **DOWN, text="503 x", message="no way", remedy="Look there")
    report = run_result.report(federation.plan, {}, federation.facts)
    assert "ERROR red-mesh: link to blue-mesh, green-mesh: unreachable: 503 x: no way." in report["lines"]
    assert report["counts"]["states"] == {"unreachable": 2}


def test_a_mesh_that_nobody_reaches_is_one_cause() -> None:
    federation = _federation()
    for mesh in (GREEN, BLUE):
        federation.link(mesh, RED, **DOWN, text="503 x", message="no way", remedy="Compare the addresses")
    report = run_result.report(federation.plan, {}, federation.facts)
    (cause,) = report["causes"]
    assert (cause["mesh"], cause["summary"]) == (
        "blue-mesh, green-mesh",
        "blue-mesh, green-mesh -> red-mesh unreachable",
    )
    assert "ERROR blue-mesh, green-mesh: link to red-mesh: unreachable: 503 x: no way." in report["lines"]
    federation.link(RED, BLUE, **DOWN, text="503 x", message="no way", remedy="Compare the addresses")
    report = run_result.report(federation.plan, {}, federation.facts)
    assert "ERROR blue-mesh, green-mesh, red-mesh: several links: unreachable: 503 x: no way." in report["lines"]
    assert "    Links: blue-mesh, green-mesh -> red-mesh; red-mesh -> blue-mesh (unreachable)." in report["lines"]


def _link_causes(reasons: dict[tuple[str, str], str], remedy: str) -> tuple[list[Json], list[str]]:
    """The causes of links that are down, by their reasons, and the paragraphs of the report."""
    federation = _federation()
    for (mesh, peer), reason in reasons.items():
        federation.link(mesh, peer, **DOWN, message=reason, remedy=remedy.format(mesh=mesh))
    report = run_result.report(federation.plan, {}, federation.facts)
    return report["causes"], report["lines"]


def test_a_new_root_belongs_to_the_other_restart_of_its_mesh() -> None:
    """Blue has to be restarted for another reason too: one restart of blue is one fix, and is named once."""
    federation = _federation()
    for mesh in (BLUE, GREEN):
        federation.link(mesh, RED, **DOWN, root_not_loaded=True, message="no way", remedy="Look there")
    federation.link(BLUE, GREEN, **{**DOWN, "code": "deadlock"}, suspect="deadlock", message="deadlock")
    causes = run_result.report(federation.plan, {}, federation.facts)["causes"]
    assert [(cause["mesh"], cause["codes"]) for cause in causes] == [
        (BLUE, ["deadlock", "root-not-loaded"]),
        (GREEN, ["root-not-loaded"]),
    ]


def test_links_whose_texts_name_other_gateways_are_one_cause_with_each_gateway() -> None:
    """The names of meshes are parts of the names of objects: no text names the gateway of one mesh for another."""
    reasons = {(mesh, RED): f"ingress-{mesh} of red-mesh is gone" for mesh in (GREEN, BLUE)}
    causes, lines = _link_causes(reasons, "Create it")
    (cause,) = causes
    assert [finding["message"] for finding in cause["findings"]] == [
        "unreachable: ingress-blue-mesh of red-mesh is gone",
        "unreachable: ingress-green-mesh of red-mesh is gone",
    ]
    assert lines[3:7] == [
        "ERROR blue-mesh, green-mesh: 2 problems with one fix:",
        "    - blue-mesh -> red-mesh: unreachable: ingress-blue-mesh of red-mesh is gone.",
        "    - green-mesh -> red-mesh: unreachable: ingress-green-mesh of red-mesh is gone.",
        "    Fix: Create it. [peer-unreachable]",
    ]


def test_a_text_that_names_the_watching_mesh_names_all_of_them() -> None:
    reasons = {(mesh, RED): f"red-mesh has no peer for {mesh} yet" for mesh in (GREEN, BLUE)}
    (cause,), lines = _link_causes(reasons, "Restart the istiod of {mesh}")
    assert [finding["message"] for finding in cause["findings"]] == [
        "unreachable: red-mesh has no peer for blue-mesh, green-mesh yet"
    ]
    assert cause["remedy"] == "Restart the istiod of blue-mesh, green-mesh"
    assert "ERROR blue-mesh, green-mesh: link to red-mesh: unreachable: red-mesh has no peer for blue-mesh," in lines


def test_links_with_other_fixes_are_other_causes() -> None:
    reasons = {(mesh, RED): "no way" for mesh in (GREEN, BLUE)}
    assert len(_link_causes(reasons, "Correct ingress-{mesh}")[0]) == 2


def test_what_a_restart_corrects_has_a_summary() -> None:
    assert set(cause_report._SUMMARIES) == set(RESTART_CODES)
