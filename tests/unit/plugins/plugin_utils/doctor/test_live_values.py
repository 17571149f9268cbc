# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What istiod keeps, what gateways share, what services have, and what the network shows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from unit.builders.diagnosed import BLUE, GREEN, RED, Federation, causes, ladder, states

from ansible_collections.ossm.federation.plugins.plugin_utils._objects.identity_note import KEPT

Json = dict[str, Any]
CLIENT_ID = f"{GREEN}.local/ns/{GREEN}-system/sa/egress-{RED}-service-account"


def _note(federation: Federation, **kept: Any) -> None:
    """Leave the note that federate.yml leaves when it corrects a peer: what istiod keeps, and the pods that do."""
    pods = [pod["name"] for pod in federation.facts[RED]["istiod"]]
    note = {"clientID": CLIENT_ID, "ingress": f"ingress-{GREEN}", "pods": pods, **kept}
    federation.peer(RED, GREEN)["metadata"].setdefault("annotations", {})[KEPT] = json.dumps(note)


@pytest.mark.parametrize(
    ("kept", "value", "expected"),
    [({"clientID": "former"}, "former", CLIENT_ID), ({"ingress": "former"}, "former", f"ingress-{GREEN}")],
    ids=["client ID", "ingress"],
)
def test_a_kept_identity_is_named_where_the_peer_is_right_since(kept: Json, value: str, expected: str) -> None:
    federation = Federation()
    _note(federation, **kept)
    cause = causes(federation.diagnose())["identity-kept"]
    assert (cause["mesh"], cause["value"], cause["expected"]) == (RED, value, expected)
    assert "federation_restart_control_plane" in cause["remedy"]
    assert [(link["from"], link["to"]) for link in cause["links"]] == [(GREEN, RED)]
    _note(federation, pods=["istiod-before-its-restart"], **kept)
    assert federation.diagnose()["causes"] == []


def test_what_istiod_may_keep_of_a_wrong_peer_is_no_cause_yet() -> None:
    federation = Federation()
    _note(federation, clientID="former")
    federation.peer(RED, GREEN)["spec"]["security"]["clientID"] = "wrong"
    assert list(causes(federation.diagnose())) == ["client-id-differs"]


def test_a_shared_ingress_gateway_breaks_the_links_that_come_in_through_it() -> None:
    federation = Federation()
    federation.peer(RED, GREEN)["spec"]["gateways"]["ingress"]["name"] = f"ingress-{BLUE}"
    found = federation.diagnose()
    assert set(causes(found)) == {"ingress-differs", "gateway-shared"}
    assert [(one["from"], one["to"]) for one in causes(found)["gateway-shared"]["links"]] == [(BLUE, RED)]
    assert {(one["from"], one["to"]) for one in found["ladders"] if one["broken"]} == {(GREEN, RED), (BLUE, RED)}


def test_the_egress_gateway_of_another_peer_breaks_one_link_only() -> None:
    federation = Federation()
    federation.peer(RED, GREEN)["spec"]["gateways"]["egress"]["name"] = f"egress-{BLUE}"
    federation.down(RED, GREEN, "403 Forbidden")
    found = federation.diagnose()
    assert causes(found)["egress-differs"]["expected"] == f"egress-{GREEN}"
    assert list(causes(found)) == ["egress-differs"]
    assert {(one["from"], one["to"]) for one in found["ladders"] if one["broken"]} == {(RED, GREEN)}


def test_an_unready_gateway_is_no_fault_of_the_whole_control_plane() -> None:
    federation = Federation()
    plane = federation.facts[RED]["control_plane"]
    plane.update(
        ready=False, message=f"ComponentsNotReady: The following components are not ready: ['ingress-{GREEN}']"
    )
    federation.facts[RED]["gateway_pods"][f"ingress-{GREEN}"][0].update(ready=False, message="Unschedulable: no node")
    found = federation.diagnose()
    assert list(causes(found)) == ["gateway-not-ready"] and found["broken"] == 1
    plane["message"] = "ComponentsNotReady: The following components are not ready: ['istiod']"
    assert set(causes(federation.diagnose())) == {"control-plane-not-ready", "gateway-not-ready"}


@pytest.mark.parametrize("text", ["", "nothing", "-----BEGIN CERTIFICATE-----\nbm8=\n-----END CERTIFICATE-----\n"])
def test_what_is_no_certificate_cannot_be_trusted(text: str) -> None:
    federation = Federation()
    federation.live(GREEN, "config_maps", f"{RED}-ca-root-cert")["data"]["root-cert.pem"] = text
    assert list(causes(federation.diagnose())) == ["root-config-map"]


