# SPDX-FileCopyrightText: 2026 The ossm.federation authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator: control planes, their gateways, their conditions, their config maps."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.dynamic.exceptions import NotFoundError

from lab import scenery
from lab.api import LabMesh
from lab.conformance.conftest import Grounds
from lab.conformance.kube import Clock, Object
from lab.conformance.mesh import (
    CONTROL_PLANE,
    EXPORTS,
    IMPORTS,
    PEER,
    SLACK,
    Mesh,
    Pair,
    condition,
    connected,
    egress_of,
    has_address,
    ingress_of,
    ready,
    took,
)

BOTH = ("Deployment", "Service", "HorizontalPodAutoscaler")


@pytest.fixture()
def plain(playground: Grounds) -> Iterator[Mesh]:
    """Return a mesh of its own in a new namespace, not yet installed; its control plane is deleted afterwards."""
    name = f"gold-{uuid.uuid4().hex[:8]}"
    described = LabMesh(
        name, playground.red.cluster, f"{name}-system", name, "v2.5", f"{name}.local", True, [f"{name}-app"], {}
    )
    mesh = Mesh("gold", described, playground.red.api, playground.lab, playground.clock)
    for namespace in (described.namespace, f"{name}-app"):
        mesh.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    yield mesh
    mesh.drop(CONTROL_PLANE, name)


def install(mesh: Mesh, **changes: object) -> Object:
    """Create the control plane."""
    body = scenery.control_plane(
        {
            "control_plane": mesh.control_plane,
            "namespace": mesh.namespace,
            "version": "v2.5",
            "trust_domain": mesh.trust_domain,
        }
    )
    body["spec"] |= changes
    return mesh.api.create(dict(body))


def reasons(mesh: Mesh, kind: str, since: float) -> list[tuple[str, str]]:
    """Return the different (status, reason) of a condition, in the order in which they were seen."""
    found: list[tuple[str, str]] = []
    for sight in mesh.see(CONTROL_PLANE).sights(mesh.control_plane, since):
        one = condition(sight.body or {}, kind)
        if one[0] and found[-1:] != [one]:
            found.append(one)
    return found


def gateways(name: str, **more: Any) -> Object:
    """Return an additional ingress and egress gateway as spec."""
    return {
        "gateways": {
            "additionalIngress": {f"{name}-ingress": ingress_of(name, **more)},
            "additionalEgress": {f"{name}-egress": egress_of(name)},
        }
    }


@pytest.mark.row("operator-config-maps")
def test_a_mesh_has_its_config_maps(ground: Grounds) -> None:
    """Beside the root: the mesh's configuration and the injector's, named after the control plane."""
    red = ground.red
    for name in ("istio-ca-root-cert", f"istio-{red.control_plane}", f"istio-sidecar-injector-{red.control_plane}"):
        assert red.see("ConfigMap").now(name), f"no config map {name}"


@pytest.mark.row("operator-install", "operator-config-maps", "operator-ca", "operator-webhook")
def test_installation_takes_its_time_and_its_reasons(plain: Mesh, clock: Clock) -> None:
    """A control plane without gateways: ResourceCreated, PausingInstall, InstallSuccessful; 22-25 s; root meanwhile."""
    maps, secrets = plain.see("ConfigMap"), plain.see("Secret")
    begin = time.monotonic()
    plain.see(CONTROL_PLANE)
    install(plain)
    root = maps.until(
        "istio-ca-root-cert",
        lambda body: body and body["data"]["root-cert.pem"].startswith("-----BEGIN CERT"),
        clock.real(30) + SLACK,
        begin,
    )
    done = plain.until(CONTROL_PLANE, plain.control_plane, lambda body: body and ready(body), 40, begin)
    took(clock, begin, done.moment, 20, 25)
    took(clock, begin, root.moment, 4, 22)
    assert reasons(plain, "Reconciled", begin) == [
        ("False", "ResourceCreated"),
        ("False", "PausingInstall"),
        ("True", "InstallSuccessful"),
    ]
    assert reasons(plain, "Ready", begin)[-1] == ("True", "ComponentsReady")
    assert {status for status, dummy in reasons(plain, "Ready", begin)[:-1]} == {"False"}
    secret = secrets.now("istio-ca-secret")
    assert secret and not secret["metadata"].get("ownerReferences")
    assert done.body and done.body["metadata"]["finalizers"] == ["maistra.io/istio-operator"]


