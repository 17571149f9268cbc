# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong is named by its content, once; nothing is named where nothing is wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from unit.builders.certificates import certificate
from unit.builders.diagnosed import BLUE, GREEN, LATER, RED, Federation, causes, ladder, root_of, states

from ansible_collections.ossm.federation.plugins.module_utils._product.certificates import fingerprints_in
from ansible_collections.ossm.federation.plugins.module_utils._product.codes import CODES
from ansible_collections.ossm.federation.plugins.module_utils._product.rungs import NETWORK, RUNGS
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor import diagnosis, text

BOTH = {(RED, GREEN), (GREEN, RED)}
CLIENT_ID = "green-mesh.local/ns/green-mesh-system/sa/egress-red-mesh-service-account"
Json = dict[str, Any]


class Fault(NamedTuple):
    """A fault: how it is made, the code, mesh, object and field of the cause, and the links that it breaks."""

    make: Callable[[Federation], object]
    code: str
    mesh: str
    place: str
    field: str
    rung: str
    links: set[tuple[str, str]]


def _set(host: str, peer: str, value: Any, *path: str) -> Callable[[Federation], None]:
    """Write a value into the spec of a ServiceMeshPeer, and let the link be down."""

    def make(federation: Federation) -> None:
        body = federation.peer(host, peer)["spec"]
        for key in path[:-1]:
            body = body[key]
        body[path[-1]] = value

    return make


def _other_root(federation: Federation) -> None:
    federation.live(GREEN, "config_maps", f"{RED}-ca-root-cert")["data"]["root-cert.pem"] = certificate("other")
    federation.down(GREEN, RED)
    federation.down(RED, GREEN)


def _without_egress(federation: Federation) -> None:
    del federation.gateways(GREEN, "additionalEgress")[f"egress-{RED}"]
    federation.down(GREEN, RED, 'Get "http://egress-red-mesh": lookup egress-red-mesh: no such host')


def _without_address(federation: Federation) -> None:
    federation.facts[RED]["gateway_services"][f"ingress-{GREEN}"]["status"] = {}


def _unready(federation: Federation) -> None:
    federation.facts[RED]["control_plane"].update(ready=False, message="ComponentsNotReady: istiod")


def _pods(federation: Federation) -> None:
    pod = {"name": "pod-1", "ready": False, "message": "CrashLoopBackOff: back-off 5m"}
    federation.facts[RED]["gateway_pods"][f"ingress-{GREEN}"] = [pod]
    federation.down(GREEN, RED)


def _other_rules(federation: Federation) -> None:
    federation.live(RED, "exports", GREEN)["spec"]["exportRules"] = []
    federation.live(RED, "exports", GREEN)["status"] = {}
    federation.live(GREEN, "imports", RED)["status"] = {}


def _not_member(federation: Federation) -> None:
    federation.facts[RED]["members"] = ["other"]


def _network_view(federation: Federation) -> None:
    """Multi-network is on, and an unmanaged egress gateway requests another network."""
    plane = federation.facts[GREEN]["control_plane"]
    plane["object"]["spec"]["cluster"] = {"multiCluster": {"enabled": True, "meshNetworks": {"other": {}}}}
    federation.gateways(GREEN, "additionalEgress")[f"egress-{RED}"]["requestedNetworkView"] = ["red-network"]
    plane["owners"][f"spec.gateways.additionalEgress.egress-{RED}"] = ["kubectl"]


