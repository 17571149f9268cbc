# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choices of the plan: trust domains, live peers, exposure, what is pending, what a step changes."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders import federations as fed

from ansible_collections.ossm.federation.plugins.module_utils._product import data, steps, types as product_types
from ansible_collections.ossm.federation.plugins.plugin_utils._model import declare as declaring
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import desired, drift
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import (
    advance as plan_steps,
    plan as planning,
    types as plan_types,
)

Json = dict[str, Any]
RED, GREEN, BLUE = "red-mesh", "green-mesh", "blue-mesh"


def read_all(**changes: Json) -> dict[str, Json]:
    return {host: changes.get(host.replace("-", "_")) or fed.facts(host) for host in fed.COLOURS}


def planned(
    read: dict[str, Json] | None = None, play_hosts: list[str] | None = None, **variables: Json
) -> plan_types.Plan:
    declaration = fed.declare(fed.inventory(**variables), play_hosts=play_hosts or list(fed.COLOURS))
    return planning.build_plan(declaration, read_all() if read is None else read, fed.NOW)


def confirm(*meshes: str) -> Json:
    return {"federation_confirm_trust_domain": list(meshes)}


# variables of red, what is read of red, trust domain afterwards, whether we set it, code of the problem
TRUST: list[tuple[str, Json, Json, str, bool, str | None]] = [
    ("in force", {}, fed.facts(RED), "red-mesh.local", False, None),
    ("in force and wished for", {"mesh_trust_domain": "red-mesh.local"}, fed.facts(RED), "red-mesh.local", False, None),
    ("nothing set, nothing runs", {}, fed.unset_trust_domain(RED, members=[]), "red-mesh.local", True, None),
    ("nothing set, workloads", {}, fed.unset_trust_domain(RED), "cluster.local", False, None),
    ("nothing set, members unknown", {}, fed.unset_trust_domain(RED, members=None), "cluster.local", False, None),
    ("another wished for, nothing runs", {"mesh_trust_domain": "new"}, fed.facts(RED, members=[]), "new", True, None),
    (
        "another wished for, workloads",
        {"mesh_trust_domain": "new"},
        fed.facts(RED),
        "red-mesh.local",
        False,
        "trust-domain-change",
    ),
    (
        "another confirmed by mesh",
        {"mesh_trust_domain": "new", **confirm(RED)},
        fed.facts(RED),
        "new",
        True,
        "trust-domain-changes",
    ),
    (
        "another mesh confirmed",
        {"mesh_trust_domain": "new", **confirm(BLUE)},
        fed.facts(RED),
        "red-mesh.local",
        False,
        "trust-domain-change",
    ),
    ("confirmed, none wished for", confirm(RED), fed.unset_trust_domain(RED), "cluster.local", False, None),
    (
        "the default wished for",
        {"mesh_trust_domain": "cluster.local"},
        fed.unset_trust_domain(RED),
        "cluster.local",
        False,
        None,
    ),
]


@pytest.mark.parametrize(
    ("variables", "read", "domain", "sets", "code"), [case[1:] for case in TRUST], ids=[case[0] for case in TRUST]
)
def test_trust_domain(variables: Json, read: Json, domain: str, sets: bool, code: str | None) -> None:
    option = {key: value for key, value in variables.items() if key.startswith("federation_")}
    plan = planned(read_all(red_mesh=read), red_mesh=variables, green_mesh=option, blue_mesh=option)
    red = plan["meshes"][RED]
    assert (red["trust_domain"], red["set_trust_domain"]) == (domain, sets)
    assert red["trust_domain_message"]
    assert [problem["code"] for problem in plan["problems"] + plan["warnings"]] == ([code] if code else [])
    own = [
        wanted for wanted in desired.gateway_objects(plan, RED, read) if wanted["field_manager"] == "ossm.federation"
    ]
    assert [wanted["definition"]["spec"] for wanted in own] == (
        [{"security": {"trust": {"domain": domain}}}] if sets else []
    )


def identity(mesh: str) -> Json:
    return {"trustDomain": f"{mesh}.local", "clientID": f"{mesh}.local/ns/{mesh}-system/sa/x-service-account"}


