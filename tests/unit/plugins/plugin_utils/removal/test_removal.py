# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a removal finds in the meshes, in which order it removes it, and what stops it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product import steps
from ansible_collections.ossm.federation.plugins.module_utils._product.types import problem
from ansible_collections.ossm.federation.plugins.plugin_utils._removal import objects
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.pairs import live_pairs
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.plan import plan_removal
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.references import host_names
from ansible_collections.ossm.federation.plugins.plugin_utils._removal.types import RemovalPlan, Verb
from ansible_collections.ossm.federation.plugins.plugin_utils._report import removal as removal_report

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
RULES = {"red_mesh": {"mesh_exports": ["shop/cart"]}, "green_mesh": {"mesh_imports": ["shop/cart"]}}
HOST = "cart.shop.svc.red-mesh-imports.local"


def _federated(**variables: Any) -> tuple[Json, dict[str, Json]]:
    """A declaration, and what is read of three meshes that are federated by it; red exports to all, green imports."""
    hostvars = fed.inventory(**RULES)
    for host in hostvars:
        hostvars[host].update(variables)
    declaration = fed.declare(hostvars)
    read = {host: fed.facts(host) for host in fed.COLOURS}
    fed.federate(declaration, read)
    for mesh in read.values():
        for peer in mesh["peers"]:
            watch = {"connected": True, "lastConnected": "2026-05-01T00:00:00Z", "lastFullSync": "2026-05-01T00:00:01Z"}
            peer["status"] = {"discoveryStatus": {"active": [{"pod": "istiod", "watch": watch}]}}
    for exports in read[RED]["exports"]:
        name = f"cart.shop.svc.{exports['metadata']['name']}-exports.local"
        exports["status"] = {"exportedServices": [{"exportedName": name}]}
    row = {"exportedName": "cart.shop.svc.green-mesh-exports.local", "localService": {"hostname": HOST}}
    for imports in read[GREEN]["imports"]:
        imports["status"] = {"importedServices": [row]} if imports["metadata"]["name"] == RED else {}
    return declaration, read


def _plan(verb: Verb, facts: dict[str, Json] | None = None, **options: Any) -> RemovalPlan:
    declaration, read = _federated(**{f"federation_{name}": value for name, value in options.items()})
    return plan_removal(declaration, facts or read, verb)


def _going(plan: RemovalPlan) -> dict[str, list[str]]:
    return {host: [pair["peer"] for pair in pairs] for host, pairs in plan["pairs"].items() if pairs}


@pytest.mark.parametrize(
    ("verb", "options", "going"),
    [
        ("unlink", {"unlink": "red-mesh,green-mesh"}, {RED: [GREEN], GREEN: [RED]}),
        ("unlink", {"unlink": " green-mesh , red-mesh "}, {RED: [GREEN], GREEN: [RED]}),
        ("remove_mesh", {"remove_mesh": "blue-mesh"}, {RED: [BLUE], GREEN: [BLUE], BLUE: [GREEN, RED]}),
        ("leave", {}, {RED: [BLUE, GREEN], GREEN: [BLUE, RED], BLUE: [GREEN, RED]}),
    ],
)
def test_both_sides_of_the_pairs_go_and_nothing_else(verb: Verb, options: Json, going: dict[str, list[str]]) -> None:
    plan = _plan(verb, **options)
    assert _going(plan) == going and not plan["problems"]
    staying = {host: {link["peer_name"] for link in links} for host, links in plan["survivors"].items()}
    assert staying == {host: set(fed.COLOURS) - {host} - set(going.get(host, [])) for host in fed.COLOURS}


def test_a_mesh_that_left_the_inventory_is_found_by_labels_and_field_managers() -> None:
    _whole, read = _federated()
    smaller = fed.declare(
        {host: dict(one, federation_remove_mesh=BLUE) for host, one in fed.inventory(RED, GREEN).items()}
    )
    assert _going(plan_removal(smaller, read, "remove_mesh")) == {RED: [BLUE], GREEN: [BLUE]}
    # The last step of an interrupted removal: only gateways are left, so only the field manager tells whose they are.
    for host in (RED, GREEN):
        for collection in ("peers", "exports", "imports", "config_maps"):
            read[host][collection] = [one for one in read[host][collection] if BLUE not in one["metadata"]["name"]]
    plan = plan_removal(smaller, read, "remove_mesh")
    assert _going(plan) == {RED: [BLUE], GREEN: [BLUE]}
    assert plan["pairs"][RED][0]["gateways"] == ["egress-blue-mesh", "ingress-blue-mesh"]


