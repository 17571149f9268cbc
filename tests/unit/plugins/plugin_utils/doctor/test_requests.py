# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a diagnosis makes of the requests of a probe: proof, failure, or the reason why nothing is known."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders import settled
from unit.builders.diagnosed import BLUE, GREEN, RED, Federation, causes, ladder, states

from ansible_collections.ossm.federation.plugins.module_utils._product.probes import NO_HOST
from ansible_collections.ossm.federation.plugins.plugin_utils._doctor import text

Json = dict[str, Any]
NOTHING: Json = {"requests": [], "problems": []}
LATE: Json = {"code": "probe-image", "where": "Pod x/y", "message": "ImagePullBackOff", "remedy": "Set another image"}


def _row(ok: bool = True, message: str = "HTTP 200") -> Json:
    answer = {"status": 200 if ok else 503, "answered_by": "application" if ok else "envoy", "latency_ms": 7}
    target = {"peer": RED, "service": settled.EXPORTED, "host": settled.IMPORTED, "port": 9080, "pod": "pod-1"}
    return {**target, **answer, "message": message, "ok": ok}


def _probed(*rows: Json, problems: Any = ()) -> Federation:
    federation = Federation()
    federation.probes = {GREEN: {"requests": list(rows), "problems": list(problems)}, RED: NOTHING, BLUE: NOTHING}
    return federation


def test_without_a_probe_nothing_is_claimed() -> None:
    found = Federation().diagnose()
    assert found["verdict"] == "HEALTHY" and states(found, GREEN, RED)["serving"] == "unknown"
    assert text.diagnosis_lines(found)[-1] == "No request was sent, so nothing is known about requests."


def test_an_answer_proves_one_link_and_no_other() -> None:
    found = _probed(_row()).diagnose()
    assert found["verdict"] == "HEALTHY" and found["causes"] == []
    assert [states(found, host, RED)["serving"] for host in (GREEN, BLUE)] == ["passed", "skipped"]
    assert text.diagnosis_lines(found)[-1] == "Requests are answered: green-mesh -> red-mesh."


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"message": "HTTP 503 from Envoy"}, "oc rollout restart -n red-mesh-system deploy/istiod-red-mesh"),
        ({"status": 0, "answered_by": "", "message": "the connection was reset"}, "oc rollout restart"),
        ({"status": 0, "answered_by": "", "message": NO_HOST}, "egress.hosts"),
        ({"status": 500, "answered_by": "application"}, "pods of the service in red-mesh"),
        (
            {"status": 403, "answered_by": "red"},
            "allow red-mesh.local/ns/red-mesh-system/sa/ingress-green-mesh-service-account",
        ),
    ],
)
def test_a_failure_without_another_cause_is_one_of_its_own(row: Json, words: str) -> None:
    found = _probed(_row(), {**_row(ok=False), **row}).diagnose()
    cause = causes(found)["requests-fail"]
    assert found["verdict"] == "BROKEN" and cause["mesh"] == GREEN and cause["object"] == f"{settled.IMPORTED}:9080"
    assert words in cause["remedy"] and cause["value"] == (
        f"HTTP {row['status']}" if row.get("status") else cause["value"]
    )
    flat = " ".join(" ".join(text.diagnosis_lines(found)).split())
    assert "requests from green-mesh fail: " in flat and "(pod pod-1)" in flat


def test_a_wrong_value_explains_requests_that_fail() -> None:
    federation = _probed(_row(ok=False))
    federation.peer(RED, GREEN)["spec"]["security"]["clientID"] = "other"
    found = federation.diagnose()
    assert list(causes(found)) == ["client-id-differs"] and states(found, GREEN, RED)["serving"] == "skipped"


def test_a_probe_that_could_not_be_sent_is_not_healthy_and_says_why() -> None:
    found = _probed(problems=[LATE]).diagnose()
    assert found["verdict"] == "UNKNOWN" and found["causes"] == []
    assert found["failures"] == {GREEN: "requests not proven [probe-image]. See the report above."}
    [rung] = [rung for rung in ladder(found, GREEN, RED)["rungs"] if rung["rung"] == "serving"]
    assert (rung["state"], rung["needs"]) == ("unknown", "Set another image")
    assert (rung["code"], rung["docs"]) == ("probe-image", "docs/codes.md#probe-image")
    flat = " ".join(" ".join(text.diagnosis_lines(found)).split())
    assert (
        "Requests from green-mesh to red-mesh are not proven: Pod x/y: ImagePullBackOff. Fix: Set another image. "
        "See: docs/codes.md#probe-image" in flat
    )
    assert "No request was sent" not in flat


def test_a_job_that_is_left_is_a_warning_and_no_failure() -> None:
    where, message = "Job green-mesh-bookinfo/federation-probe-1-0", "it is not deleted: timeout"
    left: Json = {"code": "probe-left", "where": where, "message": message, "remedy": "Delete the Job"}
    found = _probed(_row(), problems=[left]).diagnose()
    assert (found["verdict"], found["failures"], found["broken"]) == ("HEALTHY", {}, 0)
    cause = causes(found)["probe-left"]
    assert (cause["severity"], cause["mesh"], cause["object"], cause["links"]) == ("warning", GREEN, where, [])
    lines = text.diagnosis_lines(found)
    assert lines[0] == "HEALTHY  No rung of 6 links is known to be broken."
    flat = " ".join(" ".join(lines).split())
    assert f"WARNING green-mesh: {where}: {message}. Fix: Delete the Job. See: docs/codes.md#probe-left" in flat
    assert lines[-1] == "Requests are answered: green-mesh -> red-mesh."


def test_a_job_that_is_left_is_not_among_the_causes_of_a_broken_link() -> None:
    left: Json = {"code": "probe-left", "where": "Job x/y", "message": "it is not deleted", "remedy": "Delete the Job"}
    found = _probed(_row(ok=False), problems=[left]).diagnose()
    assert set(causes(found)) == {"requests-fail", "probe-left"} and "1 cause: " in found["headline"]
    assert found["failures"] == {GREEN: "1 cause [requests-fail]. See the report above."}


def test_requests_that_are_not_proven_fail_their_own_mesh_beside_a_cause() -> None:
    federation = _probed(problems=[{**LATE, "peer": RED}])
    federation.peer(GREEN, BLUE)["spec"]["remote"]["addresses"] = ["192.0.2.1"]
    found = federation.diagnose()
    assert found["verdict"] == "BROKEN" and list(causes(found)) == ["address-differs"]
    reasons = "1 cause [address-differs], requests not proven [probe-image]"
    assert found["failures"] == {GREEN: f"{reasons}. See the report above."}


def test_a_check_run_that_sends_nothing_fails_no_mesh() -> None:
    federation = _probed()
    federation.probes.pop(GREEN)
    assert federation.diagnose()["failures"] == {}
