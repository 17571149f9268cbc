# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several managers of one control plane, each with a server-side apply of its own (2.5, webhooks on)."""

from __future__ import annotations

import time

import pytest
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError

from lab.conformance.conftest import Grounds
from lab.conformance.kube import Clock, Object
from lab.conformance.mesh import CONTROL_PLANE, Mesh, egress_of, ingress_of, took

OURS = "ossm.federation"


def spec(mesh: Mesh, *egress: str, domain: bool = True) -> Object:
    """Return one ingress gateway, these egress gateways, and the trust domain that its owner set."""
    body: Object = {
        "gateways": {
            "additionalIngress": {"one-ingress": ingress_of("one")},
            "additionalEgress": {f"{name}-egress": egress_of(name) for name in egress},
        }
    }
    return body | ({"security": {"trust": {"domain": mesh.trust_domain}}} if domain else {})


def fields(body: Object, manager: str) -> Object:
    """Return which fields a manager owns."""
    (entry,) = [
        one for one in body["metadata"]["managedFields"] if one["manager"] == manager and one["operation"] == "Apply"
    ]
    owned: Object = entry["fieldsV1"]
    return owned


def version(body: Object) -> tuple[str, int]:
    """Return (resourceVersion, generation)."""
    return body["metadata"]["resourceVersion"], body["metadata"]["generation"]


def unchanged(mesh: Mesh, wanted: Object, manager: str) -> bool:
    """Apply the same again: does it stay as it is? The operator may write a status just then: thrice."""
    for attempt in range(3):
        before = version(mesh.smcp())
        after = version(mesh.apply_smcp(wanted, manager))
        if after == before:
            return True
        assert after[1] == before[1], f"another generation at attempt {attempt}"
    return False


@pytest.mark.row("apply-only-ours")
def test_an_apply_owns_its_fields_only(ground: Grounds) -> None:
    """Gateways, ports keyed by port, and the trust domain shared with its owner; a second apply changes nothing."""
    red = ground.red
    red.apply_smcp(spec(red, "one", "two"), OURS)
    red.until_ready()
    before = red.smcp()
    owned = fields(before, OURS)["f:spec"]
    assert set(owned) == {"f:gateways", "f:security"}
    assert set(owned["f:gateways"]["f:additionalEgress"]) == {"f:one-egress", "f:two-egress"}
    ports = owned["f:gateways"]["f:additionalIngress"]["f:one-ingress"]["f:service"]["f:ports"]
    assert {'k:{"port":15443}', 'k:{"port":8188}'} <= set(ports)
    assert "f:domain" in fields(before, "mesh-owner")["f:spec"]["f:security"]["f:trust"]
    assert unchanged(red, spec(red, "one", "two"), OURS)
    assert version(red.smcp())[1] == version(before)[1]


@pytest.mark.row("apply-left-out")
def test_a_gateway_left_out_goes(ground: Grounds, clock: Clock) -> None:
    """A dry run shows it; then its Service and Deployment go and the control plane is Ready within 10 s."""
    red = ground.red
    red.apply_smcp(spec(red, "one", "two"), OURS)
    red.until_ready()
    before = red.smcp()
    shown = red.apply_smcp(spec(red, "one"), OURS, dry_run=True)["spec"]["gateways"]["additionalEgress"]
    assert "one-egress" in shown and "two-egress" not in shown
    assert (
        version(red.smcp())[1] == version(before)[1]
        and "two-egress" in red.smcp()["spec"]["gateways"]["additionalEgress"]
    )
    begin = time.monotonic()
    made = red.apply_smcp(spec(red, "one"), OURS)
    assert made["spec"]["gateways"]["additionalEgress"] == shown
    for kind in ("Service", "Deployment"):
        red.until(kind, "two-egress", lambda body: not body, 20, words="its end")
        assert red.see(kind).now("one-egress")
    took(clock, begin, red.until_ready().moment, 4, 10)
    red.apply_smcp(spec(red) | {"gateways": {}}, OURS)
    red.until_ready()
    for name in ("one-egress", "one-ingress"):
        red.until("Deployment", name, lambda body: not body, 20, words="its end")
    rest = red.smcp()["spec"]
    assert rest["security"] == before["spec"]["security"]
    assert rest["gateways"]["openshiftRoute"] == {"enabled": False}, "the webhook's own"
    assert set(rest["gateways"]["additionalEgress"]) == {"green-egress", "blue-egress"}


