# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of render.yml: a function of inventory and clusters, which stays the same once the files are applied."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings, strategies as st
from unit.builders import federations as fed, settled

from ansible_collections.ossm.federation.plugins.plugin_utils._objects import effect
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.desired import build_objects
from ansible_collections.ossm.federation.plugins.plugin_utils._objects.traffic import unrendered_traffic
from ansible_collections.ossm.federation.plugins.plugin_utils._plan import plan as planning
from ansible_collections.ossm.federation.plugins.plugin_utils._render import files, folders, owned

Json = dict[str, Any]
RED, GREEN, BLUE = fed.COLOURS
#: The field manager of Argo CD.
OTHER = "argocd-controller"


def rendering(facts: dict[str, Json], **inventory: Json) -> folders.Rendering:
    declared = fed.declare(fed.inventory(**{**settled.RULES, **inventory}))
    claimed = folders.claimed_facts(facts)
    return folders.render(planning.build_plan(declared, claimed, fed.NOW), claimed, declared)


def written(facts: dict[str, Json], **inventory: Json) -> dict[str, dict[str, str]]:
    found = rendering(facts, **inventory).folders
    return {folder["mesh"]: folders.folder_content(folder, {}).files for folder in found}


def unfederated() -> dict[str, Json]:
    return {host: fed.facts(host) for host in fed.COLOURS}


def apply_files(facts: dict[str, Json], texts: dict[str, dict[str, str]]) -> None:
    """Apply all rendered objects as another field manager."""
    for host, by_name in texts.items():
        for definition in (yaml.safe_load(text) for text in by_name.values()):
            if definition["kind"] == "Kustomization":
                continue
            fed.apply(
                facts[host],
                {"definition": definition, "field_manager": OTHER, "peer": None, "live": None, "unknown": {}},
            )
            facts[host]["control_plane"]["object"].get("applied", {}).pop(OTHER, None)


def open_gateways(facts: dict[str, Json]) -> None:
    """Give each gateway its address, as the operator and the cloud do."""
    declared = fed.declare(fed.inventory(**settled.RULES))
    planned = planning.build_plan(declared, folders.claimed_facts(facts), fed.NOW)
    addresses = fed.opened(planned)
    for host, mesh in planned["meshes"].items():
        for gateway in mesh["gateways"]:
            settled.open_gateway(facts[host], gateway, addresses[host]["gateways"][gateway["name"]]["addresses"])


def applied_twice() -> tuple[dict[str, Json], dict[str, dict[str, str]]]:
    """Meshes in which another manager applied the files, once for the gateways and again when those have addresses."""
    facts = unfederated()
    for _turn in range(2):
        texts = written(facts)
        apply_files(facts, texts)
        open_gateways(facts)
    return facts, texts


def test_files_are_a_function_of_their_input() -> None:
    facts = unfederated()
    before = copy.deepcopy(facts)
    assert written(facts) == written(copy.deepcopy(facts))
    assert facts == before


@settings(max_examples=20, deadline=None)
@given(st.permutations(fed.COLOURS), st.permutations(fed.COLOURS))
def test_files_do_not_depend_on_the_order_of_hosts(first: list[str], second: list[str]) -> None:
    facts = unfederated()
    assert written({host: facts[host] for host in first}) == written({host: facts[host] for host in second})


def test_a_gateway_without_address_leaves_only_the_peer_out() -> None:
    found = rendering(unfederated())
    assert {name for folder in found.folders for name in folder["files"] if name.startswith("3-")} == set()
    assert [one.where for one in found.unrendered[RED]] == [
        f"ServiceMeshPeer red-mesh-system/{peer}" for peer in (BLUE, GREEN)
    ]


def test_applied_files_stay_the_same_and_leave_nothing_to_write() -> None:
    facts, texts = applied_twice()
    assert {name for by_name in texts.values() for name in by_name} >= {"3-peer-red-mesh.yaml", "2-root-red-mesh.yaml"}
    assert written(facts) == texts
    plan = planning.build_plan(fed.declare(fed.inventory(**settled.RULES)), facts, fed.NOW)
    targets = [
        target
        for host in fed.COLOURS
        for step in ("gateways", "sets", "peers")
        for target in build_objects(plan, step, host, facts[host])
    ]
    assert targets and not [target["definition"] for target in targets if effect.would_change(target)]


@pytest.mark.parametrize("kind", ["labels", "spec"])
def test_an_object_of_others_with_another_value_is_written(kind: str) -> None:
    facts, _texts = applied_twice()
    live = facts[GREEN]["imports"][0]
    if kind == "labels":
        del live["metadata"]["labels"]["ossm.federation/peer"]
    else:
        live["spec"]["importRules"] = []
    plan = planning.build_plan(fed.declare(fed.inventory(**settled.RULES)), facts, fed.NOW)
    assert [target for target in build_objects(plan, "sets", GREEN, facts[GREEN]) if effect.would_change(target)]