@pytest.mark.parametrize("done", range(6))
def test_a_renamed_peer_is_found_after_each_deletion_of_an_interrupted_removal(done: int) -> None:
    """The gateways have the name of the mesh, all else that of the peer: without a labelled object they tell whose pair it is."""
    hostvars = fed.inventory(**RULES)
    hostvars[RED]["mesh_peer_names"] = {GREEN: "green-prod"}
    hostvars[RED]["mesh_imports"] = {GREEN: ["shop/none"]}
    declaration = fed.declare(
        {host: dict(one, federation_unlink="red-mesh,green-mesh") for host, one in hostvars.items()}
    )
    read = {host: fed.facts(host) for host in fed.COLOURS}
    fed.federate(declaration, read)
    collections = ("imports", "exports", "peers", "config_maps")
    assert all(any("green-prod" in one["metadata"]["name"] for one in read[RED][kind]) for kind in collections)
    for collection in collections[:done]:
        read[RED][collection] = [one for one in read[RED][collection] if "green-prod" not in one["metadata"]["name"]]
    if done > len(collections):
        read[RED]["control_plane"] = fed.facts(RED)["control_plane"]
    pairs = plan_removal(declaration, read, "unlink")["pairs"][RED]
    assert [(pair["peer"], pair["peer_name"]) for pair in pairs] == ([(GREEN, "green-prod")] if done < 5 else [])


def test_a_peer_that_is_called_like_another_mesh_stays() -> None:
    """Red calls green by the name of a mesh blue; a request for blue is about the mesh."""
    hostvars = fed.inventory(RED, GREEN)
    hostvars[RED]["mesh_peer_names"] = {GREEN: "blue-mesh"}
    for host in hostvars:
        hostvars[host]["federation_remove_mesh"] = BLUE
    declaration, read = fed.declare(hostvars), {host: fed.facts(host) for host in (RED, GREEN)}
    fed.federate(declaration, read)
    assert [pair["peer_name"] for pair in live_pairs(read[RED])] == ["blue-mesh"]
    plan = plan_removal(declaration, read, "remove_mesh")
    assert _going(plan) == {} and [found["code"] for found in plan["problems"]] == ["removal-nothing"]


def test_what_others_manage_is_no_pair_of_ours() -> None:
    facts = fed.facts(RED)
    facts["peers"] = [fed.live_peer("purple", namespace="red-mesh-system")]
    facts["config_maps"] = [{"metadata": {"name": "purple-ca-root-cert", "namespace": "red-mesh-system"}}]
    assert live_pairs(facts) == []


def test_the_tasks_remove_the_kinds_in_the_order_of_the_product() -> None:
    plan = _plan("leave")
    kinds = [
        target["definition"]["kind"]
        for task in objects.BUILDERS
        for host in (GREEN, RED)
        for target in objects.build_objects(plan, task, host, {})
    ]
    order = list(dict.fromkeys(kinds))
    assert order == list(steps.removal_order())
    # What is about requests goes before: see test_traffic.py.
    assert set(order) | set(steps.TRAFFIC) == {write.kind for write in steps.STEPS["removal"].writes}