@pytest.mark.row("apply-conflict")
def test_another_trust_domain_is_a_conflict(ground: Grounds) -> None:
    """The refusal names the other manager and the field."""
    with pytest.raises(ConflictError) as caught:
        ground.red.apply_smcp({"security": {"trust": {"domain": "other.local"}}}, OURS)
    words = str(caught.value.body)
    assert "mesh-owner" in words and ".spec.security.trust.domain" in words


@pytest.mark.row("apply-unsent")
def test_a_field_that_is_not_sent_any_more_goes(ground: Grounds) -> None:
    """One that only its manager owned goes; one that is shared stays."""
    red = ground.red
    red.apply_smcp({"cluster": {"network": "ours"}, "security": {"trust": {"domain": red.trust_domain}}}, OURS)
    assert red.smcp()["spec"]["cluster"]["network"] == "ours"
    red.apply_smcp({}, OURS)
    assert not red.smcp()["spec"].get("cluster", {}).get("network")
    assert red.smcp()["spec"]["security"]["trust"]["domain"] == red.trust_domain


@pytest.mark.row("apply-two-managers")
def test_one_manager_per_pair(ground: Grounds, clock: Clock) -> None:
    """Two pairs side by side; an apply of one's with no spec at all takes its own two gateways away."""
    red = ground.red
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
    for name, wanted in gateways.items():
        red.apply_smcp(wanted, f"{OURS}/{name}")
    took(clock, begin, red.until_ready().moment, 5, 14)
    before = red.smcp()
    for name, wanted in gateways.items():
        assert unchanged(red, wanted, f"{OURS}/{name}")
    body = {
        "apiVersion": "maistra.io/v2",
        "kind": CONTROL_PLANE,
        "metadata": {"name": red.control_plane, "namespace": red.namespace, "uid": before["metadata"]["uid"]},
    }
    red.used = True
    red.api.apply(body, f"{OURS}/one")
    for kind in ("Service", "Deployment"):
        for side in ("ingress", "egress"):
            red.until(kind, f"one-{side}", lambda one: not one, 20, words="its end")
            assert red.see(kind).now(f"two-{side}")
    now = red.smcp()["spec"]["gateways"]
    assert "two-ingress" in now["additionalIngress"] and "one-ingress" not in now["additionalIngress"]


@pytest.mark.row("apply-uid")
def test_a_uid_keeps_from_creating(ground: Grounds) -> None:
    """An apply to a misspelled name with the uid of the real object: 409, and nothing there."""
    red = ground.red
    body = {
        "apiVersion": "maistra.io/v2",
        "kind": CONTROL_PLANE,
        "spec": {},
        "metadata": {"name": f"{red.control_plane}x", "namespace": red.namespace, "uid": red.smcp()["metadata"]["uid"]},
    }
    with pytest.raises(ConflictError):
        red.api.apply(body, OURS)
    with pytest.raises(NotFoundError):
        red.get(CONTROL_PLANE, f"{red.control_plane}x")


@pytest.mark.row("apply-defaults-dropped")
def test_autoscaling_defaults_are_dropped(ground: Grounds) -> None:
    """runtime.defaults.deployment.autoScaling: no message, and not there."""
    red = ground.red
    change = {"spec": {"runtime": {"defaults": {"deployment": {"autoScaling": {"enabled": False}}}}}}
    shown = red.api.patch(CONTROL_PLANE, red.control_plane, red.namespace, change, dry_run=True)
    assert "autoScaling" not in ((shown["spec"].get("runtime") or {}).get("defaults") or {}).get("deployment", {})