def peer_of_red(name: str, ours: str | None = None, **spec: Any) -> Json:
    return fed.live_peer(name, namespace="red-mesh-system", ours=ours, **spec)


GATEWAYS = {"ingress": {"name": "in"}, "egress": {"name": "out"}}
# live objects in red; then name of green's peer in red, its ingress, state, and codes of problems
LIVE: list[tuple[str, list[Json], str, str, str, list[str]]] = [
    ("nothing", [], GREEN, "ingress-green-mesh", "ready", []),
    ("ours by label", [peer_of_red("g", GREEN, gateways=GATEWAYS)], "g", "in", "ready", []),
    ("by name", [peer_of_red(GREEN, gateways=GATEWAYS)], GREEN, "in", "ready", []),
    ("by identity", [peer_of_red("east", gateways=GATEWAYS, security=identity(GREEN))], "east", "in", "ready", []),
    ("label before name", [peer_of_red("g", GREEN, gateways=GATEWAYS), peer_of_red(GREEN)], "g", "in", "ready", []),
    (
        "identity of another",
        [peer_of_red("east", gateways=GATEWAYS, security=identity(BLUE))],
        GREEN,
        "ingress-green-mesh",
        "ready",
        [],
    ),
    (
        "clientID of another domain",
        [peer_of_red("e", security={**identity(GREEN), "trustDomain": "x"})],
        GREEN,
        "ingress-green-mesh",
        "ready",
        [],
    ),
    (
        "two with our label",
        [peer_of_red("a", GREEN), peer_of_red("b", GREEN)],
        GREEN,
        "ingress-green-mesh",
        "skipped",
        ["peer-ambiguous"],
    ),
    ("name taken", [peer_of_red(GREEN, BLUE)], GREEN, "ingress-green-mesh", "skipped", ["peer-name-taken"]),
    (
        "gateway taken",
        [peer_of_red("x", gateways={"ingress": {"name": "ingress-green-mesh"}})],
        GREEN,
        "ingress-green-mesh",
        "skipped",
        ["gateway-shared"],
    ),
    (
        "one gateway for two",
        [peer_of_red(GREEN, gateways=GATEWAYS), peer_of_red(BLUE, gateways=GATEWAYS)],
        GREEN,
        "in",
        "skipped",
        ["gateway-shared", "gateway-shared"],
    ),
    (
        "one gateway for both ways",
        [peer_of_red(GREEN, gateways={"ingress": {"name": "x"}, "egress": {"name": "x"}})],
        GREEN,
        "x",
        "skipped",
        ["gateway-shared"],
    ),
    (
        "impossible gateway",
        [peer_of_red(GREEN, gateways={"ingress": {"name": "A_b"}})],
        GREEN,
        "A_b",
        "skipped",
        ["name-invalid"],
    ),
    (
        "default gateway",
        [peer_of_red(GREEN, gateways={"ingress": {"name": "istio-ingressgateway"}})],
        GREEN,
        "istio-ingressgateway",
        "ready",
        [],
    ),
]


@pytest.mark.parametrize(
    ("live", "name", "ingress", "state", "codes"), [case[1:] for case in LIVE], ids=[case[0] for case in LIVE]
)
def test_existing_names_win(live: list[Json], name: str, ingress: str, state: str, codes: list[str]) -> None:
    plan = planned(read_all(red_mesh=fed.facts(RED, peers=live)))
    side = plan["sides"][RED][GREEN]
    assert (side["peer_name"], side["ingress"], side["state"]) == (name, ingress, state)
    assert [problem["code"] for problem in side["problems"]] == codes
    assert bool(side["message"]) == (state != "ready")
    assert plan["problems"] == []


