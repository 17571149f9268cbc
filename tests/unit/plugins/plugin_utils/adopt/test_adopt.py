# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""adopt.yml: live objects become an inventory with which federate.yml writes nothing, and what is excluded is reported."""

from __future__ import annotations

import copy
from itertools import combinations
from typing import Any

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from unit.builders import federations as fed, handmade, settled

from ansible_collections.ossm.federation.plugins.module_utils._product.steps import LINKING
from ansible_collections.ossm.federation.plugins.plugin_utils._adopt import files, topology
from ansible_collections.ossm.federation.plugins.plugin_utils._objects import effect
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.desired import build_objects
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.drift import find_drift
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._report.adoption import report

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
RATINGS = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}}
ALIASED = {"type": "NameSelector", "nameSelector": {"namespace": "shop", "alias": {"namespace": "store"}}}
LOCAL = {"type": "NameSelector", "importAsLocal": True, "nameSelector": {"namespace": "a", "alias": {"namespace": "b"}}}


def writes(variables: dict[str, Json], facts: handmade.Facts) -> list[str]:
    """What federate.yml would write or correct with an inventory."""
    declared = fed.declare(variables)
    assert fed.codes(declared["problems"]) == set()
    plan = planning.build_plan(declared, facts, fed.NOW)
    assert plan["problems"] == []
    return [
        f"{host} {target['definition']['kind']} {target['definition']['metadata']['name']}"
        for host in facts
        for step in LINKING
        for target in build_objects(plan, step, host, facts[host])
        if effect.would_change(target)
    ] + [problem["message"] for host in facts for problem in find_drift(plan, host, facts[host])]


def meaning(variables: dict[str, Json]) -> Json:
    """What an inventory declares, by peer: however it is written."""
    declared = fed.declare(variables)
    keys = ("mesh", "trust_domain", "ingress_by_peer", "egress_by_peer", "exports", "imports", "locality", "peer_names")
    meshes = {host: {key: dict(mesh)[key] for key in keys} for host, mesh in declared["meshes"].items()}
    for mesh in meshes.values():
        for key in ("exports", "imports"):
            mesh[key] = {peer: rules for peer, rules in mesh[key].items() if rules}
    return {"meshes": meshes, "pairs": declared["pairs"]}


def test_the_smallest_inventory_comes_back() -> None:
    facts = handmade.federated(fed.declare(fed.inventory(red_mesh={"mesh_exports": {GREEN: ["bookinfo/ratings"]}})))
    found = handmade.adopted(facts)
    assert found["problems"] == found["fields"] == []
    assert handmade.variables(found) == {
        host: {
            "mesh_kubeconfig": f"/kube/{host}",
            "mesh_namespace": f"{host}-system",
            **({"mesh_exports": {GREEN: ["bookinfo/ratings"]}} if host == RED else {}),
        }
        for host in fed.COLOURS
    }
    assert "group_vars/federation.yml" not in found["files"]


def _exports(host: str) -> list[Any]:
    """Rules of one exporter; the names of no other mesh are among them, so that no peer needs a name of its own for that."""
    return [
        {"type": "NameSelector", "nameSelector": {"namespace": host, "name": "ratings"}},
        {"type": "NameSelector", "nameSelector": {"namespace": host, "name": "a", "alias": {"namespace": f"{host}-x"}}},
        {
            "type": "LabelSelector",
            "labelSelector": {"namespace": host, "selector": {"matchLabels": {"export": "true"}}},
        },
        f"{host}/*",
    ]


_IMPORTS = [RATINGS, ALIASED, LOCAL, "shop/*"]
_INGRESS = st.fixed_dictionaries(
    {},
    optional={
        "exposure": st.sampled_from(["LoadBalancer", "NodePort"]),
        "internal": st.just(True),
        "labels": st.just({"team": "mesh"}),
        "annotations": st.just({"example.com/pool": "a"}),
        "externalTrafficPolicy": st.just("Local"),
        "runtime": st.just({"deployment": {"autoScaling": {"enabled": False}}, "pod": {"priorityClassName": "high"}}),
    },
)
_EGRESS = st.fixed_dictionaries({}, optional={"runtime": st.just({"pod": {"nodeSelector": {"infra": ""}}})})


