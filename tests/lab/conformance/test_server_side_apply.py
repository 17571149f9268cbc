# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server-side apply of a control plane by several field managers (2.5, with webhooks)."""

from __future__ import annotations

import time

import pytest
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from lab.conformance.conftest import Meshes
from lab.conformance.kube import Clock, Object
from lab.conformance.mesh import Mesh
from lab.conformance.objects import CONTROL_PLANE, assert_duration, egress_of, ingress_of

MANAGER = "ossm.federation"


def spec(mesh: Mesh, *egress: str, domain: bool = True) -> Object:
    """Return a spec with an ingress gateway, these egress gateways, and the owner's trust domain."""
    body: Object = {
        "gateways": {
            "additionalIngress": {"one-ingress": ingress_of("one")},
            "additionalEgress": {f"{name}-egress": egress_of(name) for name in egress},
        }
    }
    return body | ({"security": {"trust": {"domain": mesh.trust_domain}}} if domain else {})


def fields(body: Object, manager: str) -> Object:
    """Return the fields that a manager owns."""
    (entry,) = [
        entry
        for entry in body["metadata"]["managedFields"]
        if entry["manager"] == manager and entry["operation"] == "Apply"
    ]
    owned: Object = entry["fieldsV1"]
    return owned


def version(body: Object) -> tuple[str, int]:
    """Return (resourceVersion, generation)."""
    return body["metadata"]["resourceVersion"], body["metadata"]["generation"]


def unchanged(mesh: Mesh, applied: Object, manager: str) -> bool:
    """Return whether a repeated apply changes nothing; retry because the operator may write a status meanwhile."""
    for attempt in range(3):
        before = version(mesh.smcp())
        after = version(mesh.apply_smcp(applied, manager))
        if after == before:
            return True
        assert after[1] == before[1], f"the generation changed in attempt {attempt}"
    return False


@pytest.mark.observation("apply-only-ours")
def test_apply_owns_only_its_fields(meshes: Meshes) -> None:
    """It owns gateways, ports keyed by port, and shares the trust domain with its owner; a second apply changes nothing."""
    red = meshes.red
    red.apply_smcp(spec(red, "one", "two"), MANAGER)
    red.until_ready()
    before = red.smcp()
    owned = fields(before, MANAGER)["f:spec"]
    assert set(owned) == {"f:gateways", "f:security"}
    assert set(owned["f:gateways"]["f:additionalEgress"]) == {"f:one-egress", "f:two-egress"}
    ports = owned["f:gateways"]["f:additionalIngress"]["f:one-ingress"]["f:service"]["f:ports"]
    assert {'k:{"port":15443}', 'k:{"port":8188}'} <= set(ports)
    assert "f:domain" in fields(before, "mesh-owner")["f:spec"]["f:security"]["f:trust"]
    assert unchanged(red, spec(red, "one", "two"), MANAGER)
    assert version(red.smcp())[1] == version(before)[1]


@pytest.mark.observation("apply-left-out")
def test_omitted_gateway_is_removed(meshes: Meshes, clock: Clock) -> None:
    """A dry run shows it; then its Service and Deployment are deleted and the control plane is Ready within 10 s."""
    red = meshes.red
    red.apply_smcp(spec(red, "one", "two"), MANAGER)
    red.until_ready()
    before = red.smcp()
    preview = red.apply_smcp(spec(red, "one"), MANAGER, dry_run=True)["spec"]["gateways"]["additionalEgress"]
    assert "one-egress" in preview and "two-egress" not in preview
    assert (
        version(red.smcp())[1] == version(before)[1]
        and "two-egress" in red.smcp()["spec"]["gateways"]["additionalEgress"]
    )
    begin = time.monotonic()
    applied = red.apply_smcp(spec(red, "one"), MANAGER)
    assert applied["spec"]["gateways"]["additionalEgress"] == preview
    for kind in ("Service", "Deployment"):
        red.until(kind, "two-egress", lambda body: not body, 20, expected="the deletion")
        assert red.watch(kind).current("one-egress")
    assert_duration(clock, begin, red.until_ready().moment, 4, 10)
    red.apply_smcp(spec(red) | {"gateways": {}}, MANAGER)
    red.until_ready()
    for name in ("one-egress", "one-ingress"):
        red.until("Deployment", name, lambda body: not body, 20, expected="the deletion")
    remaining = red.smcp()["spec"]
    assert remaining["security"] == before["spec"]["security"]
    assert remaining["gateways"]["openshiftRoute"] == {"enabled": False}, "a default of the webhook"
    assert set(remaining["gateways"]["additionalEgress"]) == {"green-egress", "blue-egress"}