def test_meshes_of_one_cluster_use_names_of_the_cluster() -> None:
    read = read_all(red_mesh=fed.facts(RED, cluster_uid="one"), green_mesh=fed.facts(GREEN, cluster_uid="one"))
    plan = planned(read)
    assert plan["sides"][RED][GREEN]["exposure"]["type"] == "ClusterIP"
    assert plan["sides"][RED][BLUE]["exposure"]["type"] == "LoadBalancer"
    remote = plan["sides"][RED][GREEN]["remote"]
    assert remote == {
        "addresses": ["ingress-red-mesh.green-mesh-system.svc.cluster.local"],
        "discoveryPort": 8188,
        "servicePort": 15443,
    }


def test_load_balancers_are_counted_before_the_first_write() -> None:
    plan = planned(read_all(blue_mesh=fed.facts(BLUE, "BareMetal")), green_mesh={"mesh_ingress": {"internal": True}})
    assert plan["load_balancers"] == {
        "new": 4,
        "public": 2,
        "message": "4 new load balancers will be created: 2 public, 2 internal",
    }
    read = read_all()
    fed.federate(fed.declare(fed.inventory()), read)
    assert planned(read)["load_balancers"]["message"] == "No new load balancers will be created"


# Steps


def test_addresses_reach_the_other_side() -> None:
    plan = planned(read_all(blue_mesh=fed.facts(BLUE, "BareMetal")))
    after = plan_steps.advance(plan, "addresses", fed.opened(plan))
    assert after["sides"][RED][BLUE]["remote"] == {
        "addresses": ["198.51.1.0"],
        "discoveryPort": 30002,
        "servicePort": 31002,
    }
    specs = {
        wanted["definition"]["metadata"]["name"]: wanted["definition"].get("spec")
        for wanted in desired.peer_objects(after, RED, fed.facts(RED))
    }
    assert specs[BLUE]["remote"] == after["sides"][RED][BLUE]["remote"]
    assert specs[GREEN]["remote"] == {"addresses": ["198.51.2.2"]}
    assert plan["sides"][RED][BLUE]["remote"] is None


def test_a_mesh_that_cannot_be_read_stops_only_its_own_pairs() -> None:
    read = read_all(
        blue_mesh=fed.facts(BLUE, readable=False, problems=[product_types.problem("forbidden", BLUE, "x", "no", "do")])
    )
    plan = planned(read)
    assert plan["problems"] == []
    assert {side["state"] for side in plan["sides"][BLUE].values()} == {"skipped"}
    assert (plan["sides"][RED][BLUE]["state"], plan["sides"][RED][BLUE]["pending_on"]) == ("pending", BLUE)
    assert plan["sides"][RED][GREEN]["state"] == "ready"
    after = plan_steps.advance(plan, "addresses", fed.opened(plan))
    assert {wanted["peer"] for wanted in desired.peer_objects(after, RED, read[RED])} == {GREEN}
    assert {wanted["peer"] for wanted in desired.gateway_objects(after, RED, read[RED])} == {GREEN, BLUE}


def test_all_meshes_broken_at_once_still_give_a_plan() -> None:
    plan = planned({})
    assert plan["problems"] == []
    assert {side["state"] for by_peer in plan["sides"].values() for side in by_peer.values()} == {"skipped"}
    for step in ("gateways", "addresses", "sets", "peers"):
        plan = plan_steps.advance(plan, step, {})
    assert all(desired.build_objects(plan, step, host, {}) == [] for step in steps.WRITING for host in fed.COLOURS)


def test_a_limited_run_on_a_fresh_federation_waits_for_the_others() -> None:
    read = read_all()
    plan = planned(read, play_hosts=[RED])
    side = plan["sides"][RED][GREEN]
    assert (side["state"], side["pending_on"]) == ("pending", GREEN)
    assert "run federate.yml for green-mesh" in side["message"]
    assert desired.gateway_objects(plan, GREEN, read[GREEN]) == []
    assert len(desired.gateway_objects(plan, RED, read[RED])) == 2
    assert plan["load_balancers"]["new"] == 2
    checked = plan_steps.advance(plan, "addresses", {RED: fed.opened(plan)[RED]}, check_mode=True)
    assert desired.peer_objects(checked, RED, read[RED]) == []