PEER_IN_RED, PEER_IN_GREEN = f"ServiceMeshPeer {RED}-system/{GREEN}", f"ServiceMeshPeer {GREEN}-system/{RED}"
FAULTS: dict[str, Fault] = {
    "client ID": Fault(
        _set(RED, GREEN, f"spiffe://{CLIENT_ID}", "security", "clientID"),
        "client-id-differs",
        RED,
        PEER_IN_RED,
        "spec.security.clientID",
        "identity-expected",
        {(GREEN, RED)},
    ),
    "trust domain": Fault(
        _set(GREEN, RED, "other.local", "security", "trustDomain"),
        "trust-domain-differs",
        GREEN,
        PEER_IN_GREEN,
        "spec.security.trustDomain",
        "root-equals",
        BOTH,
    ),
    "root": Fault(
        _other_root,
        "root-differs",
        GREEN,
        f"ConfigMap {GREEN}-system/{RED}-ca-root-cert",
        "data.root-cert.pem",
        "root-equals",
        BOTH,
    ),
    "address": Fault(
        _set(GREEN, RED, ["192.0.2.1"], "remote", "addresses"),
        "address-differs",
        GREEN,
        PEER_IN_GREEN,
        "spec.remote.addresses",
        "address-equals",
        {(GREEN, RED)},
    ),
    "discovery port": Fault(
        _set(GREEN, RED, 8189, "remote", "discoveryPort"),
        "port-differs",
        GREEN,
        PEER_IN_GREEN,
        "spec.remote.discoveryPort",
        "address-equals",
        {(GREEN, RED)},
    ),
    "egress name": Fault(
        _set(GREEN, RED, "nope-egress", "gateways", "egress", "name"),
        "egress-differs",
        GREEN,
        PEER_IN_GREEN,
        "spec.gateways.egress.name",
        "applied",
        {(GREEN, RED)},
    ),
    "ingress name": Fault(
        _set(RED, GREEN, "nope-ingress", "gateways", "ingress", "name"),
        "ingress-differs",
        RED,
        PEER_IN_RED,
        "spec.gateways.ingress.name",
        "applied",
        {(GREEN, RED)},
    ),
    "peer": Fault(lambda one: one.remove(GREEN, "peers", RED), "absent", GREEN, PEER_IN_GREEN, "", "applied", BOTH),
    "ConfigMap": Fault(
        lambda one: one.remove(GREEN, "config_maps", f"{RED}-ca-root-cert"),
        "root-config-map",
        GREEN,
        f"ConfigMap {GREEN}-system/{RED}-ca-root-cert",
        "",
        "applied",
        BOTH,
    ),
    "egress gateway": Fault(
        _without_egress,
        "egress-missing",
        GREEN,
        f"ServiceMeshControlPlane {GREEN}-system/{GREEN}",
        f"spec.gateways.additionalEgress.egress-{RED}",
        "applied",
        {(GREEN, RED)},
    ),
    "load balancer": Fault(
        _without_address,
        "no-address",
        RED,
        f"Service {RED}-system/ingress-{GREEN}",
        "status.loadBalancer.ingress",
        "address-published",
        {(GREEN, RED)},
    ),
    "control plane": Fault(
        _unready,
        "control-plane-not-ready",
        RED,
        f"ServiceMeshControlPlane {RED}-system/{RED}",
        "status.conditions[Ready]",
        "control-plane-ready",
        {(RED, GREEN), (GREEN, RED), (RED, BLUE), (BLUE, RED)},
    ),
    "pods": Fault(
        _pods,
        "gateway-not-ready",
        RED,
        f"Pod {RED}-system/pod-1",
        "status.conditions[Ready]",
        "gateway-pods-ready",
        {(GREEN, RED)},
    ),
    "export rules": Fault(
        _other_rules,
        "rules-differ",
        RED,
        f"ExportedServiceSet {RED}-system/{GREEN}",
        "spec.exportRules",
        "exported",
        {(GREEN, RED)},
    ),
    "import set": Fault(
        lambda one: one.remove(GREEN, "imports", RED),
        "set-missing",
        GREEN,
        f"ImportedServiceSet {GREEN}-system/{RED}",
        "",
        "imported",
        {(GREEN, RED)},
    ),
    "members": Fault(
        _not_member,
        "namespace-not-member",
        RED,
        f"ServiceMeshMemberRoll {RED}-system/default",
        "status.memberStatuses",
        "exported",
        {(GREEN, RED)},
    ),
    "network view": Fault(
        _network_view,
        "network-view",
        GREEN,
        f"ServiceMeshControlPlane {GREEN}-system/{GREEN}",
        f"spec.gateways.additionalEgress.egress-{RED}.requestedNetworkView",
        "serving",
        {(GREEN, RED)},
    ),
}


def test_every_rung_of_the_table_has_a_judge_in_its_order() -> None:
    assert list(diagnosis.JUDGES) == list(RUNGS)


def test_a_healthy_federation_has_no_finding() -> None:
    found = Federation().diagnose()
    assert (found["verdict"], found["causes"], found["broken"], found["failures"]) == ("HEALTHY", [], 0, {})
    for one in found["ladders"]:
        assert {rung["rung"] for rung in one["rungs"] if rung["state"] != "passed"} == {*NETWORK, "serving"}
        assert all(rung["needs"] for rung in one["rungs"] if rung["state"] == "unknown")
        assert not any(rung["code"] or rung["remedy"] for rung in one["rungs"])


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_cause_with_its_evidence(name: str) -> None:
    fault, federation = FAULTS[name], Federation()
    fault.make(federation)
    found = federation.diagnose()
    cause = causes(found)[fault.code]
    assert list(causes(found)) == [fault.code]
    assert (cause["mesh"], cause["object"], cause["field"]) == (fault.mesh, fault.place, fault.field)
    assert {(link["from"], link["to"]) for link in cause["links"]} == fault.links
    assert {(one["from"], one["to"]) for one in found["ladders"] if one["broken"]} == fault.links
    assert cause["remedy"] and cause["docs"] == f"docs/codes.md#{fault.code}" and fault.code in CODES
    assert found["verdict"] == "BROKEN" and any(fault.code in reason for reason in found["failures"].values())
    for link in fault.links:
        rungs = ladder(found, *link)["rungs"]
        assert [rung["rung"] for rung in rungs if rung["state"] == "failed"][0] == fault.rung