@pytest.mark.observation("apply-conflict")
def test_different_trust_domain_is_a_conflict(meshes: Meshes) -> None:
    """The error names the other manager and the field."""
    with pytest.raises(ConflictError) as caught:
        meshes.red.apply_smcp({"security": {"trust": {"domain": "other.local"}}}, MANAGER)
    message = str(caught.value.body)
    assert "mesh-owner" in message and ".spec.security.trust.domain" in message


@pytest.mark.observation("apply-unsent")
def test_field_that_is_no_longer_applied_is_removed(meshes: Meshes) -> None:
    """A field with a single owner is removed; a shared field stays."""
    red = meshes.red
    red.apply_smcp({"cluster": {"network": "ours"}, "security": {"trust": {"domain": red.trust_domain}}}, MANAGER)
    assert red.smcp()["spec"]["cluster"]["network"] == "ours"
    red.apply_smcp({}, MANAGER)
    assert not red.smcp()["spec"].get("cluster", {}).get("network")
    assert red.smcp()["spec"]["security"]["trust"]["domain"] == red.trust_domain


@pytest.mark.observation("apply-two-managers")
def test_one_manager_per_pair(meshes: Meshes, clock: Clock) -> None:
    """Two pairs have separate managers; an apply without spec removes only the two gateways of its pair."""
    red = meshes.red
    gateways = {
        name: {
            "gateways": {
                "additionalIngress": {f"{name}-ingress": ingress_of(name)},
                "additionalEgress": {f"{name}-egress": egress_of(name)},
            }
        }
        for name in ("one", "two")
    }
    begin = time.monotonic()
    for name, gateway_spec in gateways.items():
        red.apply_smcp(gateway_spec, f"{MANAGER}/{name}")
    assert_duration(clock, begin, red.until_ready().moment, 5, 14)
    before = red.smcp()
    for name, gateway_spec in gateways.items():
        assert unchanged(red, gateway_spec, f"{MANAGER}/{name}")
    body = {
        "apiVersion": "maistra.io/v2",
        "kind": CONTROL_PLANE,
        "metadata": {"name": red.control_plane, "namespace": red.namespace, "uid": before["metadata"]["uid"]},
    }
    red.modified = True
    red.api.apply(body, f"{MANAGER}/one")
    for kind in ("Service", "Deployment"):
        for side in ("ingress", "egress"):
            red.until(kind, f"one-{side}", lambda body: not body, 20, expected="the deletion")
            assert red.watch(kind).current(f"two-{side}")
    remaining = red.smcp()["spec"]["gateways"]["additionalIngress"]
    assert "two-ingress" in remaining and "one-ingress" not in remaining


@pytest.mark.observation("apply-uid")
def test_uid_prevents_creation(meshes: Meshes) -> None:
    """An apply to a misspelled name with the uid of the real object gets 409 and creates nothing."""
    red = meshes.red
    body = {
        "apiVersion": "maistra.io/v2",
        "kind": CONTROL_PLANE,
        "spec": {},
        "metadata": {"name": f"{red.control_plane}x", "namespace": red.namespace, "uid": red.smcp()["metadata"]["uid"]},
    }
    with pytest.raises(ConflictError):
        red.api.apply(body, MANAGER)
    with pytest.raises(NotFoundError):
        red.get(CONTROL_PLANE, f"{red.control_plane}x")


@pytest.mark.observation("apply-defaults-dropped")
def test_autoscaling_defaults_are_dropped(meshes: Meshes) -> None:
    """runtime.defaults.deployment.autoScaling is dropped without a message."""
    red = meshes.red
    change = {"spec": {"runtime": {"defaults": {"deployment": {"autoScaling": {"enabled": False}}}}}}
    preview = red.api.patch(CONTROL_PLANE, red.control_plane, red.namespace, change, dry_run=True)
    assert "autoScaling" not in ((preview["spec"].get("runtime") or {}).get("defaults") or {}).get("deployment", {})