def test_a_limited_run_on_a_federated_lab_is_complete() -> None:
    read = read_all()
    plan, _wishes = fed.federate(fed.declare(fed.inventory()), read)
    for host in (GREEN, BLUE):
        for index, gateway in enumerate(plan["meshes"][host]["gateways"], start=1):
            read[host]["gateway_services"][gateway["name"]] = {
                "metadata": {"name": gateway["name"], "namespace": f"{host}-system"},
                "spec": {
                    "type": "LoadBalancer",
                    "ports": [{"name": "tls", "port": 15443}, {"name": "https-discovery", "port": 8188}],
                },
                "status": {"loadBalancer": {"ingress": [{"hostname": f"{host}-{index}.example"}]}},
            }
    limited = planned(read, play_hosts=[RED])
    assert limited["sides"][RED][GREEN]["state"] == "ready"
    assert limited["sides"][RED][GREEN]["remote"] == {
        "addresses": ["green-mesh-2.example"],
        "discoveryPort": 8188,
        "servicePort": 15443,
    }


def test_an_outside_mesh_that_still_has_to_change_its_trust_domain() -> None:
    read = read_all(green_mesh=fed.unset_trust_domain(GREEN, members=[]))
    side = planned(read, play_hosts=[RED])["sides"][RED][GREEN]
    assert side["state"] == "pending"
    assert "trust domain green-mesh.local" in side["message"]


def test_check_mode_knows_what_it_does_not_know() -> None:
    plan = planned()
    results = {
        host: {
            "ready": True,
            "gateways": {gateway["name"]: {"pending": "it is not there"} for gateway in mesh["gateways"]},
        }
        for host, mesh in plan["meshes"].items()
    }
    checked = plan_steps.advance(plan, "addresses", results, check_mode=True)
    desired_objects = [
        wanted
        for wanted in desired.peer_objects(checked, RED, fed.facts(RED))
        if wanted["definition"]["kind"] == "ServiceMeshPeer"
    ]
    assert [wanted["unknown"] for wanted in desired_objects] == [
        {"spec.remote.addresses": f"known once ingress-red-mesh of {peer} has an address"} for peer in (BLUE, GREEN)
    ]
    assert all("remote" not in wanted["definition"]["spec"] for wanted in desired_objects)
    real = plan_steps.advance(plan, "addresses", results)
    assert (real["sides"][RED][GREEN]["state"], real["sides"][RED][GREEN]["pending_on"]) == ("pending", GREEN)
    assert "it is not there" in real["sides"][RED][GREEN]["message"]


def failure(mesh: str, peer: str | None = None, severity: str = "error") -> Json:
    return {"problems": [product_types.problem("conflict", mesh, "SMCP", "no", "do", peer=peer, severity=severity)]}


@pytest.mark.parametrize("called", [GREEN, "green"], ids=["by host", "by mesh"])
def test_a_failed_pair_is_skipped_on_the_failing_side_only(called: str) -> None:
    plan = planned(green_mesh={"mesh_name": "green"}, read=read_all())
    after = plan_steps.advance(plan, "sets", {RED: failure(RED, called)})
    assert after["sides"][RED][GREEN]["state"] == "skipped"
    assert [problem["code"] for problem in after["sides"][RED][GREEN]["problems"]] == ["conflict"]
    assert after["sides"][RED][BLUE]["state"] == after["sides"][BLUE][RED]["state"] == "ready"
    assert plan["sides"][RED][GREEN]["state"] == "ready"
    assert plan_steps.gateways_to_wait_for(plan, RED, failure(RED, called)) == [
        {"name": "ingress-blue-mesh", "exposure": "LoadBalancer", "internal": False, "peer": BLUE}
    ]


def test_a_failed_mesh_leaves_the_others_waiting() -> None:
    plan = planned()
    after = plan_steps.advance(
        plan_steps.advance(plan, "gateways", {RED: failure(RED)}),
        "addresses",
        {host: result for host, result in fed.opened(plan).items() if host != RED},
    )
    assert {side["state"] for side in after["sides"][RED].values()} == {"skipped"}
    assert after["sides"][GREEN][RED]["state"] == "pending"
    assert after["sides"][GREEN][BLUE]["state"] == "ready"
    assert after["meshes"][RED]["gateways"] == plan_steps.gateways_to_wait_for(plan, RED, failure(RED)) == []
    assert [problem["code"] for problem in after["meshes"][RED]["problems"]] == ["conflict"]


