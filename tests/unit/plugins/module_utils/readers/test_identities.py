# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pods have a former identity, what makes them, and since when a control plane has its trust domain."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._readers import identities
from ansible_collections.ossm.federation.plugins.module_utils._readers.control_plane import domain_changed_at

Json = dict[str, Any]
BEFORE, CHANGED, AFTER = "2026-11-30T10:00:00Z", "2026-11-30T10:00:05Z", "2026-11-30T10:00:06Z"
OLD, NEW = "cluster.local", "red.local"


def pod(
    domain: str | None = NEW, created: str = AFTER, owner: tuple[str, str] = ("ReplicaSet", "cart-abc"), **more: Any
) -> Json:
    """A pod with a proxy; without ``domain`` the proxy names none."""
    env = [
        {"name": "OTHER", "value": "x"},
        *([{"name": "TRUST_DOMAIN", "value": domain}] if domain is not None else []),
    ]
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner[0] else []
    return {
        "metadata": {
            "name": more.get("name", "cart-abc-1"),
            "namespace": "shop",
            "creationTimestamp": created,
            "labels": {"pod-template-hash": "abc", **more.get("labels", {})},
            "ownerReferences": owners,
        },
        "spec": {"containers": [{"name": "cart"}, {"name": "istio-proxy", "env": env}]},
        "status": {"phase": more.get("phase", "Running")},
    }


@pytest.mark.parametrize(
    ("one", "changed_at", "former"),
    [
        (pod(NEW, AFTER), CHANGED, False),
        (pod(OLD, BEFORE), CHANGED, True),
        # Made after the change, and injected with the former values.
        (pod(OLD, AFTER), CHANGED, True),
        # No pod is trusted to be new that is older than the change.
        (pod(NEW, BEFORE), CHANGED, True),
        (pod(NEW, CHANGED), CHANGED, False),
        (pod(None, CHANGED), CHANGED, True),
        (pod(None, BEFORE), CHANGED, True),
        (pod(None, AFTER), CHANGED, False),
        (pod(NEW, BEFORE), None, False),
        (pod(OLD, AFTER), None, True),
        (pod(None, AFTER), None, True),
    ],
)
def test_a_pod_is_former_by_its_proxy_or_by_its_age(one: Json, changed_at: str | None, former: bool) -> None:
    assert identities.is_former(one, NEW, changed_at) is former


def test_pods_without_a_proxy_and_pods_that_have_ended_do_not_count() -> None:
    plain = pod()
    plain["spec"]["containers"].pop()
    native = pod()
    native["spec"] = {"initContainers": native["spec"]["containers"]}
    ended = [pod(phase=phase) for phase in ("Succeeded", "Failed")]
    deleted = pod()
    deleted["metadata"]["deletionTimestamp"] = AFTER
    assert identities.proxy_pods([plain, native, *ended, deleted]) == [native, deleted]


@pytest.mark.parametrize(
    ("owner", "workload", "message"),
    [
        (("ReplicaSet", "cart-abc"), ("Deployment", "cart"), ""),
        (("StatefulSet", "cart"), ("StatefulSet", "cart"), ""),
        (("DaemonSet", "cart"), ("DaemonSet", "cart"), ""),
        # The ReplicaSet of another controller has another label.
        (("ReplicaSet", "cart-xyz"), ("ReplicaSet", "cart-xyz"), "a ReplicaSet is not restarted by this collection"),
        (
            ("ReplicationController", "cart-1"),
            ("ReplicationController", "cart-1"),
            "a ReplicationController is not restarted",
        ),
        (("", ""), ("Pod", "cart-abc-1"), "no workload makes it again"),
    ],
)
def test_workloads_are_found_by_the_owners_of_their_pods(
    owner: tuple[str, str], workload: tuple[str, str], message: str
) -> None:
    [found] = identities.former_workloads([pod(OLD, owner=owner)], NEW, None)
    assert (found["kind"], found["name"]) == workload and found["message"].startswith(message)
    assert bool(message) == bool(found["message"])


def test_the_pods_of_a_workload_are_counted() -> None:
    pods = [pod(OLD, name="a"), pod(NEW, name="b"), pod(NEW, name="c", owner=("DaemonSet", "agent"))]
    [found] = identities.former_workloads(pods, NEW, CHANGED)
    assert (found["name"], found["pods"], found["former"], found["domains"]) == ("cart", 2, ["a"], [OLD])


def test_the_operator_replaces_pods_of_gateways() -> None:
    gateway = pod(OLD, labels={"maistra.io/gateway": "in.ns"})
    assert identities.former_workloads([gateway], NEW, None)[0]["message"] == "the operator replaces its pods"


def entry(manager: str, time: str, *fields: str, **more: Any) -> Json:
    trust = {f"f:{field}": {} for field in fields}
    return {"manager": manager, "time": time, "fieldsV1": {"f:spec": {"f:security": {"f:trust": trust}}}, **more}


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], None),
        ([entry("gitops", BEFORE)], None),
        ([entry("gitops", BEFORE, "domain"), entry("other", AFTER, "additionalDomains")], BEFORE),
        ([entry("gitops", BEFORE, "domain"), entry("other", AFTER, "domain")], AFTER),
        ([entry("gitops", AFTER, "domain"), entry("ossm.federation", BEFORE, "domain")], BEFORE),
        ([entry("operator", AFTER, "domain", subresource="status")], None),
    ],
)
def test_the_change_is_the_last_one_of_the_manager_that_owns_the_domain(
    entries: list[Json], expected: str | None
) -> None:
    assert domain_changed_at({"metadata": {"managedFields": entries}}) == expected