def test_an_export_set_is_emptied_and_keeps_our_labels() -> None:
    plan = _plan("unlink", unlink="red-mesh,green-mesh")
    [emptied] = objects.build_objects(plan, "withdrawn_exports", RED, {})
    assert emptied["definition"]["spec"] == {"exportRules": []}
    assert emptied["definition"]["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "ossm.federation"
    assert objects.exports_to_wait_for(plan, RED, {}) == [{"name": GREEN, "peer": GREEN}]
    assert objects.exports_to_wait_for(plan, GREEN, {}) == []


@pytest.mark.parametrize("forced", [False, True])
def test_a_peer_that_still_exports_is_never_deleted(forced: bool) -> None:
    plan = _plan("unlink", unlink="red-mesh,green-mesh", force_removal=forced)
    late = problem("still-exporting", RED, "ExportedServiceSet red-mesh-system/green-mesh", "late", peer=GREEN)
    results = {"exports_gone": {RED: {"problems": [late]}}}
    removed = [one["definition"]["kind"] for one in objects.build_objects(plan, "removed_peers", RED, results)]
    assert removed == (["ExportedServiceSet", "ServiceMeshPeer", "ConfigMap"] if forced else [])
    assert bool(objects.build_objects(plan, "removed_gateways", RED, results)) is forced
    assert objects.build_objects(plan, "removed_peers", GREEN, results), "the other side goes on"


def test_a_failure_of_one_pair_stops_only_its_later_tasks() -> None:
    plan = _plan("leave")
    failed = problem("conflict", RED, "ImportedServiceSet red-mesh-system/green-mesh", "conflict", peer=GREEN)
    results = {"removed_imports": {RED: {"problems": [failed]}}}
    peers = {one["peer"] for one in objects.build_objects(plan, "removed_peers", RED, results)}
    assert peers == {BLUE}
    whole = problem("unreachable", RED, "API server of red-mesh", "refused")
    assert objects.build_objects(plan, "removed_peers", RED, {"removed_imports": {RED: {"problems": [whole]}}}) == []


def test_a_gateway_with_another_owner_is_removed_with_the_value_that_was_read() -> None:
    declaration, read = _federated(federation_unlink="red-mesh,green-mesh")
    path = "spec.gateways.additionalIngress.ingress-green-mesh"
    read[RED]["control_plane"]["owners"][path].append("kubectl-edit")
    plan = plan_removal(declaration, read, "unlink")
    [shrunk] = objects.build_objects(plan, "removed_gateways", RED, {})
    live = read[RED]["control_plane"]["object"]["spec"]["gateways"]["additionalIngress"]["ingress-green-mesh"]
    assert shrunk["remove_fields"] == {"/spec/gateways/additionalIngress/ingress-green-mesh": live}
    assert shrunk["definition"]["metadata"]["uid"] == "uid-of-red-mesh" and "spec" not in shrunk["definition"]


@pytest.mark.parametrize(
    ("host", "named"),
    [
        (HOST, True),
        ("*.svc.red-mesh-imports.local", True),
        ("*.red-mesh-imports.local", True),
        ("other.shop.svc.red-mesh-imports.local", True),
        ("istio-system/cart.shop.svc.red-mesh-imports.local", True),
        ("*", False),
        ("*.local", False),
        ("cart.shop.svc.blue-mesh-imports.local", False),
        ("cart.shop.svc.cluster.local", False),
    ],
)
@pytest.mark.parametrize("kind", steps.REFERRING)
def test_objects_of_users_that_name_imported_hosts_stop_the_removal(kind: str, host: str, named: bool) -> None:
    spec: Json = {
        "VirtualService": {"hosts": ["shop"], "http": [{"route": [{"destination": {"host": host}}]}]},
        "DestinationRule": {"host": host},
        "Sidecar": {"egress": [{"hosts": [host]}]},
        "AuthorizationPolicy": {"rules": [{"to": [{"operation": {"hosts": [host]}}]}]},
        "ServiceEntry": {"hosts": ["x"], "endpoints": [{"address": host}]},
        "Gateway": {"servers": [{"hosts": [host]}]},
    }[kind]
    declaration, read = _federated(federation_unlink="red-mesh,green-mesh")
    used = {"kind": kind, "metadata": {"name": "mine", "namespace": "shop"}, "spec": spec}
    read[GREEN]["additional_objects"] = [
        {"kind": kind, "namespace": None, "name": None, "served": True, "objects": [used], "problem": None}
    ]
    plan = plan_removal(declaration, read, "unlink")
    assert [found["code"] for found in plan["problems"]] == (["hosts-in-use"] if named else [])
    assert host in list(host_names(used))
    declaration["options"]["federation_force_removal"] = True
    forced = plan_removal(declaration, read, "unlink")
    assert not forced["problems"]
    assert [found["severity"] for found in forced["warnings"]] == (["warning"] if named else [])


def test_kinds_that_cannot_be_listed_stop_a_removal_of_imports_only() -> None:
    declaration, read = _federated(federation_unlink="red-mesh,green-mesh")
    refused = problem("forbidden", GREEN, "VirtualService None", "forbidden", severity="warning")
    for host in (RED, GREEN):
        read[host]["additional_objects"] = [
            {"kind": kind, "namespace": None, "name": None, "served": True, "objects": [], "problem": refused}
            for kind in steps.REFERRING
        ]
    plan = plan_removal(declaration, read, "unlink")
    assert [(found["code"], found["mesh"]) for found in plan["problems"]] == [("references-unread", GREEN)]


def test_an_export_set_of_others_forbids_to_delete_the_peer() -> None:
    declaration, read = _federated(federation_unlink="red-mesh,green-mesh")
    [exports] = [one for one in read[RED]["exports"] if one["metadata"]["name"] == GREEN]
    exports["metadata"]["labels"] = {}
    plan = plan_removal(declaration, read, "unlink")
    assert [found["code"] for found in plan["problems"]] == ["exports-unmanaged"]
    assert [found["code"] for found in plan["warnings"]] == ["unmanaged-stays"]
    del exports["status"]
    assert not plan_removal(declaration, read, "unlink")["problems"]


def test_an_export_set_of_others_keeps_its_pair_only() -> None:
    """Both sides of it stay; all other pairs go."""
    declaration, read = _federated(federation_remove_mesh=RED)
    [exports] = [one for one in read[RED]["exports"] if one["metadata"]["name"] == GREEN]
    exports["metadata"]["labels"] = {}
    plan = plan_removal(declaration, read, "remove_mesh")
    assert not plan["problems"] and _going(plan) == {RED: [BLUE], BLUE: [RED]}
    assert [found["code"] for found in plan["warnings"] if found["severity"] == "error"] == ["exports-unmanaged"]
    assert removal_report.report(plan, {})["failures"].keys() == {RED}


def test_what_a_deleted_control_plane_has_left_goes_without_waiting_for_istiod() -> None:
    declaration, read = _federated(federation_unlink="red-mesh,green-mesh", federation_restart_control_plane=True)
    read[RED]["control_plane"] = None
    plan = plan_removal(declaration, read, "unlink")
    assert not plan["problems"] and plan["survivors"][RED] == []
    deleted = [one["definition"]["kind"] for one in objects.build_objects(plan, "removed_imports", RED, {})]
    assert deleted == ["ExportedServiceSet"]
    assert objects.build_objects(plan, "withdrawn_exports", RED, {}) == []
    assert objects.exports_to_wait_for(plan, RED, {}) == []
    kinds = [one["definition"]["kind"] for one in objects.build_objects(plan, "removed_peers", RED, {})]
    assert kinds == ["ServiceMeshPeer", "ConfigMap"]
    assert objects.build_objects(plan, "removed_gateways", RED, {}) == []
    assert removal_report.restarts(plan) == [GREEN]
    assert "istiod-None" not in " ".join(removal_report.unconfirmed(plan))


def test_gateways_that_the_operator_has_not_removed_yet_are_waited_for() -> None:
    """A run was killed after it had taken them out of the control plane: nothing else is left of the pair."""
    declaration = fed.declare(
        {host: dict(one, federation_remove_mesh=GREEN) for host, one in fed.inventory(RED, BLUE).items()}
    )
    read = {host: fed.facts(host) for host in (RED, BLUE)}
    read[RED]["leftover_gateways"] = ["egress-green-mesh", "ingress-green-mesh"]
    plan = plan_removal(declaration, read, "remove_mesh")
    assert _going(plan) == {RED: [GREEN]}
    assert [one["name"] for one in objects.gateways_to_wait_for(plan, RED, {})] == read[RED]["leftover_gateways"]
    assert not any(objects.build_objects(plan, task, RED, {}) for task in objects.BUILDERS)
    late = problem("gateway-remains", RED, "Service red-mesh-system/egress-green-mesh", "exists", peer=GREEN)
    report = removal_report.report(plan, {"gateways_gone": {RED: {"problems": [late]}}})
    assert report["verdict"] == "FAILED" and list(report["failures"]) == [RED]


@pytest.mark.parametrize(
    ("verb", "options", "codes"),
    [
        ("unlink", {}, ["removal-target"]),
        ("unlink", {"unlink": "red-mesh"}, ["removal-target"]),
        ("unlink", {"unlink": "red-mesh,red-mesh"}, ["removal-target"]),
        ("unlink", {"unlink": "yellow,purple"}, ["removal-target"]),
        ("unlink", {"unlink": "red-mesh,purple"}, ["removal-nothing"]),
        ("remove_mesh", {}, ["removal-target"]),
        ("remove_mesh", {"remove_mesh": "red-mesh,blue-mesh"}, ["removal-target"]),
        ("remove_mesh", {"remove_mesh": "purple"}, ["removal-nothing"]),
        ("remove_mesh", {"remove_mesh": "red-mesh", "confirm": "blue-mesh"}, ["removal-unconfirmed"]),
        ("unlink", {"unlink": "red-mesh,green-mesh", "confirm": "red-mesh"}, ["removal-unconfirmed"]),
        ("leave", {"confirm": "all"}, ["removal-unconfirmed"]),
    ],
)
def test_an_unclear_request_is_rejected(verb: Verb, options: Json, codes: list[str]) -> None:
    assert [found["code"] for found in _plan(verb, **options)["problems"]] == codes


@pytest.mark.parametrize(
    ("verb", "options", "confirmed"),
    [
        ("unlink", {"unlink": "red-mesh,green-mesh"}, False),
        ("unlink", {"unlink": "red-mesh,green-mesh", "confirm": "green-mesh, red-mesh"}, True),
        ("remove_mesh", {"remove_mesh": "red-mesh", "confirm": "red-mesh"}, True),
        ("leave", {"confirm": "federation"}, True),
    ],
)
def test_a_removal_is_confirmed_by_its_own_value(verb: Verb, options: Json, confirmed: bool) -> None:
    assert _plan(verb, **options)["request"]["confirmed"] is confirmed


def test_a_mesh_that_cannot_be_read_keeps_its_objects_and_the_other_side_goes() -> None:
    declaration, read = _federated(federation_unlink="red-mesh,green-mesh")
    refused = problem("unreachable", RED, "API server of red-mesh", "refused")
    read[RED] = {**fed.facts(RED), "readable": False, "problems": [refused], "control_plane": None}
    plan = plan_removal(declaration, read, "unlink")
    assert _going(plan) == {GREEN: [RED]} and not plan["problems"]
    assert "red-mesh: it could not be read" in plan["elsewhere"][0]
    report = removal_report.report(plan, {})
    assert report["verdict"] == "FAILED" and list(report["failures"]) == [RED]


def test_our_identity_for_a_mesh_without_access_is_withdrawn() -> None:
    _whole, read = _federated()
    smaller = fed.declare(
        {host: dict(one, federation_remove_mesh=BLUE) for host, one in fed.inventory(RED, GREEN).items()}
    )
    plan = plan_removal(smaller, read, "remove_mesh")
    assert plan["identity_files"] == [
        "identities/green-mesh-for-blue-mesh.yml",
        "identities/red-mesh-for-blue-mesh.yml",
    ]
    assert _plan("remove_mesh", remove_mesh=BLUE)["identity_files"] == [], "all meshes are in the inventory with access"


def test_the_rights_of_the_account_are_compared_before_the_first_write() -> None:
    declaration, read = _federated(federation_unlink="red-mesh,green-mesh")
    read[RED]["rights"] = [{"verbs": ["list"], "apiGroups": ["*"], "resources": ["*"]}]
    read[BLUE]["rights"] = []
    plan = plan_removal(declaration, read, "unlink")
    assert [(found["code"], found["mesh"]) for found in plan["problems"]] == [("permission-missing", RED)]
    assert "delete servicemeshpeers" in plan["problems"][0]["message"]


def _removed(plan: RemovalPlan, after: dict[str, Json]) -> Json:
    """The report after all tasks have succeeded, with what the meshes have then."""
    deleted = {
        "verb": "deleted",
        "kind": "ServiceMeshPeer",
        "namespace": "ns",
        "name": GREEN,
        "fields": [],
        "peer": GREEN,
    }
    results = {
        "removed_peers": {RED: {"objects": [{**deleted, "mesh": RED}], "problems": []}},
        "facts_after": after,
    }
    return dict(removal_report.report(plan, results))


def _after(read: dict[str, Json]) -> dict[str, Json]:
    """What is read after the pair of red and green is gone."""
    after = copy.deepcopy(read)
    for host, peer in ((RED, GREEN), (GREEN, RED)):
        for collection in ("peers", "exports", "imports", "config_maps"):
            after[host][collection] = [one for one in after[host][collection] if peer not in one["metadata"]["name"]]
        after[host]["control_plane"]["object"]["applied"].pop(f"ossm.federation/{peer}")
    return after


def test_the_second_reading_proves_that_nothing_is_left() -> None:
    declaration, read = _federated(federation_unlink="red-mesh,green-mesh")
    plan = plan_removal(declaration, read, "unlink")
    report = _removed(plan, _after(read))
    assert report["verdict"] == "REMOVED" and report["left"] == {} and not report["failures"]
    assert report["undisturbed"] == 4
    assert "4 other links stayed connected all the time." in report["lines"]


@pytest.mark.parametrize("what", ["peer", "Deployment", "gateway"])
def test_what_is_left_is_named(what: str) -> None:
    declaration, read = _federated(federation_unlink="red-mesh,green-mesh")
    plan, after = plan_removal(declaration, read, "unlink"), _after(read)
    if what == "peer":
        after[RED]["peers"] = copy.deepcopy(read[RED]["peers"])
    elif what == "gateway":
        after[RED]["control_plane"] = copy.deepcopy(read[RED]["control_plane"])
    else:
        left = {"kind": "Deployment", "objects": [{"metadata": {"name": "ingress-green-mesh"}}]}
        after[RED]["additional_objects"] = [left]
    report = _removed(plan, after)
    assert report["verdict"] == "INCOMPLETE" and list(report["left"]) == [RED] and list(report["failures"]) == [RED]
    assert [found["code"] for found in report["problems"]] == ["removal-incomplete"]


def test_a_link_that_stays_and_was_interrupted_is_reported() -> None:
    declaration, read = _federated(federation_unlink="red-mesh,green-mesh")
    plan, after = plan_removal(declaration, read, "unlink"), _after(read)
    [watch] = [entry["watch"] for peer in after[RED]["peers"] for entry in peer["status"]["discoveryStatus"]["active"]]
    watch["lastConnected"] = "2026-05-02T00:00:00Z"
    report = _removed(plan, after)
    assert report["verdict"] == "REMOVED" and report["undisturbed"] == 3
    assert [(found["code"], found["severity"]) for found in report["problems"]] == [("link-disturbed", "warning")]


def test_the_declared_pair_is_mentioned_as_the_next_run_would_connect_it() -> None:
    plan = _plan("remove_mesh", remove_mesh="blue-mesh")
    assert plan["still_declared"] == [["blue-mesh", "green-mesh"], ["blue-mesh", "red-mesh"]]
    text = " ".join(line.strip() for line in removal_report.unconfirmed(plan))
    assert "blue-mesh - red-mesh: the next federate.yml connects them again" in text


def test_nothing_to_remove_is_no_failure() -> None:
    declaration = fed.declare(
        {host: dict(one, federation_unlink="red-mesh,green-mesh") for host, one in fed.inventory().items()}
    )
    plan = plan_removal(declaration, {host: fed.facts(host) for host in fed.COLOURS}, "unlink")
    assert removal_report.report(plan, {})["verdict"] == "NOTHING TO REMOVE"
    assert removal_report.unconfirmed(plan)[0].startswith("NOTHING TO REMOVE")