@pytest.mark.row("operator-webhook")
def test_webhook_writes_target_ports_and_profile(plain: Mesh, ground: Grounds) -> None:
    """A dry run goes through the mutating webhook and changes nothing."""
    body = scenery.control_plane(
        {"control_plane": plain.control_plane, "namespace": plain.namespace, "version": "v2.5", "trust_domain": None}
    )
    del body["spec"]["profiles"]
    body["spec"] |= gateways("extra")
    made = plain.api.create(body, dry_run=True)
    assert made["spec"]["profiles"] == ["default"]
    for section in ("additionalIngress", "additionalEgress"):
        (gateway,) = made["spec"]["gateways"][section].values()
        assert [port["targetPort"] for port in gateway["service"]["ports"]] == [0, 0]
    with pytest.raises(NotFoundError):
        plain.smcp()
    before = ground.red.smcp()
    shown = ground.red.apply_smcp(gateways("extra"), "pair/extra", dry_run=True)
    port = shown["spec"]["gateways"]["additionalIngress"]["extra-ingress"]["service"]["ports"][0]
    assert port == {"name": "tls", "port": 15443, "targetPort": 0}
    assert ground.red.smcp()["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]


@pytest.mark.row("operator-change", "operator-conditions", "short-07")
def test_a_change_leaves_the_old_ready_for_a_moment(ground: Grounds, clock: Clock) -> None:
    """Any field changed: the old Ready first, then SpecUpdated, then Ready of the new generation after 5-8 s."""
    red = ground.red
    red.see(CONTROL_PLANE)
    begin = time.monotonic()
    generation = red.change(CONTROL_PLANE, red.control_plane, {"spec": {"general": {"logging": {"logAsJSON": True}}}})[
        "metadata"
    ]["generation"]
    done = red.until_ready()
    sights = [one.body for one in red.see(CONTROL_PLANE).sights(red.control_plane, begin)[1:] if one.body]
    assert condition(sights[0], "Ready")[0] == "True" and sights[0]["metadata"]["generation"] == generation
    assert sights[0]["status"]["observedGeneration"] == generation - 1
    together = [(condition(body, "Reconciled"), condition(body, "Ready")) for body in sights]
    assert (("False", "SpecUpdated"), ("False", "SpecUpdated")) in together
    assert reasons(red, "Reconciled", begin)[-1] == ("True", "UpdateSuccessful")
    assert reasons(red, "Ready", begin)[-1] == ("True", "ComponentsReady")
    took(clock, begin, done.moment, 4.5, 8)


@pytest.mark.row("operator-add-gateways", "operator-objects", "operator-remove-gateways", "operator-conditions")
def test_gateways_come_and_go_with_everything_of_theirs(ground: Grounds, clock: Clock) -> None:
    """Two gateways added to a running control plane: Ready after about 7 s; taken out: all gone after about 6 s."""
    red = ground.red
    begin = time.monotonic()
    more = {"routeConfig": {"enabled": True}}
    red.apply_smcp(gateways("extra", **more), "pair/extra")
    took(clock, begin, red.until_ready().moment, 5, 9)
    assert ("False", "PausingUpdate") in reasons(red, "Reconciled", begin)
    owner = red.smcp()["metadata"]["uid"]
    expected = [(kind, f"extra-{side}") for kind in BOTH for side in ("ingress", "egress")]
    expected += [("ServiceAccount", f"extra-{side}-service-account") for side in ("ingress", "egress")]
    expected += [(kind, f"extra-{side}-sds") for kind in ("Role", "RoleBinding") for side in ("ingress", "egress")]
    expected += [(kind, "extra-ingress") for kind in ("Route", "NetworkPolicy")]
    for kind, name in expected:
        body = red.until(kind, name, bool, 20).body or {}
        (reference,) = body["metadata"]["ownerReferences"]
        assert reference["uid"] == owner and reference["controller"] is True, (kind, name)
    for kind in ("Route", "NetworkPolicy"):
        assert red.see(kind).now("extra-egress") is None
    begin = time.monotonic()
    red.apply_smcp({}, "pair/extra")
    moments = [red.until(kind, name, lambda body: not body, 30, words="its end").moment for kind, name in expected]
    took(clock, begin, min(moments), 4, 10)
    red.until_ready()


@pytest.mark.row("operator-no-autoscaler", "operator-route", "operator-labels")
def test_gateways_carry_the_labels_that_select_them(ground: Grounds) -> None:
    """Labels of Service and pods, selector, identity, network view; no autoscaler and no Route when switched off."""
    red = ground.red
    off = {"runtime": {"deployment": {"autoScaling": {"enabled": False}}}}
    red.apply_smcp(gateways("extra", **off), "pair/extra")
    red.until_ready()
    service = red.until("Service", "extra-ingress", bool, 20).body or {}
    selecting = {"app": "extra-ingress", "istio": "ingressgateway", "federation.maistra.io/ingress-for": "extra"}
    wanted = selecting | {
        "app.kubernetes.io/component": "istio-ingress",
        "app.kubernetes.io/instance": red.namespace,
        "app.kubernetes.io/managed-by": "maistra-istio-operator",
        "app.kubernetes.io/part-of": "istio",
        "istio.io/rev": red.control_plane,
        "maistra.io/owner": red.namespace,
        "maistra.io/owner-name": red.control_plane,
        "release": "istio",
    }
    assert wanted.items() <= service["metadata"]["labels"].items()
    assert {"app.kubernetes.io/name", "app.kubernetes.io/version", "maistra-version"} <= set(
        service["metadata"]["labels"]
    )
    assert service["spec"]["selector"] == selecting
    (pod,) = red.pods("extra-ingress").values()
    assert (
        selecting
        | {
            "maistra.io/gateway": f"extra-ingress.{red.namespace}",
            "maistra-control-plane": red.namespace,
            "service.istio.io/canonical-name": "extra-ingress",
        }
    ).items() <= pod["metadata"]["labels"].items()
    (pod,) = red.pods("extra-egress").values()
    assert pod["metadata"]["labels"]["istio"] == "egressgateway"
    assert pod["spec"]["serviceAccountName"] == "extra-egress-service-account"
    assert {"name": "ISTIO_META_REQUESTED_NETWORK_VIEW", "value": "network-extra"} in pod["spec"]["containers"][0][
        "env"
    ]
    red.until("HorizontalPodAutoscaler", "extra-egress", bool, 20)
    red.until("NetworkPolicy", "extra-ingress", bool, 20)
    assert red.see("HorizontalPodAutoscaler").now("extra-ingress") is None
    assert red.see("Route").now("extra-ingress") is None


@pytest.mark.row("operator-pod-restart")
def test_a_restarting_pod_is_told_by_ready_alone(ground: Grounds) -> None:
    """A gateway's pod deleted: Ready False ComponentsNotReady for a while, Reconciled True all the time."""
    red = ground.red
    red.see(CONTROL_PLANE)
    begin = time.monotonic()
    red.restart("green-ingress")
    red.until(
        CONTROL_PLANE,
        red.control_plane,
        lambda body: condition(body, "Ready") == ("False", "ComponentsNotReady"),
        20,
        begin,
    )
    red.until_ready()
    assert [status for status, dummy in reasons(red, "Reconciled", begin)] == ["True"]


@pytest.mark.row("operator-delete", "operator-ca")
def test_the_authority_outlives_the_control_plane(ground: Grounds, clock: Clock) -> None:
    """Deleted after about 1.8 s; the CA stays, and a new control plane in the namespace has the same root."""
    red = ground.red
    root = red.root()
    red.see(CONTROL_PLANE)
    begin = time.monotonic()
    red.drop(CONTROL_PLANE, red.control_plane)
    gone = red.until(CONTROL_PLANE, red.control_plane, lambda body: not body, 20, begin, "its end")
    took(clock, begin, gone.moment, 1.5, 5)
    red.until("Deployment", f"istiod-{red.control_plane}", lambda body: not body, 20)
    red.until("Service", "green-ingress", lambda body: not body, 20)
    assert red.api.exists("Secret", "istio-ca-secret", red.namespace)
    red.api.apply(
        scenery.control_plane(
            {
                "control_plane": red.control_plane,
                "namespace": red.namespace,
                "version": "v2.5",
                "trust_domain": red.trust_domain,
            }
        ),
        "mesh-owner",
    )
    red.until(CONTROL_PLANE, red.control_plane, lambda body: body and ready(body), 60)
    assert red.root() == root


@pytest.mark.row("operator-delete")
def test_a_deleted_control_plane_leaves_its_peers_as_they_were(pair: Pair, clock: Clock) -> None:
    """Peers, sets and config maps stay, and the peer's status goes on to claim a connection."""
    pair.join()
    red = pair.there.mesh
    before = pair.there.now()["status"]
    red.drop(CONTROL_PLANE, red.control_plane)
    red.until(CONTROL_PLANE, red.control_plane, lambda body: not body, 20, words="its end")
    pair.here.until_text("503", "404", "400", seconds=120)
    clock.sleep(20)
    now = pair.there.now()
    assert connected(now), now.get("status")
    watch = now["status"]["discoveryStatus"]["active"][0]["watch"]
    assert watch == before["discoveryStatus"]["active"][0]["watch"] | {"lastFullSync": watch["lastFullSync"]}
    for kind in (PEER, EXPORTS, IMPORTS):
        assert red.api.exists(kind, "green", red.namespace)
    assert red.api.exists("ConfigMap", "green-ca-root-cert", red.namespace)


@pytest.mark.row("operator-trust-domain")
def test_a_changed_trust_domain_takes_all_links_down(pair: Pair, clock: Clock) -> None:
    """Both links down with 503 until the old one is back (or the peers say the new one too)."""
    pair.join()
    red = pair.there.mesh
    old = set(red.pods("istiod")) | set(red.pods("green-ingress"))
    change = {"spec": {"security": {"trust": {"domain": "other.local"}}}}
    begin = time.monotonic()
    red.change(CONTROL_PLANE, red.control_plane, change)
    took(clock, begin, red.until_ready().moment, 5, 20)
    for link in pair.links:
        link.until_text("503", seconds=120)
    assert not old & (set(red.pods("istiod")) | set(red.pods("green-ingress"))), "istiod and gateways restart"
    clock.sleep(30)
    assert not connected(pair.there.now()) and not connected(pair.here.now())
    change["spec"]["security"]["trust"]["domain"] = red.trust_domain
    red.change(CONTROL_PLANE, red.control_plane, change)
    pair.until_connected(150)


@pytest.mark.row("operator-address")
@pytest.mark.parametrize("colour", ["red", "green"])
def test_a_service_made_again_has_another_address(ground: Grounds, colour: str) -> None:
    """The ingress Service deleted: the operator makes it again, the balancer gives another address."""
    mesh: Mesh = getattr(ground, colour)
    other = "green" if colour == "red" else "red"
    old, dummy, dummy = mesh.address(f"{other}-ingress")
    uid = mesh.get("Service", f"{other}-ingress")["metadata"]["uid"]
    mesh.drop("Service", f"{other}-ingress")
    mesh.until(
        "Service", f"{other}-ingress", lambda body: body and body["metadata"]["uid"] != uid and has_address(body), 60
    )
    new, dummy, dummy = mesh.address(f"{other}-ingress")
    assert new != old