@st.composite
def inventories(draw: st.DrawFn) -> dict[str, Json]:
    """Inventories of three meshes: any pairs, rules, names of peers, gateways and localities."""
    pairs = [pair for pair in combinations(fed.COLOURS, 2) if draw(st.booleans())]
    hostvars = fed.inventory()
    for host in fed.COLOURS:
        peers = sorted(other for pair in pairs if host in pair for other in pair if other != host)
        own: Json = {"mesh_peers": peers}
        for variable, rules in (("mesh_exports", _exports(host)), ("mesh_imports", _IMPORTS)):
            several = st.lists(st.sampled_from(rules), max_size=2, unique_by=str)
            chosen = {peer: draw(several) for peer in peers}
            own[variable] = {peer: listed for peer, listed in chosen.items() if listed}
        for variable, settings_ in (("mesh_ingress", _INGRESS), ("mesh_egress", _EGRESS)):
            own[variable] = {"peers": {peer: draw(settings_) for peer in peers}}
        if draw(st.booleans()):
            own["mesh_peer_names"] = {peer: f"{peer}-of-{host[0]}" for peer in peers if draw(st.booleans())}
        if draw(st.booleans()) and peers:
            own["mesh_locality"] = {"region": f"region-of-{host}"}
        hostvars[host].update(own)
    return hostvars


def _expected(hostvars: dict[str, Json]) -> Json:
    """The meaning of an inventory, without what its live objects do not show."""
    expected = meaning(hostvars)
    meshes = expected["meshes"]
    for host, mesh in meshes.items():
        importers = [other for other in meshes if host in meshes[other]["imports"]]
        mesh["locality"] = mesh["locality"] if importers else None
        for ingress in mesh["ingress_by_peer"].values():
            if ingress.get("exposure") == "LoadBalancer":
                del ingress["exposure"]
    return expected


@settings(max_examples=25, deadline=None)
@given(inventories())
def test_an_inventory_comes_back_from_its_objects(hostvars: dict[str, Json]) -> None:
    """However an inventory is written, what is read of its objects means the same; and with it nothing is written."""
    facts = handmade.federated(fed.declare(hostvars))
    # The inventory of the run names the meshes, as peers may call them otherwise.
    run = {host: {**own, "mesh_name": host} for host, own in fed.inventory().items()}
    found = handmade.adopted(facts, run)
    again = handmade.variables(found)
    assert found["problems"] == [], found["problems"]
    assert meaning(again) == _expected(hostvars)
    assert writes(again, facts) == []
    assert handmade.adopted(copy.deepcopy(facts), run)["files"] == found["files"]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([(RED, GREEN), (RED, BLUE), (BLUE, GREEN)], {}),
        ([(RED, GREEN), (RED, BLUE)], {RED: [], GREEN: [RED], BLUE: [RED]}),
        ([(RED, GREEN)], {RED: [GREEN], GREEN: [RED], BLUE: []}),
        ([], {RED: [], GREEN: [], BLUE: []}),
    ],
)
def test_the_shape_has_the_shortest_lists(pairs: list[tuple[str, str]], expected: dict[str, list[str]]) -> None:
    assert topology.peers_of(fed.COLOURS, pairs) == expected


def test_two_hubs_are_linked_once() -> None:
    hosts = ["hub-a", "hub-b", "spoke-a", "spoke-b"]
    pairs = [pair for pair in combinations(hosts, 2) if pair != ("spoke-a", "spoke-b")]
    hubs = ["hub-a", "hub-b"]
    assert topology.peers_of(hosts, pairs) == {"hub-a": [], "hub-b": ["hub-a"], "spoke-a": hubs, "spoke-b": hubs}


def _live(facts: handmade.Facts, host: str, collection: str, name: str) -> Json:
    return next(item for item in facts[host][collection] if item["metadata"]["name"] == name)


def _change_peer(facts: handmade.Facts, part: str, **values: Any) -> None:
    _live(facts, RED, "peers", GREEN)["spec"][part].update(values)


def _without(facts: handmade.Facts, host: str, collection: str, name: str) -> None:
    facts[host][collection] = [item for item in facts[host][collection] if item["metadata"]["name"] != name]


def _other_peer(facts: handmade.Facts, name: str, **security: Any) -> None:
    """Give red another ServiceMeshPeer, with gateways of its own; the roots of these meshes are no certificates."""
    extra = copy.deepcopy(_live(facts, RED, "peers", GREEN))
    extra["metadata"]["name"] = name
    extra["spec"]["gateways"] = {"ingress": {"name": f"ingress-{name}"}, "egress": {"name": f"egress-{name}"}}
    extra["spec"]["security"].update(security)
    if security:
        extra["spec"]["remote"]["addresses"] = ["192.0.2.99"]
    facts[RED]["peers"].append(extra)
    facts[GREEN]["fingerprints"] = []


def _invalid_rule(facts: handmade.Facts) -> None:
    _live(facts, RED, "exports", GREEN)["spec"]["exportRules"] = [
        {"type": "LabelSelector", "labelSelector": {"namespace": "a"}}
    ]


