# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests as the front proxy parses them, and the rights that api-forbidden leaves."""

from __future__ import annotations

import pytest
from lab import front_proxy
from lab.faults import remaining_rules


@pytest.mark.parametrize(
    ("method", "path", "watching", "expected"),
    [
        ("GET", "/api/v1/namespaces/a/services", False, ("list", "services", "a", "")),
        ("GET", "/api/v1/namespaces/a/services", True, ("watch", "services", "a", "")),
        ("GET", "/api/v1/namespaces/a/services/x", False, ("get", "services", "a", "x")),
        ("GET", "/api/v1/namespaces/a", False, ("get", "namespaces", "", "a")),
        ("PATCH", "/api/v1/namespaces/a/status", False, ("patch", "namespaces/status", "", "a")),
        ("POST", "/api/v1/namespaces", False, ("create", "namespaces", "", "")),
        ("DELETE", "/apis/g/v1/namespaces/a/peers", False, ("deletecollection", "peers", "a", "")),
        ("DELETE", "/apis/g/v1/namespaces/a/peers/x", False, ("delete", "peers", "a", "x")),
        ("PATCH", "/apis/g/v1/namespaces/a/peers/x/status", False, ("patch", "peers/status", "a", "x")),
        ("PUT", "/apis/g/v1/clusterthings/x", False, ("update", "clusterthings", "", "x")),
        ("GET", "/apis/g/v1", False, ("get", "", "", "")),
        ("GET", "/version", False, ("get", "", "", "")),
    ],
)
def test_describe_request(method: str, path: str, watching: bool, expected: tuple[str, ...]) -> None:
    assert tuple(front_proxy.describe(method, path, watching).values()) == expected


def test_fault_matches_request() -> None:
    target = {"verb": "patch", "resource": "peers", "namespace": "a", "name": "x"}
    assert front_proxy.matches({}, target)
    assert front_proxy.matches({"verbs": ["patch"], "resources": ["peers"], "namespaces": []}, target)
    assert not front_proxy.matches({"verbs": ["get"]}, target)
    assert not front_proxy.matches({"resources": ["sets"]}, target)


def test_invalid_token_replaces_credentials() -> None:
    assert front_proxy.with_invalid_token([("authorization", "Bearer good"), ("Accept", "x")]) == [
        ("Accept", "x"),
        ("Authorization", "Bearer expired"),
    ]


SERVED = [("", "services", ["get", "patch"]), ("", "services/status", ["patch"]), ("g", "peers", ["get", "patch"])]


@pytest.mark.parametrize(
    ("verbs", "resources", "expected"),
    [
        (["patch"], ["peers"], {"services": ["get", "patch"], "services/status": ["patch"], "peers": ["get"]}),
        (["patch"], [], {"services": ["get"], "peers": ["get"]}),
        ([], ["services"], {"peers": ["get", "patch"]}),
        (["*"], ["services/status"], {"services": ["get", "patch"], "peers": ["get", "patch"]}),
    ],
)
def test_remaining_rules(verbs: list[str], resources: list[str], expected: dict[str, list[str]]) -> None:
    rules = remaining_rules(SERVED, verbs, resources)
    assert {rule["resources"][0]: rule["verbs"] for rule in rules if "resources" in rule} == expected