@pytest.mark.parametrize("first", FAULTS)
def test_two_faults_have_no_code_but_theirs(first: str) -> None:
    for second in list(FAULTS)[list(FAULTS).index(first) + 1 :]:
        federation = Federation()
        FAULTS[first].make(federation)
        # A fault may have removed what the other one changes.
        with contextlib.suppress(StopIteration, KeyError):
            FAULTS[second].make(federation)
        codes = {code for cause in federation.diagnose()["causes"] for code in cause["codes"]}
        assert codes and codes <= {FAULTS[first].code, FAULTS[second].code}, second


def test_evidence_has_both_values() -> None:
    federation = Federation()
    FAULTS["client ID"].make(federation)
    cause = causes(federation.diagnose())["client-id-differs"]
    assert (cause["value"], cause["expected"]) == (f"spiffe://{CLIENT_ID}", CLIENT_ID)
    federation = Federation()
    FAULTS["egress name"].make(federation)
    cause = causes(federation.diagnose())["egress-differs"]
    assert (cause["value"], cause["expected"]) == ("nope-egress", f"egress-{RED}")
    assert cause["remedy"] == (
        f"oc -n {GREEN}-system patch servicemeshpeer {RED} --type merge -p "
        '\'{"spec":{"gateways":{"egress":{"name":"egress-red-mesh"}}}}\''
    )


def test_the_fix_depends_on_who_manages_the_value() -> None:
    federation = Federation()
    peer = federation.peer(RED, GREEN)
    peer["spec"]["security"]["clientID"] = "x"
    assert causes(federation.diagnose())["client-id-differs"]["remedy"] == "Run federate.yml"
    peer["applied"] = {}
    peer["managers"] = ["kubectl-edit", "ossm.federation/green-mesh"]
    remedy = causes(federation.diagnose())["client-id-differs"]["remedy"]
    assert remedy == "Run federate.yml with federation_force_conflicts: true, as kubectl-edit has changed it"
    peer["metadata"]["labels"] = {}
    remedy = causes(federation.diagnose())["client-id-differs"]["remedy"]
    assert remedy.startswith(f"oc -n {RED}-system patch servicemeshpeer {GREEN} ") and CLIENT_ID in remedy


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("503 Service Unavailable", "peer-unreachable"),
        ("403 Forbidden", "identity-refused"),
        ("404 Not Found", "no-route"),
        ("400 Bad Request", "peer-unknown-there"),
        ("I am a teapot", "unrecognised"),
    ],
)
def test_without_a_wrong_value_the_reason_of_istiod_is_the_cause(text: str, code: str) -> None:
    federation = Federation()
    federation.down(GREEN, RED, text)
    found = federation.diagnose()
    assert list(causes(found)) == [code]
    assert states(found, RED, GREEN)["watching"] == "passed"
    # Beside a wrong value the same reason is no cause of its own.
    FAULTS["address"].make(federation)
    assert list(causes(federation.diagnose())) == ["address-differs"]


def test_rotating_roots_and_more_trusted_ones_are_no_fault() -> None:
    federation = Federation()
    bundle = federation.live(GREEN, "config_maps", f"{RED}-ca-root-cert")
    bundle["data"]["root-cert.pem"] = root_of(RED) + certificate("coming")
    assert federation.diagnose()["causes"] == []


def test_a_wildcard_client_id_is_no_fault() -> None:
    for pattern in ("*", "green-mesh.local/*", "*/sa/egress-red-mesh-service-account"):
        federation = Federation()
        federation.peer(RED, GREEN)["spec"]["security"]["clientID"] = pattern
        assert federation.diagnose()["causes"] == [], pattern


def test_one_common_address_is_enough_and_another_name_of_an_unmanaged_peer_too() -> None:
    federation = Federation()
    remote = federation.peer(GREEN, RED)["spec"]["remote"]
    remote["addresses"] = [*remote["addresses"], "192.0.2.1"]
    assert federation.diagnose()["causes"] == []
    remote["addresses"] = ["gateway.example"]
    assert list(causes(federation.diagnose())) == ["address-differs"]
    federation.peer(GREEN, RED)["metadata"]["labels"] = {}
    assert federation.diagnose()["causes"] == []
    federation.down(GREEN, RED)
    assert list(causes(federation.diagnose())) == ["address-differs"]