def test_a_trust_domain_that_was_rendered_stays() -> None:
    facts = unfederated()
    facts[RED] = fed.unset_trust_domain(RED, members=[])
    for _turn in range(2):
        texts = written(facts, red_mesh={**settled.RULES["red_mesh"], "mesh_trust_domain": "red.example"})
        control_plane = yaml.safe_load(texts[RED]["0-control-plane.yaml"])
        assert control_plane["spec"]["security"] == {"trust": {"domain": "red.example"}}
        apply_files(facts, {RED: {"0": texts[RED]["0-control-plane.yaml"]}})


def test_what_federate_wrote_is_rendered_without_the_names_of_pods() -> None:
    _declared, facts = settled.federated()
    before = written(facts)
    for host in fed.COLOURS:
        facts[host]["istiod"] = [{"name": "istiod-new"}]
    assert written(facts) == before
    assert not any("istiod" in text for by_name in before.values() for text in by_name.values())


def test_the_pinned_values_are_named_with_their_source() -> None:
    _facts, texts = applied_twice()
    text = texts[RED]["3-peer-green-mesh.yaml"]
    peer = yaml.safe_load(text)
    assert (
        f"#   spec.remote: {peer['spec']['remote']['addresses'][0]}, from Service green-mesh-system/ingress-red-mesh"
        in text
    )
    assert (
        "#   spec.security.trustDomain: green-mesh.local, from ServiceMeshControlPlane green-mesh-system/green-mesh"
        in text
    )
    print_of_root = peer["metadata"]["annotations"]["ossm.federation/root-sha256"]
    assert (
        f"SHA-256 {print_of_root}, from ConfigMap green-mesh-system/istio-ca-root-cert"
        in texts[RED]["2-root-green-mesh.yaml"]
    )


def test_waves_are_in_the_order_of_the_steps_and_nothing_is_pruned() -> None:
    _facts, texts = applied_twice()
    objects = [yaml.safe_load(texts[RED][name]) for name in sorted(texts[RED]) if name != "kustomization.yaml"]
    annotations = [one["metadata"]["annotations"] for one in objects]
    waves = [int(one["argocd.argoproj.io/sync-wave"]) for one in annotations]
    assert waves == sorted(waves) and (objects[0]["kind"], objects[-1]["kind"]) == (
        "ServiceMeshControlPlane",
        "ServiceMeshPeer",
    )
    assert {one["argocd.argoproj.io/sync-options"] for one in annotations} == {
        "Delete=false,Prune=false,ServerSideApply=true"
    }
    plain = written(unfederated(), red_mesh={**settled.RULES["red_mesh"], "federation_render_sync_waves": False})[RED]
    assert not any("argocd" in text for text in plain.values())
    assert yaml.safe_load(texts[RED]["kustomization.yaml"])["resources"] == sorted(
        set(texts[RED]) - {"kustomization.yaml"}
    )


def unread(facts: dict[str, Json], host: str) -> dict[str, Json]:
    return {**facts, host: {"host": host, "readable": False, "problems": []}}


def test_files_of_a_pair_that_could_not_be_read_stay() -> None:
    facts, texts = applied_twice()
    found = rendering(unread(facts, GREEN))
    assert [kept.mesh for kept in found.kept] == [GREEN]
    red = next(folder for folder in found.folders if folder["mesh"] == RED)
    assert red["kept"] == [GREEN] and "3-peer-green-mesh.yaml" not in red["files"]
    assert folders.folder_content(red, texts[RED]).files == texts[RED]


def test_files_of_a_pair_that_is_not_declared_any_more_go() -> None:
    facts, texts = applied_twice()
    without = {"mesh_peers": [BLUE]}
    found = rendering(facts, red_mesh=without, green_mesh=without, blue_mesh={"mesh_peers": []})
    red = next(folder for folder in found.folders if folder["mesh"] == RED)
    content = folders.folder_content(red, texts[RED])
    assert folders.stale_files(content, texts[RED]) == [
        "1-exports-green-mesh.yaml",
        "2-root-green-mesh.yaml",
        "3-peer-green-mesh.yaml",
    ]
    control_plane = yaml.safe_load(content.files["0-control-plane.yaml"])
    assert list(control_plane["spec"]["gateways"]["additionalIngress"]) == ["ingress-blue-mesh"]


def test_files_of_others_are_never_written_and_never_stale() -> None:
    folder = rendering(unfederated()).folders[0]
    existing = {"kustomization.yaml": "resources: []\n", "note.yaml": "# Rendered by another tool\n"}
    content = folders.folder_content(folder, existing)
    assert content.taken == ["kustomization.yaml"] and "kustomization.yaml" not in content.files
    assert folders.stale_files(content, existing) == []


@pytest.mark.parametrize(
    "value", ["", "no JSON", "[]", '{"green-mesh": "text"}', '{"green-mesh": ["additionalIngress.gone"]}']
)
def test_a_damaged_annotation_claims_nothing(value: str) -> None:
    facts = fed.facts(RED)
    facts["control_plane"]["object"]["metadata"]["annotations"] = {owned.RENDERED: value}
    assert owned.claim_rendered(facts)["control_plane"] == facts["control_plane"]


