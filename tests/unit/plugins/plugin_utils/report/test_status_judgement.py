# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the status says: of what real control planes wrote, of each kind of drift, of what is unmanaged, and which hosts fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from unit.builders import federations as fed, settled, statuses
from unit.builders.statuses import BLUE, GREEN, RED

from ansible_collections.ossm.federation.plugins.module_utils._product.times import parse_time
from ansible_collections.ossm.federation.plugins.plugin_utils._model.variables import FAIL_ON
from ansible_collections.ossm.federation.plugins.plugin_utils._report.status_text import status_lines

Json = dict[str, Any]
Facts = dict[str, Json]
RECORDED: list[Json] = yaml.safe_load(
    (Path(__file__).parents[2] / "module_utils" / "readers" / "recordings.yaml").read_text(encoding="utf-8")
)
PEERS = [one for one in RECORDED if one["kind"] == "ServiceMeshPeer"]
IMPORTS = [one for one in RECORDED if one["kind"] == "ImportedServiceSet"]
#: After all recordings.
LATER = parse_time("2026-11-30T00:00:00Z")
STATES = {
    "connected": "healthy",
    "deadlock": "deadlock",
    "not-accepted": "not accepted",
    "identity-refused": "refused",
    "peer-unknown-there": "refused",
    "peer-unreachable": "unreachable",
    "egress-missing": "unreachable",
}


# -- what real control planes wrote ------------------------------------------------------------------------------------


def _pods(status: Json) -> list[Json]:
    entries = [one for part in (status.get("discoveryStatus") or {}).values() for one in part]
    return [{"name": entry["pod"], "started": None} for entry in entries]


@pytest.mark.parametrize("recording", PEERS, ids=[one["name"] for one in PEERS])
def test_a_recorded_peer_has_its_state(recording: Json) -> None:
    declaration, facts = statuses.federated()
    peer, read = statuses.peer(facts, RED, GREEN), recording["read"]
    peer["status"] = recording["status"]
    peer["metadata"]["creationTimestamp"] = recording.get("created", settled.APPLIED_AT)
    facts[RED]["istiod"] = _pods(recording["status"]) or facts[RED]["istiod"]
    link = statuses.link(statuses.judged(declaration, facts, LATER).status, RED, GREEN)
    code = read.get("code") or ("connected" if read["connected"] else "")
    expected = STATES.get(code, "connecting")
    if expected == "healthy" and read.get("synced") is False:
        expected = "syncing"
    assert (link["state"], link["healthy"]) == (expected, expected == "healthy"), recording["truth"]
    assert link["connected"] == read["connected"]
    assert link["sync_age_seconds"] is None or link["sync_age_seconds"] > 0


@pytest.mark.parametrize("recording", IMPORTS, ids=[one["name"] for one in IMPORTS])
def test_a_recorded_import_set_has_its_services(recording: Json) -> None:
    declaration, facts = statuses.federated()
    facts[GREEN]["imports"][0]["status"] = recording["status"]
    status = statuses.judged(declaration, facts, LATER).status
    found = statuses.link(status, GREEN, RED)["imported"]
    assert [service["name"] for service in found] == recording["read"]["imported"]
    assert all(service["host"] for service in found)


# -- drift -------------------------------------------------------------------------------------------------------------


def _export_other(facts: Facts) -> None:
    facts[RED]["exports"][0]["spec"]["exportRules"] = []


def _wrong_view(facts: Facts) -> None:
    gateways = facts[RED]["control_plane"]["object"]["spec"]["gateways"]
    gateways["additionalEgress"]["egress-green-mesh"]["requestedNetworkView"] = ["other"]


def _without_peer(facts: Facts) -> None:
    facts[RED]["peers"] = [one for one in facts[RED]["peers"] if one["metadata"]["name"] != GREEN]


def _other_port(facts: Facts) -> None:
    statuses.peer(facts, RED, GREEN)["spec"]["remote"]["discoveryPort"] = 9999


def _other_root(facts: Facts) -> None:
    root = next(one for one in facts[RED]["config_maps"] if one["metadata"]["name"] == f"{GREEN}-ca-root-cert")
    root["data"]["root-cert.pem"] = "other"


DRIFT: list[tuple[Callable[[Facts], None], str, str, Any, bool]] = [
    (_export_other, "ExportedServiceSet", "spec.exportRules", [], True),
    (
        _wrong_view,
        "ServiceMeshControlPlane",
        "spec.gateways.additionalEgress.egress-green-mesh.requestedNetworkView",
        ["other"],
        True,
    ),
    (_without_peer, "ServiceMeshPeer", "", "absent", True),
    (_other_port, "ServiceMeshPeer", "spec.remote.discoveryPort", 9999, False),
    (_other_root, "ConfigMap", "data.root-cert.pem", "other", True),
]


@pytest.mark.parametrize(
    ("change", "kind", "field", "live", "changed"), DRIFT, ids=[one[2] or "absent" for one in DRIFT]
)
def test_drift_has_object_field_and_both_values(
    change: Callable[[Facts], None], kind: str, field: str, live: Any, changed: bool
) -> None:
    declaration, facts = statuses.federated()
    change(facts)
    judged = statuses.judged(declaration, facts)
    (row,) = judged.status["drift"]
    assert (row["mesh"], row["kind"], row["field"], row["live"], row["change"]) == (RED, kind, field, live, changed)
    assert row["declared"] != live and row["peer"] == GREEN
    assert judged.status["conditions"]["drift"] == 1 and set(judged.failures) == {RED}
    links = [(one["from"], one["to"]) for one in judged.status["links"] if one["drift"]]
    assert set(links) <= {(RED, GREEN), (GREEN, RED)} and links
    assert any(f"{kind} {RED}-system/" in line for line in status_lines(judged.status))