def test_warnings_of_a_step_change_nothing() -> None:
    after = plan_steps.advance(planned(), "gateways", {RED: failure(RED, GREEN, "warning")})
    assert after["sides"][RED][GREEN]["state"] == "ready"
    assert [problem["code"] for problem in after["warnings"]] == ["conflict"]


def test_an_unknown_step_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="there is no step"):
        plan_steps.advance(planned(), "tell", {})


# What others own


def foreign_red() -> Json:
    """Red with a peer, a set, a ConfigMap and unmanaged gateways for green, all a little different."""
    read = fed.facts(RED)
    plan = {
        "spec.gateways.additionalIngress.ingress-green-mesh": "kubectl",
        "spec.gateways.additionalEgress.egress-green-mesh": "kubectl",
    }
    read["control_plane"]["owners"].update(plan)
    read["control_plane"]["object"]["spec"]["gateways"] = {
        "additionalIngress": {
            "ingress-green-mesh": {
                "enabled": True,
                "service": {
                    "type": "NodePort",
                    "ports": [{"port": 15443, "name": "tls"}, {"port": 8188, "name": "https-discovery"}],
                },
            }
        },
        "additionalEgress": {
            "egress-green-mesh": {
                "enabled": True,
                "requestedNetworkView": ["green-network"],
                "service": {"ports": [{"port": 15443, "name": "tls"}, {"port": 8188, "name": "http-discovery"}]},
            }
        },
    }
    read["peers"] = [
        peer_of_red(
            GREEN,
            remote={"addresses": ["192.0.2.99"]},
            gateways={"ingress": {"name": "ingress-green-mesh"}, "egress": {"name": "egress-green-mesh"}},
        )
    ]
    read["exports"] = [
        {"kind": "ExportedServiceSet", "metadata": {"name": GREEN}, "spec": {"exportRules": []}, "managers": ["hand"]}
    ]
    read["config_maps"] = [
        {"kind": "ConfigMap", "metadata": {"name": "green-mesh-ca-root-cert"}, "data": {"root-cert.pem": "old"}}
    ]
    return read


def _with_foreign(**option: Any) -> tuple[plan_types.Plan, dict[str, Json]]:
    read = read_all(red_mesh=foreign_red())
    variables = {host.replace("-", "_"): {**option, "mesh_exports": ["a/b"]} for host in fed.COLOURS}
    plan = planned(read, **variables)
    return plan_steps.advance(plan, "addresses", fed.opened(plan)), read


def test_unmanaged_objects_are_used_and_reported() -> None:
    plan, read = _with_foreign()
    side = plan["sides"][RED][GREEN]
    assert (side["owners"]["egress"], side["peer_object"], side["exposure"]["type"]) == (
        "unmanaged",
        "unmanaged",
        "NodePort",
    )
    desired_objects = [wanted for step in steps.WRITING for wanted in desired.build_objects(plan, step, RED, read[RED])]
    assert {wanted["peer"] for wanted in desired_objects} == {BLUE}
    findings = {problem["where"]: problem for problem in drift.find_drift(plan, RED, read[RED])}
    assert set(findings) == {
        "ServiceMeshControlPlane red-mesh-system spec.gateways.additionalEgress.egress-green-mesh",
        "ExportedServiceSet red-mesh-system/green-mesh",
        "ConfigMap red-mesh-system/green-mesh-ca-root-cert",
        "ServiceMeshPeer red-mesh-system/green-mesh",
    }
    assert {(problem["code"], problem["severity"], problem.get("peer")) for problem in findings.values()} == {
        ("unmanaged", "warning", GREEN)
    }
    assert "spec.security.clientID" in findings["ServiceMeshPeer red-mesh-system/green-mesh"]["message"]
    assert "managed by hand" in findings["ExportedServiceSet red-mesh-system/green-mesh"]["message"]


