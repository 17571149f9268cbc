# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the simulator makes of a control plane, and what of it it refuses."""
from __future__ import annotations

from typing import Any

import pytest
from lab.sim import manifests, peer
from lab.sim.cluster import Store

META = {"name": "red", "namespace": "red-mesh", "uid": "1"}


def plane(**spec: Any) -> dict[str, Any]:
    """Return a control plane."""
    return {"metadata": META, "spec": {"version": "v2.5", "profiles": ["default"]} | spec}


@pytest.mark.parametrize(("spec", "word"), [
    ({"version": "v2.3"}, "v2.3"), ({"mode": "ClusterWide"}, "ClusterWide"), ({"profiles": ["ours"]}, "ours"),
    ({"meshConfig": {"discoverySelectors": [{}]}}, "discoverySelectors"),
    ({"security": {"certificateAuthority": {"type": "cert-manager"}}}, "cert-manager"),
    ({"security": {"trust": {"additionalDomains": ["old.local"]}}}, "additionalDomains"),
    ({"gateways": {"additionalIngress": {"far": {"enabled": True, "namespace": "else"}}}}, "far")])
def test_what_is_not_simulated_is_named(spec: dict[str, Any], word: str) -> None:
    """One thing beyond the simulator, one text that names it."""
    (text,) = manifests.not_simulated(plane(**spec))
    assert word in text


def test_the_usual_is_simulated() -> None:
    """A control plane as the lab makes it, with everything that federation adds."""
    security = {"certificateAuthority": {"type": "Istiod"}, "trust": {"domain": "red.local"}}
    gateways = {"additionalIngress": {"near": {"enabled": True, "namespace": "red-mesh"}}}
    assert not manifests.not_simulated(plane(mode="MultiTenant", security=security, gateways=gateways))
    assert not manifests.roll_not_simulated({"spec": {"members": ["red-app"]}})
    assert manifests.roll_not_simulated({"spec": {"members": ["*"], "memberSelectors": [{}]}})
    assert not manifests.roll_not_simulated(None)


@pytest.mark.parametrize(("address", "refused"), [
    ("10.0.0.1", False), ("gateway.example.com", False), ("fd00::1", True), ("[fd00::1]", True)])
def test_addresses_of_version_6(address: str, refused: bool) -> None:
    """Among other addresses or alone."""
    assert ("IPv6" in peer.not_simulated({"remote": {"addresses": ["10.0.0.2", address]}})) == refused


def test_config_maps_of_a_mesh() -> None:
    """The mesh's and the injector's, owned by the control plane."""
    made = {body["metadata"]["name"]: body for kind, body in manifests.istiod_objects(plane()) if kind == "ConfigMap"}
    assert set(made) == {"istio-red", "istio-sidecar-injector-red"}
    assert all(one["metadata"]["ownerReferences"][0]["uid"] == "1" for one in made.values())


def test_a_late_list_does_not_bring_back_what_went() -> None:
    """The watch told of the end while the list was on its way."""
    store = Store()
    body = {"metadata": {"name": "a", "namespace": "b", "uid": "1", "resourceVersion": "5"}}
    store.take("Pod", body)
    store.take("Pod", {"metadata": body["metadata"] | {"resourceVersion": "7"}}, gone=True)
    store.take("Pod", body)
    assert store.get("Pod", "b", "a") is None
    store.take("Pod", {"metadata": body["metadata"] | {"uid": "2", "resourceVersion": "8"}})
    assert store.get("Pod", "b", "a") is not None
