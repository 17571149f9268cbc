# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A replayed mesh answers as the field did: the same objects, the same failures, the same ages, and nothing else."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from lab.replay_store import Store, moved, target_of

HOUR = datetime.timedelta(hours=1)
POD, PEER = ("v1", "pods"), ("federation.maistra.io/v1", "servicemeshpeers")
FORBIDDEN = {"kind": "Status", "code": 403, "message": "may not"}


def record(
    verb: str, place: tuple[str, str], kind: str, body: Any, status: int = 200, **request: Any
) -> dict[str, Any]:
    api = {"api_version": place[0], "plural": place[1], "namespaced": True}
    return {"verb": verb, "kind": kind, "api": api, "namespace": None, "status": status, "body": body, **request}


def pod(name: str, namespace: str = "a", **labels: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace, "labels": labels, "creationTimestamp": "2026-01-31T23:30:00Z"}
    return {"kind": "Pod", "metadata": meta}


STORE = Store(
    [
        record("list", POD, "Pod", [pod("x", app="istiod")], namespace="a", labels="app=istiod"),
        record("list", POD, "Pod", [pod("x", app="istiod"), pod("y", app="other")], namespace="a"),
        record("list", POD, "Pod", [pod("y")], namespace="a", labels="app!=istiod"),
        record("list", POD, "Pod", FORBIDDEN, 403, namespace="b"),
        record("list", PEER, "ServiceMeshPeer", [pod("green", "a"), pod("blue", "b")]),
        record("get", POD, "Pod", {"kind": "Status", "code": 404}, 404, namespace="c", name="z"),
        record("get", POD, "Pod", {"message": "timeout"}, 0, namespace="d", name="z"),
        record(
            "review",
            ("authorization.k8s.io/v1", "selfsubjectrulesreviews"),
            "SelfSubjectRulesReview",
            {"ok": 1},
            spec={"namespace": "a"},
        ),
    ],
    HOUR,
)


def get(path: str, **query: str) -> tuple[int, Any]:
    return STORE.respond("GET", path, query, None)


def names(path: str, **query: str) -> list[str]:
    status, body = get(path, **query)
    assert status == 200, body
    return [item["metadata"]["name"] for item in body["items"]]


def test_lists_are_given_again_and_filtered_by_selectors() -> None:
    assert names("/api/v1/namespaces/a/pods") == ["x", "y"]
    assert names("/api/v1/namespaces/a/pods", labelSelector="app=istiod") == ["x"]
    assert names("/api/v1/namespaces/a/pods", labelSelector="app=other") == ["y"]
    assert names("/api/v1/namespaces/a/pods", labelSelector="app!=istiod") == ["y"]
    assert get("/api/v1/namespaces/a/pods", labelSelector="app in (x)")[0] == 403
    assert names("/api/v1/namespaces/a/pods", fieldSelector="metadata.name=y") == ["y"]
    assert names("/apis/federation.maistra.io/v1/namespaces/b/servicemeshpeers") == ["blue"]
    assert names("/apis/federation.maistra.io/v1/servicemeshpeers") == ["green", "blue"]


def test_an_object_comes_from_its_own_answer_or_from_a_list() -> None:
    assert get("/api/v1/namespaces/a/pods/y")[1]["metadata"]["name"] == "y"
    assert get("/api/v1/namespaces/a/pods/q") == (
        404,
        get("/api/v1/namespaces/a/pods/q")[1] | {"details": {"name": "q", "kind": "pods"}},
    )
    assert get("/api/v1/namespaces/c/pods/z") == (404, {"kind": "Status", "code": 404})


def test_failures_are_given_again_and_what_was_not_asked_for_is_forbidden() -> None:
    assert get("/api/v1/namespaces/b/pods") == (403, FORBIDDEN)
    assert get("/api/v1/namespaces/b/pods/x") == (403, FORBIDDEN)
    assert get("/api/v1/namespaces/nowhere/pods")[0] == 403
    assert get("/api/v1/namespaces/d/pods/z")[0] == 403
    assert get("/api/v1/namespaces/a/secrets")[0] == 403 and get("/healthz")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(method: str) -> None:
    assert STORE.respond(method, "/api/v1/namespaces/a/pods/x", {}, {})[0] == 405
    assert get("/api/v1/namespaces/a/pods", watch="true")[0] == 405


def test_a_review_is_given_again_for_the_same_question_only() -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    status, body = STORE.respond("POST", path, {}, {"spec": {"namespace": "a"}})
    assert (status, body["status"]) == (201, {"ok": 1})
    assert STORE.respond("POST", path, {}, {"spec": {"namespace": "b"}})[0] == 403


def test_times_are_moved_so_that_ages_stay() -> None:
    assert get("/api/v1/namespaces/a/pods/x")[1]["metadata"]["creationTimestamp"] == "2026-02-01T00:30:00Z"
    assert moved({"a": ["2026-01-31T23:30:00.123456Z", "at 2026-01-31T23:30:00Z", 1, None]}, HOUR) == {
        "a": ["2026-02-01T00:30:00.123456Z", "at 2026-01-31T23:30:00Z", 1, None]
    }


def test_the_api_describes_itself_to_kubectl() -> None:
    assert get("/api")[1]["versions"] == ["v1"]
    assert {group["name"] for group in get("/apis")[1]["groups"]} == {"federation.maistra.io", "authorization.k8s.io"}
    assert [one["kind"] for one in get("/apis/federation.maistra.io/v1")[1]["resources"]] == ["ServiceMeshPeer"]
    assert names("/api/v1/pods") == ["x", "y"]


def test_paths_are_split_into_what_they_name() -> None:
    assert target_of("/api/v1/namespaces/a/pods/x/log") == ("v1", "pods", "a", "x", "log")
    assert target_of("/api/v1/namespaces/a") == ("v1", "namespaces", None, "a", "")
    assert target_of("/apis/apps/v1/deployments") == ("apps/v1", "deployments", None, None, "")
    assert target_of("/version") is None