def _disconnect(facts: handmade.Facts) -> None:
    _change_peer(facts, "remote", addresses=["192.0.2.99"])
    _live(facts, RED, "peers", GREEN)["status"] = {}


#: What is special about a federation -> the codes of its adoption, and whether red and green are still described as a pair.
CASES = {
    "one-sided": (lambda facts: _without(facts, GREEN, "peers", RED), {"adopt-one-sided"}, False),
    "no ConfigMap": (
        lambda facts: _without(facts, RED, "config_maps", f"{GREEN}-ca-root-cert"),
        {"adopt-incomplete"},
        False,
    ),
    "a mesh outside": (
        lambda facts: _other_peer(
            facts,
            "gold",
            trustDomain="gold.local",
            clientID="gold.local/ns/gold/sa/x-service-account",
            certificateChain={"kind": "ConfigMap", "name": "gold"},
        ),
        {"adopt-peer-unknown"},
        True,
    ),
    "a second peer": (lambda facts: _other_peer(facts, "green-again"), {"adopt-peer-twice"}, True),
    "a rule that istiod skips": (_invalid_rule, {"adopt-rules"}, True),
    "an old address": (_disconnect, {"adopt-address"}, True),
    "a wrong client ID": (lambda facts: _change_peer(facts, "security", clientID="*"), set(), True),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_not_described_has_its_code(name: str) -> None:
    change, codes, is_pair = CASES[name]
    facts = handmade.federated(fed.declare(fed.inventory(red_mesh={"mesh_exports": {GREEN: ["bookinfo/ratings"]}})))
    change(facts)
    found = handmade.adopted(facts)
    assert {problem["code"] for problem in found["problems"]} == codes, found["problems"]
    assert all(problem["remedy"] for problem in found["problems"])
    declared = fed.declare(handmade.variables(found))
    assert ([GREEN, RED] in declared["pairs"]) is is_pair
    plan = planning.build_plan(declared, facts, fed.NOW)
    assert [
        target["definition"]
        for host in facts
        for step in LINKING
        for target in build_objects(plan, step, host, facts[host])
        if effect.would_change(target)
    ] == []
    shown = report(found, {"directory": "/x", "existing": [], "changes": []})
    assert shown["verdict"] == ("INCOMPLETE" if codes else "DESCRIBED")
    assert all(code in "\n".join(shown["lines"]) for code in codes)
    assert all(f"[{code}]" in found["files"][files.LEFT] for code in codes)


def test_a_wrong_field_stays_and_is_listed() -> None:
    facts = handmade.federated(fed.declare(fed.inventory()))
    _change_peer(facts, "security", clientID="*")
    (field,) = handmade.adopted(facts)["fields"]
    assert (field["where"], field["severity"]) == (f"ServiceMeshPeer {RED}-system/{GREEN}", "info")
    assert "spec.security.clientID" in field["message"]


def test_an_address_of_ones_own_is_described() -> None:
    facts = handmade.federated(fed.declare(fed.inventory()))
    _change_peer(facts, "remote", addresses=["b.example.com", "a.example.com"], servicePort=443)
    adopted = handmade.adopted(facts)
    found = handmade.variables(adopted)
    assert found[GREEN]["mesh_ingress"] == {
        "peers": {RED: {"addresses": ["a.example.com", "b.example.com"], "servicePort": 443}}
    }
    assert adopted["fields"] == [] and writes(found, facts) == []


def test_a_name_that_all_peers_use_is_the_name_of_the_mesh() -> None:
    names = {"mesh_peer_names": {GREEN: "shop"}}
    facts = handmade.federated(fed.declare(fed.inventory(red_mesh=names, blue_mesh=names)))
    found = handmade.variables(handmade.adopted(facts))
    assert found[GREEN]["mesh_name"] == "shop" and "mesh_peer_names" not in found[RED]


def test_names_that_differ_are_names_of_peers() -> None:
    facts = handmade.federated(fed.declare(fed.inventory(red_mesh={"mesh_peer_names": {GREEN: "shop"}})))
    found = handmade.variables(handmade.adopted(facts))
    assert "mesh_name" not in found[GREEN] and found[RED]["mesh_peer_names"] == {GREEN: "shop"}


def test_one_name_for_both_is_the_name_of_none() -> None:
    hostvars = {
        "a": {"mesh_kubeconfig": "/a", "mesh_peer_names": {"b": "remote"}},
        "b": {"mesh_kubeconfig": "/b", "mesh_peer_names": {"a": "remote"}},
    }
    found = handmade.variables(handmade.adopted(handmade.federated(fed.declare(hostvars))))
    assert [own.get("mesh_name") for own in found.values()] == [None, None]
    assert {host: own["mesh_peer_names"] for host, own in found.items()} == {"a": {"b": "remote"}, "b": {"a": "remote"}}


def test_localities_that_differ_are_not_described() -> None:
    imports = {"mesh_imports": {GREEN: ["bookinfo/ratings"]}}
    facts = handmade.federated(
        fed.declare(fed.inventory(red_mesh=imports, blue_mesh=imports, green_mesh={"mesh_locality": {"region": "a"}}))
    )
    _live(facts, RED, "imports", GREEN)["spec"]["locality"] = {"region": "b"}
    found = handmade.adopted(facts)
    assert "mesh_locality" not in handmade.variables(found)[GREEN]
    assert [field["where"] for field in found["fields"]] == [
        f"ImportedServiceSet {host}-system/{GREEN}" for host in (BLUE, RED)
    ]


def test_a_trust_domain_that_would_change_is_declared() -> None:
    facts = handmade.federated(fed.declare(fed.inventory()))
    plane = facts[RED]["control_plane"]
    plane.update(trust_domain_set=False)
    facts[RED]["members"] = []
    plane["trust_domain"] = f"{RED}.local"
    assert "mesh_trust_domain" not in handmade.variables(handmade.adopted(facts))[RED]
    facts = handmade.federated(fed.declare(fed.inventory()))
    facts[RED].update(members=[])
    facts[RED]["control_plane"].update(trust_domain_set=False, trust_domain="corp.local")
    for host in (GREEN, BLUE):
        security = _live(facts, host, "peers", RED)["spec"]["security"]
        security.update(trustDomain="corp.local", clientID=security["clientID"].replace(f"{RED}.local", "corp.local"))
    assert handmade.variables(handmade.adopted(facts))[RED]["mesh_trust_domain"] == "corp.local"


def test_credentials_are_not_written_and_text_of_a_cluster_is_no_template() -> None:
    facts = handmade.federated(fed.declare(fed.inventory()))
    gateways = facts[RED]["control_plane"]["object"]["spec"]["gateways"]["additionalIngress"]
    gateways[f"ingress-{GREEN}"]["service"]["metadata"]["annotations"]["example.com/a"] = "{{ lookup('pipe', 'id') }}"
    run = fed.inventory(
        red_mesh={"mesh_api_key": "s3cr3t", "mesh_proxy": "http://me:s3cr3t@proxy"},
        green_mesh={"mesh_kubeconfig": {"users": ["s3cr3t"]}},
    )
    found = handmade.adopted(facts, run)
    text = "".join(found["files"].values())
    assert "s3cr3t" not in text and "!unsafe '{{ lookup(''pipe'', ''id'') }}'" in text
    assert [(one["mesh"], one["where"]) for one in found["problems"]] == [
        (GREEN, "mesh_kubeconfig"),
        (RED, "mesh_api_key"),
        (RED, "mesh_proxy"),
    ]


def test_a_lost_inventory_is_written_again() -> None:
    """The objects are ours: what they say is declared, so that a run neither changes them nor finds them undeclared."""
    _declared, facts = settled.federated()
    found = handmade.adopted(facts)
    assert found["problems"] == found["fields"] == []
    again = handmade.variables(found)
    assert writes(again, facts) == []
    assert again[RED]["mesh_exports"] == {GREEN: ["bookinfo/ratings"]}


def test_without_all_meshes_nothing_is_written() -> None:
    facts = handmade.federated(fed.declare(fed.inventory()))
    facts[BLUE] = {**facts[BLUE], "readable": False, "problems": []}
    found = handmade.adopted(facts)
    shown = report(found, {"directory": "/x", "existing": [], "changes": []})
    assert found["files"] == {} and shown["verdict"] == "FAILED"
    assert shown["lines"][0] == f"FAILED  Nothing was written: {BLUE} could not be read."


def test_what_others_set_beside_the_live_objects_is_kept() -> None:
    facts = handmade.federated(fed.declare(fed.inventory()))
    run = fed.inventory(red_mesh={"mesh_platform": "AWS", "mesh_exports": ["a/b"], "mesh_managed_cluster": "red"})
    found = handmade.variables(handmade.adopted(facts, run))
    assert found[RED]["mesh_platform"] == "AWS" and found[RED]["mesh_managed_cluster"] == "red"
    assert "mesh_exports" not in found[RED]


def test_yaml_of_the_files_is_stable() -> None:
    facts = handmade.federated(fed.declare(fed.inventory()))
    found = handmade.adopted(facts)
    assert list(found["files"]) == sorted(found["files"])
    assert all(yaml.safe_load(text) is not None for name, text in found["files"].items() if name.endswith(".yml"))