def test_a_changed_identity_is_drift_and_no_failing_request() -> None:
    declaration, facts = statuses.federated()
    statuses.peer(facts, RED, GREEN)["spec"]["security"]["clientID"] = "other"
    status = statuses.judged(declaration, facts).status
    assert [row["field"] for row in status["drift"]] == ["spec.security.clientID"]
    assert status["verdict"] == "DRIFTED" and status["counts"]["healthy"] == 6


def test_a_pair_that_was_never_written_is_absent() -> None:
    declaration, facts = fed.declare(fed.inventory()), {host: fed.facts(host) for host in fed.COLOURS}
    status = statuses.judged(declaration, facts).status
    assert status["verdict"] == "FAILED" and {link["state"] for link in status["links"]} == {"absent"}
    assert {row["kind"] for row in status["drift"]} >= {"ServiceMeshControlPlane"}


# -- unmanaged objects -------------------------------------------------------------------------------------------------


def test_an_unmanaged_object_that_is_used_is_listed_and_its_difference_is_no_drift() -> None:
    declaration, facts = statuses.federated(federation_fail_on=["drift"])
    peer = statuses.peer(facts, RED, GREEN)
    peer["metadata"]["labels"], peer["managers"] = {}, ["argocd"]
    peer["spec"]["security"]["trustDomain"] = "other.local"
    judged = statuses.judged(declaration, facts)
    (row,) = judged.status["unmanaged"]
    assert (row["kind"], row["peer"], row["used"], row["managers"]) == ("ServiceMeshPeer", GREEN, True, ["argocd"])
    assert [(one["owner"], one["change"]) for one in judged.status["drift"]] == [("unmanaged", False)]
    assert judged.status["conditions"]["drift"] == 0 and not judged.failures


# -- which hosts fail --------------------------------------------------------------------------------------------------


def _every_finding(**options: Any) -> Any:
    """A federation in which each word of federation_fail_on applies but ``pending``."""
    declaration, facts = statuses.federated(**options)
    statuses.disconnect(facts, GREEN, RED)
    statuses.lose_credentials(facts, BLUE)
    statuses.peer(facts, RED, GREEN)["spec"]["security"]["trustDomain"] = "other.local"
    facts[GREEN]["roots"][0]["not_after"] = "2026-01-20T00:00:00Z"
    facts[RED]["peers"].append(fed.live_peer("gold-mesh", namespace=f"{RED}-system"))
    return statuses.judged(declaration, facts)


HOSTS = {
    "degraded": {GREEN},
    "unknown": {BLUE},
    "pending": set(),
    "unverified": {GREEN, RED},
    "drift": {RED},
    "expiring": {GREEN},
    "unmanaged": {RED},
    "warning": {GREEN},
}


@pytest.mark.parametrize("word", FAIL_ON)
def test_a_word_fails_the_hosts_that_it_is_about(word: str) -> None:
    judged = _every_finding(federation_fail_on=[word])
    assert set(judged.failures) == HOSTS[word]
    assert judged.status["failing"] == ([word] if HOSTS[word] else [])


def test_a_missing_access_names_the_variables() -> None:
    cause = _every_finding().status["causes"][0]
    assert cause["findings"][0]["where"] == ["mesh_kubeconfig"]
    assert cause["remedy"] == "Set mesh_kubeconfig, mesh_context, or mesh_host with credentials"


def test_without_a_word_nothing_fails() -> None:
    assert not _every_finding(federation_fail_on=[]).failures


def test_a_mesh_outside_of_the_run_fails_the_run() -> None:
    dummy, facts = statuses.federated()
    declaration = fed.declare(fed.inventory(**settled.RULES), play_hosts=[RED, GREEN])
    statuses.lose_credentials(facts, BLUE)
    judged = statuses.judged(declaration, facts)
    assert judged.status["failing"] == ["unknown"] and set(judged.failures) == {GREEN}


@pytest.mark.parametrize(("unread", "verdict"), [([], "HEALTHY"), ([BLUE], "DEGRADED"), ([BLUE, GREEN], "DEGRADED")])
@pytest.mark.parametrize("fail_on", [list(FAIL_ON), []])
def test_a_mesh_outside_of_the_run_that_cannot_be_read_is_never_healthy(
    unread: list[str], verdict: str, fail_on: list[str]
) -> None:
    dummy, facts = statuses.federated()
    declaration = fed.declare(fed.inventory(**settled.RULES), play_hosts=[RED])
    declaration["options"].update({"federation_fail_on": fail_on})
    for mesh in unread:
        statuses.lose_credentials(facts, mesh)
    assert statuses.judged(declaration, facts).status["verdict"] == verdict


def test_what_has_drifted_beside_a_mesh_that_cannot_be_read_is_degraded() -> None:
    dummy, facts = statuses.federated()
    declaration = fed.declare(fed.inventory(**settled.RULES), play_hosts=[RED, GREEN])
    _other_port(facts)
    assert statuses.judged(declaration, facts).status["verdict"] == "DRIFTED"
    statuses.lose_credentials(facts, BLUE)
    assert statuses.judged(declaration, facts).status["verdict"] == "DEGRADED"