def test_a_lost_peer_is_no_reason_beside_a_root_that_cannot_be_read() -> None:
    federation = Federation()
    for peer in federation.facts[RED]["peers"]:
        peer["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    federation.down(GREEN, RED, "400 Bad Request", lastConnected="2026-01-01T00:02:00Z")
    assert list(causes(federation.diagnose())) == ["peer-lost"]
    federation.remove(RED, "config_maps", f"{GREEN}-ca-root-cert")
    assert list(causes(federation.diagnose())) == ["root-config-map"]


def _services(federation: Federation, *ports: int, name: str = "ratings") -> None:
    service = {"namespace": "bookinfo", "name": name, "ports": [{"name": "", "port": port} for port in ports]}
    federation.facts[RED]["additional_services"] = {"services": [service], "unread": []}
    federation.live(RED, "exports", GREEN)["status"]["exportedServices"][0]["localService"] = {
        "hostname": "ratings.bookinfo.svc.cluster.local"
    }


def test_a_service_with_several_ports_answers_no_request() -> None:
    federation = Federation()
    _services(federation, 9080)
    assert federation.diagnose()["causes"] == []
    _services(federation, 9080, 9090)
    found = federation.diagnose()
    assert causes(found)["export-ports"]["value"] == [9080, 9090] and states(found, GREEN, RED)["serving"] == "failed"


def test_a_rule_for_a_service_that_does_not_exist_is_named() -> None:
    federation = Federation()
    _services(federation, 9080, name="other")
    assert causes(federation.diagnose())["service-missing"]["value"] == "bookinfo/ratings"
    federation.facts[RED]["additional_services"]["unread"] = [{"namespace": "bookinfo", "message": "forbidden"}]
    assert federation.diagnose()["causes"] == []


def test_the_gateway_at_its_address_passes_the_rungs_of_the_network() -> None:
    federation = Federation()
    federation.answers(GREEN, RED)
    found = states(federation.diagnose(), GREEN, RED)
    assert (found["name-resolves"], found["tcp-open"], found["tls"]) == ("passed", "passed", "passed")


OTHER: dict[str, Json] = {
    "another mesh": {"identity": "other.local/ns/web/sa/web", "trusted": False},
    "a web server": {"identity": "", "names": ["www.example.com"], "subject": "CN=www", "trusted": False},
    "no TLS": {"tls": False, "tls_message": "wrong version number", "identity": "", "trusted": None},
}


@pytest.mark.parametrize("name", OTHER)
def test_something_else_is_a_cause_of_a_link_that_is_down_only(name: str) -> None:
    federation = Federation()
    federation.answers(GREEN, RED, **OTHER[name])
    assert federation.diagnose()["causes"] == []
    federation.down(GREEN, RED)
    cause = causes(federation.diagnose())["tls-other"]
    assert cause["value"] in ("other.local/ns/web/sa/web", "www.example.com", "a server that does not speak TLS")
    assert cause["expected"] == f"{RED}.local/ns/{RED}-system/sa/ingress-{GREEN}-service-account"


def test_a_gateway_with_a_certificate_of_a_former_root_is_named() -> None:
    federation = Federation()
    federation.answers(GREEN, RED, trusted=False, trust_message="unable to get local issuer certificate")
    cause = causes(federation.diagnose())["gateway-root"]
    assert cause["remedy"] == f"oc -n {RED}-system rollout restart deployment ingress-{GREEN}"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"connected": [], "connect_message": "192.0.2.1: refused", "tls": None}, "port-closed"),
        ({"connected": [], "connect_message": "192.0.2.1: no answer within 5 s", "tls": None}, "peer-unreachable"),
        ({"resolved": [], "resolve_message": "not known", "connected": [], "tls": None}, "peer-unreachable"),
        ({"tls": False, "tls_message": "no answer to the handshake", "identity": ""}, "peer-unreachable"),
        ({}, "peer-unreachable"),
    ],
    ids=["refused", "silent", "unresolved", "no handshake", "the gateway"],
)
def test_what_only_the_controller_cannot_do_is_no_cause(row: Json, code: str) -> None:
    federation = Federation()
    federation.answers(GREEN, RED, **row)
    assert federation.diagnose()["causes"] == []
    federation.down(GREEN, RED)
    assert list(causes(federation.diagnose())) == [code]


def test_the_network_says_nothing_of_a_wrong_address() -> None:
    federation = Federation()
    federation.answers(GREEN, RED, **OTHER["another mesh"])
    federation.peer(GREEN, RED)["spec"]["remote"]["addresses"] = ["192.0.2.1"]
    federation.down(GREEN, RED)
    found = federation.diagnose()
    assert list(causes(found)) == ["address-differs"] and states(found, GREEN, RED)["tls"] == "skipped"


def test_every_rung_says_whose_credentials_it_needs_and_from_where_it_was_seen() -> None:
    rungs = {rung["rung"]: rung for rung in ladder(Federation().diagnose(), GREEN, RED)["rungs"]}
    assert rungs["watching"]["credentials"] == [GREEN] and rungs["address-published"]["credentials"] == [RED]
    assert rungs["root-equals"]["credentials"] == [GREEN, RED] and rungs["tcp-open"]["credentials"] == []
    assert rungs["tcp-open"]["seen_from"] == "controller" and rungs["serving"]["seen_from"] == "probe"
    assert all(rung["docs"].startswith("docs/") for rung in rungs.values())


def test_an_istiod_that_has_just_started_has_not_reported_every_peer() -> None:
    federation = Federation()
    federation.peer(GREEN, RED)["status"] = {}
    assert list(causes(federation.diagnose())) == ["not-accepted"]
    federation.facts[GREEN]["istiod"][0]["started"] = "2026-01-01T00:00:00Z"
    found = federation.diagnose()
    assert found["causes"] == [] and states(found, GREEN, RED)["watching"] == "unknown" == found["verdict"].lower()


def test_what_was_seen_at_a_former_port_says_nothing() -> None:
    federation = Federation()
    federation.answers(GREEN, RED, connected=[], connect_message="192.0.2.1: refused", tls=None)
    federation.down(GREEN, RED)
    assert list(causes(federation.diagnose())) == ["port-closed"]
    federation.network[GREEN]["checks"][0]["port"] = 8189
    assert list(causes(federation.diagnose())) == ["peer-unreachable"]


def test_rules_that_are_not_the_declared_ones_say_nothing_of_services() -> None:
    federation = Federation()
    rule = {"type": "NameSelector", "nameSelector": {"namespace": "other", "name": "other"}}
    federation.live(RED, "exports", GREEN)["spec"]["exportRules"] = [rule]
    assert list(causes(federation.diagnose())) == ["rules-differ"]
