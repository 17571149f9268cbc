# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of control planes, and which known faults each has."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ossm.federation.plugins.module_utils._product import versions
from ansible_collections.ossm.federation.plugins.module_utils._product.versions import FAULTS, Version

ALL = ("sharing", "failover", "own authority")
EARLY = {"MAISTRA-2411", "MAISTRA-2687", "OSSM-1093", "OSSM-1211"}
SLOW, ENDPOINTS, SLICES, RESTART = "OSSM-6079", "OSSM-3644, OSSM-3599", "OSSM-1962", "OSSM-2376"


def _faults(text: str, *topics: str) -> set[str]:
    version = versions.parse(text)
    assert version is not None
    return {fault.numbers for fault, _words in versions.faults(version, topics)}


@pytest.mark.parametrize(
    ("spec", "chart", "operator", "expected"),
    [
        ("v2.5", "2.5.1", "2.6.1-0", "2.5.1"),
        ("v2.3", None, "2.3.2-0", "2.3.2"),
        ("v2.3", None, "2.5.1-0", "v2.3"),
        ("v2.4", "2.3.11", "2.4.3-0", "2.4.3"),
        (None, "2.4.7", "2.5.1-0", "2.4.7"),
        ("v2.6", None, None, "v2.6"),
        (None, None, None, "None"),
        ("nonsense", "", "2.5.1-0", "None"),
        (None, None, "2.5.1-0", "None"),
    ],
)
def test_the_most_exact_version_of_the_same_release(spec: str, chart: str, operator: str, expected: str) -> None:
    version = versions.version_of({"version": spec, "chart_version": chart, "operator_version": operator})
    assert str(version) == expected


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("2.1.0", {*EARLY, SLICES, RESTART, SLOW}),
        ("v2.1", {*EARLY, SLICES, RESTART, SLOW}),
        ("2.2.12", {SLICES, RESTART, SLOW}),
        ("v2.2", {SLICES, RESTART, SLOW}),
        ("2.3.2", {RESTART, ENDPOINTS, SLOW}),
        ("2.3.3", {SLOW}),
        ("v2.3", {RESTART, ENDPOINTS, SLOW}),
        ("2.4.7", {SLOW}),
        ("v2.4", {SLOW}),
        ("2.5.0", set()),
        ("v2.5", set()),
        ("2.6.3", set()),
    ],
)
def test_only_the_faults_of_the_version(text: str, numbers: set[str]) -> None:
    assert _faults(text, *ALL) == numbers


def test_only_the_faults_of_what_a_mesh_has_to_do_with() -> None:
    assert _faults("2.1.5") == {"MAISTRA-2411", "OSSM-1093", SLOW}
    assert _faults("2.1.5", "failover") - _faults("2.1.5") == {"OSSM-1211"}
    assert _faults("2.1.5", "own authority") - _faults("2.1.5") == {"MAISTRA-2687"}


def test_words_name_the_version_the_number_and_whether_the_patch_level_counts() -> None:
    exact = dict(versions.faults(Version(2, 3, 2), ALL))
    vague = dict(versions.faults(Version(2, 3), ALL))
    fault = next(fault for fault in FAULTS if fault.numbers == ENDPOINTS)
    assert exact[fault].startswith(f"2.3.2 has the fault {ENDPOINTS}: ")
    assert vague[fault].startswith(f"v2.3 has, before 2.3.3, the fault {ENDPOINTS}: ")
    slow = next(fault for fault in FAULTS if fault.numbers == SLOW)
    assert vague[slow].startswith(f"v2.3 has the fault {SLOW}: ")


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("v2.0", False),
        ("2.0.11", False),
        ("v1.1", False),
        ("v2.1", True),
        ("2.1.0", True),
        ("2.6.9", True),
        ("v3.0", False),
        ("3.1.2", False),
    ],
)
def test_versions_with_federation(text: str, good: bool) -> None:
    version = versions.parse(text)
    assert version is not None and versions.supported(version) is good


@pytest.mark.parametrize(
    ("text", "plain", "multi"),
    [
        ("2.1.6", True, True),
        ("2.2.3", False, False),
        ("v2.3", False, True),
        ("2.5.1", False, True),
        ("v2.6", True, True),
        ("2.7.0", True, True),
        (None, False, True),
    ],
)
def test_where_a_network_view_counts(text: str | None, plain: bool, multi: bool) -> None:
    def filtered(cluster: dict[str, Any]) -> bool:
        control_plane = {"version": text, "object": {"spec": {"cluster": cluster}}}
        return versions.network_filter(control_plane) is not None

    networks = {"meshNetworks": {"other": {}}}
    assert (
        filtered({})
        is filtered({"multiCluster": {"enabled": True}})
        is filtered({"name": "a", "network": "b"})
        is plain
    )
    assert filtered({"multiCluster": networks}) is filtered({"name": "a", "network": "b", "multiCluster": {}}) is multi


def test_every_fault_begins_before_it_is_fixed_and_has_a_released_version() -> None:
    for fault in FAULTS:
        assert fault.first < fault.fixed and None not in (fault.first.patch, fault.fixed.patch), fault.numbers
        assert fault.topic in ("", *ALL)
