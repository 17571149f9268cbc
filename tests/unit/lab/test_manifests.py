# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that the simulator renders for a control plane, and input that it does not simulate."""

from __future__ import annotations

from typing import Any

import pytest
from lab.sim import manifests, peer
from lab.sim.store import Store

META = {"name": "red", "namespace": "red-mesh", "uid": "1"}


def plane(**spec: Any) -> dict[str, Any]:
    """Return a control plane."""
    return {"metadata": META, "spec": {"version": "v2.5", "profiles": ["default"]} | spec}


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"version": "v2.3"}, "v2.3"),
        ({"mode": "ClusterWide"}, "ClusterWide"),
        ({"profiles": ["ours"]}, "ours"),
        ({"meshConfig": {"discoverySelectors": [{}]}}, "discoverySelectors"),
        ({"security": {"certificateAuthority": {"type": "cert-manager"}}}, "cert-manager"),
        ({"gateways": {"additionalIngress": {"far": {"enabled": True, "namespace": "else"}}}}, "far"),
    ],
)
def test_not_simulated_fields_are_named(spec: dict[str, Any], word: str) -> None:
    """Each field that is not simulated has exactly one message that names it."""
    (text,) = manifests.not_simulated(plane(**spec))
    assert word in text


def test_supported_control_plane_is_simulated() -> None:
    """A control plane of the lab with all federation settings has no message."""
    security = {
        "certificateAuthority": {"type": "Istiod"},
        "trust": {"domain": "red.local", "additionalDomains": ["old.local"]},
    }
    gateways = {"additionalIngress": {"near": {"enabled": True, "namespace": "red-mesh"}}}
    assert not manifests.not_simulated(plane(mode="MultiTenant", security=security, gateways=gateways))
    assert not manifests.roll_not_simulated({"spec": {"members": ["red-app"]}})
    assert manifests.roll_not_simulated({"spec": {"members": ["*"], "memberSelectors": [{}]}})
    assert not manifests.roll_not_simulated(None)


@pytest.mark.parametrize(
    ("address", "reported"),
    [("10.0.0.1", False), ("gateway.example.com", False), ("fd00::1", True), ("[fd00::1]", True)],
)
def test_ipv6_addresses_are_not_simulated(address: str, reported: bool) -> None:
    """An IPv6 address is reported among other addresses."""
    assert ("IPv6" in peer.not_simulated({"remote": {"addresses": ["10.0.0.2", address]}})) == reported


def test_config_maps_of_mesh() -> None:
    """The mesh's and the injector's config maps are owned by the control plane."""
    maps = {body["metadata"]["name"]: body for kind, body in manifests.istiod_objects(plane()) if kind == "ConfigMap"}
    assert set(maps) == {"istio-red", "istio-sidecar-injector-red"}
    assert all(body["metadata"]["ownerReferences"][0]["uid"] == "1" for body in maps.values())


def test_stale_list_does_not_restore_a_deleted_object() -> None:
    """The watch reports the deletion before the list arrives."""
    store = Store()
    body = {"metadata": {"name": "a", "namespace": "b", "uid": "1", "resourceVersion": "5"}}
    store.update("Pod", body)
    store.update("Pod", {"metadata": body["metadata"] | {"resourceVersion": "7"}}, deleted=True)
    store.update("Pod", body)
    assert store.get("Pod", "b", "a") is None
    store.update("Pod", {"metadata": body["metadata"] | {"uid": "2", "resourceVersion": "8"}})
    assert store.get("Pod", "b", "a") is not None
