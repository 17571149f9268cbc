# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until service sets export and import what their rules say."""

from __future__ import annotations

from typing import Any

import pytest
from unit.builders.scripted import AUTH, Cluster, Json, use

from ansible_collections.ossm.federation.plugins.module_utils._cluster.errors import ClusterError
from ansible_collections.ossm.federation.plugins.module_utils._cluster.watch import Event
from ansible_collections.ossm.federation.plugins.module_utils._modules import sharing_wait

IMPORT_SET, EXPORT_SET = "ImportedServiceSet", "ExportedServiceSet"
QUIET = Event("", "QUIET", {})
EXPORTED, HOST = "ratings.bookinfo.svc.green-exports.local", "ratings.bookinfo.svc.red-imports.local"
RULE: Json = {"type": "NameSelector", "nameSelector": {"namespace": "bookinfo", "name": "ratings"}}
ALIASED: Json = {"type": "NameSelector", "nameSelector": {**RULE["nameSelector"], "alias": {"name": "stars"}}}


def _imports(*rows: tuple[str, str], rules: tuple[Json, ...] = (RULE,)) -> Json:
    listed = [{"exportedName": name, "localService": {"hostname": host} if host else {}} for name, host in rows]
    status = {"importedServices": listed}
    return {"metadata": {"name": "red"}, "spec": {"importRules": list(rules)}, "status": status}


def _exports(*rows: tuple[str, str], rules: tuple[Json, ...] = (RULE,)) -> Json:
    listed = [{"exportedName": name, "localService": {"hostname": host}} for name, host in rows]
    return {
        "metadata": {"name": "green"},
        "spec": {"exportRules": list(rules)},
        "status": {"exportedServices": listed},
    }


LOCAL = "ratings.bookinfo.svc.cluster.local"
WANTED: Json = {
    "imports": [{"name": "red", "peer": "red", "offered": [EXPORTED]}],
    "exports": [{"name": "green", "peer": "green", "exported_names": [EXPORTED]}],
}


def _wait(check: bool = False, **more: Any) -> Json:
    params = {"auth": AUTH, "mesh": "m", "namespace": "ns", "imports": [], "exports": [], "timeout": 0, **more}
    return sharing_wait.run(params, check, lambda line: None)


@pytest.mark.parametrize(
    ("live", "missing", "stale"),
    [
        (_imports((EXPORTED, HOST)), [], []),
        (_imports((EXPORTED, "")), [EXPORTED], []),
        (_imports(), [EXPORTED], []),
        (_imports((EXPORTED, HOST), rules=(ALIASED,)), [EXPORTED], []),
        (_imports((EXPORTED, HOST), rules=()), [], [EXPORTED]),
        (_imports((EXPORTED, ""), rules=()), [], []),
        (_imports(("other.shop.svc.green-exports.local", ""), (EXPORTED, HOST)), [], []),
    ],
)
def test_an_import_is_what_the_rules_make_of_the_offer(
    monkeypatch: pytest.MonkeyPatch, live: Json, missing: list[str], stale: list[str]
) -> None:
    use(monkeypatch, Cluster({IMPORT_SET: [live]}))
    result = _wait(imports=WANTED["imports"], fail_on_problems=False)
    (found,) = result["imports"]
    assert (found["missing"], found["stale"]) == (missing, stale)
    assert result["shared"] is (not missing and not stale)
    assert [one["code"] for one in result["problems"]] == (["not-imported"] if missing or stale else [])


@pytest.mark.parametrize(
    ("live", "missing", "stale"),
    [
        ([_exports((EXPORTED, LOCAL))], [], []),
        ([_exports()], [EXPORTED], []),
        ([], [EXPORTED], []),
        ([_exports((EXPORTED, LOCAL), rules=(ALIASED,))], [], [EXPORTED]),
        ([_exports((EXPORTED, LOCAL), rules=())], [], [EXPORTED]),
    ],
)
def test_an_export_is_what_the_rules_name(
    monkeypatch: pytest.MonkeyPatch, live: list[Json], missing: list[str], stale: list[str]
) -> None:
    use(monkeypatch, Cluster({EXPORT_SET: live}))
    result = _wait(exports=WANTED["exports"], fail_on_problems=False)
    (found,) = result["exports"]
    assert (found["missing"], found["stale"]) == (missing, stale)
    assert [one["code"] for one in result["problems"]] == (["not-exported"] if missing or stale else [])


def test_it_ends_with_the_event_that_shows_the_import(monkeypatch: pytest.MonkeyPatch) -> None:
    done = _imports((EXPORTED, HOST))
    cluster = Cluster({IMPORT_SET: [_imports()]}, [QUIET, Event(IMPORT_SET, "MODIFIED", done), QUIET])
    use(monkeypatch, cluster)
    read = cluster.list
    seen = cluster.requests
    monkeypatch.setattr(cluster, "list", lambda kind, *args: [done] if f"watch {kind}" in seen else read(kind, *args))
    result = _wait(imports=WANTED["imports"], timeout=60)
    assert result["shared"] and result["message"] == "everything is exported and imported"
    assert result["imports"][0]["imported"] == [{"exportedName": EXPORTED, "hostname": HOST}]


def test_what_is_missing_fails_the_task_but_not_in_check_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Cluster())
    late = _wait(**WANTED)
    assert late["failed"] and "[not-exported]" in late["msg"] and f"not exported yet: {EXPORTED}" in late["msg"]
    assert "failed" not in _wait(check=True, **WANTED)
    use(monkeypatch, Cluster({EXPORT_SET: ClusterError("forbidden", "no")}))
    assert _wait(**WANTED)["problems"][0]["code"] == "forbidden"
