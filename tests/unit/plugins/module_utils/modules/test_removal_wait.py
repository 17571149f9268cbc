# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until imports and exports are withdrawn and gateways are gone: a list decides, not single events."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders.scripted import AUTH, RATINGS, Cluster, Json, live_plane, live_service, use

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event
from ansible_collections.ossm.federation.plugins.module_utils._modules import removal_wait

SET, SERVICE, PLANE = "ExportedServiceSet", "Service", "ServiceMeshControlPlane"
QUIET, TICK = Event("", "QUIET", {}), Event("", "TICK", {})


def _set(*names: str) -> Json:
    return {"metadata": {"name": "green"}, "status": {"exportedServices": [{"exportedName": name} for name in names]}}


def _wait(check: bool = False, **more: Any) -> tuple[Json, list[str]]:
    lines: list[str] = []
    params = {
        "auth": AUTH,
        "mesh": "red",
        "namespace": "ns",
        "imports": [],
        "exports": [],
        "gateways": [],
        "control_plane": None,
        "timeout": 60,
        **more,
    }
    return removal_wait.run(params, check, lines.append), lines


IMPORT_SET = "ImportedServiceSet"
IMPORTS: Json = {"imports": [{"name": "green", "peer": "green", "exported_names": [RATINGS]}]}
EXPORTS: Json = {"exports": [{"name": "green", "peer": "green"}]}
GATEWAYS: Json = {"gateways": [{"name": "in", "peer": "green"}], "control_plane": "red"}


def test_nothing_is_watched_where_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = use(monkeypatch, Cluster({SET: [_set()]}))
    result, _lines = _wait(**EXPORTS)
    assert result["gone"] and result["message"] == "nothing is left" and cluster.requests == [SET]


def test_a_set_that_does_not_exist_exports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster())
    assert _wait(**EXPORTS)[0]["gone"]


def test_exports_are_awaited_until_a_list_is_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster(
        {SET: [_set(RATINGS)]}, [Event(SET, "ADDED", _set(RATINGS)), QUIET, Event(SET, "MODIFIED", _set()), QUIET]
    )
    use(monkeypatch, cluster)
    read = cluster.list
    # The event says that the set is empty; the list after it confirms that.
    monkeypatch.setattr(
        cluster, "list", lambda kind, *args: [_set()] if cluster.requests.count(SET) else read(kind, *args)
    )
    result, lines = _wait(**EXPORTS)
    assert result["gone"] and not result["problems"]
    assert lines == [f"red: removal: ExportedServiceSet green exports {RATINGS}", "red: removal: nothing is left"]


def test_an_event_alone_proves_no_absence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The burst of one watch ends before another has sent its objects: the list still has the Service."""
    objects: Json = {SERVICE: [live_service()], PLANE: [live_plane()]}
    cluster = use(monkeypatch, Cluster(objects, [Event(SERVICE, "RESET", {}), QUIET, TICK]))
    result, _lines = _wait(**GATEWAYS)
    assert not result["gone"] and result["gateways"] == ["in"]
    assert [(one["code"], one["severity"], one["peer"]) for one in result["problems"]] == [
        ("gateway-remains", "error", "green")
    ]
    assert cluster.requests.count(SERVICE) > 1


@pytest.mark.parametrize(
    ("row", "gone"),
    [
        ({"exportedName": RATINGS, "localService": {"hostname": "ratings.a.svc.green-imports.local"}}, False),
        ({"exportedName": RATINGS, "localService": {"hostname": ""}}, True),
        ({"exportedName": "other.a.svc.red-exports.local", "localService": {"hostname": "other"}}, True),
    ],
)
def test_only_the_named_services_must_not_be_imported(monkeypatch: pytest.MonkeyPatch, row: Json, gone: bool) -> None:
    """A service that is only offered is not imported."""
    live = {"metadata": {"name": "green"}, "status": {"importedServices": [row]}}
    use(monkeypatch, Cluster({IMPORT_SET: [live]}))
    result, _lines = _wait(timeout=0, fail_on_problems=False, **IMPORTS)
    assert result["gone"] is gone and result["imports"] == ({} if gone else {"green": [RATINGS]})
    assert [one["code"] for one in result["problems"]] == ([] if gone else ["still-importing"])


def test_only_the_named_services_must_not_be_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster({SET: [_set("other.a.svc.green-exports.local")]}))
    assert _wait(timeout=0, exports=[{"name": "green", "exported_names": [RATINGS]}])[0]["gone"]


def test_what_is_left_at_the_deadline_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster({SET: [_set(RATINGS)]}))
    result, _lines = _wait(timeout=0, fail_on_problems=True, **EXPORTS)
    assert result["failed"] and "still-exporting" in result["msg"] and result["exports"] == {"green": [RATINGS]}


def test_the_control_plane_must_be_ready_again(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster({PLANE: [live_plane(observed=1)]}))
    result, _lines = _wait(timeout=0, fail_on_problems=False, **GATEWAYS)
    assert not result["gone"] and [one["code"] for one in result["problems"]] == ["control-plane-not-ready"]


def test_check_mode_reads_once_and_reports_no_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = use(monkeypatch, Cluster({SET: [_set(RATINGS)]}))
    result, _lines = _wait(check=True, **EXPORTS)
    assert not result["gone"] and not result["problems"] and cluster.requests == [SET]


def test_a_cluster_that_cannot_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster({SET: ClusterError("forbidden", "may not list")}))
    result, _lines = _wait(fail_on_problems=False, **EXPORTS)
    assert not result["gone"] and [one["code"] for one in result["problems"]] == ["forbidden"]


@pytest.mark.parametrize("more", [{}, {"timeout": -1, **EXPORTS}])
def test_a_request_for_nothing_is_rejected(monkeypatch: pytest.MonkeyPatch, more: Json) -> None:
    cluster = use(monkeypatch, Cluster())
    assert _wait(**more)[0]["failed"] and not cluster.requests