def test_adopted_objects_are_sent_as_they_live() -> None:
    plan, read = _with_foreign(federation_adopt=True)
    desired_objects = [
        wanted
        for step in steps.WRITING
        for wanted in desired.build_objects(plan, step, RED, read[RED])
        if wanted["peer"] == GREEN
    ]
    by_kind = {wanted["definition"]["kind"]: wanted["definition"] for wanted in desired_objects}
    assert by_kind["ServiceMeshPeer"]["spec"] == read[RED]["peers"][0]["spec"]
    assert by_kind["ConfigMap"]["data"] == {"root-cert.pem": "old"}
    assert by_kind["ExportedServiceSet"]["metadata"]["annotations"] == {"ossm.federation/adopted": "true"}
    gateways = by_kind["ServiceMeshControlPlane"]["spec"]["gateways"]
    live = read[RED]["control_plane"]["object"]["spec"]["gateways"]
    assert data.differences(gateways, live) == []
    assert gateways["additionalEgress"]["egress-green-mesh"]["requestedNetworkView"] == ["green-network"]


def test_an_empty_list_of_rules_empties_a_set_of_ours_and_makes_none() -> None:
    read = read_all()
    fed.federate(fed.declare(fed.inventory(red_mesh={"mesh_exports": ["a/b"]})), read)
    empty = {"mesh_exports": [], "mesh_imports": []}
    _plan, desired_objects = fed.federate(fed.declare(fed.inventory(red_mesh=empty)), read)
    sets = [
        wanted["definition"] for wanted in desired_objects[RED] if wanted["definition"]["kind"].endswith("ServiceSet")
    ]
    assert [(one["kind"], one["spec"]) for one in sets] == [("ExportedServiceSet", {"exportRules": []})] * 2
    _plan, desired_objects = fed.federate(fed.declare(fed.inventory()), read)
    assert [wanted for wanted in desired_objects[RED] if wanted["definition"]["kind"].endswith("ServiceSet")] == []


def test_shapes_of_federations() -> None:
    hub = fed.inventory("hub", "a", "b", "c")
    for spoke in ("a", "b", "c"):
        hub[spoke]["mesh_peers"] = ["hub"]
    assert fed.declare(hub)["pairs"] == [["a", "hub"], ["b", "hub"], ["c", "hub"]]
    groups = fed.inventory("a", "b", "c", "d")
    groups["a"]["mesh_peers"] = ["east"]
    for host in ("b", "c", "d"):
        groups[host]["mesh_peers"] = []
    assert fed.declare(groups, groups={"east": ["a", "b", "c", "stranger"]})["pairs"] == [["a", "b"], ["a", "c"]]


def test_access_is_passed_under_kubernetes_core_names() -> None:
    assert declaring.mesh_auth(
        {
            "mesh_kubeconfig": "~/k",
            "mesh_validate_certs": "no",
            "mesh_impersonate_groups": "a,b",
            "mesh_host": None,
            "mesh_name": "x",
        }
    ) == {"kubeconfig": "~/k", "validate_certs": False, "impersonate_groups": ["a", "b"]}


# -- roots -----------------------------------------------------------------------------------------------------------