def test_a_mesh_that_cannot_be_read_is_a_cause_and_its_links_are_not_known() -> None:
    federation = Federation()
    problem = {
        "code": "unreachable",
        "severity": "error",
        "mesh": RED,
        "where": "mesh_kubeconfig",
        "message": "connection refused",
        "remedy": "Start it",
    }
    federation.facts[RED] = {**federation.facts[RED], "readable": False, "problems": [problem], "control_plane": None}
    for key in ("peers", "imports", "exports", "config_maps", "fingerprints", "roots"):
        federation.facts[RED][key] = []
    federation.facts[RED]["root"] = ""
    found = federation.diagnose()
    assert list(causes(found)) == ["unreachable"] and found["verdict"] == "UNKNOWN"
    assert len(causes(found)["unreachable"]["links"]) == 4
    assert "failed" not in {
        state for one in found["ladders"] for state in states(found, one["from"], one["to"]).values()
    }
    assert set(found["failures"]) == {RED}


def test_a_watch_that_no_longer_reads_is_found_by_the_clock_of_its_mesh() -> None:
    federation = Federation()
    entry = federation.peer(GREEN, BLUE)["status"]["discoveryStatus"]["active"][0]["watch"]
    entry["lastFullSync"] = "2026-01-01T00:05:00Z"
    assert federation.diagnose()["causes"] == []
    entry["lastFullSync"] = LATER
    found = federation.diagnose()
    assert list(causes(found)) == ["not-synced"] and states(found, GREEN, RED)["synced"] == "failed"


def test_services_under_one_exported_name_collide() -> None:
    federation = Federation()
    row = dict(federation.live(GREEN, "imports", RED)["status"]["importedServices"][0])
    second = {**federation.live(GREEN, "imports", RED), "metadata": {"name": BLUE, "namespace": f"{GREEN}-system"}}
    federation.facts[GREEN]["imports"] = [
        one for one in federation.facts[GREEN]["imports"] if one["metadata"]["name"] != BLUE
    ]
    federation.facts[GREEN]["imports"].append({**second, "status": {"importedServices": [row]}})
    found = federation.diagnose()
    cause = causes(found)["export-collision"]
    assert cause["value"] == row["exportedName"] and len(cause["links"]) == 2


def test_the_text_has_the_verdict_first_then_each_cause_once() -> None:
    federation = Federation()
    _other_root(federation)
    found = federation.diagnose()
    lines = text.diagnosis_lines(found)
    assert lines[0].startswith("BROKEN  2 of 6 links broken, 1 cause: ") and max(map(len, lines)) <= 110
    assert sum("root-cert.pem" in line for line in lines) == 1
    assert f"Not known to be broken: {BLUE} -> {GREEN}, {RED}; {GREEN}, {RED} -> {BLUE}." in " ".join(lines)
    details = text.diagnosis_details(found)
    assert sum(line.startswith("    declared") for line in details) == 6
    healthy = text.diagnosis_lines(Federation().diagnose())
    assert healthy[0].startswith("HEALTHY  ") and healthy[-1].startswith("No request was sent")


def test_a_root_that_no_peer_has_is_one_cause() -> None:
    federation = Federation()
    federation.facts[RED].update(root=root_of("renewed"), fingerprints=sorted(fingerprints_in(root_of("renewed"))))
    found = federation.diagnose()
    cause = causes(found)["root-differs"]
    assert set(cause["mesh"].split(", ")) == {BLUE, GREEN} and len(cause["links"]) == 4
    assert set(found["failures"]) == {BLUE, GREEN}
    assert f"ConfigMap {BLUE}-system/{RED}-ca-root-cert data.root-cert.pem, ConfigMap {GREEN}" in " ".join(
        text.diagnosis_lines(found)
    ).replace("     ", " ")


def test_of_many_causes_and_links_only_some_are_printed() -> None:
    found = Federation().diagnose()
    federation = Federation()
    FAULTS["client ID"].make(federation)
    broken = federation.diagnose()
    many = {
        **broken,
        "causes": broken["causes"] * 20,
        "ladders": [one for one in broken["ladders"] if one["broken"]] * 30,
    }
    lines = text.diagnosis_lines(many)
    assert sum(line.startswith("ERROR ") for line in lines) == text.MOST
    assert "And 8 more causes: federation_doctor_file has all." in lines
    assert "And 18 more broken links: -v shows all." in lines
    assert not any(line.startswith("And ") for line in text.diagnosis_lines(found))
