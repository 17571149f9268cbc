# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which roots a rotation is about, and which pods are older than the root."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.pods import (
    is_rolled_out,
    read_pods,
    root_in_use_since,
)
from ansible_collections.ossm.federation.plugins.plugin_utils._rotation.roots import Chosen, choose_roots

Json = dict[str, Any]
MARK = {"old": ["a"], "new": ["b"], "pem": ""}
#: What the mesh publishes, the file, what the peers trust, the marks, and the old and new roots (None: nothing to rotate).
CHOICES: list[tuple[str, str, list[str], list[Json], tuple[str, str] | None]] = [
    ("a", "", ["a", "a"], [], None),
    ("a", "a", ["a"], [], None),
    ("ab", "", ["ab"], [], None),
    ("a", "b", ["a"], [], ("a", "b")),
    ("ab", "", ["a", "a"], [], ("a", "b")),
    ("ab", "", ["a", "ab"], [], ("a", "b")),
    ("b", "", ["a"], [], ("a", "b")),
    ("b", "", ["ab"], [], ("a", "b")),
    ("b", "b", ["ab", "b"], [], ("a", "b")),
    ("b", "b", ["b"], [], None),
    ("a", "b", [], [], ("a", "b")),
    ("a", "", [], [], None),
    ("a", "", ["ab", "ab"], [MARK], ("a", "b")),
    ("a", "b", ["ab", "a"], [MARK], ("a", "b")),
    ("b", "", ["ab", "b"], [MARK], ("a", "b")),
    ("a", "a", ["ab"], [MARK], ("b", "a")),
]


@pytest.mark.parametrize(("published", "file", "trusted", "marks", "expected"), CHOICES)
def test_the_roots_of_a_rotation(
    published: str, file: str, trusted: list[str], marks: Any, expected: tuple[str, str] | None
) -> None:
    chosen = choose_roots(published, file, {str(index): one for index, one in enumerate(trusted)}, marks)
    assert chosen == (None if expected is None else Chosen([*expected[0]], [*expected[1]]))


@pytest.mark.parametrize(
    ("file", "marks", "message"),
    [("c", [MARK], "another root"), ("", [MARK, {"old": ["a"], "new": ["c"], "pem": ""}], "different roots")],
)
def test_a_rotation_to_another_root_is_rejected(file: str, marks: Any, message: str) -> None:
    chosen = choose_roots("a", file, {"green": "ab"}, marks)
    assert chosen is not None and message in chosen.conflict


_ROOTS = st.frozensets(st.sampled_from("abc"))


@settings(deadline=None)
@given(_ROOTS, _ROOTS, st.lists(_ROOTS, max_size=3))
def test_every_root_that_is_in_use_is_old_or_new(
    published: frozenset[str], file: frozenset[str], trusted: list[frozenset[str]]
) -> None:
    chosen = choose_roots(published, file, {str(index): one for index, one in enumerate(trusted)}, [])
    if chosen is None:
        assert all(one == (file or published) for one in trusted) and published == (file or published)
    else:
        assert {*chosen.old, *chosen.new} == {*published, *file, *(root for one in trusted for root in one)}
        assert not set(chosen.old) & set(chosen.new) and (not file or set(chosen.new) == file)


T0, T1, T2 = "2026-01-01T00:00:00Z", "2026-01-01T00:00:10Z", "2026-01-01T00:00:20Z"


def _pod(name: str, started: str = T0, owner: str = "ReplicaSet", namespace: str = "red", **changes: Any) -> Json:
    labels = {"pod-template-hash": "abc"} if owner == "ReplicaSet" else {}
    if changes.get("gateway"):
        labels["service.istio.io/canonical-name"] = changes["gateway"]
    owner_name = f"{name}-abc" if owner == "ReplicaSet" else name
    meta = {"name": f"{name}-abc-1", "namespace": namespace, "labels": labels}
    if owner:
        meta["ownerReferences"] = [{"kind": owner, "name": owner_name, "controller": True}]
    if changes.get("deleted"):
        meta["deletionTimestamp"] = T1
    status = {"startTime": started, "phase": changes.get("phase", "Running")}
    return {
        "metadata": meta,
        "spec": {"containers": [{"name": changes.get("container", "istio-proxy")}]},
        "status": status,
    }


def test_pods_are_sorted_by_what_replaces_them() -> None:
    pods = [
        _pod("ingress-green", gateway="ingress-green"),
        _pod("egress-green", T2, gateway="egress-green"),
        _pod("egress-green-by-hand", owner="", gateway="egress-green"),
        _pod("ingress-green", T2, namespace="shop", gateway="ingress-green"),
        _pod("cart", namespace="shop"),
        _pod("db", owner="StatefulSet", namespace="shop"),
        _pod("job", owner="Job", namespace="shop"),
        _pod("plain", container="app", namespace="shop"),
        _pod("done", phase="Succeeded", namespace="shop"),
        _pod("gone", deleted=True, namespace="shop"),
        _pod("new", T1, namespace="shop"),
    ]
    read = read_pods(pods, "red", ["ingress-green", "egress-green"], T1)
    assert read.gateways == {"ingress-green": T0, "egress-green": T2}
    assert [one["name"] for one in read.old_gateways] == ["egress-green", "ingress-green"]
    assert [(one["kind"], one["namespace"], one["name"]) for one in read.old_workloads] == [
        ("Deployment", "shop", "cart"),
        ("StatefulSet", "shop", "db"),
    ]
    assert read.unowned == ["shop/job-abc-1"]
    assert not read_pods(pods, "red", [], None).old_workloads


def _istiod(**changes: Any) -> Json:
    progressing = {"type": "Progressing", "reason": "NewReplicaSetAvailable", "lastUpdateTime": T2}
    progressing.update(changes.pop("progressing", {}))
    status = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}
    status.update(changes)
    return {
        "metadata": {"name": "istiod-red", "generation": 2},
        "spec": {"replicas": 1},
        "status": {**status, "conditions": [progressing]},
    }


def test_a_root_is_in_use_when_all_istiods_have_loaded_it() -> None:
    facts = {"root_changed": T1}
    assert root_in_use_since(facts, [_istiod()], "istiod-red") == T2
    assert root_in_use_since(facts, [_istiod(progressing={"reason": "ReplicaSetUpdated"})], "istiod-red") == T1
    assert root_in_use_since(facts, [], "istiod-red") == T1
    assert root_in_use_since({}, [], "istiod-red") is None


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        (None, True),
        (_istiod(), True),
        (_istiod(observedGeneration=1), False),
        (_istiod(updatedReplicas=0), False),
        (_istiod(replicas=2), False),
        (_istiod(availableReplicas=0), False),
    ],
)
def test_a_rollout_is_complete_when_only_new_pods_serve(deployment: Json | None, expected: bool) -> None:
    assert is_rolled_out(deployment) is expected