def test_certificates_are_blocks() -> None:
    text = files.document(RED, {"data": {"root-cert.pem": "-----BEGIN\nabc\n"}}, GREEN)
    assert "root-cert.pem: |\n    -----BEGIN\n    abc\n" in text
    assert (files.mesh_of(text), files.peer_of(text)) == (RED, GREEN)


def policies(facts: dict[str, Json]) -> dict[str, Json]:
    """The documents of red's folder as policies, by name of the file."""
    format_ = {"federation_render_format": "policies", "mesh_managed_cluster": "cluster-1"}
    every = {
        host.replace("-", "_"): {**settled.RULES.get(host.replace("-", "_"), {}), **format_} for host in fed.COLOURS
    }
    return {name: yaml.safe_load(text) for name, text in written(facts, **every)[RED].items()}


def test_policies_have_the_same_objects_in_the_same_order() -> None:
    facts, texts = applied_twice()
    found = policies(facts)
    assert set(found) == {
        "kustomization.yaml",
        "placement-binding.yaml",
        "placement.yaml",
        "policy-blue-mesh.yaml",
        "policy-control-plane.yaml",
        "policy-green-mesh.yaml",
    }
    steps = found["policy-green-mesh.yaml"]["spec"]["policy-templates"]
    names = [step["objectDefinition"]["metadata"]["name"] for step in steps]
    kinds = [
        one["objectDefinition"]["kind"]
        for step in steps
        for one in step["objectDefinition"]["spec"]["object-templates"]
    ]
    assert kinds == ["ExportedServiceSet", "ConfigMap", "ServiceMeshPeer"]
    assert [step.get("extraDependencies", [{}])[0].get("name") for step in steps] == [None, *names[:-1]]
    peer = steps[-1]["objectDefinition"]["spec"]["object-templates"][0]["objectDefinition"]
    rendered = yaml.safe_load(texts[RED]["3-peer-green-mesh.yaml"])
    assert peer["spec"] == rendered["spec"] and "argocd" not in json.dumps(found)


def test_a_policy_never_creates_a_control_plane() -> None:
    first, second = policies(unfederated())["policy-control-plane.yaml"]["spec"]["policy-templates"]
    existing = first["objectDefinition"]["spec"]
    assert existing["remediationAction"] == "inform"
    assert set(existing["object-templates"][0]["objectDefinition"]) == {"apiVersion", "kind", "metadata"}
    assert second["extraDependencies"] == [
        {
            "apiVersion": "policy.open-cluster-management.io/v1",
            "kind": "ConfigurationPolicy",
            "name": first["objectDefinition"]["metadata"]["name"],
            "compliance": "Compliant",
        }
    ]
    (control_plane,) = second["objectDefinition"]["spec"]["object-templates"]
    assert control_plane["complianceType"] == "musthave"
    assert "uid" not in control_plane["objectDefinition"]["metadata"]


def test_policies_are_bound_to_the_managed_cluster_of_their_mesh() -> None:
    found = policies(unfederated())
    selector = found["placement.yaml"]["spec"]["predicates"][0]["requiredClusterSelector"]["labelSelector"]
    assert selector == {"matchLabels": {"name": "cluster-1"}}
    binding = found["placement-binding.yaml"]
    assert binding["placementRef"]["name"] == found["placement.yaml"]["metadata"]["name"]
    bound = {subject["name"] for subject in binding["subjects"]}
    assert bound == {one["metadata"]["name"] for name, one in found.items() if name.startswith("policy-")}
    assert all(len(f"{one['metadata']['namespace']}{name}") <= 62 for one in [binding] for name in bound)


def test_who_may_ask_and_failover_are_rendered_and_a_split_is_announced() -> None:
    services = [
        {"service": "bookinfo/ratings", "mesh": RED, "consumers": [GREEN], "as_local": True, "failover": {}},
        {"service": "bookinfo/reviews", "mesh": RED, "consumers": [GREEN], "allow": {"labels": {"app": "reviews"}}},
        {"service": "bookinfo/details", "mesh": RED, "consumers": [GREEN], "weights": {"local": 90, "remote": 10}},
    ]
    variables: dict[str, Json] = {
        host.replace("-", "_"): {"mesh_locality": {"region": host}, "federation_services": services}
        for host in fed.COLOURS
    }
    declared = fed.declare(fed.inventory(**variables))
    facts = folders.claimed_facts(unfederated())
    planned = planning.build_plan(declared, facts, fed.NOW)
    rendered = folders.render(planned, facts, declared)
    names = {folder["mesh"]: sorted(folders.folder_content(folder, {}).files) for folder in rendered.folders}
    assert "0-allow-green-mesh-bookinfo-reviews.yaml" in names[RED]
    assert "4-failover-red-mesh-bookinfo-ratings.yaml" in names[GREEN]
    assert not [name for listed in names.values() for name in listed if "details" in name]
    found = unrendered_traffic(planned, GREEN)
    assert [(one["code"], one["where"]) for one in found] == [
        ("traffic-not-rendered", "federation_services[2].weights")
    ]
    assert not unrendered_traffic(planned, RED)