EXPIRED = {"not_after": "2026-01-01T00:00:00Z"}
#: what is wrong with green's root, and the code of the problem
REFUSED: dict[str, tuple[list[Json], Json, str]] = {
    "expired": ([fed.root("aa", **EXPIRED)], {}, "root-expired"),
    "not pinned": ([fed.root("aa")], {"mesh_trust_fingerprints": ["00" * 32]}, "root-not-pinned"),
    "one of two not pinned": (
        [fed.root("11" * 32), fed.root("22" * 32)],
        {"mesh_trust_fingerprints": ["11" * 32]},
        "root-not-pinned",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_root_is_written_by_nobody_and_stops_its_mesh_alone(case: str) -> None:
    roots, variables, code = REFUSED[case]
    green = fed.unset_trust_domain(GREEN, roots=roots, members=[])
    declaration = fed.declare(fed.inventory(green_mesh=variables))
    plan, desired_objects = fed.federate(declaration, read_all(green_mesh=green))
    assert plan["problems"] == []
    assert fed.codes(plan["meshes"][GREEN]["problems"]) == {(code, GREEN)}
    assert {side["state"] for side in plan["sides"][GREEN].values()} == {"skipped"}
    assert {plan["sides"][host][GREEN]["state"] for host in (RED, BLUE)} == {"pending"}
    assert plan["sides"][RED][BLUE]["state"] == "ready"
    assert desired_objects[GREEN] == []
    assert not [
        wanted for wanted in desired_objects[RED] if wanted["definition"]["metadata"]["name"].startswith(f"{GREEN}-ca")
    ]
    assert plan["meshes"][GREEN]["root"] == "" and not plan["meshes"][GREEN]["set_trust_domain"]


def test_what_cannot_be_described_is_never_written() -> None:
    _plan, desired_objects = fed.federate(fed.declare(fed.inventory()), read_all(green_mesh=fed.facts(GREEN, roots=[])))
    kinds = [(wanted["definition"]["kind"], wanted["peer"]) for wanted in desired_objects[RED]]
    assert (
        ("ConfigMap", BLUE) in kinds and ("ConfigMap", GREEN) not in kinds and ("ServiceMeshPeer", GREEN) not in kinds
    )


def test_a_root_that_expires_soon_is_a_warning_before_the_first_write() -> None:
    soon = fed.facts(GREEN, roots=[fed.root("aa", not_after="2026-06-20T00:00:00Z")])
    plan = planned(read_all(green_mesh=soon))
    assert (
        fed.codes(plan["warnings"], "warning") == {("root-expires", GREEN)}
        and "in 19 days" in plan["warnings"][0]["message"]
    )
    assert {side["state"] for side in plan["sides"][GREEN].values()} == {"ready"}
    option = {"federation_root_expiry_warning_days": 18}
    plan = planned(read_all(green_mesh=soon), red_mesh=option, green_mesh=option, blue_mesh=option)
    assert plan["warnings"] == []


def test_roots_are_shown_by_fingerprint() -> None:
    plan = planned(read_all(green_mesh=fed.facts(GREEN, roots=[fed.root("00ff", "O=green")])))
    assert plan["meshes"][GREEN]["root_lines"] == [
        "green-mesh: root O=green, SHA-256 00:FF, valid until 2035-01-01T00:00:00Z"
    ]


PEM = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n"
PEM_PRINT = "559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd"


@pytest.mark.parametrize(
    ("name", "domain", "pem", "taken"),
    [
        ("unmanaged", "green-mesh.local", "", True),
        ("unmanaged", "green-mesh.local", PEM, False),
        ("unmanaged", "other.local", "", False),
        (BLUE, "green-mesh.local", "", False),
    ],
    ids=["other roots", "the same root", "another trust domain", "a peer of ours, to be changed"],
)
def test_two_peers_with_one_trust_domain_and_other_roots(name: str, domain: str, pem: str, taken: bool) -> None:
    chain = {"kind": "ConfigMap", "name": "theirs"}
    live = peer_of_red(
        name, BLUE if name == BLUE else None, security={"trustDomain": domain, "certificateChain": chain}
    )
    red = fed.facts(RED, peers=[live], config_maps=[{"metadata": {"name": "theirs"}, "data": {"root-cert.pem": pem}}])
    plan = planned(read_all(red_mesh=red, green_mesh=fed.facts(GREEN, fingerprints=[PEM_PRINT])))
    side = plan["sides"][RED][GREEN]
    assert [problem["code"] for problem in side["problems"]] == (["trust-domain-taken"] if taken else [])
    assert side["state"] == ("skipped" if taken else "ready") and plan["sides"][RED][BLUE]["state"] == "ready"


def test_a_root_that_this_run_renews_is_no_drift() -> None:
    read = read_all()
    fed.federate(fed.declare(fed.inventory()), read)
    for live in read[RED]["config_maps"]:
        live["data"]["root-cert.pem"] = "the root before"
    assert drift.find_drift(planned(read), RED, read[RED]) == []
